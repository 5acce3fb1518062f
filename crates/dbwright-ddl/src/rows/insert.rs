//! Rows as statements.

use dbwright_catalog::{Catalog, ConstraintKind, Engine, ObjectId};

use super::column::TableColumns;
use super::{Row, table_of};
use crate::quote::{qualified_name, quote_identifier};

/// The statement that inserts a row.
pub fn insert_sql(engine: Engine, row: &Row) -> String {
    let table = qualified_name(engine, &row.table);
    if row.values.is_empty() {
        return match engine {
            Engine::Postgres | Engine::Sqlite => format!("INSERT INTO {table} DEFAULT VALUES"),
            Engine::MySql | Engine::MariaDb => format!("INSERT INTO {table} () VALUES ()"),
        };
    }
    let columns: Vec<_> = row
        .values
        .iter()
        .map(|(name, _)| quote_identifier(engine, name))
        .collect();
    let values: Vec<_> = row.values.iter().map(|(_, sql)| sql.as_str()).collect();
    // Without identity columns the clause means nothing.
    let overriding = if engine == Engine::Postgres {
        " OVERRIDING SYSTEM VALUE"
    } else {
        ""
    };
    format!(
        "INSERT INTO {table} ({}){overriding} VALUES ({})",
        columns.join(", "),
        values.join(", ")
    )
}

/// The statement that deletes a row: by its primary or a unique key where it has one, else one row that has all its values.
pub fn delete_sql(engine: Engine, catalog: &Catalog, row: &Row) -> String {
    let key = key_columns(catalog, &row.table).into_iter().find(|columns| {
        let known = |column: &String| row.get(column).is_some_and(|sql| sql != "NULL");
        !columns.is_empty() && columns.iter().all(known)
    });
    let table = qualified_name(engine, &row.table);
    if let Some(columns) = key {
        let equal = |column: &String| {
            let name = quote_identifier(engine, column);
            format!("{name} = {}", row.get(column).unwrap_or("NULL"))
        };
        let conditions: Vec<_> = columns.iter().map(equal).collect();
        return format!("DELETE FROM {table} WHERE {}", conditions.join(" AND "));
    }
    let conditions = conditions_on_all_values(engine, catalog, row).join(" AND ");
    let such = if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {conditions}")
    };
    match engine {
        Engine::Postgres => {
            format!("DELETE FROM {table} WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM {table}{such} LIMIT 1)")
        }
        Engine::Sqlite => format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table}{such} LIMIT 1)"),
        Engine::MySql | Engine::MariaDb => format!("DELETE FROM {table}{such} LIMIT 1"),
    }
}

fn conditions_on_all_values(engine: Engine, catalog: &Catalog, row: &Row) -> Vec<String> {
    let columns = table_of(catalog, &row.table).map(|table| TableColumns::of(catalog, &row.table, table));
    let is_comparable = |name: &str| {
        let place = columns.as_ref().and_then(|columns| columns.find(name));
        place
            .zip(columns.as_ref())
            .is_none_or(|(place, columns)| columns.all[place].column_type.kind.is_comparable())
    };
    let condition = |(column, sql): &(String, String)| {
        let name = quote_identifier(engine, column);
        if sql == "NULL" {
            format!("{name} IS NULL")
        } else if engine == Engine::Sqlite || is_comparable(column) {
            format!("{name} = {sql}")
        } else if engine == Engine::Postgres {
            format!("CAST({name} AS text) = {sql}")
        } else {
            // A JSON value is no text to `=`, and vectors know no `=` at all.
            format!("HEX({name}) = HEX({sql})")
        }
    };
    row.values.iter().map(condition).collect()
}

/// The columns of the primary key, then of the unique constraints, then of plain unique indexes.
fn key_columns(catalog: &Catalog, table: &ObjectId) -> Vec<Vec<String>> {
    let mut keys = Vec::new();
    for (_, constraint) in catalog.constraints(table) {
        match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => keys.insert(0, columns.clone()),
            ConstraintKind::Unique(columns) => keys.push(columns.clone()),
            ConstraintKind::ForeignKey(_)
            | ConstraintKind::Check(_)
            | ConstraintKind::Exclusion(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Trigger => {}
        }
    }
    let names: Vec<_> = catalog
        .columns(table)
        .into_iter()
        .map(|(id, _)| id.name().to_owned())
        .collect();
    for (_, index) in catalog.indexes(table) {
        if index.unique && index.valid && index.predicate.is_none() && index.keys.iter().all(|key| names.contains(key))
        {
            keys.push(index.keys.clone());
        }
    }
    keys
}
