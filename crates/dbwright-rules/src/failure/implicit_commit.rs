//! A statement commits the transaction that the migration relies on.
//!
//! On MySQL and MariaDB nearly every statement that defines something commits the open transaction before it runs, and commits
//! itself. `START TRANSACTION` around such statements, or a tool's own transaction, undoes nothing that stands before the last
//! of them: a migration that fails halfway stays half done, and fails again on what it has made already when it is run again.
//!
//! It is reported where rows are changed before such a statement, and where the file itself begins a transaction, once for
//! each migration. It is fine where the migration can be run again from the start.
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, total int);
//! ```
//!
//! ```sql bad mysql mariadb
//! UPDATE orders SET total = 0 WHERE total IS NULL;
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! ```sql bad mysql mariadb mode:each-statement
//! START TRANSACTION;
//! ALTER TABLE orders ADD COLUMN note text;
//! COMMIT;
//! ```
//!
//! What to do: one migration for the rows and one for the definition.
//!
//! ```sql good mysql mariadb
//! UPDATE orders SET total = 0 WHERE total IS NULL;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/implicit-commit.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/transactions/sql-statements-that-cause-an-implicit-commit>.

use dbwright_catalog::{Engine, Finding, Group, RunMode, Severity};
use dbwright_sql::{Summary, TransactionControl};

use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "implicit-commit",
    group: Group::Failure,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::CommitsOthers],
    source: include_str!("implicit_commit.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// What a statement that commits ends.
enum Broken<'a> {
    /// A transaction that the file itself began, by this statement.
    OwnTransaction(Neighbour<'a>),
    /// The tool's transaction, in which this statement changed rows.
    RowsOfTool(Neighbour<'a>),
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.here().ran() || context.effect.committed.is_none() {
        return;
    }
    let earlier: Vec<Neighbour<'_>> = context.earlier_in_migration().collect();
    if earlier
        .iter()
        .enumerate()
        .any(|(index, it)| it.effect.committed.is_some() && broken(context, &earlier[..index]).is_some())
    {
        return;
    }
    let Some(broken) = broken(context, &earlier) else {
        return;
    };
    let mut finding = match &broken {
        Broken::OwnTransaction(begin) => context.finding(
            &RULE,
            None,
            format!(
                "The statement commits the transaction that line {} begins",
                begin.statement.line
            ),
        ),
        Broken::RowsOfTool(rows) => context.finding(
            &RULE,
            None,
            format!("The statement commits what line {} changed", rows.statement.line),
        ),
    };
    let tool = context.history.tool;
    finding.evidence.facts.push(match broken {
        Broken::OwnTransaction(_) => {
            format!("{} commits before and after it, so ROLLBACK undoes nothing of it.", context.history.engine)
        }
        Broken::RowsOfTool(_) => format!(
            "{tool} runs the migration in a transaction, and {} commits it before this statement: a failure from here on leaves \
             those changes.",
            context.history.engine
        ),
    });
    finding.advice.push(
        "Give the changes of rows and each change of the schema a migration of its own, so that a failure leaves nothing half done."
            .to_owned(),
    );
    findings.push(finding);
}

/// What would be ended by a statement that commits and stands after these.
fn broken<'a>(context: &Context<'a>, earlier: &[Neighbour<'a>]) -> Option<Broken<'a>> {
    let in_transaction = match context.migration.run_mode {
        RunMode::Transaction | RunMode::AllInOneTransaction => true,
        RunMode::EachStatement | RunMode::SimpleQuery => false,
    };
    let mut begun = None;
    let mut rows = None;
    for statement in earlier.iter().filter(|statement| statement.ran()) {
        let text = &statement.statement.text;
        let summary = dbwright_sql::summarise(context.history.engine, text);
        let ends = [TransactionControl::Commit, TransactionControl::Rollback].map(Summary::Transaction);
        if summary == Summary::Transaction(TransactionControl::Begin) {
            (begun, rows) = (Some(*statement), None);
        } else if ends.contains(&summary) || statement.effect.committed.is_some() {
            (begun, rows) = (None, None);
        } else if in_transaction && !statement.effect.rows.is_empty() {
            rows = rows.or(Some(*statement));
        }
    }
    begun.map(Broken::OwnTransaction).or(rows.map(Broken::RowsOfTool))
}
