//! What the summary of a statement of MySQL or MariaDB holds.

use dbwright_catalog::{Algorithm, LockLevel, Span};

use crate::summary::Summary;

/// What a statement of MySQL or MariaDB says of itself, as far as running and watching it needs that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MySqlFamilySummary {
    /// What [`summarise`](crate::summarise) says.
    pub summary: Summary,
    /// What it is, more closely.
    pub form: Form,
    /// Whether it commits the open transaction before it runs
    /// (<https://dev.mysql.com/doc/refman/9.7/en/implicit-commit.html>,
    /// <https://mariadb.com/docs/server/reference/sql-statements/transactions/sql-statements-that-cause-an-implicit-commit>).
    /// Definitions commit themselves as well. `SET autocommit = 1` commits only where it was 0, and counts.
    pub implicit_commit: bool,
    /// Whether the table is the session's own: `CREATE TEMPORARY TABLE`, `DROP TEMPORARY TABLE`.
    pub temporary: bool,
    /// The tables concerned, in the order in which they are written: those that are defined, changed, dropped (views as
    /// well, for `DROP VIEW`), locked, or written to. For `RENAME TABLE` the old names. Of an `UPDATE` or `DELETE` over
    /// several tables, all that are named at the outermost level.
    pub tables: Vec<TableName>,
    /// What is done to the table: of `ALTER TABLE`, one for each item; one for `CREATE INDEX` and `DROP INDEX`; the
    /// new names for `RENAME TABLE`.
    pub actions: Vec<TableAction>,
    /// Where `ALGORITHM` and `LOCK` stand, or may stand. Nothing where the grammar has no place for them.
    pub online: Option<OnlineClause>,
}

/// A table as it is named in a statement. The case is that in which it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The database, where it is written.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `ALTER TABLE`.
    AlterTable,
    /// `CREATE TABLE` with a list of columns, or `LIKE`.
    CreateTable,
    /// `CREATE TABLE … SELECT`.
    CreateTableAs,
    /// `DROP TABLE`.
    DropTable,
    /// `RENAME TABLE`.
    RenameTable,
    /// `TRUNCATE TABLE`.
    TruncateTable,
    /// `CREATE INDEX`.
    CreateIndex,
    /// `DROP INDEX`.
    DropIndex,
    /// `OPTIMIZE TABLE`: rebuilds InnoDB tables.
    OptimizeTable,
    /// `ANALYZE TABLE`.
    AnalyzeTable,
    /// `CHECK TABLE`, `CHECKSUM TABLE`.
    CheckTable,
    /// `REPAIR TABLE`.
    RepairTable,
    /// `CREATE VIEW`, `ALTER VIEW`.
    CreateView,
    /// `DROP VIEW`.
    DropView,
    /// `CREATE TRIGGER`; its table stands in `tables`.
    CreateTrigger,
    /// `DROP TRIGGER`.
    DropTrigger,
    /// `CREATE PROCEDURE`, `CREATE FUNCTION`, `CREATE PACKAGE`, and their `ALTER`.
    CreateRoutine,
    /// `DROP PROCEDURE`, `DROP FUNCTION`, `DROP PACKAGE`.
    DropRoutine,
    /// `CREATE EVENT`, `ALTER EVENT`.
    CreateEvent,
    /// `DROP EVENT`.
    DropEvent,
    /// `CREATE SEQUENCE`, `ALTER SEQUENCE`, `DROP SEQUENCE` (MariaDB). Sequences are tables.
    Sequence,
    /// `INSERT`.
    Insert,
    /// `REPLACE`.
    Replace,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `LOAD DATA`, `LOAD XML`.
    LoadData,
    /// `SELECT`, `VALUES`, `TABLE`, with or without `WITH`.
    Select,
    /// `LOCK TABLES`.
    LockTables,
    /// `UNLOCK TABLES`.
    UnlockTables,
    /// `SET autocommit`: on or off.
    SetAutocommit(bool),
    /// `USE` with the database.
    Use(String),
    /// Anything else; its [`Summary`] says what kind of statement it is.
    Other,
}

