//! New migrations: what is written is read back by the reader of the same tool, behind what was there, and runs as it has to.

use std::fs;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, History, RunMode, Tool};
use dbwright_repo::{
    Config, Desired, DraftPart, DraftStatement, Overrides, detect, draft, files_at, read_history, select,
};

use crate::show::repository;

/// Noon of the last day of January 2026.
const NOW: u64 = 1_769_860_800;

fn part(transaction: bool, statements: &[&str]) -> DraftPart {
    DraftPart {
        purpose: "Make it so.".to_owned(),
        transaction,
        statements: statements
            .iter()
            .map(|sql| DraftStatement {
                sql: (*sql).to_owned(),
                comments: vec!["Why it is done this way.".to_owned()],
            })
            .collect(),
    }
}

/// Two statements in a transaction, two that refuse one.
fn parts() -> Vec<DraftPart> {
    vec![
        part(true, &["CREATE TABLE n (id int)", "ALTER TABLE a ADD n int"]),
        part(
            false,
            &[
                "CREATE INDEX CONCURRENTLY n_id ON n (id)",
                "CREATE INDEX CONCURRENTLY a_n ON a (n)",
            ],
        ),
    ]
}

fn read(root: &Path, tool: Tool) -> History {
    let config = Config::default().with(Overrides {
        engine: Some(Engine::Postgres),
        tool: Some(tool),
        migrations: Some(PathBuf::from("migrations")),
        ..Overrides::default()
    });
    let detection = detect(root, &config).unwrap();
    let selected = select(&detection, &config).unwrap();
    read_history(root, &selected.selections[0], &config).unwrap()
}

