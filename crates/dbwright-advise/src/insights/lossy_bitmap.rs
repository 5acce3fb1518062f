//! A bitmap did not fit into memory and forgot which rows of a page were meant.
//!
//! Where `work_mem` is too small for a bitmap of rows, the server keeps only the numbers of pages, and checks every row of these
//! again.
//!
//! How it is found: the query was run (`--analyze`), and at least a tenth of the pages of a bitmap heap scan were lossy.
//!
//! ```sql setup postgres
//! CREATE TABLE reading (id integer PRIMARY KEY, sensor integer NOT NULL, note text);
//! INSERT INTO reading SELECT n, (n * 7919::bigint) % 1000, repeat('x', 100) FROM generate_series(1, 200000) n;
//! CREATE INDEX reading_sensor ON reading (sensor);
//! DO $$ BEGIN
//!   EXECUTE format('ALTER DATABASE %I SET work_mem = ''64kB''', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database());
//!   EXECUTE format('ALTER DATABASE %I SET enable_indexscan = off', current_database());
//! END $$;
//! ```
//!
//! ```sql told postgres analyze
//! SELECT count(note) FROM reading WHERE sensor BETWEEN 100 AND 400
//! ```
//!
//! ```sql silent postgres analyze
//! SELECT count(note) FROM reading WHERE sensor = 7
//! ```
//!
//! What to do: select fewer rows by the index, or give this query more memory.
//!
//! See <https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-WORK-MEM>.

use dbwright_catalog::{ChangePurpose, Engine, PlanChangeKind, PlanFinding, Severity};

use crate::context::Context;
use crate::finding::change;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "lossy-bitmap",
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    source: include_str!("lossy_bitmap.rs"),
    look,
};

/// So many bytes a page takes in a bitmap, with what the hash table around it needs.
/// <https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/nodes/tidbitmap.c>
const BYTES_A_PAGE: u64 = 100;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let Some(blocks) = node
            .heap_blocks
            .filter(|blocks| blocks.lossy * 10 >= blocks.exact + blocks.lossy)
        else {
            continue;
        };
        if blocks.lossy == 0 || !context.matters(index) {
            continue;
        }
        let pages = blocks.exact + blocks.lossy;
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "The bitmap had no room for rows: all rows of {} of {pages} pages were checked again",
                blocks.lossy
            ),
        );
        if let Some(work_mem) = context.facts.setting("work_mem") {
            finding.evidence.push(format!("work_mem is {work_mem}."));
        }
        finding
            .advice
            .push("Select fewer rows by the index, or give this query more memory.".to_owned());
        let megabytes = (pages * BYTES_A_PAGE / (1 << 20) + 1).next_power_of_two();
        finding.change = Some(change(
            PlanChangeKind::Setting,
            ChangePurpose::Cost,
            format!("SET LOCAL work_mem = '{megabytes}MB'"),
            &["It holds until the end of the transaction."],
        ));
        findings.push(finding);
    }
}
