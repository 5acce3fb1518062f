//! Migrations on a twin of MySQL or MariaDB, with the rows that were made up in its tables.
//!
//! A change of a table makes the server count anew, and what it counts are the rows that are here. So what production has is written
//! again after each statement: to tables and indexes that are as they were, and scaled to what is new, as to an index that is tried.

use std::collections::BTreeSet;
use std::time::Duration;

use dbwright_catalog::Engine;
use dbwright_sql::{Token, tokens};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::index::{Statistics, replaced, scaled, whole};
use super::{Twin, failed, literal, must, quoted, refusal};
use crate::LiveError;

/// Longest time that a statement may take on the rows that are here.
const STATEMENT_LIMIT: Duration = Duration::from_mins(2);

/// A key would hold a value twice: <https://dev.mysql.com/doc/mysql-errors/9.4/en/server-error-reference.html#error_er_dup_entry>.
const DUPLICATE: u16 = 1062;

impl Twin {
    /// Runs the statements of a migration, one by one, and writes the statistics that hold after each. What the server says where
    /// it refuses one is the inner error.
    ///
    /// # Errors
    ///
    /// When the server or a session breaks.
    pub async fn migrate(&self, statements: &[&str]) -> Result<Result<(), String>, LiveError> {
        let mut session = self.connect().await?;
        // The rows are made up: what holds for production's need not hold for them.
        let mut settings = vec!["SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"];
        if self.server().engine == Engine::MariaDb {
            settings.push("SET SESSION check_constraint_checks = 0");
        }
        for sql in settings {
            must(&mut session, sql).await?;
        }
        let mut refused = None;
        for statement in statements {
            let before = Statistics::read(&mut self.observer().await?).await?;
            refused = run(&mut session, statement).await?;
            if refused.is_some() {
                break;
            }
            self.restore(&before).await?;
        }
        session.disconnect().await.map_err(failed)?;
        Ok(refused.map_or(Ok(()), Err))
    }

    /// Writes what production has of the tables that were counted anew.
    async fn restore(&self, before: &Statistics) -> Result<(), LiveError> {
        let mut observer = self.observer().await?;
        let after = Statistics::read(&mut observer).await?;
        let changed = before.changed(&after);
        if changed.is_empty() {
            return observer.disconnect().await.map_err(failed);
        }
        for table in &changed {
            must(&mut observer, &format!("ANALYZE TABLE {}", quoted(table))).await?;
        }
        let counted = Statistics::read(&mut observer).await?;
        for table in &changed {
            let sql = format!("SELECT count(*) FROM {}", quoted(table));
            let here: u64 = observer.query_first(sql).await.map_err(failed)?.unwrap_or(0);
            let there = before.rows_of_whole(table);
            for row in counted.tables.iter().filter(|row| whole(&row.0) == table) {
                let Some((_, rows, clustered, other)) = before.tables.iter().find(|old| old.0 == row.0) else {
                    continue;
                };
                let sql = format!(
                    "UPDATE mysql.innodb_table_stats SET n_rows = {rows}, clustered_index_size = {clustered}, \
                     sum_of_other_index_sizes = {other} WHERE database_name = DATABASE() AND table_name = {}",
                    literal(&row.0)
                );
                must(&mut observer, &sql).await?;
            }
            for mut row in counted.indexes.iter().filter(|row| whole(&row.0) == table).cloned() {
                let is_it = |old: &&super::index::IndexRow| {
                    (&old.0, &old.1, &old.2, &old.5) == (&row.0, &row.1, &row.2, &row.5)
                };
                match (before.indexes.iter().find(is_it), there) {
                    (Some(old), _) => row = old.clone(),
                    (None, Some(there)) => row.3 = scaled(&row, here, there, before.rows(&row.0)),
                    (None, None) => continue,
                }
                must(&mut observer, &replaced(&row)).await?;
            }
        }
        if self.server().engine == Engine::MariaDb {
            super::statistics::tables_of_mariadb(&mut observer).await?;
        }
        must(&mut observer, "FLUSH TABLES").await?;
        observer.disconnect().await.map_err(failed)
    }
}

