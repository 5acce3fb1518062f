//! What a definition of MySQL or MariaDB holds, taken apart.

use crate::summary::TableName;

/// A statement, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MySqlFamilyStatement {
    /// `CREATE TABLE`.
    CreateTable(Box<CreateTable>),
    /// `ALTER TABLE`: the table and its items. An item that is not understood ends the list as [`AlterItem::Other`].
    AlterTable {
        /// `IF EXISTS` (MariaDB).
        if_exists: bool,
        /// `IGNORE` (MariaDB).
        ignore: bool,
        /// `NOWAIT` (MariaDB): no lock is waited for.
        no_wait: bool,
        /// The table.
        table: TableName,
        /// Its items, without `ALGORITHM` and `LOCK`, which
        /// [`summarise_mysql_family`](crate::summarise_mysql_family) tells.
        items: Vec<AlterItem>,
    },
    /// `CREATE INDEX`.
    CreateIndex {
        /// The table.
        table: TableName,
        /// The index.
        index: IndexDefinition,
        /// `IF NOT EXISTS` (MariaDB).
        if_not_exists: bool,
    },
    /// `DROP INDEX`.
    DropIndex {
        /// The table.
        table: TableName,
        /// The index.
        name: String,
        /// `IF EXISTS` (MariaDB).
        if_exists: bool,
    },
    /// `RENAME TABLE`: old and new names.
    RenameTables(Vec<(TableName, TableName)>),
    /// `DROP TABLE`, without those that are the session's own.
    DropTables {
        /// The tables.
        names: Vec<TableName>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `TRUNCATE TABLE`.
    TruncateTable(TableName),
    /// `CREATE VIEW`, `ALTER VIEW`.
    CreateView {
        /// The view.
        name: TableName,
        /// `OR REPLACE`.
        or_replace: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `ALTER VIEW`: it has to be there.
        alters: bool,
        /// Its query, as written.
        query: String,
    },
    /// `DROP VIEW`.
    DropViews {
        /// The views.
        names: Vec<TableName>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `CREATE TRIGGER`.
    CreateTrigger {
        /// The trigger.
        name: String,
        /// Its table.
        table: TableName,
        /// `OR REPLACE` (MariaDB).
        or_replace: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP TRIGGER`.
    DropTrigger {
        /// The trigger.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `CREATE PROCEDURE`, `CREATE FUNCTION`.
    CreateRoutine {
        /// The routine.
        name: TableName,
        /// Whether it is a function.
        is_function: bool,
        /// `OR REPLACE` (MariaDB).
        or_replace: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `IN`, `OUT`, `INOUT` and the type of each parameter.
        parameters: Vec<(&'static str, TypeText)>,
    },
    /// `DROP PROCEDURE`, `DROP FUNCTION`.
    DropRoutine {
        /// The routine.
        name: TableName,
        /// Whether it is a function.
        is_function: bool,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `UPDATE` or `DELETE` of a single table, with whether `WHERE` or `LIMIT` stands in it.
    WriteRows {
        /// The table.
        table: TableName,
        /// Whether it may concern some rows only.
        filtered: bool,
    },
    /// Anything else.
    Unknown,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub name: TableName,
    /// `OR REPLACE` (MariaDB).
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// The table whose definition it takes: `LIKE`.
    pub like: Option<TableName>,
    /// Whether it takes the rows, and maybe columns, of a query.
    pub from_query: bool,
    /// Columns, keys and constraints.
    pub elements: Vec<Element>,
    /// Options by their name in capitals: `ENGINE`, `CHARACTER SET`, `COLLATE`, `ROW_FORMAT`.
    pub options: Vec<(String, String)>,
    /// `PARTITION BY`.
    pub partitions: Option<Partitions>,
    /// What was not understood.
    pub not_understood: Option<String>,
}

/// An element of the list of `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// A column.
    Column(Box<ColumnDefinition>),
    /// An index or key.
    Index(IndexDefinition),
    /// `FOREIGN KEY`.
    ForeignKey(ForeignKeyDefinition),
    /// `CHECK`.
    Check(CheckDefinition),
    /// `PERIOD FOR` (MariaDB).
    Period,
}

/// A type as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeText {
    /// Its name in lower case, with single spaces: `int`, `double precision`.
    pub name: String,
    /// What stands in parentheses: `10`, `2`; labels of `enum` with their quotes.
    pub arguments: Vec<String>,
    /// `UNSIGNED`.
    pub unsigned: bool,
    /// `ZEROFILL`.
    pub zerofill: bool,
    /// `CHARACTER SET`.
    pub charset: Option<String>,
    /// `COLLATE`.
    pub collation: Option<String>,
    /// `BINARY` behind a text type: the collation of bytes.
    pub binary: bool,
}

/// A default value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// `NULL`.
    Null,
    /// A number, string, `TRUE`, `FALSE` as it is written.
    Literal(String),
    /// `CURRENT_TIMESTAMP` and its synonyms.
    Moment(String),
    /// Anything else, in parentheses or not, as it is written.
    Expression(String),
}

