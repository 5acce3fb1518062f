//! Rows of virtual tables, and fingerprints of what has to survive.

use std::collections::BTreeSet;

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, ObjectBody, ObjectId, Plan, SqliteTable, Table, TableExtra, TableKind,
};
use dbwright_ddl::sqlite_text;
use rusqlite::Connection;

use super::quoted;

/// What has to be the same before and after a plan.
pub(super) struct Fingerprints {
    tables: Vec<Fingerprint>,
    /// Search tables over others: before and after they have to find what is in them.
    searches: Vec<(ObjectId, ObjectId)>,
}

/// One table, with what is asked of it on either side.
struct Fingerprint {
    before: ObjectId,
    after: ObjectId,
    /// Expressions over columns, on either side.
    values: Vec<(String, String)>,
    autoincrement: bool,
}

impl Fingerprints {
    /// The tables and columns that survive a plan. What the plan says is lost, is not asked for.
    pub(super) fn of(before: &Catalog, after: &Catalog, plan: &Plan) -> Self {
        let lost: BTreeSet<&ObjectId> = plan.losses.iter().map(|loss| &loss.object).collect();
        let (mut tables, mut searches) = (Vec::new(), Vec::new());
        for (id, old) in before.tables() {
            let mut goal = after
                .tables()
                .filter(|(other, _)| other.name().eq_ignore_ascii_case(id.name()));
            let Some((other, new)) = goal.next() else { continue };
            if lost.contains(id) || is_virtual(old) != is_virtual(new) {
                continue;
            }
            if is_over_another(before, id) && is_over_another(after, other) {
                searches.push((id.clone(), other.clone()));
                continue;
            }
            let (columns, others) = (before.columns(id), after.columns(other));
            let mut values: Vec<(String, String)> = columns
                .iter()
                .filter(|(column, _)| !lost.contains(column))
                .filter_map(|(column, was)| {
                    let same = |(other, _): &&(&ObjectId, &Column)| other.name().eq_ignore_ascii_case(column.name());
                    let (other, is) = others.iter().find(same)?;
                    let computed = was.generated.is_some() || is.generated.is_some();
                    let same_type = was.type_name == is.type_name && extra(old).strict == extra(new).strict;
                    (!computed).then(|| (value(column.name(), same_type), value(other.name(), same_type)))
                })
                .collect();
            if keeps_rowid(before, id, after, other)
                && let (Some(was), Some(is)) = (rowid_name(before, id), rowid_name(after, other))
            {
                values.push((was.to_owned(), is.to_owned()));
            }
            if !values.is_empty() {
                tables.push(Fingerprint {
                    before: id.clone(),
                    after: other.clone(),
                    values,
                    autoincrement: extra(old).autoincrement && extra(new).autoincrement,
                });
            }
        }
        Fingerprints { tables, searches }
    }

    /// Whether anything is asked of this table.
    pub(super) fn has(&self, table: &ObjectId) -> bool {
        self.tables.iter().any(|fingerprint| fingerprint.before == *table)
    }

    /// Whether the rows of both databases are the same; what is different otherwise.
    pub(super) fn compare(&self, before: &Connection, after: &Connection) -> Result<(), Vec<String>> {
        let mut differences = Vec::new();
        for table in &self.tables {
            let was = rows(before, &table.before, table.values.iter().map(|(was, _)| was));
            let is = rows(after, &table.after, table.values.iter().map(|(_, is)| is));
            // A search table whose content is gone could not be read before.
            if was.is_err() {
                continue;
            }
            match (&was, &is) {
                (Ok(was), Ok(is)) if was == is => {}
                (Ok(was), Ok(is)) => differences.push(format!(
                    "The rows of {} were {} and are {}.",
                    table.before,
                    was.join("; "),
                    is.join("; ")
                )),
                (_, Err(error)) | (Err(error), _) => {
                    differences.push(format!("The rows of {} can't be read: {error}.", table.after));
                }
            }
            let sequences = [
                sequence(before, &table.before, table.autoincrement),
                sequence(after, &table.after, table.autoincrement),
            ];
            if sequences[0] != sequences[1] {
                differences.push(format!(
                    "AUTOINCREMENT of {} was at {:?} and is at {:?}.",
                    table.before, sequences[0], sequences[1]
                ));
            }
        }
        for (was, is) in &self.searches {
            if finds_all(before, was).is_ok()
                && let Err(error) = finds_all(after, is)
            {
                differences.push(format!("{is} does not find what is in its table: {error}."));
            }
        }
        if differences.is_empty() {
            Ok(())
        } else {
            Err(differences)
        }
    }
}

/// Whether a search table fits the table that it searches in
/// (<https://www.sqlite.org/fts5.html#the_integrity_check_command>).
fn finds_all(connection: &Connection, table: &ObjectId) -> rusqlite::Result<()> {
    let table = quoted(table.name());
    connection.execute_batch(&format!(
        "INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)"
    ))
}

fn is_over_another(catalog: &Catalog, table: &ObjectId) -> bool {
    let text = catalog.get(table).map_or("", |object| object.definition.as_str());
    let mut words = text.split(['(', ',']).filter_map(|argument| argument.split_once('='));
    words.any(|(option, value)| option.trim() == "content" && !["''", "\"\""].contains(&value.trim()))
}

