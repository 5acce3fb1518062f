//! Types as the server prints them, character sets, and what a change of type is.

use dbwright_catalog::{Column, ColumnExtra, Engine, Version};
use dbwright_sql::mysql_family::TypeText;

/// How a type is printed by an engine. Without its character set, which belongs to the column.
pub(super) fn printed(engine: Engine, written: &TypeText) -> String {
    let base = base_name(engine, &written.name);
    let arguments = written.arguments.join(",");
    let argument = written.arguments.first().map(String::as_str);
    let shown = match base {
        "tinyint" if matches!(written.name.as_str(), "bool" | "boolean") => "tinyint(1)".to_owned(),
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => integer(engine, base, argument, written),
        "decimal" => match written.arguments.as_slice() {
            [] => "decimal(10,0)".to_owned(),
            [digits] => format!("decimal({digits},0)"),
            _ => format!("decimal({arguments})"),
        },
        "float" if written.arguments.len() == 1 => {
            let digits: u32 = argument.and_then(|digits| digits.parse().ok()).unwrap_or(0);
            if digits > 24 { "double" } else { "float" }.to_owned()
        }
        "char" | "binary" | "bit" if arguments.is_empty() => format!("{base}(1)"),
        "year" if engine == Engine::MariaDb => "year(4)".to_owned(),
        "year" => "year".to_owned(),
        "text" | "blob" if !arguments.is_empty() => sized(base, argument, bytes_per_letter(base, written)).to_owned(),
        "datetime" | "timestamp" | "time" if arguments == "0" => base.to_owned(),
        _ if arguments.is_empty() => base.to_owned(),
        _ => format!("{base}({arguments})"),
    };
    let is_integer = base.ends_with("int");
    let mut text = shown;
    if written.unsigned && (is_integer || matches!(base, "decimal" | "float" | "double")) {
        text += " unsigned";
    }
    if written.zerofill {
        text += " zerofill";
    }
    text
}

fn bytes_per_letter(base: &str, written: &TypeText) -> u64 {
    if base == "blob" {
        return 1;
    }
    let charset = written.charset.as_deref().unwrap_or("utf8mb4");
    u64::from(letter_bytes_max(charset))
}

/// `TEXT(n)` is the smallest type that holds so much.
fn sized(base: &str, length: Option<&str>, letter: u64) -> &'static str {
    let bytes = length.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0) * letter;
    match (base, bytes) {
        ("text", ..=0xff) => "tinytext",
        ("text", ..=0xffff) => "text",
        ("text", ..=0x00ff_ffff) => "mediumtext",
        ("text", _) => "longtext",
        (_, ..=0xff) => "tinyblob",
        (_, ..=0xffff) => "blob",
        (_, ..=0x00ff_ffff) => "mediumblob",
        _ => "longblob",
    }
}

/// MySQL prints the width of integers only for `tinyint(1)` and with `ZEROFILL`, MariaDB always.
fn integer(engine: Engine, base: &str, width: Option<&str>, written: &TypeText) -> String {
    let unsigned = written.unsigned;
    if engine == Engine::MySql && !written.zerofill {
        let is_bool = base == "tinyint" && width == Some("1") && !unsigned;
        return if is_bool {
            "tinyint(1)".to_owned()
        } else {
            base.to_owned()
        };
    }
    let usual = match (base, unsigned) {
        ("tinyint", false) => "4",
        ("tinyint", true) => "3",
        ("smallint", false) => "6",
        ("smallint", true) => "5",
        ("mediumint", false) => "9",
        ("mediumint", true) => "8",
        ("int", false) => "11",
        ("int", true) => "10",
        _ => "20",
    };
    format!("{base}({})", width.unwrap_or(usual))
}

fn base_name(engine: Engine, name: &str) -> &str {
    match name {
        "integer" | "int4" => "int",
        "bool" | "boolean" | "int1" => "tinyint",
        "int2" => "smallint",
        "int3" | "middleint" => "mediumint",
        "int8" => "bigint",
        "dec" | "numeric" | "fixed" => "decimal",
        "double precision" | "float8" | "real" => "double",
        "float4" => "float",
        "character" | "nchar" => "char",
        "character varying" | "char varying" | "varcharacter" | "nvarchar" | "nchar varying" => "varchar",
        "long" | "long varchar" => "mediumtext",
        "long varbinary" => "mediumblob",
        "json" if engine == Engine::MariaDb => "longtext",
        "geometrycollection" if engine == Engine::MySql => "geomcollection",
        name => name,
    }
}

/// The word at the beginning of a printed type.
pub(super) fn base_of(type_name: &str) -> &str {
    type_name.split(['(', ' ']).next().unwrap_or_default()
}

