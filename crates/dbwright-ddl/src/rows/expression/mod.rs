//! Conditions of a schema (checks, predicates of partial indexes, keys of expression indexes) as trees that can be
//! evaluated for a row that does not exist yet.
//!
//! Not a SQL parser: what it does not know becomes [`Expression::Unknown`], which keeps the columns and literals found in
//! it. A wrong guess costs an attempt at the server, nothing else.

mod evaluate;
mod parse;
mod primary;
mod token;

pub(crate) use evaluate::{CAST, Value, evaluate, evaluate_constant, is_false};
pub(crate) use parse::{parse, parse_domain_check};

/// A condition or a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    /// A column, unquoted and folded.
    Column(String),
    /// A literal.
    Constant(Value),
    /// `NOT x`.
    Not(Box<Expression>),
    /// `x AND y`.
    And(Box<Expression>, Box<Expression>),
    /// `x OR y`.
    Or(Box<Expression>, Box<Expression>),
    /// `x = y` and the like.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `x IS y`, `x IS NOT DISTINCT FROM y`; also `IS NULL` and `IS TRUE`.
    Same(Box<Expression>, Box<Expression>),
    /// `x IN (…)`, `x = ANY (ARRAY[…])`.
    In(Box<Expression>, Vec<Expression>),
    /// `x LIKE y` and the like.
    Match(Matching, Box<Expression>, Box<Expression>),
    /// `+ - * / % ||`.
    Operator(String, Box<Expression>, Box<Expression>),
    /// `name(…)`, the name in lower case and without schema.
    Call(String, Vec<Expression>),
    /// `CASE WHEN … THEN … ELSE … END`.
    Case(Vec<(Expression, Expression)>, Box<Expression>),
    /// What is not understood, with what was found in it.
    Unknown(Vec<Expression>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How a text is matched with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matching {
    Like,
    LikeIgnoringCase,
    Regex,
    RegexIgnoringCase,
    Glob,
}

impl Expression {
    /// The parts of this expression.
    pub(crate) fn parts(&self) -> Vec<&Expression> {
        match self {
            Expression::Column(_) | Expression::Constant(_) => Vec::new(),
            Expression::Not(inner) => vec![inner],
            Expression::And(left, right)
            | Expression::Or(left, right)
            | Expression::Compare(_, left, right)
            | Expression::Same(left, right)
            | Expression::Match(_, left, right)
            | Expression::Operator(_, left, right) => vec![left, right],
            Expression::In(left, list) => std::iter::once(left.as_ref()).chain(list).collect(),
            Expression::Call(_, list) | Expression::Unknown(list) => list.iter().collect(),
            Expression::Case(branches, other) => branches
                .iter()
                .flat_map(|(condition, result)| [condition, result])
                .chain([other.as_ref()])
                .collect(),
        }
    }

    /// The columns it names, each once, in the order of their first mention.
    pub(crate) fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        self.collect_columns(&mut columns);
        columns
    }

    fn collect_columns(&self, columns: &mut Vec<String>) {
        if let Expression::Column(name) = self
            && !columns.contains(name)
        {
            columns.push(name.clone());
        }
        for part in self.parts() {
            part.collect_columns(columns);
        }
    }
}
