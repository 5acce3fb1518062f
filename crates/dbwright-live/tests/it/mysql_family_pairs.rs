//! Pairs of schemas: the plan from one to the other reaches it, keeps rows, and leads back; or it is refused by name.
//!
//! `cases/diff/<case>/<engine>/{before,after}.sql` are pairs that somebody thought of or that failed once. The others are
//! made up (see [`made_up`]); `DBWRIGHT_SCHEMA_SERVERS=mysql-9,mariadb-11` takes only these servers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Catalog, Engine, Plan, PlanClaim, PlanOutcome, PlanProof};
use dbwright_ddl::{PlanOptions, diff, plan};
use dbwright_live::prove_plan::mysql_family::{prove, refine_and_prove};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};

use crate::made_up;
use crate::mysql_family_random::{Generator, Schema};
use crate::mysql_family_schema::{cases, schema_of, try_schema_of};
use crate::servers::{MYSQL_FAMILY, mysql_family};

/// Pairs for each server in the ordinary suite.
const PAIRS: u64 = 12;

/// What came of a pair.
enum Verdict {
    Proven,
    Refused(Vec<String>),
    Failed(String),
}

/// Plans both ways and proves.
async fn judge(scratch: &MySqlFamilyScratch, before: &Catalog, after: &Catalog, asks: bool) -> (Plan, Verdict) {
    let options = PlanOptions::default();
    let mut forth = plan(before, after, &options);
    let back = plan(after, before, &options);
    if !forth.refusals.is_empty() {
        let reasons = forth
            .refusals
            .iter()
            .map(|refusal| format!("{}: {}", refusal.object, refusal.reason))
            .collect();
        return (forth, Verdict::Refused(reasons));
    }
    let opaque = diff(before, after).opaque;
    assert!(opaque.is_empty(), "{opaque:?}");
    let proof = if asks {
        refine_and_prove(scratch, before, after, &mut forth, Some(&back))
            .await
            .unwrap()
    } else {
        prove(scratch, before, after, &forth, Some(&back)).await.unwrap()
    };
    let verdict = match problems(&proof) {
        problems if problems.is_empty() => Verdict::Proven,
        problems => Verdict::Failed(problems),
    };
    (forth, verdict)
}

fn problems(proof: &PlanProof) -> String {
    let mut text = String::new();
    for check in &proof.checks {
        if let PlanOutcome::Fails(reasons) = &check.outcome {
            text.extend(["not so: ", check.claim.sentence(), "\n  ", &reasons.join("\n  "), "\n"]);
        }
    }
    text
}

fn printed(plan: &Plan) -> String {
    let steps: Vec<String> = plan.steps().map(|step| format!("{};", step.sql)).collect();
    let losses: Vec<String> = plan
        .losses
        .iter()
        .map(|loss| format!("-- loss: {}: {}", loss.object, loss.what))
        .collect();
    [losses, steps].concat().join("\n")
}

