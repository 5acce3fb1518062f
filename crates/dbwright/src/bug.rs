//! What happens when dbwright itself is wrong: a panic is told as what it is, and the program ends with 70.
//!
//! Not for errors that have a reason outside of the code; those are [`crate::command_error`].

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use crate::terminal;

/// From now on a panic, in whichever thread, ends the program. Scratch servers end with it.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|panic| {
        terminal::wipe_progress();
        terminal::talk(&report(panic));
        end();
    }));
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "`main` may be waiting for the very thread that panicked"
)]
fn end() {
    std::process::exit(70);
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let what = panic.payload_as_str().unwrap_or("a panic without words");
    let place = panic
        .location()
        .map_or_else(String::new, |location| format!(" ({location})"));
    let mut hints = vec![format!(
        "please report it, with the command, this message and, where you may show it, the SQL: dbwright {}, {} {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )];
    let backtrace = Backtrace::capture();
    let trace = if backtrace.status() == BacktraceStatus::Captured {
        format!("\n{backtrace}")
    } else {
        hints.push("RUST_BACKTRACE=1 adds the way that led to it".to_owned());
        String::new()
    };
    let message = format!("this is a bug in dbwright: {what}{place}{trace}");
    dbwright_report::error(&message, &hints, terminal::color_of_talk())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    const CHILD: &str = "DBWRIGHT_TEST_PANICKING_CHILD";

    #[test]
    fn a_panic_says_that_it_is_a_bug_and_ends_with_70() {
        if std::env::var_os(CHILD).is_some() {
            super::install();
            // In another thread, whose panic the program would survive without the hook.
            let outcome = std::thread::spawn(|| panic!("seven is not a prime")).join();
            panic!("still here: {outcome:?}");
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "bug::tests::a_panic_says_that_it_is_a_bug_and_ends_with_70",
                "--nocapture",
            ])
            .env(CHILD, "1")
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        assert_eq!(child.status.code(), Some(70));
        let said = String::from_utf8(child.stderr).unwrap();
        assert!(
            said.contains("error: this is a bug in dbwright: seven is not a prime (crates/dbwright/src/bug.rs:"),
            "{said}"
        );
        assert!(said.contains("hint: please report it"), "{said}");
        assert!(!said.contains("still here"), "{said}");
    }
}
