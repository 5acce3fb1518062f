//! What a finding means for production, in the wire format.

use dbwright_catalog::{TableImpact, TimeRange, Waiting, WorkKind};

use crate::json::object;
use crate::wire::production as format;

pub(crate) fn production(impact: &TableImpact) -> format::Production {
    let per_second = |events: fn(dbwright_catalog::Traffic) -> u64| {
        let traffic = impact.traffic?;
        Some(rounded(traffic.per_second(events(traffic))))
    };
    format::Production {
        table: object(&impact.table),
        rows: impact.rows,
        bytes: impact.bytes,
        waiting: match impact.waiting {
            Waiting::Nobody => format::Waiting::Nobody,
            Waiting::Writes => format::Waiting::Writes,
            Waiting::ReadsAndWrites => format::Waiting::ReadsAndWrites,
        },
        reads_per_second: per_second(|traffic| traffic.reads),
        written_rows_per_second: per_second(|traffic| traffic.writes),
        held: impact.held.map(seconds),
        work: impact
            .work
            .iter()
            .map(|work| format::Work {
                kind: match work.kind {
                    WorkKind::Rewrite => format::WorkKind::Rewrite,
                    WorkKind::IndexBuild => format::WorkKind::IndexBuild,
                    WorkKind::Scan => format::WorkKind::Scan,
                    WorkKind::ForeignKeyCheck => format::WorkKind::ForeignKeyCheck,
                    WorkKind::RowsCopied => format::WorkKind::RowsCopied,
                    WorkKind::RowsUpdated => format::WorkKind::RowsUpdated,
                    WorkKind::RowsDeleted => format::WorkKind::RowsDeleted,
                },
                object: object(&work.object),
                time: work.time.map(seconds),
            })
            .collect(),
        memory_bytes: impact.memory,
    }
}

fn seconds(range: TimeRange) -> format::Seconds {
    format::Seconds {
        low: rounded(range.low.as_secs_f64()),
        high: rounded(range.high.as_secs_f64()),
    }
}

/// To the thousandth.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
