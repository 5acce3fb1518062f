//! A table made anew with its rows.

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Engine, Loss, Object, ObjectBody, ObjectId, Step, Table, TableExtra,
};

use super::{Planner, lower, quoted, values};
use crate::quote::quote_literal;
use crate::sqlite_text::TableParts;

/// Names by which the rowid of a table can be asked for, where no column has taken them
/// (<https://www.sqlite.org/lang_createtable.html#rowid>).
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// What of a table matters for carrying its rows.
pub(super) struct Shape<'a> {
    pub(super) id: &'a ObjectId,
    pub(super) columns: Vec<(&'a ObjectId, &'a Column)>,
    pub(super) strict: bool,
    without_rowid: bool,
    autoincrement: bool,
}

impl<'a> Shape<'a> {
    fn of(catalog: &'a Catalog, object: &'a Object) -> Self {
        let extra = match &object.body {
            ObjectBody::Table(Table {
                extra: TableExtra::Sqlite(extra),
                ..
            }) => Some(extra),
            _ => None,
        };
        Shape {
            id: &object.id,
            columns: catalog.columns(&object.id),
            strict: extra.is_some_and(|extra| extra.strict),
            without_rowid: extra.is_some_and(|extra| extra.without_rowid),
            autoincrement: extra.is_some_and(|extra| extra.autoincrement),
        }
    }

    /// The column that is another name of the rowid.
    fn rowid_column(&self) -> Option<&'a ObjectId> {
        let key: Vec<_> = self
            .columns
            .iter()
            .filter(|(_, column)| in_primary_key(column))
            .collect();
        match key.as_slice() {
            [(id, column)] if !self.without_rowid && column.type_name == "INTEGER" => Some(id),
            _ => None,
        }
    }

    fn rowid_name(&self) -> Option<&'static str> {
        let is_taken = |name: &&str| self.columns.iter().any(|(id, _)| id.name().eq_ignore_ascii_case(name));
        let free = ROWID_NAMES.into_iter().find(|name| !is_taken(name));
        free.filter(|_| !self.without_rowid)
    }

    pub(super) fn column(&self, name: &str) -> Option<(&'a ObjectId, &'a Column)> {
        self.columns
            .iter()
            .copied()
            .find(|(id, _)| id.name().eq_ignore_ascii_case(name))
    }
}

fn in_primary_key(column: &Column) -> bool {
    matches!(&column.extra, ColumnExtra::Sqlite(extra) if extra.primary_key_position > 0)
}

