//! Whether foreign keys hold: a migration that ran with them off, or that renamed a parent, may leave references that
//! lead nowhere, and no statement fails.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, ObjectBody};

use super::session::Session;

/// What does not hold at one moment.
#[derive(Debug, Default)]
pub(super) struct Integrity {
    /// Child and parent table → rows of the child without a parent.
    orphans: BTreeMap<(String, String), u64>,
    /// Foreign keys to a table that there is not: child, constraint, missing table.
    dangling: BTreeSet<(String, String, String)>,
    /// Why SQLite could not check.
    unchecked: Option<String>,
}

impl Integrity {
    /// Asks SQLite and the catalog.
    pub(super) fn read(session: &Session, catalog: &Catalog) -> Integrity {
        let mut integrity = Integrity {
            dangling: dangling(catalog),
            ..Integrity::default()
        };
        if let Err(error) = integrity.read_orphans(session) {
            integrity.unchecked = Some(super::codes::sql_error(&error).message);
        }
        integrity
    }

    /// What does not hold now and did before, as whole sentences.
    pub(super) fn notices(&self, before: &Integrity) -> Vec<String> {
        let mut notices = Vec::new();
        for (child, constraint, parent) in self.dangling.difference(&before.dangling) {
            notices.push(format!(
                "After this migration the foreign key {constraint} of {child} refers to the table {parent}, which does not exist."
            ));
        }
        for ((child, parent), rows) in &self.orphans {
            let known = before.orphans.get(&(child.clone(), parent.clone()));
            let told = self
                .dangling
                .iter()
                .any(|(table, _, missing)| table == child && missing == parent);
            if known.is_none_or(|known| known < rows) && !told {
                notices.push(format!(
                    "After this migration {rows} rows of {child} refer to rows of {parent} that do not exist."
                ));
            }
        }
        if let (Some(reason), None) = (&self.unchecked, &before.unchecked) {
            notices.push(format!(
                "After this migration SQLite can't check the foreign keys: {reason}."
            ));
        }
        notices
    }

    fn read_orphans(&mut self, session: &Session) -> rusqlite::Result<()> {
        let mut statement = session.connection.prepare("PRAGMA main.foreign_key_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            *self.orphans.entry((row.get(0)?, row.get(2)?)).or_default() += 1;
        }
        Ok(())
    }
}

fn dangling(catalog: &Catalog) -> BTreeSet<(String, String, String)> {
    let constraints = catalog.objects.values().filter_map(|object| match &object.body {
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some((&object.id, key)),
            _ => None,
        },
        _ => None,
    });
    constraints
        .filter(|(_, key)| catalog.get(&key.references).is_none())
        .filter_map(|(id, key)| {
            let child = id.owner_table()?.name().to_owned();
            Some((child, id.name().to_owned(), key.references.name().to_owned()))
        })
        .collect()
}
