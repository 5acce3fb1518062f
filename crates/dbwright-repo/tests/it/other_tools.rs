//! pop, node-pg-migrate, graphile-migrate, tern and Liquibase, and how MySQL and MariaDB are told apart.

use std::path::PathBuf;

use dbwright_catalog::Engine;
use dbwright_repo::Overrides;
use insta::assert_snapshot;

use crate::show::{case, check, repository};

fn engine(engine: Engine) -> Overrides {
    Overrides {
        engine: Some(engine),
        ..Overrides::default()
    }
}

#[test]
fn pop_keeps_one_history_for_each_dialect_in_a_folder() {
    assert_snapshot!(check(&case("pop"), Overrides::default()));
}

#[test]
fn a_folder_that_no_code_embeds_is_set_aside() {
    let overrides = Overrides {
        migrations: Some(PathBuf::from("persistence/migrations/legacy")),
        ..Overrides::default()
    };
    assert_snapshot!(check(&case("pop"), overrides));
}

#[test]
fn pops_own_migrator_runs_each_file_in_a_transaction_and_passes_over_odd_names() {
    let root = repository(&[
        (
            "go.mod",
            "module a\nrequire github.com/gobuffalo/pop/v6 v6.1.1\nrequire github.com/go-sql-driver/mysql v1.9.0\n",
        ),
        (
            "docker-compose.yml",
            "    image: mariadb:11.4\n    environment:\n      DATABASE_URL: mysql://a\n",
        ),
        (
            "migrations/1_a.up.sql",
            "CREATE TABLE a (id int); CREATE TABLE b (id int);\n",
        ),
        ("migrations/2_b.up.fizz", "add_column(\"a\", \"b\", \"string\", {})\n"),
        ("migrations/2_b.down.fizz", "drop_column(\"a\", \"b\")\n"),
        (
            "migrations/3_c.mysql.up.sql",
            "ALTER TABLE a ADD c int /* {{ .Dialect }} {{ .Options.x }} */;\n",
        ),
        ("migrations/deeper/4_d.up.sql", "DROP TABLE {{ .Options.table }};\n"),
        ("migrations/5_e.autocommit.x.up.sql", "SELECT 1;\n"),
        ("migrations/schema.sql", "SELECT 1;\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn pop_without_ory_enforces_foreign_keys_on_sqlite() {
    let root = repository(&[
        (
            "go.mod",
            "module a\nrequire github.com/gobuffalo/pop/v6 v6.1.1\nrequire github.com/mattn/go-sqlite3 v1.14.0\n",
        ),
        (
            "migrations/1_a.up.sql",
            "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);\n",
        ),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn the_migrations_of_orys_library_run_with_those_of_the_project() {
    let root = repository(&[
        (
            "go.mod",
            "module a\nreplace (\n\tgithub.com/ory/x => ./oryx\n)\nrequire github.com/ory/pop/v6 v6.4.1\n",
        ),
        ("driver.go", "var all = fsx.Merge(Migrations, networkx.Migrations)\n"),
        (
            "sql/20_a.postgres.up.sql",
            "CREATE TABLE a (nid UUID REFERENCES networks (id));\n",
        ),
        ("sql/20_a.mysql.up.sql", "CREATE TABLE a (nid CHAR(36));\n"),
        ("sql/20_a.down.sql", "DROP TABLE a;\n"),
        (
            "src/20_a/20_a.postgres.up.sql",
            "CREATE TABLE a (nid UUID REFERENCES networks (id));\n",
        ),
        ("src/20_a/20_a.mysql.up.sql", "CREATE TABLE a (nid CHAR(36));\n"),
        (
            "oryx/networkx/migrations/sql/10_networks.postgres.up.sql",
            "CREATE TABLE networks (id UUID PRIMARY KEY);\n",
        ),
        (
            "oryx/networkx/migrations/sql/10_networks.postgres.down.sql",
            "DROP TABLE networks;\n",
        ),
        (
            "oryx/networkx/migrations/sql/10_networks.mysql.up.sql",
            "CREATE TABLE networks (id CHAR(36));\n",
        ),
        (
            "oryx/networkx/migrations/sql/10_networks.mysql.down.sql",
            "DROP TABLE networks;\n",
        ),
    ]);
    assert_snapshot!(check(root.path(), engine(Engine::Postgres)));
}

#[test]
fn options_of_pop_have_the_defaults_of_the_settings() {
    let root = repository(&[
        (
            "go.mod",
            "module a\nrequire github.com/gobuffalo/pop/v6 v6.1.1\nrequire github.com/lib/pq v1.10.0\n",
        ),
        (
            "conf/conf.go",
            "type Database struct {\n\tNamespace string `envconfig:\"DB_NAMESPACE\" default:\"auth\"`\n}\n",
        ),
        (
            "migrations/1_a.up.sql",
            "CREATE TABLE {{ index .Options \"Namespace\" }}.a (id serial);\nCREATE TABLE {{ .Options.Other }}.b (id serial);\n",
        ),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn node_pg_migrate_orders_by_time_and_parts_files_at_its_comments() {
    assert_snapshot!(check(&case("node-pg-migrate"), Overrides::default()));
}

#[test]
fn node_pg_migrate_reads_pairs_and_refuses_halves() {
    let root = repository(&[
        (
            "package.json",
            "{ \"scripts\": { \"migrate\": \"node-pg-migrate --no-single-transaction\" },\n\"dependencies\": {\n\"node-pg-migrate\": \"8\"\n} }\n",
        ),
        ("migrations/001_a.up.sql", "CREATE TABLE a (id int);\n"),
        ("migrations/001_a.down.sql", "DROP TABLE a;\n"),
        ("migrations/002_b.down.sql", "DROP TABLE b;\n"),
        ("migrations/003_c.up.sql", "CREATE TABLE c (id int);\n"),
        ("migrations/003_c.sql", "CREATE TABLE c (id int);\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn graphile_migrate_checks_its_chain_and_puts_placeholders_in() {
    assert_snapshot!(check(&case("graphile-migrate"), Overrides::default()));
}

#[test]
fn graphile_migrate_runs_the_files_of_the_folder_current_by_number() {
    let root = repository(&[
        (
            ".gmrc.js",
            "module.exports = {\n  connectionString: process.env.DATABASE_URL,\n  placeholders: { ':A_B': 'b' },\n  databaseOwner: 'owner',\n};\n",
        ),
        ("db/current/10-b.sql", "grant :A_B to :DATABASE_OWNER;\n"),
        ("db/current/2-a.sql", "--! no-transaction\nselect 1;\n"),
        ("db/current/02.sql", "select 2;\n"),
        ("db/current/x.sql", "select 3;\n"),
        ("db/current/3-empty.sql", "-- nothing\n"),
        ("db/current.sql", "select 4;\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn tern_renders_templates_and_refuses_gaps() {
    assert_snapshot!(check(&case("tern"), Overrides::default()));
}

#[test]
fn liquibase_runs_changesets_in_the_order_of_its_changelogs() {
    assert_snapshot!(check(&case("liquibase"), Overrides::default()));
}

#[test]
fn liquibase_without_a_changelog_reads_formatted_files_by_name() {
    let root = repository(&[
        (
            "sql/b.sql",
            "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE b (id int);\n",
        ),
        (
            "sql/a.sql",
            "-- LIQUIBASE FORMATTED SQL\n-- changeset a:1 dbms:postgresql\nCREATE TABLE a (id int);\n--changeset a:2 dbms:mysql\nCREATE TABLE a (id int) ENGINE=InnoDB;\n--changeset a:3 dbms:!mysql\nCREATE TABLE c (id int);\n",
        ),
        ("sql/notes.sql", "SELECT 1;\n"),
    ]);
    assert_snapshot!(check(root.path(), engine(Engine::MySql)));
}

#[test]
fn a_changelog_without_sql_is_named_as_not_read() {
    let root = repository(&[(
        "db/changelog/db.changelog-master.xml",
        "<databaseChangeLog><changeSet id=\"1\" author=\"a\"/></databaseChangeLog>\n",
    )]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn a_mysql_folder_means_mysql_unless_the_servers_that_count_most_are_mariadb() {
    let migrations = ("db/mysql/migrations/1_a.sql", "CREATE TABLE `a` (`id` int);\n");
    let found = |name: &str, files: &[(&str, &str)]| {
        let files: Vec<(&str, &str)> = [migrations].into_iter().chain(files.iter().copied()).collect();
        assert_snapshot!(name, check(repository(&files).path(), Overrides::default()));
    };
    found("nothing else", &[]);
    found(
        "an image",
        &[("compose.yml", "image: mariadb:10.11\nDATABASE_URL: mysql://a\n")],
    );
    found(
        "both images",
        &[("compose.yml", "image: mariadb:10.11\nimage: mysql:9\n")],
    );
    found(
        "production before tests",
        &[
            ("compose.yml", "image: mariadb:10.11\n"),
            (".github/workflows/ci.yml", "image: mysql:9\nimage: mariadb:11\n"),
        ],
    );
    found("a scheme", &[(".env", "DATABASE_URL=mariadb://a:secret@b/c\n")]);
    found(
        "a driver",
        &[("pom.xml", "<artifactId>mariadb-java-client</artifactId>\n")],
    );
}

#[test]
fn names_in_backticks_are_not_postgresql() {
    let root = repository(&[
        (
            "migrations/1_a.sql",
            "CREATE TABLE `a` (id int);\nINSERT INTO a VALUES (\"a jsonb\");\n",
        ),
        (
            "package.json",
            "{\"dependencies\": {\n\"pg\": \"8\",\n\"better-sqlite3\": \"12\"\n}}\n",
        ),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn a_folder_taken_for_mysql_is_mariadbs_when_somebody_says_so() {
    let root = repository(&[(
        "migrations/1_a.sql",
        "CREATE TABLE a (id int AUTO_INCREMENT PRIMARY KEY);\n",
    )]);
    let engine = |engine: Option<Engine>| {
        let overrides = Overrides {
            engine,
            ..Overrides::default()
        };
        check(root.path(), overrides)
    };
    assert!(engine(None).contains("for mysql"), "{}", engine(None));
    let named = engine(Some(Engine::MariaDb));
    assert!(named.contains("history of numbered in migrations, MariaDB"), "{named}");
}
