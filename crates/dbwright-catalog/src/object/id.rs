//! Stable names of objects.

use std::fmt;

/// What kind of thing an [`ObjectId`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ObjectKind {
    /// A schema (PostgreSQL).
    Schema,
    /// An installed extension (PostgreSQL).
    Extension,
    /// A type: enum, domain, composite, range.
    Type,
    /// A sequence.
    Sequence,
    /// A table of any kind.
    Table,
    /// A column of a table.
    Column,
    /// A constraint of a table.
    Constraint,
    /// An index.
    Index,
    /// A view or materialised view.
    View,
    /// A function, procedure or aggregate.
    Routine,
    /// A trigger.
    Trigger,
    /// A rewrite rule (PostgreSQL).
    Rule,
    /// A row security policy (PostgreSQL).
    Policy,
    /// Extended statistics (PostgreSQL).
    Statistics,
    /// A collation (PostgreSQL).
    Collation,
    /// A trigger on definitions (PostgreSQL).
    EventTrigger,
    /// What logical replication sends (PostgreSQL).
    Publication,
    /// What logical replication receives (PostgreSQL).
    Subscription,
    /// A foreign data wrapper (PostgreSQL).
    ForeignDataWrapper,
    /// A foreign server (PostgreSQL).
    ForeignServer,
    /// Who a role is on a foreign server (PostgreSQL).
    UserMapping,
    /// A scheduled event (MySQL, MariaDB).
    Event,
    /// The comment on another object.
    Comment,
    /// Who owns another object (PostgreSQL); whose rights a view, routine, trigger or event runs with, its `DEFINER` (MySQL,
    /// MariaDB).
    Owner,
    /// What one role may do with another object.
    Grant,
    /// What a role will be granted on objects that do not exist yet (PostgreSQL).
    DefaultPrivilege,
    /// That one role is a member of another (PostgreSQL).
    Membership,
    /// The security label of another object (PostgreSQL).
    SecurityLabel,
}

impl ObjectKind {
    /// Every kind, in the order of their ids.
    pub const ALL: [ObjectKind; 28] = [
        ObjectKind::Schema,
        ObjectKind::Extension,
        ObjectKind::Type,
        ObjectKind::Sequence,
        ObjectKind::Table,
        ObjectKind::Column,
        ObjectKind::Constraint,
        ObjectKind::Index,
        ObjectKind::View,
        ObjectKind::Routine,
        ObjectKind::Trigger,
        ObjectKind::Rule,
        ObjectKind::Policy,
        ObjectKind::Statistics,
        ObjectKind::Collation,
        ObjectKind::EventTrigger,
        ObjectKind::Publication,
        ObjectKind::Subscription,
        ObjectKind::ForeignDataWrapper,
        ObjectKind::ForeignServer,
        ObjectKind::UserMapping,
        ObjectKind::Event,
        ObjectKind::Comment,
        ObjectKind::Owner,
        ObjectKind::Grant,
        ObjectKind::DefaultPrivilege,
        ObjectKind::Membership,
        ObjectKind::SecurityLabel,
    ];

    /// Whether it says something of another object, whose kind and path its own path begins with.
    pub fn is_satellite(self) -> bool {
        matches!(
            self,
            ObjectKind::Comment | ObjectKind::Owner | ObjectKind::Grant | ObjectKind::SecurityLabel
        )
    }

    /// The word for it in sentences: `table`, `column`.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Schema => "schema",
            ObjectKind::Extension => "extension",
            ObjectKind::Type => "type",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Table => "table",
            ObjectKind::Column => "column",
            ObjectKind::Constraint => "constraint",
            ObjectKind::Index => "index",
            ObjectKind::View => "view",
            ObjectKind::Routine => "routine",
            ObjectKind::Trigger => "trigger",
            ObjectKind::Rule => "rule",
            ObjectKind::Policy => "policy",
            ObjectKind::Statistics => "statistics",
            ObjectKind::Collation => "collation",
            ObjectKind::EventTrigger => "event trigger",
            ObjectKind::Publication => "publication",
            ObjectKind::Subscription => "subscription",
            ObjectKind::ForeignDataWrapper => "foreign data wrapper",
            ObjectKind::ForeignServer => "foreign server",
            ObjectKind::UserMapping => "user mapping",
            ObjectKind::Event => "event",
            ObjectKind::Comment => "comment",
            ObjectKind::Owner => "owner",
            ObjectKind::Grant => "grant",
            ObjectKind::DefaultPrivilege => "default privilege",
            ObjectKind::Membership => "membership",
            ObjectKind::SecurityLabel => "security label",
        }
    }
}

