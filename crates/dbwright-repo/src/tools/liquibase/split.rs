//! Liquibase's own splitting of SQL, which knows no dollar quotes: a `;` outside of `BEGIN … END` ends a statement.
//!
//! As in <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/util/StringUtil.java>
//! (`processMultiLineSQL`, `isDelimiter`) and
//! <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/javacc/liquibase/util/grammar/SimpleSqlGrammar.jj>
//! (what a token is).

use std::ops::Range;

/// The parts that Liquibase sends one by one. Without a delimiter, `;` ends them, and `GO` or `/` alone in a line.
pub(super) fn split(text: &str, delimiter: Option<&str>) -> Vec<Range<usize>> {
    let delimiter = delimiter.map(Delimiter::new);
    let tokens = merged(tokens(text), text, delimiter.as_ref());
    let mut parts = Vec::new();
    let mut start = 0;
    let mut open_blocks = 0usize;
    for (index, token) in tokens.iter().enumerate() {
        let piece = &text[token.clone()];
        let previous = index.checked_sub(1).map(|index| &text[tokens[index].clone()]);
        let next = || {
            let after = tokens[index + 1..].iter().map(|token| text[token.clone()].trim());
            after.into_iter().find(|piece| !piece.is_empty()).unwrap_or_default()
        };
        let is_transaction = |word: &str| {
            ["transaction", "trans", "tran"]
                .iter()
                .any(|name| word.eq_ignore_ascii_case(name))
        };
        let is_message = |word: &str| {
            ["dialog", "conversation", "distributed"]
                .iter()
                .any(|name| word.eq_ignore_ascii_case(name))
        };
        if piece.eq_ignore_ascii_case("begin") && !is_transaction(next()) && !is_message(next()) {
            open_blocks += 1;
        }
        if piece.eq_ignore_ascii_case("end") && open_blocks > 0 && !is_transaction(next()) {
            open_blocks -= 1;
        }
        let ends = match &delimiter {
            None => is_usual_delimiter(piece, previous),
            Some(delimiter) => delimiter.is(piece, previous),
        };
        if open_blocks == 0 && ends {
            parts.push(start..token.start);
            start = token.end;
        }
    }
    parts.push(start..text.len());
    parts.retain(|part| !text[part.clone()].trim().is_empty());
    parts
}

fn is_usual_delimiter(piece: &str, previous: Option<&str>) -> bool {
    let alone = || previous.is_none_or(|previous| previous.ends_with('\n'));
    piece == ";" || ((piece.eq_ignore_ascii_case("go") || piece == "/") && alone())
}

/// What `endDelimiter` gives.
struct Delimiter {
    /// Without the line break in front of it.
    text: String,
    /// Whether it has to begin a line: `\nGO`.
    begins_line: bool,
}

impl Delimiter {
    fn new(written: &str) -> Delimiter {
        // Liquibase takes it for a regular expression; of alternatives the first one counts here.
        let first = written.split("\\n|").next().unwrap_or_default();
        let text = first.replace("\\n", "\n").replace("\\r", "").replace("\\s*", "");
        let text = if text.len() > 1 && text.starts_with('\n') {
            text.trim_end_matches('$')
        } else {
            &text
        };
        let begins_line = text.starts_with('\n');
        Delimiter {
            text: match text.trim() {
                "" => written.to_owned(),
                trimmed => trimmed.to_owned(),
            },
            begins_line,
        }
    }

    fn is(&self, piece: &str, previous: Option<&str>) -> bool {
        let begins_line = || previous.is_none_or(|previous| previous.ends_with('\n'));
        let needs_line = self.begins_line || self.text == "/";
        piece.eq_ignore_ascii_case(&self.text) && (!needs_line || begins_line())
    }
}

