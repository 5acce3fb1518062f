//! What in a database belongs to somebody else: the platform that runs it, and the tool that migrates it. It is left out of
//! every comparison, and that is said.
//!
//! A platform is known by the roles that own its objects, where owners could be read, else by the names of its schemas.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Ignored, ObjectBody, ObjectId, ObjectKind, bookkeeping_schema, bookkeeping_table};

/// Roles of platforms, and whose they are. What they own is theirs.
/// <https://supabase.com/docs/guides/database/postgres/roles>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html>,
/// <https://cloud.google.com/sql/docs/postgres/users>,
/// <https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-security>,
/// <https://neon.com/docs/manage/roles>
const ROLES: [(&str, &str); 21] = [
    ("supabase_admin", "Supabase"),
    ("supabase_auth_admin", "Supabase"),
    ("supabase_storage_admin", "Supabase"),
    ("supabase_functions_admin", "Supabase"),
    ("supabase_realtime_admin", "Supabase"),
    ("supabase_replication_admin", "Supabase"),
    ("supabase_etl_admin", "Supabase"),
    ("supabase_read_only_user", "Supabase"),
    ("dashboard_user", "Supabase"),
    ("pgbouncer", "Supabase"),
    ("rdsadmin", "Amazon RDS"),
    ("rds_superuser", "Amazon RDS"),
    ("rds_replication", "Amazon RDS"),
    ("rds_password", "Amazon RDS"),
    ("cloudsqladmin", "Google Cloud SQL"),
    ("cloudsqlsuperuser", "Google Cloud SQL"),
    ("cloudsqlagent", "Google Cloud SQL"),
    ("azuresu", "Azure"),
    ("azure_pg_admin", "Azure"),
    ("cloud_admin", "Neon"),
    ("neon_superuser", "Neon"),
];

/// Schemas of platforms, and whose they are, for readings without owners. `auth` and the like are ordinary names: they count
/// only where all that a platform has is there.
const SCHEMAS: [(&str, &str, &[&str]); 3] = [
    (
        "auth",
        "Supabase",
        &[
            "auth",
            "storage",
            "realtime",
            "graphql",
            "graphql_public",
            "vault",
            "extensions",
            "pgbouncer",
            "supabase_functions",
        ],
    ),
    ("neon", "Neon", &["neon", "neon_control_plane"]),
    ("heroku_ext", "Heroku", &["heroku_ext"]),
];

/// What must be there besides, so that a schema called `auth` is Supabase's.
const SUPABASE: [&str; 3] = ["auth", "storage", "realtime"];

/// Extensions that only a platform installs.
const EXTENSIONS: [(&str, &str); 8] = [
    ("rds_tools", "Amazon RDS"),
    ("google_vacuum_mgmt", "Google Cloud SQL"),
    ("azure", "Azure"),
    ("pgaadauth", "Azure"),
    ("neon", "Neon"),
    ("neon_utils", "Neon"),
    ("supabase_vault", "Supabase"),
    ("aiven_extras", "Aiven"),
];