/// Writes a draft and reads the folder again: the new migrations, as run mode and statements.
fn written(tool: Tool, first: (&str, &str), parts: &[DraftPart]) -> (Vec<String>, Vec<(RunMode, Vec<String>)>) {
    let root = repository(&[first]);
    let before = read(root.path(), tool);
    let down = [part(true, &["DROP TABLE n"])];
    let files = draft(root.path(), &before, "Add n", parts, &down, NOW).unwrap().files;
    for file in &files {
        let path = root.path().join(&file.path);
        assert_eq!(path.exists(), file.replaces, "{}", file.path.display());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
    let after = read(root.path(), tool);
    assert!(after.findings.is_empty(), "{tool}: {:?}", after.findings);
    assert_eq!(
        after.migrations[..before.migrations.len()],
        before.migrations[..],
        "{tool}"
    );
    let new = after.migrations[before.migrations.len()..].iter().map(|migration| {
        let statements = migration.statements.iter().map(|statement| statement.text.clone());
        (migration.run_mode, statements.collect())
    });
    let names = files.iter().map(|file| file.path.display().to_string());
    (names.collect(), new.collect())
}

const TABLE: &str = "CREATE TABLE a (id int);\n";

fn statements(of: &[(RunMode, Vec<String>)]) -> Vec<&str> {
    of.iter()
        .flat_map(|(_, statements)| statements)
        .map(String::as_str)
        .collect()
}

const ALL: [&str; 4] = [
    "CREATE TABLE n (id int)",
    "ALTER TABLE a ADD n int",
    "CREATE INDEX CONCURRENTLY n_id ON n (id)",
    "CREATE INDEX CONCURRENTLY a_n ON a (n)",
];

#[test]
fn tools_that_send_a_file_as_one_query_get_a_file_for_each_statement_outside_transactions() {
    for (tool, first, names) in [
        (
            Tool::Sqlx,
            ("migrations/20240101000000_a.sql", TABLE),
            [
                "migrations/20260131120000_add_n_1.sql",
                "migrations/20260131120001_add_n_2.sql",
                "migrations/20260131120002_add_n_3.sql",
            ]
            .as_slice(),
        ),
        (
            Tool::GolangMigrate,
            ("migrations/000007_a.up.sql", TABLE),
            &[
                "migrations/000008_add_n_1.up.sql",
                "migrations/000008_add_n_1.down.sql",
                "migrations/000009_add_n_2.up.sql",
                "migrations/000009_add_n_2.down.sql",
                "migrations/000010_add_n_3.up.sql",
                "migrations/000010_add_n_3.down.sql",
            ],
        ),
        (
            Tool::Prisma,
            ("migrations/20240101000000_a/migration.sql", TABLE),
            &[
                "migrations/20260131120000_add_n_1/migration.sql",
                "migrations/20260131120001_add_n_2/migration.sql",
                "migrations/20260131120002_add_n_3/migration.sql",
            ],
        ),
        (
            Tool::Dbmate,
            (
                "migrations/20240101000000_a.sql",
                "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\n",
            ),
            &[
                "migrations/20260131120000_add_n_1.sql",
                "migrations/20260131120001_add_n_2.sql",
                "migrations/20260131120002_add_n_3.sql",
            ],
        ),
    ] {
        let (files, new) = written(tool, first, &parts());
        assert_eq!(files, names, "{tool}");
        assert_eq!(statements(&new), ALL, "{tool}");
        let alone = |mode: &RunMode| *mode != RunMode::Transaction;
        assert!(
            new[1..]
                .iter()
                .all(|(mode, statements)| alone(mode) && statements.len() == 1),
            "{tool}: {new:?}"
        );
    }
}

#[test]
fn diesel_is_told_in_metadata_and_writes_its_versions_with_dashes() {
    let (files, new) = written(Tool::Diesel, ("migrations/2024-01-01-000000_a/up.sql", TABLE), &parts());
    assert!(
        files.contains(&"migrations/2026-01-31-120001_add_n_2/metadata.toml".to_owned()),
        "{files:?}"
    );
    assert_eq!(statements(&new), ALL);
    assert_eq!(new[0].0, RunMode::Transaction);
    assert_eq!(new[1].0, RunMode::SimpleQuery);
}

#[test]
fn tools_that_run_statement_by_statement_get_one_file_outside_transactions() {
    for (tool, first) in [
        (
            Tool::Goose,
            ("migrations/00001_a.sql", "-- +goose Up\nCREATE TABLE a (id int);\n"),
        ),
        (
            Tool::SqlMigrate,
            (
                "migrations/20240101000000_a.sql",
                "-- +migrate Up\nCREATE TABLE a (id int);\n",
            ),
        ),
        (Tool::Flyway, ("migrations/V1__a.sql", TABLE)),
    ] {
        let (files, new) = written(tool, first, &parts());
        assert_eq!(statements(&new), ALL, "{tool}: {files:?}");
        assert_eq!(new.len(), 2, "{tool}");
        assert_eq!(new[1].0, RunMode::EachStatement, "{tool}");
    }
}

/// A run mode with the statements that are run in it.
type InMode = (RunMode, Vec<String>);

/// Writes a draft into a repository of several files, and hands back what is new: names of files, notes, and what the tool's
/// reader makes of the migrations.
fn written_beside(
    tool: Tool,
    migrations: &str,
    before: &[(&str, &str)],
    parts: &[DraftPart],
) -> (Vec<String>, Vec<String>, Vec<InMode>) {
    let root = repository(before);
    let read = || {
        let config = Config::default().with(Overrides {
            engine: Some(Engine::Postgres),
            tool: Some(tool),
            migrations: Some(PathBuf::from(migrations)),
            ..Overrides::default()
        });
        let detection = detect(root.path(), &config).unwrap();
        let selected = select(&detection, &config).unwrap();
        read_history(root.path(), &selected.selections[0], &config).unwrap()
    };
    let before = read();
    let down = [part(true, &["DROP TABLE n"])];
    let draft = draft(root.path(), &before, "Add n", parts, &down, NOW).unwrap();
    for file in &draft.files {
        let path = root.path().join(&file.path);
        assert_eq!(path.exists(), file.replaces, "{tool}: {}", file.path.display());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
    let after = read();
    assert!(after.findings.is_empty(), "{tool}: {:?}", after.findings);
    let old: Vec<&str> = before
        .migrations
        .iter()
        .map(|migration| migration.name.as_str())
        .collect();
    let kept: Vec<&str> = after
        .migrations
        .iter()
        .map(|migration| migration.name.as_str())
        .collect();
    assert_eq!(kept[..old.len()], old, "{tool}");
    let new = after.migrations[old.len()..].iter().map(|migration| {
        let statements = migration.statements.iter();
        let texts = statements.map(|statement| statement.text.trim_end_matches(';').to_owned());
        (migration.run_mode, texts.collect())
    });
    let names = draft.files.iter().map(|file| file.path.display().to_string());
    (names.collect(), draft.notes, new.collect())
}

const BODY: &str = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n  PERFORM 1;\n  PERFORM 2;\nEND $$";

#[test]
fn supabase_gets_a_file_for_each_statement_outside_transactions() {
    let first = ("supabase/migrations/20240101000000_a.sql", TABLE);
    let (files, _, new) = written_beside(Tool::Supabase, "supabase/migrations", &[first], &parts());
    assert_eq!(
        files,
        [
            "supabase/migrations/20260131120000_add_n_1.sql",
            "supabase/migrations/20260131120001_add_n_2.sql",
            "supabase/migrations/20260131120002_add_n_3.sql",
        ]
    );
    assert_eq!(statements(&new), ALL);
    assert_eq!(new[1].0, RunMode::EachStatement);
}

#[test]
fn tern_gets_the_next_number_both_ways_and_a_mark_outside_transactions() {
    let first = (
        "migrations/001_a.sql",
        "CREATE TABLE a (id int);\n\n---- create above / drop below ----\n\nDROP TABLE a;\n",
    );
    let (files, _, new) = written_beside(Tool::Tern, "migrations", &[first], &parts());
    assert_eq!(files, ["migrations/002_add_n_1.sql", "migrations/003_add_n_2.sql"]);
    assert_eq!(statements(&new), ALL);
    assert_eq!(
        new.iter().map(|(mode, _)| *mode).collect::<Vec<_>>(),
        [RunMode::Transaction, RunMode::EachStatement]
    );
    let root = repository(&[first]);
    let template = [part(true, &["COMMENT ON TABLE a IS '{{ x }}'"])];
    let error = draft(root.path(), &read(root.path(), Tool::Tern), "n", &template, &[], NOW).unwrap_err();
    assert!(
        error.problem.contains("tern takes {{ for the beginning of a template"),
        "{error}"
    );
}

#[test]
fn atlas_gets_directives_and_new_checksums() {
    let before = [
        ("migrations/20240101000000_a.sql", TABLE),
        (
            "migrations/atlas.sum",
            "h1:Bgz6VkBTXdx3lZCQ48yAjMVtJP30YS0AY0s+UhzhtxE=\n20240101000000_a.sql h1:vnjepTRgNyxUIqLQW5AERyOdkApBX8Oww4FcIJoejAs=\n",
        ),
    ];
    let mut all = parts();
    all[0].statements.push(part(true, &[BODY]).statements.remove(0));
    let (files, _, new) = written_beside(Tool::Atlas, "migrations", &before, &all);
    assert_eq!(
        files,
        [
            "migrations/20260131120000_add_n_1.sql",
            "migrations/20260131120001_add_n_2.sql",
            "migrations/atlas.sum"
        ]
    );
    assert_eq!(new[0].1, [ALL[0], ALL[1], BODY]);
    assert_eq!(new[1].1, ALL[2..]);
    assert_eq!(new[1].0, RunMode::EachStatement);
}

#[test]
fn liquibase_gets_changesets_behind_the_last_one_or_a_file_where_all_of_a_folder_are_taken() {
    let formatted = "--liquibase formatted sql\n--changeset me:1\nCREATE TABLE a (id int);\n";
    let mut all = parts();
    all.push(part(true, &[BODY]));
    let named =
        "databaseChangeLog:\n  - include:\n      file: changes/001-a.sql\n      relativeToChangelogFile: true\n";
    let taken = "databaseChangeLog:\n  - includeAll:\n      path: changes\n      relativeToChangelogFile: true\n";
    for (changelog, expected) in [(named, "db/changes/001-a.sql"), (taken, "db/changes/002-add_n.sql")] {
        let before = [("db/changes/001-a.sql", formatted), ("db/changelog.yaml", changelog)];
        let (files, _, new) = written_beside(Tool::Liquibase, "db", &before, &all);
        assert_eq!(files, [expected]);
        assert_eq!(statements(&new), [ALL.as_slice(), &[BODY]].concat());
        let modes: Vec<RunMode> = new.iter().map(|(mode, _)| *mode).collect();
        assert_eq!(
            modes,
            [RunMode::Transaction, RunMode::EachStatement, RunMode::Transaction]
        );
    }
}

#[test]
fn node_pg_migrate_gets_one_file_or_a_pair() {
    let one = (
        "migrations/1577836800000_a.sql",
        "-- Up Migration\nCREATE TABLE a (id int);\n-- Down Migration\n",
    );
    let (files, _, new) = written_beside(Tool::NodePgMigrate, "migrations", &[one], &parts()[..1]);
    assert_eq!(files, ["migrations/1769860800000_add_n.sql"]);
    assert_eq!(statements(&new), ALL[..2]);
    let pair = [
        ("migrations/1577836800000_a.up.sql", TABLE),
        ("migrations/1577836800000_a.down.sql", "DROP TABLE a;\n"),
        ("package.json", "{\"dependencies\": {\"node-pg-migrate\": \"^7\"}}"),
    ];
    let (files, _, new) = written_beside(Tool::NodePgMigrate, "migrations", &pair, &parts()[..1]);
    assert_eq!(
        files,
        [
            "migrations/1769860800000_add_n.up.sql",
            "migrations/1769860800000_add_n.down.sql"
        ]
    );
    assert_eq!(statements(&new), ALL[..2]);
    let root = repository(&[one]);
    let error = draft(
        root.path(),
        &read(root.path(), Tool::NodePgMigrate),
        "n",
        &parts(),
        &[],
        NOW,
    )
    .unwrap_err();
    assert!(
        error.problem.contains("puts a transaction around its SQL files"),
        "{error}"
    );
}

#[test]
fn graphile_migrate_gets_committed_files_in_the_chain_of_hashes() {
    // The hash is the SHA-1 of the one line.
    let first = (
        "migrations/committed/000001.sql",
        "--! Previous: -\n--! Hash: sha1:4f45642ec931df92e13364b7a3d95eb876d756b7\n\nCREATE TABLE a (id int);\n",
    );
    let (files, _, new) = written_beside(Tool::GraphileMigrate, "migrations", &[first], &parts());
    assert_eq!(
        files,
        [
            "migrations/committed/000002-add-n-1.sql",
            "migrations/committed/000003-add-n-2.sql",
            "migrations/committed/000004-add-n-3.sql"
        ]
    );
    assert_eq!(statements(&new), ALL);
    assert_eq!(new[1].0, RunMode::SimpleQuery);
}

#[test]
fn pop_gets_both_ways_and_the_dialect_where_files_have_one() {
    let plain = [
        ("migrations/20240101000000_a.up.sql", TABLE),
        ("migrations/20240101000000_a.down.sql", "DROP TABLE a;\n"),
        ("go.mod", "module x\n\nrequire github.com/gobuffalo/pop/v6 v6.1.1\n"),
    ];
    let (files, notes, new) = written_beside(Tool::Pop, "migrations", &plain, &parts()[..1]);
    assert_eq!(
        files,
        [
            "migrations/20260131120000_add_n.up.sql",
            "migrations/20260131120000_add_n.down.sql"
        ]
    );
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(statements(&new), ALL[..2]);
    let ory = [
        ("migrations/20240101000001000000_a.postgres.up.sql", TABLE),
        ("migrations/20240101000001000000_a.postgres.down.sql", "DROP TABLE a;\n"),
        (
            "migrations/20240102000001000000_b.postgres.autocommit.up.sql",
            "CREATE INDEX CONCURRENTLY a_id ON a (id);\n",
        ),
        (
            "migrations/20240102000001000000_b.postgres.autocommit.down.sql",
            "DROP INDEX a_id;\n",
        ),
        (
            "go.mod",
            "module x\n\nrequire github.com/ory/pop/v6 v6.2.0\nrequire github.com/ory/x v0.0.600\n",
        ),
    ];
    let (files, notes, new) = written_beside(Tool::Pop, "migrations", &ory, &parts());
    assert_eq!(
        files[2],
        "migrations/20260131120001000000_add_n_2.postgres.autocommit.up.sql"
    );
    assert_eq!(files.len(), 6);
    assert!(notes[0].contains("these are for PostgreSQL only"), "{notes:?}");
    assert_eq!(statements(&new), ALL);
}

#[test]
fn bodies_with_semicolons_stay_whole() {
    let body = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n  PERFORM 1;\n  PERFORM 2;\nEND $$";
    let parts = [part(true, &[body])];
    for (tool, first) in [
        (
            Tool::Goose,
            ("migrations/1_a.sql", "-- +goose Up\nCREATE TABLE a (id int);\n"),
        ),
        (
            Tool::SqlMigrate,
            ("migrations/1_a.sql", "-- +migrate Up\nCREATE TABLE a (id int);\n"),
        ),
        (Tool::Sqlx, ("migrations/1_a.sql", TABLE)),
    ] {
        let (_, new) = written(tool, first, &parts);
        let found: Vec<String> = statements(&new)
            .iter()
            .map(|text| text.trim_end_matches(';').to_owned())
            .collect();
        assert_eq!(found, [body], "{tool}");
    }
}

#[test]
fn the_chain_of_drizzles_snapshots_stays_whole_and_what_is_left_to_do_is_said() {
    let journal = "{\"version\":\"7\",\"dialect\":\"postgresql\",\"entries\":[{\"idx\":0,\"version\":\"7\",\"when\":1700000000000,\"tag\":\"0000_a\",\"breakpoints\":true}]}";
    let snapshot = "{\"id\":\"0a\",\"prevId\":\"00000000-0000-0000-0000-000000000000\",\"version\":\"7\",\"dialect\":\"postgresql\",\"tables\":{\"public.a\":{}}}";
    let root = repository(&[
        ("migrations/0000_a.sql", TABLE),
        ("migrations/meta/_journal.json", journal),
        ("migrations/meta/0000_snapshot.json", snapshot),
    ]);
    let history = read(root.path(), Tool::Drizzle);
    let draft = draft(root.path(), &history, "n", &parts()[..1], &[], NOW).unwrap();
    let new = draft
        .files
        .iter()
        .find(|file| file.path.ends_with("meta/0001_snapshot.json"))
        .unwrap();
    assert!(!new.replaces);
    let new: serde_json::Value = serde_json::from_str(&new.text).unwrap();
    assert_eq!(new["prevId"], "0a");
    assert_eq!(new["id"].as_str().unwrap().len(), 36);
    assert!(new["tables"]["public.a"].is_object());
    assert!(
        draft.notes[0].contains("run `drizzle-kit generate`"),
        "{:?}",
        draft.notes
    );
    // Since 1.0 each folder has its own.
    let root = repository(&[
        ("migrations/20240101000000_a/migration.sql", TABLE),
        (
            "migrations/20240101000000_a/snapshot.json",
            "{\"id\":\"0a\",\"prevIds\":[\"00\"],\"dialect\":\"postgres\"}",
        ),
    ]);
    let history = read(root.path(), Tool::Drizzle);
    let draft = dbwright_repo::draft(root.path(), &history, "n", &parts()[..1], &[], NOW).unwrap();
    let new = draft
        .files
        .iter()
        .find(|file| file.path.ends_with("20260131120000_n/snapshot.json"))
        .unwrap();
    let new: serde_json::Value = serde_json::from_str(&new.text).unwrap();
    assert_eq!(new["prevIds"][0], "0a");
}

#[test]
fn drizzle_gets_entries_in_its_journal() {
    let root = repository(&[
        ("migrations/0000_a.sql", TABLE),
        (
            "migrations/meta/_journal.json",
            "{\"version\":\"7\",\"dialect\":\"postgresql\",\"entries\":[{\"idx\":0,\"version\":\"7\",\"when\":1700000000000,\"tag\":\"0000_a\",\"breakpoints\":true}]}",
        ),
    ]);
    let before = read(root.path(), Tool::Drizzle);
    let error = draft(root.path(), &before, "n", &parts(), &[], NOW).unwrap_err();
    assert!(
        error
            .problem
            .contains("Drizzle runs all pending migrations in one transaction"),
        "{error}"
    );
    let files = draft(root.path(), &before, "n", &parts()[..1], &[], NOW).unwrap().files;
    for file in &files {
        fs::write(root.path().join(&file.path), &file.text).unwrap();
    }
    let after = read(root.path(), Tool::Drizzle);
    assert_eq!(after.migrations.len(), 2);
    assert_eq!(after.migrations[1].name, "0001_n");
    assert_eq!(after.migrations[1].statements.len(), 2);
}

#[test]
fn what_a_tool_can_t_do_is_refused_by_name() {
    let root = repository(&[("migrations/V1__a.sql", TABLE)]);
    let history = read(root.path(), Tool::Refinery);
    let error = draft(root.path(), &history, "n", &parts(), &[], NOW).unwrap_err();
    assert!(
        error.problem.contains("refinery puts a transaction around each file"),
        "{error}"
    );
    assert!(error.problem.contains("CREATE INDEX CONCURRENTLY n_id"), "{error}");
    let files = draft(root.path(), &history, "n", &parts()[..1], &[], NOW)
        .unwrap()
        .files;
    assert_eq!(files[0].path, Path::new("migrations/V2__n.sql"));
    let error = draft(root.path(), &history, "?!", &parts(), &[], NOW).unwrap_err();
    assert!(error.problem.contains("is no name"), "{error}");
}

#[test]
fn a_folder_of_sql_is_read_in_the_order_of_its_paths() {
    let root = repository(&[
        ("schema/b/1.sql", "CREATE TABLE b (id serial);\n"),
        ("schema/a.sql", "CREATE TABLE a (id int);\n"),
        ("schema/.hidden.sql", "no"),
        ("schema/notes.txt", "no"),
    ]);
    let desired = Desired::read(&root.path().join("schema"), Path::new("schema")).unwrap();
    let paths: Vec<_> = desired.texts().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(paths, ["schema/a.sql", "schema/b/1.sql"]);
    assert_eq!(desired.engines()[0].0, Engine::Postgres);
    assert!(desired.engines()[0].1.starts_with("schema/b/1.sql:1: "));
    let history = desired.history(Engine::Postgres, None);
    assert_eq!(history.migrations[1].statements[0].text, "CREATE TABLE b (id serial)");
}

#[test]
fn the_files_of_a_commit_are_read_without_a_checkout() {
    let root = repository(&[
        ("migrations/1_a.sql", TABLE),
        ("Cargo.toml", "[package]\n"),
        ("big/x.bin", &"x".repeat(300_000)),
    ]);
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=T",
                "-c",
                "user.email=t@example.org",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(root.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "x"]);
    fs::write(root.path().join("migrations/1_a.sql"), "changed").unwrap();
    let files = files_at(root.path(), "main", Path::new("migrations")).unwrap();
    let found: Vec<(String, usize)> = files
        .iter()
        .map(|file| (file.path.display().to_string(), file.bytes.len()))
        .collect();
    assert_eq!(
        found,
        [
            ("Cargo.toml".to_owned(), 10),
            ("migrations/1_a.sql".to_owned(), TABLE.len())
        ]
    );
    let error = files_at(root.path(), "main", Path::new("nowhere"))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "there is nothing at nowhere in main");
    let error = files_at(root.path(), "nothing", Path::new("")).unwrap_err().to_string();
    assert_eq!(error, "git knows no commit called `nothing`");
}
