//! An index-only scan looks rows up in the table all the same.
//!
//! An index does not know which rows a transaction may see. Where a page of the table is not marked as visible to everybody,
//! which `VACUUM` does, each of its rows is looked up in the table.
//!
//! How it is found: the query was run (`--analyze`), and an index-only scan tells at least a thousand heap fetches, a tenth of
//! its rows or more.
//!
//! ```sql setup postgres
//! CREATE TABLE visit (id integer PRIMARY KEY, page text NOT NULL);
//! INSERT INTO visit SELECT n, 'page ' || n FROM generate_series(1, 50000) n;
//! DO $$ BEGIN
//!   EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET enable_bitmapscan = off', current_database());
//! END $$;
//! ```
//!
//! ```sql told postgres analyze
//! SELECT count(*) FROM visit WHERE id BETWEEN 1 AND 30000
//! ```
//!
//! A few hundred look-ups:
//!
//! ```sql silent postgres analyze
//! SELECT count(*) FROM visit WHERE id BETWEEN 1 AND 500
//! ```
//!
//! What to do: `VACUUM` the table, and let autovacuum come more often: a lower `autovacuum_vacuum_scale_factor`, and for tables
//! that only grow a lower `autovacuum_vacuum_insert_scale_factor`.
//!
//! See <https://www.postgresql.org/docs/current/indexes-index-only-scans.html>.

use dbwright_catalog::{Engine, Operation, PlanFinding, Severity};

use crate::context::{Context, rows_told};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "index-only-scan-with-heap-fetches",
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    source: include_str!("index_only_scan_with_heap_fetches.rs"),
    look,
};

/// Fewer are not worth a word.
const FETCHES_MIN: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::IndexOnlyScan]) {
        let (Some(fetches), Some(actual)) = (node.heap_fetches, node.actual) else {
            continue;
        };
        if fetches < FETCHES_MIN || fetches * 10.0 < actual.rows * actual.loops || !context.matters(index) {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "{} rows of the index-only scan were looked up in the table",
                rows_told(fetches)
            ),
        );
        if let Some(table) = context.table(node).filter(|table| table.pages > 0.0) {
            finding.evidence.push(format!(
                "{:.0} % of the pages of {} were marked as visible to everybody when that was last counted.",
                table.all_visible_pages / table.pages * 100.0,
                table.name
            ));
            let name = context.quoted_table(table);
            finding.advice.push(format!(
                "`VACUUM {name}` marks them, and autovacuum should come more often."
            ));
        }
        findings.push(finding);
    }
}
