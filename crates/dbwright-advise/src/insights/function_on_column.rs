//! A function or a cast around a column keeps its index from being used.
//!
//! An index on `email` is sorted by `email`, not by `lower(email)`; one on `at` not by `at::date`.
//!
//! How it is found: a scan filters by a comparison with a function or an explicit cast of a column, there is an index that begins
//! with that column, the filter leaves at most a fifth of the table (SQLite does not tell that), and the scan is a good part of
//! the cost.
//!
//! ```sql setup postgres
//! CREATE TABLE account (id integer PRIMARY KEY, email text NOT NULL, joined timestamptz NOT NULL);
//! INSERT INTO account SELECT n, 'a' || n || '@example.org', timestamptz '2026-01-01 UTC' + n * interval '5 minutes'
//! FROM generate_series(1, 50000) n;
//! CREATE INDEX account_email ON account (email);
//! CREATE INDEX account_joined ON account (joined);
//! ```
//!
//! ```sql told postgres
//! SELECT id FROM account WHERE lower(email) = 'a7@example.org'
//! ```
//!
//! ```sql told postgres
//! SELECT id FROM account WHERE joined::date = '2026-02-03'
//! ```
//!
//! ```sql told postgres
//! SELECT email FROM account WHERE id::text = '7'
//! ```
//!
//! ```sql silent postgres
//! SELECT id FROM account WHERE email = lower('A7@example.org')
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT NOT NULL, joined TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO account SELECT value, 'a' || value || '@example.org', datetime('2026-01-01', value || ' minutes')
//! FROM g;
//! CREATE INDEX account_email ON account (email);
//! CREATE INDEX account_joined ON account (joined);
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM account WHERE lower(email) = 'a7@example.org'
//! ```
//!
//! ```sql told sqlite
//! SELECT count(*) FROM account WHERE date(joined) = '2026-01-03'
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM account WHERE email = lower('A7@example.org')
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE account (id integer PRIMARY KEY, email varchar(100) NOT NULL, joined datetime NOT NULL,
//!   KEY account_email (email), KEY account_joined (joined));
//! INSERT INTO account SELECT n, concat('a', n, '@example.org'), '2026-01-01' + INTERVAL n * 5 MINUTE FROM number;
//! ANALYZE TABLE account;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id FROM account WHERE lower(email) = 'a7@example.org'
//! ```
//!
//! ```sql told mysql
//! SELECT id FROM account WHERE date(joined) = '2026-01-21'
//! ```
//!
//! ```sql told mariadb below:11
//! SELECT id FROM account WHERE date(joined) = '2026-01-21'
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id FROM account WHERE date_format(joined, '%Y-%m') = '2026-01'
//! ```
//!
//! ```sql told mysql mariadb
//! DELETE FROM account WHERE lower(email) = 'a7@example.org'
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id FROM account WHERE email = lower('A7@example.org')
//! ```
//!
//! What to do: compare the column itself, where that says the same (a range of times instead of `at::date = …`); else build an
//! index on the expression.
//!
//! Where a collation of MySQL or MariaDB does not tell upper and lower case apart (`_ci`), `lower()` says nothing.
//!
//! See <https://www.postgresql.org/docs/current/indexes-expressional.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/create-index.html#create-index-functional-key-parts>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, Severity};

use crate::context::Context;
use crate::expression::{Expression, Form};
use crate::finding::change;
use crate::indexing::{create_index, is_relabelled, without_alias};
use crate::insight::Insight;
use crate::query::Query;
use crate::rewrite::as_range;

pub(crate) static INSIGHT: Insight = Insight {
    name: "function-on-column",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("function_on_column.rs"),
    look,
};

/// A larger part of a table is not found by an index.
const FEW: f64 = 0.2;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let scans = [
        Operation::SequentialScan,
        Operation::IndexScan,
        Operation::IndexOnlyScan,
        Operation::BitmapHeapScan,
    ];
    for (index, node) in context.nodes_of(&scans) {
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        if table.rows.is_none_or(|all| context.rows(index) > all * FEW) && !context.is_guess(node) {
            continue;
        }
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Expression::Compare { left, operator, right } = part else {
                continue;
            };
            let (side, other) = if left.columns.is_empty() {
                (right, left)
            } else {
                (left, right)
            };
            let [column] = side.columns.as_slice() else { continue };
            let what = match &side.form {
                Form::Call(name) => format!("{name}()"),
                Form::CastColumn(to) if to == "date" && context.is_mysql_family() => "date()".to_owned(),
                Form::CastColumn(to) if !is_relabelled(&side, table.column(&column.name)) && says_cast(context) => {
                    format!("the cast to {to}")
                }
                Form::CastColumn(_) | Form::Column | Form::Constant | Form::Other => continue,
            };
            let is_comparison = matches!(operator.as_str(), "=" | "= ANY" | "<" | "<=" | ">" | ">=");
            let by = table
                .indexes
                .iter()
                .find(|index| index.keys.first() == Some(&column.name));
            let (Some(by), Some(facts)) = (by, table.column(&column.name)) else {
                continue;
            };
            if !is_comparison
                || !Context::is_of(node, column)
                || other.columns.iter().any(|other| Context::is_of(node, other))
            {
                continue;
            }
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "The index {} is not used, because of {what} around {}",
                    by.name, column.name
                ),
            );
            finding.evidence.push(format!(
                "The filter compares {}; {} is {}.",
                side.text,
                node.title(),
                context.share_told(index)
            ));
            let is_time = ["timestamp", "datetime"]
                .iter()
                .any(|kind| facts.data_type.starts_with(kind));
            let rewritten = context
                .query
                .as_ref()
                .filter(|_| is_time)
                .and_then(|query| as_range(query, &column.name, &facts.data_type));
            let ignores_case = facts
                .collation
                .as_ref()
                .is_some_and(|collation| collation.ends_with("_ci"));
            let is_of_case =
                matches!(&side.form, Form::Call(name) if ["lower", "lcase", "upper", "ucase"].contains(&name.as_str()));
            if ignores_case && is_of_case {
                finding.advice.push(format!(
                    "Compare {} itself: its collation does not tell upper and lower case apart.",
                    column.name
                ));
                let sql = context
                    .query
                    .as_ref()
                    .and_then(|query| without_case(query, &column.name));
                finding.change = sql.map(|sql| change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
            } else if context.server.engine == Engine::MariaDb && rewritten.is_none() {
                finding.advice.push(format!(
                    "Compare {0} itself where that says the same, or index a generated column: \
                     `ALTER TABLE {1} ADD c … AS ({2})`.",
                    column.name,
                    context.quoted_table(table),
                    without_alias(&side.text, column.table.as_deref())
                ));
            } else if let Some(sql) = rewritten {
                finding
                    .advice
                    .push(format!("Compare {} with a range, which its index finds.", column.name));
                finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
            } else {
                let expression = without_alias(&side.text, column.table.as_deref());
                finding.advice.push(format!(
                    "Compare {} itself where that says the same, or build an index on {expression}.",
                    column.name
                ));
                let sql = format!(
                    "{} ON {} (({expression}))",
                    create_index(context, table, std::slice::from_ref(&column.name)),
                    context.quoted_table(table)
                );
                finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
            }
            findings.push(finding);
        }
    }
}

/// The query without `lower()` or `upper()` around the column, where it stands there once.
fn without_case(query: &Query<'_>, column: &str) -> Option<String> {
    let mut found = Vec::new();
    for at in 0..query.words.len() {
        let is_call = ["lower", "lcase", "upper", "ucase"]
            .iter()
            .any(|name| query.stand_at(at, &[name, "("]));
        let Some(inside) = query.inside(at + 1).filter(|_| is_call) else {
            continue;
        };
        let is_column = inside
            .end
            .checked_sub(1)
            .is_some_and(|last| query.words[last].name().as_deref() == Some(column) && matches!(inside.len(), 1 | 3));
        if is_column {
            found.push((at..inside.end + 1, query.source(&inside).to_owned()));
        }
    }
    match found.as_slice() {
        [_] => Some(query.replaced(&found)),
        _ => None,
    }
}

/// Whether the query casts by itself; else the server does.
fn says_cast(context: &Context<'_>) -> bool {
    context.query.as_ref().is_none_or(|query| {
        let casts = |at: usize| query.stand_at(at, &[":", ":"]) || query.stand_at(at, &["cast", "("]);
        (0..query.words.len()).any(casts)
    })
}
