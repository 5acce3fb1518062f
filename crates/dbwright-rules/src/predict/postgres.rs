//! PostgreSQL: runs through a history as its tool would, with transactions, savepoints and settings.

mod alter;
mod alter_kinds;
mod alter_type;
mod constraint;
mod drop;
mod expressions;
mod make;
mod names;
mod objects;
mod partition;
mod relation;
mod table;
mod types;
mod work;

use dbwright_catalog::{
    Catalog, Effect, Engine, HeldLock, Known, Migration, ObjectId, ObjectKind, Outcome, Routine, RunMode, Server,
    SqlError, Statement, TransactionId, Version,
};
use dbwright_sql::postgres::{PostgresStatement, read};
use dbwright_sql::{Summary, TransactionControl, summarise};

use super::ledger::{Ledger, Mark};
use super::refused;
use super::run::Doubts;
use work::Work;

impl Predictor {
    pub(super) fn new(version: Version) -> Self {
        let server = Server {
            engine: Engine::Postgres,
            version,
        };
        let mut catalog = Catalog::empty(server);
        let public = objects::object(
            ObjectId::new(ObjectKind::Schema, ["public"]),
            dbwright_catalog::ObjectBody::Schema(dbwright_catalog::Schema {}),
        );
        catalog.objects.insert(public.id.clone(), public);
        Predictor {
            major: version.major,
            ledger: Ledger::new(catalog),
            session: Session::default(),
            doubts: Doubts::default(),
            statistics: Vec::new(),
            new_labels: Vec::new(),
            made_in_migration: Vec::new(),
            transactions: 0,
            open: None,
            at: (0, 0),
        }
    }
}

impl super::run::Predictor for Predictor {
    const FOLLOWS_WHAT_WAS_SEEN: bool = true;

    fn begin(&mut self, _: &Migration, _: bool) {
        if let Some(open) = &mut self.open {
            // A transaction that goes on: what earlier migrations took was there before the first statement.
            open.held.iter_mut().for_each(|lock| lock.since = 0);
        } else {
            self.session = Session::default();
        }
        self.made_in_migration.clear();
    }

    fn statement(&mut self, at: (usize, usize), migration: &Migration, statement: &Statement) -> Effect {
        self.at = at;
        let mut mode = migration.run_mode;
        if mode == RunMode::SimpleQuery && migration.statements.len() == 1 {
            mode = RunMode::EachStatement;
        }
        let implicit = match mode {
            RunMode::EachStatement => false,
            RunMode::SimpleQuery => true,
            // A COMMIT in the file ends the tool's transaction.
            RunMode::Transaction | RunMode::AllInOneTransaction => at.1 == 0,
        };
        if self.open.is_none() {
            self.begin_transaction(!implicit);
            if let Some(open) = &mut self.open {
                open.implicit = mode == RunMode::SimpleQuery;
            }
        }
        let effect = self.one(statement);
        if self.open.as_ref().is_some_and(|open| open.single) {
            self.open = None;
        }
        effect
    }

    fn end(&mut self) {
        self.open = None;
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

    fn suppose_table(&mut self, schema: Option<&str>, name: &str, why: &str) -> Option<ObjectId> {
        let schema = schema
            .or(self.session.search_path.first().map(String::as_str))
            .unwrap_or("public");
        let id = ObjectId::table(schema, name);
        if self.ledger.catalog.get(&id).is_some() {
            return None;
        }
        self.ledger
            .put(objects::table(id.clone(), dbwright_catalog::TableKind::Ordinary));
        self.doubts.vague.insert(name.to_owned(), why.to_owned());
        Some(id)
    }
}

/// Settings that decide what statements mean.
#[derive(Clone, Debug)]
struct Session {
    search_path: Vec<String>,
    time_zone: Option<String>,
}

impl Default for Session {
    fn default() -> Self {
        Session {
            search_path: vec!["public".to_owned()],
            time_zone: Some("utc".to_owned()),
        }
    }
}

impl Session {
    /// Whether the session is at UTC; nothing where it can't be told.
    fn is_utc(&self) -> Option<bool> {
        let zone = self.time_zone.as_ref()?.to_ascii_lowercase();
        Some(matches!(
            zone.as_str(),
            "utc" | "etc/utc" | "gmt" | "0" | "z" | "zulu" | "universal"
        ))
    }

