//! What takes time in a transaction: the statements that read, write or build something that was there before it.

use dbwright_catalog::{Finding, ObjectBody, ObjectId};

use super::{
    add_unique_constraint, attach_partition_scan, constraint_validated_under_lock, create_index_without_concurrently,
    domain_constraint_scan, index_rebuilt_under_lock, set_not_null_scan, table_rewrite, update_all_rows,
};
use crate::context::{Context, Neighbour};
use crate::{Rule, phrase};

/// So many lines and so many tables stand in a sentence.
const NAMED_MAX: usize = 3;

/// The rules that report work together with the lock under which it is done, also where an earlier statement took it.
static TELL_OF_THEIR_LOCK: [&Rule; 5] = [
    &create_index_without_concurrently::RULE,
    &constraint_validated_under_lock::RULE,
    &add_unique_constraint::RULE,
    &set_not_null_scan::RULE,
    &table_rewrite::RULE,
];

/// The others that tell of work: what to do about it is to give it a transaction of its own, whatever else that one locks.
static TELL_OF_WORK: [&Rule; 5] = [
    &index_rebuilt_under_lock::RULE,
    &attach_partition_scan::RULE,
    &domain_constraint_scan::RULE,
    &update_all_rows::RULE,
    &crate::data_loss::delete_all_rows::RULE,
];

/// Whether a finding of this rule tells of work.
pub(crate) fn tells_of_work(rule: &str) -> bool {
    let mut rules = TELL_OF_THEIR_LOCK.iter().chain(&TELL_OF_WORK);
    rules.any(|known| known.name == rule)
}

/// A statement that takes time.
pub(super) struct Work<'a> {
    pub(super) at: Neighbour<'a>,
    kind: Kind,
    /// What it is done to.
    objects: Vec<&'a ObjectId>,
    /// The relations of which another rule says that they are locked meanwhile.
    pub(super) told: Vec<&'a ObjectId>,
    /// Whether a finding of its own tells of it.
    pub(super) has_finding: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rewrites,
    BuildsIndex,
    RebuildsIndex,
    Writes,
    Reads,
}

/// The work of one statement.
pub(super) fn work_of<'a>(context: &Context<'a>) -> Option<Work<'a>> {
    work(context, context.here())
}

/// The work of the later statements of the transaction.
pub(super) fn works<'a>(context: &Context<'a>) -> Vec<Work<'a>> {
    let later = context.later_in_transaction();
    later.filter_map(|later| work(context, later)).collect()
}

/// What a statement does that takes time; nothing where it only changes the catalog or new tables.
fn work<'a>(context: &Context<'a>, at: Neighbour<'a>) -> Option<Work<'a>> {
    if !at.ran() {
        return None;
    }
    let effect = at.effect;
    let is_old = |id: &&ObjectId| !context.is_exempt_at(id, at.position);
    let rewritten = effect
        .rewritten
        .iter()
        .filter(|id| is_old(id) && !context.is_emptied(id, &at));
    let steps = context.timeline.steps(at.position);
    let indexed = steps
        .iter()
        .filter(|step| step.before.is_none())
        .filter_map(|step| match &step.after?.body {
            ObjectBody::Index(index) => Some(&index.table).filter(is_old),
            _ => None,
        });
    let rebuilt = effect.rebuilt_indexes.iter().filter(is_old);
    let written = effect.rows.iter().filter(|rows| rows.updated + rows.deleted > 0);
    let written = written.map(|rows| &rows.table).filter(is_old);
    let scanned = effect.scanned.iter().filter(is_old);
    let (kind, objects) = [
        (Kind::Rewrites, rewritten.collect::<Vec<_>>()),
        (Kind::BuildsIndex, indexed.collect()),
        (Kind::RebuildsIndex, rebuilt.collect()),
        (Kind::Writes, written.collect()),
        (Kind::Reads, scanned.collect()),
    ]
    .into_iter()
    .find(|(_, objects)| !objects.is_empty())?;
    let there = context.at(at);
    let mut findings: Vec<Finding> = Vec::new();
    for rule in TELL_OF_THEIR_LOCK {
        rule.judge_statement(&there, &mut findings);
    }
    let mut others = Vec::new();
    for rule in TELL_OF_WORK {
        rule.judge_statement(&there, &mut others);
    }
    let has_finding = !findings.is_empty() || !others.is_empty();
    let facts: Vec<String> = findings
        .into_iter()
        .flat_map(|finding| finding.evidence.facts)
        .collect();
    let told = effect
        .locks
        .iter()
        .filter(|lock| facts.contains(&there.lock_fact(lock)));
    Some(Work {
        at,
        kind,
        objects,
        told: told.map(|lock| &lock.relation).collect(),
        has_finding,
    })
}

/// What is done, one sentence for each kind of work in each file, at most so many.
pub(super) fn facts(context: &Context<'_>, works: &[&Work<'_>], facts_max: usize) -> Vec<String> {
    let mut groups: Vec<Vec<&Work<'_>>> = Vec::new();
    for work in works {
        let same =
            |group: &&mut Vec<&Work<'_>>| group[0].kind == work.kind && group[0].at.position.0 == work.at.position.0;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(work),
            None => groups.push(vec![work]),
        }
    }
    let mut facts: Vec<String> = groups
        .iter()
        .take(facts_max)
        .map(|group| format!("Meanwhile {}.", sentence(context, group)))
        .collect();
    let more: usize = groups.iter().skip(facts_max).map(Vec::len).sum();
    if more > 0 {
        let work = if more == 1 { "works" } else { "work" };
        let later = phrase::count(more, "more statement");
        facts.push(format!("Meanwhile {later} of later migrations {work}."));
    }
    facts
}

/// `line 4 rewrites orders`, `lines 3, 4 and 18 more rewrite attachments, users, devices and 9 more`, with the migration
/// where it is another than that of the judged statement.
fn sentence(context: &Context<'_>, group: &[&Work<'_>]) -> String {
    let mut numbers: Vec<u32> = group.iter().map(|work| work.at.statement.line).collect();
    numbers.dedup();
    let (noun, s) = if numbers.len() == 1 {
        ("line", "s")
    } else {
        ("lines", "")
    };
    let mut lines = format!("{noun} {}", phrase::some_of(&numbers, NAMED_MAX, ""));
    if group[0].at.position.0 != context.position.0 {
        lines = format!("{lines} of {}", group[0].at.migration.name);
    }
    let mut objects: Vec<&ObjectId> = Vec::new();
    for object in group.iter().flat_map(|work| &work.objects) {
        if !objects.contains(object) {
            objects.push(object);
        }
    }
    let objects = phrase::some_of(&objects, NAMED_MAX, "");
    match (group[0].kind, s.is_empty()) {
        (Kind::Rewrites, _) => format!("{lines} rewrite{s} {objects}"),
        (Kind::BuildsIndex, false) => format!("{lines} builds an index on {objects}"),
        (Kind::BuildsIndex, true) => format!("{lines} build indexes on {objects}"),
        (Kind::RebuildsIndex, _) => format!("{lines} build{s} {objects} anew"),
        (Kind::Writes, _) => format!("{lines} write{s} rows of {objects}"),
        (Kind::Reads, _) => format!("{lines} read{s} {objects} from end to end"),
    }
}
