//! Kinds and borders of pieces.

use dbwright_sql::{Dialect, PieceKind, pieces};

use crate::{MYSQL, POSTGRES, PSQL, SQLITE, SQLITE_SHELL};

/// Each piece between bars: statements as they stand, `·` for space, commands in `<…>`, rows in `[…]`.
pub(crate) fn shown(dialect: Dialect, text: &str) -> String {
    let parts: Vec<String> = pieces(dialect, text)
        .iter()
        .map(|piece| {
            let text = &text[piece.span.range()];
            match piece.kind {
                PieceKind::Space => "·".to_owned(),
                PieceKind::Statement | PieceKind::Separator => text.to_owned(),
                PieceKind::ClientCommand => format!("<{text}>"),
                PieceKind::CopyRows => format!("[{text}]"),
            }
        })
        .collect();
    parts.join("|")
}

pub(crate) fn check(dialect: Dialect, table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(shown(dialect, text), *expected, "{text}");
    }
}

#[test]
fn space_and_comments_around_statements_are_no_part_of_them() {
    check(
        POSTGRES,
        &[
            ("", ""),
            (" ", "·"),
            ("a;b", "a|;|b"),
            ("\u{feff}a", "·|a"),
            (" a /* x */ ; -- y\n b /* z */ c ", "·|a|·|;|·|b /* z */ c|·"),
            (";;", ";|;"),
        ],
    );
}

#[test]
fn what_never_closes_reaches_to_the_end() {
    check(
        POSTGRES,
        &[
            ("a; 'b; c", "a|;|·|'b; c"),
            ("a; /* b; c ", "a|;|·|/* b; c "),
            ("a $x$ ; ", "a $x$ ; "),
        ],
    );
    check(
        SQLITE,
        &[
            ("a; [b; c", "a|;|·|[b; c"),
            ("a; /* b; c ", "a|;|·"),
            ("a /* b; c ", "a|·"),
        ],
    );
    check(MYSQL, &[("a; `b; c", "a|;|·|`b; c")]);
}

#[test]
fn parentheses_hold_a_statement_together_on_postgres_only() {
    check(
        POSTGRES,
        &[
            ("a (b; c); d", "a (b; c)|;|·|d"),
            ("a); b", "a)|;|·|b"),
            ("a (b; c", "a (b; c"),
        ],
    );
    check(SQLITE, &[("a (b; c); d", "a (b|;|·|c)|;|·|d")]);
}

#[test]
fn psql_counts_words_where_the_server_knows_the_grammar() {
    let label = "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 AS end; SELECT t.case; END; x";
    check(
        POSTGRES,
        &[(
            label,
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 AS end; SELECT t.case; END|;|·|x",
        )],
    );
    check(
        PSQL,
        &[(
            label,
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 AS end|;|·|SELECT t.case|;|·|END|;|·|x",
        )],
    );
    let named_begin = "CREATE FUNCTION begin() RETURNS int; END; x";
    check(
        POSTGRES,
        &[(named_begin, "CREATE FUNCTION begin() RETURNS int|;|·|END|;|·|x")],
    );
    check(PSQL, &[(named_begin, "CREATE FUNCTION begin() RETURNS int; END|;|·|x")]);
}

#[test]
fn psql_does_not_see_that_a_string_goes_on_in_the_next_line() {
    let text = "SELECT E'a'\n'\\';';";
    check(POSTGRES, &[(text, "SELECT E'a'\n'\\';'|;")]);
    check(PSQL, &[(text, "SELECT E'a'\n'\\'|;|';")]);
}

#[test]
fn begin_atomic_counts_only_in_the_definition_of_a_routine() {
    check(
        POSTGRES,
        &[
            ("CREATE TABLE begin atomic; x", "CREATE TABLE begin atomic|;|·|x"),
            (
                "BEGIN; CREATE FUNCTION f() AS 'x'; END",
                "BEGIN|;|·|CREATE FUNCTION f() AS 'x'|;|·|END",
            ),
            (
                "CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC a; END; b",
                "CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC a; END|;|·|b",
            ),
        ],
    );
}

#[test]
fn triggers_of_sqlite_end_at_the_end_behind_a_semicolon() {
    check(
        SQLITE,
        &[
            (
                "CREATE TRIGGER t BEGIN a; b; END; c",
                "CREATE TRIGGER t BEGIN a; b; END|;|·|c",
            ),
            (
                "create temp trigger t begin a;;end;c",
                "create temp trigger t begin a;;end|;|c",
            ),
            (
                "EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END; c",
                "EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END|;|·|c",
            ),
            (
                "CREATE TRIGGER t BEGIN a; END x; END; c",
                "CREATE TRIGGER t BEGIN a; END x; END|;|·|c",
            ),
            ("CREATE TABLE trigger; END; c", "CREATE TABLE trigger|;|·|END|;|·|c"),
            (
                "CREATE \"TRIGGER\" t BEGIN a; END",
                "CREATE \"TRIGGER\" t BEGIN a|;|·|END",
            ),
            ("CREATE TRIGGER t BEGIN a; END", "CREATE TRIGGER t BEGIN a; END"),
        ],
    );
}

