//! Disposable servers and databases, one file per engine.
//!
//! Everything that dbwright tries out, it tries out here. Not for the user's own servers: nothing in this module
//! connects to one, unless it was given explicitly as a disposable one and holds nothing.

mod any;
mod options;
#[cfg(unix)]
mod own;
mod patience;
mod places;
#[cfg(unix)]
mod sqlite_folder;
mod stamp;

pub use any::{Replayed, Scratch, SqliteScratch};
pub use options::{BinDirs, ParseScratchUrlError, ScratchOptions, ScratchUrl};
#[cfg(unix)]
pub(crate) use sqlite_folder::SqliteFolder;

pub mod mysql_family;
pub mod postgres;

/// An error with all that caused it, in one line; what an error says of its cause itself is not said again.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    // The driver of MySQL says this at every level, and nothing by it.
    text.replace("Input/output error: ", "")
}