    /// The type with this name, as it stands in a column: with its schema, where that is not on the path.
    fn type_id(&self, catalog: &Catalog, name: &str) -> Option<ObjectId> {
        let unquoted = |part: &str| part.trim_matches('"').to_owned();
        if let Some((schema, name)) = name.split_once('.') {
            let id = ObjectId::new(ObjectKind::Type, [unquoted(schema), unquoted(name)]);
            return catalog.get(&id).map(|_| id);
        }
        let mut schemas = self.search_path.iter().map(String::as_str).chain(["public"]);
        schemas.find_map(|schema| {
            let id = ObjectId::new(ObjectKind::Type, [schema.to_owned(), unquoted(name)]);
            catalog.get(&id).map(|_| id)
        })
    }

    fn routines<'a>(
        &self,
        catalog: &'a Catalog,
        schema: Option<&str>,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a Routine, &'a str)> {
        let schemas = match schema {
            Some(schema) => vec![schema.to_owned()],
            None => self.search_path.clone(),
        };
        expressions::routines(catalog, schemas, name)
    }
}

/// A transaction that is open.
struct Open {
    id: TransactionId,
    start: Mark,
    session: Session,
    held: Vec<HeldLock>,
    savepoints: Vec<Savepoint>,
    /// Whether it ends with the statement: nothing but the statement's own transaction.
    single: bool,
    /// Whether a query of several statements opened it, so that it is no block in which savepoints may be set.
    implicit: bool,
}

struct Savepoint {
    name: String,
    mark: Mark,
    held: Vec<HeldLock>,
    session: Session,
}

/// Why a statement comes to nothing here.
enum Stop {
    /// The server refuses it.
    Error(SqlError),
    /// Something is missing, which the server would refuse: the kind of error, and the name.
    Missing(SqlError, String),
    /// What it does can't be told, and why. It makes nothing but what it names.
    Unknown(String),
    /// What it does can't be told, and why. It may make or drop anything.
    Opaque(String),
}

fn error(code: &str, message: String) -> SqlError {
    SqlError {
        code: code.to_owned(),
        message,
        detail: None,
        position: None,
    }
}

pub(super) struct Predictor {
    major: u32,
    ledger: Ledger,
    session: Session,
    doubts: Doubts,
    /// Extended statistics: name, table, and the words of what they are over. Rollbacks leave them.
    statistics: Vec<(String, ObjectId, Vec<String>)>,
    /// Labels that the open transaction has added to enums, each with its type.
    new_labels: Vec<(String, String)>,
    /// Tables that the migration has made so far.
    made_in_migration: Vec<ObjectId>,
    transactions: u32,
    open: Option<Open>,
    /// The statement: index of its migration, and its own.
    at: (usize, usize),
}

impl Predictor {
    fn begin_transaction(&mut self, single: bool) {
        self.transactions += 1;
        self.new_labels.clear();
        self.open = Some(Open {
            id: TransactionId(self.transactions),
            start: self.ledger.mark(),
            session: self.session.clone(),
            held: Vec::new(),
            savepoints: Vec::new(),
            single,
            implicit: false,
        });
    }

