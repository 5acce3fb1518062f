//! Whether values are what they were: a sum over each column that is there before and after, with the key of the row.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Column, ConstraintKind, ObjectId, Plan, PlanOutcome, Unfilled};
use dbwright_ddl::{qualified_name, quote_identifier};

use super::copy::Copy;
use crate::LiveError;
use crate::introspect::mysql_family::session::must;

/// The sums of columns before a plan ran.
pub(super) struct Fingerprints {
    /// The query of each table, and what it gave for each column.
    tables: BTreeMap<ObjectId, Table>,
}

struct Table {
    sql: String,
    columns: Vec<String>,
    sums: Vec<Option<String>>,
}

impl Fingerprints {
    /// Sums up the columns that are in both schemas and that the plan says to keep.
    pub(super) async fn take(
        copy: &mut Copy<'_>,
        before: &Catalog,
        after: &Catalog,
        plan: &Plan,
    ) -> Result<Self, LiveError> {
        let lost: BTreeSet<&ObjectId> = plan.losses.iter().map(|loss| &loss.object).collect();
        let mut tables = BTreeMap::new();
        for (id, _) in before.tables() {
            if after.get(id).is_none() || lost.contains(id) {
                continue;
            }
            if let Some((sql, columns)) = query(before, after, id, &lost) {
                let sums = sums(copy, &sql).await?;
                tables.insert(id.clone(), Table { sql, columns, sums });
            }
        }
        Ok(Fingerprints { tables })
    }

    /// Sums up again. Tables whose rows had to be taken out, or that got none, are not compared, and said.
    pub(super) async fn compare(
        &self,
        copy: &mut Copy<'_>,
        emptied: &BTreeSet<ObjectId>,
        unfilled: &[Unfilled],
    ) -> Result<Vec<PlanOutcome>, LiveError> {
        let mut problems = Vec::new();
        let mut compared = 0;
        let mut taken_out = Vec::new();
        let mut outcomes = Vec::new();
        for (id, table) in &self.tables {
            if emptied.contains(id) {
                taken_out.push(id.to_string());
                continue;
            }
            if let Some(unfilled) = unfilled
                .iter()
                .find(|unfilled| unfilled.table == *id && unfilled.rows == 0)
            {
                outcomes.push(PlanOutcome::NotTried(format!(
                    "{id} could be given no rows: {}",
                    unfilled.reason
                )));
                continue;
            }
            let now = sums(copy, &table.sql).await?;
            compared += 1;
            for (column, (before, after)) in table.columns.iter().zip(table.sums.iter().zip(&now)) {
                if before != after {
                    let known = |sum: &Option<String>| sum.clone().unwrap_or_else(|| "nothing".to_owned());
                    problems.push(format!(
                        "The values in {id}.{column} are others than before: {} became {}.",
                        known(before),
                        known(after)
                    ));
                }
            }
        }
        if !taken_out.is_empty() {
            outcomes.push(PlanOutcome::NotTried(format!(
                "generated rows of {} do not satisfy what is new, and were taken out first",
                taken_out.join(", ")
            )));
        }
        if !problems.is_empty() {
            outcomes.insert(0, PlanOutcome::Fails(problems));
        } else if compared > 0 {
            outcomes.insert(0, PlanOutcome::Holds);
        } else if outcomes.is_empty() {
            outcomes.push(PlanOutcome::NotTried(
                "no table with rows is there before and after".to_owned(),
            ));
        }
        Ok(outcomes)
    }
}

async fn sums(copy: &mut Copy<'_>, sql: &str) -> Result<Vec<Option<String>>, LiveError> {
    let sets = must(copy.observer(), "comparing rows", sql).await?;
    Ok(sets.into_iter().flatten().next().unwrap_or_default())
}

/// The query that sums up a table, and the columns that it sums up: `count of rows`, then one sum a column.
fn query(
    before: &Catalog,
    after: &Catalog,
    table: &ObjectId,
    lost: &BTreeSet<&ObjectId>,
) -> Option<(String, Vec<String>)> {
    let engine = before.server.engine;
    let old: BTreeMap<&str, &Column> = before
        .columns(table)
        .into_iter()
        .map(|(id, column)| (id.name(), column))
        .collect();
    let mut expressions: BTreeMap<String, String> = BTreeMap::new();
    for (id, new) in after.columns(table) {
        let Some(old) = old.get(id.name()) else { continue };
        if lost.contains(id) || old.generated.is_some() || new.generated.is_some() {
            continue;
        }
        if let Some(expression) = comparable(&quote_identifier(engine, id.name()), old, new) {
            expressions.insert(id.name().to_owned(), expression);
        }
    }
    if expressions.is_empty() {
        return None;
    }
    // A value belongs to its row: without the key, two rows that swap values would look the same.
    let key: Vec<String> = key(before, table)
        .iter()
        .map(|column| expressions.get(column).cloned())
        .collect::<Option<_>>()
        .unwrap_or_default();
    let mut columns = vec!["number of rows".to_owned()];
    let mut sums = vec!["COUNT(*)".to_owned()];
    for (name, expression) in expressions {
        let parts = [&[expression.clone()][..], &key].concat().join(", '|', ");
        let text = format!("SHA2(CONCAT({parts}), 256)");
        sums.push(format!(
            "CONCAT(COUNT({expression}), ':', COALESCE(SUM(CONV(LEFT({text}, 12), 16, 10)), 0))"
        ));
        columns.push(name);
    }
    let sql = format!("SELECT {} FROM {}", sums.join(", "), qualified_name(engine, table));
    Some((sql, columns))
}

fn key(catalog: &Catalog, table: &ObjectId) -> Vec<String> {
    let mut keys = catalog
        .constraints(table)
        .filter_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
            _ => None,
        });
    keys.next().unwrap_or_default()
}

const NUMBERS: &[&str] = &[
    "tinyint",
    "smallint",
    "mediumint",
    "int",
    "bigint",
    "decimal",
    "year",
    "bit",
];
const TEXTS: &[&str] = &[
    "char",
    "varchar",
    "tinytext",
    "text",
    "mediumtext",
    "longtext",
    "enum",
    "set",
];
const MOMENTS: &[&str] = &["date", "datetime", "timestamp"];

/// A text that a value gives under its old type and under its new one; nothing where there is none.
fn comparable(name: &str, old: &Column, new: &Column) -> Option<String> {
    let word = |column: &Column| {
        column
            .type_name
            .split(['(', ' '])
            .next()
            .unwrap_or_default()
            .to_lowercase()
    };
    let (from, to) = (word(old), word(new));
    let is = |word: &str, list: &[&str]| list.contains(&word);
    if is(&from, TEXTS) && is(&to, TEXTS) {
        return Some(format!("HEX(CONVERT({name} USING utf8mb4))"));
    }
    if old.type_name == new.type_name {
        return Some(match from.as_str() {
            "json" => format!("SHA2(CAST({name} AS CHAR), 256)"),
            _ => format!("HEX({name})"),
        });
    }
    if is(&from, NUMBERS) && is(&to, NUMBERS) {
        return Some(format!("CAST({name} AS DECIMAL(65, 20))"));
    }
    if is(&from, MOMENTS) && is(&to, MOMENTS) {
        return Some(format!("CAST({name} AS DATETIME(6))"));
    }
    (from == to || is(&from, NUMBERS) && is(&to, TEXTS)).then(|| format!("HEX(CAST({name} AS CHAR))"))
}
