//! Tokens of single lines, one letter per token.

use dbwright_catalog::{Engine, Version};
use dbwright_sql::{Dialect, SqlMode, Token, TokenKind, tokens, tokens_in};

use crate::{MARIADB, MYSQL};

/// Space is `_`, comments `c`, and the others by their first letter; `q` is a quoted name, `m` a mark around
/// code in a comment, `!` one that never closes.
fn kinds(engine: Engine, text: &str) -> String {
    tokens(engine, text)
        .map(|token| match token.kind {
            _ if !token.closed => '!',
            TokenKind::Space => '_',
            TokenKind::LineComment | TokenKind::BlockComment => 'c',
            TokenKind::Word => 'w',
            TokenKind::QuotedName => 'q',
            TokenKind::String => 's',
            TokenKind::Number => 'n',
            TokenKind::Parameter => 'p',
            TokenKind::Operator => 'o',
            TokenKind::Symbol => '.',
            TokenKind::CodeMark => 'm',
        })
        .collect()
}

fn texts(engine: Engine, text: &str) -> Vec<&str> {
    tokens(engine, text).map(|token| token.text).collect()
}

fn first(engine: Engine, text: &str) -> Token<'_> {
    tokens(engine, text).next().unwrap()
}

#[test]
fn postgres_tells_strings_names_comments_and_numbers_apart() {
    for (text, expected) in [
        ("select a.b", "w_w.w"),
        ("'a' E'\\'' U&'x' N'n' b'0' X'f'", "s_s_s_s_s_s"),
        ("e 'a' foe'x'", "w_s_ws"),
        ("\"a\"\"b\" U&\"c\" u&d", "q_q_wow"),
        ("$1 $$a$$ $t$ $$ $t$ a$$b $x", "p_s_s_w_.w"),
        ("$1$$;$$ $1a$", "ps_pw"),
        ("1 1.5 .5 1e-3 0xff 1_000 1..2 t.a", "n_n_n_n_n_n_n.n_w.w"),
        ("a--b\nc /* x /* y */ z */ d", "wc_w_c_w"),
        ("a--b\rc", "wc_w"),
        ("/* /* */", "!"),
        ("'open", "!"),
        ("\"open", "!"),
        ("$a$ $b$", "!"),
        ("E'\\'", "!"),
        ("a::int[1:2] \\d", "w..w.n.n._.w"),
        ("'a'\n'b'", "s"),
        ("'a' -- c\n  'b'", "s"),
        ("'a' 'b'", "s_s"),
        ("'a' /* c */\n'b'", "s_c_s"),
        ("日本 é$1", "w_w"),
    ] {
        assert_eq!(kinds(Engine::Postgres, text), expected, "{text}");
    }
}

#[test]
fn a_number_ends_before_the_dots_of_a_range() {
    assert_eq!(texts(Engine::Postgres, "1..10"), ["1", ".", ".10"]);
}

#[test]
fn operators_of_postgres_end_where_a_comment_begins_and_give_back_signs() {
    for (text, expected) in [
        ("@>--x", vec!["@>", "--x"]),
        ("*/**/-", vec!["*", "/**/", "-"]),
        ("=-1", vec!["=", "-", "1"]),
        ("=+-1", vec!["=", "+", "-", "1"]),
        ("@-1", vec!["@-", "1"]),
        ("+*-1", vec!["+*", "-", "1"]),
        ("<->$1", vec!["<->", "$1"]),
        ("?|'a'", vec!["?|", "'a'"]),
    ] {
        assert_eq!(texts(Engine::Postgres, text), expected, "{text}");
    }
}

#[test]
fn an_operator_longer_than_any_still_ends_where_a_comment_begins() {
    for length in 60..70 {
        let text = format!("{}/* ; */", "<".repeat(length));
        let last = tokens(Engine::Postgres, &text).last().unwrap();
        assert_eq!(last.text, "/* ; */", "{length}");
    }
}

