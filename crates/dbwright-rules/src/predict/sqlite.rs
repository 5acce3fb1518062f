//! SQLite: runs through a history as its tool would, with transactions, savepoints and pragmas.

mod alter;
mod make;
mod table;
mod text;

use std::collections::BTreeSet;

use dbwright_catalog::{
    Catalog, ConstraintKind, Effect, Engine, ForeignKey, Known, Migration, ObjectBody, ObjectId, ObjectKind, Outcome,
    RunMode, Server, SqlError, Statement, TableExtra, TableKind, TransactionId, Version,
};
use dbwright_sql::{Summary, TransactionControl, summarise};

use super::facts::sqlite::{Operation, of};
use super::ledger::{Ledger, Mark};
use super::refused;
use super::run::Doubts;

impl Predictor {
    pub(super) fn new(version: Version, foreign_keys: bool) -> Self {
        let server = Server {
            engine: Engine::Sqlite,
            version,
        };
        Predictor {
            ledger: Ledger::new(Catalog::empty(server)),
            foreign_keys,
            foreign_keys_at_start: foreign_keys,
            legacy_alter_table: false,
            open: None,
            transactions: 0,
            doubts: Doubts::default(),
            temporary: BTreeSet::new(),
            empty: BTreeSet::new(),
            at: (0, 0),
        }
    }
}

impl super::run::Predictor for Predictor {
    const FOLLOWS_WHAT_WAS_SEEN: bool = true;

    fn begin(&mut self, migration: &Migration, _: bool) {
        if self.open.is_none() {
            self.foreign_keys = self.foreign_keys_at_start;
            self.legacy_alter_table = false;
            self.temporary.clear();
        }
        self.empty.clear();
        let of_tool = match migration.run_mode {
            RunMode::Transaction | RunMode::AllInOneTransaction => true,
            // SQLite has no implicit transaction over several statements.
            RunMode::EachStatement | RunMode::SimpleQuery => false,
        };
        if of_tool && self.open.is_none() {
            self.begin_transaction(true);
        }
    }

    fn statement(&mut self, at: (usize, usize), _: &Migration, statement: &Statement) -> Effect {
        self.at = at;
        if self.open.is_none() {
            self.transactions += 1;
        }
        self.one(statement)
    }

    /// The tool commits its own transaction; one that the file left open is lost with the connection.
    fn end(&mut self) {
        if let Some(open) = self.open.take()
            && !open.of_tool
        {
            self.ledger.undo(open.start);
        }
    }

    fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    fn into_ledger(self) -> Ledger {
        self.ledger
    }

    fn doubts(&mut self) -> &mut Doubts {
        &mut self.doubts
    }
}

/// A transaction that is open.
struct Open {
    start: Mark,
    /// Whether the tool opened it, and ends it with the file.
    of_tool: bool,
    savepoints: Vec<(String, Mark)>,
}

/// Why a statement comes to nothing here.
enum Stop {
    /// SQLite refuses it.
    Error(SqlError),
    /// Something is missing, which SQLite would refuse: the kind of error, and the name.
    Missing(SqlError, String),
    /// What it does can't be told, and why. It makes nothing but what it names.
    Unknown(String),
    /// What it does can't be told, and why. It may make or drop anything.
    Opaque(String),
}

fn error(message: String) -> SqlError {
    SqlError {
        code: "SQLITE_ERROR".to_owned(),
        message,
        detail: None,
        position: None,
    }
}

fn refuse<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(error(message.into())))
}

/// What a statement is found to do, beside what it changes in the catalog.
#[derive(Default)]
struct Work {
    scanned: BTreeSet<ObjectId>,
    rewritten: BTreeSet<ObjectId>,
    rebuilt: BTreeSet<ObjectId>,
    /// What SQLite says where the table holds rows.
    on_rows: Option<SqlError>,
}

pub(super) struct Predictor {
    ledger: Ledger,
    doubts: Doubts,
    foreign_keys: bool,
    foreign_keys_at_start: bool,
    legacy_alter_table: bool,
    open: Option<Open>,
    transactions: u32,
    /// Tables, in lower case, that are gone with the connection.
    temporary: BTreeSet<String>,
    /// Tables that the migration has made and not written to.
    empty: BTreeSet<ObjectId>,
    /// The statement: index of its migration, and its own.
    at: (usize, usize),
}

