//! Twins of MySQL and MariaDB.
//!
//! While these plan they count rows in the trees themselves (`records_in_range`), so that a twin needs rows: they are made
//! up from what the snapshot tells of values, at a reduced scale. Then the statistics that the server keeps in tables of
//! its own are written as production has them, and histograms are imported.

mod index;
mod migrate;
mod rows;
mod spread;
mod statistics;
mod value;
mod values;

use dbwright_catalog::{Engine, MySqlFamilyStatistics, SchemaStatement, Server, Snapshot};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::Fidelity;
use crate::LiveError;
use crate::scratch::ScratchOptions;
use crate::scratch::mysql_family::{MySqlFamilyScratch, Programs, Who};

/// Settings of the snapshot that belong to the machine or can't be changed while a server runs.
const NOT_TAKEN: [&str; 7] = [
    "innodb_buffer_pool_size",
    "innodb_page_size",
    "innodb_stats_auto_recalc",
    "innodb_stats_on_metadata",
    "innodb_stats_persistent",
    "innodb_adaptive_hash_index",
    "lower_case_table_names",
];

/// A twin that runs.
pub struct Twin {
    scratch: MySqlFamilyScratch,
    /// The database that looks like the snapshot.
    pub database: String,
    /// How good it is.
    pub fidelity: Fidelity,
}

impl Twin {
    /// Where a client, an IDE or an ORM finds it. There is no password: only who may enter the folder of its socket gets in.
    pub fn url(&self) -> String {
        format!(
            "mysql://{}@localhost/{}?socket={}",
            self.scratch.migrator(),
            self.database,
            self.scratch.socket().unwrap_or_default().display()
        )
    }

    /// The server that it runs on.
    pub fn server(&self) -> &Server {
        self.scratch.server()
    }

    /// A session in it.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn connect(&self) -> Result<Conn, LiveError> {
        self.scratch.connect(&self.database, Who::Migrator).await
    }

    /// How many sessions there are with it.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn sessions(&self) -> Result<u64, LiveError> {
        self.scratch.sessions(&self.database).await
    }

    /// Stops it, and waits until nothing of it is left.
    ///
    /// # Errors
    ///
    /// When its folder can't be removed.
    pub async fn stop(self) -> Result<(), LiveError> {
        self.scratch.stop().await
    }
}

/// So many sessions make up rows, each for other tables.
const SESSIONS: usize = 3;

/// Builds a twin. When that fails, nothing of it stays.
///
/// # Errors
///
/// When the snapshot is of another engine, or no server can be had.
pub async fn build(snapshot: &Snapshot, options: &ScratchOptions) -> Result<Twin, LiveError> {
    let Some(known) = &snapshot.mysql_family else {
        return Err(LiveError::Unsupported {
            what: format!(
                "the snapshot is one of {}, and not of MySQL or MariaDB",
                snapshot.server.engine
            ),
        });
    };
    let options = ScratchOptions {
        url: None,
        version: Some(snapshot.server.version),
        ..options.clone()
    };
    let scratch = Programs::choose(snapshot.server.engine, &options)
        .await?
        .start()
        .await?;
    let mut reasons = Vec::new();
    let (here, there) = (scratch.server().version, snapshot.server.version);
    if (here.major, here.minor) != (there.major, there.minor) {
        reasons.push(format!(
            "Production is {}, and the nearest that is here is {}.",
            snapshot.server,
            scratch.server()
        ));
    }
    let outcome = fill(&scratch, snapshot, known, &mut reasons).await;
    let database = match outcome {
        Ok(database) => database,
        Err(error) => {
            // What the server died of is told, and not that a session broke.
            let error = scratch.why(error).await;
            scratch.stop().await?;
            return Err(error);
        }
    };
    Ok(Twin {
        scratch,
        database,
        fidelity: fidelity(snapshot, known, reasons),
    })
}

