//! How much harm each statement of a judged migration can do, from what it did and what rules say of it.
//!
//! What comments allow is counted as well: somebody has accepted the risk, it is not smaller for that.

use std::collections::BTreeMap;

use dbwright_catalog::{
    AllowedFinding, Change, ChangeRisk, Effect, Finding, Group, History, Known, MigrationSet, ObjectBody, ObjectId,
    ObjectKind, Outcome, Risk, Severity, Trace,
};

use crate::timeline::{Origin, Position, Timeline};

/// The risk of each statement that changes something, holds a lock or was not seen.
pub(super) fn risks(
    history: &History,
    judged: &MigrationSet,
    trace: &Trace,
    findings: &[Finding],
    allowed: &[AllowedFinding],
) -> Vec<ChangeRisk> {
    let timeline = Timeline::new(trace);
    let mut by_statement: BTreeMap<Position, Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().chain(allowed.iter().map(|allowed| &allowed.finding)) {
        if let Some(position) = finding.place.statement {
            by_statement.entry(position).or_default().push(finding);
        }
    }
    let mut risks = Vec::new();
    for (migration, migration_trace) in trace.migrations.iter().enumerate() {
        let statements = history.migrations.get(migration).map_or(0, |it| it.statements.len());
        for (statement, effect) in migration_trace.effects.iter().enumerate().take(statements) {
            if !judged.contains(migration) {
                continue;
            }
            let position = (migration, statement);
            let of_statement = by_statement.get(&position).map_or(&[][..], Vec::as_slice);
            risks.push(risk(trace, &timeline, position, effect, of_statement));
        }
    }
    risks
}

fn risk(
    trace: &Trace,
    timeline: &Timeline<'_>,
    position: Position,
    effect: &Effect,
    findings: &[&Finding],
) -> ChangeRisk {
    let mut reasons: Vec<(Risk, String)> = findings
        .iter()
        .map(|finding| (of_finding(finding), finding.rule.clone()))
        .collect();
    if let Known::Unknown(_) = effect.known {
        reasons.push((Risk::Medium, "not observed".to_owned()));
    }
    match &effect.outcome {
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) => {}
        Outcome::FollowsFrom { .. } => reasons.push((Risk::Medium, "not observed: an earlier failure".to_owned())),
        Outcome::Refused(_) => reasons.push((Risk::Medium, "not observed: not sent".to_owned())),
    }
    let existed = |id: &ObjectId| {
        let origin = timeline.origin(id, (position.0, 0), position);
        matches!(origin, Origin::Before(_)) && !crate::context::is_private(id.schema())
    };
    let waits = effect
        .locks
        .iter()
        .find(|lock| lock.mode.blocks_writes() && lock.relation.kind == ObjectKind::Table && existed(&lock.relation));
    if let Some(lock) = waits {
        reasons.push((Risk::Low, format!("{} on {}", lock.mode, lock.relation)));
    }
    let worst = reasons.iter().map(|(risk, _)| *risk).max().unwrap_or(Risk::None);
    let mut because: Vec<String> = Vec::new();
    for (_, reason) in reasons.into_iter().filter(|(risk, _)| *risk == worst) {
        if !because.contains(&reason) {
            because.push(reason);
        }
    }
    let fails_on_rows = matches!(effect.outcome, Outcome::FailedOnRows(_));
    ChangeRisk {
        migration: position.0,
        statement: position.1,
        objects: objects(effect),
        risk: worst,
        because,
        needs_migration: !effect.changes.is_empty(),
        needs_index: findings
            .iter()
            .any(|finding| finding.rule == "foreign-key-without-index"),
        needs_backfill: fails_on_rows
            || effect
                .changes
                .iter()
                .any(|change| waits_for_values(trace, change, &existed)),
    }
}

/// A new column of a table that was there before, in which nothing stands yet and which refuses NULL in the end.
fn waits_for_values(trace: &Trace, change: &Change, existed: &impl Fn(&ObjectId) -> bool) -> bool {
    let Change::Created(object) = change else { return false };
    let ObjectBody::Column(column) = &object.body else {
        return false;
    };
    let is_empty =
        !column.not_null && column.default.is_none() && column.generated.is_none() && column.identity.is_none();
    let refuses_null = match trace.catalog.get(&object.id).map(|object| &object.body) {
        Some(ObjectBody::Column(column)) => column.not_null,
        _ => false,
    };
    is_empty && refuses_null && object.id.owner_table().is_some_and(|table| existed(&table))
}

