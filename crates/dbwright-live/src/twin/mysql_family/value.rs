//! Values for parameters, taken from the rows that were made up: both engines plan with the values of a query, and with none that no
//! row has.

use mysql_async::prelude::Queryable as _;

use super::{Twin, failed, literal, quoted, refusal};
use crate::LiveError;

/// A column of a twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinColumn {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Its type, without length: `varchar`.
    pub data_type: String,
}

impl Twin {
    /// All columns of tables and views.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn columns(&self) -> Result<Vec<TwinColumn>, LiveError> {
        let mut session = self.connect().await?;
        let sql = "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS \
                   WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";
        let rows: Vec<(String, String, String)> = session.query(sql).await.map_err(failed)?;
        session.disconnect().await.map_err(failed)?;
        let columns = rows
            .into_iter()
            .map(|(table, name, data_type)| TwinColumn { table, name, data_type });
        Ok(columns.collect())
    }

    /// The value of a column below which this share of its values lies, as SQL; nothing where there is no value, or none that can
    /// be written.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn value(&self, column: &TwinColumn, share: f64) -> Result<Option<String>, LiveError> {
        let Some(form) = Form::of(&column.data_type) else {
            return Ok(None);
        };
        let (table, name) = (quoted(&column.table), quoted(&column.name));
        let mut session = self.connect().await?;
        let count = format!("SELECT count({name}) FROM {table}");
        let Ok(Some(rows)) = session.query_first::<u64, _>(count).await else {
            return Ok(None);
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "numbers of rows of a twin are small"
        )]
        let skipped = (rows as f64 * share.clamp(0.0, 1.0)) as u64;
        let value = match form {
            Form::Number => format!("CAST({name} AS CHAR)"),
            Form::Bytes => format!("concat('0x', hex({name}))"),
            Form::Text => format!("CONVERT({name} USING utf8mb4)"),
        };
        let sql = format!(
            "SELECT {value} FROM {table} WHERE {name} IS NOT NULL ORDER BY {name} LIMIT 1 OFFSET {}",
            skipped.min(rows.saturating_sub(1))
        );
        let found: Option<Option<String>> = match session.query_first(sql).await {
            Ok(found) => found,
            Err(error) => refusal::<()>(Err(error)).map(|_| None)?,
        };
        session.disconnect().await.map_err(failed)?;
        Ok(found.flatten().map(|value| match form {
            Form::Number | Form::Bytes => value,
            Form::Text => literal(&value),
        }))
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
