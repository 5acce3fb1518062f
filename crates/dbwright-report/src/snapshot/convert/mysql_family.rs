//! What the planners of MySQL and MariaDB know, in words of the file, and back.

use dbwright_catalog as words;

use crate::wire::snapshot as wire;

impl From<words::MySqlFamilyStatistics> for wire::MySqlFamilyStatistics {
    fn from(from: words::MySqlFamilyStatistics) -> Self {
        wire::MySqlFamilyStatistics {
            tables: from.tables.into_iter().map(Into::into).collect(),
            indexes: from.indexes.into_iter().map(Into::into).collect(),
            cardinalities: from.cardinalities.into_iter().map(Into::into).collect(),
            histograms_there: from.histograms_there,
            histograms: from.histograms.into_iter().map(Into::into).collect(),
            columns: from.columns.into_iter().map(Into::into).collect(),
            ends: from.ends.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wire::MySqlFamilyStatistics> for words::MySqlFamilyStatistics {
    fn from(from: wire::MySqlFamilyStatistics) -> Self {
        words::MySqlFamilyStatistics {
            tables: from.tables.into_iter().map(Into::into).collect(),
            indexes: from.indexes.into_iter().map(Into::into).collect(),
            cardinalities: from.cardinalities.into_iter().map(Into::into).collect(),
            histograms_there: from.histograms_there,
            histograms: from.histograms.into_iter().map(Into::into).collect(),
            columns: from.columns.into_iter().map(Into::into).collect(),
            ends: from.ends.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<words::InnodbTable> for wire::InnodbTable {
    fn from(from: words::InnodbTable) -> Self {
        wire::InnodbTable {
            table: from.table,
            rows: from.rows,
            clustered_pages: from.clustered_pages,
            other_pages: from.other_pages,
        }
    }
}

impl From<wire::InnodbTable> for words::InnodbTable {
    fn from(from: wire::InnodbTable) -> Self {
        words::InnodbTable {
            table: from.table,
            rows: from.rows,
            clustered_pages: from.clustered_pages,
            other_pages: from.other_pages,
        }
    }
}

impl From<words::InnodbIndex> for wire::InnodbIndex {
    fn from(from: words::InnodbIndex) -> Self {
        wire::InnodbIndex {
            table: from.table,
            index: from.index,
            name: from.name,
            value: from.value,
            sample_pages: from.sample_pages,
            description: from.description,
        }
    }
}

impl From<wire::InnodbIndex> for words::InnodbIndex {
    fn from(from: wire::InnodbIndex) -> Self {
        words::InnodbIndex {
            table: from.table,
            index: from.index,
            name: from.name,
            value: from.value,
            sample_pages: from.sample_pages,
            description: from.description,
        }
    }
}

impl From<words::Cardinality> for wire::Cardinality {
    fn from(from: words::Cardinality) -> Self {
        wire::Cardinality {
            table: from.table,
            index: from.index,
            position: from.position,
            values: from.values,
        }
    }
}

impl From<wire::Cardinality> for words::Cardinality {
    fn from(from: wire::Cardinality) -> Self {
        words::Cardinality {
            table: from.table,
            index: from.index,
            position: from.position,
            values: from.values,
        }
    }
}

impl From<words::Histogram> for wire::Histogram {
    fn from(from: words::Histogram) -> Self {
        wire::Histogram {
            table: from.table,
            column: from.column,
            json: from.json,
        }
    }
}

impl From<wire::Histogram> for words::Histogram {
    fn from(from: wire::Histogram) -> Self {
        words::Histogram {
            table: from.table,
            column: from.column,
            json: from.json,
        }
    }
}

impl From<words::MariaDbColumn> for wire::MariaDbColumn {
    fn from(from: words::MariaDbColumn) -> Self {
        wire::MariaDbColumn {
            table: from.table,
            column: from.column,
            null_fraction: from.null_fraction,
            length: from.length,
            frequency: from.frequency,
            least: from.least,
            greatest: from.greatest,
            histogram_kind: from.histogram_kind,
            histogram: from.histogram,
        }
    }
}

impl From<wire::MariaDbColumn> for words::MariaDbColumn {
    fn from(from: wire::MariaDbColumn) -> Self {
        words::MariaDbColumn {
            table: from.table,
            column: from.column,
            null_fraction: from.null_fraction,
            length: from.length,
            frequency: from.frequency,
            least: from.least,
            greatest: from.greatest,
            histogram_kind: from.histogram_kind,
            histogram: from.histogram,
        }
    }
}

impl From<words::ColumnEnds> for wire::ColumnEnds {
    fn from(from: words::ColumnEnds) -> Self {
        wire::ColumnEnds {
            table: from.table,
            column: from.column,
            least: from.least,
            greatest: from.greatest,
        }
    }
}

impl From<wire::ColumnEnds> for words::ColumnEnds {
    fn from(from: wire::ColumnEnds) -> Self {
        words::ColumnEnds {
            table: from.table,
            column: from.column,
            least: from.least,
            greatest: from.greatest,
        }
    }
}
