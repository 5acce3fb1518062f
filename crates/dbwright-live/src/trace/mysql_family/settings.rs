//! What a session knows that its database does not: settings and variables, carried over into another session.
//!
//! Whether they can be is not foretold but tried: another session is made like it, and looked at.

use std::collections::BTreeMap;

use dbwright_catalog::Engine;
use dbwright_ddl::{quote_identifier, quote_literal};
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use super::Runner;
use crate::LiveError;
use crate::scratch::mysql_family::Who;

/// Variables that tell something about the moment or the session, and are nobody's setting.
const OF_THE_MOMENT: [&str; 12] = [
    "error_count",
    "gtid_executed",
    "last_gtid",
    "original_commit_timestamp",
    "proxy_user",
    "pseudo_thread_id",
    "rand_seed1",
    "rand_seed2",
    "statement_id",
    "timestamp",
    "unix_timestamp",
    "warning_count",
];

/// A clock that differs by more than this was set.
const CLOCK_MAX_SECONDS: f64 = 60.0;

/// Tables of this kind are empty after a restart.
const IN_MEMORY: &str = "SELECT COUNT(*) FROM information_schema.TABLES WHERE ENGINE = 'MEMORY' \
     AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')";

/// What makes another session like the one that they were read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Settings {
    /// The database that it is in.
    database: String,
    /// What to send there.
    statements: Vec<String>,
}

/// All that is looked at.
#[derive(Debug, PartialEq)]
struct State {
    role: Option<String>,
    variables: BTreeMap<String, String>,
    of_user: BTreeMap<String, UserVariable>,
}

/// What a user variable (`SET @name = …`) holds.
#[derive(Debug, PartialEq)]
struct UserVariable {
    column_type: ColumnType,
    is_unsigned: bool,
    /// As text; nothing for NULL.
    value: Option<String>,
    hex: Option<String>,
    character_set: Option<String>,
    collation: Option<String>,
}

impl Runner<'_> {
    /// The settings of the session of the migrations, where another session on a server that was started again could take
    /// its place; nothing where something ends with the session or the server.
    pub(super) async fn settings(&mut self) -> Result<Option<Settings>, LiveError> {
        let first = async |conn: &mut Conn, sql: &str| -> Result<Option<String>, LiveError> {
            let row: Option<Row> = conn.query_first(sql).await.map_err(reading)?;
            Ok(row.and_then(|mut row| row.take_opt(row.columns_ref().len() - 1)?.ok()))
        };
        let in_memory = first(&mut self.observer, IN_MEMORY).await?;
        let prepared = first(&mut self.observer, "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").await?;
        if [in_memory, prepared].iter().any(|count| count.as_deref() != Some("0")) {
            return Ok(None);
        }
        let Some(database) = first(&mut self.session, "SELECT DATABASE()").await? else {
            return Ok(None);
        };
        let mut other = self.scratch.connect(&database, Who::Migrator).await?;
        let wanted = State::read(&mut self.session, &mut self.observer).await?;
        let given = State::read(&mut other, &mut self.observer).await?;
        let settings = Settings {
            database,
            statements: wanted.differences(&given, self.engine()),
        };
        let mut is_taken = true;
        for sql in &settings.statements {
            // What the server does not take back shows below.
            is_taken &= other.query_drop(sql).await.is_ok();
        }
        let reached = State::read(&mut other, &mut self.observer).await?;
        let _ = other.disconnect().await;
        let is_alike = is_taken && reached.is_like(&wanted);
        Ok(is_alike.then_some(settings))
    }

    /// Makes the session of the migrations like the one whose settings these were.
    pub(super) async fn apply(&mut self, settings: &Settings) -> Result<(), LiveError> {
        let go = format!("USE {}", quote_identifier(self.engine(), &settings.database));
        self.session_must(&go).await?;
        for sql in &settings.statements {
            self.session_must(sql).await?;
        }
        self.note_sql_mode().await;
        Ok(())
    }
}

impl State {
    /// Reads what a session knows; another one lists the names of its variables.
    async fn read(session: &mut Conn, observer: &mut Conn) -> Result<Self, LiveError> {
        let listed: Vec<(Vec<u8>, Vec<u8>)> = session.query("SHOW SESSION VARIABLES").await.map_err(reading)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let variables = listed.iter().map(|(name, value)| (text(name), text(value))).collect();
        let role: Option<Option<String>> = session.query_first("SELECT CURRENT_ROLE()").await.map_err(reading)?;
        let sql = format!(
            "SELECT VARIABLE_NAME FROM performance_schema.user_variables_by_thread NATURAL JOIN performance_schema.threads \
             WHERE PROCESSLIST_ID = {}",
            session.id()
        );
        let names: Vec<String> = observer.query(sql).await.map_err(reading)?;
        let mut of_user = BTreeMap::new();
        for name in names {
            let variable = UserVariable::read(session, &name).await?;
            of_user.insert(name, variable);
        }
        Ok(State {
            role: role.flatten(),
            variables,
            of_user,
        })
    }

