//! Statements that write, as queries for the rows that they write: MySQL and MariaDB explain those in read-only sessions.

use dbwright_catalog::Engine;

use crate::query::Query;

/// Words behind which more follows than rows can be found by.
const NOT_FOUND_BY: [&str; 3] = ["returning", "values", "partition"];

/// The query for the rows that an `UPDATE` or `DELETE` writes; nothing of any other statement, and where the form is another one.
pub fn rows_written(engine: Engine, text: &str) -> Option<String> {
    let query = Query::new(engine, text);
    let at = |word: &str| (0..query.words.len()).find(|at| query.depths[*at] == 0 && query.words[*at].is(word));
    if NOT_FOUND_BY.iter().any(|word| at(word).is_some()) {
        return None;
    }
    let whole = query.words.len();
    if query.stand_at(0, &["delete", "from"]) && at("using").is_none() && at("join").is_none() {
        return Some(format!("SELECT * FROM {}", query.source(&(2..whole))));
    }
    let set = at("set").filter(|set| query.stand_at(0, &["update"]) && *set > 1)?;
    let end = ["where", "order", "limit"]
        .iter()
        .filter_map(|word| at(word))
        .min()
        .unwrap_or(whole);
    let (tables, rest) = (query.source(&(1..set)), query.source(&(end..whole)));
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
            ("DELETE a FROM t a JOIN u ON u.x = a.x", None),
            ("DELETE FROM t WHERE a = ? RETURNING b", None),
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
