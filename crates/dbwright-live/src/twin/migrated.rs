//! A snapshot as production would give it after some migrations, and `ANALYZE`.
//!
//! Names follow renames, what is dropped goes, statistics of a column stay when its type changes. New indexes are told apart:
//! they are made on the twin itself, with the size that they would have.

use dbwright_catalog::{
    Change, History, ObjectBody, ObjectId, ObjectKind, Outcome, SchemaStatement, Snapshot, StoredKind, Trace,
};
use dbwright_sql::postgres::PostgresStatement;

use crate::trace::words;

/// A snapshot after migrations.
#[derive(Clone, Debug, PartialEq)]
pub struct Migrated {
    /// It, with the migrations behind its schema.
    pub snapshot: Snapshot,
    /// The new indexes of tables that have rows, by their statements.
    pub indexes: Vec<String>,
}

/// What a statement of a migration is called in a snapshot.
pub const OF_MIGRATION: &str = "migration ";

/// The snapshot of a PostgreSQL after some migrations, by their indexes in order; why it can't be told, as a clause.
///
/// # Errors
///
/// When a migration fails.
pub fn migrated(
    snapshot: &Snapshot,
    history: &History,
    migrations: &[usize],
    trace: &Trace,
) -> Result<Migrated, String> {
    let mut after = Migrated {
        snapshot: snapshot.clone(),
        indexes: Vec::new(),
    };
    // The schema is written down with every name in full.
    after.snapshot.schema.push(SchemaStatement {
        object: format!("{OF_MIGRATION}settings"),
        sql: "RESET search_path".to_owned(),
    });
    for (nth, index) in migrations.iter().enumerate() {
        let (Some(migration), Some(seen)) = (history.migrations.get(*index), trace.migrations.get(*index)) else {
            continue;
        };
        for (place, (statement, effect)) in migration.statements.iter().zip(&seen.effects).enumerate() {
            match &effect.outcome {
                Outcome::Done | Outcome::FailedOnRows(_) => {}
                Outcome::Failed(_) | Outcome::FollowsFrom { .. } => {
                    return Err(format!("the migration {} fails", migration.name));
                }
                Outcome::Refused(_) => continue,
            }
            let others = || {
                let rest = migration.statements.iter().skip(place + 1);
                let later = migrations[nth + 1..]
                    .iter()
                    .flat_map(|later| &history.migrations[*later].statements);
                rest.chain(later).map(|statement| statement.text.as_str())
            };
            if is_new_index(&after.snapshot, &statement.text, &effect.changes, others()) {
                after.indexes.push(statement.text.clone());
                continue;
            }
            after.snapshot.schema.push(SchemaStatement {
                object: format!("{OF_MIGRATION}{} (line {})", migration.name, statement.line),
                sql: statement.text.clone(),
            });
            for change in &effect.changes {
                follow(&mut after.snapshot, change);
            }
        }
    }
    Ok(after)
}

/// Whether a statement makes an index of a table that production has, and no later one speaks of it.
fn is_new_index<'a>(
    snapshot: &Snapshot,
    text: &str,
    changes: &[Change],
    mut later: impl Iterator<Item = &'a str>,
) -> bool {
    if !matches!(dbwright_sql::postgres::read(text), PostgresStatement::CreateIndex(_)) {
        return false;
    }
    let created = changes.iter().find_map(|change| match change {
        Change::Created(object) => match &object.body {
            ObjectBody::Index(index) => Some((&object.id, &index.table)),
            _ => None,
        },
        Change::Dropped(_) | Change::Altered { .. } => None,
    });
    let Some((id, table)) = created else { return false };
    let has_rows = snapshot
        .relations
        .iter()
        .any(|relation| is_table(relation.kind) && named(&relation.schema, &relation.name, table));
    let name = id.name().to_lowercase();
    has_rows && !later.any(|text| words(text).contains(&name))
}

fn is_table(kind: StoredKind) -> bool {
    matches!(
        kind,
        StoredKind::Table | StoredKind::PartitionedTable | StoredKind::MaterialisedView
    )
}

fn named(schema: &str, name: &str, id: &ObjectId) -> bool {
    matches!(id.path.as_slice(), [of, is] if of == schema && is == name)
}

/// Does to what is known of production what a change does to its objects.
fn follow(snapshot: &mut Snapshot, change: &Change) {
    match change {
        Change::Created(_) => {}
        Change::Dropped(object) => drop_object(snapshot, &object.id),
        Change::Altered { before, after } if before.id != after.id => rename(snapshot, &before.id, &after.id),
        Change::Altered { before, after } => {
            if let (ObjectBody::Column(old), ObjectBody::Column(new)) = (&before.body, &after.body)
                && old.type_name != new.type_name
            {
                retype(snapshot, &after.id);
            }
        }
    }
}

fn drop_object(snapshot: &mut Snapshot, id: &ObjectId) {
    match (id.kind, id.path.as_slice()) {
        (ObjectKind::Column, [schema, table, column]) => snapshot
            .columns
            .retain(|of| !(of.schema == *schema && of.relation == *table && of.column == *column)),
        (_, [schema, name]) => {
            snapshot
                .relations
                .retain(|of| !(of.schema == *schema && of.name == *name));
            snapshot
                .columns
                .retain(|of| !(of.schema == *schema && of.relation == *name));
            snapshot
                .extended
                .retain(|of| !(of.schema == *schema && of.name == *name));
        }
        _ => {}
    }
}

fn rename(snapshot: &mut Snapshot, old: &ObjectId, new: &ObjectId) {
    match (old.path.as_slice(), new.path.as_slice()) {
        ([schema, name], [new_schema, new_name]) => {
            for of in &mut snapshot.relations {
                if of.schema == *schema && of.table.as_ref() == Some(name) {
                    of.table = Some(new_name.clone());
                }
                if of.schema == *schema && of.name == *name {
                    (of.schema, of.name) = (new_schema.clone(), new_name.clone());
                }
            }
            for of in &mut snapshot.columns {
                if of.schema == *schema && of.relation == *name {
                    (of.schema, of.relation) = (new_schema.clone(), new_name.clone());
                }
            }
        }
        ([schema, table, column], [.., new_column]) => {
            for of in &mut snapshot.columns {
                // The table may have its new name already.
                let is_table = of.relation == *table || new.path.get(1) == Some(&of.relation);
                if of.schema == *schema && is_table && of.column == *column {
                    of.column.clone_from(new_column);
                }
            }
        }
        _ => {}
    }
}

/// `ANALYZE` finds the same values in another type. Operators and types are those of the column then.
fn retype(snapshot: &mut Snapshot, id: &ObjectId) {
    let [schema, table, column] = id.path.as_slice() else {
        return;
    };
    for of in &mut snapshot.columns {
        if of.schema == *schema && of.relation == *table && of.column == *column {
            for slot in &mut of.slots {
                (slot.operator, slot.values_type, slot.collation) = (None, None, None);
            }
        }
    }
}
