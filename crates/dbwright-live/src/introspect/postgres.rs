//! The catalog of a PostgreSQL database: read whole once, then only what a statement touched.
//!
//! Objects are followed by OID, so that a rename is known as one. Reading happens in the session that runs the migration
//! (nobody else sees its uncommitted changes), inside a savepoint that is rolled back: this releases the locks that printing
//! a view takes.

mod access;
mod code;
mod decode;
mod opened;
mod others;
mod prepared;
mod queries;
mod session;
mod whole;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dbwright_catalog::{
    Catalog, Change, Dependency, Engine, Object, ObjectBody, ObjectId, ObjectKind, Server, TableKind,
};
use dbwright_ddl::qualified_name;
use tokio_postgres::{Client, SimpleQueryRow};

use crate::LiveError;
pub(crate) use prepared::{COUNTERS, LOCKS};
use queries::Ask;

pub use opened::read_opened;
pub use session::read_only;
use session::{Row, read_together};
pub use whole::{read_past_locks, read_whole};

/// Whether a transaction is open in the session that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One is open: reading happens in a savepoint of it.
    InTransaction,
    /// None is open: reading opens one of its own.
    Alone,
}

/// Which rows of the system catalogs are newer than the last reading.
#[derive(Clone, Debug)]
pub struct Touched {
    /// Names of the system catalogs with new, changed or deleted rows: `pg_class`.
    pub catalogs: BTreeSet<String>,
    /// Those of them from which rows may have been deleted.
    pub deleted_from: BTreeSet<String>,
    /// Rows of this transaction id or later are new.
    pub since_xid: u64,
    /// Of the rows of the running transaction, those of a later command than this are new; -1 for all.
    pub since_command: i64,
}

impl Touched {
    /// Every catalog of which the model is made, from this transaction id on.
    pub fn everything_since(since_xid: u64) -> Self {
        let catalogs = queries::CATALOGS.iter().map(|(name, _, _)| (*name).to_owned());
        let catalogs: BTreeSet<String> = catalogs.chain(["pg_depend".to_owned()]).collect();
        Touched {
            deleted_from: catalogs.clone(),
            catalogs,
            since_xid,
            since_command: -1,
        }
    }
}

/// What an update of the state brought.
#[derive(Debug, Default)]
pub struct Update {
    /// Changes, by OID: a renamed object is altered, not dropped and created.
    pub changes: Vec<Change>,
    /// Relations with the same name and another file than before: rewritten tables and materialised views, rebuilt indexes.
    pub new_files: Vec<ObjectId>,
    /// The newest command of the running transaction that was seen, for [`Touched::since_command`].
    pub last_command: i64,
}

/// What identifies an object on the server for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Schema(u32),
    Extension(u32),
    Type(u32),
    Relation(u32),
    Column(u32, i32),
    Constraint(u32),
    Routine(u32),
    Trigger(u32),
}

impl Key {
    /// The OID of the system catalog that it stands in, and its own there; a column's is that of its table.
    fn address(self) -> (u32, u32) {
        match self {
            Key::Schema(oid) => (2615, oid),
            Key::Extension(oid) => (3079, oid),
            Key::Type(oid) => (1247, oid),
            Key::Relation(oid) | Key::Column(oid, _) => (RELATIONS, oid),
            Key::Constraint(oid) => (2606, oid),
            Key::Routine(oid) => (1255, oid),
            Key::Trigger(oid) => (2620, oid),
        }
    }
}

/// An object as it was read.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    object: Object,
    /// The table that it is read with.
    relation: Option<u32>,
}

/// Where an object stands in the catalog.
#[derive(Clone, Debug)]
struct Slot {
    id: ObjectId,
    /// The table that it is read with.
    relation: Option<u32>,
}

/// What an update has taken out, to be read again or because it is gone.
#[derive(Debug, Default)]
struct Removed {
    entries: BTreeMap<Key, Entry>,
    relations: HashMap<u32, Relation>,
}

/// A table, view, sequence or index by its OID.
#[derive(Clone, Debug)]
struct Relation {
    id: ObjectId,
    file: u32,
}

