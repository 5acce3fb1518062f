//! Ctrl-C: the program ends at once with 130, also where it is the first process of a container.
//!
//! Nothing is cleaned up here. A scratch server ends with the pipe that only this process holds.

use crate::terminal;

/// The exit code by which shells tell that a program was interrupted.
const INTERRUPTED: i32 = 130;

/// Waits for Ctrl-C beside everything else: in a thread of its own, because the one that works may be busy for a while.
pub(crate) fn watch() {
    // Where it can't be listened to, the system's own way of ending the program stays.
    let _ = std::thread::Builder::new().name("interrupt".to_owned()).spawn(wait);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the runtime that does the work can't listen while it computes"
)]
fn wait() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return;
    };
    if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
        terminal::wipe_progress();
        end();
    }
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "`main` is busy with what was interrupted"
)]
fn end() {
    std::process::exit(INTERRUPTED);
}
