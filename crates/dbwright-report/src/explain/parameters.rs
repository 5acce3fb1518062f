//! Values that stood in place of parameters, for people: one sentence for all that come from one place.

use dbwright_catalog::{ParameterValue, ValueOrigin};

/// A longer value is cut.
const VALUE_MAX: usize = 40;

/// The sentences, in the order of how much is known of the values. What is written and not looked for is left out.
pub(super) fn sentences(parameters: &[ParameterValue]) -> Vec<String> {
    let origins = [
        (
            ValueOrigin::Sample,
            "Planned with values that production was asked with",
        ),
        (ValueOrigin::Twin, "Planned with values that rows of the twin have"),
        (ValueOrigin::Index, "Planned with values at the ends of indexes"),
        (
            ValueOrigin::Type,
            "Planned with values of the right type, of which nobody knows whether a row has them",
        ),
        (ValueOrigin::Assumed, "Planned with what was assumed"),
    ];
    let sentence = |(origin, words): (ValueOrigin, &str)| {
        let items = items(parameters, origin);
        (!items.is_empty()).then(|| format!("{words}: {}.", items.join("; ")))
    };
    origins.into_iter().filter_map(sentence).collect()
}

/// `orders.state = 'open', 'done'`, `LIMIT 10`, `parameter 3 = 1`.
fn items(parameters: &[ParameterValue], origin: ValueOrigin) -> Vec<String> {
    let mut items: Vec<(String, Vec<String>)> = Vec::new();
    for (index, parameter) in parameters.iter().enumerate() {
        if parameter.origin != origin {
            continue;
        }
        let name = match parameter.stands_for.as_deref() {
            Some(name @ ("LIMIT" | "OFFSET")) => format!("{name} "),
            Some(name) => format!("{name} = "),
            None => format!("parameter {} = ", index + 1),
        };
        let value = cut(&parameter.value);
        match items.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => items.push((name, vec![value])),
        }
    }
    items
        .into_iter()
        .map(|(name, values)| format!("{name}{}", values.join(", ")))
        .collect()
}

fn cut(value: &str) -> String {
    if value.chars().count() <= VALUE_MAX {
        return value.to_owned();
    }
    let kept: String = value.chars().take(VALUE_MAX).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_by_where_they_come_from() {
        let value = |stands_for: Option<&str>, value: &str, origin| ParameterValue {
            stands_for: stands_for.map(str::to_owned),
            value: value.to_owned(),
            origin,
        };
        let told = sentences(&[
            value(None, "1", ValueOrigin::Written),
            value(Some("orders.state"), "'open'", ValueOrigin::Twin),
            value(Some("orders.state"), "'done'", ValueOrigin::Twin),
            value(Some("orders.id"), "7", ValueOrigin::Twin),
            value(None, "1", ValueOrigin::Assumed),
            value(Some("LIMIT"), "10", ValueOrigin::Assumed),
        ]);
        assert_eq!(
            told,
            [
                "Planned with values that rows of the twin have: orders.state = 'open', 'done'; orders.id = 7.",
                "Planned with what was assumed: parameter 5 = 1; LIMIT 10.",
            ]
        );
        assert!(sentences(&[]).is_empty());
    }
}
