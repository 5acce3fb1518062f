//! Texts that match a pattern of a check: regular expressions, LIKE, GLOB.
//!
//! Knows the regular expressions that people write into checks. What it does not know (look-around, back references) is
//! refused when the pattern is parsed, never matched wrongly.

/// How many repetitions a sample is given at most beyond what the pattern demands.
const REPEAT_EXTRA: usize = 2;
/// How many steps a match may take before its outcome counts as unknown.
const STEPS_MAX: usize = 20_000;
/// How deep groups may nest.
const DEPTH_MAX: usize = 40;

/// A regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    alternatives: Vec<Vec<Item>>,
}

#[derive(Clone, Debug)]
struct Item {
    atom: Atom,
    minimum: usize,
    maximum: usize,
}

#[derive(Clone, Debug)]
enum Atom {
    Class { ranges: Vec<(char, char)>, negated: bool },
    Group(Pattern),
    Start,
    End,
}

impl Pattern {
    /// Reads a regular expression; nothing where it has something unknown.
    pub(super) fn parse(text: &str) -> Option<Pattern> {
        let letters: Vec<char> = text.chars().collect();
        let mut at = 0;
        let pattern = alternatives(&letters, &mut at, 0)?;
        (at == letters.len()).then_some(pattern)
    }

    /// A text that matches; another one for another `ordinal`, where the pattern leaves a choice.
    pub(super) fn sample(&self, ordinal: usize) -> String {
        let mut text = String::new();
        let mut rest = ordinal;
        self.write_sample(ordinal, &mut rest, &mut text);
        text
    }

    /// `rest` is spread over the classes as digits of a number, so that ordinals give different texts.
    fn write_sample(&self, ordinal: usize, rest: &mut usize, text: &mut String) {
        let Some(items) = self.alternatives.get(ordinal % self.alternatives.len().max(1)) else {
            return;
        };
        for item in items {
            let extra = if item.minimum == 0 { 1 } else { REPEAT_EXTRA };
            for _ in 0..item.maximum.min((item.minimum + extra).max(1)).min(2000) {
                match &item.atom {
                    Atom::Class { ranges, negated } => {
                        let choices = choices(ranges, *negated);
                        if choices.is_empty() {
                            return;
                        }
                        text.push(choices[*rest % choices.len()]);
                        *rest /= choices.len();
                    }
                    Atom::Group(group) => group.write_sample(ordinal, rest, text),
                    Atom::Start | Atom::End => {}
                }
            }
        }
    }

    /// Whether the pattern is found in a text; nothing where that takes too long to tell.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let letters: Vec<char> = text.chars().collect();
        let mut steps = 0;
        for start in 0..=letters.len() {
            let matched = self.match_at(&letters, start, &mut steps, &mut |_, _| true);
            if steps > STEPS_MAX {
                return None;
            }
            if matched {
                return Some(true);
            }
        }
        Some(false)
    }

    fn match_at(
        &self,
        letters: &[char],
        at: usize,
        steps: &mut usize,
        then: &mut dyn FnMut(usize, &mut usize) -> bool,
    ) -> bool {
        self.alternatives
            .iter()
            .any(|items| match_items(items, letters, at, 0, steps, then))
    }
}

fn match_items(
    items: &[Item],
    letters: &[char],
    at: usize,
    repeated: usize,
    steps: &mut usize,
    then: &mut dyn FnMut(usize, &mut usize) -> bool,
) -> bool {
    *steps += 1;
    if *steps > STEPS_MAX || repeated > 500 {
        *steps = STEPS_MAX + 1;
        return false;
    }
    let Some((item, rest)) = items.split_first() else {
        return then(at, steps);
    };
    if repeated < item.maximum {
        let more = match &item.atom {
            Atom::Class { ranges, negated } => {
                letters
                    .get(at)
                    .is_some_and(|letter| in_class(ranges, *letter) != *negated)
                    && match_items(items, letters, at + 1, repeated + 1, steps, then)
            }
            Atom::Group(group) => group.match_at(letters, at, steps, &mut |next, steps| {
                // A round that takes nothing must not be repeated for ever.
                (next > at || repeated < item.minimum) && match_items(items, letters, next, repeated + 1, steps, then)
            }),
            Atom::Start => at == 0 && match_items(rest, letters, at, 0, steps, then),
            Atom::End => at == letters.len() && match_items(rest, letters, at, 0, steps, then),
        };
        if more {
            return true;
        }
    }
    repeated >= item.minimum && match_items(rest, letters, at, 0, steps, then)
}

