//! A sort or a hash table did not fit into memory and went through temporary files.
//!
//! What does not fit into `work_mem` (4 MB unless somebody has changed it) is written to disk and read again, often in several
//! passes. It is slower, and it takes the disk from others.
//!
//! How it is found: the query was run (`--analyze`), and a sort tells `external merge`, a hash table more than one batch, or
//! a hashed aggregate disk use; where that is a good part of the time. MariaDB tells passes of a sort; MySQL does not tell it.
//!
//! ```sql setup postgres
//! CREATE TABLE visit (id integer PRIMARY KEY, page text NOT NULL, at timestamptz NOT NULL);
//! INSERT INTO visit SELECT n, md5(n::text), now() - n * interval '1 second' FROM generate_series(1, 100000) n;
//! ```
//!
//! ```sql told postgres analyze
//! SELECT * FROM visit ORDER BY page
//! ```
//!
//! Ten rows are kept in memory, however many are sorted:
//!
//! ```sql silent postgres analyze
//! SELECT * FROM visit ORDER BY page LIMIT 10
//! ```
//!
//! ```sql setup mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE visit (id integer PRIMARY KEY, page varchar(64) NOT NULL, note varchar(100) NOT NULL);
//! INSERT INTO visit SELECT a.n * 6 + b.n, sha2(a.n * 6 + b.n, 256), repeat('x', 100) FROM number a JOIN digit b ON b.n < 6;
//! ANALYZE TABLE visit;
//! ```
//!
//! ```sql told mariadb analyze
//! SELECT * FROM visit ORDER BY page
//! ```
//!
//! ```sql silent mariadb analyze
//! SELECT * FROM visit ORDER BY page LIMIT 10
//! ```
//!
//! What to do: sort or join fewer or narrower rows; let an index give the order; or give this query more memory with
//! `SET LOCAL work_mem`. Every sort and hash of every session may take as much, so a large value for the whole server can
//! use up its memory.
//!
//! See <https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-WORK-MEM>,
//! <https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/system-variables/server-system-variables#sort_buffer_size>.

use dbwright_catalog::{ChangePurpose, Engine, PlanChangeKind, PlanFinding, PlanNode, Severity};

use crate::context::Context;
use crate::finding::change;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "spilled-to-disk",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MariaDb],
    source: include_str!("spilled_to_disk.rs"),
    look,
};

/// More memory than this for one query is not proposed.
const MEGABYTES_MAX: u64 = 1024;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let Some(spill) = spill(node) else { continue };
        // What a hash table costs shows at the join above it.
        let above = context.parents[index].filter(|_| node.hash.is_some());
        // MariaDB counts what filling the buffer takes as reading the table.
        let is_mariadb = context.server.engine == Engine::MariaDb && context.is_much(context.costs[index].inclusive);
        if !is_mariadb && !context.matters(index) && !above.is_some_and(|above| context.matters(above)) {
            continue;
        }
        let mut finding = INSIGHT.finding(Some(index), format!("{} went through temporary files", node.title()));
        finding.evidence.push(spill.told);
        for name in ["work_mem", "sort_buffer_size"] {
            if let Some(value) = context.facts.setting(name) {
                finding.evidence.push(format!("{name} is {value}."));
            }
        }
        finding.advice.push(
            "Select fewer or narrower rows before this step, let an index give the order, or give this query more memory."
                .to_owned(),
        );
        let megabytes = (spill.kilobytes_needed / 1024 + 1).next_power_of_two();
        if megabytes <= MEGABYTES_MAX {
            finding.change = Some(change(
                PlanChangeKind::Setting,
                ChangePurpose::Cost,
                if context.is_mysql_family() {
                    format!("SET SESSION sort_buffer_size = {}", megabytes * 1024 * 1024)
                } else {
                    format!("SET LOCAL work_mem = '{megabytes}MB'")
                },
                if context.is_mysql_family() {
                    &["It holds until the end of the session, for each sort in it."]
                } else {
                    &["It holds until the end of the transaction, for each sort and hash in it."]
                },
            ));
        } else {
            finding.advice.push(format!(
                "In memory it would take about {megabytes} MB: too much to give to one query."
            ));
        }
        findings.push(finding);
    }
}

struct Spill {
    told: String,
    /// What it would take in memory, roughly.
    kilobytes_needed: u64,
}

fn spill(node: &PlanNode) -> Option<Spill> {
    if let Some(sort) = node.sort.as_ref().filter(|sort| sort.on_disk) {
        return Some(Spill {
            told: if sort.method == "sort" {
                format!("It sorted in several passes of {} kB.", sort.kilobytes)
            } else {
                format!("It sorted by {} with {} kB on disk.", sort.method, sort.kilobytes)
            },
            // Rows take more room in memory than in a file: about three times as much where they are narrow.
            kilobytes_needed: sort.kilobytes * 3,
        });
    }
    let hash = node.hash?;
    if hash.disk_kilobytes > 0 {
        return Some(Spill {
            told: format!(
                "It hashed in {} batches with {} kB on disk.",
                hash.batches.max(1),
                hash.disk_kilobytes
            ),
            kilobytes_needed: (hash.memory_kilobytes + hash.disk_kilobytes) * 2,
        });
    }
    (hash.batches > 1).then(|| Spill {
        told: format!(
            "It was built in {} batches of {} kB.",
            hash.batches, hash.memory_kilobytes
        ),
        kilobytes_needed: hash.memory_kilobytes * hash.batches,
    })
}
