//! Who is who in a query: the tables of each `SELECT`, what it calls them, and the conditions that hold for their rows.
//!
//! For servers whose plans tell neither.

use std::ops::Range;

use dbwright_sql::Token;

use crate::query::{Query, Select};

/// Words that may follow a table and are no alias.
const NO_ALIAS: [&str; 25] = [
    "on",
    "using",
    "join",
    "left",
    "right",
    "full",
    "inner",
    "outer",
    "cross",
    "natural",
    "where",
    "group",
    "order",
    "limit",
    "having",
    "window",
    "union",
    "except",
    "intersect",
    "indexed",
    "not",
    "set",
    "returning",
    "values",
    "offset",
];

/// Words that join.
const JOINS: [&str; 7] = ["join", "left", "right", "full", "inner", "cross", "natural"];

/// A statement or `SELECT` that reads tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// What it reads.
    pub(crate) sources: Vec<Source>,
    /// Conditions of which each has to hold by itself.
    pub(crate) conditions: Vec<Range<usize>>,
    /// How deep in brackets it stands.
    pub(crate) depth: usize,
    /// Whether somebody asks if it gives any row: `EXISTS (SELECT …)`.
    pub(crate) asks_for_one: bool,
}

/// A table, or a subquery, that a scope reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// What the query calls it.
    pub(crate) alias: String,
    /// Its name; nothing of a subquery.
    pub(crate) table: Option<String>,
}

