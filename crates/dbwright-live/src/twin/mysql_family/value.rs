//! Values for parameters, taken from the rows that were made up: a planner finds nothing by a value that no row has.

use mysql_async::prelude::Queryable as _;

use super::{Twin, failed, quoted, refusal};
use crate::LiveError;
use crate::column_values::{COLUMNS, TypedColumn};

impl Twin {
    /// All columns of tables and views.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn columns(&self) -> Result<Vec<TypedColumn>, LiveError> {
        let mut session = self.connect().await?;
        let rows: Vec<(String, String, String, String)> = session.query(COLUMNS).await.map_err(failed)?;
        session.disconnect().await.map_err(failed)?;
        let columns = rows.into_iter().map(|(table, name, data_type, declared)| TypedColumn {
            table,
            name,
            data_type,
            declared,
        });
        Ok(columns.collect())
    }

    /// The value of a column below which this share of its values lies, as SQL; nothing where there is no value, or none that can
    /// be written.
    ///
    /// # Errors
    ///
    /// When the server is gone.
    pub async fn value(&self, column: &TypedColumn, share: f64) -> Result<Option<String>, LiveError> {
        let Some(value) = column.as_text() else {
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
        let sql = format!(
            "SELECT {value} FROM {table} WHERE {name} IS NOT NULL ORDER BY {name} LIMIT 1 OFFSET {}",
            skipped.min(rows.saturating_sub(1))
        );
        let found: Option<Option<String>> = match session.query_first(sql).await {
            Ok(found) => found,
            Err(error) => refusal::<()>(Err(error)).map(|_| None)?,
        };
        session.disconnect().await.map_err(failed)?;
        Ok(found.flatten().map(|value| column.written(&value)))
    }
}
