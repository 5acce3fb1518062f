//! What the parameters of a query of MySQL or MariaDB are compared with: their planners need values.

mod sample;

pub use sample::{sample_key, values_of_sample};

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
    /// It is written into a column, or a row: no plan depends on it.
    Written,
    /// So many rows are wanted.
    Limit,
    /// So many rows are skipped.
    Offset,
    /// Text that is searched for.
    Words,
    /// It is compared with what a function gives, which is a text.
    Text,
    /// The same, a date.
    Date,
    /// A function of JSON takes it.
    Json,
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

/// Functions that give a text.
const TEXTS: [&str; 18] = [
    "lower",
    "lcase",
    "upper",
    "ucase",
    "trim",
    "ltrim",
    "rtrim",
    "left",
    "right",
    "substr",
    "substring",
    "mid",
    "concat",
    "concat_ws",
    "replace",
    "md5",
    "hex",
    "date_format",
];

/// Functions that give a date.
const DATES: [&str; 10] = [
    "date",
    "timestamp",
    "from_unixtime",
    "str_to_date",
    "date_add",
    "date_sub",
    "adddate",
    "subdate",
    "last_day",
    "convert_tz",
];

/// The parameters of a query, in their order: `?`, and `:name`, `%s` and `%(name)s` as libraries for applications have it.
pub fn parameters(engine: Engine, text: &str) -> Vec<Parameter> {
    let query = Query::new(engine, text);
    let finder = Finder { query: &query };
    let places = (0..query.words.len()).filter_map(|at| finder.placeholder(at));
    let found = places.map(|place| Parameter {
        role: finder.role(&place),
        place: query.words[place.start].span.range().start..query.words[place.end - 1].span.range().end,
    });
    let mut found: Vec<Parameter> = found.collect();
    close_ranges(&mut found);
    found
}

/// Of a column with a lower and an upper end, both are ends of one range.
fn close_ranges(parameters: &mut [Parameter]) {
    let ends: Vec<(Vec<String>, String, Comparison)> = parameters
        .iter()
        .filter_map(|parameter| match &parameter.role {
            ParameterRole::Compared {
                tables,
                column,
                comparison,
            } => Some((tables.clone(), column.to_lowercase(), *comparison)),
            _ => None,
        })
        .collect();
    for parameter in parameters {
        let ParameterRole::Compared {
            tables,
            column,
            comparison,
        } = &mut parameter.role
        else {
            continue;
        };
        let has = |end: Comparison| ends.contains(&(tables.clone(), column.to_lowercase(), end));
        match comparison {
            Comparison::From if has(Comparison::To) || has(Comparison::BetweenFrom) => {
                *comparison = Comparison::BetweenFrom;
            }
            Comparison::To if has(Comparison::From) => *comparison = Comparison::BetweenTo,
            _ => {}
        }
    }
}

/// The query with `?` for every parameter.
pub fn with_question_marks(engine: Engine, text: &str) -> String {
    let mut marked = text.to_owned();
    for parameter in parameters(engine, text).into_iter().rev() {
        marked.replace_range(parameter.place, "?");
    }
    marked
}

struct Finder<'q, 'text> {
    query: &'q Query<'text>,
}

impl Finder<'_, '_> {
    /// The words of a placeholder that begins here.
    fn placeholder(&self, at: usize) -> Option<Range<usize>> {
        let words = &self.query.words;
        let word = &words[at];
        if word.kind == TokenKind::Parameter && word.text == "?" {
            return Some(at..at + 1);
        }
        let follows = |index: usize| {
            let next = words.get(index + 1)?;
            (words[index].span.range().end == next.span.range().start).then_some(next)
        };
        let name = follows(at)?;
        if word.text == ":" && name.kind == TokenKind::Word {
            return Some(at..at + 2);
        }
        // Behind a value it is a division.
        let begins = at.checked_sub(1).is_some_and(|before| {
            let before = &words[before];
            let is_keyword = [
                "limit", "offset", "between", "and", "or", "like", "not", "select", "interval", "in", "then", "else",
            ]
            .iter()
            .any(|word| before.is(word));
            is_keyword
                || matches!(before.kind, TokenKind::Operator)
                || matches!(before.text, "(" | "," | "=" | "<" | ">" | "+" | "-")
        });
        if word.text != "%" || !begins {
            return None;
        }
        if name.is("s") {
            return Some(at..at + 2);
        }
        // `%(name)s`
        let is_named = self.query.stand_at(at + 1, &["("]) && self.query.stand_at(at + 3, &[")", "s"]);
        (is_named && follows(at + 3).is_some()).then_some(at..at + 5)
    }

