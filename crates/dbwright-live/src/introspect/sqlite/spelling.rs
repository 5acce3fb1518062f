//! Definitions in the one spelling that all texts with their meaning have.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Column, ObjectKind};
use dbwright_ddl::sqlite_text::{KnownNames, canonical, canonical_expression, canonical_type};

use super::{Entry, Reader, Spelling};
use dbwright_ddl::sqlite_text::names;

impl Reader<'_> {
    /// Rewrites the texts of all entries.
    pub(super) fn respell(&self, entries: &mut [Entry]) -> rusqlite::Result<()> {
        let columns = self.column_names(entries)?;
        for entry in entries {
            let Some(sql) = &mut entry.sql else { continue };
            let table = entry.table.to_ascii_lowercase();
            let (kind, known) = match entry.kind.as_str() {
                "table" => (ObjectKind::Table, columns.get(&table).cloned().unwrap_or_default()),
                "index" => (ObjectKind::Index, columns.get(&table).cloned().unwrap_or_default()),
                "view" => (ObjectKind::View, mentioned(sql, &columns)),
                "trigger" => (ObjectKind::Trigger, mentioned(sql, &columns)),
                _ => continue,
            };
            *sql = canonical(kind, sql, &known);
        }
        Ok(())
    }

    /// Rewrites what the pragmas tell of a column.
    pub(super) fn respell_column(&self, column: &mut Column) {
        if self.spelling == Spelling::Canonical {
            column.type_name = canonical_type(&column.type_name);
            let default = column.default.as_deref();
            column.default = default.map(|default| canonical_expression(default, &KnownNames::new()));
        }
    }

    /// The columns of every table and view, all in lower case. Views that are broken and tables of missing modules have none.
    fn column_names(&self, entries: &[Entry]) -> rusqlite::Result<BTreeMap<String, KnownNames>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT lower(name) FROM pragma_table_xinfo(?1, 'main')")?;
        let relations = entries
            .iter()
            .filter(|entry| entry.kind == "table" || entry.kind == "view");
        let mut columns = BTreeMap::new();
        for entry in relations {
            let read = statement
                .query_map([&entry.name], |row| row.get(0))
                .and_then(Iterator::collect::<rusqlite::Result<BTreeSet<String>>>);
            columns.insert(entry.name.to_ascii_lowercase(), read.unwrap_or_default());
        }
        Ok(columns)
    }
}

/// The tables and views that a text mentions, and their columns.
fn mentioned(sql: &str, columns: &BTreeMap<String, KnownNames>) -> KnownNames {
    let mut known = KnownNames::new();
    for name in names(sql) {
        if let Some(columns) = columns.get(&name) {
            known.extend(columns.iter().cloned());
            known.insert(name);
        }
    }
    known
}
