//! Reading everything that a database has of a schema, at one moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dbwright_catalog::{
    Catalog, Dependency, Object, ObjectBody, ObjectId, ObjectKind, Reading, Server, Unmodelled, Unread,
};
use tokio_postgres::{Client, SimpleQueryRow};

use super::queries::{self, Ask, Only};
use super::{CatalogState, Row, Scope, others, read_together};
use crate::LiveError;

/// A schema that is changed while it is read is read again, so many times.
const ATTEMPTS: u32 = 3;

/// Reads every object of the user's schema. The session must have no transaction open.
///
/// Columns are numbered without gaps here, as they are in a copy of the schema; what the server makes by itself and names
/// by itself (constraints that stand for the partitions of a referenced table) is left out.
///
/// # Errors
///
/// When the server refuses a query or the session is broken.
pub async fn read_whole(client: &Client, server: &Server) -> Result<Reading, LiveError> {
    read(client, server, Locked::Awaited).await
}

/// Reads what [`read_whole`] reads, but for what somebody holds under an ACCESS EXCLUSIVE lock: that is named, with the views
/// that read it, as the server would wait to print it.
///
/// # Errors
///
/// As [`read_whole`], and when such locks are taken again and again while it reads.
pub async fn read_past_locks(client: &Client, server: &Server) -> Result<Reading, LiveError> {
    read(client, server, Locked::LeftOut).await
}

/// What becomes of relations under an ACCESS EXCLUSIVE lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Locked {
    Awaited,
    LeftOut,
}

async fn read(client: &Client, server: &Server, locked: Locked) -> Result<Reading, LiveError> {
    let mut attempt = 1;
    loop {
        match read_once(client, server, locked).await {
            // A lock was taken between looking and printing.
            Err(error) if locked == Locked::LeftOut && attempt < ATTEMPTS && is_lock_timeout(&error) => attempt += 1,
            Err(error) => match changed_meanwhile(&error) {
                Some(_) if attempt < ATTEMPTS => attempt += 1,
                Some(said) => {
                    return Err(LiveError::Changing {
                        attempts: ATTEMPTS,
                        said,
                    });
                }
                None => return Err(error),
            },
            Ok(reading) => return Ok(reading),
        }
    }
}

/// The OID of `pg_proc`.
const ROUTINES: u32 = 1255;

fn is_lock_timeout(error: &LiveError) -> bool {
    let LiveError::Postgres { source, .. } = error else {
        return false;
    };
    source.as_db_error().is_some_and(|error| error.code().code() == "55P03")
}

/// What the server said where an object was gone when it wanted to print it. The lists come from a snapshot, the texts do
/// not.
fn changed_meanwhile(error: &LiveError) -> Option<String> {
    let LiveError::Postgres { source, .. } = error else {
        return None;
    };
    let error = source.as_db_error()?;
    matches!(error.code().code(), "XX000" | "42P01" | "42704" | "42883").then(|| error.message().to_owned())
}

async fn read_once(client: &Client, server: &Server, locked: Locked) -> Result<Reading, LiveError> {
    let mut state = CatalogState::empty(server);
    let scope = Scope::whole();
    let columns = read_together(client, &[queries::readable()]).await?;
    let (readable, hidden): (Vec<Row<'_>>, Vec<Row<'_>>) =
        columns.iter().flatten().map(Row).partition(|column| column.flag(1));
    let readable: Vec<String> = readable.iter().map(|column| column.text(0).to_owned()).collect();
    let locked = match locked {
        Locked::Awaited => Vec::new(),
        Locked::LeftOut => read_together(client, &[queries::locked()]).await?,
    };
    let locked: Vec<Row<'_>> = locked.iter().flatten().map(Row).collect();
    let withheld: Vec<&str> = locked.iter().map(|relation| relation.text(0)).collect();
    let withheld = withheld.join(", ");
    let followed = scope.queries(server.version.major, &withheld);
    let ask = Ask {
        major: server.version.major,
        only: Only::All,
        whole: true,
        readable: &readable,
        withheld: &withheld,
    };
    let more = Asked::new(&ask);
    let sql: Vec<&str> = followed.iter().map(|(_, sql)| sql.as_str()).chain(more.sql()).collect();
    let mut results = read_together(client, &sql).await?.into_iter();
    for ((reader, _), rows) in followed.iter().zip(&mut results) {
        for row in rows {
            if let Some((key, entry)) = state.decode(*reader, &Row(&row)) {
                state.put(key, entry);
            }
        }
    }
    let results: Vec<Vec<SimpleQueryRow>> = results.collect();
    let mut whole = Whole::new(state, &results);
    whole.say(&results);
    let edges = whole.edges(&results[Asked::DEPENDENCIES]);
    let mut reading = whole.reading(server, edges, &results);
    for relation in &locked {
        if let Some(kind) = relation.optional(1) {
            reading.unread.push(Unread {
                what: format!("{kind} {}", relation.text(2)),
                why: "Somebody holds it, or a table that it reads, under an ACCESS EXCLUSIVE lock, or waits for that; take \
                      another snapshot when the lock is gone."
                    .to_owned(),
            });
        }
    }
    // How a subscription connects is never read.
    let mut hidden: Vec<&str> = hidden
        .iter()
        .map(|column| column.text(0))
        .filter(|name| *name != "subconninfo")
        .collect();
    let has_subscriptions = reading
        .catalog
        .objects
        .keys()
        .any(|id| id.kind == ObjectKind::Subscription);
    if has_subscriptions && !hidden.is_empty() {
        hidden.sort_unstable();
        reading.unread.push(Unread {
            what: "options of subscriptions".to_owned(),
            why: format!(
                "Only superusers see {} of pg_subscription; read the schema as one.",
                hidden.join(", ")
            ),
        });
    }
    Ok(reading)
}

