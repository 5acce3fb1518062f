//! Tables with their columns.

use std::collections::BTreeSet;

use dbwright_catalog::{
    Column, ConstraintKind, Object, ObjectBody, ObjectId, PostgresTable, Step, Table, TableExtra, TableKind,
};

use super::column::{
    column_constraints, column_head, column_settings, is_declared, named_not_null, postgres, settings,
};
use super::{Context, foreign_options, name, option, path, step, tablespace};

/// The statements that make a table with its columns, and say what can only be said afterwards.
pub(super) fn create_table(context: &Context<'_>, object: &Object, table: &Table) -> Vec<Step> {
    create_table_without(context, object, table, &BTreeSet::new())
}

/// The same, without the defaults of these columns.
pub(super) fn create_table_without(
    context: &Context<'_>,
    object: &Object,
    table: &Table,
    postponed: &BTreeSet<ObjectId>,
) -> Vec<Step> {
    let Some(extra) = postgres_table(table) else {
        return Vec::new();
    };
    let columns = context.catalog.columns(&object.id);
    let shape = Shape::of(context, object, table, &columns);
    let mut made = vec![object.id.clone()];
    made.extend(columns.iter().map(|(id, _)| (*id).clone()));
    let sql = statement(context, object, (table, extra), &columns, shape, postponed);
    let mut steps = vec![Step::new(sql, made)];
    steps.extend(hang(object, table, shape));
    for (id, column) in &columns {
        if let Some(column_object) = context.catalog.get(id) {
            steps.extend(inherited_otherwise(context, column_object, column, shape, postponed));
            steps.extend(column_settings(context, column_object, column));
        }
    }
    steps.extend(table_settings(object, table, extra));
    steps
}

/// How a table gets its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// It has them all from its own statement, and is hung below its parents afterwards, if it has any.
    Own,
    /// Those of the partitioned table, word for word.
    PartitionOf,
    /// Those of its parents, then its own.
    Inherits,
    /// Those of a type.
    OfType,
}

impl Shape {
    fn of(context: &Context<'_>, object: &Object, table: &Table, columns: &[(&ObjectId, &Column)]) -> Self {
        if let Some(partition) = &table.partition {
            if is_like(context, &object.id, columns, &partition.parent) {
                Shape::PartitionOf
            } else {
                Shape::Own
            }
        } else if !table.inherits.is_empty() {
            if inherited_order(context, table, columns) && !repeats_expression(context, columns) {
                Shape::Inherits
            } else {
                Shape::Own
            }
        } else if postgres_table(table).is_some_and(|extra| extra.of_type.is_some()) {
            Shape::OfType
        } else {
            Shape::Own
        }
    }
}

/// Whether a partition has the very columns of its partitioned table, so that they need not be said again.
fn is_like(context: &Context<'_>, table: &ObjectId, columns: &[(&ObjectId, &Column)], parent: &ObjectId) -> bool {
    let parents = context.catalog.columns(parent);
    parents.len() == columns.len()
        && parents.iter().zip(columns).all(|((parent_id, theirs), (id, ours))| {
            let mut expected = (*theirs).clone();
            expected.identity = ours.identity;
            expected.extra.clone_from(&ours.extra);
            let names = (
                context.not_null(parent, parent_id.name()).map(|(id, _)| id.name()),
                context.not_null(table, id.name()).map(|(id, _)| id.name()),
            );
            let is_local = |(_, constraint): (&ObjectId, &dbwright_catalog::Constraint)| {
                constraint.postgres.as_ref().is_some_and(|extra| extra.local) || !constraint.validated
            };
            parent_id.name() == id.name()
                && expected == **ours
                && names.0 == names.1
                && !context.not_null(table, id.name()).is_some_and(is_local)
                && context.identity(id).is_none()
                && match (postgres(theirs), postgres(ours)) {
                    (Some(theirs), Some(ours)) => {
                        theirs.storage == ours.storage
                            && theirs.compression == ours.compression
                            && ours.foreign_options.is_empty()
                    }
                    _ => false,
                }
        })
}

/// Whether a table has to declare columns that it has from its parents only, to have them in their order.
pub(super) fn has_lost_origins(context: &Context<'_>, object: &Object, table: &Table) -> bool {
    let columns = context.catalog.columns(&object.id);
    !table.inherits.is_empty()
        && Shape::of(context, object, table, &columns) == Shape::Own
        && columns
            .iter()
            .any(|(_, column)| postgres(column).is_some_and(|extra| !extra.local))
}

/// Whether a generated column is declared here and in a parent, which `INHERITS` refuses before 16.
fn repeats_expression(context: &Context<'_>, columns: &[(&ObjectId, &Column)]) -> bool {
    context.major() < 16
        && columns.iter().any(|(_, column)| {
            column.generated.is_some() && postgres(column).is_some_and(|extra| extra.local && extra.inherited)
        })
}

