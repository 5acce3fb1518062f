//! The catalog of a database that statements change: only what they changed is read again.
//!
//! Everything that is read of a table, view or trigger follows from its text, from the texts of its indexes and from the
//! tables that it refers to. So what has the same texts as before is the same as before; which database it lies in makes no
//! difference. Databases with virtual tables are read whole each time, because modules make what they like.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, Dependency, Object, ObjectBody, ObjectId, ObjectKind};
use rusqlite::Connection;

use super::{Entry, Listed, Reader, SCHEMA, Spelling, entries, failure, is_of_sqlite, read, server};
use crate::LiveError;
use dbwright_ddl::sqlite_text::names;

/// The catalog as of the last reading.
#[derive(Debug)]
pub(crate) struct CatalogState {
    catalog: Catalog,
    roots: Vec<StoredRoot>,
    units: BTreeMap<UnitKey, Unit>,
    /// Tables and views by name in lower case.
    relations: BTreeMap<String, ObjectId>,
}

/// A b-tree of the main database.
#[derive(Clone, Debug)]
pub(crate) struct StoredRoot {
    /// Its first page.
    pub(crate) page: i64,
    /// The table.
    pub(crate) table: String,
    /// The index, where it is one.
    pub(crate) index: Option<String>,
}

/// What a reading replaced: both hold only objects that were read again, and all that belong to one table with each other.
#[derive(Debug)]
pub(crate) struct Replaced {
    /// As they were.
    pub(crate) before: Catalog,
    /// As they are.
    pub(crate) after: Catalog,
}

/// Kind and name.
type UnitKey = (String, String);

/// What is read together: a table with all that belongs to it, a view, or a trigger.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    table: String,
    sql: String,
    /// Name and text of its indexes.
    indexes: Vec<(String, String)>,
}

#[derive(Debug)]
struct Unit {
    source: Source,
    /// Names in lower case of what it refers to.
    mentions: BTreeSet<String>,
    ids: Vec<ObjectId>,
    dependencies: Vec<Dependency>,
}

impl CatalogState {
    /// Nothing is known yet.
    pub(crate) fn empty() -> Self {
        CatalogState {
            catalog: Catalog::empty(server()),
            roots: Vec::new(),
            units: BTreeMap::new(),
            relations: BTreeMap::new(),
        }
    }

    /// The model, as of the last reading.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Where tables and indexes are stored, as of the last reading.
    pub(crate) fn roots(&self) -> &[StoredRoot] {
        &self.roots
    }

    /// Brings the state to what a database holds; gives what was read for that.
    pub(crate) fn refresh(&mut self, connection: &Connection) -> Result<Replaced, LiveError> {
        let entries = entries(connection).map_err(failure)?;
        let is_virtual = |entry: &Entry| entry.kind == "table" && entry.root == 0;
        self.roots = entries.iter().filter_map(StoredRoot::of).collect();
        if entries.iter().any(is_virtual) {
            return self.read_whole(connection);
        }
        self.read_changed(connection, &entries).map_err(failure)
    }

    fn read_whole(&mut self, connection: &Connection) -> Result<Replaced, LiveError> {
        let catalog = read(connection)?;
        self.units.clear();
        self.relations.clear();
        let before = std::mem::replace(&mut self.catalog, catalog);
        Ok(Replaced {
            before,
            after: self.catalog.clone(),
        })
    }

    fn read_changed(&mut self, connection: &Connection, entries: &[Entry]) -> rusqlite::Result<Replaced> {
        let mut replaced = Replaced {
            before: Catalog::empty(server()),
            after: Catalog::empty(server()),
        };
        if self.units.is_empty() {
            // What was read of a database with virtual tables belongs to no unit.
            replaced.before = std::mem::replace(&mut self.catalog, Catalog::empty(server()));
        }
        let mut sources = sources(entries);
        let relations = relations(&sources);
        let mut stale: BTreeSet<UnitKey> = self.units.keys().cloned().collect();
        stale.extend(sources.keys().cloned());
        stale.retain(|key| self.units.get(key).map(|unit| &unit.source) != sources.get(key));
        let changed: BTreeSet<String> = stale.iter().map(|(_, name)| name.to_ascii_lowercase()).collect();
        let refers = |unit: &Unit| unit.mentions.iter().any(|name| changed.contains(name));
        let referring = self.units.iter().filter(|(_, unit)| refers(unit));
        stale.extend(referring.map(|(key, _)| key.clone()));

        for key in &stale {
            if let Some(unit) = self.units.remove(key) {
                self.take(unit, &mut replaced.before);
            }
        }
        self.relations = relations;
        let listed = listed(connection, &stale, &sources)?;
        for key in &stale {
            if let Some(source) = sources.remove(key) {
                self.read_unit(connection, key, source, &listed)?;
            }
        }
        for key in &stale {
            self.finish_unit(key, &mut replaced.after);
        }
        Ok(replaced)
    }