/// The catalog of one database as of the last reading, with the OIDs that locks and statistics speak of.
#[derive(Debug)]
pub struct CatalogState {
    catalog: Catalog,
    /// Which object of the catalog is which on the server.
    slots: BTreeMap<Key, Slot>,
    relations: HashMap<u32, Relation>,
    /// Which relations are children of which, as OIDs.
    inherits: String,
}

impl CatalogState {
    /// Reads the whole catalog.
    pub async fn read(client: &Client, server: &Server, frame: Frame) -> Result<Self, LiveError> {
        let mut state = CatalogState::empty(server);
        state.read_objects(client, frame, &Scope::all()).await?;
        state.read_dependencies(client, frame).await?;
        Ok(state)
    }

    fn empty(server: &Server) -> Self {
        CatalogState {
            catalog: Catalog::empty(server.clone()),
            slots: BTreeMap::new(),
            relations: HashMap::new(),
            inherits: String::new(),
        }
    }

    /// The model, as of the last reading. Dependency edges are those of the last whole reading.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The model, where nothing will be read any more.
    pub fn into_catalog(self) -> Catalog {
        self.catalog
    }

    /// The relation with this OID.
    pub fn relation(&self, oid: u32) -> Option<&ObjectId> {
        self.relations.get(&oid).map(|relation| &relation.id)
    }

    /// The table (or materialised view) that the index with this id belongs to.
    pub fn table_of_index(&self, index: &ObjectId) -> Option<&ObjectId> {
        match &self.catalog.get(index)?.body {
            ObjectBody::Index(body) => Some(&body.table),
            _ => None,
        }
    }

    /// The partitioned table that this table is a partition of.
    pub fn partition_parent(&self, table: &ObjectId) -> Option<&ObjectId> {
        match &self.catalog.get(table)?.body {
            ObjectBody::Table(body) => Some(&body.partition.as_ref()?.parent),
            _ => None,
        }
    }

    /// Those of these tables whose file is empty.
    pub async fn empty_among(
        &self,
        client: &Client,
        frame: Frame,
        tables: &[ObjectId],
    ) -> Result<Vec<ObjectId>, LiveError> {
        let oids: Vec<String> = self
            .relations
            .iter()
            .filter(|(_, relation)| tables.contains(&relation.id))
            .map(|(oid, _)| oid.to_string())
            .collect();
        let sql = format!(
            "SELECT o FROM unnest('{{{}}}'::oid[]) o WHERE pg_relation_size(o) = 0",
            oids.join(",")
        );
        let rows = read_only(client, frame, &[&sql]).await?;
        let empty = rows.into_iter().flatten().map(|row| Row(&row).oid(0));
        let mut empty: Vec<ObjectId> = empty.filter_map(|oid| self.relation(oid).cloned()).collect();
        empty.sort();
        Ok(empty)
    }

    /// The tables that sessions can lock by name, quoted with their schema. Foreign tables can't be locked.
    pub fn lockable_tables(&self) -> Vec<String> {
        let tables = self.catalog.tables();
        tables
            .filter(|(_, table)| table.kind != TableKind::Foreign)
            .map(|(id, _)| qualified_name(Engine::Postgres, id))
            .collect()
    }

    /// Reads again what was touched, and tells what became of it.
    pub async fn update(&mut self, client: &Client, frame: Frame, touched: &Touched) -> Result<Update, LiveError> {
        let found = find_touched(client, frame, touched).await?;
        let mut old = self.remove(&found);
        let mut read = self.read_objects(client, frame, &found.scope).await?;
        let inherits_otherwise = found
            .inherits
            .as_ref()
            .is_some_and(|inherits| *inherits != self.inherits);
        self.inherits = found.inherits.unwrap_or_else(|| std::mem::take(&mut self.inherits));
        let renamed = self.renamed(&old.entries, &read);
        let is_schema = |key: &Key| matches!(key, Key::Schema(_));
        // Names of other objects stand in the definitions of those that hang on them.
        if inherits_otherwise || renamed.iter().any(is_schema) {
            self.remove_rest(&mut old, &read, &found.scope);
            read = self.read_objects(client, frame, &Scope::all()).await?;
        } else if !renamed.is_empty() {
            let dependents = find_dependents(client, frame, &renamed).await?.without(&found.scope);
            self.read_dependents(client, frame, dependents, &mut old, &mut read)
                .await?;
        }
        if touched.deleted_from.contains("pg_depend") {
            self.read_sequence_owners(client, frame, &mut old.entries, &mut read)
                .await?;
        }
        Ok(Update {
            new_files: self.new_files(&old.relations, &read),
            changes: self.changes_since(old.entries, &read),
            last_command: found.last_command.max(touched.since_command),
        })
    }

