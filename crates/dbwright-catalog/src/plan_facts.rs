//! What is known of the tables that a query plan reads.

use crate::Setting;

/// What a server knows of the tables of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanFacts {
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// Settings that plans depend on, with their units: `work_mem` is `4MB`.
    pub settings: Vec<Setting>,
}

impl PlanFacts {
    /// The table of this name. Where no schema is said, the first of that name.
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&TableFacts> {
        self.tables
            .iter()
            .find(|table| table.name == name && schema.is_none_or(|schema| table.schema == schema))
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
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type with its length: `character varying(20)`.
    pub data_type: String,
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
}
