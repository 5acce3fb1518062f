//! From the words of the catalog to the wire formats of schemas.

use dbwright_catalog as catalog;
use dbwright_catalog::{Change, Comparison, Object, ObjectId, PlanClaim, PlanOutcome, PlanProof};

use crate::json::{self, format_of, object as object_ref, pretty};
use crate::wire;
use crate::wire::schema as format;

/// The difference of two schemas.
pub fn diff_json(comparison: &Comparison) -> String {
    pretty(&diff(comparison))
}

/// How a database differs from what it should be.
pub fn drift_json(drift: &catalog::Drift) -> String {
    pretty(&drift_wire(drift))
}

fn drift_wire(drift: &catalog::Drift) -> format::Drift {
    format::Drift {
        version: format::VERSION,
        new: drift.is_new(),
        diff: diff(&drift.comparison),
        baseline: drift.baseline.clone(),
        known: drift.known.iter().map(object_ref).collect(),
        outdated: drift.outdated.iter().map(object_ref).collect(),
    }
}

/// A plan.
pub fn plan_json(proposal: &catalog::Proposal) -> String {
    let comparison = &proposal.comparison;
    pretty(&format::Plan {
        version: format::VERSION,
        sound: proposal.is_sound(),
        reverse: proposal.is_reverse,
        before: side(&comparison.before),
        after: side(&comparison.after),
        renames: comparison.diff.renames.iter().map(rename).collect(),
        questions: proposal.questions().iter().map(question).collect(),
        phases: proposal.plan.phases.iter().map(phase).collect(),
        losses: proposal
            .plan
            .losses
            .iter()
            .map(|loss| reason(&loss.object, &loss.what))
            .collect(),
        not_restored: proposal
            .not_restored
            .iter()
            .map(|loss| reason(&loss.object, &loss.what))
            .collect(),
        refusals: refusals(proposal),
        proof: proposal.proof.as_ref().map(proof),
        not_proven: proposal.not_proven.clone(),
        ignored: comparison.ignored.iter().map(ignored).collect(),
        not_compared: comparison.not_compared.clone(),
    })
}

/// One schema.
pub fn show_json(shown: &catalog::SchemaShown) -> String {
    pretty(&format::Schema {
        version: format::VERSION,
        source: side(&shown.side),
        objects: shown
            .catalog
            .objects
            .values()
            .map(|object| format::Object {
                object: object_ref(&object.id),
                definition: object.definition.clone(),
            })
            .collect(),
        dependencies: shown
            .catalog
            .dependencies
            .iter()
            .map(|edge| format::Dependency {
                dependent: object_ref(&edge.dependent),
                on: object_ref(&edge.on),
            })
            .collect(),
        statements: shown.steps.iter().map(|step| step.sql.clone()).collect(),
        not_written: shown
            .refusals
            .iter()
            .map(|refusal| reason(&refusal.object, &refusal.reason))
            .collect(),
        coverage: shown
            .coverage
            .iter()
            .map(|kind| format::Coverage {
                kind: kind.kind.name().to_owned(),
                objects: kind.objects,
                not_covered: kind.not_covered.iter().map(object_ref).collect(),
            })
            .collect(),
        ignored: shown.ignored.iter().map(ignored).collect(),
    })
}

/// The JSON Schemas of all these formats, by the name of their file.
pub fn schema_formats() -> Vec<(&'static str, String)> {
    vec![
        ("schema-v0.json", format_of::<format::Schema>()),
        ("schema-diff-v0.json", format_of::<format::Diff>()),
        ("schema-plan-v0.json", format_of::<format::Plan>()),
        ("schema-drift-v0.json", format_of::<format::Drift>()),
        ("schema-baseline-v0.json", format_of::<format::BaselineFile>()),
    ]
}

fn diff(comparison: &Comparison) -> format::Diff {
    let diff = &comparison.diff;
    format::Diff {
        version: format::VERSION,
        equal: diff.is_empty(),
        before: side(&comparison.before),
        after: side(&comparison.after),
        changes: diff.changes.iter().map(change).collect(),
        opaque: diff
            .opaque
            .iter()
            .map(|opaque| altered(&opaque.before, &opaque.after))
            .collect(),
        ignored: comparison.ignored.iter().map(ignored).collect(),
        not_compared: comparison.not_compared.clone(),
    }
}

fn change(change: &Change) -> format::Change {
    match change {
        Change::Created(object) => format::Change {
            object: object_ref(&object.id),
            change: wire::ChangeKind::Created,
            before: None,
            after: Some(object.definition.clone()),
        },
        Change::Dropped(object) => format::Change {
            object: object_ref(&object.id),
            change: wire::ChangeKind::Dropped,
            before: Some(object.definition.clone()),
            after: None,
        },
        Change::Altered { before, after } => altered(before, after),
    }
}