/// Runs a statement; what the server says where it refuses it.
async fn run(session: &mut Conn, statement: &str) -> Result<Option<String>, LiveError> {
    let outcome = within_limit(session, statement).await;
    if matches!(&outcome, Some(Err(Error::Server(said))) if said.code == DUPLICATE)
        && let Some(Ok(())) = within_limit(session, &without_unique(statement)).await
    {
        return Ok(None);
    }
    match outcome {
        Some(outcome) => refusal(outcome),
        None => Ok(Some("a statement takes longer than two minutes".to_owned())),
    }
}

async fn within_limit(session: &mut Conn, statement: &str) -> Option<Result<(), Error>> {
    tokio::time::timeout(STATEMENT_LIMIT, session.query_drop(statement))
        .await
        .ok()
}

/// A definition with plain indexes in place of unique ones: rows that are made up may repeat what production's do not.
fn without_unique(statement: &str) -> String {
    let tokens: Vec<Token<'_>> = tokens(Engine::MySql, statement)
        .filter(|token| !token.is_space())
        .collect();
    let is = |at: usize, words: &[&str]| {
        tokens
            .get(at)
            .is_some_and(|token| words.iter().any(|word| token.is(word)))
    };
    let mut text = String::with_capacity(statement.len());
    let (mut written, mut at) = (0, 0);
    while at < tokens.len() {
        // `CONSTRAINT name UNIQUE`, `CONSTRAINT UNIQUE`, `UNIQUE`.
        let heads = if is(at, &["constraint"]) { 1..=2 } else { 0..=0 };
        let Some(unique) = heads.map(|more| at + more).find(|unique| is(*unique, &["unique"])) else {
            at += 1;
            continue;
        };
        text.push_str(&statement[written..tokens[at].span.range().start]);
        text.push_str("INDEX ");
        if unique == at + 2 {
            text.push_str(tokens[at + 1].text);
            text.push(' ');
        }
        at = unique + 1 + usize::from(is(unique + 1, &["index", "key"]));
        written = tokens.get(at).map_or(statement.len(), |next| next.span.range().start);
    }
    text.push_str(&statement[written..]);
    text
}

impl Statistics {
    /// Tables that have other statistics afterwards. What a table is called does not change what it holds.
    fn changed(&self, after: &Statistics) -> BTreeSet<String> {
        let tables: BTreeSet<&str> = after.tables.iter().map(|row| whole(&row.0)).collect();
        let of = |statistics: &Statistics, table: &str| {
            let tables = statistics.tables.iter().filter(|row| whole(&row.0) == table).cloned();
            let indexes = statistics.indexes.iter().filter(|row| whole(&row.0) == table).cloned();
            (tables.collect::<Vec<_>>(), indexes.collect::<Vec<_>>())
        };
        let is_renamed = |table: &str| {
            let nameless = |statistics: &Statistics, table: &str| {
                let rows = statistics.indexes.iter().filter(|row| whole(&row.0) == table);
                let rows = rows.map(|row| (row.1.clone(), row.2.clone(), row.3));
                rows.collect::<Vec<_>>()
            };
            let gone = self.tables.iter().filter(|row| !tables.contains(whole(&row.0)));
            let new = nameless(after, table);
            self.rows_of_whole(table).is_none() && gone.into_iter().any(|row| nameless(self, whole(&row.0)) == new)
        };
        let differs = |table: &&str| of(self, table) != of(after, table) && !is_renamed(table);
        tables.iter().copied().filter(differs).map(str::to_owned).collect()
    }

    /// Rows of a table with all its partitions; nothing where there is none of that name.
    fn rows_of_whole(&self, table: &str) -> Option<u64> {
        let parts: Vec<u64> = self
            .tables
            .iter()
            .filter(|row| whole(&row.0) == table)
            .map(|row| row.1)
            .collect();
        (!parts.is_empty()).then(|| parts.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_keys_become_indexes() {
        for (statement, without) in [
            ("CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX i ON t (a)"),
            (
                "ALTER TABLE t ADD CONSTRAINT `uq` UNIQUE (a), ADD UNIQUE KEY k (b), ADD UNIQUE (c)",
                "ALTER TABLE t ADD INDEX `uq` (a), ADD INDEX k (b), ADD INDEX (c)",
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT UNIQUE (a), ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES u (b)",
                "ALTER TABLE t ADD INDEX (a), ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES u (b)",
            ),
            ("DROP INDEX a ON t", "DROP INDEX a ON t"),
        ] {
            assert_eq!(without_unique(statement), without);
        }
    }
}
