//! What a statement of PostgreSQL holds, as plain data: names unquoted and folded, types as the server prints them,
//! expressions as they are written.

/// A name with its schema, where that is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The schema, where it is written.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// What a statement is and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresStatement {
    /// `CREATE TABLE` with a list of columns.
    CreateTable(CreateTable),
    /// `CREATE TABLE … AS`, `SELECT … INTO`, `CREATE MATERIALIZED VIEW`, `CREATE VIEW`.
    CreateFromQuery(CreateFromQuery),
    /// `ALTER TABLE`, and the same for indexes, views, sequences and foreign tables.
    Alter(Alter),
    /// `DROP` of anything.
    Drop(Drop),
    /// `CREATE INDEX`.
    CreateIndex(CreateIndex),
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh {
        /// The view.
        name: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// Not `WITH NO DATA`.
        with_data: bool,
    },
    /// `TRUNCATE`.
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// `CASCADE`.
        cascade: bool,
        /// `RESTART IDENTITY`.
        restart_identity: bool,
    },
    /// `CREATE SEQUENCE`.
    CreateSequence {
        /// The sequence.
        name: Name,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `TEMPORARY`.
        temporary: bool,
        /// `OWNED BY table.column`.
        owned_by: Option<(Name, String)>,
    },
    /// `ALTER SEQUENCE` with options of the sequence itself.
    AlterSequence {
        /// The sequence.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `OWNED BY table.column`.
        owned_by: Option<(Name, String)>,
    },
    /// `CREATE TYPE`.
    CreateType {
        /// The type.
        name: Name,
        /// What kind.
        kind: NewType,
    },
    /// `ALTER TYPE`.
    AlterType {
        /// The type.
        name: Name,
        /// What is done.
        action: TypeAction,
    },
    /// `CREATE DOMAIN`.
    CreateDomain {
        /// The domain.
        name: Name,
        /// The type below it.
        base: TypeName,
        /// Default expression.
        default: Option<String>,
        /// `NOT NULL`.
        not_null: bool,
        /// Its checks, each with its name where it has one.
        checks: Vec<(Option<String>, String)>,
    },
    /// `ALTER DOMAIN`.
    AlterDomain {
        /// The domain.
        name: Name,
        /// What is done.
        action: DomainAction,
    },
    /// `CREATE FUNCTION`, `CREATE PROCEDURE`, `CREATE AGGREGATE`.
    CreateRoutine(CreateRoutine),
    /// `CREATE TRIGGER`.
    CreateTrigger {
        /// The trigger.
        name: String,
        /// Its table.
        table: Name,
        /// `OR REPLACE`.
        or_replace: bool,
        /// `CONSTRAINT`.
        constraint: bool,
        /// The function it calls.
        function: Name,
    },
    /// `ALTER TRIGGER name ON table …`, `DROP`ped ones are [`PostgresStatement::Drop`].
    AlterTrigger {
        /// The trigger.
        name: String,
        /// Its table.
        table: Name,
        /// The new name of `RENAME TO`.
        rename: Option<String>,
    },
    /// `CREATE RULE`, `CREATE POLICY`, `ALTER POLICY`, `ALTER RULE`: what hangs on a table and changes how it is read.
    OnTable {
        /// The table.
        table: Name,
    },
    /// `CREATE STATISTICS`.
    CreateStatistics {
        /// Its name, where it has one.
        name: Option<Name>,
        /// The words of what it is over.
        over: Vec<String>,
        /// The table.
        table: Name,
    },
    /// `CREATE SCHEMA`.
    CreateSchema {
        /// The schema.
        name: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// Whether objects are made with it.
        elements: bool,
    },
    /// `ALTER SCHEMA … RENAME TO`.
    RenameSchema {
        /// The schema.
        name: String,
        /// The new name.
        to: String,
    },
    /// `COMMENT ON`, `SECURITY LABEL ON`: on a relation, or something of one.
    CommentOnRelation {
        /// The relation.
        name: Name,
    },
    /// `REINDEX`.
    Reindex {
        /// What is rebuilt.
        target: ReindexTarget,
        /// Which one; nothing for the current database.
        name: Option<Name>,
        /// `CONCURRENTLY`.
        concurrently: bool,
    },
    /// `CLUSTER`.
    Cluster {
        /// The table; nothing for all.
        table: Option<Name>,
        /// The index.
        index: Option<String>,
    },
    /// `VACUUM`.
    Vacuum {
        /// The tables; none for all.
        tables: Vec<Name>,
        /// `FULL`.
        full: bool,
    },
    /// `ANALYZE`.
    Analyze {
        /// The tables; none for all.
        tables: Vec<Name>,
    },
    /// `LOCK TABLE`.
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// The mode in lower case, as in `access exclusive`.
        mode: String,
    },
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `COPY … FROM`.
    Write {
        /// What it does, in capitals: `INSERT`.
        verb: &'static str,
        /// The table.
        table: Name,
        /// Whether every row is concerned: `UPDATE` and `DELETE` without `WHERE`.
        all_rows: bool,
    },
    /// `SELECT` and the like.
    Query,
    /// `SET name = value`, with `LOCAL`.
    Set {
        /// The setting in lower case.
        name: String,
        /// Its values as they are written, unquoted; none for `DEFAULT`.
        values: Vec<String>,
        /// `SET LOCAL`.
        local: bool,
    },
    /// What touches no relation: `GRANT`, `CREATE COLLATION`, `SHOW` …
    NoRelation,
    /// Nothing that is understood, by its first words in capitals.
    Unknown(String),
}

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `UNLOGGED`.
    pub unlogged: bool,
    /// `FOREIGN TABLE`.
    pub foreign: bool,
    /// Its columns.
    pub columns: Vec<ColumnDefinition>,
    /// Its constraints.
    pub constraints: Vec<TableConstraint>,
    /// `LIKE source`, with the words of `INCLUDING` in lower case.
    pub like: Vec<(Name, Vec<String>)>,
    /// `INHERITS`.
    pub inherits: Vec<Name>,
    /// `PARTITION OF parent`.
    pub partition_of: Option<Name>,
    /// `FOR VALUES …` or `DEFAULT`, as it is written.
    pub bound: Option<String>,
    /// `PARTITION BY`: `RANGE (created_at)`.
    pub partition_by: Option<String>,
    /// `OF type`.
    pub of_type: Option<Name>,
}