/// A value as a literal; where the type changes, as a text that is the same for a number and the text of it.
fn value(column: &str, same_type: bool) -> String {
    let column = quoted(column);
    if same_type {
        return format!("quote({column})");
    }
    format!(
        "CASE WHEN typeof({column}) IN ('null', 'blob') THEN quote({column}) \
         WHEN CAST({column} AS TEXT) IN (CAST(CAST({column} AS REAL) AS TEXT), CAST(CAST({column} AS INTEGER) AS TEXT)) \
         THEN printf('%.10g', CAST({column} AS REAL)) ELSE CAST({column} AS TEXT) END"
    )
}

fn rows<'a>(
    connection: &Connection,
    table: &ObjectId,
    values: impl Iterator<Item = &'a String>,
) -> rusqlite::Result<Vec<String>> {
    let values: Vec<_> = values.map(String::as_str).collect();
    let sql = format!("SELECT {} FROM {}", values.join(" || ', ' || "), quoted(table.name()));
    let mut statement = connection.prepare(&sql)?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut rows: Vec<String> = found.collect::<rusqlite::Result<_>>()?;
    rows.sort();
    Ok(rows)
}

fn sequence(connection: &Connection, table: &ObjectId, wanted: bool) -> Option<i64> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
    let read = wanted.then(|| connection.query_row(sql, [table.name()], |row| row.get(0)));
    read.and_then(Result::ok)
}

fn extra(table: &Table) -> SqliteTable {
    match &table.extra {
        TableExtra::Sqlite(extra) => extra.clone(),
        TableExtra::Postgres(_) | TableExtra::MySqlFamily(_) => SqliteTable {
            strict: false,
            without_rowid: false,
            autoincrement: false,
        },
    }
}

fn is_virtual(table: &Table) -> bool {
    table.kind == TableKind::Virtual
}

fn table<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a Table> {
    match &catalog.get(id)?.body {
        ObjectBody::Table(table) => Some(table),
        _ => None,
    }
}

/// By which name the rowid of a table can be asked for.
pub(super) fn rowid_name(catalog: &Catalog, id: &ObjectId) -> Option<&'static str> {
    let table = table(catalog, id)?;
    if extra(table).without_rowid || is_virtual(table) {
        return None;
    }
    let columns = catalog.columns(id);
    let taken = |name: &&str| {
        columns
            .iter()
            .any(|(column, _)| column.name().eq_ignore_ascii_case(name))
    };
    ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name))
}

/// The column that is the rowid by another name.
fn rowid_column(catalog: &Catalog, id: &ObjectId) -> Option<String> {
    let key: Vec<_> = catalog
        .columns(id)
        .into_iter()
        .filter(|(_, column)| matches!(&column.extra, ColumnExtra::Sqlite(extra) if extra.primary_key_position > 0))
        .collect();
    match key.as_slice() {
        [(column, body)] if body.type_name == "INTEGER" => Some(column.name().to_ascii_lowercase()),
        _ => None,
    }
}

/// Whether rows can keep their rowid: not where a column with values of its own becomes it.
fn keeps_rowid(before: &Catalog, was: &ObjectId, after: &Catalog, is: &ObjectId) -> bool {
    let Some(column) = rowid_column(after, is) else {
        return true;
    };
    let columns = before.columns(was);
    let was_there = columns.iter().any(|(id, _)| id.name().eq_ignore_ascii_case(&column));
    !was_there || rowid_column(before, was) == Some(column)
}

/// Puts rows into virtual tables; those that took some.
pub(super) fn fill_virtual(connection: &Connection, catalog: &Catalog) -> BTreeSet<ObjectId> {
    let mut filled = BTreeSet::new();
    let tables = catalog.tables().filter(|(_, table)| is_virtual(table));
    for (id, _) in tables {
        let text = catalog.get(id).map_or("", |object| object.definition.as_str());
        let tokens = sqlite_text::tokens(text);
        let module = tokens
            .iter()
            .position(|token| token.is("USING"))
            .and_then(|at| tokens.get(at + 1));
        let is_box = module.is_some_and(|module| module.is("rtree") || module.is("rtree_i32"));
        let columns = catalog.columns(id);
        let table = quoted(id.name());
        let mut statements = Vec::new();
        for row in 1..=3 {
            let values: Vec<String> = (0..columns.len())
                .map(|place| match (is_box, place) {
                    (true, 0) => row.to_string(),
                    (true, place) => (row * 10 + i32::try_from(place).unwrap_or(0)).to_string(),
                    (false, place) => format!("'word{row} in column{place}'"),
                })
                .collect();
            let names: Vec<String> = columns.iter().map(|(id, _)| quoted(id.name())).collect();
            let (rowid_name, rowid) = if is_box {
                ("", String::new())
            } else {
                ("rowid, ", format!("{row}, "))
            };
            statements.push(format!(
                "INSERT INTO {table} ({rowid_name}{}) VALUES ({rowid}{})",
                names.join(", "),
                values.join(", ")
            ));
        }
        if is_over_another(catalog, id) {
            // What is not in the other table can't be found in it.
            statements = vec![format!("INSERT INTO {table} ({table}) VALUES ('rebuild')")];
        }
        if statements.iter().all(|sql| connection.execute_batch(sql).is_ok()) {
            filled.insert(id.clone());
        }
    }
    filled
}

/// Makes as if later rows had been there and were deleted: their numbers may not come again.
pub(super) fn move_sequences(connection: &Connection, catalog: &Catalog) -> rusqlite::Result<()> {
    if catalog.tables().any(|(_, table)| extra(table).autoincrement) {
        connection.execute_batch("UPDATE sqlite_sequence SET seq = seq + 1000")?;
    }
    Ok(())
}