/// Whether `INHERITS` puts the columns into the order that they are in.
fn inherited_order(context: &Context<'_>, table: &Table, columns: &[(&ObjectId, &Column)]) -> bool {
    let mut expected: Vec<String> = Vec::new();
    let inherited = table.inherits.iter().flat_map(|parent| context.catalog.columns(parent));
    let own = columns
        .iter()
        .filter(|(_, column)| postgres(column).is_none_or(|extra| extra.local));
    for name in inherited.map(|(id, _)| id.name()).chain(own.map(|(id, _)| id.name())) {
        if !expected.iter().any(|known| known == name) {
            expected.push(name.to_owned());
        }
    }
    expected.iter().eq(columns.iter().map(|(id, _)| id.name()))
}

fn statement(
    context: &Context<'_>,
    object: &Object,
    (table, extra): (&Table, &PostgresTable),
    columns: &[(&ObjectId, &Column)],
    shape: Shape,
    postponed: &BTreeSet<ObjectId>,
) -> String {
    let what = match table.kind {
        TableKind::Foreign => "FOREIGN TABLE",
        TableKind::Ordinary | TableKind::Partitioned | TableKind::Virtual => "TABLE",
    };
    let unlogged = if extra.unlogged { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}{what} {}", path(&object.id));
    let parts = parts(context, object, columns, shape, postponed);
    match (shape, &table.partition, &extra.of_type) {
        (Shape::PartitionOf, Some(partition), _) => {
            sql = format!(
                "{sql} PARTITION OF {}{} {}",
                path(&partition.parent),
                block(&parts, false),
                partition.bound
            );
        }
        (Shape::OfType, _, Some(of_type)) => sql = format!("{sql} OF {of_type}{}", block(&parts, false)),
        _ => sql += &block(&parts, true),
    }
    if shape == Shape::Inherits {
        let parents: Vec<String> = table.inherits.iter().map(path).collect();
        sql = format!("{sql} INHERITS ({})", parents.join(", "));
    }
    if let Some(key) = &table.partition_key {
        sql = format!("{sql} PARTITION BY {key}");
    }
    // What is usual for tables of rows is said nowhere; a partitioned table has no method unless somebody chose one.
    if let Some(method) = &extra.access_method
        && (method != "heap" || table.kind == TableKind::Partitioned)
    {
        sql = format!("{sql} USING {}", name(method));
    }
    if let Some(place) = &extra.foreign {
        return format!(
            "{sql} SERVER {}{}",
            name(&place.server),
            foreign_options(&place.options)
        );
    }
    sql + &storage_parameters(extra) + &tablespace(extra.tablespace.as_ref())
}

/// The columns and constraints between the parentheses.
fn parts(
    context: &Context<'_>,
    object: &Object,
    columns: &[(&ObjectId, &Column)],
    shape: Shape,
    postponed: &BTreeSet<ObjectId>,
) -> Vec<String> {
    let mut parts = Vec::new();
    for (id, column) in columns {
        let constraints = column_constraints(context, id, column, !postponed.contains(*id), shape == Shape::Own);
        let is_local = postgres(column).is_none_or(|extra| extra.local);
        match shape {
            Shape::PartitionOf => {}
            Shape::Own => parts.push(column_head(context, id, column) + &constraints),
            Shape::Inherits if is_local => parts.push(column_head(context, id, column) + &constraints),
            Shape::Inherits => {
                if let Some((constraint_id, constraint)) = context.not_null(&object.id, id.name())
                    && is_declared(constraint)
                {
                    parts.push(table_not_null(
                        context,
                        &object.id,
                        id.name(),
                        constraint_id,
                        constraint,
                    ));
                }
            }
            Shape::OfType if constraints.is_empty() => {}
            Shape::OfType => parts.push(format!("{} WITH OPTIONS{constraints}", name(id.name()))),
        }
    }
    parts
}

/// A `NOT NULL` as a constraint of the table, for a column that is not declared here (18 and later).
fn table_not_null(
    context: &Context<'_>,
    table: &ObjectId,
    column: &str,
    id: &ObjectId,
    constraint: &dbwright_catalog::Constraint,
) -> String {
    let clause = named_not_null(context, table, column, id, constraint);
    clause
        .trim_start()
        .replacen("NOT NULL", &format!("NOT NULL {}", name(column)), 1)
}

fn block(parts: &[String], always: bool) -> String {
    match parts {
        [] if always => " ()".to_owned(),
        [] => String::new(),
        parts => format!(" (\n    {}\n)", parts.join(",\n    ")),
    }
}

fn storage_parameters(extra: &PostgresTable) -> String {
    let mut options: Vec<String> = extra.options.iter().map(|text| option(text)).collect();
    options.extend(extra.toast_options.iter().map(|text| format!("toast.{}", option(text))));
    if options.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", options.join(", "))
    }
}