    fn put(&mut self, key: Key, entry: Entry) -> Option<Entry> {
        let before = self.take(key);
        let slot = Slot {
            id: entry.object.id.clone(),
            relation: entry.relation,
        };
        self.catalog.objects.insert(slot.id.clone(), entry.object);
        self.slots.insert(key, slot);
        before
    }

    fn take(&mut self, key: Key) -> Option<Entry> {
        let Slot { id, relation } = self.slots.remove(&key)?;
        let object = self.catalog.objects.remove(&id)?;
        Some(Entry { object, relation })
    }

    fn object(&self, key: Key) -> Option<&Object> {
        self.catalog.get(&self.slots.get(&key)?.id)
    }

    fn object_mut(&mut self, key: Key) -> Option<&mut Object> {
        self.catalog.objects.get_mut(&self.slots.get(&key)?.id)
    }

    /// Takes out what will be read again and what is gone.
    fn remove(&mut self, found: &Found) -> Removed {
        let scope = &found.scope;
        let mut removed = Removed::default();
        let gone: BTreeSet<u32> = self
            .relations
            .keys()
            .copied()
            .filter(|oid| found.is_gone("pg_class", *oid))
            .collect();
        let stale = |key: &Key, slot: &Slot| {
            let relation = |oid: u32| scope.relations.contains(&oid) || gone.contains(&oid);
            slot.relation.is_some_and(relation)
                || match *key {
                    Key::Schema(oid) => scope.schemas.contains(&oid) || found.is_gone("pg_namespace", oid),
                    Key::Extension(oid) => scope.extensions.contains(&oid) || found.is_gone("pg_extension", oid),
                    Key::Type(oid) => scope.types.contains(&oid) || found.is_gone("pg_type", oid),
                    Key::Routine(oid) => scope.routines.contains(&oid) || found.is_gone("pg_proc", oid),
                    Key::Relation(oid) | Key::Column(oid, _) => relation(oid),
                    Key::Constraint(oid) => found.is_gone("pg_constraint", oid),
                    Key::Trigger(oid) => found.is_gone("pg_trigger", oid),
                }
        };
        let keys: Vec<Key> = self
            .slots
            .iter()
            .filter(|(key, slot)| stale(key, slot))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            if let Some(entry) = self.take(key) {
                removed.entries.insert(key, entry);
            }
        }
        for oid in scope.relations.iter().chain(&gone) {
            if let Some(relation) = self.relations.remove(oid) {
                removed.relations.insert(*oid, relation);
            }
        }
        removed
    }

    /// Takes out all that is left, to be read again; what was `read` just now is none of what there was before.
    fn remove_rest(&mut self, removed: &mut Removed, read: &BTreeSet<Key>, scope: &Scope) {
        let keys: Vec<Key> = self.slots.keys().copied().collect();
        for key in keys {
            if let Some(entry) = self.take(key)
                && !read.contains(&key)
            {
                removed.entries.insert(key, entry);
            }
        }
        let relations = std::mem::take(&mut self.relations);
        let before = relations.into_iter().filter(|(oid, _)| !scope.relations.contains(oid));
        removed.relations.extend(before);
    }

    /// What others are defined by and what has another name than before. Columns of views are not followed: where a view
    /// says something else, they may have other names.
    fn renamed(&self, old: &BTreeMap<Key, Entry>, read: &BTreeSet<Key>) -> Vec<Key> {
        let renamed = old.iter().filter(|(key, before)| {
            let names_others = !matches!(key, Key::Constraint(_) | Key::Trigger(_) | Key::Extension(_));
            let after = self.object(**key).filter(|_| names_others && read.contains(key));
            let is_view = before.object.id.kind == ObjectKind::View;
            after.is_some_and(|after| after.id != before.object.id || (is_view && *after != before.object))
        });
        renamed.map(|(key, _)| *key).collect()
    }

    /// Reads again what hangs on something that was renamed, and that was not read yet.
    async fn read_dependents(
        &mut self,
        client: &Client,
        frame: Frame,
        scope: Scope,
        old: &mut Removed,
        read: &mut BTreeSet<Key>,
    ) -> Result<(), LiveError> {
        let found = Found::all_present(scope);
        let removed = self.remove(&found);
        let known = |key: &Key| !read.contains(key);
        old.entries
            .extend(removed.entries.into_iter().filter(|(key, _)| known(key)));
        old.relations.extend(removed.relations);
        let again = self.read_objects(client, frame, &found.scope).await?;
        read.extend(again);
        Ok(())
    }

    fn changes_since(&self, old: BTreeMap<Key, Entry>, read: &BTreeSet<Key>) -> Vec<Change> {
        let created: Vec<Change> = read
            .iter()
            .filter(|key| !old.contains_key(key))
            .filter_map(|key| self.object(*key))
            .map(|object| Change::Created(object.clone()))
            .collect();
        let mut changes = Vec::new();
        for (key, before) in old {
            match self.object(key) {
                None => changes.push(Change::Dropped(before.object)),
                Some(after) if *after != before.object => {
                    changes.push(Change::Altered {
                        before: before.object,
                        after: after.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        changes.extend(created);
        same_name_again(changes)
    }

    /// Relations that live in another file than before. Tables are compared by OID; indexes by name, because a change of a
    /// column's type replaces them by new ones, with the old file where it can be kept.
    fn new_files(&self, old: &HashMap<u32, Relation>, read: &BTreeSet<Key>) -> Vec<ObjectId> {
        let old_indexes: HashMap<&ObjectId, u32> = old
            .values()
            .filter(|relation| relation.id.kind == ObjectKind::Index)
            .map(|relation| (&relation.id, relation.file))
            .collect();
        let relations = read.iter().filter_map(|key| match key {
            Key::Relation(oid) => Some((oid, self.relations.get(oid)?)),
            Key::Schema(_)
            | Key::Extension(_)
            | Key::Type(_)
            | Key::Column(..)
            | Key::Constraint(_)
            | Key::Routine(_)
            | Key::Trigger(_) => None,
        });
        let mut ids: Vec<ObjectId> = relations
            .filter(|(oid, relation)| {
                let before = match relation.id.kind {
                    ObjectKind::Index => old_indexes.get(&relation.id).copied(),
                    ObjectKind::Table | ObjectKind::View => old.get(*oid).map(|before| before.file),
                    _ => None,
                };
                relation.file != 0 && before.is_some_and(|file| file != 0 && file != relation.file)
            })
            .map(|(_, relation)| relation.id.clone())
            .collect();
        ids.sort();
        ids
    }

    async fn read_objects(&mut self, client: &Client, frame: Frame, scope: &Scope) -> Result<BTreeSet<Key>, LiveError> {
        let queries = scope.queries(self.catalog.server.version.major, "");
        let sql: Vec<&str> = queries.iter().map(|(_, sql)| sql.as_str()).collect();
        let results = read_only(client, frame, &sql).await?;
        let mut read = BTreeSet::new();
        for ((reader, _), rows) in queries.iter().zip(results) {
            for row in rows {
                if let Some((key, entry)) = self.decode(*reader, &Row(&row)) {
                    read.insert(key);
                    self.put(key, entry);
                }
            }
        }
        Ok(read)
    }

    /// What was deleted from `pg_depend` may have been the owner of a sequence (`OWNED BY NONE`).
    async fn read_sequence_owners(
        &mut self,
        client: &Client,
        frame: Frame,
        old: &mut BTreeMap<Key, Entry>,
        read: &mut BTreeSet<Key>,
    ) -> Result<(), LiveError> {
        let has_sequences = self
            .relations
            .values()
            .any(|relation| relation.id.kind == ObjectKind::Sequence);
        if !has_sequences {
            return Ok(());
        }
        let results = read_only(client, frame, &[&format!("EXECUTE {}", prepared::SEQUENCES)]).await?;
        for row in results.into_iter().flatten() {
            if let Some((key, entry)) = self.decode(Reader::Sequences, &Row(&row)) {
                let before = self.put(key, entry);
                if !read.contains(&key)
                    && let Some(before) = before
                {
                    old.entry(key).or_insert(before);
                    read.insert(key);
                }
            }
        }
        Ok(())
    }

    async fn read_dependencies(&mut self, client: &Client, frame: Frame) -> Result<(), LiveError> {
        let names = queries::stand_ins(&self.ask_all());
        let queries = [queries::inherits(), names.as_str(), queries::dependencies()];
        let mut results = read_only(client, frame, &queries).await?.into_iter();
        let inherits = results.next().unwrap_or_default();
        self.inherits = inherits
            .first()
            .map(|row| Row(row).text(1).to_owned())
            .unwrap_or_default();
        let names = results.next().unwrap_or_default();
        let dependencies = self.edges(&stand_ins(&names), &results.next().unwrap_or_default());
        self.catalog.dependencies = dependencies;
        Ok(())
    }

    /// The edges between known objects. What stands for others is followed to these.
    fn edges(&self, stand_ins: &HashMap<(u32, u32), (u32, u32)>, rows: &[SimpleQueryRow]) -> BTreeSet<Dependency> {
        let id_of = |class: u32, oid: u32, number: i64| {
            let (class, oid) = behind(stand_ins, class, oid);
            self.id_of(class, oid, number).cloned()
        };
        rows.iter()
            .filter_map(|row| {
                let row = Row(row);
                let dependent = id_of(row.oid(0), row.oid(1), row.number(2))?;
                let on = id_of(row.oid(3), row.oid(4), row.number(5))?;
                (dependent != on).then_some(Dependency { dependent, on })
            })
            .collect()
    }

    /// The object with this OID in the system catalog with this OID.
    fn id_of(&self, class: u32, oid: u32, number: i64) -> Option<&ObjectId> {
        let slot = self.slots.get(&key(class, oid, number)?).or_else(|| {
            let relation = Key::Relation(oid);
            (class == RELATIONS).then(|| self.slots.get(&relation)).flatten()
        });
        slot.map(|slot| &slot.id)
    }

    fn ask_all(&self) -> Ask<'static> {
        Ask::all(self.catalog.server.version.major)
    }
}

/// The OID of `pg_class`.
const RELATIONS: u32 = 1259;

/// The key of the object with this OID in the system catalog with this OID. Those of system catalogs are the same in all
/// versions.
fn key(class: u32, oid: u32, number: i64) -> Option<Key> {
    match class {
        RELATIONS if number > 0 => Some(Key::Column(oid, i32::try_from(number).ok()?)),
        RELATIONS => Some(Key::Relation(oid)),
        1247 => Some(Key::Type(oid)),
        1255 => Some(Key::Routine(oid)),
        2606 => Some(Key::Constraint(oid)),
        2620 => Some(Key::Trigger(oid)),
        2615 => Some(Key::Schema(oid)),
        3079 => Some(Key::Extension(oid)),
        _ => None,
    }
}

/// What stands for what, by catalog and OID.
fn stand_ins(rows: &[SimpleQueryRow]) -> HashMap<(u32, u32), (u32, u32)> {
    let rows = rows.iter().map(Row);
    rows.map(|row| ((row.oid(0), row.oid(1)), (row.oid(2), row.oid(3))))
        .collect()
}

/// What something stands for, or itself.
fn behind(stand_ins: &HashMap<(u32, u32), (u32, u32)>, class: u32, oid: u32) -> (u32, u32) {
    let mut at = (class, oid);
    for _ in 0..STEPS_MAX {
        match stand_ins.get(&at) {
            Some(next) => at = *next,
            None => break,
        }
    }
    at
}

/// So often one thing may stand for another: an array of a multirange of a range.
const STEPS_MAX: u32 = 4;

/// An index or constraint that came back under its name is the same to everybody: `REINDEX CONCURRENTLY` and changes of
/// a column's type replace it. Not so tables: their rows are gone.
fn same_name_again(changes: Vec<Change>) -> Vec<Change> {
    let replaceable = |object: &Object| matches!(object.id.kind, ObjectKind::Index | ObjectKind::Constraint);
    let (dropped, mut rest): (Vec<Change>, Vec<Change>) = changes
        .into_iter()
        .partition(|change| matches!(change, Change::Dropped(object) if replaceable(object)));
    for change in dropped {
        let Change::Dropped(before) = &change else { continue };
        let again = rest
            .iter()
            .position(|other| matches!(other, Change::Created(after) if after.id == before.id));
        match again.map(|index| rest.remove(index)) {
            Some(Change::Created(after)) if after == *before => {}
            Some(Change::Created(after)) => rest.push(Change::Altered {
                before: before.clone(),
                after,
            }),
            _ => rest.push(change),
        }
    }
    rest
}

/// Which objects are read.
#[derive(Clone, Debug, Default)]
struct Scope {
    all: bool,
    /// Whether what only a reading of everything knows is read as well.
    whole: bool,
    schemas: BTreeSet<u32>,
    extensions: BTreeSet<u32>,
    relations: BTreeSet<u32>,
    routines: BTreeSet<u32>,
    types: BTreeSet<u32>,
}

/// The query that a result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Schemas,
    Extensions,
    Types,
    Routines,
    Relations,
    Columns,
    ViewColumns,
    Constraints,
    Indexes,
    Triggers,
    Sequences,
}

/// Writes the query for some or all objects.
type Query = fn(&Ask<'_>) -> String;

/// Every reader with the statement that reads for it some objects, and the query for some or all.
const READERS: [(Reader, &str, Query); 10] = [
    (Reader::Schemas, "dbwright_schemas", queries::schemas),
    (Reader::Extensions, "dbwright_extensions", queries::extensions),
    (Reader::Types, "dbwright_types", queries::types),
    (Reader::Routines, "dbwright_routines", queries::routines),
    (Reader::Relations, "dbwright_relations", queries::relations),
    (Reader::Columns, "dbwright_columns", queries::columns),
    (Reader::Indexes, "dbwright_indexes", queries::indexes),
    (Reader::Constraints, "dbwright_constraints", queries::constraints),
    (Reader::Triggers, "dbwright_triggers", queries::triggers),
    (Reader::Sequences, "dbwright_sequences", queries::sequences),
];

impl Scope {
    fn all() -> Self {
        Scope {
            all: true,
            ..Scope::default()
        }
    }

    fn whole() -> Self {
        Scope {
            whole: true,
            ..Scope::all()
        }
    }

    /// Adds what a row of a query names by kind and OID.
    fn add(&mut self, row: &Row<'_>) {
        let set = match row.text(0) {
            "Schema" => &mut self.schemas,
            "Extension" => &mut self.extensions,
            "Routine" => &mut self.routines,
            "Type" => &mut self.types,
            _ => &mut self.relations,
        };
        set.insert(row.oid(1));
    }

    /// What is not in another one.
    fn without(mut self, other: &Scope) -> Self {
        for (ours, theirs) in [
            (&mut self.schemas, &other.schemas),
            (&mut self.extensions, &other.extensions),
            (&mut self.relations, &other.relations),
            (&mut self.routines, &other.routines),
            (&mut self.types, &other.types),
        ] {
            ours.retain(|oid| !theirs.contains(oid));
        }
        self
    }

    fn oids(&self, reader: Reader) -> &BTreeSet<u32> {
        match reader {
            Reader::Schemas => &self.schemas,
            Reader::Extensions => &self.extensions,
            Reader::Types => &self.types,
            Reader::Routines => &self.routines,
            Reader::Relations
            | Reader::Columns
            | Reader::ViewColumns
            | Reader::Indexes
            | Reader::Constraints
            | Reader::Triggers
            | Reader::Sequences => &self.relations,
        }
    }

    /// The queries in an order in which each finds the names that it needs: relations before what belongs to them.
    ///
    /// Relations of the OIDs in `withheld`, a list with commas, are left out where everything is read.
    fn queries(&self, major: u32, withheld: &str) -> Vec<(Reader, String)> {
        let whole = self.whole;
        let ask = Ask {
            whole,
            withheld,
            ..Ask::all(major)
        };
        let mut queries = Vec::new();
        for (reader, name, query) in READERS {
            if self.all {
                queries.push((reader, query(&ask)));
            } else if !self.oids(reader).is_empty() {
                let oids = prepared::list(self.oids(reader));
                queries.push((reader, format!("EXECUTE {name}({oids})")));
            }
            if self.whole && reader == Reader::Columns {
                queries.push((Reader::ViewColumns, queries::view_columns(&ask)));
            }
        }
        queries
    }
}

/// What a statement touched.
#[derive(Debug)]
struct Found {
    scope: Scope,
    /// OIDs that are still there, by system catalog.
    present: HashMap<String, BTreeSet<u32>>,
    /// Which relations are children of which, where that may have changed.
    inherits: Option<String>,
    last_command: i64,
}

impl Found {
    /// What is to be read again where nothing is gone.
    fn all_present(scope: Scope) -> Self {
        Found {
            scope,
            present: HashMap::new(),
            inherits: None,
            last_command: -1,
        }
    }

    fn is_gone(&self, catalog: &str, oid: u32) -> bool {
        self.present.get(catalog).is_some_and(|present| !present.contains(&oid))
    }
}

/// What hangs on these objects, and they themselves.
async fn find_dependents(client: &Client, frame: Frame, of: &[Key]) -> Result<Scope, LiveError> {
    let (classes, oids): (Vec<u32>, Vec<u32>) = of.iter().map(|key| key.address()).unzip();
    let query = format!(
        "EXECUTE {}({}, {})",
        prepared::DEPENDENTS,
        prepared::list(classes),
        prepared::list(oids)
    );
    let mut scope = Scope::default();
    for row in read_only(client, frame, &[&query]).await?.into_iter().flatten() {
        scope.add(&Row(&row));
    }
    Ok(scope)
}

async fn find_touched(client: &Client, frame: Frame, touched: &Touched) -> Result<Found, LiveError> {
    let newer = format!(
        "EXECUTE {}({}, '{}', {})",
        prepared::TOUCHED,
        prepared::list(&touched.catalogs),
        touched.since_xid,
        touched.since_command
    );
    let mut listed = touched.deleted_from.clone();
    listed.extend(touched.catalogs.get("pg_inherits").cloned());
    let present = format!("EXECUTE {}({})", prepared::PRESENT, prepared::list(&listed));
    let mut sql = vec![newer.as_str()];
    if !listed.is_empty() {
        sql.push(present.as_str());
    }
    let mut results = read_only(client, frame, &sql).await?.into_iter();
    let mut found = Found::all_present(Scope::default());
    for row in results.next().unwrap_or_default() {
        let row = Row(&row);
        found.scope.add(&row);
        found.last_command = found.last_command.max(row.number(2));
    }
    for row in results.next().unwrap_or_default() {
        let row = Row(&row);
        if row.text(0) == "pg_inherits" {
            found.inherits = row.owned(1).or_else(|| Some(String::new()));
            continue;
        }
        let oids = row.text(1).split(',').filter_map(|oid| oid.parse().ok()).collect();
        found.present.insert(row.text(0).to_owned(), oids);
    }
    Ok(found)
}