impl Predictor {
    fn begin_transaction(&mut self, of_tool: bool) {
        self.transactions += 1;
        self.open = Some(Open {
            start: self.ledger.mark(),
            of_tool,
            savepoints: Vec::new(),
        });
    }

    fn one(&mut self, statement: &Statement) -> Effect {
        let transaction = TransactionId(self.transactions);
        let summary = summarise(Engine::Sqlite, &statement.text);
        if let Some(reason) = refused(statement, &summary) {
            let known = Known::Unknown(reason.clone());
            return Effect::without_observation(known, Outcome::Refused(reason), transaction);
        }
        if let Summary::Transaction(control) = &summary {
            return self.control(control);
        }
        let mark = self.ledger.mark();
        let mut work = Work::default();
        let (known, outcome) = match self.run(&statement.text, &summary, &mut work) {
            Ok(()) => (
                Known::Predicted,
                work.on_rows.take().map_or(Outcome::Done, Outcome::FailedOnRows),
            ),
            Err(stop) => {
                self.ledger.undo(mark);
                work = Work::default();
                self.stopped(stop, &statement.text)
            }
        };
        let mut effect = Effect::without_observation(known, outcome, transaction);
        effect.scanned = work.scanned.into_iter().collect();
        effect.rewritten = work.rewritten.into_iter().collect();
        effect.rebuilt_indexes = work.rebuilt.into_iter().collect();
        effect.changes = self.ledger.changes_since(mark);
        effect
    }

    fn stopped(&mut self, stop: Stop, statement: &str) -> (Known, Outcome) {
        let made = text::made_by(statement);
        match stop {
            Stop::Unknown(reason) => {
                self.doubts.vague.extend(made.map(|name| (name, reason.clone())));
                (Known::Unknown(reason), Outcome::Done)
            }
            Stop::Opaque(reason) => {
                self.doubts.incomplete.get_or_insert_with(|| reason.clone());
                (Known::Unknown(reason), Outcome::Done)
            }
            Stop::Missing(error, name) => {
                let Some(&(migration, statement)) = self.doubts.lost.get(&name.to_ascii_lowercase()) else {
                    self.doubts.lost.extend(made.map(|name| (name, self.at)));
                    return (Known::Predicted, Outcome::Failed(error));
                };
                self.doubts.lost.extend(made.map(|name| (name, (migration, statement))));
                let known = Known::Unknown("an earlier failure kept it from running".to_owned());
                let outcome = Outcome::FollowsFrom {
                    migration,
                    statement,
                    error,
                };
                (known, outcome)
            }
            Stop::Error(error) => {
                self.doubts.lost.extend(made.map(|name| (name, self.at)));
                (Known::Predicted, Outcome::Failed(error))
            }
        }
    }

    fn control(&mut self, control: &TransactionControl) -> Effect {
        let mark = self.ledger.mark();
        let before = matches!(
            control,
            TransactionControl::Rollback | TransactionControl::RollbackTo(_)
        )
        .then(|| self.ledger.catalog.clone());
        let said = self.change_transaction(control);
        let outcome = said.map_or(Outcome::Done, |message| Outcome::Failed(error(message.to_owned())));
        let mut effect = Effect::without_observation(Known::Predicted, outcome, TransactionId(self.transactions));
        effect.changes = match before {
            Some(before) => dbwright_catalog::changes(&before, &self.ledger.catalog),
            None => self.ledger.changes_since(mark),
        };
        effect
    }