/// The queries beside those of the kinds that are followed from statement to statement.
struct Asked {
    queries: Vec<String>,
}

impl Asked {
    const STAND_INS: usize = others::KINDS.len();
    const DEPENDENCIES: usize = Self::STAND_INS + 1;
    const EXTENSIONS: usize = Self::STAND_INS + 2;
    const COMMENTS: usize = Self::STAND_INS + 3;
    const LABELS: usize = Self::STAND_INS + 4;
    const OWNERS: usize = Self::STAND_INS + 5;
    const GRANTS: usize = Self::STAND_INS + 6;
    const DEFAULTS: usize = Self::STAND_INS + 7;
    const MEMBERSHIPS: usize = Self::STAND_INS + 8;
    const UNMODELLED: usize = Self::STAND_INS + 9;
    const UNREAD: usize = Self::STAND_INS + 10;

    fn new(ask: &Ask<'_>) -> Self {
        let mut queries: Vec<String> = others::KINDS.iter().map(|(query, _)| query(ask)).collect();
        queries.extend([
            queries::stand_ins(ask),
            queries::dependencies().to_owned(),
            queries::extension_dependents(ask),
            queries::comments(ask),
            queries::labels(ask),
            queries::owners(ask),
            queries::grants(ask),
            queries::default_privileges(ask),
            queries::memberships(ask),
            queries::unmodelled(ask),
            queries::unread(ask),
        ]);
        Asked { queries }
    }

    fn sql(&self) -> impl Iterator<Item = &str> {
        self.queries.iter().map(String::as_str)
    }
}

/// All objects, and how to find them by what the server calls them.
pub(super) struct Whole {
    pub(super) objects: BTreeMap<ObjectId, Object>,
    state: CatalogState,
    /// Objects of kinds that are not followed, by catalog and OID.
    others: HashMap<(u32, u32), ObjectId>,
    stand_ins: HashMap<(u32, u32), (u32, u32)>,
    left_out: BTreeSet<ObjectId>,
}

impl Whole {
    fn new(mut state: CatalogState, results: &[Vec<SimpleQueryRow>]) -> Self {
        note_extensions(&mut state, &results[Asked::EXTENSIONS]);
        let mut whole = Whole {
            objects: BTreeMap::new(),
            others: HashMap::new(),
            stand_ins: super::stand_ins(&results[Asked::STAND_INS]),
            left_out: copies_of_foreign_keys(&state),
            state,
        };
        for ((_, decode), rows) in others::KINDS.iter().zip(results) {
            for row in rows.iter().map(Row) {
                let object = decode(&whole.state, &row);
                whole.others.insert((row.oid(0), row.oid(1)), object.id.clone());
                whole.objects.insert(object.id.clone(), object);
            }
        }
        let followed = whole.state.catalog().objects.values();
        let kept = followed.filter(|object| !whole.left_out.contains(&object.id));
        whole
            .objects
            .extend(kept.map(|object| (object.id.clone(), object.clone())));
        whole
    }

    /// The object with this OID in this system catalog; a row type is its table, an array its element.
    pub(super) fn id_of(&self, class: u32, oid: u32) -> Option<&ObjectId> {
        // What is said of a function that came with a type is not said of the type.
        if class == ROUTINES {
            return self.state.id_of(class, oid, 0);
        }
        self.numbered(class, oid, 0)
    }

    fn numbered(&self, class: u32, oid: u32, number: i64) -> Option<&ObjectId> {
        let (class, oid) = super::behind(&self.stand_ins, class, oid);
        self.others
            .get(&(class, oid))
            .or_else(|| self.state.id_of(class, oid, number))
    }

    fn edges(&self, rows: &[SimpleQueryRow]) -> BTreeSet<Dependency> {
        let mut edges = BTreeSet::new();
        for row in rows.iter().map(Row) {
            let (Some(dependent), Some(on)) = (
                self.numbered(row.oid(0), row.oid(1), row.number(2)),
                self.numbered(row.oid(3), row.oid(4), row.number(5)),
            ) else {
                continue;
            };
            if dependent != on && !self.left_out.contains(dependent) && !self.left_out.contains(on) {
                edges.insert(Dependency {
                    dependent: dependent.clone(),
                    on: on.clone(),
                });
            }
        }
        edges
    }