/// Statements that hang a table below its parents, where it has its columns by itself.
fn hang(object: &Object, table: &Table, shape: Shape) -> Vec<Step> {
    if shape != Shape::Own {
        return Vec::new();
    }
    let own = path(&object.id);
    let mut steps = Vec::new();
    if let Some(partition) = &table.partition {
        steps.push(step(
            object,
            format!(
                "ALTER TABLE ONLY {} ATTACH PARTITION {own} {}",
                path(&partition.parent),
                partition.bound
            ),
        ));
    }
    for parent in &table.inherits {
        steps.push(step(object, format!("ALTER TABLE ONLY {own} INHERIT {}", path(parent))));
    }
    steps
}

/// What a column that comes from a parent has otherwise than there: a default, `NOT NULL` (before 18).
fn inherited_otherwise(
    context: &Context<'_>,
    object: &Object,
    column: &Column,
    shape: Shape,
    postponed: &BTreeSet<ObjectId>,
) -> Vec<Step> {
    let is_local = postgres(column).is_none_or(|extra| extra.local);
    let Some(table) = object
        .id
        .owner_table()
        .filter(|_| shape == Shape::Inherits && !is_local)
    else {
        return Vec::new();
    };
    let parents = context.catalog.get(&table).map(|object| &object.body);
    let Some(ObjectBody::Table(Table { inherits, .. })) = parents else {
        return Vec::new();
    };
    let theirs: Vec<&Column> = inherits
        .iter()
        .filter_map(
            |parent| match &context.catalog.get(&parent.column(object.id.name()))?.body {
                ObjectBody::Column(column) => Some(column),
                _ => None,
            },
        )
        .collect();
    let mut alterations = Vec::new();
    let same_default = theirs.iter().all(|theirs| theirs.default == column.default);
    if !same_default && column.generated.is_none() && !postponed.contains(&object.id) {
        alterations.push(match &column.default {
            Some(default) => format!("SET DEFAULT {default}"),
            None => "DROP DEFAULT".to_owned(),
        });
    }
    let has_constraint = context.not_null(&table, object.id.name()).is_some();
    if column.not_null && !has_constraint && !theirs.iter().any(|theirs| theirs.not_null) {
        alterations.push("SET NOT NULL".to_owned());
    }
    if let (Some(extra), Some(first)) = (postgres(column), theirs.first().and_then(|theirs| postgres(theirs)))
        && extra.compression != first.compression
    {
        alterations.extend(
            settings(extra, false, true)
                .into_iter()
                .filter(|text| text.starts_with("SET COMPRESSION")),
        );
    }
    alterations
        .into_iter()
        .map(|alteration| {
            step(
                object,
                format!(
                    "ALTER TABLE ONLY {} ALTER COLUMN {} {alteration}",
                    path(&table),
                    name(object.id.name())
                ),
            )
        })
        .collect()
}

/// What is said of a table after it was made.
fn table_settings(object: &Object, table: &Table, extra: &PostgresTable) -> Vec<Step> {
    let own = path(&object.id);
    let mut alterations = Vec::new();
    if extra.row_security {
        alterations.push("ENABLE ROW LEVEL SECURITY".to_owned());
    }
    if extra.force_row_security {
        alterations.push("FORCE ROW LEVEL SECURITY".to_owned());
    }
    match extra.replica_identity {
        'f' => alterations.push("REPLICA IDENTITY FULL".to_owned()),
        'n' if table.kind != TableKind::Foreign => alterations.push("REPLICA IDENTITY NOTHING".to_owned()),
        _ => {}
    }
    alterations
        .into_iter()
        .map(|alteration| step(object, format!("ALTER TABLE ONLY {own} {alteration}")))
        .collect()
}

/// The default of a column that was left out when its table was made.
pub(super) fn set_default(object: &Object, column: &Column) -> Vec<Step> {
    let (Some(table), Some(default)) = (object.id.owner_table(), &column.default) else {
        return Vec::new();
    };
    vec![step(
        object,
        format!(
            "ALTER TABLE ONLY {} ALTER COLUMN {} SET DEFAULT {default}",
            path(&table),
            name(object.id.name())
        ),
    )]
}

/// `NOT NULL` constraints that could not stand in the statement of their table.
pub(super) fn is_made_with_table(kind: &ConstraintKind) -> bool {
    matches!(kind, ConstraintKind::NotNull(_))
}

pub(crate) fn postgres_table(table: &Table) -> Option<&PostgresTable> {
    match &table.extra {
        TableExtra::Postgres(extra) => Some(extra),
        TableExtra::MySqlFamily(_) | TableExtra::Sqlite(_) => None,
    }
}
