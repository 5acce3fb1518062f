//! Which index would answer the conditions of a node.

use dbwright_catalog::{ConditionKind, Engine, PlanNode, TableFacts};

use crate::context::Context;
use crate::expression::{Expression, Form, Operand};

/// More columns than this are not proposed for one index.
const COLUMNS_MAX: usize = 4;

/// An index that would help.
pub(crate) struct Wanted {
    /// Its columns.
    pub(crate) columns: Vec<String>,
    /// Which rows it holds, where not all.
    pub(crate) predicate: Vec<String>,
}

impl Wanted {
    /// The statement that builds it.
    pub(crate) fn sql(&self, context: &Context<'_>, table: &TableFacts) -> String {
        let predicate = if self.predicate.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.predicate.join(" AND "))
        };
        format!(
            "{} ON {} ({}){predicate}",
            create_index(context, table, &self.columns),
            context.quoted_table(table),
            self.columns_told(context)
        )
    }

    /// Its columns with commas between them.
    pub(crate) fn columns_told(&self, context: &Context<'_>) -> String {
        let columns: Vec<String> = self.columns.iter().map(|name| context.quoted(name)).collect();
        columns.join(", ")
    }
}

/// `CREATE INDEX`, with a name where the engine makes none up.
pub(crate) fn create_index(context: &Context<'_>, table: &TableFacts, columns: &[String]) -> String {
    if context.server.engine == Engine::Postgres {
        return "CREATE INDEX".to_owned();
    }
    let name = format!("{}_{}_idx", table.name, columns.join("_"));
    let is_taken = |name: &str| table.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name));
    let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}{number}")));
    let free = names.find(|name| !is_taken(name)).unwrap_or(name.clone());
    format!("CREATE INDEX {}", context.quoted(&free))
}

/// The index on the columns that these conditions compare: those that are equal to something first, then one that is less or
/// greater. Nothing where no index can answer them, or one is there already.
pub(crate) fn wanted(
    context: &Context<'_>,
    node: &PlanNode,
    table: &TableFacts,
    kinds: &[ConditionKind],
) -> Option<Wanted> {
    let mut equal: Vec<String> = Vec::new();
    let mut range: Option<String> = None;
    let mut predicate: Vec<String> = Vec::new();
    for part in kinds.iter().flat_map(|kind| context.parts_of(node, *kind)) {
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
    columns.truncate(COLUMNS_MAX);
    let is_there = table
        .indexes
        .iter()
        .any(|index| index.keys.starts_with(&columns) && index.predicate.is_none());
    (!columns.is_empty() && !is_there).then_some(Wanted { columns, predicate })
}

/// The column of this table that is compared with something that is known before the table is read: a value, or a column of
/// another table where this one is read for each of its rows.
pub(crate) fn compared(node: &PlanNode, left: &Operand, right: &Operand) -> Option<String> {
    for (side, other) in [(left, right), (right, left)] {
        let is_plain = match &side.form {
            Form::Column => true,
            Form::CastColumn(to) => is_only_a_label(to),
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

/// Whether a cast to this type is what the server adds to compare `varchar` as text, which changes nothing for an index.
pub(crate) fn is_only_a_label(to: &str) -> bool {
    to == "text"
}

/// A condition without the alias before its columns, as an index has it.
pub(crate) fn without_alias(text: &str, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => text
            .replace(&format!("{alias}."), "")
            .replace(&format!("\"{alias}\"."), ""),
        None => text.to_owned(),
    }
}
