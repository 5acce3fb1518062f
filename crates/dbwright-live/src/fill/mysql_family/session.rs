//! What filling and emptying say to the server.

use std::time::Duration;

use dbwright_catalog::{Catalog, Engine, ObjectId, Table, TableExtra};
use dbwright_ddl::{Row, qualified_name, quote_bytes, quote_identifier, quote_literal};
use mysql_async::{Conn, Value};

use crate::LiveError;
use crate::fill::attempt::Refusal;
use crate::fill::scope::ROWS_READ_MAX;
use crate::introspect::mysql_family::session::{Values, text, values};

/// What is said in errors.
const DOING: &str = "generating rows";

/// No round trip of ours takes this long, unless a trigger does not end. The connection can't be used afterwards.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(30);

/// Whether the server said that the transaction can have no savepoint.
fn is_without_savepoints(error: &mysql_async::ServerError) -> bool {
    error.code == 1178 && error.message.contains("SAVEPOINT")
}

/// What the session is asked before its settings are changed, and what they are changed to. Rows are to be refused where
/// they would be cut; times are those of UTC, where no hour is missing.
const SETTINGS: [(&str, &str); 8] = [
    ("sql_mode", "'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'"),
    ("time_zone", "'+00:00'"),
    ("foreign_key_checks", "1"),
    ("unique_checks", "1"),
    ("sql_safe_updates", "0"),
    ("autocommit", "1"),
    ("lock_wait_timeout", "5"),
    ("innodb_lock_wait_timeout", "5"),
];

/// The session, with errors sorted into refusals (data) and failures (the outside world).
pub(super) struct Session<'a> {
    conn: &'a mut Conn,
    engine: Engine,
    /// Puts the settings back.
    restore: String,
    /// Whether an answer never came: nothing more is asked then.
    is_lost: bool,
}

impl<'a> Session<'a> {
    /// Begins a transaction with our settings.
    pub(super) async fn begin(conn: &'a mut Conn, engine: Engine) -> Result<Self, LiveError> {
        let mut session = Session {
            conn,
            engine,
            restore: String::new(),
            is_lost: false,
        };
        let asked: Vec<_> = SETTINGS.iter().map(|(name, _)| format!("@@SESSION.{name}")).collect();
        let ours: Vec<_> = SETTINGS
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        let answer = session
            .must(&format!(
                "SELECT {}; SET SESSION {}; START TRANSACTION",
                asked.join(", "),
                ours.join(", SESSION ")
            ))
            .await?;
        let values = answer.into_iter().flatten().next().unwrap_or_default();
        let assignments: Vec<_> = SETTINGS
            .iter()
            .zip(values)
            .map(|((name, _), value)| {
                let value = text(value).unwrap_or_default();
                let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let value = if is_number {
                    value
                } else {
                    quote_literal(engine, &value)
                };
                format!("{name} = {value}")
            })
            .collect();
        session.restore = format!("SET SESSION {}", assignments.join(", SESSION "));
        Ok(session)
    }

    /// Commits what was done, or takes it back, and puts the settings back. `after` runs in between, and may fail.
    pub(super) async fn end(mut self, keep: bool, after: &[String]) -> Result<(), LiveError> {
        let end = if keep { "COMMIT" } else { "ROLLBACK" };
        let restore = std::mem::take(&mut self.restore);
        if after.is_empty() {
            let Err(error) = self.try_query(&format!("{end}; {restore}")).await? else {
                return Ok(());
            };
            self.must(&restore).await?;
            return Err(LiveError::mysql_family(DOING, mysql_async::Error::Server(error)));
        }
        let outcome = self.must(end).await.map(|_| ());
        for sql in after {
            self.try_query(sql).await?.ok();
        }
        self.must(&restore).await?;
        outcome
    }

    /// Runs what can't be refused.
    pub(super) async fn must(&mut self, sql: &str) -> Result<Vec<Vec<Values>>, LiveError> {
        match self.try_query(sql).await? {
            Ok(sets) => Ok(sets),
            Err(error) => Err(LiveError::mysql_family(DOING, mysql_async::Error::Server(error))),
        }
    }

    async fn try_query(&mut self, sql: &str) -> Result<Result<Vec<Vec<Values>>, mysql_async::ServerError>, LiveError> {
        let too_long = || LiveError::TooLong {
            doing: DOING.to_owned(),
            limit: ROUND_TRIP_MAX,
        };
        if self.is_lost {
            return Err(too_long());
        }
        match tokio::time::timeout(ROUND_TRIP_MAX, values(self.conn, sql)).await {
            Ok(Ok(sets)) => Ok(Ok(sets)),
            Ok(Err(mysql_async::Error::Server(error))) => Ok(Err(error)),
            Ok(Err(source)) => Err(LiveError::mysql_family(DOING, source)),
            Err(_) => {
                self.is_lost = true;
                Err(too_long())
            }
        }
    }

