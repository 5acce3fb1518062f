//! "Did you mean": which known name is most like a wrong one.

/// The known name with the smallest edit distance, where at most a third of the letters differ, or one that contains the
/// wrong name.
pub fn nearest(wrong: &str, known: &[&'static str]) -> Option<&'static str> {
    let wrong = wrong.to_ascii_lowercase().replace('_', "-");
    let limit = (wrong.chars().count() / 3).max(2);
    let alike = known
        .iter()
        .map(|name| (distance(&wrong, name), *name))
        .filter(|(distance, _)| *distance <= limit)
        .min();
    let containing = || {
        known
            .iter()
            .copied()
            .find(|name| wrong.len() >= 4 && name.contains(wrong.as_str()))
    };
    alike.map(|(_, name)| name).or_else(containing)
}

/// Levenshtein's distance in letters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_pen_finds_its_name_and_nonsense_finds_none() {
        let known = ["table-rewrite", "drop-column", "create-index-without-concurrently"];
        assert_eq!(nearest("table-rewrites", &known), Some("table-rewrite"));
        assert_eq!(nearest("drop_colum", &known), Some("drop-column"));
        assert_eq!(
            nearest("concurrently", &known),
            Some("create-index-without-concurrently")
        );
        assert_eq!(nearest("xyz", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
