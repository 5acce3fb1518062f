//! `dbwright check --fix`: files in each tool's own format, refusals, and what is left alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::{Run, commit, dbwright_in, project, write};

/// What tool it is, where the files alone do not say it.
const CARGO: &str = "[package]\nname = \"x\"\n[dependencies]\n";

/// A repository with a table on its default branch and what a branch adds to it.
struct Case {
    tool: &'static str,
    base: &'static [(&'static str, &'static str)],
    new: &'static [(&'static str, &'static str)],
    /// What there is in the folder of migrations afterwards, besides the base.
    after: &'static [(&'static str, &'static str)],
}

const TABLE: &str = "CREATE TABLE orders (id integer PRIMARY KEY, total integer);\n";

const CASES: [Case; 15] = [
    Case {
        tool: "sqlx",
        base: &[
            ("migrations/20240101000000_orders.up.sql", TABLE),
            ("migrations/20240101000000_orders.down.sql", "DROP TABLE orders;\n"),
        ],
        new: &[
            (
                "migrations/20240102235959_more.up.sql",
                "-- Of the shop.\n\nALTER TABLE orders ADD COLUMN note text;\n\n-- Found by total.\nCREATE INDEX orders_total_idx ON orders (total); -- slow\n\n-- The end.\n",
            ),
            (
                "migrations/20240102235959_more.down.sql",
                "DROP INDEX orders_total_idx;\nALTER TABLE orders DROP COLUMN note; -- gone\n",
            ),
        ],
        after: &[
            (
                "migrations/20240102235959_more.up.sql",
                "-- Of the shop.\n\nALTER TABLE orders ADD COLUMN note text;\n\n-- The end.\n",
            ),
            (
                "migrations/20240102235959_more.down.sql",
                "ALTER TABLE orders DROP COLUMN note; -- gone\n",
            ),
            (
                "migrations/20240103000000_more_2.up.sql",
                "-- no-transaction\n-- Found by total.\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
            (
                "migrations/20240103000000_more_2.down.sql",
                "DROP INDEX orders_total_idx;\n",
            ),
        ],
    },
    Case {
        tool: "diesel",
        base: &[
            ("migrations/2024-01-01-000000_orders/up.sql", TABLE),
            ("migrations/2024-01-01-000000_orders/down.sql", "DROP TABLE orders;\n"),
        ],
        new: &[
            (
                "migrations/2024-01-02-000000_total/up.sql",
                "ALTER TABLE orders ADD CONSTRAINT orders_total_key UNIQUE (total);\n",
            ),
            (
                "migrations/2024-01-02-000000_total/down.sql",
                "ALTER TABLE orders DROP CONSTRAINT orders_total_key;\n",
            ),
        ],
        after: &[
            (
                "migrations/2024-01-02-000000_total/up.sql",
                "CREATE UNIQUE INDEX CONCURRENTLY orders_total_key ON public.orders USING btree (total);\n",
            ),
            (
                "migrations/2024-01-02-000000_total/down.sql",
                "DROP INDEX CONCURRENTLY IF EXISTS public.orders_total_key;\n",
            ),
            (
                "migrations/2024-01-02-000000_total/metadata.toml",
                "run_in_transaction = false\n",
            ),
            (
                "migrations/2024-01-02-000001_total_2/up.sql",
                "ALTER TABLE public.orders ADD CONSTRAINT orders_total_key UNIQUE USING INDEX orders_total_key;\n",
            ),
            (
                "migrations/2024-01-02-000001_total_2/down.sql",
                "ALTER TABLE public.orders DROP CONSTRAINT orders_total_key;\nCREATE UNIQUE INDEX orders_total_key ON public.orders USING btree (total);\n",
            ),
        ],
    },
    Case {
        tool: "golang-migrate",
        base: &[
            ("migrations/000001_orders.up.sql", TABLE),
            ("migrations/000001_orders.down.sql", "DROP TABLE orders;\n"),
        ],
        new: &[
            (
                "migrations/000002_total.up.sql",
                "create index orders_total_idx on orders (total);\n",
            ),
            (
                "migrations/000002_total.down.sql",
                "drop index if exists orders_total_idx;\n",
            ),
        ],
        after: &[
            (
                "migrations/000002_total.up.sql",
                "CREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
            (
                "migrations/000002_total.down.sql",
                "drop index if exists orders_total_idx;\n",
            ),
        ],
    },
    Case {
        tool: "dbmate",
        base: &[(
            "db/migrations/20240101000000_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n\n-- migrate:down\nDROP TABLE orders;\n",
        )],
        new: &[(
            "db/migrations/20240102000000_more.sql",
            "-- migrate:up\nALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_total_idx ON orders (total);\n\n-- migrate:down\nDROP INDEX orders_total_idx;\nALTER TABLE orders DROP COLUMN note;\n",
        )],
        after: &[
            (
                "db/migrations/20240102000000_more.sql",
                "-- migrate:up\nALTER TABLE orders ADD COLUMN note text;\n\n-- migrate:down\nALTER TABLE orders DROP COLUMN note;\n",
            ),
            (
                "db/migrations/20240102000001_more_2.sql",
                "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n\n-- migrate:down\nDROP INDEX orders_total_idx;\n",
            ),
        ],
    },
    Case {
        tool: "goose",
        base: &[(
            "migrations/00001_orders.sql",
            "-- +goose Up\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n\n-- +goose Down\nDROP TABLE orders;\n",
        )],
        new: &[(
            "migrations/00002_total.sql",
            "-- +goose Up\n-- +goose StatementBegin\nCREATE INDEX orders_total_idx ON orders (total);\n-- +goose StatementEnd\n\n-- +goose Down\nDROP INDEX orders_total_idx;\n",
        )],
        after: &[(
            "migrations/00002_total.sql",
            "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n-- +goose StatementEnd\n\n-- +goose Down\nDROP INDEX orders_total_idx;\n",
        )],
    },
    Case {
        tool: "flyway",
        base: &[
            ("flyway.toml", "[flyway]\nlocations = [\"filesystem:sql\"]\n"),
            ("sql/V1__orders.sql", TABLE),
            ("sql/V3__later.sql", "SELECT 1;\n"),
        ],
        new: &[(
            "sql/V2__total.sql",
            "ALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_total_idx ON orders (total);\n",
        )],
        after: &[
            ("sql/V2__total.sql", "ALTER TABLE orders ADD COLUMN note text;\n"),
            (
                "sql/V2.1__total_2.sql",
                "CREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
            ("sql/V2.1__total_2.sql.conf", "executeInTransaction=false\n"),
        ],
    },
    Case {
        tool: "prisma",
        base: &[
            ("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"),
            ("prisma/migrations/20240101000000_orders/migration.sql", TABLE),
        ],
        new: &[(
            "prisma/migrations/20240102000000_more/migration.sql",
            "-- AlterTable\nALTER TABLE \"orders\" ADD COLUMN \"note\" TEXT;\n\n-- CreateIndex\nCREATE INDEX \"orders_total_idx\" ON \"orders\"(\"total\");\n",
        )],
        after: &[
            (
                "prisma/migrations/20240102000000_more/migration.sql",
                "-- AlterTable\nALTER TABLE \"orders\" ADD COLUMN \"note\" TEXT;\n\n",
            ),
            (
                "prisma/migrations/20240102000001_more_2/migration.sql",
                "-- CreateIndex\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
        ],
    },
    Case {
        tool: "numbered",
        base: &[("migrations/001-orders.sql", TABLE)],
        new: &[(
            "migrations/002-total.sql",
            "-- Total.\nALTER TABLE orders\n    ADD CONSTRAINT total_is_positive CHECK (total > 0) -- always\n;\n\nSELECT 1;\n",
        )],
        after: &[(
            "migrations/002-total.sql",
            "-- Total.\nALTER TABLE public.orders ADD CONSTRAINT total_is_positive CHECK ((total > 0)) NOT VALID;\nALTER TABLE public.orders VALIDATE CONSTRAINT total_is_positive -- always\n;\n\nSELECT 1;\n",
        )],
    },
    Case {
        tool: "sql-migrate",
        base: &[
            ("dbconfig.yml", "development:\n  dialect: postgres\n  dir: migrations\n"),
            (
                "migrations/1_orders.sql",
                "-- +migrate Up\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n",
            ),
        ],
        new: &[(
            "migrations/2_total.sql",
            "-- +migrate Up\nCREATE INDEX orders_total_idx ON orders (total);\n",
        )],
        after: &[(
            "migrations/2_total.sql",
            "-- +migrate Up notransaction\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
        )],
    },
    Case {
        tool: "tern",
        base: &[
            ("migrations/tern.conf", "[database]\n"),
            (
                "migrations/001_orders.sql",
                "CREATE TABLE orders (id integer PRIMARY KEY, total integer);\n---- create above / drop below ----\nDROP TABLE orders;\n",
            ),
        ],
        new: &[(
            "migrations/002_total.sql",
            "ALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_total_idx ON orders (total);\n---- create above / drop below ----\nDROP INDEX orders_total_idx;\nALTER TABLE orders DROP COLUMN note;\n",
        )],
        after: &[
            (
                "migrations/002_total.sql",
                "ALTER TABLE orders ADD COLUMN note text;\n---- create above / drop below ----\nALTER TABLE orders DROP COLUMN note;\n",
            ),
            (
                "migrations/003_total_2.sql",
                "---- tern: disable-tx ----\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n\n---- create above / drop below ----\n\nDROP INDEX orders_total_idx;\n",
            ),
        ],
    },
    Case {
        tool: "supabase",
        base: &[("supabase/migrations/20240101000000_orders.sql", TABLE)],
        new: &[(
            "supabase/migrations/20240102000000_total.sql",
            "ALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_total_idx ON orders (total);\n",
        )],
        after: &[
            (
                "supabase/migrations/20240102000000_total.sql",
                "ALTER TABLE orders ADD COLUMN note text;\n",
            ),
            (
                "supabase/migrations/20240102000001_total_2.sql",
                "CREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
        ],
    },
    Case {
        tool: "atlas",
        base: &[("migrations/20240101000000.sql", TABLE)],
        new: &[(
            "migrations/20240102000000_total.sql",
            "CREATE INDEX orders_total_idx ON orders (total);\n",
        )],
        after: &[
            (
                "migrations/20240102000000_total.sql",
                "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
            (
                "migrations/atlas.sum",
                "h1:KcqmL8fylGlaYNwfWgn8x25BZZek3W3Fpvg0+7jIXDU=\n20240101000000.sql h1:JiZGwMVh+cYjvG7hopKs2UoHSmReYmojILjqfVlr+c0=\n20240102000000_total.sql h1:3LkCRJBElGQWD1ITx+AqmPJdRaZZK00QmykcsiNDu7w=\n",
            ),
        ],
    },
    Case {
        tool: "liquibase",
        base: &[(
            "db/changelog.sql",
            "--liquibase formatted sql\n\n--changeset a:1\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n--rollback DROP TABLE orders;\n",
        )],
        new: &[(
            "db/changelog.sql",
            "--liquibase formatted sql\n\n--changeset a:1\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n--rollback DROP TABLE orders;\n\n--changeset a:2 labels:shop\n--comment: more\nALTER TABLE orders ADD COLUMN note text;\n-- Found by total.\nCREATE INDEX orders_total_idx ON orders (total);\n--rollback DROP INDEX orders_total_idx;\n--rollback ALTER TABLE orders DROP COLUMN note;\n\n--changeset a:3 labels:shop\nCREATE INDEX orders_note_idx ON orders (note);\n--rollback DROP INDEX orders_note_idx;\n\n--changeset a:4\nALTER TABLE orders ADD COLUMN closed boolean;\n--rollback ALTER TABLE orders DROP COLUMN closed;\n",
        )],
        after: &[(
            "db/changelog.sql",
            "--liquibase formatted sql\n\n--changeset a:1\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n--rollback DROP TABLE orders;\n\n--changeset a:2 labels:shop\n--comment: more\nALTER TABLE orders ADD COLUMN note text;\n--rollback ALTER TABLE orders DROP COLUMN note;\n\n--changeset a:2-2 labels:shop runInTransaction:false\n-- Found by total.\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n--rollback DROP INDEX orders_total_idx;\n\n--changeset a:3 labels:shop runInTransaction:false\nCREATE INDEX CONCURRENTLY orders_note_idx ON public.orders USING btree (note);\n--rollback DROP INDEX orders_note_idx;\n\n--changeset a:4\nALTER TABLE orders ADD COLUMN closed boolean;\n--rollback ALTER TABLE orders DROP COLUMN closed;\n",
        )],
    },
    Case {
        tool: "liquibase",
        base: &[
            (
                "db/changelog.xml",
                "<databaseChangeLog>\n<includeAll path=\"changes\" relativeToChangelogFile=\"true\"/>\n</databaseChangeLog>\n",
            ),
            (
                "db/changes/1.sql",
                "--liquibase formatted sql\n--changeset a:1 dbms:postgresql\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n",
            ),
        ],
        new: &[(
            "db/changes/2.sql",
            "\u{feff}--liquibase formatted sql\n--changeset \"a b\":\"total key\" dbms:postgresql\nALTER TABLE orders ADD CONSTRAINT orders_total_key UNIQUE (total)",
        )],
        after: &[(
            "db/changes/2.sql",
            "\u{feff}--liquibase formatted sql\n--changeset \"a b\":\"total key\" dbms:postgresql runInTransaction:false\nCREATE UNIQUE INDEX CONCURRENTLY orders_total_key ON public.orders USING btree (total)\n\n--changeset \"a b\":\"total key-2\" dbms:postgresql\nALTER TABLE public.orders ADD CONSTRAINT orders_total_key UNIQUE USING INDEX orders_total_key;\n",
        )],
    },
    Case {
        tool: "graphile-migrate",
        base: &[(
            "migrations/committed/000001-orders.sql",
            "--! Previous: -\n--! Hash: sha1:8c482f86ff8129589f01161f92379e745df162ba\n--! Message: orders\n\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n",
        )],
        new: &[(
            "migrations/committed/000002-more.sql",
            "--! Previous: sha1:8c482f86ff8129589f01161f92379e745df162ba\n--! Hash: sha1:57be80325d972f0511aae70ae77e1dcf98d0ef2b\n--! Message: more\n\nALTER TABLE orders ADD COLUMN note text;\n\nCREATE INDEX orders_total_idx ON orders (total);\n",
        )],
        after: &[
            (
                "migrations/committed/000002-more.sql",
                "--! Previous: sha1:8c482f86ff8129589f01161f92379e745df162ba\n--! Hash: sha1:18c3803dd95bc61267265d5a2684dedb6f02e291\n--! Message: more\n\nALTER TABLE orders ADD COLUMN note text;\n",
            ),
            (
                "migrations/committed/000003-more-2.sql",
                "--! Previous: sha1:18c3803dd95bc61267265d5a2684dedb6f02e291\n--! Hash: sha1:98410c186dbcbb2416718b7de74fd1410070f869\n--! Message: more 2\n\n--! no-transaction\nCREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);\n",
            ),
        ],
    },
];

/// A repository whose default branch has the first files, and whose working tree has the others as well.
fn branch(base: &[(&str, &str)], new: &[(&str, &str)]) -> tempfile::TempDir {
    let project = project(base);
    // Whether old rows fit a new key is nothing that another file mends.
    let settings = b"engine = \"postgres\"\n\n[rules]\nunproven-key = \"allow\"\n";
    write(project.path(), "dbwright.toml", settings);
    commit(project.path());
    for (path, text) in new {
        write(project.path(), path, text.as_bytes());
    }
    project
}

fn fix(folder: &Path, tool: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["check", "--fix", "--tool", tool];
    arguments.extend(more);
    dbwright_in(folder, &arguments)
}

/// What the working tree has and the default branch has not.
fn new_files(folder: &Path) -> BTreeMap<String, String> {
    let output = Command::new("git")
        .args(["ls-files", "--others", "--modified"])
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let paths = String::from_utf8(output.stdout).unwrap();
    let read = |path: &str| (path.to_owned(), std::fs::read_to_string(folder.join(path)).unwrap());
    paths.lines().map(read).collect()
}

fn owned(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    files.collect()
}

#[test]
fn every_tool_gets_its_files_and_what_the_rules_said_is_gone() {
    for case in &CASES {
        let project = branch(case.base, case.new);
        let run = fix(project.path(), case.tool, &[]);
        assert_eq!(run.code, Some(0), "{}: {}{}", case.tool, run.stdout, run.stderr);
        assert_eq!(
            new_files(project.path()),
            owned(case.after),
            "{}: {}",
            case.tool,
            run.stderr
        );
        let mut listed: Vec<&str> = run.stdout.lines().collect();
        listed.sort_unstable();
        let changed = case.after.iter().filter(|file| !case.new.contains(file));
        let mut changed: Vec<&str> = changed.map(|(path, _)| *path).collect();
        changed.sort_unstable();
        assert_eq!(listed, changed, "{}", case.tool);

        let again = dbwright_in(
            project.path(),
            &["check", "--tool", case.tool, "--fail-on", "note", "--format", "json"],
        );
        assert_eq!(again.code, Some(0), "{}: {}", case.tool, again.stdout);
    }
}

/// The example of sqlx.
fn sqlx() -> &'static Case {
    &CASES[0]
}

#[test]
fn a_dry_run_shows_a_diff_that_git_takes() {
    let project = branch(sqlx().base, sqlx().new);
    let run = fix(project.path(), "sqlx", &["--dry-run"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(new_files(project.path()), owned(sqlx().new));
    insta::assert_snapshot!(run.stdout);
    write(project.path(), "fix.diff", run.stdout.as_bytes());
    let applied = Command::new("git")
        .args(["apply", "fix.diff"])
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    std::fs::remove_file(project.path().join("fix.diff")).unwrap();
    assert_eq!(new_files(project.path()), owned(sqlx().after));
    let nothing = fix(project.path(), "sqlx", &[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), ""));
}

#[test]
fn json_has_the_files_and_a_check_says_that_they_can_be_had() {
    let project = branch(sqlx().base, sqlx().new);
    let run = dbwright_in(project.path(), &["check", "--tool", "sqlx", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let fixed = findings
        .iter()
        .find(|finding| finding["rule"] == "create-index-without-concurrently")
        .unwrap();
    let files = fixed["fix"]["files"].as_array().unwrap();
    let told: BTreeMap<String, String> = files
        .iter()
        .map(|file| {
            let text = |key: &str| file[key].as_str().unwrap().to_owned();
            (text("path"), text("content"))
        })
        .collect();
    assert_eq!(told, owned(sqlx().after));
    assert_eq!(files[0]["change"], "changed");
    assert_eq!(files[3]["change"], "created");
    assert!(fixed["fix"]["no_files_because"].is_null());

    let run = dbwright_in(project.path(), &["check", "--tool", "sqlx"]);
    let line = "`dbwright check --fix` writes the safe version as 4 files.";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    assert_eq!(new_files(project.path()), owned(sqlx().new), "a check writes nothing");
}

/// Runs `--fix` where nothing is to be written, and says what it told.
fn refused(tool: &str, base: &[(&str, &str)], new: &[(&str, &str)], more: &[&str]) -> String {
    let project = branch(base, new);
    let run = fix(project.path(), tool, more);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    assert_eq!(new_files(project.path()), owned(new));
    let notes: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("note: ")).collect();
    notes.join("\n")
}

const INDEX: &str = "CREATE INDEX orders_total_idx ON orders (total);\n";

#[test]
fn what_the_default_branch_has_is_left_alone() {
    let base = [
        ("migrations/1_orders.sql", TABLE),
        ("migrations/2_total.sql", INDEX),
        ("Cargo.toml", CARGO),
    ];
    let told = refused("sqlx", &base, &[], &["--all"]);
    let reason = "note: migrations/2_total.sql is not rewritten: the default branch has it already, and it may have run somewhere\nnote: there is nothing to write";
    assert_eq!(told, reason);
    // Also where it was changed since.
    let changed = [(
        "migrations/2_total.sql",
        "CREATE INDEX orders_total_idx ON orders (total, id);\n",
    )];
    assert_eq!(refused("sqlx", &base, &changed, &[]), reason);
}

#[test]
fn outside_git_nothing_is_rewritten() {
    let project = project(&[("migrations/1_orders.sql", TABLE), ("migrations/2_total.sql", INDEX)]);
    let run = dbwright_in(
        project.path(),
        &["check", "--fix", "--tool", "sqlx", "--engine", "postgres"],
    );
    let told =
        "note: migrations/2_total.sql is not rewritten: outside git nothing says which migrations may have run\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
}

#[test]
fn tools_without_a_way_out_of_their_transaction_get_no_files() {
    let base = [
        ("drizzle/0000_orders.sql", TABLE),
        (
            "drizzle/meta/_journal.json",
            r#"{"version":"7","dialect":"postgresql","entries":[{"idx":0,"version":"7","when":1,"tag":"0000_orders","breakpoints":true},{"idx":1,"version":"7","when":2,"tag":"0001_total","breakpoints":true}]}"#,
        ),
    ];
    let new = [("drizzle/0001_total.sql", INDEX)];
    assert_eq!(
        refused("drizzle", &base, &new, &[]),
        "note: drizzle/0001_total.sql is not rewritten: Drizzle runs all pending migrations in one transaction\nnote: there is nothing to write"
    );
    let base = [("migrations/V1__orders.sql", TABLE), ("Cargo.toml", CARGO)];
    let new = [("migrations/V2__total.sql", INDEX)];
    let told = refused("refinery", &base, &new, &[]);
    assert!(
        told.starts_with(
            "note: migrations/V2__total.sql is not rewritten: refinery puts a transaction around each file"
        ),
        "{told}"
    );
    let base = [(
        "migrations/1577836800000_orders.sql",
        "-- Up Migration\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n-- Down Migration\nDROP TABLE orders;\n",
    )];
    let new = [(
        "migrations/1577923200000_total.sql",
        "-- Up Migration\nCREATE INDEX orders_total_idx ON orders (total);\n-- Down Migration\nDROP INDEX orders_total_idx;\n",
    )];
    assert_eq!(
        refused("node-pg-migrate", &base, &new, &[]),
        "note: migrations/1577923200000_total.sql is not rewritten: node-pg-migrate runs all pending migrations in one transaction\nnote: there is nothing to write"
    );
}

#[test]
fn what_is_told_of_a_changeset_as_a_whole_keeps_it_whole() {
    let changelog = |head: &str| {
        format!(
            "--liquibase formatted sql\n--changeset a:1\n{TABLE}\n--changeset a:2{head}\nCREATE INDEX orders_total_idx ON orders (total);\n"
        )
    };
    let base = changelog("");
    let base = base.split("--changeset a:2").next().unwrap();
    for (head, what) in [
        (
            "\n--preconditions onFail:HALT\n--precondition-sql-check expectedResult:0 SELECT 0",
            "preconditions",
        ),
        (" runOnChange:true", "runAlways or runOnChange"),
        (" endDelimiter:@@", "an end of statements of its own"),
    ] {
        let new = changelog(head);
        let told = refused(
            "liquibase",
            &[("db/changelog.sql", base)],
            &[("db/changelog.sql", &new)],
            &[],
        );
        assert_eq!(
            told,
            format!(
                "note: db/changelog.sql is not rewritten: a:2 has {what}, which hold for it as a whole\nnote: there is nothing to write"
            )
        );
    }
}

#[test]
fn what_graphile_migrate_has_not_committed_or_chained_is_left_alone() {
    let base = [
        (
            "migrations/committed/000001-orders.sql",
            "--! Previous: -\n--! Hash: sha1:8c482f86ff8129589f01161f92379e745df162ba\n--! Message: orders\n\nCREATE TABLE orders (id integer PRIMARY KEY, total integer);\n",
        ),
        (".gmrc", "{}"),
    ];
    let told = refused("graphile-migrate", &base, &[("migrations/current.sql", INDEX)], &[]);
    assert!(
        told.starts_with(
            "note: migrations/current.sql is not rewritten: migrations/current.sql is one migration as long as it is worked on: `graphile-migrate commit`"
        ),
        "{told}"
    );
    let new = [
        (
            "migrations/committed/000002-total.sql",
            "--! Previous: sha1:8c482f86ff8129589f01161f92379e745df162ba\n--! Hash: sha1:ddc61def7187684cec110f823718f0ec9b5aec4e\n--! Message: total\n\nCREATE INDEX orders_total_idx ON orders (total);\n",
        ),
        (
            "migrations/committed/000003-note.sql",
            "--! Previous: sha1:ddc61def7187684cec110f823718f0ec9b5aec4e\n--! Hash: sha1:2faafd5996dafcfbd9199ab3b2db0c13d101186d\n--! Message: note\n\nALTER TABLE orders ADD COLUMN note text;\n",
        ),
    ];
    assert_eq!(
        refused("graphile-migrate", &base, &new, &[]),
        "note: migrations/committed/000002-total.sql is not rewritten: migrations/committed/000003-note.sql holds its hash\nnote: there is nothing to write"
    );
}

#[test]
fn where_no_version_fits_between_nothing_is_written() {
    let base = [("migrations/000001_orders.up.sql", TABLE)];
    let new = [
        (
            "migrations/000002_more.up.sql",
            "ALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_total_idx ON orders (total);\n",
        ),
        ("migrations/000003_last.up.sql", "SELECT 1;\n"),
    ];
    assert_eq!(
        refused("golang-migrate", &base, &new, &[]),
        "note: migrations/000002_more.up.sql is not rewritten: another version does not fit between the versions 000002 and 000003\nnote: there is nothing to write"
    );
}

#[test]
fn a_way_back_that_undoes_several_parts_at_once_is_not_split() {
    let base = [
        ("migrations/000001_orders.up.sql", TABLE),
        ("migrations/000001_orders.down.sql", "DROP TABLE orders;\n"),
    ];
    let new = [
        (
            "migrations/000002_more.up.sql",
            "ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE orders ADD CONSTRAINT total_is_positive CHECK (total > 0);\n",
        ),
        (
            "migrations/000002_more.down.sql",
            "ALTER TABLE orders DROP COLUMN note, DROP CONSTRAINT total_is_positive;\n",
        ),
    ];
    assert_eq!(
        refused("golang-migrate", &base, &new, &[]),
        "note: migrations/000002_more.up.sql is not rewritten: line 1 of migrations/000002_more.down.sql undoes what several migrations would do\nnote: there is nothing to write"
    );
}

#[test]
fn a_transaction_that_the_file_opens_is_not_broken_up() {
    let base = [("migrations/001-orders.sql", TABLE)];
    let new = [(
        "migrations/002-total.sql",
        "BEGIN;\nCREATE INDEX orders_total_idx ON orders (total);\nCOMMIT;\n",
    )];
    let told = refused("numbered", &base, &new, &[]);
    assert!(
        told.contains(
            "line 1 of migrations/002-total.sql opens a transaction, in which steps can't be committed one by one"
        ),
        "{told}"
    );
}

#[test]
fn a_file_that_leaves_the_transaction_of_its_tool_is_not_cut() {
    let base = [(
        "migrations/20240101-orders.sql",
        "-- +migrate Up\nCREATE TABLE orders (id integer, total integer);\n",
    )];
    let new = [(
        "migrations/20240102-total.sql",
        "-- +migrate Up\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;\nCREATE INDEX orders_total_idx ON orders (total);\nBEGIN;\n",
    )];
    let told = refused("sql-migrate", &base, &new, &[]);
    assert!(
        told.contains("line 3 of migrations/20240102-total.sql begins or ends a transaction by itself"),
        "{told}"
    );
}

#[test]
fn new_names_have_one_number_and_what_goes_leaves_one_empty_line() {
    let base = [(
        "migrations/20240101-orders.sql",
        "-- +migrate Up\nCREATE TABLE orders (id integer, total integer);\n",
    )];
    let new = [(
        "migrations/20240102-total.sql",
        "-- +migrate Up\nALTER TABLE orders ADD COLUMN note text;\n\nCREATE INDEX a ON orders (total);\nCREATE INDEX b ON orders (id);\n\n-- +migrate Down\nDROP INDEX a;\nDROP INDEX b;\n\nALTER TABLE orders DROP COLUMN note;\n",
    )];
    let project = branch(&base, &new);
    let run = fix(project.path(), "sql-migrate", &[]);
    let files = new_files(project.path());
    let names: Vec<&String> = files.keys().collect();
    let expected = ["20240102-total.sql", "20240103_total_2.sql", "20240104_total_3.sql"];
    assert_eq!(
        names,
        expected
            .map(|name| format!("migrations/{name}"))
            .iter()
            .collect::<Vec<_>>(),
        "{}",
        run.stderr
    );
    assert_eq!(
        files["migrations/20240102-total.sql"],
        "-- +migrate Up\nALTER TABLE orders ADD COLUMN note text;\n\n-- +migrate Down\n\nALTER TABLE orders DROP COLUMN note;\n"
    );
}

#[test]
fn an_index_that_is_made_anew_is_undone_in_both_steps() {
    let base = [(
        "migrations/000001_orders.up.sql",
        "CREATE TABLE orders (id integer, total integer);\nCREATE INDEX orders_idx ON orders (total);\n",
    )];
    let new = [
        (
            "migrations/000002_wider.up.sql",
            "DROP INDEX orders_idx;\nCREATE INDEX orders_idx ON orders (total, id);\n",
        ),
        (
            "migrations/000002_wider.down.sql",
            "DROP INDEX orders_idx;\nCREATE INDEX orders_idx ON orders (total);\n",
        ),
    ];
    let project = branch(&base, &new);
    let run = fix(project.path(), "golang-migrate", &[]);
    let files = new_files(project.path());
    assert_eq!(files.len(), 4, "{}", run.stderr);
    assert_eq!(
        files["migrations/000002_wider.down.sql"],
        "CREATE INDEX orders_idx ON orders (total);\n"
    );
    assert_eq!(files["migrations/000003_wider_2.down.sql"], "DROP INDEX orders_idx;\n");
    // It was away for no moment before.
    let run = dbwright_in(project.path(), &["check", "--tool", "golang-migrate"]);
    assert!(
        run.stdout
            .contains("note[replaced-with-gap]: The index orders_idx is missing"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_statement_that_undoes_several_steps_becomes_one_for_each() {
    let base = [("migrations/000001_orders.up.sql", TABLE)];
    let new = [
        (
            "migrations/000002_found.up.sql",
            "CREATE INDEX a ON orders (total);\nCREATE INDEX b ON orders (total, id);\n",
        ),
        ("migrations/000002_found.down.sql", "DROP INDEX a, b;\n"),
    ];
    let project = branch(&base, &new);
    let run = fix(project.path(), "golang-migrate", &[]);
    let files = new_files(project.path());
    assert_eq!(files.len(), 4, "{}", run.stderr);
    let drop = |name: &str| format!("DROP INDEX CONCURRENTLY IF EXISTS public.{name};\n");
    assert_eq!(files["migrations/000002_found.down.sql"], drop("a"));
    assert_eq!(files["migrations/000003_found_2.down.sql"], drop("b"));
}

#[test]
fn what_comes_after_a_statement_and_touches_rows_stays_after_it() {
    let base = [("migrations/000001_orders.up.sql", TABLE)];
    let new = [(
        "migrations/000002_more.up.sql",
        "ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE orders ADD CONSTRAINT total_is_positive CHECK (total > 0);\nUPDATE orders SET note = 'x' WHERE id = 7;\n",
    )];
    let project = branch(&base, &new);
    let run = fix(project.path(), "golang-migrate", &[]);
    let names: Vec<String> = new_files(project.path()).into_keys().collect();
    let expected = ["more", "more_2", "more_3", "more_4"];
    assert_eq!(names.len(), expected.len(), "{names:?}{}", run.stderr);
    let last = std::fs::read_to_string(project.path().join("migrations/000005_more_4.up.sql")).unwrap();
    assert_eq!(last, "UPDATE orders SET note = 'x' WHERE id = 7;\n");
}
