//! Views, routines, triggers and events: statements in the server's own words, with what stands beside those words.
//!
//! A definition holds no `DEFINER`: whose rights a thing runs with is its owner, an object of its own. What the server keeps
//! of the session that made a routine, a trigger or an event stands in front of the definition, a line each:
//! `-- sql_mode: ANSI_QUOTES`, `-- time_zone: +00:00`.

use dbwright_catalog::{Catalog, Engine, ObjectBody, ObjectId, ObjectKind};
use dbwright_sql::{Dialect, SqlMode, Token, TokenKind, tokens_in};

use crate::{quote_identifier, quote_literal};

/// What a stored program was made under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// `sql_mode` of the session.
    pub sql_mode: Option<String>,
    /// `time_zone` of the session (events).
    pub time_zone: Option<String>,
}

impl Circumstances {
    /// The definition with them in front.
    pub fn before(&self, statement: &str) -> String {
        let mut text = String::new();
        for (name, value) in [("sql_mode", &self.sql_mode), ("time_zone", &self.time_zone)] {
            if let Some(value) = value {
                text.extend(["-- ", name, ": ", value, "\n"]);
            }
        }
        text + statement
    }

    /// A definition taken apart into them and the statement.
    pub fn split(definition: &str) -> (Circumstances, &str) {
        let mut circumstances = Circumstances::default();
        let mut rest = definition;
        for (name, value) in [
            ("-- sql_mode: ", &mut circumstances.sql_mode),
            ("-- time_zone: ", &mut circumstances.time_zone),
        ] {
            if let Some((line, after)) = rest.strip_prefix(name).and_then(|rest| rest.split_once('\n')) {
                *value = Some(line.to_owned());
                rest = after;
            }
        }
        (circumstances, rest)
    }

    /// The statements that put a session into them.
    pub(crate) fn settings(&self, engine: Engine) -> Vec<String> {
        let set = |name: &str, value: &Option<String>| {
            let value = quote_literal(engine, value.as_ref()?);
            Some(format!("SET SESSION {name} = {value}"))
        };
        set("sql_mode", &self.sql_mode)
            .into_iter()
            .chain(set("time_zone", &self.time_zone))
            .collect()
    }

    fn dialect(&self, engine: Engine) -> Dialect {
        let mut dialect = Dialect::server(engine);
        if let Some(mode) = &self.sql_mode {
            dialect.sql_mode = SqlMode::parse(engine, mode);
        }
        dialect
    }
}

/// A `CREATE` statement without its `DEFINER`, and the account that stood there, as it is written.
pub fn without_definer(engine: Engine, sql_mode: &str, statement: &str) -> (String, Option<String>) {
    let mut dialect = Dialect::server(engine);
    dialect.sql_mode = SqlMode::parse(engine, sql_mode);
    let tokens: Vec<Token<'_>> = tokens_in(dialect, statement).collect();
    let loud: Vec<&Token<'_>> = tokens.iter().filter(|token| !token.is_space()).take(12).collect();
    let Some(at) = loud.iter().position(|token| token.is("DEFINER")) else {
        return (statement.to_owned(), None);
    };
    // DEFINER, =, a name, and a host, which is one token with its `@` or another name behind a lone `@`.
    let Some(name) = loud.get(at + 2) else {
        return (statement.to_owned(), None);
    };
    let mut last = *name;
    for token in loud[at + 3..].iter().take(2) {
        let belongs = token.kind == TokenKind::Parameter || token.text == "@" || last.text == "@";
        if !belongs {
            break;
        }
        last = token;
    }
    let account = statement.get(name.span.start..last.span.end).unwrap_or_default();
    let head = statement.get(..loud[at].span.start).unwrap_or_default();
    let tail = statement.get(last.span.end..).unwrap_or_default();
    (format!("{}{}", head, tail.trim_start()), Some(account.to_owned()))
}

