//! Columns: as they stand in `CREATE TABLE` and `ADD COLUMN`, and what has to be said afterwards.

use dbwright_catalog::{
    Column, ColumnExtra, Constraint, GeneratedKind, Identity, Object, ObjectId, PostgresColumn, Sequence, Step,
};

use super::data_type::collate;
use super::{Context, foreign_options, name, option, path, step};

/// Statements that add a column to a table that is there, with all that belongs to it.
pub fn add_column(context: &Context<'_>, object: &Object, column: &Column) -> Vec<Step> {
    let Some(table) = object.id.owner_table() else {
        return Vec::new();
    };
    let clause = column_clause(context, &object.id, column);
    let mut steps = vec![step(
        object,
        format!("ALTER TABLE {} ADD COLUMN {clause}", path(&table)),
    )];
    steps.extend(column_settings(context, object, column));
    steps
}

/// A column as it stands in `CREATE TABLE`: `total numeric(10,2) DEFAULT 0 NOT NULL`.
pub fn column_clause(context: &Context<'_>, id: &ObjectId, column: &Column) -> String {
    column_head(context, id, column) + &column_constraints(context, id, column, true, false)
}

/// Name, type and what stands right after it.
pub(super) fn column_head(context: &Context<'_>, id: &ObjectId, column: &Column) -> String {
    let mut clause = format!("{} {}", name(id.name()), column.type_name);
    if let Some(extra) = postgres(column) {
        if has_storage(extra) && context.major() >= 16 {
            clause = format!("{clause} STORAGE {}", storage_word(extra.storage));
        }
        if let Some(compression) = extra.compression {
            clause = format!("{clause} COMPRESSION {}", compression_word(compression));
        }
        clause += &foreign_options(&extra.foreign_options);
    }
    clause + &collate(column.collation.as_ref())
}

/// What stands after the type and its storage. Defaults are left out where they are said later. A table that is made
/// before it is hung below another (`is_whole`) says itself what it will have from there.
pub(super) fn column_constraints(
    context: &Context<'_>,
    id: &ObjectId,
    column: &Column,
    with_default: bool,
    is_whole: bool,
) -> String {
    let mut text = String::new();
    if let Some(generated) = &column.generated {
        let kind = match generated.kind {
            GeneratedKind::Stored => "STORED",
            GeneratedKind::Virtual => "VIRTUAL",
        };
        text = format!(" GENERATED ALWAYS AS ({}) {kind}", generated.expression);
    } else if let Some(default) = column.default.as_ref().filter(|_| with_default) {
        text = format!(" DEFAULT {default}");
    }
    if let (Some(identity), Some((sequence_id, sequence))) = (column.identity, context.identity(id)) {
        text += &identity_clause(id, identity, sequence_id, sequence);
    }
    text + &not_null_clause(context, id, column, is_whole)
}

/// ` NOT NULL`, with its name where that is not the usual one.
fn not_null_clause(context: &Context<'_>, id: &ObjectId, column: &Column, is_whole: bool) -> String {
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    match context.not_null(&table, id.name()) {
        Some((constraint_id, constraint)) => {
            if !(is_declared(constraint) || is_whole && constraint.validated) {
                return String::new();
            }
            named_not_null(context, &table, id.name(), constraint_id, constraint)
        }
        None if column.not_null => " NOT NULL".to_owned(),
        None => String::new(),
    }
}

/// Whether a `NOT NULL` stands in the statement that makes its table.
pub(super) fn is_declared(constraint: &Constraint) -> bool {
    constraint.validated
        && constraint
            .postgres
            .as_ref()
            .is_none_or(|extra| extra.local || !extra.inherited)
}

pub(super) fn named_not_null(
    context: &Context<'_>,
    table: &ObjectId,
    column: &str,
    id: &ObjectId,
    constraint: &Constraint,
) -> String {
    let usual = format!("{}_{column}_not_null", table.name());
    let prefix = if id.name() == usual && !context.is_shared_name(id) {
        String::new()
    } else {
        format!(" CONSTRAINT {}", name(id.name()))
    };
    let suffix = if constraint.no_inherit { " NO INHERIT" } else { "" };
    format!("{prefix} NOT NULL{suffix}")
}