/// Makes the database that looks like the snapshot.
async fn fill(
    scratch: &MySqlFamilyScratch,
    snapshot: &Snapshot,
    known: &MySqlFamilyStatistics,
    reasons: &mut Vec<String>,
) -> Result<String, LiveError> {
    let database = scratch.create_database().await?;
    let mut observer = scratch.connect(&database, Who::Observer).await?;
    must(&mut observer, "SET GLOBAL innodb_stats_auto_recalc = OFF").await?;
    if !snapshot.locale.collate.is_empty() {
        let sql = format!(
            "ALTER DATABASE {} CHARACTER SET {} COLLATE {}",
            quoted(&database),
            quoted(&snapshot.locale.encoding),
            quoted(&snapshot.locale.collate)
        );
        if let Some(said) = refusal(observer.query_drop(sql).await)? {
            reasons.push(format!("Text sorts in another way: {said}."));
        }
    }
    let mut sessions = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        let mut session = scratch.connect(&database, Who::Migrator).await?;
        // With `unique_checks = 0` as well, MariaDB loads empty tables in another way, and loses the rows of those with a
        // FULLTEXT index.
        must(
            &mut session,
            "SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
        )
        .await?;
        sessions.push(session);
    }
    // Triggers would run for each row that is made up.
    let is_late = |statement: &&SchemaStatement| statement.object.starts_with("trigger ");
    let (late, early): (Vec<_>, Vec<_>) = snapshot.schema.iter().partition(is_late);
    schema(&mut sessions[0], &early, reasons).await?;
    rows::make(&mut sessions, snapshot, known, reasons).await?;
    schema(&mut sessions[0], &late, reasons).await?;
    settings(&mut observer, snapshot, reasons).await?;
    if !snapshot.values.by_default {
        // Values of a query are hardly among made-up ones. The statistics of an index tell how many rows a value has on
        // average. <https://dev.mysql.com/doc/refman/9.4/en/range-optimization.html#equality-range-optimization>
        must(&mut observer, "SET GLOBAL eq_range_index_dive_limit = 1").await?;
    }
    statistics::write(&mut observer, &mut sessions, snapshot, known, reasons).await?;
    sessions.push(observer);
    for conn in sessions {
        conn.disconnect().await.map_err(failed)?;
    }
    Ok(database)
}

/// Builds parts of the schema. What can't be built is left out and named.
async fn schema(
    session: &mut Conn,
    statements: &[&SchemaStatement],
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    for statement in statements {
        // Who may what changes no plan.
        let is_of_rights = ["grant ", "owner "]
            .iter()
            .any(|kind| statement.object.starts_with(kind));
        if is_of_rights {
            continue;
        }
        if let Some(said) = refusal(session.query_drop(without_definer(&statement.sql)).await)? {
            reasons.push(format!("{} is not in the twin: {said}.", statement.object));
        }
    }
    Ok(())
}

/// The statement as one that its user owns: production's accounts are not here, and change no plan. The server prints
/// them as ``DEFINER=`app`@`%` ``.
fn without_definer(sql: &str) -> String {
    let Some((before, rest)) = sql.split_once("DEFINER=") else {
        return sql.to_owned();
    };
    // In the code of a routine it would be somebody's text.
    if before.split_ascii_whitespace().count() > 4 {
        return sql.to_owned();
    }
    let rest = after_name(rest);
    let rest = rest.strip_prefix('@').map_or(rest, after_name);
    format!("{before}{}", rest.trim_start())
}

/// What follows a name, quoted or not.
fn after_name(text: &str) -> &str {
    let Some(mut rest) = text.strip_prefix('`') else {
        return text.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
    };
    while let Some((_, after)) = rest.split_once('`') {
        match after.strip_prefix('`') {
            Some(more) => rest = more,
            None => return after,
        }
    }
    ""
}

