//! Tables with all their parts as `CREATE TABLE`, and the parts as the clauses that `ALTER TABLE` takes.

use dbwright_catalog::{
    Catalog, Constraint, ConstraintKind, Engine, ForeignKey, Index, Object, ObjectBody, ObjectId, ObjectKind,
};
use dbwright_sql::tokens;

use super::text::{TableText, table_text};
use crate::{quote_identifier, quote_literal};

/// The text of the comment on an object; empty where there is none.
pub(crate) fn comment<'a>(catalog: &'a Catalog, id: &ObjectId) -> &'a str {
    match catalog
        .get(&id.satellite(ObjectKind::Comment))
        .map(|object| &object.body)
    {
        Some(ObjectBody::Comment(comment)) => &comment.text,
        _ => "",
    }
}

/// The definition of a column or an index with its comment.
pub(crate) fn part(catalog: &Catalog, id: &ObjectId) -> String {
    let definition = catalog.get(id).map_or("", |object| object.definition.as_str());
    let comment = comment(catalog, id);
    if comment.is_empty() {
        return definition.to_owned();
    }
    let engine = catalog.server.engine;
    let clause = format!("COMMENT {}", quote_literal(engine, comment));
    // The check of a column comes last (MariaDB).
    match check_of_column(engine, definition) {
        Some(at) => format!("{}{clause} {}", &definition[..at], &definition[at..]),
        None => format!("{definition} {clause}"),
    }
}

/// Where the check of a column begins in its definition.
pub(crate) fn check_of_column(engine: Engine, definition: &str) -> Option<usize> {
    let mut depth = 0;
    for token in tokens(engine, definition) {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        if depth == 0 && token.is("CHECK") {
            return Some(token.span.start);
        }
    }
    None
}

/// The pieces of a table's own definition: options, periods and partitions.
pub(crate) fn own_text(catalog: &Catalog, table: &ObjectId) -> TableText {
    let definition = catalog.get(table).map_or("", |object| object.definition.as_str());
    table_text(catalog.server.engine, definition)
}

/// The indexes of a table: the primary key, unique ones, others; each by name.
pub(crate) fn indexes<'a>(catalog: &'a Catalog, table: &'a ObjectId) -> Vec<(&'a ObjectId, &'a Index)> {
    let mut indexes: Vec<_> = catalog
        .objects
        .range(table.child(ObjectKind::Index, "")..)
        .take_while(|(id, _)| id.kind == ObjectKind::Index && id.path[..2] == table.path[..])
        .filter_map(|(id, object)| match &object.body {
            ObjectBody::Index(index) => Some((id, index)),
            _ => None,
        })
        .collect();
    indexes.sort_by_key(|(id, index)| (id.name() != "PRIMARY", !index.unique));
    indexes
}

/// The checks of a table that are no part of a column.
pub(crate) fn checks<'a>(
    catalog: &'a Catalog,
    table: &'a ObjectId,
) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
    let is_check = |(_, constraint): &(&ObjectId, &Constraint)| matches!(constraint.kind, ConstraintKind::Check(_));
    let objects = catalog
        .constraints(table)
        .filter(is_check)
        .filter_map(|(id, _)| Some((id, catalog.get(id)?)));
    objects.filter(|(_, object)| !is_of_column(object))
}

/// Whether a check stands in the definition of its column, so that it comes and goes with that (MariaDB).
pub(crate) fn is_of_column(check: &Object) -> bool {
    check.definition.starts_with("CHECK")
}

/// The foreign keys of a table.
pub(crate) fn foreign_keys<'a>(
    catalog: &'a Catalog,
    table: &'a ObjectId,
) -> impl Iterator<Item = (&'a ObjectId, &'a ForeignKey)> {
    catalog
        .constraints(table)
        .filter_map(|(id, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some((id, key)),
            _ => None,
        })
}

/// What a constraint is called in statements. Its id can have a note behind the name, where another kind has the same.
pub(crate) fn constraint_name(catalog: &Catalog, id: &ObjectId) -> String {
    let definition = catalog.get(id).map_or("", |object| object.definition.as_str());
    let named = table_text(catalog.server.engine, &format!("({definition})")).constraints;
    named
        .into_iter()
        .next()
        .map_or_else(|| id.name().to_owned(), |(name, _)| name)
}

/// The statement that makes a table, with those of its foreign keys for which `has` says so.
pub(crate) fn create(catalog: &Catalog, table: &ObjectId, has: impl Fn(&ForeignKey) -> bool) -> String {
    let engine = catalog.server.engine;
    let own = own_text(catalog, table);
    let mut lines: Vec<String> = catalog.columns(table).iter().map(|(id, _)| part(catalog, id)).collect();
    lines.extend(own.periods.iter().cloned());
    lines.extend(indexes(catalog, table).into_iter().map(|(id, _)| part(catalog, id)));
    let keys = foreign_keys(catalog, table).filter(|(_, key)| has(key));
    lines.extend(keys.filter_map(|(id, _)| Some(catalog.get(id)?.definition.clone())));
    lines.extend(checks(catalog, table).map(|(_, check)| check.definition.clone()));
    let mut options = own.options;
    let comment = comment(catalog, table);
    if !comment.is_empty() {
        options.set("COMMENT", &quote_literal(engine, comment));
    }
    let mut sql = format!(
        "CREATE TABLE {} (\n  {}\n) {}",
        quote_identifier(engine, table.name()),
        lines.join(",\n  "),
        options.text()
    );
    if let Some(partitioning) = own.partitioning {
        sql = format!("{sql}\n{partitioning}");
    }
    sql
}

/// The objects that come with a table.
pub(crate) fn objects_of(catalog: &Catalog, table: &ObjectId) -> Vec<ObjectId> {
    let mut objects = vec![table.clone()];
    objects.extend(catalog.columns(table).into_iter().map(|(id, _)| id.clone()));
    objects.extend(catalog.constraints(table).map(|(id, _)| id.clone()));
    objects.extend(indexes(catalog, table).into_iter().map(|(id, _)| id.clone()));
    let comments: Vec<ObjectId> = objects.iter().map(|id| id.satellite(ObjectKind::Comment)).collect();
    objects.extend(comments.into_iter().filter(|id| catalog.get(id).is_some()));
    objects
}
