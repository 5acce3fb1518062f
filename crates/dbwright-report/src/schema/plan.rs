//! A plan for people: phases, statements, why, hazards, what came of trying it.

use std::time::Duration;

use dbwright_catalog::{PlanOutcome, PlanPhase, PlanProof, Proposal, Step};

use super::diff::{counted, faint, questions};
use super::side;
use crate::TextOptions;
use crate::layout::{BAD, BOLD, GOOD, Layout, clean, severity_style};
use crate::words::{count, duration};

/// The plan, or what keeps it from being one. The last line sums it up and fits a status bar.
pub fn plan_text(proposal: &Proposal, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = side::both(&proposal.comparison, layout);
    text.push_str(&questions(proposal.questions(), layout));
    // What failed its proof is told as what went wrong, not as a plan.
    let failed = proposal.proof.as_ref().is_some_and(|proof| !proof.holds());
    if !failed {
        for (index, phase) in proposal.plan.phases.iter().enumerate() {
            text.push_str(&phase_text(index, phase, layout));
        }
    }
    text.push_str(&losses_text(proposal, options));
    if !proposal.not_restored.is_empty() {
        text.extend(["\n", &layout.paint(BAD, "It does not bring back:"), "\n"]);
        for loss in &proposal.not_restored {
            let sentence = format!("{}: {}", side::named(&loss.object), loss.what);
            text.push_str(&layout.wrap("  ", "    ", &clean(&sentence)));
        }
    }
    text.push_str(&refusals(proposal, layout));
    if let Some(proof) = &proposal.proof {
        text.push_str(&proof_text(proof, layout));
    }
    for sentence in &proposal.not_proven {
        text.push('\n');
        text.push_str(&layout.wrap("not proven: ", "  ", &clean(sentence)));
    }
    let limits = side::limits(&proposal.comparison, layout);
    if !limits.is_empty() {
        text.push('\n');
        text.push_str(&limits);
    }
    text.push('\n');
    text.push_str(&status(proposal, failed));
    text.push('\n');
    text
}

fn phase_text(index: usize, phase: &PlanPhase, layout: Layout) -> String {
    let how = match (phase.transaction, phase.steps.len()) {
        (true, _) => "in one transaction",
        (false, 1) => "outside a transaction",
        (false, _) => "each committed by itself",
    };
    let head = format!("{}. {}", index + 1, clean(&phase.purpose));
    let usual = usual_limits(phase);
    // The purpose may say it.
    let says_how = phase.transaction && phase.purpose.contains("transaction");
    let mut told: Vec<String> = (!says_how).then(|| how.to_owned()).into_iter().collect();
    told.extend(limits(usual, phase.steps.len() > 1));
    let mut head = layout.paint(BOLD, &head);
    if !told.is_empty() {
        head = format!("{head} {}", faint(layout, &format!("({})", told.join("; "))));
    }
    let mut text = format!("\n{}", layout.wrap("", "   ", &head));
    for step in &phase.steps {
        text.push_str(&step_text(step, usual, layout));
    }
    text
}

/// How long a step may wait for locks, and run.
type Limits = (Option<Duration>, Option<Duration>);

fn limits_of(step: &Step) -> Limits {
    (step.lock_timeout, step.statement_timeout)
}

/// The limits that most steps of a phase have. They are said once.
fn usual_limits(phase: &PlanPhase) -> Limits {
    let all: Vec<Limits> = phase.steps.iter().map(limits_of).collect();
    let count = |wanted: &Limits| all.iter().filter(|limits| *limits == wanted).count();
    let mut usual = (None, None);
    for limits in &all {
        if count(limits) > count(&usual) {
            usual = *limits;
        }
    }
    usual
}

/// `waits for locks at most 3 s, runs at most 20 s`; nothing where there are no limits.
fn limits((lock, run): Limits, are_many: bool) -> Option<String> {
    let each = if are_many { "each " } else { "" };
    let said = [("waits for locks", lock), ("runs", run)];
    let said: Vec<String> = said
        .iter()
        .filter_map(|(what, limit)| limit.map(|limit| format!("{what} at most {}", whole(limit))))
        .collect();
    (!said.is_empty()).then(|| format!("{each}{}", said.join(", ")))
}

/// The same for a step that differs from its phase.
fn other_limits((lock, run): Limits) -> String {
    let said = |what: &str, limit: Option<Duration>| match limit {
        Some(limit) => format!("{what} at most {}", whole(limit)),
        None => format!("{what} as long as it takes"),
    };
    format!("{}, {}", said("waits for locks", lock), said("runs", run))
}

