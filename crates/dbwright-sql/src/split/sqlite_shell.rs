//! Commands of the sqlite3 shell (<https://sqlite.org/cli.html>).

/// How long the line is that begins the text, without its line break and the white space before that.
pub(super) fn line_bytes(text: &str) -> usize {
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    line.trim_ascii_end().len()
}

/// Whether the shell stops reading here.
pub(super) fn ends_file(command: &str) -> bool {
    let name = name(command);
    name == "exit" || (!name.is_empty() && "quit".starts_with(name))
}

/// Why the command is not sent, as one sentence without a full stop.
pub(super) fn not_sent(command: &str) -> String {
    match would_do(command) {
        Some(what) => format!("sqlite3 command, not sent: it {what}"),
        None => "sqlite3 command, not sent".to_owned(),
    }
}

/// What a command would do that matters to somebody who thinks that the file was run.
fn would_do(command: &str) -> Option<&'static str> {
    let name = command.strip_prefix('.').unwrap_or("");
    let name = &name[..name
        .find(|character: char| character.is_ascii_whitespace())
        .unwrap_or(name.len())];
    let known = [
        ("archive", "reads or writes a file"),
        ("backup", "writes a file"),
        ("cd", "changes the folder"),
        ("clone", "writes a file"),
        ("excel", "starts a program"),
        ("import", "reads rows from another file"),
        ("load", "loads a library"),
        ("log", "writes a file"),
        ("once", "writes a file"),
        ("open", "opens another database"),
        ("output", "writes a file"),
        ("read", "reads another file"),
        ("restore", "replaces the database"),
        ("save", "writes a file"),
        ("shell", "starts a program"),
        ("system", "starts a program"),
        ("www", "starts a program"),
    ];
    if ends_file(command) {
        return Some("ends the file");
    }
    // The shell takes names cut short.
    let abbreviates = |full: &str| full == name || (name.len() >= 2 && full.starts_with(name));
    known.iter().find(|(full, _)| abbreviates(full)).map(|(_, what)| *what)
}

fn name(command: &str) -> &str {
    command
        .strip_prefix('.')
        .and_then(|rest| rest.split_ascii_whitespace().next())
        .unwrap_or("")
}
