//! Whether a query is proven to do nothing but read.
//!
//! It runs in a session whose transactions are read-only, so that the server refuses to write tables. What else a query can do
//! (locks, files, variables, sequences, code of others) it does not refuse, so that the text is looked at: every function must be
//! one that is known to give a value and nothing else. Views are looked into by their definitions.

use std::collections::BTreeSet;

use dbwright_sql::{Dialect, Summary, Token, TokenKind, summarise_mysql_family, tokens_in};

use super::facts::literal;
use super::functions::is_harmless;
use crate::LiveError;
use crate::connect::Connection;

/// Storage engines that read tables of this server and nothing else.
const ENGINES: &str = "'InnoDB', 'MyISAM', 'Aria', 'MEMORY', 'MRG_MyISAM', 'MRG_MYISAM', 'CSV', 'ARCHIVE', 'BLACKHOLE', \
                       'PERFORMANCE_SCHEMA', 'SEQUENCE', 'ROCKSDB', 'ndbcluster', 'TempTable'";

/// Views that look into each other deeper than this are not followed.
const DEPTH_MAX: usize = 20;

/// Proves it, or says what stands against it.
pub(super) async fn reads_only(
    connection: &mut Connection,
    dialect: Dialect,
    query: &str,
) -> Result<Result<(), String>, LiveError> {
    if summarise_mysql_family(dialect, query).summary != Summary::Query {
        return Ok(Err("it writes".to_owned()));
    }
    looked_through(connection, dialect, query, is_plain).await
}

/// Proves that planning it does nothing but read: both engines work out subqueries and functions while they plan where these
/// depend on nothing else.
pub(super) async fn plans_only(
    connection: &mut Connection,
    dialect: Dialect,
    query: &str,
) -> Result<Result<(), String>, LiveError> {
    looked_through(connection, dialect, query, calls_nothing_unknown).await
}

/// Proves that planning a statement that writes locks no row, nor a table that is locked as a whole.
///
/// What an `UPDATE` or `DELETE` looks up while it is planned it locks: rows of other tables, by unique keys, and those of subqueries.
/// One of a single table looks up nothing; what an `INSERT … SELECT` reads is not locked where it reads what is committed.
/// <https://dev.mysql.com/doc/refman/9.4/en/innodb-locks-set.html>
pub(super) async fn locks_no_rows(
    connection: &mut Connection,
    dialect: Dialect,
    statement: &str,
) -> Result<Result<(), String>, LiveError> {
    if let Err(doubt) = is_plain(dialect, statement).and_then(|()| changes_one_table(dialect, statement)) {
        return Ok(Err(doubt));
    }
    let names: BTreeSet<String> = tokens_in(dialect, statement).filter_map(|token| token.name()).collect();
    let list: Vec<String> = names.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT concat(TABLE_NAME, CASE WHEN ENGINE IS NULL THEN ' is a view, whose tables' ELSE ', which is not kept by InnoDB,' END) \
         FROM information_schema.TABLES WHERE TABLE_NAME IN ({}) AND coalesce(ENGINE, '') <> 'InnoDB' \
           AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema') LIMIT 1",
        list.join(", ")
    );
    Ok(match connection.first_value(&sql).await? {
        Some(table) => Err(format!("{table} might be locked while it is planned as it stands")),
        None => Ok(()),
    })
}

/// Whether a statement changes one table and reads no other while it is planned; of an `INSERT … SELECT`, what it reads is not locked.
fn changes_one_table(dialect: Dialect, statement: &str) -> Result<(), String> {
    let words: Vec<Token<'_>> = tokens_in(dialect, statement)
        .filter(|token| !token.is_space())
        .collect();
    let is_any = |word: &Token<'_>, of: &[&str]| of.iter().any(|one| word.is(one) || word.is_symbol(one));
    let asks = words.iter().any(|word| is_any(word, &["select", "table", "with"]));
    let is_one = match words.split_first() {
        Some((first, rest)) if is_any(first, &["insert", "replace"]) => {
            let source = rest
                .iter()
                .find(|word| is_any(word, &["values", "value", "set", "select", "with", "table"]));
            !asks || source.is_some_and(|word| is_any(word, &["select", "with", "table"]))
        }
        Some((first, rest)) if is_any(first, &["update", "delete"]) => {
            // Before `SET` or a condition stands one table with its alias.
            let mut tables = rest
                .iter()
                .skip_while(|word| is_any(word, &["low_priority", "quick", "ignore", "from"]))
                .take_while(|word| !is_any(word, &["set", "where", "order", "limit", "returning"]));
            let several = tables.any(|word| is_any(word, &[",", "(", "join", "straight_join", "using", "from"]));
            !asks && !several
        }
        _ => false,
    };
    if is_one {
        Ok(())
    } else {
        Err("planning it as it stands would lock rows that are looked up meanwhile".to_owned())
    }
}

