//! Names and values as they are written in SQL, per engine.
//!
//! A name is quoted only where it must be, because people read the SQL that is made with it.

use dbwright_catalog::{Engine, ObjectId};

/// A name as it is written in a statement: quoted where it is a keyword or has other letters than lower-case ones.
pub fn quote_identifier(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Postgres if is_plain(name) && !contains(POSTGRES_KEYWORDS, name) => name.to_owned(),
        Engine::Sqlite if is_plain(name) && !contains(SQLITE_KEYWORDS, name) => name.to_owned(),
        Engine::Postgres | Engine::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        Engine::MySql | Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
    }
}

/// The path of a table, index, type or view as it is written in a statement. On PostgreSQL always with its schema, so
/// that it means the same under any search path; on the others without `main`, which stands for
/// the database at hand.
pub fn qualified_name(engine: Engine, id: &ObjectId) -> String {
    let path = match (engine, id.path.as_slice()) {
        (Engine::Sqlite | Engine::MySql | Engine::MariaDb, [schema, rest @ ..])
            if !rest.is_empty() && schema == "main" =>
        {
            rest
        }
        (_, path) => path,
    };
    let parts: Vec<_> = path.iter().map(|part| quote_identifier(engine, part)).collect();
    parts.join(".")
}

/// A text as a string literal that means the same under any session settings.
pub fn quote_literal(engine: Engine, text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match engine {
        // E'' does not depend on standard_conforming_strings.
        Engine::Postgres if text.contains('\\') => format!("E'{}'", doubled.replace('\\', "\\\\")),
        Engine::MySql | Engine::MariaDb => format!("'{}'", doubled.replace('\\', "\\\\")),
        // SQLite reads a statement up to its first NUL.
        Engine::Sqlite if text.contains('\0') => format!("CAST({} AS TEXT)", quote_bytes(engine, text.as_bytes())),
        Engine::Postgres | Engine::Sqlite => format!("'{doubled}'"),
    }
}

/// Bytes as a binary literal that means the same under any session settings.
pub fn quote_bytes(engine: Engine, bytes: &[u8]) -> String {
    match engine {
        Engine::Postgres => quote_literal(engine, &format!("\\x{}", hexadecimal(bytes))),
        Engine::Sqlite | Engine::MySql | Engine::MariaDb => format!("X'{}'", hexadecimal(bytes)),
    }
}

/// Bytes as pairs of hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn is_plain(name: &str) -> bool {
    let mut letters = name.bytes();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
}

fn contains(keywords: &str, name: &str) -> bool {
    keywords.split_ascii_whitespace().any(|keyword| keyword == name)
}

/// Keywords that are not plain names everywhere in PostgreSQL: all but the unreserved ones of
/// <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>.
const POSTGRES_KEYWORDS: &str = "
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
    char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout insert int integer intersect interval into is isnull join json
    json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table
    json_value lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none
    normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position
    precision primary real references returning right row select session_user setof similar smallint some substring
    symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user using
    values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable";

/// The keywords of <https://www.sqlite.org/lang_keywords.html>.
const SQLITE_KEYWORDS: &str = "
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade case
    cast check collate column commit conflict constraint create cross current current_date current_time
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape
    except exclude exclusive exists explain fail filter first following for foreign from full generated glob group
    groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join key
    last left like limit match materialized natural no not nothing notnull null nulls of offset on or order others outer
    over partition plan pragma preceding primary query raise range recursive references regexp reindex release rename
    replace restrict returning right rollback row rows savepoint select set table temp temporary then ties to
    transaction trigger unbounded union unique update using vacuum values view virtual when where window with without";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        for (name, quoted) in [
            ("orders", "orders"),
            ("order", "\"order\""),
            ("Orders", "\"Orders\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("1a", "\"1a\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_identifier(Engine::Postgres, name), quoted);
        }
        assert_eq!(quote_identifier(Engine::Sqlite, "group"), "\"group\"");
        assert_eq!(quote_identifier(Engine::MySql, "a`b"), "`a``b`");
    }

    #[test]
    fn quoted_names_mean_themselves_to_sqlite() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for name in SQLITE_KEYWORDS
            .split_ascii_whitespace()
            .chain(["a\"b", "ä", "x y", "_1"])
        {
            let quoted = quote_identifier(Engine::Sqlite, name);
            connection
                .execute_batch(&format!("CREATE TABLE {quoted} ({quoted} text); DROP TABLE {quoted}"))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn literals_mean_themselves_to_sqlite() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for text in ["", "it's", "a\\b", "a\0b", "ä\n"] {
            let sql = format!("SELECT {}", quote_literal(Engine::Sqlite, text));
            let read: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn backslashes_do_not_depend_on_session_settings() {
        assert_eq!(quote_literal(Engine::Postgres, "a\\'b"), "E'a\\\\''b'");
        assert_eq!(quote_literal(Engine::Postgres, "it's"), "'it''s'");
        assert_eq!(quote_literal(Engine::MySql, "a\\b"), "'a\\\\b'");
        assert_eq!(quote_bytes(Engine::Postgres, &[1, 255]), "E'\\\\x01ff'");
    }

    #[test]
    fn paths_carry_the_schema_that_makes_them_unambiguous() {
        assert_eq!(
            qualified_name(Engine::Postgres, &ObjectId::table("public", "t")),
            "public.t"
        );
        assert_eq!(qualified_name(Engine::Sqlite, &ObjectId::table("main", "t")), "t");
    }
}
