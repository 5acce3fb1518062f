//! Ways back, tried on real servers: the examples of the rules about them, and what must hold beyond these.

use dbwright_catalog::{
    Again, DifferenceKind, Engine, Rollback, RollbackCoverage, RollbackOutcome, RoundTrip, Severity,
};
use dbwright_engineer::{BinDirs, CheckAnswer, CheckRequest, Phase, check};
use dbwright_rules::{ExampleKind, RULES};

use crate::repository::Repository;
use crate::run::{Place, go_back, go_back_named};
use crate::servers;

fn trip(rollback: &Rollback) -> &RoundTrip {
    match &rollback.outcome {
        RollbackOutcome::Ran(trip) => trip,
        other => panic!("it did not run: {other:?}"),
    }
}

/// All that is to hold on each engine.
async fn hold(place: Place<'_>) {
    examples(place).await;
    one_that_leads_elsewhere_does_not_disturb_the_next(place).await;
    what_the_way_back_deletes_is_counted(place).await;
    rows_in_the_way_are_told(place).await;
    everything_comes_back(place).await;
    ways_back_lead_back_together(place).await;
    what_ways_back_leave_together_is_told_once(place).await;
    what_was_one_migration_goes_back_as_one(place).await;
    swapped_values_are_lost(place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_back_are_tried_on_postgres() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        hold(Place::Postgres(&scratch)).await;
        objects_beside_tables(Place::Postgres(&scratch)).await;
        small_differences(Place::Postgres(&scratch)).await;
        code_that_leaves_the_database_is_not_run(Place::Postgres(&scratch)).await;
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_back_are_tried_on_mysql_and_mariadb() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        hold(Place::MySqlFamily(&scratch)).await;
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn ways_back_are_tried_on_sqlite() {
    hold(Place::Sqlite).await;
    what_a_trigger_sets_is_not_lost().await;
    code_that_leaves_the_database_is_not_run(Place::Sqlite).await;
}

async fn examples(place: Place<'_>) {
    for rule in RULES.iter().filter(|rule| rule.judges_ways_back()) {
        for example in rule.examples().into_iter().filter(|it| it.engine == place.engine()) {
            // Several migrations begin with the mark each.
            let migrations: Vec<&str> = example.sql.split("-- migrate:up\n").skip(1).collect();
            let (run, rollbacks) = go_back(place, example.setup.as_deref(), &migrations).await;
            let fires = run.of(rule.name).next().is_some();
            let told = format!(
                "{} on {}, {:?}:\n{}=> {}\n{rollbacks:?}",
                rule.name,
                place.engine(),
                example.kind,
                example.sql,
                run.told()
            );
            match example.kind {
                ExampleKind::Bad => assert!(fires && run.findings.len() == 1, "{told}"),
                ExampleKind::Good | ExampleKind::Fixed => assert!(run.findings.is_empty(), "{told}"),
            }
        }
    }
}

async fn one_that_leads_elsewhere_does_not_disturb_the_next(place: Place<'_>) {
    let texts = [
        "CREATE TABLE a (id integer PRIMARY KEY, n integer);\n-- migrate:down\nDROP TABLE a;\n",
        // Its second time fails.
        "CREATE TABLE b (id integer PRIMARY KEY); CREATE TABLE c (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE b;\n",
        "ALTER TABLE b ADD COLUMN x integer;\n-- migrate:down\nALTER TABLE b DROP COLUMN x;\n",
        "ALTER TABLE c ADD COLUMN x integer;\n-- migrate:down\nDROP TABLE nothing;\n",
        "ALTER TABLE a ADD COLUMN x integer;\n-- migrate:down\nALTER TABLE a DROP COLUMN x;\n",
    ];
    let (_, rollbacks) = go_back(place, None, &texts).await;
    let proven: Vec<bool> = rollbacks.iter().map(|rollback| trip(rollback).is_proven()).collect();
    assert_eq!(proven, [true, false, true, false, true], "{rollbacks:?}");
    let second = trip(&rollbacks[1]);
    assert_eq!(second.differences.len(), 1, "a table counts once: {second:?}");
    assert_eq!(second.differences[0].object.name(), "c");
    assert_eq!(second.differences[0].kind, DifferenceKind::Left);
    assert!(matches!(second.again, Again::Fails(_)));
    let fourth = trip(&rollbacks[3]).failure.as_ref().unwrap();
    assert!(
        !fourth.on_rows && fourth.error.message.contains("nothing"),
        "{fourth:?}"
    );
    let coverage = RollbackCoverage::of(&rollbacks);
    assert_eq!(
        (coverage.proven, coverage.failing, coverage.leaving_differences),
        (3, 1, 1)
    );
}

async fn what_the_way_back_deletes_is_counted(place: Place<'_>) {
    let setup = "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(20) NOT NULL);";
    let text = "CREATE TABLE more (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE more; DELETE FROM notes;\n";
    let (run, rollbacks) = go_back(place, Some(setup), &[text]).await;
    let lost = &trip(&rollbacks[0]).lost;
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(lost[0].rows_before > 0 && lost[0].rows_after == 0);
    assert_eq!(lost[0].rows_lost_back, lost[0].rows_before);
    let finding = run.of("rollback-loses-rows").next().unwrap();
    assert_eq!(finding.severity, Severity::Warning);
}

async fn rows_in_the_way_are_told(place: Place<'_>) {
    let setup = "CREATE TABLE notes (id integer PRIMARY KEY, n integer NOT NULL);";
    let text = "UPDATE notes SET n = 1;\n-- migrate:down\nCREATE UNIQUE INDEX notes_n ON notes (n);\n";
    let (run, rollbacks) = go_back(place, Some(setup), &[text]).await;
    let failure = trip(&rollbacks[0]).failure.as_ref();
    assert!(failure.is_some_and(|failure| failure.on_rows), "{rollbacks:?}");
    assert_eq!(run.of("rollback-fails").count(), 1);
}

/// Ways back that a generator has spread over the wrong files, one of them failing, and one that stands by itself.
async fn ways_back_lead_back_together(place: Place<'_>) {
    let texts = [
        "CREATE TABLE a (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n",
        "ALTER TABLE a ADD COLUMN x integer;\n-- migrate:down\nALTER TABLE a DROP COLUMN z;\n",
        "ALTER TABLE a ADD COLUMN y integer;\n-- migrate:down\nALTER TABLE a DROP COLUMN y;\n",
        "ALTER TABLE a ADD COLUMN z integer;\n-- migrate:down\nALTER TABLE a DROP COLUMN x;\n",
        "CREATE TABLE b (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE b;\n",
        "CREATE TABLE c (id integer PRIMARY KEY); CREATE TABLE d (id integer);\n-- migrate:down\nDROP TABLE c;\n",
        "CREATE TABLE e (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE e;\n",
    ];
    let (run, rollbacks) = go_back(place, None, &texts).await;
    let proven: Vec<bool> = rollbacks.iter().map(|rollback| trip(rollback).is_proven()).collect();
    assert_eq!(proven, [true, false, true, false, true, false, true], "{rollbacks:?}");
    let together: Vec<_> = rollbacks
        .iter()
        .map(|rollback| trip(rollback).together.map(|it| (it.first, it.last)))
        .collect();
    let group = Some((1, 3));
    assert_eq!(together, [None, group, group, group, None, None, None], "{rollbacks:?}");
    let rules: Vec<&str> = run.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(
        rules,
        ["rollback-only-together", "rollback-leaves-schema"],
        "{}",
        run.told()
    );
    let coverage = RollbackCoverage::of(&rollbacks);
    let figures = (
        coverage.proven,
        coverage.proven_together,
        coverage.leaving_differences,
        coverage.failing,
    );
    assert_eq!(figures, (4, 2, 1, 0));
}

/// Ways back that belong together and leave something all the same are one finding.
async fn what_ways_back_leave_together_is_told_once(place: Place<'_>) {
    let texts = [
        "CREATE TABLE a (id integer PRIMARY KEY, x integer NOT NULL);\n-- migrate:down\nDROP TABLE a;\n",
        "CREATE TABLE b (id integer PRIMARY KEY);\n-- migrate:down\nALTER TABLE a ADD COLUMN x integer;\n",
        "ALTER TABLE a DROP COLUMN x;\n-- migrate:down\nDROP TABLE b;\n",
        "CREATE TABLE c (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE c;\n",
    ];
    let (run, rollbacks) = go_back(place, None, &texts).await;
    let rules = run.findings.iter().map(|finding| finding.rule.as_str());
    let told: Vec<&str> = rules.filter(|rule| *rule != "rollback-loses-rows").collect();
    assert_eq!(told, ["rollback-leaves-schema"], "{} {rollbacks:?}", run.told());
    let left = &trip(&rollbacks[2]).left_together;
    assert!(left.iter().any(|left| left.object.name() == "x"), "{rollbacks:?}");
    let coverage = RollbackCoverage::of(&rollbacks);
    assert_eq!(
        (coverage.proven, coverage.leaving_differences, coverage.failing),
        (2, 2, 0)
    );
}

/// Files that a tool cut from one migration, with ways back in the order of the whole: the newest has none, and dropping the
/// table of the oldest takes an index of another away.
async fn what_was_one_migration_goes_back_as_one(place: Place<'_>) {
    let texts = [
        "CREATE TABLE a (id integer PRIMARY KEY, x integer);\n-- migrate:down\nDROP TABLE a;\n",
        "CREATE INDEX a_x ON a (x);\n-- migrate:down\nDROP TABLE b;\n",
        "CREATE TABLE b (id integer PRIMARY KEY);\n-- migrate:down\n",
    ];
    let together = |names: [&'static str; 3]| async move {
        let named: Vec<(&str, &str)> = names.into_iter().zip(texts).collect();
        let (_, rollbacks) = go_back_named(place, None, &named).await;
        let group = trip(&rollbacks[2]).together;
        group.map(|group| (group.first, group.last, group.leads_back))
    };
    let of_one = [
        "20200101000000000000_a",
        "20200101000000000001_a",
        "20200101000000000002_a",
    ];
    assert_eq!(together(of_one).await, Some((0, 2, true)));
    // However many files at its end have none.
    let mut many = vec![
        ("20200101000000000000_a", texts[0]),
        ("20200101000000000001_a", texts[1]),
    ];
    let names: Vec<String> = (2..14).map(|number| format!("20200101000000{number:06}_a")).collect();
    let creates: Vec<String> = (2..14)
        .map(|number| format!("CREATE TABLE b{number} (id integer PRIMARY KEY);\n-- migrate:down\n"))
        .collect();
    let drops: Vec<String> = (2..14).map(|number| format!("DROP TABLE b{number};")).collect();
    let second = format!("CREATE INDEX a_x ON a (x);\n-- migrate:down\n{}\n", drops.join("\n"));
    many[1].1 = &second;
    many.extend(
        names
            .iter()
            .zip(&creates)
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    let (_, rollbacks) = go_back_named(place, None, &many).await;
    let group = trip(&rollbacks[13]).together;
    assert_eq!(
        group.map(|group| (group.first, group.last, group.leads_back)),
        Some((0, 13, true))
    );
    let of_several = ["20200101000000_a", "20200102000000_a_x", "20200103000000_b"];
    assert_ne!(together(of_several).await, Some((0, 2, true)));
}

/// Two rows that swap their values.
async fn swapped_values_are_lost(place: Place<'_>) {
    let setup = "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(20) NOT NULL UNIQUE);";
    let text = "CREATE TABLE kept AS SELECT max(id) AS high, min(id) AS low FROM notes;\n\
                -- migrate:down\nUPDATE notes SET body = 'x' WHERE id = (SELECT high FROM kept);\n\
                UPDATE notes SET body = 'dbwright-3' WHERE id = (SELECT low FROM kept);\n\
                UPDATE notes SET body = 'dbwright-1' WHERE id = (SELECT high FROM kept);\nDROP TABLE kept;\n";
    let (_, rollbacks) = go_back(place, Some(setup), &[text]).await;
    let lost = &trip(&rollbacks[0]).lost;
    assert!(
        lost.len() == 1 && lost[0].columns.len() == 1 && lost[0].columns[0].lost == 2,
        "{rollbacks:?}"
    );
}

/// A time that a trigger sets is not lost by a migration that does not name it.
async fn what_a_trigger_sets_is_not_lost() {
    let setup = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, changed TEXT NOT NULL);
        CREATE TRIGGER notes_changed AFTER UPDATE OF body ON notes BEGIN
            UPDATE notes SET changed = 'later' WHERE id = NEW.id; END;";
    let text = "ALTER TABLE notes ADD COLUMN length INTEGER; UPDATE notes SET body = body || '';\n\
                -- migrate:down\nALTER TABLE notes DROP COLUMN length;\n";
    let (_, rollbacks) = go_back(Place::Sqlite, Some(setup), &[text]).await;
    assert!(trip(&rollbacks[0]).lost.is_empty(), "{rollbacks:?}");
    let names_it = text.replace(
        "ALTER TABLE notes DROP",
        "UPDATE notes SET changed = 'never'; ALTER TABLE notes DROP",
    );
    let (_, rollbacks) = go_back(Place::Sqlite, Some(setup), &[&names_it]).await;
    assert!(!trip(&rollbacks[0]).lost.is_empty(), "{rollbacks:?}");
}

/// A column in the middle that comes back at the end is no difference.
async fn everything_comes_back(place: Place<'_>) {
    let setup = "CREATE TABLE notes (id integer PRIMARY KEY, a varchar(20), b integer);";
    let text = "ALTER TABLE notes DROP COLUMN a;\n-- migrate:down\nALTER TABLE notes ADD COLUMN a varchar(20);\n";
    let (run, rollbacks) = go_back(place, Some(setup), &[text]).await;
    let trip = trip(&rollbacks[0]);
    assert!(trip.is_proven(), "{trip:?}");
    assert!(
        !trip.lost.is_empty() && trip.lost[0].columns[0].lost_back == 0,
        "{trip:?}"
    );
    assert_eq!(run.findings.len(), 1);
    assert_eq!(run.findings[0].severity, Severity::Note);
}

/// What only a whole reading sees: comments, grants, policies.
async fn objects_beside_tables(place: Place<'_>) {
    let setup = "CREATE TABLE notes (id integer PRIMARY KEY);";
    for (up, what) in [
        ("COMMENT ON TABLE notes IS 'x'", "comment"),
        ("GRANT SELECT ON notes TO PUBLIC", "grant"),
        ("CREATE POLICY p ON notes USING (true)", "policy"),
        ("CREATE TYPE mood AS ENUM ('a')", "type"),
    ] {
        let text = format!("{up}; CREATE TABLE more (a integer);\n-- migrate:down\nDROP TABLE more;\n");
        let (_, rollbacks) = go_back(place, Some(setup), &[&text]).await;
        let differences = &trip(&rollbacks[0]).differences;
        assert_eq!(differences.len(), 1, "{what}: {differences:?}");
        assert_eq!(differences[0].object.kind.name(), what);
    }
}

/// What the server writes down of the owner, and spaces in a body, are no differences; what keeps NULL out is one.
async fn small_differences(place: Place<'_>) {
    let setup = "CREATE TABLE notes (id integer PRIMARY KEY, a integer NOT NULL); \
                 CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';";
    let text = "GRANT SELECT ON notes TO PUBLIC; DROP FUNCTION one();\n-- migrate:down\n\
                REVOKE SELECT ON notes FROM PUBLIC; \
                CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS '  SELECT  1';\n";
    let (_, rollbacks) = go_back(place, Some(setup), &[text]).await;
    assert!(trip(&rollbacks[0]).is_proven(), "{rollbacks:?}");
    let text = "ALTER TABLE notes DROP COLUMN a;\n-- migrate:down\nALTER TABLE notes ADD COLUMN a integer;\n";
    let (_, rollbacks) = go_back(place, Some(setup), &[text]).await;
    let differences = &trip(&rollbacks[0]).differences;
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].object.to_string(), "notes.a");
    let setup =
        "CREATE TABLE notes (id integer PRIMARY KEY, a integer, b integer); CREATE VIEW v AS SELECT * FROM notes;";
    let text = "DROP VIEW v; ALTER TABLE notes DROP COLUMN a;\n-- migrate:down\n\
                ALTER TABLE notes ADD COLUMN a integer; CREATE VIEW v AS SELECT * FROM notes;\n";
    let (_, rollbacks) = go_back(place, Some(setup), &[text]).await;
    assert!(trip(&rollbacks[0]).is_proven(), "{rollbacks:?}");
}

