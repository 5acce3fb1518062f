//! All objects of one database, and one of them with its definition.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Collation, Column, Comment, Constraint, DefaultPrivilege, Event, EventTrigger, Extension, ForeignDataWrapper,
    ForeignServer, Grant, Index, Membership, ObjectId, ObjectKind, Owner, Policy, Publication, Routine, Rule, Schema,
    SecurityLabel, Sequence, Statistics, Subscription, Table, Trigger, Type, UserMapping, View,
};
use crate::{Engine, Server};

/// The objects of one database at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Catalog {
    /// Which server printed the definitions.
    pub server: Server,
    /// Every object, by id.
    pub objects: BTreeMap<ObjectId, Object>,
    /// What hangs on what, as the server knows it.
    pub dependencies: BTreeSet<Dependency>,
}

impl Catalog {
    /// The catalog of an empty database.
    pub fn empty(server: Server) -> Self {
        Catalog {
            server,
            objects: BTreeMap::new(),
            dependencies: BTreeSet::new(),
        }
    }

    /// The object with this id.
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id)
    }

    /// All tables, by id.
    pub fn tables(&self) -> impl Iterator<Item = (&ObjectId, &Table)> {
        self.objects.values().filter_map(|object| match &object.body {
            ObjectBody::Table(table) => Some((&object.id, table)),
            _ => None,
        })
    }

    /// The columns of a table in their order.
    pub fn columns<'a>(&'a self, table: &'a ObjectId) -> Vec<(&'a ObjectId, &'a Column)> {
        let mut columns: Vec<_> = self
            .children(table, ObjectKind::Column)
            .filter_map(|object| match &object.body {
                ObjectBody::Column(column) => Some((&object.id, column)),
                _ => None,
            })
            .collect();
        columns.sort_by_key(|(_, column)| column.position);
        columns
    }

    /// The constraints of a table, by name.
    pub fn constraints<'a>(&'a self, table: &'a ObjectId) -> impl Iterator<Item = (&'a ObjectId, &'a Constraint)> {
        self.children(table, ObjectKind::Constraint)
            .filter_map(|object| match &object.body {
                ObjectBody::Constraint(constraint) => Some((&object.id, constraint)),
                _ => None,
            })
    }

    /// The indexes of a table, by name.
    pub fn indexes<'a>(&'a self, table: &'a ObjectId) -> impl Iterator<Item = (&'a ObjectId, &'a Index)> {
        // Names of indexes are those of their table on MySQL and MariaDB, and of the whole schema elsewhere.
        let is_of_table = matches!(self.server.engine, Engine::MySql | Engine::MariaDb);
        let first = if is_of_table {
            table.child(ObjectKind::Index, "")
        } else {
            ObjectId::new(ObjectKind::Index, [] as [&str; 0])
        };
        self.objects
            .range(first..)
            .map(|(_, object)| object)
            .take_while(move |object| {
                object.id.kind == ObjectKind::Index
                    && (!is_of_table || object.id.path.len() == 3 && object.id.path[..2] == table.path[..])
            })
            .filter_map(|object| match &object.body {
                ObjectBody::Index(index) if index.table == *table => Some((&object.id, index)),
                _ => None,
            })
    }

    fn children<'a>(&'a self, table: &'a ObjectId, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
        let first = table.child(kind, "");
        self.objects
            .range(first..)
            .map(|(_, object)| object)
            .take_while(move |object| {
                object.id.kind == kind && object.id.path.len() == 3 && object.id.path[..2] == table.path[..]
            })
    }
}

/// `dependent` can't exist without `on`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dependency {
    /// What hangs.
    pub dependent: ObjectId,
    /// What it hangs on.
    pub on: ObjectId,
}

/// One object: its id, the server's own words for it, and what dbwright understood of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Object {
    /// Its stable id.
    pub id: ObjectId,
    /// The server's own definition text; where it has none, the canonical JSON of its catalog rows with names for OIDs.
    pub definition: String,
    /// The model of it.
    pub body: ObjectBody,
}

/// The model of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ObjectBody {
    /// A schema.
    Schema(Schema),
    /// An extension.
    Extension(Extension),
    /// A type.
    Type(Type),
    /// A sequence.
    Sequence(Sequence),
    /// A table.
    Table(Table),
    /// A column.
    Column(Column),
    /// A constraint.
    Constraint(Constraint),
    /// An index.
    Index(Index),
    /// A view.
    View(View),
    /// A routine.
    Routine(Routine),
    /// A trigger.
    Trigger(Trigger),
    /// A rewrite rule.
    Rule(Rule),
    /// A row security policy.
    Policy(Policy),
    /// Extended statistics.
    Statistics(Statistics),
    /// A collation.
    Collation(Collation),
    /// A trigger on definitions.
    EventTrigger(EventTrigger),
    /// What logical replication sends.
    Publication(Publication),
    /// What logical replication receives.
    Subscription(Subscription),
    /// A foreign data wrapper.
    ForeignDataWrapper(ForeignDataWrapper),
    /// A foreign server.
    ForeignServer(ForeignServer),
    /// Who a role is on a foreign server.
    UserMapping(UserMapping),
    /// A scheduled event.
    Event(Event),
    /// A comment.
    Comment(Comment),
    /// An owner.
    Owner(Owner),
    /// A grant.
    Grant(Grant),
    /// A default privilege.
    DefaultPrivilege(DefaultPrivilege),
    /// A membership.
    Membership(Membership),
    /// A security label.
    SecurityLabel(SecurityLabel),
}
