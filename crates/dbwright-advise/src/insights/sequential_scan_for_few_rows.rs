//! A table is read from end to end for a few of its rows.
//!
//! Every page of the table is read, and nearly every row thrown away again. It takes longer the more the table grows, however few
//! rows are asked for, and it drives out of memory what other queries need.
//!
//! How it is found: a sequential scan with a filter that leaves at most a twentieth of the table, that is a good part of what
//! the query costs, and whose filter compares columns in a way that an index can answer.
//! Small tables are never told: reading one is faster than any index.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, state text NOT NULL, total numeric);
//! INSERT INTO orders SELECT n, n % 5000, 'done', n FROM generate_series(1, 50000) n;
//! CREATE TABLE country (code text NOT NULL, name text);
//! INSERT INTO country SELECT 'c' || n, 'country ' || n FROM generate_series(1, 100) n;
//! ```
//!
//! ```sql told postgres
//! SELECT id, total FROM orders WHERE customer_id = 7
//! ```
//!
//! A small table, and a condition that most rows satisfy:
//!
//! ```sql silent postgres
//! SELECT name FROM country WHERE code = 'c7'
//! ```
//!
//! ```sql silent postgres
//! SELECT id, total FROM orders WHERE state = 'done'
//! ```
//!
//! What to do: build an index on the columns that the filter compares: those compared with `=` first, then one that is compared
//! with `<` or `>`. A flag that is the same in every such query (`deleted_at IS NULL`) belongs into the index's `WHERE`.
//! Each index slows writes down and takes room, so let one index serve several queries.
//!
//! See <https://www.postgresql.org/docs/current/indexes-multicolumn.html>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, PlanNode, Severity, TableFacts,
};

use crate::context::{Context, count_of_rows, rows_told};
use crate::expression::{Expression, Form, Operand};
use crate::finding::change;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "sequential-scan-for-few-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    source: include_str!("sequential_scan_for_few_rows.rs"),
    look,
};

/// The share of a table that is few.
const FEW: f64 = 0.05;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::SequentialScan]) {
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        let Some(all) = table.rows.filter(|rows| *rows > 0.0) else {
            continue;
        };
        let rows = context.rows(index);
        if rows > all * FEW {
            continue;
        }
        let Some(wanted) = wanted(node, table) else { continue };
        let told = if node.actual.is_some() { "" } else { "about " };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "All {} of {} are read to find {told}{}",
                rows_told(all),
                table.name,
                rows_told(rows)
            ),
        );
        finding.evidence.push(format!(
            "{} is {}; its filter leaves {told}{}.",
            node.title(),
            context.share_told(index),
            count_of_rows(rows),
        ));
        let columns: Vec<String> = wanted.columns.iter().map(|name| context.quoted(name)).collect();
        let predicate = if wanted.predicate.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", wanted.predicate.join(" AND "))
        };
        finding.advice.push(format!(
            "An index on {} finds them without reading the others.",
            columns.join(", ")
        ));
        let sql = format!(
            "CREATE INDEX ON {} ({}){predicate}",
            context.quoted_table(table),
            columns.join(", ")
        );
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}

/// An index that would help.
struct Wanted {
    columns: Vec<String>,
    predicate: Vec<String>,
}

/// What an index on the columns of the filter would be; nothing where no index can answer it, or one is there already.
fn wanted(node: &PlanNode, table: &TableFacts) -> Option<Wanted> {
    let mut equal: Vec<String> = Vec::new();
    let mut range: Option<String> = None;
    let mut predicate: Vec<String> = Vec::new();
    for part in Context::parts_of(node, ConditionKind::Filter) {
        match &part {
            Expression::Compare { left, operator, right } => {
                let Some(column) = compared(node, left, right) else {
                    continue;
                };
                match operator.as_str() {
                    "=" | "= ANY" if !equal.contains(&column) => equal.push(column),
                    "<" | "<=" | ">" | ">=" => range = range.or(Some(column)),
                    _ => {}
                }
            }
            Expression::Flag { column, text } if Context::is_of(node, column) => {
                predicate.push(without_alias(text, column.table.as_deref()));
            }
            _ => {}
        }
    }
    let mut columns = equal;
    columns.extend(range.filter(|column| !columns.contains(column)));
    columns.retain(|column| table.column(column).is_some());
    let first = columns.first()?;
    let is_there = table
        .indexes
        .iter()
        .any(|index| index.keys.first() == Some(first) && index.predicate.is_none());
    (!is_there).then_some(Wanted { columns, predicate })
}

/// The column of this table that is compared with something that is known before the table is read: a value, or a column of
/// another table where this one is read for each of its rows.
fn compared(node: &PlanNode, left: &Operand, right: &Operand) -> Option<String> {
    for (side, other) in [(left, right), (right, left)] {
        let is_plain = match &side.form {
            Form::Column => true,
            // What the server adds to compare `varchar` as text changes nothing for an index.
            Form::CastColumn(to) => to == "text",
            Form::Call(_) | Form::Constant | Form::Other => false,
        };
        if let [column] = side.columns.as_slice()
            && is_plain
            && other.columns.iter().all(|other| !Context::is_of(node, other))
            && Context::is_of(node, column)
        {
            return Some(column.name.clone());
        }
    }
    None
}

/// A condition without the alias before its columns, as an index's `WHERE` has it.
fn without_alias(text: &str, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => text
            .replace(&format!("{alias}."), "")
            .replace(&format!("\"{alias}\"."), ""),
        None => text.to_owned(),
    }
}
