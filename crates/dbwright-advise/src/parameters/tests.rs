//! What parameters are found to be for, in the forms in which applications and servers write queries.

use proptest::prelude::*;

use super::*;

/// `orders.total from`, for each parameter.
fn told(text: &str) -> Vec<String> {
    let told = parameters(Engine::MySql, text)
        .into_iter()
        .map(|parameter| match parameter.role {
            ParameterRole::Compared {
                tables,
                column,
                comparison,
            } => format!("{}.{column} {comparison:?}", tables.join("|")),
            other => format!("{other:?}"),
        });
    told.collect()
}

#[test]
fn parameters_are_told_by_what_they_are_compared_with() {
    for (text, wanted) in [
        (
            "SELECT * FROM `orders` `o` JOIN `lines` l ON l.o = o.id WHERE `o` . `total` > ? AND l.n NOT IN (?, ?) AND ? = b LIMIT ?, ?",
            &[
                "orders.total From",
                "lines.n Equal(0)",
                "lines.n Equal(1)",
                "orders|lines.b Equal(0)",
                "Offset",
                "Limit",
            ][..],
        ),
        (
            "SELECT ? FROM t WHERE at BETWEEN ? AND ? AND name LIKE ? AND date(at) = ? AND ? < y",
            &[
                "Other",
                "t.at BetweenFrom",
                "t.at BetweenTo",
                "t.name Like",
                "Date",
                "t.y From",
            ][..],
        ),
        (
            "SELECT * FROM t WHERE MATCH (a) AGAINST (?) AND at > now() - INTERVAL ? DAY LIMIT ? OFFSET ?",
            &["Words", "Other", "Limit", "Offset"][..],
        ),
        ("SELECT '?' FROM t WHERE shop.t.a = ?", &["t.a Equal(0)"][..]),
        (
            "UPDATE orders o JOIN customer c ON c.id = o.customer_id SET o.total = ?, o.note = concat(?, 'x') \
                 WHERE c.name = ? AND o.at < ? LIMIT ?",
            &["Written", "Written", "customer.name Equal(0)", "orders.at To", "Limit"][..],
        ),
        (
            "DELETE o FROM orders o JOIN customer AS c ON c.id = o.customer_id WHERE c.name <=> ?",
            &["customer.name Equal(0)"][..],
        ),
        (
            "DELETE FROM orders WHERE id = ? ORDER BY at LIMIT ?",
            &["orders.id Equal(0)", "Limit"][..],
        ),
        (
            "INSERT INTO t (a, b) VALUES (?, ?), (?, now()) ON DUPLICATE KEY UPDATE a = VALUES(a), b = ?",
            &["Written", "Written", "Written", "Written"][..],
        ),
        (
            "INSERT INTO t (a, b) SELECT ?, b FROM u WHERE u.c = ?",
            &["Other", "u.c Equal(0)"][..],
        ),
        (
            "REPLACE INTO t SET a = ?, b = (SELECT c FROM u WHERE d = ?)",
            &["Written", "u.d Equal(0)"][..],
        ),
        (
            "UPDATE t SET a = (SELECT c FROM u WHERE d = ?) WHERE e = ?",
            &["t|u.d Equal(0)", "t|u.e Equal(0)"][..],
        ),
        (
            "SELECT 1 FROM t WHERE (a, t.b) > (?, ?) AND (a, b) IN ((?, ?), (?, ?)) AND a IN (:first, :second)",
            &[
                "t.a From",
                "t.b Equal(0)",
                "t.a Equal(0)",
                "t.b Equal(0)",
                "t.a Equal(1)",
                "t.b Equal(1)",
                "t.a Equal(0)",
                "t.a Equal(1)",
            ][..],
        ),
        (
            "SELECT 1 FROM t WHERE lower(a) = ? AND year(b) = ? AND a LIKE concat('%', ?) AND json_contains(c, ?) \
                 AND b BETWEEN :from AND :to AND b > date_sub(?, INTERVAL ? DAY) LIMIT :skip, :many",
            &[
                "Text",
                "Other",
                "Text",
                "Json",
                "t.b BetweenFrom",
                "t.b BetweenTo",
                "Date",
                "Other",
                "Offset",
                "Limit",
            ][..],
        ),
        (
            "SELECT a %s, b FROM t WHERE a = %s AND b IN (%s, %(other)s) AND c LIKE '%s' AND d > a %s LIMIT %s",
            &["t.a Equal(0)", "t.b Equal(0)", "t.b Equal(1)", "Limit"][..],
        ),
        (
            "SELECT 1 FROM t WHERE a >= CAST(? AS datetime) AND a < CAST(? AS datetime) + INTERVAL 1 DAY AND CAST(? AS char) = b",
            &["t.a BetweenFrom", "t.a BetweenFrom", "t.b Equal(0)"][..],
        ),
        (
            "SELECT 1 FROM t WHERE a >= ? AND a < ? AND b > ?",
            &["t.a BetweenFrom", "t.a BetweenTo", "t.b From"][..],
        ),
        ("SELECT ':name', a FROM t FOR UPDATE", &[][..]),
        ("SELECT 1", &[][..]),
    ] {
        assert_eq!(told(text), wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "select", "update", "delete", "insert", "into", "from", "using", "set", "where", "values", "in", "between", "and",
            "like", "limit", "offset", "cast", "as", "(", ")", ",", "=", "<", "?", ":", "%", "s", "a", ".", "'x'", "1", "...",
            "on", "duplicate", "key", "with", "join", "returning", ";",
        ]), 0..14),
        other in prop::collection::vec(prop::sample::select(vec!["select", "a", "=", "1", "(", ")", ",", "-", "in"]), 0..8),
    ) {
        let (text, other) = (words.join(" "), other.join(" "));
        let joined = words.concat();
        for text in [&text, &joined] {
            let marked = with_question_marks(Engine::MySql, text);
            prop_assert!(parameters(Engine::MySql, &marked).len() >= parameters(Engine::MySql, text).len());
            sample_key(Engine::MySql, text);
            values_of_sample(Engine::MySql, text, &other);
            crate::rows_written(Engine::MySql, text);
            crate::preparable(Engine::MySql, text);
        }
    }
}
