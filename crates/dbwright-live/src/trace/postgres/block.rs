//! Running what is committed together, and seeing it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use dbwright_catalog::{
    Change, Effect, Engine, Object, ObjectBody, ObjectId, ObjectKind, Outcome, Rows, RunMode, SqlError, TransactionId,
};
use dbwright_sql::{Summary, TransactionControl};
use futures_util::future::{try_join, try_join3};

use super::hold::{Grip, Holders};
use super::observe::{self, Counters, Lock, LockWindow};
use super::send::{self, Answer};
use super::{Item, Runner, known};
use crate::LiveError;
use crate::introspect::postgres::{CatalogState, Frame, Touched, Update};
use crate::scratch::postgres::Who;

/// Statements that are committed together.
pub(super) struct Block<'a, 'b> {
    items: &'a [Item<'b>],
    /// Whether the tool opens and commits the transaction; otherwise the file's own statements do.
    by_tool: bool,
    /// Whether the text is one simple query: the server parses all of it before it runs anything.
    one_query: bool,
    pub(super) observe: bool,
}

impl<'a, 'b> Block<'a, 'b> {
    pub(super) fn items(&self) -> &'a [Item<'b>] {
        self.items
    }
}

/// The block that the tool opens before the first of these statements: to the end, or to a `COMMIT` in the file.
pub(super) fn of_tool<'a, 'b>(items: &'a [Item<'b>], mode: RunMode) -> Block<'a, 'b> {
    let one_query = mode == RunMode::SimpleQuery;
    Block {
        items: up_to_end(items),
        by_tool: true,
        one_query,
        observe: false,
    }
}

/// The block that begins with a `BEGIN` of the file.
pub(super) fn of_file<'a, 'b>(items: &'a [Item<'b>]) -> Block<'a, 'b> {
    Block {
        items: up_to_end(items),
        by_tool: false,
        one_query: false,
        observe: false,
    }
}

fn up_to_end<'a, 'b>(items: &'a [Item<'b>]) -> &'a [Item<'b>] {
    let end = items
        .iter()
        .position(|item| ends_transaction(&item.summary))
        .map_or(items.len(), |end| end + 1);
    &items[..end]
}

fn ends_transaction(summary: &Summary) -> bool {
    matches!(
        summary,
        Summary::Transaction(TransactionControl::Commit | TransactionControl::Rollback)
    )
}

/// Statements that change nothing but the session or the transaction; looking before them could break them.
fn is_session_only(summary: &Summary) -> bool {
    matches!(summary, Summary::Transaction(_) | Summary::Session)
}

/// How a statement was answered, and how long that took.
type Sent = (Answer, std::time::Duration);

/// What was seen of a statement in the session itself.
type Seen = (BTreeSet<Lock>, Counters);

/// How a block went without savepoints.
enum Attempt {
    Whole(Vec<Effect>),
    Stopped {
        at: usize,
        error: SqlError,
        before: Vec<Effect>,
    },
}

/// What is remembered from one statement of a transaction to the next.
struct Watch {
    transaction: TransactionId,
    since_xid: u64,
    since_command: i64,
    counters: Option<Counters>,
    window: LockWindow,
    /// Whether a savepoint of ours stands around each statement.
    savepoints: bool,
    rows: Rows,
}

