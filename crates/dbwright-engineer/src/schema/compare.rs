//! `schema diff`: what is different between two schemas.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Comparison, Object, ObjectBody, ObjectId, ObjectKind, SideKind};

use super::side::{Side, Sides};
use super::{SchemaPhase, SchemaSetUp, ours, side};
use crate::EngineerError;

/// Which two schemas are compared.
#[derive(Clone, Debug)]
pub struct DiffRequest {
    /// The one that it starts from.
    pub before: String,
    /// The one that it ends in.
    pub after: String,
    /// What is the same for all.
    pub set_up: SchemaSetUp,
}

/// Compares two schemas.
///
/// # Errors
///
/// When a side can't be read or built, or they are of different engines.
pub async fn diff(
    request: &DiffRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Comparison, EngineerError> {
    let (before, after) = side::open_both(&request.before, &request.after, &request.set_up, progress).await?;
    let mut sides = side::read_both(before, after, &request.set_up, progress).await?;
    let comparison = compare(&mut sides);
    if let Some(scratch) = sides.scratch {
        scratch.stop().await?;
    }
    Ok(comparison)
}

/// Takes out of both sides what is not to be compared, and compares them.
pub(super) fn compare(sides: &mut Sides) -> Comparison {
    let (ignored, not_compared) = align(sides);
    Comparison {
        before: sides.before.about.clone(),
        after: sides.after.about.clone(),
        diff: dbwright_ddl::diff(&sides.before.catalog, &sides.after.catalog),
        ignored,
        not_compared,
    }
}

/// Takes out of both sides what belongs to somebody else and what one of them does not speak of.
pub(super) fn align(sides: &mut Sides) -> (Vec<dbwright_catalog::Ignored>, Vec<String>) {
    let mut foreign = ours::foreign(&sides.before.catalog);
    foreign.extend(ours::foreign(&sides.after.catalog));
    ours::without(&mut sides.before.catalog, &foreign);
    ours::without(&mut sides.after.catalog, &foreign);
    let migrator = sides
        .scratch
        .as_ref()
        .and_then(|scratch| scratch.migrator().map(str::to_owned));
    let not_compared = unspoken(&mut sides.before, &mut sides.after, migrator.as_deref());
    (ours::told(&foreign), not_compared)
}

/// Kinds of objects that SQL files and migrations often leave to whoever runs them.
const OFTEN_LEFT_OPEN: [(ObjectKind, &str); 5] = [
    (ObjectKind::Owner, "Owners"),
    (ObjectKind::Grant, "Grants"),
    (ObjectKind::DefaultPrivilege, "Default privileges"),
    (ObjectKind::Membership, "Memberships of roles"),
    (ObjectKind::SecurityLabel, "Security labels"),
];

/// What is built on a scratch server belongs to the role that builds it, and says nothing of who owns it in production: of
/// kinds of which a built side says nothing, nothing is compared, and that is told.
fn unspoken(before: &mut Side, after: &mut Side, migrator: Option<&str>) -> Vec<String> {
    let is_built = |side: &Side| match side.about.kind {
        SideKind::Desired | SideKind::History => true,
        SideKind::Live | SideKind::Rebuilt => false,
    };
    let (built, live) = match (is_built(before), is_built(after)) {
        (true, false) => (before, after),
        (false, true) => (after, before),
        // The same role has built both, or none.
        (true, true) | (false, false) => return Vec::new(),
    };
    let mut told = Vec::new();
    by_default(&mut built.catalog, migrator);
    for (kind, name) in OFTEN_LEFT_OPEN {
        let is_spoken_of = built.catalog.objects.keys().any(|id| id.kind == kind);
        let there = |catalog: &Catalog| catalog.objects.keys().filter(|id| id.kind == kind).count();
        if is_spoken_of {
            // Those of objects of which it says nothing stay out.
            let spoken: BTreeSet<ObjectId> = built.catalog.objects.keys().filter_map(ObjectId::target).collect();
            if kind == ObjectKind::Owner {
                live.catalog
                    .objects
                    .retain(|id, _| id.kind != kind || id.target().is_some_and(|target| spoken.contains(&target)));
            }
        } else if there(&live.catalog) > 0 {
            told.push(format!(
                "{name} are not compared: {} says nothing of them.",
                built.about.shown
            ));
            live.catalog.objects.retain(|id, _| id.kind != kind);
        }
    }
    told.extend(extension_versions(&mut built.catalog, &live.catalog));
    told
}

/// Takes out what belongs to the role that built it.
fn by_default(catalog: &mut Catalog, migrator: Option<&str>) {
    let Some(migrator) = migrator else { return };
    catalog.objects.retain(|id, object| match &object.body {
        ObjectBody::Owner(owner) => owner.role != migrator,
        ObjectBody::Grant(_) => id.name() != migrator,
        ObjectBody::DefaultPrivilege(_) | ObjectBody::Membership(_) => !id.path.iter().any(|part| part == migrator),
        _ => true,
    });
}

/// Which version of an extension is installed, the server's packages say, and hardly ever a migration.
fn extension_versions(built: &mut Catalog, live: &Catalog) -> Vec<String> {
    let mut told = Vec::new();
    for (id, object) in &mut built.objects {
        let Some(Object {
            body: ObjectBody::Extension(there),
            ..
        }) = live.objects.get(id)
        else {
            continue;
        };
        if let ObjectBody::Extension(here) = &object.body
            && here.version != there.version
            && here.schema == there.schema
        {
            told.push(format!(
                "The version of the extension {} is not compared: {} in the database, {} on the scratch server.",
                id.name(),
                there.version,
                here.version
            ));
            *object = live.objects[id].clone();
        }
    }
    told
}