/// The statement that makes such an object, with its owner, and with `or_replace` in place of one that is there.
pub(crate) fn create(catalog: &Catalog, id: &ObjectId, definition: &str, or_replace: bool) -> String {
    let engine = catalog.server.engine;
    let (circumstances, statement) = Circumstances::split(definition);
    let owner = catalog.get(&id.satellite(ObjectKind::Owner)).map(|object| &object.body);
    let definer = match owner {
        Some(ObjectBody::Owner(owner)) => format!("DEFINER={} ", account(engine, &owner.role)),
        _ => String::new(),
    };
    let tokens = tokens_in(circumstances.dialect(engine), statement);
    let mut words = tokens.filter(|token| !token.is_space());
    let end_of_create = words.next().map_or(0, |token| token.span.end);
    // `ALGORITHM=…` of a view stands before the definer.
    let algorithm: Vec<Token<'_>> = words.take(3).collect();
    let head = match algorithm.first() {
        Some(first) if first.is("ALGORITHM") => algorithm.last().map_or(end_of_create, |token| token.span.end),
        _ => end_of_create,
    };
    let replace = if or_replace { " OR REPLACE" } else { "" };
    format!(
        "{}{replace}{} {definer}{}",
        &statement[..end_of_create],
        &statement[end_of_create..head],
        statement[head..].trim_start()
    )
}

/// An account as it is written: `app@%` is `` `app`@`%` ``. A role has no host.
pub(crate) fn account(engine: Engine, name: &str) -> String {
    match name.rsplit_once('@') {
        Some((user, "")) if engine == Engine::MariaDb => quote_identifier(engine, user),
        Some((user, host)) => format!("{}@{}", quote_identifier(engine, user), quote_identifier(engine, host)),
        None => quote_identifier(engine, name),
    }
}

/// What a routine is called in statements: `` PROCEDURE `p` ``, `` PACKAGE BODY `p` ``.
pub(crate) fn routine_name(engine: Engine, id: &ObjectId, definition: &str) -> String {
    let (circumstances, statement) = Circumstances::split(definition);
    let dialect = circumstances.dialect(engine);
    let mut words = tokens_in(dialect, statement).filter(|token| !token.is_space()).skip(1);
    let mut kind = Vec::new();
    let mut name = None;
    for token in words.by_ref().take(12) {
        match token.kind {
            TokenKind::Word
                if kind.is_empty() && !["PROCEDURE", "FUNCTION", "PACKAGE"].iter().any(|word| token.is(word)) => {}
            TokenKind::Word if kind.is_empty() || kind == ["PACKAGE"] && token.is("BODY") => {
                kind.push(token.text.to_uppercase());
            }
            _ => {
                name = token.name();
                break;
            }
        }
    }
    let shown = id.name().split('(').next().unwrap_or_default().trim().to_owned();
    let name = name.unwrap_or(shown);
    format!("{} {}", kind.join(" "), quote_identifier(engine, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definers_are_taken_out_and_put_back() {
        for (text, rest, account) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1",
                "`a`@`%`",
            ),
            (
                "CREATE DEFINER=`r` PROCEDURE `p`()\nBEGIN END",
                "CREATE PROCEDURE `p`()\nBEGIN END",
                "`r`",
            ),
        ] {
            let split = without_definer(Engine::MariaDb, "", text);
            assert_eq!(split, (rest.to_owned(), Some(account.to_owned())));
        }
        assert_eq!(
            without_definer(Engine::MySql, "", "CREATE VIEW `definer` AS select 1").1,
            None
        );
    }

    #[test]
    fn circumstances_stand_in_front() {
        let circumstances = Circumstances {
            sql_mode: Some(String::new()),
            time_zone: Some("SYSTEM".to_owned()),
        };
        let definition = circumstances.before("CREATE EVENT `e`");
        assert_eq!(definition, "-- sql_mode: \n-- time_zone: SYSTEM\nCREATE EVENT `e`");
        assert_eq!(Circumstances::split(&definition), (circumstances, "CREATE EVENT `e`"));
    }
}
