//! What fails or loses only on data shows on generated rows.

use dbwright_catalog::{Effect, Engine, MigrationSet, Outcome, RunMode};
use dbwright_live::scratch::mysql_family::MySqlFamilyScratch;
use dbwright_live::scratch::postgres::PostgresScratch;
use dbwright_live::trace;

use crate::servers::{MYSQL_FAMILY, mysql_family, scratch};
use crate::{effects, mysql_family_effects, sqlite};

/// What a case must show.
#[derive(Clone, Copy, Debug)]
enum Shows {
    /// The last statement works on empty tables and fails on these rows, with one of these codes (`1265|1138`).
    Fails(&'static str),
    /// It works, and this many rows are gone or changed.
    Touches(u64),
    /// It works, with this warning of the server.
    Warns(u32),
    /// It works.
    Works,
}

use Shows::{Fails, Touches, Warns, Works};

/// A setup, what a later migration does, and what must show.
type Case = (&'static str, &'static str, Shows);

const POSTGRES: &[Case] = &[
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a text)",
        "ALTER TABLE t ALTER a SET NOT NULL",
        Fails("23502"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "ALTER TABLE t ADD a text NOT NULL",
        Fails("23502"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a text NOT NULL DEFAULT 'x')",
        "ALTER TABLE t ADD UNIQUE (a)",
        Fails("23505"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a boolean)",
        "CREATE UNIQUE INDEX ON t (a)",
        Fails("23505"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a text)",
        "ALTER TABLE t ALTER a TYPE integer USING a::integer",
        Fails("22P02"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a text)",
        "ALTER TABLE t ALTER a TYPE uuid USING a::uuid",
        Fails("22P02"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a integer)",
        "ALTER TABLE t ALTER a TYPE smallint",
        Fails("22003"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a text)",
        "ALTER TABLE t ALTER a TYPE varchar(4)",
        Fails("22001"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a integer)",
        "ALTER TABLE t ADD CHECK (a < 100)",
        Fails("23514"),
    ),
    (
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY, p integer DEFAULT 7)",
        "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p (id)",
        Fails("23503"),
    ),
    (
        "CREATE DOMAIN d AS integer; CREATE TABLE t (a d)",
        "ALTER DOMAIN d ADD CHECK (VALUE < 10)",
        Fails("23514"),
    ),
    (
        "CREATE DOMAIN d AS integer; CREATE TABLE t (a d)",
        "ALTER DOMAIN d SET NOT NULL",
        Fails("23502"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, during tstzrange NOT NULL DEFAULT '[2020-01-01,2021-01-01)')",
        "ALTER TABLE t ADD EXCLUDE USING gist (during WITH &&)",
        Fails("23P01"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a text)",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
         CREATE TRIGGER no BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no(); UPDATE t SET a = 'x'",
        Fails("P0001"),
    ),
    (
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (p integer REFERENCES p ON DELETE CASCADE)",
        "DELETE FROM p",
        Touches(2),
    ),
    (
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (p integer NOT NULL REFERENCES p)",
        "DELETE FROM p",
        Fails("23503"),
    ),
    (
        "CREATE TABLE t (id integer NOT NULL) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000000000) TO (MAXVALUE)",
        Fails("23514"),
    ),
    (
        "CREATE TABLE t (id integer PRIMARY KEY, a jsonb)",
        "ALTER TABLE t ADD CHECK (a ? 'key')",
        Fails("23514"),
    ),
];

const MYSQL_FAMILY_CASES: &[Case] = &[
    (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(40))",
        "ALTER TABLE t MODIFY a varchar(40) NOT NULL",
        Fails("1138|1265"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(40))",
        "ALTER TABLE t MODIFY a varchar(4)",
        Fails("1265"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(40))",
        "SET sql_mode = ''; ALTER TABLE t MODIFY a varchar(4)",
        Warns(1265),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int)",
        "ALTER TABLE t MODIFY a smallint",
        Fails("1264"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int)",
        "SET sql_mode = ''; ALTER TABLE t MODIFY a smallint",
        Warns(1264),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(40))",
        "ALTER TABLE t MODIFY a int",
        Fails("1366|1292"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a enum('x','y','z'))",
        "ALTER TABLE t MODIFY a enum('x','y')",
        Fails("1265"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY)",
        "ALTER TABLE t ADD a int NOT NULL UNIQUE",
        Fails("1062"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(9) NOT NULL DEFAULT 'x')",
        "CREATE UNIQUE INDEX u ON t (a)",
        Fails("1062"),
    ),
    (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p int NOT NULL DEFAULT 7)",
        "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p (id)",
        Fails("1452"),
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a bigint)",
        "ALTER TABLE t MODIFY a bigint unsigned NOT NULL",
        Fails("1138|1265"),
    ),
];

