//! The schema of a snapshot, built on a scratch server.

use dbwright_catalog::{History, Migration, ObjectKind, RunMode, SideKind, Snapshot};
use dbwright_live::scratch::Scratch;

use super::side::{self, Side};
use super::{Incomplete, apply};
use crate::EngineerError;

/// What speaks of roles, as a snapshot names its statements, and the kind of object that it makes.
const OF_ROLES: [(&str, ObjectKind); 4] = [
    ("owner ", ObjectKind::Owner),
    ("grant ", ObjectKind::Grant),
    ("default privilege ", ObjectKind::DefaultPrivilege),
    ("membership ", ObjectKind::Membership),
];

/// Builds it. A role of production may be one that nobody may act as here (its superuser): whatever is said of roles is then
/// left out, which is told, and the other side is not held against it.
pub(super) async fn build(
    shown: String,
    snapshot: &Snapshot,
    scratch: &Scratch,
    incomplete: Incomplete,
) -> Result<Side, EngineerError> {
    let whole = history(&shown, snapshot, scratch, &|_| true);
    let replayed = scratch.replay(&whole, &mut |_| {}).await?;
    let failed = apply::not_run(&whole, &replayed);
    let of_roles: Vec<_> = failed
        .iter()
        .filter_map(|failure| {
            let object = failure.place.strip_prefix(&format!("{shown}: "))?;
            Some((kind_of_role(object)?, failure))
        })
        .collect();
    let is_left_out = |kind: ObjectKind| of_roles.iter().any(|(found, _)| *found == kind);
    let history = history(&shown, snapshot, scratch, &|object| {
        kind_of_role(object).is_none_or(|kind| !is_left_out(kind))
    });
    let mut built = side::build(shown, SideKind::Snapshot, history, scratch, incomplete).await?;
    built.catalog.objects.retain(|id, _| !is_left_out(id.kind));
    let about = &mut built.about;
    about.notes.push(format!(
        "{} was taken on {} from {}.",
        about.shown, snapshot.taken_at, snapshot.server
    ));
    if let Some((_, first)) = of_roles.first() {
        about.notes.push(format!(
            "What {} says of owners or rights can't be given here and is left out ({}: {}).",
            about.shown, first.place, first.why
        ));
    }
    Ok(built)
}

fn kind_of_role(object: &str) -> Option<ObjectKind> {
    let known = OF_ROLES.iter().find(|(name, _)| object.starts_with(name));
    known.map(|(_, kind)| *kind)
}

/// The statements as a migration each, which bears the name of the object.
fn history(shown: &str, snapshot: &Snapshot, scratch: &Scratch, is_wanted: &dyn Fn(&str) -> bool) -> History {
    let wanted = snapshot.schema.iter().filter(|statement| is_wanted(&statement.object));
    let migrations = wanted.map(|statement| {
        let name = format!("{shown}: {}", statement.object);
        let mut migration: Migration = apply::migration(&name, [statement.sql.as_str()], RunMode::EachStatement);
        for statement in &mut migration.statements {
            statement.line = 0;
        }
        migration
    });
    apply::history(scratch.server(), migrations.collect())
}