fn alternatives(letters: &[char], at: &mut usize, depth: usize) -> Option<Pattern> {
    if depth > DEPTH_MAX {
        return None;
    }
    let mut alternatives = vec![Vec::new()];
    while let Some(&letter) = letters.get(*at) {
        if letter == ')' {
            break;
        }
        *at += 1;
        let atom = match letter {
            '|' => {
                alternatives.push(Vec::new());
                continue;
            }
            '^' => Atom::Start,
            '$' => Atom::End,
            '.' => Atom::Class {
                ranges: vec![('\n', '\n')],
                negated: true,
            },
            '[' => class(letters, at)?,
            '\\' => escape(*letters.get(*at)?, at)?,
            '(' => group(letters, at, depth)?,
            '*' | '+' | '?' | '{' => return None,
            letter => Atom::Class {
                ranges: vec![(letter, letter)],
                negated: false,
            },
        };
        let (minimum, maximum) = repetition(letters, at)?;
        alternatives.last_mut()?.push(Item { atom, minimum, maximum });
    }
    Some(Pattern { alternatives })
}

fn group(letters: &[char], at: &mut usize, depth: usize) -> Option<Atom> {
    if letters.get(*at) == Some(&'?') {
        if letters.get(*at + 1) != Some(&':') {
            return None;
        }
        *at += 2;
    }
    let inner = alternatives(letters, at, depth + 1)?;
    (letters.get(*at) == Some(&')')).then(|| *at += 1)?;
    Some(Atom::Group(inner))
}

fn repetition(letters: &[char], at: &mut usize) -> Option<(usize, usize)> {
    let (minimum, maximum) = match letters.get(*at) {
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            let end = *at + letters[*at..].iter().position(|&letter| letter == '}')?;
            let inner: String = letters[*at + 1..end].iter().collect();
            *at = end;
            match inner.split_once(',') {
                None => (inner.parse().ok()?, inner.parse().ok()?),
                Some((minimum, "")) => (minimum.parse().ok()?, usize::MAX),
                Some((minimum, maximum)) => (minimum.parse().ok()?, maximum.parse().ok()?),
            }
        }
        _ => return Some((1, 1)),
    };
    *at += 1;
    // A lazy or possessive mark does not change what matches.
    if letters.get(*at) == Some(&'?') {
        *at += 1;
    }
    Some((minimum, maximum))
}

fn escape(letter: char, at: &mut usize) -> Option<Atom> {
    *at += 1;
    let ranges = match letter {
        'A' => return Some(Atom::Start),
        'Z' | 'z' => return Some(Atom::End),
        'd' | 'D' => DIGITS.to_vec(),
        'w' | 'W' => WORD.to_vec(),
        's' | 'S' => SPACE.to_vec(),
        'n' => vec![('\n', '\n')],
        't' => vec![('\t', '\t')],
        letter if letter.is_ascii_alphanumeric() => return None,
        letter => vec![(letter, letter)],
    };
    Some(Atom::Class {
        ranges,
        negated: letter.is_ascii_uppercase(),
    })
}

const DIGITS: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('a', 'z'), ('0', '9'), ('A', 'Z'), ('_', '_')];
const SPACE: &[(char, char)] = &[(' ', ' '), ('\t', '\r')];

fn class(letters: &[char], at: &mut usize) -> Option<Atom> {
    let negated = letters.get(*at) == Some(&'^');
    *at += usize::from(negated);
    let first = *at;
    let mut ranges = Vec::new();
    loop {
        let mut letter = *letters.get(*at)?;
        *at += 1;
        if letter == ']' && *at > first + 1 {
            return Some(Atom::Class { ranges, negated });
        }
        if letter == '[' && letters.get(*at) == Some(&':') {
            let end = *at + letters[*at..].iter().position(|&letter| letter == ']')?;
            let name: String = letters[*at + 1..end - 1].iter().collect();
            ranges.extend_from_slice(named_class(&name)?);
            *at = end + 1;
            continue;
        }
        if letter == '\\' {
            let Atom::Class {
                ranges: escaped,
                negated: false,
            } = escape(*letters.get(*at)?, at)?
            else {
                return None;
            };
            match escaped.as_slice() {
                [(low, high)] if low == high => letter = *low,
                several => {
                    ranges.extend_from_slice(several);
                    continue;
                }
            }
        }
        let is_range = letters.get(*at) == Some(&'-') && letters.get(*at + 1).is_some_and(|&letter| letter != ']');
        if is_range {
            ranges.push((letter, letters[*at + 1]));
            *at += 2;
        } else {
            ranges.push((letter, letter));
        }
    }
}

fn named_class(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alpha" => &[('a', 'z'), ('A', 'Z')],
        "digit" => DIGITS,
        "alnum" => &[('a', 'z'), ('0', '9'), ('A', 'Z')],
        "lower" => &[('a', 'z')],
        "upper" => &[('A', 'Z')],
        "space" => SPACE,
        "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
        "punct" => &[('!', '/'), (':', '@')],
        _ => return None,
    })
}

fn in_class(ranges: &[(char, char)], letter: char) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter))
}