/// Gives the server the settings of production. Those that it does not know are named.
async fn settings(observer: &mut Conn, snapshot: &Snapshot, reasons: &mut Vec<String>) -> Result<(), LiveError> {
    let mut costs = false;
    for setting in &snapshot.settings {
        let (name, value) = (setting.name.as_str(), setting.value.as_str());
        if NOT_TAKEN.contains(&name) {
            continue;
        }
        let literal = match value.parse::<f64>() {
            Ok(_) => value.to_owned(),
            Err(_) => literal(value),
        };
        let sql = match name.strip_prefix("cost:") {
            Some(cost) => {
                costs = true;
                let (table, condition) = match cost.split_once('.') {
                    Some((engine, cost)) => (
                        "engine_cost",
                        format!(
                            "engine_name = {} AND cost_name = {}",
                            self::literal(engine),
                            self::literal(cost)
                        ),
                    ),
                    None => ("server_cost", format!("cost_name = {}", self::literal(cost))),
                };
                format!("UPDATE mysql.{table} SET cost_value = {literal} WHERE {condition}")
            }
            None => format!("SET GLOBAL {} = {literal}", quoted(name)),
        };
        if let Some(said) = refusal(observer.query_drop(sql).await)?
            // Read-only ones are the same in every session, or belong to the machine.
            && !said.contains("read only")
        {
            reasons.push(format!("The setting {name} is not that of production: {said}."));
        }
    }
    if costs {
        must(observer, "FLUSH OPTIMIZER_COSTS").await?;
    }
    Ok(())
}

fn fidelity(snapshot: &Snapshot, known: &MySqlFamilyStatistics, mut reasons: Vec<String>) -> Fidelity {
    if known.tables.is_empty() && known.cardinalities.is_empty() {
        return Fidelity::SchemaOnly(reasons);
    }
    reasons.insert(
        0,
        format!(
            "{} counts rows in its trees while it plans, and the rows of a twin are made up.",
            snapshot.server.engine
        ),
    );
    if !snapshot.values.by_default || !snapshot.values.exceptions.is_empty() {
        reasons.insert(1, format!("The snapshot holds sample values: {}.", snapshot.values));
    }
    let taken = known.histograms.len() + known.columns.iter().filter(|column| column.histogram.is_some()).count();
    let there = known.histograms_there.unwrap_or_default();
    if u64::try_from(taken).is_ok_and(|taken| taken < there) {
        reasons.push(format!(
            "Production has {there} histograms, and the snapshot holds {taken}."
        ));
    }
    let unread = snapshot
        .missing
        .iter()
        .filter(|missing| missing.what != "workload" && !missing.what.starts_with("reads and writes"));
    reasons.extend(unread.map(|missing| format!("Not in the snapshot: {}.", missing.what)));
    Fidelity::Approximate(reasons)
}

/// What the server said where it refused a statement; the error where the session broke.
fn refusal<T>(outcome: Result<T, mysql_async::Error>) -> Result<Option<String>, LiveError> {
    match outcome {
        Ok(_) => Ok(None),
        Err(mysql_async::Error::Server(said)) => Ok(Some(said.message.trim_end_matches('.').to_owned())),
        Err(error) => Err(failed(error)),
    }
}

async fn must(session: &mut Conn, sql: &str) -> Result<(), LiveError> {
    session.query_drop(sql).await.map_err(failed)
}

fn failed(error: mysql_async::Error) -> LiveError {
    LiveError::mysql_family("building a twin", error)
}

fn quoted(name: &str) -> String {
    dbwright_ddl::quote_identifier(Engine::MySql, name)
}

fn literal(text: &str) -> String {
    dbwright_ddl::quote_literal(Engine::MySql, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definers_are_left_out() {
        for (sql, without) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a``b`@`%` SQL SECURITY DEFINER VIEW v AS SELECT 1",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW v AS SELECT 1",
            ),
            ("CREATE DEFINER=role TRIGGER t BEFORE", "CREATE TRIGGER t BEFORE"),
            ("CREATE TABLE t (a int)", "CREATE TABLE t (a int)"),
            (
                "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.a = 'DEFINER=x'",
                "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.a = 'DEFINER=x'",
            ),
        ] {
            assert_eq!(without_definer(sql), without);
        }
    }
}
