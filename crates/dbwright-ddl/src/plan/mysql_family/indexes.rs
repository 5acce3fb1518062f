//! Indexes and checks of a table.
//!
//! An index that is replaced is dropped and made in one statement: the old one serves until the new one is there.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Engine, ObjectBody, ObjectId, ObjectKind};
use dbwright_sql::tokens;

use super::Planner;
use super::columns::ColumnWork;
use crate::quote_identifier;
use crate::render::mysql_family::tables as text;

/// What happens to the indexes or checks of one table.
#[derive(Debug, Default)]
pub(super) struct KeyWork {
    /// Clauses that must run before the columns change, in a statement of their own.
    pub(super) first: Vec<String>,
    pub(super) drops: Vec<String>,
    pub(super) adds: Vec<String>,
    /// `ADD FULLTEXT KEY`: the server builds one at a time
    /// (<https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-limitations.html>).
    pub(super) alone: Vec<String>,
    /// What waits for columns that get their type only afterwards.
    pub(super) late: Vec<String>,
    pub(super) objects: Vec<ObjectId>,
    /// Whether it has to be one statement with the changes of columns.
    pub(super) linked: bool,
    pub(super) notes: Vec<String>,
}

impl Planner<'_> {
    pub(super) fn index_work(&self, table: &ObjectId, columns: &ColumnWork) -> KeyWork {
        let mut work = KeyWork::default();
        let ids = |catalog: &Catalog| -> Vec<ObjectId> {
            text::indexes(catalog, table)
                .into_iter()
                .map(|(id, _)| id.clone())
                .collect()
        };
        let (old, new) = (ids(self.before), ids(self.after));
        let block_size = |catalog: &Catalog| {
            text::own_text(catalog, table)
                .options
                .get("KEY_BLOCK_SIZE")
                .map(str::to_owned)
        };
        let old_size = block_size(self.before);
        // An index of MariaDB keeps the KEY_BLOCK_SIZE that its table had.
        let keeps_block_size =
            self.engine() == Engine::MariaDb && old_size.is_some() && old_size != block_size(self.after);
        work.linked |= keeps_block_size;
        let mut gone: Vec<ObjectId> = Vec::new();
        let mut fresh: Vec<ObjectId> = Vec::new();
        for id in &old {
            let is_remade = self.keys_name(self.before, id, &columns.remade) || keeps_block_size;
            let same = text::part(self.before, id) == text::part(self.after, id);
            if !new.contains(id) || !same && !self.changes_visibility(id, &mut work) || is_remade {
                gone.push(id.clone());
            }
        }
        for id in &new {
            if !old.contains(id) || gone.contains(id) {
                fresh.push(id.clone());
            }
        }
        self.rename(&columns.remade, &mut gone, &mut fresh, &mut work);
        for id in &gone {
            let clause = match id.name() {
                "PRIMARY" => "DROP PRIMARY KEY".to_owned(),
                name => format!("DROP INDEX {}", quote_identifier(self.engine(), name)),
            };
            let is_touched = self.keys_name(self.before, id, &columns.hard);
            work.linked |= is_touched || id.name() == "PRIMARY";
            // A functional index keeps its columns from being changed even in the statement that drops it.
            if is_touched && self.is_functional(id) {
                work.first.push(clause);
            } else {
                work.drops.push(clause);
            }
            work.objects.extend([id.clone(), id.satellite(ObjectKind::Comment)]);
        }
        for id in &fresh {
            let definition = text::part(self.after, id);
            work.linked |= id.name() == "PRIMARY" || self.keys_name(self.after, id, &columns.hard);
            if matches!(&self.after.get(id).map(|object| &object.body), Some(ObjectBody::Index(index)) if index.unique)
            {
                work.notes.push(format!(
                    "{}: The step fails, and changes nothing, where two rows have the same values.",
                    id.name()
                ));
            }
            let is_alone = definition.starts_with("FULLTEXT") && !gone.contains(id);
            let is_late = id.name() != "PRIMARY" && self.keys_name(self.after, id, &columns.late);
            let clauses = match (is_late, is_alone) {
                (true, _) => &mut work.late,
                (false, true) => &mut work.alone,
                (false, false) => &mut work.adds,
            };
            clauses.push(format!("ADD {definition}"));
            work.objects.extend([id.clone(), id.satellite(ObjectKind::Comment)]);
        }
        let twins: Vec<ObjectId> = work
            .objects
            .iter()
            .filter(|id| id.kind == ObjectKind::Index)
            .cloned()
            .collect();
        work.objects.extend(
            twins
                .into_iter()
                .map(|id| table.child(ObjectKind::Constraint, id.name())),
        );
        work
    }

    fn is_functional(&self, id: &ObjectId) -> bool {
        match self.before.get(id).map(|object| &object.body) {
            Some(ObjectBody::Index(index)) => index.keys.iter().any(|key| key.starts_with('(')),
            _ => false,
        }
    }

    /// Whether a key of the index names one of these columns.
    pub(super) fn keys_name(&self, catalog: &Catalog, id: &ObjectId, columns: &BTreeSet<String>) -> bool {
        let definition = catalog.get(id).map_or("", |object| object.definition.as_str());
        // The first name is that of the index.
        let skipped = usize::from(id.name() != "PRIMARY");
        let names =
            tokens(self.engine(), definition).filter_map(|token| token.text.starts_with('`').then(|| token.name())?);
        names.skip(skipped).any(|name| columns.contains(&name))
    }

    /// Shows an index to queries or hides it, where nothing else is different. Whether that was all.
    fn changes_visibility(&self, id: &ObjectId, work: &mut KeyWork) -> bool {
        let (mark, shown, hidden) = match self.engine() {
            Engine::MariaDb => (" IGNORED", "NOT IGNORED", "IGNORED"),
            Engine::MySql | Engine::Postgres | Engine::Sqlite => (" INVISIBLE", "VISIBLE", "INVISIBLE"),
        };
        let [old, new] = [self.before, self.after].map(|catalog| text::part(catalog, id));
        let is_hidden = new.contains(mark);
        if old.contains(mark) == is_hidden || old.replacen(mark, "", 1) != new.replacen(mark, "", 1) {
            return false;
        }
        let name = quote_identifier(self.engine(), id.name());
        let clause = format!("ALTER INDEX {name} {}", if is_hidden { hidden } else { shown });
        // What has served as the primary key can be hidden only once there is another one.
        let is_new = |primary: ObjectId| self.before.get(&primary).is_none() && self.after.get(&primary).is_some();
        if is_hidden
            && id
                .owner_table()
                .is_some_and(|table| is_new(table.child(ObjectKind::Index, "PRIMARY")))
        {
            work.late.push(clause);
        } else {
            work.adds.push(clause);
        }
        work.objects.extend([id.clone(), id.satellite(ObjectKind::Comment)]);
        true
    }

    /// An index that is gone and a new one that is the same under another name: no rows are read for that.
    fn rename(
        &self,
        remade: &BTreeSet<String>,
        gone: &mut Vec<ObjectId>,
        fresh: &mut Vec<ObjectId>,
        work: &mut KeyWork,
    ) {
        let engine = self.engine();
        let nameless = |catalog: &Catalog, id: &ObjectId| {
            let name = quote_identifier(engine, id.name());
            text::part(catalog, id).replacen(&name, "", 1)
        };
        let mut left = Vec::new();
        for old in gone.drain(..) {
            let is_same = |new: &ObjectId| {
                old.name() != "PRIMARY"
                    && new.name() != "PRIMARY"
                    && self.before.get(new).is_none()
                    && self.after.get(&old).is_none()
                    && !self.keys_name(self.before, &old, remade)
                    && nameless(self.before, &old) == nameless(self.after, new)
            };
            match fresh.iter().position(is_same) {
                Some(at) => {
                    let new = fresh.remove(at);
                    let names = [&old, &new].map(|id| quote_identifier(engine, id.name()));
                    work.adds.push(format!("RENAME INDEX {} TO {}", names[0], names[1]));
                    let comments = [&old, &new].map(|id| id.satellite(ObjectKind::Comment));
                    work.objects.extend(comments);
                    work.objects.extend([old, new]);
                }
                None => left.push(old),
            }
        }
        *gone = left;
    }

    pub(super) fn check_work(&self, table: &ObjectId, columns: &ColumnWork) -> KeyWork {
        let mut work = KeyWork::default();
        let engine = self.engine();
        let names_remade = |definition: &str| {
            let mut names = columns.remade.iter().map(|name| quote_identifier(engine, name));
            names.any(|name| definition.contains(&name))
        };
        let mut gone = BTreeSet::new();
        for (id, check) in text::checks(self.before, table) {
            if self.is_same(id) && !names_remade(&check.definition) {
                continue;
            }
            if let Some(clause) = self.enforcement(id) {
                work.adds.push(clause);
                work.objects.push(id.clone());
                continue;
            }
            gone.insert(id.clone());
            let name = quote_identifier(engine, &text::constraint_name(self.before, id));
            work.drops.push(format!("DROP CONSTRAINT {name}"));
            work.objects.push(id.clone());
        }
        for (id, check) in text::checks(self.after, table) {
            if gone.contains(id) || self.before.get(id).is_none() {
                work.adds.push(format!("ADD {}", check.definition));
                work.notes.push(format!(
                    "{}: The step fails, and changes nothing, where a row is not as it demands.",
                    id.name()
                ));
                work.objects.push(id.clone());
            }
        }
        // Checks that stand in their columns come and go with those.
        for catalog in [self.before, self.after] {
            let of_columns = catalog
                .constraints(table)
                .filter(|(id, _)| catalog.get(id).is_some_and(text::is_of_column));
            work.objects.extend(of_columns.map(|(id, _)| id.clone()));
        }
        work
    }

    /// `ALTER CHECK … [NOT] ENFORCED`, where nothing else is different.
    fn enforcement(&self, id: &ObjectId) -> Option<String> {
        let [old, new] = [self.before.get(id)?, self.after.get(id)?].map(|object| object.definition.as_str());
        let plain = |text: &str| text.strip_suffix(" NOT ENFORCED").unwrap_or(text).to_owned();
        if old == new || plain(old) != plain(new) {
            return None;
        }
        let name = quote_identifier(self.engine(), &text::constraint_name(self.after, id));
        let word = if new.ends_with(" NOT ENFORCED") {
            "NOT ENFORCED"
        } else {
            "ENFORCED"
        };
        Some(format!("ALTER CHECK {name} {word}"))
    }
}
