//! The catalog of one MySQL or MariaDB database: read whole once, then only what a statement touched.
//!
//! DDL commits on these servers, so that any session sees what another one did: reading happens in a session of our own.
//! What tells whether a table changed is its `SHOW CREATE TABLE`, which holds everything but statistics; only tables whose
//! text changed are read from `information_schema` again. Events have no place in the catalog and are not read.

mod changes;
mod code;
mod decode;
mod queries;
pub(crate) mod session;
mod storage;
mod tables;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Change, ConstraintKind, Dependency, Engine, Object, ObjectBody, ObjectId, ObjectKind, Server,
};
use mysql_async::Conn;

use crate::LiveError;
use decode::Fields;
use queries::{Only, Queries};
use session::{Row, must, query};
pub use storage::Storage;
pub(crate) use storage::Written;
use storage::storage_by_table;
pub use whole::read_whole;

/// The schema of the database at hand, in ids.
const MAIN: &str = "main";

/// Settings of the session that change how definitions are printed.
const SETTINGS: &str = "SET SESSION sql_mode = '', sql_quote_show_create = 1";

/// Reads the whole catalog of the session's current database. The session should be one of our own: settings that change
/// how definitions are printed are reset in it.
pub async fn read(conn: &mut Conn, server: &Server) -> Result<Catalog, LiveError> {
    Ok(CatalogState::read(conn, server).await?.catalog)
}

/// What a statement may have changed, as far as its text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// The tables that it names; nothing where it could be any. Tables that are new, gone, built anew or that refer to one
    /// of these by a foreign key are found in any case.
    pub tables: Option<BTreeSet<ObjectId>>,
    /// Whether views, routines or triggers may have changed.
    pub code: bool,
    /// Whether triggers may have come or gone, as they do with a table that is dropped and made again.
    pub triggers: bool,
    /// Tables and columns that the text gives another name, as (id before, id after). Names of tables that keep their
    /// storage are followed without it.
    pub renamed: Vec<(ObjectId, ObjectId)>,
}

impl Touched {
    /// It may have changed anything: `CALL`, `EXECUTE`, what is not known.
    pub fn anything() -> Self {
        Touched {
            tables: None,
            code: true,
            triggers: true,
            renamed: Vec::new(),
        }
    }

    /// It may have changed these tables and what belongs to them.
    pub fn tables(tables: impl IntoIterator<Item = ObjectId>) -> Self {
        Touched {
            tables: Some(tables.into_iter().collect()),
            code: false,
            triggers: true,
            renamed: Vec::new(),
        }
    }

    /// It may have changed views, routines and triggers, and no table.
    pub fn code() -> Self {
        Touched {
            code: true,
            ..Touched::tables([])
        }
    }
}

/// What an update of the state brought.
#[derive(Debug, Default)]
pub struct Update {
    /// Changes. What bears another name, as far as the storage or the statement's text tells, is altered with two ids, and
    /// so is what belongs to it.
    pub changes: Vec<Change>,
    /// Tables whose rows lie in other files than before, by their id now: rebuilt, truncated, or dropped and made again.
    /// Only InnoDB tells, and not of tables whose names have letters with a short form in names of files (ü).
    pub rebuilt: Vec<ObjectId>,
}

/// The catalog of one database as of the last reading.
#[derive(Debug)]
pub struct CatalogState {
    database: String,
    catalog: Catalog,
    /// Rows of `TABLES`, by name.
    listed: BTreeMap<String, Row>,
    storage: BTreeMap<String, Storage>,
    /// Rows of `VIEWS`, by name.
    views: BTreeMap<String, Row>,
    /// What views read, as the server tells it.
    read_by_views: BTreeSet<Dependency>,
    /// What the reading at hand replaces.
    replaced: Replaced,
}

/// The objects that a reading took out of the catalog, and the ids of those that it put in.
#[derive(Debug, Default)]
struct Replaced {
    taken: BTreeMap<ObjectId, Object>,
    put: BTreeSet<ObjectId>,
}

/// How InnoDB stores each table of a database, by name. Nothing where the account may not know, and for other storage engines.
pub(crate) async fn storage(
    conn: &mut Conn,
    engine: Engine,
    database: &str,
) -> Result<BTreeMap<String, Storage>, LiveError> {
    read_storage(conn, Queries { engine, database }).await
}

async fn read_storage(conn: &mut Conn, queries: Queries<'_>) -> Result<BTreeMap<String, Storage>, LiveError> {
    match query(conn, &queries.storage()).await {
        Ok(mut sets) => Ok(storage_by_table(&sets.pop().unwrap_or_default())),
        Err(mysql_async::Error::Server(_)) => Ok(BTreeMap::new()),
        Err(source) => Err(LiveError::mysql_family("reading the catalog", source)),
    }
}

