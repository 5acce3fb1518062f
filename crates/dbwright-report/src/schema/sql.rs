//! A plan as SQL that a client program runs: nothing but SQL, with comments.

use std::fmt::Write as _;
use std::time::Duration;

use dbwright_catalog::{Engine, PlanPhase, Proposal, Step};

use crate::layout::clean;

/// The plan as SQL.
pub fn plan_sql(proposal: &Proposal) -> String {
    let plan = &proposal.plan;
    let engine = plan.server.engine;
    let mut text = String::new();
    for (index, phase) in plan.phases.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        // Writing to a string does not fail.
        let _ = writeln!(text, "-- {}. {}", index + 1, comment(&phase.purpose));
        text.push_str(&phase_sql(engine, phase));
    }
    text
}

fn phase_sql(engine: Engine, phase: &PlanPhase) -> String {
    let mut text = String::new();
    if phase.transaction {
        text.push_str(match engine {
            Engine::Postgres | Engine::Sqlite => "BEGIN;\n",
            Engine::MySql | Engine::MariaDb => "START TRANSACTION;\n",
        });
    }
    let mut limits = (None, None);
    for step in &phase.steps {
        for note in &step.notes {
            let _ = writeln!(text, "-- {}", comment(note));
        }
        for hazard in &step.hazards {
            let _ = writeln!(
                text,
                "-- {}[{}]: {}",
                hazard.severity.name(),
                hazard.rule,
                comment(&hazard.message)
            );
        }
        if (step.lock_timeout, step.statement_timeout) != limits {
            text.push_str(&settings(engine, step, phase.transaction, limits));
            limits = (step.lock_timeout, step.statement_timeout);
        }
        let _ = writeln!(text, "{};", step.sql.trim_end_matches(';'));
    }
    if phase.transaction {
        text.push_str("COMMIT;\n");
    } else if engine == Engine::Postgres && limits != (None, None) {
        text.push_str("RESET lock_timeout;\nRESET statement_timeout;\n");
    }
    text
}

/// The statements that bound a step.
fn settings(engine: Engine, step: &Step, transaction: bool, before: (Option<Duration>, Option<Duration>)) -> String {
    let mut text = String::new();
    match engine {
        Engine::Postgres => {
            let set = if transaction { "SET LOCAL" } else { "SET" };
            for (name, limit, was) in [
                ("lock_timeout", step.lock_timeout, before.0),
                ("statement_timeout", step.statement_timeout, before.1),
            ] {
                if limit != was {
                    let _ = writeln!(text, "{set} {name} = {};", limit.map_or(0, |limit| limit.as_millis()));
                }
            }
        }
        Engine::MySql | Engine::MariaDb => {
            if let Some(limit) = step.lock_timeout.filter(|_| step.lock_timeout != before.0) {
                let _ = writeln!(text, "SET SESSION lock_wait_timeout = {};", limit.as_secs().max(1));
            }
        }
        // Its limit is set by the program that opens the file.
        Engine::Sqlite => {}
    }
    text
}

/// A text as the rest of a comment line.
fn comment(text: &str) -> String {
    clean(text).replace('\n', " ")
}
