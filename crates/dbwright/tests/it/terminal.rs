//! On a terminal: colour, and the two streams.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use crate::command::{command, dbwright};

/// What the program writes when its standard output is a terminal of 60 columns.
fn on_a_terminal(command: &mut Command) -> String {
    let terminal = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&terminal).unwrap();
    rustix::pty::unlockpt(&terminal).unwrap();
    let name = rustix::pty::ptsname(&terminal, Vec::new()).unwrap();
    let child_end: OwnedFd = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let size = Winsize {
        ws_row: 40,
        ws_col: 60,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    rustix::termios::tcsetwinsize(&child_end, size).unwrap();
    let mut child = command.stdout(Stdio::from(child_end)).spawn().unwrap();
    // Closes our copy of the program's side, so that reading ends with the program.
    command.stdout(Stdio::null());
    let mut bytes = Vec::new();
    // Linux reports the end as an error.
    let _ = File::from(terminal).read_to_end(&mut bytes);
    assert!(child.wait().unwrap().code().is_some());
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_terminal_gets_colour_and_its_own_width() {
    let text = on_a_terminal(
        command(&["check", "examples/notes", "--all"])
            .env("TERM", "xterm")
            .env_remove("COLUMNS"),
    );
    assert!(text.contains("\u{1b}["), "{text}");
    let text = without_colour(&text);
    let title = text.lines().find(|line| line.contains("fails-on-rows")).unwrap();
    assert!((40..=60).contains(&title.chars().count()), "{title}");
}

fn without_colour(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces
        .filter_map(|piece| piece.split_once('m'))
        .fold(first, |text, (_, rest)| text + rest)
}

#[test]
fn no_color_is_honoured() {
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = on_a_terminal(
            command(&["check", "examples/notes", "--all"])
                .env("TERM", "xterm")
                .env(name, value),
        );
        assert!(
            text.contains("fails-on-rows") && !text.contains('\u{1b}'),
            "{name}: {text}"
        );
    }
}

#[test]
fn what_is_no_terminal_gets_no_colour() {
    assert!(
        !dbwright(&["check", "examples/notes", "--all"])
            .stdout
            .contains('\u{1b}')
    );
    assert!(!dbwright(&["rule", "table-rewrite"]).stdout.contains('\u{1b}'));
}