    /// The statements that make a session in the state `given` one like this.
    fn differences(&self, given: &State, engine: Engine) -> Vec<String> {
        // First, as they are written in the character set that a new session has.
        let of_user = self.of_user.iter().map(|(name, variable)| {
            let name = quote_identifier(engine, name);
            format!("SET @{name} = {}", variable.expression())
        });
        let differing = self
            .variables
            .iter()
            .filter(|(name, value)| given.variables.get(*name) != Some(value));
        let settings = differing
            .filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()))
            .map(|(name, value)| format!("SET SESSION {name} = {}", setting(engine, name, value)));
        of_user.chain(settings).collect()
    }

    /// Whether a session with the one state can stand for one with the other.
    fn is_like(&self, other: &State) -> bool {
        let clock = |state: &State| {
            state
                .variables
                .get("timestamp")
                .and_then(|text| text.parse::<f64>().ok())
        };
        let same_clock = match (clock(self), clock(other)) {
            (Some(one), Some(other)) => (one - other).abs() < CLOCK_MAX_SECONDS,
            (one, other) => one == other,
        };
        let lasting = |state: &State| -> BTreeMap<String, String> {
            let variables = state.variables.clone().into_iter();
            variables
                .filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()))
                .collect()
        };
        same_clock && self.role == other.role && self.of_user == other.of_user && lasting(self) == lasting(other)
    }
}

impl UserVariable {
    async fn read(session: &mut Conn, name: &str) -> Result<Self, LiveError> {
        let name = quote_identifier(Engine::MySql, name);
        let sql = format!("SELECT @{name}, HEX(@{name}), CHARSET(@{name}), COLLATION(@{name})");
        let mut row: Row = session
            .query_first(sql)
            .await
            .map_err(reading)?
            .ok_or_else(|| LiveError::Unsupported {
                what: format!("the server does not tell what @{name} is"),
            })?;
        let mut text = |index: usize| match row.take::<Value, _>(index) {
            Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => None,
        };
        let (value, hex, character_set, collation) = (text(0), text(1), text(2), text(3));
        let column = &row.columns_ref()[0];
        Ok(UserVariable {
            column_type: column.column_type(),
            is_unsigned: column.flags().contains(ColumnFlags::UNSIGNED_FLAG),
            value,
            hex,
            character_set,
            collation,
        })
    }

    /// An expression with this value and type.
    fn expression(&self) -> String {
        let Some(value) = &self.value else {
            return "NULL".to_owned();
        };
        match self.column_type {
            ColumnType::MYSQL_TYPE_LONGLONG | ColumnType::MYSQL_TYPE_LONG if self.is_unsigned => {
                format!("CAST({value} AS UNSIGNED)")
            }
            ColumnType::MYSQL_TYPE_LONGLONG | ColumnType::MYSQL_TYPE_LONG | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
                value.clone()
            }
            ColumnType::MYSQL_TYPE_DOUBLE if value.contains('e') => value.clone(),
            ColumnType::MYSQL_TYPE_DOUBLE => format!("{value}e0"),
            _ => {
                let bytes = match self.hex.as_deref() {
                    None | Some("") => "''".to_owned(),
                    Some(hex) => format!("0x{hex}"),
                };
                match (self.character_set.as_deref(), self.collation.as_deref()) {
                    (Some(character_set), Some(collation)) if character_set != "binary" => {
                        format!("CONVERT({bytes} USING {character_set}) COLLATE {collation}")
                    }
                    _ => bytes,
                }
            }
        }
    }
}

/// The value of a system variable as it is written.
fn setting(engine: Engine, name: &str, value: &str) -> String {
    if value.parse::<f64>().is_ok() {
        return value.to_owned();
    }
    match (name, value) {
        ("character_set_results", "") => "NULL".to_owned(),
        _ => quote_literal(engine, value),
    }
}

/// Whether a text makes something that ends with its session, or with the server, and that the server does not tell of: a
/// temporary table, a lock by name, an open handler.
pub(super) fn ends_with_session(text: &str) -> bool {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let is_pair = |pair: &[String]| pair[0] == "temporary" && matches!(pair[1].as_str(), "table" | "sequence");
    words.windows(2).any(is_pair)
        || words.iter().any(|word| word == "get_lock")
        || words.first().is_some_and(|word| word == "handler")
}

fn reading(source: mysql_async::Error) -> LiveError {
    LiveError::mysql_family("reading settings", source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_make_what_ends_with_their_session() {
        for (text, expected) in [
            ("CREATE TEMPORARY TABLE t (id int)", true),
            ("create or replace temporary sequence s", true),
            ("/*!50003 CREATE TEMPORARY TABLE t (id int) */", true),
            (
                "CREATE PROCEDURE p() BEGIN CREATE TEMPORARY TABLE t (id int); END",
                true,
            ),
            ("SELECT get_lock('x', 1)", true),
            ("HANDLER t OPEN", true),
            ("GRANT CREATE TEMPORARY TABLES ON *.* TO a", false),
            ("CREATE TABLE t (temporary int)", false),
            (
                "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR 1051 BEGIN END; END",
                false,
            ),
        ] {
            assert_eq!(ends_with_session(text), expected, "{text}");
        }
    }
}
