//! What is known of the tables that a query plan reads.

use crate::Setting;

/// What a server knows of the tables of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanFacts {
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// Views, where a plan does not tell what they stand for.
    pub views: Vec<ViewFacts>,
    /// Settings that plans depend on, with their units: `work_mem` is `4MB`.
    pub settings: Vec<Setting>,
}

impl PlanFacts {
    /// The table of this name. Where no schema is said, the first of that name; one that is written in other letters where
    /// there is none in these.
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&TableFacts> {
        let of_schema = || {
            let tables = self.tables.iter();
            tables.filter(|table| schema.is_none_or(|schema| table.schema == schema))
        };
        let exact = of_schema().find(|table| table.name == name);
        exact.or_else(|| of_schema().find(|table| table.name.eq_ignore_ascii_case(name)))
    }

    /// A setting's value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|setting| setting.name == name);
        setting.map(|setting| setting.value.as_str())
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableFacts {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Rows, as last counted or estimated; nothing where nobody has.
    pub rows: Option<f64>,
    /// Pages.
    pub pages: f64,
    /// Pages in which everybody sees every row.
    pub all_visible_pages: f64,
    /// Bytes of a row on average, where the server tells these of tables and not of columns.
    pub row_bytes: Option<f64>,
    /// Its columns.
    pub columns: Vec<ColumnFacts>,
    /// Its indexes.
    pub indexes: Vec<IndexFacts>,
    /// What it is partitioned by: `RANGE (placed_at)`.
    pub partition_key: Option<String>,
    /// Schema and name of the table that it is a partition of.
    pub partition_of: Option<(String, String)>,
}

impl TableFacts {
    /// The column of this name, or one that is written in other letters where there is none in these.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| {
            self.columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
        })
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type with its length: `character varying(20)`.
    pub data_type: String,
    /// By which it is compared, where that is not the usual one of the engine; of MySQL and MariaDB always: `utf8mb4_0900_ai_ci`.
    pub collation: Option<String>,
    /// Whether it refuses NULL.
    pub not_null: bool,
    /// Average width in bytes, where statistics tell.
    pub width: Option<u32>,
    /// How many values there are, negative as a share of the rows, where statistics tell.
    pub distinct: Option<f64>,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexFacts {
    /// Its name.
    pub name: String,
    /// `btree`, `gin`.
    pub method: String,
    /// Whether it is unique.
    pub unique: bool,
    /// Its keys in the server's own words: names of columns, or expressions.
    pub keys: Vec<String>,
    /// Which rows it holds, where not all.
    pub predicate: Option<String>,
    /// How many these are, where statistics tell.
    pub rows: Option<f64>,
    /// Rows that share the first key, the first two keys, …, on average, where statistics tell.
    pub rows_each: Vec<f64>,
}

/// A view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewFacts {
    /// Its name.
    pub name: String,
    /// What makes it.
    pub sql: String,
}