/// Every object of somebody else, by whose it is.
pub(super) fn foreign(catalog: &Catalog) -> BTreeMap<ObjectId, String> {
    let mut found: BTreeMap<ObjectId, String> = BTreeMap::new();
    bookkeeping(catalog, &mut found);
    platforms(catalog, &mut found);
    // What belongs to something foreign is foreign, what belongs to that as well.
    loop {
        let more: Vec<(ObjectId, String)> = catalog
            .objects
            .values()
            .filter(|object| !found.contains_key(&object.id))
            .filter_map(|object| {
                let of = belongs_to(&object.id, &object.body)
                    .into_iter()
                    .find_map(|id| found.get(&id))?;
                Some((object.id.clone(), of.clone()))
            })
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The objects that it can't be told from.
fn belongs_to(id: &ObjectId, body: &ObjectBody) -> Vec<ObjectId> {
    let mut owners: Vec<ObjectId> = id.target().into_iter().chain(id.owner_table()).collect();
    match body {
        ObjectBody::Index(index) => owners.push(index.table.clone()),
        ObjectBody::Sequence(sequence) => {
            owners.extend(sequence.owned_by.as_ref().and_then(ObjectId::owner_table));
        }
        _ => {}
    }
    owners
}

fn bookkeeping(catalog: &Catalog, found: &mut BTreeMap<ObjectId, String>) {
    for (id, _) in catalog.tables() {
        if let Some(tool) = bookkeeping_table(id.name()) {
            found.insert(id.clone(), format!("bookkeeping of {tool}"));
        }
    }
    for id in catalog.objects.keys().filter(|id| !id.kind.is_satellite()) {
        // On MySQL and SQLite a table may bear such a name.
        let is_schema_of = id.kind == ObjectKind::Schema || id.path.len() > 1;
        if let (Some(tool), true) = (bookkeeping_schema(id.schema()), is_schema_of) {
            found.insert(id.clone(), format!("bookkeeping of {tool}"));
        }
    }
}

fn platforms(catalog: &Catalog, found: &mut BTreeMap<ObjectId, String>) {
    let of_role = |role: &str| {
        ROLES
            .iter()
            .find(|(known, _)| *known == role)
            .map(|(_, platform)| *platform)
    };
    let mut has_owners = false;
    for object in catalog.objects.values() {
        let id = &object.id;
        let platform = match &object.body {
            ObjectBody::Owner(owner) => {
                has_owners = true;
                if let (Some(platform), Some(target)) = (of_role(&owner.role), id.target()) {
                    // `public` and what the user has in it stay the user's, whoever owns the schema.
                    if target != ObjectId::new(ObjectKind::Schema, ["public"]) {
                        found.insert(target, platform.to_owned());
                    }
                }
                of_role(&owner.role)
            }
            ObjectBody::Grant(_) => of_role(id.name()),
            ObjectBody::DefaultPrivilege(_) | ObjectBody::Membership(_) => {
                id.path.iter().find_map(|part| of_role(part))
            }
            ObjectBody::Extension(_) => EXTENSIONS
                .iter()
                .find(|(name, _)| *name == id.name())
                .map(|(_, platform)| *platform),
            _ => None,
        };
        if let Some(platform) = platform {
            found.insert(id.clone(), platform.to_owned());
        }
    }
    if !has_owners {
        by_schemas(catalog, found);
    }
}

fn by_schemas(catalog: &Catalog, found: &mut BTreeMap<ObjectId, String>) {
    let schemas: BTreeSet<&str> = catalog
        .objects
        .keys()
        .filter(|id| id.kind == ObjectKind::Schema)
        .map(ObjectId::schema)
        .collect();
    for (mark, platform, theirs) in SCHEMAS {
        let is_there = if platform == "Supabase" {
            SUPABASE.iter().all(|schema| schemas.contains(schema))
        } else {
            schemas.contains(mark)
        };
        if is_there {
            let of_them = catalog.objects.keys().filter(|id| theirs.contains(&id.schema()));
            found.extend(of_them.map(|id| (id.clone(), platform.to_owned())));
        }
    }
}

/// Takes foreign objects out of a catalog.
pub(super) fn without(catalog: &mut Catalog, foreign: &BTreeMap<ObjectId, String>) {
    catalog.objects.retain(|id, _| !foreign.contains_key(id));
    catalog
        .dependencies
        .retain(|edge| !foreign.contains_key(&edge.dependent) && !foreign.contains_key(&edge.on));
}

/// For the report: whose they are, with those that are no part of another.
pub(super) fn told(foreign: &BTreeMap<ObjectId, String>) -> Vec<Ignored> {
    let mut by_whose: BTreeMap<&str, Vec<ObjectId>> = BTreeMap::new();
    for (id, whose) in foreign {
        let schema = ObjectId::new(ObjectKind::Schema, [id.schema()]);
        let is_part = id.kind != ObjectKind::Schema && foreign.contains_key(&schema)
            || id.kind.is_satellite()
            || id.owner_table().is_some_and(|table| foreign.contains_key(&table))
            || matches!(id.kind, ObjectKind::Index | ObjectKind::Sequence);
        let objects = by_whose.entry(whose).or_default();
        if !is_part {
            objects.push(id.clone());
        }
    }
    let told = by_whose.into_iter().filter(|(_, objects)| !objects.is_empty());
    told.map(|(why, objects)| Ignored {
        why: why.to_owned(),
        objects,
    })
    .collect()
}
