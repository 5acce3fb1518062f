//! A comment for dbwright that does nothing: it names no rule that exists.
//!
//! `-- dbwright: allow drop-table because …` silences a rule at the statement that follows, `-- dbwright: allow-file
//! drop-table because …` in the whole file.
//! A name with a slip in it silences nothing, and nobody would notice.
//!
//! It is fine for as long as it takes to correct the name.
//!
//! ```sql bad postgres
//! -- dbwright: allow drop-tabel because nobody reads it any more
//! CREATE TABLE notes (id integer PRIMARY KEY);
//! ```
//!
//! ```sql good postgres
//! -- dbwright: allow drop-table because nobody reads it any more
//! CREATE TABLE notes (id integer PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! -- dbwright: allow drop-tabel because nobody reads it any more
//! CREATE TABLE notes (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql good sqlite
//! -- dbwright: allow drop-table because nobody reads it any more
//! CREATE TABLE notes (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql bad mysql mariadb
//! -- dbwright: allow drop-tabel because nobody reads it any more
//! CREATE TABLE notes (id int PRIMARY KEY);
//! ```
//!
//! ```sql good mysql mariadb
//! -- dbwright: allow drop-table because nobody reads it any more
//! CREATE TABLE notes (id int PRIMARY KEY);
//! ```
//!
//! The comment is an ordinary one to the server:
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS>,
//! <https://www.sqlite.org/lang_comment.html>, <https://dev.mysql.com/doc/refman/9.7/en/comments.html> and
//! <https://mariadb.com/docs/server/reference/sql-structure/sql-language-structure/comment-syntax>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::allow::{FORM, Instruction, InstructionKind};
use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "unknown-rule-allowed",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("unknown_rule_allowed.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for instruction in &context.instructions {
        match &instruction.kind {
            InstructionKind::Allow(allow) => {
                for name in allow.rules.iter().filter(|name| crate::find(name).is_none()) {
                    findings.push(unknown_rule(context, instruction, name));
                }
            }
            InstructionKind::NotUnderstood(what) => {
                let mut finding = context.finding_at_comment(&RULE, instruction, what.clone());
                finding.advice.push(FORM.to_owned());
                findings.push(finding);
            }
        }
    }
}

fn unknown_rule(context: &Context<'_>, instruction: &Instruction, name: &str) -> Finding {
    let message = format!("There is no rule `{name}` to allow");
    let mut finding = context.finding_at_comment(&RULE, instruction, message);
    finding.advice.push(match crate::nearest(name) {
        Some(known) => format!("Did you mean `{known}`?"),
        None => "`dbwright rule` lists the rules.".to_owned(),
    });
    finding
}
