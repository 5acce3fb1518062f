//! From the words of the catalog to the wire format.

use std::path::Path;

use schemars::generate::SchemaSettings;

use dbwright_catalog as catalog;
use dbwright_catalog::{Known, MigrationSet, ObjectId, Outcome, Proof, Review, Section};

use crate::counts::{Summary, findings};
use crate::unseen::unseen;
use crate::wire;

/// The review in the wire format, pretty printed, with an end of line.
pub fn json(review: &Review) -> String {
    json_with_drift(review, None)
}

/// The same, with how a live database differs from the migrations.
pub fn json_with_drift(review: &Review, drift: Option<&catalog::Drift>) -> String {
    let sections = || review.sections.iter().enumerate();
    let report = wire::Report {
        version: wire::VERSION,
        findings: sections()
            .flat_map(|(index, section)| findings(section).map(move |it| finding(index, it)))
            .collect(),
        effects: sections()
            .flat_map(|(index, section)| effects(index, section))
            .collect(),
        sections: sections().map(|(_, it)| section(it)).collect(),
        not_checked: review.not_checked.clone(),
        drift: drift.map(crate::schema::drift_wire),
        summary: summary(review),
    };
    pretty(&report)
}

/// The JSON Schema of what [`json`] returns, pretty printed, with an end of line.
pub fn json_schema() -> String {
    format_of::<wire::Report>()
}

/// The JSON Schema of a format, pretty printed, with an end of line.
pub(crate) fn format_of<T: schemars::JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    pretty(&settings.into_generator().into_root_schema_for::<T>())
}

pub(crate) fn pretty(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string_pretty(value).expect("only failing writers and maps without string keys fail");
    json + "\n"
}

fn finding(section: usize, finding: &catalog::Finding) -> wire::Finding {
    wire::Finding {
        rule: finding.rule.clone(),
        group: group(finding.group),
        severity: severity(finding.severity),
        section,
        file: file(&finding.place.path),
        line: finding.place.line,
        statement: finding.place.statement.map(|(_, statement)| statement),
        message: finding.message.clone(),
        evidence: evidence(&finding.evidence),
        advice: finding.advice.clone(),
        fix: finding.fix.as_ref().map(fix),
    }
}

pub(crate) fn group(group: catalog::Group) -> wire::Group {
    match group {
        catalog::Group::Locks => wire::Group::Locks,
        catalog::Group::Failure => wire::Group::Failure,
        catalog::Group::DataLoss => wire::Group::DataLoss,
        catalog::Group::Release => wire::Group::Release,
        catalog::Group::Rollback => wire::Group::Rollback,
        catalog::Group::Design => wire::Group::Design,
        catalog::Group::Security => wire::Group::Security,
    }
}

pub(crate) fn severity(severity: catalog::Severity) -> wire::Severity {
    match severity {
        catalog::Severity::Error => wire::Severity::Error,
        catalog::Severity::Warning => wire::Severity::Warning,
        catalog::Severity::Note => wire::Severity::Note,
    }
}

fn evidence(evidence: &catalog::Evidence) -> wire::Evidence {
    wire::Evidence {
        known: known(&evidence.known),
        reason: unknown_reason(&evidence.known),
        server: server(&evidence.server),
        relation: evidence.relation.as_ref().map(ObjectId::to_string),
        lock: evidence.lock.map(mode),
        operation: evidence.operation.as_ref().map(operation),
        blocks_reads: blocks(
            evidence,
            catalog::LockMode::blocks_reads,
            catalog::LockLevel::blocks_reads,
        ),
        blocks_writes: blocks(
            evidence,
            catalog::LockMode::blocks_writes,
            catalog::LockLevel::blocks_writes,
        ),
        facts: evidence.facts.clone(),
    }
}

/// Whether the lock of the evidence blocks something, asked in the way that fits the engine.
fn blocks(
    evidence: &catalog::Evidence,
    mode: fn(catalog::LockMode) -> bool,
    level: fn(catalog::LockLevel) -> bool,
) -> Option<bool> {
    let of_operation = || evidence.operation.as_ref().map(|operation| level(operation.lock));
    evidence.lock.map(mode).or_else(of_operation)
}

fn operation(operation: &catalog::TableOperation) -> wire::TableOperation {
    let refused = operation.refused.iter().map(|offer| wire::RefusedOffer {
        algorithm: offer.algorithm.name(),
        lock: offer.lock.map(catalog::LockLevel::name),
        reason: offer.reason.clone(),
    });
    wire::TableOperation {
        table: operation.table.to_string(),
        algorithm: operation.algorithm.name(),
        lock: operation.lock.name(),
        refused: refused.collect(),
        row_versions: operation.row_versions,
    }
}

