//! Values are cut off or replaced to make them fit, with only a warning.
//!
//! Outside of strict mode, and with `IGNORE`, MySQL and MariaDB store what fits instead of refusing what does not: texts lose
//! their end, numbers become the largest that the type holds, dates become zero, NULL becomes a default.
//! Migrations switch strict mode off by `SET sql_mode = ''`, often copied from a dump, and nobody reads the warnings.
//!
//! It is fine where the values that change are known to be worthless.
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, note varchar(60));
//! INSERT INTO orders VALUES (1, 'a long note that does not fit');
//! ```
//!
//! ```sql bad mysql mariadb
//! SET SESSION sql_mode = '';
//! ALTER TABLE orders MODIFY note varchar(5);
//! ```
//!
//! What to do: leave strict mode on, and look for values that don't fit first.
//!
//! ```sql good mysql mariadb
//! UPDATE orders SET note = left(note, 5);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/sql-mode.html#sql-mode-strict> and
//! <https://mariadb.com/docs/server/server-management/variables-and-modes/sql_mode#strict-mode>.

use dbwright_catalog::{Engine, Finding, Group, Severity, Warning};

use crate::context::Context;
use crate::rule::VALUES_CHANGED;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "values-changed",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::ValuesChanged],
    source: include_str!("values_changed.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// So many warnings of the server are shown.
const SHOWN_MAX: usize = 3;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.here().ran() {
        return;
    }
    let changed: Vec<&Warning> = context
        .effect
        .warnings
        .iter()
        .filter(|warning| VALUES_CHANGED.contains(&warning.code))
        .collect();
    let Some(first) = changed.first() else { return };
    let table = context.effect.operations.first().map(|operation| &operation.table);
    if table.is_some_and(|table| context.is_exempt(table)) {
        return;
    }
    let message = format!(
        "Values are changed to fit, with only a warning: {}",
        first.message.trim_end_matches('.')
    );
    let mut finding = context.finding(&RULE, table, message);
    for warning in changed.iter().take(SHOWN_MAX) {
        let fact = format!("{} {}: {}", context.trace.server.engine, warning.code, warning.message);
        finding.evidence.facts.push(fact);
    }
    if changed.len() > SHOWN_MAX {
        let more = phrase::count(changed.len() - SHOWN_MAX, "warning");
        finding.evidence.facts.push(format!("{more} more."));
    }
    finding.advice.push(
        "Leave strict mode on (no `SET sql_mode` without STRICT_TRANS_TABLES, no IGNORE), and mend the values that do not fit in a \
         migration before this one."
            .to_owned(),
    );
    findings.push(finding);
}
