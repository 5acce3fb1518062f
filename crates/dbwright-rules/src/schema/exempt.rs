//! What rules of design and security leave alone, because it is not the user's own: objects of the server and of
//! temporary tables, tables in which migration tools keep their books, and what platforms and extensions bring along.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ObjectId, ObjectKind, bookkeeping_schema, bookkeeping_table};

use crate::context::is_private;

/// The schemas and tables of one catalog that are exempt.
pub(super) struct Exemptions {
    schemas: BTreeSet<String>,
}

/// Schemas that tools and extensions make for themselves, on any platform.
const TOOL_SCHEMAS: &[&str] = &[
    "_timescaledb_cache",
    "_timescaledb_catalog",
    "_timescaledb_config",
    "_timescaledb_internal",
    "cron",
    "graphile_worker",
    "hdb_catalog",
    "partman",
    "pgboss",
    "tiger",
    "topology",
];

/// Schemas that Supabase has in every database; elsewhere, names like `auth` are the user's own.
const SUPABASE_SCHEMAS: &[&str] = &[
    "_analytics",
    "_realtime",
    "auth",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgsodium",
    "pgsodium_masks",
    "realtime",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "vault",
];

impl Exemptions {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut schemas: BTreeSet<String> = TOOL_SCHEMAS.iter().map(|&name| name.to_owned()).collect();
        let has = |schema, table| catalog.get(&ObjectId::table(schema, table)).is_some();
        if has("auth", "users") && has("storage", "objects") {
            schemas.extend(SUPABASE_SCHEMAS.iter().map(|&name| name.to_owned()));
        }
        Exemptions { schemas }
    }

    /// Whether the object is exempt, or the table that it belongs to.
    pub(super) fn contains(&self, id: &ObjectId) -> bool {
        let of = id.target();
        let id = of.as_ref().unwrap_or(id);
        let owner = id.owner_table();
        let owner = owner.as_ref().unwrap_or(id);
        let is_book = owner.kind == ObjectKind::Table && bookkeeping_table(owner.name()).is_some();
        is_book
            || bookkeeping_schema(owner.schema()).is_some()
            || is_private(owner.schema())
            || self.schemas.contains(owner.schema())
    }
}
