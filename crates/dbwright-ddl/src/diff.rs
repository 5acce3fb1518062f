//! What is different between two catalogs that the same server printed.
//!
//! Nothing is normalised here and no text is compared with another spelling of it: both sides were read from the same engine
//! and major. Declared renames are carried out on a scratch server before, so that the definitions that name the renamed
//! object are the server's own.

use dbwright_catalog::{Catalog, Change, Column, Diff, Engine, Object, ObjectBody, ObjectKind, Opaque, changes};

/// The difference from one catalog to another. Renames and questions are none of its business.
pub fn diff(before: &Catalog, after: &Catalog) -> Diff {
    let mut diff = Diff::default();
    for change in changes(before, after) {
        match change {
            Change::Altered { before: was, after: is } if same(before.server.engine, &was, &is) => {}
            Change::Altered { before: was, after: is } if is_opaque(before.server.engine, &was, &is) => {
                diff.opaque.push(Opaque { before: was, after: is });
            }
            change => diff.changes.push(change),
        }
    }
    diff
}

/// Whether two objects with the same id are the same. Where a column stands among the others is no difference on
/// PostgreSQL, because no statement can change it; nor is the order of the columns of statistics, which are printed in the
/// order that they have in the table.
pub fn same(engine: Engine, before: &Object, after: &Object) -> bool {
    match (engine, &before.body, &after.body) {
        (Engine::Postgres, ObjectBody::Column(was), ObjectBody::Column(is)) => {
            let moved = Column {
                position: is.position,
                ..was.clone()
            };
            before.definition == after.definition && moved == *is
        }
        (Engine::Postgres, ObjectBody::Statistics(was), ObjectBody::Statistics(is)) => {
            was == is && fragments(&before.definition) == fragments(&after.definition)
        }
        _ => before == after,
    }
}

/// What stands between `ON` and `FROM`, in any order, and the rest.
fn fragments(definition: &str) -> (&str, Vec<&str>, &str) {
    let (head, rest) = definition.split_once(" ON ").unwrap_or((definition, ""));
    let (columns, table) = rest.rsplit_once(" FROM ").unwrap_or((rest, ""));
    let mut columns: Vec<&str> = columns.split(", ").collect();
    columns.sort_unstable();
    (head, columns, table)
}

/// Whether the definitions differ while the model sees no difference, and the definition is no statement that could simply
/// be run instead.
fn is_opaque(engine: Engine, before: &Object, after: &Object) -> bool {
    before.body == after.body && before.definition != after.definition && !is_statement(engine, before.id.kind)
}

/// Whether the definition of such objects is the statement that creates them, in the server's words, so that the model
/// need not know all that stands in it.
pub fn is_statement(engine: Engine, kind: ObjectKind) -> bool {
    match engine {
        Engine::Postgres => matches!(
            kind,
            ObjectKind::Index
                | ObjectKind::Constraint
                | ObjectKind::View
                | ObjectKind::Routine
                | ObjectKind::Trigger
                | ObjectKind::Rule
                | ObjectKind::Statistics
        ),
        Engine::MySql | Engine::MariaDb => matches!(
            kind,
            // Tables, columns, indexes and constraints are pieces of the server's `CREATE TABLE`.
            ObjectKind::Sequence
                | ObjectKind::Table
                | ObjectKind::Column
                | ObjectKind::Constraint
                | ObjectKind::Index
                | ObjectKind::View
                | ObjectKind::Routine
                | ObjectKind::Trigger
                | ObjectKind::Event
        ),
        Engine::Sqlite => matches!(
            kind,
            ObjectKind::Table | ObjectKind::Index | ObjectKind::View | ObjectKind::Trigger
        ),
    }
}