/// The stable name of an object: its kind and its path.
///
/// Shapes of the path (no part is quoted):
///
/// | kind | path |
/// | --- | --- |
/// | schema, extension, event trigger, publication, subscription, foreign data wrapper, foreign server | `[name]` |
/// | type, sequence, table, index, view, statistics, collation, event | `[schema, name]` |
/// | routine | `[schema, name(argument types)]` |
/// | column, constraint, trigger, rule, policy | `[schema, table, name]` |
/// | index (MySQL, MariaDB) | `[schema, table, name]`: its name is unique within the table only |
/// | user mapping | `[server, role]` |
/// | comment, owner | `[kind, path…]` of what it is on |
/// | grant | `[kind, path…, grantee]` |
/// | security label | `[kind, path…, provider]` |
/// | default privilege | `[role, schema or nothing, kind, grantee]` |
/// | membership | `[role, member]` |
///
/// The schema of SQLite objects is `main`. On MySQL and MariaDB, where a schema is a database, it is `main` for the
/// database that the migrations are for, and the database's name for any other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ObjectId {
    /// What it is.
    pub kind: ObjectKind,
    /// Its path, outermost name first.
    pub path: Vec<String>,
}

impl ObjectId {
    /// An id from its kind and path.
    pub fn new<P: Into<String>>(kind: ObjectKind, path: impl IntoIterator<Item = P>) -> Self {
        ObjectId {
            kind,
            path: path.into_iter().map(Into::into).collect(),
        }
    }

    /// The table `schema.name`.
    pub fn table(schema: impl Into<String>, name: impl Into<String>) -> Self {
        ObjectId {
            kind: ObjectKind::Table,
            path: vec![schema.into(), name.into()],
        }
    }

    /// The column `name` of this table.
    #[must_use]
    pub fn column(&self, name: impl Into<String>) -> Self {
        self.child(ObjectKind::Column, name)
    }

    /// A part of this object: a column, constraint or trigger of a table; on MySQL and MariaDB also an index.
    #[must_use]
    pub fn child(&self, kind: ObjectKind, name: impl Into<String>) -> Self {
        let mut path = self.path.clone();
        path.push(name.into());
        ObjectId { kind, path }
    }

    /// What is said of this object: its comment or its owner.
    #[must_use]
    pub fn satellite(&self, kind: ObjectKind) -> Self {
        ObjectId {
            kind,
            path: std::iter::once(self.kind.name().to_owned())
                .chain(self.path.iter().cloned())
                .collect(),
        }
    }

    /// The same with one more part: a grant to somebody, the label of a provider.
    #[must_use]
    pub fn satellite_of(&self, kind: ObjectKind, whose: impl Into<String>) -> Self {
        let mut id = self.satellite(kind);
        id.path.push(whose.into());
        id
    }

    /// The object that a comment, owner, grant or label is on.
    pub fn target(&self) -> Option<ObjectId> {
        let path = match self.kind {
            ObjectKind::Comment | ObjectKind::Owner => self.path.as_slice(),
            ObjectKind::Grant | ObjectKind::SecurityLabel => self.path.split_last()?.1,
            _ => return None,
        };
        let (kind, path) = path.split_first()?;
        let kind = ObjectKind::ALL.into_iter().find(|known| known.name() == kind)?;
        Some(ObjectId::new(kind, path))
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The schema (for a schema or an extension: its own name; for what is said of another object: that of the object).
    pub fn schema(&self) -> &str {
        let place = match self.kind {
            ObjectKind::DefaultPrivilege => 1,
            kind => usize::from(kind.is_satellite()),
        };
        self.path.get(place).map_or("", String::as_str)
    }

    /// The table that a column, constraint, trigger, rule or policy belongs to; also that of an index, where the path names
    /// it.
    pub fn owner_table(&self) -> Option<ObjectId> {
        match (self.kind, self.path.as_slice()) {
            (
                ObjectKind::Column
                | ObjectKind::Constraint
                | ObjectKind::Trigger
                | ObjectKind::Index
                | ObjectKind::Rule
                | ObjectKind::Policy,
                [schema, table, _],
            ) => Some(ObjectId::table(schema.clone(), table.clone())),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectId {
    /// The path with dots, without the schemas that nobody writes (`public`, `main`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.target()) {
            (ObjectKind::Comment | ObjectKind::Owner, Some(target)) => {
                return write!(f, "{} {target}", target.kind.name());
            }
            (ObjectKind::Grant, Some(target)) => {
                return write!(f, "{} {target} to {}", target.kind.name(), self.name());
            }
            (ObjectKind::SecurityLabel, Some(target)) => {
                return write!(f, "{} {target} by {}", target.kind.name(), self.name());
            }
            _ => {}
        }
        let path = match self.path.as_slice() {
            [schema, rest @ ..] if !rest.is_empty() && (schema == "public" || schema == "main") => rest,
            path => path,
        };
        f.write_str(&path.join("."))
    }
}
