//! Running one statement and seeing what it does.

use std::collections::BTreeSet;

use dbwright_catalog::{
    Algorithm, Catalog, Change, Effect, Known, LockLevel, Object, ObjectBody, ObjectId, ObjectKind, Outcome,
    RefusedOffer, RowCount, Rows, SqlError, TableExtra, TableOperation, TransactionId,
};
use dbwright_ddl::{quote_identifier, quote_literal};
use dbwright_sql::{Form, MySqlFamilySummary, Summary, TableAction, TableName, TransactionControl};
use mysql_async::prelude::Queryable;

use super::offers::{Offer, Offers, refused_for};
use super::relatives::{Hold, relatives};
use super::rows::{Moment, reachable};
use super::send::{self, Answer, Sent};
use super::{Item, Runner, known};
use crate::LiveError;
use crate::introspect::mysql_family::Touched;
use crate::scratch::mysql_family::Who;

/// ER_LOCK_WAIT_TIMEOUT.
const LOCK_WAIT_TIMEOUT: &str = "1205";

/// Where to look when a statement has run.
#[derive(Debug, Default)]
struct Look {
    /// Tables whose rows it can touch.
    rows: BTreeSet<ObjectId>,
    /// Whether a definition can only take rows away.
    only_counts: bool,
    /// What of the catalog it may have changed.
    catalog: Option<Touched>,
}

/// A statement that was run, maybe after some offers were refused.
struct Performed {
    sent: Sent,
    offer: Option<Offer>,
    refused: Vec<RefusedOffer>,
    parents: Vec<ObjectId>,
    /// The lock that it wanted on its own table, where it can't be asked for by a clause.
    own_lock: Option<(ObjectId, LockLevel)>,
}