const SQLITE: &[Case] = &[
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        "ALTER TABLE t ADD a TEXT DEFAULT CURRENT_TIMESTAMP",
        Fails("SQLITE_ERROR"),
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        "ALTER TABLE t ADD a TEXT NOT NULL",
        Fails("SQLITE_ERROR"),
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x')",
        "CREATE UNIQUE INDEX u ON t (a)",
        Fails("SQLITE_CONSTRAINT_UNIQUE"),
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO n SELECT * FROM t",
        Fails("SQLITE_CONSTRAINT_NOTNULL"),
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "CREATE TABLE n (id INTEGER PRIMARY KEY, a INTEGER) STRICT; INSERT INTO n SELECT * FROM t",
        Fails("SQLITE_CONSTRAINT_DATATYPE"),
    ),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (p INTEGER REFERENCES p ON DELETE CASCADE)",
        "CREATE TABLE n (id INTEGER PRIMARY KEY); INSERT INTO n SELECT * FROM p; DROP TABLE p",
        Touches(2),
    ),
];

/// What a case shows otherwise than it should.
fn mistake(case: Case, server: &str, effects: &[Effect]) -> Option<String> {
    let (_, sql, shows) = case;
    let last = effects.last().unwrap();
    let is_so = match (shows, &last.outcome) {
        (Fails(codes), Outcome::FailedOnRows(error)) => codes.split('|').any(|code| error.code == code),
        (Touches(count), Outcome::Done) => {
            let touched = last.rows.iter().filter(|rows| rows.table.name() == "t");
            touched.map(|rows| rows.deleted + rows.updated).sum::<u64>() == count
        }
        (Warns(code), Outcome::Done) => last.warnings.iter().any(|warning| warning.code == code),
        (Works, Outcome::Done) => true,
        _ => false,
    };
    (!is_so).then(|| {
        format!(
            "{server}: {sql}\n    wanted {shows:?}, is {:?}, {:?}, {:?}",
            last.outcome, last.rows, last.warnings
        )
    })
}

fn assert_none(mistakes: &[String]) {
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

async fn on_postgres(scratch: &PostgresScratch, case: Case) -> Option<String> {
    let migrations = vec![
        effects::migration("1_setup", case.0, RunMode::EachStatement),
        effects::migration("2_case", case.1, RunMode::EachStatement),
    ];
    let history = effects::history(migrations);
    let trace = trace::postgres::trace(scratch, &history, &MigrationSet::All, &mut |_| {})
        .await
        .unwrap();
    mistake(case, &scratch.server().to_string(), &trace.migrations[1].effects)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_rows_of_postgres_is_told() {
    for major in crate::servers::POSTGRES_MAJORS {
        let scratch = scratch(major).await;
        let mut mistakes = Vec::new();
        for case in POSTGRES {
            mistakes.extend(on_postgres(&scratch, *case).await);
        }
        // Values of columns without a default are all different: the rule `unproven-key` tells of duplicates there.
        let distinct = (
            "CREATE TABLE t (id integer PRIMARY KEY, a text)",
            "ALTER TABLE t ADD UNIQUE (a)",
            Works,
        );
        mistakes.extend(on_postgres(&scratch, distinct).await);
        // Tables that do not refer to each other yet number their rows alike: the same rule tells of orphans.
        let alike = (
            "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY, p integer)",
            "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p (id)",
            Works,
        );
        mistakes.extend(on_postgres(&scratch, alike).await);
        scratch.stop().await.unwrap();
        assert_none(&mistakes);
    }
}

async fn on_mysql_family(engine: Engine, scratch: &MySqlFamilyScratch, case: Case) -> Option<String> {
    let migrations = [
        ("1_setup", case.0, RunMode::EachStatement),
        ("2_case", case.1, RunMode::EachStatement),
    ];
    let history = mysql_family_effects::history(engine, &migrations);
    let trace = trace::mysql_family::trace(scratch, &history, &MigrationSet::All, &mut |_| {})
        .await
        .unwrap();
    mistake(case, &scratch.server().to_string(), &trace.migrations[1].effects)
}

#[tokio::test]
async fn what_fails_on_rows_of_mysql_and_mariadb_is_told() {
    let mut mistakes = Vec::new();
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        for case in MYSQL_FAMILY_CASES {
            mistakes.extend(on_mysql_family(engine, &scratch, *case).await);
        }
        scratch.stop().await.unwrap();
    }
    assert_none(&mistakes);
}

#[test]
fn what_fails_on_rows_of_sqlite_is_told() {
    let mut mistakes = Vec::new();
    for case in SQLITE {
        let history = sqlite::history(RunMode::EachStatement, true, case.0, &[case.1]);
        let trace = sqlite::trace(&history, &MigrationSet::All);
        mistakes.extend(mistake(*case, "SQLite", &trace.migrations.last().unwrap().effects));
    }
    assert_none(&mistakes);
}
