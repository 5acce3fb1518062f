//! psql's own commands (<https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-META-COMMANDS>) and the rows
//! that it reads from the file after `COPY … FROM STDIN`.

/// What a command does to the statement before it and to the lines behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Sends the statement, as `;` does.
    Sends,
    /// Throws the statement away.
    Discards,
    /// Reads the lines behind it as rows.
    ReadsRows,
    /// Nothing: the statement goes on behind it.
    Other,
}

/// The name of a command without its backslash; empty where the text is none.
pub(super) fn name(command: &str) -> &str {
    let rest = command.strip_prefix('\\').unwrap_or("");
    // A shell command needs no space: what follows is never part of another name.
    if rest.starts_with('!') {
        return "!";
    }
    let end = rest.find(|character: char| character.is_ascii_whitespace() || character == '\\');
    &rest[..end.unwrap_or(rest.len())]
}

/// How long the command is that begins the text, without the white space behind it.
///
/// It reaches to the end of the line or to the next backslash outside quotes, which begins another command; `\\` ends
/// it and belongs to it. A few commands take the whole line as it is.
pub(super) fn command_bytes(text: &str) -> usize {
    let name = name(text);
    let arguments = &text[1 + name.len()..];
    let whole_line = matches!(name, "!" | "copy" | "ef" | "ev" | "sf" | "sv" | "h" | "help");
    let pipe = matches!(name, "g" | "gx" | "o" | "out" | "w" | "write")
        && arguments.trim_start_matches([' ', '\t']).starts_with('|');
    let bytes = if whole_line || pipe {
        arguments.find('\n').unwrap_or(arguments.len())
    } else {
        arguments_bytes(arguments)
    };
    let end = text.len() - arguments.len() + bytes;
    if text[end..].starts_with("\\\\") {
        return end + 2;
    }
    text[..end].trim_ascii_end().len()
}

/// Up to the end of the line or the first backslash outside quotes. Not a byte more is looked at, so that a line full
/// of commands is read once.
fn arguments_bytes(arguments: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (place, byte) in arguments.bytes().enumerate() {
        match (quote, byte) {
            (_, b'\n') => return place,
            _ if escaped => escaped = false,
            (Some(b'\''), b'\\') => escaped = true,
            (Some(open), _) if byte == open => quote = None,
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (None, b'\\') => return place,
            _ => {}
        }
    }
    arguments.len()
}

/// What the command does to its surroundings.
pub(super) fn action(command: &str) -> Action {
    match name(command) {
        "g" | "gx" | "gset" | "gexec" | "gdesc" | "crosstabview" | "watch" | "parse" | "sendpipeline" => Action::Sends,
        "r" | "reset" => Action::Discards,
        "copy" if copies_from_stdin(command) => Action::ReadsRows,
        _ => Action::Other,
    }
}

fn copies_from_stdin(command: &str) -> bool {
    let words: Vec<&str> = command
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(2)
        .any(|pair| pair[0].eq_ignore_ascii_case("from") && pair[1].eq_ignore_ascii_case("stdin"))
}

/// Why the command is not sent, as one sentence without a full stop.
pub(super) fn not_sent(command: &str) -> String {
    match would_do(command) {
        Some(what) => format!("psql command, not sent: it {what}"),
        None => "psql command, not sent".to_owned(),
    }
}

/// What a command would do that matters to somebody who thinks that the file was run.
fn would_do(command: &str) -> Option<&'static str> {
    let name = name(command);
    let argument = command.get(1 + name.len()..).unwrap_or("").trim();
    match name {
        "!" => Some("starts a program"),
        "g" | "gx" | "o" | "out" | "w" | "write" if argument.starts_with('|') => Some("starts a program"),
        // Between backquotes stands a program whose output is the argument.
        _ if argument.contains('`') => Some("starts a program"),
        "i" | "include" | "ir" | "include_relative" | "lo_import" => Some("reads another file"),
        "c" | "connect" => Some("connects elsewhere"),
        "copy" => Some("copies rows between the database and a file or program"),
        "g" | "gx" if argument.starts_with('(') || argument.is_empty() => None,
        "lo_export" => Some("writes a file"),
        "g" | "gx" | "o" | "out" | "w" | "write" | "s" if !argument.is_empty() => Some("writes a file"),
        "e" | "edit" | "ef" | "ev" => Some("starts an editor"),
        "gexec" => Some("runs what the query returns"),
        "watch" => Some("runs the query again and again"),
        "password" => Some("changes a password"),
        "if" | "elif" | "else" => Some("runs some lines and skips others, which is not done here: all are run"),
        "q" | "quit" => Some("ends the file"),
        _ => None,
    }
}

/// How long the rows are that begin the text, with the line `\.` that closes them.
pub(super) fn rows_end(text: &str) -> usize {
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        position += line.len();
        if is_end_of_rows(line) {
            break;
        }
    }
    position
}

/// Rows without the line that closes them.
pub(super) fn rows(rows: &str) -> &str {
    let last_line = rows.trim_end_matches('\n').rfind('\n').map_or(0, |place| place + 1);
    if is_end_of_rows(&rows[last_line..]) {
        &rows[..last_line]
    } else {
        rows
    }
}

fn is_end_of_rows(line: &str) -> bool {
    matches!(line, "\\.\n" | "\\.\r\n" | "\\." | "\\.\r")
}
