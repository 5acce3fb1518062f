//! Errors as they stand on stderr.

use dbwright_report::error;

#[test]
fn an_error_has_its_hints_on_lines_of_their_own() {
    let hints = ["install PostgreSQL".to_owned(), "give `--scratch-url`".to_owned()];
    assert_eq!(
        error("no server was found\ntried PATH", &hints, false),
        "error: no server was found\n  tried PATH\nhint: install PostgreSQL\nhint: give `--scratch-url`\n"
    );
}

#[test]
fn only_the_labels_are_coloured() {
    let colored = error("no server", &["look".to_owned()], true);
    assert!(colored.contains("\u{1b}[0m no server\n"), "{colored:?}");
    assert!(colored.contains("\u{1b}[0m look\n"), "{colored:?}");
}