/// One item of an `ALTER TABLE`, with names unquoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableAction {
    /// `ADD [COLUMN] name …`; one for each column of `ADD (a int, b int)`.
    AddColumn {
        /// The column.
        name: String,
    },
    /// `DROP [COLUMN] name`.
    DropColumn {
        /// The column.
        name: String,
    },
    /// `MODIFY [COLUMN] name …`.
    ModifyColumn {
        /// The column.
        name: String,
    },
    /// `CHANGE [COLUMN] from to …`.
    ChangeColumn {
        /// The old name.
        from: String,
        /// The new name, maybe the same.
        to: String,
    },
    /// `RENAME COLUMN from TO to`.
    RenameColumn {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `ALTER [COLUMN] name SET DEFAULT … | DROP DEFAULT | SET INVISIBLE …`.
    AlterColumn {
        /// The column.
        name: String,
    },
    /// `ADD [UNIQUE|FULLTEXT|SPATIAL|VECTOR] INDEX …`, `CREATE INDEX`.
    AddIndex {
        /// The index, where it has a name.
        name: Option<String>,
        /// Which kind.
        kind: IndexKind,
    },
    /// `DROP INDEX name`, also as a statement.
    DropIndex {
        /// The index.
        name: String,
    },
    /// `RENAME INDEX from TO to`.
    RenameIndex {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `ALTER INDEX name VISIBLE | INVISIBLE | IGNORED | NOT IGNORED`.
    AlterIndex {
        /// The index.
        name: String,
    },
    /// `ADD PRIMARY KEY`.
    AddPrimaryKey,
    /// `DROP PRIMARY KEY`.
    DropPrimaryKey,
    /// `ADD [CONSTRAINT name] FOREIGN KEY … REFERENCES parent`.
    AddForeignKey {
        /// The constraint, where it has a name.
        name: Option<String>,
        /// The table that it refers to.
        parent: Option<TableName>,
    },
    /// `DROP FOREIGN KEY name`.
    DropForeignKey {
        /// The constraint.
        name: String,
    },
    /// `ADD [CONSTRAINT name] CHECK (…)`.
    AddCheck {
        /// The constraint, where it has a name.
        name: Option<String>,
    },
    /// `DROP CHECK name`, `DROP CONSTRAINT name`.
    DropConstraint {
        /// The constraint.
        name: String,
    },
    /// `ALTER CHECK name …`, `ALTER CONSTRAINT name …`.
    AlterConstraint {
        /// The constraint.
        name: String,
    },
    /// `RENAME [TO] name`; of `RENAME TABLE`, the new name of the table at the same place in `tables`.
    RenameTo(TableName),
    /// `CONVERT TO CHARACTER SET …`.
    ConvertCharacterSet,
    /// An option of the table, by its name in capitals: `ENGINE`, `AUTO_INCREMENT`, `ROW_FORMAT`, `DEFAULT CHARACTER
    /// SET`, `COLLATE`.
    Option(String),
    /// An operation on partitions, by its words: `ADD PARTITION`, `PARTITION BY`, `REMOVE PARTITIONING`.
    Partition(&'static str),
    /// `FORCE`: rebuilds the table.
    Force,
    /// `ORDER BY`.
    OrderBy,
    /// `DISABLE KEYS`, `ENABLE KEYS`.
    Keys,
    /// `DISCARD TABLESPACE`, `IMPORT TABLESPACE`, also of partitions.
    Tablespace,
    /// `ADD SYSTEM VERSIONING`, `DROP SYSTEM VERSIONING`, `ADD PERIOD`, `DROP PERIOD` (MariaDB).
    Versioning,
    /// Anything else, by its first words in capitals.
    Other(String),
}

/// The kind of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// `INDEX`, `KEY`.
    Plain,
    /// `UNIQUE`.
    Unique,
    /// `FULLTEXT`.
    FullText,
    /// `SPATIAL`.
    Spatial,
    /// `VECTOR` (MariaDB).
    Vector,
}

/// Where `ALGORITHM` and `LOCK` stand in a statement, or may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineClause {
    /// Its own `ALGORITHM`, the last one where it has several.
    pub algorithm: Option<Requested<Algorithm>>,
    /// Its own `LOCK`, the last one where it has several.
    pub lock: Option<Requested<LockLevel>>,
    /// The byte of the statement's text where clauses can be put (see [`MySqlFamilySummary::with_online_clause`]).
    pub insert_at: usize,
    /// What must stand between the clauses.
    pub(super) separator: Separator,
    /// The spans of the statement's own clauses, each with the comma that goes with it.
    pub(super) own: Vec<Span>,
    /// For `DROP INDEX` on MariaDB, which has no place for clauses: the index and the table as they are written, for an
    /// `ALTER TABLE` that does the same.
    pub(super) as_alter_table: Option<(Span, Span)>,
}

