//! Definitions of objects for which a server has no text of its own: the canonical JSON of what its catalogs hold.

use std::fmt::Write as _;

/// An object of JSON, built member by member. What is empty or false is left out, so that the text of an object stays the
/// same when a later version learns to read one property more.
#[derive(Clone, Debug, Default)]
pub struct Canonical {
    text: String,
}

impl Canonical {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// A member with a text, unless it is empty.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.name(name);
            self.string(value);
        }
        self
    }

    /// A member that is `true`, or nothing.
    #[must_use]
    pub fn flag(mut self, name: &str, value: bool) -> Self {
        if value {
            self.name(name);
            self.text.push_str("true");
        }
        self
    }

    /// A member with a list of texts, unless it is empty.
    #[must_use]
    pub fn list<T: AsRef<str>>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let mut values = values.into_iter();
        if let Some(first) = values.next() {
            self.name(name);
            self.text.push('[');
            self.string(first.as_ref());
            for value in values {
                self.text.push_str(", ");
                self.string(value.as_ref());
            }
            self.text.push(']');
        }
        self
    }

    /// The whole text.
    pub fn finish(self) -> String {
        if self.text.is_empty() {
            "{}".to_owned()
        } else {
            self.text + "}"
        }
    }

    fn name(&mut self, name: &str) {
        self.text.push_str(if self.text.is_empty() { "{" } else { ", " });
        self.string(name);
        self.text.push_str(": ");
    }

    fn string(&mut self, value: &str) {
        self.text.push('"');
        for letter in value.chars() {
            match letter {
                '"' | '\\' => {
                    self.text.push('\\');
                    self.text.push(letter);
                }
                letter if letter < ' ' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(letter));
                }
                letter => self.text.push(letter),
            }
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::Canonical;

    #[test]
    fn what_is_empty_is_left_out_and_what_is_there_is_json() {
        assert_eq!(
            Canonical::new()
                .text("a", "")
                .flag("b", false)
                .list("c", [""; 0])
                .finish(),
            "{}"
        );
        let text = Canonical::new()
            .text("a", "x\"\\\n")
            .flag("b", true)
            .list("c", ["1", "2"])
            .finish();
        assert_eq!(text, r#"{"a": "x\"\\\u000a", "b": true, "c": ["1", "2"]}"#);
    }
}
