//! Running migrations on one session as their tool would, and going on after a failure.
//!
//! A failing statement of SQLite undoes itself and leaves its transaction open, so that going on needs no savepoints. A few
//! failures (`RAISE(ROLLBACK)`, `OR ROLLBACK`, an interrupt) take the whole transaction with them: it is then run again
//! without the statement that did it.

use std::collections::BTreeMap;

use dbwright_catalog::{Effect, Engine, Migration, SqlError, Statement, TransactionId};
use dbwright_sql::{Summary, summarise};

use super::observe::Observer;
use super::session::{Ran, Session};
use crate::LiveError;

/// Migrations that run together.
pub(super) struct Batch<'a> {
    /// Each with its index in the history.
    pub(super) migrations: Vec<(usize, &'a Migration)>,
    /// Whether the tool puts one transaction around them.
    pub(super) one_transaction: bool,
}

/// How a statement ended and, where it was watched, what it did.
pub(super) struct StatementRun {
    /// How it ended.
    pub(super) ran: Ran,
    /// The transaction it ran in.
    pub(super) transaction: TransactionId,
    /// What it did.
    pub(super) effect: Option<Effect>,
    /// What is to be said about it beyond that.
    pub(super) notices: Vec<String>,
}

/// Gives out ids of transactions.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Transactions {
    next: u32,
    open: Option<TransactionId>,
}

impl Transactions {
    /// The id for a statement that begins now.
    fn enter(&mut self) -> TransactionId {
        if let Some(open) = self.open {
            return open;
        }
        self.next += 1;
        TransactionId(self.next - 1)
    }

    fn leave(&mut self, id: TransactionId, autocommit: bool) {
        self.open = (!autocommit).then_some(id);
    }
}

/// One run of a batch.
pub(super) struct Pass<'a> {
    /// Where it runs.
    pub(super) session: &'a Session,
    /// Who watches, if anybody.
    pub(super) observer: Option<Observer>,
    /// Ids of transactions.
    pub(super) transactions: Transactions,
}

/// Called between two migrations of a batch, with the index of the next one.
pub(super) type Between<'a> = dyn FnMut(&Session, &mut Observer, usize) -> Result<(), LiveError> + 'a;

impl Pass<'_> {
    /// Runs all statements of a batch: one list of results per migration.
    pub(super) fn run(
        &mut self,
        batch: &Batch<'_>,
        between: &mut Between<'_>,
    ) -> Result<Vec<Vec<StatementRun>>, LiveError> {
        let statements: Vec<(usize, usize, &Statement)> = batch
            .migrations
            .iter()
            .enumerate()
            .flat_map(|(place, (_, migration))| {
                let statements = migration.statements.iter().enumerate();
                statements.map(move |(index, statement)| (place, index, statement))
            })
            .collect();
        let mut done: BTreeMap<usize, StatementRun> = BTreeMap::new();
        let mut skipped: BTreeMap<usize, StatementRun> = BTreeMap::new();
        // Where the open transaction began, and whether the tool began it.
        let mut start = (0, batch.one_transaction);
        if batch.one_transaction {
            self.begin()?;
        }
        let mut at = 0;
        while let Some((place, index, statement)) = statements.get(at) {
            if *index == 0
                && *place > 0
                && let Some(observer) = &mut self.observer
            {
                between(self.session, observer, batch.migrations[*place].0)?;
            }
            if skipped.contains_key(&at) {
                at += 1;
                continue;
            }
            let autocommit_before = self.session.is_autocommit();
            let run = self.statement(statement)?;
            let autocommit = self.session.is_autocommit();
            if !autocommit_before && autocommit && matches!(run.ran, Ran::Failed(_)) {
                skipped.insert(at, run);
                at = start.0;
                if start.1 {
                    self.begin()?;
                }
                continue;
            }
            if autocommit_before && !autocommit {
                start = (at, false);
            }
            done.insert(at, run);
            at += 1;
        }
        done.append(&mut skipped);
        self.finish(batch.one_transaction, &mut done)?;

        let mut results: Vec<Vec<StatementRun>> = batch.migrations.iter().map(|_| Vec::new()).collect();
        for ((place, _, _), run) in statements.iter().zip(done.into_values()) {
            results[*place].push(run);
        }
        Ok(results)
    }

    fn begin(&mut self) -> Result<(), LiveError> {
        let id = self.transactions.enter();
        self.session.run("BEGIN")?;
        self.transactions.leave(id, self.session.is_autocommit());
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<StatementRun, LiveError> {
        let transaction = self.transactions.enter();
        let (ran, effect) = match refusal(statement) {
            Some(reason) => (Ran::Refused(reason), None),
            None => match &mut self.observer {
                Some(observer) => {
                    let (ran, effect) = observer.run(self.session, &statement.text, transaction)?;
                    (ran, Some(effect))
                }
                None => (self.session.run(&statement.text)?, None),
            },
        };
        self.transactions.leave(transaction, self.session.is_autocommit());
        Ok(StatementRun {
            ran,
            transaction,
            effect,
            notices: Vec::new(),
        })
    }

    /// Ends the transaction that is still open, as the tool would, and lays what comes of it at the last statement's door.
    fn finish(&mut self, one_transaction: bool, done: &mut BTreeMap<usize, StatementRun>) -> Result<(), LiveError> {
        let open = !self.session.is_autocommit();
        let failed_before = done.values().any(|run| matches!(run.ran, Ran::Failed(_)));
        let Some(mut last) = done.last_entry() else {
            if open {
                self.session.run("ROLLBACK")?;
            }
            self.transactions.open = None;
            return Ok(());
        };
        let last = last.get_mut();
        if one_transaction {
            // Without an open transaction, because the file ended it, this fails for the tool as well.
            let commit = self.session.run("COMMIT")?;
            if let (Ran::Failed(error), true) = (commit, open || !failed_before) {
                last.ran = Ran::Failed(SqlError {
                    detail: Some("at the COMMIT that follows the last statement".to_owned()),
                    position: None,
                    ..error
                });
            }
        } else if open {
            let notice = "A transaction is still open at the end of the file and is rolled back.";
            last.notices.push(notice.to_owned());
        }
        if !self.session.is_autocommit() {
            self.session.run("ROLLBACK")?;
        }
        self.transactions.open = None;
        Ok(())
    }
}

/// Why a statement is not sent at all.
fn refusal(statement: &Statement) -> Option<String> {
    if let Some(reason) = &statement.not_sent {
        return Some(reason.clone());
    }
    match summarise(Engine::Sqlite, &statement.text) {
        Summary::ReachesOutside(what) => Some(format!("it reaches outside the database: {what}")),
        Summary::Pragma { name, .. } if matches!(name.as_str(), "hard_heap_limit" | "soft_heap_limit") => Some(
            format!("PRAGMA {name} holds for the whole process, not for the database"),
        ),
        _ => None,
    }
}