    fn take(&mut self, unit: Unit, into: &mut Catalog) {
        for id in unit.ids {
            if let Some(object) = self.catalog.objects.remove(&id) {
                into.objects.insert(id, object);
            }
        }
        for dependency in unit.dependencies {
            self.catalog.dependencies.remove(&dependency);
        }
    }

    fn read_unit(
        &mut self,
        connection: &Connection,
        key: &UnitKey,
        source: Source,
        listed: &BTreeMap<String, Listed>,
    ) -> rusqlite::Result<()> {
        let (kind, name) = key;
        let mut reader = Reader {
            connection,
            catalog: Catalog::empty(server()),
            relations: std::mem::take(&mut self.relations),
            spelling: Spelling::Stored,
        };
        let entry = Entry {
            kind: kind.clone(),
            name: name.clone(),
            table: source.table.clone(),
            root: 0,
            sql: Some(source.sql.clone()),
        };
        let done = match kind.as_str() {
            "table" => {
                let mut texts: BTreeMap<&str, &str> = BTreeMap::from([(name.as_str(), source.sql.as_str())]);
                let indexes = source.indexes.iter();
                texts.extend(indexes.map(|(name, sql)| (name.as_str(), sql.as_str())));
                let ordinary = Listed {
                    name: name.clone(),
                    kind: "table".to_owned(),
                    without_rowid: false,
                    strict: false,
                };
                reader.table(listed.get(name).unwrap_or(&ordinary), &texts)
            }
            "view" => {
                reader.view(&entry);
                Ok(())
            }
            _ => {
                reader.trigger(&entry);
                Ok(())
            }
        };
        let Catalog {
            objects, dependencies, ..
        } = reader.catalog;
        self.relations = reader.relations;
        done?;
        let mentions = match kind.as_str() {
            "table" => objects
                .values()
                .filter_map(parent)
                .map(|id| id.name().to_ascii_lowercase())
                .collect(),
            "view" => names(&source.sql).into_iter().collect(),
            _ => BTreeSet::from([source.table.to_ascii_lowercase()]),
        };
        let unit = Unit {
            source,
            mentions,
            ids: objects.keys().cloned().collect(),
            dependencies: dependencies.iter().cloned().collect(),
        };
        self.catalog.objects.extend(objects);
        self.catalog.dependencies.extend(dependencies);
        self.units.insert(key.clone(), unit);
        Ok(())
    }

    /// Foreign keys that name no columns mean the primary key of their parent, which may have been read after them.
    fn finish_unit(&mut self, key: &UnitKey, into: &mut Catalog) {
        let Some(unit) = self.units.get(key) else { return };
        for id in &unit.ids {
            let parent_key = self.catalog.get(id).and_then(|object| self.key_meant(object));
            let Some(object) = self.catalog.objects.get_mut(id) else {
                continue;
            };
            if let Some(columns) = parent_key
                && let ObjectBody::Constraint(constraint) = &mut object.body
                && let ConstraintKind::ForeignKey(foreign_key) = &mut constraint.kind
            {
                foreign_key.referenced_columns = columns;
            }
            into.objects.insert(id.clone(), object.clone());
        }
    }

    fn key_meant(&self, object: &Object) -> Option<Vec<String>> {
        let ObjectBody::Constraint(constraint) = &object.body else {
            return None;
        };
        let ConstraintKind::ForeignKey(key) = &constraint.kind else {
            return None;
        };
        let mut of_parent = self.catalog.constraints(&key.references);
        let primary_key = of_parent.find_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
            _ => None,
        });
        primary_key.filter(|_| key.referenced_columns.is_empty())
    }
}

impl StoredRoot {
    fn of(entry: &Entry) -> Option<Self> {
        (entry.root > 0).then(|| StoredRoot {
            page: entry.root,
            table: entry.table.clone(),
            index: (entry.kind == "index").then(|| entry.name.clone()),
        })
    }
}

/// The table that a foreign key refers to.
fn parent(object: &Object) -> Option<&ObjectId> {
    match &object.body {
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(&key.references),
            _ => None,
        },
        _ => None,
    }
}