/// A clause that a statement itself has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested<T> {
    /// Its value; nothing for `DEFAULT` and for what is not known.
    pub value: Option<T>,
    /// Where it stands, in bytes of the statement's text, without commas.
    pub span: Span,
}

/// How clauses are joined to the rest of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// `ALTER TABLE t ALGORITHM=…, LOCK=…, ADD …`: commas between them and behind them.
    CommaBehind,
    /// `ALTER TABLE t ALGORITHM=…, LOCK=… PARTITION BY …`: commas only between them.
    CommaBetween,
    /// `CREATE INDEX … ALGORITHM=… LOCK=…`: none.
    Space,
}

impl MySqlFamilySummary {
    /// A statement of which nothing else is known.
    pub(in crate::summary) fn of(summary: Summary) -> Self {
        MySqlFamilySummary {
            summary,
            form: Form::Other,
            implicit_commit: false,
            temporary: false,
            tables: Vec::new(),
            actions: Vec::new(),
            online: None,
        }
    }

    pub(super) fn with_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    pub(super) fn with_tables(mut self, tables: Vec<TableName>) -> Self {
        self.tables = tables;
        self
    }

    /// A statement that commits by itself.
    pub(super) fn committing(summary: Summary) -> Self {
        let mut committing = MySqlFamilySummary::of(summary);
        committing.implicit_commit = true;
        committing
    }

    /// A definition, which commits by itself.
    pub(super) fn definition(form: Form) -> Self {
        MySqlFamilySummary::committing(Summary::Definition).with_form(form)
    }

    /// The statement with these clauses in place of its own; a clause that is not given is left out. Nothing where the
    /// grammar has no place for clauses. `DROP INDEX i ON t` becomes `ALTER TABLE t …, DROP INDEX i` on MariaDB.
    pub fn with_online_clause(
        &self,
        text: &str,
        algorithm: Option<Algorithm>,
        lock: Option<LockLevel>,
    ) -> Option<String> {
        let online = self.online.as_ref()?;
        let mut clauses: Vec<String> = Vec::new();
        clauses.extend(algorithm.map(|algorithm| format!("ALGORITHM={}", algorithm.name())));
        clauses.extend(lock.map(|lock| format!("LOCK={}", lock.name())));
        let mut clause = clauses.join(match online.separator {
            Separator::CommaBehind | Separator::CommaBetween => ", ",
            Separator::Space => " ",
        });
        if !clause.is_empty() {
            clause.insert(0, ' ');
            if online.separator == Separator::CommaBehind {
                clause.push(',');
            }
        }
        if let Some((index, table)) = online.as_alter_table {
            let (index, table) = (text.get(index.range())?, text.get(table.range())?);
            return Some(format!("ALTER TABLE {table}{clause} DROP INDEX {index}"));
        }
        let mut rewritten = String::with_capacity(text.len() + clause.len());
        let mut done = 0;
        // Own clauses are taken out where they stand; the new ones go to one place before or behind all of them.
        let mut cuts: Vec<Span> = online.own.clone();
        cuts.push(Span::new(online.insert_at, online.insert_at));
        cuts.sort();
        for cut in cuts {
            rewritten.push_str(text.get(done..cut.start)?);
            if cut.start == online.insert_at && cut.end == online.insert_at {
                rewritten.push_str(&clause);
            }
            done = cut.end;
        }
        rewritten.push_str(text.get(done..)?);
        Some(rewritten)
    }
}
