//! Columns that hold the keys of another table, where no constraint keeps that true.
//!
//! Names are taken at their word only where they leave no choice: `customer_id`, in a schema with one table `customers` or
//! `customer` whose key is `id` or `customer_id` and of the same type. A wrong guess would make a database look broken.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, ForeignKey, ObjectId, Relation, RelationKind};

use super::types::{Affinity, TypeName, words};
use super::{ColumnFacts, Schema, TableFacts};

/// Relations whose rows may lack their parents: foreign keys that are not checked, or were not, then what names say.
pub(crate) fn relations(schema: &Schema<'_>) -> Vec<Relation> {
    let mut found: Vec<Relation> = Vec::new();
    for table in schema.tables() {
        for (id, constraint) in &table.constraints {
            let dbwright_catalog::ConstraintKind::ForeignKey(key) = &constraint.kind else {
                continue;
            };
            let id = (*id).clone();
            let kind = match schema.engine() {
                Engine::Postgres if !constraint.enforced => RelationKind::NotEnforced(id),
                Engine::Postgres if !constraint.validated => RelationKind::NotValidated(id),
                Engine::Postgres => continue,
                Engine::MySql | Engine::MariaDb | Engine::Sqlite => RelationKind::Switchable(id),
            };
            found.extend(declared(schema, table, key, kind));
        }
    }
    found.sort_by_key(|relation| matches!(relation.kind, RelationKind::Switchable(_)));
    found.extend(by_name(schema));
    found
}

/// A foreign key as a relation; one that is not resolved has no rows to look at.
fn declared(schema: &Schema<'_>, table: &TableFacts<'_>, key: &ForeignKey, kind: RelationKind) -> Option<Relation> {
    let parent = schema.table(&key.references)?;
    let referenced = if key.referenced_columns.is_empty() {
        parent.primary_key().unwrap_or_default()
    } else {
        key.referenced_columns.as_slice()
    };
    let is_whole = referenced.len() == key.columns.len() && !referenced.is_empty();
    let all_there = |table: &TableFacts<'_>, names: &[String]| names.iter().all(|name| table.column(name).is_some());
    (is_whole && all_there(table, &key.columns) && all_there(parent, referenced)).then(|| Relation {
        table: table.id.clone(),
        columns: key.columns.clone(),
        parent: parent.id.clone(),
        parent_columns: referenced.to_vec(),
        kind,
    })
}

/// What `customer_id` may mean: the tables by the word that their rows are called by.
struct Parents<'a>(BTreeMap<(&'a str, String), Vec<&'a TableFacts<'a>>>);

fn by_name(schema: &Schema<'_>) -> Vec<Relation> {
    let mut parents = Parents(BTreeMap::new());
    for table in schema.tables() {
        let called = (table.id.schema(), singular(table.id.name()));
        parents.0.entry(called).or_default().push(table);
    }
    let columns = schema.columns();
    let guesses = columns.filter_map(|(table, column)| guess(schema.engine(), &parents, table, &column));
    guesses.collect()
}

fn guess(engine: Engine, parents: &Parents<'_>, table: &TableFacts<'_>, column: &ColumnFacts<'_>) -> Option<Relation> {
    let name = column.id.name();
    let mut words = words(name);
    let last = words.pop().filter(|last| last == "id" || last == "uuid")?;
    if words.is_empty() {
        return None;
    }
    let called = words.concat();
    // `owner_id` beside `owner_type` points to a table that the row names.
    let is_polymorphic = ["type", "kind", "class", "table"].iter().any(|word| {
        let other = [words.join("_"), (*word).to_owned()].join("_");
        let camel = other.replace('_', "");
        table.columns.iter().any(|column| {
            let name = column.id.name().to_lowercase();
            name == other || name.replace('_', "") == camel
        })
    });
    let is_tied = table
        .foreign_keys()
        .any(|(_, key)| key.columns.iter().any(|of_key| of_key.eq_ignore_ascii_case(name)));
    if is_polymorphic || is_tied || column.column.generated.is_some() {
        return None;
    }
    let [parent] = parents.0.get(&(table.id.schema(), called))?.as_slice() else {
        return None;
    };
    if parent.id == table.id {
        return None;
    }
    let [key] = parent.primary_key()? else { return None };
    let is_key_meant = key.to_lowercase() == last || key.eq_ignore_ascii_case(name);
    let key = parent.column(key).filter(|_| is_key_meant)?;
    is_alike(engine, &column.column.type_name, &key.column.type_name).then(|| Relation {
        table: table.id.clone(),
        columns: vec![name.to_owned()],
        parent: parent.id.clone(),
        parent_columns: vec![key.id.name().to_owned()],
        kind: RelationKind::ByName,
    })
}

/// Whether values of both types are the same thing.
fn is_alike(engine: Engine, own: &str, other: &str) -> bool {
    if engine == Engine::Sqlite {
        return Affinity::of(own) == Affinity::of(other);
    }
    let (own, other) = (TypeName::parse(own), TypeName::parse(other));
    let is_integer = |name: &TypeName| super::types::integer_bytes(engine, name).is_some();
    own.is_array == other.is_array
        && (own.base == other.base || own.is_text() && other.is_text() || is_integer(&own) && is_integer(&other))
}

/// What a row of a table is called: `order_lines` → `orderline`, `categories` → `category`.
fn singular(table: &str) -> String {
    let name = words(table).concat();
    let ending = |suffix: &str| name.strip_suffix(suffix).filter(|rest| rest.len() > 1);
    if let Some(rest) = ending("ies") {
        return format!("{rest}y");
    }
    for doubled in ["sses", "shes", "ches", "xes"] {
        if let Some(rest) = ending(doubled) {
            return format!("{rest}{}", doubled.trim_end_matches("es"));
        }
    }
    match ending("s") {
        Some(rest) if !rest.ends_with(['s', 'u', 'i']) => rest.to_owned(),
        _ => name,
    }
}

/// The constraint that declares a relation, or the first of its columns where none does.
pub(crate) fn object_of(relation: &Relation) -> ObjectId {
    match &relation.kind {
        RelationKind::NotValidated(id) | RelationKind::NotEnforced(id) | RelationKind::Switchable(id) => id.clone(),
        RelationKind::ByName => {
            let column = relation.columns.first().map(String::as_str).unwrap_or_default();
            relation.table.column(column)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::singular;

    #[test]
    fn rows_are_called_by_the_singular_of_their_table() {
        for (table, row) in [
            ("customers", "customer"),
            ("order_lines", "orderline"),
            ("OrderLines", "orderline"),
            ("categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("status", "status"),
            ("user", "user"),
            ("analysis", "analysis"),
        ] {
            assert_eq!(singular(table), row);
        }
    }
}