/// A column as it is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// `COLLATE`.
    pub collation: Option<String>,
    /// `NOT NULL`, with the name of the constraint where it has one.
    pub not_null: Option<Option<String>>,
    /// `NULL`, written out.
    pub null: bool,
    /// Default expression.
    pub default: Option<String>,
    /// `GENERATED ALWAYS AS (expression)`; `true` for `STORED`.
    pub generated: Option<(String, bool)>,
    /// `GENERATED … AS IDENTITY`; `true` for `ALWAYS`.
    pub identity: Option<bool>,
    /// Its constraints but `NOT NULL`, as constraints of the table.
    pub constraints: Vec<TableConstraint>,
}

/// A type, as the server prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type: `character varying(20)`, `app.mood`, `integer[]`.
    pub printed: String,
    /// Whether it is a `serial` type; `printed` is then the integer type behind it.
    pub serial: bool,
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableConstraint {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it demands.
    pub kind: TableConstraintKind,
    /// `NOT VALID`.
    pub not_valid: bool,
    /// `NOT ENFORCED` (18 and later).
    pub not_enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub initially_deferred: bool,
    /// `NO INHERIT`.
    pub no_inherit: bool,
}

/// What a constraint of a table demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableConstraintKind {
    /// `PRIMARY KEY` over these columns.
    PrimaryKey(Vec<String>),
    /// `UNIQUE` over these columns.
    Unique {
        /// The columns.
        columns: Vec<String>,
        /// `NULLS NOT DISTINCT`.
        nulls_not_distinct: bool,
    },
    /// `PRIMARY KEY USING INDEX`, `UNIQUE USING INDEX`.
    UsingIndex {
        /// Whether it is the primary key.
        primary: bool,
        /// The index.
        index: String,
    },
    /// `CHECK (expression)`, without the parentheses.
    Check(String),
    /// `FOREIGN KEY`.
    ForeignKey {
        /// The referencing columns.
        columns: Vec<String>,
        /// The referenced table.
        references: Name,
        /// The referenced columns; none for the primary key.
        referenced_columns: Vec<String>,
        /// `ON DELETE`.
        on_delete: String,
        /// `ON UPDATE`.
        on_update: String,
    },
    /// `EXCLUDE`: the method, and the columns where all parts are columns.
    Exclude {
        /// `gist`, `btree`.
        method: String,
        /// The parts, as they are written; the name of the index is made from those that are columns.
        parts: Vec<IndexPart>,
    },
    /// `NOT NULL column` (18 and later).
    NotNull(String),
}

/// A part of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexPart {
    /// As it is written.
    pub text: String,
    /// The column, where it is one.
    pub column: Option<String>,
    /// What its name in a made-up name is based on, where it is a function.
    pub function: Option<String>,
}

