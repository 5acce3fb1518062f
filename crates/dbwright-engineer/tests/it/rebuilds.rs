//! A rebuild that is spread over several migrations is told as one in a single migration would be: what it loses, and nothing
//! else.

use dbwright_catalog::Group;

use crate::run::{Place, run_all};
use crate::servers;

const MADE: &str = "CREATE TABLE t (id int PRIMARY KEY, a varchar(60) UNIQUE, b varchar(60))";
const SAME: &str = "CREATE TABLE t_new (id int PRIMARY KEY, a varchar(60) NOT NULL, b varchar(60))";
const NARROWER: &str = "CREATE TABLE t_new (id int PRIMARY KEY, a varchar(60))";
const COPIED: &str = "INSERT INTO t_new (id, a) SELECT id, coalesce(a, '') FROM t";
const INDEXED: &str = "CREATE INDEX t_new_a ON t_new (a)";
const DROPPED: &str = "DROP TABLE t";
const RENAMED: &str = "ALTER TABLE t_new RENAME TO t";

/// Histories with what is told of them: rules with the number of the migration, from 1.
const HISTORIES: [(&[&str], &[&str]); 7] = [
    (&[MADE, SAME, COPIED, INDEXED, DROPPED, RENAMED], &[]),
    (&[MADE, NARROWER, COPIED, DROPPED, RENAMED], &["drop-column@4"]),
    // Nothing is copied.
    (&[MADE, SAME, DROPPED, RENAMED], &["drop-table@3"]),
    // Rows of the old table break the new one.
    (
        &[
            MADE,
            "CREATE TABLE t_new (id int PRIMARY KEY, a varchar(60), b varchar(60), c int NOT NULL)",
            "INSERT INTO t_new (id, c) SELECT id, nullif(id, id) FROM t",
        ],
        &["fails-on-rows@3"],
    ),
    (
        &[
            MADE,
            "CREATE TABLE t_new (id int PRIMARY KEY, a varchar(60), b varchar(60) UNIQUE)",
            "INSERT INTO t_new (id, b) SELECT id, 'the same' FROM t",
        ],
        &["fails-on-rows@3"],
    ),
    // A table of its own that is filled from another one.
    (
        &[
            MADE,
            "CREATE TABLE methods (id int PRIMARY KEY, t int)",
            "INSERT INTO methods SELECT id, id FROM t",
        ],
        &[],
    ),
    // The first is dropped after its rows were copied, and nothing takes its place.
    (&[MADE, SAME, COPIED, DROPPED], &["drop-table@4"]),
];

async fn wrong(place: Place<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (texts, expected) in HISTORIES {
        let run = run_all(place, texts).await;
        let told: Vec<String> = run
            .findings
            .iter()
            // What indexes lock and how tables are made is not asked here.
            .filter(|finding| finding.rule != "create-index-without-concurrently" && finding.group != Group::Design)
            .map(|finding| {
                let (migration, _) = finding.place.statement.unwrap();
                format!("{}@{}", finding.rule, migration + 1)
            })
            .collect();
        if told != *expected {
            wrong.push(format!("{}: {texts:?}\n{told:?}\n{}", place.engine(), run.told()));
        }
    }
    wrong
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn spread_rebuilds_on_sqlite() {
    assert_none(&wrong(Place::Sqlite).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn spread_rebuilds_on_mysql_and_mariadb() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        let wrong = wrong(Place::MySqlFamily(&scratch)).await;
        scratch.stop().await.unwrap();
        assert_none(&wrong);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spread_rebuilds_on_postgres() {
    let scratch = servers::scratch(*servers::majors().last().unwrap()).await;
    let wrong = wrong(Place::Postgres(&scratch)).await;
    scratch.stop().await.unwrap();
    assert_none(&wrong);
}