fn of_finding(finding: &Finding) -> Risk {
    let blocks_reads = finding
        .evidence
        .lock
        .is_some_and(dbwright_catalog::LockMode::blocks_reads)
        || (finding.evidence.operation.as_ref()).is_some_and(|operation| operation.lock.blocks_reads());
    match (finding.group, finding.severity) {
        (_, Severity::Note) | (Group::Design, Severity::Warning | Severity::Error) => Risk::Low,
        (Group::Failure | Group::DataLoss | Group::Locks, Severity::Error) => Risk::Critical,
        (Group::DataLoss | Group::Release, Severity::Warning)
        | (Group::Release | Group::Security | Group::Rollback, Severity::Error) => Risk::High,
        (Group::Locks, Severity::Warning) if blocks_reads => Risk::High,
        (Group::Locks | Group::Failure | Group::Security | Group::Rollback, Severity::Warning) => Risk::Medium,
    }
}

/// What is changed, parts of one table as that table.
fn objects(effect: &Effect) -> Vec<ObjectId> {
    let mut objects: Vec<ObjectId> = Vec::new();
    let changed = effect.changes.iter().map(|change| {
        let id = &change.object().id;
        let id = id.target().unwrap_or_else(|| id.clone());
        let of_index = match &change.object().body {
            ObjectBody::Index(index) => Some(index.table.clone()),
            _ => None,
        };
        of_index.or_else(|| id.owner_table()).unwrap_or(id)
    });
    for id in changed.chain(effect.rows.iter().map(|rows| rows.table.clone())) {
        if !objects.contains(&id) {
            objects.push(id);
        }
    }
    objects
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::LockMode;

    use super::*;
    use crate::testing::{Case, column, did, table};

    fn risks_of(case: &Case) -> Vec<ChangeRisk> {
        let findings = case.judge();
        risks(&case.history, &case.judged, &case.trace, &findings, &[])
    }

    #[test]
    fn a_lock_on_a_table_that_was_there_is_low_and_on_a_new_one_nothing() {
        let case = Case::postgres([table("orders")]).migration([
            did("CREATE TABLE notes ()")
                .creates([table("notes")])
                .locks("notes", LockMode::AccessExclusive),
            did("ALTER TABLE orders …").locks("orders", LockMode::AccessExclusive),
        ]);
        let risks = risks_of(&case);
        assert_eq!((risks[0].risk, risks[0].needs_migration), (Risk::None, true));
        assert_eq!(risks[0].objects, [ObjectId::table("public", "notes")]);
        assert_eq!(risks[1].risk, Risk::Low);
        assert_eq!(risks[1].because, ["ACCESS EXCLUSIVE on orders"]);
    }

    #[test]
    fn dropping_a_table_is_a_high_risk_whether_or_not_it_is_allowed() {
        let case = Case::postgres([table("orders")]).migration([did("DROP TABLE orders").drops([table("orders")])]);
        let judgement =
            crate::judge_with_allowed(&case.history, &case.judged, &case.trace, &crate::RuleChoice::default());
        let of = |findings: &[Finding], allowed: &[AllowedFinding]| {
            risks(&case.history, &case.judged, &case.trace, findings, allowed).remove(0)
        };
        let reported = of(&judgement.findings, &[]);
        assert!(reported.risk >= Risk::High, "{reported:?}");
        assert_eq!(reported.because, ["drop-table"]);
        let finding = judgement.findings[0].clone();
        let allowance = dbwright_catalog::Allowance {
            reason: "a test".to_owned(),
            until: None,
            line: 1,
        };
        assert_eq!(of(&[], &[AllowedFinding { finding, allowance }]).risk, reported.risk);
    }

    #[test]
    fn what_was_not_seen_is_no_small_risk() {
        let mut case = Case::postgres([]).migration([did("SELECT 1")]);
        case.trace.migrations[0].effects[0].known = Known::Unknown("a test".to_owned());
        assert_eq!(risks_of(&case)[0].risk, Risk::Medium);
    }

    #[test]
    fn a_column_that_ends_not_null_has_to_be_filled() {
        let mut filled = column("orders", "note", 1, "text");
        let empty = filled.clone();
        if let ObjectBody::Column(column) = &mut filled.body {
            column.not_null = true;
        }
        let case = Case::postgres([table("orders")]).migration([
            did("ALTER TABLE orders ADD note text").creates([empty.clone()]),
            did("ALTER TABLE orders ALTER note SET NOT NULL").alters(empty.clone(), filled),
        ]);
        assert!(risks_of(&case)[0].needs_backfill);
        let case = Case::postgres([table("orders")]).migration([did("…").creates([empty])]);
        assert!(!risks_of(&case)[0].needs_backfill);
    }
}
