//! A comment allows a rule and gives no reason, so it does not count.
//!
//! What is allowed is not reported any more.
//! Whoever reads the migration in a year, or reviews it today, has only the comment to judge by: it says why the finding is
//! no problem here, or it silences nothing.
//! The reason stands behind `because`, or in parentheses.
//!
//! It is fine for as long as it takes to write the reason down.
//!
//! ```sql setup postgres
//! CREATE TABLE notes (id integer PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! -- dbwright: allow drop-table
//! DROP TABLE notes;
//! ```
//!
//! ```sql good postgres
//! -- dbwright: allow drop-table because release 40 stopped reading it
//! DROP TABLE notes;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE notes (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! -- dbwright: allow drop-table
//! DROP TABLE notes;
//! ```
//!
//! ```sql good sqlite
//! -- dbwright: allow drop-table because release 40 stopped reading it
//! DROP TABLE notes;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE notes (id int PRIMARY KEY);
//! ```
//!
//! ```sql bad mysql mariadb
//! -- dbwright: allow drop-table
//! DROP TABLE notes;
//! ```
//!
//! ```sql good mysql mariadb
//! -- dbwright: allow drop-table because release 40 stopped reading it
//! DROP TABLE notes;
//! ```
//!
//! The comment is an ordinary one to the server:
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS>,
//! <https://www.sqlite.org/lang_comment.html>, <https://dev.mysql.com/doc/refman/9.7/en/comments.html> and
//! <https://mariadb.com/docs/server/reference/sql-structure/sql-language-structure/comment-syntax>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::allow::{InstructionKind, Reach};
use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "allowance-without-reason",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("allowance_without_reason.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for instruction in &context.instructions {
        let allow = match &instruction.kind {
            InstructionKind::Allow(allow) if allow.reason.is_none() => allow,
            InstructionKind::Allow(_) | InstructionKind::NotUnderstood(_) => continue,
        };
        let rules = allow.rules.join(", ");
        let message = format!("The comment allows {rules} without a reason, so it does not count");
        let mut finding = context.finding_at_comment(&RULE, instruction, message);
        let word = match allow.reach {
            Reach::Statement => "allow",
            Reach::File => "allow-file",
        };
        let until = allow.until.map_or_else(String::new, |until| format!(" until {until}"));
        finding.advice.push(format!(
            "Say why it is no problem here: `-- dbwright: {word} {rules}{until} because …`."
        ));
        findings.push(finding);
    }
}
