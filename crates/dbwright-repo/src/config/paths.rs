//! Patterns for files of the repository: `db/migrations/**/0001_*.sql`.

use std::path::Path;

/// A pattern for paths relative to the root of the repository. `?` stands for one letter and `*` for any number of them,
/// without `/`; `**` as a whole part of the path stands for any number of folders. A pattern that ends with `/` or `/**`
/// means everything below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    text: String,
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
        let form = "a pattern is relative to its root, as in \"db/migrations/0001_*.sql\"";
        let clean = text.strip_prefix("./").unwrap_or(text);
        if clean.is_empty() {
            return Err(format!("an empty pattern fits nothing: {form}"));
        }
        if clean.starts_with('/') || clean.split('/').any(|part| part == "..") {
            return Err(format!("`{text}` leaves the repository: {form}"));
        }
        if clean.contains(['\\', '[', ']', '{', '}', '!']) {
            return Err(format!(
                "`{text}` has letters that mean nothing here: only `*`, `**` and `?` do"
            ));
        }
        let everything_below = if clean.ends_with('/') { "**" } else { "" };
        Ok(Pattern {
            text: format!("{clean}{everything_below}"),
        })
    }

    /// Whether a path, relative to the root, is meant.
    pub fn fits(&self, path: &Path) -> bool {
        let path = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let pattern: Vec<&str> = self.text.split('/').collect();
        let path: Vec<&str> = path.split('/').collect();
        parts_fit(&pattern, &path)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn parts_fit(pattern: &[&str], path: &[&str]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ["**"] => !path.is_empty(),
        ["**", rest @ ..] => (0..path.len()).any(|skipped| parts_fit(rest, &path[skipped..])),
        [part, rest @ ..] => match path {
            [] => false,
            [first, others @ ..] => part_fits(part, first) && parts_fit(rest, others),
        },
    }
}

/// One part of a path, letter by letter: back to the last `*` where it goes wrong.
fn part_fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut pattern_at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(pattern_at) {
            Some('*') => {
                star = Some((pattern_at, at));
                pattern_at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[at] => {
                at += 1;
                pattern_at += 1;
            }
            Some(_) | None => match star {
                Some((star_at, tried)) => {
                    star = Some((star_at, tried + 1));
                    pattern_at = star_at + 1;
                    at = tried + 1;
                }
                None => return false,
            },
        }
    }
    pattern[pattern_at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().fits(Path::new(path))
    }

    #[test]
    fn stars_stay_in_their_folder_and_double_stars_do_not() {
        for (pattern, path) in [
            ("db/1.sql", "db/1.sql"),
            ("./db/1.sql", "db/1.sql"),
            ("db/*.sql", "db/1.sql"),
            ("db/000?_*_a*.sql", "db/0001_x_a_b.sql"),
            ("db/**", "db/1.sql"),
            ("db/", "db/a/1.sql"),
            ("**/1.sql", "1.sql"),
            ("**/1.sql", "a/b/1.sql"),
            ("db/**/*.sql", "db/1.sql"),
            ("db/**/up.sql", "db/a/b/up.sql"),
            ("*", "1.sql"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("db/*.sql", "db/a/1.sql"),
            ("*.sql", "db/1.sql"),
            ("db/**", "db"),
            ("db", "db/1.sql"),
            ("db/0?.sql", "db/0.sql"),
            ("db/*a.sql", "db/b.sql"),
            ("DB/1.sql", "db/1.sql"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn what_means_nothing_here_is_refused() {
        for text in ["", "/db/*", "../db/*", "a/../b", "db/[ab].sql", "!db", "db\\1.sql"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
