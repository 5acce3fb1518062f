//! Times are read in the time zone of whoever runs the migration, which differs from server to server.
//!
//! A `timestamp` says no zone and a `timestamptz` is a moment: PostgreSQL turns one into the other by the `TimeZone` of the
//! session that runs the statement, which comes from the role, the database, the configuration or the client.
//! MySQL and MariaDB do so between `DATETIME` and `TIMESTAMP`, by `time_zone`.
//! A laptop, a CI job and production may each shift the same values by other hours, and nothing fails.
//! Outside of UTC, PostgreSQL also writes the whole table anew, which on a server in UTC it does not.
//!
//! It is fine where the zone is said: by `USING … AT TIME ZONE`, or by setting it earlier in the migration. Neither is
//! reported.
//!
//! ```sql setup postgres
//! CREATE TABLE visits (id integer PRIMARY KEY, started timestamp, ended timestamp);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE visits ALTER COLUMN started TYPE timestamptz;
//! ```
//!
//! What to do: say in which zone the old values were written.
//!
//! ```sql good postgres
//! ALTER TABLE visits ALTER COLUMN started TYPE timestamptz USING started AT TIME ZONE 'UTC';
//! ```
//!
//! ```sql good postgres
//! SET LOCAL timezone = 'UTC';
//! ALTER TABLE visits ALTER COLUMN started TYPE timestamptz;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE visits (id int PRIMARY KEY, started datetime);
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE visits MODIFY started timestamp NULL;
//! ```
//!
//! ```sql good mysql mariadb
//! SET SESSION time_zone = '+00:00';
//! ALTER TABLE visits MODIFY started timestamp NULL;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-TIMEZONES>,
//! <https://dev.mysql.com/doc/refman/9.7/en/datetime.html> and
//! <https://mariadb.com/docs/server/reference/data-types/date-and-time-data-types/timestamp>.

use dbwright_catalog::{Engine, Finding, Group, ObjectBody, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "session-time-zone",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("session_time_zone.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let engine = context.history.engine;
    let mut columns = Vec::new();
    let mut types = None;
    for (before, after) in context.altered() {
        let (ObjectBody::Column(old), ObjectBody::Column(new)) = (&before.body, &after.body) else {
            continue;
        };
        let (is_moment, was_moment) = (is_moment(engine, &new.type_name), is_moment(engine, &old.type_name));
        let has_times = holds_times(engine, &old.type_name) && holds_times(engine, &new.type_name);
        if has_times && is_moment != was_moment && !context.is_exempt(&after.id) {
            columns.push(&after.id);
            types.get_or_insert((&old.type_name, &new.type_name));
        }
    }
    let (Some(first), Some((old, new))) = (columns.first(), types) else {
        return;
    };
    if says_zone(context)
        || context
            .earlier_in_migration()
            .any(|earlier| sets_zone(&context.at(earlier)))
    {
        return;
    }
    let table = first.owner_table();
    let message = format!(
        "From {old} to {new}, the times in {} are shifted by the time zone of the session that runs it",
        phrase::list(columns.iter())
    );
    let mut finding = context.finding(&RULE, table.as_ref(), message);
    finding.advice.push(match engine {
        Engine::Postgres | Engine::Sqlite => format!(
            "Say in which zone the old values were written: `USING {} AT TIME ZONE 'UTC'`.",
            first.name()
        ),
        Engine::MySql | Engine::MariaDb => {
            "Say in which zone the values are read: `SET SESSION time_zone = '+00:00'` before it.".to_owned()
        }
    });
    findings.push(finding);
}

/// Whether values of the type are moments, whatever clock somebody has on the wall.
fn is_moment(engine: Engine, type_name: &str) -> bool {
    match engine {
        Engine::Postgres => type_name.starts_with("timestamp") && type_name.ends_with("with time zone"),
        Engine::MySql | Engine::MariaDb => type_name.starts_with("timestamp"),
        Engine::Sqlite => false,
    }
}

fn holds_times(engine: Engine, type_name: &str) -> bool {
    let is_of_zone = match engine {
        Engine::Postgres => type_name.starts_with("timestamp") && !type_name.ends_with("[]"),
        Engine::MySql | Engine::MariaDb => type_name.starts_with("timestamp") || type_name.starts_with("datetime"),
        Engine::Sqlite => false,
    };
    is_of_zone || type_name == "date"
}

/// Whether the statement itself says the zone: `AT TIME ZONE`, or a function that takes one.
fn says_zone(context: &Context<'_>) -> bool {
    let words = statement_text::words(context.history.engine, &context.statement.text);
    words.windows(3).any(|three| three == ["at", "time", "zone"])
        || words
            .iter()
            .any(|word| matches!(word.as_str(), "timezone" | "convert_tz" | "time_zone"))
}

/// `SET [SESSION | LOCAL] timezone`, `SET TIME ZONE`, `SET time_zone`, or `set_config('timezone', …)`.
fn sets_zone(context: &Context<'_>) -> bool {
    let engine = context.history.engine;
    let words = statement_text::words(engine, &context.statement.text);
    let is_named = |word: &String| matches!(word.as_str(), "timezone" | "time_zone" | "@@time_zone");
    let is_set = words.first().is_some_and(|word| word == "set");
    let calls =
        words.iter().any(|word| word == "set_config") && context.statement.text.to_lowercase().contains("'timezone'");
    let in_words = words.windows(2).any(|two| two == ["time", "zone"]);
    calls || (is_set && (words.iter().any(is_named) || in_words))
}