impl CatalogState {
    /// Reads the whole catalog of the session's current database.
    pub async fn read(conn: &mut Conn, server: &Server) -> Result<Self, LiveError> {
        let answer = must(conn, "reading the catalog", "SELECT DATABASE()").await?;
        let database = answer.into_iter().flatten().flatten().flatten().next();
        let database = database.ok_or_else(|| LiveError::Unsupported {
            what: "the session has no current database whose catalog could be read".to_owned(),
        })?;
        let mut state = CatalogState {
            database,
            catalog: Catalog::empty(server.clone()),
            listed: BTreeMap::new(),
            storage: BTreeMap::new(),
            views: BTreeMap::new(),
            read_by_views: BTreeSet::new(),
            replaced: Replaced::default(),
        };
        state.refresh(conn, &Touched::anything()).await?;
        Ok(state)
    }

    /// The model, as of the last reading.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How InnoDB stores this table, where it does and tells.
    pub fn storage(&self, table: &ObjectId) -> Option<&Storage> {
        (table.schema() == MAIN).then(|| self.storage.get(table.name()))?
    }

    /// Reads again what was touched, and tells what became of it. The session must be in the same database as before.
    pub async fn refresh(&mut self, conn: &mut Conn, touched: &Touched) -> Result<Update, LiveError> {
        self.replaced = Replaced::default();
        let (listed, storage) = self.list(conn, touched).await?;
        let names_changed = !listed.keys().eq(self.listed.keys());
        let candidates = self.candidates(touched, &listed, &storage);
        let old_storage = std::mem::replace(&mut self.storage, storage);
        let old_listed = std::mem::replace(&mut self.listed, listed);
        self.read_tables(conn, &candidates, &old_listed).await?;
        if touched.code || touched.triggers || names_changed {
            self.read_triggers(conn).await?;
        }
        if touched.code || names_changed {
            self.read_views(conn).await?;
        }
        if touched.code {
            self.read_routines(conn).await?;
        }
        let Replaced { taken, put } = std::mem::take(&mut self.replaced);
        if touched.code || names_changed || !taken.is_empty() || !put.is_empty() {
            self.catalog.dependencies = self.dependencies();
        }
        let renames = changes::renames(&old_storage, &self.storage, touched, &taken, &self.catalog);
        Ok(Update {
            changes: changes::changes(taken, &put, &self.catalog, &renames),
            rebuilt: changes::rebuilt(&old_storage, &self.storage, &renames),
        })
    }

    fn engine(&self) -> Engine {
        self.catalog.server.engine
    }

