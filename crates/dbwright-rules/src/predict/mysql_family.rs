//! MySQL and MariaDB: runs through a history as its tool would, with implicit commits and settings of the session.

mod alter;
mod alter_columns;
mod alter_keys;
mod errors;
mod make;
mod model;
mod objects;
mod online;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Change, Effect, Engine, Known, Migration, ObjectId, ObjectKind, Outcome, RunMode, Server, SqlError,
    Statement, TableOperation, TransactionId, Version,
};
use dbwright_sql::mysql_family::{read, session_assignments};
use dbwright_sql::{
    Dialect, Form, MySqlFamilySummary, SqlMode, Summary, TableName, TransactionControl, summarise_mysql_family,
};

use super::ledger::Ledger;
use super::refused;
use super::run::Doubts;
use errors::Stop;
use model::{MAIN, Model};

impl Predictor {
    pub(super) fn new(engine: Engine, version: Version) -> Self {
        Predictor {
            engine,
            version,
            ledger: Ledger::new(Catalog::empty(Server { engine, version })),
            tables: BTreeMap::new(),
            replaced: Vec::new(),
            session: Session::new(engine, version),
            database: None,
            elsewhere: None,
            doubts: Doubts::default(),
            temporary: BTreeSet::new(),
            transactions: 0,
            open: None,
            at: (0, 0),
        }
    }
}

impl super::run::Predictor for Predictor {
    // Tables are kept as statements make them, and not as reading a database gives them.
    const FOLLOWS_WHAT_WAS_SEEN: bool = false;

    fn begin(&mut self, migration: &Migration, goes_on: bool) {
        let of_tool = matches!(migration.run_mode, RunMode::Transaction | RunMode::AllInOneTransaction);
        if of_tool && !goes_on {
            self.open = Some(self.next_transaction());
        }
    }

    fn statement(&mut self, at: (usize, usize), _: &Migration, statement: &Statement) -> Effect {
        self.at = at;
        self.one(statement)
    }

    fn end(&mut self) {
        self.open = None;
    }

