//! Telling queries of an application from what dbwright, monitoring and clients send beside them: settings, transactions, and
//! questions about the server's own catalogs.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, tokens};

/// What dbwright asks first of a PostgreSQL, without its values.
const FIRST_QUESTION: &str = "SELECT version(), current_setting($1)";

/// A name in the questions that a capture asks of tables, by which they are known again.
pub(super) const MARK: &str = "dbwright_end";

/// Words that begin what sets a session up or opens and ends transactions: they have no plan, and every client sends them.
const OF_SESSIONS: [&str; 14] = [
    "set",
    "reset",
    "show",
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "discard",
    "deallocate",
    "use",
];

/// Whether a statement is none that an application asks for its data: it sets a session up, or reads the server's own tables
/// alone.
pub(super) fn is_beside(engine: Engine, text: &str) -> bool {
    let words: Vec<Token<'_>> = tokens(engine, text).filter(|token| !token.is_space()).collect();
    let begins = |word: &str| words.first().is_some_and(|first| first.is(word));
    let is_setting = |token: &Token<'_>| token.text.starts_with("@@");
    let asks_settings = words.iter().any(is_setting) && !words.iter().any(|word| word.is("from"));
    text == FIRST_QUESTION
        || words.iter().any(|word| word.name().is_some_and(|name| name == MARK))
        // What is asked for a plan has none of its own.
        || begins("explain")
        || OF_SESSIONS.iter().any(|word| begins(word))
        || asks_settings
        || reads_only_catalogs(engine, &words)
}

/// Whether a query reads tables, and all of them are the server's own.
fn reads_only_catalogs(engine: Engine, words: &[Token<'_>]) -> bool {
    let mut known = false;
    for (at, word) in words.iter().enumerate() {
        let names_table =
            word.is("join") || word.is("into") || word.is("update") || (word.is("from") && !is_of_call(words, at));
        if !names_table {
            continue;
        }
        let mut rest = words[at + 1..]
            .iter()
            .filter(|word| !word.is("lateral") && !word.is("only"));
        let Some(name) = rest.next().and_then(Token::name) else {
            // A query in brackets, which tells its own tables.
            continue;
        };
        let next = rest.next();
        if next.is_some_and(|next| next.text == "(") || is_query_name(words, &name) {
            continue;
        }
        let within = next.filter(|next| next.text == ".").and_then(|_| rest.next()?.name());
        if !is_own(engine, &name) && !within.is_some_and(|view| is_of_statements(engine, &view)) {
            return false;
        }
        known = true;
    }
    known
}

/// Whether a FROM is none of a query: `IS DISTINCT FROM x`, `extract(epoch FROM x)`.
fn is_of_call(words: &[Token<'_>], at: usize) -> bool {
    const CALLS: [&str; 5] = ["extract", "trim", "substring", "overlay", "position"];
    let is_call = |place: usize| CALLS.iter().any(|name| words[place].is(name)) && words[place + 1].text == "(";
    at > 0 && words[at - 1].is("distinct") || (at.saturating_sub(4)..at.saturating_sub(1)).any(is_call)
}

/// Whether the text itself gives something this name: `WITH name AS (`, `WITH RECURSIVE name(a) AS (`.
fn is_query_name(words: &[Token<'_>], name: &str) -> bool {
    words.windows(3).any(|three| {
        let [before, word, behind] = three else { return false };
        let begins = before.is("with") || before.is("recursive") || before.text == ",";
        begins && word.name().is_some_and(|of| of == name) && (behind.is("as") || behind.text == "(")
    })
}

/// Whether the first part of a name is a schema of the server's own, or that of a catalog.
fn is_own(engine: Engine, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match engine {
        Engine::Postgres => name.starts_with("pg_") || name == "information_schema",
        Engine::MySql | Engine::MariaDb => {
            matches!(
                name.as_str(),
                "information_schema" | "performance_schema" | "mysql" | "sys"
            )
        }
        Engine::Sqlite => name.starts_with("sqlite_"),
    }
}

/// The views of `pg_stat_statements`, which stand in a schema of somebody's choice.
fn is_of_statements(engine: Engine, view: &str) -> bool {
    engine == Engine::Postgres && view.starts_with("pg_stat_statements")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_catalogs_alone_is_told_from_what_an_application_asks() {
        let postgres = |sql| is_beside(Engine::Postgres, sql);
        assert!(postgres(
            "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON $1"
        ));
        assert!(postgres(
            "WITH all_of AS (SELECT oid FROM pg_class) SELECT * FROM all_of"
        ));
        assert!(postgres(
            "SELECT (SELECT $1 FROM information_schema.tables) FROM pg_catalog.unnest($2) u, LATERAL x"
        ));
        assert!(!postgres("SELECT * FROM orders JOIN pg_catalog.pg_class ON $1"));
        assert!(!postgres("UPDATE orders SET a = $1 FROM pg_class"));
        assert!(postgres(
            "WITH RECURSIVE held(oid) AS (SELECT l.relation FROM pg_locks l) SELECT oid FROM held"
        ));
        assert!(postgres(
            "SELECT i.type FROM pg_operator o WHERE o.x IS DISTINCT FROM i.y"
        ));
        assert!(postgres(
            "SELECT s.query FROM public.pg_stat_statements s WHERE s.dbid = $1"
        ));
        assert!(!postgres("SELECT s.query FROM public.statements s"));
        assert!(postgres("EXPLAIN SELECT * FROM orders"));
        assert!(postgres(
            "SELECT (SELECT pg_catalog.format($1, dbwright_end.value) FROM (SELECT id AS value FROM ONLY public.orders) dbwright_end)"
        ));
        assert!(postgres("SET search_path = $1") && postgres("BEGIN READ ONLY"));
        assert!(!postgres("SELECT extract(epoch FROM made) FROM orders"));
        assert!(!postgres("SELECT $1"));
        let mysql = |sql| is_beside(Engine::MySql, sql);
        assert!(mysql(
            "SELECT `TABLE_NAME` FROM `information_schema` . `TABLES` WHERE ?"
        ));
        assert!(mysql("SELECT @@`performance_schema`"));
        assert!(mysql(
            "SELECT MIN ( `id` ) AS `dbwright_end` , MAX ( `id` ) FROM `orders`"
        ));
        assert!(!mysql("SELECT @@`sql_mode` , `id` FROM `orders`"));
        assert!(!mysql("SELECT * FROM `orders`"));
    }
}
