//! The prefix cache on PostgreSQL: warm runs give what cold ones give, and nothing is taken for what it is not.

use std::fs;
use std::path::Path;

use dbwright_catalog::{Engine, Evidence, Finding, Fix, FixStep, Group, History, Known, LockMode, MigrationSet};
use dbwright_catalog::{ObjectId, Outcome, Place, Proof, RunMode, Severity, Trace};
use dbwright_live::cache::{EntryKind, HistoryCache, Store};
use dbwright_live::prove::Candidate;
use dbwright_live::prove::postgres::{prove_ahead, prove_kept};
use dbwright_live::scratch::postgres::Programs;
use dbwright_live::trace::postgres::{trace_and_tell, trace_kept};

use super::{PLENTY, files, kept, last, only, timeless};
use crate::servers;

/// So long that it is worth keeping where it has led to.
const LONG: &str = "SELECT pg_sleep(0.35)";

fn history(texts: &[&str]) -> History {
    super::history(Engine::Postgres, texts)
}

async fn programs(major: u32) -> Programs {
    let options = servers::scratch_options(major);
    Programs::choose(&options).await.unwrap().unwrap()
}

fn store(folder: &Path) -> Store {
    Store::new(folder, PLENTY)
}

async fn run(programs: &Programs, store: &Store, history: &History, judged: &MigrationSet) -> Trace {
    let cache = HistoryCache::postgres(store, programs, history, judged);
    trace_kept(programs, &cache, history, judged, &mut |_| {})
        .await
        .unwrap()
}

/// Runs a history three times: without a cache, with an empty one, and with what that has left.
async fn same_thrice(major: u32, texts: &[&str]) -> Trace {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(major).await, store(folder.path()));
    let texts: Vec<&str> = [&[LONG], texts].concat();
    let history = history(&texts);
    let judged = last(&history);
    let nothing = Store::new(folder.path(), 0);
    let without = run(&programs, &nothing, &history, &judged).await;
    assert_eq!(kept(&store, EntryKind::Prefix), [] as [&Path; 0]);
    let cold = run(&programs, &store, &history, &judged).await;
    assert_eq!(cold.from_cache, 0);
    assert_eq!(kept(&store, EntryKind::Prefix).len(), 1, "{texts:?}");
    let warm = run(&programs, &store, &history, &judged).await;
    assert_eq!(warm.from_cache, texts.len() - 1, "{texts:?}");
    assert_eq!(timeless(&without), timeless(&cold), "{texts:?}");
    assert_eq!(timeless(&cold), timeless(&warm), "{texts:?}");
    warm
}

fn outcomes(trace: &Trace) -> Vec<&Outcome> {
    let effects = &trace.migrations.last().unwrap().effects;
    effects.iter().map(|effect| &effect.outcome).collect()
}

fn has_table(trace: &Trace, schema: &str, name: &str) -> bool {
    trace.catalog.get(&ObjectId::table(schema, name)).is_some()
}

#[tokio::test]
async fn tables_indexes_and_references() {
    for major in servers::majors() {
        let trace = same_thrice(
            major,
            &[
                "CREATE TABLE a (id int PRIMARY KEY, n text)",
                "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); CREATE INDEX b_a ON b (a)",
                "CREATE INDEX a_n ON a (n); ALTER TABLE b ALTER COLUMN a SET NOT NULL; ALTER TABLE a RENAME n TO m",
            ],
        )
        .await;
        assert!(trace.unfilled.is_empty(), "{:?}", trace.unfilled);
    }
}

#[tokio::test]
async fn roles_that_were_made_and_roles_that_were_presupposed() {
    let trace = same_thrice(
        18,
        &[
            "GRANT ALL ON SCHEMA public TO presupposed; CREATE ROLE made; CREATE TABLE t (id int)",
            "CREATE ROLE made; CREATE TABLE u (); ALTER TABLE u OWNER TO presupposed",
        ],
    )
    .await;
    let outcomes = outcomes(&trace);
    assert!(
        matches!(outcomes[0], Outcome::Failed(_)),
        "the role is there already: {outcomes:?}"
    );
    assert_eq!(outcomes[2], &Outcome::Done);
    assert_eq!(trace.assumptions.len(), 1);
}

