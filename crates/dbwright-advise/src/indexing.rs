//! Which index would answer the conditions of a node.

use std::ops::Range;

use dbwright_catalog::{ColumnFacts, ConditionKind, Engine, PlanNode, TableFacts};

use crate::context::Context;
use crate::expression::{Expression, Form, Operand};
use crate::query::Query;

/// More columns than this are not proposed for one index.
const COLUMNS_MAX: usize = 4;

/// An index that would help.
pub(crate) struct Wanted {
    /// Its columns.
    pub(crate) columns: Vec<String>,
    /// How many of them are equal to something.
    pub(crate) equal: usize,
    /// Which rows it holds, where not all.
    pub(crate) predicate: Vec<String>,
    /// Whether the last column is compared with `<` or `>`.
    pub(crate) has_range: bool,
}

/// The columns of a table that a clause of the outermost query names (`ORDER BY` in one direction, `GROUP BY`, `DISTINCT`), where it
/// names nothing else.
pub(crate) fn sorted_by_columns(
    context: &Context<'_>,
    node: &PlanNode,
    table: &TableFacts,
    clause: &str,
) -> Option<Vec<String>> {
    let query = context.query.as_ref()?;
    let select = query.outermost()?;
    let is_plain = select.group.is_none() && !select.distinct;
    let items = match clause {
        "ORDER BY" => select.order.as_ref().filter(|_| is_plain)?,
        "GROUP BY" => select.group.as_ref()?,
        _ => &select.list,
    };
    let mut columns = Vec::new();
    let mut directions = Vec::new();
    for item in query.items(items) {
        let (column, descending) = sorted_by(query, &item)?;
        let expression = Expression::read(context.server.engine, column);
        let Expression::Flag { column, .. } = expression else {
            return None;
        };
        let facts = table.column(&column.name).filter(|_| Context::is_of(node, &column))?;
        columns.push(facts.name.clone());
        directions.push(descending);
    }
    directions.dedup();
    (directions.len() == 1).then_some(columns)
}

/// What an item of `ORDER BY` sorts by, and whether the greatest comes first. Nothing where it says more.
fn sorted_by<'t>(query: &Query<'t>, item: &Range<usize>) -> Option<(&'t str, bool)> {
    let last = query.words.get(item.end.checked_sub(1)?)?;
    let (words, descending) = match last.folded().as_deref() {
        Some("desc") => (item.start..item.end - 1, true),
        Some("asc") => (item.start..item.end - 1, false),
        _ => (item.clone(), false),
    };
    (!words.is_empty()).then(|| (query.source(&words), descending))
}

impl Wanted {
    /// One on these columns, of all rows.
    pub(crate) fn of(columns: Vec<String>) -> Wanted {
        Wanted {
            equal: columns.len(),
            columns,
            predicate: Vec::new(),
            has_range: false,
        }
    }

