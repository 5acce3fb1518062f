//! Reading the catalog of a SQLite database: pragmas for what they tell, the stored `CREATE` texts for the rest.
//!
//! Shadow tables of virtual tables and SQLite's own tables are not part of the catalog, nor is the `temp` schema.

mod columns;
mod keys;
mod spelling;
mod state;
mod uses;
mod whole;

use std::collections::BTreeMap;

use dbwright_catalog::{
    Catalog, Constraint, ConstraintKind, Dependency, Engine, Index, Object, ObjectBody, ObjectId, ObjectKind, Server,
    SqliteTable, Table, TableExtra, TableKind, Trigger, Version, View,
};
use rusqlite::Connection;

use crate::LiveError;
use dbwright_ddl::sqlite_text::{IndexText, TableText, index_text, names, table_text, view_query};
pub(crate) use state::{CatalogState, StoredRoot};
pub use whole::read_whole;

/// The only schema that is read.
const SCHEMA: &str = "main";

/// The version of the SQLite library in this binary.
pub fn server() -> Server {
    Server {
        engine: Engine::Sqlite,
        version: rusqlite::version().parse().unwrap_or(Version::new(3, 0, 0)),
    }
}

/// Reads every object of the main database.
pub fn read(connection: &Connection) -> Result<Catalog, LiveError> {
    let mut reader = Reader {
        connection,
        catalog: Catalog::empty(server()),
        relations: BTreeMap::new(),
        spelling: Spelling::Stored,
    };
    reader.read().map_err(failure)?;
    Ok(reader.catalog)
}

fn failure(source: rusqlite::Error) -> LiveError {
    LiveError::Sqlite {
        doing: "reading the catalog".to_owned(),
        source,
    }
}

/// How definitions are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// As they stand in `sqlite_schema`.
    Stored,
    /// In the one spelling that all texts with their meaning have.
    Canonical,
}

/// A row of `sqlite_schema`.
struct Entry {
    kind: String,
    name: String,
    table: String,
    root: i64,
    sql: Option<String>,
}

/// A row of `pragma_table_list`.
struct Listed {
    name: String,
    kind: String,
    without_rowid: bool,
    strict: bool,
}