    /// Adds what is said of objects and roles.
    fn say(&mut self, results: &[Vec<SimpleQueryRow>]) {
        self.comments(&results[Asked::COMMENTS]);
        self.labels(&results[Asked::LABELS]);
        self.owners(&results[Asked::OWNERS]);
        self.grants(&results[Asked::GRANTS]);
        self.default_privileges(&results[Asked::DEFAULTS]);
        self.memberships(&results[Asked::MEMBERSHIPS]);
    }

    fn reading(self, server: &Server, edges: BTreeSet<Dependency>, results: &[Vec<SimpleQueryRow>]) -> Reading {
        let mut catalog = Catalog::empty(server.clone());
        catalog.dependencies = edges;
        catalog.objects = self.objects;
        number_columns(&mut catalog.objects);
        forget_locality(&mut catalog);
        let pairs = |rows: &[SimpleQueryRow]| -> Vec<(String, String)> {
            let mut pairs: Vec<_> = rows
                .iter()
                .map(|row| (Row(row).text(0).to_owned(), Row(row).text(1).to_owned()))
                .collect();
            pairs.sort();
            pairs
        };
        let unmodelled = pairs(&results[Asked::UNMODELLED]);
        let unread = pairs(&results[Asked::UNREAD]);
        Reading {
            view_columns: columns_of_views(&catalog),
            catalog,
            unmodelled: unmodelled
                .into_iter()
                .map(|(kind, name)| Unmodelled { kind, name })
                .collect(),
            unread: unread.into_iter().map(|(what, why)| Unread { what, why }).collect(),
        }
    }
}

fn columns_of_views(catalog: &Catalog) -> BTreeMap<ObjectId, Vec<(String, String)>> {
    let views = catalog.objects.values().filter_map(|object| match &object.body {
        ObjectBody::View(view) => Some((object.id.clone(), view.postgres.as_ref()?)),
        _ => None,
    });
    views
        .map(|(id, view)| {
            let columns = view.columns.iter();
            (
                id,
                columns
                    .map(|column| (column.name.clone(), column.type_name.clone()))
                    .collect(),
            )
        })
        .collect()
}

/// Notes in objects which extensions they go with.
fn note_extensions(state: &mut CatalogState, rows: &[SimpleQueryRow]) {
    for row in rows.iter().map(Row) {
        let Some(key) = super::key(row.oid(0), row.oid(1), 0) else {
            continue;
        };
        let extensions = match state.object_mut(key).map(|object| &mut object.body) {
            Some(ObjectBody::Index(index)) => index.postgres.as_mut().map(|extra| &mut extra.extensions),
            Some(ObjectBody::View(view)) => view.postgres.as_mut().map(|extra| &mut extra.extensions),
            Some(ObjectBody::Routine(routine)) => routine.postgres.as_mut().map(|extra| &mut extra.extensions),
            Some(ObjectBody::Trigger(trigger)) => trigger.postgres.as_mut().map(|extra| &mut extra.extensions),
            _ => None,
        };
        if let Some(extensions) = extensions {
            extensions.push(row.text(2).to_owned());
        }
    }
}

/// A foreign key to a partitioned table has a constraint on its own table for each partition of that.
fn copies_of_foreign_keys(state: &CatalogState) -> BTreeSet<ObjectId> {
    let is_copy = |object: &Object| match &object.body {
        ObjectBody::Constraint(constraint) => constraint
            .postgres
            .as_ref()
            .and_then(|constraint| constraint.parent.as_ref())
            .is_some_and(|parent| parent.owner_table() == object.id.owner_table()),
        _ => false,
    };
    let objects = state.catalog().objects.values();
    objects
        .filter(|object| is_copy(object))
        .map(|object| object.id.clone())
        .collect()
}

/// Whether a partition would have a constraint by itself has no meaning while it is one, and tells how it became one.
fn forget_locality(catalog: &mut Catalog) {
    let partitions: BTreeSet<ObjectId> = catalog
        .tables()
        .filter(|(_, table)| table.partition.is_some())
        .map(|(id, _)| id.clone())
        .collect();
    for object in catalog.objects.values_mut() {
        if let ObjectBody::Constraint(constraint) = &mut object.body
            && object.id.owner_table().is_some_and(|table| partitions.contains(&table))
            && let Some(extra) = &mut constraint.postgres
            && extra.inherited
        {
            extra.local = false;
        }
    }
}

/// Dropped columns leave gaps in the numbers, which a copy does not have.
fn number_columns(objects: &mut BTreeMap<ObjectId, Object>) {
    let mut tables: BTreeMap<ObjectId, Vec<(u32, ObjectId)>> = BTreeMap::new();
    for object in objects.values() {
        if let (ObjectBody::Column(column), ObjectKind::Column) = (&object.body, object.id.kind)
            && let Some(table) = object.id.owner_table()
        {
            tables
                .entry(table)
                .or_default()
                .push((column.position, object.id.clone()));
        }
    }
    for columns in tables.values_mut() {
        columns.sort();
        for (place, (_, id)) in (1_u32..).zip(columns.iter()) {
            if let Some(ObjectBody::Column(column)) = objects.get_mut(id).map(|object| &mut object.body) {
                column.position = place;
            }
        }
    }
}
