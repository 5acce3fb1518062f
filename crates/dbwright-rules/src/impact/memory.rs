//! Memory that a server takes for a statement, where that grows with the rows of a table.

use dbwright_catalog::{
    Algorithm, Catalog, Change, ConstraintKind, Effect, Engine, ObjectBody, ObjectId, Snapshot, Trace,
};

use super::setting;

/// What MySQL takes for each row of a table that it copies, and each foreign key of it, until the statement ends. Measured on
/// 9.7.4, with one key and with two, on 200,000 and 500,000 rows; a table of ten million rows and one key took 22 GB.
const BYTES_FOR_EACH_KEY: u64 = 2500;

/// Since when MySQL itself holds rows against foreign keys, and not InnoDB, unless it is told otherwise.
/// <https://dev.mysql.com/doc/relnotes/mysql/9.6/en/>
const SINCE: (u32, u32) = (9, 6);

/// The memory that a copy of a table with foreign keys takes on MySQL.
pub(super) fn of_copy(
    snapshot: &Snapshot,
    trace: &Trace,
    effect: &Effect,
    table: &ObjectId,
    rows: Option<u64>,
) -> Option<u64> {
    let server = &snapshot.server;
    let version = (server.version.major, server.version.minor);
    if server.engine != Engine::MySql || version < SINCE || is_native(snapshot) || !is_copied(effect, table) {
        return None;
    }
    let keys = foreign_keys_after(&trace.catalog, effect, table);
    (keys > 0).then_some(keys * rows? * BYTES_FOR_EACH_KEY)
}

fn is_native(snapshot: &Snapshot) -> bool {
    setting(snapshot, "innodb_native_foreign_keys") == Some("ON")
}

fn is_copied(effect: &Effect, table: &ObjectId) -> bool {
    let mut operations = effect.operations.iter();
    operations.any(|operation| operation.table == *table && operation.algorithm == Algorithm::Copy)
}

/// How many foreign keys a table has after a statement: those that stand at the end and are there already, and those that it
/// brings.
pub(super) fn foreign_keys_after(catalog: &Catalog, effect: &Effect, table: &ObjectId) -> u64 {
    let is_key = |id: &ObjectId, body: &ObjectBody| match body {
        ObjectBody::Constraint(constraint) => {
            matches!(constraint.kind, ConstraintKind::ForeignKey(_)) && id.owner_table().as_ref() == Some(table)
        }
        _ => false,
    };
    let brought = effect.changes.iter().filter(|change| match change {
        Change::Created(object) => is_key(&object.id, &object.body) && catalog.get(&object.id).is_none(),
        Change::Dropped(_) | Change::Altered { .. } => false,
    });
    let standing = catalog
        .objects
        .values()
        .filter(|object| is_key(&object.id, &object.body));
    (standing.count() + brought.count()) as u64
}
