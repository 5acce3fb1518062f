//! Key parts of indexes, taken apart: which column, in which order, by which operators.

use dbwright_catalog::{Engine, Index};

/// One part of an index's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyPart {
    /// The whole part as the server prints it: two parts with the same text serve the same queries.
    pub(crate) text: String,
    /// The column, where it is one and no expression.
    pub(crate) column: Option<String>,
    /// How many letters or bytes of the column are in the index, where not all are (MySQL, MariaDB).
    pub(crate) prefix: Option<u32>,
    /// What stands behind the column: `DESC`, an operator class, a collation.
    pub(crate) options: String,
}

/// The parts of an index. PostgreSQL tells operator classes and orders in the definition only.
pub(super) fn parts(engine: Engine, index: &Index, definition: &str) -> Vec<KeyPart> {
    let of_definition = match engine {
        Engine::Postgres => postgres_keys(definition),
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => None,
    };
    let texts = of_definition.filter(|texts| texts.len() == index.keys.len());
    let texts = texts.unwrap_or_else(|| index.keys.clone());
    texts.iter().map(|text| part(engine, text)).collect()
}

/// The key parts in `CREATE INDEX … USING btree (a DESC, lower(b)) …`.
fn postgres_keys(definition: &str) -> Option<Vec<String>> {
    let using = definition.find(" USING ")?;
    let open = using + definition[using..].find('(')?;
    Some(split(definition.get(open + 1..)?))
}

/// The parts between commas, up to the bracket that closes the list.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut depth = 0_u32;
    let mut quote: Option<char> = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => break,
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(part.trim().to_owned());
                part.clear();
                continue;
            }
            (Some(_) | None, _) => {}
        }
        part.push(letter);
    }
    parts.push(part.trim().to_owned());
    parts
}

fn part(engine: Engine, text: &str) -> KeyPart {
    let text = text.trim();
    let expression = KeyPart {
        text: text.to_owned(),
        column: None,
        prefix: None,
        options: String::new(),
    };
    let Some((name, rest)) = leading_name(text) else {
        return expression;
    };
    let is_mysql_family = matches!(engine, Engine::MySql | Engine::MariaDb);
    let (prefix, rest) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((length, rest)) if is_mysql_family => (length.parse().ok(), rest),
        _ => (None, rest),
    };
    let words: Vec<String> = rest.split_whitespace().map(str::to_uppercase).collect();
    let is_option = match words.first().map(String::as_str) {
        None | Some("ASC" | "DESC" | "COLLATE") => true,
        Some("NULLS") => engine == Engine::Postgres,
        // An operator class, with or without its schema.
        Some(word) => {
            engine == Engine::Postgres
                && rest.starts_with(' ')
                && word.starts_with(|first: char| first.is_alphabetic() || first == '_')
        }
    };
    if !rest.is_empty() && (!rest.starts_with(' ') || !is_option) {
        return expression;
    }
    let options = words.join(" ");
    let options = if options == "ASC" { String::new() } else { options };
    KeyPart {
        text: format!(
            "{name}{} {options}",
            prefix.map_or(String::new(), |length: u32| format!("({length})"))
        )
        .trim_end()
        .to_owned(),
        column: Some(name),
        prefix,
        options,
    }
}

/// The identifier that a text begins with, without its quotes, and what follows it.
fn leading_name(text: &str) -> Option<(String, &str)> {
    let first = text.chars().next()?;
    let close = match first {
        '"' | '`' => first,
        '[' => ']',
        letter if letter.is_alphabetic() || letter == '_' => {
            let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
            let end = text.find(|letter| !is_word(letter)).unwrap_or(text.len());
            return Some((text[..end].to_owned(), &text[end..]));
        }
        _ => return None,
    };
    let mut name = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != close {
            name.push(letter);
        } else if letters.next_if(|(_, next)| *next == close && close != ']').is_some() {
            name.push(close);
        } else {
            return Some((name, &text[at + close.len_utf8()..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(engine: Engine, text: &str) -> (Option<String>, Option<u32>, String) {
        let part = part(engine, text);
        (part.column, part.prefix, part.options)
    }

    #[test]
    fn columns_are_told_from_expressions() {
        let column = |name: &str, prefix, options: &str| (Some(name.to_owned()), prefix, options.to_owned());
        let none = (None, None, String::new());
        assert_eq!(of(Engine::Postgres, "total"), column("total", None, ""));
        assert_eq!(of(Engine::Postgres, "\"a \"\"b\" DESC"), column("a \"b", None, "DESC"));
        assert_eq!(
            of(Engine::Postgres, "name text_pattern_ops"),
            column("name", None, "TEXT_PATTERN_OPS")
        );
        assert_eq!(of(Engine::Postgres, "lower(name)"), none);
        assert_eq!(of(Engine::Postgres, "((a + b))"), none);
        assert_eq!(of(Engine::MySql, "name(10) DESC"), column("name", Some(10), "DESC"));
        assert_eq!(of(Engine::MySql, "(`a` + 1)"), none);
        assert_eq!(
            of(Engine::Sqlite, "name COLLATE NOCASE"),
            column("name", None, "COLLATE NOCASE")
        );
        assert_eq!(of(Engine::Sqlite, "a || b"), none);
        assert_eq!(of(Engine::Sqlite, "a + 1"), none);
    }

    #[test]
    fn keys_of_postgres_are_read_from_the_definition() {
        let definition = "CREATE INDEX i ON public.t USING btree (a DESC, COALESCE(b, 'x,)'::text), \"c,d\") \
                          INCLUDE (e) WHERE (a > 1)";
        assert_eq!(
            postgres_keys(definition).unwrap(),
            ["a DESC", "COALESCE(b, 'x,)'::text)", "\"c,d\""]
        );
    }
}