async fn code_that_leaves_the_database_is_not_run(place: Place<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("escaped");
    let way = match place.engine() {
        Engine::Sqlite => format!("ATTACH '{}' AS other;", file.display()),
        Engine::Postgres | Engine::MySql | Engine::MariaDb => {
            format!("COPY (SELECT 1) TO PROGRAM 'touch {}';", file.display())
        }
    };
    let text = format!("CREATE TABLE a (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n{way}\n");
    let (_, rollbacks) = go_back(place, None, &[&text]).await;
    assert!(
        matches!(rollbacks[0].outcome, RollbackOutcome::NotTried { .. }),
        "{rollbacks:?}"
    );
    assert!(!file.exists());
}

fn request(repository: &Repository, engine: Engine, bin_dirs: BinDirs) -> CheckRequest {
    CheckRequest {
        tries_ways_back: true,
        cache_bytes_max: 1 << 30,
        ..repository.check_request(engine, bin_dirs)
    }
}

/// A check, and whether it tried a way back.
async fn checked(request: &CheckRequest) -> (CheckAnswer, bool) {
    let mut tried = false;
    let answer = check(request, &mut |phase| tried |= matches!(phase, Phase::GoingBack { .. })).await;
    (answer.unwrap_or_else(|error| panic!("{}", error.message())), tried)
}