    fn one(&mut self, statement: &Statement) -> Effect {
        let summary = summarise(Engine::Postgres, &statement.text);
        if let Some(reason) = refused(statement, &summary) {
            let known = Known::Unknown(reason.clone());
            return Effect::without_observation(known, Outcome::Refused(reason), self.transaction());
        }
        if let Summary::Transaction(control) = &summary {
            let is_block = self.open.as_ref().is_some_and(|open| !open.single && !open.implicit);
            if let (
                TransactionControl::Savepoint(_) | TransactionControl::RollbackTo(_) | TransactionControl::Release(_),
                false,
            ) = (control, is_block)
            {
                let refused = error("25P01", "savepoints can only be used in transaction blocks".to_owned());
                return Effect::without_observation(Known::Predicted, Outcome::Failed(refused), self.transaction());
            }
            let rolls_back = matches!(
                control,
                TransactionControl::Rollback | TransactionControl::RollbackTo(_)
            );
            let before = rolls_back.then(|| self.ledger.catalog.clone());
            self.control(control);
            let mut effect = Effect::without_observation(Known::Predicted, Outcome::Done, self.transaction());
            if let Some(before) = before {
                effect.changes = dbwright_catalog::changes(&before, &self.ledger.catalog);
            }
            return effect;
        }
        let mark = self.ledger.mark();
        let mut work = Work::default();
        let outcome = self.run(&statement.text, &summary, &mut work);
        match outcome {
            Ok(()) => self.done(mark, work, &statement.text),
            Err(stop) => self.stopped(mark, stop, &statement.text),
        }
    }

    fn done(&mut self, mark: Mark, work: Work, text: &str) -> Effect {
        let changes = self.ledger.changes_since(mark);
        for change in &changes {
            if let dbwright_catalog::Change::Created(object) = change {
                self.doubts.lost.remove(object.id.name());
                if work.unknown.is_none() && !self.columns_are_vague(&object.id) {
                    self.doubts.vague.remove(object.id.name());
                }
                if object.id.kind == ObjectKind::Table {
                    self.made_in_migration.push(object.id.clone());
                }
            }
        }
        let since = self.at.1;
        let renames: Vec<(ObjectId, ObjectId)> = self
            .ledger
            .renames_since(mark)
            .map(|(old, new)| (old.clone(), new.clone()))
            .collect();
        let transaction = self.transaction();
        let mut effect = Effect::without_observation(Known::Predicted, Outcome::Done, transaction);
        if let Some(open) = &mut self.open {
            for (relation, mode) in work.locks {
                let held = open
                    .held
                    .iter()
                    .any(|lock| lock.relation == relation && lock.mode == mode);
                if !held {
                    open.held.push(HeldLock { relation, mode, since });
                }
            }
            open.held
                .sort_by(|a, b| (&a.relation, a.mode, a.since).cmp(&(&b.relation, b.mode, b.since)));
            effect.locks.clone_from(&open.held);
            for lock in &mut open.held {
                if let Some((_, new)) = renames.iter().find(|(old, _)| *old == lock.relation) {
                    lock.relation = new.clone();
                }
            }
        }
        effect.rewritten = work.rewritten.into_iter().collect();
        effect.rebuilt_indexes = work.rebuilt.into_iter().collect();
        effect.scanned = work.scanned.into_iter().collect();
        effect.changes = changes;
        effect.notices = truncated_names(text);
        if let Some(error) = work.on_rows {
            effect.outcome = Outcome::FailedOnRows(error);
        }
        if let Some(reason) = work.unknown {
            effect.known = Known::Unknown(reason);
        }
        effect
    }

    fn stopped(&mut self, mark: Mark, stop: Stop, text: &str) -> Effect {
        self.ledger.undo(mark);
        let transaction = self.transaction();
        let (known, outcome) = match stop {
            Stop::Unknown(reason) => {
                for name in made_by(&read(text)) {
                    self.doubts.vague.insert(name, reason.clone());
                }
                (Known::Unknown(reason), Outcome::Done)
            }
            Stop::Opaque(reason) => {
                self.doubts.incomplete.get_or_insert_with(|| reason.clone());
                (Known::Unknown(reason), Outcome::Done)
            }
            Stop::Missing(error, name) => match self.doubts.lost.get(&name) {
                Some(&(migration, statement)) => (
                    Known::Unknown("an earlier failure kept it from running".to_owned()),
                    Outcome::FollowsFrom {
                        migration,
                        statement,
                        error,
                    },
                ),
                None => (Known::Predicted, Outcome::Failed(error)),
            },
            Stop::Error(error) => (Known::Predicted, Outcome::Failed(error)),
        };
        let cause = match &outcome {
            Outcome::Failed(_) => Some(self.at),
            Outcome::FollowsFrom {
                migration, statement, ..
            } => Some((*migration, *statement)),
            Outcome::Done | Outcome::FailedOnRows(_) | Outcome::Refused(_) => None,
        };
        if let Some(cause) = cause {
            for name in made_by(&read(text)) {
                self.doubts.lost.insert(name, cause);
            }
        }
        let mut effect = Effect::without_observation(known, outcome, transaction);
        effect.locks = self.held();
        effect
    }