impl Runner<'_> {
    /// Runs a statement as the tool would, watches it if wanted, and tells how it ended.
    pub(super) async fn run_item(&mut self, item: &Item<'_>, observe: bool) -> Result<Effect, LiveError> {
        let text = &item.statement.text;
        let summary = self.summary(text);
        if let Some(reason) = send::refusal(item.statement, &summary, self.scratch.is_own_server()) {
            self.failures.refused(item.migration, item.index, text);
            let transaction = self.transaction_of(&summary);
            let outcome = Outcome::Refused(reason);
            return Ok(Effect::without_observation(
                known(observe, &outcome),
                outcome,
                transaction,
            ));
        }
        if let Form::Use(database) = &summary.form {
            self.presuppose_database(database).await?;
        }
        let (mut answer, mut effect) = self.once(text, &summary, observe).await?;
        let mut on_rows = None;
        if let Answer::Refused(error) = &answer
            && observe
            && self.may_try_without_rows(&summary, error)
        {
            let error = error.clone();
            if self.remove_rows().await? {
                (answer, effect) = self.once(text, &summary, observe).await?;
                on_rows = Some(error);
                // Nothing holds them back from the statements that follow.
                if self.open.is_none() && !matches!(answer, Answer::Lost(_)) {
                    self.prepare().await?;
                }
            }
        }
        effect.outcome = match (answer, on_rows) {
            (Answer::Done, None) => Outcome::Done,
            (Answer::Done, Some(error)) => Outcome::FailedOnRows(error),
            (Answer::Refused(error), _) => self.outcome_of(item, error),
            (Answer::GivenUp, _) => {
                self.failures.refused(item.migration, item.index, text);
                if self.session.ping().await.is_err() {
                    self.renew_session(&mut effect).await?;
                }
                let limit = self.limits.statement.as_secs_f64();
                Outcome::Refused(format!("it was given up: it ran for more than {limit} s"))
            }
            (Answer::Lost(error), _) => {
                self.renew_session(&mut effect).await?;
                self.outcome_of(item, error)
            }
        };
        effect.known = known(observe, &effect.outcome);
        Ok(effect)
    }

    /// What a server's error makes of a statement.
    fn outcome_of(&mut self, item: &Item<'_>, error: SqlError) -> Outcome {
        let text = &item.statement.text;
        if let Some(reason) = send::limits_of_scratch(&error) {
            self.failures.refused(item.migration, item.index, text);
            return Outcome::Refused(reason);
        }
        self.failures.judge(item.migration, item.index, text, error)
    }

    /// Whether a failed statement may be run again after the generated rows were taken out: it left nothing behind, no
    /// session is in the way, and rows can matter to it.
    fn may_try_without_rows(&self, summary: &MySqlFamilySummary, error: &SqlError) -> bool {
        self.open.is_none()
            && !self.tables_locked
            && summary.summary != Summary::Code
            && !send::fails_without_rows(error)
            && send::limits_of_scratch(error).is_none()
    }

    /// The transaction that a statement runs in.
    fn transaction_of(&mut self, summary: &MySqlFamilySummary) -> TransactionId {
        match self.open {
            Some(open) if !summary.implicit_commit => open,
            _ => self.next_transaction(),
        }
    }

    /// Runs a statement once.
    async fn once(
        &mut self,
        text: &str,
        summary: &MySqlFamilySummary,
        observe: bool,
    ) -> Result<(Answer, Effect), LiveError> {
        let transaction = self.transaction_of(summary);
        let mut effect = Effect::without_observation(Known::Observed, Outcome::Done, transaction);
        let look = if observe {
            self.look(text, summary)
        } else {
            Look::default()
        };
        let before = self.moment(&look.rows).await?;
        if !self.rows.is_empty() {
            effect.generated_rows = Rows::Generated;
        }
        let performed = if observe {
            let related = self.tables_to_hold(text, summary);
            let performed = self.ask_and_perform(text, summary, &related).await?;
            match &performed.sent.answer {
                // A statement that does not wait (NOWAIT, a short lock_wait_timeout) fails on what we hold.
                Answer::Refused(error) if error.code == LOCK_WAIT_TIMEOUT && !related.is_empty() => {
                    self.ask_and_perform(text, summary, &[]).await?
                }
                _ => performed,
            }
        } else {
            self.perform(text).await?
        };
        let done = matches!(performed.sent.answer, Answer::Done);
        if let Some(in_transaction) = performed.sent.in_transaction {
            let goes_on = in_transaction && self.open == Some(transaction);
            if !goes_on && !ends_transaction(summary) {
                effect.committed = self.open;
            }
            self.open = in_transaction.then_some(transaction);
        }
        effect.duration = performed.sent.duration;
        effect.warnings.clone_from(&performed.sent.warnings);
        effect.notices.clone_from(&performed.sent.notes);
        effect.parents.clone_from(&performed.parents);
        if done {
            self.follow_session(text, summary).await?;
            effect.operations = self.operations(summary, &performed);
            if summary.form == Form::OptimizeTable && observe {
                effect.operations = self.operations_of_optimize(summary).await?;
            }
        }
        if let Some(touched) = &look.catalog {
            self.follow_catalog(touched, summary, &mut effect).await?;
        }
        if !look.rows.is_empty() {
            let after = before
                .again(&mut self.observer, &self.database)
                .await
                .map_err(|source| LiveError::mysql_family("reading rows", source))?;
            effect.rows = if look.only_counts {
                taken_away(&before, &after)
            } else {
                after.touched_since(&before, &widened(&effect.changes))
            };
            effect.scanned.extend(after.scanned_since(&before, text));
        }
        effect.scanned.sort();
        effect.scanned.dedup();
        Ok((performed.sent.answer, effect))
    }

    /// Sends a statement as it stands.
    async fn perform(&mut self, text: &str) -> Result<Performed, LiveError> {
        let sent = send::send(&mut self.session, &mut self.observer, text, self.limits.statement).await?;
        Ok(Performed {
            sent,
            offer: None,
            refused: Vec::new(),
            parents: Vec::new(),
            own_lock: None,
        })
    }

    /// Sends a statement with the cheapest clauses that the server accepts, where it may have such; else as it stands.
    async fn ask_and_perform(
        &mut self,
        text: &str,
        summary: &MySqlFamilySummary,
        related: &[ObjectId],
    ) -> Result<Performed, LiveError> {
        let own = self.own_tables(summary);
        while self.holders.len() < related.len() {
            self.holders
                .push(self.scratch.connect(&self.database, Who::Observer).await?);
        }
        let broke = |source| LiveError::mysql_family("holding tables", source);
        let mut hold = Hold::take(&mut self.holders, &self.database, related, self.session.id())
            .await
            .map_err(broke)?;
        let mut performed = None;
        let mut offers = Offers::of(self.scratch.server().engine, summary);
        while let Some(offers) = &mut offers {
            let Some(offer) = offers.next() else { break };
            let Some(asked) = summary.with_online_clause(text, Some(offer.algorithm), offer.lock) else {
                break;
            };
            let sending = send::send(&mut self.session, &mut self.observer, &asked, self.limits.statement);
            let sent = hold.during(sending).await.map_err(broke)??;
            if let Answer::Refused(error) = &sent.answer {
                match refused_for(error) {
                    Some(what) => offers.refuse(offer, what, error.message.clone()),
                    // Its own error, which the original text shall give.
                    None => break,
                }
            } else {
                performed = Some((sent, Some(offer)));
                break;
            }
        }
        let (sent, offer) = if let Some(performed) = performed {
            performed
        } else {
            let sending = send::send(&mut self.session, &mut self.observer, text, self.limits.statement);
            (hold.during(sending).await.map_err(broke)??, None)
        };
        hold.release().await.map_err(broke)?;
        let waited = std::mem::take(&mut hold.waited);
        let (own_lock, others): (Vec<_>, Vec<_>) = waited.into_iter().partition(|(table, _)| own.contains(table));
        let mut parents: Vec<ObjectId> = others.into_iter().map(|(table, _)| table).collect();
        parents.sort();
        Ok(Performed {
            sent,
            offer,
            refused: offers.map(|offers| offers.refused).unwrap_or_default(),
            parents,
            own_lock: own_lock.into_iter().next(),
        })
    }

    /// The tables to hold while a statement runs, so that what it locks is seen: those that foreign keys tie to its own,
    /// and its own where it takes no `LOCK` clause.
    fn tables_to_hold(&self, text: &str, summary: &MySqlFamilySummary) -> Vec<ObjectId> {
        let Some(state) = self.state.as_ref().filter(|_| !self.tables_locked) else {
            return Vec::new();
        };
        let own = self.own_tables(summary);
        let mut tables = relatives(state.catalog(), &own, &summary.form, text);
        if summary.form == Form::AlterTable && summary.online.is_none() {
            tables.extend(own.into_iter().filter(|id| state.catalog().get(id).is_some()));
        }
        tables
    }

    /// How an accepted offer changed its table; nothing for tables that are the session's own.
    fn operations(&self, summary: &MySqlFamilySummary, performed: &Performed) -> Vec<TableOperation> {
        if let Some((table, lock)) = &performed.own_lock {
            // Whether rows were written, the storage tells later.
            return vec![TableOperation {
                table: table.clone(),
                algorithm: Algorithm::Instant,
                lock: *lock,
                refused: Vec::new(),
                row_versions: None,
            }];
        }
        let (Some(offer), Some(state)) = (performed.offer, &self.state) else {
            return Vec::new();
        };
        let table = summary.tables.first().map(|table| self.id_of(table));
        let table = table.filter(|id| id.schema() != "main" || state.catalog().get(id).is_some());
        let operation = table.map(|table| TableOperation {
            table,
            algorithm: offer.algorithm,
            lock: offer.lock.unwrap_or(LockLevel::None),
            refused: performed.refused.clone(),
            row_versions: None,
        });
        operation.into_iter().collect()
    }

    /// How `OPTIMIZE TABLE` changes tables: as `ALTER TABLE … FORCE` does, which can be asked
    /// (<https://dev.mysql.com/doc/refman/9.7/en/optimize-table.html#optimize-table-innodb-details>). Runs it once more.
    async fn operations_of_optimize(&mut self, summary: &MySqlFamilySummary) -> Result<Vec<TableOperation>, LiveError> {
        let mut operations = Vec::new();
        for table in self.own_tables(summary) {
            let is_stored = self.state.as_ref().is_some_and(|state| state.storage(&table).is_some());
            if !is_stored {
                continue;
            }
            let engine = self.engine();
            let sql = format!(
                "ALTER TABLE {}.{} FORCE",
                quote_identifier(engine, &self.database),
                quote_identifier(engine, table.name())
            );
            let force = dbwright_sql::summarise_mysql_family(dbwright_sql::Dialect::server(engine), &sql);
            let Some(mut offers) = Offers::of(engine, &force) else {
                continue;
            };
            while let Some(offer) = offers.next() {
                let Some(asked) = force.with_online_clause(&sql, Some(offer.algorithm), offer.lock) else {
                    break;
                };
                let sent = send::send(&mut self.observer, &mut self.filler, &asked, self.limits.statement).await?;
                let Answer::Refused(error) = &sent.answer else {
                    operations.push(TableOperation {
                        table,
                        algorithm: offer.algorithm,
                        lock: offer.lock.unwrap_or(LockLevel::None),
                        refused: offers.refused,
                        row_versions: None,
                    });
                    break;
                };
                let Some(what) = refused_for(error) else { break };
                offers.refuse(offer, what, error.message.clone());
            }
        }
        Ok(operations)
    }

    /// Brings the catalog up to date and tells what changed, and which tables were read or written whole.
    async fn follow_catalog(
        &mut self,
        touched: &Touched,
        summary: &MySqlFamilySummary,
        effect: &mut Effect,
    ) -> Result<(), LiveError> {
        let Some(state) = &mut self.state else { return Ok(()) };
        let exchanges = has_partition_action(summary, "EXCHANGE");
        let before = exchanges.then(|| state.catalog().clone());
        let mut update = state.refresh(&mut self.observer, touched).await?;
        if let Some(before) = before {
            // A partition and a table change places: neither is renamed, and nothing is written.
            update.changes = dbwright_catalog::changes(&before, state.catalog());
            update.rebuilt.clear();
        }
        effect.changes = update.changes;
        self.rows.follow(&effect.changes);
        let created = |id: &ObjectId| {
            effect
                .changes
                .iter()
                .any(|change| matches!(change, Change::Created(object) if object.id == *id))
        };
        if empties(summary) {
            return Ok(());
        }
        effect.rewritten = update.rebuilt.into_iter().filter(|id| !created(id)).collect();
        for operation in &mut effect.operations {
            let now = now_called(&effect.changes, &operation.table);
            operation.row_versions = state.storage(&now).and_then(|storage| storage.row_versions);
            // MariaDB takes any ALGORITHM for ORDER BY and another storage engine, and copies all the same. Partitions that are
            // moved tell it too.
            let told_otherwise = operation.algorithm < Algorithm::InPlace && !exchanges;
            let is_copied =
                effect.rewritten.contains(&now) || effect.changes.iter().any(|change| converts(change, &now));
            if is_copied && told_otherwise {
                operation.algorithm = Algorithm::Copy;
                operation.lock = operation.lock.max(LockLevel::Shared);
            }
            // Only InnoDB has ids that tell it.
            if operation.algorithm == Algorithm::Copy && !effect.rewritten.contains(&now) {
                effect.rewritten.push(now);
            }
        }
        effect.scanned.extend(effect.rewritten.iter().cloned());
        let renamed: BTreeSet<&str> = summary.actions.iter().filter_map(renamed_index).collect();
        let built = effect.changes.iter().filter_map(|change| match change {
            Change::Created(object) if object.id.kind == ObjectKind::Index && !renamed.contains(object.id.name()) => {
                object.id.owner_table()
            }
            Change::Created(_) | Change::Dropped(_) | Change::Altered { .. } => None,
        });
        effect.scanned.extend(built.filter(|table| !created(table)));
        effect.rebuilt_indexes = rebuilt_indexes(state.catalog(), effect);
        Ok(())
    }

    /// Follows what a statement changed in its session.
    async fn follow_session(&mut self, text: &str, summary: &MySqlFamilySummary) -> Result<(), LiveError> {
        match &summary.form {
            Form::LockTables => self.tables_locked = true,
            Form::Other if locks_everything(text) => self.tables_locked = true,
            Form::UnlockTables => self.tables_locked = false,
            Form::Use(database) => self.follow_use(database).await?,
            _ if matches!(
                summary.summary,
                Summary::Transaction(dbwright_sql::TransactionControl::Begin)
            ) =>
            {
                self.tables_locked = false;
            }
            _ if text.to_ascii_lowercase().contains("sql_mode") => self.note_sql_mode().await,
            _ if matches!(summary.summary, Summary::ClusterWide(_)) => self.note_databases(text).await?,
            _ => {}
        }
        Ok(())
    }

    /// Takes note of databases that a statement names and may have made: they must go at the end.
    async fn note_databases(&mut self, text: &str) -> Result<(), LiveError> {
        const OF_THE_SERVER: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];
        let there: Vec<String> = self
            .observer
            .query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")
            .await
            .map_err(|source| LiveError::mysql_family("listing databases", source))?;
        let words: BTreeSet<String> = super::super::blame::words(text).into_iter().collect();
        let named = there
            .into_iter()
            .filter(|name| words.contains(&name.to_lowercase()) && !OF_THE_SERVER.contains(&name.as_str()));
        self.databases.extend(named);
        Ok(())
    }

    /// Makes the database of a `USE` where there is none.
    async fn presuppose_database(&mut self, database: &str) -> Result<(), LiveError> {
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
            quote_literal(self.engine(), database)
        );
        let there: Option<u64> = self
            .observer
            .query_first(sql)
            .await
            .map_err(|source| LiveError::mysql_family("looking for a database", source))?;
        if there == Some(0) && self.scratch.is_own_server() {
            self.make_database(database).await?;
        }
        Ok(())
    }

    /// From the first `USE` on, what is watched is the database that it names.
    async fn follow_use(&mut self, database: &str) -> Result<(), LiveError> {
        if database == self.database {
            return Ok(());
        }
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
            quote_literal(self.engine(), &self.database)
        );
        let tables: Option<u64> = self
            .observer
            .query_first(sql)
            .await
            .map_err(|source| LiveError::mysql_family("counting tables", source))?;
        if tables.unwrap_or_default() > self.tables_at_first {
            let told = format!("The database {database} is used beside another one; it is not watched.");
            if !self.assumptions.contains(&told) {
                self.assumptions.push(told);
            }
            return Ok(());
        }
        database.clone_into(&mut self.database);
        let sql = format!("USE {}", quote_identifier(self.engine(), database));
        for conn in [&mut self.observer, &mut self.filler] {
            conn.query_drop(&sql)
                .await
                .map_err(|source| LiveError::mysql_family("changing the database", source))?;
        }
        if self.state.is_some() {
            self.read_state().await?;
        }
        Ok(())
    }

    async fn moment(&mut self, tables: &BTreeSet<ObjectId>) -> Result<Moment, LiveError> {
        let Some(state) = self.state.as_ref().filter(|_| !tables.is_empty()) else {
            return Ok(Moment::default());
        };
        Moment::read(
            &mut self.observer,
            &self.database,
            state.catalog(),
            tables,
            !self.tables_locked,
        )
        .await
        .map_err(|source| LiveError::mysql_family("reading rows", source))
    }

    /// The tables that a statement names, as far as they lie in the database that is watched.
    fn own_tables(&self, summary: &MySqlFamilySummary) -> BTreeSet<ObjectId> {
        let ids = summary.tables.iter().map(|table| self.id_of(table));
        ids.filter(|id| id.schema() == "main").collect()
    }

    fn id_of(&self, table: &TableName) -> ObjectId {
        let schema = match &table.schema {
            Some(schema) if *schema != self.database => schema,
            _ => "main",
        };
        ObjectId::table(schema, table.name.clone())
    }

    /// What a statement of this form can do, so that no more than that is read.
    fn look(&self, text: &str, summary: &MySqlFamilySummary) -> Look {
        let Some(state) = &self.state else {
            return Look::default();
        };
        let catalog = state.catalog();
        let own = self.own_tables(summary);
        let mut look = Look::default();
        match &summary.form {
            Form::AlterTable
            | Form::CreateTable
            | Form::CreateTableAs
            | Form::DropTable
            | Form::RenameTable
            | Form::TruncateTable
            | Form::CreateIndex
            | Form::DropIndex
            | Form::OptimizeTable
            | Form::RepairTable
            | Form::Sequence => {
                look.catalog = Some(self.touched(summary));
                if empties(summary)
                    || has_partition_action(summary, "")
                    || text.to_ascii_lowercase().starts_with("alter ignore")
                {
                    look.rows = own.into_iter().filter(|id| catalog.get(id).is_some()).collect();
                    look.only_counts = true;
                } else if summary.form == Form::CreateTableAs {
                    look.rows = reachable(catalog, text, false);
                }
            }
            Form::CreateView
            | Form::DropView
            | Form::CreateTrigger
            | Form::DropTrigger
            | Form::CreateRoutine
            | Form::DropRoutine => look.catalog = Some(Touched::code()),
            Form::Insert | Form::Replace | Form::Update | Form::Delete | Form::LoadData => {
                look.rows = reachable(catalog, text, false);
            }
            Form::AnalyzeTable
            | Form::CheckTable
            | Form::CreateEvent
            | Form::DropEvent
            | Form::LockTables
            | Form::UnlockTables
            | Form::SetAutocommit(_)
            | Form::Use(_) => {}
            Form::Select | Form::Other => match &summary.summary {
                Summary::Code => {
                    look.catalog = Some(Touched::anything());
                    let prepared = text.trim_start().to_ascii_lowercase().starts_with("execute");
                    look.rows = reachable(catalog, text, prepared);
                }
                // A query can only write by way of functions.
                Summary::Query if calls_routine(catalog, text) => look.rows = reachable(catalog, text, false),
                Summary::Definition | Summary::Other => look.catalog = Some(Touched::anything()),
                Summary::Write => look.rows = reachable(catalog, text, false),
                Summary::Query
                | Summary::Transaction(_)
                | Summary::Session
                | Summary::Pragma { .. }
                | Summary::CreateExtension { .. }
                | Summary::CreateIndex { .. }
                | Summary::Role
                | Summary::ClusterWide(_)
                | Summary::ReachesOutside(_)
                | Summary::CopyFromStdin
                | Summary::Maintenance => {}
            },
        }
        look
    }

    /// What a definition may have changed, and which names its text gives to what.
    fn touched(&self, summary: &MySqlFamilySummary) -> Touched {
        let mut names: BTreeSet<ObjectId> = self.own_tables(summary);
        let mut renamed = Vec::new();
        let mut code = matches!(summary.form, Form::DropTable | Form::RenameTable);
        let mut place = 0;
        for action in &summary.actions {
            let table = summary.tables.first().map(|table| self.id_of(table));
            match action {
                TableAction::RenameTo(new) => {
                    let new = self.id_of(new);
                    // Of RENAME TABLE, in the order of the tables; whoever swaps names is followed by storage.
                    if let (Form::AlterTable, Some(old)) = (&summary.form, summary.tables.get(place)) {
                        renamed.push((self.id_of(old), new.clone()));
                    }
                    place += 1;
                    names.insert(new);
                    code = true;
                }
                TableAction::ChangeColumn { from, to } | TableAction::RenameColumn { from, to } => {
                    if let Some(table) = table.filter(|_| from != to) {
                        renamed.push((table.column(from.clone()), table.column(to.clone())));
                    }
                }
                _ => {}
            }
        }
        let mut touched = Touched::tables(names);
        touched.code = code;
        // MariaDB drops the table first of CREATE OR REPLACE TABLE.
        touched.triggers = !matches!(
            summary.form,
            Form::AlterTable | Form::CreateIndex | Form::DropIndex | Form::TruncateTable | Form::OptimizeTable
        );
        touched.renamed = renamed;
        touched
    }
}

