//! Plans for PostgreSQL: cases written by hand, and schemas made up at random, each carried out and proven.

#[path = "plan_postgres/edit.rs"]
mod edit;
#[path = "plan_postgres/extras.rs"]
mod extras;
#[path = "plan_postgres/model.rs"]
mod model;
#[path = "plan_postgres/prune.rs"]
mod prune;
#[path = "plan_postgres/random.rs"]
mod random;
#[path = "plan_postgres/sql.rs"]
mod sql;
#[path = "plan_postgres/superuser.rs"]
mod superuser;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Catalog, ObjectKind, Plan, PlanClaim, PlanOutcome, PlanProof};
use dbwright_ddl::{PlanOptions, plan};
use dbwright_live::introspect::postgres::read_whole;
use dbwright_live::prove_plan::postgres::prove;
use dbwright_live::scratch::postgres::{PostgresScratch, Who};

use self::model::Model;
use self::random::Random;
use crate::servers;

/// How many pairs are tried with every change.
const PAIRS: u64 = 24;

/// The catalog that SQL makes on a scratch server.
async fn catalog(scratch: &PostgresScratch, sql: &str) -> Catalog {
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Migrator).await.unwrap();
    if let Err(error) = session.client.batch_execute(sql).await {
        panic!("{error:?}\n{sql}");
    }
    let mut catalog = read_whole(&session.client, scratch.server()).await.unwrap().catalog;
    session.close().await;
    scratch.drop_database(&database).await.unwrap();
    // The scratch server makes the migrating role a member of the others.
    catalog.objects.retain(|id, _| id.kind != ObjectKind::Membership);
    catalog
}

/// A scratch server with the roles that the schemas speak of.
pub(crate) async fn server(major: u32) -> PostgresScratch {
    let scratch = servers::scratch(major).await;
    for role in ["reader", "writer", "owner"] {
        scratch.create_role(role).await.unwrap();
    }
    scratch
}

/// A plan as people read it: what it destroys, what it refuses, and its SQL.
pub(crate) fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for loss in &plan.losses {
        let _ = writeln!(
            text,
            "-- loses {} {}: {}",
            loss.object.kind.name(),
            loss.object,
            loss.what
        );
    }
    for refusal in &plan.refusals {
        let _ = writeln!(
            text,
            "-- refuses {} {}: {}",
            refusal.object.kind.name(),
            refusal.object,
            refusal.reason
        );
    }
    for phase in &plan.phases {
        let _ = writeln!(text, "\n-- {}", phase.purpose);
        if phase.transaction {
            text.push_str("BEGIN;\n");
        }
        for step in &phase.steps {
            let _ = writeln!(text, "{};", step.sql);
        }
        if phase.transaction {
            text.push_str("COMMIT;\n");
        }
    }
    text
}

/// What is wrong with a proof, line by line; empty where it holds.
fn complaints(proof: &PlanProof) -> String {
    let mut text = String::new();
    for check in &proof.checks {
        if let PlanOutcome::Fails(reasons) = &check.outcome {
            let _ = writeln!(text, "not so: {}", check.claim.sentence());
            for reason in reasons {
                let _ = writeln!(text, "  {reason}");
            }
        }
    }
    text
}

fn untried(proof: &PlanProof) -> Vec<String> {
    let checks = proof.checks.iter();
    checks
        .filter_map(|check| match &check.outcome {
            PlanOutcome::NotTried(reason) => Some(format!("{}: {reason}", check.claim.sentence())),
            PlanOutcome::Holds | PlanOutcome::Fails(_) => None,
        })
        .collect()
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/diff")
}

/// What came of one pair.
pub(crate) enum Tried {
    Proven(Vec<String>),
    Refused(Plan),
    Failed(String),
}