/// Looks at a query and at the definitions of the views in it.
async fn looked_through(
    connection: &mut Connection,
    dialect: Dialect,
    query: &str,
    check: fn(Dialect, &str) -> Result<(), String>,
) -> Result<Result<(), String>, LiveError> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut texts = vec![query.to_owned()];
    for _ in 0..DEPTH_MAX {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for text in &texts {
            if let Err(doubt) = check(dialect, text) {
                return Ok(Err(doubt));
            }
            names.extend(tokens_in(dialect, text).filter_map(|token| token.name()));
        }
        names.retain(|name| seen.insert(name.to_lowercase()));
        if names.is_empty() {
            return Ok(Ok(()));
        }
        let list: Vec<String> = names.iter().map(|name| literal(name)).collect();
        let list = list.join(", ");
        if let Some(table) = connection.first_value(&foreign(&list)).await? {
            return Ok(Err(format!("{table} may be read from elsewhere")));
        }
        let views = connection.rows(&views(&list)).await?;
        texts = Vec::new();
        for view in views {
            let mut view = view.into_iter().map(Option::unwrap_or_default);
            let (name, definition) = (view.next().unwrap_or_default(), view.next().unwrap_or_default());
            if definition.is_empty() {
                return Ok(Err(format!("the definition of the view {name} may not be read")));
            }
            texts.push(definition);
        }
        if texts.is_empty() {
            return Ok(Ok(()));
        }
    }
    Ok(Err("its views are too deep".to_owned()))
}

/// Tables of these names, in any database, that another engine keeps.
fn foreign(names: &str) -> String {
    format!(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_NAME IN ({names}) AND ENGINE NOT IN ({ENGINES}) \
           AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema') LIMIT 1"
    )
}

fn views(names: &str) -> String {
    format!("SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_NAME IN ({names})")
}

/// What a text does besides reading, where it does.
fn is_plain(dialect: Dialect, text: &str) -> Result<(), String> {
    let all: Vec<Token<'_>> = tokens_in(dialect, text).collect();
    for token in &all {
        if token.kind == TokenKind::CodeMark {
            return Err("it holds code in a comment for some versions".to_owned());
        }
        if token.kind == TokenKind::BlockComment && token.text.starts_with("/*+") {
            let hint = token.text.to_ascii_lowercase();
            if hint.contains("set_var") || hint.contains("max_execution_time") {
                return Err("a hint of it sets a variable".to_owned());
            }
        }
        if token.kind == TokenKind::Operator && token.text.contains(":=") {
            return Err("it assigns to a variable".to_owned());
        }
    }
    let words: Vec<&Token<'_>> = all.iter().filter(|token| !token.is_space()).collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|token| token.is(word));
    for at in 0..words.len() {
        if words[at].is_symbol(":") && words.get(at + 1).is_some_and(|next| next.text == "=") {
            return Err("it assigns to a variable".to_owned());
        }
        if is(at, "into") && !begins_insert(&words[..at]) {
            return Err("it has INTO".to_owned());
        }
        if is(at, "procedure") || is(at, "handler") || is(at, "call") {
            return Err("it calls a procedure".to_owned());
        }
        if (is(at, "for") && (is(at + 1, "update") || is(at + 1, "share"))) || (is(at, "lock") && is(at + 1, "in")) {
            return Err("it locks rows".to_owned());
        }
        if is(at, "nextval") || (is(at, "next") && is(at + 1, "value")) {
            return Err("it moves a sequence".to_owned());
        }
    }
    calls_nothing_unknown(dialect, text)
}