    /// The placeholder that ends before this word.
    fn placeholder_before(&self, end: usize) -> Option<Range<usize>> {
        let one = end.checked_sub(1).and_then(|at| self.placeholder(at));
        let two = || end.checked_sub(2).and_then(|at| self.placeholder(at));
        one.filter(|place| place.end == end)
            .or_else(|| two().filter(|place| place.end == end))
    }

    fn role(&self, place: &Range<usize>) -> ParameterRole {
        let at = place.start;
        let before = |back: usize| at.checked_sub(back);
        let is = |index: Option<usize>, word: &str| {
            index.is_some_and(|index| self.query.words[index].is(word) || self.query.words[index].is_symbol(word))
        };
        if is(before(1), "limit") {
            // `LIMIT offset, count`.
            let skips = self.query.stand_at(place.end, &[","]);
            return if skips {
                ParameterRole::Offset
            } else {
                ParameterRole::Limit
            };
        }
        if is(before(1), "offset") {
            return ParameterRole::Offset;
        }
        if is(before(1), ",")
            && self
                .placeholder_before(at - 1)
                .is_some_and(|skipped| is(skipped.start.checked_sub(1), "limit"))
        {
            return ParameterRole::Limit;
        }
        if is(before(1), "(") && is(before(2), "against") {
            return ParameterRole::Words;
        }
        if self.is_written(at) {
            return ParameterRole::Written;
        }
        self.compared(place).unwrap_or_else(|| self.argument(at))
    }

    /// Whether it stands among the values of an `INSERT`, or in a `SET`.
    fn is_written(&self, at: usize) -> bool {
        let query = self.query;
        let is_any = |index: usize, words: &[&str]| words.iter().any(|word| query.words[index].is(word));
        let clauses = [
            "values",
            "value",
            "set",
            "update",
            "select",
            "where",
            "order",
            "limit",
            "on",
            "using",
            "returning",
        ];
        // The clause that it stands in.
        let clause = (0..at)
            .rev()
            .find(|index| query.depths[*index] == 0 && is_any(*index, &clauses));
        let Some(clause) = clause.filter(|_| !self.is_in_select(at)) else {
            return false;
        };
        let begins = |words: &[&str]| is_any(0, words);
        // `ON DUPLICATE KEY UPDATE` sets as well.
        begins(&["insert", "replace"]) && is_any(clause, &["values", "value", "set", "update"])
            || begins(&["update", "with"]) && is_any(clause, &["set"])
    }

    /// Whether a bracket around this word holds a `SELECT`.
    fn is_in_select(&self, at: usize) -> bool {
        let mut open = self.around(at);
        while let Some(at) = open {
            if self.query.stand_at(at + 1, &["select"]) || self.query.stand_at(at + 1, &["with"]) {
                return true;
            }
            open = self.around(at);
        }
        false
    }

    /// The bracket that opens around this word.
    fn around(&self, at: usize) -> Option<usize> {
        let mut closed = 0_usize;
        for index in (0..at).rev() {
            let word = &self.query.words[index];
            if word.is_symbol(")") {
                closed += 1;
            } else if word.is_symbol("(") {
                if closed == 0 {
                    return Some(index);
                }
                closed -= 1;
            }
        }
        None
    }

    /// The place of `CAST(? AS type)`, where a parameter stands in one; else its own.
    fn with_cast(&self, place: &Range<usize>) -> Range<usize> {
        let cast = place
            .start
            .checked_sub(2)
            .filter(|cast| self.query.stand_at(*cast, &["cast", "("]));
        let end = cast
            .and_then(|cast| self.query.inside(cast + 1))
            .map(|inside| inside.end + 1);
        match (cast, end) {
            (Some(cast), Some(end)) if self.query.stand_at(place.end, &["as"]) => cast..end,
            _ => place.clone(),
        }
    }