pub(crate) async fn try_pair(scratch: &PostgresScratch, before: &str, after: &str) -> (Plan, Tried) {
    let (was, is) = (catalog(scratch, before).await, catalog(scratch, after).await);
    let options = PlanOptions::default();
    let there = plan(&was, &is, &options);
    if !there.refusals.is_empty() {
        return (there.clone(), Tried::Refused(there));
    }
    let back = plan(&is, &was, &options);
    let proof = prove(scratch, &was, &is, &there, Some(&back)).await.unwrap();
    let complaints = complaints(&proof);
    let tried = if complaints.is_empty() {
        Tried::Proven(untried(&proof))
    } else {
        Tried::Failed(format!(
            "{complaints}\n== plan\n{}\n== back\n{}",
            text(&there),
            text(&back)
        ))
    };
    (there, tried)
}

/// A pair of schemas that differ by a few edits.
fn pair(seed: u64, major: u32) -> (String, String) {
    let mut random = Random::new(seed);
    let before = Model::random(&mut random, major);
    let mut after = before.clone();
    for _ in 0..=random.below(5) {
        after.edit(&mut random);
    }
    let sql = |model: &Model| {
        let views = sql::sql(model);
        // Foreign keys stand before the views, which may need keys and nothing else.
        format!("{views}{}", sql::foreign_keys(model))
    };
    (sql(&before), sql(&after))
}

/// A schema made up at random.
pub(crate) fn made_up(seed: u64, major: u32) -> String {
    pair(seed, major).0
}

#[derive(Default)]
pub(crate) struct Count {
    proven: usize,
    /// Pairs that a scratch server has no rights for.
    not_tried: usize,
    rows_not_tried: usize,
    reverse_not_tried: usize,
    refused: BTreeMap<String, usize>,
    /// Why something was not tried, with the seeds.
    reasons: String,
    failed: Vec<u64>,
}

impl Count {
    pub(crate) fn text(&self) -> String {
        let refused: usize = self.refused.values().sum();
        let mut text = format!(
            "proven {} (rows in part not tried {}, reverse refused or not tried {}), not tried {}, refused {refused}, failed {}\n",
            self.proven,
            self.rows_not_tried,
            self.reverse_not_tried,
            self.not_tried,
            self.failed.len()
        );
        for (reason, count) in &self.refused {
            let _ = writeln!(text, "  {count} × {reason}");
        }
        text += &self.reasons;
        if !self.failed.is_empty() {
            let _ = writeln!(text, "  seeds {:?}", self.failed);
        }
        text
    }
}

pub(crate) async fn try_pairs(major: u32, seeds: impl Iterator<Item = u64>) -> (Count, String) {
    let scratch = server(major).await;
    let mut count = Count::default();
    let mut report = String::new();
    for seed in seeds {
        let (before, after) = pair(seed, major);
        match try_pair(&scratch, &before, &after).await.1 {
            Tried::Proven(untried) => {
                let begins = |words: &str| untried.iter().any(|reason| reason.starts_with(words));
                if begins(PlanClaim::ReachesGoal.sentence()) {
                    count.not_tried += 1;
                    let _ = writeln!(count.reasons, "  {seed}: {}", untried[0]);
                } else {
                    count.proven += 1;
                    count.rows_not_tried += usize::from(begins(PlanClaim::KeepsRows.sentence()));
                    if begins(PlanClaim::Reverses.sentence()) {
                        count.reverse_not_tried += 1;
                        let _ = writeln!(count.reasons, "  {seed}: {}", untried[untried.len() - 1]);
                    }
                }
            }
            Tried::Refused(plan) => {
                let reason = plan.refusals[0].reason.split(". ").next().unwrap_or_default();
                let object = plan.refusals[0].object.to_string();
                *count.refused.entry(reason.replace(&object, "…")).or_default() += 1;
                keep(major, seed, &before, &after, &text(&plan));
            }
            Tried::Failed(complaints) => {
                count.failed.push(seed);
                if count.failed.len() <= 40 {
                    let _ = writeln!(report, "#### seed {seed} on {major}\n{complaints}");
                    keep(major, seed, &before, &after, &complaints);
                }
            }
        }
    }
    scratch.stop().await.unwrap();
    (count, report)
}