/// Whether values of a printed type are texts, which have a character set.
pub(super) fn is_text(type_name: &str) -> bool {
    let base = base_of(type_name);
    base.ends_with("text") || matches!(base, "char" | "varchar" | "enum" | "set")
}

/// The number in parentheses.
pub(super) fn length_of(type_name: &str) -> Option<u32> {
    let (_, rest) = type_name.split_once('(')?;
    rest.split([')', ',']).next()?.trim().parse().ok()
}

/// How many bytes a letter takes at most
/// (<https://dev.mysql.com/doc/refman/9.7/en/charset-charsets.html>).
pub(super) fn letter_bytes_max(charset: &str) -> u32 {
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => 4,
        "utf8mb3" | "utf8" | "ujis" | "eucjpms" => 3,
        "ucs2" | "big5" | "gbk" | "gb2312" | "sjis" | "cp932" | "euckr" => 2,
        _ => 1,
    }
}

/// The full name of a character set or collation.
pub(super) fn full_name(name: &str) -> String {
    match name.split_once('_') {
        None if name == "utf8" => "utf8mb3".to_owned(),
        Some(("utf8", rest)) => format!("utf8mb3_{rest}"),
        _ => name.to_owned(),
    }
}

/// The collation that a character set has where none is written
/// (<https://mariadb.com/docs/server/reference/data-types/string-data-types/character-sets/setting-character-sets-and-collations>).
pub(super) fn default_collation(engine: Engine, version: Version, charset: &str) -> String {
    let is_new_mariadb = engine == Engine::MariaDb && version >= Version::new(11, 5, 0);
    match charset {
        "utf8mb4" if engine == Engine::MySql => "utf8mb4_0900_ai_ci".to_owned(),
        "utf8mb4" | "utf8mb3" | "ucs2" | "utf16" | "utf32" if is_new_mariadb => format!("{charset}_uca1400_ai_ci"),
        "latin1" => "latin1_swedish_ci".to_owned(),
        "binary" => "binary".to_owned(),
        charset => format!("{charset}_general_ci"),
    }
}

/// What becomes of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeChange {
    /// Nothing.
    None,
    /// A longer text, stored as before.
    Extended,
    /// A longer text whose length takes two bytes from now on, and held up to 127 bytes.
    Lengthened,
    /// The same, and held more.
    LongLengthened,
    /// More values at the end of an `ENUM` or `SET`, stored as before.
    LabelsAppended,
    /// Only the collation, or a character set that holds the same bytes.
    Collation,
    /// They are stored otherwise.
    Converted,
}

/// What a change of a column does to its values.
pub(super) fn change(before: &Column, after: &Column) -> TypeChange {
    let (old, new) = (before.type_name.as_str(), after.type_name.as_str());
    let same_charset = charset_of(before) == charset_of(after);
    let collates = same_charset && before.collation != after.collation;
    let of_type = type_change(
        (old, charset_of(before).unwrap_or_default()),
        (new, charset_of(after).unwrap_or_default()),
    );
    if same_charset && !collates {
        return of_type;
    }
    let is_compatible = match (charset_of(before), charset_of(after)) {
        (Some(before), Some(after)) => before == after || holds_the_same_bytes(before, after),
        _ => false,
    };
    match of_type {
        TypeChange::None | TypeChange::Extended if is_compatible => TypeChange::Collation,
        TypeChange::Lengthened | TypeChange::LongLengthened if is_compatible => of_type,
        TypeChange::None
        | TypeChange::Extended
        | TypeChange::Lengthened
        | TypeChange::LongLengthened
        | TypeChange::LabelsAppended
        | TypeChange::Collation
        | TypeChange::Converted => TypeChange::Converted,
    }
}

fn holds_the_same_bytes(before: &str, after: &str) -> bool {
    matches!(
        (before, after),
        ("utf8mb3", "utf8mb4") | ("ascii", "utf8mb3" | "utf8mb4" | "latin1")
    )
}

fn charset_of(column: &Column) -> Option<&str> {
    match &column.extra {
        ColumnExtra::MySqlFamily(extra) => extra.charset.as_deref(),
        _ => None,
    }
}