impl Planner<'_> {
    /// Plans the rebuild of an ordinary table.
    pub(super) fn rebuild(&mut self, from: &Object, to: &Object, parts: &TableParts) {
        let (old, new) = (Shape::of(self.before, from), Shape::of(self.after, to));
        let pairs = match carried(&old, &new) {
            Ok(pairs) => pairs,
            Err(refusals) => {
                for (column, reason) in refusals {
                    self.refuse(&column, reason);
                }
                return;
            }
        };
        self.emptied.insert(lower(&from.id));
        self.touched.extend([from.id.clone(), to.id.clone()]);
        self.losses_of_columns(&old, &new);
        let temporary_name = self.free_name(&to.id);
        let temporary = quoted(&temporary_name);
        let step = |sql: String| Step::new(sql, [to.id.clone()]);
        self.steps.rebuilds.push(step(parts.create(&temporary)));
        if pairs.is_empty() {
            self.losses.push(Loss {
                object: from.id.clone(),
                what: "All rows of the table: it keeps none of its columns.".to_owned(),
            });
        } else {
            let (targets, sources): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            // What the table says of conflicts is for those who write to it: nothing may be lost on the way.
            let insert = if to.definition.contains(" ON CONFLICT ") {
                "INSERT OR ABORT"
            } else {
                "INSERT"
            };
            let mut copy = step(format!(
                "{insert} INTO {temporary} ({}) SELECT {} FROM {}",
                targets.join(", "),
                sources.join(", "),
                quoted(from.id.name())
            ));
            copy.notes
                .extend(values::tightened(self.before, self.after, &old, &new));
            self.steps.rebuilds.push(copy);
        }
        if let Some(column) = new.rowid_column()
            && let Some((was, _)) = old.column(column.name())
            && old.rowid_column() != Some(was)
        {
            self.losses.push(Loss {
                object: was.clone(),
                what: "NULL, where it is in this column: it becomes the key of the rows, and they are numbered."
                    .to_owned(),
            });
        }
        if old.autoincrement && new.autoincrement {
            self.keep_sequence(&from.id, &to.id, &temporary_name);
        }
        self.steps
            .rebuilds
            .push(step(format!("DROP TABLE {}", quoted(from.id.name()))));
        let name = quoted(to.id.name());
        self.steps
            .rebuilds
            .push(step(format!("ALTER TABLE {temporary} RENAME TO {name}")));
    }

    /// Numbers that `AUTOINCREMENT` has given out are not given out again (<https://www.sqlite.org/autoinc.html>).
    fn keep_sequence(&mut self, from: &ObjectId, to: &ObjectId, temporary: &str) {
        let literal = |name: &str| quote_literal(Engine::Sqlite, name);
        for sql in [
            format!("DELETE FROM sqlite_sequence WHERE name = {}", literal(temporary)),
            format!(
                "INSERT INTO sqlite_sequence (name, seq) SELECT {}, seq FROM sqlite_sequence WHERE name = {}",
                literal(temporary),
                literal(from.name())
            ),
        ] {
            self.steps.rebuilds.push(Step::new(sql, [to.clone()]));
        }
    }

    /// A name for the table while it stands beside the old one.
    pub(super) fn free_name(&self, table: &ObjectId) -> String {
        let taken = |name: &String| {
            let is = |id: &ObjectId| id.path.iter().any(|part| part.eq_ignore_ascii_case(name));
            self.before.objects.keys().any(is) || self.after.objects.keys().any(is)
        };
        let first = format!("dbwright_new_{}", table.name());
        if !taken(&first) {
            return first;
        }
        // There are fewer objects than these numbers.
        let numbers = 2..=self.before.objects.len() + self.after.objects.len() + 2;
        let mut names = numbers.map(|number| format!("{first}_{number}"));
        names.find(|name| !taken(name)).unwrap_or(first)
    }
}

/// Columns of the new table with the columns of the old one whose values they get, as SQL; columns that have no value to
/// get and must have one.
type Carried = Result<Vec<(String, String)>, Vec<(ObjectId, String)>>;

fn carried(old: &Shape<'_>, new: &Shape<'_>) -> Carried {
    let mut pairs = Vec::new();
    let mut refusals = Vec::new();
    let new_rowid = new.rowid_column();
    let mut keeps_rowid = false;
    for (id, column) in &new.columns {
        if column.generated.is_some() {
            continue;
        }
        if let Some((was, _)) = old.column(id.name()) {
            keeps_rowid |= new_rowid == Some(id);
            pairs.push((quoted(id.name()), quoted(was.name())));
        } else if new_rowid == Some(id) {
            // The new key is the number that each row had all along.
            if let Some(rowid) = old.rowid_name() {
                pairs.push((quoted(id.name()), rowid.to_owned()));
            }
            keeps_rowid = true;
        } else if column.not_null
            && column
                .default
                .as_deref()
                .is_none_or(|default| default.eq_ignore_ascii_case("null"))
        {
            refusals.push((
                (*id).clone(),
                "The column is new, refuses NULL and has no default, so that rows that are there have no value for it. \
                 Give it a default, or add it without NOT NULL, fill it, and make it NOT NULL then."
                    .to_owned(),
            ));
        }
    }
    if !keeps_rowid && let (Some(target), Some(source)) = (new.rowid_name(), old.rowid_name()) {
        pairs.insert(0, (target.to_owned(), source.to_owned()));
    }
    if refusals.is_empty() { Ok(pairs) } else { Err(refusals) }
}
