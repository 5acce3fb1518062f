//! Commands of the `mysql` and `mariadb` clients (<https://dev.mysql.com/doc/refman/9.7/en/mysql-commands.html>,
//! <https://mariadb.com/docs/server/clients-and-utilities/mariadb-client/mariadb-command-line-client#mariadb-commands>).
//!
//! A command is a backslash with a letter, anywhere outside quotes, or a name at the start of a line where no statement
//! is open. Newer `mysql` clients know them only when called with `--commands`; here they are known to all.

/// How long a delimiter may be; the client cuts longer ones.
const DELIMITER_BYTES_MAX: usize = 15;

/// What a command does to the statement before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Sends the statement, as the delimiter does.
    Sends,
    /// Throws the statement away.
    Discards,
    /// Changes the delimiter.
    Delimiter,
    /// Nothing that matters here.
    Other,
}

/// A command of the client.
#[derive(Debug)]
pub(super) struct Command {
    name: &'static str,
    letter: char,
    takes_parameters: bool,
    pub(super) action: Action,
    /// What it would do that matters to somebody who thinks that the file was run.
    would_do: Option<&'static str>,
}

const fn command(name: &'static str, letter: char, takes_parameters: bool, would_do: Option<&'static str>) -> Command {
    Command {
        name,
        letter,
        takes_parameters,
        action: Action::Other,
        would_do,
    }
}

const fn with_action(name: &'static str, letter: char, takes_parameters: bool, action: Action) -> Command {
    Command {
        name,
        letter,
        takes_parameters,
        action,
        would_do: None,
    }
}

/// A command without a letter.
const NO_LETTER: char = '\0';

/// All commands. `use` is none of them: with or without a delimiter, the server understands it.
const COMMANDS: [Command; 28] = [
    command("?", '?', true, None),
    command("charset", 'C', true, None),
    with_action("clear", 'c', false, Action::Discards),
    command("connect", 'r', true, Some("connects elsewhere")),
    with_action("delimiter", 'd', true, Action::Delimiter),
    command("edit", 'e', false, Some("starts an editor")),
    with_action("ego", 'G', false, Action::Sends),
    command("exit", 'q', false, Some(ENDS_FILE)),
    with_action("go", 'g', false, Action::Sends),
    command("help", 'h', true, None),
    command("nopager", 'n', false, None),
    command("notee", 't', false, None),
    command("nowarning", 'w', false, None),
    command("pager", 'P', true, Some("starts a program")),
    command("print", 'p', false, None),
    command("prompt", 'R', true, None),
    command("query_attributes", NO_LETTER, true, None),
    command("quit", 'q', false, Some(ENDS_FILE)),
    command("rehash", '#', false, None),
    command("resetconnection", 'x', false, Some("resets the session")),
    command("sandbox", '-', false, None),
    command("source", '.', true, Some("reads another file")),
    command("ssl_session_data_print", NO_LETTER, true, None),
    command("status", 's', false, None),
    command("system", '!', true, Some("starts a program")),
    command("tee", 'T', true, Some("writes a file")),
    command("use", 'u', true, Some("changes the database")),
    command("warnings", 'W', false, None),
];

const ENDS_FILE: &str = "ends the file";

/// The command that a backslash at the start of this text begins.
pub(super) fn short_command(text: &str) -> Option<&'static Command> {
    let letter = text.strip_prefix('\\')?.chars().next()?;
    COMMANDS
        .iter()
        .find(|command| command.letter == letter && letter != NO_LETTER)
}

/// The command that this line is, if it is one. It begins with a word; the delimiter is not part of it.
pub(super) fn named_command(line: &str) -> Option<&'static Command> {
    let name_end = line.find([' ', '\t']).unwrap_or(line.len());
    let has_parameters = !line[name_end..].trim_ascii().is_empty();
    COMMANDS.iter().find(|command| {
        command.name.eq_ignore_ascii_case(&line[..name_end]) && (command.takes_parameters || !has_parameters)
    })
}

impl Command {
    /// How long the command is that begins the text: a letter with its parameters, which reach to the next delimiter
    /// or to the end of the line.
    pub(super) fn short_bytes(&self, text: &str, delimiter: &str) -> usize {
        let letter_end = 1 + self.letter.len_utf8();
        if !self.takes_parameters {
            return letter_end;
        }
        let rest = &text[letter_end..];
        // `\d //` names what would end it otherwise. Not a byte behind the end is looked at, so that a line full of
        // commands is read once.
        let end = rest.char_indices().find(|(place, character)| {
            *character == '\n' || (self.action != Action::Delimiter && rest[*place..].starts_with(delimiter))
        });
        let parameters = end.map_or(rest, |(place, _)| &rest[..place]);
        letter_end + parameters.trim_ascii_end().len()
    }

    /// Whether it is `use`, which the server understands as well.
    pub(super) fn is_use(&self) -> bool {
        self.letter == 'u'
    }
}

/// The delimiter that `DELIMITER x` or `\d x` sets: up to the next space, or what stands in quotes. Nothing where the
/// client refuses it.
pub(super) fn delimiter(line: &str) -> Option<&str> {
    let argument_start = if line.starts_with('\\') {
        2
    } else {
        line.find([' ', '\t'])?
    };
    let argument = line.get(argument_start..)?.trim_ascii();
    let (argument, end) = match argument.chars().next()? {
        quote @ ('\'' | '"' | '`') => (&argument[1..], argument[1..].find(quote)),
        _ => (argument, argument.find(' ')),
    };
    let delimiter = &argument[..end.unwrap_or(argument.len())];
    let delimiter = &delimiter[..delimiter.floor_char_boundary(DELIMITER_BYTES_MAX)];
    (!delimiter.is_empty() && !delimiter.contains('\\')).then_some(delimiter)
}

/// Whether the client stops reading here.
pub(super) fn ends_file(command: &str) -> bool {
    known(command).is_some_and(|known| known.would_do == Some(ENDS_FILE))
}

/// Why the command is not sent, as one sentence without a full stop.
pub(super) fn not_sent(command: &str) -> String {
    match known(command).and_then(|known| known.would_do) {
        Some(what) => format!("mysql command, not sent: it {what}"),
        None => "mysql command, not sent".to_owned(),
    }
}

fn known(command: &str) -> Option<&'static Command> {
    if command.starts_with('\\') {
        short_command(command)
    } else {
        named_command(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_letters_are_unique_but_for_the_two_words_that_end_a_file() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        for letter in COMMANDS.iter().map(|command| command.letter) {
            let count = COMMANDS.iter().filter(|command| command.letter == letter).count();
            assert!(count == 1 || letter == 'q' || letter == NO_LETTER, "{letter}");
        }
    }

    #[test]
    fn delimiters_end_at_a_space_and_lose_their_quotes() {
        for (line, expected) in [
            ("DELIMITER //", Some("//")),
            ("delimiter\t$$ -- comment", Some("$$")),
            ("DELIMITER '//'", Some("//")),
            ("DELIMITER ;;\r", Some(";;")),
            ("\\d //", Some("//")),
            ("\\d//", Some("//")),
            ("DELIMITER", None),
            ("DELIMITER  ", None),
            ("DELIMITER \\", None),
            ("DELIMITER 1234567890123456", Some("123456789012345")),
        ] {
            assert_eq!(delimiter(line), expected, "{line}");
        }
    }
}