    fn compared(&self, place: &Range<usize>) -> Option<ParameterRole> {
        let query = self.query;
        let place = &self.with_cast(place);
        let at = place.start;
        let before = at.checked_sub(1)?;
        let word = &query.words[before];
        if word.is("between") {
            return self.with_left(self.without_not(before), Comparison::BetweenFrom);
        }
        if word.is("and")
            && let Some(from) = self.placeholder_before(before)
            && let Some(between) = from.start.checked_sub(1).filter(|at| query.words[*at].is("between"))
        {
            return self.with_left(self.without_not(between), Comparison::BetweenTo);
        }
        if word.is("like") {
            return self.with_left(self.without_not(before), Comparison::Like);
        }
        if let Some(comparison) = self.operator(before) {
            // `a >= ? AND a < ? + INTERVAL 1 DAY` means one value.
            let is_moved =
                comparison == Comparison::To && query.words.get(place.end).is_some_and(|next| next.text == "+");
            let comparison = if is_moved { Comparison::BetweenFrom } else { comparison };
            return self.with_left(before, comparison);
        }
        if let Some((list, number)) = self.list_around(at) {
            return self.in_list(list, number);
        }
        // `? < column`.
        let begins = word.is_symbol("(") || ["and", "or", "where", "on", "not"].iter().any(|other| word.is(other));
        let turned = self.operator(place.end).filter(|_| begins)?;
        let column = self.column_after(place.end + 1)?;
        let turned = match turned {
            Comparison::From => Comparison::To,
            Comparison::To => Comparison::From,
            other => other,
        };
        Some(self.role_of(column, turned))
    }

    /// One of a list: `IN (?, ?)`, `(a, b) > (?, ?)`, `(a, b) IN ((?, ?), (?, ?))`.
    fn in_list(&self, list: usize, number: usize) -> Option<ParameterRole> {
        let query = self.query;
        let head = list.checked_sub(1)?;
        if query.words[head].is("in") {
            return self.with_left(self.without_not(head), Comparison::Equal(number));
        }
        if let Some(comparison) = self.operator(head) {
            // The first column decides where the range begins.
            let comparison = if number == 0 { comparison } else { Comparison::Equal(0) };
            return self.in_row(head, number, comparison);
        }
        let rows = self.around(list)?;
        let head = rows.checked_sub(1).filter(|at| query.words[*at].is("in"))?;
        let before = (rows..list).filter(|at| query.words[*at].is_symbol("(")).count() - 1;
        self.in_row(self.without_not(head), number, Comparison::Equal(before))
    }

    /// A value of a row that is compared with columns, which end before this word.
    fn in_row(&self, end: usize, number: usize, comparison: Comparison) -> Option<ParameterRole> {
        let close = end.checked_sub(1).filter(|at| self.query.words[*at].is_symbol(")"))?;
        let open = self.around(close)?;
        let columns = self.query.items(&(open + 1..close));
        Some(self.role_of(self.column_before(columns.get(number)?.end)?, comparison))
    }

    /// What it is where this ends before the operator: a column, or a function.
    fn with_left(&self, end: usize, comparison: Comparison) -> Option<ParameterRole> {
        if let Some(column) = self.column_before(end) {
            return Some(self.role_of(column, comparison));
        }
        let close = end.checked_sub(1).filter(|at| self.query.words[*at].is_symbol(")"))?;
        self.of_function(self.around(close)?)
    }

    /// What a function gives whose bracket opens here, where it is known.
    fn of_function(&self, open: usize) -> Option<ParameterRole> {
        let function = self.query.words[open.checked_sub(1)?].folded()?;
        let is_in = |names: &[&str]| names.contains(&function.as_str());
        if is_in(&TEXTS) {
            return Some(ParameterRole::Text);
        }
        is_in(&DATES).then_some(ParameterRole::Date)
    }

    /// An argument of a function.
    fn argument(&self, at: usize) -> ParameterRole {
        let Some(open) = self.around(at) else {
            return ParameterRole::Other;
        };
        let function = open.checked_sub(1).and_then(|name| self.query.words[name].folded());
        if function.is_some_and(|function| function.starts_with("json_")) {
            return ParameterRole::Json;
        }
        match self.of_function(open) {
            // Behind the first one stand units and formats.
            Some(ParameterRole::Date) if at != open + 1 => ParameterRole::Other,
            Some(role) => role,
            None => ParameterRole::Other,
        }
    }

    /// The bracket that opens a list of placeholders in which this one stands, and how many stand before it.
    fn list_around(&self, at: usize) -> Option<(usize, usize)> {
        let mut index = at;
        let mut number = 0;
        loop {
            index = index.checked_sub(1)?;
            let word = &self.query.words[index];
            if word.is_symbol("(") {
                return Some((index, number));
            }
            if !word.is_symbol(",") {
                return None;
            }
            index = self.placeholder_before(index)?.start;
            number += 1;
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
mod tests;
