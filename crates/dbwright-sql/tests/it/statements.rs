//! What a statement says of itself.

use dbwright_sql::{Dialect, statements, statements_in};

use crate::{POSTGRES, PSQL, SQLITE, SQLITE_SHELL};

fn reason(dialect: Dialect, text: &str) -> String {
    let found = statements(dialect, text);
    assert_eq!(found.len(), 1, "{text}");
    found[0].not_sent.clone().unwrap_or_default()
}

#[test]
fn lines_count_line_feeds_from_one() {
    let text = "\u{feff}a;\r\n\r\nb\r\n\r\n;c; /*\n*/ d;\n-- e\nf";
    let lines: Vec<(u32, String)> = statements(POSTGRES, text)
        .into_iter()
        .map(|statement| (statement.line, statement.text))
        .collect();
    let expected = [(1, "a"), (3, "b"), (5, "c"), (6, "d"), (8, "f")].map(|(line, text)| (line, text.to_owned()));
    assert_eq!(lines, expected);
}

#[test]
fn a_part_of_a_text_keeps_the_places_of_the_whole() {
    let text = "-- Up\na;\nb;\n-- Down\nc;";
    let from = text.find("-- Up").unwrap();
    let to = text.find("-- Down").unwrap();
    let found = statements_in(POSTGRES, text, from..to);
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].text.as_str(), found[1].line), ("b", 3));
    assert_eq!(&text[found[1].span.range()], "b");
}

#[test]
fn a_range_that_is_none_of_the_text_is_narrowed() {
    let text = "é; b";
    for (start, end, expected) in [
        (0, 99, vec!["é", "b"]),
        (1, 4, vec![]),
        (0, 1, vec![]),
        (9, 3, vec![]),
        (3, 99, vec!["b"]),
    ] {
        let found = statements_in(POSTGRES, text, start..end);
        let texts: Vec<&str> = found.iter().map(|statement| statement.text.as_str()).collect();
        assert_eq!(texts, expected, "{start}..{end}");
    }
}

#[test]
fn rows_belong_to_the_copy_that_reads_them() {
    let found = statements(PSQL, "COPY a FROM stdin; COPY b FROM stdin; c;\n1\n\\.\n2\n\\.\nd;");
    let rows: Vec<Option<&str>> = found.iter().map(|statement| statement.copy_rows.as_deref()).collect();
    assert_eq!(rows, [Some("1\n"), Some("2\n"), None, None]);
}

#[test]
fn commands_inside_a_statement_are_blanked_out_and_come_before_it() {
    let found = statements(PSQL, "SELECT 1,\n\\i x.sql\n2 \\: 3;");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].text.as_str(), found[0].line), ("\\i x.sql", 2));
    assert_eq!(
        found[0].not_sent.as_deref(),
        Some("psql command, not sent: it reads another file")
    );
    assert_eq!(
        (found[1].text.as_str(), found[1].line),
        ("SELECT 1,\n        \n2  : 3", 1)
    );
    assert_eq!(found[1].not_sent, None);
    assert_eq!(found[1].text.len(), found[1].span.end - found[1].span.start);
}

#[test]
fn what_psql_throws_away_or_never_reads_is_not_sent() {
    let sent = |text| -> Vec<bool> {
        let found = statements(PSQL, text);
        found.iter().map(|statement| statement.not_sent.is_none()).collect()
    };
    assert_eq!(sent("a \\r\nb;"), [false, false, true]);
    assert_eq!(sent("a;\n\\q\nb;"), [true, false, false]);
    assert_eq!(sent("\\if :x\n\\q\n\\endif\nb;"), [false, false, false, true]);
}

#[test]
fn psql_commands_say_what_they_would_have_done() {
    for (command, expected) in [
        ("\\echo a", ""),
        ("\\set a b", ""),
        ("\\timing", ""),
        ("\\restrict x", ""),
        ("\\unrestrict x", ""),
        ("\\pset format csv", ""),
        ("\\encoding UTF8", ""),
        ("\\endif", ""),
        ("\\.", ""),
        ("\\o", ""),
        ("\\i a.sql", "it reads another file"),
        ("\\ir a.sql", "it reads another file"),
        ("\\include a.sql", "it reads another file"),
        ("\\! ls", "it starts a program"),
        ("\\!ls", "it starts a program"),
        ("\\set now `date`", "it starts a program"),
        ("\\g |cat", "it starts a program"),
        ("\\o |cat", "it starts a program"),
        ("\\w |cat", "it starts a program"),
        ("\\g out.txt", "it writes a file"),
        ("\\g (format=csv)", ""),
        ("\\o out.txt", "it writes a file"),
        ("\\w out.sql", "it writes a file"),
        ("\\c other", "it connects elsewhere"),
        ("\\connect - postgres", "it connects elsewhere"),
        (
            "\\copy t to 'x'",
            "it copies rows between the database and a file or program",
        ),
        ("\\gexec", "it runs what the query returns"),
        ("\\q", "it ends the file"),
    ] {
        let expected = match expected {
            "" => "psql command, not sent".to_owned(),
            what => format!("psql command, not sent: {what}"),
        };
        assert_eq!(reason(PSQL, command), expected, "{command}");
    }
}

#[test]
fn commands_of_the_sqlite_shell_say_what_they_would_have_done() {
    for (command, expected) in [
        (".bail on", "sqlite3 command, not sent"),
        (".read a.sql", "sqlite3 command, not sent: it reads another file"),
        (".rea a.sql", "sqlite3 command, not sent: it reads another file"),
        (".shell ls", "sqlite3 command, not sent: it starts a program"),
        (".open x.db", "sqlite3 command, not sent: it opens another database"),
        (".q", "sqlite3 command, not sent: it ends the file"),
        (".", "sqlite3 command, not sent"),
    ] {
        assert_eq!(reason(SQLITE_SHELL, command), expected, "{command}");
    }
    assert_eq!(reason(SQLITE, ".read a.sql"), "");
    assert!(statements(SQLITE_SHELL, ".exit\na;")[1].not_sent.is_some());
}
