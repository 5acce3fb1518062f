//! What PostgreSQL knows of the tables that a plan names: one query for the tables, one for their columns, one for their
//! indexes, one for the settings.

use std::collections::BTreeSet;

use dbwright_catalog::{ColumnFacts, Engine, IndexFacts, PlanFacts, QueryPlan, Setting, TableFacts};
use dbwright_ddl::quote_literal;

use crate::LiveError;
use crate::connect::Connection;
use crate::measure::TextRows;

/// Settings that insights speak of.
const SETTINGS: &str = "SELECT name, current_setting(name) FROM pg_catalog.pg_settings WHERE name IN ('work_mem', \
                        'hash_mem_multiplier', 'jit', 'jit_above_cost', 'max_parallel_workers', \
                        'max_parallel_workers_per_gather', 'max_worker_processes', 'random_page_cost', 'lc_collate') ORDER BY 1";

pub(in crate::explain) async fn facts(connection: &mut Connection, plan: &QueryPlan) -> Result<PlanFacts, LiveError> {
    let names: BTreeSet<(String, String)> = plan
        .nodes()
        .into_iter()
        .filter_map(|(_, node)| node.relation.as_ref())
        .map(|relation| (relation.schema.clone().unwrap_or_default(), relation.name.clone()))
        .collect();
    let mut facts = PlanFacts {
        settings: setting_facts(connection.rows(SETTINGS).await?),
        ..PlanFacts::default()
    };
    if names.is_empty() {
        return Ok(facts);
    }
    let wanted = wanted(&names);
    for row in connection.rows(&tables(&wanted)).await? {
        facts.tables.push(table(row));
    }
    for row in connection.rows(&columns(&wanted)).await? {
        let mut row = row.into_iter();
        let mut next = || row.next().flatten();
        let (schema, name) = (next().unwrap_or_default(), next().unwrap_or_default());
        let column = ColumnFacts {
            name: next().unwrap_or_default(),
            data_type: next().unwrap_or_default(),
            not_null: next().as_deref() == Some("t"),
            collation: None,
            width: next().and_then(|width| width.parse().ok()),
            distinct: next().and_then(|distinct| distinct.parse().ok()),
        };
        if let Some(table) = find(&mut facts.tables, &schema, &name) {
            table.columns.push(column);
        }
    }
    for row in connection.rows(&indexes(&wanted)).await? {
        let mut row = row.into_iter();
        let mut next = || row.next().flatten();
        let (schema, table, name) = (
            next().unwrap_or_default(),
            next().unwrap_or_default(),
            next().unwrap_or_default(),
        );
        let index = IndexFacts {
            name,
            method: next().unwrap_or_default(),
            unique: next().as_deref() == Some("t"),
            predicate: next(),
            keys: next().into_iter().collect(),
            ..IndexFacts::default()
        };
        let Some(table) = find(&mut facts.tables, &schema, &table) else {
            continue;
        };
        // A row for each key, those of an index one after the other.
        match table.indexes.iter_mut().find(|known| known.name == index.name) {
            Some(known) => known.keys.extend(index.keys),
            None => table.indexes.push(index),
        }
    }
    Ok(facts)
}

fn find<'a>(tables: &'a mut [TableFacts], schema: &str, name: &str) -> Option<&'a mut TableFacts> {
    tables
        .iter_mut()
        .find(|table| table.schema == schema && table.name == name)
}

fn setting_facts(rows: TextRows) -> Vec<Setting> {
    let settings = rows.into_iter().map(|row| {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        Setting {
            name: row.next().unwrap_or_default(),
            value: row.next().unwrap_or_default(),
        }
    });
    settings.collect()
}

/// The tables of the plan and what they are partitions of. A plan of somebody else may tell no schema.
fn wanted(names: &BTreeSet<(String, String)>) -> String {
    let rows: Vec<String> = names
        .iter()
        .map(|(schema, name)| {
            let literal = |text: &str| quote_literal(Engine::Postgres, text);
            format!("({}, {})", literal(schema), literal(name))
        })
        .collect();
    format!(
        "named AS (SELECT c.oid FROM (VALUES {}) w (schema, name) JOIN pg_catalog.pg_class c ON c.relname = w.name \
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
           WHERE n.nspname = w.schema OR (w.schema = '' AND pg_catalog.pg_table_is_visible(c.oid))), \
         wanted AS (SELECT oid FROM named UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i \
           WHERE i.inhrelid IN (SELECT oid FROM named))",
        rows.join(", ")
    )
}

fn tables(wanted: &str) -> String {
    format!(
        "WITH {wanted} SELECT n.nspname, c.relname, c.reltuples, c.relpages, c.relallvisible, \
           CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END, pn.nspname, p.relname \
         FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition \
         LEFT JOIN pg_catalog.pg_class p ON p.oid = i.inhparent \
         LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace ORDER BY 1, 2"
    )
}

fn table(row: Vec<Option<String>>) -> TableFacts {
    let mut row = row.into_iter();
    let mut next = || row.next().flatten();
    let schema = next().unwrap_or_default();
    let name = next().unwrap_or_default();
    // Nobody has counted where it is negative, and before 14 also where it is 0 and there are no pages.
    // https://www.postgresql.org/docs/current/catalog-pg-class.html
    let rows: Option<f64> = next().and_then(|rows| rows.parse().ok());
    let pages: f64 = next().and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    TableFacts {
        schema,
        name,
        rows: rows.filter(|rows| *rows >= 0.0 && (*rows > 0.0 || pages > 0.0)),
        pages,
        all_visible_pages: next().and_then(|pages| pages.parse().ok()).unwrap_or(0.0),
        row_bytes: None,
        columns: Vec::new(),
        indexes: Vec::new(),
        partition_key: next(),
        partition_of: next().zip(next()),
    }
}

/// Statistics are told to those who may read the column; what is not told is not known.
fn columns(wanted: &str) -> String {
    format!(
        "WITH {wanted} SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
           a.attnotnull, s.avg_width, s.n_distinct \
         FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname \
           AND s.attname = a.attname AND s.inherited = (c.relkind = 'p') ORDER BY 1, 2, a.attnum"
    )
}

fn indexes(wanted: &str) -> String {
    format!(
        "WITH {wanted} SELECT n.nspname, c.relname, i.relname, m.amname, x.indisunique, \
           pg_catalog.pg_get_expr(x.indpred, x.indrelid), pg_catalog.pg_get_indexdef(x.indexrelid, k.number, true) \
         FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_index x ON x.indrelid = c.oid AND x.indisvalid \
         JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_am m ON m.oid = i.relam \
         CROSS JOIN LATERAL pg_catalog.generate_series(1, x.indnkeyatts) k (number) ORDER BY 1, 2, 3, k.number"
    )
}