/// Whether these are the first words of an `INSERT` or `REPLACE`, whose `INTO` names a table.
fn begins_insert(words: &[&Token<'_>]) -> bool {
    let options = ["low_priority", "high_priority", "delayed", "ignore"];
    let Some((first, options_there)) = words.split_first() else {
        return false;
    };
    (first.is("insert") || first.is("replace"))
        && options_there
            .iter()
            .all(|word| options.iter().any(|option| word.is(option)))
}

/// The first function that is not known to do nothing but give a value, where there is one.
fn calls_nothing_unknown(dialect: Dialect, text: &str) -> Result<(), String> {
    let all: Vec<Token<'_>> = tokens_in(dialect, text).filter(|token| !token.is_space()).collect();
    let words: Vec<&Token<'_>> = all.iter().collect();
    let target = inserted_into(&words);
    for at in 0..words.len() {
        if Some(at) != target && words.get(at + 1).is_some_and(|next| next.is_symbol("(")) {
            called(&words, at)?;
        }
    }
    Ok(())
}

/// The name of the table that an `INSERT` or `REPLACE` writes, behind which its columns stand in brackets.
fn inserted_into(words: &[&Token<'_>]) -> Option<usize> {
    let into = (0..words.len()).find(|at| !begins_insert(&words[..=*at]))?;
    if into == 0 {
        return None;
    }
    let name = if words[into].is("into") { into + 1 } else { into };
    let is_qualified = words.get(name + 1).is_some_and(|word| word.is_symbol("."));
    Some(if is_qualified { name + 2 } else { name })
}

/// Looks at a name before a bracket.
fn called(words: &[&Token<'_>], at: usize) -> Result<(), String> {
    let Some(name) = words[at].name() else { return Ok(()) };
    let behind_dot = at > 0 && words[at - 1].is_symbol(".");
    let is_function = words[at].kind == TokenKind::Word && !behind_dot && is_harmless(&name);
    if is_function || names_columns(words, at) {
        return Ok(());
    }
    Err(format!("{name}() is not known to read only"))
}

/// Whether the name is one of a common table expression or derived table, with the names of its columns behind it:
/// `WITH t (a, b) AS (…)`, `(…) t (a, b)`, `AS t (a, b)`.
fn names_columns(words: &[&Token<'_>], at: usize) -> bool {
    let Some(close) = (at + 2..words.len()).find(|index| words[*index].is_symbol(")")) else {
        return false;
    };
    let is_list = words[at + 2..close].iter().enumerate().all(|(index, word)| {
        if index % 2 == 0 {
            word.name().is_some()
        } else {
            word.is_symbol(",")
        }
    });
    let before = at.checked_sub(1).map(|before| words[before]);
    let begins = before.is_some_and(|word| word.is("with") || word.is("recursive") || word.is_symbol(","));
    let follows_as = words.get(close + 1).is_some_and(|word| word.is("as"))
        && words.get(close + 2).is_some_and(|word| word.is_symbol("("));
    let behind_derived = before.is_some_and(|word| word.is_symbol(")") || word.is("as"));
    is_list
        && !words[at + 2..close].is_empty()
        && ((begins && follows_as) || (behind_derived && before_is_table(words, at)))
}

/// Whether a derived table ends before this name: `FROM (…) t (a)`.
fn before_is_table(words: &[&Token<'_>], at: usize) -> bool {
    let Some(close) = (0..at).rev().find(|index| words[*index].is_symbol(")")) else {
        return false;
    };
    let mut depth = 0_usize;
    for index in (0..=close).rev() {
        if words[index].is_symbol(")") {
            depth += 1;
        } else if words[index].is_symbol("(") {
            depth -= 1;
            if depth == 0 {
                return words
                    .get(index + 1)
                    .is_some_and(|word| word.is("select") || word.is("values"));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Engine;

    use super::*;

    fn doubt(query: &str) -> Option<String> {
        is_plain(Dialect::server(Engine::MySql), query).err()
    }

    #[test]
    fn queries_that_only_read_are_plain() {
        for query in [
            "SELECT count(*), lower(name) FROM t WHERE a IN (1, 2) AND EXISTS (SELECT 1 FROM u)",
            "WITH r (n) AS (SELECT 1) SELECT n FROM r",
            "WITH RECURSIVE r (n, m) AS (SELECT 1, 2 UNION ALL SELECT n + 1, m FROM r WHERE n < 5) SELECT * FROM r",
            "SELECT * FROM (SELECT 1, 2) AS x (a, b)",
            "SELECT CAST(a AS char(10)), CONVERT(b, decimal(10, 2)) FROM t USE INDEX (i) WHERE MATCH (c) AGAINST ('x')",
            "SELECT sum(a) OVER (PARTITION BY b) FROM t PARTITION (p0) GROUP BY (a)",
            "SELECT 'it is sleep(1) INTO OUTFILE' FROM t -- for update",
            "SELECT /*+ JOIN_ORDER(a, b) */ * FROM a JOIN b USING (id)",
        ] {
            assert_eq!(doubt(query), None, "{query}");
        }
    }

    #[test]
    fn what_an_insert_names_is_no_function() {
        for statement in [
            "INSERT INTO orders (id, total) SELECT id, max(total) FROM old GROUP BY id",
            "REPLACE LOW_PRIORITY INTO shop.orders(id) VALUES (1)",
            "INSERT IGNORE orders (id) VALUES (1)",
        ] {
            assert_eq!(doubt(statement), None, "{statement}");
        }
        for statement in [
            "INSERT INTO orders (id) SELECT mine(id) FROM old",
            "INSERT INTO orders (id) VALUES (mine (1))",
            "SELECT 1 INTO mine (1)",
        ] {
            assert!(doubt(statement).is_some(), "{statement}");
        }
    }

    #[test]
    fn what_looks_up_rows_while_it_is_planned_is_known() {
        for (statement, is_one) in [
            (
                "UPDATE orders o SET total = total + 1 WHERE o.id = 3 ORDER BY at LIMIT 5",
                true,
            ),
            ("UPDATE LOW_PRIORITY IGNORE shop.orders AS o SET total = 1", true),
            (
                "DELETE FROM orders WHERE id IN (1, 2) AND (a = 1 OR b = 2) LIMIT 10",
                true,
            ),
            ("DELETE QUICK FROM orders WHERE a = 1 RETURNING id, b", true),
            (
                "INSERT INTO archive (id) SELECT id FROM orders WHERE a = (SELECT max(a) FROM b)",
                true,
            ),
            ("REPLACE archive WITH x AS (SELECT 1) SELECT * FROM x", true),
            (
                "INSERT INTO archive (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a)",
                true,
            ),
            ("INSERT INTO archive SET a = 1", true),
            ("INSERT INTO archive (a) VALUES ((SELECT max(a) FROM b))", false),
            ("INSERT INTO archive SET a = (SELECT max(a) FROM b)", false),
            ("UPDATE orders SET total = (SELECT max(a) FROM b)", false),
            ("UPDATE orders JOIN customer USING (id) SET total = 1", false),
            ("UPDATE orders, customer SET total = 1", false),
            ("UPDATE (orders) SET total = 1", false),
            ("DELETE FROM orders WHERE id IN (SELECT id FROM b)", false),
            ("DELETE o FROM orders o JOIN b ON b.id = o.id", false),
            ("DELETE FROM orders, b USING orders JOIN b", false),
            ("WITH x AS (SELECT 1) DELETE FROM orders", false),
        ] {
            let found = changes_one_table(Dialect::server(Engine::MySql), statement).is_ok();
            assert_eq!(found, is_one, "{statement}");
        }
    }

    #[test]
    fn what_does_more_is_told() {
        for (query, why) in [
            ("SELECT sleep(5)", "sleep() is not known to read only"),
            ("SELECT shop.total(1)", "total() is not known to read only"),
            ("SELECT shop.lower(1)", "lower() is not known to read only"),
            ("SELECT `lower`(1)", "lower() is not known to read only"),
            ("SELECT mine(1)", "mine() is not known to read only"),
            ("SELECT x, mine(a) FROM t", "mine() is not known to read only"),
            ("SELECT get_lock('a', 1)", "get_lock() is not known to read only"),
            (
                "SELECT load_file('/etc/passwd')",
                "load_file() is not known to read only",
            ),
            ("SELECT 1 INTO OUTFILE '/tmp/x'", "it has INTO"),
            ("SELECT 1 INTO @x", "it has INTO"),
            ("SELECT @x := 1", "it assigns to a variable"),
            ("SELECT * FROM t FOR UPDATE", "it locks rows"),
            ("SELECT * FROM t FOR SHARE SKIP LOCKED", "it locks rows"),
            ("SELECT * FROM t LOCK IN SHARE MODE", "it locks rows"),
            ("SELECT NEXT VALUE FOR s", "it moves a sequence"),
            (
                "SELECT /*!50000 sleep(5) */",
                "it holds code in a comment for some versions",
            ),
            (
                "SELECT /*+ SET_VAR(max_execution_time = 0) */ 1",
                "a hint of it sets a variable",
            ),
        ] {
            assert_eq!(doubt(query).as_deref(), Some(why), "{query}");
        }
    }
}