    /// Runs statements in a savepoint, which is kept if they were done.
    pub(super) async fn attempt(&mut self, sql: &str) -> Result<Result<Vec<Vec<Values>>, Refusal>, LiveError> {
        let guarded = format!("SAVEPOINT dbwright_row; {sql}");
        let mut answer = self.try_query(&guarded).await?;
        // A transaction that has touched a table of Aria takes no savepoint any more (MariaDB).
        if answer.as_ref().is_err_and(is_without_savepoints) {
            self.must("COMMIT; START TRANSACTION").await?;
            answer = self.try_query(&guarded).await?;
        }
        match answer {
            Ok(sets) => Ok(Ok(sets)),
            Err(error) => {
                let refusal = refusal(error)?;
                self.must("ROLLBACK TO dbwright_row").await?;
                Ok(Err(refusal))
            }
        }
    }

    /// Some of the rows of a table.
    pub(super) async fn read(
        &mut self,
        catalog: &Catalog,
        table: &ObjectId,
    ) -> Result<Result<Vec<Row>, Refusal>, LiveError> {
        let sql = select(catalog, table);
        let answer = self.attempt(&sql).await?;
        Ok(answer.map(|sets| rows_of(self.engine, catalog, table, sets)))
    }
}

fn refusal(error: mysql_async::ServerError) -> Result<Refusal, LiveError> {
    // Disk full, shutdown, a deadlock that ended the transaction, a lost connection: not about rows.
    if matches!(error.code, 1021 | 1053 | 1213 | 1317 | 1927 | 2013) {
        return Err(LiveError::mysql_family(DOING, mysql_async::Error::Server(error)));
    }
    // Something is missing or forbidden that no other row brings, or a lock was waited for in vain.
    let is_final = matches!(
        error.code,
        1044 | 1054 | 1064 | 1142 | 1143 | 1146 | 1205 | 1227 | 1305 | 1356 | 1370 | 1449 | 1969 | 3024
    );
    Ok(Refusal {
        message: error.message,
        is_final,
    })
}

/// The query for some rows of a table with all their columns: `*` leaves out the invisible ones.
pub(super) fn select(catalog: &Catalog, table: &ObjectId) -> String {
    let engine = catalog.server.engine;
    let columns: Vec<_> = catalog
        .columns(table)
        .into_iter()
        .map(|(id, _)| quote_identifier(engine, id.name()))
        .collect();
    let columns = if columns.is_empty() {
        "NULL".to_owned()
    } else {
        columns.join(", ")
    };
    format!(
        "SELECT {columns} FROM {} LIMIT {ROWS_READ_MAX}",
        qualified_name(engine, table)
    )
}

/// The rows in the last answer, which [`select`] had asked for.
pub(super) fn rows_of(engine: Engine, catalog: &Catalog, table: &ObjectId, sets: Vec<Vec<Values>>) -> Vec<Row> {
    let columns = catalog.columns(table);
    let row = |values: Values| Row {
        table: table.clone(),
        values: columns
            .iter()
            .zip(values)
            .map(|((id, column), value)| (id.name().to_owned(), literal(engine, &column.type_name, value)))
            .collect(),
    };
    sets.into_iter()
        .next_back()
        .unwrap_or_default()
        .into_iter()
        .map(row)
        .collect()
}

/// A value as a literal that a column of this type takes again.
fn literal(engine: Engine, type_name: &str, value: Value) -> String {
    let bytes = match value {
        Value::NULL => return "NULL".to_owned(),
        Value::Bytes(bytes) => bytes,
        other => return other.as_sql(false),
    };
    let lower = type_name.to_lowercase();
    match lower.split(['(', ' ']).next().unwrap_or_default() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year" => {
            String::from_utf8_lossy(&bytes).into_owned()
        }
        "bit" => {
            let digits = bytes
                .iter()
                .fold(String::new(), |digits, byte| digits + &format!("{byte:08b}"));
            let length = lower
                .trim_start_matches("bit(")
                .trim_end_matches(')')
                .parse()
                .unwrap_or(1);
            format!("b'{}'", &digits[digits.len().saturating_sub(length)..])
        }
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry" | "point"
        | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
        | "geomcollection" | "vector" => quote_bytes(engine, &bytes),
        _ => match String::from_utf8(bytes) {
            Ok(text) => quote_literal(engine, &text),
            Err(error) => quote_bytes(engine, error.as_bytes()),
        },
    }
}

/// Whether the storage engine takes back what a transaction did.
pub(super) fn is_transactional(table: &Table) -> bool {
    match &table.extra {
        TableExtra::MySqlFamily(extra) => extra.storage_engine.eq_ignore_ascii_case("InnoDB"),
        TableExtra::Postgres(_) | TableExtra::Sqlite(_) => true,
    }
}
