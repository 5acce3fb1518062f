//! Kinds and borders of pieces on MySQL and MariaDB.

use dbwright_catalog::Engine;
use dbwright_sql::{Dialect, SqlMode, is_harmless_command, statements};

use crate::pieces::{check, shown};
use crate::{MARIADB, MARIADB_CLIENT, MYSQL, MYSQL_CLIENT, MYSQL_TOOL};

const ORACLE: Dialect = MARIADB.with_sql_mode(SqlMode {
    ansi_quotes: true,
    no_backslash_escapes: false,
    oracle: true,
});

fn one_statement(dialect: Dialect, bodies: &[&str]) {
    for body in bodies {
        let text = format!("{body}; x");
        assert_eq!(shown(dialect, &text), format!("{body}|;|·|x"), "{dialect:?}");
    }
}

#[test]
fn bodies_of_routines_hold_together_for_the_servers() {
    let bodies = [
        "CREATE PROCEDURE p() BEGIN END",
        "CREATE PROCEDURE p(INOUT a SET('x', ';')) BEGIN a; END",
        "CREATE DEFINER=a@b PROCEDURE p() COMMENT 'BEGIN' BEGIN a; BEGIN b; END; c; END",
        "CREATE DEFINER='a' @'b' FUNCTION f() RETURNS INT NO SQL BEGIN RETURN 1; END",
        "CREATE DEFINER=CURRENT_USER FUNCTION f() RETURNS VARCHAR(1) CHARSET utf8mb4 DETERMINISTIC l: BEGIN RETURN 1; END l",
        "CREATE AGGREGATE FUNCTION f(a INT) RETURNS DOUBLE PRECISION LOOP a; END LOOP",
        "CREATE FUNCTION f() RETURNS LONG VARCHAR BEGIN a; END",
        "CREATE PROCEDURE p() IF a THEN b; ELSEIF c THEN d; ELSE e; END IF",
        "CREATE PROCEDURE p() CASE WHEN a THEN b; ELSE c; END CASE",
        "CREATE PROCEDURE p() CASE CASE a WHEN b THEN c END WHEN d THEN e; END CASE",
        "CREATE PROCEDURE p() WHILE CASE WHEN a THEN b ELSE c END DO d; END WHILE",
        "CREATE PROCEDURE p() REPEAT a; UNTIL CASE a WHEN b THEN c END END REPEAT",
        "CREATE PROCEDURE p() BEGIN DECLARE a CURSOR FOR SELECT 1; DECLARE b CONDITION FOR SQLSTATE '1'; c; END",
        "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR 1, b, NOT FOUND, SQLSTATE '1' BEGIN c; END; d; END",
        "CREATE PROCEDURE p() BEGIN SELECT CASE WHEN a THEN b END; SELECT IF(a, b, c), REPEAT('a', 2); END",
        "CREATE PROCEDURE p() BEGIN SELECT a AS end, t.end, `end`, @end FROM end; END",
        "CREATE TRIGGER t AFTER DELETE ON u FOR EACH ROW PRECEDES a.b BEGIN c; END",
        "CREATE TRIGGER IF NOT EXISTS t BEFORE UPDATE ON u FOR EACH ROW IF a THEN b; END IF",
        "CREATE EVENT e ON SCHEDULE AT a ON COMPLETION NOT PRESERVE ENABLE DO BEGIN b; END",
        "ALTER EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN b; END",
    ];
    one_statement(MYSQL, &bodies);
    one_statement(MARIADB, &bodies);
    one_statement(MYSQL_TOOL, &bodies);
}

#[test]
fn what_only_looks_like_a_body_ends_at_its_semicolon() {
    let statements = [
        "BEGIN",
        "BEGIN WORK",
        "CREATE PROCEDURE p() SELECT CASE WHEN a THEN b END",
        "CREATE PROCEDURE p() UPDATE begin SET end = 1",
        "CREATE FUNCTION f() RETURNS INT RETURN CASE a WHEN b THEN c END",
        "CREATE FUNCTION f RETURNS STRING SONAME 'begin.so'",
        "CREATE TABLE procedure_begin (begin INT, end INT)",
        "CREATE DEFINER=a@b VIEW v AS SELECT begin FROM t",
        "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.begin = 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO UPDATE begin SET a = 1",
        "ALTER PROCEDURE p COMMENT 'BEGIN'",
        "DROP PROCEDURE IF EXISTS begin",
        "SELECT begin FROM case_begin",
        "CREATE INDEX begin ON t (a)",
    ];
    one_statement(MYSQL, &statements);
    one_statement(MARIADB, &statements);
}

