//! A statement names the database, and fails where the database is called otherwise.
//!
//! Development, test, staging and production rarely call their databases the same, and preview environments never do.
//! `GRANT … ON DATABASE shop`, `ALTER DATABASE shop SET …` and `COMMENT ON DATABASE shop` fail in all but one of them, or
//! change another database of the same server.
//!
//! It is fine where every environment uses the one name.
//!
//! ```sql bad postgres mode:each-statement
//! GRANT CONNECT ON DATABASE shop TO PUBLIC;
//! ```
//!
//! What to do: take the name from the session, in a `DO` block.
//!
//! ```sql good postgres
//! DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION>.

use dbwright_catalog::{Engine, Finding, Group, Severity};
use dbwright_sql::{TokenKind, tokens};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "named-database",
    group: Group::Failure,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("named_database.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(name) = named(&context.statement.text) else {
        return;
    };
    let message = format!("It names the database {name}, and fails where that is called otherwise");
    let mut finding = context.finding(&RULE, None, message);
    finding.advice.push(
        "Take the name from the session: `EXECUTE format('… DATABASE %I …', current_database())` in a DO block."
            .to_owned(),
    );
    findings.push(finding);
}

/// The database of `GRANT | REVOKE … ON DATABASE name`, `ALTER DATABASE name` and `COMMENT ON DATABASE name`.
fn named(text: &str) -> Option<String> {
    let mut tokens = tokens(Engine::Postgres, text).filter(|token| {
        !matches!(
            token.kind,
            TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment
        )
    });
    let first = tokens.next()?.folded()?;
    match first.as_str() {
        "alter" => {
            let next = tokens.next()?;
            if !next.is("database") {
                return None;
            }
        }
        "grant" | "revoke" | "comment" => {
            tokens.find(|token| token.is("on"))?;
            let next = tokens.next()?;
            if !next.is("database") {
                return None;
            }
        }
        _ => return None,
    }
    tokens.next()?.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_behind_the_word_database() {
        for (text, name) in [
            ("GRANT ALL ON DATABASE shop TO app", Some("shop")),
            (
                "/* all */ revoke connect on database \"My Shop\" from public",
                Some("My Shop"),
            ),
            ("ALTER DATABASE shop SET search_path = app", Some("shop")),
            ("COMMENT ON DATABASE shop IS 'x'", Some("shop")),
            ("GRANT ALL ON TABLE database TO app", None),
            ("COMMENT ON TABLE t IS 'on database shop'", None),
            ("CREATE DATABASE shop", None),
            ("ALTER TABLE database ADD COLUMN a int", None),
        ] {
            assert_eq!(named(text).as_deref(), name, "{text}");
        }
    }
}
