//! What holds for every text.

use dbwright_catalog::{Algorithm, Engine};
use dbwright_sql::{Dialect, PieceKind, pieces, statements, statements_in, summarise, summarise_mysql_family, tokens};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{ALL_DIALECTS, MARIADB, MARIADB_TOOL, MYSQL, MYSQL_TOOL, POSTGRES, PSQL, SQLITE, SQLITE_SHELL};

/// What texts are made of so that something happens.
const FRAGMENTS: &[&str] = &[
    ";",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u{b}",
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    "$",
    "$$",
    "$a$",
    "$1",
    "--",
    "/*",
    "*/",
    "/",
    "*",
    "#",
    ".",
    "\\",
    "\\\\",
    "\\.",
    "\\;",
    "\\:",
    "\\i x",
    "\\g",
    "\\r",
    "\\q",
    "\\copy t from stdin",
    ".read x",
    "COPY t FROM stdin",
    "copy ",
    "BEGIN ATOMIC ",
    "CREATE FUNCTION ",
    "CREATE OR REPLACE PROCEDURE ",
    "CREATE TRIGGER ",
    "CREATE TEMP TRIGGER ",
    "EXPLAIN ",
    "BEGIN ",
    "END",
    "CASE ",
    "AS ",
    "E'",
    "U&'",
    "U&\"",
    "x'",
    "a",
    "é",
    "日本",
    "😀",
    "1",
    "1e5",
    ".5",
    "+",
    "-",
    "<",
    "@",
    ":",
    "=",
    "?",
    "SELECT ",
    "WITH a AS (",
    "INTO ",
    "\u{feff}",
    "\0",
    "/*!",
    "/*!50003 ",
    "/*!99999 ",
    "/*M!100100 ",
    "/*+",
    "//",
    "DELIMITER //\n",
    "DELIMITER $$\n",
    "\nDELIMITER ;\n",
    "\\d //",
    "\\c",
    "\\G",
    "source x\n",
    "use x\n",
    "CREATE PROCEDURE p() ",
    "DEFINER=",
    "RETURNS ",
    "IF ",
    "THEN ",
    "DECLARE EXIT HANDLER FOR ",
    "NOT ATOMIC ",
    "SET sql_mode = 'ANSI_QUOTES'",
    "SET sql_mode = ORACLE",
    "ALTER TABLE t ",
    "ADD ",
    "ALGORITHM=INPLACE",
    ",",
    "LOCK=NONE",
    "PARTITION BY ",
    "DROP INDEX i ON t",
    "@'",
    "@@",
    "\\N",
];

/// Any characters, or fragments in any order.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => any::<String>(),
        4 => vec(select(FRAGMENTS), 0..40).prop_map(|fragments| fragments.concat()),
    ]
}

/// Statements that are one statement each, however they are read.
const COMMON_STATEMENTS: &[&str] = &[
    "SELECT 1",
    "select ';', '--', '/*', 'it''s'",
    "INSERT INTO \"a;b\" VALUES ('\n;')",
    "CREATE TABLE t (a int, -- one;\n b text /* two; */)",
    "BEGIN",
    "END",
    "COMMIT",
    "SELECT CASE WHEN a THEN 'END' END FROM t",
    "UPDATE größe SET 名前 = '😀;'",
];

const POSTGRES_STATEMENTS: &[&str] = &[
    "DO $$ BEGIN; END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT $$;$$; $f$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v;)",
    "SELECT E'\\';', E'\\\\'",
    "SELECT /* a /* b; */ c; */ $1, a$$b",
    "SELECT 'a;'\n'b;'",
    "SELECT 1 @>--x;\n 2",
    "COPY t TO STDOUT",
    "PREPARE p AS SELECT $1",
];

const SQLITE_STATEMENTS: &[&str] = &[
    "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END",
    "create temp trigger t after insert on x begin select ';'; end",
    "SELECT [a;'b], `c;`",
    "SELECT 'C:\\'",
    "PRAGMA foreign_keys = off",
    "SELECT /* a /* b; */ 2",
];

const MYSQL_FAMILY_STATEMENTS: &[&str] = &[
    "SELECT 'a\\';', \"b;\", `c;`, @`d;`",
    "SELECT /*!50000 ';', */ 1 /* /* ; */ + 2",
    "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; ELSE SELECT 2; END IF; END",
    "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.a = CASE 1 WHEN 1 THEN 2 END",
    "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW BEGIN SET @a = ';'; SET @b = 1; END",
    "/*!50003 CREATE FUNCTION f() RETURNS int BEGIN RETURN 1; END */",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN SELECT end FROM begin; END",
    "UPDATE t SET a = 5--1",
    "BEGIN",
];

/// What may stand between two statements.
const SPACES: &[&str] = &["", " ", "\n", "\r\n", "-- a; 'b\n", "/* c; \" */", "\n\n\t"];

