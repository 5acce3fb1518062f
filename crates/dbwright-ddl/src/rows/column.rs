//! The columns of one table, with what matters for giving them values.

use dbwright_catalog::{Catalog, Column, ColumnExtra, Constraint, ConstraintKind, Engine, ForeignKey, ObjectId, Table};

use super::expression::{Expression, Value, parse};
use super::kind::ColumnType;

/// A column of the table under consideration.
pub(super) struct ColumnPlan<'a> {
    pub(super) name: String,
    pub(super) column: &'a Column,
    pub(super) column_type: ColumnType,
    /// Whether a row may have NULL there.
    pub(super) nullable: bool,
    /// Whether rows must differ there: part of a key.
    pub(super) key: bool,
    /// The expression of a generated column.
    pub(super) generated: Option<Expression>,
}

/// The columns of one table, in its order.
pub(super) struct TableColumns<'a> {
    pub(super) engine: Engine,
    pub(super) all: Vec<ColumnPlan<'a>>,
}

impl<'a> TableColumns<'a> {
    pub(super) fn of(catalog: &'a Catalog, id: &'a ObjectId, table: &Table) -> TableColumns<'a> {
        let engine = catalog.server.engine;
        let keys = key_columns(catalog, id);
        let required: Vec<&str> = catalog
            .constraints(id)
            .filter_map(|(_, constraint)| match &constraint.kind {
                ConstraintKind::NotNull(column) => Some(column.as_str()),
                _ => None,
            })
            .chain(primary_key(catalog, id).into_iter().flatten().map(String::as_str))
            .collect();
        let plan = |(id, column): (&ObjectId, &'a Column)| {
            let in_key = matches!(&column.extra, ColumnExtra::Sqlite(extra) if extra.primary_key_position > 0);
            let key = in_key || keys.iter().any(|name| name == id.name());
            let column_type = ColumnType::of(catalog, table, column, key);
            let required = column.not_null || column_type.not_null || in_key || required.contains(&id.name());
            ColumnPlan {
                name: id.name().to_owned(),
                column,
                nullable: !required,
                key,
                generated: column
                    .generated
                    .as_ref()
                    .map(|generated| parse(engine, &generated.expression)),
                column_type,
            }
        };
        TableColumns {
            engine,
            all: catalog.columns(id).into_iter().map(plan).collect(),
        }
    }

    /// The place of a column in [`TableColumns::all`], by a name as conditions write it.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|column| match self.engine {
            Engine::Postgres => column.name == name,
            Engine::Sqlite | Engine::MySql | Engine::MariaDb => column.name.eq_ignore_ascii_case(name),
        })
    }

    /// The columns that an expression depends on, through generated columns too.
    pub(super) fn named_in(&self, expression: &Expression) -> Vec<usize> {
        let mut found = Vec::new();
        let mut names = expression.columns();
        let mut at = 0;
        while at < names.len() {
            if let Some(place) = self.find(&names[at])
                && !found.contains(&place)
            {
                found.push(place);
                let below = self.all[place].generated.iter().flat_map(Expression::columns);
                names.extend(below.collect::<Vec<_>>());
            }
            at += 1;
        }
        found.retain(|place| self.all[*place].generated.is_none());
        found
    }
}

/// The columns of the primary key.
pub(super) fn primary_key<'a>(catalog: &'a Catalog, table: &'a ObjectId) -> Option<&'a [String]> {
    catalog
        .constraints(table)
        .find_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => Some(columns.as_slice()),
            _ => None,
        })
}

/// The columns a foreign key points at: where it names none, the primary key.
pub(super) fn referenced_columns(catalog: &Catalog, foreign_key: &ForeignKey) -> Vec<String> {
    if !foreign_key.referenced_columns.is_empty() {
        return foreign_key.referenced_columns.clone();
    }
    if let Some(columns) = primary_key(catalog, &foreign_key.references) {
        return columns.to_vec();
    }
    let mut columns: Vec<(u32, String)> = catalog
        .columns(&foreign_key.references)
        .into_iter()
        .filter_map(|(id, column)| match &column.extra {
            ColumnExtra::Sqlite(extra) if extra.primary_key_position > 0 => {
                Some((extra.primary_key_position, id.name().to_owned()))
            }
            _ => None,
        })
        .collect();
    columns.sort();
    columns.into_iter().map(|(_, name)| name).collect()
}

/// The foreign keys of a table that are checked, with their constraints.
pub(super) fn foreign_keys<'a>(
    catalog: &'a Catalog,
    table: &'a ObjectId,
) -> impl Iterator<Item = (&'a Constraint, &'a ForeignKey)> {
    catalog
        .constraints(table)
        .filter_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(foreign_key) if constraint.enforced => Some((constraint, foreign_key)),
            _ => None,
        })
}

/// Columns in keys of the table. Foreign keys of other tables can point only at these.
fn key_columns(catalog: &Catalog, table: &ObjectId) -> Vec<String> {
    let mut keys = Vec::new();
    for (_, constraint) in catalog.constraints(table) {
        if let ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) = &constraint.kind {
            keys.extend(columns.iter().cloned());
        }
    }
    let engine = catalog.server.engine;
    for (_, index) in catalog.indexes(table).filter(|(_, index)| index.unique) {
        keys.extend(index.keys.iter().flat_map(|key| index_key(engine, key).columns()));
    }
    keys
}

/// A key part of an index without its options: `lower(email) DESC` is `lower(email)`. On MySQL and MariaDB, `name(10)` is
/// the first ten letters of `name`.
pub(super) fn index_key(engine: Engine, text: &str) -> Expression {
    let is_mysql_family = matches!(engine, Engine::MySql | Engine::MariaDb);
    match parse(engine, text) {
        Expression::Call(name, arguments) if is_mysql_family && arguments.len() == 1 => prefix_key(name, arguments),
        Expression::Unknown(leaves) => {
            let words = text.split_whitespace().count();
            let shorter = (1..words).rev().map(|count| {
                let kept: Vec<_> = text.split_whitespace().take(count).collect();
                parse(engine, &kept.join(" "))
            });
            shorter
                .into_iter()
                .find(|expression| !matches!(expression, Expression::Unknown(_)))
                .unwrap_or(Expression::Unknown(leaves))
        }
        expression => expression,
    }
}

fn prefix_key(name: String, mut arguments: Vec<Expression>) -> Expression {
    if matches!(arguments.as_slice(), [Expression::Constant(Value::Number(_))]) {
        arguments.insert(0, Expression::Column(name));
        return Expression::Call("left".to_owned(), arguments);
    }
    Expression::Call(name, arguments)
}