fn step_text(step: &Step, usual: Limits, layout: Layout) -> String {
    let mut text = String::new();
    let lines: Vec<String> = clean(&step.sql).lines().map(|line| format!("     {line}")).collect();
    text.push_str(&lines.join("\n"));
    text.push_str(";\n");
    if limits_of(step) != usual {
        text.push_str(&layout.wrap("       ", "       ", &faint(layout, &other_limits(limits_of(step)))));
    }
    for note in &step.notes {
        text.push_str(&layout.wrap("       ", "       ", &clean(note)));
    }
    for hazard in &step.hazards {
        let head = format!("{}[{}]", hazard.severity.name(), hazard.rule);
        let head = layout.paint(severity_style(hazard.severity), &head);
        text.push_str(&layout.wrap("       ", "         ", &format!("{head}: {}", clean(&hazard.message))));
    }
    text
}

/// `3 s`, `500 ms`.
fn whole(limit: Duration) -> String {
    if limit.subsec_millis() == 0 && limit.as_secs() < 60 {
        format!("{} s", limit.as_secs())
    } else {
        duration(limit)
    }
}

/// What a plan destroys; nothing where it destroys nothing.
pub fn losses_text(proposal: &Proposal, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    if proposal.plan.losses.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", layout.paint(BAD, "It destroys data:"));
    for loss in &proposal.plan.losses {
        let sentence = format!("{}: {}", side::named(&loss.object), loss.what);
        text.push_str(&layout.wrap("  ", "    ", &clean(&sentence)));
    }
    text
}

fn refusals(proposal: &Proposal, layout: Layout) -> String {
    let plan = &proposal.plan;
    let opaque = &proposal.comparison.diff.opaque;
    if plan.refusals.is_empty() && opaque.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", layout.paint(BAD, "It does not reach its goal:"));
    for refusal in &plan.refusals {
        let sentence = format!("{}: {}", side::named(&refusal.object), refusal.reason);
        text.push_str(&layout.wrap("  ", "    ", &clean(&sentence)));
    }
    for opaque in opaque {
        let sentence = format!(
            "{}: Its definitions differ in something that dbwright does not know; make them alike by hand.",
            side::named(&opaque.after.id)
        );
        text.push_str(&layout.wrap("  ", "    ", &clean(&sentence)));
    }
    text
}

fn proof_text(proof: &PlanProof, layout: Layout) -> String {
    let mut text = format!("\ntried on a copy with generated rows, {}\n", proof.server);
    for check in &proof.checks {
        let sentence = check.claim.sentence();
        match &check.outcome {
            PlanOutcome::Holds => {
                text.push_str(&layout.wrap("  ", "    ", &format!("{} {sentence}", layout.paint(GOOD, "yes:"))));
            }
            PlanOutcome::NotTried(why) => {
                text.push_str(&layout.wrap("  ", "    ", &format!("not tried: {sentence} ({})", clean(why))));
            }
            PlanOutcome::Fails(reasons) => {
                text.push_str(&layout.wrap("  ", "    ", &format!("{} {sentence}", layout.paint(BAD, "no:"))));
                for reason in reasons {
                    text.push_str(&layout.wrap("    ", "      ", &clean(reason)));
                }
            }
        }
    }
    text
}

fn status(proposal: &Proposal, failed: bool) -> String {
    let plan = &proposal.plan;
    let what = if !proposal.questions().is_empty() {
        format!("{} to be answered first", count(proposal.questions().len(), "question"))
    } else if failed {
        "the plan failed its proof, and is none".to_owned()
    } else if plan.steps().next().is_none() && proposal.is_sound() {
        "nothing to do".to_owned()
    } else {
        let proven = match &proposal.proof {
            Some(_) => "proven",
            None => "not proven",
        };
        let hazards: usize = plan.steps().map(|step| step.hazards.len()).sum();
        let mut parts = vec![
            count(plan.steps().count(), "step"),
            format!("for {}", counted(&proposal.comparison.diff)),
            proven.to_owned(),
            count(hazards, "hazard"),
        ];
        if !plan.losses.is_empty() {
            parts.push(format!("destroys {}", count(plan.losses.len(), "thing")));
        }
        if !plan.refusals.is_empty() {
            parts.push(format!("leaves {} undone", count(plan.refusals.len(), "object")));
        }
        parts.join(", ")
    };
    let way = if proposal.is_reverse { "way back: " } else { "" };
    format!("dbwright: {way}{what}")
}