#[test]
fn compound_statements_are_known_to_mariadb_only() {
    let compounds = [
        "BEGIN NOT ATOMIC a; b; END",
        "IF a THEN b; ELSE c; END IF",
        "FOR i IN 1..3 DO a; END FOR",
        "WHILE a DO b; END WHILE",
    ];
    one_statement(MARIADB, &compounds);
    assert_eq!(shown(MYSQL, "IF a THEN b; END IF"), "IF a THEN b|;|·|END IF");
    let types = [
        "CREATE FUNCTION f() RETURNS TYPE OF a.b BEGIN c; END",
        "CREATE FUNCTION f() RETURNS ROW TYPE OF a BEGIN c; END",
        "CREATE OR REPLACE PROCEDURE p() BEGIN FOR i IN REVERSE 1..2 DO a; END FOR; END",
    ];
    one_statement(MARIADB, &types);
}

#[test]
fn oracle_mode_reads_blocks_and_packages() {
    one_statement(
        ORACLE,
        &[
            "BEGIN a; b; END",
            "DECLARE a INT; BEGIN b; EXCEPTION WHEN c THEN d; WHEN OTHERS THEN e; END",
            "CREATE PROCEDURE p AS a INT; BEGIN b; END",
            "CREATE FUNCTION f(a INT) RETURN INT IS BEGIN RETURN 1; END",
            "CREATE PROCEDURE p IS BEGIN IF a THEN b; ELSIF c THEN d; END IF; <<l>> LOOP EXIT l; END LOOP; END",
            "CREATE PACKAGE p AS PROCEDURE a; FUNCTION b RETURN INT; END",
            "CREATE PACKAGE BODY p IS c INT; PROCEDURE a AS d INT; BEGIN e; END; BEGIN f; END",
            "BEGIN WORK",
            "START TRANSACTION",
        ],
    );
}

#[test]
fn code_in_version_comments_is_code_and_other_comments_are_space() {
    check(
        MYSQL,
        &[
            ("/*!80000 a; */", "/*!80000 a|;|·|*/"),
            ("/*!80000 a */; b", "/*!80000 a */|;|·|b"),
            ("/*!100100 a; */ b", "·|b"),
            ("/*M! a; */ b", "·|b"),
            ("/*+ a; */ b", "·|b"),
            (
                "/*!50003 CREATE PROCEDURE p() BEGIN a; END */; b",
                "/*!50003 CREATE PROCEDURE p() BEGIN a; END */|;|·|b",
            ),
        ],
    );
    check(
        MARIADB,
        &[
            ("/*!80000 a; */ b", "·|b"),
            ("/*!50600 a */; b", "/*!50600 a */|;|·|b"),
            ("/*M!80000 a */; b", "/*M!80000 a */|;|·|b"),
            ("/*!999999 a; /* b; */ c */ d", "·|d"),
        ],
    );
}

#[test]
fn delimiter_lines_are_obeyed_where_somebody_understands_them() {
    let text = "DELIMITER //\na; b//\nc//\nDELIMITER ;\nd;";
    assert_eq!(
        shown(MYSQL_CLIENT, text),
        "<DELIMITER //>|·|a|;|·|b|//|·|c|//|·|<DELIMITER ;>|·|d|;"
    );
    assert_eq!(shown(MYSQL_TOOL, text), shown(MYSQL_CLIENT, text));
    assert_eq!(shown(MYSQL, text), "DELIMITER //\na|;|·|b//\nc//\nDELIMITER|·|;|·|d|;");
    check(
        MYSQL_CLIENT,
        &[
            ("delimiter $$\nEND$$a$$", "<delimiter $$>|·|END|$$|a|$$"),
            (
                "delimiter $$\n'$$' `$$` -- $$\n$$a",
                "<delimiter $$>|·|'$$' `$$`|·|$$|a",
            ),
            ("delimiter /\na /* b */", "<delimiter />|·|a|·|/|* b *|/"),
            ("DELIMITER\na;", "<DELIMITER>|·|a|;"),
            ("DELIMITER ; ;\na;", "<DELIMITER ; ;>|·|a|;"),
            // A line in the middle of something is none of the client's.
            ("a\nDELIMITER //\nb;", "a\nDELIMITER //\nb|;"),
            ("a; DELIMITER //\nb;", "a|;|·|DELIMITER //\nb|;"),
            (
                "DELIMITER //\na;\nDELIMITER ;;\n//",
                "<DELIMITER //>|·|a|;|·|DELIMITER|·|;|;|·|//",
            ),
        ],
    );
}

#[test]
fn the_client_cuts_bodies_apart_without_a_delimiter() {
    let text = "CREATE PROCEDURE p() BEGIN a; END;";
    assert_eq!(shown(MYSQL_CLIENT, text), "CREATE PROCEDURE p() BEGIN a|;|·|END|;");
}