    /// It is loaded in a session of its own.
    fn loaded(&mut self) {
        self.open = None;
        self.session = Session::new(self.engine, self.version);
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

/// Settings that decide what statements mean.
#[derive(Clone, Debug)]
struct Session {
    dialect: Dialect,
    /// `foreign_key_checks`.
    foreign_key_checks: bool,
    /// Whether statements commit by themselves.
    autocommit: bool,
    /// Values of user variables, as they are written: dumps keep settings in them.
    variables: BTreeMap<String, String>,
}

impl Session {
    fn new(engine: Engine, version: Version) -> Self {
        Session {
            dialect: Dialect::server(engine).with_version(version),
            foreign_key_checks: true,
            autocommit: true,
            variables: BTreeMap::new(),
        }
    }

    /// What a setting is, as far as it is known; for a variable that keeps it.
    fn setting(&self, name: &str) -> Option<String> {
        let switch = |on: bool| if on { "1" } else { "0" }.to_owned();
        match name.trim_start_matches("@@").trim_start_matches("session.") {
            "foreign_key_checks" => Some(switch(self.foreign_key_checks)),
            "autocommit" => Some(switch(self.autocommit)),
            _ => None,
        }
    }

    fn assign(&mut self, name: String, value: &str) {
        let lower = value.trim().to_ascii_lowercase();
        let value = if lower.starts_with("@@") {
            self.setting(&lower)
        } else if lower.starts_with('@') {
            self.variables.get(&lower).cloned()
        } else {
            Some(value.trim().trim_matches(['\'', '"']).to_owned())
        };
        if name.starts_with('@') {
            if let Some(value) = value {
                self.variables.insert(name, value);
            }
            return;
        }
        let is_on = value
            .as_deref()
            .is_none_or(|value| !["0", "off", "false"].iter().any(|off| value.eq_ignore_ascii_case(off)));
        match name.as_str() {
            "foreign_key_checks" => self.foreign_key_checks = is_on,
            "autocommit" => self.autocommit = is_on,
            "sql_mode" => {
                let mode = SqlMode::parse(self.dialect.engine, value.as_deref().unwrap_or_default());
                self.dialect = self.dialect.with_sql_mode(mode);
            }
            _ => {}
        }
    }
}

/// The tables of indexes that are built, without those that are new themselves.
fn built<'a>(changes: &'a [Change], renamed: &'a BTreeSet<String>) -> impl Iterator<Item = ObjectId> + 'a {
    let is_new = |table: &ObjectId| {
        let mut changes = changes.iter();
        changes.any(|change| matches!(change, Change::Created(object) if object.id == *table))
    };
    let tables = changes.iter().filter_map(|change| match change {
        Change::Created(object) if object.id.kind == ObjectKind::Index && !renamed.contains(object.id.name()) => {
            object.id.owner_table()
        }
        Change::Created(_) | Change::Dropped(_) | Change::Altered { .. } => None,
    });
    tables.filter(move |table| !is_new(table))
}

/// What a statement is found to do, beside what it changes in the catalog.
#[derive(Default)]
struct Work {
    operations: Vec<TableOperation>,
    parents: BTreeSet<ObjectId>,
    scanned: BTreeSet<ObjectId>,
    rewritten: BTreeSet<ObjectId>,
    /// New names of indexes that only get another name.
    renamed_indexes: BTreeSet<String>,
    /// What the server says in the end, although the statement did what it could.
    fails_after: Option<SqlError>,
    /// Why no more is known.
    unknown: Option<String>,
}

pub(super) struct Predictor {
    engine: Engine,
    version: Version,
    ledger: Ledger,
    /// The tables by id, as the catalog has them.
    tables: BTreeMap<ObjectId, Model>,
    /// What the statement has replaced of them, in order.
    replaced: Vec<(ObjectId, Option<Model>)>,
    session: Session,
    /// The name of the database that is watched, where a `USE` told it.
    database: Option<String>,
    /// The other database that a `USE` has led to.
    elsewhere: Option<String>,
    doubts: Doubts,
    /// Names, in lower case, of tables that are gone with the session.
    temporary: BTreeSet<String>,
    transactions: u32,
    open: Option<TransactionId>,
    /// The statement: index of its migration, and its own.
    at: (usize, usize),
}

impl Predictor {
    fn next_transaction(&mut self) -> TransactionId {
        self.transactions += 1;
        TransactionId(self.transactions)
    }

    fn one(&mut self, statement: &Statement) -> Effect {
        let summary = summarise_mysql_family(self.session.dialect, &statement.text);
        let transaction = match self.open {
            Some(open) if !summary.implicit_commit => open,
            _ => self.next_transaction(),
        };
        let reason = match &summary.summary {
            // Nothing of what is watched changes with it.
            Summary::ClusterWide("CREATE DATABASE" | "ALTER DATABASE" | "DROP DATABASE")
                if statement.not_sent.is_none() =>
            {
                None
            }
            other => refused(statement, other),
        };
        if let Some(reason) = reason {
            let known = Known::Unknown(reason.clone());
            return Effect::without_observation(known, Outcome::Refused(reason), transaction);
        }
        let mark = self.ledger.mark();
        self.replaced.clear();
        let mut work = Work::default();
        let (known, outcome) = match self.run(&statement.text, &summary, &mut work) {
            Ok(()) => match work.unknown.take() {
                Some(reason) => (Known::Unknown(reason), Outcome::Done),
                None => (
                    Known::Predicted,
                    work.fails_after.take().map_or(Outcome::Done, Outcome::Failed),
                ),
            },
            Err(stop) => {
                self.ledger.undo(mark);
                for (id, model) in std::mem::take(&mut self.replaced).into_iter().rev() {
                    match model {
                        Some(model) => self.tables.insert(id, model),
                        None => self.tables.remove(&id),
                    };
                }
                work = Work::default();
                self.stopped(stop, &statement.text, &summary)
            }
        };
        let mut effect = Effect::without_observation(known, outcome, transaction);
        effect.committed = self.follow_transaction(&summary, transaction);
        effect.changes = self.ledger.changes_since(mark);
        self.found(&effect);
        work.scanned.extend(built(&effect.changes, &work.renamed_indexes));
        effect.operations = work.operations;
        effect.parents = work.parents.into_iter().collect();
        effect.scanned = work.scanned.into_iter().collect();
        effect.rebuilt_indexes = self.rebuilt(&work.rewritten, &effect);
        effect.rewritten = work.rewritten.into_iter().collect();
        effect
    }

    /// What is there now is neither lost nor vague.
    fn found(&mut self, effect: &Effect) {
        for change in &effect.changes {
            if let Change::Created(object) = change {
                let name = object.id.name().to_ascii_lowercase();
                self.doubts.lost.remove(&name);
                if effect.known == Known::Predicted && object.id.kind == ObjectKind::Table {
                    self.doubts.vague.remove(&name);
                }
            }
        }
    }

    /// Indexes of tables that are written anew, without those that are new themselves.
    fn rebuilt(&self, rewritten: &BTreeSet<ObjectId>, effect: &Effect) -> Vec<ObjectId> {
        let is_new = |id: &ObjectId| {
            let mut changes = effect.changes.iter();
            changes.any(|change| matches!(change, Change::Created(object) if object.id == *id))
        };
        let indexes = rewritten.iter().flat_map(|table| self.ledger.catalog.indexes(table));
        indexes.map(|(id, _)| id.clone()).filter(|id| !is_new(id)).collect()
    }

    /// Follows which transaction is open; the one that the statement has committed without saying so.
    fn follow_transaction(
        &mut self,
        summary: &MySqlFamilySummary,
        transaction: TransactionId,
    ) -> Option<TransactionId> {
        let was = self.open;
        let control = match &summary.summary {
            Summary::Transaction(control) => Some(control),
            _ => None,
        };
        let is_open = match control {
            Some(TransactionControl::Begin) => true,
            Some(TransactionControl::Commit | TransactionControl::Rollback) => false,
            _ if summary.implicit_commit => false,
            _ if matches!(summary.summary, Summary::Write) => was.is_some() || !self.session.autocommit,
            _ => was.is_some(),
        };
        self.open = is_open.then_some(transaction);
        let ends = matches!(control, Some(TransactionControl::Commit | TransactionControl::Rollback));
        let goes_on = is_open && was == Some(transaction);
        was.filter(|_| !ends && !goes_on)
    }

    fn stopped(&mut self, stop: Stop, text: &str, summary: &MySqlFamilySummary) -> (Known, Outcome) {
        let made = objects::made_by(&read(self.session.dialect, text), summary);
        let unmade = objects::unmade_by(summary);
        let (error, cause) = match stop {
            Stop::Unknown(reason) => {
                self.doubts
                    .vague
                    .extend(made.into_iter().map(|name| (name, reason.clone())));
                self.doubts
                    .vague
                    .extend(unmade.into_iter().map(|name| (name, reason.clone())));
                return (Known::Unknown(reason), Outcome::Done);
            }
            Stop::Opaque(reason) => {
                self.doubts.incomplete.get_or_insert_with(|| reason.clone());
                let named = self.named_by_code(text);
                self.doubts
                    .vague
                    .extend(named.into_iter().map(|name| (name, reason.clone())));
                return (Known::Unknown(reason), Outcome::Done);
            }
            Stop::Error(error) => (error, None),
            Stop::Missing(error, name) => (error, self.doubts.lost.get(&name.to_ascii_lowercase()).copied()),
            Stop::InTheWay(error, name) => (error, self.doubts.kept.get(&name.to_ascii_lowercase()).copied()),
        };
        let first = cause.unwrap_or(self.at);
        self.doubts.lost.extend(made.into_iter().map(|name| (name, first)));
        self.doubts.kept.extend(unmade.into_iter().map(|name| (name, first)));
        match cause {
            None => (Known::Predicted, Outcome::Failed(error)),
            Some((migration, statement)) => {
                let known = Known::Unknown("an earlier failure kept it from running".to_owned());
                let outcome = Outcome::FollowsFrom {
                    migration,
                    statement,
                    error,
                };
                (known, outcome)
            }
        }
    }

    /// The tables that code names, by its own words, those of the routine that it calls, and those that user variables hold:
    /// it may have changed them.
    fn named_by_code(&self, text: &str) -> Vec<String> {
        let words = |text: &str| -> BTreeSet<String> {
            let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            words.map(str::to_ascii_lowercase).collect()
        };
        let own = words(text);
        let mut named = own.clone();
        for object in self.ledger.catalog.objects.values() {
            let routine = object.id.name().split('(').next().unwrap_or_default();
            if object.id.kind == ObjectKind::Routine && own.contains(&routine.to_ascii_lowercase()) {
                named.extend(words(&object.definition));
            }
        }
        // Which of them a prepared statement was made of is not followed.
        named.extend(self.session.variables.values().flat_map(|value| words(value)));
        let tables = self.tables.keys().map(|id| id.name().to_ascii_lowercase());
        tables.filter(|name| named.contains(name)).collect()
    }

    fn run(&mut self, text: &str, summary: &MySqlFamilySummary, work: &mut Work) -> Result<(), Stop> {
        if let Form::Use(database) = &summary.form {
            self.follow_use(database);
            return Ok(());
        }
        if let Some(other) = &self.elsewhere {
            return Err(Stop::Unknown(format!(
                "it is for the database {other}, which is not watched"
            )));
        }
        match &summary.summary {
            Summary::Session => {
                for (name, value) in session_assignments(self.session.dialect, text) {
                    self.session.assign(name, &value);
                }
                Ok(())
            }
            Summary::ClusterWide("DROP DATABASE") if self.is_own_database(text) => {
                Err(Stop::Opaque("it drops the database that is watched".to_owned()))
            }
            Summary::Transaction(_) | Summary::ClusterWide(_) | Summary::Role | Summary::Query => Ok(()),
            Summary::Definition | Summary::CreateIndex { .. } => self.define(text, summary, work),
            Summary::Write => self.write(text, summary, work),
            Summary::Maintenance => self.maintain(summary, work),
            Summary::Code => Err(Stop::Opaque("what code does is not predicted".to_owned())),
            Summary::Pragma { .. }
            | Summary::CreateExtension { .. }
            | Summary::ReachesOutside(_)
            | Summary::CopyFromStdin
            | Summary::Other => Err(Stop::Unknown("dbwright does not understand it".to_owned())),
        }
    }

    /// The first database that is used while there are no tables is the one that is watched.
    fn follow_use(&mut self, database: &str) {
        if self.tables.is_empty() || self.database.as_deref() == Some(database) {
            self.database = Some(database.to_owned());
            self.elsewhere = None;
        } else {
            self.elsewhere = Some(database.to_owned());
        }
    }

    /// Whether a text names the database that is watched.
    fn is_own_database(&self, text: &str) -> bool {
        let mut tokens = dbwright_sql::tokens_in(self.session.dialect, text);
        tokens.any(|token| token.name().is_some() && token.name() == self.database)
    }

    /// The id of a table.
    fn id_of(&self, name: &TableName) -> Result<ObjectId, Stop> {
        match &name.schema {
            Some(schema) if self.database.as_ref() != Some(schema) => Err(Stop::Unknown(format!(
                "{} is in the database {schema}, which is not watched",
                name.name
            ))),
            _ => Ok(ObjectId::table(MAIN, name.name.clone())),
        }
    }

    /// A table that is there and known in full.
    fn table(&self, name: &TableName) -> Result<&Model, Stop> {
        let id = self.id_of(name)?;
        self.known(&name.name)?;
        match self.tables.get(&id) {
            Some(model) => Ok(model),
            None if self.view(&name.name).is_some() => Err(Stop::Error(errors::not_a_table(&name.name))),
            None => self.missing(&name.name, errors::no_table(&name.name)),
        }
    }

    fn view(&self, name: &str) -> Option<ObjectId> {
        let id = ObjectId::new(ObjectKind::View, [MAIN, name]);
        self.ledger.catalog.get(&id).map(|_| id)
    }

    /// Whether enough is known of what has this name.
    fn known(&self, name: &str) -> Result<(), Stop> {
        let lower = name.to_ascii_lowercase();
        if self.temporary.contains(&lower) {
            return Err(Stop::Unknown(format!("{name} is the session's own")));
        }
        match self.doubts.vague.get(&lower) {
            Some(reason) => Err(Stop::Unknown(format!("{name} is not known in full: {reason}"))),
            None => Ok(()),
        }
    }

    /// What follows from something that is not there.
    fn missing<T>(&self, name: &str, error: SqlError) -> Result<T, Stop> {
        self.known(name)?;
        if let Some(reason) = &self.doubts.incomplete {
            return Err(Stop::Unknown(format!("whether {name} exists can't be told: {reason}")));
        }
        Err(Stop::Missing(error, name.to_owned()))
    }

    /// What follows from something that is there already.
    fn in_the_way<T>(&self, name: &str, error: SqlError) -> Result<T, Stop> {
        if let Some(reason) = &self.doubts.incomplete {
            return Err(Stop::Unknown(format!(
                "whether {name} is still there can't be told: {reason}"
            )));
        }
        Err(Stop::InTheWay(error, name.to_owned()))
    }

    /// The tables whose foreign keys refer to this one.
    fn children<'a>(&'a self, table: &'a ObjectId) -> impl Iterator<Item = &'a Model> {
        let others = self.tables.values().filter(|other| other.id != *table);
        others.filter(|other| other.foreign_keys.iter().any(|(_, key)| key.references == *table))
    }

    /// The columns that foreign keys of other tables refer to.
    fn referred_columns(&self, table: &ObjectId) -> Vec<Vec<String>> {
        let keys = self.tables.values().flat_map(|other| &other.foreign_keys);
        let keys = keys.filter(|(_, key)| key.references == *table);
        keys.map(|(_, key)| key.referenced_columns.clone()).collect()
    }

    /// Writes a table to the catalog in the place of what it was; `renamed` are objects that got another id.
    fn put(&mut self, before: Option<&Model>, after: Option<Model>, renamed: &[(ObjectId, ObjectId)]) {
        for (from, to) in renamed {
            self.ledger.rename(from, to.clone(), |_| {});
        }
        let now = |id: &ObjectId| {
            let found = renamed.iter().find(|(from, _)| from == id);
            found.map_or_else(|| id.clone(), |(_, to)| to.clone())
        };
        let fresh = after
            .as_ref()
            .map(|model| model.objects(self.engine))
            .unwrap_or_default();
        if let Some(before) = before {
            for object in before.objects(self.engine) {
                let id = now(&object.id);
                if !fresh.iter().any(|object| object.id == id) {
                    self.ledger.remove(&id);
                }
            }
            let old = self.tables.remove(&before.id);
            self.replaced.push((before.id.clone(), old));
        }
        for object in fresh {
            self.ledger.put(object);
        }
        let ids = [before.map(|model| &model.id), after.as_ref().map(|model| &model.id)];
        let ids: Vec<ObjectId> = ids.into_iter().flatten().cloned().collect();
        let edges = after.as_ref().map(Model::edges).unwrap_or_default();
        self.ledger.link(edges, |edge| {
            let of_trigger = edge.dependent.kind == ObjectKind::Trigger && ids.contains(&edge.on);
            ids.contains(&edge.dependent) || of_trigger
        });
        if let Some(after) = after {
            let id = after.id.clone();
            let old = self.tables.insert(id.clone(), after);
            self.replaced.push((id, old));
        }
    }
}