#[test]
fn sqlite_has_its_own_quotes_and_comments_that_do_not_nest() {
    for (text, expected) in [
        ("[a;'b] `c``d` \"e\"\"f\" 'g'", "q_q_q_s"),
        ("x'00' x1", "s_w"),
        ("/* /* */ a", "c_w"),
        ("/* open", "!"),
        ("/*", "oo"),
        ("a--b\rc\nd", "wc_w"),
        ("[open", "!"),
        ("?1 ? :a @b $c $d::e(f) #g", "p_p_p_p_p_p_p"),
        ("a$b 1a 1.5e3 .5", "w_n_n_n"),
        ("a->>b->c||d", "wowowow"),
        ("\u{feff}a\u{feff}", "_w"),
        ("a \u{feff}b", "w__w"),
    ] {
        assert_eq!(kinds(Engine::Sqlite, text), expected, "{text}");
    }
}

#[test]
fn mysql_and_mariadb_share_most_of_their_rules() {
    for (text, expected) in [
        ("'a\\'b' \"c\\\"\" `d``e`", "s_s_q"),
        ("'a''b' \"c\"\"d\" `e\\`", "s_s_q"),
        ("a # b\nc -- d\ne --f", "w_c_w_c_w_oow"),
        ("a--\nb --\u{7f}", "wc_w_c"),
        ("/*!50000 select */ /* c */", "m_w_m_c"),
        ("/*! a /* b */ c */ d */", "m_w_c_w_m_w_oo"),
        ("N'a' n'b\\'' x'3b' X'0' b'1' B'0'", "s_s_s_s_s_s"),
        ("_utf8mb4'a' ncode'b'", "ws_ws"),
        ("@a @a.b$_1 @`c` @'d' @\"e\" @@f @@g.h @ i", "p_p_p_p_p_p_p.w_p_w"),
        ("a@b.c 'a'@'b'", "wp_sp"),
        ("1 1.5 .5 1. 1e5 1E-5 0x3B 0b1", "n_n_n_n_n_n_n_n"),
        ("1a 2e 3e+ 0x 0xg 0b2 1_000", "w_w_wo_w_w_w_w"),
        ("a.1b a.1 a.1e5 `a`.1", "w.w_w.w_w.w_qn"),
        (
            "a:=1 a->'$' a->>'$' a<=>b a<>b a||b a&&b",
            "won_wos_wos_wow_wow_wow_wow",
        ),
        ("\\N \\G ?", "w_.w_p"),
        ("größe $a a$b", "w_w_w"),
        ("'open", "!"),
        ("`open", "!"),
        ("@'open", "!"),
        ("/* open", "!"),
        ("/*! open", "m_w"),
        ("\u{feff}a", "_w"),
    ] {
        for engine in [Engine::MySql, Engine::MariaDb] {
            assert_eq!(kinds(engine, text), expected, "{engine}: {text}");
        }
    }
}

#[test]
fn mysql_and_mariadb_differ_in_dollars_ranges_and_version_comments() {
    for (text, mysql, mariadb) in [
        ("$$a;$$ $b$ $$ $b$ $c", "s_s_w", "w.w_w_w_w_w"),
        ("1..3", "nn", "n.n"),
        ("/*!80000 a */", "m_w_m", "c"),
        ("/*!50699 a */", "m_w_m", "m_w_m"),
        ("/*!90999 a */ /*!91000 b */", "m_w_m_c", "c_c"),
        ("/*!100100 a */", "c", "m_w_m"),
        ("/*!100100a */", "mw_m", "mw_m"),
        ("/*!080000 a */", "m_w_m", "c"),
        ("/*M! a */ /*M!80000 b */", "c_c", "m_w_m_m_w_m"),
        ("/*M!110900 a /* b */ c */", "c_w_oo", "c"),
    ] {
        assert_eq!(kinds(Engine::MySql, text), mysql, "MySQL: {text}");
        assert_eq!(kinds(Engine::MariaDb, text), mariadb, "MariaDB: {text}");
    }
}

