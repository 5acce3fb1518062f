//! How far sequences, identity columns and `AUTO_INCREMENT` are. Only the catalogs of the server are read.

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Counter, Engine, Measured, ObjectBody, ObjectId, ObjectKind, TableExtra,
};
use dbwright_ddl::{qualified_name, quote_literal};

use super::{TextRows, said};
use crate::LiveError;
use crate::connect::Connection;

/// Each sequence with the columns that it feeds: those that own it, and those whose defaults ask it.
/// <https://www.postgresql.org/docs/current/view-pg-sequences.html>: `last_value` is null where the sequence has given none
/// yet, and where the role may not look.
const POSTGRES: &str = "\
SELECT s.schemaname, s.sequencename, s.last_value, s.min_value, s.max_value, s.increment_by, tn.nspname, t.relname, a.attname,
  format_type(a.atttypid, NULL), has_sequence_privilege(c.oid, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT')
FROM pg_sequences s
JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.sequencename
LEFT JOIN LATERAL (
  SELECT d.refobjid AS relation, d.refobjsubid AS number FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
    AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
  UNION
  SELECT f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
) fed ON true
LEFT JOIN pg_class t ON t.oid = fed.relation
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = fed.relation AND a.attnum = fed.number
WHERE NOT s.cycle AND n.nspname !~ '^pg_(temp|toast)'
ORDER BY 1, 2, 7, 8, 9";

/// <https://dev.mysql.com/doc/refman/9.7/en/information-schema-tables-table.html>: the next number to be given.
const MYSQL_FAMILY: &str = "\
SELECT t.TABLE_NAME, t.AUTO_INCREMENT, c.COLUMN_NAME, c.COLUMN_TYPE
FROM information_schema.TABLES t
JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
WHERE t.TABLE_SCHEMA = DATABASE() AND t.AUTO_INCREMENT IS NOT NULL AND c.EXTRA LIKE '%auto_increment%'
ORDER BY 1";

/// So many sequences of MariaDB are asked, each of which is a table of its own.
const MARIADB_SEQUENCES_MAX: usize = 200;

pub(super) async fn measure(connection: &mut Connection, catalog: &Catalog, measured: &mut Measured) {
    let asked = match catalog.server.engine {
        Engine::Postgres => postgres(connection, measured).await,
        Engine::MySql | Engine::MariaDb => mysql_family(connection, catalog, measured).await,
        Engine::Sqlite => sqlite(connection, catalog, measured).await,
    };
    if let Err(error) = asked {
        measured
            .not_measured
            .push(said("How far counters are is not known", &error));
    }
}

async fn postgres(connection: &mut Connection, measured: &mut Measured) -> Result<(), LiveError> {
    let mut hidden = 0;
    for row in connection.rows(POSTGRES).await? {
        let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        let number = |index: usize| text(index).parse::<i128>().ok();
        if text(10) == "f" {
            hidden += 1;
        }
        let (Some(last), Some(minimum), Some(maximum), Some(step)) = (number(2), number(3), number(4), number(5))
        else {
            continue;
        };
        let column_end = end_of_type(&text(9)).filter(|_| step > 0);
        let end = column_end.map_or(maximum, |end| end.min(maximum));
        let object = if text(8).is_empty() {
            ObjectId::new(ObjectKind::Sequence, [text(0), text(1)])
        } else {
            ObjectId::table(text(6), text(7)).column(text(8))
        };
        let bound = if column_end.is_some_and(|of_type| of_type <= maximum) {
            format!("the type {}", text(9))
        } else if maximum == i128::from(i64::MAX) {
            "the type bigint".to_owned()
        } else {
            format!("the MAXVALUE of sequence {}", text(1))
        };
        let (used, all) = if step > 0 {
            (last - minimum, end - minimum)
        } else {
            (maximum - last, maximum - minimum)
        };
        measured.counters.push(counter(object, used, all, bound));
    }
    if hidden > 0 {
        let what = if hidden == 1 {
            "1 sequence is".to_owned()
        } else {
            format!("{hidden} sequences are")
        };
        measured.not_measured.push(format!(
            "How far {what} is not known: this role has neither USAGE nor SELECT on it."
        ));
    }
    Ok(())
}

async fn mysql_family(
    connection: &mut Connection,
    catalog: &Catalog,
    measured: &mut Measured,
) -> Result<(), LiveError> {
    if catalog.server.engine == Engine::MySql {
        // https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_information_schema_stats_expiry: what is
        // cached may be a day old.
        connection
            .rows("SET SESSION information_schema_stats_expiry = 0")
            .await?;
    }
    for row in connection.rows(MYSQL_FAMILY).await? {
        let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        let (Ok(next), Some(end)) = (text(1).parse::<i128>(), end_of_type(&text(3))) else {
            continue;
        };
        let object = ObjectId::table("main", text(0)).column(text(2));
        measured
            .counters
            .push(counter(object, next - 1, end, format!("the type {}", text(3))));
    }
    let sequences: Vec<&ObjectId> = catalog
        .objects
        .values()
        .filter_map(|object| match &object.body {
            ObjectBody::Sequence(sequence) if !sequence.cycle => Some(&object.id),
            _ => None,
        })
        .collect();
    if sequences.is_empty() {
        return Ok(());
    }
    if sequences.len() > MARIADB_SEQUENCES_MAX {
        measured.not_measured.push(format!(
            "How far {} more sequences are is not known: {MARIADB_SEQUENCES_MAX} are asked at most.",
            sequences.len() - MARIADB_SEQUENCES_MAX
        ));
    }
    // https://mariadb.com/docs/server/reference/sql-structure/sequences/create-sequence: the next number that no session has
    // taken into its cache.
    let engine = catalog.server.engine;
    let asked = sequences.into_iter().take(MARIADB_SEQUENCES_MAX).map(|id| {
        let (name, table) = (quote_literal(engine, id.name()), qualified_name(engine, id));
        format!("SELECT {name}, next_not_cached_value, minimum_value, maximum_value, increment FROM {table}")
    });
    let sql = asked.collect::<Vec<_>>().join(" UNION ALL ");
    for row in connection.rows(&sql).await? {
        let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        let number = |index: usize| text(index).parse::<i128>().ok();
        let (Some(next), Some(minimum), Some(maximum), Some(step)) = (number(1), number(2), number(3), number(4))
        else {
            continue;
        };
        let object = ObjectId::new(ObjectKind::Sequence, ["main".to_owned(), text(0)]);
        let used = if step < 0 { maximum - next } else { next - minimum };
        let bound = format!("the MAXVALUE of sequence {}", text(0));
        measured.counters.push(counter(object, used, maximum - minimum, bound));
    }
    Ok(())
}

/// Only `AUTOINCREMENT` counts: without it SQLite gives a number that is free, even at the end.
/// <https://www.sqlite.org/autoinc.html>
async fn sqlite(connection: &mut Connection, catalog: &Catalog, measured: &mut Measured) -> Result<(), LiveError> {
    let counting: Vec<&ObjectId> = catalog
        .tables()
        .filter_map(|(id, table)| match &table.extra {
            TableExtra::Sqlite(extra) if extra.autoincrement => Some(id),
            TableExtra::Sqlite(_) | TableExtra::Postgres(_) | TableExtra::MySqlFamily(_) => None,
        })
        .collect();
    if counting.is_empty() {
        return Ok(());
    }
    let rows: TextRows = connection.rows("SELECT name, seq FROM sqlite_sequence").await?;
    for table in counting {
        let of_table =
            |row: &&Vec<Option<String>>| row.first().is_some_and(|name| name.as_deref() == Some(table.name()));
        let used = rows
            .iter()
            .find(of_table)
            .and_then(|row| row.get(1)?.as_ref()?.parse::<i128>().ok());
        let key = catalog.columns(table).into_iter().find(|(_, column)| is_rowid(column));
        if let (Some(used), Some((key, _))) = (used, key) {
            let bound = "INTEGER PRIMARY KEY, 64 bits".to_owned();
            measured
                .counters
                .push(counter(key.clone(), used, i128::from(i64::MAX), bound));
        }
    }
    Ok(())
}

fn is_rowid(column: &Column) -> bool {
    match &column.extra {
        ColumnExtra::Sqlite(extra) => extra.primary_key_position > 0,
        ColumnExtra::Postgres(_) | ColumnExtra::MySqlFamily(_) => false,
    }
}

fn counter(object: ObjectId, used: i128, all: i128, bound: String) -> Counter {
    let share = used.max(0).saturating_mul(1000) / all.max(1);
    Counter {
        object,
        used_thousandths: u32::try_from(share.min(1000)).unwrap_or(1000),
        bound,
    }
}

/// The highest number of an integer type; nothing for other types.
/// <https://www.postgresql.org/docs/current/datatype-numeric.html>,
/// <https://dev.mysql.com/doc/refman/9.7/en/integer-types.html>
fn end_of_type(type_name: &str) -> Option<i128> {
    let base = type_name.split(['(', ' ']).next().unwrap_or_default();
    let bits = match base {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "int" | "integer" => 32,
        "bigint" => 64,
        _ => return None,
    };
    let is_unsigned = type_name.contains("unsigned");
    Some((1_i128 << (bits - i32::from(!is_unsigned))) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_types_end_where_the_manual_says() {
        assert_eq!(end_of_type("integer"), Some(2_147_483_647));
        assert_eq!(end_of_type("smallint"), Some(32_767));
        assert_eq!(end_of_type("int(10) unsigned"), Some(4_294_967_295));
        assert_eq!(end_of_type("bigint unsigned"), Some(18_446_744_073_709_551_615));
        assert_eq!(end_of_type("text"), None);
    }

    #[test]
    fn a_share_is_never_rounded_up_to_the_end() {
        let share = |used, all| counter(ObjectId::table("s", "t"), used, all, String::new()).used_thousandths;
        assert_eq!(share(999_999, 1_000_000), 999);
        assert_eq!(share(i128::from(i64::MAX), i128::from(i64::MAX)), 1000);
        assert_eq!(share(-5, 10), 0);
    }
}
