//! Partitions: added, dropped and reorganized one by one where the server can do that; else the whole table is partitioned
//! anew, which keeps every row or fails.
//!
//! Manual: <https://dev.mysql.com/doc/refman/9.7/en/alter-table-partition-operations.html>.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, tokens};

use crate::quote_identifier;
use crate::render::mysql_family::text::cleaned;

/// How a table gets from one partitioning to another.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Not at all.
    Nothing,
    /// A clause that goes with other changes of the table.
    Whole(String),
    /// A statement of its own.
    Alone {
        /// What stands behind `ALTER TABLE t`.
        clause: String,
        /// Partitions whose rows go with them.
        lost: Vec<String>,
    },
}

/// A partitioning taken apart.
struct Partitioning {
    /// `PARTITION BY RANGE (…) SUBPARTITION BY …`, without the number of partitions that are not listed.
    head: String,
    /// `PARTITIONS 4`, where they are not listed.
    count: Option<u32>,
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    name: String,
    text: String,
    /// `LESS THAN (…)`, `IN (…)`.
    bound: String,
}

pub(super) fn change(engine: Engine, before: Option<&str>, after: Option<&str>) -> Change {
    match (before, after) {
        (before, after) if before == after => Change::Nothing,
        (_, None) => Change::Whole("REMOVE PARTITIONING".to_owned()),
        (None, Some(after)) => Change::Whole(after.to_owned()),
        (Some(before), Some(after)) => {
            let (old, new) = (parse(engine, before), parse(engine, after));
            stepwise(engine, &old, &new).unwrap_or_else(|| Change::Whole(after.to_owned()))
        }
    }
}

fn stepwise(engine: Engine, old: &Partitioning, new: &Partitioning) -> Option<Change> {
    if old.head != new.head {
        return None;
    }
    let alone = |clause: String, lost: Vec<String>| Some(Change::Alone { clause, lost });
    if let (Some(from), Some(to)) = (old.count, new.count) {
        return match from.cmp(&to) {
            std::cmp::Ordering::Less => alone(format!("ADD PARTITION PARTITIONS {}", to - from), Vec::new()),
            std::cmp::Ordering::Greater => alone(format!("COALESCE PARTITION {}", from - to), Vec::new()),
            std::cmp::Ordering::Equal => None,
        };
    }
    let method = old.head.split_whitespace().nth(2).unwrap_or_default().to_uppercase();
    let is_range = method.starts_with("RANGE");
    if old.items.is_empty() || new.items.is_empty() || !is_range && !method.starts_with("LIST") {
        return None;
    }
    let common = old
        .items
        .iter()
        .zip(&new.items)
        .take_while(|(old, new)| old == new)
        .count();
    let (old_rest, new_rest) = (&old.items[common..], &new.items[common..]);
    let tail = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let (mut gone, mut fresh) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let names = |items: &[Item]| -> Vec<String> { items.iter().map(|item| item.name.clone()).collect() };
    let written = |items: &[Item]| {
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        texts.join(",\n ")
    };
    if fresh.is_empty() {
        let list: Vec<_> = gone.iter().map(|item| quote_identifier(engine, &item.name)).collect();
        return alone(format!("DROP PARTITION {}", list.join(", ")), names(gone));
    }
    if gone.is_empty() && tail == 0 {
        return alone(format!("ADD PARTITION ({})", written(fresh)), Vec::new());
    }
    // The partitions that are reorganized must cover the same range before and after.
    let covers_same = gone.last().map(|item| &item.bound) == fresh.last().map(|item| &item.bound);
    if is_range && !covers_same || gone.is_empty() {
        if tail == 0 {
            return None;
        }
        gone = &old_rest[..=gone.len()];
        fresh = &new_rest[..=fresh.len()];
    }
    let list: Vec<_> = gone.iter().map(|item| quote_identifier(engine, &item.name)).collect();
    alone(
        format!("REORGANIZE PARTITION {} INTO ({})", list.join(", "), written(fresh)),
        Vec::new(),
    )
}