/// What there is to read.
fn sources(entries: &[Entry]) -> BTreeMap<UnitKey, Source> {
    let mut sources: BTreeMap<UnitKey, Source> = BTreeMap::new();
    let text = |entry: &Entry| entry.sql.clone().unwrap_or_default();
    let is_unit = |entry: &&Entry| match entry.kind.as_str() {
        "table" => !is_of_sqlite(&entry.name),
        "view" | "trigger" => true,
        _ => false,
    };
    for entry in entries.iter().filter(is_unit) {
        let source = Source {
            table: entry.table.clone(),
            sql: text(entry),
            indexes: Vec::new(),
        };
        sources.insert((entry.kind.clone(), entry.name.clone()), source);
    }
    for index in entries.iter().filter(|entry| entry.kind == "index") {
        if let Some(source) = sources.get_mut(&("table".to_owned(), index.table.clone())) {
            source.indexes.push((index.name.clone(), text(index)));
        }
    }
    sources
}

fn relations(sources: &BTreeMap<UnitKey, Source>) -> BTreeMap<String, ObjectId> {
    let relations = sources.keys().filter_map(|(kind, name)| {
        let kind = match kind.as_str() {
            "table" => ObjectKind::Table,
            "view" => ObjectKind::View,
            _ => return None,
        };
        Some((name.to_ascii_lowercase(), ObjectId::new(kind, [SCHEMA, name])))
    });
    relations.collect()
}

/// How these tables are stored, where their texts may say something about it. The pragma compiles every view.
fn listed(
    connection: &Connection,
    stale: &BTreeSet<UnitKey>,
    sources: &BTreeMap<UnitKey, Source>,
) -> rusqlite::Result<BTreeMap<String, Listed>> {
    let may_say = |key: &UnitKey| {
        let text = sources.get(key).map(|source| source.sql.to_ascii_lowercase());
        text.is_some_and(|text| key.0 == "table" && (text.contains("without") || text.contains("strict")))
    };
    if !stale.iter().any(may_say) {
        return Ok(BTreeMap::new());
    }
    let reader = Reader {
        connection,
        catalog: Catalog::empty(server()),
        relations: BTreeMap::new(),
        spelling: Spelling::Stored,
    };
    let listed = reader.listed()?.into_iter();
    Ok(listed.map(|table| (table.name.clone(), table)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs statements one by one, and compares what is followed with what is read whole.
    fn check(statements: &[&str]) {
        let connection = Connection::open_in_memory().unwrap();
        let mut state = CatalogState::empty();
        for sql in statements {
            connection.execute_batch(sql).unwrap();
            let before = state.catalog().clone();
            let replaced = state.refresh(&connection).unwrap();
            let whole = read(&connection).unwrap();
            assert_eq!(state.catalog(), &whole, "after {sql}");
            assert_eq!(
                dbwright_catalog::changes(&replaced.before, &replaced.after),
                dbwright_catalog::changes(&before, &whole),
                "after {sql}"
            );
        }
    }

    #[test]
    fn what_is_followed_is_what_is_read_whole() {
        check(&[
            "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id REFERENCES parent, other REFERENCES Other (a))",
            "CREATE TABLE parent (a, b, PRIMARY KEY (a, b))",
            "CREATE VIEW v AS SELECT * FROM parent JOIN later",
            "CREATE TABLE Other (a TEXT PRIMARY KEY, b ANY) WITHOUT ROWID, STRICT",
            "CREATE INDEX i ON child (parent_id)",
            "CREATE TABLE later (x UNIQUE, y CHECK (y > 0))",
            "CREATE TRIGGER tr AFTER INSERT ON later BEGIN DELETE FROM child; END",
            "CREATE VIEW w AS SELECT * FROM v",
            "ALTER TABLE later RENAME TO Sooner",
            "ALTER TABLE parent RENAME COLUMN a TO c",
            "ALTER TABLE parent ADD COLUMN d COLLATE NOCASE",
            "DROP TABLE child",
            "CREATE TABLE child (id INTEGER PRIMARY KEY AUTOINCREMENT, parent_id REFERENCES parent)",
            "DROP VIEW w",
            "BEGIN; DROP TABLE parent",
            "ROLLBACK",
            "DROP TABLE parent; CREATE TABLE parent (z PRIMARY KEY)",
            "CREATE VIRTUAL TABLE words USING fts5(text)",
            "CREATE TABLE after_words (id)",
            "DROP TABLE words",
            "DROP TRIGGER tr; DROP VIEW v",
        ]);
    }

    #[test]
    fn a_view_in_the_place_of_a_table_is_what_others_refer_to() {
        check(&[
            "CREATE TABLE t (id PRIMARY KEY); CREATE TABLE u (t_id REFERENCES t)",
            "CREATE VIEW v AS SELECT id FROM t",
            "DROP TABLE t; CREATE VIEW t AS SELECT t_id AS id FROM u",
        ]);
    }
}