#[tokio::test]
async fn settings_that_migrations_make() {
    let trace = same_thrice(
        18,
        &[
            "CREATE SCHEMA app; SET search_path = app; SET app.tenant = 'acme'; SET check_function_bodies = off",
            "CREATE ROLE maker; GRANT USAGE, CREATE ON SCHEMA app TO maker; SET ROLE maker",
            "CREATE TABLE here (); DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', current_setting('app.tenant')); END $$; \
             DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', 'by_' || current_user); END $$; \
             CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM nowhere'",
        ],
    )
    .await;
    for table in ["here", "acme", "by_maker"] {
        assert!(has_table(&trace, "app", table), "{table}: {:?}", outcomes(&trace));
    }
    assert!(
        outcomes(&trace).iter().all(|outcome| **outcome == Outcome::Done),
        "{:?}",
        outcomes(&trace)
    );
}

#[tokio::test]
async fn a_search_path_that_a_dump_has_emptied() {
    let trace = same_thrice(
        18,
        &[
            "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE public.t (id int)",
            "CREATE TABLE public.u (); CREATE TABLE v ()",
        ],
    )
    .await;
    assert!(matches!(outcomes(&trace)[1], Outcome::Failed(_)));
}

#[tokio::test]
async fn settings_of_the_database_hold_for_later_sessions_only() {
    let trace = same_thrice(
        18,
        &[
            "CREATE SCHEMA app; \
             DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app', current_database()); END $$",
            "CREATE TABLE t ()",
        ],
    )
    .await;
    assert!(has_table(&trace, "public", "t"), "{:?}", trace.catalog.objects.keys());
}

#[tokio::test]
async fn a_failure_before_the_judged_migration_is_blamed_for_those_in_it() {
    let trace = same_thrice(
        18,
        &[
            "CREATE TABLE t (id nosuchtype)",
            "ALTER TABLE t ADD COLUMN c int; ALTER TABLE never ADD COLUMN c int",
        ],
    )
    .await;
    let outcomes = outcomes(&trace);
    assert!(
        matches!(
            outcomes[0],
            Outcome::FollowsFrom {
                migration: 1,
                statement: 0,
                ..
            }
        ),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[1], Outcome::Failed(_)), "{outcomes:?}");
}

#[tokio::test]
async fn sequences_and_unlogged_rows_are_where_they_were() {
    let trace = same_thrice(
        18,
        &[
            "CREATE SEQUENCE s; SELECT nextval('s'); SELECT nextval('s'); \
             CREATE UNLOGGED TABLE u (n) AS SELECT generate_series(1, 5)",
            "DO $$ BEGIN EXECUTE format('CREATE TABLE t%s_%s ()', nextval('s'), (SELECT max(n) FROM u WHERE n < 6)); END $$",
        ],
    )
    .await;
    assert!(
        has_table(&trace, "public", "t3_5"),
        "{:?}",
        trace.catalog.objects.keys()
    );
}

#[tokio::test]
async fn failures_on_rows_are_told_from_others() {
    let trace = same_thrice(
        18,
        &[
            "CREATE TABLE t (id int, n int)",
            "ALTER TABLE t ADD COLUMN c int NOT NULL; ALTER TABLE never ADD COLUMN c int",
        ],
    )
    .await;
    assert!(matches!(outcomes(&trace)[0], Outcome::FailedOnRows(_)));
    assert!(matches!(outcomes(&trace)[1], Outcome::Failed(_)));
}

#[tokio::test]
async fn what_ends_with_its_session_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    for statement in [
        "CREATE TEMPORARY TABLE w (id int)",
        "PREPARE p AS SELECT 1",
        "SELECT pg_advisory_lock(1)",
    ] {
        let history = history(&[LONG, statement, "CREATE TABLE t ()"]);
        run(&programs, &store, &history, &last(&history)).await;
        assert_eq!(kept(&store, EntryKind::Prefix), [] as [&Path; 0], "{statement}");
    }
}

#[tokio::test]
async fn nothing_is_found_that_is_not_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    let original = history(&[LONG, "CREATE TABLE a ()", "CREATE TABLE b ()"]);
    run(&programs, &store, &original, &last(&original)).await;
    let mut text = original.clone();
    text.migrations[1].statements[0].text = "CREATE TABLE a (id int)".to_owned();
    let mut mode = original.clone();
    mode.migrations[1].run_mode = RunMode::EachStatement;
    for changed in [text, mode] {
        let trace = run(&programs, &store, &changed, &last(&changed)).await;
        assert_eq!(trace.from_cache, 0);
        let again = run(&programs, &store, &changed, &last(&changed)).await;
        assert_eq!(again.from_cache, 2);
    }
    let elsewhere = self::programs(15).await;
    let trace = run(&elsewhere, &store, &original, &last(&original)).await;
    assert_eq!(trace.from_cache, 0, "kept by another server");
}

