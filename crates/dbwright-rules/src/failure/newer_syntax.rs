//! Syntax that the server of the repository is too old for, while the one that it ran on here knows it.
//!
//! A check runs on the nearest version that there is. Where the repository says that production has an older one
//! (a compose file, a workflow, `engine-version` in `dbwright.toml`), what came with a later version is a syntax error there,
//! at the moment of the deployment. It is fine once production has the later version: say so in `dbwright.toml`.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id integer PRIMARY KEY, email text);
//! ```
//!
//! ```sql bad postgres from:15 says:14
//! ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE NULLS NOT DISTINCT (email);
//! ```
//!
//! ```sql good postgres from:15 says:15
//! ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE NULLS NOT DISTINCT (email);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id int PRIMARY KEY, email varchar(100));
//! ```
//!
//! ```sql bad mysql says:5.7
//! ALTER TABLE customers RENAME COLUMN email TO mail;
//! ```
//!
//! ```sql bad mariadb says:10.4
//! ALTER TABLE customers RENAME COLUMN email TO mail;
//! ```
//!
//! ```sql good mysql says:8
//! ALTER TABLE customers RENAME COLUMN email TO mail;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE customers RENAME COLUMN email TO mail;
//! ```
//!
//! What to do: write it in the words of the older version, or upgrade first. `dbwright engine install postgres@15` gets that
//! very version for the next check.
//!
//! Which version brought what is told by the release notes of [PostgreSQL](https://www.postgresql.org/docs/release/),
//! [MySQL](https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html) and
//! [MariaDB](https://mariadb.com/docs/release-notes/community-server/about/compatibility-and-differences).

use dbwright_catalog::{Engine, Finding, Group, Known, Server, Severity};
use dbwright_sql::{Token, TokenKind, tokens};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "newer-syntax",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("newer_syntax.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// Syntax of one engine: words and symbols that follow each other, and the version that brought it (major, minor).
/// `*` stands for one name.
type Fact = (Engine, &'static [&'static str], (u32, u32));