fn script(known: &'static [&'static str]) -> impl Strategy<Value = Vec<(&'static str, &'static str, &'static str)>> {
    let statement = prop_oneof![select(COMMON_STATEMENTS), select(known)];
    vec((select(SPACES), statement, select(SPACES)), 0..12)
}

fn check_script(dialects: [Dialect; 2], script: &[(&str, &str, &str)]) -> Result<(), TestCaseError> {
    let mut text = String::new();
    for (before, statement, behind) in script {
        text.extend([before, *statement, behind, ";"]);
    }
    for dialect in dialects {
        let found: Vec<&str> = pieces(dialect, &text)
            .iter()
            .filter(|piece| piece.kind == PieceKind::Statement)
            .map(|piece| &text[piece.span.range()])
            .collect();
        let expected: Vec<&str> = script.iter().map(|(_, statement, _)| *statement).collect();
        prop_assert_eq!(&found, &expected, "{}", text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn joined_pieces_are_the_text(text in any_text()) {
        for dialect in ALL_DIALECTS {
            let mut position = 0;
            let mut previous = None;
            for piece in pieces(dialect, &text) {
                prop_assert_eq!(piece.span.start, position);
                prop_assert!(piece.span.end > piece.span.start);
                prop_assert!(piece.kind != PieceKind::Space || previous != Some(PieceKind::Space));
                previous = Some(piece.kind);
                position = piece.span.end;
            }
            prop_assert_eq!(position, text.len());
        }
    }

    #[test]
    fn joined_tokens_are_the_text_and_only_the_last_may_be_open(text in any_text()) {
        for engine in Engine::ALL {
            let mut joined = String::new();
            for token in tokens(engine, &text) {
                prop_assert_eq!(token.span.start, joined.len());
                prop_assert!(!token.text.is_empty());
                joined.push_str(token.text);
                prop_assert!(token.closed || joined.len() == text.len());
                token.name();
                token.value();
            }
            prop_assert_eq!(&joined, &text);
        }
    }

    #[test]
    fn every_text_has_a_summary(text in any_text()) {
        for engine in Engine::ALL {
            summarise(engine, &text);
        }
    }

    #[test]
    fn statements_stand_where_they_say(text in any_text()) {
        for dialect in ALL_DIALECTS {
            for statement in statements(dialect, &text) {
                let there = &text[statement.span.range()];
                prop_assert_eq!(statement.text.len(), there.len());
                if !dialect.client_commands {
                    prop_assert_eq!(&statement.text, there);
                    prop_assert_eq!((&statement.copy_rows, &statement.not_sent), (&None, &None));
                }
                let line = 1 + text[..statement.span.start].matches('\n').count();
                prop_assert_eq!(statement.line as usize, line);
            }
        }
    }

    #[test]
    fn a_statement_split_again_is_itself(text in any_text()) {
        for dialect in [POSTGRES, SQLITE] {
            for statement in statements(dialect, &text) {
                // A byte order mark is space at the start of a text only.
                if statement.text.starts_with('\u{feff}') {
                    continue;
                }
                let again: Vec<String> = statements(dialect, &statement.text).into_iter().map(|found| found.text).collect();
                prop_assert_eq!(again, vec![statement.text]);
            }
        }
    }

    #[test]
    fn any_part_of_a_text_can_be_split(text in any_text(), start in 0_usize..200, end in 0_usize..200) {
        for dialect in ALL_DIALECTS {
            for statement in statements_in(dialect, &text, start..end) {
                prop_assert!(start <= statement.span.start && statement.span.end <= end);
            }
        }
        for dialect in ALL_DIALECTS {
            prop_assert_eq!(statements_in(dialect, &text, 0..text.len()), statements(dialect, &text));
        }
    }

    #[test]
    fn postgres_statements_come_out_as_they_went_in(script in script(POSTGRES_STATEMENTS)) {
        check_script([POSTGRES, PSQL], &script)?;
    }

    #[test]
    fn mysql_and_mariadb_statements_come_out_as_they_went_in(script in script(MYSQL_FAMILY_STATEMENTS)) {
        check_script([MYSQL, MARIADB], &script)?;
        check_script([MYSQL_TOOL, MARIADB_TOOL], &script)?;
    }

    #[test]
    fn clauses_can_be_asked_of_any_statement(text in any_text()) {
        for dialect in [MYSQL, MARIADB] {
            let found = summarise_mysql_family(dialect, &text);
            found.with_online_clause(&text, Some(Algorithm::Instant), None);
        }
    }

    #[test]
    fn sqlite_statements_come_out_as_they_went_in(script in script(SQLITE_STATEMENTS)) {
        check_script([SQLITE, SQLITE_SHELL], &script)?;
    }
}
