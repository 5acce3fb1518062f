//! A CHECK that a row passes today and not tomorrow.
//!
//! A CHECK is looked at when a row is written, and never again. One that asks the clock (`expires_at > now()`), the user or a
//! setting lets rows in that break it later: the next UPDATE of such a row fails, whatever it changes; a dump of the table
//! can't be restored; and `VALIDATE CONSTRAINT` fails.
//!
//! It is fine where time can only help (`born <= CURRENT_DATE`), which is not reported.
//!
//! ```sql bad postgres
//! CREATE TABLE coupons (id bigint PRIMARY KEY, expires_at timestamptz NOT NULL CHECK (expires_at > now()));
//! ```
//!
//! What to do: compare columns of the row, or ask when a row is inserted only: in the program, or in a trigger.
//!
//! ```sql good postgres
//! CREATE TABLE coupons (id bigint PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now() CHECK (made_at <= now()),
//!     expires_at timestamptz NOT NULL, CONSTRAINT in_order CHECK (expires_at > made_at));
//! ```
//!
//! MySQL and MariaDB refuse such checks, SQLite those that ask the clock.
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS>.

use dbwright_catalog::{ConstraintKind, Engine, Group, Severity};
use dbwright_sql::{Token, TokenKind, tokens};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "changing-check",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("changing_check.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for (id, constraint) in &table.constraints {
            let ConstraintKind::Check(expression) = &constraint.kind else {
                continue;
            };
            let Some(asked) = asks(expression) else {
                continue;
            };
            let says = format!("asks {asked}: a row that passes today may not pass tomorrow");
            flaws.push(Flaw::new(id, says).advice(
                "Compare columns of the row, or ask only when a row is inserted: in the program, or in a trigger.",
            ));
        }
    }
}

/// What a condition asks that is not in the row, where the answer can turn from yes to no.
fn asks(expression: &str) -> Option<&'static str> {
    let tokens: Vec<Token<'_>> = tokens(Engine::Postgres, expression)
        .filter(|token| !matches!(token.kind, TokenKind::Space))
        .collect();
    tokens.iter().enumerate().find_map(|(at, token)| {
        let asked = asked_by(&token.folded()?)?;
        let is_helped = asked == CLOCK && is_helped_by_time(&tokens, at);
        (!is_helped).then_some(asked)
    })
}

const CLOCK: &str = "the clock";

fn asked_by(word: &str) -> Option<&'static str> {
    match word {
        "now"
        | "current_date"
        | "current_time"
        | "current_timestamp"
        | "localtime"
        | "localtimestamp"
        | "clock_timestamp"
        | "statement_timestamp"
        | "transaction_timestamp" => Some(CLOCK),
        "current_user" | "session_user" | "current_role" => Some("who writes the row"),
        "current_setting" => Some("a setting of the session"),
        "random" => Some("chance"),
        _ => None,
    }
}

/// Whether the clock stands on the side of a comparison that grows: `born <= now()`, `now() > born`.
fn is_helped_by_time(tokens: &[Token<'_>], at: usize) -> bool {
    let mut before = tokens[..at].iter().rev();
    let left = before.find_map(relation);
    let mut after = tokens[at + 1..].iter();
    match left {
        Some("<" | "<=") => true,
        Some("and" | "or" | "not") | None => matches!(after.find_map(relation), Some(">" | ">=")),
        Some(_) => false,
    }
}

/// A comparison, or a word that separates comparisons.
fn relation<'t>(token: &Token<'t>) -> Option<&'t str> {
    match token.kind {
        TokenKind::Operator | TokenKind::Symbol => {
            matches!(token.text, "<" | "<=" | ">" | ">=" | "=" | "<>" | "!=").then_some(token.text)
        }
        TokenKind::Word => ["and", "or", "not", "between"].into_iter().find(|word| token.is(word)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_told_where_time_can_break_the_check() {
        for (expression, asked) in [
            ("(expires_at > now())", Some(CLOCK)),
            ("((now() < expires_at))", Some(CLOCK)),
            ("((a > 0) AND (d >= CURRENT_DATE))", Some(CLOCK)),
            ("(year = EXTRACT(year FROM now()))", Some(CLOCK)),
            ("(d BETWEEN (now() - '1 day'::interval) AND 'infinity')", Some(CLOCK)),
            ("(born <= CURRENT_DATE)", None),
            ("(CURRENT_DATE >= born)", None),
            (
                "((born > '1900-01-01'::date) AND (born < (now() - '18 years'::interval)))",
                None,
            ),
            ("(made_at <= now()) AND (expires_at > made_at)", None),
            ("(owner = CURRENT_USER)", Some("who writes the row")),
            (
                "(tenant = current_setting('app.tenant'::text))",
                Some("a setting of the session"),
            ),
            ("(\"now\" > 5)", None),
            ("(text <> 'now()')", None),
        ] {
            assert_eq!(asks(expression), asked, "{expression}");
        }
    }
}
