//! JSON as people write it into settings: with comments, single quotes, names without quotes and a last comma.
//!
//! As in <https://spec.json5.org>, and a little beyond: what is no literal (`process.env.NAME` of a settings file in
//! JavaScript) is read over, as a value that is not known.

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `{ name: value }`, in the order in which it is written.
    Object(Vec<(String, Value)>),
    /// `[a, b]`.
    Array(Vec<Value>),
    /// A string.
    Text(String),
    /// A number as it is written, `true`, `false`, `null`.
    Word(String),
    /// Anything else.
    Unknown,
}

impl Value {
    /// The value of a name in an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.entries()
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The entries of an object; none for anything else.
    pub(crate) fn entries(&self) -> &[(String, Value)] {
        match self {
            Value::Object(entries) => entries,
            Value::Array(_) | Value::Text(_) | Value::Word(_) | Value::Unknown => &[],
        }
    }

    /// The items of an array; none for anything else.
    pub(crate) fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) => items,
            Value::Object(_) | Value::Text(_) | Value::Word(_) | Value::Unknown => &[],
        }
    }

    /// A string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Object(_) | Value::Array(_) | Value::Word(_) | Value::Unknown => None,
        }
    }
}

/// Deeper values are not read.
const DEPTH_MAX: usize = 64;

/// Reads the first value of a text. Of a settings file in JavaScript that is the object after `module.exports =` or
/// `export default`.
pub(crate) fn parse(text: &str) -> Value {
    let start = ["module.exports", "export default"]
        .iter()
        .find_map(|word| text.find(word).map(|at| at + word.len()));
    let rest = text[start.unwrap_or(0)..].trim_start();
    let mut reader = Reader {
        rest: rest.strip_prefix('=').unwrap_or(rest),
    };
    reader.value(0)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Passes over white space and comments.
    fn space(&mut self) {
        loop {
            let trimmed = self.rest.trim_start();
            self.rest = if trimmed.starts_with("//") {
                &trimmed[trimmed.find('\n').unwrap_or(trimmed.len())..]
            } else if trimmed.starts_with("/*") {
                &trimmed[trimmed.find("*/").map_or(trimmed.len(), |at| at + 2)..]
            } else {
                self.rest = trimmed;
                return;
            };
        }
    }

    fn eat(&mut self, symbol: char) -> bool {
        self.space();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            self.rest = "";
            return Value::Unknown;
        }
        if self.eat('{') {
            return self.object(depth);
        }
        if self.eat('[') {
            return self.array(depth);
        }
        let before = self.rest;
        let value = match self.rest.chars().next() {
            Some('"' | '\'') => self.string().map_or(Value::Unknown, Value::Text),
            _ => Value::Word(self.word()),
        };
        self.space();
        let ends = self.rest.is_empty() || self.rest.starts_with([',', '}', ']', ';']);
        let is_word = match &value {
            Value::Word(word) => {
                matches!(word.as_str(), "true" | "false" | "null")
                    || word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
            }
            _ => true,
        };
        if ends && is_word {
            return value;
        }
        self.rest = before;
        self.pass_over();
        Value::Unknown
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut entries = Vec::new();
        while !self.eat('}') {
            if self.rest.is_empty() || self.rest.starts_with(']') {
                break;
            }
            let key = match self.rest.chars().next() {
                Some('"' | '\'') => self.string(),
                _ => Some(self.word()).filter(|word| !word.is_empty()),
            };
            match key {
                Some(key) if self.eat(':') => {
                    let value = self.value(depth + 1);
                    entries.push((key, value));
                }
                // `...others`, methods, shorthand.
                _ => self.pass_over(),
            }
            if !self.eat(',') && !self.rest.starts_with('}') {
                self.pass_over();
                self.eat(',');
            }
        }
        Value::Object(entries)
    }

    fn array(&mut self, depth: usize) -> Value {
        let mut items = Vec::new();
        while !self.eat(']') {
            if self.rest.is_empty() || self.rest.starts_with('}') {
                break;
            }
            items.push(self.value(depth + 1));
            if !self.eat(',') && !self.rest.starts_with(']') {
                self.pass_over();
                self.eat(',');
            }
        }
        Value::Array(items)
    }

    fn word(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || "_$.+-".contains(c)))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next()?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[at + c.len_utf8()..];
                return Some(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next()?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                '\n' => {}
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    text.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)?);
                }
                other => text.push(other),
            }
        }
        self.rest = "";
        None
    }

    /// Passes over an expression: to the next comma or closing bracket outside of brackets and strings.
    fn pass_over(&mut self) {
        let mut depth = 0usize;
        let mut quote = None;
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match quote {
                Some(_) if escaped => escaped = false,
                Some(_) if c == '\\' => escaped = true,
                Some(open) if c == open => quote = None,
                None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
                None if matches!(c, '(' | '[' | '{') => depth += 1,
                None if matches!(c, ')' | ']' | '}') && depth > 0 => depth -= 1,
                None if matches!(c, ',' | ')' | ']' | '}') && depth == 0 => {
                    // A closing parenthesis without an opening one ends nothing that is read here.
                    let skip = usize::from(c == ')');
                    self.rest = &self.rest[at + skip..];
                    return;
                }
                Some(_) | None => {}
            }
        }
        self.rest = "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_with_comments_and_without_quotes_is_read() {
        let value = parse("/* x */ { a: 'it\\'s', // b: 1\n \"b\": [1, true, null,], c: {d: \"\\u00e9\"}, }");
        assert_eq!(value.get("a").and_then(Value::text), Some("it's"));
        assert_eq!(value.get("b").map(|b| b.items().len()), Some(3));
        assert_eq!(
            value.get("b").map(|b| &b.items()[1]),
            Some(&Value::Word("true".to_owned()))
        );
        assert_eq!(value.get("c").and_then(|c| c.get("d")).and_then(Value::text), Some("é"));
    }

    #[test]
    fn values_that_a_program_would_compute_are_not_known() {
        let value = parse(
            "const x = 1;\nmodule.exports = {\n  url: process.env.URL || 'a', run() { return {} },\n  ...more,\n  name: \"b\", list: [f(1, 2), 'c'],\n};\n",
        );
        assert_eq!(value.get("url"), Some(&Value::Unknown));
        assert_eq!(value.get("name").and_then(Value::text), Some("b"));
        assert_eq!(
            value.get("list").map(Value::items),
            Some(&[Value::Unknown, Value::Text("c".to_owned())][..])
        );
    }

    #[test]
    fn anything_is_read_without_end() {
        for text in [
            "",
            "{",
            "[",
            "{a",
            "{a:",
            "\"",
            "{]",
            "[}",
            ")",
            "{)}",
            "{a:)}",
            "[1 2]",
            "{'a' 'b'}",
            "{,}",
        ] {
            let _ = parse(text);
        }
        let _ = parse(&"[".repeat(10_000));
    }
}
