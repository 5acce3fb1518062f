//! Words for sentences, so that every rule says the same thing in the same way.

use std::fmt::Display;

use dbwright_catalog::LockMode;

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

/// `1 row`, `3 rows`.
pub(crate) fn count(number: usize, singular: &str) -> String {
    match (number, singular) {
        (1, _) => format!("1 {singular}"),
        (_, "index") => format!("{number} indexes"),
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
    }
}