/// Steps that were not proven are kept back, here as in the text.
fn fix(fix: &catalog::Fix) -> wire::Fix {
    let holds = fix.proof.as_ref().is_some_and(Proof::holds);
    let steps = fix.steps.iter().filter(|_| holds).map(|step| wire::FixStep {
        sql: step.sql.clone(),
        in_transaction: step.in_transaction,
    });
    let (result, on, reason) = match &fix.proof {
        Some(Proof::Holds { server }) => (wire::ProofResult::Holds, Some(server), None),
        Some(Proof::Fails { server, reason }) => (wire::ProofResult::Fails, Some(server), Some(reason)),
        Some(Proof::NotTried { reason }) => (wire::ProofResult::NotTried, None, Some(reason)),
        None => (wire::ProofResult::NotTried, None, None),
    };
    let avoids = fix.avoids.iter().map(|(relation, lock)| wire::RelationLock {
        relation: relation.to_string(),
        mode: mode(*lock),
    });
    wire::Fix {
        summary: fix.summary.clone(),
        steps: steps.collect(),
        proof: wire::Proof {
            result,
            server: on.map(server),
            reason: reason.cloned(),
            avoids: avoids.collect(),
        },
    }
}

/// The effects of the judged migrations.
fn effects(index: usize, section: &Section) -> Vec<wire::Effect> {
    let traces = section.trace.iter().flat_map(|trace| &trace.migrations);
    let migrations = section.history.migrations.iter().zip(traces).enumerate();
    migrations
        .filter(|(position, _)| section.judged.contains(*position))
        .flat_map(|(_, (migration, trace))| {
            let statements = trace.effects.iter().enumerate();
            statements.map(move |(statement, it)| effect(index, section, migration, statement, it))
        })
        .collect()
}

fn effect(
    index: usize,
    section: &Section,
    migration: &catalog::Migration,
    statement: usize,
    effect: &catalog::Effect,
) -> wire::Effect {
    let line_of = |statement: usize| migration.statements.get(statement).map(|statement| statement.line);
    let (outcome, first_cause, refused) = outcome(section, &effect.outcome);
    wire::Effect {
        file: file(&migration.path),
        line: line_of(statement).unwrap_or(1),
        section: index,
        statement,
        known: known(&effect.known),
        reason: refused.or_else(|| unknown_reason(&effect.known)),
        transaction: effect.transaction.0,
        run_mode: match migration.run_mode {
            catalog::RunMode::EachStatement => wire::RunMode::EachStatement,
            catalog::RunMode::Transaction => wire::RunMode::Transaction,
            catalog::RunMode::SimpleQuery => wire::RunMode::SimpleQuery,
            catalog::RunMode::AllInOneTransaction => wire::RunMode::AllInOneTransaction,
        },
        outcome,
        first_cause,
        error: effect.outcome.error().map(|error| wire::SqlError {
            code: error.code.clone(),
            message: error.message.clone(),
            detail: error.detail.clone(),
        }),
        locks: effect
            .locks
            .iter()
            .map(|lock| held_lock(lock, line_of(lock.since)))
            .collect(),
        operations: effect.operations.iter().map(operation).collect(),
        parents: names(&effect.parents),
        rewritten: names(&effect.rewritten),
        scanned: names(&effect.scanned),
        rebuilt_indexes: names(&effect.rebuilt_indexes),
        rows: effect.rows.iter().map(rows).collect(),
        changes: effect.changes.iter().map(change).collect(),
        notices: effect.notices.clone(),
        warnings: effect.warnings.iter().map(warning).collect(),
        generated_rows: match effect.generated_rows {
            catalog::Rows::Generated => true,
            catalog::Rows::None => false,
        },
    }
}

/// How a statement ended, its first cause and why it was not sent.
fn outcome(section: &Section, outcome: &Outcome) -> (wire::Outcome, Option<wire::StatementPlace>, Option<String>) {
    match outcome {
        Outcome::Done => (wire::Outcome::Done, None, None),
        Outcome::Failed(_) => (wire::Outcome::Failed, None, None),
        Outcome::FailedOnRows(_) => (wire::Outcome::FailedOnRows, None, None),
        Outcome::FollowsFrom {
            migration, statement, ..
        } => (wire::Outcome::FollowsFrom, place(section, *migration, *statement), None),
        Outcome::Refused(reason) => (wire::Outcome::Refused, None, Some(reason.clone())),
    }
}

fn place(section: &Section, migration: usize, statement: usize) -> Option<wire::StatementPlace> {
    let migration = section.history.at(migration)?;
    Some(wire::StatementPlace {
        file: file(&migration.path),
        line: migration.statements.get(statement)?.line,
        statement,
    })
}

fn held_lock(lock: &catalog::HeldLock, line: Option<u32>) -> wire::HeldLock {
    wire::HeldLock {
        relation: lock.relation.to_string(),
        mode: mode(lock.mode),
        since: wire::Since {
            statement: lock.since,
            line,
        },
    }
}

fn rows(rows: &catalog::RowCount) -> wire::RowCount {
    wire::RowCount {
        relation: rows.table.to_string(),
        inserted: rows.inserted,
        updated: rows.updated,
        deleted: rows.deleted,
    }
}

fn warning(warning: &catalog::Warning) -> wire::Warning {
    wire::Warning {
        code: warning.code,
        message: warning.message.clone(),
    }
}