/// The plain letters of a class, the plainest first.
fn choices(ranges: &[(char, char)], negated: bool) -> Vec<char> {
    let plain = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain(' '..='~');
    let mut choices: Vec<char> = Vec::new();
    for letter in plain {
        if in_class(ranges, letter) != negated && !choices.contains(&letter) {
            choices.push(letter);
        }
    }
    if choices.is_empty() && !negated {
        choices.extend(ranges.iter().map(|(low, _)| *low));
    }
    // Where letters will do, signs are left alone.
    if choices.first().is_some_and(char::is_ascii_alphanumeric) {
        choices.retain(char::is_ascii_alphanumeric);
    }
    choices
}

/// Whether a text matches a LIKE pattern.
pub(super) fn like_matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    wildcard_matches(&pattern, &text, '%', '_')
}

/// Whether a text matches a GLOB pattern; nothing where it has classes.
pub(super) fn glob_matches(pattern: &str, text: &str) -> Option<bool> {
    if pattern.contains('[') {
        return Pattern::parse(&glob_as_regex(pattern))?.matches(text);
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    Some(wildcard_matches(&pattern, &text, '*', '?'))
}

/// The regular expression that means the same as a GLOB pattern.
pub(super) fn glob_as_regex(pattern: &str) -> String {
    let mut regex = String::from("^");
    let mut in_class = false;
    for letter in pattern.chars() {
        match letter {
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => regex.push('.'),
            '?' if !in_class => {
                regex.push('.');
                continue;
            }
            '.' | '+' | '(' | ')' | '{' | '}' | '|' | '$' if !in_class => regex.push('\\'),
            _ => {}
        }
        regex.push(letter);
    }
    regex + "$"
}

/// The regular expression that means the same as a LIKE pattern.
pub(super) fn like_as_regex(pattern: &str) -> String {
    let mut regex = String::from("^");
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            letter => {
                let letter = if letter == '\\' {
                    letters.next().unwrap_or(letter)
                } else {
                    letter
                };
                if !letter.is_alphanumeric() {
                    regex.push('\\');
                }
                regex.push(letter);
            }
        }
    }
    regex + "$"
}

/// Two-pointer matching: on a mismatch, the last `many` takes one letter more.
fn wildcard_matches(pattern: &[char], text: &[char], many: char, one: char) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == many {
            retry = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == '\\' && pattern.get(p + 1) == Some(&text[t]) && many == '%' {
            p += 2;
            t += 1;
        } else if p < pattern.len() && (pattern[p] == one || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, taken)) = retry {
            retry = Some((star, taken + 1));
            p = star + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&letter| letter == many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_match_their_pattern_and_differ() {
        for text in [
            "^[a-z]+$",
            "^[^@]+@[^@]+\\.[a-z]{2,}$",
            "^#[0-9a-fA-F]{6}$",
            "^\\+?[1-9]\\d{1,14}$",
            "^(?:foo|bar)-[[:alnum:]_-]*x$",
            "^[A-Z]{3}$",
            "^https?://",
            "^[a-z0-9]+(-[a-z0-9]+)*$",
            "^\\w+$",
            "@",
        ] {
            let pattern = Pattern::parse(text).unwrap_or_else(|| panic!("{text} is not understood"));
            for ordinal in 0..6 {
                let sample = pattern.sample(ordinal);
                assert_eq!(pattern.matches(&sample), Some(true), "{text}: {sample}");
            }
        }
        let colour = Pattern::parse("^#[0-9a-f]{6}$").unwrap();
        assert_ne!(colour.sample(0), colour.sample(1));
    }

    #[test]
    fn what_does_not_match_does_not() {
        for (pattern, text) in [
            ("^[a-z]+$", "dbwright-1"),
            ("^a{2,3}$", "aaaa"),
            ("^(a|b)*c$", "abd"),
            ("x$", "xy"),
        ] {
            assert_eq!(
                Pattern::parse(pattern).unwrap().matches(text),
                Some(false),
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn unknown_syntax_is_refused() {
        for text in ["(?=a)", "(a)\\1", "*a", "[a", "(a", "a)"] {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_pattern_that_takes_for_ever_is_given_up() {
        let pattern = Pattern::parse("^(a+)+$").unwrap();
        assert_eq!(pattern.matches(&format!("{}b", "a".repeat(60))), None);
    }

    #[test]
    fn like_and_glob_follow_their_wildcards() {
        assert!(like_matches("%@%.com", "a@b.com") && !like_matches("a_", "abc") && like_matches("a\\%", "a%"));
        assert_eq!(glob_matches("a*[0-9]", "ab7"), Some(true));
        assert_eq!(glob_matches("a?c", "abd"), Some(false));
        let sample = Pattern::parse(&like_as_regex("%@%.com")).unwrap().sample(3);
        assert!(like_matches("%@%.com", &sample), "{sample}");
        let sample = Pattern::parse(&glob_as_regex("[A-Z]*.txt")).unwrap().sample(3);
        assert_eq!(glob_matches("[A-Z]*.txt", &sample), Some(true), "{sample}");
    }
}
