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
//! What to do: compare the column itself, where that says the same (a range of times instead of `at::date = …`); else build an
//! index on the expression.
//!
//! See <https://www.postgresql.org/docs/current/indexes-expressional.html>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, Severity};

use crate::context::Context;
use crate::expression::{Expression, Form};
use crate::finding::change;
use crate::indexing::{create_index, is_only_a_label, without_alias};
use crate::insight::Insight;
use crate::rewrite::as_range;

pub(crate) static INSIGHT: Insight = Insight {
    name: "function-on-column",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::Sqlite],
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
        if table.rows.is_none_or(|all| context.rows(index) > all * FEW) {
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
                Form::Call(name) if name.eq_ignore_ascii_case("cast") => "the cast".to_owned(),
                Form::Call(name) => format!("{name}()"),
                Form::CastColumn(to) if !is_only_a_label(to) && says_cast(context) => format!("the cast to {to}"),
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
            let rewritten = context
                .query
                .as_ref()
                .filter(|_| facts.data_type.starts_with("timestamp"))
                .and_then(|query| as_range(query, &column.name, &facts.data_type));
            if let Some(sql) = rewritten {
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

/// Whether the query casts by itself; else the server does.
fn says_cast(context: &Context<'_>) -> bool {
    context.query.as_ref().is_none_or(|query| {
        let casts = |at: usize| query.stand_at(at, &[":", ":"]) || query.stand_at(at, &["cast", "("]);
        (0..query.words.len()).any(casts)
    })
}
