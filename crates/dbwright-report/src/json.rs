//! From the words of the catalog to the wire format.

use schemars::generate::SchemaSettings;

use dbwright_catalog as catalog;
use dbwright_catalog::{Known, MigrationSet, ObjectId, Outcome, Proof, Review, Section};

use crate::counts::Summary;
use crate::fix_files;
use crate::place::{Placed, path as file, placed};
use crate::production::production;
use crate::scorecard::figures;
use crate::unseen::unseen;
use crate::wire;
use crate::wire::check as format;

/// The review in the wire format, pretty printed, with an end of line; with how a live database differs from the
/// migrations, where that is known.
pub fn json(review: &Review, drift: Option<&catalog::Drift>) -> String {
    let sections = || review.sections.iter().enumerate();
    let placed = placed(review);
    let report = format::Report {
        version: format::VERSION,
        findings: placed
            .iter()
            .filter(|placed| placed.allowance.is_none())
            .map(finding)
            .collect(),
        allowed: placed.iter().filter_map(allowed).collect(),
        effects: sections()
            .flat_map(|(index, section)| effects(index, section))
            .collect(),
        histories: sections().map(|(_, section)| history(section, drift)).collect(),
        not_checked: review.not_checked.clone(),
        drift: drift.map(drift_in_short),
        summary: summary(review),
    };
    pretty(&report)
}