/// The rows of `sqlite_schema`, oldest first.
fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection
        .prepare_cached("SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema ORDER BY rowid")?;
    let rows = statement.query_map([], |row| {
        Ok(Entry {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            root: row.get::<_, Option<i64>>(3)?.unwrap_or_default(),
            sql: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// Whether a table is one of SQLite's own.
fn is_of_sqlite(table: &str) -> bool {
    table.to_ascii_lowercase().starts_with("sqlite_")
}

struct Reader<'a> {
    connection: &'a Connection,
    catalog: Catalog,
    /// Tables and views by name in lower case: SQLite's names are the same in either case.
    relations: BTreeMap<String, ObjectId>,
    spelling: Spelling,
}

impl Reader<'_> {
    fn read(&mut self) -> rusqlite::Result<()> {
        let mut entries = entries(self.connection)?;
        let listed = self.listed()?;
        for table in &listed {
            let kind = match table.kind.as_str() {
                "table" | "virtual" => ObjectKind::Table,
                "view" => ObjectKind::View,
                _ => continue,
            };
            if !is_of_sqlite(&table.name) {
                let id = ObjectId::new(kind, [SCHEMA, &table.name]);
                self.relations.insert(table.name.to_ascii_lowercase(), id);
            }
        }
        if self.spelling == Spelling::Canonical {
            self.respell(&mut entries)?;
        }
        let texts: BTreeMap<&str, &str> = entries
            .iter()
            .filter(|entry| entry.kind == "table" || entry.kind == "index")
            .map(|entry| (entry.name.as_str(), entry.sql.as_deref().unwrap_or_default()))
            .collect();
        for table in &listed {
            if self.relations.get(&table.name.to_ascii_lowercase()).map(|id| id.kind) == Some(ObjectKind::Table) {
                self.table(table, &texts)?;
            }
        }
        for entry in &entries {
            match entry.kind.as_str() {
                "view" => self.view(entry),
                "trigger" => self.trigger(entry),
                _ => {}
            }
        }
        self.resolve_implicit_references();
        Ok(())
    }

    fn listed(&self) -> rusqlite::Result<Vec<Listed>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'")?;
        let rows = statement.query_map([], |row| {
            Ok(Listed {
                name: row.get(0)?,
                kind: row.get(1)?,
                without_rowid: row.get(2)?,
                strict: row.get(3)?,
            })
        })?;
        rows.collect()
    }

    fn table(&mut self, listed: &Listed, texts: &BTreeMap<&str, &str>) -> rusqlite::Result<()> {
        let id = ObjectId::table(SCHEMA, &listed.name);
        let sql = texts.get(listed.name.as_str()).copied().unwrap_or_default();
        let is_virtual = listed.kind == "virtual";
        let text = if is_virtual {
            TableText::default()
        } else {
            table_text(sql)
        };
        self.insert(
            id.clone(),
            sql.to_owned(),
            ObjectBody::Table(Table {
                kind: if is_virtual {
                    TableKind::Virtual
                } else {
                    TableKind::Ordinary
                },
                partition_key: None,
                partition: None,
                inherits: Vec::new(),
                extra: TableExtra::Sqlite(SqliteTable {
                    strict: listed.strict,
                    without_rowid: listed.without_rowid && !is_virtual,
                    autoincrement: text.autoincrement,
                }),
            }),
        );
        let columns = self.columns(&id, &text);
        if is_virtual {
            // The module of a virtual table may be missing; the table itself is known all the same.
            return Ok(());
        }
        let primary_key = columns?;
        let indexes = self.indexes(&id, texts, listed.without_rowid)?;
        self.keys(&id, &text, &primary_key, &indexes);
        self.foreign_keys(&id, &text)?;
        self.checks(&id, &text);
        Ok(())
    }

    /// Reads the indexes of a table; gives those that a constraint owns, with their columns.
    fn indexes(
        &mut self,
        table: &ObjectId,
        texts: &BTreeMap<&str, &str>,
        without_rowid: bool,
    ) -> rusqlite::Result<Vec<keys::OwnedIndex>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, \"unique\", origin FROM pragma_index_list(?1, 'main') ORDER BY seq DESC")?;
        let rows = statement.query_map([table.name()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, bool>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        let mut owned = Vec::new();
        for row in rows.collect::<rusqlite::Result<Vec<_>>>()? {
            let (name, unique, origin) = row;
            let columns = self.index_columns(&name)?;
            // The primary key index of a WITHOUT ROWID table is the table itself.
            let stored = !(without_rowid && origin == "pk");
            let id = ObjectId::new(ObjectKind::Index, [SCHEMA, &name]);
            if origin != "c" {
                owned.push(keys::OwnedIndex {
                    id: stored.then(|| id.clone()),
                    columns: columns.clone(),
                    of_primary_key: origin == "pk",
                });
            }
            if stored {
                let sql = texts.get(name.as_str()).copied().unwrap_or_default();
                let text = if sql.is_empty() {
                    IndexText {
                        keys: columns,
                        predicate: None,
                    }
                } else {
                    index_text(sql)
                };
                let index = Index {
                    table: table.clone(),
                    method: "btree".to_owned(),
                    keys: text.keys,
                    included: Vec::new(),
                    predicate: text.predicate,
                    unique,
                    nulls_not_distinct: false,
                    of_constraint: origin != "c",
                    valid: true,
                    postgres: None,
                };
                self.depends(&id, table);
                self.insert(id, sql.to_owned(), ObjectBody::Index(index));
            }
        }
        Ok(owned)
    }

    fn index_columns(&self, index: &str) -> rusqlite::Result<Vec<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno")?;
        let rows = statement.query_map([index], |row| row.get::<_, Option<String>>(0))?;
        rows.map(|name| name.map(Option::unwrap_or_default)).collect()
    }

    fn checks(&mut self, table: &ObjectId, text: &TableText) {
        let mut unnamed = 0;
        for (name, expression) in &text.checks {
            let name = name.clone().unwrap_or_else(|| {
                unnamed += 1;
                format!("{}_check_{unnamed}", table.name())
            });
            let definition = format!("CHECK ({expression})");
            self.constraint(
                table,
                &name,
                definition,
                ConstraintKind::Check(expression.clone()),
                None,
            );
        }
    }

    fn view(&mut self, entry: &Entry) {
        let sql = entry.sql.clone().unwrap_or_default();
        let id = ObjectId::new(ObjectKind::View, [SCHEMA, &entry.name]);
        let query = view_query(&sql).to_owned();
        for name in names(&query) {
            if let Some(on) = self.relations.get(&name).filter(|on| **on != id).cloned() {
                self.depends(&id, &on);
            }
        }
        let body = ObjectBody::View(View {
            materialized: false,
            query,
            postgres: None,
        });
        self.insert(id, sql, body);
    }

    fn trigger(&mut self, entry: &Entry) {
        let owner = self.relations.get(&entry.table.to_ascii_lowercase()).cloned();
        let table = owner.as_ref().map_or(entry.table.as_str(), ObjectId::name);
        let id = ObjectId::new(ObjectKind::Trigger, [SCHEMA, table, &entry.name]);
        if let Some(owner) = &owner {
            self.depends(&id, owner);
        }
        let body = ObjectBody::Trigger(Trigger {
            function: None,
            enabled: true,
            postgres: None,
        });
        self.insert(id, entry.sql.clone().unwrap_or_default(), body);
    }

    /// Adds a constraint. SQLite takes the same name twice; ids don't, so that later ones get a number.
    fn constraint(
        &mut self,
        table: &ObjectId,
        name: &str,
        definition: String,
        kind: ConstraintKind,
        index: Option<ObjectId>,
    ) -> ObjectId {
        let mut id = table.child(ObjectKind::Constraint, name);
        let mut number = 2;
        while self.catalog.objects.contains_key(&id) {
            id = table.child(ObjectKind::Constraint, format!("{name}_{number}"));
            number += 1;
        }
        let constraint = Constraint {
            index,
            ..Constraint::new(kind)
        };
        self.insert(id.clone(), definition, ObjectBody::Constraint(constraint));
        id
    }

    fn insert(&mut self, id: ObjectId, definition: String, body: ObjectBody) {
        let object = Object {
            id: id.clone(),
            definition,
            body,
        };
        self.catalog.objects.insert(id, object);
    }

    fn depends(&mut self, dependent: &ObjectId, on: &ObjectId) {
        self.catalog.dependencies.insert(Dependency {
            dependent: dependent.clone(),
            on: on.clone(),
        });
    }
}
