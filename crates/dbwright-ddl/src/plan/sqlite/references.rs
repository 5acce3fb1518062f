//! The check of foreign keys at the end: rows without a parent make the transaction fail, unless they had none before.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ConstraintKind, Engine, ForeignKey, ObjectBody, ObjectId, Step, Table, TableExtra};

use crate::quote::quote_literal;

/// Steps that count rows without a parent beforehand, and those that compare in the end, for the tables that refer to
/// something that is touched, or are touched themselves.
pub(super) fn check(before: &Catalog, after: &Catalog, touched: &BTreeSet<ObjectId>) -> (Vec<Step>, Vec<Step>) {
    let children: Vec<&ObjectId> = after
        .tables()
        .map(|(id, _)| id)
        .filter(|id| {
            let keys = foreign_keys(after, id);
            let concerned = touched.contains(*id) || keys.iter().any(|key| touched.contains(&key.references));
            !keys.is_empty() && concerned && is_checkable(after, id)
        })
        .collect();
    if children.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let count = |name: &str| format!("(SELECT count(*) FROM pragma_foreign_key_check({name}))");
    let values: Vec<String> = children
        .iter()
        .map(|child| {
            let literal = quote_literal(Engine::Sqlite, child.name());
            let orphans = if is_checkable(before, child) {
                format!("-{}", count(&literal))
            } else {
                "0".to_owned()
            };
            format!("({literal}, {orphans})")
        })
        .collect();
    let ids = || children.iter().map(|id| (*id).clone());
    let mut table = Step::new(
        "CREATE TEMP TABLE dbwright_orphans (child TEXT PRIMARY KEY, new_ones INTEGER CONSTRAINT rows_without_parent CHECK \
         (new_ones <= 0))",
        ids(),
    );
    table.notes.push(
        "Rows that have lost their parent by the end make the transaction fail. Those that had none before do not."
            .to_owned(),
    );
    let before_steps = vec![
        table,
        Step::new(
            format!("INSERT INTO temp.dbwright_orphans VALUES {}", values.join(", ")),
            ids(),
        ),
    ];
    let after_steps = vec![
        Step::new(
            format!(
                "UPDATE temp.dbwright_orphans SET new_ones = new_ones + {}",
                count("child")
            ),
            ids(),
        ),
        Step::new("DROP TABLE temp.dbwright_orphans", ids()),
    ];
    (before_steps, after_steps)
}

fn foreign_keys<'a>(catalog: &'a Catalog, table: &'a ObjectId) -> Vec<&'a ForeignKey> {
    let constraints = catalog.constraints(table);
    constraints
        .filter_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(key),
            _ => None,
        })
        .collect()
}

/// Whether SQLite can check all foreign keys of a table: each must refer to a key of a table that is there
/// (<https://www.sqlite.org/foreignkeys.html#fk_indexes>).
fn is_checkable(catalog: &Catalog, table: &ObjectId) -> bool {
    let exists = catalog.get(table).is_some();
    exists
        && foreign_keys(catalog, table)
            .into_iter()
            .all(|key| refers_to_key(catalog, key))
}

fn refers_to_key(catalog: &Catalog, key: &ForeignKey) -> bool {
    let Some(ObjectBody::Table(Table {
        extra: TableExtra::Sqlite(_),
        ..
    })) = catalog.get(&key.references).map(|parent| &parent.body)
    else {
        return false;
    };
    let wanted: BTreeSet<String> = key
        .referenced_columns
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let is_same = |columns: &[String]| {
        let found: BTreeSet<String> = columns.iter().map(|name| name.to_ascii_lowercase()).collect();
        found == wanted
    };
    if key.referenced_columns.len() != key.columns.len() {
        return false;
    }
    let mut constraints = catalog.constraints(&key.references);
    constraints.any(|(_, constraint)| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => is_same(columns),
        _ => false,
    }) || catalog
        .indexes(&key.references)
        .any(|(_, index)| index.unique && index.predicate.is_none() && is_same(&index.keys))
}
