//! What a condition suggests for the columns it names.

use super::expression::{CAST, Comparison, Expression, Matching, Value, evaluate_constant};
use super::pattern::{Pattern, glob_as_regex, like_as_regex};
use super::value::Hint;

/// The hints that a condition holds for one column, the likeliest first.
pub(super) fn hints(condition: &Expression, column: &str) -> Vec<Hint> {
    let mut hints = Vec::new();
    collect(condition, column, &mut hints);
    let mut texts = Vec::new();
    collect_texts(condition, &mut texts);
    if !texts.is_empty() {
        let mut members = Vec::new();
        collect_members(condition, column, &mut members);
        if !members.is_empty() {
            hints.insert(0, Hint::Members(members));
        }
        hints.push(Hint::Keys(texts.clone()));
        // Literals of parts that are not understood.
        if hints.len() == 1 {
            hints.extend(texts.into_iter().map(Hint::Text));
        }
    }
    hints
}

fn collect(expression: &Expression, column: &str, hints: &mut Vec<Hint>) {
    match expression {
        Expression::Compare(comparison, left, right) => {
            suggest(left, right, *comparison, column, hints);
            suggest(right, left, *comparison, column, hints);
        }
        Expression::Same(left, right) => {
            suggest(left, right, Comparison::Equal, column, hints);
            suggest(right, left, Comparison::Equal, column, hints);
        }
        Expression::In(left, list) => {
            for item in list {
                suggest(left, item, Comparison::Equal, column, hints);
            }
        }
        Expression::Match(matching, left, pattern) if names(left, column) => {
            if let Value::Text(text) = evaluate_constant(pattern) {
                hints.extend(pattern_hint(*matching, &text).map(Hint::Matching));
            }
        }
        _ => {}
    }
    for part in expression.parts() {
        collect(part, column, hints);
    }
}

fn pattern_hint(matching: Matching, text: &str) -> Option<Pattern> {
    match matching {
        Matching::Like | Matching::LikeIgnoringCase => Pattern::parse(&like_as_regex(text)),
        Matching::Glob => Pattern::parse(&glob_as_regex(text)),
        Matching::Regex | Matching::RegexIgnoringCase => Pattern::parse(text),
    }
}

/// `side` is compared with `other`: where the one names the column and the other is known, the column should come near.
fn suggest(side: &Expression, other: &Expression, comparison: Comparison, column: &str, hints: &mut Vec<Hint>) {
    if !names(side, column) {
        return;
    }
    match evaluate_constant(other) {
        Value::Number(number) => {
            let near = match comparison {
                Comparison::Equal => vec![number],
                Comparison::LessOrEqual | Comparison::GreaterOrEqual => vec![number, number + 1.0, number - 1.0],
                Comparison::NotEqual | Comparison::Less | Comparison::Greater => vec![number + 1.0, number - 1.0],
            };
            hints.extend(near.into_iter().filter_map(|number| measured(side, number)));
        }
        Value::Text(text) => hints.push(Hint::Text(text)),
        Value::Bool(bool) => hints.push(Hint::Number(f64::from(u8::from(bool)))),
        Value::Null | Value::Unknown | Value::Refused => {}
    }
}

/// A number compared with a length is a length.
fn measured(side: &Expression, number: f64) -> Option<Hint> {
    let is_length = |name: &str| {
        matches!(
            name,
            "length" | "char_length" | "character_length" | "octet_length" | "cardinality" | "array_length"
        )
    };
    match side {
        Expression::Call(name, _) if is_length(name) =>
        {
            #[expect(clippy::cast_sign_loss, reason = "checked to be positive")]
            (0.0..=1e6).contains(&number).then_some(Hint::Length(number as usize))
        }
        _ => Some(Hint::Number(number)),
    }
}

fn names(expression: &Expression, column: &str) -> bool {
    expression
        .columns()
        .iter()
        .any(|name| name.eq_ignore_ascii_case(column))
}

/// The members of a document that a condition compares: `(data ->> 'version')::integer = 2`.
fn collect_members(expression: &Expression, column: &str, members: &mut Vec<(String, Value)>) {
    if let Expression::Compare(_, left, right) | Expression::Same(left, right) = expression {
        let right = evaluate_constant(right);
        if let Some(key) = key_of(left, column)
            && !matches!(right, Value::Unknown | Value::Refused | Value::Null)
        {
            members.push((key, right));
        }
    } else if let Expression::In(left, list) = expression
        && let Some(key) = key_of(left, column)
        && let Some(first) = list.first()
    {
        members.push((key, evaluate_constant(first)));
    } else if let Some(key) = key_of(expression, column) {
        members.push((key, Value::Number(1.0)));
    }
    for part in expression.parts() {
        collect_members(part, column, members);
    }
    // What is compared goes before what is only there.
    let mut seen: Vec<String> = Vec::new();
    members.retain(|(key, _)| {
        let is_new = !seen.contains(key);
        seen.push(key.clone());
        is_new
    });
}

/// The key that an expression reads of the document in a column.
fn key_of(expression: &Expression, column: &str) -> Option<String> {
    match expression {
        Expression::Call(name, arguments) if matches!(name.as_str(), "->" | "->>" | "?") => {
            let [Expression::Column(document), Expression::Constant(Value::Text(key))] = arguments.as_slice() else {
                return None;
            };
            document.eq_ignore_ascii_case(column).then(|| key.clone())
        }
        Expression::Call(name, arguments) if name == CAST => key_of(arguments.first()?, column),
        _ => None,
    }
}

fn collect_texts(expression: &Expression, texts: &mut Vec<String>) {
    if let Expression::Constant(Value::Text(text)) = expression
        && !texts.contains(text)
    {
        texts.push(text.clone());
    }
    for part in expression.parts() {
        collect_texts(part, texts);
    }
}
