//! Many rows are sorted to give the first few of them.
//!
//! `ORDER BY … LIMIT 10` without an index in that order reads every row that fits, sorts them, and throws all but ten away. It takes
//! longer the more rows there are. With the index, ten rows are read.
//!
//! How it is found: a sort of at least a thousand rows of one table below a `LIMIT`, that is with what is below it a good part of
//! the cost, by plain columns of that table, in one direction.
//!
//! ```sql setup postgres
//! CREATE TABLE visit (id integer PRIMARY KEY, site_id integer NOT NULL, at timestamptz NOT NULL, page text NOT NULL);
//! INSERT INTO visit SELECT n, n % 5, timestamptz '2026-01-01' + n % 7919 * interval '1 minute', 'page' FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT id, page FROM visit WHERE site_id = 3 ORDER BY at DESC LIMIT 10
//! ```
//!
//! ```sql silent postgres
//! SELECT id, page FROM visit WHERE site_id = 3 ORDER BY id DESC LIMIT 10
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE visit (id integer PRIMARY KEY, site_id integer NOT NULL, at datetime NOT NULL, page varchar(20) NOT NULL,
//!   KEY visit_site_id (site_id));
//! INSERT INTO visit SELECT n, n % 5, '2026-01-01' + INTERVAL n % 7919 MINUTE, 'page' FROM number;
//! ANALYZE TABLE visit;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id, page FROM visit WHERE site_id = 3 ORDER BY at DESC LIMIT 10
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id, page FROM visit ORDER BY at LIMIT 10
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id, page FROM visit ORDER BY id DESC LIMIT 10
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id, page FROM visit WHERE id IN (1, 2, 3) ORDER BY at LIMIT 10
//! ```
//!
//! What to do: build an index on the columns that are compared with `=`, and behind them those of `ORDER BY`.
//!
//! See <https://www.postgresql.org/docs/current/indexes-ordering.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/order-by-optimization.html>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, PlanNode, Severity, TableFacts,
};

use crate::context::{Context, rows_told};
use crate::expression::Expression;
use crate::finding::change;
use crate::indexing::{Wanted, compared};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "sort-for-few-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    source: include_str!("sort_for_few_rows.rs"),
    look,
};

/// Fewer rows are sorted in no time.
const ROWS_MIN: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    let Some(select) = query.outermost() else { return };
    let Some(limit) = select.limit.as_ref().filter(|_| select.order.is_some()) else {
        return;
    };
    if select.group.is_some() || select.distinct || query.is_aggregated(&select) {
        return;
    }
    for (index, sort) in context.nodes_of(&[Operation::Sort]) {
        let Some(scan) = scan(sort) else { continue };
        let Some(table) = context.table(scan) else { continue };
        let at = (index..context.nodes.len()).find(|at| std::ptr::eq(context.nodes[*at], scan));
        let rows = at.map_or(0.0, |at| context.rows(at));
        if rows < ROWS_MIN || !context.is_much(context.costs[index].inclusive) {
            continue;
        }
        let Some(wanted) = wanted(context, sort, scan, table) else {
            continue;
        };
        let told = if scan.actual.is_some() { "" } else { "about " };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "{told}{} rows of {} are sorted, and the first {} are given",
                rows_told(rows),
                table.name,
                query.source(limit)
            ),
        );
        finding
            .evidence
            .push(format!("They are sorted by {}.", sort.keys.join(", ")));
        finding.advice.push(format!(
            "An index on {} gives them in this order, so that no others are read.",
            wanted.columns_told(context)
        ));
        let sql = wanted.sql(context, table);
        let remarks: &[&str] = if context.server.engine == Engine::MariaDb {
            &["Costs of MariaDB are those of all rows, also where a LIMIT stops it after the first."]
        } else {
            &[]
        };
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, remarks));
        findings.push(finding);
    }
}

/// The scan whose rows a sort takes, with nothing between them that makes other rows.
fn scan(sort: &PlanNode) -> Option<&PlanNode> {
    let [below] = sort.children.as_slice() else { return None };
    match below.operation {
        Operation::Materialize | Operation::Gather => scan(below),
        _ => below.relation.as_ref().map(|_| below),
    }
}

/// The index that gives the rows in order.
fn wanted(context: &Context<'_>, sort: &PlanNode, scan: &PlanNode, table: &TableFacts) -> Option<Wanted> {
    let mut columns: Vec<String> = Vec::new();
    for kind in [ConditionKind::Index, ConditionKind::Recheck, ConditionKind::Filter] {
        for part in context.parts_of(scan, kind) {
            if let Expression::Compare { left, operator, right } = &part
                && operator == "="
                && let Some(column) = compared(scan, table, left, right)
                && !columns.contains(&column)
            {
                columns.push(column);
            }
        }
    }
    let equal = columns.len();
    let mut descends: Vec<bool> = Vec::new();
    for key in &sort.keys {
        let lower = key.to_ascii_lowercase();
        let plain = lower
            .strip_suffix(" desc")
            .map_or(key.as_str(), |plain| &key[..plain.len()]);
        let Expression::Flag { column, .. } = Expression::read(context.server.engine, plain) else {
            return None;
        };
        if !Context::is_of(scan, &column) || table.column(&column.name).is_none() {
            return None;
        }
        descends.push(lower.ends_with(" desc"));
        if !columns.contains(&column.name) {
            columns.push(column.name);
        }
    }
    let is_one_direction = descends.iter().all(|descending| Some(descending) == descends.first());
    let is_there = table.indexes.iter().any(|index| index.keys.starts_with(&columns));
    let is_long = |name: &String| {
        let data_type = table.column(name).map_or("", |column| column.data_type.as_str());
        context.is_mysql_family() && ["text", "blob", "json"].iter().any(|kind| data_type.contains(kind))
    };
    let fits = !sort.keys.is_empty() && is_one_direction && !is_there && !columns.iter().any(is_long);
    fits.then_some(Wanted {
        columns,
        equal,
        predicate: Vec::new(),
        has_range: false,
    })
}
