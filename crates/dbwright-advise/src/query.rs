//! The text of a query, as far as insights ask: its `SELECT`s and where their clauses stand.
//!
//! Not a parser: what is not found is not told. Rewrites are made in the text itself, so that what is proposed reads as what
//! was asked.

use std::ops::Range;

use dbwright_catalog::Engine;
use dbwright_sql::{Token, tokens};

use crate::expression::depths;

/// Functions that make one row of many.
const AGGREGATES: [&str; 19] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "bool_and",
    "bool_or",
    "every",
    "group_concat",
    "json_arrayagg",
    "json_objectagg",
    "json_group_array",
    "total",
];

/// The text of a query and its words.
#[derive(Clone, Debug)]
pub(crate) struct Query<'text> {
    /// Whose language it is.
    pub(crate) engine: Engine,
    /// The text.
    pub(crate) text: &'text str,
    /// Its tokens without space and comments.
    pub(crate) words: Vec<Token<'text>>,
    /// How deep in brackets each stands.
    pub(crate) depths: Vec<usize>,
}

/// A `SELECT` with its clauses, as ranges of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Select {
    /// The word `SELECT`.
    pub(crate) at: usize,
    /// How deep in brackets it stands.
    pub(crate) depth: usize,
    /// What it gives, without `ALL` and `DISTINCT`.
    pub(crate) list: Range<usize>,
    /// Whether it says `DISTINCT`.
    pub(crate) distinct: bool,
    /// Behind `FROM`.
    pub(crate) from: Option<Range<usize>>,
    /// Behind `WHERE`.
    pub(crate) condition: Option<Range<usize>>,
    /// Behind `GROUP BY`.
    pub(crate) group: Option<Range<usize>>,
    /// Behind `HAVING`.
    pub(crate) having: Option<Range<usize>>,
    /// Behind `ORDER BY`.
    pub(crate) order: Option<Range<usize>>,
    /// Behind `LIMIT` or `FETCH`.
    pub(crate) limit: Option<Range<usize>>,
    /// Behind `OFFSET`.
    pub(crate) offset: Option<Range<usize>>,
    /// Whether it locks rows, has a window, or is one of several behind `UNION` and its like.
    pub(crate) is_special: bool,
    /// One past its last word.
    pub(crate) end: usize,
}

impl<'text> Query<'text> {
    pub(crate) fn new(engine: Engine, text: &'text str) -> Self {
        let words: Vec<Token<'text>> = tokens(engine, text).filter(|token| !token.is_space()).collect();
        let depths = depths(&words);
        Query {
            engine,
            text,
            words,
            depths,
        }
    }

    /// Every `SELECT`, in the order of the text.
    pub(crate) fn selects(&self) -> Vec<Select> {
        let selects = self.words.iter().enumerate().filter(|(_, token)| token.is("select"));
        selects.map(|(at, _)| self.select(at)).collect()
    }

    /// The `SELECT` whose rows the query gives, where it is one and nothing else.
    pub(crate) fn outermost(&self) -> Option<Select> {
        let mut selects = self.selects().into_iter().filter(|select| select.depth == 0);
        let select = selects.next()?;
        let is_alone = selects.next().is_none() && !select.is_special;
        (is_alone && select.end == self.words.len()).then_some(select)
    }

    /// Whether a `SELECT` makes one row of many.
    pub(crate) fn is_aggregated(&self, select: &Select) -> bool {
        let calls = |index: usize| {
            let name = self.words[index].folded().unwrap_or_default();
            AGGREGATES.contains(&name.as_str()) && self.stand_at(index + 1, &["("])
        };
        // An aggregate with OVER, or of a subquery in the list, makes none.
        let counts = |index: usize| {
            let behind = self.inside(index + 1).map_or(index, |inside| inside.end + 1);
            calls(index) && self.depths[index] == select.depth && !self.stand_at(behind, &["over"])
        };
        select.list.clone().any(counts)
    }

