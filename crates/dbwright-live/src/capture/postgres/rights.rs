//! Where this role may read statistics, and the smallest grant that would let it.
//!
//! `pg_statistic` is the superuser's, but for grants on its columns; `pg_stats` shows what belongs to columns that the role
//! may read. <https://www.postgresql.org/docs/current/view-pg-stats.html>

use dbwright_catalog::SampleValues;

use super::{Row, first};
use crate::LiveError;
use crate::connect::Connection;

/// Where statistics are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The server's own table: everything.
    Table,
    /// The view: what belongs to columns that the role may read.
    View,
}

/// What this role may.
pub(super) struct Rights {
    /// Its name, quoted.
    pub(super) role: String,
    pub(super) columns: Source,
    /// Whether sample values may be read where the numbers are.
    pub(super) values: bool,
    pub(super) extended: Source,
    /// Whether statistics of expressions (14 and later), which hold sample values, may be read.
    pub(super) expressions: bool,
}

/// Columns of `pg_statistic` without sample values.
const PLAIN: [&str; 6] = [
    "starelid",
    "staattnum",
    "stainherit",
    "stanullfrac",
    "stawidth",
    "stadistinct",
];

pub(super) async fn ask(connection: &mut Connection, values: &SampleValues) -> Result<Rights, LiveError> {
    let may = |table: &str, column: &str| {
        format!("pg_catalog.has_column_privilege('pg_catalog.{table}', '{column}', 'SELECT')")
    };
    let needed_extended = if values.is_none() { "stxdndistinct" } else { "stxdmcv" };
    let sql = format!(
        "SELECT pg_catalog.quote_ident(current_user), {} AND {}, {}, {}, \
            pg_catalog.has_column_privilege('pg_catalog.pg_statistic_ext_data'::regclass, \
              (SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attname = 'stxdexpr' \
                 AND a.attrelid = 'pg_catalog.pg_statistic_ext_data'::regclass), 'SELECT')",
        may("pg_statistic", "starelid"),
        may("pg_statistic", "stanumbers5"),
        may("pg_statistic", "stavalues5"),
        may("pg_statistic_ext_data", needed_extended)
    );
    let rows = connection.rows(&sql).await?;
    let mut row = Row::all(rows).next().unwrap_or_default();
    let source = |table: bool| if table { Source::Table } else { Source::View };
    Ok(Rights {
        role: row.text(),
        columns: source(row.flag()),
        values: row.flag(),
        extended: source(row.flag()),
        expressions: row.flag(),
    })
}

/// How many tables the role sees no statistics of.
pub(super) async fn hidden(connection: &mut Connection) -> Result<i64, LiveError> {
    let number = first(
        connection,
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384 \
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbwright') \
           AND (NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.row_security_active(c.oid))",
    )
    .await?;
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or_default())
}

/// The smallest grant for column statistics: their numbers, and sample values only where they are wanted.
pub(super) fn column_grant(role: &str, values: &SampleValues) -> String {
    let mut columns: Vec<String> = PLAIN.iter().map(|column| (*column).to_owned()).collect();
    let parts: &[&str] = if values.is_none() {
        &["stakind", "staop", "stacoll", "stanumbers"]
    } else {
        &["stakind", "staop", "stacoll", "stanumbers", "stavalues"]
    };
    columns.extend((1..=5).flat_map(|slot| parts.iter().map(move |part| format!("{part}{slot}"))));
    format!(
        "GRANT SELECT ({}) ON pg_catalog.pg_statistic TO {role}",
        columns.join(", ")
    )
}

/// The smallest grant for statistics of columns together.
pub(super) fn extended_grant(role: &str, values: &SampleValues, major: u32) -> String {
    let mut columns = vec!["stxoid", "stxdndistinct", "stxddependencies"];
    if major >= 15 {
        columns.push("stxdinherit");
    }
    if !values.is_none() {
        columns.push("stxdmcv");
        if major >= 14 {
            columns.push("stxdexpr");
        }
    }
    format!(
        "GRANT SELECT ({}) ON pg_catalog.pg_statistic_ext_data TO {role}",
        columns.join(", ")
    )
}
