//! What MySQL and MariaDB know of the tables that a plan names: one query for the tables, one for their columns, one for their
//! indexes, one for the settings.
//!
//! <https://dev.mysql.com/doc/refman/9.4/en/information-schema-general-table-reference.html>,
//! <https://mariadb.com/docs/server/reference/system-tables/information-schema/information-schema-tables>

use std::collections::BTreeSet;

use dbwright_catalog::{ColumnFacts, Engine, IndexFacts, PlanFacts, QueryPlan, Setting, TableFacts};
use dbwright_ddl::quote_literal;

use crate::LiveError;
use crate::connect::Connection;

/// Settings that insights speak of.
const SETTINGS: [&str; 4] = [
    "sort_buffer_size",
    "join_buffer_size",
    "tmp_table_size",
    "max_heap_table_size",
];

/// Bytes of a page of InnoDB, as it is where nobody has chosen another size.
const PAGE: f64 = 16384.0;

pub(in crate::explain) async fn facts(connection: &mut Connection, plan: &QueryPlan) -> Result<PlanFacts, LiveError> {
    let names: BTreeSet<(Option<String>, String)> = plan
        .nodes()
        .into_iter()
        .filter_map(|(_, node)| node.relation.as_ref())
        .map(|relation| (relation.schema.clone(), relation.name.clone()))
        .collect();
    let mut facts = PlanFacts::default();
    for name in SETTINGS {
        if let Some(value) = connection.first_value(&format!("SELECT @@{name}")).await? {
            facts.settings.push(Setting {
                name: name.to_owned(),
                value,
            });
        }
    }
    if names.is_empty() {
        return Ok(facts);
    }
    if connection.server().engine == Engine::MySql {
        // Else it tells what it knew up to a day ago.
        connection
            .rows("SET SESSION information_schema_stats_expiry = 0")
            .await?;
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
            not_null: next().as_deref() == Some("NO"),
            collation: next(),
            width: None,
            distinct: None,
        };
        if let Some(table) = find(&mut facts.tables, &schema, &name) {
            table.columns.push(column);
        }
    }
    let sql = indexes(connection.server().engine, &wanted);
    for row in connection.rows(&sql).await? {
        index(&mut facts.tables, row);
    }
    Ok(facts)
}

/// Puts a key of an index to its table; those of an index come one after the other.
fn index(tables: &mut [TableFacts], row: Vec<Option<String>>) {
    let mut row = row.into_iter();
    let mut next = || row.next().flatten();
    let (schema, table, name) = (
        next().unwrap_or_default(),
        next().unwrap_or_default(),
        next().unwrap_or_default(),
    );
    let Some(table) = find(tables, &schema, &table) else {
        return;
    };
    let index = IndexFacts {
        name,
        method: next().unwrap_or_default().to_lowercase(),
        unique: next().as_deref() == Some("0"),
        predicate: None,
        rows: None,
        rows_each: Vec::new(),
        keys: next().into_iter().collect(),
    };
    let cardinality: Option<f64> = next().and_then(|values| values.parse().ok());
    if let Some(known) = table.indexes.iter_mut().find(|known| known.name == index.name) {
        known.keys.extend(index.keys);
        return;
    }
    let column = index.keys.first().cloned().unwrap_or_default();
    if let Some(column) = table.columns.iter_mut().find(|known| known.name == column) {
        column.distinct = column.distinct.or(cardinality);
    }
    table.indexes.push(index);
}

fn find<'a>(tables: &'a mut [TableFacts], schema: &str, name: &str) -> Option<&'a mut TableFacts> {
    tables
        .iter_mut()
        .find(|table| table.schema == schema && table.name == name)
}

pub(super) fn literal(text: &str) -> String {
    quote_literal(Engine::MySql, text)
}

/// A condition on the schema and the name of a table.
fn wanted(names: &BTreeSet<(Option<String>, String)>) -> String {
    let one = |(schema, name): &(Option<String>, String)| {
        let schema = schema.as_deref().map_or("DATABASE()".to_owned(), literal);
        format!("(t.TABLE_SCHEMA = {schema} AND t.TABLE_NAME = {})", literal(name))
    };
    let names: Vec<String> = names.iter().map(one).collect();
    format!("({})", names.join(" OR "))
}

fn tables(wanted: &str) -> String {
    format!(
        "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_ROWS, t.DATA_LENGTH, t.AVG_ROW_LENGTH, p.PARTITION_METHOD, \
           p.PARTITION_EXPRESSION \
         FROM information_schema.TABLES t LEFT JOIN (SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, PARTITION_METHOD, \
             PARTITION_EXPRESSION FROM information_schema.PARTITIONS t WHERE PARTITION_NAME IS NOT NULL AND {wanted}) p \
           ON p.TABLE_SCHEMA = t.TABLE_SCHEMA AND p.TABLE_NAME = t.TABLE_NAME \
         WHERE {wanted} ORDER BY 1, 2"
    )
}

fn table(row: Vec<Option<String>>) -> TableFacts {
    let mut row = row.into_iter();
    let mut next = || row.next().flatten();
    let mut table = TableFacts {
        schema: next().unwrap_or_default(),
        name: next().unwrap_or_default(),
        rows: next().and_then(|rows| rows.parse().ok()),
        ..TableFacts::default()
    };
    let bytes: f64 = next().and_then(|bytes| bytes.parse().ok()).unwrap_or(0.0);
    table.pages = bytes / PAGE;
    table.row_bytes = next().and_then(|bytes| bytes.parse().ok());
    table.partition_key = next().zip(next()).map(|(method, key)| format!("{method} ({key})"));
    table
}

fn columns(wanted: &str) -> String {
    format!(
        "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.COLUMN_NAME, t.COLUMN_TYPE, t.IS_NULLABLE, t.COLLATION_NAME \
         FROM information_schema.COLUMNS t WHERE {wanted} ORDER BY 1, 2, t.ORDINAL_POSITION"
    )
}

/// Those that plans may use. A prefix of a column is written as `CREATE INDEX` has it.
fn indexes(engine: Engine, wanted: &str) -> String {
    // https://dev.mysql.com/doc/refman/9.4/en/information-schema-statistics-table.html,
    // https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/ignored-indexes
    let (expression, used) = match engine {
        Engine::MariaDb => ("NULL", "t.IGNORED = 'NO'"),
        Engine::MySql | Engine::Postgres | Engine::Sqlite => ("t.EXPRESSION", "t.IS_VISIBLE = 'YES'"),
    };
    format!(
        "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.INDEX_NAME, t.INDEX_TYPE, t.NON_UNIQUE, \
           CASE WHEN t.SUB_PART IS NULL THEN coalesce(t.COLUMN_NAME, {expression}) \
             ELSE concat(t.COLUMN_NAME, '(', t.SUB_PART, ')') END, t.CARDINALITY \
         FROM information_schema.STATISTICS t WHERE {wanted} AND {used} ORDER BY 1, 2, 3, t.SEQ_IN_INDEX"
    )
}
