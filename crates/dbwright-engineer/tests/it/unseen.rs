//! Statements that can't run on a scratch server, in checks that run: predicted, with what needs them, beside what is
//! observed.

use dbwright_catalog::{Effect, Engine, Known, Outcome, Section};
use dbwright_engineer::{BinDirs, check};

use crate::repository::Repository;
use crate::servers;

/// Checks a history of which the last migration is new.
async fn new_in(engine: Engine, bin_dirs: BinDirs, old: &str, new: &str) -> Section {
    let repository = Repository::with_git();
    repository
        .write("db/migrations/1_old.sql", &format!("-- migrate:up\n{old}"))
        .commit()
        .branch("feature")
        .write("db/migrations/2_new.sql", &format!("-- migrate:up\n{new}"));
    let request = repository.check_request(engine, bin_dirs);
    let answer = check(&request, &mut |_| {}).await;
    let mut answer = answer.unwrap_or_else(|error| panic!("{}", error.message()));
    answer.review.sections.remove(0)
}

fn postgres(major: u32) -> BinDirs {
    BinDirs {
        postgres: vec![servers::postgres(major)],
        ..BinDirs::default()
    }
}

fn effects(section: &Section) -> &[Effect] {
    &section.trace.as_ref().unwrap().migrations[1].effects
}

/// How each statement of the new migration is known.
fn known(section: &Section) -> Vec<&'static str> {
    effects(section).iter().map(|effect| effect.known.name()).collect()
}

/// The rules that tell of each line, by how it is known.
fn told(section: &Section) -> Vec<(u32, &str, &'static str)> {
    let findings = section.findings.iter();
    let mut told: Vec<_> = findings
        .map(|finding| {
            assert!(
                finding.evidence.known == Known::Observed || finding.fix.is_none(),
                "what is predicted has no fix that was tried: {finding:?}"
            );
            (finding.place.line, finding.rule.as_str(), finding.evidence.known.name())
        })
        .collect();
    told.sort_unstable();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_missing_extension_is_predicted_on_postgres() {
    let major = servers::majors().into_iter().max().unwrap();
    let old = "CREATE EXTENSION surely_missing;
        CREATE TABLE items (id bigint PRIMARY KEY, shape surely_missing_shape, name text NOT NULL);
        CREATE TABLE others (id bigint PRIMARY KEY, item_id bigint);";
    let new = "CREATE INDEX items_name ON items (name);
        CREATE INDEX others_item ON others (item_id);
        ALTER TABLE items ALTER COLUMN id TYPE integer;
        ALTER TABLE others ADD CONSTRAINT others_item FOREIGN KEY (item_id) REFERENCES items (id);";
    let section = new_in(Engine::Postgres, postgres(major), old, new).await;
    assert_eq!(known(&section), ["predicted", "observed", "predicted", "predicted"]);
    let told = told(&section);
    for expected in [
        (2, "create-index-without-concurrently", "predicted"),
        (3, "create-index-without-concurrently", "observed"),
        (4, "table-rewrite", "predicted"),
        (5, "constraint-validated-under-lock", "predicted"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    assert!(!told.iter().any(|(_, rule, _)| *rule == "statement-fails"), "{told:?}");
    let trace = section.trace.as_ref().unwrap();
    assert!(
        trace.predicted.iter().all(|it| it.cause.0 == 0),
        "{:?}",
        trace.predicted
    );
    let held: Vec<_> = effects(&section)[1]
        .locks
        .iter()
        .map(|lock| lock.relation.name())
        .collect();
    assert!(held.contains(&"items"), "what was taken before is held still: {held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_an_unrun_migration_may_make_is_supposed_on_postgres() {
    let major = servers::majors().into_iter().max().unwrap();
    let old = "CREATE EXTENSION surely_missing; CREATE TABLE others (id bigint PRIMARY KEY);";
    let new = "ALTER TABLE made_elsewhere ADD COLUMN note text;
        ALTER TABLE others ADD COLUMN elsewhere_id bigint;
        DROP TABLE made_elsewhere;";
    let section = new_in(Engine::Postgres, postgres(major), old, new).await;
    assert_eq!(known(&section), ["predicted", "observed", "predicted"]);
    assert!(
        told(&section).contains(&(4, "drop-table", "predicted")),
        "{:?}",
        told(&section)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_migration_itself_is_not_predicted_away() {
    let major = servers::majors().into_iter().max().unwrap();
    let new = "CREATE TABLE twice (id bigint PRIMARY KEY, note nothing_like_it);
        ALTER TABLE twice ADD COLUMN more text;";
    let section = new_in(Engine::Postgres, postgres(major), "CREATE TABLE a (id bigint);", new).await;
    assert!(matches!(effects(&section)[0].outcome, Outcome::Failed(_)));
    assert!(matches!(effects(&section)[1].outcome, Outcome::FollowsFrom { .. }));
    assert!(
        told(&section).contains(&(2, "statement-fails", "observed")),
        "{:?}",
        told(&section)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_missing_storage_engine_is_predicted_on_mysql() {
    let old = "CREATE TABLE r (id bigint PRIMARY KEY, n int) ENGINE=ROCKSDB;
        CREATE TABLE a (id bigint PRIMARY KEY, name varchar(50));";
    let new = "ALTER TABLE r ADD COLUMN k int NOT NULL;
        ALTER TABLE a MODIFY name varchar(50) CHARACTER SET latin1;
        DROP TABLE r;";
    let section = new_in(Engine::MySql, servers::mysql_family_bin(Engine::MySql, 9).1, old, new).await;
    assert_eq!(known(&section), ["predicted", "observed", "predicted"]);
    let told = told(&section);
    assert!(told.contains(&(2, "table-copy", "predicted")), "{told:?}");
    assert!(told.contains(&(3, "table-copy", "observed")), "{told:?}");
    assert!(told.contains(&(4, "drop-table", "predicted")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_function_of_the_application_is_predicted_on_sqlite() {
    let old = "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE b (id INTEGER PRIMARY KEY, n TEXT, s TEXT AS (slugify(n)) STORED);";
    let new = "CREATE INDEX a_slug ON a (slugify(name));
        ALTER TABLE b ADD COLUMN z INTEGER NOT NULL;
        ALTER TABLE a ADD COLUMN z INTEGER;
        DROP TABLE b;";
    let section = new_in(Engine::Sqlite, BinDirs::default(), old, new).await;
    assert_eq!(known(&section), ["predicted", "predicted", "observed", "predicted"]);
    let told = told(&section);
    assert!(told.contains(&(3, "fails-on-rows", "predicted")), "{told:?}");
    assert!(told.contains(&(5, "drop-table", "predicted")), "{told:?}");
}