    fn queries(&self) -> Queries<'_> {
        Queries {
            engine: self.engine(),
            database: &self.database,
        }
    }

    /// The rows of `TABLES` by name, without views and temporary tables, and how InnoDB stores each table.
    ///
    /// Only of the tables that were touched the server is asked for their rows, unless InnoDB says that others came, went or
    /// were built anew: a row takes the server long to make up, and there is no end of tables.
    async fn list(
        &self,
        conn: &mut Conn,
        touched: &Touched,
    ) -> Result<(BTreeMap<String, Row>, BTreeMap<String, Storage>), LiveError> {
        let names = self.names_of(touched);
        if !names.is_empty() && !self.storage.is_empty() {
            let (rows, storage) = self.look_over(conn, Only::Tables(&names)).await?;
            let mut all = self.storage.keys().chain(storage.keys());
            if !all.any(|name| !names.contains(name) && self.storage.get(name) != storage.get(name)) {
                let mut listed = self.listed.clone();
                listed.retain(|name, _| !names.contains(name));
                listed.extend(rows);
                return Ok((listed, storage));
            }
        }
        self.look_over(conn, Only::All).await
    }

    /// The names of the tables that were touched, however they are written; none where that can be any.
    fn names_of(&self, touched: &Touched) -> Vec<String> {
        let own = touched.tables.iter().flatten().filter(|id| id.schema() == MAIN);
        let mut names: BTreeSet<String> = own.map(|id| id.name().to_owned()).collect();
        let is_named = |known: &&String| names.iter().any(|name| name.eq_ignore_ascii_case(known));
        let known: Vec<String> = self.listed.keys().filter(is_named).cloned().collect();
        names.extend(known);
        names.into_iter().collect()
    }

    async fn look_over(
        &self,
        conn: &mut Conn,
        only: Only<'_>,
    ) -> Result<(BTreeMap<String, Row>, BTreeMap<String, Storage>), LiveError> {
        let tables = format!("{SETTINGS}; {}", self.queries().tables(only));
        let (rows, storage) = match query(conn, &format!("{tables}; {}", self.queries().storage())).await {
            Ok(mut sets) => {
                let storage = storage_by_table(&sets.pop().unwrap_or_default());
                (sets.pop().unwrap_or_default(), storage)
            }
            // The account may not know how tables are stored.
            Err(mysql_async::Error::Server(_)) => {
                let mut sets = must(conn, "reading the catalog", &tables).await?;
                (
                    sets.pop().unwrap_or_default(),
                    read_storage(conn, self.queries()).await?,
                )
            }
            Err(source) => return Err(LiveError::mysql_family("reading the catalog", source)),
        };
        let is_stored = |row: &Row| matches!(Fields(row).text(1), "BASE TABLE" | "SEQUENCE" | "SYSTEM VERSIONED");
        let stored = rows.into_iter().filter(is_stored);
        let listed = stored.map(|row| (Fields(&row).text(0).to_owned(), row)).collect();
        Ok((listed, storage))
    }

    /// The tables whose definition must be looked at again.
    fn candidates(
        &self,
        touched: &Touched,
        listed: &BTreeMap<String, Row>,
        storage: &BTreeMap<String, Storage>,
    ) -> BTreeSet<String> {
        let Some(tables) = &touched.tables else {
            return listed.keys().cloned().collect();
        };
        // Whether case matters in names of tables, the server decides (`lower_case_table_names`).
        let is_named = |name: &String| {
            let mut own = tables.iter().filter(|id| id.schema() == MAIN);
            own.any(|id| id.name().eq_ignore_ascii_case(name))
        };
        let is_other =
            |name: &String| self.listed.get(name) != listed.get(name) || self.storage.get(name) != storage.get(name);
        let all = self.listed.keys().chain(listed.keys());
        let mut names: BTreeSet<String> = all.filter(|name| is_named(name) || is_other(name)).cloned().collect();
        let children: Vec<String> = self
            .foreign_keys()
            .filter(|(_, parent)| parent.schema() != MAIN || names.contains(parent.name()))
            .map(|(child, _)| child.name().to_owned())
            .collect();
        names.extend(children);
        names.retain(|name| listed.contains_key(name));
        names
    }

    /// Children and parents of all foreign keys.
    fn foreign_keys(&self) -> impl Iterator<Item = (ObjectId, &ObjectId)> {
        self.catalog.objects.values().filter_map(|object| match &object.body {
            ObjectBody::Constraint(constraint) => match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some((object.id.owner_table()?, &key.references)),
                _ => None,
            },
            _ => None,
        })
    }

    /// Takes tables and what is read with them out of the catalog.
    fn take_tables(&mut self, names: &BTreeSet<String>) {
        if names.is_empty() {
            return;
        }
        self.take(ObjectKind::Sequence, |id| {
            matches!(
                id.kind,
                ObjectKind::Sequence
                    | ObjectKind::Table
                    | ObjectKind::Column
                    | ObjectKind::Constraint
                    | ObjectKind::Index
            ) && id.path.get(1).is_some_and(|table| names.contains(table))
        });
    }

    /// Takes objects of this kind and those that come after it out of the catalog.
    fn take(&mut self, first: ObjectKind, is_taken: impl Fn(&ObjectId) -> bool) {
        let first = ObjectId {
            kind: first,
            path: Vec::new(),
        };
        let taken = self.catalog.objects.extract_if(first.., |id, _| is_taken(id));
        self.replaced.taken.extend(taken);
    }

    fn put(&mut self, objects: Vec<Object>) {
        for object in objects {
            self.replaced.put.insert(object.id.clone());
            self.catalog.objects.insert(object.id.clone(), object);
        }
    }

    /// Child on parent, trigger on table, view on what it reads.
    fn dependencies(&self) -> BTreeSet<Dependency> {
        let mut dependencies = self.read_by_views.clone();
        for (child, parent) in self.foreign_keys().filter(|(child, parent)| child != *parent) {
            dependencies.insert(Dependency {
                dependent: child,
                on: parent.clone(),
            });
        }
        let triggers = self.catalog.objects.keys().filter(|id| id.kind == ObjectKind::Trigger);
        dependencies.extend(triggers.filter_map(|id| {
            Some(Dependency {
                dependent: id.clone(),
                on: id.owner_table()?,
            })
        }));
        dependencies
    }
}
