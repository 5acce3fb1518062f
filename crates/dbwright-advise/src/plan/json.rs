//! Values of a plan in JSON. What is not there, or of another kind, is nothing.

use serde_json::{Map, Value};

pub(super) type Object = Map<String, Value>;

pub(super) fn text(object: &Object, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

/// A number; MySQL writes some of them in quotes.
pub(super) fn float(object: &Object, key: &str) -> Option<f64> {
    match object.get(key)? {
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        other => other.as_f64(),
    }
}

pub(super) fn number(object: &Object, key: &str) -> Option<u64> {
    object.get(key)?.as_u64()
}

pub(super) fn object<'a>(object: &'a Object, key: &str) -> Option<&'a Object> {
    object.get(key)?.as_object()
}

/// Whether it says so: `true`, or 1 as MariaDB writes it.
pub(super) fn flag(object: &Object, key: &str) -> bool {
    match object.get(key) {
        Some(Value::Bool(is_so)) => *is_so,
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
}

pub(super) fn list<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a Value> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn texts(object: &Object, key: &str) -> Vec<String> {
    list(object, key)
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}
