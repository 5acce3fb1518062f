//! What a session knows that its database does not: settings, carried over into another session.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Statement};
use dbwright_ddl::quote_literal;
use tokio_postgres::Client;

use super::{Runner, observe};
use crate::LiveError;
use crate::introspect::postgres::{Frame, read_only};

/// Settings by name, as a session has them: those of the server that anybody may make, those with a dot in their name that
/// migrations invent, and the role.
pub(crate) type Settings = BTreeMap<String, String>;

/// Not to be seen in `pg_settings`, and made last: it may not be allowed to make the others.
const ROLE: &str = "role";

impl Runner<'_> {
    /// Closes the sessions of this database, so that it can be copied, and returns the settings that the migrations' had.
    pub(crate) async fn leave(self) -> Settings {
        // Not to be had from a session that the last statement ended, or that has no time for it.
        let settings = read(&self.session.client, self.invented.iter())
            .await
            .unwrap_or_default();
        self.close_sessions().await;
        settings
    }

    /// Makes settings in the session of the migrations, where they are not as they should be.
    pub(crate) async fn apply(&mut self, settings: &Settings) -> Result<(), LiveError> {
        self.invented
            .extend(settings.keys().filter(|name| name.contains('.')).cloned());
        let client = &self.session.client;
        let present = read(client, settings.keys().filter(|name| name.contains('.'))).await?;
        let is_other = |(name, value): &(&String, &String)| present.get(*name) != Some(*value);
        let (last, first): (Vec<_>, Vec<_>) = settings.iter().filter(is_other).partition(|(name, _)| *name == ROLE);
        for (name, value) in first.into_iter().chain(last) {
            let (name, value) = (
                quote_literal(Engine::Postgres, name),
                quote_literal(Engine::Postgres, value),
            );
            let sql = format!("SELECT pg_catalog.set_config({name}, {value}, false)");
            match observe::simple(client, &sql, "making settings").await {
                // The server does not take each of them back: some belong to a transaction that is over.
                Err(LiveError::Postgres { source, .. }) if source.as_db_error().is_some() => {}
                answer => answer.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Whether a session of the migrations could be replaced by another one with the same settings: there is nothing else
    /// that ends with it.
    #[cfg(unix)]
    pub(super) async fn is_replaceable(&self) -> bool {
        let sql = "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_my_temp_schema()) \
             OR EXISTS (SELECT FROM pg_type WHERE typnamespace = pg_my_temp_schema()) \
             OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = pg_my_temp_schema()) \
             OR EXISTS (SELECT FROM pg_prepared_statements) OR EXISTS (SELECT FROM pg_cursors WHERE is_holdable) \
             OR EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') \
             OR EXISTS (SELECT FROM pg_listening_channels())";
        let answer = read_only(&self.session.client, Frame::Alone, &[sql]).await;
        answer.is_ok_and(|results| {
            let row = results.first().and_then(|rows| rows.first());
            row.and_then(|row| row.get(0)) == Some("f")
        })
    }
}

async fn read(client: &Client, invented: impl Iterator<Item = &String>) -> Result<Settings, LiveError> {
    // Nothing here needs an operator: a migration can have put another one in front of the server's.
    let server = "SELECT name, setting, context FROM pg_catalog.pg_settings";
    let role = "SELECT 'role', pg_catalog.current_setting('role'), 'user'";
    let invented = invented.map(|name| {
        let name = quote_literal(Engine::Postgres, name);
        format!("SELECT {name}, pg_catalog.current_setting({name}, true), 'invented'")
    });
    let queries: Vec<String> = [server.to_owned(), role.to_owned()]
        .into_iter()
        .chain(invented)
        .collect();
    let rows = observe::simple(client, &queries.join(" UNION ALL "), "reading settings").await?;
    let settings = rows.into_iter().filter_map(|row| {
        let [name, setting, context] = <[String; 3]>::try_from(row).ok()?;
        let is_carried = match context.as_str() {
            "user" => !name.starts_with("transaction_"),
            // What is empty was never made, or is as good as that.
            "invented" => !setting.is_empty(),
            _ => false,
        };
        is_carried.then_some((name, setting))
    });
    Ok(settings.collect())
}

/// The names of settings that a statement may invent: `SET app.user = …`, `set_config('app.user', …)`, also in a body.
pub(super) fn invented(statement: &Statement) -> Vec<String> {
    let text = statement.text.to_ascii_lowercase();
    let mut names = Vec::new();
    for (at, _) in text.match_indices("set") {
        if text[..at].ends_with(is_word) {
            continue;
        }
        let rest = &text[at + "set".len()..];
        let rest = match rest.strip_prefix("_config") {
            Some(rest) => rest
                .trim_start()
                .trim_start_matches('(')
                .trim_start()
                .trim_start_matches('\''),
            None if rest.starts_with(is_word) => continue,
            None => without_word(without_word(rest, "session"), "local"),
        };
        let rest = rest.trim_start();
        let name = &rest[..rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len())];
        if name.trim_matches('.').contains('.') {
            names.push(name.to_owned());
        }
    }
    names
}

fn without_word<'a>(text: &'a str, word: &str) -> &'a str {
    let text = text.trim_start();
    match text.strip_prefix(word) {
        Some(rest) if !rest.starts_with(is_word) => rest.trim_start(),
        _ => text,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Span;

    use super::*;

    #[test]
    fn names_of_invented_settings_are_found_in_statements_and_bodies() {
        for (text, expected) in [
            ("SET app.user = 'x'", vec!["app.user"]),
            ("set session App.user_id TO 1", vec!["app.user_id"]),
            ("SET LOCAL a.b.c = 1", vec!["a.b.c"]),
            ("SELECT set_config( 'app.tenant', '1', false)", vec!["app.tenant"]),
            (
                "DO $$ BEGIN SET app.a = 1; PERFORM pg_catalog.set_config('app.b', '', true); END $$",
                vec!["app.a", "app.b"],
            ),
            ("SET search_path = app, public", vec![]),
            ("UPDATE t SET a = 1", vec![]),
            ("SELECT reset.x, offset.y FROM t", vec![]),
            ("set", vec![]),
            ("sét set.", vec![]),
        ] {
            let statement = Statement {
                text: text.to_owned(),
                span: Span::new(0, 0),
                line: 1,
                copy_rows: None,
                not_sent: None,
            };
            assert_eq!(invented(&statement), expected, "{text}");
        }
    }
}