impl Query<'_> {
    /// Every scope, in the order of the text.
    pub(crate) fn scopes(&self) -> Vec<Scope> {
        let mut scopes: Vec<Scope> = self.written().into_iter().collect();
        scopes.extend(self.selects().iter().map(|select| self.scope(select)));
        scopes
    }

    /// The conditions of a clause that all have to hold, also where brackets stand around several.
    fn all_of(&self, clause: &Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for part in self.conjuncts(clause) {
            match self.inside(part.start).filter(|inside| inside.end + 1 == part.end) {
                Some(inside) if self.conjuncts(&inside).len() > 1 => found.extend(self.all_of(&inside)),
                _ => found.push(part),
            }
        }
        found
    }

    /// The tables that an `UPDATE` or `DELETE` finds its rows in.
    fn written(&self) -> Option<Scope> {
        let first = self.words.first()?;
        let begins = |index: &usize| *index == 0 || first.is("with");
        let at = (0..self.words.len()).filter(begins).find(|index| {
            let word = &self.words[*index];
            self.depths[*index] == 0 && (word.is("update") || word.is("delete"))
        })?;
        let end =
            |word: &str| (at..self.words.len()).find(|index| self.depths[*index] == 0 && self.words[*index].is(word));
        let mut start = at + 1;
        if self.words.get(start).is_some_and(|word| word.is("or")) {
            start += 2;
        }
        let is_option = |word: &Token<'_>| {
            let options = ["low_priority", "quick", "ignore", "from", "only"];
            options.iter().any(|option| word.is(option))
        };
        while self.words.get(start).is_some_and(is_option) {
            start += 1;
        }
        let last = if self.words[self.words.len() - 1].is_symbol(";") {
            self.words.len() - 1
        } else {
            self.words.len()
        };
        let behind = ["where", "order", "limit", "returning"]
            .iter()
            .filter_map(|word| end(word))
            .min()
            .unwrap_or(last);
        let mut scope = Scope::default();
        let tables = end("set").unwrap_or(behind).max(start);
        // `DELETE o FROM orders o JOIN …` names what is deleted before.
        let from = end("from").filter(|from| *from > start && self.words[at].is("delete"));
        self.read_from(&(from.map_or(start, |from| from + 1)..tables), 0, &mut scope);
        // `UPDATE … FROM` joins, as `DELETE … USING` does.
        let joined = end("using").or_else(|| end("from").filter(|_| end("set").is_some()));
        if let Some(joined) = joined.filter(|joined| *joined >= start && from.is_none()) {
            self.read_from(&(joined + 1..behind.max(joined + 1)), 0, &mut scope);
        }
        if scope.sources.is_empty() {
            return None;
        }
        if let Some(word) = end("where") {
            let last = ["order", "limit", "returning"]
                .iter()
                .filter_map(|word| end(word))
                .min()
                .unwrap_or(last);
            scope.conditions.extend(self.all_of(&(word + 1..last.max(word + 1))));
        }
        Some(scope)
    }

    fn scope(&self, select: &Select) -> Scope {
        let mut scope = Scope {
            depth: select.depth,
            asks_for_one: select.at >= 2 && self.stand_at(select.at - 2, &["exists", "("]),
            ..Scope::default()
        };
        if let Some(from) = &select.from {
            self.read_from(from, select.depth, &mut scope);
        }
        if let Some(condition) = &select.condition {
            scope.conditions.extend(self.all_of(condition));
        }
        scope
    }

    fn read_from(&self, from: &Range<usize>, depth: usize, scope: &mut Scope) {
        let mut at = from.start;
        while at < from.end {
            let word = &self.words[at];
            let is_inside = self.depths[at] != depth && !word.is_symbol("(");
            let joins = word.is_symbol(",") || word.is("outer") || JOINS.iter().any(|join| word.is(join));
            if is_inside || joins {
                at += 1;
            } else if word.is("on") {
                let ends = |index: usize| {
                    self.depths[index] == depth
                        && (self.words[index].is_symbol(",") || JOINS.iter().any(|join| self.words[index].is(join)))
                        && !self.words.get(index + 1).is_some_and(|next| next.is_symbol("("))
                };
                let end = (at + 1..from.end).find(|index| ends(*index)).unwrap_or(from.end);
                scope.conditions.extend(self.all_of(&(at + 1..end)));
                at = end;
            } else if let Some((source, end)) = self.source_at(at, from.end) {
                scope.sources.push(source);
                at = end.max(at + 1);
            } else {
                at += 1;
            }
        }
    }

    /// The table or subquery that stands here, and where it ends.
    fn source_at(&self, at: usize, end: usize) -> Option<(Source, usize)> {
        let word = self.words.get(at).filter(|_| at < end)?;
        if NO_ALIAS.iter().any(|other| word.is(other)) {
            return None;
        }
        let (table, mut next) = if word.is_symbol("(") {
            (None, self.inside(at)?.end + 1)
        } else {
            let mut name = word.name()?;
            let mut next = at + 1;
            while self.words.get(next).is_some_and(|dot| dot.is_symbol(".")) {
                name = self.words.get(next + 1)?.name()?;
                next += 2;
            }
            // A function of a table: `json_each(x)`.
            if self.words.get(next).is_some_and(|word| word.is_symbol("(")) {
                next = self.inside(next)?.end + 1;
            }
            (Some(name), next)
        };
        if self.words.get(next).is_some_and(|word| word.is("as")) {
            next += 1;
        }
        let alias = self
            .words
            .get(next)
            .filter(|word| next < end && !NO_ALIAS.iter().any(|other| word.is(other)) && word.name().is_some());
        let alias = alias.and_then(|word| {
            next += 1;
            word.name()
        });
        let alias = alias.or_else(|| table.clone())?;
        Some((Source { alias, table }, next))
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Engine;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let query = Query::new(Engine::Sqlite, text);
        let scopes = query.scopes().into_iter().map(|scope| {
            let sources = scope.sources.iter().map(|source| match &source.table {
                Some(table) if *table == source.alias => table.clone(),
                Some(table) => format!("{table} {}", source.alias),
                None => format!("() {}", source.alias),
            });
            let sources: Vec<String> = sources.collect();
            let conditions: Vec<&str> = scope
                .conditions
                .iter()
                .map(|condition| query.source(condition))
                .collect();
            format!("{} | {}", sources.join(", "), conditions.join(" & "))
        });
        scopes.collect()
    }

    #[test]
    fn tables_are_known_by_what_the_query_calls_them() {
        assert_eq!(
            told(
                "SELECT * FROM orders o JOIN main.customer AS c ON c.id = o.customer_id AND c.x > 1 LEFT JOIN line USING (a), \
                 (SELECT * FROM t WHERE q = 1) s WHERE o.a = 1 AND (o.b = 2 OR c.d = 3) ORDER BY 1"
            ),
            [
                "orders o, customer c, line, () s | c.id = o.customer_id & c.x > 1 & o.a = 1 & (o.b = 2 OR c.d = 3)",
                "t | q = 1"
            ]
        );
        assert_eq!(
            told("SELECT 1 FROM a JOIN b ON (a.x = b.x AND (b.y = 1 AND b.z = 2)) WHERE (a.q = 1)"),
            ["a, b | a.x = b.x & b.y = 1 & b.z = 2 & (a.q = 1)"]
        );
        assert_eq!(told("UPDATE t SET a = 1 WHERE b = 2 RETURNING c"), ["t | b = 2"]);
        assert_eq!(told("DELETE FROM t WHERE b = 2 AND c = 3;"), ["t | b = 2 & c = 3"]);
        assert_eq!(
            told("UPDATE t SET a = 1 FROM customer c WHERE c.id = t.x"),
            ["t, customer c | c.id = t.x"]
        );
        assert_eq!(told("SELECT 1"), [" | "]);
        assert_eq!(
            told("SELECT * FROM json_each(x) j WHERE j.value = 1"),
            ["json_each j | j.value = 1"]
        );
    }
}
