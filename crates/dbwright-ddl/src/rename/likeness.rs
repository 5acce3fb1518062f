//! How alike two names are.

/// Between 0 and 1: the share of neighboring letters that both names have (Dice's coefficient), in either case.
pub(super) fn names(one: &str, other: &str) -> f64 {
    let (one, other) = (bigrams(one), bigrams(other));
    let total = one.len() + other.len();
    if total == 0 {
        return 0.0;
    }
    let mut left = other;
    let mut shared = 0_usize;
    for pair in &one {
        if let Some(place) = left.iter().position(|candidate| candidate == pair) {
            left.swap_remove(place);
            shared += 1;
        }
    }
    ratio(2 * shared, total)
}

/// A share, without a question of precision: the numbers are those of columns and letters.
#[expect(clippy::cast_precision_loss, reason = "counts of columns and letters are small")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn bigrams(name: &str) -> Vec<(char, char)> {
    let letters: Vec<char> = name
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    letters.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn spellings_of_one_name_are_alike_and_others_are_not() {
        assert!(names("user_name", "userName") > 0.99);
        assert!(names("user", "users") > 0.8);
        assert!(names("created", "created_at") > 0.8);
        assert!(names("email", "phone") < 0.1);
        assert!(names("a", "b") < 0.1);
    }
}