    /// Whether an index has these columns first already, of which those that are equal to something may stand in any order.
    pub(crate) fn is_there(&self, table: &TableFacts) -> bool {
        let (columns, equal) = (&self.columns, self.equal.min(self.columns.len()));
        let mut whole = table.indexes.iter().filter(|index| index.predicate.is_none());
        whole.any(|index| {
            index.keys.len() >= columns.len()
                && columns[..equal]
                    .iter()
                    .all(|column| index.keys[..equal].contains(column))
                && index.keys[equal..columns.len()] == columns[equal..]
        })
    }

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
            self.keys(context, table)
        )
    }

    /// Adds the columns that the query sorts by, where all others are compared with `=`, so that the index gives its order too.
    pub(crate) fn add_order(&mut self, context: &Context<'_>, node: &PlanNode, table: &TableFacts) {
        if self.has_range {
            return;
        }
        let Some(order) = sorted_by_columns(context, node, table, "ORDER BY") else {
            return;
        };
        for column in order {
            if !self.columns.contains(&column) && self.columns.len() < COLUMNS_MAX {
                self.columns.push(column);
            }
        }
    }

    /// Its columns as the statement has them. MySQL and MariaDB index the beginning of a long text.
    /// <https://dev.mysql.com/doc/refman/9.4/en/column-indexes.html#column-indexes-prefix>
    fn keys(&self, context: &Context<'_>, table: &TableFacts) -> String {
        let key = |name: &String| {
            let is_long = |data_type: &str| data_type.contains("text") || data_type.contains("blob");
            let is_long = table.column(name).is_some_and(|column| is_long(&column.data_type));
            let prefix = if is_long && context.is_mysql_family() {
                "(100)"
            } else {
                ""
            };
            format!("{}{prefix}", context.quoted(name))
        };
        let keys: Vec<String> = self.columns.iter().map(key).collect();
        keys.join(", ")
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

/// The columns of a table that are compared with `=`.
pub(crate) fn compared_equal(
    context: &Context<'_>,
    node: &PlanNode,
    table: &TableFacts,
    kinds: &[ConditionKind],
) -> Vec<String> {
    let parts = kinds.iter().flat_map(|kind| context.parts_of(node, *kind));
    let mut columns: Vec<String> = Vec::new();
    for part in parts {
        if let Expression::Compare { left, operator, right } = &part
            && operator == "="
            && let Some(column) = compared(node, table, left, right)
            && let Some(facts) = table.column(&column)
            && !columns.contains(&facts.name)
        {
            columns.push(facts.name.clone());
        }
    }
    columns
}

/// Whether only columns of these have two values, or a few that are listed.
pub(crate) fn are_flags(table: &TableFacts, columns: &[String]) -> bool {
    columns.iter().all(|column| {
        let column = table.column(column);
        let kinds = ["bool", "enum", "set(", "bit(1)", "tinyint(1)"];
        let data_type = column.map_or(String::new(), |column| column.data_type.to_ascii_lowercase());
        kinds.iter().any(|kind| data_type.starts_with(kind))
    })
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
    let mut null: Vec<String> = Vec::new();
    let mut predicate: Vec<String> = Vec::new();
    for part in kinds.iter().flat_map(|kind| context.parts_of(node, *kind)) {
        match &part {
            Expression::Compare { left, operator, right } => {
                let Some(column) = compared(node, table, left, right) else {
                    continue;
                };
                match operator.as_str() {
                    "=" | "= ANY" if !equal.contains(&column) => equal.push(column),
                    "<" | "<=" | ">" | ">=" => range = range.or(Some(column)),
                    _ => {}
                }
            }
            // They have no index of some rows, and find NULL as any other value.
            Expression::Flag { column, text } if Context::is_of(node, column) && context.is_mysql_family() => {
                let is_null = text.to_ascii_lowercase().ends_with(" is null");
                if is_null && !equal.contains(&column.name) {
                    null.push(column.name.clone());
                }
            }
            Expression::Flag { column, text } if Context::is_of(node, column) => {
                predicate.push(without_alias(text, column.table.as_deref()));
            }
            _ => {}
        }
    }
    // By itself, to be NULL is what most rows are.
    if !equal.is_empty() || range.is_some() {
        equal.extend(null);
    }
    let named = |column: &String| indexable(context, table, column);
    let mut columns: Vec<String> = equal.iter().filter_map(named).collect();
    columns.dedup();
    let equal = columns.len().min(COLUMNS_MAX);
    let range = range
        .as_ref()
        .and_then(named)
        .filter(|column| !columns.contains(column));
    let has_range = range.is_some();
    columns.extend(range);
    columns.truncate(COLUMNS_MAX);
    let wanted = Wanted {
        columns,
        equal,
        predicate,
        has_range,
    };
    (!wanted.columns.is_empty() && !wanted.is_there(table)).then_some(wanted)
}

/// The name of a column of the table, where a B-tree can hold it.
fn indexable(context: &Context<'_>, table: &TableFacts, column: &str) -> Option<String> {
    let column = table.column(column)?;
    let kinds = ["json", "geometry", "point", "polygon", "linestring", "vector"];
    let is_of_kind = kinds.iter().any(|kind| column.data_type.starts_with(kind));
    (!context.is_mysql_family() || !is_of_kind).then(|| column.name.clone())
}

/// The column of this table that is compared with something that is known before the table is read: a value, or a column of
/// another table where this one is read for each of its rows.
pub(crate) fn compared(node: &PlanNode, table: &TableFacts, left: &Operand, right: &Operand) -> Option<String> {
    for (side, other) in [(left, right), (right, left)] {
        if let [column] = side.columns.as_slice()
            && (side.form == Form::Column || is_relabelled(side, table.column(&column.name)))
            && other.columns.iter().all(|other| !Context::is_of(node, other))
            && Context::is_of(node, column)
        {
            return Some(column.name.clone());
        }
    }
    None
}

/// Whether a column is cast to `text` only because the server compares `varchar` so, which changes nothing for an index.
pub(crate) fn is_relabelled(side: &Operand, column: Option<&ColumnFacts>) -> bool {
    let is_text = |column: &ColumnFacts| {
        ["text", "character varying", "varchar"]
            .iter()
            .any(|kind| column.data_type.starts_with(kind))
    };
    matches!(&side.form, Form::CastColumn(to) if to == "text") && column.is_some_and(is_text)
}

/// A condition without the alias before its columns, as an index has it.
pub(crate) fn without_alias(text: &str, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => text
            .replace(&format!("{alias}."), "")
            .replace(&format!("\"{alias}\"."), "")
            .replace(&format!("`{alias}`."), ""),
        None => text.to_owned(),
    }
}