/// `CREATE INDEX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The table.
    pub table: Name,
    /// `ON ONLY`.
    pub only: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `USING`; `btree` where nothing is written.
    pub method: String,
    /// Its parts.
    pub parts: Vec<IndexPart>,
    /// `INCLUDE`.
    pub included: Vec<String>,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// `WHERE`.
    pub predicate: Option<String>,
}

/// What a query fills or names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryTarget {
    /// A table.
    Table,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
}

/// `CREATE TABLE … AS`, `CREATE VIEW`, `CREATE MATERIALIZED VIEW`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateFromQuery {
    /// What is made.
    pub target: QueryTarget,
    /// Its name.
    pub name: Name,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Not `WITH NO DATA`.
    pub with_data: bool,
    /// Names of its columns, where they are written; for `SELECT`, those that can be told.
    pub columns: Option<Vec<String>>,
    /// The query.
    pub query: String,
    /// Every name behind `FROM`, `JOIN` or a comma of `FROM` that is not one of its `WITH`.
    pub reads: Vec<Name>,
}

/// What `ALTER` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlterKind {
    /// `ALTER TABLE`: of any relation.
    Table,
    /// `ALTER INDEX`.
    Index,
    /// `ALTER VIEW`.
    View,
    /// `ALTER MATERIALIZED VIEW`.
    MaterializedView,
    /// `ALTER SEQUENCE`.
    Sequence,
    /// `ALTER FOREIGN TABLE`.
    ForeignTable,
}

/// `ALTER TABLE` and its like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alter {
    /// What it names.
    pub kind: AlterKind,
    /// Which one.
    pub name: Name,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `ONLY`.
    pub only: bool,
    /// What is done to it, in order.
    pub actions: Vec<AlterAction>,
}

