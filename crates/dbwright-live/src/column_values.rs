//! Columns of MySQL and MariaDB, and values of them as SQL: both engines plan with the values of a query, so that something has to
//! stand in place of its parameters.

use dbwright_catalog::Engine;
use dbwright_ddl::{quote_identifier, quote_literal};

use crate::LiveError;
use crate::connect::Connection;

/// A column with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedColumn {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Its type, without length: `varchar`.
    pub data_type: String,
    /// Its type as it was declared: `enum('open','done')`.
    pub declared: String,
}

/// Where in a range a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where it begins.
    Lower,
    /// Where it ends.
    Upper,
}

impl TypedColumn {
    /// A value of its type that means nothing, the first, second and so on of several; nothing where none can be written.
    pub fn neutral(&self, number: usize) -> Option<String> {
        let letter = char::from(b'a' + u8::try_from(number % 26).unwrap_or(0));
        let labels = || {
            let (_, labels) = self.declared.split_once('(')?;
            let labels: Vec<&str> = labels.trim_end_matches(')').split("','").collect();
            let label = labels.get(number % labels.len())?.trim_matches('\'');
            Some(format!("'{label}'"))
        };
        Some(match self.data_type.as_str() {
            "date" | "datetime" | "timestamp" if number == 0 => "CURRENT_DATE".to_owned(),
            "date" | "datetime" | "timestamp" => format!("CURRENT_DATE - INTERVAL {number} DAY"),
            "time" => format!("'12:{:02}:00'", number % 60),
            "year" => "year(CURRENT_DATE)".to_owned(),
            "enum" | "set" => labels()?,
            "bit" => format!("{}", number % 2),
            "json" => format!("'{}'", number + 1),
            "uuid" => format!("'00000000-0000-0000-0000-{:012}'", number + 1),
            "inet4" => format!("'127.0.0.{}'", number % 255 + 1),
            "inet6" => format!("'::{}'", number % 255 + 1),
            _ => match Form::of(&self.data_type)? {
                Form::Number => (number + 1).to_string(),
                Form::Text => format!("'{letter}'"),
                Form::Bytes => format!("0x{:02x}", u32::from(letter)),
            },
        })
    }

    /// The same for one end of a range: of dates the last week, of numbers the first hundred.
    pub fn neutral_end(&self, end: End) -> Option<String> {
        match (self.data_type.as_str(), end) {
            ("date" | "datetime" | "timestamp", End::Lower) => Some("CURRENT_DATE - INTERVAL 7 DAY".to_owned()),
            ("date" | "datetime" | "timestamp", End::Upper) => Some("CURRENT_DATE".to_owned()),
            ("time", End::Lower) => Some("'00:00:00'".to_owned()),
            ("time", End::Upper) => Some("'12:00:00'".to_owned()),
            (_, End::Lower) => self.neutral(0),
            (kind, End::Upper) => match Form::of(kind) {
                Some(Form::Number) if kind != "year" && kind != "tinyint" => Some("100".to_owned()),
                Some(Form::Text) if kind.contains("char") || kind.contains("text") => Some("'m'".to_owned()),
                _ => self.neutral(0),
            },
        }
    }

    /// What gives its value as text, by which SQL can be written.
    pub(crate) fn as_text(&self) -> Option<String> {
        let name = quote_identifier(Engine::MySql, &self.name);
        Some(match Form::of(&self.data_type)? {
            Form::Number => format!("CAST({name} AS CHAR)"),
            Form::Bytes => format!("concat('0x', hex({name}))"),
            Form::Text => format!("CONVERT({name} USING utf8mb4)"),
        })
    }

    /// The text of a value as SQL.
    pub(crate) fn written(&self, value: &str) -> String {
        match Form::of(&self.data_type) {
            Some(Form::Text) => quote_literal(Engine::MySql, value),
            Some(Form::Number | Form::Bytes) | None => value.to_owned(),
        }
    }
}

/// How values of a type are written.
#[derive(Clone, Copy)]
enum Form {
    Number,
    Text,
    Bytes,
}

impl Form {
    fn of(data_type: &str) -> Option<Self> {
        match data_type {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year" => {
                Some(Form::Number)
            }
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" | "date"
            | "datetime" | "timestamp" | "time" | "uuid" | "inet4" | "inet6" => Some(Form::Text),
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Some(Form::Bytes),
            _ => None,
        }
    }
}

/// The question for all columns of the tables and views of the database.
pub(crate) const COLUMNS: &str = "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS \
                                  WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";

/// All columns of the tables and views of the database of a session.
///
/// # Errors
///
/// When the server is gone.
pub async fn columns(connection: &mut Connection) -> Result<Vec<TypedColumn>, LiveError> {
    let rows = connection.rows(COLUMNS).await?;
    let column = |row: Vec<Option<String>>| {
        let mut row = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || row.next().unwrap_or_default();
        TypedColumn {
            table: next(),
            name: next(),
            data_type: next(),
            declared: next(),
        }
    };
    Ok(rows.into_iter().map(column).collect())
}

/// The lowest or highest value of a column, as SQL, where it stands at the end of an index: no more than that end is read.
///
/// # Errors
///
/// When the server is gone, or may not be asked.
pub async fn end_of(connection: &mut Connection, column: &TypedColumn, end: End) -> Result<Option<String>, LiveError> {
    let Some(value) = column.as_text() else {
        return Ok(None);
    };
    let literal = |text: &str| quote_literal(Engine::MySql, text);
    let leads = format!(
        "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {} AND COLUMN_NAME = {} \
           AND SEQ_IN_INDEX = 1 AND SUB_PART IS NULL AND INDEX_TYPE = 'BTREE' LIMIT 1",
        literal(&column.table),
        literal(&column.name)
    );
    if connection.first_value(&leads).await?.is_none() {
        return Ok(None);
    }
    let quoted = |name: &str| quote_identifier(Engine::MySql, name);
    let (table, name) = (quoted(&column.table), quoted(&column.name));
    let order = match end {
        End::Lower => "ASC",
        End::Upper => "DESC",
    };
    let sql = format!("SELECT {value} FROM {table} WHERE {name} IS NOT NULL ORDER BY {name} {order} LIMIT 1");
    let found = connection.first_value(&sql).await?;
    Ok(found.map(|found| column.written(&found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(declared: &str) -> TypedColumn {
        TypedColumn {
            table: "t".to_owned(),
            name: "c".to_owned(),
            data_type: declared.split('(').next().unwrap_or_default().to_owned(),
            declared: declared.to_owned(),
        }
    }

    #[test]
    fn neutral_values_are_of_the_type() {
        for (declared, first, second) in [
            ("int(11)", Some("1"), Some("2")),
            ("varchar(20)", Some("'a'"), Some("'b'")),
            ("binary(16)", Some("0x61"), Some("0x62")),
            ("enum('open','it''s','done')", Some("'open'"), Some("'it''s'")),
            (
                "datetime(6)",
                Some("CURRENT_DATE"),
                Some("CURRENT_DATE - INTERVAL 1 DAY"),
            ),
            (
                "uuid",
                Some("'00000000-0000-0000-0000-000000000001'"),
                Some("'00000000-0000-0000-0000-000000000002'"),
            ),
            ("bit(1)", Some("0"), Some("1")),
            ("geometry", None, None),
        ] {
            let column = column(declared);
            assert_eq!(column.neutral(0).as_deref(), first, "{declared}");
            assert_eq!(column.neutral(1).as_deref(), second, "{declared}");
        }
        assert_eq!(column("bigint").neutral_end(End::Upper).as_deref(), Some("100"));
    }
}
