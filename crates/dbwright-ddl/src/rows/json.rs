//! Documents with the members that generated columns read: where such a column must not be NULL, the document needs them.

use std::collections::BTreeMap;

use super::calendar::{DAYS_2001, date};
use super::column::{ColumnPlan, TableColumns};
use super::expression::{Expression, Value};
use super::kind::Kind;
use super::value::{json_string, plain};

/// A member: a value, or an object with members.
enum Member {
    Value(String),
    Object(BTreeMap<String, Member>),
}

/// The document for row `ordinal` in the column at this place; nothing where no generated column reads one there.
pub(super) fn document(columns: &TableColumns<'_>, place: usize, ordinal: usize) -> Option<String> {
    let name = &columns.all[place].name;
    let mut members = BTreeMap::new();
    // A path that several columns read has the value that the last of these wants: texts take any value.
    let generated = columns
        .all
        .iter()
        .filter_map(|column| Some((column, column.generated.as_ref()?)));
    let (texts, others): (Vec<_>, Vec<_>) =
        generated.partition(|(column, _)| matches!(column.column_type.kind, Kind::Text { .. } | Kind::Letters { .. }));
    for (column, expression) in texts.into_iter().chain(others) {
        let mut paths = Vec::new();
        collect_paths(expression, name, &mut paths);
        for path in paths {
            insert(&mut members, &path, member(columns, column, expression, ordinal));
        }
    }
    (!members.is_empty()).then(|| object(&members))
}

/// The paths at which an expression reads a document: `json_extract(document, '$.a.b')` reads at `a`, `b`.
fn collect_paths(expression: &Expression, document: &str, paths: &mut Vec<Vec<String>>) {
    if let Expression::Call(name, arguments) = expression
        && matches!(name.as_str(), "json_extract" | "json_value" | "json_query")
        && let [Expression::Column(column), Expression::Constant(Value::Text(path)), ..] = arguments.as_slice()
        && column.eq_ignore_ascii_case(document)
    {
        paths.extend(steps(path));
    }
    for part in expression.parts() {
        collect_paths(part, document, paths);
    }
}

/// The steps of `$.a."b c"`; nothing for paths into arrays.
fn steps(path: &str) -> Option<Vec<String>> {
    if path.contains(['[', '*']) {
        return None;
    }
    let steps: Vec<_> = path
        .strip_prefix("$.")?
        .split('.')
        .map(|step| step.trim_matches('"').to_owned())
        .collect();
    (!steps.iter().any(String::is_empty)).then_some(steps)
}

fn insert(members: &mut BTreeMap<String, Member>, path: &[String], value: String) {
    match path {
        [] => {}
        [last] => {
            if !matches!(members.get(last), Some(Member::Object(_))) {
                members.insert(last.clone(), Member::Value(value));
            }
        }
        [first, rest @ ..] => {
            let below = members
                .entry(first.clone())
                .or_insert_with(|| Member::Object(BTreeMap::new()));
            if let Member::Value(_) = below {
                *below = Member::Object(BTreeMap::new());
            }
            if let Member::Object(below) = below {
                insert(below, rest, value);
            }
        }
    }
}

/// What the column wants to read.
fn member(columns: &TableColumns<'_>, column: &ColumnPlan<'_>, expression: &Expression, ordinal: usize) -> String {
    match &column.column_type.kind {
        Kind::Boolean => ordinal.is_multiple_of(2).to_string(),
        Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Float => (ordinal + 1).to_string(),
        Kind::Date | Kind::Timestamp | Kind::UnixTime => json_string(&moment(expression, ordinal)),
        kind => match plain(columns.engine, kind, ordinal).map(|candidate| candidate.value) {
            Some(Value::Text(text)) => json_string(&text),
            _ => (ordinal + 1).to_string(),
        },
    }
}

/// A moment in the format that the expression speaks of (`str_to_date(…, '%Y-%m-%dT%H:%i:%s.%fZ')`).
fn moment(expression: &Expression, ordinal: usize) -> String {
    let day = date(DAYS_2001 + i64::try_from(ordinal).unwrap_or(0));
    let Some(format) = find_format(expression) else {
        return format!("{day} 00:00:00");
    };
    let mut parts = day.split('-');
    let mut text = format.to_owned();
    for (letter, value) in [
        ("%Y", parts.next()),
        ("%m", parts.next()),
        ("%d", parts.next()),
        ("%H", Some("00")),
        ("%i", Some("00")),
        ("%s", Some("00")),
        ("%S", Some("00")),
        ("%f", Some("000000")),
        ("%T", Some("00:00:00")),
    ] {
        text = text.replace(letter, value.unwrap_or_default());
    }
    text
}

fn find_format(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Constant(Value::Text(text)) if text.contains("%Y") => Some(text),
        expression => expression.parts().into_iter().find_map(find_format),
    }
}

fn object(members: &BTreeMap<String, Member>) -> String {
    let member = |(name, member): (&String, &Member)| {
        let value = match member {
            Member::Value(value) => value.clone(),
            Member::Object(below) => object(below),
        };
        format!("{}: {value}", json_string(name))
    };
    let members: Vec<_> = members.iter().map(member).collect();
    format!("{{{}}}", members.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_step_by_step() {
        assert_eq!(steps("$.a.\"b c\""), Some(vec!["a".to_owned(), "b c".to_owned()]));
        assert_eq!((steps("$.a[0]"), steps("$"), steps("$.a.")), (None, None, None));
    }

    #[test]
    fn members_are_put_into_objects() {
        let mut members = BTreeMap::new();
        for (path, value) in [("$.a", "1"), ("$.a.b", "2"), ("$.a", "3"), ("$.c.d", "4")] {
            insert(&mut members, &steps(path).unwrap(), value.to_owned());
        }
        assert_eq!(object(&members), "{\"a\": {\"b\": 2}, \"c\": {\"d\": 4}}");
    }
}
