//! What becomes of queries of an application, asked of real servers: the examples of the rules about them, and what must hold
//! beyond these.

use dbwright_advise::preparable;
use dbwright_catalog::{Engine, Release, ReleaseAnswers, ReleasePlace};
use dbwright_engineer::{BinDirs, CheckAnswer, CheckRequest, Phase, check};
use dbwright_rules::{ExampleKind, RULES};

use crate::repository::Repository;
use crate::run::{Place, ask};
use crate::servers;

fn answers(release: &Release) -> &ReleaseAnswers {
    release.answers.as_ref().unwrap()
}

/// All that is to hold on each engine.
async fn hold(place: Place<'_>) {
    examples(place).await;
    the_statement_that_breaks_a_query_is_named(place).await;
    what_is_replaced_within_a_migration_breaks_nothing(place).await;
    what_never_could_be_prepared_is_nobodys_fault(place).await;
    what_a_later_migration_mends_says_so(place).await;
    what_a_server_keeps_of_queries_is_asked(place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_asked_on_postgres() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let place = Place::Postgres(&scratch);
        hold(place).await;
        a_key_that_on_conflict_needs_is_missed(place).await;
        types_of_parameters_and_ambiguous_names_are_seen(place).await;
        types_of_the_database_are_told_after_a_key_was_asked_for(place).await;
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_asked_on_mysql_and_mariadb() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        hold(Place::MySqlFamily(&scratch)).await;
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn queries_are_asked_on_sqlite() {
    hold(Place::Sqlite).await;
    a_key_that_on_conflict_needs_is_missed(Place::Sqlite).await;
}

async fn examples(place: Place<'_>) {
    for rule in RULES.iter().filter(|rule| rule.judges_queries()) {
        for example in rule.examples().into_iter().filter(|it| it.engine == place.engine()) {
            let (head, migration) = example.sql.split_once("-- Migration:\n").expect("both parts are there");
            let (who, query) = head.split_once(" asks:\n").expect("somebody asks");
            let query = [query.trim().trim_end_matches(';')];
            let (running, next) = if who.contains("running") {
                (&query[..], &[][..])
            } else {
                (&[][..], &query[..])
            };
            let (run, release) = ask(place, example.setup.as_deref(), &[migration], running, next).await;
            let told = format!(
                "{} on {}, {:?}:\n{}=> {}\n{release:?}",
                rule.name,
                place.engine(),
                example.kind,
                example.sql,
                run.told()
            );
            assert!(answers(&release).unprepared.is_empty(), "{told}");
            let fires = run.of(rule.name).next().is_some();
            match example.kind {
                ExampleKind::Bad => assert!(fires && run.findings.len() == 1, "{told}"),
                ExampleKind::Good | ExampleKind::Fixed => assert!(run.findings.is_empty(), "{told}"),
            }
        }
    }
}

const SETUP: &str = "CREATE TABLE a (id integer PRIMARY KEY, x integer, y integer); CREATE TABLE b (id integer PRIMARY KEY, z integer);";

fn place_of(migration: usize, statement: usize) -> ReleasePlace {
    ReleasePlace {
        migration,
        statement: Some(statement),
    }
}

async fn the_statement_that_breaks_a_query_is_named(place: Place<'_>) {
    let migration = "CREATE TABLE c (id integer); ALTER TABLE b ADD COLUMN more integer; ALTER TABLE a DROP COLUMN x; \
                     ALTER TABLE a RENAME COLUMN y TO why;";
    let running = [
        "SELECT y FROM a",
        "SELECT x FROM a",
        "SELECT z FROM b",
        "SELECT x, y FROM a",
    ];
    let (run, release) = ask(place, Some(SETUP), &[migration], &running, &[]).await;
    let broken: Vec<_> = answers(&release).broken.iter().map(|it| (it.query, it.place)).collect();
    assert_eq!(
        broken,
        [(0, place_of(1, 3)), (1, place_of(1, 2)), (3, place_of(1, 2))],
        "{release:?}"
    );
    let messages: Vec<&str> = run.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[0], "2 queries of the running release fail from here on");
    assert!(
        messages[1].starts_with("`SELECT y FROM a` of the running release fails from here on: "),
        "{messages:?}"
    );
}

/// What others see is what is committed. On MySQL and MariaDB every definition is, but who asks before and after sees no gap.
async fn what_is_replaced_within_a_migration_breaks_nothing(place: Place<'_>) {
    let migration = "ALTER TABLE a RENAME TO a_old; CREATE VIEW a AS SELECT id, x, y FROM a_old;";
    let (run, release) = ask(place, Some(SETUP), &[migration], &["SELECT x FROM a"], &[]).await;
    assert!(answers(&release).broken.is_empty(), "{release:?}");
    assert!(run.findings.is_empty(), "{}", run.told());
}

async fn what_never_could_be_prepared_is_nobodys_fault(place: Place<'_>) {
    let migration = "ALTER TABLE a DROP COLUMN x;";
    let running = ["SELECT nothing FROM a", "not a query", "SELECT y FROM a"];
    let next = ["SELECT {{ template }} FROM a"];
    let (run, release) = ask(place, Some(SETUP), &[migration], &running, &next).await;
    let unprepared: Vec<usize> = answers(&release).unprepared.iter().map(|(query, _)| *query).collect();
    assert_eq!(unprepared, [0, 1], "{release:?}");
    assert!(
        run.findings.is_empty(),
        "what is no SQL may be filled in: {}",
        run.told()
    );
}

async fn what_a_later_migration_mends_says_so(place: Place<'_>) {
    let migrations = [
        "ALTER TABLE a RENAME COLUMN x TO ex;",
        "ALTER TABLE b ADD COLUMN more integer;",
        "ALTER TABLE a RENAME COLUMN ex TO x;",
    ];
    let (run, release) = ask(place, Some(SETUP), &migrations, &["SELECT x FROM a"], &[]).await;
    let broken = &answers(&release).broken;
    assert_eq!(broken.len(), 1, "{release:?}");
    assert_eq!((broken[0].place, broken[0].mended_by), (place_of(1, 0), Some(3)));
    let facts = &run.findings[0].evidence.facts;
    assert!(facts.iter().any(|fact| fact.contains("4_example")), "{facts:?}");
}

/// Texts as pg_stat_statements and performance_schema have kept them, without literals.
async fn what_a_server_keeps_of_queries_is_asked(place: Place<'_>) {
    let kept: &[&str] = match place.engine() {
        Engine::Postgres => &[
            "SELECT date_trunc($1, at), count(*) FROM o GROUP BY date_trunc($2, at) ORDER BY date_trunc($3, at)",
            "SELECT case when c > $1 then $2 else $3 end AS k, count(*) FROM o GROUP BY case when c > $4 then $5 else $6 end",
            "SELECT c, name, count(*) FROM o GROUP BY $1, $2",
            "SELECT at::date AS day, count(*) FROM o WHERE at > now() - interval $1 GROUP BY day",
            "SELECT * FROM o WHERE at > timestamp $1 AND at < date $2",
            "SELECT extract($1 from at), count(*) FROM o GROUP BY extract(year from at)",
            "SELECT DISTINCT date_trunc($1, at) FROM o ORDER BY date_trunc($2, at)",
            "SELECT substring(name from $1 for $2), count(*) FROM o GROUP BY substring(name from $3 for $4)",
            "SELECT at AT TIME ZONE $1, count(*) FROM o GROUP BY at AT TIME ZONE $2",
        ],
        Engine::MySql | Engine::MariaDb => &[
            "SELECT COUNT ( * ) , MAX ( `c` ) FROM `o` WHERE `c` IN (...) AND NAME LIKE ?",
            "SELECT DATE_FORMAT ( AT , ? ) , COUNT ( * ) FROM `o` GROUP BY DATE_FORMAT ( AT , ? ) ORDER BY DATE_FORMAT ( AT , ? )",
            "SELECT `c` , COUNT ( * ) FROM `o` GROUP BY ?",
        ],
        Engine::Sqlite => return,
    };
    let asked: Vec<String> = kept.iter().map(|text| preparable(place.engine(), text)).collect();
    let running: Vec<&str> = asked.iter().map(String::as_str).collect();
    let setup = "CREATE TABLE o (id integer PRIMARY KEY, at timestamp, c integer, name varchar(20));";
    let (_, release) = ask(
        place,
        Some(setup),
        &["ALTER TABLE o ADD COLUMN more integer;"],
        &running,
        &[],
    )
    .await;
    assert!(answers(&release).unprepared.is_empty(), "{asked:?} {release:?}");
}

async fn a_key_that_on_conflict_needs_is_missed(place: Place<'_>) {
    let setup = "CREATE TABLE a (id integer PRIMARY KEY, x integer); CREATE UNIQUE INDEX a_x ON a (x);";
    let query = match place.engine() {
        Engine::Postgres => "INSERT INTO a (id, x) VALUES ($1, $2) ON CONFLICT (x) DO NOTHING",
        Engine::Sqlite | Engine::MySql | Engine::MariaDb => {
            "INSERT INTO a (id, x) VALUES (?, ?) ON CONFLICT (x) DO NOTHING"
        }
    };
    let (run, _) = ask(place, Some(setup), &["DROP INDEX a_x;"], &[query], &[]).await;
    assert_eq!(run.of("query-breaks").count(), 1, "{}", run.told());
}

async fn types_of_parameters_and_ambiguous_names_are_seen(place: Place<'_>) {
    let migration = "ALTER TABLE a ALTER COLUMN x TYPE bigint; ALTER TABLE b ADD COLUMN y integer;";
    let running = ["UPDATE a SET x = $1", "SELECT y FROM a JOIN b USING (id)"];
    let (run, _) = ask(place, Some(SETUP), &[migration], &running, &[]).await;
    let messages: Vec<&str> = run.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`SELECT y FROM a JOIN b USING (id)` of the running release fails from here on: column reference \"y\" is ambiguous",
            "From here on `UPDATE a SET x = $1` of the running release takes bigint for $1, which was integer",
        ]
    );
}

