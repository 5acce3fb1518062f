//! Tools whose own marks a folder bears: configuration beside it, annotations, a journal, a sum.

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
fn sql_migrate_splits_by_lines_and_annotations() {
    assert_snapshot!(check(&case("sql-migrate"), Overrides::default()));
}

#[test]
fn prisma_splits_scripts_that_its_parser_reads() {
    assert_snapshot!(check(&case("prisma"), Overrides::default()));
}

#[test]
fn prisma_before_it_split_scripts_sends_them_as_one_query() {
    let root = repository(&[
        ("package.json", "{\"devDependencies\": {\"prisma\": \"6.19.0\"}}"),
        ("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"),
        ("prisma/migrations/1_a/migration.sql", "SELECT 1; SELECT 2;"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn prisma_for_an_engine_that_is_not_read_is_named() {
    let root = repository(&[
        ("prisma/migrations/migration_lock.toml", "provider = \"sqlserver\"\n"),
        ("prisma/migrations/1_a/migration.sql", "SELECT 1;"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn drizzle_follows_its_journal() {
    assert_snapshot!(check(&case("drizzle"), Overrides::default()));
}

#[test]
fn drizzle_runs_folders_by_their_names() {
    assert_snapshot!(check(&case("drizzle-folders"), Overrides::default()));
}

#[test]
fn drizzle_refuses_a_journal_with_marks_of_a_merge() {
    let root = repository(&[
        ("drizzle/meta/_journal.json", "{\n<<<<<<< HEAD\n"),
        ("drizzle/0000_a.sql", "CREATE TABLE a (id serial);"),
    ]);
    let overrides = Overrides {
        migrations: Some(PathBuf::from("drizzle")),
        ..engine(Engine::Postgres)
    };
    assert_snapshot!(check(root.path(), overrides));
}

#[test]
fn supabase_sends_a_file_as_a_pipeline_and_resets_the_session_behind_it() {
    assert_snapshot!(check(&case("supabase"), Overrides::default()));
}

#[test]
fn atlas_checks_its_sum_and_follows_directives() {
    assert_snapshot!(check(&case("atlas"), Overrides::default()));
}

#[test]
fn atlas_refuses_what_its_sum_does_not_know() {
    let sum = std::fs::read_to_string(case("atlas/migrations/atlas.sum")).unwrap();
    let read = |file: &str| std::fs::read_to_string(case("atlas/migrations").join(file)).unwrap();
    let first = read("20240101000000.sql");
    let check_with = |files: &[(&str, &str)]| {
        let mut all = vec![("atlas.hcl", "dev = \"sqlite://dev\"\n"), ("m/atlas.sum", sum.as_str())];
        all.extend(files);
        check(repository(&all).path(), Overrides::default())
    };
    assert_snapshot!("edited", check_with(&[("m/20240101000000.sql", "SELECT 1;")]));
    assert_snapshot!("removed", check_with(&[("m/20240101000000.sql", &first)]));
    assert_snapshot!(
        "added",
        check_with(&[("m/20230101000000.sql", "SELECT 1;"), ("m/20240101000000.sql", &first)])
    );
    assert_snapshot!(
        "broken",
        check(
            repository(&[
                ("m/atlas.sum", "h1:x\nno\n"),
                ("m/1.sql", "CREATE TABLE a (id serial);")
            ])
            .path(),
            Overrides::default()
        )
    );
}

#[test]
fn atlas_begins_with_a_checkpoint_where_nothing_is_before_it() {
    let root = repository(&[
        ("m/atlas.sum", "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
        ("m/1_base.sql", "-- atlas:checkpoint\n\nCREATE TABLE a (id serial);\n"),
        ("m/2_more.sql", "ALTER TABLE a ADD b int;\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn flyway_orders_by_version_and_puts_placeholders_in() {
    assert_snapshot!(check(&case("flyway"), Overrides::default()));
}

#[test]
fn flyway_reads_the_folder_of_the_engine_and_the_common_one() {
    assert_snapshot!(check(&case("flyway-vendors"), engine(Engine::MySql)));
}

#[test]
fn flyway_is_known_by_its_own_configuration_and_by_names_that_refinery_refuses() {
    let script = "CREATE TABLE a (id serial);";
    let by_configuration = [
        (
            "flyway.toml",
            "[flyway]\nlocations = [\"filesystem:sql\"]\nmixed = true\ngroup = true\n",
        ),
        ("sql/V1__a.sql", script),
    ];
    assert_snapshot!(
        "configuration",
        check(repository(&by_configuration).path(), Overrides::default())
    );
    let by_names = [("db/V1_1__a.sql", script), ("db/V2__b.sql", "SELECT 2;")];
    assert_snapshot!("names", check(repository(&by_names).path(), Overrides::default()));
}

#[test]
fn flyway_takes_byte_order_marks_away() {
    let root = repository(&[
        ("flyway.toml", "[flyway]\nurl = \"jdbc:postgresql://db/app\"\n"),
        ("db/V1__a.sql", "\u{feff}SELECT 1;"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn flyway_folders_named_in_code_are_read_together() {
    let root = repository(&[
        (
            "app/build.gradle",
            "implementation 'org.flywaydb:flyway-core'\nruntimeOnly 'org.postgresql:postgresql'\n",
        ),
        (
            "app/src/main/java/Config.java",
            "locations.add(\"classpath:db/main\");\nif (more) {\n  locations.add(\"classpath:db/more\");\n}\n",
        ),
        ("app/src/main/resources/db/main/V1__a.sql", "SELECT 1;"),
        ("app/src/main/resources/db/main/V3__c.sql", "SELECT 3;"),
        ("app/src/main/resources/db/more/V2__b.sql", "SELECT 2;"),
        ("app/src/main/resources/db/h2/V1__a.sql", "SELECT 1;"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn drizzle_does_not_send_what_only_libsql_has() {
    let root = repository(&[
        ("package.json", "{\"dependencies\": {\"@libsql/client\": \"0.15.0\"}}"),
        (
            "drizzle/meta/_journal.json",
            "{\"dialect\": \"sqlite\", \"entries\": [{\"idx\": 0, \"when\": 1, \"tag\": \"0000_a\"}]}",
        ),
        (
            "drizzle/0000_a.sql",
            "ALTER TABLE `a` ALTER COLUMN \"b\" TO \"b\" text;",
        ),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn prisma_folders_with_programs_are_named() {
    let root = repository(&[
        ("prisma/migrations/migration_lock.toml", "provider = \"mysql\"\n"),
        ("prisma/migrations/1_a/migration.sql", "SELECT 1; SELECT 2;"),
        ("prisma/migrations/2_b/migration.ts", "export const migration = {};"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}
