//! Foreign keys: those that are gone, another, or in the way of a change are taken down before tables change, and put up
//! after that. Putting one up with checks on reads both tables, so that no row can have slipped in meanwhile.

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, ForeignKey, ObjectId, ObjectKind, Step};

use super::Planner;
use crate::quote_identifier;
use crate::render::mysql_family::tables as text;
use crate::render::mysql_family::{add_foreign_key, is_here};

impl Planner<'_> {
    /// The foreign keys of the state before that do not stay up.
    pub(super) fn foreign_keys_to_drop(&self) -> BTreeSet<ObjectId> {
        let dropped = self.dropped(ObjectKind::Table);
        let circles: BTreeSet<ObjectId> = crate::creation_order(self.before, &dropped)
            .circles
            .into_iter()
            .flatten()
            .collect();
        let mut keys = BTreeSet::new();
        for (table, _) in self.before.tables() {
            let is_dropped = dropped.contains(table);
            for (id, key) in text::foreign_keys(self.before, table) {
                // The keys of a table go with it, unless tables refer to each other in a circle.
                let is_in_circle =
                    circles.contains(table) && key.references != *table && circles.contains(&key.references);
                if !is_dropped && (!self.is_same(id) || self.is_in_the_way(table, key)) || is_in_circle {
                    keys.insert(id.clone());
                }
            }
        }
        keys
    }

    /// Whether a foreign key keeps the server from changing one of its tables as wanted.
    fn is_in_the_way(&self, child: &ObjectId, key: &ForeignKey) -> bool {
        let sides = [(child, &key.columns), (&key.references, &key.referenced_columns)];
        sides.into_iter().any(|(table, columns)| {
            if !self.changed.contains(table) {
                return false;
            }
            let is_copied = self.is_copied(table);
            let changes_type = |name: &String| {
                let id = table.column(name);
                self.changes_type(&id) || is_copied && self.changes_nullability(&id)
            };
            let primary = table.child(ObjectKind::Index, "PRIMARY");
            let loses_primary_key = self.before.get(&primary).is_some() && !self.is_same(&primary);
            let own = |id: &ObjectId| {
                text::own_text(
                    if self.before.get(id).is_some() {
                        self.before
                    } else {
                        self.after
                    },
                    id,
                )
            };
            let old = own(table);
            let new = text::own_text(self.after, table);
            let is_moved =
                old.partitioning != new.partitioning || old.options.get("ENGINE") != new.options.get("ENGINE");
            table == &key.references && self.rewrites_unique_key(table)
                || columns.iter().any(changes_type)
                || loses_primary_key
                || is_moved
        })
    }

    /// Whether a unique key gets other values to compare. MariaDB does not change a parent in that way (error 1834): of rows
    /// that become equal it might have to delete one.
    fn rewrites_unique_key(&self, table: &ObjectId) -> bool {
        let columns = self.before.columns(table);
        let changed = columns.into_iter().filter(|(id, _)| self.changes_type(id));
        let changed: BTreeSet<String> = changed.map(|(id, _)| id.name().to_owned()).collect();
        let mut indexes = text::indexes(self.before, table).into_iter();
        self.engine() == Engine::MariaDb
            && indexes.any(|(id, index)| index.unique && self.keys_name(self.before, id, &changed))
    }

    /// Whether MySQL may have to copy the table, in which case it refuses for columns of a foreign key what it takes when it
    /// changes the table in place: errors 1832 and 1833 where a column comes to refuse NULL.
    fn is_copied(&self, table: &ObjectId) -> bool {
        if self.engine() != Engine::MySql {
            return false;
        }
        let sides = [self.before, self.after];
        let has_fulltext = sides.iter().any(|side| {
            let mut indexes = text::indexes(side, table).into_iter();
            indexes.any(|(_, index)| index.method == "fulltext")
        });
        let columns = self.before.columns(table);
        let options = |side| text::own_text(side, table).options;
        has_fulltext
            || columns.into_iter().any(|(id, _)| self.changes_type(id))
            || text::checks(self.after, table).any(|(id, _)| !self.is_same(id))
            || options(self.before) != options(self.after)
    }

    pub(super) fn drop_foreign_keys(&self, keys: &BTreeSet<ObjectId>) -> Vec<Step> {
        let step = |id: &ObjectId| {
            let table = quote_identifier(self.engine(), id.owner_table()?.name());
            let name = quote_identifier(self.engine(), &text::constraint_name(self.before, id));
            let mut step = Step::new(format!("ALTER TABLE {table} DROP FOREIGN KEY {name}"), [id.clone()]);
            if self.is_same(id) {
                step.notes.push(
                    "It is in the way of a change, and is put up again after it; meanwhile nothing checks it."
                        .to_owned(),
                );
            }
            Some(step)
        };
        keys.iter().filter_map(step).collect()
    }

    /// Puts up what was taken down, and what is new on tables that were there.
    pub(super) fn add_foreign_keys(&mut self, taken: &BTreeSet<ObjectId>) -> Vec<Step> {
        let mut steps = Vec::new();
        for table in self.kept(ObjectKind::Table) {
            let keys: Vec<(ObjectId, bool)> = text::foreign_keys(self.after, &table)
                .map(|(id, key)| (id.clone(), is_here(key)))
                .collect();
            for (id, is_here) in keys {
                if self.is_same(&id) && !taken.contains(&id) {
                    continue;
                }
                if is_here {
                    steps.extend(add_foreign_key(self.after, &id));
                } else {
                    self.refuse_foreign_reference(&id);
                }
            }
        }
        steps
    }

    /// New tables whose foreign keys leave the database.
    pub(super) fn refuse_foreign_references(&mut self, created: &BTreeSet<ObjectId>) {
        for table in created {
            let keys = text::foreign_keys(self.after, table).filter(|(_, key)| !is_here(key));
            let keys: Vec<ObjectId> = keys.map(|(id, _)| id.clone()).collect();
            for id in &keys {
                self.refuse_foreign_reference(id);
            }
        }
    }

    fn refuse_foreign_reference(&mut self, id: &ObjectId) {
        self.refuse(
            id,
            "It refers to another database, which is no part of this schema. Make sure that it is there, then add the \
             foreign key by hand.",
        );
    }
}