/// What the driver asks of a type for itself stays as it was.
async fn types_of_the_database_are_told_after_a_key_was_asked_for(place: Place<'_>) {
    let setup = "CREATE TYPE mood AS ENUM ('good'); CREATE TYPE size AS ENUM ('small'); \
                 CREATE TABLE a (id integer PRIMARY KEY, m mood, s size);";
    let running = [
        "SELECT m FROM a",
        "INSERT INTO a (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
        "SELECT s FROM a",
    ];
    let migration = "ALTER TABLE a ALTER COLUMN s TYPE text;";
    let (run, release) = ask(place, Some(setup), &[migration], &running, &[]).await;
    assert!(answers(&release).unprepared.is_empty(), "{release:?}");
    let message = &run.findings[0].message;
    assert_eq!(
        message,
        "From here on `SELECT s FROM a` of the running release gives s as text, which was size"
    );
}

pub(crate) fn request(repository: &Repository, engine: Engine, bin_dirs: BinDirs) -> CheckRequest {
    CheckRequest {
        cache_bytes_max: 1 << 30,
        ..repository.check_request(engine, bin_dirs)
    }
}

/// A check, and whether a server was asked.
pub(crate) async fn checked(request: &CheckRequest) -> (CheckAnswer, bool) {
    let mut asked = false;
    let answer = check(request, &mut |phase| asked |= matches!(phase, Phase::Asking { .. })).await;
    (answer.unwrap_or_else(|error| panic!("{}", error.message())), asked)
}

