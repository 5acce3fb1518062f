//! Chance, always the same, and the many ways of writing the same thing.

/// A generator of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ (number >> 31)
    }

    /// A number below this one.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    /// Whether something happens that does so many times in a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(super) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// How a schema is written.
pub(super) struct Spelling(pub(super) Chance);

impl Spelling {
    /// A name, in one of the forms that mean it.
    pub(super) fn name(&mut self, name: &str) -> String {
        let is_plain = name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && name != "order";
        match self.0.below(if is_plain { 7 } else { 3 }) {
            0 => format!("\"{name}\""),
            1 => format!("[{name}]"),
            2 => format!("`{name}`"),
            _ => name.to_owned(),
        }
    }

    /// Names in brackets.
    pub(super) fn names(&mut self, names: &[String]) -> String {
        let names: Vec<_> = names.iter().map(|name| self.name(name)).collect();
        format!("({})", names.join(if self.0.percent(50) { ", " } else { "," }))
    }

    /// Keywords, in either case.
    pub(super) fn words(&mut self, words: &str) -> String {
        if self.0.percent(25) {
            words.to_lowercase()
        } else {
            words.to_owned()
        }
    }

    /// One of some words that mean the same.
    pub(super) fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        self.0.pick(words)
    }

    /// A name, in either case.
    pub(super) fn letters(&mut self, name: &str) -> String {
        if self.0.percent(25) {
            name.to_uppercase()
        } else {
            name.to_owned()
        }
    }

    /// An expression, once in a while in brackets that mean nothing.
    pub(super) fn brackets(&mut self, expression: &str) -> String {
        match self.0.below(6) {
            0 => format!("({expression})"),
            1 => format!("(({expression}))"),
            _ => expression.to_owned(),
        }
    }

    /// What stands between two parts.
    pub(super) fn gap(&mut self) -> &'static str {
        match self.0.below(12) {
            0 => "\n   ",
            1 => " /* , ( */ ",
            2 => " -- ) '\n ",
            _ => " ",
        }
    }
}
