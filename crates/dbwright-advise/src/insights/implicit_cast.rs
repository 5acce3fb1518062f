//! A column is cast to the type of the value it is compared with, and its index is not used.
//!
//! An `integer` column compared with `7.0` is compared as `numeric`: the server casts the column of every row, and its index, which
//! is sorted as `integer`, does not help. Drivers cause it as well, which send every number as `numeric` or `double precision`.
//!
//! How it is found: a scan filters by a comparison with a cast of a column that the query does not write, there is an index that
//! begins with the column, and the scan is a good part of the cost.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total numeric);
//! INSERT INTO orders SELECT n, n FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT total FROM orders WHERE id = 700.0
//! ```
//!
//! ```sql silent postgres
//! SELECT total FROM orders WHERE id = 700
//! ```
//!
//! What to do: give the value in the type of the column: bind the parameter as that type, or cast the value instead.
//!
//! See <https://www.postgresql.org/docs/current/typeconv-oper.html>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, Severity};
use dbwright_sql::TokenKind;

use crate::context::Context;
use crate::expression::{Expression, Form};
use crate::finding::change;
use crate::indexing::is_only_a_label;
use crate::insight::Insight;
use crate::query::Query;

pub(crate) static INSIGHT: Insight = Insight {
    name: "implicit-cast",
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    source: include_str!("implicit_cast.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    if (0..query.words.len()).any(|at| query.stand_at(at, &[":", ":"]) || query.stand_at(at, &["cast", "("])) {
        return;
    }
    for (index, node) in context.nodes_of(&[
        Operation::SequentialScan,
        Operation::BitmapHeapScan,
        Operation::IndexScan,
    ]) {
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Expression::Compare { left, right, .. } = part else {
                continue;
            };
            let (side, other) = if left.columns.is_empty() {
                (right, left)
            } else {
                (left, right)
            };
            let (Form::CastColumn(to), [column]) = (&side.form, side.columns.as_slice()) else {
                continue;
            };
            let by = table
                .indexes
                .iter()
                .find(|index| index.keys.first() == Some(&column.name));
            let (Some(by), Some(facts)) = (by, table.column(&column.name)) else {
                continue;
            };
            if is_only_a_label(to) || !Context::is_of(node, column) {
                continue;
            }
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "The index {} is not used: {} is {} and compared as {to}",
                    by.name, column.name, facts.data_type
                ),
            );
            finding.evidence.push(format!(
                "The server compares {} with {}; the query has no cast.",
                side.text, other.text
            ));
            finding.advice.push(format!("Give the value as {}.", facts.data_type));
            if let Some(sql) = cast(query, &other.text, &facts.data_type) {
                finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
            }
            findings.push(finding);
        }
    }
}

/// The query with the number cast, where it stands there once.
fn cast(query: &Query<'_>, value: &str, data_type: &str) -> Option<String> {
    let number = value.split("::").next()?.trim_matches(['\'', '(', ')']);
    let is_it = |index: &usize| query.words[*index].kind == TokenKind::Number && query.words[*index].text == number;
    let places: Vec<usize> = (0..query.words.len()).filter(is_it).collect();
    let [place] = places.as_slice() else { return None };
    Some(query.replaced(&[(*place..*place + 1, format!("CAST({number} AS {data_type})"))]))
}