/// A branch that renames a column and has changed two of its queries, in one of them to a name that is not there.
fn repository() -> Repository {
    let repository = Repository::with_git();
    repository
        .write(".gitignore", ".cache\n")
        .write(
            "db/migrations/1_users.sql",
            "CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));\n",
        )
        .write(
            "db/queries/users.sql",
            "-- name: GetName :one\nSELECT name FROM users;\n-- name: CountUsers :one\nSELECT count(*) FROM users;\n\
             -- name: Names :many\nSELECT id, name FROM users;\n",
        )
        .commit()
        .branch("work");
    repository
        .write("db/migrations/2_rename.sql", "ALTER TABLE users RENAME COLUMN name TO full_name;\n")
        .write(
            "db/queries/users.sql",
            "-- name: GetName :one\nSELECT full_name FROM users;\n-- name: CountUsers :one\nSELECT count(*) FROM users;\n\
             -- name: Names :many\nSELECT id, fullname FROM users;\n",
        );
    repository
}

async fn the_running_release_is_that_of_the_default_branch(engine: Engine, bin_dirs: BinDirs) {
    let repository = repository();
    let request = request(&repository, engine, bin_dirs);
    let (first, asked) = checked(&request).await;
    assert!(asked);
    let section = &first.review.sections[0];
    assert_eq!((section.release.running.len(), section.release.next.len()), (3, 2));
    let told = |rule: &str| -> Vec<String> {
        let of_rule = section.findings.iter().filter(|finding| finding.rule == rule);
        of_rule
            .map(|finding| {
                format!(
                    "{}:{} {}",
                    finding.place.path.display(),
                    finding.place.line,
                    finding.message
                )
            })
            .collect()
    };
    assert_eq!(
        told("query-breaks"),
        ["db/migrations/2_rename.sql:1 2 queries of the running release fail from here on"]
    );
    let not_ready = told("query-not-ready");
    assert_eq!(not_ready.len(), 1, "{not_ready:?}");
    assert!(
        not_ready[0].starts_with("db/queries/users.sql:6 Names fails after all migrations: "),
        "{not_ready:?}"
    );

    let (again, asked) = checked(&request).await;
    if engine != Engine::Sqlite {
        assert!(!asked, "only what takes no time on SQLite is not kept");
    }
    assert_eq!(again.review.sections[0].release, section.release);

    repository.write(
        "db/migrations/2_rename.sql",
        "-- dbwright: allow query-breaks because the release is stopped meanwhile\n\
         ALTER TABLE users RENAME COLUMN name TO full_name;\n",
    );
    let (allowed, _) = checked(&request).await;
    let section = &allowed.review.sections[0];
    assert!(section.findings.iter().all(|finding| finding.rule != "query-breaks"));
    assert!(
        section
            .allowed
            .iter()
            .any(|allowed| allowed.finding.rule == "query-breaks")
    );
    assert!(
        section
            .findings
            .iter()
            .all(|finding| finding.rule != "unused-allowance")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_release_is_that_of_the_default_branch_on_sqlite() {
    the_running_release_is_that_of_the_default_branch(Engine::Sqlite, BinDirs::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_release_is_that_of_the_default_branch_on_postgres() {
    let bin_dirs = BinDirs {
        postgres: vec![servers::postgres(18)],
        ..BinDirs::default()
    };
    the_running_release_is_that_of_the_default_branch(Engine::Postgres, bin_dirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_release_is_that_of_the_default_branch_on_mariadb() {
    let bin_dirs = servers::mysql_family_bin(Engine::MariaDb, 11).1;
    the_running_release_is_that_of_the_default_branch(Engine::MariaDb, bin_dirs).await;
}