/// One item of an `ALTER TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterAction {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: Box<ColumnDefinition>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER COLUMN … TYPE`.
    Type {
        /// The column.
        column: String,
        /// The new type.
        type_name: TypeName,
        /// `COLLATE`.
        collation: Option<String>,
        /// `USING`.
        using: Option<String>,
    },
    /// `SET DEFAULT`, or `DROP DEFAULT` where there is none.
    Default {
        /// The column.
        column: String,
        /// The expression.
        default: Option<String>,
    },
    /// `SET NOT NULL`.
    SetNotNull(String),
    /// `DROP NOT NULL`.
    DropNotNull(String),
    /// `SET EXPRESSION` of a generated column.
    SetExpression(String, String),
    /// `DROP EXPRESSION`.
    DropExpression(String),
    /// `ADD GENERATED … AS IDENTITY`.
    AddIdentity {
        /// The column.
        column: String,
        /// `ALWAYS`.
        always: bool,
    },
    /// `SET GENERATED …` and options of the sequence.
    SetIdentity(String),
    /// `DROP IDENTITY`.
    DropIdentity(String),
    /// `SET STATISTICS`.
    ColumnStatistics(String),
    /// `SET (n_distinct = …)`, `RESET (…)`.
    ColumnOptions(String),
    /// `SET STORAGE`, `SET COMPRESSION`, `OPTIONS (…)`.
    ColumnStorage(String),
    /// `ADD CONSTRAINT`.
    AddConstraint(TableConstraint),
    /// `DROP CONSTRAINT`.
    DropConstraint {
        /// The constraint.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    Validate(String),
    /// `ALTER CONSTRAINT`.
    AlterConstraint {
        /// The constraint.
        name: String,
        /// `DEFERRABLE`, `NOT DEFERRABLE`.
        deferrable: Option<bool>,
        /// `INITIALLY DEFERRED`.
        initially_deferred: bool,
        /// `ENFORCED`, `NOT ENFORCED` (18 and later).
        enforced: Option<bool>,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `RENAME CONSTRAINT`.
    RenameConstraint {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `RENAME TO`.
    RenameTo(String),
    /// `SET SCHEMA`.
    SetSchema(String),
    /// `OWNER TO`.
    Owner,
    /// `SET (…)`, `RESET (…)`: the names of the parameters.
    Options(Vec<String>),
    /// `SET LOGGED` (`true`), `SET UNLOGGED`.
    Logged(bool),
    /// `SET ACCESS METHOD`.
    AccessMethod(String),
    /// `SET TABLESPACE`.
    Tablespace(String),
    /// `CLUSTER ON` an index; nothing for `SET WITHOUT CLUSTER`.
    ClusterOn(Option<String>),
    /// `ENABLE TRIGGER`, `DISABLE TRIGGER`: the trigger or `all`, `user`.
    Trigger {
        /// Which.
        name: String,
        /// Whether it fires afterwards.
        enabled: bool,
    },
    /// `ENABLE RULE`, `DISABLE RULE`.
    Rule,
    /// `ENABLE ROW LEVEL SECURITY` and its kin: `Some` where it is switched, `None` for `FORCE`.
    RowSecurity(Option<bool>),
    /// `REPLICA IDENTITY`.
    ReplicaIdentity,
    /// `INHERIT parent`.
    Inherit(Name),
    /// `NO INHERIT parent`.
    NoInherit(Name),
    /// `ATTACH PARTITION`.
    Attach {
        /// The partition.
        partition: Name,
        /// `FOR VALUES …` or `DEFAULT`; empty for indexes.
        bound: String,
    },
    /// `DETACH PARTITION`.
    Detach {
        /// The partition.
        partition: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// `FINALIZE`.
        finalize: bool,
    },
    /// Anything else, by its first words.
    Unknown(String),
}

/// What a `DROP` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropKind {
    /// `TABLE`, `FOREIGN TABLE`.
    Table,
    /// `INDEX`.
    Index,
    /// `VIEW`.
    View,
    /// `MATERIALIZED VIEW`.
    MaterializedView,
    /// `SEQUENCE`.
    Sequence,
    /// `SCHEMA`.
    Schema,
    /// `TYPE`, `DOMAIN`.
    Type,
    /// `FUNCTION`, `PROCEDURE`, `ROUTINE`, `AGGREGATE`.
    Routine,
    /// `TRIGGER name ON table`.
    Trigger,
    /// `RULE name ON table`, `POLICY name ON table`.
    OnTable,
    /// `EXTENSION`.
    Extension,
    /// `STATISTICS`.
    Statistics,
}

/// `DROP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// What is named.
    pub kind: DropKind,
    /// Which ones; for what hangs on a table, its own name.
    pub names: Vec<Name>,
    /// The table, for what hangs on one.
    pub table: Option<Name>,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CASCADE`.
    pub cascade: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
}

/// A new type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewType {
    /// `AS ENUM`, with its labels.
    Enum(Vec<String>),
    /// `AS (…)`, with its attributes.
    Composite(Vec<(String, TypeName)>),
    /// `AS RANGE`, a base type, a shell.
    Other,
}

/// What an `ALTER TYPE` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeAction {
    /// `ADD VALUE`.
    AddValue {
        /// The label.
        label: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `BEFORE` (`true`) or `AFTER` another label.
        place: Option<(bool, String)>,
    },
    /// `RENAME VALUE`.
    RenameValue(String, String),
    /// `RENAME TO`.
    RenameTo(String),
    /// `SET SCHEMA`.
    SetSchema(String),
    /// `OWNER TO`, `SET (…)`.
    Owner,
    /// `ADD ATTRIBUTE`, `DROP ATTRIBUTE`, `ALTER ATTRIBUTE`, `RENAME ATTRIBUTE`.
    Attribute,
}

/// What an `ALTER DOMAIN` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainAction {
    /// `SET DEFAULT`, `DROP DEFAULT`.
    Default(Option<String>),
    /// `SET NOT NULL`.
    SetNotNull,
    /// `DROP NOT NULL`.
    DropNotNull,
    /// `ADD CONSTRAINT … CHECK`.
    AddCheck {
        /// Its name, where it has one.
        name: Option<String>,
        /// The expression.
        expression: String,
        /// `NOT VALID`.
        not_valid: bool,
    },
    /// `DROP CONSTRAINT`.
    DropConstraint(String),
    /// `VALIDATE CONSTRAINT`.
    Validate(String),
    /// `RENAME TO`.
    RenameTo(String),
    /// `SET SCHEMA`.
    SetSchema(String),
    /// `OWNER TO`, `RENAME CONSTRAINT`.
    Other,
}

/// `CREATE FUNCTION` and its like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRoutine {
    /// Its name.
    pub name: Name,
    /// Its arguments, as the server prints them where it tells the routine from others: mode, name and type.
    pub arguments: Vec<String>,
    /// `procedure`, `function`, `aggregate`.
    pub kind: &'static str,
    /// Its language in lower case; `sql` where a body stands without one.
    pub language: String,
    /// What it returns.
    pub returns: Option<String>,
    /// `immutable`, `stable`, `volatile`.
    pub volatility: &'static str,
    /// `SECURITY DEFINER`.
    pub security_definer: bool,
    /// `STRICT`.
    pub strict: bool,
}

/// What a `REINDEX` rebuilds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReindexTarget {
    /// `INDEX`.
    Index,
    /// `TABLE`.
    Table,
    /// `SCHEMA`, `DATABASE`, `SYSTEM`.
    Many,
}
