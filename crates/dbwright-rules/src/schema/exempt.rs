//! What rules of design and security leave alone, because it is not the user's own: objects of the server and of
//! temporary tables, tables in which migration tools keep their books, and what platforms and extensions bring along.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ObjectId, ObjectKind};

use crate::context::is_private;

/// The schemas and tables of one catalog that are exempt.
pub(super) struct Exemptions {
    schemas: BTreeSet<String>,
}

/// Tables in which tools keep what they have applied, in lower case. The tools make them, nobody can change them.
const BOOKKEEPING: &[&str] = &[
    "__diesel_schema_migrations",
    "__drizzle_migrations",
    "__efmigrationshistory",
    "_prisma_migrations",
    "_sqlx_migrations",
    "_sqlx_test_databases",
    "alembic_version",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "d1_migrations",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "doctrine_migration_versions",
    "flyway_schema_history",
    "goose_db_version",
    "gorp_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "pgmigrations",
    "phinxlog",
    "refinery_schema_history",
    "schema_lock",
    "schema_migration",
    "schema_migrations",
    "schema_version",
    "seaql_migrations",
    "sequelizemeta",
    "typeorm_metadata",
];

/// Schemas that tools and extensions make for themselves, on any platform.
const TOOL_SCHEMAS: &[&str] = &[
    "_timescaledb_cache",
    "_timescaledb_catalog",
    "_timescaledb_config",
    "_timescaledb_internal",
    "atlas_schema_revisions",
    "cron",
    "drizzle",
    "graphile_migrate",
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
        let is_book = owner.kind == ObjectKind::Table && BOOKKEEPING.contains(&owner.name().to_lowercase().as_str());
        is_book || is_private(owner.schema()) || self.schemas.contains(owner.schema())
    }
}
