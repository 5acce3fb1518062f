//! A comment allows a rule that finds nothing there.
//!
//! The statement was changed since, the comment stands at another statement than it should, or there never was a finding.
//! Left where it is, it would silence the finding of a later change, which nobody has looked at.
//!
//! It is told only where the rule is asked and every statement that the comment is for was observed: otherwise nobody knows
//! what the rule would say.
//!
//! It is fine where another version of the server is checked as well, on which the rule finds something.
//!
//! ```sql setup postgres
//! CREATE TABLE notes (id integer PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! -- dbwright: allow drop-table because release 40 stopped reading it
//! CREATE TABLE reminders (id integer PRIMARY KEY);
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
//! -- dbwright: allow drop-table because release 40 stopped reading it
//! CREATE TABLE reminders (id integer PRIMARY KEY);
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
//! -- dbwright: allow drop-table because release 40 stopped reading it
//! CREATE TABLE reminders (id integer PRIMARY KEY);
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

use crate::allow::{Allow, Instruction, Reach};
use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "unused-allowance",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("unused_allowance.rs"),
    on_by_default: true,
    // What is not used is known when all rules have spoken: see `judge`.
    check: Check::Statement(|_, _| {}),
};

/// The finding about a comment that allows nothing.
pub(crate) fn finding(context: &Context<'_>, instruction: &Instruction, allow: &Allow, rule: &str) -> Finding {
    let place = match allow.reach {
        Reach::Statement => "at this statement",
        Reach::File => "in this file",
    };
    let message = format!("The comment allows {rule}, and there is no such finding {place}");
    let mut finding = context.finding_at_comment(&RULE, instruction, message);
    finding.advice.push(match allow.rules.len() {
        1 => "Remove the comment, or put it before the statement that it is for.".to_owned(),
        _ => format!("Take `{rule}` out of the comment, or put it before the statement that it is for."),
    });
    finding
}