/// Whether a statement says that it ends the transaction.
fn ends_transaction(summary: &MySqlFamilySummary) -> bool {
    matches!(
        summary.summary,
        Summary::Transaction(TransactionControl::Commit | TransactionControl::Rollback)
    )
}

/// Whether a statement gives a table new, empty files.
fn empties(summary: &MySqlFamilySummary) -> bool {
    summary.form == Form::TruncateTable || has_partition_action(summary, "TRUNCATE")
}

/// Whether a statement does something to partitions that begins with this word.
fn has_partition_action(summary: &MySqlFamilySummary, word: &str) -> bool {
    summary
        .actions
        .iter()
        .any(|action| matches!(action, TableAction::Partition(words) if words.starts_with(word)))
}

/// The new name of an index that only gets another name.
fn renamed_index(action: &TableAction) -> Option<&str> {
    match action {
        TableAction::RenameIndex { to, .. } => Some(to),
        _ => None,
    }
}

/// Tables that have new columns.
fn widened(changes: &[Change]) -> BTreeSet<ObjectId> {
    let new = changes.iter().filter_map(|change| match change {
        Change::Created(object) if object.id.kind == ObjectKind::Column => object.id.owner_table(),
        Change::Created(_) | Change::Dropped(_) | Change::Altered { .. } => None,
    });
    new.collect()
}

