//! What is in the columns of tables, as one value for each column, and where sequences stand.
//!
//! A fingerprint does not depend on the order of rows. Where the table has a primary key that keeps its text, each value
//! counts together with the key of its row.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, Engine, ObjectBody, ObjectId, TableExtra, TableKind, TypeKind};
use dbwright_ddl::{keeps_text, qualified_name, quote_identifier};
use tokio_postgres::Client;

use crate::LiveError;
use crate::introspect::postgres::{Frame, read_only};

/// The fingerprints of one database.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprints {
    /// Number of rows and the fingerprint, by column.
    columns: BTreeMap<ObjectId, (u64, String)>,
    /// Where the sequence that a column owns stands.
    positions: BTreeMap<ObjectId, String>,
}

impl Fingerprints {
    /// Reads those of the columns that are in both schemas and keep their text from one to the other. The database has the
    /// schema that stands at `now`.
    pub(super) async fn read(client: &Client, sides: Sides<'_>, now: &Catalog) -> Result<Self, LiveError> {
        let mut fingerprints = Fingerprints {
            columns: BTreeMap::new(),
            positions: BTreeMap::new(),
        };
        let mut queries: Vec<(ObjectId, String)> = Vec::new();
        for (table, _) in sides.before.tables() {
            queries.extend(table_queries(sides, table));
        }
        queries.extend(position_queries(sides, now));
        let seen = without_policies(now);
        for chunk in queries.chunks(64) {
            // Gives no rows, so that the results are still one for each query.
            let sql: Vec<&str> = seen
                .iter()
                .chain(chunk.iter().map(|(_, sql)| sql))
                .map(String::as_str)
                .collect();
            let results = read_only(client, Frame::Alone, &sql).await?;
            for ((column, _), rows) in chunk.iter().zip(results) {
                let Some(row) = rows.first() else { continue };
                let text = |place: usize| row.try_get(place).ok().flatten().unwrap_or_default().to_owned();
                if row.len() == 1 {
                    fingerprints.positions.insert(column.clone(), text(0));
                } else {
                    let count = text(0).parse().unwrap_or_default();
                    fingerprints.columns.insert(column.clone(), (count, text(1)));
                }
            }
        }
        Ok(fingerprints)
    }

    /// What is not as it was, in whole sentences; tables that were emptied on the way are left out.
    pub(super) fn compare(&self, now: &Fingerprints, emptied: &BTreeSet<ObjectId>) -> Vec<String> {
        let is_emptied = |column: &ObjectId| column.owner_table().is_some_and(|table| emptied.contains(&table));
        let columns = self
            .columns
            .iter()
            .filter(|(column, _)| !is_emptied(column))
            .filter_map(|(column, was)| {
                let is = now.columns.get(column)?;
                if was.0 != is.0 {
                    return Some(format!("The table of {column} had {} rows and has {}.", was.0, is.0));
                }
                (was.1 != is.1).then(|| format!("Values in the column {column} are not what they were."))
            });
        let positions = self.positions.iter().filter_map(|(column, was)| {
            let is = now.positions.get(column)?;
            (was != is).then(|| format!("The sequence of {column} stood at {was} and stands at {is}."))
        });
        columns.chain(positions).collect()
    }
}

/// Statements that let the owner see all rows of his tables; they are rolled back with the reading.
pub(crate) fn without_policies(now: &Catalog) -> Vec<String> {
    let forced = now.tables().filter(|(_, table)| match &table.extra {
        TableExtra::Postgres(extra) => extra.row_security && extra.force_row_security,
        TableExtra::MySqlFamily(_) | TableExtra::Sqlite(_) => false,
    });
    forced
        .map(|(id, _)| {
            format!(
                "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
                qualified_name(Engine::Postgres, id)
            )
        })
        .collect()
}

/// The schema that a plan starts from, and the one that it leads to.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) before: &'a Catalog,
    pub(super) after: &'a Catalog,
}

/// Whether a column is in both schemas, holds values of its own and keeps their text.
fn survives(sides: Sides<'_>, id: &ObjectId) -> bool {
    let (Some(was), Some(is)) = (sides.before.get(id), sides.after.get(id)) else {
        return false;
    };
    let (ObjectBody::Column(was), ObjectBody::Column(is)) = (&was.body, &is.body) else {
        return false;
    };
    was.generated.is_none() && is.generated.is_none() && keeps_text(&was.type_name, &is.type_name)
}

