//! Sequences, constraints, indexes and views.

use dbwright_catalog::{
    Constraint, ConstraintKind, Index, Object, ObjectBody, ObjectId, PostgresView, Sequence, Step, View,
};

use super::column::{sequence_options, settings};
use super::context::is_identity;
use super::table::is_made_with_table;
use super::{Context, name, option, path, step, tablespace, with_options, without_semicolon};

/// A sequence by itself. Those of identity columns are made with their column; who owns it is said later ([`owned_by`]).
pub(super) fn sequence(object: &Object, sequence: &Sequence) -> Vec<Step> {
    if is_identity(sequence) {
        return Vec::new();
    }
    let unlogged = if sequence.postgres.as_ref().is_some_and(|extra| extra.unlogged) {
        "UNLOGGED "
    } else {
        ""
    };
    let mut sql = format!("CREATE {unlogged}SEQUENCE {}", path(&object.id));
    if sequence.type_name != "bigint" {
        sql = format!("{sql} AS {}", sequence.type_name);
    }
    for option in sequence_options(sequence) {
        sql = format!("{sql} {option}");
    }
    vec![step(object, sql)]
}

/// Gives a sequence to the column that owns it.
pub(super) fn owned_by(object: &Object, sequence: &Sequence) -> Vec<Step> {
    match &sequence.owned_by {
        Some(column) if !is_identity(sequence) => vec![step(
            object,
            format!("ALTER SEQUENCE {} OWNED BY {}", path(&object.id), path(column)),
        )],
        _ => Vec::new(),
    }
}

/// A constraint with its index. Nothing for those that come with their table, with a trigger or from a parent table.
pub(super) fn constraint(context: &Context<'_>, object: &Object, constraint: &Constraint) -> Vec<Step> {
    let Some(table) = object.id.owner_table() else {
        return Vec::new();
    };
    let is_own = !constraint
        .postgres
        .as_ref()
        .is_some_and(|extra| extra.inherited && !extra.local);
    let index = constraint.index.as_ref().and_then(|id| context.catalog.get(id));
    if constraint.kind == ConstraintKind::Trigger
        || is_made_with_table(&constraint.kind) && constraint.validated && is_own
    {
        return Vec::new();
    }
    if !is_own && index.is_none() {
        return inherited(context, object, constraint, &table);
    }
    // The constraints of partitions are made one by one, so that each has its name.
    let only = if index.is_some() { "ONLY " } else { "" };
    let mut steps = vec![Step::new(
        format!(
            "ALTER TABLE {only}{} ADD CONSTRAINT {} {}",
            path(&table),
            name(object.id.name()),
            object.definition
        ),
        std::iter::once(object.id.clone()).chain(index.map(|index| index.id.clone())),
    )];
    if let Some(index) = index
        && let ObjectBody::Index(body) = &index.body
    {
        steps.extend(index_settings(index, body));
    }
    steps
}

/// A constraint that a partition or child has from its parent: made with that one, unless it has another name here or is
/// known to hold where that one is not.
fn inherited(context: &Context<'_>, object: &Object, constraint: &Constraint, table: &ObjectId) -> Vec<Step> {
    let own = name(object.id.name());
    let parents = parents_of(context, object, constraint, table);
    let has_own_name = |parent: &&Object| parent.id.name() != object.id.name();
    if matches!(constraint.kind, ConstraintKind::ForeignKey(_)) && parents.iter().any(has_own_name) {
        let sql = format!("ALTER TABLE {} ADD CONSTRAINT {own} {}", path(table), object.definition);
        return vec![step(object, sql)];
    }
    let is_unproven = |parent: &&Object| matches!(&parent.body, ObjectBody::Constraint(parent) if !parent.validated && parent.enforced);
    if constraint.validated && parents.iter().any(is_unproven) {
        let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {own}", path(table));
        return vec![step(object, sql)];
    }
    Vec::new()
}

/// The constraints of parent tables that a constraint comes from.
pub(super) fn parents_of<'a>(
    context: &Context<'a>,
    object: &Object,
    constraint: &Constraint,
    table: &ObjectId,
) -> Vec<&'a Object> {
    let extra = constraint.postgres.as_ref().filter(|extra| extra.inherited);
    match extra.map(|extra| &extra.parent) {
        Some(Some(parent)) => context.catalog.get(parent).into_iter().collect(),
        Some(None) => {
            let parents = context.parents(table);
            let same_name = parents
                .into_iter()
                .map(|parent| parent.child(object.id.kind, object.id.name()));
            same_name.filter_map(|id| context.catalog.get(&id)).collect()
        }
        None => Vec::new(),
    }
}

/// An index. Those of constraints are made with their constraint.
pub(super) fn index(object: &Object, index: &Index) -> Vec<Step> {
    if index.of_constraint {
        return Vec::new();
    }
    let mut steps = vec![step(object, object.definition.clone())];
    steps.extend(index_settings(object, index));
    steps
}

