//! Explained queries: plans as trees that people read, what insights tell of them, and the same as JSON.

mod json;
mod parameters;
mod text;
mod tree;

use dbwright_catalog::QueryPlan;

use crate::layout::Layout;

pub use json::{explanation_format, explanation_json};
pub use text::explanation_text;

/// A plan as a tree, each line behind `indent`.
pub(crate) fn plan_tree(plan: &QueryPlan, indent: &str, layout: Layout, verbose: bool) -> String {
    tree::tree(plan, &[], indent, layout, verbose)
}

/// A number for people: `12`, `3,400`, `1.2M`.
fn number(value: f64) -> String {
    if value >= 1e9 {
        return format!("{:.1}G", value / 1e9);
    }
    if value >= 999_500.0 {
        return format!("{:.1}M", value / 1e6);
    }
    if value > 0.0 && value < 9.95 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut told = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// Milliseconds for people: `0.3 ms`, `1.2 s`.
fn milliseconds(value: f64) -> String {
    if value >= 9_995.0 {
        format!("{:.1} s", value / 1000.0)
    } else if value >= 100.0 {
        format!("{} ms", number(value))
    } else {
        format!("{value:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let told: Vec<String> = [0.0, 1.0, 0.25, 9.99, 12.0, 1234.5, 2_500_000.0, 3e9]
            .map(number)
            .to_vec();
        assert_eq!(told, ["0", "1", "0.2", "10", "12", "1,234", "2.5M", "3.0G"]);
        let told: Vec<String> = [0.04, 12.34, 250.4, 12_345.0].map(milliseconds).to_vec();
        assert_eq!(told, ["0.0 ms", "12.3 ms", "250 ms", "12.3 s"]);
    }
}
