//! An index that the server maintains and no query uses.
//!
//! A `CREATE INDEX CONCURRENTLY` that fails or is cancelled leaves its index behind, marked as invalid: every write pays for it.
//! On a partitioned table, an index made with `ON ONLY` stays invalid until every partition has its part attached.
//!
//! It is fine while the index is still being built.
//!
//! ```sql bad postgres
//! CREATE TABLE events (id bigint, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
//! CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
//! CREATE INDEX events_day_idx ON ONLY events (day);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE events (id bigint, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
//! CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
//! CREATE INDEX events_day_idx ON ONLY events (day);
//! CREATE INDEX events_2024_day_idx ON events_2024 (day);
//! ALTER INDEX events_day_idx ATTACH PARTITION events_2024_day_idx;
//! ```
//!
//! Reported by `dbwright schema lint` only: of migrations that leave such an index, `invalid-index-kept` tells.
//!
//! See <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>.

use dbwright_catalog::{Engine, Group, Severity, TableKind};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "invalid-index",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("invalid_index.rs"),
    on_by_default: true,
    check: Check::WholeCatalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for index in table.indexes.iter().filter(|index| !index.index.valid) {
            let flaw = Flaw::new(index.id, "is invalid: no query uses it").with(table.id);
            flaws.push(match table.table.kind {
                TableKind::Partitioned => flaw.advice("Build the index on every partition and attach it."),
                TableKind::Ordinary | TableKind::Foreign | TableKind::Virtual => {
                    flaw.advice(format!("`REINDEX INDEX CONCURRENTLY {}`, or drop it.", index.id))
                }
            });
        }
    }
}