    /// The text of some words.
    pub(crate) fn source(&self, words: &Range<usize>) -> &'text str {
        if words.is_empty() {
            return "";
        }
        let start = self.words[words.start].span.range().start;
        let end = self.words[words.end - 1].span.range().end;
        &self.text[start..end]
    }

    /// The whole text with other words in these places, which must be in order.
    pub(crate) fn replaced(&self, changes: &[(Range<usize>, String)]) -> String {
        let mut text = String::new();
        let mut written = 0;
        for (words, new) in changes {
            let place = self
                .words
                .get(words.start)
                .map_or(self.text.len(), |token| token.span.range().start);
            let end = if words.is_empty() {
                place
            } else {
                self.words[words.end - 1].span.range().end
            };
            text.push_str(&self.text[written..place]);
            text.push_str(new);
            written = end;
        }
        text.push_str(&self.text[written..]);
        text
    }

    /// Whether these words stand here, one after the other.
    pub(crate) fn stand_at(&self, at: usize, words: &[&str]) -> bool {
        let mut at = at..;
        words.iter().all(|word| {
            let token = at.next().and_then(|index| self.words.get(index));
            token.is_some_and(|token| token.is(word) || token.is_symbol(word))
        })
    }

    /// The words inside the bracket that opens here.
    pub(crate) fn inside(&self, open: usize) -> Option<Range<usize>> {
        let depth = *self.depths.get(open).filter(|_| self.words[open].is_symbol("("))?;
        let close = (open + 1..self.words.len()).find(|index| self.depths[*index] < depth)?;
        Some(open + 1..close)
    }

    /// The items of a list.
    pub(crate) fn items(&self, list: &Range<usize>) -> Vec<Range<usize>> {
        let Some(depth) = list.clone().map(|index| self.depths[index]).min() else {
            return Vec::new();
        };
        let mut items = Vec::new();
        let mut start = list.start;
        for index in list.clone() {
            if self.depths[index] == depth && self.words[index].is_symbol(",") {
                items.push(start..index);
                start = index + 1;
            }
        }
        items.push(start..list.end);
        items
    }

    /// The conditions of a clause that all have to hold.
    pub(crate) fn conjuncts(&self, clause: &Range<usize>) -> Vec<Range<usize>> {
        self.split(clause, "and")
    }

    /// The parts of an expression between words outside of brackets; the `AND` of `BETWEEN` and what stands in a `CASE` is passed
    /// over.
    pub(crate) fn split(&self, clause: &Range<usize>, border: &str) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut start = clause.start;
        let Some(depth) = clause.clone().map(|index| self.depths[index]).min() else {
            return parts;
        };
        let mut between = false;
        let mut in_case: usize = 0;
        for index in clause.clone().filter(|index| self.depths[*index] == depth) {
            let word = &self.words[index];
            if word.is("between") {
                between = true;
            } else if word.is("case") {
                in_case += 1;
            } else if word.is("end") {
                in_case = in_case.saturating_sub(1);
            } else if word.is("and") && std::mem::take(&mut between) {
                // It belongs to BETWEEN.
            } else if word.is(border) && in_case == 0 {
                parts.push(start..index);
                start = index + 1;
            }
        }
        parts.push(start..clause.end);
        parts
    }

    fn select(&self, at: usize) -> Select {
        let depth = self.depths[at];
        let mut select = Select {
            at,
            depth,
            end: self.words.len(),
            ..Select::default()
        };
        let is_set_operation = |index: usize| {
            ["union", "intersect", "except"]
                .iter()
                .any(|word| self.words[index].is(word))
        };
        let before = at.checked_sub(1).map_or(0..0, |last| last.saturating_sub(1)..at);
        select.is_special = before.into_iter().any(is_set_operation);
        // Where each clause begins, with how many words its head has.
        let mut heads: Vec<(usize, usize, &'static str)> = Vec::new();
        for index in at + 1..self.words.len() {
            if self.depths[index] < depth || self.words[index].is_symbol(";") {
                select.end = index;
                break;
            }
            if self.depths[index] > depth {
                continue;
            }
            if is_set_operation(index) {
                select.end = index;
                select.is_special = true;
                break;
            }
            let word = &self.words[index];
            let is_by = self.stand_at(index + 1, &["by"]);
            let behind_distinct = self.words[index - 1].is("distinct");
            match word.folded().as_deref() {
                Some("from") if !behind_distinct && !heads.iter().any(|head| head.2 == "from") => {
                    heads.push((index, 1, "from"));
                }
                Some("where") => heads.push((index, 1, "where")),
                Some("group") if is_by => heads.push((index, 2, "group")),
                Some("having") => heads.push((index, 1, "having")),
                Some("order") if is_by => heads.push((index, 2, "order")),
                Some("limit" | "fetch") => heads.push((index, 1, "limit")),
                Some("offset") => heads.push((index, 1, "offset")),
                Some("window" | "for") => {
                    select.is_special = true;
                    heads.push((index, 1, "other"));
                }
                _ => {}
            }
        }
        let first = heads.first().map_or(select.end, |head| head.0);
        let mut list = at + 1..first.max(at + 1);
        if self.stand_at(list.start, &["distinct"]) || self.stand_at(list.start, &["all"]) {
            select.distinct = self.stand_at(list.start, &["distinct"]);
            list.start += 1;
        }
        select.list = list;
        for (index, head) in heads.iter().enumerate() {
            let end = heads.get(index + 1).map_or(select.end, |next| next.0);
            let body = (head.0 + head.1).min(end)..end;
            match head.2 {
                "from" => select.from = Some(body),
                "where" => select.condition = Some(body),
                "group" => select.group = Some(body),
                "having" => select.having = Some(body),
                "order" => select.order = Some(body),
                "limit" => {
                    // MySQL's `LIMIT offset, count`.
                    if let [skipped, count] = self.items(&body).as_slice() {
                        select.offset = Some(skipped.clone());
                        select.limit = Some(count.clone());
                    } else {
                        select.limit = Some(body);
                    }
                }
                "offset" => select.offset = Some(body),
                _ => {}
            }
        }
        select
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_found_at_their_own_level() {
        let text = "WITH r AS (SELECT 1 FROM x LIMIT 2) SELECT DISTINCT a, (SELECT b FROM y WHERE c = 1) FROM t, u \
                    WHERE a IS DISTINCT FROM 1 AND b BETWEEN 1 AND 2 GROUP BY a HAVING count(*) > 1 \
                    ORDER BY a, b DESC LIMIT 10 OFFSET 5;";
        let query = Query::new(Engine::Postgres, text);
        let selects = query.selects();
        let outer = selects.iter().find(|select| select.depth == 0).unwrap();
        let source = |words: &Option<Range<usize>>| query.source(words.as_ref().unwrap()).to_owned();
        assert_eq!(query.source(&outer.list), "a, (SELECT b FROM y WHERE c = 1)");
        assert!(outer.distinct);
        assert_eq!(source(&outer.from), "t, u");
        assert_eq!(source(&outer.condition), "a IS DISTINCT FROM 1 AND b BETWEEN 1 AND 2");
        assert_eq!(query.conjuncts(outer.condition.as_ref().unwrap()).len(), 2);
        assert_eq!(source(&outer.having), "count(*) > 1");
        assert_eq!(source(&outer.order), "a, b DESC");
        assert_eq!(source(&outer.limit), "10");
        assert_eq!(source(&outer.offset), "5");
        assert_eq!(selects.len(), 3);
        assert_eq!(source(&selects[0].limit), "2");
        assert_eq!(query.items(&outer.list).len(), 2);
    }

    #[test]
    fn one_of_several_selects_is_not_the_whole_query() {
        for text in [
            "SELECT 1 UNION SELECT 2",
            "SELECT 1 UNION ALL SELECT 2",
            "INSERT INTO t VALUES (1)",
            "SELECT 1 FOR UPDATE",
        ] {
            assert_eq!(Query::new(Engine::Postgres, text).outermost(), None, "{text}");
        }
        assert!(
            Query::new(Engine::Postgres, "WITH x AS (SELECT 1) SELECT * FROM x")
                .outermost()
                .is_some()
        );
    }

    #[test]
    fn words_are_replaced_where_they_stand() {
        let query = Query::new(Engine::Postgres, "SELECT  a -- note\nFROM t");
        assert_eq!(
            query.replaced(&[(1..2, "b".to_owned()), (4..4, " WHERE c".to_owned())]),
            "SELECT  b -- note\nFROM t WHERE c"
        );
    }
}
