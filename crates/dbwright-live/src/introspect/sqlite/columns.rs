//! Columns: pragmas for all but collations and the expressions of generated columns.

use dbwright_catalog::{Column, ColumnExtra, Generated, GeneratedKind, ObjectBody, ObjectId, SqliteColumn};

use super::Reader;
use super::keys::identifier;
use dbwright_ddl::sqlite_text::TableText;
use dbwright_ddl::sqlite_text::{is_operator, tokens};

impl Reader<'_> {
    /// Reads the columns of a table; gives those of its primary key in order.
    pub(super) fn columns(&mut self, table: &ObjectId, text: &TableText) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
        )?;
        let rows = statement.query_map([table.name()], |row| {
            let hidden: u32 = row.get(5)?;
            let name: String = row.get(0)?;
            let written = text
                .columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(&name));
            let generated_kind = match hidden {
                2 => Some(GeneratedKind::Virtual),
                3 => Some(GeneratedKind::Stored),
                _ => None,
            };
            let column = Column {
                position: 0,
                type_name: row.get::<_, String>(1)?,
                not_null: row.get(2)?,
                default: row.get(3)?,
                generated: generated_kind.map(|kind| Generated {
                    kind,
                    expression: written.and_then(|column| column.generated.clone()).unwrap_or_default(),
                }),
                identity: None,
                collation: written.and_then(|column| column.collation.clone()),
                extra: ColumnExtra::Sqlite(SqliteColumn {
                    primary_key_position: row.get(4)?,
                }),
            };
            Ok((name, column, hidden == 1))
        })?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let mut primary_key = Vec::new();
        let visible = rows.into_iter().filter(|(_, _, hidden)| !hidden);
        for (position, (name, mut column, _)) in (1..).zip(visible) {
            column.position = position;
            self.respell_column(&mut column);
            let ColumnExtra::Sqlite(SqliteColumn { primary_key_position }) = column.extra else {
                continue;
            };
            if primary_key_position > 0 {
                primary_key.push((primary_key_position, name.clone()));
            }
            let definition = column_definition(&name, &column);
            self.insert(table.column(name), definition, ObjectBody::Column(column));
        }
        primary_key.sort();
        Ok(primary_key.into_iter().map(|(_, name)| name).collect())
    }
}

/// The canonical text of a column: SQLite has no definition text for a column alone.
fn column_definition(name: &str, column: &Column) -> String {
    let mut words = vec![identifier(name)];
    if !column.type_name.is_empty() {
        words.push(column.type_name.clone());
    }
    if column.not_null {
        words.push("NOT NULL".to_owned());
    }
    if let Some(default) = &column.default {
        words.push(format!("DEFAULT {}", default_value(default)));
    }
    if let Some(collation) = &column.collation {
        words.push(format!("COLLATE {collation}"));
    }
    if let Some(generated) = &column.generated {
        let kind = match generated.kind {
            GeneratedKind::Stored => "STORED",
            GeneratedKind::Virtual => "VIRTUAL",
        };
        words.push(format!("GENERATED ALWAYS AS ({}) {kind}", generated.expression));
    }
    words.join(" ")
}

/// A default as it may stand in a definition: the pragma tells expressions without the brackets they need.
fn default_value(default: &str) -> String {
    match tokens(default).as_slice() {
        [_] => default.to_owned(),
        [sign, _] if is_operator(sign, "-") || is_operator(sign, "+") => default.to_owned(),
        _ => format!("({default})"),
    }
}