fn repository() -> Repository {
    let repository = Repository::with_git();
    repository
        .write(".gitignore", ".cache\n")
        .write(
            "db/migrations/1_notes.sql",
            "-- migrate:up\nCREATE TABLE notes (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE nothing;\n",
        )
        .commit()
        .branch("work");
    repository.write(
        "db/migrations/2_more.sql",
        "-- migrate:up\nCREATE TABLE more (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE more;\n",
    );
    repository
}

async fn only_new_ones_are_tried_and_only_once(engine: Engine, bin_dirs: BinDirs) {
    let repository = repository();
    let request = request(&repository, engine, bin_dirs);
    let (first, tried) = checked(&request).await;
    let rollbacks = first.review.sections[0].rollbacks.clone().unwrap();
    assert!(tried && rollbacks.len() == 1, "{rollbacks:?}");
    assert_eq!(rollbacks[0].migration, 1, "only what is new");
    assert!(trip(&rollbacks[0]).is_proven(), "{rollbacks:?}");

    let off = CheckRequest {
        tries_ways_back: false,
        ..request.clone()
    };
    let (off, tried) = checked(&off).await;
    assert!(!tried && off.review.sections[0].rollbacks.is_none());

    let (again, tried) = checked(&request).await;
    if engine != Engine::Sqlite {
        assert!(!tried, "only what takes no time on SQLite is not kept");
    }
    assert_eq!(again.review.sections[0].rollbacks.as_ref(), Some(&rollbacks));

    // Another way back of the same migration is another matter.
    repository.write(
        "db/migrations/2_more.sql",
        "-- migrate:up\nCREATE TABLE more (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE mare;\n",
    );
    let (other, tried) = checked(&request).await;
    assert!(tried);
    let rollbacks = other.review.sections[0].rollbacks.as_ref().unwrap();
    assert!(trip(&rollbacks[0]).failure.is_some());
    let findings = &other.review.sections[0].findings;
    assert!(
        findings.iter().any(|finding| finding.rule == "rollback-fails"),
        "{findings:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tried_on_sqlite_is_what_is_new() {
    only_new_ones_are_tried_and_only_once(Engine::Sqlite, BinDirs::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tried_on_postgres_is_kept() {
    let bin_dirs = BinDirs {
        postgres: vec![servers::postgres(18)],
        ..BinDirs::default()
    };
    only_new_ones_are_tried_and_only_once(Engine::Postgres, bin_dirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tried_on_mariadb_is_kept() {
    let bin_dirs = servers::mysql_family_bin(Engine::MariaDb, 11).1;
    only_new_ones_are_tried_and_only_once(Engine::MariaDb, bin_dirs).await;
}
