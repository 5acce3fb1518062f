//! Columns of a table: what is dropped, added, changed and moved, so that they stand in the order of the goal.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Column, ColumnExtra, GeneratedKind, ObjectBody, ObjectId, ObjectKind};

use super::{Planner, types};
use crate::quote_identifier;
use crate::render::mysql_family::tables as text;

/// What happens to the columns of one table.
#[derive(Debug, Default)]
pub(super) struct ColumnWork {
    /// `DROP COLUMN` clauses.
    pub(super) drops: Vec<String>,
    /// `ADD COLUMN` and `MODIFY COLUMN` clauses, from left to right.
    pub(super) places: Vec<String>,
    /// `MODIFY COLUMN` clauses that come before everything else, in a statement of their own.
    pub(super) first: Vec<String>,
    /// Clauses that have to wait for those, in another statement.
    pub(super) afterwards: Vec<String>,
    /// `DROP COLUMN` clauses that come last.
    pub(super) late_drops: Vec<String>,
    /// The columns and comments concerned.
    pub(super) objects: Vec<ObjectId>,
    /// Names of columns that are dropped, made anew, or get another type.
    pub(super) hard: BTreeSet<String>,
    /// Names of columns that are made anew.
    pub(super) remade: BTreeSet<String>,
    /// Whether the table is written anew for it, or keys must come with it.
    pub(super) heavy: bool,
    pub(super) notes: Vec<String>,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Written,
    Stored,
    Virtual,
}

fn column<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a Column> {
    match &catalog.get(id)?.body {
        ObjectBody::Column(column) => Some(column),
        _ => None,
    }
}

fn source(column: &Column) -> Source {
    match column.generated.as_ref().map(|generated| generated.kind) {
        None => Source::Written,
        Some(GeneratedKind::Stored) => Source::Stored,
        Some(GeneratedKind::Virtual) => Source::Virtual,
    }
}

fn is_auto_increment(column: &Column) -> bool {
    match &column.extra {
        ColumnExtra::MySqlFamily(extra) => extra.auto_increment,
        ColumnExtra::Postgres(_) | ColumnExtra::Sqlite(_) => false,
    }
}

/// Whether the values are stored otherwise.
fn has_other_type(old: &Column, new: &Column) -> bool {
    let charset = |column: &Column| match &column.extra {
        ColumnExtra::MySqlFamily(extra) => (extra.charset.clone(), extra.srid),
        ColumnExtra::Postgres(_) | ColumnExtra::Sqlite(_) => (None, None),
    };
    old.type_name != new.type_name || old.collation != new.collation || charset(old) != charset(new)
}

