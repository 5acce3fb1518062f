//! What nobody has analysed: the planner guesses there, on production as well.
//!
//! A dump brings no statistics along, and what `CREATE INDEX` has counted does not tell whether there are any; autovacuum
//! analyses no table as a whole that has partitions or children. <https://www.postgresql.org/docs/current/sql-analyze.html>

use std::collections::BTreeSet;

use dbwright_catalog::{ColumnStatistics, Engine, SampleValues, StoredKind, StoredRelation, Unread};

use super::Row;
use super::queries::FIRST_OWN_OID;
use super::rights::{self, Rights, Source};
use crate::LiveError;
use crate::connect::Connection;

/// So many are named one by one.
const NAMED: usize = 8;

/// What can have statistics and has rows, as far as the role would see them: its kind, its schema and name, and the table to
/// analyse.
fn candidates(rights: &Rights, major: u32) -> String {
    let is_seen = match rights.columns {
        Source::Table => "true",
        Source::View => "pg_catalog.has_table_privilege(t.oid, 'SELECT') AND NOT pg_catalog.row_security_active(t.oid)",
    };
    // Who may read a table through a grant sees its columns in the view, and not what its indexes compute.
    let is_index_seen = match rights.columns {
        Source::Table => "true",
        Source::View => "pg_catalog.has_column_privilege(c.oid, 1::pg_catalog.int2, 'SELECT')",
    };
    // Before 15 there is a row for each, whether anything was gathered or not.
    let has_extended = rights.extended == Source::Table && major >= 15;
    format!(
        "WITH seen AS (SELECT t.oid, t.relkind, t.reltuples, n.nspname, t.relname FROM pg_catalog.pg_class t \
           JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace WHERE t.oid >= {FIRST_OWN_OID} \
             AND t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't' \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'dbwright') AND {is_seen}) \
         SELECT 'table', s.nspname, s.relname, s.nspname, s.relname FROM seen s \
           WHERE s.relkind IN ('r', 'm') AND s.reltuples > 0 \
         UNION ALL \
         SELECT 'family', s.nspname, s.relname, s.nspname, s.relname FROM seen s WHERE EXISTS (SELECT \
           FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = s.oid \
             AND (c.reltuples > 0 OR c.relkind = 'p' AND c.reltuples <> 0)) \
         UNION ALL \
         SELECT CASE WHEN {is_index_seen} THEN 'index' ELSE 'hidden' END, s.nspname, c.relname, s.nspname, s.relname FROM seen s \
           JOIN pg_catalog.pg_index i ON i.indrelid = s.oid AND i.indexprs IS NOT NULL AND i.indisvalid \
           JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.reltuples > 0 \
           WHERE s.relkind IN ('r', 'm') AND s.reltuples > 0 \
         UNION ALL \
         SELECT 'extended', n.nspname, x.stxname, s.nspname, s.relname FROM seen s \
           JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = s.oid \
           JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace \
           WHERE {has_extended} AND s.reltuples > 0 AND s.relkind IN ('r', 'm') {none} \
         ORDER BY 2, 3, 1",
        none = if has_extended {
            "AND NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext_data d WHERE d.stxoid = x.oid)"
        } else {
            ""
        }
    )
}

/// Names what has rows and no statistics, with the `ANALYZE` that gathers them, and expressions whose statistics the role does not
/// see.
pub(super) async fn say_never_gathered(
    connection: &mut Connection,
    values: &SampleValues,
    rights: &Rights,
    relations: &[StoredRelation],
    columns: &[ColumnStatistics],
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let of = |inherited: bool| -> BTreeSet<(&str, &str)> {
        columns
            .iter()
            .filter(|column| column.inherited == inherited)
            .map(|column| (column.schema.as_str(), column.relation.as_str()))
            .collect()
    };
    let (alone, with_children) = (of(false), of(true));
    let mut tables: BTreeSet<(String, String)> = never_looked_at(relations).collect();
    let mut others: Vec<Unread> = Vec::new();
    let mut hidden: Vec<String> = Vec::new();
    let rows = connection
        .rows(&candidates(rights, connection.server().version.major))
        .await?;
    for mut row in Row::all(rows) {
        let (kind, schema, name) = (row.text(), row.text(), row.text());
        let table = (row.text(), row.text());
        let has = |known: &BTreeSet<(&str, &str)>| known.contains(&(schema.as_str(), name.as_str()));
        let command = analyze(&table);
        match kind.as_str() {
            "table" if !has(&alone) => drop(tables.insert(table)),
            "family" if !has(&with_children) => others.push(Unread {
                what: format!("statistics of {schema}.{name} with all that belongs to it"),
                why: format!(
                    "They were never gathered, and autovacuum never does that; run {command} and take another snapshot."
                ),
            }),
            "hidden" => hidden.push(format!("{schema}.{name}")),
            // Where the table has none, this is said of it.
            "index" if !has(&alone) && alone.contains(&(table.0.as_str(), table.1.as_str())) => others.push(Unread {
                what: format!("statistics of the expressions of {schema}.{name}"),
                why: format!("They were never gathered; run {command} and take another snapshot."),
            }),
            "extended" if alone.contains(&(table.0.as_str(), table.1.as_str())) => others.push(Unread {
                what: format!("extended statistics {schema}.{name}"),
                why: format!("They were never gathered; run {command} and take another snapshot."),
            }),
            _ => {}
        }
    }
    if tables.len() > NAMED {
        let named: Vec<String> = tables
            .iter()
            .take(NAMED)
            .map(|(schema, name)| format!("{schema}.{name}"))
            .collect();
        missing.push(Unread {
            what: format!("statistics of {} tables ({}, …)", tables.len(), named.join(", ")),
            why: "They were never gathered; run `ANALYZE` and take another snapshot.".to_owned(),
        });
    } else {
        missing.extend(tables.iter().map(|table| Unread {
            what: format!("statistics of {}.{}", table.0, table.1),
            why: format!(
                "They were never gathered; run {} and take another snapshot.",
                analyze(table)
            ),
        }));
    }
    missing.append(&mut others);
    if !hidden.is_empty() {
        missing.push(Unread {
            what: format!("statistics of the expressions of {}", hidden.join(", ")),
            why: format!(
                "The role {} may not see them; the smallest grant that helps, by a superuser: `{}`.",
                rights.role,
                rights::column_grant(&rights.role, values)
            ),
        });
    }
    Ok(())
}

/// Tables with a file of which nobody has counted the rows.
fn never_looked_at(relations: &[StoredRelation]) -> impl Iterator<Item = (String, String)> {
    relations
        .iter()
        .filter(|table| {
            let holds_rows = matches!(table.kind, StoredKind::Table | StoredKind::MaterialisedView);
            let is_seen = table.tuples > 0.0 || table.pages > 0;
            holds_rows && !is_seen && table.bytes.is_none_or(|bytes| bytes > 0)
        })
        .map(|table| (table.schema.clone(), table.name.clone()))
}

fn analyze((schema, name): &(String, String)) -> String {
    let quoted = |name: &str| dbwright_ddl::quote_identifier(Engine::Postgres, name);
    format!("`ANALYZE {}.{}`", quoted(schema), quoted(name))
}