/// Puts tokens together that make up a delimiter: `//`, `$$`.
fn merged(tokens: Vec<Range<usize>>, text: &str, delimiter: Option<&Delimiter>) -> Vec<Range<usize>> {
    let Some(Delimiter { text: wanted, .. }) = delimiter else {
        return tokens;
    };
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while index < tokens.len() {
        let start = tokens[index].start;
        let end = tokens[index..]
            .iter()
            .map(|token| token.end)
            .find(|end| end - start >= wanted.len());
        match end {
            Some(end) if end - start == wanted.len() && text[start..end].eq_ignore_ascii_case(wanted) => {
                merged.push(start..end);
                while index < tokens.len() && tokens[index].end <= end {
                    index += 1;
                }
            }
            _ => {
                merged.push(tokens[index].clone());
                index += 1;
            }
        }
    }
    merged
}

/// White space, comments, strings, words with dots between them, and any other character by itself.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let length = if first.is_whitespace() {
            run(rest, char::is_whitespace)
        } else if rest.starts_with("--") {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map_or(first.len_utf8(), |end| end + 4)
        } else if matches!(first, '\'' | '"' | '`') {
            quoted(rest, first)
        } else if is_word(first) {
            word(rest)
        } else {
            first.len_utf8()
        };
        tokens.push(start..start + length);
        start += length;
    }
    tokens
}

fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '$' | '_' | '@' | '#')
}

/// A word, or several with dots between them, or the prefix of a string with the string.
fn word(text: &str) -> usize {
    let mut length = run(text, is_word);
    if let Some(quote) = text[length..].chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let prefix = &text[..length];
        if ["u", "e", "n", "r", "b", "rb", "_utf8"]
            .iter()
            .any(|known| prefix.eq_ignore_ascii_case(known))
        {
            return length + quoted(&text[length..], quote);
        }
    }
    while let Some(rest) = text[length..].strip_prefix('.') {
        let next = run(rest, is_word);
        if next == 0 {
            break;
        }
        length += 1 + next;
    }
    length
}

/// A quoted text: a doubled quote and a backslash do not end it. One that is never closed is a character by itself.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote != '`' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, delimiter: Option<&str>) -> Vec<String> {
        let found = split(text, delimiter).into_iter();
        found.map(|part| text[part].trim().to_owned()).collect()
    }

    #[test]
    fn semicolons_end_statements_outside_of_strings_and_blocks() {
        assert_eq!(parts("SELECT ';'; SELECT \"a;\"; -- b;\nSELECT 3", None).len(), 3);
        assert_eq!(parts("CREATE TRIGGER t BEGIN SELECT 1; END; SELECT 2;", None).len(), 2);
        assert_eq!(parts("BEGIN TRANSACTION; SELECT 1;", None).len(), 2);
        assert_eq!(
            parts("SELECT 1\nGO\nSELECT 2\n/\nSELECT 3/4", None),
            ["SELECT 1", "SELECT 2", "SELECT 3/4"]
        );
    }

    #[test]
    fn a_body_in_dollar_quotes_is_cut_at_its_declarations() {
        let text = "DO $$ DECLARE a int; BEGIN a := 1; END $$;";
        assert_eq!(parts(text, None), ["DO $$ DECLARE a int", "BEGIN a := 1; END $$"]);
    }

    #[test]
    fn another_delimiter_leaves_semicolons_alone() {
        assert_eq!(parts("A; B //\nC //", Some("//")), ["A; B", "C"]);
        assert_eq!(parts("A; B\nGO\nC", Some("\\nGO")), ["A; B", "C"]);
        assert_eq!(parts("A go B\ngo\nC", Some("\\nGO")), ["A go B", "C"]);
        assert_eq!(parts("A / B\n/\n", Some("/")), ["A / B"]);
        assert_eq!(parts("A$$B;$$", Some("$$")).len(), 1);
        assert_eq!(parts("A; B $$\nC $$", Some("$$")), ["A; B", "C"]);
        assert_eq!(
            parts("A; B\n/\nC", Some("\\n\\s*/\\s*\\n|\\n\\s*/\\s*$")),
            ["A; B", "C"]
        );
    }

    #[test]
    fn anything_is_split_without_end() {
        for text in ["", "'", "/*", "\"a", "E'\\", "a.", "é;ü", "--", "BEGIN", "END;"] {
            let _ = (split(text, None), split(text, Some("")), split(text, Some("\\n")));
        }
    }
}
