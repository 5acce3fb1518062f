//! `schema diff`: what is different between two schemas.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Comparison, Engine, Object, ObjectBody, ObjectId, ObjectKind, SideKind};

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
    let mut sides = Box::pin(side::read_both(before, after, &request.set_up, progress)).await?;
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

/// What is built on a scratch server belongs to the role that builds it, and says nothing of who owns it in production.
/// What a built side does not speak of is taken to be as it is in the database, and that is told.
fn unspoken(before: &mut Side, after: &mut Side, migrator: Option<&str>) -> Vec<String> {
    let is_built = |side: &Side| match side.about.kind {
        SideKind::Desired | SideKind::History | SideKind::Snapshot => true,
        SideKind::Live | SideKind::Rebuilt => false,
    };
    let (built, live) = match (is_built(before), is_built(after)) {
        (true, false) => (before, after),
        (false, true) => (after, before),
        // The same role has built both, or none. A plan leaves out what it owns, see `without_default_owners`.
        (true, true) | (false, false) => return Vec::new(),
    };
    let mut told = Vec::new();
    by_default(&mut built.catalog, migrator);
    for (kind, name) in OFTEN_LEFT_OPEN {
        let is_spoken_of = built.catalog.objects.keys().any(|id| id.kind == kind);
        let is_there = live.catalog.objects.keys().any(|id| id.kind == kind);
        if is_there && !is_spoken_of {
            told.push(format!(
                "{name} are not compared: {} says nothing of them.",
                built.about.shown
            ));
        }
        // Where it speaks of some owners, the others are left to whoever runs it all the same.
        if is_there && (!is_spoken_of || kind == ObjectKind::Owner) {
            as_in(&mut built.catalog, &live.catalog, kind);
        }
    }
    told.extend(extension_versions(&mut built.catalog, &live.catalog));
    told.extend(defaults_of_the_database(&mut built.catalog, &live.catalog));
    told
}

/// Takes out what belongs to the role that built it.
fn by_default(catalog: &mut Catalog, migrator: Option<&str>) {
    let Some(migrator) = migrator else { return };
    let is_migrator = |role: &str| user_of(role) == migrator;
    catalog.objects.retain(|id, object| match &object.body {
        ObjectBody::Owner(owner) => !is_migrator(&owner.role),
        ObjectBody::Grant(_) => !is_migrator(id.name()),
        ObjectBody::DefaultPrivilege(_) | ObjectBody::Membership(_) => !id.path.iter().any(|part| is_migrator(part)),
        _ => true,
    });
}

/// The name of an account without its host: `app` of `` `app`@`%` ``; a role of PostgreSQL as it is.
pub(super) fn user_of(account: &str) -> &str {
    let user = account.rsplit_once('@').map_or(account, |(user, _)| user);
    user.trim_matches(['`', '\''])
}

/// Gives the built side what the live one has of a kind. What the live one does not have yet gets the owner that most of it
/// has: whoever owns the schema will run the migration.
fn as_in(built: &mut Catalog, live: &Catalog, kind: ObjectKind) {
    let of_kind = |catalog: &Catalog| -> Vec<Object> {
        let objects = catalog.objects.values().filter(|object| object.id.kind == kind);
        objects.cloned().collect()
    };
    let there = of_kind(live);
    for object in &there {
        let is_meant = object
            .id
            .target()
            .is_none_or(|target| built.objects.contains_key(&target));
        if is_meant {
            built.objects.entry(object.id.clone()).or_insert_with(|| object.clone());
        }
    }
    if kind != ObjectKind::Owner {
        return;
    }
    let kinds_with_owner: BTreeSet<ObjectKind> = there
        .iter()
        .filter_map(|object| object.id.target())
        .map(|target| target.kind)
        .collect();
    let Some(usual) = usual_owner(&there) else { return };
    let without: Vec<ObjectId> = built
        .objects
        .keys()
        .filter(|id| kinds_with_owner.contains(&id.kind) && !live.objects.contains_key(id))
        .map(|id| id.satellite(ObjectKind::Owner))
        .filter(|id| !built.objects.contains_key(id))
        .collect();
    for id in without {
        let object = Object {
            id: id.clone(),
            ..usual.clone()
        };
        built.objects.insert(id, object);
    }
}

/// An owner that owns more than any other.
fn usual_owner(owners: &[Object]) -> Option<&Object> {
    let role = |object: &Object| match &object.body {
        ObjectBody::Owner(owner) => owner.role.clone(),
        _ => String::new(),
    };
    let count = |wanted: &Object| owners.iter().filter(|object| role(object) == role(wanted)).count();
    owners.iter().max_by_key(|object| count(object))
}

/// What is built begins with the character set and collation of the live database, so that a difference is one that its SQL
/// makes. Whether new tables are encrypted is left to whoever runs the server.
fn defaults_of_the_database(built: &mut Catalog, live: &Catalog) -> Vec<String> {
    if !matches!(live.server.engine, Engine::MySql | Engine::MariaDb) {
        return Vec::new();
    }
    let mut told = Vec::new();
    for (id, there) in live.objects.iter().filter(|(id, _)| id.kind == ObjectKind::Schema) {
        let Some(here) = built.objects.get_mut(id) else {
            continue;
        };
        let (letters, rest) = defaults_of(&here.definition);
        let (_, rest_there) = defaults_of(&there.definition);
        if rest != rest_there {
            told.push("Whether new tables are encrypted is not compared.".to_owned());
            here.definition = format!("{letters}{rest_there}");
        }
    }
    told
}

/// Character set and collation in the definition of a database, and what stands behind them.
pub(super) fn defaults_of(definition: &str) -> (&str, &str) {
    let end = definition.find(" DEFAULT ENCRYPTION").unwrap_or(definition.len());
    definition.split_at(end)
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