fn table_queries(sides: Sides<'_>, table: &ObjectId) -> Vec<(ObjectId, String)> {
    let ordinary = |catalog: &Catalog| match catalog.get(table).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) => table.kind == TableKind::Ordinary,
        _ => false,
    };
    if !ordinary(sides.before) || !ordinary(sides.after) {
        return Vec::new();
    }
    let quoted = |name: &str| quote_identifier(Engine::Postgres, name);
    let key = key(sides, table);
    let from = format!("ONLY {}", qualified_name(Engine::Postgres, table));
    sides
        .before
        .columns(table)
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| survives(sides, id) && !values(sides, id).is_empty())
        .map(|id| {
            let mut parts: Vec<String> = key.iter().map(|name| format!("{}::text", quoted(name))).collect();
            parts.extend(values(sides, id));
            let value = format!(
                "pg_catalog.md5(pg_catalog.json_build_array({})::text)",
                parts.join(", ")
            );
            let sql = format!(
                "SELECT count(*), pg_catalog.md5(pg_catalog.string_agg({value}, ',' ORDER BY {value})) FROM {from}"
            );
            (id.clone(), sql)
        })
        .collect()
}

/// What of a column is in both schemas: its value, or the attributes that both have where its type is a composite one that
/// has others now.
fn values(sides: Sides<'_>, id: &ObjectId) -> Vec<String> {
    let name = quote_identifier(Engine::Postgres, id.name());
    let Some(ObjectBody::Column(column)) = sides.before.get(id).map(|object| &object.body) else {
        return Vec::new();
    };
    let element = column.type_name.trim_end_matches("[]");
    let of_type = |catalog: &Catalog| {
        let mut types = catalog.objects.values();
        types.find_map(|object| match &object.body {
            ObjectBody::Type(body) if qualified_name(Engine::Postgres, &object.id) == element => {
                Some(body.kind.clone())
            }
            _ => None,
        })
    };
    let (Some(TypeKind::Composite(was)), Some(TypeKind::Composite(is))) = (of_type(sides.before), of_type(sides.after))
    else {
        return vec![format!("{name}::text")];
    };
    if was == is {
        return vec![format!("{name}::text")];
    }
    if element != column.type_name {
        return Vec::new();
    }
    let both = was.iter().filter(|attribute| {
        let mut same = is.iter().filter(|other| other.name == attribute.name);
        same.any(|other| keeps_text(&attribute.type_name, &other.type_name))
    });
    both.map(|attribute| format!("({name}).{}::text", quote_identifier(Engine::Postgres, &attribute.name)))
        .collect()
}

/// The columns of the primary key, where both sides have it and its text survives.
fn key(sides: Sides<'_>, table: &ObjectId) -> Vec<String> {
    let key = |catalog: &Catalog| {
        catalog
            .constraints(table)
            .find_map(|(_, constraint)| match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
                _ => None,
            })
    };
    match (key(sides.before), key(sides.after)) {
        (Some(columns), Some(others)) if columns == others => {
            let all = columns.iter().all(|name| survives(sides, &table.column(name)));
            if all { columns } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// Queries for where the sequences of columns stand that have one in both schemas.
fn position_queries(sides: Sides<'_>, now: &Catalog) -> Vec<(ObjectId, String)> {
    let (was, is) = (owned(sides.before), owned(sides.after));
    owned(now)
        .into_iter()
        .filter(|(column, _)| was.contains_key(column) && is.contains_key(column))
        .map(|(column, sequence)| {
            let name = qualified_name(Engine::Postgres, &sequence);
            (
                column,
                format!("SELECT last_value::text || ' ' || is_called::text FROM {name}"),
            )
        })
        .collect()
}

/// The sequences that columns own, by column.
fn owned(catalog: &Catalog) -> BTreeMap<ObjectId, ObjectId> {
    let owned = catalog.objects.values().filter_map(|object| match &object.body {
        ObjectBody::Sequence(sequence) => Some((sequence.owned_by.clone()?, object.id.clone())),
        _ => None,
    });
    owned.collect()
}