#[tokio::test]
async fn a_history_that_has_grown_goes_on_from_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    let texts = [LONG, "CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()"];
    let (short, long) = (history(&texts[..3]), history(&texts));
    run(&programs, &store, &short, &last(&short)).await;
    let trace = run(&programs, &store, &long, &last(&long)).await;
    assert_eq!(trace.from_cache, 2);
    let without = run(&programs, &Store::new(folder.path(), 0), &long, &last(&long)).await;
    assert_eq!(timeless(&trace), timeless(&without));
}

#[tokio::test]
async fn what_was_not_used_for_the_longest_time_goes() {
    let folder = tempfile::tempdir().unwrap();
    let programs = programs(18).await;
    let histories: Vec<History> = ["a", "b", "c"]
        .iter()
        .map(|name| history(&[LONG, &format!("CREATE TABLE {name} ()"), "CREATE TABLE t ()"]))
        .collect();
    let run_with = async |bytes_max: u64, which: usize| {
        let store = Store::new(folder.path(), bytes_max);
        run(&programs, &store, &histories[which], &only(2)).await.from_cache
    };
    run_with(PLENTY, 0).await;
    let one = store(folder.path()).contents().bytes();
    let room_for_two = one * 5 / 2;
    run_with(room_for_two, 1).await;
    assert_eq!(run_with(room_for_two, 0).await, 2);
    run_with(room_for_two, 2).await;
    let contents = Store::new(folder.path(), room_for_two).contents();
    assert!(contents.bytes() <= room_for_two, "{contents:?}");
    assert_eq!(run_with(room_for_two, 2).await, 2);
    assert_eq!(run_with(room_for_two, 0).await, 2, "it was used after the second");
    assert_eq!(run_with(room_for_two, 1).await, 0);
}

#[tokio::test]
async fn two_runs_at_once_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    let history = history(&[LONG, "CREATE TABLE a (id int)", "CREATE INDEX i ON a (id)"]);
    let judged = last(&history);
    for expected in [0, 2] {
        let (one, other) = tokio::join!(
            run(&programs, &store, &history, &judged),
            run(&programs, &store, &history, &judged)
        );
        assert_eq!((one.from_cache, other.from_cache), (expected, expected));
        assert_eq!(timeless(&one), timeless(&other));
        assert_eq!(kept(&store, EntryKind::Prefix).len(), 1);
    }
    let names = fs::read_dir(folder.path().join("kept")).unwrap();
    let names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| !name.starts_with("new-")), "{names:?}");
}

#[tokio::test]
async fn what_is_damaged_is_removed_and_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    let history = history(&[LONG, "CREATE TABLE a (id int)", "CREATE INDEX i ON a (id)"]);
    let judged = last(&history);
    let whole = run(&programs, &store, &history, &judged).await;
    let damages: [fn(&Path); 4] = [
        |entry| fs::remove_file(files(&entry.join("data/base")).pop().unwrap()).unwrap(),
        |entry| fs::write(entry.join("data/global/pg_control"), vec![0; 8192]).unwrap(),
        |entry| {
            let state = entry.join("state");
            let length = state.metadata().unwrap().len();
            fs::write(state, vec![0; usize::try_from(length).unwrap()]).unwrap();
        },
        |entry| fs::write(entry.join("entry.json"), "{").unwrap(),
    ];
    for damage in damages {
        let entries = kept(&store, EntryKind::Prefix);
        assert_eq!(entries.len(), 1);
        damage(&entries[0]);
        let trace = run(&programs, &store, &history, &judged).await;
        assert_eq!(trace.from_cache, 0);
        assert_eq!(timeless(&trace), timeless(&whole));
    }
    assert_eq!(run(&programs, &store, &history, &judged).await.from_cache, 2);
}

