//! Conditions as servers print them in a plan, or queries write them, taken apart far enough to tell what an index could do for
//! them.
//!
//! Servers print brackets around what could be misread, so that no table of precedences is needed but that `AND` binds stronger
//! than `OR`. `LIKE` is `~~`, `IN (…)` is `= ANY`, and `BETWEEN` two comparisons. What is not understood is
//! [`Expression::Other`].

use std::borrow::Cow;

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind, tokens};

/// Words in expressions that are no columns.
const NO_COLUMNS: [&str; 37] = [
    "and",
    "or",
    "not",
    "is",
    "null",
    "true",
    "false",
    "any",
    "all",
    "some",
    "array",
    "row",
    "case",
    "when",
    "then",
    "else",
    "end",
    "distinct",
    "from",
    "in",
    "like",
    "between",
    "hashed",
    "subplan",
    "initplan",
    "alternatives",
    "exists",
    "escape",
    "regexp",
    "rlike",
    "match",
    "against",
    "div",
    "mod",
    "xor",
    "binary",
    "unknown",
];

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// All of these.
    And(Vec<Expression>),
    /// Any of these.
    Or(Vec<Expression>),
    /// `left operator right`.
    Compare {
        /// What stands on the left.
        left: Operand,
        /// The operator, with `ANY` or `ALL` behind it where that stands there: `=`, `~~`, `= ANY`.
        operator: String,
        /// What stands on the right.
        right: Operand,
    },
    /// `column IS NULL`, `NOT column`, `column`: true or false for each row.
    Flag {
        /// The column.
        column: ColumnName,
        /// The condition as it stands.
        text: String,
    },
    /// Anything else.
    Other(String),
}

/// A column as an expression names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ColumnName {
    /// The alias of the table.
    pub(crate) table: Option<String>,
    /// The column.
    pub(crate) name: String,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    /// As it stands, without brackets around it.
    pub(crate) text: String,
    /// The columns in it.
    pub(crate) columns: Vec<ColumnName>,
    /// Its form.
    pub(crate) form: Form,
}

/// What an operand is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A column and nothing else.
    Column,
    /// A column cast to a type.
    CastColumn(String),
    /// A function of columns, by its name.
    Call(String),
    /// Without a column: a literal, a parameter, the result of a subquery.
    Constant,
    /// Anything else.
    Other,
}

impl Expression {
    /// Reads a condition.
    pub(crate) fn read(engine: Engine, text: &str) -> Expression {
        let text = without_marks(engine, text);
        let words: Vec<Token<'_>> = tokens(engine, &text).filter(|token| !token.is_space()).collect();
        expression(&text, &words)
    }
}

/// A condition without what MySQL and MariaDB put around parts of it to say when these are worked out: `<cache>(5)`,
/// `trigcond(a = 1)`.
fn without_marks(engine: Engine, text: &str) -> Cow<'_, str> {
    let marks = ["<cache>", "trigcond"];
    match engine {
        Engine::MySql | Engine::MariaDb if marks.iter().any(|mark| text.contains(mark)) => {
            Cow::Owned(marks.iter().fold(text.to_owned(), |text, mark| text.replace(mark, "")))
        }
        _ => Cow::Borrowed(text),
    }
}

