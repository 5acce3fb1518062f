//! Colour, width, progress, and the two streams.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::command_error::CommandError;

/// Width assumed where it is not known, in columns.
const WIDTH: usize = 100;
/// Widths below are taken for mistakes.
const WIDTH_MIN: usize = 20;

/// Prints data.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has seen enough (`| head`) is no error of ours.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(|error| CommandError::outside(format!("cannot write to standard output: {error}"))),
    }
}

/// Says something that is no data.
pub(crate) fn talk(text: &str) {
    // Where nobody listens there is nobody to tell that.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Says what went wrong, and what to do.
pub(crate) fn complain(error: &CommandError) {
    talk(&dbwright_report::error(&error.message, &error.hints, color_of_talk()));
}

/// Whether what goes to stdout may be coloured: a terminal, and neither `NO_COLOR` nor a dumb one.
pub(crate) fn color() -> bool {
    std::io::stdout().is_terminal() && colors_wanted()
}

/// The same for stderr.
pub(crate) fn color_of_talk() -> bool {
    std::io::stderr().is_terminal() && colors_wanted()
}

fn colors_wanted() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of the terminal: `COLUMNS` where it is set, else what the terminal says, else 100.
pub(crate) fn width() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let told = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    set.or_else(told).filter(|width| *width >= WIDTH_MIN).unwrap_or(WIDTH)
}

/// Whether a progress line stands on the terminal.
static PROGRESS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Wipes the progress line, if one is there.
pub(crate) fn wipe_progress() {
    if PROGRESS_SHOWN.swap(false, Ordering::Relaxed) {
        talk("\r\x1b[2K");
    }
}

/// A line on stderr that tells how far a long run has come, while somebody watches.
pub(crate) struct ProgressLine {
    watched: bool,
    started: Instant,
    last: Option<Instant>,
}

impl ProgressLine {
    /// Shorter runs show nothing.
    const PATIENCE: Duration = Duration::from_millis(800);
    const INTERVAL: Duration = Duration::from_millis(100);

    pub(crate) fn new() -> Self {
        ProgressLine {
            watched: std::io::stderr().is_terminal(),
            started: Instant::now(),
            last: None,
        }
    }

    /// Shows `text` instead of what stood there.
    pub(crate) fn show(&mut self, text: &str) {
        let too_soon = self.last.is_some_and(|last| last.elapsed() < Self::INTERVAL);
        if !self.watched || self.started.elapsed() < Self::PATIENCE || too_soon {
            return;
        }
        self.last = Some(Instant::now());
        PROGRESS_SHOWN.store(true, Ordering::Relaxed);
        let text: String = text.chars().take(width().saturating_sub(1)).collect();
        talk(&format!("\r\x1b[2K{text}"));
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        wipe_progress();
    }
}