/// The JSON Schema of what [`json`] returns, pretty printed, with an end of line.
pub fn json_schema() -> String {
    format_of::<format::Report>()
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

fn finding(placed: &Placed<'_>) -> format::Finding {
    let finding = placed.finding;
    format::Finding {
        rule: finding.rule.clone(),
        group: group(finding.group),
        severity: severity(finding.severity),
        history: placed.section_index,
        file: placed.file.clone(),
        line: placed.region.line,
        column: placed.region.column,
        end_line: placed.region.end.map(|(line, _)| line),
        end_column: placed.region.end.map(|(_, column)| column),
        statement: finding.place.statement.map(|(_, statement)| statement),
        fingerprint: placed.fingerprint.clone(),
        message: finding.message.clone(),
        evidence: evidence(&finding.evidence),
        advice: finding.advice.clone(),
        fix: finding
            .fix
            .as_ref()
            .map(|it| fix(it, fix_files::of_finding(placed.section, finding))),
        production: dbwright_catalog::impact_of(finding, &placed.section.impacts).map(production),
    }
}

fn allowed(placed: &Placed<'_>) -> Option<format::AllowedFinding> {
    let allowance = placed.allowance?;
    Some(format::AllowedFinding {
        finding: finding(placed),
        reason: allowance.reason.clone(),
        until: allowance.until.map(|until| until.to_string()),
        line: allowance.line,
    })
}

fn drift_in_short(drift: &catalog::Drift) -> format::Drift {
    let diff = &drift.comparison.diff;
    let difference = |id: &ObjectId, change| format::Difference {
        object: object(id),
        change,
        known: drift.known.contains(id),
    };
    let changes = diff.changes.iter().map(|change| {
        let kind = match change {
            catalog::Change::Created(_) => wire::ChangeKind::Created,
            catalog::Change::Dropped(_) => wire::ChangeKind::Dropped,
            catalog::Change::Altered { .. } => wire::ChangeKind::Altered,
        };
        difference(&change.object().id, kind)
    });
    let opaque = diff
        .opaque
        .iter()
        .map(|opaque| difference(&opaque.after.id, wire::ChangeKind::Altered));
    format::Drift {
        database: drift.comparison.after.shown.clone(),
        new: drift.is_new(),
        differences: changes.chain(opaque).collect(),
    }
}

/// An object in the wire formats.
pub(crate) fn object(id: &ObjectId) -> wire::ObjectRef {
    wire::ObjectRef {
        kind: id.kind.name().to_owned(),
        path: id.path.clone(),
        name: id.to_string(),
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

fn evidence(evidence: &catalog::Evidence) -> format::Evidence {
    format::Evidence {
        known: known(&evidence.known),
        unknown_because: unknown_reason(&evidence.known),
        server: server(&evidence.server),
        object: evidence.relation.as_ref().map(object),
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

fn operation(operation: &catalog::TableOperation) -> format::TableOperation {
    let refused = operation.refused.iter().map(|offer| format::RefusedOffer {
        algorithm: offer.algorithm.name(),
        lock: offer.lock.map(catalog::LockLevel::name),
        reason: offer.reason.clone(),
    });
    format::TableOperation {
        table: object(&operation.table),
        algorithm: operation.algorithm.name(),
        lock: operation.lock.name(),
        refused: refused.collect(),
        row_versions: operation.row_versions,
    }
}

/// Steps that were not proven are kept back, here as in the text.
fn fix(fix: &catalog::Fix, files: Option<&catalog::FixFiles>) -> format::Fix {
    let holds = fix.proof.as_ref().is_some_and(Proof::holds);
    let steps = fix.steps.iter().filter(|_| holds).map(|step| format::FixStep {
        sql: step.sql.clone(),
        in_transaction: step.in_transaction,
    });
    let (result, on, reason) = match &fix.proof {
        Some(Proof::Holds { server }) => (format::ProofResult::Holds, Some(server), None),
        Some(Proof::Fails { server, reason }) => (format::ProofResult::Fails, Some(server), Some(reason)),
        Some(Proof::NotTried { reason }) => (format::ProofResult::NotTried, None, Some(reason)),
        None => (format::ProofResult::NotTried, None, None),
    };
    let avoids = fix.avoids.iter().map(|(relation, lock)| format::RelationLock {
        object: object(relation),
        mode: mode(*lock),
    });
    format::Fix {
        summary: fix.summary.clone(),
        steps: steps.collect(),
        proof: format::Proof {
            result,
            server: on.map(server),
            reason: reason.cloned(),
            avoids: avoids.collect(),
        },
        files: files
            .and_then(catalog::FixFiles::proven)
            .into_iter()
            .flatten()
            .map(fix_file)
            .collect(),
        no_files_because: files.and_then(|files| match &files.outcome {
            catalog::FixFilesOutcome::Refused { reason } => Some(reason.clone()),
            catalog::FixFilesOutcome::Proven { .. } => None,
        }),
    }
}

fn fix_file(change: &catalog::FileChange) -> format::FixFile {
    format::FixFile {
        path: file(&change.path),
        change: match (&change.before, &change.after) {
            (_, None) => format::FileChangeKind::Removed,
            (None, Some(_)) => format::FileChangeKind::Created,
            (Some(_), Some(_)) => format::FileChangeKind::Changed,
        },
        content: change.after.clone(),
    }
}

/// The effects of the judged migrations.
fn effects(index: usize, section: &Section) -> Vec<format::Effect> {
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
) -> format::Effect {
    let line_of = |statement: usize| migration.statements.get(statement).map(|statement| statement.line);
    let (outcome, first_cause, refused) = outcome(section, &effect.outcome);
    format::Effect {
        file: file(&migration.path),
        line: line_of(statement).unwrap_or(1),
        history: index,
        statement,
        known: known(&effect.known),
        unknown_because: unknown_reason(&effect.known),
        not_sent_because: refused,
        transaction: effect.transaction.0,
        run_mode: match migration.run_mode {
            catalog::RunMode::EachStatement => format::RunMode::EachStatement,
            catalog::RunMode::Transaction => format::RunMode::Transaction,
            catalog::RunMode::SimpleQuery => format::RunMode::SimpleQuery,
            catalog::RunMode::AllInOneTransaction => format::RunMode::AllInOneTransaction,
        },
        outcome,
        first_cause,
        error: effect.outcome.error().map(|error| format::SqlError {
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
fn outcome(section: &Section, outcome: &Outcome) -> (format::Outcome, Option<format::StatementPlace>, Option<String>) {
    match outcome {
        Outcome::Done => (format::Outcome::Done, None, None),
        Outcome::Failed(_) => (format::Outcome::Failed, None, None),
        Outcome::FailedOnRows(_) => (format::Outcome::FailedOnRows, None, None),
        Outcome::FollowsFrom {
            migration, statement, ..
        } => (
            format::Outcome::FollowsFrom,
            place(section, *migration, *statement),
            None,
        ),
        Outcome::Refused(reason) => (format::Outcome::Refused, None, Some(reason.clone())),
    }
}

fn place(section: &Section, migration: usize, statement: usize) -> Option<format::StatementPlace> {
    let migration = section.history.at(migration)?;
    Some(format::StatementPlace {
        file: file(&migration.path),
        line: migration.statements.get(statement)?.line,
        statement,
    })
}

fn held_lock(lock: &catalog::HeldLock, line: Option<u32>) -> format::HeldLock {
    format::HeldLock {
        object: object(&lock.relation),
        mode: mode(lock.mode),
        since: format::Since {
            statement: lock.since,
            line,
        },
    }
}

fn rows(rows: &catalog::RowCount) -> format::RowCount {
    format::RowCount {
        object: object(&rows.table),
        inserted: rows.inserted,
        updated: rows.updated,
        deleted: rows.deleted,
    }
}

fn warning(warning: &catalog::Warning) -> format::Warning {
    format::Warning {
        code: warning.code,
        message: warning.message.clone(),
    }
}

fn change(change: &catalog::Change) -> format::Change {
    let (kind, before) = match change {
        catalog::Change::Created(_) => (wire::ChangeKind::Created, None),
        catalog::Change::Dropped(_) => (wire::ChangeKind::Dropped, None),
        catalog::Change::Altered { before, after } if before.id == after.id => (wire::ChangeKind::Altered, None),
        catalog::Change::Altered { before, .. } => (wire::ChangeKind::Altered, Some(object(&before.id))),
    };
    format::Change {
        change: kind,
        object: object(&change.object().id),
        before,
    }
}

fn history(section: &Section, drift: Option<&catalog::Drift>) -> format::History {
    let summary = Summary::of_section(section);
    let history = &section.history;
    let trace = section.trace.as_ref();
    let not_observed = unseen(section).into_iter().filter_map(|unseen| {
        let place = place(section, unseen.migration, unseen.statement)?;
        Some(format::NotObserved {
            file: place.file,
            line: place.line,
            statement: place.statement,
            judged: section.judged.contains(unseen.migration),
            reason: unseen.reason,
            predicted: unseen.is_predicted,
            predicted_followers: unseen.predicted_followers,
            followers: unseen.followers,
        })
    });
    let unfilled = trace
        .iter()
        .flat_map(|trace| &trace.unfilled)
        .map(|unfilled| format::Unfilled {
            object: object(&unfilled.table),
            rows: unfilled.rows,
            reason: unfilled.reason.clone(),
        });
    format::History {
        tool: history.tool.name().to_owned(),
        folder: file(&history.folder),
        engine: engine(history.engine),
        repository_version: history
            .version
            .as_ref()
            .map(|(version, place)| format::RepositoryVersion {
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
        statements_predicted: summary.predicted,
        not_observed: not_observed.collect(),
        unfilled: unfilled.collect(),
        assumptions: trace.map(|trace| trace.assumptions.clone()).unwrap_or_default(),
        not_done: section.not_done.clone(),
        scorecard: figures(section, drift).iter().map(figure).collect(),
        risks: section
            .scorecard
            .risks
            .iter()
            .filter_map(|it| risk(section, it))
            .collect(),
        rollback: crate::rollback::wire(section),
        release: crate::release::wire(section),
    }
}

fn figure(figure: &catalog::Figure) -> format::Figure {
    let (target_percent, target_from) = match &figure.target {
        catalog::Target::Percent { percent, from } => (Some(*percent), from.clone()),
        catalog::Target::Zero => (None, None),
    };
    format::Figure {
        name: match figure.kind {
            catalog::FigureKind::MigrationCoverage => format::FigureName::MigrationCoverage,
            catalog::FigureKind::RollbackSuccess => format::FigureName::RollbackSuccess,
            catalog::FigureKind::SchemaDrift => format::FigureName::SchemaDrift,
            catalog::FigureKind::ConstraintCoverage => format::FigureName::ConstraintCoverage,
            catalog::FigureKind::IndexCoverage => format::FigureName::IndexCoverage,
        },
        value: match &figure.value {
            catalog::FigureValue::Share { part, whole } => format::FigureValue::Share {
                part: *part,
                whole: *whole,
                percent: figure.value.percent().unwrap_or(100),
            },
            catalog::FigureValue::Number(number) => format::FigureValue::Number { number: *number },
            catalog::FigureValue::NothingToCount(because) => format::FigureValue::NothingToCount {
                because: because.clone(),
            },
            catalog::FigureValue::Unknown(because) => format::FigureValue::Unknown {
                because: because.clone(),
            },
        },
        target_percent,
        target_from,
        met: figure.is_met(),
        to_raise: figure.to_raise.clone(),
    }
}

fn risk(section: &Section, risk: &catalog::ChangeRisk) -> Option<format::ChangeRisk> {
    let place = place(section, risk.migration, risk.statement)?;
    Some(format::ChangeRisk {
        file: place.file,
        line: place.line,
        statement: place.statement,
        objects: risk.objects.iter().map(object).collect(),
        risk: match risk.risk {
            catalog::Risk::None => format::Risk::None,
            catalog::Risk::Low => format::Risk::Low,
            catalog::Risk::Medium => format::Risk::Medium,
            catalog::Risk::High => format::Risk::High,
            catalog::Risk::Critical => format::Risk::Critical,
        },
        because: risk.because.clone(),
        needs_migration: risk.needs_migration,
        needs_index: risk.needs_index,
        needs_backfill: risk.needs_backfill,
    })
}

fn left_out(left_out: &catalog::LeftOut) -> format::LeftOut {
    format::LeftOut {
        what: left_out.what.clone(),
        files: left_out.files.iter().map(|path| file(path)).collect(),
    }
}

fn summary(review: &Review) -> format::Summary {
    let summary = Summary::of(review);
    format::Summary {
        errors: summary.errors,
        warnings: summary.warnings,
        notes: summary.notes,
        statements_not_observed: summary.not_observed(),
        findings_by_rule: summary.rules,
        migrations: summary.migrations,
        judged_migrations: summary.judged,
        statements: summary.statements,
        statements_observed: summary.observed,
        statements_predicted: summary.predicted,
        duration_ms: u64::try_from(review.duration.as_millis()).unwrap_or(u64::MAX),
    }
}

fn known(known: &Known) -> format::Known {
    match known {
        Known::Observed => format::Known::Observed,
        Known::Predicted => format::Known::Predicted,
        Known::Unknown(_) => format::Known::Unknown,
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

fn names(ids: &[ObjectId]) -> Vec<wire::ObjectRef> {
    ids.iter().map(object).collect()
}