fn expression(text: &str, words: &[Token<'_>]) -> Expression {
    let words = without_brackets(words);
    for (word, make) in [
        ("or", Expression::Or as fn(Vec<Expression>) -> Expression),
        ("and", Expression::And),
    ] {
        let parts = split(words, |token| token.is(word));
        if parts.len() > 1 {
            return make(parts.into_iter().map(|part| expression(text, part)).collect());
        }
    }
    if let Some(range) = between(text, words) {
        return range;
    }
    if let Some(compared) = comparison(text, words) {
        return compared;
    }
    let found = columns(words);
    let is_flag = match words {
        [not, rest @ ..] if not.is("not") => form(without_brackets(rest), &found) == Form::Column,
        _ => {
            let end = words.iter().position(|token| token.is("is")).unwrap_or(words.len());
            form(without_brackets(&words[..end]), &found) == Form::Column
        }
    };
    match found.as_slice() {
        [column] if is_flag => Expression::Flag {
            column: column.clone(),
            text: source(text, words),
        },
        _ => Expression::Other(source(text, words)),
    }
}

/// `value BETWEEN low AND high`.
fn between(text: &str, words: &[Token<'_>]) -> Option<Expression> {
    let depths = depths(words);
    let at = |word: &str| (0..words.len()).find(|index| depths[*index] == 0 && words[*index].is(word));
    let (between, and) = (at("between")?, at("and")?);
    let has_other_words = ["not", "case", "is"].iter().any(|word| at(word).is_some());
    if has_other_words || between == 0 || and <= between + 1 || and + 1 == words.len() {
        return None;
    }
    let compare = |operator: &str, with: &[Token<'_>]| Expression::Compare {
        left: operand(text, &words[..between]),
        operator: operator.to_owned(),
        right: operand(text, with),
    };
    Some(Expression::And(vec![
        compare(">=", &words[between + 1..and]),
        compare("<=", &words[and + 1..]),
    ]))
}

/// `left operator right`, where there is one operator outside of brackets.
fn comparison(text: &str, words: &[Token<'_>]) -> Option<Expression> {
    let mut found = None;
    for (index, depth) in depths(words).into_iter().enumerate() {
        if depth > 0 {
            continue;
        }
        let token = &words[index];
        let is_operator =
            token.kind == TokenKind::Operator && !matches!(token.text, "+" | "-" | "*" | "/" | "%" | "||");
        let compares = is_operator || is_word(token, &["like", "ilike", "glob", "in"]);
        if compares && index > 0 {
            if found.is_some() {
                return None;
            }
            found = Some(index);
        } else if token.is("case") || token.is("is") || token.is("not") {
            return None;
        }
    }
    let index = found?;
    let mut operator = match words[index].text.to_ascii_lowercase().as_str() {
        "like" => "~~".to_owned(),
        "ilike" => "~~*".to_owned(),
        "in" => "= ANY".to_owned(),
        "==" => "=".to_owned(),
        operator => operator.to_owned(),
    };
    let mut right = &words[index + 1..];
    if let Some(quantifier) = right.first().filter(|token| token.is("any") || token.is("all")) {
        operator.push(' ');
        operator.push_str(&quantifier.text.to_ascii_uppercase());
        right = &right[1..];
    }
    if right.is_empty() {
        return None;
    }
    Some(Expression::Compare {
        left: operand(text, &words[..index]),
        operator,
        right: operand(text, right),
    })
}

fn operand(text: &str, words: &[Token<'_>]) -> Operand {
    let words = without_brackets(words);
    let columns = columns(words);
    Operand {
        text: source(text, words),
        form: form(words, &columns),
        columns,
    }
}

fn form(words: &[Token<'_>], columns: &[ColumnName]) -> Form {
    if columns.is_empty() {
        return Form::Constant;
    }
    match words {
        [name] if name.name().is_some() => return Form::Column,
        [table, dot, name] if dot.is_symbol(".") && table.name().is_some() && name.name().is_some() => {
            return Form::Column;
        }
        _ => {}
    }
    // The last cast outside of brackets is the outermost.
    let depths = depths(words);
    let cast = (1..words.len())
        .rev()
        .find(|index| depths[*index] == 0 && words[*index].is_symbol(":") && words[*index - 1].is_symbol(":"));
    if let Some(cast) = cast {
        let inner = without_brackets(&words[..cast - 1]);
        let to: Vec<&str> = words[cast + 1..].iter().map(|token| token.text).collect();
        return match form(inner, columns) {
            // `(name)::text` of a call is a cast of a call.
            Form::Column => Form::CastColumn(to.join(" ")),
            Form::Call(name) => Form::Call(name),
            Form::CastColumn(_) | Form::Constant | Form::Other => Form::Other,
        };
    }
    let opens = words.iter().position(|token| token.is_symbol("("));
    let is_call = opens.is_some_and(|opens| {
        let name = &words[..opens];
        let closes = (opens + 1..words.len()).find(|index| depths[*index] == 0);
        opens > 0
            && name.iter().all(|token| token.name().is_some() || token.is_symbol("."))
            && closes == Some(words.len() - 1)
    });
    // `cast(a.x as date)`, as MySQL and MariaDB print it.
    if let (Some(opens), true) = (opens, is_call)
        && words[opens - 1].is("cast")
        && let Some(at) = (opens + 1..words.len()).find(|index| words[*index].is("as") && depths[*index] == 1)
    {
        let to: Vec<&str> = words[at + 1..words.len() - 1].iter().map(|token| token.text).collect();
        return match form(without_brackets(&words[opens + 1..at]), columns) {
            Form::Column => Form::CastColumn(to.join(" ")),
            Form::Call(name) => Form::Call(name),
            Form::CastColumn(_) | Form::Constant | Form::Other => Form::Other,
        };
    }
    match opens {
        Some(opens) if is_call => Form::Call(words[opens - 1].name().unwrap_or_default()),
        _ => Form::Other,
    }
}

/// The columns that are named, each once.
fn columns(words: &[Token<'_>]) -> Vec<ColumnName> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < words.len() {
        let token = &words[index];
        let next_is =
            |offset: usize, symbol: &str| words.get(index + offset).is_some_and(|next| next.is_symbol(symbol));
        if token.is_symbol(":") && next_is(1, ":") {
            // A type: words, with their length in brackets.
            index += 2;
            while words
                .get(index)
                .is_some_and(|word| word.name().is_some() && !is_word(word, &["and", "or", "is"]))
            {
                index += 1;
            }
            continue;
        }
        // A type behind `CAST(… AS`, a collation.
        if is_word(token, &["as", "collate"]) {
            index += 2;
            continue;
        }
        let behind_dot = index > 0 && words[index - 1].is_symbol(".");
        if is_word(token, &["as", "using", "collate", "interval"]) && index > 0 && !behind_dot {
            // A type, a character set, or a number and its unit.
            index += if token.is("interval") { 3 } else { 2 };
            continue;
        }
        // `DATE'2026-01-01'`
        let is_of_literal = words.get(index + 1).is_some_and(|next| next.kind == TokenKind::String);
        if let Some(name) = token
            .name()
            .filter(|_| !behind_dot && !is_of_literal && !is_word(token, &NO_COLUMNS))
        {
            let second = words.get(index + 2).and_then(Token::name).filter(|_| next_is(1, "."));
            let column = match second {
                Some(second) if !next_is(3, "(") && !next_is(3, ".") => Some(ColumnName {
                    table: Some(name),
                    name: second,
                }),
                None if !next_is(1, "(") && !next_is(1, ".") => Some(ColumnName { table: None, name }),
                _ => None,
            };
            if let Some(column) = column
                && !found.contains(&column)
            {
                found.push(column);
            }
        }
        index += 1;
    }
    found
}

fn is_word(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(word))
}

/// How deep in brackets each token stands; a bracket stands where what it encloses does.
pub(crate) fn depths(words: &[Token<'_>]) -> Vec<usize> {
    let mut depth: usize = 0;
    let mut depths = Vec::with_capacity(words.len());
    for token in words {
        if token.is_symbol("(") || token.is_symbol("[") {
            depth += 1;
            depths.push(depth);
        } else if token.is_symbol(")") || token.is_symbol("]") {
            depths.push(depth);
            depth = depth.saturating_sub(1);
        } else {
            depths.push(depth);
        }
    }
    // A closing bracket belongs to the level outside when one asks where the inside ends.
    for (index, token) in words.iter().enumerate() {
        if token.is_symbol(")") || token.is_symbol("]") {
            depths[index] = depths[index].saturating_sub(1);
        }
    }
    depths
}

fn split<'w, 't>(words: &'w [Token<'t>], is_border: impl Fn(&Token<'t>) -> bool) -> Vec<&'w [Token<'t>]> {
    let depths = depths(words);
    let mut parts = Vec::new();
    let mut start = 0;
    let mut in_case: usize = 0;
    let mut between = false;
    for (index, token) in words.iter().enumerate() {
        if depths[index] > 0 {
            continue;
        }
        if token.is("between") {
            between = true;
        } else if token.is("and") && std::mem::take(&mut between) {
            // It belongs to BETWEEN.
        } else if token.is("case") {
            in_case += 1;
        } else if token.is("end") {
            in_case = in_case.saturating_sub(1);
        } else if in_case == 0 && is_border(token) {
            parts.push(&words[start..index]);
            start = index + 1;
        }
    }
    parts.push(&words[start..]);
    parts
}

fn without_brackets<'w, 't>(words: &'w [Token<'t>]) -> &'w [Token<'t>] {
    let mut words = words;
    while let [first, .., last] = words {
        let encloses = first.is_symbol("(")
            && last.is_symbol(")")
            && depths(words)[1..words.len() - 1].iter().all(|depth| *depth > 0);
        if !encloses {
            break;
        }
        words = &words[1..words.len() - 1];
    }
    words
}

fn source(text: &str, words: &[Token<'_>]) -> String {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => text[first.span.range().start..last.span.range().end].to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        fn tell(expression: &Expression) -> String {
            let list = |parts: &[Expression]| parts.iter().map(tell).collect::<Vec<_>>().join(", ");
            let side = |operand: &Operand| format!("{:?} {}", operand.form, operand.text);
            match expression {
                Expression::And(parts) => format!("and[{}]", list(parts)),
                Expression::Or(parts) => format!("or[{}]", list(parts)),
                Expression::Compare { left, operator, right } => {
                    format!("<{}> {operator} <{}>", side(left), side(right))
                }
                Expression::Flag { column, .. } => format!("flag {}", column.name),
                Expression::Other(text) => format!("other {text}"),
            }
        }
        tell(&Expression::read(Engine::Postgres, text))
    }

    #[test]
    fn conditions_are_taken_apart_as_the_server_prints_them() {
        for (text, expected) in [
            ("(o.state = 'open'::text)", "<Column o.state> = <Constant 'open'::text>"),
            (
                "((o.state = 'open'::text) AND (o.total > 5))",
                "and[<Column o.state> = <Constant 'open'::text>, <Column o.total> > <Constant 5>]",
            ),
            (
                "((a.x = 1) OR ((a.y)::text = $1))",
                "or[<Column a.x> = <Constant 1>, <CastColumn(\"text\") (a.y)::text> = <Constant $1>]",
            ),
            (
                "(lower((u.email)::text) = 'a'::text)",
                "<Call(\"lower\") lower((u.email)::text)> = <Constant 'a'::text>",
            ),
            (
                "(o.id = ANY ('{1,2}'::integer[]))",
                "<Column o.id> = ANY <Constant '{1,2}'::integer[]>",
            ),
            (
                "((o.deleted_at IS NULL) AND (NOT o.hidden) AND o.paid)",
                "and[flag deleted_at, flag hidden, flag paid]",
            ),
            ("(NOT (hashed SubPlan 1))", "other NOT (hashed SubPlan 1)"),
            (
                "(o.\"At\" >= (now() - '1 day'::interval))",
                "<Column o.\"At\"> >= <Constant now() - '1 day'::interval>",
            ),
            (
                "((o.placed_at)::date = '2026-01-01'::date)",
                "<CastColumn(\"date\") (o.placed_at)::date> = <Constant '2026-01-01'::date>",
            ),
            ("((o.a + 1) = 5)", "<Other o.a + 1> = <Constant 5>"),
            (
                "(CASE WHEN ((o.a = 1) AND (o.b = 2)) THEN 1 ELSE 0 END = 1)",
                "other CASE WHEN ((o.a = 1) AND (o.b = 2)) THEN 1 ELSE 0 END = 1",
            ),
            ("(o.name ~~ '%x'::text)", "<Column o.name> ~~ <Constant '%x'::text>"),
            ("(o.user_id = u.id)", "<Column o.user_id> = <Column u.id>"),
            (
                "a.x = 1 and a.y between 2 and 3 or a.z in (4, 5)",
                "or[and[<Column a.x> = <Constant 1>, and[<Column a.y> >= <Constant 2>, <Column a.y> <= <Constant 3>]], \
                 <Column a.z> = ANY <Constant 4, 5>]",
            ),
            (
                "cast(a.x AS INTEGER) = 5",
                "<CastColumn(\"INTEGER\") cast(a.x AS INTEGER)> = <Constant 5>",
            ),
            ("a.x = $1 COLLATE NOCASE", "<Column a.x> = <Constant $1 COLLATE NOCASE>"),
            ("a.name LIKE '%x'", "<Column a.name> ~~ <Constant '%x'>"),
            (
                "cast(a.at as date) = DATE'2026-01-01'",
                "<CastColumn(\"date\") cast(a.at as date)> = <Constant DATE'2026-01-01'>",
            ),
            (
                "a.at > now() - interval 1 day",
                "<Column a.at> > <Constant now() - interval 1 day>",
            ),
            ("a.name NOT LIKE '%x'", "other a.name NOT LIKE '%x'"),
            ("a.x NOT IN (1, 2)", "other a.x NOT IN (1, 2)"),
            ("", "other "),
            (")(", "other )("),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
