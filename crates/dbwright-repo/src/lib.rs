//! What a repository says: its set-up and its migration histories.
//!
//! [`detect`] walks a repository and returns what it found as plain data, each fact with the place that says it;
//! [`select`] settles on one history or says which flag would; [`read_history`] reads it as its tool reads *and runs* it
//! (one file per tool, in `tools/`). [`read_file`] reads a single file that belongs to no tool, [`new_since`] tells which
//! migrations are new against a git reference, [`queries`] reads what the application asks.
//!
//! Files are read, never written; the only program ever started is `git`. Values of environment files are never kept:
//! of a database URL only its scheme is looked at.

mod config;
mod desired;
mod detect;
mod draft;
mod error;
mod facts;
mod git;
mod git_tree;
mod go_template;
mod history;
mod json5;
mod lone_file;
mod order;
mod queries;
mod rendered;
mod scan;
mod select;
mod text;
mod tools;
mod walk;

/// Names of what is reported of files before any of them runs.
pub const FILE_RULES: [&str; 3] = ["migration-changed", "migration-refused", "migration-skipped"];

pub use config::{
    Config, DocumentedKey, FailOn, Overrides, PathLevels, Pattern, RuleLevel, Setting, config_page, config_schema,
    documented, parse_tool,
};
pub use desired::Desired;
pub use detect::{Candidate, Detection, detect};
pub use draft::{
    Draft, DraftError, DraftFile, DraftPart, DraftStatement, Layout, Replacement, RewriteRequest, books, draft,
    layouts, rewrite,
};
pub use error::{ErrorKind, RepoError};
pub use facts::{Fact, ServerFact};
pub use git::{ChangeKind, ChangedFile, NewSince, judged, new_since, own_migrations};
pub use git_tree::{CommittedFile, files_at};
pub use history::read_history;
pub use lone_file::{Input, read_file};
pub use queries::{QuerySources, queries};
pub use select::{Selected, Selection, select};
pub use walk::{files_to_read, root_of};
