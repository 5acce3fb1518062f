//! Tables and schemas in which migration tools keep what they have applied. They make them, nobody else can change them, so
//! that no comparison and no rule looks at them.

/// Names of tables in lower case, and whose they are.
const TABLES: [(&str, &str); 29] = [
    ("_sqlx_migrations", "sqlx"),
    ("_sqlx_test_databases", "sqlx"),
    ("__diesel_schema_migrations", "diesel"),
    ("refinery_schema_history", "refinery"),
    ("schema_migrations", "golang-migrate, dbmate or Rails"),
    ("schema_lock", "golang-migrate"),
    ("ar_internal_metadata", "Rails"),
    ("goose_db_version", "goose"),
    ("gorp_migrations", "sql-migrate"),
    ("flyway_schema_history", "Flyway"),
    ("_prisma_migrations", "Prisma"),
    ("__drizzle_migrations", "Drizzle"),
    ("schema_migration", "pop"),
    ("pgmigrations", "node-pg-migrate"),
    ("schema_version", "tern"),
    ("atlas_schema_revisions", "Atlas"),
    ("databasechangelog", "Liquibase"),
    ("databasechangeloglock", "Liquibase"),
    ("alembic_version", "Alembic"),
    ("django_migrations", "Django"),
    ("knex_migrations", "Knex"),
    ("knex_migrations_lock", "Knex"),
    ("__efmigrationshistory", "Entity Framework"),
    ("sequelizemeta", "Sequelize"),
    ("typeorm_metadata", "TypeORM"),
    ("seaql_migrations", "SeaORM"),
    ("doctrine_migration_versions", "Doctrine"),
    ("phinxlog", "Phinx"),
    ("d1_migrations", "Wrangler"),
];

/// Schemas that hold nothing else, and whose they are.
const SCHEMAS: [(&str, &str); 4] = [
    ("drizzle", "Drizzle"),
    ("supabase_migrations", "Supabase"),
    ("graphile_migrate", "graphile-migrate"),
    ("atlas_schema_revisions", "Atlas"),
];

/// The tool that keeps its books in a table of this name, in whatever case.
pub fn bookkeeping_table(name: &str) -> Option<&'static str> {
    let known = TABLES.iter().find(|(table, _)| table.eq_ignore_ascii_case(name));
    known.map(|(_, tool)| *tool)
}

/// The tool that keeps its books in a schema of this name.
pub fn bookkeeping_schema(name: &str) -> Option<&'static str> {
    let known = SCHEMAS.iter().find(|(schema, _)| *schema == name);
    known.map(|(_, tool)| *tool)
}