fn parse(engine: Engine, text: &str) -> Partitioning {
    let tokens: Vec<Token<'_>> = tokens(engine, text).collect();
    let is_loud = |token: &&Token<'_>| !token.is_space();
    // The list begins with the bracket in front of the second `PARTITION`.
    let is_list = |at: &usize| {
        tokens[*at].is_symbol("(")
            && tokens[at + 1..]
                .iter()
                .find(is_loud)
                .is_some_and(|token| token.is("PARTITION"))
    };
    let list = (0..tokens.len()).find(is_list);
    let head = &tokens[..list.unwrap_or(tokens.len())];
    let mut count = None;
    let mut end = head.len();
    if list.is_none()
        && let Some(at) = head.iter().position(|token| token.is("PARTITIONS"))
    {
        count = head[at..].iter().find_map(|token| token.text.parse().ok());
        end = at;
    }
    let head = cleaned(&head[..end]).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut items = Vec::new();
    if let Some(open) = list {
        let (mut depth, mut start) = (1, open + 1);
        for (at, token) in tokens.iter().enumerate().skip(open + 1) {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            if depth == 0 || depth == 1 && token.is_symbol(",") {
                items.push(item(&tokens[start..at]));
                start = at + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    Partitioning { head, count, items }
}

fn item(tokens: &[Token<'_>]) -> Item {
    let mut loud = tokens.iter().filter(|token| !token.is_space());
    loud.next();
    let name = loud.next().and_then(Token::name).unwrap_or_default();
    let mut bound = String::new();
    let mut depth = 0;
    for token in loud.skip_while(|token| !token.is("VALUES")).skip(1) {
        depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
        bound += token.text;
        bound.push(' ');
        if depth == 0 && (token.is_symbol(")") || token.is("MAXVALUE")) {
            break;
        }
    }
    Item {
        name,
        text: cleaned(tokens),
        bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(items: &[(&str, &str)]) -> String {
        let items: Vec<_> = items
            .iter()
            .map(|(name, bound)| format!("PARTITION {name} VALUES LESS THAN {bound} ENGINE = InnoDB"))
            .collect();
        format!("PARTITION BY RANGE (`a`)\n({})", items.join(",\n "))
    }

    fn clause(before: &str, after: &str) -> String {
        match change(Engine::MySql, Some(before), Some(after)) {
            Change::Alone { clause, .. } | Change::Whole(clause) => clause,
            Change::Nothing => String::new(),
        }
    }

    #[test]
    fn ranges_are_added_dropped_and_reorganized() {
        let base = range(&[("p0", "(10)"), ("p1", "(20)")]);
        let added = range(&[("p0", "(10)"), ("p1", "(20)"), ("p2", "(30)")]);
        assert_eq!(
            clause(&base, &added),
            "ADD PARTITION (PARTITION p2 VALUES LESS THAN (30) ENGINE = InnoDB)"
        );
        let dropped = change(Engine::MySql, Some(&added), Some(&base));
        assert!(matches!(dropped, Change::Alone { lost, .. } if lost == ["p2"]));
        let split = range(&[("p0", "(5)"), ("p01", "(10)"), ("p1", "(20)")]);
        assert!(clause(&base, &split).starts_with("REORGANIZE PARTITION `p0` INTO (PARTITION p0 VALUES LESS THAN (5)"));
        let inserted = range(&[("p0", "(10)"), ("m", "(15)"), ("p1", "(20)")]);
        assert!(clause(&base, &inserted).starts_with("REORGANIZE PARTITION `p1` INTO (PARTITION m"));
        let moved = range(&[("p0", "(12)"), ("p1", "(20)")]);
        assert!(clause(&base, &moved).starts_with("REORGANIZE PARTITION `p0`, `p1` INTO"));
        let shorter = range(&[("p0", "(10)"), ("p1", "(15)")]);
        assert_eq!(clause(&base, &shorter), shorter);
    }

    #[test]
    fn hashes_grow_and_shrink() {
        let of = |count: u32| format!("PARTITION BY HASH (`a`)\nPARTITIONS {count}");
        assert_eq!(clause(&of(2), &of(5)), "ADD PARTITION PARTITIONS 3");
        assert_eq!(clause(&of(5), &of(2)), "COALESCE PARTITION 3");
        let other = "PARTITION BY KEY (a)\nPARTITIONS 2";
        assert_eq!(clause(&of(2), other), other);
    }
}