#[test]
fn psql_commands_reach_to_the_next_command_or_the_end_of_the_line() {
    check(
        PSQL,
        &[
            ("\\i a.sql\nb;", "<\\i a.sql>|·|b|;"),
            (
                "  \\set x 'a\\'\\b' \\echo  \nb",
                "·|<\\set x 'a\\'\\b'>|·|<\\echo>|·|b",
            ),
            ("\\echo a \\\\ b; c", "<\\echo a \\\\>|·|b|;|·|c"),
            ("\\! a \\ b \\\\ c\r\nd", "<\\! a \\ b \\\\ c>|·|d"),
            ("\\o |a \\b\nc", "<\\o |a \\b>|·|c"),
            ("a \\g\nb \\gexec", "a|·|<\\g>|·|b|·|<\\gexec>"),
            ("a $1 \\bind 2 \\g", "a $1|·|<\\bind 2>|·|<\\g>"),
            ("a \\; b \\;;", "a|·|\\;|·|b|·|\\;|;"),
            ("a\\:b", "a\\:b"),
            ("a \\echo x\n b; c", "a \\echo x\n b|;|·|c"),
            ("a (\\g\n; b;", "a (|<\\g>|·|;|·|b|;"),
            ("'\\i' -- \\i\n/* \\i */ $$\\i$$", "'\\i' -- \\i\n/* \\i */ $$\\i$$"),
            ("\\", "<\\>"),
        ],
    );
    check(POSTGRES, &[("\\i a; b", "\\i a|;|·|b")]);
}

#[test]
fn rows_begin_on_the_line_behind_the_copy_and_end_at_their_mark() {
    check(
        PSQL,
        &[
            (
                "COPY t FROM stdin;\na;\n\\.\nb;",
                "COPY t FROM stdin|;|·|[a;\n\\.\n]|b|;",
            ),
            (
                "copy t (a) from STDIN; -- x\n\\.\nb",
                "copy t (a) from STDIN|;|·|[\\.\n]|b",
            ),
            ("COPY t FROM stdin \\g\na\n\\.", "COPY t FROM stdin|·|<\\g>|·|[a\n\\.]"),
            (
                "COPY t FROM stdin;\r\na\r\n\\.\r\nb",
                "COPY t FROM stdin|;|·|[a\r\n\\.\r\n]|b",
            ),
            ("COPY t FROM stdin;\na\n;", "COPY t FROM stdin|;|·|[a\n;]"),
            ("COPY t FROM stdin;", "COPY t FROM stdin|;"),
            ("COPY t FROM stdin;\n", "COPY t FROM stdin|;|·"),
            (
                "COPY t FROM stdin;\nx\\.\n \\.\n\\. \n\\.\nb",
                "COPY t FROM stdin|;|·|[x\\.\n \\.\n\\. \n\\.\n]|b",
            ),
            (
                "COPY t FROM stdin; b;\nrow\n\\.\nc",
                "COPY t FROM stdin|;|·|b|;|·|[row\n\\.\n]|c",
            ),
            (
                "\\copy t from stdin\nrow;\n\\.\nb",
                "<\\copy t from stdin>|·|[row;\n\\.\n]|b",
            ),
            ("COPY t TO stdout;\na;", "COPY t TO stdout|;|·|a|;"),
        ],
    );
    check(
        POSTGRES,
        &[("COPY t FROM stdin;\na;\n\\.", "COPY t FROM stdin|;|·|a|;|·|\\.")],
    );
}

#[test]
fn commands_of_the_sqlite_shell_stand_alone_on_their_line() {
    check(
        SQLITE_SHELL,
        &[
            (".read a; b\nc;", "<.read a; b>|·|c|;"),
            ("a;\n.b\n", "a|;|·|<.b>|·"),
            ("a\n.b;", "a\n.b|;"),
            ("a; .b;", "a|;|·|.b|;"),
            (" .b;", "·|.b|;"),
            ("# it's a comment\na;", "·|a|;"),
            ("\u{feff}.b", "·|<.b>"),
        ],
    );
    check(SQLITE, &[(".read a; b", ".read a|;|·|b")]);
}