/// Writes a pair that failed or was refused to where `DBWRIGHT_SCHEMA_FAILURES` says.
fn keep(major: u32, seed: u64, before: &str, after: &str, complaints: &str) {
    let Some(folder) = std::env::var_os("DBWRIGHT_SCHEMA_FAILURES") else {
        return;
    };
    let folder = PathBuf::from(folder).join(format!("{major}-{seed}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("before.sql"), before).unwrap();
    std::fs::write(folder.join("after.sql"), after).unwrap();
    std::fs::write(folder.join("complaints.txt"), complaints).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_between_schemas_made_up_at_random_are_proven_or_refused_by_name() {
    let pairs = std::env::var("DBWRIGHT_SCHEMA_PAIRS").map_or(PAIRS, |pairs| pairs.parse().unwrap());
    let first = std::env::var("DBWRIGHT_SCHEMA_FIRST").map_or(0, |first| first.parse().unwrap());
    let majors = servers::majors();
    let each = pairs.div_ceil(majors.len() as u64);
    let mut all = String::new();
    let mut failed = String::new();
    // Many pairs are shared among servers.
    let servers_of_each = if pairs > 200 { 2 } else { 1 };
    let share = each.div_ceil(servers_of_each);
    let shares = majors.into_iter().enumerate().flat_map(|(place, major)| {
        let start = first + place as u64 * each;
        let shares = (0..servers_of_each).map(move |number| start + number * share);
        shares.map(move |from| (major, from..(from + share).min(start + each)))
    });
    let tried = shares.map(|(major, seeds)| {
        let pairs = tokio::spawn(async move { try_pairs(major, seeds).await });
        (major, pairs)
    });
    let tried: Vec<_> = tried.collect();
    for (major, pairs) in tried {
        let (count, report) = pairs.await.unwrap();
        let _ = write!(all, "PostgreSQL {major}: {}", count.text());
        failed += &report;
    }
    if let Some(file) = std::env::var_os("DBWRIGHT_SCHEMA_REPORT") {
        std::fs::write(file, &all).unwrap();
    }
    assert!(failed.is_empty(), "{failed}\n{all}");
}

/// Every case of `cases/diff` for PostgreSQL: its plan is as it was read and found good, and its proof holds. With
/// `DBWRIGHT_BLESS` set, plans are written down instead of compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_have_the_plans_that_were_read_and_their_proofs_hold() {
    let bless = std::env::var_os("DBWRIGHT_BLESS").is_some();
    let mut wrong = String::new();
    for major in servers::majors() {
        wrong += &check_cases(major, bless).await;
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is wrong with the cases on one major.
pub(crate) async fn check_cases(major: u32, bless: bool) -> String {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().path().join("postgres"))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    if let Ok(only) = std::env::var("DBWRIGHT_CASES") {
        folders.retain(|folder| only.split(',').any(|name| folder.to_string_lossy().contains(name)));
    }
    assert!(!folders.is_empty());
    let mut wrong = String::new();
    let scratch = server(major).await;
    for folder in &folders {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let name = folder
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let (before, after) = (read("before.sql"), read("after.sql"));
        if is_newer(&before, major) || is_newer(&after, major) {
            continue;
        }
        let (plan, tried) = if before.starts_with("-- superuser") {
            superuser::try_pair(&scratch, &before, &after).await
        } else {
            try_pair(&scratch, &before, &after).await
        };
        if let Tried::Failed(complaints) = tried {
            let _ = writeln!(wrong, "#### {name} on {major}\n{complaints}");
        }
        // The plans of two majors are read; the others are proven like them.
        if !servers::POSTGRES_MAJORS.contains(&major) {
            continue;
        }
        let file = folder.join(format!("plan-{major}.sql"));
        let is = text(&plan);
        if bless {
            std::fs::write(&file, &is).unwrap();
        } else if std::fs::read_to_string(&file).unwrap_or_default() != is {
            let _ = writeln!(wrong, "#### {name} on {major} has another plan:\n{is}");
        }
    }
    scratch.stop().await.unwrap();
    wrong
}

/// A case that begins with `-- from 17` is for that major and later ones.
pub(crate) fn is_newer(sql: &str, major: u32) -> bool {
    let first = sql.lines().next().unwrap_or_default();
    first
        .strip_prefix("-- from ")
        .is_some_and(|from| from.trim().parse::<u32>().unwrap() > major)
}
