//! `check` on repositories and files, from end to end.

use dbwright_catalog::{Engine, Finding, MigrationSet, Proof, Severity};
use dbwright_engineer::{
    BinDirs, CheckAnswer, CheckRequest, EngineerError, ErrorKind, FailOn, Input, Overrides, Phase, Scope, check,
};

use crate::repository::Repository;
use crate::servers;

const SQLITE: &str = "engine = \"sqlite\"\ntool = \"numbered\"\nmigrations = \"db\"\n";
const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, old TEXT, older TEXT);\n";

fn request(input: Input) -> CheckRequest {
    CheckRequest {
        predicted: false,
        snapshot: None,
        input,
        overrides: Overrides::default(),
        scope: Scope::New,
        tries_ways_back: true,
        scratch_url: None,
        bin_dirs: BinDirs::default(),
        cache: servers::cache(),
        cache_bytes_max: 0,
    }
}

fn of_repository(repository: &Repository) -> CheckRequest {
    request(Input::Repository(repository.path().to_owned()))
}

async fn answer(request: &CheckRequest) -> CheckAnswer {
    check(request, &mut |_| {})
        .await
        .unwrap_or_else(|error| panic!("{}", error.message()))
}

async fn failure(request: &CheckRequest) -> EngineerError {
    match check(request, &mut |_| {}).await {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

fn findings(answer: &CheckAnswer) -> &[Finding] {
    &answer.review.sections[0].findings
}

/// File, line and rule of each finding.
fn places(answer: &CheckAnswer) -> Vec<String> {
    let line = |finding: &Finding| {
        let path = finding.place.path.display();
        format!("{path}:{} {} {}", finding.place.line, finding.severity, finding.rule)
    };
    findings(answer).iter().map(line).collect()
}

/// Two migrations on `main`, the second of which drops a column, and a branch for more.
fn repository_on_a_branch() -> Repository {
    let repository = Repository::with_git();
    repository
        .write("dbwright.toml", &format!("{SQLITE}allow = [\"table-rewrite\"]\n"))
        .write("db/1_notes.sql", NOTES)
        .write("db/2_older.sql", "ALTER TABLE notes DROP COLUMN older;\n")
        .commit()
        .branch("work");
    repository
}

#[tokio::test]
async fn on_a_branch_only_new_migrations_are_judged() {
    let repository = repository_on_a_branch();
    repository
        .write("db/3_old.sql", "ALTER TABLE notes DROP COLUMN old;\n")
        .commit();
    repository.write("db/4_gone.sql", "DROP TABLE notes;\n");

    let answer_of_new = answer(&of_repository(&repository)).await;
    assert_eq!(
        places(&answer_of_new),
        [
            "db/3_old.sql:1 warning drop-column",
            "db/4_gone.sql:1 warning drop-table"
        ]
    );
    let section = &answer_of_new.review.sections[0];
    let MigrationSet::Only { indexes, why } = &section.judged else {
        panic!("all are judged")
    };
    assert_eq!(indexes, &[2, 3]);
    assert!(why.starts_with("new since main (merge base "), "{why}");
    assert_eq!(section.trace.as_ref().unwrap().migrations.len(), 4, "all are replayed");

    let all = answer(&CheckRequest {
        scope: Scope::All,
        ..of_repository(&repository)
    })
    .await;
    assert_eq!(places(&all).len(), 3);
    assert_eq!(places(&all)[0], "db/2_older.sql:1 warning drop-column");
}

#[tokio::test]
async fn on_a_branch_with_nothing_new_nothing_is_run() {
    let answer = answer(&of_repository(&repository_on_a_branch())).await;
    let section = &answer.review.sections[0];
    assert!(section.findings.is_empty() && section.trace.is_none());
    assert_eq!(section.history.migrations.len(), 2);
}

#[tokio::test]
async fn an_old_migration_that_was_changed_is_noted_and_judged() {
    let repository = repository_on_a_branch();
    repository.write("db/2_older.sql", "ALTER TABLE notes DROP COLUMN old;\n");
    let answer = answer(&of_repository(&repository)).await;
    assert_eq!(
        places(&answer),
        [
            "db/2_older.sql:1 note migration-changed",
            "db/2_older.sql:1 warning drop-column"
        ]
    );
}

#[tokio::test]
async fn since_names_what_migrations_are_new_against() {
    let repository = repository_on_a_branch();
    repository
        .write("db/3_old.sql", "ALTER TABLE notes DROP COLUMN old;\n")
        .commit();
    let mut request = of_repository(&repository);
    request.overrides.since = Some("work".to_owned());
    assert!(places(&answer(&request).await).is_empty());

    request.overrides.since = Some("origin/gone".to_owned());
    let error = failure(&request).await;
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(error.message(), "git knows no commit called `origin/gone`");
    assert!(
        error.hints()[0].contains("git fetch origin gone"),
        "{:?}",
        error.hints()
    );
}

#[tokio::test]
async fn outside_git_every_migration_is_judged() {
    let repository = Repository::plain();
    repository
        .write("dbwright.toml", SQLITE)
        .write("db/1_notes.sql", NOTES)
        .write("db/2_gone.sql", "DROP TABLE notes;\n");
    let answer = answer(&of_repository(&repository)).await;
    assert_eq!(answer.review.sections[0].judged, MigrationSet::All);
    assert_eq!(places(&answer), ["db/2_gone.sql:1 warning drop-table"]);
}

#[tokio::test]
async fn a_reference_outside_git_is_an_error() {
    let repository = Repository::plain();
    repository.write("dbwright.toml", SQLITE).write("db/1_notes.sql", NOTES);
    let mut request = of_repository(&repository);
    request.overrides.since = Some("main".to_owned());
    let error = failure(&request).await;
    assert_eq!(error.kind(), ErrorKind::Outside);
    assert!(
        error.message().ends_with("is not in a git repository"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn a_file_runs_after_its_schema_which_is_not_judged() {
    let repository = Repository::plain();
    let schema = "PRAGMA foreign_keys = OFF;\nCREATE TABLE scratch (id INTEGER);\nDROP TABLE scratch;\n";
    repository
        .write("schema.sql", &format!("{schema}{NOTES}"))
        .write("change.sql", "ALTER TABLE notes DROP COLUMN old;\nDROP TABLE notes;\n");
    let file = repository.path().join("change.sql");
    let mut request = request(Input::File(file.clone()));
    request.overrides.engine = Some(Engine::Sqlite);
    request.overrides.schema = Some(repository.path().join("schema.sql"));
    request.overrides.allow = vec!["table-rewrite".to_owned()];
    let places = places(&answer(&request).await);
    let file = file.display();
    assert_eq!(
        places,
        [
            format!("{file}:1 warning drop-column"),
            format!("{file}:2 warning drop-table")
        ]
    );
}

#[tokio::test]
async fn standard_input_is_judged_without_a_schema() {
    let mut request = request(Input::Bytes(b"DROP TABLE nowhere;".to_vec()));
    request.overrides.engine = Some(Engine::Sqlite);
    assert_eq!(places(&answer(&request).await), ["<stdin>:1 error statement-fails"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_comes_with_its_proof() {
    for major in servers::majors() {
        let repository = Repository::with_git();
        repository
            .write(
                "dbwright.toml",
                "engine = \"postgres\"\ntool = \"numbered\"\nmigrations = \"db\"\n",
            )
            .write(
                "db/1_orders.sql",
                "CREATE TABLE orders (id integer PRIMARY KEY, total integer);\n",
            )
            .commit()
            .branch("work")
            .write("db/2_index.sql", "CREATE INDEX orders_total ON orders (total);\n");
        let mut request = of_repository(&repository);
        request.bin_dirs.postgres = vec![servers::postgres(major)];
        request.overrides.engine_version = Some(major.to_string().parse().unwrap());
        let mut phases = Vec::new();
        let answer = check(&request, &mut |phase| phases.push(phase)).await.unwrap();

        assert_eq!(
            places(&answer),
            ["db/2_index.sql:1 warning create-index-without-concurrently"]
        );
        let fix = findings(&answer)[0].fix.as_ref().unwrap();
        let Some(Proof::Holds { server }) = &fix.proof else {
            panic!("{:?}", fix.proof)
        };
        assert_eq!(server.version.major, major);
        assert_eq!(answer.review.sections[0].trace.as_ref().unwrap().server, *server);
        assert_eq!(phases.first(), Some(&Phase::Starting(Engine::Postgres)));
        // The statement alone, then the files that it would be written as.
        assert_eq!(
            phases[phases.len() - 2..],
            [Phase::Proving { fixes: 1 }, Phase::ProvingFiles { migrations: 1 }]
        );
    }
}

/// Two databases in one repository: what one drops is no matter of the other.
fn two_databases() -> Repository {
    let repository = Repository::plain();
    repository
        .write("app/migrations/sqlite/1_notes.sql", NOTES)
        .write(
            "app/migrations/sqlite/2_old.sql",
            "ALTER TABLE notes DROP COLUMN old;\n",
        )
        .write(
            "jobs/migrations/sqlite/1_jobs.sql",
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY);\n",
        );
    repository
}

#[tokio::test]
async fn every_database_of_a_repository_has_its_section() {
    let answer = answer(&of_repository(&two_databases())).await;
    let folders: Vec<String> = answer
        .review
        .sections
        .iter()
        .map(|section| section.history.folder.display().to_string())
        .collect();
    assert_eq!(folders, ["app/migrations/sqlite", "jobs/migrations/sqlite"]);
    let dropped = answer.review.sections[0].findings.iter();
    assert!(dropped.clone().any(|finding| finding.rule == "drop-column"));
    assert!(answer.review.sections[1].findings.is_empty());
    assert!(answer.failure.is_none());
}

#[tokio::test]
async fn a_history_that_leaves_something_open_is_named_beside_the_others() {
    let repository = two_databases();
    repository.write("other/migrations/1_a.sql", "CREATE TABLE a (id int);\n");
    let answer = answer(&of_repository(&repository)).await;
    assert_eq!(answer.review.sections.len(), 2);
    let [open] = answer.review.not_checked.as_slice() else {
        panic!("{:?}", answer.review.not_checked)
    };
    assert!(open.contains("other/migrations") && open.contains("--engine"), "{open}");
}

#[tokio::test]
async fn migrations_for_an_engine_that_dbwright_does_not_know_are_named_and_not_run() {
    let repository = two_databases();
    repository.write(
        "db/clickhouse/migrations/01_a.sql",
        "CREATE TABLE a (id UInt32) ENGINE = MergeTree ORDER BY id;\n",
    );
    // A service that is called like one keeps its own.
    repository.write(
        "oracle/migrations/sqlite/1_a.sql",
        "CREATE TABLE a (id integer) STRICT;\n",
    );
    let answer = answer(&of_repository(&repository)).await;
    let folders = answer.review.sections.iter().map(|section| &section.history.folder);
    let folders: Vec<String> = folders.map(|folder| folder.display().to_string()).collect();
    assert_eq!(
        folders,
        [
            "app/migrations/sqlite",
            "jobs/migrations/sqlite",
            "oracle/migrations/sqlite"
        ]
    );
    assert_eq!(
        answer.review.not_checked,
        ["migrations for clickhouse in db/clickhouse/migrations: dbwright does not know this engine."]
    );
}

#[tokio::test]
async fn a_database_without_a_server_does_not_take_the_others_with_it() {
    let repository = two_databases();
    repository.write("web/migrations/postgres/1_a.sql", "CREATE TABLE a (id serial);\n");
    let mut request = of_repository(&repository);
    request.bin_dirs.postgres = vec![repository.path().to_owned()];
    let answer = answer(&request).await;
    assert_eq!(answer.review.sections.len(), 3);
    assert!(answer.review.sections[0].trace.is_some());
    let web = &answer.review.sections[2];
    assert!(
        web.trace.is_none() && web.not_done[0].contains("PostgreSQL"),
        "{:?}",
        web.not_done
    );
    assert_eq!(answer.failure.unwrap().kind(), ErrorKind::Outside);
}

#[tokio::test]
async fn a_schema_file_over_several_databases_is_asked_about() {
    let repository = two_databases();
    repository.write("schema.sql", NOTES);
    let mut request = of_repository(&repository);
    request.overrides.schema = Some(repository.path().join("schema.sql"));
    let error = failure(&request).await;
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(
        error.hints()[0].contains("--migrations app/migrations/sqlite"),
        "{:?}",
        error.hints()
    );
}

#[tokio::test]
async fn an_unknown_rule_in_the_configuration_is_named_with_its_line() {
    let repository = Repository::plain();
    repository
        .write("dbwright.toml", &format!("{SQLITE}\n[rules]\ndrop-colum = \"note\"\n"))
        .write("db/1_notes.sql", NOTES);
    let error = failure(&of_repository(&repository)).await;
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(error.message(), "unknown rule `drop-colum` (dbwright.toml:6)");
    assert_eq!(error.hints()[0], "did you mean `drop-column`?");
}

#[tokio::test]
async fn an_unknown_rule_in_a_flag_is_named_with_the_flag() {
    let repository = Repository::plain();
    repository.write("dbwright.toml", SQLITE).write("db/1_notes.sql", NOTES);
    let mut request = of_repository(&repository);
    request.overrides.allow = vec!["nonsense".to_owned()];
    assert_eq!(failure(&request).await.message(), "unknown rule `nonsense` (--allow)");
}

#[tokio::test]
async fn the_configuration_sets_severities_and_when_a_check_fails() {
    let repository = Repository::plain();
    let config = format!("{SQLITE}fail-on = \"error\"\n\n[rules]\ndrop-column = \"note\"\ntable-rewrite = \"allow\"\n");
    repository
        .write("dbwright.toml", &config)
        .write("db/1_notes.sql", NOTES)
        .write(
            "db/2_old.sql",
            "ALTER TABLE notes DROP COLUMN old;\nDROP TABLE notes;\n",
        );
    let mut request = of_repository(&repository);
    let from_config = answer(&request).await;
    assert_eq!(
        places(&from_config),
        ["db/2_old.sql:1 note drop-column", "db/2_old.sql:2 warning drop-table"]
    );
    assert_eq!(from_config.fail_on, FailOn::Severity(Severity::Error));

    request.overrides.allow = vec!["drop-table".to_owned()];
    request.overrides.fail_on = Some(FailOn::Never);
    let from_flags = answer(&request).await;
    assert_eq!(places(&from_flags), ["db/2_old.sql:1 note drop-column"]);
    assert_eq!(from_flags.fail_on, FailOn::Never);
}

#[tokio::test]
async fn a_scratch_url_that_is_none_is_refused() {
    let mut request = request(Input::Bytes(b"SELECT 1;".to_vec()));
    request.overrides.engine = Some(Engine::Postgres);
    request.scratch_url = Some("oracle://somewhere".to_owned());
    let error = failure(&request).await;
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.message().starts_with("--scratch-url: "), "{}", error.message());
}
