//! What SQLite's planner knows, in words of the file, and back.

use dbwright_catalog as words;

use crate::wire::snapshot as wire;

impl From<words::SqliteStatistics> for wire::SqliteStatistics {
    fn from(from: words::SqliteStatistics) -> Self {
        wire::SqliteStatistics {
            counts: from.counts.map(|counts| counts.into_iter().map(Into::into).collect()),
            samples_there: from.samples_there,
            samples: from.samples.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wire::SqliteStatistics> for words::SqliteStatistics {
    fn from(from: wire::SqliteStatistics) -> Self {
        words::SqliteStatistics {
            counts: from.counts.map(|counts| counts.into_iter().map(Into::into).collect()),
            samples_there: from.samples_there,
            samples: from.samples.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<words::SqliteCounts> for wire::SqliteCounts {
    fn from(from: words::SqliteCounts) -> Self {
        wire::SqliteCounts {
            table: from.table,
            index: from.index,
            counts: from.counts,
        }
    }
}

impl From<wire::SqliteCounts> for words::SqliteCounts {
    fn from(from: wire::SqliteCounts) -> Self {
        words::SqliteCounts {
            table: from.table,
            index: from.index,
            counts: from.counts,
        }
    }
}

impl From<words::SqliteSample> for wire::SqliteSample {
    fn from(from: words::SqliteSample) -> Self {
        wire::SqliteSample {
            table: from.table,
            index: from.index,
            equal: from.equal,
            less: from.less,
            distinct_less: from.distinct_less,
            key: from.key,
        }
    }
}

impl From<wire::SqliteSample> for words::SqliteSample {
    fn from(from: wire::SqliteSample) -> Self {
        words::SqliteSample {
            table: from.table,
            index: from.index,
            equal: from.equal,
            less: from.less,
            distinct_less: from.distinct_less,
            key: from.key,
        }
    }
}