fn altered(before: &Object, after: &Object) -> format::Change {
    format::Change {
        object: object_ref(&after.id),
        change: wire::ChangeKind::Altered,
        before: Some(before.definition.clone()),
        after: Some(after.definition.clone()),
    }
}

fn side(side: &catalog::SchemaSide) -> format::Side {
    format::Side {
        source: side.shown.clone(),
        kind: side.kind.name().to_owned(),
        server: json::server(&side.server),
        notes: side.notes.clone(),
        unmodelled: side
            .unmodelled
            .iter()
            .map(|object| format::Named {
                kind: object.kind.clone(),
                name: object.name.clone(),
            })
            .collect(),
        unread: side
            .unread
            .iter()
            .map(|unread| format::Unread {
                what: unread.what.clone(),
                why: unread.why.clone(),
            })
            .collect(),
        not_run: side
            .not_run
            .iter()
            .map(|not_run| wire::NotRun {
                place: not_run.place.clone(),
                why: not_run.why.clone(),
            })
            .collect(),
    }
}

fn ignored(ignored: &catalog::Ignored) -> wire::Ignored {
    wire::Ignored {
        why: ignored.why.clone(),
        objects: ignored.objects.iter().map(object_ref).collect(),
    }
}

fn rename(rename: &catalog::Rename) -> format::Rename {
    format::Rename {
        from: object_ref(&rename.from),
        to: object_ref(&rename.to),
    }
}

fn question(question: &catalog::Question) -> format::Question {
    format::Question {
        id: question.id.clone(),
        text: question.text.clone(),
        reasons: question.reasons.clone(),
        choices: question
            .choices
            .iter()
            .map(|choice| format::Choice {
                name: choice.name.clone(),
                consequence: choice.consequence.clone(),
            })
            .collect(),
    }
}

fn phase(phase: &catalog::PlanPhase) -> format::Phase {
    format::Phase {
        purpose: phase.purpose.clone(),
        transaction: phase.transaction,
        steps: phase.steps.iter().map(step).collect(),
    }
}

fn step(step: &catalog::Step) -> format::Step {
    let milliseconds = |limit: std::time::Duration| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    format::Step {
        sql: step.sql.clone(),
        objects: step.objects.iter().map(object_ref).collect(),
        lock_timeout_ms: step.lock_timeout.map(milliseconds),
        statement_timeout_ms: step.statement_timeout.map(milliseconds),
        notes: step.notes.clone(),
        hazards: step
            .hazards
            .iter()
            .map(|finding| format::Hazard {
                rule: finding.rule.clone(),
                severity: json::severity(finding.severity),
                message: finding.message.clone(),
                advice: finding.advice.clone(),
            })
            .collect(),
    }
}

fn reason(object: &ObjectId, reason: &str) -> format::Reason {
    format::Reason {
        object: object_ref(object),
        reason: reason.to_owned(),
    }
}

fn refusals(proposal: &catalog::Proposal) -> Vec<format::Reason> {
    let refused = proposal
        .plan
        .refusals
        .iter()
        .map(|refusal| reason(&refusal.object, &refusal.reason));
    let opaque = proposal.comparison.diff.opaque.iter().map(|opaque| {
        reason(
            &opaque.after.id,
            "Its definitions differ in something that dbwright does not know; make them alike by hand.",
        )
    });
    refused.chain(opaque).collect()
}

fn proof(proof: &PlanProof) -> format::Proof {
    format::Proof {
        server: json::server(&proof.server),
        holds: proof.holds(),
        checks: proof
            .checks
            .iter()
            .map(|check| {
                let (outcome, reasons) = match &check.outcome {
                    PlanOutcome::Holds => ("holds", Vec::new()),
                    PlanOutcome::Fails(reasons) => ("fails", reasons.clone()),
                    PlanOutcome::NotTried(why) => ("not-tried", vec![why.clone()]),
                };
                format::Check {
                    claim: claim(check.claim).to_owned(),
                    outcome: outcome.to_owned(),
                    reasons,
                }
            })
            .collect(),
    }
}

fn claim(claim: PlanClaim) -> &'static str {
    match claim {
        PlanClaim::StartIsRebuilt => "start-is-rebuilt",
        PlanClaim::Applies => "applies",
        PlanClaim::ReachesGoal => "reaches-goal",
        PlanClaim::KeepsRows => "keeps-rows",
        PlanClaim::Converges => "converges",
        PlanClaim::Reverses => "reverses",
    }
}