const FACTS: [Fact; 35] = [
    // https://www.postgresql.org/docs/release/12.0/
    (Engine::Postgres, &[")", "stored"], (12, 0)),
    (Engine::Postgres, &["reindex", "table", "concurrently"], (12, 0)),
    (Engine::Postgres, &["reindex", "index", "concurrently"], (12, 0)),
    // https://www.postgresql.org/docs/release/13.0/
    (Engine::Postgres, &["drop", "expression"], (13, 0)),
    // https://www.postgresql.org/docs/release/14.0/
    (Engine::Postgres, &["detach", "partition", "*", "concurrently"], (14, 0)),
    (
        Engine::Postgres,
        &["detach", "partition", "*", ".", "*", "concurrently"],
        (14, 0),
    ),
    (Engine::Postgres, &["set", "compression"], (14, 0)),
    (Engine::Postgres, &["or", "replace", "trigger"], (14, 0)),
    (Engine::Postgres, &["or", "replace", "constraint", "trigger"], (14, 0)),
    (Engine::Postgres, &["begin", "atomic"], (14, 0)),
    (Engine::Postgres, &["search", "depth", "first"], (14, 0)),
    (Engine::Postgres, &["search", "breadth", "first"], (14, 0)),
    // https://www.postgresql.org/docs/release/15.0/
    (Engine::Postgres, &["nulls", "not", "distinct"], (15, 0)),
    (Engine::Postgres, &["merge", "into"], (15, 0)),
    (Engine::Postgres, &["security_invoker", "="], (15, 0)),
    (Engine::Postgres, &["set", "access", "method"], (15, 0)),
    (Engine::Postgres, &["unlogged", "sequence"], (15, 0)),
    (Engine::Postgres, &["for", "tables", "in", "schema"], (15, 0)),
    // https://www.postgresql.org/docs/release/17.0/
    (Engine::Postgres, &["set", "expression", "as"], (17, 0)),
    (Engine::Postgres, &["json_table", "("], (17, 0)),
    // https://www.postgresql.org/docs/release/18.0/
    (Engine::Postgres, &[")", "virtual"], (18, 0)),
    (Engine::Postgres, &["not", "enforced"], (18, 0)),
    (Engine::Postgres, &["without", "overlaps"], (18, 0)),
    (Engine::Postgres, &["add", "constraint", "*", "not", "null"], (18, 0)),
    // https://dev.mysql.com/doc/refman/8.0/en/mysql-nutshell.html
    (Engine::MySql, &["rename", "column"], (8, 0)),
    (Engine::MySql, &["with", "recursive"], (8, 0)),
    (Engine::MySql, &["json_table", "("], (8, 0)),
    (Engine::MySql, &["create", "role"], (8, 0)),
    // https://dev.mysql.com/doc/refman/9.7/en/vector.html
    (Engine::MySql, &["vector", "("], (9, 0)),
    // https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table
    (Engine::MariaDb, &["rename", "column"], (10, 5)),
    (Engine::MariaDb, &["rename", "index"], (10, 5)),
    (Engine::MariaDb, &["without", "overlaps"], (10, 5)),
    (Engine::MariaDb, &["with", "system", "versioning"], (10, 3)),
    (Engine::MariaDb, &["json_table", "("], (10, 6)),
    (Engine::MariaDb, &["vector", "("], (11, 7)),
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let engine = context.history.engine;
    let Some((named, place)) = &context.history.version else {
        return;
    };
    // What fails here is told as that.
    if !context.here().ran() {
        return;
    }
    let tokens: Vec<Token<'_>> = tokens(engine, &context.statement.text)
        .filter(|token| {
            !matches!(
                token.kind,
                TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment
            )
        })
        .collect();
    for (_, syntax, (major, minor)) in FACTS.iter().filter(|(of, ..)| *of == engine) {
        // `mariadb:10` means the last one of that major.
        let is_older = (named.major, named.minor) < (*major, *minor) && (named.minor > 0 || named.major < *major);
        if !is_older || !tokens.windows(syntax.len()).any(|window| is_like(window, syntax)) {
            continue;
        }
        let words: Vec<String> = syntax
            .iter()
            .filter(|word| **word != "*")
            .map(|word| word.to_uppercase())
            .collect();
        let words = words.join(" ").replace(") ", "").replace(" (", "");
        let since = match (engine, minor) {
            (Engine::MariaDb, minor) => format!("{major}.{minor}"),
            _ => major.to_string(),
        };
        let message = format!(
            "{} does not know {words}, which came with {since}",
            named_server(engine, context)
        );
        let mut finding = context.finding(&RULE, None, message);
        finding.evidence.known = Known::Predicted;
        finding
            .evidence
            .facts
            .push(format!("The repository says so in {place}."));
        finding.evidence.server = Server {
            version: *named,
            ..finding.evidence.server
        };
        finding.advice.push(
            "Write it in the words of the older version; or upgrade first, and say so with `engine-version` in \
             dbwright.toml."
                .to_owned(),
        );
        findings.push(finding);
        return;
    }
}

/// `PostgreSQL 14`.
fn named_server(engine: Engine, context: &Context<'_>) -> String {
    match &context.history.version {
        Some((version, _)) => format!("{engine} {version}"),
        None => engine.to_string(),
    }
}

/// Whether tokens read like a piece of syntax.
fn is_like(tokens: &[Token<'_>], syntax: &[&str]) -> bool {
    tokens.iter().zip(syntax).all(|(token, wanted)| match *wanted {
        "*" => matches!(token.kind, TokenKind::Word | TokenKind::QuotedName),
        wanted if wanted.starts_with(|first: char| first.is_ascii_alphabetic()) => token.is(wanted),
        symbol => token.text == symbol,
    })
}
