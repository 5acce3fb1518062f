//! Reading everything that a database has of a schema, at one moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dbwright_catalog::{Catalog, Object, ObjectBody, ObjectId, ObjectKind, Reading, Server};
use tokio_postgres::Client;

use super::{CatalogState, Frame, Scope};
use crate::LiveError;

/// Reads every object of the user's schema. The session must have no transaction open.
///
/// Columns are numbered without gaps here, as they are in a copy of the schema; what the server makes by itself and names
/// by itself (constraints that stand for the partitions of a referenced table) is left out.
///
/// # Errors
///
/// When the server refuses a query or the session is broken.
pub async fn read_whole(client: &Client, server: &Server) -> Result<Reading, LiveError> {
    let mut state = CatalogState {
        server: server.clone(),
        entries: BTreeMap::new(),
        relations: HashMap::new(),
        dependencies: BTreeSet::new(),
        inherits: String::new(),
    };
    state.read_objects(client, Frame::Alone, &Scope::whole()).await?;
    state.read_dependencies(client, Frame::Alone).await?;
    let left_out = copies_of_foreign_keys(&state);
    let mut catalog = Catalog::empty(server.clone());
    catalog.dependencies = state.dependencies;
    catalog
        .dependencies
        .retain(|edge| !left_out.contains(&edge.dependent) && !left_out.contains(&edge.on));
    let objects = state.entries.into_values().map(|entry| entry.object);
    catalog.objects = objects
        .filter(|object| !left_out.contains(&object.id))
        .map(|object| (object.id.clone(), object))
        .collect();
    number_columns(&mut catalog.objects);
    forget_locality(&mut catalog);
    Ok(Reading {
        catalog,
        unmodelled: Vec::new(),
        unread: Vec::new(),
    })
}

/// A foreign key to a partitioned table has a constraint on its own table for each partition of that.
fn copies_of_foreign_keys(state: &CatalogState) -> BTreeSet<ObjectId> {
    let is_copy = |object: &Object| match &object.body {
        ObjectBody::Constraint(constraint) => constraint
            .postgres
            .as_ref()
            .and_then(|constraint| constraint.parent.as_ref())
            .is_some_and(|parent| parent.owner_table() == object.id.owner_table()),
        _ => false,
    };
    let objects = state.entries.values().map(|entry| &entry.object);
    objects
        .filter(|object| is_copy(object))
        .map(|object| object.id.clone())
        .collect()
}

/// Whether a partition would have a constraint by itself has no meaning while it is one, and tells how it became one.
fn forget_locality(catalog: &mut Catalog) {
    let partitions: BTreeSet<ObjectId> = catalog
        .tables()
        .filter(|(_, table)| table.partition.is_some())
        .map(|(id, _)| id.clone())
        .collect();
    for object in catalog.objects.values_mut() {
        if let ObjectBody::Constraint(constraint) = &mut object.body
            && object.id.owner_table().is_some_and(|table| partitions.contains(&table))
            && let Some(extra) = &mut constraint.postgres
            && extra.inherited
        {
            extra.local = false;
        }
    }
}

/// Dropped columns leave gaps in the numbers, which a copy does not have.
fn number_columns(objects: &mut BTreeMap<ObjectId, Object>) {
    let mut tables: BTreeMap<ObjectId, Vec<(u32, ObjectId)>> = BTreeMap::new();
    for object in objects.values() {
        if let (ObjectBody::Column(column), ObjectKind::Column) = (&object.body, object.id.kind)
            && let Some(table) = object.id.owner_table()
        {
            tables
                .entry(table)
                .or_default()
                .push((column.position, object.id.clone()));
        }
    }
    for columns in tables.values_mut() {
        columns.sort();
        for (place, (_, id)) in (1_u32..).zip(columns.iter()) {
            if let Some(ObjectBody::Column(column)) = objects.get_mut(id).map(|object| &mut object.body) {
                column.position = place;
            }
        }
    }
}