/// What a change from one printed type to another does, each with its character set.
fn type_change((old, old_charset): (&str, &str), (new, charset): (&str, &str)) -> TypeChange {
    if old == new && letter_bytes_max(old_charset) == letter_bytes_max(charset) {
        return TypeChange::None;
    }
    let (base, new_base) = (base_of(old), base_of(new));
    if base != new_base {
        return TypeChange::Converted;
    }
    match base {
        "varchar" | "varbinary" => {
            let (Some(before), Some(after)) = (length_of(old), length_of(new)) else {
                return TypeChange::Converted;
            };
            if after < before {
                return TypeChange::Converted;
            }
            let letter = |charset| {
                if base == "varchar" {
                    letter_bytes_max(charset)
                } else {
                    1
                }
            };
            let (before, after) = (before * letter(old_charset), after * letter(charset));
            // A length takes one byte up to 255, two from 256 on.
            if after >= before && (after <= 255 || before > 255) {
                TypeChange::Extended
            } else if after >= before && before <= 127 {
                TypeChange::Lengthened
            } else if after >= before {
                TypeChange::LongLengthened
            } else {
                TypeChange::Converted
            }
        }
        "enum" | "set" => {
            let (before, after) = (labels(old), labels(new));
            let size = |count: usize| match (base, count) {
                ("enum", ..256) => 1,
                ("enum", _) => 2,
                (_, count) => count.div_ceil(8).next_power_of_two(),
            };
            if after.starts_with(&before) && size(before.len()) == size(after.len()) {
                TypeChange::LabelsAppended
            } else {
                TypeChange::Converted
            }
        }
        _ if old == new => TypeChange::None,
        // Only the width that is shown differs.
        base if base.ends_with("int") => {
            let sign = |name: &str| (name.contains("unsigned"), name.contains("zerofill"));
            if sign(old) == sign(new) {
                TypeChange::None
            } else {
                TypeChange::Converted
            }
        }
        _ => TypeChange::Converted,
    }
}

/// The labels of an `ENUM` or `SET`, with their quotes.
fn labels(type_name: &str) -> Vec<&str> {
    let Some((_, rest)) = type_name.split_once('(') else {
        return Vec::new();
    };
    let rest = rest.strip_suffix(')').unwrap_or(rest);
    let mut labels = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, letter) in rest.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                labels.push(&rest[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    labels.push(&rest[start..]);
    labels
}

/// Whether columns of these types can be at the two ends of a foreign key
/// (<https://dev.mysql.com/doc/refman/9.7/en/create-table-foreign-keys.html>).
pub(super) fn can_refer(child: &Column, parent: &Column) -> bool {
    let (left, right) = (base_of(&child.type_name), base_of(&parent.type_name));
    if left.ends_with("int") && right.ends_with("int") || left == "decimal" {
        let sign = |name: &str| name.contains("unsigned");
        return left == right && sign(&child.type_name) == sign(&parent.type_name);
    }
    let alike = |name| match name {
        "char" | "varchar" => "text",
        "binary" | "varbinary" => "bytes",
        name => name,
    };
    let same_collation = !is_text(&child.type_name) || child.collation == parent.collation;
    alike(left) == alike(right) && same_collation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, arguments: &[&str]) -> TypeText {
        TypeText {
            name: name.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            ..TypeText::default()
        }
    }

    #[test]
    fn types_are_printed_as_each_engine_does() {
        for (name, arguments, mysql, mariadb) in [
            ("int", &[][..], "int", "int(11)"),
            ("bigint", &["20"], "bigint", "bigint(20)"),
            ("boolean", &[], "tinyint(1)", "tinyint(1)"),
            ("numeric", &["8"], "decimal(8,0)", "decimal(8,0)"),
            ("char", &[], "char(1)", "char(1)"),
            ("json", &[], "json", "longtext"),
            ("text", &["100"], "text", "text"),
            ("year", &[], "year", "year(4)"),
        ] {
            assert_eq!(printed(Engine::MySql, &written(name, arguments)), mysql);
            assert_eq!(printed(Engine::MariaDb, &written(name, arguments)), mariadb);
        }
    }

    #[test]
    fn a_longer_text_is_stored_as_before_on_either_side_of_255_bytes() {
        assert_eq!(
            type_change(("varchar(20)", "utf8mb4"), ("varchar(60)", "utf8mb4")),
            TypeChange::Extended
        );
        assert_eq!(
            type_change(("varchar(60)", "utf8mb4"), ("varchar(70)", "utf8mb4")),
            TypeChange::LongLengthened
        );
        assert_eq!(
            type_change(("varchar(70)", "utf8mb4"), ("varchar(90)", "utf8mb4")),
            TypeChange::Extended
        );
        assert_eq!(
            type_change(("enum('a','b')", ""), ("enum('a','b','c')", "")),
            TypeChange::LabelsAppended
        );
        assert_eq!(
            type_change(("enum('a','b')", ""), ("enum('b','a','c')", "")),
            TypeChange::Converted
        );
    }
}