/// What the definition of an index does not say.
fn index_settings(object: &Object, index: &Index) -> Vec<Step> {
    let own = path(&object.id);
    let Some(extra) = &index.postgres else {
        return Vec::new();
    };
    let mut statements = Vec::new();
    if index.of_constraint && !extra.options.is_empty() && !object.definition.contains("EXCLUDE") {
        let options: Vec<String> = extra.options.iter().map(|text| option(text)).collect();
        statements.push(format!("ALTER INDEX {own} SET ({})", options.join(", ")));
    }
    if let Some(space) = &extra.tablespace {
        statements.push(format!("ALTER INDEX {own} SET TABLESPACE {}", name(space)));
    }
    for (number, target) in &extra.statistics_targets {
        statements.push(format!(
            "ALTER INDEX {own} ALTER COLUMN {number} SET STATISTICS {target}"
        ));
    }
    if let Some(parent) = &extra.parent {
        statements.push(format!("ALTER INDEX {} ATTACH PARTITION {own}", path(parent)));
    }
    let table = path(&index.table);
    if extra.clustered {
        let what = if index.table.kind == dbwright_catalog::ObjectKind::View {
            "MATERIALIZED VIEW"
        } else {
            "TABLE"
        };
        statements.push(format!("ALTER {what} {table} CLUSTER ON {}", name(object.id.name())));
    }
    if extra.replica_identity {
        statements.push(format!(
            "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {}",
            name(object.id.name())
        ));
    }
    for extension in &extra.extensions {
        statements.push(format!("ALTER INDEX {own} DEPENDS ON EXTENSION {}", name(extension)));
    }
    statements.into_iter().map(|sql| step(object, sql)).collect()
}

/// A view or materialised view. The latter stays empty; [`fill_view`] fills it.
pub(super) fn view(object: &Object, view: &View) -> Vec<Step> {
    let own = path(&object.id);
    let query = without_semicolon(&view.query);
    let none = PostgresView::default();
    let extra = view.postgres.as_ref().unwrap_or(&none);
    let options = with_options(&extra.options);
    let sql = if view.materialized {
        let method = extra
            .access_method
            .as_ref()
            .filter(|method| *method != "heap")
            .map_or(String::new(), |method| format!(" USING {}", name(method)));
        let space = tablespace(extra.tablespace.as_ref());
        format!("CREATE MATERIALIZED VIEW {own}{method}{options}{space} AS\n{query}\nWITH NO DATA")
    } else {
        format!("CREATE VIEW {own}{options} AS\n{query}")
    };
    let mut steps = vec![step(object, sql)];
    steps.extend(view_settings(object, view, extra));
    steps
}

fn view_settings(object: &Object, view: &View, extra: &PostgresView) -> Vec<Step> {
    let what = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
    let own = path(&object.id);
    let mut statements = Vec::new();
    for column in &extra.columns {
        let mut alterations = Vec::new();
        if let Some(default) = &column.default {
            alterations.push(format!("SET DEFAULT {default}"));
        }
        if view.materialized {
            alterations.extend(settings(&column.extra, true, true));
        }
        let column = name(&column.name);
        statements.extend(
            alterations
                .iter()
                .map(|alteration| format!("ALTER {what} {own} ALTER COLUMN {column} {alteration}")),
        );
    }
    for extension in &extra.extensions {
        statements.push(format!("ALTER {what} {own} DEPENDS ON EXTENSION {}", name(extension)));
    }
    statements.into_iter().map(|sql| step(object, sql)).collect()
}

/// A view of the same columns that needs nothing, to be replaced by the right one.
pub(super) fn placeholder(object: &Object, view: &View) -> Option<Step> {
    let extra = view.postgres.as_ref().filter(|_| !view.materialized)?;
    let columns: Vec<String> = extra
        .columns
        .iter()
        .map(|column| {
            let collation = column
                .collation
                .as_ref()
                .map_or(String::new(), |collation| format!(" COLLATE {collation}"));
            format!("NULL::{}{collation} AS {}", column.type_name, name(&column.name))
        })
        .collect();
    let mut step = step(
        object,
        format!("CREATE VIEW {} AS\nSELECT {}", path(&object.id), columns.join(", ")),
    );
    step.notes
        .push("It needs objects that need it, so its columns come first and its query later.".to_owned());
    Some(step)
}

/// Puts the right query into a placeholder.
pub(super) fn replace_placeholder(object: &Object, body: &View) -> Vec<Step> {
    let mut steps = view(object, body);
    if let Some(first) = steps.first_mut() {
        first.sql = first.sql.replacen("CREATE VIEW", "CREATE OR REPLACE VIEW", 1);
    }
    steps
}

/// Fills a materialised view that is filled.
pub(super) fn fill_view(object: &Object, view: &View) -> Option<Step> {
    let populated = view.postgres.as_ref().is_some_and(|extra| extra.populated);
    (view.materialized && populated).then(|| step(object, format!("REFRESH MATERIALIZED VIEW {}", path(&object.id))))
}