/// Rows that are gone, told by counts.
fn taken_away(before: &Moment, after: &Moment) -> Vec<RowCount> {
    let mut rows = Vec::new();
    for (table, held) in &before.held {
        let now = after.held.get(table).and_then(super::rows::Held::count);
        if let (Some(before), Some(now)) = (held.count(), now)
            && now < before
        {
            rows.push(RowCount {
                table: table.clone(),
                inserted: 0,
                updated: 0,
                deleted: before - now,
            });
        }
    }
    rows
}

/// Whether this is `FLUSH TABLES … WITH READ LOCK`.
fn locks_everything(text: &str) -> bool {
    let words = super::super::blame::words(text);
    words.first().is_some_and(|word| word == "flush") && words.windows(2).any(|pair| pair == ["read", "lock"])
}

fn calls_routine(catalog: &Catalog, text: &str) -> bool {
    let words: BTreeSet<String> = super::super::blame::words(text).into_iter().collect();
    let mut routines = catalog
        .objects
        .keys()
        .filter(|id| id.kind == ObjectKind::Routine)
        .map(|id| id.name().to_lowercase());
    routines.any(|name| name.split('(').next().is_some_and(|name| words.contains(name)))
}

/// Whether a table gets another storage engine.
fn converts(change: &Change, table: &ObjectId) -> bool {
    let engine = |object: &Object| match &object.body {
        ObjectBody::Table(table) => match &table.extra {
            TableExtra::MySqlFamily(extra) => Some(extra.storage_engine.clone()),
            TableExtra::Postgres(_) | TableExtra::Sqlite(_) => None,
        },
        _ => None,
    };
    match change {
        Change::Altered { before, after } => after.id == *table && engine(before) != engine(after),
        Change::Created(_) | Change::Dropped(_) => false,
    }
}

/// What a table is called after these changes.
fn now_called(changes: &[Change], table: &ObjectId) -> ObjectId {
    let renamed = changes.iter().find_map(|change| match change {
        Change::Altered { before, after } if before.id == *table => Some(after.id.clone()),
        Change::Altered { .. } | Change::Created(_) | Change::Dropped(_) => None,
    });
    renamed.unwrap_or_else(|| table.clone())
}

/// Indexes of tables that were built anew, without those that are new themselves.
fn rebuilt_indexes(catalog: &Catalog, effect: &Effect) -> Vec<ObjectId> {
    let is_new = |id: &ObjectId| {
        effect
            .changes
            .iter()
            .any(|change| matches!(change, Change::Created(object) if object.id == *id))
    };
    let tables = effect.rewritten.iter();
    tables
        .flat_map(|table| catalog.indexes(table))
        .map(|(id, _)| id.clone())
        .filter(|id| !is_new(id))
        .collect()
}