#[test]
fn version_comments_are_code_for_the_version_that_is_asked_about() {
    let texts = |dialect: Dialect, text: &'static str| -> Vec<&str> {
        tokens_in(dialect, text)
            .filter(|token| !token.is_space())
            .map(|token| token.text)
            .collect()
    };
    let text = "/*!50700 a */ /*!90700 b */";
    let old = MYSQL.with_version(Version::new(8, 4, 3));
    assert_eq!(texts(old, text), ["/*!50700", "a", "*/"]);
    assert_eq!(
        texts(MYSQL.with_version(Version::new(9, 7, 0)), text),
        ["/*!50700", "a", "*/", "/*!90700", "b", "*/"]
    );
    let text = "/*M!101100 a */ /*M!110400 b */";
    assert_eq!(
        texts(MARIADB.with_version(Version::new(10, 11, 2)), text),
        ["/*M!101100", "a", "*/"]
    );
}

#[test]
fn modes_change_quotes_of_mysql() {
    let kinds = |sql_mode: &str, text: &str| -> Vec<TokenKind> {
        let dialect = MYSQL.with_sql_mode(SqlMode::parse(Engine::MySql, sql_mode));
        tokens_in(dialect, text).map(|token| token.kind).collect()
    };
    assert_eq!(kinds("", "\"a\\\"\""), [TokenKind::String]);
    assert_eq!(kinds("ANSI_QUOTES", "\"a\\\""), [TokenKind::QuotedName]);
    assert_eq!(kinds("no_backslash_escapes", "'a\\'"), [TokenKind::String]);
}

#[test]
fn only_sqlite_takes_an_open_comment_for_a_comment() {
    assert!(first(Engine::Sqlite, "/* open").is_space());
    assert!(!first(Engine::Postgres, "/* open").is_space());
    assert!(first(Engine::Postgres, "/* closed */").is_space());
}

#[test]
fn names_are_unquoted_and_folded_as_the_engine_does() {
    let long = "é".repeat(40);
    for (engine, text, expected) in [
        (Engine::Postgres, "Users", "users"),
        (Engine::Postgres, "GRÖSSE", "grÖsse"),
        (Engine::Postgres, "\"Us\"\"ers\"", "Us\"ers"),
        (Engine::Postgres, "U&\"d\\0061t\\+000061\\\\\"", "data\\"),
        (Engine::Postgres, "U&\"\\zz\"", "\\zz"),
        (Engine::Postgres, &long, &"é".repeat(31)),
        (Engine::Sqlite, "Users", "Users"),
        (Engine::Sqlite, "[a]", "a"),
        (Engine::Sqlite, "`a``b`", "a`b"),
        (Engine::Sqlite, "\"open", "open"),
        (Engine::MySql, "`A`", "A"),
    ] {
        assert_eq!(first(engine, text).name().as_deref(), Some(expected), "{text}");
    }
    assert_eq!(first(Engine::Postgres, "'a'").name(), None);
}

#[test]
fn values_of_strings_lose_their_quotes() {
    for (engine, text, expected) in [
        (Engine::Postgres, "'it''s'", "it's"),
        (Engine::Postgres, "'C:\\'", "C:\\"),
        (Engine::Postgres, "E'a\\'\\n'", "a'\n"),
        (Engine::Postgres, "$$a$b$$", "a$b"),
        (Engine::Postgres, "$t$a$$b$t$", "a$$b"),
        (Engine::Postgres, "$t$open", "open"),
        (Engine::Postgres, "U&'\\0041'", "A"),
        (Engine::Postgres, "'open", "open"),
        (Engine::Sqlite, "'a\\'", "a\\"),
        (Engine::MySql, "\"a\\\"\"", "a\""),
    ] {
        assert_eq!(first(engine, text).value().as_deref(), Some(expected), "{text}");
    }
    assert_eq!(first(Engine::Postgres, "a").value(), None);
}

#[test]
fn words_are_found_in_any_case_but_not_in_quotes() {
    assert!(first(Engine::Postgres, "SeLeCt").is("select"));
    assert!(!first(Engine::Postgres, "\"select\"").is("select"));
    assert_eq!(first(Engine::Postgres, "SeLeCt").folded().as_deref(), Some("select"));
}