/// A pair of files, and what they say is refused or lost: `-- refused: …`, `-- lost: …` in the file of the goal.
#[tokio::test]
async fn pairs_of_the_corpus_are_proven_or_refused_as_they_say() {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(cases().join("diff"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let mut failures = Vec::new();
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        for folder in &folders {
            let pair = folder.join(engine.name());
            if pair.is_dir() && is_for(folder, major) {
                failures.extend(
                    case(&scratch, &pair)
                        .await
                        .err()
                        .map(|problem| format!("{engine} {major}, {}: {problem}", pair.display())),
                );
            }
        }
        scratch.stop().await.unwrap();
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A case whose name ends in a number is for that major version and newer ones.
pub(crate) fn is_for(folder: &Path, major: u32) -> bool {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let since = name.rsplit_once('-').and_then(|(_, since)| since.parse::<u32>().ok());
    since.is_none_or(|since| since <= major)
}

pub(crate) async fn case(scratch: &MySqlFamilyScratch, pair: &Path) -> Result<(), String> {
    let text = |name: &str| std::fs::read_to_string(pair.join(name)).unwrap();
    let (old, new) = (text("before.sql"), text("after.sql"));
    // Accounts are made by the one who may everything.
    let who = if new.contains("CREATE USER") {
        Who::Observer
    } else {
        Who::Migrator
    };
    let before = schema_of(scratch, who, &old).await.catalog;
    let after = schema_of(scratch, who, &new).await.catalog;
    let (plan, verdict) = judge(scratch, &before, &after, true).await;
    let said = |mark: &str| -> Vec<String> {
        new.lines()
            .filter_map(|line| line.strip_prefix(mark))
            .map(|line| line.trim().to_owned())
            .collect()
    };
    let losses: Vec<String> = plan
        .losses
        .iter()
        .map(|loss| format!("{}: {}", loss.object, loss.what))
        .collect();
    if losses != said("-- lost:") {
        return Err(format!("lost is {losses:#?}"));
    }
    let contained: Vec<String> = said("-- contains:");
    let steps = printed(&plan);
    if let Some(missing) = contained.iter().find(|text| !steps.contains(*text)) {
        return Err(format!("no step has {missing}:\n{steps}"));
    }
    match verdict {
        Verdict::Proven if said("-- refused:").is_empty() => Ok(()),
        Verdict::Proven => Err("it should be refused and is proven".to_owned()),
        Verdict::Refused(reasons) if reasons == said("-- refused:") => Ok(()),
        Verdict::Refused(reasons) => Err(format!("it is refused: {reasons:#?}")),
        Verdict::Failed(problem) => Err(format!("{problem}{steps}")),
    }
}

#[tokio::test]
async fn plans_between_schemas_that_were_made_up_hold() {
    let only = std::env::var("DBWRIGHT_SCHEMA_SERVERS").ok();
    let mut failures = Vec::new();
    for (engine, major) in MYSQL_FAMILY {
        let name = format!("{engine}-{major}").to_lowercase();
        if only.as_ref().is_none_or(|only| only.split(',').any(|one| one == name)) {
            failures.extend(try_pairs(engine, major, made_up::numbers(PAIRS)).await);
        }
    }
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Judges made-up pairs on one server; what failed, with the SQL of both sides.
async fn try_pairs(engine: Engine, major: u32, seeds: std::ops::Range<u64>) -> Vec<String> {
    let scratch = mysql_family(engine, major).await;
    let mut failures = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds {
        let mut generator = Generator::new(engine, major, seed);
        let first: Schema = generator.schema();
        let second = generator.edited(&first);
        let (old, new) = (first.sql(), second.sql());
        let before = try_schema_of(&scratch, Who::Migrator, &old).await;
        let after = try_schema_of(&scratch, Who::Migrator, &new).await;
        let (before, after) = match (before, after) {
            (Ok(before), Ok(after)) => (before.catalog, after.catalog),
            (Err(error), _) | (_, Err(error)) => {
                *counts.entry(format!("no schema: {error}")).or_default() += 1;
                continue;
            }
        };
        let (plan, verdict) = judge(&scratch, &before, &after, seed.is_multiple_of(4)).await;
        let key = match verdict {
            Verdict::Proven => "proven".to_owned(),
            Verdict::Refused(reasons) => format!(
                "refused: {}",
                reasons
                    .first()
                    .and_then(|reason| reason.split_once(": "))
                    .map_or("", |(_, reason)| reason)
            ),
            Verdict::Failed(problem) => {
                let complaints = format!("{problem}\n{}", printed(&plan));
                made_up::keep(&format!("{engine}-{major}-{seed}"), &old, &new, &complaints);
                failures.push(format!(
                    "seed {seed} on {engine} {major}: {complaints}\n-- before\n{old}\n-- after\n{new}"
                ));
                "failed".to_owned()
            }
        };
        *counts.entry(key).or_default() += 1;
    }
    made_up::report(&format!("{engine} {major}: {counts:#?}"));
    scratch.stop().await.unwrap();
    failures
}

#[tokio::test]
async fn the_cheapest_way_that_the_server_accepts_is_written_into_the_step() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let old = "CREATE TABLE t (id int PRIMARY KEY, a int, b int)";
        let new = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int, KEY a (a))";
        let before = schema_of(&scratch, Who::Migrator, old).await.catalog;
        let after = schema_of(&scratch, Who::Migrator, new).await.catalog;
        let (plan, verdict) = judge(&scratch, &before, &after, true).await;
        assert!(matches!(verdict, Verdict::Proven));
        let steps: Vec<&str> = plan.steps().skip(2).map(|step| step.sql.as_str()).collect();
        let (added, indexed) = match engine {
            Engine::MariaDb => (
                "ALTER TABLE `t` ALGORITHM=INSTANT, LOCK=NONE, ADD COLUMN `c` int(11) DEFAULT NULL",
                "ALTER TABLE `t` ALGORITHM=NOCOPY, LOCK=NONE, ADD KEY `a` (`a`)",
            ),
            Engine::MySql | Engine::Postgres | Engine::Sqlite => (
                "ALTER TABLE `t` ALGORITHM=INSTANT, ADD COLUMN `c` int DEFAULT NULL",
                "ALTER TABLE `t` ALGORITHM=INPLACE, LOCK=NONE, ADD KEY `a` (`a`)",
            ),
        };
        // One statement would write the whole table anew.
        assert_eq!(steps, [added, indexed]);
        let wider = "CREATE TABLE t (id int PRIMARY KEY, a varchar(9), b int)";
        let after = schema_of(&scratch, Who::Migrator, wider).await.catalog;
        let (plan, _) = judge(&scratch, &before, &after, true).await;
        let step = plan.steps().nth(2).unwrap();
        // MariaDB copies while writes go on since 11.2:
        // <https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-overview>.
        let (lock, note) = if major == 11 {
            ("NONE", "It copies the whole table. Reads and writes go on meanwhile.")
        } else {
            ("SHARED", "It copies the whole table. Writes wait until it is done.")
        };
        let clause = format!(" ALGORITHM=COPY, LOCK={lock}, ");
        assert!(step.sql.contains(&clause), "{}", step.sql);
        assert_eq!(step.notes, [note]);
        scratch.stop().await.unwrap();
    }
}

/// The notes of the steps that change a table, between two schemas.
async fn notes(scratch: &MySqlFamilyScratch, old: &str, new: &str) -> Vec<(String, String)> {
    let before = schema_of(scratch, Who::Migrator, old).await.catalog;
    let after = schema_of(scratch, Who::Migrator, new).await.catalog;
    let (plan, verdict) = judge(scratch, &before, &after, true).await;
    assert!(matches!(verdict, Verdict::Proven));
    let steps = plan.steps().filter(|step| step.sql.starts_with("ALTER TABLE"));
    steps.map(|step| (step.sql.clone(), step.notes.join(" "))).collect()
}

/// <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html>.
#[tokio::test]
async fn a_table_is_said_to_be_written_anew_only_where_it_was() {
    const STAYS: &str =
        "Rows stay where they are; what is built is built beside them. Reads and writes go on meanwhile.";
    const ANEW: &str = "It works in place, and writes the whole table anew. Reads and writes go on meanwhile.";
    let scratch = mysql_family(Engine::MySql, 9).await;
    let table = |rest: &str| format!("CREATE TABLE t (id int PRIMARY KEY, {rest})");
    for (old, new, said) in [
        ("a int", "a int, KEY a (a)", STAYS),
        ("a int, KEY a (a)", "a int, KEY b (a)", STAYS),
        ("a int", "a int NOT NULL", ANEW),
    ] {
        let notes = notes(&scratch, &table(old), &table(new)).await;
        let [(sql, note)] = notes.as_slice() else {
            panic!("{notes:?}")
        };
        assert!(sql.contains("ALGORITHM=INPLACE"), "{sql}");
        assert!(note.ends_with(said), "{sql}: {note}");
    }
    let parts = |last: &str| {
        format!(
            "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), \
             PARTITION b VALUES LESS THAN (20){last})"
        )
    };
    let split = ", PARTITION c VALUES LESS THAN (30), PARTITION d VALUES LESS THAN MAXVALUE";
    let notes = notes(
        &scratch,
        &parts(", PARTITION d VALUES LESS THAN MAXVALUE"),
        &parts(split),
    )
    .await;
    let [(sql, note)] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert!(sql.contains("REORGANIZE"), "{sql}");
    assert!(
        note.starts_with("It works in place, and writes some partitions anew."),
        "{note}"
    );
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn rows_are_made_that_the_goal_allows() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let parent = "CREATE TABLE p (id int PRIMARY KEY)";
        let table = |rest: &str| format!("{parent}; CREATE TABLE t (id int PRIMARY KEY, a int, b int, p int{rest})");
        let before = schema_of(&scratch, Who::Migrator, &table("")).await.catalog;
        let demands = ", CHECK (a > 500), UNIQUE (b), FOREIGN KEY (p) REFERENCES p (id)";
        let after = schema_of(&scratch, Who::Migrator, &table(demands)).await.catalog;
        let plan = plan(&before, &after, &PlanOptions::default());
        let proof = prove(&scratch, &before, &after, &plan, None).await.unwrap();
        let of_rows = proof.checks.iter().filter(|check| check.claim == PlanClaim::KeepsRows);
        let outcomes: Vec<&PlanOutcome> = of_rows.map(|check| &check.outcome).collect();
        assert_eq!(outcomes, [&PlanOutcome::Holds]);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn tables_whose_rows_were_not_compared_are_named() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let table = |rest: &str| {
            format!(
                "CREATE TABLE t (id int PRIMARY KEY, only enum('one') NOT NULL{rest}); \
                 CREATE TABLE other (id int PRIMARY KEY)"
            )
        };
        let before = schema_of(&scratch, Who::Migrator, &table("")).await.catalog;
        let after = schema_of(&scratch, Who::Migrator, &table(", CHECK (only <> 'one')"))
            .await
            .catalog;
        let plan = plan(&before, &after, &PlanOptions::default());
        let proof = prove(&scratch, &before, &after, &plan, None).await.unwrap();
        let of_rows = proof.checks.iter().filter(|check| check.claim == PlanClaim::KeepsRows);
        let outcomes: Vec<&PlanOutcome> = of_rows.map(|check| &check.outcome).collect();
        let reason = "generated rows of t do not satisfy what is new, and were taken out first".to_owned();
        assert_eq!(outcomes, [&PlanOutcome::Holds, &PlanOutcome::NotTried(reason)]);
        scratch.stop().await.unwrap();
    }
}
