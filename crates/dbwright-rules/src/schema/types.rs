//! Names of types taken apart, and names of columns read as words.

use dbwright_catalog::Engine;

/// A type as the server prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeName {
    /// Without arguments and attributes, in lower case: `character varying`, `int unsigned`.
    pub(crate) base: String,
    /// What stands in brackets: `10,2`.
    pub(crate) arguments: Option<String>,
    /// Whether it is an array (PostgreSQL).
    pub(crate) is_array: bool,
    /// `ZEROFILL` (MySQL, MariaDB).
    pub(crate) zerofill: bool,
}

impl TypeName {
    pub(crate) fn parse(text: &str) -> TypeName {
        let lower = text.trim().to_lowercase();
        let is_array = lower.ends_with("[]");
        let lower = lower.trim_end_matches("[]");
        let (before, inside, after) = match lower.split_once('(') {
            Some((before, rest)) => {
                let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
                (before, Some(inside.to_owned()), after)
            }
            None => (lower, None, ""),
        };
        let words = before.split_whitespace().chain(after.split_whitespace());
        let zerofill = words.clone().any(|word| word == "zerofill");
        let base: Vec<&str> = words.filter(|word| *word != "zerofill").collect();
        TypeName {
            base: base.join(" "),
            arguments: inside,
            is_array,
            zerofill,
        }
    }

    /// Whether it holds text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(
            self.base.as_str(),
            "text"
                | "character varying"
                | "varchar"
                | "character"
                | "char"
                | "bpchar"
                | "citext"
                | "tinytext"
                | "mediumtext"
                | "longtext"
        )
    }
}

/// How SQLite stores what is written into a column.
/// Manual: <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// The affinity that a declared type has.
    pub(crate) fn of(type_name: &str) -> Affinity {
        let upper = type_name.to_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
        if has(&["INT"]) {
            Affinity::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Affinity::Text
        } else if upper.trim().is_empty() || has(&["BLOB"]) {
            Affinity::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }

    /// What a column of SQLite is meant for: text or numbers. Nothing where its type says neither to a reader (`UUID`, `JSON`,
    /// `DATETIME`), whatever SQLite makes of it.
    pub(crate) fn meant(type_name: &str) -> Option<&'static str> {
        let upper = type_name.to_uppercase();
        match Affinity::of(type_name) {
            Affinity::Integer | Affinity::Real => Some("a number"),
            Affinity::Numeric if ["NUM", "DEC"].iter().any(|word| upper.contains(word)) => Some("a number"),
            Affinity::Text => Some("text"),
            Affinity::Numeric | Affinity::Blob => None,
        }
    }
}

/// How many bytes an integer type has; nothing for other types.
pub(crate) fn integer_bytes(engine: Engine, type_name: &TypeName) -> Option<u32> {
    if type_name.is_array || engine == Engine::Sqlite {
        return None;
    }
    match type_name.base.trim_end_matches(" unsigned") {
        "tinyint" => Some(1),
        "smallint" => Some(2),
        "mediumint" => Some(3),
        "int" | "integer" => Some(4),
        "bigint" => Some(8),
        _ => None,
    }
}

/// The words of a name, in lower case: `unitPrice` and `unit_price` are `unit`, `price`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && was_lower {
            words.push(std::mem::take(&mut word));
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_apart() {
        let of = |text: &str| {
            let TypeName {
                base,
                arguments,
                is_array,
                zerofill,
            } = TypeName::parse(text);
            (base, arguments, is_array, zerofill)
        };
        assert_eq!(of("character varying(20)").0, "character varying");
        assert_eq!(of("timestamp(3) without time zone").0, "timestamp without time zone");
        assert_eq!(
            of("int(10) unsigned zerofill"),
            ("int unsigned".into(), Some("10".into()), false, true)
        );
        assert_eq!(
            of("numeric(10,2)[]"),
            ("numeric".into(), Some("10,2".into()), true, false)
        );
    }

    #[test]
    fn names_are_read_as_words() {
        assert_eq!(words("unitPrice"), ["unit", "price"]);
        assert_eq!(words("UnitPrice2"), ["unit", "price2"]);
        assert_eq!(words("unit_price"), ["unit", "price"]);
        assert_eq!(words("userID"), ["user", "id"]);
    }

    #[test]
    fn affinities_follow_the_rules_in_their_order() {
        for (type_name, affinity) in [
            ("STRING", Affinity::Numeric),
            ("FLOATING POINT", Affinity::Integer),
            ("VARCHAR(10)", Affinity::Text),
            ("", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
        ] {
            assert_eq!(Affinity::of(type_name), affinity, "{type_name}");
        }
    }
}
