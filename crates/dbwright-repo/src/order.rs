//! Orders that people expect of file names.

use std::cmp::Ordering;

/// Compares names so that runs of digits count as numbers: `2_b` before `10_a`, `1.9` before `1.10`. Names that differ
/// only in leading zeros are told apart by their text, so that the order is total.
pub(crate) fn natural(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left, right);
    loop {
        match (a.chars().next(), b.chars().next()) {
            (None, None) => return left.cmp(right),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (run_a, rest_a) = digits(a);
                let (run_b, rest_b) = digits(b);
                match number(run_a, run_b) {
                    Ordering::Equal => (a, b) = (rest_a, rest_b),
                    unequal => return unequal,
                }
            }
            (Some(x), Some(y)) => match x.cmp(&y) {
                Ordering::Equal => (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]),
                unequal => return unequal,
            },
        }
    }
}

/// Compares two runs of digits of any length as numbers.
fn number(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Splits off the leading digits.
pub(crate) fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_of_digits_count_as_numbers() {
        let mut names = ["10_c", "2_b", "001_a", "1.10", "1.9", "v2", "V1"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["1.9", "1.10", "001_a", "2_b", "10_c", "V1", "v2"]);
    }

    proptest! {
        #[test]
        fn versions_sort_like_the_numbers_they_are(left in 0u64.., right in 0u64.., width in 0usize..24) {
            let order = natural(&format!("{left:0width$}_x.sql"), &format!("{right}_x.sql"));
            if left != right {
                prop_assert_eq!(order, left.cmp(&right));
            }
        }

        #[test]
        fn the_order_is_total(mut names in prop::collection::vec("[0-9a-z_.]{0,6}", 0..8)) {
            names.sort_by(|a, b| natural(a, b));
            for pair in names.windows(2) {
                prop_assert!(natural(&pair[0], &pair[1]) != Ordering::Greater);
                prop_assert_eq!(natural(&pair[0], &pair[1]) == Ordering::Equal, pair[0] == pair[1]);
            }
            for (index, first) in names.iter().enumerate() {
                for later in &names[index..] {
                    prop_assert!(natural(first, later) != Ordering::Greater, "{} {}", first, later);
                }
            }
        }
    }
}