    /// What SQLite says against it; nothing where it goes through.
    fn change_transaction(&mut self, control: &TransactionControl) -> Option<&'static str> {
        match control {
            TransactionControl::Begin => {
                if self.open.is_some() {
                    return Some("cannot start a transaction within a transaction");
                }
                self.begin_transaction(false);
            }
            TransactionControl::Commit => {
                if self.open.take().is_none() {
                    return Some("cannot commit - no transaction is active");
                }
            }
            TransactionControl::Rollback => match self.open.take() {
                Some(open) => self.ledger.undo(open.start),
                None => return Some("cannot rollback - no transaction is active"),
            },
            TransactionControl::Savepoint(name) => {
                if self.open.is_none() {
                    self.begin_transaction(false);
                }
                let mark = self.ledger.mark();
                if let Some(open) = &mut self.open {
                    open.savepoints.push((name.to_ascii_lowercase(), mark));
                }
            }
            TransactionControl::RollbackTo(name) => {
                let Some((index, mark)) = self.savepoint(name) else {
                    return Some("no such savepoint");
                };
                if let Some(open) = &mut self.open {
                    open.savepoints.truncate(index + 1);
                }
                self.ledger.undo(mark);
            }
            TransactionControl::Release(name) => {
                let Some((index, mark)) = self.savepoint(name) else {
                    return Some("no such savepoint");
                };
                // A savepoint that began the transaction ends it.
                let outermost = self
                    .open
                    .as_ref()
                    .is_some_and(|open| index == 0 && !open.of_tool && open.start == mark);
                if outermost {
                    self.open = None;
                } else if let Some(open) = &mut self.open {
                    open.savepoints.truncate(index);
                }
            }
            TransactionControl::Set => {}
        }
        None
    }

    fn savepoint(&self, name: &str) -> Option<(usize, Mark)> {
        let open = self.open.as_ref()?;
        let name = name.to_ascii_lowercase();
        let index = open.savepoints.iter().rposition(|(known, _)| *known == name)?;
        Some((index, open.savepoints[index].1))
    }

    fn run(&mut self, statement: &str, summary: &Summary, work: &mut Work) -> Result<(), Stop> {
        match summary {
            Summary::Pragma { name, value } => self.pragma(name, value.as_deref(), work),
            Summary::Maintenance => self.maintain(statement, work),
            Summary::Definition | Summary::CreateIndex { .. } => self.define(statement, work),
            Summary::Write | Summary::Query => self.write(statement, work),
            Summary::Session => Ok(()),
            Summary::Transaction(_)
            | Summary::CreateExtension { .. }
            | Summary::Role
            | Summary::ClusterWide(_)
            | Summary::ReachesOutside(_)
            | Summary::CopyFromStdin
            | Summary::Code
            | Summary::Other => Err(Stop::Unknown("dbwright does not understand it".to_owned())),
        }
    }

    fn pragma(&mut self, name: &str, value: Option<&str>, work: &mut Work) -> Result<(), Stop> {
        let on = value.is_some_and(|value| matches!(value, "on" | "1" | "true" | "yes"));
        match name {
            // "This pragma is a no-op within a transaction" (<https://sqlite.org/pragma.html#pragma_foreign_keys>).
            "foreign_keys" if value.is_some() && self.open.is_none() => self.foreign_keys = on,
            "legacy_alter_table" if value.is_some() => self.legacy_alter_table = on,
            "writable_schema" if on => {
                return Err(Stop::Opaque("it lets statements write to the schema itself".to_owned()));
            }
            "foreign_key_check" if value.is_none() => {
                for table in self.tables() {
                    let keys = self.foreign_keys_of(&table);
                    if keys.is_empty() {
                        continue;
                    }
                    if let Some(key) = keys.iter().find(|key| self.is_mismatch(key)) {
                        let (child, parent) = (table.name(), key.references.name());
                        return refuse(format!("foreign key mismatch - \"{child}\" referencing \"{parent}\""));
                    }
                    self.does(Operation::CheckForeignKeys, &table, work);
                }
            }
            "integrity_check" | "quick_check" => {
                for table in self.tables() {
                    self.does(Operation::CheckIntegrity, &table, work);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `VACUUM`, `REINDEX`, `ANALYZE`.
    fn maintain(&mut self, statement: &str, work: &mut Work) -> Result<(), Stop> {
        let words = text::Words::of(statement);
        let operation = match words.keyword(0).as_str() {
            "vacuum" if self.open.is_some() => return refuse("cannot VACUUM from within a transaction"),
            "vacuum" => Operation::Vacuum,
            "reindex" => Operation::Reindex,
            _ => Operation::Analyze,
        };
        let named = words.qualified(1).map(|(name, _)| name);
        let named = named.filter(|_| operation != Operation::Vacuum);
        let Some(name) = named else {
            for table in self.tables() {
                if operation != Operation::Reindex || self.is_reindexed(&table) {
                    self.does(operation, &table, work);
                }
            }
            return Ok(());
        };
        self.known(&name)?;
        if let Some(table) = self.relation(ObjectKind::Table, &name) {
            if operation == Operation::Analyze || self.is_reindexed(&table) {
                self.does(operation, &table, work);
            }
            return Ok(());
        }
        let Some(index) = self.relation(ObjectKind::Index, &name) else {
            return Err(Stop::Unknown(format!(
                "{name} is neither a table nor an index that is known"
            )));
        };
        if let Some(table) = self.table_of_index(&index) {
            work.scanned.insert(table);
        }
        if operation == Operation::Reindex {
            work.rebuilt.insert(index);
        }
        Ok(())
    }

    /// What an operation does to a table, as the facts have it.
    fn does(&self, operation: Operation, table: &ObjectId, work: &mut Work) {
        let Some(fact) = of(operation) else { return };
        if fact.scans {
            work.scanned.insert(table.clone());
        }
        if fact.rewrites {
            work.rewritten.insert(table.clone());
        }
        if fact.rebuilds {
            work.rebuilt.extend(self.indexes(table));
        }
    }

    /// The ordinary tables.
    fn tables(&self) -> Vec<ObjectId> {
        let tables = self.ledger.catalog.tables();
        let ordinary = tables.filter(|(_, table)| table.kind == TableKind::Ordinary);
        ordinary.map(|(id, _)| id.clone()).collect()
    }

    fn indexes(&self, table: &ObjectId) -> Vec<ObjectId> {
        self.ledger.catalog.indexes(table).map(|(id, _)| id.clone()).collect()
    }

    fn table_of_index(&self, index: &ObjectId) -> Option<ObjectId> {
        match &self.ledger.catalog.get(index)?.body {
            ObjectBody::Index(index) => Some(index.table.clone()),
            _ => None,
        }
    }

    /// A table without rowid is an index itself.
    fn is_reindexed(&self, table: &ObjectId) -> bool {
        let body = self.ledger.catalog.get(table).map(|object| &object.body);
        let without_rowid = matches!(body, Some(ObjectBody::Table(table))
            if matches!(&table.extra, TableExtra::Sqlite(extra) if extra.without_rowid));
        without_rowid || self.ledger.catalog.indexes(table).next().is_some()
    }

    fn foreign_keys_of<'a>(&'a self, table: &'a ObjectId) -> Vec<&'a ForeignKey> {
        let constraints = self.ledger.catalog.constraints(table);
        let keys = constraints.filter_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(key),
            _ => None,
        });
        keys.collect()
    }

    /// "The parent key must be the primary key or subject to a UNIQUE constraint or have a UNIQUE index"
    /// (<https://sqlite.org/foreignkeys.html#fk_indexes>).
    fn is_mismatch(&self, key: &ForeignKey) -> bool {
        let catalog = &self.ledger.catalog;
        if catalog.get(&key.references).is_none() {
            return false;
        }
        let folded =
            |names: &[String]| -> BTreeSet<String> { names.iter().map(|name| name.to_ascii_lowercase()).collect() };
        let wanted = folded(&key.referenced_columns);
        let is_primary = catalog.constraints(&key.references).any(|(_, constraint)| {
            matches!(&constraint.kind, ConstraintKind::PrimaryKey(columns) if folded(columns) == wanted)
        });
        let mut indexes = catalog.indexes(&key.references);
        let is_unique =
            indexes.any(|(_, index)| index.unique && index.predicate.is_none() && folded(&index.keys) == wanted);
        !is_primary && !is_unique
    }

    /// The object of a kind with this name, in either case.
    fn relation(&self, kind: ObjectKind, name: &str) -> Option<ObjectId> {
        let exact = ObjectId::new(kind, [table::SCHEMA, name]);
        if self.ledger.catalog.get(&exact).is_some() {
            return Some(exact);
        }
        let mut ids = self.ledger.catalog.objects.keys();
        ids.find(|id| id.kind == kind && id.name().eq_ignore_ascii_case(name))
            .cloned()
    }

    /// Whether enough is known of what has this name.
    fn known(&self, name: &str) -> Result<(), Stop> {
        match self.doubts.vague.get(&name.to_ascii_lowercase()) {
            Some(reason) => Err(Stop::Unknown(format!("{name} is not known in full: {reason}"))),
            None => Ok(()),
        }
    }

    /// Why nothing can be said of a name that is not there.
    fn missing<T>(&self, what: &str, name: &str) -> Result<T, Stop> {
        self.known(name)?;
        if let Some(reason) = &self.doubts.incomplete {
            return Err(Stop::Unknown(format!("whether {name} exists can't be told: {reason}")));
        }
        if name.to_ascii_lowercase().starts_with("sqlite_") {
            return Err(Stop::Unknown(format!("{name} is SQLite's own")));
        }
        Err(Stop::Missing(error(format!("no such {what}: {name}")), name.to_owned()))
    }
}