impl Planner<'_> {
    /// Whether a column of the state before is gone, has values of another kind, or is counted up otherwise: what a server
    /// refuses while a foreign key holds the column.
    pub(super) fn changes_type(&self, id: &ObjectId) -> bool {
        match (column(self.before, id), column(self.after, id)) {
            (Some(old), Some(new)) => {
                let counts = is_auto_increment(old) != is_auto_increment(new);
                counts || has_other_type(old, new) || old.generated != new.generated
            }
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    pub(super) fn column_work(&mut self, table: &ObjectId) -> ColumnWork {
        let mut work = ColumnWork::default();
        let names = |catalog: &Catalog| -> Vec<String> {
            catalog
                .columns(table)
                .into_iter()
                .map(|(id, _)| id.name().to_owned())
                .collect()
        };
        let (old, new) = (names(self.before), names(self.after));
        for name in &new {
            if old.contains(name) && self.must_be_remade(&table.column(name)) {
                work.remade.insert(name.clone());
            }
        }
        for name in &old {
            if !new.contains(name) || work.remade.contains(name) {
                self.drop_column(table, name, &mut work);
                let clause = format!("DROP COLUMN {}", quote_identifier(self.engine(), name));
                if self.is_read_until_late(table, name) {
                    work.late_drops.push(clause);
                } else {
                    work.drops.push(clause);
                }
            }
        }
        let staying: Vec<&String> = old
            .iter()
            .filter(|name| new.contains(name) && !work.remade.contains(*name))
            .collect();
        let wanted: Vec<&String> = new.iter().filter(|name| staying.contains(name)).collect();
        let in_place = longest_common(&staying, &wanted);
        let mut left: Option<&String> = None;
        for name in &new {
            let at = match left {
                None => " FIRST".to_owned(),
                Some(left) => format!(" AFTER {}", quote_identifier(self.engine(), left)),
            };
            // Behind all others a new column stands without being told to.
            let is_last = left.is_some() && Some(name) == new.last();
            if staying.contains(&name) {
                let at = if in_place.contains(name) { "" } else { at.as_str() };
                self.change_column(table, name, at, &mut work);
            } else {
                self.add_column(table, name, if is_last { "" } else { &at }, &mut work);
            }
            left = Some(name);
        }
        work
    }

    /// Whether the server can't turn the old column into the new one.
    fn must_be_remade(&self, id: &ObjectId) -> bool {
        match (column(self.before, id), column(self.after, id)) {
            (Some(old), Some(new)) => {
                let (from, to) = (source(old), source(new));
                let is_virtual = from == Source::Virtual || to == Source::Virtual;
                from != to && is_virtual || !types::can_be_converted(&old.type_name, &new.type_name)
            }
            _ => false,
        }
    }

    fn drop_column(&mut self, table: &ObjectId, name: &str, work: &mut ColumnWork) {
        let id = table.column(name);
        let was_written = column(self.before, &id).is_some_and(|column| source(column) == Source::Written);
        if was_written {
            let is_computed = column(self.after, &id).is_some_and(|column| column.generated.is_some());
            let what = match (work.remade.contains(name), is_computed) {
                (true, true) => "The values that were written into it are lost: it is computed from now on.",
                (true, false) => "The server can't turn its values into the new type: all of them are lost.",
                (false, _) => "All values of the column are lost.",
            };
            self.lose(&id, what);
        }
        if column(self.before, &id).is_some_and(is_auto_increment) {
            work.heavy = true;
        }
        work.hard.insert(name.to_owned());
        Self::touch(&id, work);
    }

    fn add_column(&mut self, table: &ObjectId, name: &str, at: &str, work: &mut ColumnWork) {
        let id = table.column(name);
        let Some(new) = column(self.after, &id) else { return };
        let definition = text::part(self.after, &id);
        let old = column(self.before, &id).map(source);
        let reads_remade = work.remade.iter().any(|other| self.reads(&id, other));
        if old == Some(Source::Virtual) && source(new) == Source::Written && reads_remade {
            self.lose(
                &id,
                "The values that it was computed to are lost: what it was computed from is made anew.",
            );
        } else if old == Some(Source::Virtual) && source(new) == Source::Written {
            // Once more by way of a stored column, so that the values stay.
            if let Some(stored) = self.as_stored(&id) {
                work.places.push(format!("ADD COLUMN {stored}{at}"));
                work.afterwards.push(format!("MODIFY COLUMN {definition}"));
                work.heavy = true;
                Self::touch(&id, work);
                return;
            }
        }
        work.heavy |= is_auto_increment(new) || source(new) == Source::Stored;
        work.places.push(format!("ADD COLUMN {definition}{at}"));
        Self::touch(&id, work);
    }

    /// Whether a generated column of the state before is computed from this one.
    fn reads(&self, id: &ObjectId, name: &str) -> bool {
        let generated = column(self.before, id).and_then(|column| column.generated.as_ref());
        generated.is_some_and(|generated| generated.expression.contains(&quote_identifier(self.engine(), name)))
    }

    /// Whether a column that goes is read by a virtual one whose values are kept: then it goes when those are written.
    fn is_read_until_late(&self, table: &ObjectId, name: &str) -> bool {
        let is_gone = self.after.get(&table.column(name)).is_none();
        let becomes_written = |id: &ObjectId| match (column(self.before, id), column(self.after, id)) {
            (Some(old), Some(new)) => source(old) == Source::Virtual && source(new) == Source::Written,
            _ => false,
        };
        let columns = self.before.columns(table);
        is_gone
            && columns
                .into_iter()
                .any(|(id, _)| becomes_written(id) && self.reads(id, name))
    }

    /// The generated column of the state before, stored.
    fn as_stored(&self, id: &ObjectId) -> Option<String> {
        let old = text::part(self.before, id);
        let at = old.rfind(" VIRTUAL")?;
        let rest = &old[at + " VIRTUAL".len()..];
        // Stored ones may not be told to be NULL or not on MariaDB; the next statement says so.
        Some(format!("{} STORED{rest}", &old[..at]))
    }

    /// A column that stays the same column, in its place or at another.
    fn change_column(&mut self, table: &ObjectId, name: &str, at: &str, work: &mut ColumnWork) {
        let id = table.column(name);
        let (Some(old), Some(new)) = (column(self.before, &id), column(self.after, &id)) else {
            return;
        };
        let definition = text::part(self.after, &id);
        let is_moved = !at.is_empty();
        if definition == text::part(self.before, &id) && !is_moved {
            return;
        }
        if definition.contains(" AS ROW ") && definition != text::part(self.before, &id) {
            self.refuse(
                &id,
                "Columns that hold the period of a row's history can't be changed. Make the change by hand.",
            );
            return;
        }
        let is_computed_now = source(old) == Source::Written && source(new) == Source::Stored;
        if is_computed_now {
            self.lose(
                &id,
                "The values that were written into it are lost: it is computed from now on.",
            );
        }
        if has_other_type(old, new) {
            work.hard.insert(name.to_owned());
            work.heavy = true;
            if source(new) == Source::Written && source(old) == Source::Written {
                if let Some(what) = types::loss(&old.type_name, &new.type_name) {
                    self.lose(&id, what);
                }
                let condition = types::condition(&old.type_name, &new.type_name);
                work.notes
                    .extend(condition.map(|condition| format!("{name}: {condition}")));
            }
        }
        if new.not_null && !old.not_null && new.type_name.starts_with("timestamp") {
            self.lose(&id, "Values that are NULL become the moment of the change.");
        } else if new.not_null && !old.not_null {
            work.notes.push(format!(
                "{name}: The step fails, and changes nothing, where a value is NULL."
            ));
        }
        work.heavy |= is_moved || old.not_null != new.not_null || old.generated != new.generated;
        work.heavy |= is_auto_increment(old) != is_auto_increment(new);
        Self::touch(&id, work);
        let is_freed = source(old) == Source::Stored && source(new) == Source::Written;
        if is_freed && work.hard.iter().any(|other| other != name && self.reads(&id, other)) {
            // The server would look for the columns that it was computed from in the table as it becomes.
            work.first.push(format!("MODIFY COLUMN {definition}"));
            if !is_moved {
                return;
            }
        }
        work.places.push(format!("MODIFY COLUMN {definition}{at}"));
    }

    fn touch(id: &ObjectId, work: &mut ColumnWork) {
        work.objects.push(id.clone());
        work.objects.push(id.satellite(ObjectKind::Comment));
    }
}

/// The most columns that can stay where they are while the others move around them.
fn longest_common(old: &[&String], new: &[&String]) -> BTreeSet<String> {
    let mut lengths = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i][j] = if old[i] == new[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut common = BTreeSet::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            common.insert(old[i].clone());
            i += 1;
            j += 1;
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}