#[test]
fn commands_of_the_mysql_client_are_pieces() {
    check(
        MYSQL_CLIENT,
        &[
            ("a\\G\nb \\g", "a|<\\G>|·|b|·|<\\g>"),
            ("source x.sql\na;", "<source x.sql>|·|a|;"),
            ("source x.sql; a;", "<source x.sql>|;|·|a|;"),
            ("\\. x.sql\na;", "<\\. x.sql>|·|a|;"),
            ("\\! ls; a;", "<\\! ls>|;|·|a|;"),
            ("a \\p b;", "a \\p b|;"),
            ("status\nstatus of;", "<status>|·|status of|;"),
            ("use x\nUSE y;", "use x|·|USE y|;"),
            ("'\\G' \"\\G\" `\\G`;", "'\\G' \"\\G\" `\\G`|;"),
            ("a \\N;", "a \\N|;"),
            ("a \\y;", "a \\y|;"),
            ("\\d //\na//", "<\\d //>|·|a|//"),
        ],
    );
    assert_eq!(shown(MYSQL, "a\\G\nb;"), "a\\G\nb|;");
}

#[test]
fn only_the_client_of_mariadb_takes_dashes_without_space_for_a_comment() {
    let text = "--a; b\nc --d;";
    assert_eq!(shown(MARIADB_CLIENT, text), "·|c --d|;");
    assert_eq!(shown(MYSQL_CLIENT, text), "--a|;|·|b\nc --d|;");
    assert_eq!(shown(MARIADB, text), "--a|;|·|b\nc --d|;");
}

#[test]
fn commands_say_what_they_would_have_done() {
    for (command, expected) in [
        ("DELIMITER //", ""),
        ("status", ""),
        ("\\W", ""),
        ("source a.sql", "it reads another file"),
        ("\\. a.sql", "it reads another file"),
        ("system ls", "it starts a program"),
        ("\\! ls", "it starts a program"),
        ("pager less", "it starts a program"),
        ("tee a.txt", "it writes a file"),
        ("connect a b", "it connects elsewhere"),
        ("\\u a", "it changes the database"),
        ("exit", "it ends the file"),
    ] {
        let found = statements(MYSQL_CLIENT, command);
        let expected = match expected {
            "" => "mysql command, not sent".to_owned(),
            what => format!("mysql command, not sent: {what}"),
        };
        assert_eq!(found[0].not_sent.as_deref(), Some(expected.as_str()), "{command}");
    }
    assert!(is_harmless_command(&statements(MYSQL_CLIENT, "DELIMITER //")[0]));
    assert!(statements(MYSQL_TOOL, "DELIMITER //").is_empty());
}

#[test]
fn what_the_client_throws_away_or_never_reads_is_not_sent() {
    let sent = |text| -> Vec<bool> {
        let found = statements(MYSQL_CLIENT, text);
        found.iter().map(|statement| statement.not_sent.is_none()).collect()
    };
    assert_eq!(sent("a \\c\nb;"), [false, false, true]);
    assert_eq!(sent("a;\nexit\nb;"), [true, false, false]);
}

#[test]
fn quotes_are_read_as_sql_mode_says() {
    check(
        MYSQL,
        &[
            (
                "SET sql_mode = 'ANSI_QUOTES'; \"a\\\"; b",
                "SET sql_mode = 'ANSI_QUOTES'|;|·|\"a\\\"|;|·|b",
            ),
            (
                "SET sql_mode = ansi; \"a\\\"; b",
                "SET sql_mode = ansi|;|·|\"a\\\"|;|·|b",
            ),
            (
                "SET @@session.sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES'); 'a\\'; b",
                "SET @@session.sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')|;|·|'a\\'|;|·|b",
            ),
            // The server's mode is that of sessions to come.
            (
                "SET GLOBAL sql_mode = 'ANSI_QUOTES'; \"a\\\"; b\"",
                "SET GLOBAL sql_mode = 'ANSI_QUOTES'|;|·|\"a\\\"; b\"",
            ),
            (
                "SET sql_mode = 'ANSI_QUOTES', sql_mode = ''; \"\\\";\"",
                "SET sql_mode = 'ANSI_QUOTES', sql_mode = ''|;|·|\"\\\";\"",
            ),
        ],
    );
    let ansi = MYSQL.with_sql_mode(SqlMode::parse(Engine::MySql, "strict_trans_tables,ansi_quotes"));
    check(
        ansi,
        &[
            ("\"a\\\"; b", "\"a\\\"|;|·|b"),
            (
                "SET sql_mode = REPLACE(@@sql_mode, 'ANSI_QUOTES', ''); \"\\\";\"",
                "SET sql_mode = REPLACE(@@sql_mode, 'ANSI_QUOTES', '')|;|·|\"\\\";\"",
            ),
        ],
    );
    assert!(SqlMode::parse(Engine::MariaDb, "ORACLE").oracle);
    assert_eq!(SqlMode::parse(Engine::MySql, "ORACLE"), SqlMode::default());
}
