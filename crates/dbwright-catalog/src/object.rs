//! The objects of a database, as flat plain data with stable ids.
//!
//! A property that two engines share is a field of the object; what one engine has alone stands in its `extra` enum.
//! There are no maps and no untyped values, so that the derived `PartialEq` compares what a person would forget.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::Server;

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
}

impl ObjectKind {
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
        }
    }
}

/// The stable name of an object: its kind and its path.
///
/// Shapes of the path (no part is quoted):
///
/// | kind | path |
/// | --- | --- |
/// | schema, extension | `[name]` |
/// | type, sequence, table, index, view | `[schema, name]` |
/// | routine | `[schema, name(argument types)]` |
/// | column, constraint, trigger | `[schema, table, name]` |
/// | index (MySQL, MariaDB) | `[schema, table, name]`: its name is unique within the table only |
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

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The schema (for a schema or an extension: its own name).
    pub fn schema(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// The table that a column, constraint or trigger belongs to; also that of an index, where the path names it.
    pub fn owner_table(&self) -> Option<ObjectId> {
        match (self.kind, self.path.as_slice()) {
            (
                ObjectKind::Column | ObjectKind::Constraint | ObjectKind::Trigger | ObjectKind::Index,
                [schema, table, _],
            ) => Some(ObjectId::table(schema.clone(), table.clone())),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectId {
    /// The path with dots, without the schemas that nobody writes (`public`, `main`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self.path.as_slice() {
            [schema, rest @ ..] if !rest.is_empty() && (schema == "public" || schema == "main") => rest,
            path => path,
        };
        f.write_str(&path.join("."))
    }
}

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
        self.objects.values().filter_map(move |object| match &object.body {
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
}

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schema {}

/// An installed extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Extension {
    /// Installed version.
    pub version: String,
    /// The schema that holds its objects.
    pub schema: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Table {
    /// What kind of table.
    pub kind: TableKind,
    /// `RANGE (created_at)` of a partitioned table.
    pub partition_key: Option<String>,
    /// Where it hangs as a partition.
    pub partition: Option<Partition>,
    /// Parents by inheritance (not by partitioning).
    pub inherits: Vec<ObjectId>,
    /// What one engine has alone.
    pub extra: TableExtra,
}

/// What kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TableKind {
    /// Rows are stored in it.
    Ordinary,
    /// Rows are stored in its partitions.
    Partitioned,
    /// Rows are stored elsewhere (foreign data wrapper).
    Foreign,
    /// A module answers for it (SQLite: FTS5, R-Tree).
    Virtual,
}

/// A table's place in a partitioned table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Partition {
    /// The partitioned table.
    pub parent: ObjectId,
    /// `FOR VALUES FROM (…) TO (…)` or `DEFAULT`, as the server prints it.
    pub bound: String,
    /// Whether it takes what no other partition takes.
    pub is_default: bool,
}

/// Properties of a table that one engine has alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TableExtra {
    /// PostgreSQL.
    Postgres(PostgresTable),
    /// MySQL and MariaDB.
    MySqlFamily(MySqlFamilyTable),
    /// SQLite.
    Sqlite(SqliteTable),
}

/// What only PostgreSQL tables have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresTable {
    /// `UNLOGGED`: contents are lost in a crash.
    pub unlogged: bool,
    /// Access method, `heap` for most.
    pub access_method: Option<String>,
    /// Storage parameters as the server keeps them: `fillfactor=70`.
    pub options: Vec<String>,
    /// `ENABLE ROW LEVEL SECURITY`.
    pub row_security: bool,
    /// `FORCE ROW LEVEL SECURITY`.
    pub force_row_security: bool,
    /// Which old values logical replication sends: `d`efault, `n`othing, `f`ull, `i`ndex.
    pub replica_identity: char,
}

/// What only tables of MySQL and MariaDB have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MySqlFamilyTable {
    /// Storage engine: `InnoDB`.
    pub storage_engine: String,
    /// Row format: `Dynamic`.
    pub row_format: String,
    /// Default character set of its columns: `utf8mb4`.
    pub charset: String,
    /// Default collation of its columns: `utf8mb4_0900_ai_ci`.
    pub collation: String,
    /// Its partitions in their order, as (name, bound): `VALUES LESS THAN (10)`, `VALUES IN (1,2)`; nothing where rows
    /// are spread by a hash.
    pub partitions: Vec<(String, String)>,
}

