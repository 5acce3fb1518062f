//! Ctrl-C: the program ends at once with 130, also where it is the first process of a container.
//!
//! Nothing is cleaned up here. A scratch server ends with the pipe that only this process holds.

use crate::terminal;

/// The exit code by which shells tell that a program was interrupted.
const INTERRUPTED: i32 = 130;

/// Waits for Ctrl-C beside everything else.
pub(crate) fn watch(runtime: &tokio::runtime::Runtime) {
    runtime.spawn(async {
        // Where it can't be listened to, the system's own way of ending the program stays.
        if tokio::signal::ctrl_c().await.is_ok() {
            terminal::wipe_progress();
            end();
        }
    });
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "`main` is busy with what was interrupted"
)]
fn end() {
    std::process::exit(INTERRUPTED);
}