fn change(change: &catalog::Change) -> wire::Change {
    let (kind, before) = match change {
        catalog::Change::Created(_) => (wire::ChangeKind::Created, None),
        catalog::Change::Dropped(_) => (wire::ChangeKind::Dropped, None),
        catalog::Change::Altered { before, after } if before.id == after.id => (wire::ChangeKind::Altered, None),
        catalog::Change::Altered { before, .. } => (wire::ChangeKind::Altered, Some(before.id.to_string())),
    };
    let id = &change.object().id;
    wire::Change {
        change: kind,
        kind: id.kind.name().to_owned(),
        name: id.to_string(),
        name_before: before,
    }
}

fn section(section: &Section) -> wire::Section {
    let summary = Summary::of_section(section);
    let history = &section.history;
    let trace = section.trace.as_ref();
    let not_observed = unseen(section).into_iter().filter_map(|unseen| {
        let place = place(section, unseen.migration, unseen.statement)?;
        Some(wire::NotObserved {
            file: place.file,
            line: place.line,
            statement: place.statement,
            judged: section.judged.contains(unseen.migration),
            reason: unseen.reason,
            followers: unseen.followers,
        })
    });
    let unfilled = trace
        .iter()
        .flat_map(|trace| &trace.unfilled)
        .map(|unfilled| wire::Unfilled {
            relation: unfilled.table.to_string(),
            rows: unfilled.rows,
            reason: unfilled.reason.clone(),
        });
    wire::Section {
        tool: history.tool.name().to_owned(),
        folder: file(&history.folder),
        engine: engine(history.engine),
        repository_version: history
            .version
            .as_ref()
            .map(|(version, place)| wire::RepositoryVersion {
                version: version.to_string(),
                place: place.clone(),
            }),
        server: trace.map(|trace| server(&trace.server)),
        migrations: summary.migrations,
        migrations_from_cache: trace.map_or(0, |trace| trace.from_cache),
        prelude: history.prelude.as_ref().map(|prelude| prelude.name.clone()),
        left_out: history.left_out.iter().map(left_out).collect(),
        judged_migrations: summary.judged,
        judged_because: match &section.judged {
            MigrationSet::All => None,
            MigrationSet::Only { why, .. } => Some(why.clone()),
        },
        statements: summary.statements,
        statements_observed: summary.observed,
        not_observed: not_observed.collect(),
        unfilled: unfilled.collect(),
        assumptions: trace.map(|trace| trace.assumptions.clone()).unwrap_or_default(),
        not_done: section.not_done.clone(),
        rollback: crate::rollback::wire(section),
    }
}

fn left_out(left_out: &catalog::LeftOut) -> wire::LeftOut {
    wire::LeftOut {
        what: left_out.what.clone(),
        files: left_out.files.iter().map(|path| file(path)).collect(),
    }
}

fn summary(review: &Review) -> wire::Summary {
    let summary = Summary::of(review);
    wire::Summary {
        errors: summary.errors,
        warnings: summary.warnings,
        notes: summary.notes,
        statements_not_observed: summary.not_observed(),
        findings_by_rule: summary.rules,
        migrations: summary.migrations,
        judged_migrations: summary.judged,
        statements: summary.statements,
        statements_observed: summary.observed,
        duration_ms: u64::try_from(review.duration.as_millis()).unwrap_or(u64::MAX),
    }
}

fn known(known: &Known) -> wire::Known {
    match known {
        Known::Observed => wire::Known::Observed,
        Known::Predicted => wire::Known::Predicted,
        Known::Unknown(_) => wire::Known::Unknown,
    }
}

fn unknown_reason(known: &Known) -> Option<String> {
    match known {
        Known::Observed | Known::Predicted => None,
        Known::Unknown(reason) => Some(reason.clone()),
    }
}

pub(crate) fn server(server: &catalog::Server) -> wire::Server {
    wire::Server {
        engine: engine(server.engine),
        version: server.version.to_string(),
    }
}

fn engine(engine: catalog::Engine) -> wire::Engine {
    match engine {
        catalog::Engine::Postgres => wire::Engine::Postgres,
        catalog::Engine::MySql => wire::Engine::MySql,
        catalog::Engine::MariaDb => wire::Engine::MariaDb,
        catalog::Engine::Sqlite => wire::Engine::Sqlite,
    }
}

fn mode(mode: catalog::LockMode) -> wire::LockMode {
    match mode {
        catalog::LockMode::AccessShare => wire::LockMode::AccessShare,
        catalog::LockMode::RowShare => wire::LockMode::RowShare,
        catalog::LockMode::RowExclusive => wire::LockMode::RowExclusive,
        catalog::LockMode::ShareUpdateExclusive => wire::LockMode::ShareUpdateExclusive,
        catalog::LockMode::Share => wire::LockMode::Share,
        catalog::LockMode::ShareRowExclusive => wire::LockMode::ShareRowExclusive,
        catalog::LockMode::Exclusive => wire::LockMode::Exclusive,
        catalog::LockMode::AccessExclusive => wire::LockMode::AccessExclusive,
    }
}

fn names(ids: &[ObjectId]) -> Vec<String> {
    ids.iter().map(ObjectId::to_string).collect()
}

/// Paths are written with slashes on every platform.
pub(crate) fn file(path: &Path) -> String {
    path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
}
