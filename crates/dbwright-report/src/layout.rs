//! Colour, and lines of a given width. Not for what is said in them.

use annotate_snippets::renderer::{AnsiColor, Effects, Style};

use dbwright_catalog::Severity;

/// Narrower terminals get lines of this width all the same.
const WIDTH_MIN: usize = 40;
/// Sentences are not read well beyond this width, however wide the terminal.
const WIDTH_MAX: usize = 100;

/// Bold, for headings and what stands out in a line.
pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);
/// For what may be overlooked: gutters and folded lines.
pub(crate) const FAINT: Style = AnsiColor::BrightBlue.on_default().effects(Effects::BOLD);
/// For what to do.
pub(crate) const HELP: Style = AnsiColor::BrightCyan.on_default().effects(Effects::BOLD);
/// For what is safe or good.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
/// For errors and bad examples.
pub(crate) const BAD: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);

/// The colour of a severity.
pub(crate) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => BAD,
        Severity::Warning => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
        Severity::Note => AnsiColor::BrightGreen.on_default().effects(Effects::BOLD),
    }
}

/// How lines are laid out: their width in columns, and whether they are coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Whether escape sequences for colour are wanted.
    pub(crate) color: bool,
    /// Columns of the terminal, at least [`WIDTH_MIN`].
    pub(crate) width: usize,
}

impl Layout {
    /// A layout for a terminal with `width` columns.
    pub(crate) fn new(color: bool, width: usize) -> Self {
        Layout {
            color,
            width: width.max(WIDTH_MIN),
        }
    }

    /// The text in this style, or as it is where no colour is wanted.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }

    /// Sentences as lines that fit, each with its end of line. `first` stands before the first line, `rest` before the
    /// others. Line breaks in the text are kept; what stands between backticks is not broken where it fits.
    pub(crate) fn wrap(self, first: &str, rest: &str, text: &str) -> String {
        let width = self.width.min(WIDTH_MAX);
        let mut lines = String::new();
        let mut line = first.to_owned();
        let mut line_is_empty = true;
        let mut end_line = |line: &mut String| {
            lines.push_str(line.trim_end());
            lines.push('\n');
            rest.clone_into(line);
        };
        for (index, paragraph) in text.lines().enumerate() {
            if index > 0 {
                end_line(&mut line);
                line_is_empty = true;
            }
            for word in words(paragraph, width.saturating_sub(columns(rest))) {
                if !line_is_empty && columns(&line) + 1 + columns(&word) > width {
                    end_line(&mut line);
                    line_is_empty = true;
                }
                if !line_is_empty {
                    line.push(' ');
                }
                line.push_str(&word);
                line_is_empty = false;
            }
        }
        end_line(&mut line);
        lines
    }
}

/// The words of one line. Words between backticks stay together as long as they have no more than `limit` columns.
fn words(line: &str, limit: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside_backticks = false;
    for word in line.split_whitespace() {
        match words.last_mut() {
            Some(last) if inside_backticks && columns(last) + 1 + columns(word) <= limit => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        inside_backticks ^= word.matches('`').count() % 2 == 1;
    }
    words
}

/// How many columns a text takes; our own colours take none.
pub(crate) fn columns(text: &str) -> usize {
    let mut columns = 0;
    let mut inside_escape = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => inside_escape = true,
            'm' if inside_escape => inside_escape = false,
            _ if inside_escape => {}
            _ => columns += 1,
        }
    }
    columns
}

/// The text without characters that steer a terminal or turn the direction of reading. What files and servers say is
/// printed through this.
pub(crate) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| match c {
            '\n' => c,
            '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_words_in_backticks_stay_together() {
        let layout = Layout::new(false, 40);
        let text = "Run the command called `dbwright rule table-rewrite` and read the page that it prints.";
        assert_eq!(
            layout.wrap("  = ", "    ", text),
            "  = Run the command called\n    `dbwright rule table-rewrite` and\n    read the page that it prints.\n"
        );
    }

    #[test]
    fn colours_take_no_columns() {
        let painted = Layout::new(true, 80).paint(BAD, "error");
        assert!(painted.len() > 5);
        assert_eq!(columns(&painted), 5);
    }

    #[test]
    fn a_terminal_cannot_be_steered_by_what_is_printed() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{202e}c\r\nd\te\u{9b}"),
            "a\u{fffd}[2Jb\u{fffd}c\nd e\u{fffd}"
        );
    }
}