/// A generated column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedText {
    /// The expression, as it is written.
    pub expression: String,
    /// `STORED`, `PERSISTENT`.
    pub stored: bool,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: TypeText,
    /// `NOT NULL`.
    pub not_null: bool,
    /// `NULL`, written.
    pub explicit_null: bool,
    /// `DEFAULT`.
    pub default: Option<DefaultValue>,
    /// `ON UPDATE`.
    pub on_update: Option<String>,
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// `PRIMARY KEY`.
    pub primary_key: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// `GENERATED ALWAYS AS`.
    pub generated: Option<GeneratedText>,
    /// `COMMENT`, unquoted.
    pub comment: Option<String>,
    /// `INVISIBLE`.
    pub invisible: bool,
    /// `SRID`.
    pub srid: Option<u32>,
    /// `REFERENCES`.
    pub references: Option<ForeignKeyDefinition>,
    /// `CHECK`.
    pub checks: Vec<CheckDefinition>,
}

/// Which kind of key an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `PRIMARY KEY`.
    Primary,
    /// `UNIQUE`.
    Unique,
    /// `INDEX`, `KEY`.
    Plain,
    /// `FULLTEXT`.
    FullText,
    /// `SPATIAL`.
    Spatial,
    /// `VECTOR` (MariaDB).
    Vector,
}

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// A column with the length of its prefix.
    Column {
        /// Its name.
        name: String,
        /// How much of it.
        length: Option<u32>,
        /// `DESC`.
        descending: bool,
    },
    /// An expression, without its parentheses (MySQL).
    Expression(String),
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    /// Its name, where it has one; also that of a constraint.
    pub name: Option<String>,
    /// Which kind.
    pub kind: KeyKind,
    /// Its parts.
    pub parts: Vec<KeyPart>,
    /// `USING`, in lower case.
    pub method: Option<String>,
    /// `INVISIBLE`, `IGNORED`.
    pub hidden: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKeyDefinition {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The name of its index, where one is written.
    pub index: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it refers to.
    pub parent: TableName,
    /// The columns there; none where none are written.
    pub parent_columns: Vec<String>,
    /// `ON DELETE`, in capitals.
    pub on_delete: Option<String>,
    /// `ON UPDATE`, in capitals.
    pub on_update: Option<String>,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckDefinition {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The condition, as it is written.
    pub condition: String,
    /// Not `NOT ENFORCED`.
    pub enforced: bool,
}

/// `PARTITION BY` with what follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partitions {
    /// `RANGE (day)`, as it is written.
    pub key: String,
    /// Names and bounds, where they are listed.
    pub list: Vec<(String, String)>,
}

/// Where a column goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The end, or where it is.
    #[default]
    AsIs,
    /// `FIRST`.
    First,
    /// `AFTER` this column.
    After(String),
}

/// An item of `ALTER TABLE`. `if_exists` and `if_not_exists` are MariaDB's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterItem {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: ColumnDefinition,
        /// Where it goes.
        place: Place,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `MODIFY COLUMN`, `CHANGE COLUMN`.
    ChangeColumn {
        /// The column.
        from: String,
        /// What it becomes.
        column: ColumnDefinition,
        /// Where it goes.
        place: Place,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER COLUMN`.
    AlterColumn {
        /// The column.
        name: String,
        /// What is done.
        change: ColumnChange,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ADD INDEX`, `ADD PRIMARY KEY` …
    AddIndex {
        /// The index.
        index: IndexDefinition,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP INDEX`; `DROP PRIMARY KEY` with the name `PRIMARY`.
    DropIndex {
        /// The index.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `RENAME INDEX`.
    RenameIndex {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER INDEX … INVISIBLE`, `… IGNORED`.
    AlterIndex {
        /// The index.
        name: String,
        /// Whether queries do not use it.
        hidden: bool,
    },
    /// `ADD FOREIGN KEY`.
    AddForeignKey {
        /// The key.
        key: ForeignKeyDefinition,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP FOREIGN KEY`.
    DropForeignKey {
        /// The constraint.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ADD CHECK`.
    AddCheck {
        /// The check.
        check: CheckDefinition,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP CHECK`, `DROP CONSTRAINT`.
    DropConstraint {
        /// The constraint.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER CHECK … [NOT] ENFORCED`.
    AlterCheck {
        /// The constraint.
        name: String,
        /// Whether it is enforced from now on.
        enforced: bool,
    },
    /// `RENAME TO`.
    RenameTo(TableName),
    /// `CONVERT TO CHARACTER SET`.
    ConvertTo {
        /// The character set; nothing for `DEFAULT`.
        charset: Option<String>,
        /// The collation.
        collation: Option<String>,
    },
    /// An option of the table, by its name in capitals without `DEFAULT`.
    Option {
        /// The name.
        name: String,
        /// The value, as it is written.
        value: String,
    },
    /// `PARTITION BY`.
    PartitionBy(Partitions),
    /// `ADD PARTITION`, `REORGANIZE PARTITION` and so on, by its words.
    Partition {
        /// `ADD`, `DROP`, `TRUNCATE`, `COALESCE`, `REORGANIZE`, `REBUILD`, `EXCHANGE`, `REMOVE` …
        what: &'static str,
        /// The partitions that are named.
        names: Vec<String>,
        /// Those that are made.
        made: Vec<(String, String)>,
    },
    /// `FORCE`.
    Force,
    /// `ORDER BY`.
    OrderBy,
    /// `ADD SYSTEM VERSIONING`, `DROP SYSTEM VERSIONING` (MariaDB).
    SystemVersioning,
    /// Anything else, by its first word in capitals.
    Other(String),
}

/// What `ALTER COLUMN` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnChange {
    /// `SET DEFAULT`.
    SetDefault(DefaultValue),
    /// `DROP DEFAULT`.
    DropDefault,
    /// `SET VISIBLE`, `SET INVISIBLE`.
    Visibility {
        /// Whether it is hidden from `*`.
        invisible: bool,
    },
}
