//! What a server answers, read value by value.

use crate::measure::TextRows;

/// A row whose values are taken one after the other.
#[derive(Default)]
pub(super) struct Row {
    values: std::vec::IntoIter<Option<String>>,
}

impl Row {
    pub(super) fn all(rows: TextRows) -> impl Iterator<Item = Row> {
        rows.into_iter().map(|row| Row {
            values: row.into_iter(),
        })
    }

    pub(super) fn maybe(&mut self) -> Option<String> {
        self.values.next().flatten()
    }

    pub(super) fn text(&mut self) -> String {
        self.maybe().unwrap_or_default()
    }

    pub(super) fn number(&mut self) -> i64 {
        self.maybe_number().unwrap_or_default()
    }

    pub(super) fn maybe_number(&mut self) -> Option<i64> {
        self.maybe()?.parse().ok()
    }

    /// A number that is no less than nothing.
    pub(super) fn natural(&mut self) -> u64 {
        self.maybe().and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    pub(super) fn float(&mut self) -> f64 {
        self.maybe().and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    pub(super) fn flag(&mut self) -> bool {
        self.maybe().as_deref() == Some("t")
    }
}