/// What only SQLite tables have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SqliteTable {
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// `AUTOINCREMENT` on its primary key.
    pub autoincrement: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Column {
    /// Place in the table, from 1. Dropped columns leave gaps on PostgreSQL.
    pub position: u32,
    /// The type as the server prints it: `character varying(20)`. Empty where SQLite has none.
    pub type_name: String,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Default expression.
    pub default: Option<String>,
    /// Generated columns.
    pub generated: Option<Generated>,
    /// Identity columns (PostgreSQL).
    pub identity: Option<Identity>,
    /// Collation, where it is not the type's own.
    pub collation: Option<String>,
    /// What one engine has alone.
    pub extra: ColumnExtra,
}

/// A generated column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generated {
    /// Stored or computed at every read.
    pub kind: GeneratedKind,
    /// Its expression, as the server prints it.
    pub expression: String,
}

/// Whether a generated column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GeneratedKind {
    /// Written with the row.
    Stored,
    /// Computed when read.
    Virtual,
}

/// Who gives the value of an identity column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Identity {
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
}

/// Properties of a column that one engine has alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ColumnExtra {
    /// PostgreSQL.
    Postgres(PostgresColumn),
    /// MySQL and MariaDB.
    MySqlFamily(MySqlFamilyColumn),
    /// SQLite.
    Sqlite(SqliteColumn),
}

/// What only PostgreSQL columns have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresColumn {
    /// `p`lain, `e`xternal, `m`ain, e`x`tended.
    pub storage: char,
    /// Compression method, where one was set (14 and later).
    pub compression: Option<char>,
    /// `SET STATISTICS`, where it was set.
    pub statistics_target: Option<i32>,
}

