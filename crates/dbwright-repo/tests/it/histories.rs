//! One example repository for each tool, read as the tool reads it, and what is found about servers and engines.

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

fn migrations(folder: &str) -> Overrides {
    Overrides {
        migrations: Some(PathBuf::from(folder)),
        ..Overrides::default()
    }
}

#[test]
fn sqlx_orders_by_number_and_takes_the_marker_from_the_first_bytes() {
    assert_snapshot!(check(&case("sqlx"), Overrides::default()));
}

#[test]
fn diesel_orders_by_text_and_reads_metadata_as_diesel_does() {
    assert_snapshot!(check(&case("diesel"), engine(Engine::Postgres)));
}

#[test]
fn engine_folders_side_by_side_are_asked_for() {
    assert_snapshot!(check(&case("diesel"), Overrides::default()));
}

#[test]
fn the_code_of_the_project_says_whether_foreign_keys_are_enforced() {
    assert_snapshot!(check(&case("diesel"), migrations("migrations/sqlite")));
}

#[test]
fn diesel_with_the_bundled_sqlite_enforces_foreign_keys() {
    let root = repository(&[
        (
            "Cargo.toml",
            "[dependencies]\ndiesel = { version = \"2.3\", features = [\"sqlite\"] }\nlibsqlite3-sys = { version = \"0.37\", features = [\"bundled\"] }\n",
        ),
        ("migrations/1_a/up.sql", "CREATE TABLE a (id integer);\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn refinery_reads_folders_below_and_refuses_odd_versions() {
    assert_snapshot!(check(&case("refinery"), Overrides::default()));
}

#[test]
fn golang_migrate_sends_a_file_as_one_query() {
    assert_snapshot!(check(&case("golang-migrate"), Overrides::default()));
}

#[test]
fn golang_migrate_puts_a_transaction_around_files_for_sqlite() {
    let root = repository(&[
        ("go.mod", "require github.com/golang-migrate/migrate/v4 v4.18.1\n"),
        (
            "db/1_a.up.sql",
            "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);\n",
        ),
        ("main.go", "db, err := sql.Open(\"sqlite3\", \"app.db?_fk=1\")\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn dbmate_runs_each_block_by_its_options() {
    assert_snapshot!(check(&case("dbmate"), Overrides::default()));
}

#[test]
fn goose_splits_by_lines_and_annotations() {
    assert_snapshot!(check(&case("goose"), Overrides::default()));
}

#[test]
fn numbered_files_run_as_psql_runs_them() {
    assert_snapshot!(check(&case("numbered"), Overrides::default()));
}

#[test]
fn byte_order_marks_and_utf_16_are_decoded_and_told() {
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("SELECT 'ü';".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let root = repository(&[
        (
            "Cargo.toml",
            "[dependencies]\nsqlx = { version = \"0.9\", features = [\"postgres\"] }\n",
        ),
        (
            "migrations/1_marked.sql",
            "\u{feff}-- no-transaction\r\nSELECT 1;\r\nSELECT 2;\r\n",
        ),
    ]);
    crate::show::write(root.path(), "migrations/2_wide.sql", &utf16);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn links_are_not_followed() {
    let root = repository(&[
        ("elsewhere/2_b.sql", "SELECT 2;\n"),
        ("migrations/1_a.sql", "CREATE TABLE a (id serial);\n"),
    ]);
    std::os::unix::fs::symlink(
        root.path().join("elsewhere/2_b.sql"),
        root.path().join("migrations/2_b.sql"),
    )
    .unwrap();
    std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn the_configuration_settles_what_nothing_else_says() {
    let root = repository(&[
        (
            "dbwright.toml",
            "engine = \"sqlite\"\nengine-version = \"3.50\"\nmigrations = \"store/steps\"\ntool = \"goose\"\nschema = \"base.sql\"\nsqlite-foreign-keys = true\n",
        ),
        ("base.sql", "CREATE TABLE t (id int);\n.tables\n"),
        ("store/steps/1_a.sql", "-- +goose Up\nSELECT 1;\n"),
        ("other/migrations/1_b.sql", "SELECT 2;\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn servers_of_compose_files_outweigh_those_of_ci_and_of_examples() {
    let root = repository(&[
        ("migrations/1_a.sql", "CREATE TABLE a (id bigserial);\n"),
        (
            "compose.prod.yaml",
            "services:\n  db:\n    image: postgres:16.4\n  old:\n    image: postgres:15\n",
        ),
        (
            ".github/workflows/ci.yaml",
            "    image: postgres:13\n    # image: postgres:9\n",
        ),
        ("examples/docker-compose.yml", "    image: postgres:12\n"),
        ("node_modules/x/docker-compose.yml", "    image: postgres:11\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn histories_among_tests_and_examples_count_only_where_there_is_no_other() {
    let files = [
        ("migrations/1_a.sql", "CREATE TABLE a (id bigserial);\n"),
        ("tests/migrations/1_b.sql", "PRAGMA user_version = 1;\n"),
        ("sql/1_report.sql", "SELECT 1;\n"),
    ];
    assert_snapshot!("with another", check(repository(&files).path(), Overrides::default()));
    assert_snapshot!(
        "without another",
        check(repository(&files[1..2]).path(), Overrides::default())
    );
}

#[test]
fn a_dependency_in_another_package_does_not_make_a_tool() {
    let root = repository(&[
        ("server/Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n"),
        ("server/migrations/1_a.sql", "CREATE TABLE a (id serial);\n"),
        ("reports/migrations/1_b.sql", "CREATE TABLE b (id serial);\n"),
    ]);
    assert_snapshot!(check(root.path(), Overrides::default()));
}
