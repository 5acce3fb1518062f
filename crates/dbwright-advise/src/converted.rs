//! Conversions of MySQL and MariaDB, which their plans do not show: by the types and collations of what is compared.
//!
//! <https://dev.mysql.com/doc/refman/9.4/en/type-conversion.html>,
//! <https://mariadb.com/docs/server/reference/sql-functions/string-functions/type-conversion>

use dbwright_catalog::{
    ChangePurpose, ColumnFacts, ConditionKind, IndexFacts, Operation, PlanChangeKind, PlanFinding, PlanNode, TableFacts,
};
use dbwright_sql::TokenKind;

use crate::context::Context;
use crate::expression::{ColumnName, Expression, Form, Operand};
use crate::finding::change;
use crate::insights::implicit_cast::INSIGHT;
use crate::query::Query;

pub(crate) fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().copied().enumerate() {
        // Without an index, or deciding anew for each row whether there is one to use.
        let is_whole = context.is_whole_scan(node) || node.index.is_none();
        let Some(table) = context.table(node).filter(|_| is_whole) else {
            continue;
        };
        // Of a join, the comparison stands at the table or at the join, which may be what costs.
        let join = context.parents[index].filter(|above| {
            matches!(
                context.nodes[*above].operation,
                Operation::NestedLoop | Operation::HashJoin
            )
        });
        if !context.matters(index) && !join.is_some_and(|join| context.matters(join)) {
            continue;
        }
        let own = context.parts_of(node, ConditionKind::Filter);
        let of_join = [ConditionKind::Filter, ConditionKind::Join, ConditionKind::JoinFilter];
        let of_join = join.iter().flat_map(|join| {
            let join = context.nodes[*join];
            of_join.iter().flat_map(|kind| context.parts_of(join, *kind))
        });
        for part in own.into_iter().chain(of_join) {
            let Expression::Compare { left, operator, right } = &part else {
                continue;
            };
            if !matches!(operator.as_str(), "=" | "<" | "<=" | ">" | ">=" | "= ANY") {
                continue;
            }
            let found = [(left, right), (right, left)]
                .into_iter()
                .find_map(|(side, other)| converted(context, node, table, side, other));
            if let Some(found) = found {
                findings.push(told(context, index, table, &found));
            }
        }
    }
}

/// A column whose index a conversion makes useless.
struct Converted<'a> {
    column: &'a ColumnFacts,
    by: &'a IndexFacts,
    /// What it is compared with.
    other: String,
    why: Why,
}

enum Why {
    Number,
    Type(String),
    Collation(String),
}

fn converted<'a>(
    context: &Context<'_>,
    node: &PlanNode,
    table: &'a TableFacts,
    side: &Operand,
    other: &Operand,
) -> Option<Converted<'a>> {
    let name = plain_column(side).filter(|column| Context::is_of(node, column))?;
    let column = table.column(&name.name).filter(|column| is_text(column))?;
    let by = table
        .indexes
        .iter()
        .find(|index| index.keys.first() == Some(&column.name) && index.method == "btree")?;
    let why = if other.columns.is_empty() {
        let mut values = other.text.split(',').map(str::trim);
        let is_number = |value: &str| value.parse::<f64>().is_ok();
        values.all(is_number).then_some(Why::Number)
    } else {
        let with = plain_column(other).filter(|column| !Context::is_of(node, column))?;
        let with = column_of(context, with)?;
        if is_text(with) {
            let (own, its) = (column.collation.as_ref()?, with.collation.as_ref()?);
            // The one of bytes wins over the others, so that its own index can be used.
            (own != its && !own.ends_with("_bin")).then(|| Why::Collation(its.clone()))
        } else {
            Some(Why::Type(with.data_type.clone()))
        }
    }?;
    Some(Converted {
        column,
        by,
        other: other.text.clone(),
        why,
    })
}

/// The column of an operand that is one, or one that the server converts itself.
fn plain_column(operand: &Operand) -> Option<&ColumnName> {
    let is_plain = match &operand.form {
        Form::Column | Form::CastColumn(_) => true,
        Form::Call(name) => name == "convert",
        Form::Constant | Form::Other => false,
    };
    match operand.columns.as_slice() {
        [column] if is_plain => Some(column),
        _ => None,
    }
}

fn is_text(column: &ColumnFacts) -> bool {
    ["char", "varchar", "text", "tinytext", "mediumtext", "longtext", "enum"]
        .iter()
        .any(|kind| column.data_type.starts_with(kind))
}

/// What is known of a column that another node reads.
fn column_of<'a>(context: &Context<'a>, column: &ColumnName) -> Option<&'a ColumnFacts> {
    let alias = column.table.as_ref()?;
    let reads = context.nodes.iter().find(|node| {
        let relation = node.relation.as_ref();
        relation.is_some_and(|relation| relation.alias == *alias)
    })?;
    context.table(reads)?.column(&column.name)
}

fn told(context: &Context<'_>, index: usize, table: &TableFacts, found: &Converted<'_>) -> PlanFinding {
    let (column, by) = (found.column, found.by);
    let how = match &found.why {
        Why::Number => format!("is {} and compared with a number", column.data_type),
        Why::Type(other) => format!("is {} and compared with {other}", column.data_type),
        Why::Collation(other) => format!(
            "has the collation {} and is compared by {other}",
            column.collation.as_deref().unwrap_or_default()
        ),
    };
    let mut finding = INSIGHT.finding(
        Some(index),
        format!("The index {} is not used: {} {how}", by.name, column.name),
    );
    finding.evidence.push(format!(
        "{} is compared with {}: each of its values is converted first.",
        column.name, found.other
    ));
    match &found.why {
        Why::Number => {
            finding
                .advice
                .push("Give the value as text: in quotes, or bound as a string.".to_owned());
            let sql = context.query.as_ref().and_then(|query| quoted(query, &found.other));
            finding.change = sql.map(|sql| {
                change(
                    PlanChangeKind::Query,
                    ChangePurpose::Cost,
                    sql,
                    &["As a number it also equals other texts: \"0700\", \"700 \", \"7e2\"."],
                )
            });
        }
        Why::Type(_) => finding.advice.push(format!(
            "Give both columns the same type, or convert the other side in the query (`CAST({} AS char)`).",
            found.other
        )),
        Why::Collation(other) => finding.advice.push(format!(
            "Give both columns the same collation: `ALTER TABLE {} MODIFY {} {} COLLATE {other}` (or the other way round).",
            context.quoted_table(table),
            context.quoted(&column.name),
            column.data_type
        )),
    }
    finding
}

/// The query with the number in quotes, where it stands there once.
fn quoted(query: &Query<'_>, value: &str) -> Option<String> {
    let is_it = |index: &usize| query.words[*index].kind == TokenKind::Number && query.words[*index].text == value;
    let places: Vec<usize> = (0..query.words.len()).filter(is_it).collect();
    let [place] = places.as_slice() else { return None };
    Some(query.replaced(&[(*place..*place + 1, format!("'{value}'"))]))
}