impl Runner<'_> {
    pub(super) async fn run_block(&mut self, block: &Block<'_, '_>) -> Result<Vec<Effect>, LiveError> {
        let (at, error, before) = loop {
            match self.attempt(block).await? {
                Attempt::Whole(effects) => return Ok(effects),
                Attempt::Stopped { at, error, before } => {
                    self.roll_back().await?;
                    if !self.make_missing_role(&error).await? {
                        break (at, error, before);
                    }
                }
            }
        };
        let had_rows = self.remove_rows().await?;
        let mut effects = self.run_with_savepoints(block).await?;
        for (index, effect) in before.into_iter().enumerate() {
            // Seen with rows in the tables, which shows more.
            if effects[index].outcome == Outcome::Done {
                let transaction = effects[index].transaction;
                effects[index] = Effect { transaction, ..effect };
            }
        }
        let stopped = &mut effects[at];
        if had_rows && stopped.outcome == Outcome::Done {
            stopped.outcome = Outcome::FailedOnRows(error);
        }
        Ok(effects)
    }

    async fn roll_back(&mut self) -> Result<(), LiveError> {
        self.roll_back_alone().await?;
        if self.state.is_some() {
            self.read_state(Frame::Alone).await?;
        }
        Ok(())
    }

    /// Begins the transaction of a block, where its tool does, and what is remembered of it: in one round trip with the
    /// counters as they are before its first statement, unless asking for them could break that one.
    async fn begin_block(&mut self, block: &Block<'_, '_>, savepoints: bool) -> Result<Watch, LiveError> {
        let client = &self.session.client;
        let looks_first = block.observe
            && block.by_tool
            && block
                .items
                .first()
                .is_some_and(|item| !is_session_only(&item.summary) && item.statement.not_sent.is_none());
        let since_xid = async {
            if block.observe {
                observe::next_transaction_id(&self.observer.client).await
            } else {
                Ok(0)
            }
        };
        let begin = async {
            if block.by_tool {
                observe::simple(client, "BEGIN", "beginning a transaction").await?;
            }
            Ok(())
        };
        let counters = async {
            if looks_first {
                Counters::read(client).await.map(Some)
            } else {
                Ok(None)
            }
        };
        // In this order: what is polled first is sent first.
        let (since_xid, (), counters) = try_join3(since_xid, begin, counters).await?;
        Ok(Watch {
            counters,
            ..self.watch(since_xid, savepoints)
        })
    }

    fn watch(&mut self, since_xid: u64, savepoints: bool) -> Watch {
        Watch {
            transaction: self.next_transaction(),
            since_xid,
            since_command: -1,
            counters: None,
            window: LockWindow::default(),
            savepoints,
            rows: if self.rows.is_empty() {
                Rows::None
            } else {
                Rows::Generated
            },
        }
    }

    async fn attempt(&mut self, block: &Block<'_, '_>) -> Result<Attempt, LiveError> {
        if block.one_query {
            let statements: Vec<_> = block.items.iter().map(|item| item.statement).collect();
            if let Some((at, error)) = send::syntax_error(&self.session.client, &statements).await? {
                return Ok(Attempt::Stopped {
                    at,
                    error,
                    before: Vec::new(),
                });
            }
        }
        let mut watch = self.begin_block(block, false).await?;
        let mut effects = Vec::with_capacity(block.items.len());
        for (at, item) in block.items.iter().enumerate() {
            match self.step(item, block, &mut watch).await? {
                Ok(effect) => effects.push(effect),
                Err(error) => {
                    return Ok(Attempt::Stopped {
                        at,
                        error,
                        before: effects,
                    });
                }
            }
        }
        match self.close(block).await? {
            None => Ok(Attempt::Whole(effects)),
            Some(error) => {
                let at = block.items.len() - 1;
                effects.truncate(at);
                Ok(Attempt::Stopped {
                    at,
                    error,
                    before: effects,
                })
            }
        }
    }

    /// Commits what is still open at the end of a block; the error where that fails (deferred constraints).
    async fn close(&mut self, block: &Block<'_, '_>) -> Result<Option<SqlError>, LiveError> {
        if block.items.last().is_some_and(|item| ends_transaction(&item.summary)) {
            return Ok(None);
        }
        match self.session.client.simple_query("COMMIT").await {
            Ok(_) => Ok(None),
            Err(error) => match send::sql_error(&error, "COMMIT") {
                Some(error) => Ok(Some(error)),
                None => Err(LiveError::postgres("committing", error)),
            },
        }
    }

    async fn run_with_savepoints(&mut self, block: &Block<'_, '_>) -> Result<Vec<Effect>, LiveError> {
        let mut watch = self.begin_block(block, true).await?;
        let mut effects = Vec::with_capacity(block.items.len());
        for item in block.items {
            let effect = match self.step(item, block, &mut watch).await? {
                Ok(effect) => effect,
                Err(error) => {
                    if ends_transaction(&item.summary) {
                        // A COMMIT that fails has rolled everything back.
                        self.roll_back().await?;
                    }
                    let outcome = self.outcome_of(item, error);
                    Effect::without_observation(known(block.observe, &outcome), outcome, watch.transaction)
                }
            };
            effects.push(effect);
        }
        if let Some(error) = self.close(block).await? {
            self.roll_back().await?;
            if let (Some(last), Some(item)) = (effects.last_mut(), block.items.last()) {
                last.outcome = self.outcome_of(item, error);
            }
        }
        Ok(effects)
    }

    /// One statement of an open transaction.
    async fn step(
        &mut self,
        item: &Item<'_>,
        block: &Block<'_, '_>,
        watch: &mut Watch,
    ) -> Result<Result<Effect, SqlError>, LiveError> {
        self.at_hand = (item.migration, item.index);
        if let Some(reason) = send::refusal(item.statement, &item.summary, self.scratch.is_own_cluster()) {
            self.failures.refused(item.migration, item.index, &item.statement.text);
            let outcome = Outcome::Refused(reason);
            return Ok(Ok(Effect::without_observation(
                known(block.observe, &outcome),
                outcome,
                watch.transaction,
            )));
        }
        if block.one_query && matches!(item.summary, Summary::Transaction(TransactionControl::Savepoint(_))) {
            return Ok(Err(SqlError {
                code: "25P01".to_owned(),
                message: "SAVEPOINT can only be used in transaction blocks".to_owned(),
                detail: None,
                position: None,
            }));
        }
        let look = block.observe && !is_session_only(&item.summary);
        if look && watch.counters.is_none() {
            watch.counters = Some(Counters::read(&self.session.client).await?);
        }
        let ((answer, duration), seen) = if look && !watch.savepoints {
            self.send_and_look(item).await?
        } else {
            (self.send(item, watch.savepoints).await?, None)
        };
        if let Answer::Refused(error) = answer {
            return Ok(Err(error));
        }
        let mut effect =
            Effect::without_observation(known(block.observe, &Outcome::Done), Outcome::Done, watch.transaction);
        effect.duration = duration;
        effect.generated_rows = watch.rows;
        effect.notices = self.session.take_notices();
        if look {
            self.observe(item, watch, seen, &mut effect).await?;
        } else if block.observe {
            match item.summary {
                Summary::Transaction(TransactionControl::RollbackTo(_)) => {
                    effect.changes = self.read_again(Frame::InTransaction).await?;
                }
                Summary::Transaction(TransactionControl::Rollback) => {
                    effect.changes = self.read_again(Frame::Alone).await?;
                }
                _ => {}
            }
        }
        Ok(Ok(effect))
    }

    /// Reads the whole catalog after something was rolled back, and tells what that changed.
    async fn read_again(&mut self, frame: Frame) -> Result<Vec<Change>, LiveError> {
        let before = self.state.as_ref().map(|state| state.catalog().clone());
        self.read_state(frame).await?;
        let after = self.state.as_ref().map(CatalogState::catalog);
        Ok(before
            .zip(after)
            .map(|(before, after)| dbwright_catalog::changes(&before, after))
            .unwrap_or_default())
    }

    /// Sends a statement, and without waiting for it the questions that come after it; what is not answered is to be asked
    /// again.
    async fn send_and_look(&self, item: &Item<'_>) -> Result<(Sent, Option<Seen>), LiveError> {
        if item.statement.copy_rows.is_some() || send::create_extension_call(&item.summary).is_some() {
            return Ok((self.send(item, false).await?, None));
        }
        let client = &self.session.client;
        // An error of the session ends both; a statement that is refused takes the questions with it.
        let look = async { Ok(observe::locks_and_counters(client).await.ok()) };
        try_join(send::send(client, item.statement), look).await
    }

    /// Sends a statement, inside a savepoint of ours where asked for.
    async fn send(&self, item: &Item<'_>, savepoint: bool) -> Result<Sent, LiveError> {
        const SAVEPOINT: &str = "dbwright_statement";
        let client = &self.session.client;
        let call = send::create_extension_call(&item.summary).filter(|_| self.scratch.is_own_cluster());
        let savepoint = (savepoint && !matches!(item.summary, Summary::Transaction(_))) || call.is_some();
        if savepoint {
            observe::simple(client, &format!("SAVEPOINT {SAVEPOINT}"), "setting a savepoint").await?;
        }
        let mut answer = send::send(client, item.statement).await?;
        let back = format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}");
        if let (Answer::Refused(error), Some(sql)) = (&answer.0, call)
            && error.code == "42501"
        {
            observe::simple(client, &back, "returning to a savepoint").await?;
            let statement = dbwright_catalog::Statement {
                text: sql,
                ..item.statement.clone()
            };
            answer = send::send(client, &statement).await?;
        }
        if savepoint {
            if let Answer::Refused(_) = answer.0 {
                observe::simple(client, &back, "returning to a savepoint").await?;
            }
            // A SET of the statement would be undone by nothing: releasing keeps it.
            observe::simple(
                client,
                &format!("RELEASE SAVEPOINT {SAVEPOINT}"),
                "releasing a savepoint",
            )
            .await?;
        }
        Ok(answer)
    }

    /// Looks at what the statement did, before anything is committed.
    async fn observe(
        &mut self,
        item: &Item<'_>,
        watch: &mut Watch,
        seen: Option<Seen>,
        effect: &mut Effect,
    ) -> Result<(), LiveError> {
        let (held, now) = match seen {
            Some(seen) => seen,
            None => observe::locks_and_counters(&self.session.client).await?,
        };
        self.refresh_names(&held);
        let before = watch.counters.replace(now.clone()).unwrap_or_default();
        let Some(state) = &mut self.state else { return Ok(()) };
        let mut work = now.work_since(&before, &self.names, state);
        let mut update = Update::default();
        if !work.catalogs.is_empty() {
            let touched = Touched {
                catalogs: std::mem::take(&mut work.catalogs),
                deleted_from: std::mem::take(&mut work.deleted_from),
                since_xid: watch.since_xid,
                since_command: watch.since_command,
            };
            update = state
                .update(&self.session.client, Frame::InTransaction, &touched)
                .await?;
            watch.since_command = update.last_command;
        }
        if !matches!(item.summary, Summary::Definition | Summary::Maintenance) {
            work = now.sequential_only(state).work_since(&before, &self.names, state);
        }
        self.remember_names(&held);
        effect.locks = watch.window.after(item.migration, item.index, &held, &self.names);
        effect.rows = work.rows;
        effect.scanned = work.scanned.into_iter().collect();
        take_update(effect, update);
        self.tell_truncated(effect).await
    }

    /// `TRUNCATE` gives a table a new file, as a rewrite does, but nothing is read or written: it shows as deleted rows.
    async fn tell_truncated(&self, effect: &mut Effect) -> Result<(), LiveError> {
        let Some(state) = &self.state else { return Ok(()) };
        let had_rows = |table: &ObjectId| {
            let parent = state.partition_parent(table);
            self.rows
                .placed(table)
                .len()
                .max(parent.map_or(0, |parent| self.rows.placed(parent).len()))
        };
        let suspects: Vec<ObjectId> = effect
            .rewritten
            .iter()
            .filter(|table| had_rows(table) > 0)
            .cloned()
            .collect();
        if suspects.is_empty() {
            return Ok(());
        }
        for table in state
            .empty_among(&self.session.client, Frame::InTransaction, &suspects)
            .await?
        {
            effect.rewritten.retain(|rewritten| *rewritten != table);
            effect.scanned.retain(|scanned| *scanned != table);
            effect
                .rebuilt_indexes
                .retain(|index| state.table_of_index(index) != Some(&table));
            let deleted = had_rows(&table) as u64;
            effect.rows.push(dbwright_catalog::RowCount {
                table,
                inserted: 0,
                updated: 0,
                deleted,
            });
        }
        effect.rows.sort_by(|a, b| a.table.cmp(&b.table));
        Ok(())
    }

    /// Takes the names that relations have by now: an earlier statement may have renamed them.
    fn refresh_names(&mut self, held: &BTreeSet<Lock>) {
        let Some(state) = &self.state else { return };
        let known = held
            .iter()
            .filter_map(|lock| Some((lock.relation, state.relation(lock.relation)?.clone())));
        self.names.extend(known);
    }

    /// Takes the names of relations that are new; others keep the name that they had when the statement began.
    fn remember_names(&mut self, held: &BTreeSet<Lock>) {
        let Some(state) = &self.state else { return };
        for lock in held {
            if !self.names.contains_key(&lock.relation)
                && let Some(id) = state.relation(lock.relation)
            {
                self.names.insert(lock.relation, id.clone());
            }
        }
    }

    /// A statement that commits by itself.
    pub(super) async fn run_alone(&mut self, item: &Item<'_>, observe: bool) -> Result<Effect, LiveError> {
        if !observe && !matches!(item.summary, Summary::CreateExtension { .. }) {
            return self.replay_alone(item).await;
        }
        let block = Block {
            items: std::slice::from_ref(item),
            by_tool: true,
            one_query: false,
            observe,
        };
        let mut error = loop {
            match self.attempt(&block).await? {
                Attempt::Whole(mut effects) => {
                    if let Some(effect) = effects.pop() {
                        return Ok(effect);
                    }
                }
                Attempt::Stopped { error, .. } => {
                    self.roll_back_alone().await?;
                    if send::wants_no_transaction(&error) {
                        return self.run_outside(item).await;
                    }
                    if !self.make_missing_role(&error).await? {
                        break error;
                    }
                }
            }
        };
        if self.remove_rows().await? {
            match self.attempt(&block).await? {
                Attempt::Whole(mut effects) => {
                    if let Some(mut effect) = effects.pop() {
                        effect.outcome = Outcome::FailedOnRows(error);
                        return Ok(effect);
                    }
                }
                Attempt::Stopped {
                    error: without_rows, ..
                } => {
                    self.roll_back_alone().await?;
                    error = without_rows;
                }
            }
        }
        let outcome = self.outcome_of(item, error);
        let transaction = self.next_transaction();
        Ok(Effect::without_observation(
            known(observe, &outcome),
            outcome,
            transaction,
        ))
    }

    /// A failed statement alone in its transaction has changed nothing that was read.
    async fn roll_back_alone(&mut self) -> Result<(), LiveError> {
        observe::simple(&self.session.client, "ROLLBACK", "rolling back").await?;
        self.session.take_notices();
        Ok(())
    }

    async fn replay_alone(&mut self, item: &Item<'_>) -> Result<Effect, LiveError> {
        self.at_hand = (item.migration, item.index);
        let transaction = self.next_transaction();
        let outcome = match send::refusal(item.statement, &item.summary, self.scratch.is_own_cluster()) {
            Some(reason) => {
                self.failures.refused(item.migration, item.index, &item.statement.text);
                Outcome::Refused(reason)
            }
            None => loop {
                match send::send(&self.session.client, item.statement).await?.0 {
                    Answer::Done => break Outcome::Done,
                    Answer::Refused(error) => {
                        if !self.make_missing_role(&error).await? && !self.remove_rows().await? {
                            break self.outcome_of(item, error);
                        }
                    }
                }
            },
        };
        self.session.take_notices();
        Ok(Effect::without_observation(
            known(false, &outcome),
            outcome,
            transaction,
        ))
    }

    /// A statement that refuses to run inside a transaction: held up and looked at while it runs.
    async fn run_outside(&mut self, item: &Item<'_>) -> Result<Effect, LiveError> {
        let (error, mut effect) = match self.run_held(item).await? {
            (None, effect) => return Ok(effect),
            (Some(error), effect) => (error, effect),
        };
        // What fails may leave something behind, as a failed CREATE INDEX CONCURRENTLY leaves an invalid index.
        let had_rows = !self.rows.is_empty();
        if had_rows {
            let left_behind: Vec<ObjectId> = effect.changes.iter().filter_map(invalid_index).collect();
            self.remove_rows().await?;
            for index in &left_behind {
                let sql = format!(
                    "DROP INDEX IF EXISTS {}",
                    dbwright_ddl::qualified_name(Engine::Postgres, index)
                );
                observe::simple(&self.filler.client, &sql, "dropping an invalid index").await?;
            }
            if !left_behind.is_empty() {
                self.read_state(Frame::Alone).await?;
            }
            if let (None, mut second) = self.run_held(item).await? {
                second.outcome = Outcome::FailedOnRows(error);
                return Ok(second);
            }
        }
        effect.outcome = self.outcome_of(item, error);
        effect.known = known(true, &effect.outcome);
        Ok(effect)
    }

    async fn run_held(&mut self, item: &Item<'_>) -> Result<(Option<SqlError>, Effect), LiveError> {
        let since_xid = self.next_transaction_id().await?;
        let watch = self.watch(since_xid, false);
        if self.holders.is_none() {
            let first = self.scratch.connect(&self.database, Who::Migrator).await?;
            let second = self.scratch.connect(&self.database, Who::Migrator).await?;
            self.holders = Some([first, second]);
        }
        let (Some([first, second]), Some(state)) = (&self.holders, &self.state) else {
            return Err(LiveError::Unsupported {
                what: "watching a statement before the catalog was read".to_owned(),
            });
        };
        let tables = state.lockable_tables();
        let concurrently = item.statement.text.to_ascii_lowercase().contains("concurrently");
        let holders = Holders {
            sessions: [first, second],
            observer: &self.observer.client,
            watched: self.session.pid,
            tables: &tables,
            grip: if concurrently { Grip::Writers } else { Grip::Maintenance },
        };
        holders.take().await?;
        let done = AtomicBool::new(false);
        let run = async {
            let answer = send::send(&self.session.client, item.statement).await;
            done.store(true, Ordering::Release);
            answer
        };
        let (answer, seen) = tokio::join!(run, holders.watch(|| done.load(Ordering::Acquire)));
        let ((answer, duration), seen) = (answer?, seen?);
        self.after_held(item, watch, answer, duration, &seen).await
    }

    async fn after_held(
        &mut self,
        item: &Item<'_>,
        watch: Watch,
        answer: Answer,
        duration: std::time::Duration,
        seen: &BTreeSet<Lock>,
    ) -> Result<(Option<SqlError>, Effect), LiveError> {
        let error = match answer {
            Answer::Done => None,
            Answer::Refused(error) => Some(error),
        };
        let mut effect = Effect::without_observation(known(true, &Outcome::Done), Outcome::Done, watch.transaction);
        self.refresh_names(seen);
        if let Some(state) = &mut self.state {
            let touched = Touched::everything_since(watch.since_xid);
            let update = state.update(&self.session.client, Frame::Alone, &touched).await?;
            take_update(&mut effect, update);
        }
        self.remember_names(seen);
        let mut window = LockWindow::default();
        effect.locks = window.after(item.migration, item.index, seen, &self.names);
        effect.scanned = self.built_from(&effect);
        effect.duration = duration;
        effect.generated_rows = watch.rows;
        effect.notices = self.session.take_notices();
        if seen.is_empty() && matches!(item.summary, Summary::Code) {
            effect.known = dbwright_catalog::Known::Unknown(
                "it commits by itself, so that its locks could not be watched".to_owned(),
            );
        }
        Ok((error, effect))
    }

    /// What must have been read from end to end for what was built. Statistics of committed work arrive too late to be
    /// looked at, but an index that is new or built anew was built by reading its table, and so was a new file.
    fn built_from(&self, effect: &Effect) -> Vec<ObjectId> {
        let new = effect.changes.iter().filter_map(|change| match change {
            Change::Created(Object {
                body: ObjectBody::Index(index),
                ..
            }) if index.valid => Some(index.table.clone()),
            Change::Altered {
                before:
                    Object {
                        body: ObjectBody::Index(before),
                        ..
                    },
                after:
                    Object {
                        body: ObjectBody::Index(index),
                        ..
                    },
            } if index.valid && !before.valid => Some(index.table.clone()),
            _ => None,
        });
        let rebuilt = effect
            .rebuilt_indexes
            .iter()
            .filter_map(|index| self.state.as_ref()?.table_of_index(index).cloned());
        let all: BTreeSet<ObjectId> = new.chain(rebuilt).chain(effect.rewritten.iter().cloned()).collect();
        all.into_iter().collect()
    }
}

fn take_update(effect: &mut Effect, update: Update) {
    let (indexes, tables) = update
        .new_files
        .into_iter()
        .partition(|id| id.kind == ObjectKind::Index);
    effect.rebuilt_indexes = indexes;
    effect.rewritten = tables;
    effect.changes = update.changes;
}

fn invalid_index(change: &Change) -> Option<ObjectId> {
    match change {
        Change::Created(Object {
            id,
            body: ObjectBody::Index(index),
            ..
        }) if !index.valid => Some(id.clone()),
        _ => None,
    }
}