    /// Whether a table was made from a query whose columns can't be told.
    fn columns_are_vague(&self, id: &ObjectId) -> bool {
        id.kind == ObjectKind::Table && self.ledger.catalog.columns(id).is_empty()
    }

    fn transaction(&self) -> TransactionId {
        self.open
            .as_ref()
            .map_or(TransactionId(self.transactions), |open| open.id)
    }

    fn held(&self) -> Vec<HeldLock> {
        self.open.as_ref().map_or_else(Vec::new, |open| open.held.clone())
    }

    /// Whether what refuses a transaction block is refused here.
    fn in_transaction_block(&self) -> bool {
        self.open.as_ref().is_some_and(|open| !open.single)
    }

    fn control(&mut self, control: &TransactionControl) {
        let Some(open) = &mut self.open else { return };
        match control {
            TransactionControl::Begin => {
                open.single = false;
                open.implicit = false;
            }
            TransactionControl::Commit => {
                open.single = true;
                open.held.clear();
            }
            TransactionControl::Rollback => {
                let start = open.start;
                self.session = open.session.clone();
                open.single = true;
                open.held.clear();
                self.ledger.undo(start);
            }
            TransactionControl::Savepoint(name) => {
                open.savepoints.push(Savepoint {
                    name: name.clone(),
                    mark: self.ledger.mark(),
                    held: open.held.clone(),
                    session: self.session.clone(),
                });
            }
            TransactionControl::RollbackTo(name) => {
                let Some(index) = open.savepoints.iter().rposition(|savepoint| savepoint.name == *name) else {
                    return;
                };
                open.savepoints.truncate(index + 1);
                let Some(savepoint) = open.savepoints.last() else {
                    return;
                };
                let mark = savepoint.mark;
                let held = savepoint.held.clone();
                self.session = savepoint.session.clone();
                open.held = held;
                self.ledger.undo(mark);
            }
            TransactionControl::Release(_) | TransactionControl::Set => {}
        }
    }
}

/// What the server says of names that are too long for it
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
fn truncated_names(text: &str) -> Vec<String> {
    let mut notices = Vec::new();
    for token in dbwright_sql::tokens(Engine::Postgres, text) {
        let written = token.text.trim_matches('"');
        if written.len() <= 63
            || !matches!(
                token.kind,
                dbwright_sql::TokenKind::Word | dbwright_sql::TokenKind::QuotedName
            )
        {
            continue;
        }
        if let Some(kept) = token.name() {
            let notice = format!("identifier \"{written}\" will be truncated to \"{kept}\"");
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
    }
    notices
}

/// The names that a statement would have made.
fn made_by(statement: &PostgresStatement) -> Vec<String> {
    let name = match statement {
        PostgresStatement::CreateTable(table) => Some(table.name.name.clone()),
        PostgresStatement::CreateFromQuery(created) => Some(created.name.name.clone()),
        PostgresStatement::CreateIndex(index) => index.name.clone(),
        PostgresStatement::CreateSequence { name, .. }
        | PostgresStatement::CreateType { name, .. }
        | PostgresStatement::CreateDomain { name, .. } => Some(name.name.clone()),
        PostgresStatement::CreateRoutine(routine) => Some(routine.name.name.clone()),
        PostgresStatement::CreateSchema { name, .. } => Some(name.clone()),
        _ => None,
    };
    name.into_iter().collect()
}
