//! Statements that write, as queries for the rows that they write: MySQL and MariaDB plan those for whoever may only read, and tell what
//! they cost.

use dbwright_catalog::Engine;

use crate::query::Query;

/// The query for the rows that an `UPDATE` or `DELETE` writes, or that an `INSERT … SELECT` takes; nothing of any other statement, and
/// where the form is another one.
pub fn rows_written(engine: Engine, text: &str) -> Option<String> {
    let query = Query::new(engine, text);
    let at = |word: &str| (0..query.words.len()).find(|at| query.depths[*at] == 0 && query.words[*at].is(word));
    if at("partition").is_some() {
        return None;
    }
    let whole = at("returning").unwrap_or(query.words.len());
    let begins = |word: &str| query.stand_at(0, &[word]);
    if begins("insert") || begins("replace") {
        let select =
            at("select").filter(|_| at("values").is_none_or(|values| at("duplicate").is_some_and(|on| on < values)))?;
        let end = at("duplicate").map_or(whole, |duplicate| duplicate.saturating_sub(1));
        return Some(query.source(&(select..end)).to_owned());
    }
    if begins("delete") {
        let tables = at("using").or_else(|| at("from"))? + 1;
        return Some(format!("SELECT * FROM {}", query.source(&(tables..whole))));
    }
    let set = at("set").filter(|set| begins("update") && *set > 1)?;
    let start = (1..set).find(|at| {
        !["low_priority", "ignore"]
            .iter()
            .any(|option| query.words[*at].is(option))
    })?;
    let end = ["where", "order", "limit"]
        .iter()
        .filter_map(|word| at(word))
        .min()
        .unwrap_or(whole);
    let (tables, rest) = (query.source(&(start..set)), query.source(&(end..whole)));
    Some(format!("SELECT * FROM {tables} {rest}").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_asked_for() {
        for (statement, asked) in [
            (
                "DELETE FROM `t` WHERE a = ? LIMIT ?",
                Some("SELECT * FROM `t` WHERE a = ? LIMIT ?"),
            ),
            (
                "UPDATE `t` SET a = (SELECT x FROM y WHERE z = ?), b = ? WHERE c = ? ORDER BY d",
                Some("SELECT * FROM `t` WHERE c = ? ORDER BY d"),
            ),
            (
                "update t a join u b on a.x = b.x set a.y = 1",
                Some("SELECT * FROM t a join u b on a.x = b.x"),
            ),
            (
                "DELETE a FROM t a JOIN u ON u.x = a.x WHERE u.y = 1",
                Some("SELECT * FROM t a JOIN u ON u.x = a.x WHERE u.y = 1"),
            ),
            (
                "DELETE FROM a USING t AS a, u WHERE u.x = a.x",
                Some("SELECT * FROM t AS a, u WHERE u.x = a.x"),
            ),
            (
                "DELETE FROM t WHERE a = ? RETURNING b",
                Some("SELECT * FROM t WHERE a = ?"),
            ),
            (
                "INSERT INTO t (a) SELECT x FROM y WHERE z IN (SELECT 1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
                Some("SELECT x FROM y WHERE z IN (SELECT 1)"),
            ),
            ("INSERT INTO t (a) VALUES ((SELECT 1))", None),
            (
                "UPDATE IGNORE t SET a = 1 WHERE b = 2",
                Some("SELECT * FROM t WHERE b = 2"),
            ),
            ("WITH x AS (SELECT 1) DELETE FROM t WHERE a IN (SELECT * FROM x)", None),
            ("INSERT INTO t SET a = 1", None),
            ("SELECT 1", None),
        ] {
            assert_eq!(
                rows_written(Engine::MariaDb, statement).as_deref(),
                asked,
                "{statement}"
            );
        }
    }
}
