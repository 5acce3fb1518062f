//! What `sqlite3` prints for `EXPLAIN QUERY PLAN`: a tree of `|--` and `` `-- ``.

use super::PlanRow;

/// Letters of the lines that are drawn for each level.
const INDENT: usize = 3;

pub(super) fn rows(text: &str) -> Vec<PlanRow> {
    let mut rows: Vec<PlanRow> = Vec::new();
    // The number of the last row of each level.
    let mut path: Vec<i64> = Vec::new();
    for line in text.lines() {
        let detail = line.trim_start_matches(['|', '`', ' ', '-']);
        let drawn = line.len() - detail.len();
        let detail = detail.trim_end();
        if drawn < INDENT || detail.is_empty() {
            continue;
        }
        let id = i64::try_from(rows.len() + 1).unwrap_or(i64::MAX);
        path.truncate(drawn / INDENT - 1);
        rows.push(PlanRow {
            id,
            parent: path.last().copied().unwrap_or(0),
            detail: detail.to_owned(),
        });
        path.push(id);
    }
    rows
}