fn identity_clause(column: &ObjectId, identity: Identity, id: &ObjectId, sequence: &Sequence) -> String {
    let kind = match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    let options = identity_options(column, id, sequence);
    if options.is_empty() {
        format!(" GENERATED {kind} AS IDENTITY")
    } else {
        format!(" GENERATED {kind} AS IDENTITY ({options})")
    }
}

/// The options of an identity column's sequence that are not the usual ones.
fn identity_options(column: &ObjectId, id: &ObjectId, sequence: &Sequence) -> String {
    let mut options = Vec::new();
    let table = column.path.get(1).map_or("", String::as_str);
    let usual = format!("{table}_{}_seq", column.name());
    if id.name() != usual || id.schema() != column.schema() {
        options.push(format!("SEQUENCE NAME {}", path(id)));
    }
    options.extend(sequence_options(sequence));
    options.join(" ")
}

/// The options of a sequence that are not the usual ones, as they stand in `CREATE SEQUENCE`.
pub(super) fn sequence_options(sequence: &Sequence) -> Vec<String> {
    let ascending = sequence.increment >= 0;
    let (lowest, highest) = match sequence.type_name.as_str() {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (minimum, maximum) = if ascending { (1, highest) } else { (lowest, -1) };
    let start = if ascending { sequence.minimum } else { sequence.maximum };
    let mut options = Vec::new();
    let mut add = |word: &str, value: i64, usual: i64| {
        if value != usual {
            options.push(format!("{word} {value}"));
        }
    };
    add("START WITH", sequence.start, start);
    add("INCREMENT BY", sequence.increment, 1);
    add("MINVALUE", sequence.minimum, minimum);
    add("MAXVALUE", sequence.maximum, maximum);
    add("CACHE", sequence.postgres.as_ref().map_or(1, |extra| extra.cache), 1);
    if sequence.cycle {
        options.push("CYCLE".to_owned());
    }
    options
}

/// What is said of a column after its table was made: storage before 16, targets of statistics, parameters.
pub(super) fn column_settings(context: &Context<'_>, object: &Object, column: &Column) -> Vec<Step> {
    let (Some(table), Some(extra)) = (object.id.owner_table(), postgres(column)) else {
        return Vec::new();
    };
    let with_storage = context.major() < 16 || extra.inherited && !extra.local;
    settings(extra, with_storage, false)
        .into_iter()
        .map(|setting| {
            step(
                object,
                format!(
                    "ALTER TABLE ONLY {} ALTER COLUMN {} {setting}",
                    path(&table),
                    name(object.id.name())
                ),
            )
        })
        .collect()
}

/// The settings of a column as they stand after `ALTER COLUMN name`.
pub(super) fn settings(extra: &PostgresColumn, with_storage: bool, with_compression: bool) -> Vec<String> {
    let mut settings = Vec::new();
    if with_storage && has_storage(extra) {
        settings.push(format!("SET STORAGE {}", storage_word(extra.storage)));
    }
    if let Some(compression) = extra.compression.filter(|_| with_compression) {
        settings.push(format!("SET COMPRESSION {}", compression_word(compression)));
    }
    if let Some(target) = extra.statistics_target {
        settings.push(format!("SET STATISTICS {target}"));
    }
    if !extra.options.is_empty() {
        let options: Vec<String> = extra.options.iter().map(|text| option(text)).collect();
        settings.push(format!("SET ({})", options.join(", ")));
    }
    settings
}

fn has_storage(extra: &PostgresColumn) -> bool {
    extra.storage != extra.type_storage
}

pub(crate) fn storage_word(letter: char) -> &'static str {
    match letter {
        'p' => "PLAIN",
        'e' => "EXTERNAL",
        'm' => "MAIN",
        _ => "EXTENDED",
    }
}

pub(crate) fn compression_word(letter: char) -> &'static str {
    match letter {
        'l' => "lz4",
        _ => "pglz",
    }
}

pub(super) fn postgres(column: &Column) -> Option<&PostgresColumn> {
    match &column.extra {
        ColumnExtra::Postgres(extra) => Some(extra),
        ColumnExtra::MySqlFamily(_) | ColumnExtra::Sqlite(_) => None,
    }
}