/// What only columns of MySQL and MariaDB have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MySqlFamilyColumn {
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// `INVISIBLE`.
    pub invisible: bool,
    /// Character set of a text column.
    pub charset: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP`, its expression as the server prints it.
    pub on_update: Option<String>,
    /// `SRID` of a spatial column that demands one (MySQL).
    pub srid: Option<u32>,
}

/// What only SQLite columns have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SqliteColumn {
    /// Place in the primary key, from 1; 0 where it is no part of it.
    pub primary_key_position: u32,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Constraint {
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether existing rows are known to satisfy it. `NOT VALID` ones check only new rows.
    pub validated: bool,
    /// Whether it is checked at all (PostgreSQL 18 knows `NOT ENFORCED`).
    pub enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub initially_deferred: bool,
    /// `NO INHERIT`.
    pub no_inherit: bool,
    /// The index that enforces it.
    pub index: Option<ObjectId>,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConstraintKind {
    /// `PRIMARY KEY` over these columns.
    PrimaryKey(Vec<String>),
    /// `UNIQUE` over these columns.
    Unique(Vec<String>),
    /// `FOREIGN KEY`.
    ForeignKey(ForeignKey),
    /// `CHECK`, with its expression as the server prints it, without the outer parentheses of the definition.
    Check(String),
    /// `EXCLUDE`, as the server prints it.
    Exclusion(String),
    /// A named `NOT NULL` (PostgreSQL 18) of this column.
    NotNull(String),
    /// A constraint trigger (PostgreSQL).
    Trigger,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignKey {
    /// Columns of the referencing table.
    pub columns: Vec<String>,
    /// The referenced table.
    pub references: ObjectId,
    /// Columns of the referenced table.
    pub referenced_columns: Vec<String>,
    /// `CASCADE`, `SET NULL`, `SET DEFAULT`, `RESTRICT`, `NO ACTION`.
    pub on_delete: String,
    /// The same for updates of the key.
    pub on_update: String,
    /// `MATCH FULL`.
    pub match_full: bool,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Index {
    /// The table (or materialised view) it belongs to.
    pub table: ObjectId,
    /// `btree`, `gin` … (SQLite: `btree`).
    pub method: String,
    /// The key parts as the server prints them, each a column or an expression with its options.
    pub keys: Vec<String>,
    /// `INCLUDE` columns.
    pub included: Vec<String>,
    /// `WHERE` of a partial index.
    pub predicate: Option<String>,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// Whether a constraint owns it (primary key, unique, exclusion).
    pub of_constraint: bool,
    /// Whether queries may use it. A failed `CREATE INDEX CONCURRENTLY` leaves it invalid.
    pub valid: bool,
}

/// A view or materialised view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// Whether it stores its rows.
    pub materialized: bool,
    /// Its query, as the server prints it.
    pub query: String,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Routine {
    /// What kind of routine.
    pub kind: RoutineKind,
    /// `sql`, `plpgsql`, `c`.
    pub language: String,
    /// What it returns, as the server prints it; nothing for procedures.
    pub returns: Option<String>,
    /// What the planner may assume of it.
    pub volatility: Volatility,
    /// `SECURITY DEFINER`.
    pub security_definer: bool,
    /// `STRICT`.
    pub strict: bool,
}

/// What kind of routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RoutineKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A window function.
    Window,
}

/// What the planner may assume of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Volatility {
    /// The same arguments give the same result for ever.
    Immutable,
    /// The same within one statement.
    Stable,
    /// Anything.
    Volatile,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trigger {
    /// The function it calls (PostgreSQL).
    pub function: Option<ObjectId>,
    /// Whether it fires for ordinary sessions.
    pub enabled: bool,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Type {
    /// What kind of type.
    pub kind: TypeKind,
}

/// What kind of type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TypeKind {
    /// An enum with its labels in order.
    Enum(Vec<String>),
    /// A domain.
    Domain {
        /// The type below it, as the server prints it.
        base: String,
        /// Whether NULL is refused.
        not_null: bool,
        /// Default expression.
        default: Option<String>,
        /// Expressions of its checks, as the server prints them, with `VALUE` for the value.
        checks: Vec<String>,
    },
    /// A composite type: attributes as (name, type).
    Composite(Vec<(String, String)>),
    /// A range over this type.
    Range(String),
    /// Any other type of a user (base types of extensions, shells).
    Other,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence {
    /// `bigint`, `integer`, `smallint`.
    pub type_name: String,
    /// First value.
    pub start: i64,
    /// Step.
    pub increment: i64,
    /// Lowest value.
    pub minimum: i64,
    /// Highest value.
    pub maximum: i64,
    /// Whether it starts again at the end.
    pub cycle: bool,
    /// The column that owns it.
    pub owned_by: Option<ObjectId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Version};

    fn column(position: u32) -> ObjectBody {
        ObjectBody::Column(Column {
            position,
            type_name: "integer".into(),
            not_null: false,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            extra: ColumnExtra::Sqlite(SqliteColumn {
                primary_key_position: 0,
            }),
        })
    }

    #[test]
    fn columns_of_a_table_come_in_its_order_and_without_those_of_its_neighbours() {
        let mut catalog = Catalog::empty(Server {
            engine: Engine::Sqlite,
            version: Version::new(3, 50, 0),
        });
        for (table, name, position) in [
            ("a", "x", 1),
            ("b", "z", 1),
            ("b", "y", 2),
            ("bb", "q", 1),
            ("c", "w", 1),
        ] {
            let id = ObjectId::table("main", table).column(name);
            catalog.objects.insert(
                id.clone(),
                Object {
                    id,
                    definition: String::new(),
                    body: column(position),
                },
            );
        }
        let table = ObjectId::table("main", "b");
        let names: Vec<_> = catalog
            .columns(&table)
            .into_iter()
            .map(|(id, _)| id.name().to_owned())
            .collect();
        assert_eq!(names, ["z", "y"]);
    }

    #[test]
    fn ids_are_shown_without_the_schema_that_nobody_writes() {
        assert_eq!(ObjectId::table("public", "t").to_string(), "t");
        assert_eq!(ObjectId::table("app", "t").column("c").to_string(), "app.t.c");
        assert_eq!(ObjectId::new(ObjectKind::Schema, ["public"]).to_string(), "public");
    }
}