#[tokio::test]
async fn a_finished_trace_and_its_proofs_need_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    let history = history(&[LONG, "CREATE TABLE a (id int)", "CREATE INDEX i ON a (id)"]);
    let judged = last(&history);
    let cache = HistoryCache::postgres(&store, &programs, &history, &judged);
    assert_eq!(cache.trace(), None);
    let trace = run(&programs, &store, &history, &judged).await;
    cache.keep_trace(&trace);
    let found = cache.trace().unwrap();
    assert_eq!(found.from_cache, 3);
    assert_eq!(timeless(&found), timeless(&trace));

    let finding = with_fix("CREATE INDEX CONCURRENTLY i ON a (id)");
    let candidates = [Candidate::of(&finding, &found).unwrap()];
    assert_eq!(cache.proofs(&candidates), [None]);
    let proofs = prove_kept(&programs, &cache, &history, &found, &candidates)
        .await
        .unwrap();
    assert!(proofs[0].holds(), "{proofs:?}");
    cache.keep_proofs(&candidates, &proofs);
    assert_eq!(cache.proofs(&candidates), [Some(proofs[0].clone())]);

    let finding = with_fix("CREATE INDEX CONCURRENTLY j ON a (id)");
    let candidates = [Candidate::of(&finding, &found).unwrap()];
    assert_eq!(cache.proofs(&candidates), [None], "another fix");
    let proofs = prove_kept(&programs, &cache, &history, &found, &candidates)
        .await
        .unwrap();
    assert!(
        matches!(&proofs[0], Proof::Fails { reason, .. } if reason.contains("the schema ends differently")),
        "{proofs:?}"
    );

    store.clear().unwrap();
    assert_eq!(store.contents().entries, []);
    assert_eq!(cache.trace(), None);
}

#[tokio::test]
async fn fixes_are_tried_while_the_history_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(18).await, store(folder.path()));
    let history = history(&[
        LONG,
        "CREATE TABLE a (id int)",
        "CREATE INDEX i ON a (id)",
        "ALTER TABLE a RENAME TO b",
    ]);
    let (right, wrong, unknown) = (
        with_fix("CREATE INDEX CONCURRENTLY i ON a (id)"),
        with_fix("CREATE INDEX CONCURRENTLY j ON a (id)"),
        with_fix("CREATE INDEX CONCURRENTLY i ON a (id) WITH (fillfactor = 100)"),
    );
    let from_second = MigrationSet::Only {
        indexes: vec![2, 3],
        why: String::new(),
    };
    for judged in [MigrationSet::All, from_second] {
        let cache = HistoryCache::postgres(&store, &programs, &history, &judged);
        let (sender, news) = tokio::sync::mpsc::unbounded_channel();
        let mut asked = Vec::new();
        let find = |trace: &Trace| {
            let last = trace.migrations.len() - 1;
            asked.push(last);
            let found: &[&Finding] = if last == 2 { &[&right, &wrong] } else { &[] };
            found.iter().copied().cloned().collect()
        };
        let mut progress = |_| {};
        let tracing = trace_and_tell(&programs, &cache, &history, &judged, &mut progress, sender);
        let proving = prove_ahead(&programs, &cache, &history, 10, news, find);
        let (trace, early) = tokio::join!(tracing, proving);
        let (trace, early) = (trace.unwrap(), early.unwrap());
        let proof = |finding| early.proof(&Candidate::of(finding, &trace).unwrap());
        assert!(proof(&right).unwrap().holds());
        assert!(matches!(
            proof(&wrong),
            Some(Proof::Fails { reason, .. }) if reason.contains("the schema ends differently")
        ));
        assert_eq!(proof(&unknown), None);
        let indexes = (0..history.migrations.len()).filter(|index| judged.contains(*index));
        assert_eq!(asked, indexes.collect::<Vec<_>>());
    }
}

/// A finding on the only statement of the third migration.
fn with_fix(sql: &str) -> Finding {
    let table = ObjectId::table("public", "a");
    let evidence = Evidence {
        known: Known::Observed,
        server: dbwright_catalog::Server {
            engine: Engine::Postgres,
            version: dbwright_catalog::Version::new(18, 0, 0),
        },
        relation: Some(table.clone()),
        lock: None,
        operation: None,
        facts: Vec::new(),
    };
    Finding {
        rule: "some-rule".to_owned(),
        group: Group::Locks,
        severity: Severity::Warning,
        place: Place {
            path: "2.sql".into(),
            statement: Some((2, 0)),
            span: None,
            line: 1,
        },
        message: String::new(),
        evidence,
        advice: Vec::new(),
        fix: Some(Fix {
            summary: String::new(),
            steps: vec![FixStep {
                sql: sql.to_owned(),
                in_transaction: false,
                undo: Vec::new(),
            }],
            avoids: vec![(table, LockMode::Share)],
            proof: None,
        }),
    }
}
