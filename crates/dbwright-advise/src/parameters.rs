//! What the parameters of a query of MySQL or MariaDB are compared with: their planners need values.

use std::ops::Range;

use dbwright_catalog::Engine;
use dbwright_sql::TokenKind;

use crate::query::Query;

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
    /// What it is for.
    pub role: ParameterRole,
}

/// What a parameter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterRole {
    /// It is compared with a column.
    Compared {
        /// Tables that the column may be of: the one that is named, or all that are read where none is.
        tables: Vec<String>,
        /// The column.
        column: String,
        /// How.
        comparison: Comparison,
    },
    /// So many rows are wanted.
    Limit,
    /// So many rows are skipped.
    Offset,
    /// Text that is searched for.
    Words,
    /// Something else.
    Other,
}

/// How a parameter is compared with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is one of this many values, the number of which is told: `=`, `<>`, `IN`.
    Equal(usize),
    /// It is the lower end of a range that has no other.
    From,
    /// It is the upper end of such a one.
    To,
    /// It is the lower end of `BETWEEN`.
    BetweenFrom,
    /// It is the upper end of it.
    BetweenTo,
    /// It is a pattern.
    Like,
}

/// The parameters of a query, in their order.
pub fn parameters(engine: Engine, text: &str) -> Vec<Parameter> {
    let query = Query::new(engine, text);
    let finder = Finder { query: &query };
    let words = query.words.iter().enumerate();
    let parameters = words.filter(|(_, word)| word.kind == TokenKind::Parameter && word.text == "?");
    parameters
        .map(|(at, word)| Parameter {
            place: word.span.range(),
            role: finder.role(at),
        })
        .collect()
}

struct Finder<'q, 'text> {
    query: &'q Query<'text>,
}

impl Finder<'_, '_> {
    fn role(&self, at: usize) -> ParameterRole {
        let before = |back: usize| at.checked_sub(back);
        let is = |index: Option<usize>, word: &str| {
            index.is_some_and(|index| self.query.words[index].is(word) || self.query.words[index].is_symbol(word))
        };
        if is(before(1), "limit") {
            // `LIMIT offset, count`.
            let skips = self.query.stand_at(at + 1, &[","]);
            return if skips {
                ParameterRole::Offset
            } else {
                ParameterRole::Limit
            };
        }
        if is(before(1), "offset") {
            return ParameterRole::Offset;
        }
        if is(before(1), ",") && is(before(3), "limit") {
            return ParameterRole::Limit;
        }
        if is(before(1), "(") && is(before(2), "against") {
            return ParameterRole::Words;
        }
        self.compared(at).unwrap_or(ParameterRole::Other)
    }

    fn compared(&self, at: usize) -> Option<ParameterRole> {
        let query = self.query;
        let before = at.checked_sub(1)?;
        let word = &query.words[before];
        if word.is("between") {
            let column = self.column_before(self.without_not(before))?;
            return Some(self.role_of(column, Comparison::BetweenFrom));
        }
        if word.is("and") && before >= 2 && query.words[before - 2].is("between") {
            let column = self.column_before(self.without_not(before - 2))?;
            return Some(self.role_of(column, Comparison::BetweenTo));
        }
        if word.is("like") {
            let column = self.column_before(self.without_not(before))?;
            return Some(self.role_of(column, Comparison::Like));
        }
        if let Some(comparison) = self.operator(before) {
            let column = self.column_before(before)?;
            return Some(self.role_of(column, comparison));
        }
        if let Some(list) = self.list_around(at) {
            let is_in = list.checked_sub(1).filter(|at| query.words[*at].is("in"))?;
            let column = self.column_before(self.without_not(is_in))?;
            return Some(self.role_of(column, Comparison::Equal((at - list) / 2)));
        }
        // `? < column`.
        let begins = word.is_symbol("(") || ["and", "or", "where", "on", "not"].iter().any(|other| word.is(other));
        let turned = self.operator(at + 1).filter(|_| begins)?;
        let column = self.column_after(at + 2)?;
        let turned = match turned {
            Comparison::From => Comparison::To,
            Comparison::To => Comparison::From,
            other => other,
        };
        Some(self.role_of(column, turned))
    }

    /// The bracket that opens a list of placeholders in which this one stands.
    fn list_around(&self, at: usize) -> Option<usize> {
        let mut index = at;
        loop {
            index = index.checked_sub(1)?;
            let word = &self.query.words[index];
            if word.is_symbol("(") {
                return Some(index);
            }
            if !word.is_symbol(",") && word.text != "?" {
                return None;
            }
        }
    }

    fn operator(&self, at: usize) -> Option<Comparison> {
        let word = self.query.words.get(at)?;
        match word.text {
            "=" | "<=>" | "<>" | "!=" => Some(Comparison::Equal(0)),
            ">" | ">=" => Some(Comparison::From),
            "<" | "<=" => Some(Comparison::To),
            _ => None,
        }
    }

    fn without_not(&self, at: usize) -> usize {
        match at.checked_sub(1) {
            Some(before) if self.query.words[before].is("not") => before,
            _ => at,
        }
    }

    /// The column that ends before this word: the alias of its table, and its name.
    fn column_before(&self, end: usize) -> Option<(Option<String>, String)> {
        let last = end.checked_sub(1)?;
        let name = self.query.words[last].name()?;
        let qualifier = last
            .checked_sub(2)
            .filter(|_| self.query.words[last - 1].is_symbol("."));
        Some((qualifier.and_then(|at| self.query.words[at].name()), name))
    }

    /// The column that begins here and stands by itself.
    fn column_after(&self, start: usize) -> Option<(Option<String>, String)> {
        let mut names = vec![self.query.words.get(start)?.name()?];
        let mut at = start + 1;
        while self.query.stand_at(at, &["."]) {
            names.push(self.query.words.get(at + 1)?.name()?);
            at += 2;
        }
        if self.query.stand_at(at, &["("]) {
            return None;
        }
        let name = names.pop()?;
        Some((names.pop(), name))
    }

    fn role_of(&self, (alias, column): (Option<String>, String), comparison: Comparison) -> ParameterRole {
        let scopes = self.query.scopes();
        let sources = scopes.iter().flat_map(|scope| &scope.sources);
        let fits = sources.filter(|source| {
            alias.as_ref().is_none_or(|alias| {
                source.alias.eq_ignore_ascii_case(alias)
                    || source
                        .table
                        .as_ref()
                        .is_some_and(|table| table.eq_ignore_ascii_case(alias))
            })
        });
        let mut tables: Vec<String> = Vec::new();
        for table in fits.filter_map(|source| source.table.clone()) {
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        ParameterRole::Compared {
            tables,
            column,
            comparison,
        }
    }
}

#[cfg(test)]
mod tests {
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
                    "Other",
                    "t.y From",
                ][..],
            ),
            (
                "SELECT * FROM t WHERE MATCH (a) AGAINST (?) AND at > now() - INTERVAL ? DAY LIMIT ? OFFSET ?",
                &["Words", "Other", "Limit", "Offset"][..],
            ),
            ("SELECT '?' FROM t WHERE shop.t.a = ?", &["t.a Equal(0)"][..]),
            ("SELECT 1", &[][..]),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
    }
}
