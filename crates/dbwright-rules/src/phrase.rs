//! Words for sentences, so that every rule says the same thing in the same way.

use std::fmt::Display;

use dbwright_catalog::LockMode;

/// `With it goes a.`, `With it go a and b.`, as [`list`] names them.
pub(crate) fn goes_along(items: &[String]) -> String {
    let is_one = |item: &String| item.starts_with("1 ") || !item.starts_with(|first: char| first.is_ascii_digit());
    let verb = match items {
        [only] if is_one(only) => "goes",
        _ => "go",
    };
    format!("With it {verb} {}.", list(items))
}

/// `a`, `a and b`, `a, b and c`; with many, the first few and how many more.
pub(crate) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    const SHOWN_MAX: usize = 6;
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.len() > SHOWN_MAX + 1 {
        let more = items.len() - SHOWN_MAX;
        items.truncate(SHOWN_MAX);
        items.push(format!("{more} more"));
    }
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

/// `a, b and c`; with more than `shown_max` and one, the first few and `4 more`, or `4 more tables` where a noun is given.
pub(crate) fn some_of<T: Display>(items: &[T], shown_max: usize, noun: &str) -> String {
    if items.len() <= shown_max + 1 {
        return list(items);
    }
    let shown: Vec<String> = items.iter().take(shown_max).map(ToString::to_string).collect();
    let more = items.len() - shown_max;
    let plural = if noun.is_empty() {
        String::new()
    } else {
        format!(" {noun}s")
    };
    format!("{} and {more} more{plural}", shown.join(", "))
}

/// The text with its first letter as at the beginning of a sentence.
pub(crate) fn uppercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn lowercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// `1 row`, `3 rows`.
pub(crate) fn count(number: usize, singular: &str) -> String {
    match (number, singular) {
        (1, _) => format!("1 {singular}"),
        (_, "index") => format!("{number} indexes"),
        (_, "query") => format!("{number} queries"),
        (_, _) => format!("{number} {singular}s"),
    }
}

/// What waits behind a lock: `reads and writes`, `writes`, `other schema changes`.
pub(crate) fn blocked(mode: LockMode) -> &'static str {
    match (mode.blocks_reads(), mode.blocks_writes()) {
        (true, _) => "reads and writes",
        (false, true) => "writes",
        (false, false) => "other schema changes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_sentences_and_stay_short() {
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b"]), "a and b");
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
        assert_eq!(list(1..=9), "1, 2, 3, 4, 5, 6 and 3 more");
        assert_eq!(some_of(&[1, 2, 3, 4], 3, "table"), "1, 2, 3 and 4");
        assert_eq!(some_of(&[1, 2, 3, 4, 5], 3, "table"), "1, 2, 3 and 2 more tables");
    }
}
