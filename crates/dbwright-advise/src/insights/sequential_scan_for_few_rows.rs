//! A table is read from end to end for a few of its rows.
//!
//! Every page of the table is read, and nearly every row thrown away again. It takes longer the more the table grows, however few
//! rows are asked for, and it drives out of memory what other queries need.
//!
//! How it is found: a sequential scan (or a scan of a whole index) with a filter that leaves at most a twentieth of the table, that is a good part of what
//! the query costs, and whose filter compares columns in a way that an index can answer.
//! Small tables are never told: reading one is faster than any index. SQLite does not tell how many rows a filter leaves; there,
//! each is told that compares something else than a flag.
//! A table that is read whole for a join counts as well, where at most a twentieth of it comes out and no index has its rows by the
//! column that it is joined by (PostgreSQL, SQLite); MySQL and MariaDB loop over it then, which is another insight.
//! MySQL and MariaDB know nothing of columns without an index or a histogram. There it is told of comparisons with `=`, as a
//! note; `--analyze` counts.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, state text NOT NULL, total numeric);
//! INSERT INTO orders SELECT n, n % 5000, 'done', n FROM generate_series(1, 50000) n;
//! CREATE TABLE country (code text NOT NULL, name text);
//! INSERT INTO country SELECT 'c' || n, 'country ' || n FROM generate_series(1, 100) n;
//! CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL UNIQUE);
//! INSERT INTO customer SELECT n, 'customer ' || n FROM generate_series(1, 5000) n;
//! CREATE TABLE lost (order_id integer NOT NULL);
//! INSERT INTO lost SELECT n * 25 FROM generate_series(1, 2000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT id, total FROM orders WHERE customer_id = 7
//! ```
//!
//! ```sql told postgres
//! SELECT o.id, o.total FROM customer c JOIN orders o ON o.customer_id = c.id WHERE c.name = 'customer 7'
//! ```
//!
//! All that is read is wanted, or an index that is there would find it:
//!
//! ```sql silent postgres
//! SELECT o.id, o.total, c.name FROM customer c JOIN orders o ON o.customer_id = c.id
//! ```
//!
//! ```sql silent postgres
//! SELECT c.name FROM customer c JOIN orders o ON o.customer_id = c.id JOIN lost l ON l.order_id = o.id
//! ```
//!
//! A small table, and a condition that most rows satisfy:
//!
//! ```sql silent postgres
//! SELECT name FROM country WHERE code = 'c7'
//! ```
//!
//! ```sql silent postgres
//! SELECT id, total FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, state TEXT NOT NULL, is_paid BOOLEAN, total REAL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 50000)
//! INSERT INTO orders SELECT value, value % 5000, 'done', 1, value FROM g;
//! CREATE INDEX orders_total ON orders (total);
//! CREATE TABLE country (code TEXT NOT NULL, name TEXT);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 100)
//! INSERT INTO country SELECT 'c' || value, 'country ' || value FROM g;
//! ```
//!
//! ```sql told sqlite
//! SELECT id, total FROM orders WHERE customer_id = 7 ORDER BY total DESC LIMIT 10
//! ```
//!
//! ```sql silent sqlite
//! SELECT name FROM country WHERE code = 'c7'
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM orders WHERE is_paid = 0
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM orders WHERE total = 7
//! ```
//!
//! Who reads in order until there are enough rows:
//!
//! ```sql silent sqlite
//! SELECT id FROM orders WHERE customer_id >= 0 ORDER BY total DESC LIMIT 1
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, state varchar(10) NOT NULL, total integer);
//! INSERT INTO orders SELECT a.n * 5 + b.n, a.n % 1000, 'done', a.n FROM number a JOIN digit b ON b.n < 5;
//! CREATE TABLE country (code varchar(10) NOT NULL, name varchar(50));
//! INSERT INTO country SELECT concat('c', n), concat('country ', n) FROM number WHERE n <= 100;
//! ANALYZE TABLE orders, country;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id, total FROM orders WHERE customer_id = 7
//! ```
//!
//! ```sql told mysql mariadb
//! DELETE FROM orders WHERE customer_id = 7
//! ```
//!
//! ```sql told mysql mariadb analyze
//! SELECT id, total FROM orders WHERE customer_id = 7
//! ```
//!
//! ```sql silent mysql mariadb analyze
//! SELECT id, total FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT name FROM country WHERE code = 'c7'
//! ```
//!
//! What to do: build an index on the columns that the filter compares: those compared with `=` first, then one that is compared
//! with `<` or `>`. A flag that is the same in every such query (`deleted_at IS NULL`) belongs into the index's `WHERE`.
//! Each index slows writes down and takes room, so let one index serve several queries.
//!
//! See <https://www.postgresql.org/docs/current/indexes-multicolumn.html>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, NodeRole, Operation, PlanChangeKind, PlanFinding, PlanNode, Severity,
    TableFacts,
};

use crate::context::{Context, count_of_rows, rows_told};
use crate::expression::{Expression, Form};
use crate::finding::change;
use crate::indexing::{Wanted, are_flags, wanted};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "sequential-scan-for-few-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("sequential_scan_for_few_rows.rs"),
    look,
};

/// The share of a table that is few.
const FEW: f64 = 0.05;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    if context.server.engine == Engine::Sqlite {
        return look_sqlite(context, findings);
    }
    if context.server.engine == Engine::Postgres {
        look_at_joins(context, findings);
    }
    for (index, node) in context.nodes.iter().copied().enumerate() {
        if !context.is_whole_scan(node) {
            continue;
        }
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        let Some(all) = table.rows.filter(|rows| *rows > 0.0) else {
            continue;
        };
        let rows = context.rows(index);
        let guessed = context.is_guess(node);
        if rows > all * FEW && !guessed {
            continue;
        }
        let Some(wanted) = wanted(context, node, table, &[ConditionKind::Filter]) else {
            continue;
        };
        if guessed {
            findings.extend(guess(context, index, table, &wanted));
            continue;
        }
        let told = if node.actual.is_some() { "" } else { "about " };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "All {} rows of {} are read to find {told}{}",
                rows_told(all),
                table.name,
                rows_told(rows)
            ),
        );
        finding.evidence.push(format!(
            "{} is {}; its filter leaves {told}{}.",
            node.title(),
            context.share_told(index),
            count_of_rows(rows),
        ));
        finding.advice.push(format!(
            "An index on {} finds them without reading the others.",
            wanted.columns_told(context)
        ));
        let sql = wanted.sql(context, table);
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}

/// SQLite tells no rows that a filter leaves.
fn look_sqlite(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    look_at_joins(context, findings);
    for (index, node) in context.nodes.iter().enumerate() {
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        // What is read again for each row of another table is told by others.
        let is_again = node.role == NodeRole::Inner || context.is_per_row(index);
        if !context.is_whole_scan(node) || is_again {
            continue;
        }
        let Some(mut wanted) = wanted(context, node, table, &[ConditionKind::Filter]) else {
            continue;
        };
        // Who reads in order until there are enough is not helped by a range.
        let is_paged = context.has_limit() && wanted.has_range && wanted.columns.len() == 1;
        if are_flags(table, &wanted.columns) || is_paged {
            continue;
        }
        let until = if context.has_limit() { "Up to" } else { "All" };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "{until} {} rows of {} are read to find some by {}",
                rows_told(node.rows_read.unwrap_or_default()),
                table.name,
                wanted.columns_told(context)
            ),
        );
        let filters: Vec<&str> = node
            .conditions_of(ConditionKind::Filter)
            .map(|filter| filter.text.as_str())
            .collect();
        finding.evidence.push(format!(
            "The query asks for {}; {} is {}.",
            filters.join(" AND "),
            node.title(),
            context.share_told(index)
        ));
        finding.advice.push(format!(
            "An index on {} finds them without reading the others, unless these are few.",
            wanted.columns_told(context)
        ));
        wanted.add_order(context, node, table);
        let sql = wanted.sql(context, table);
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}

/// A table that is read whole in a join, as no index finds its rows by what it is joined by; where that would help, the trial
/// shows.
fn look_at_joins(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let is_read = context.is_whole_scan(node) && context.matters(index) && !context.is_per_row(index);
        let has_filter = node.conditions_of(ConditionKind::Filter).next().is_some();
        let Some(table) = context.table(node).filter(|_| is_read && !has_filter) else {
            continue;
        };
        let join = join_above(context, index);
        let column = match (context.server.engine, join) {
            // It tells no conditions of joins.
            (Engine::Sqlite, _) => joined_by(context, node, table),
            (_, Some(join)) => {
                let parts = context.parts_of(context.nodes[join], ConditionKind::Join);
                parts.into_iter().find_map(|part| own_of_join(&part, node, table))
            }
            (_, None) => None,
        };
        let Some(column) = column else { continue };
        let wanted = Wanted::of(vec![column]);
        if wanted.is_there(table) {
            continue;
        }
        let all = node.rows_read.or(table.rows).unwrap_or_default();
        let joined = join.and_then(|join| joined_rows(context, join));
        // SQLite does not tell how many come out; there the trial shows it.
        let purpose = match context.server.engine {
            Engine::Sqlite => ChangePurpose::Evidence,
            Engine::Postgres | Engine::MySql | Engine::MariaDb => ChangePurpose::Cost,
        };
        if purpose == ChangePurpose::Cost && joined.is_none_or(|joined| joined > all * FEW) {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "All {} rows of {} are read, as no index finds them by {}",
                rows_told(all),
                table.name,
                wanted.columns_told(context)
            ),
        );
        let joined = joined.map(|joined| format!("; {} come out of the join", count_of_rows(joined)));
        finding.evidence.push(format!(
            "{} is {}{}.",
            node.title(),
            context.share_told(index),
            joined.unwrap_or_default()
        ));
        finding.advice.push(format!(
            "With an index on {} those that are wanted are looked up.",
            wanted.columns_told(context)
        ));
        let sql = wanted.sql(context, table);
        finding.change = Some(change(PlanChangeKind::Index, purpose, sql, &[]));
        findings.push(finding);
    }
}

/// The join that a node is read for.
fn join_above(context: &Context<'_>, node: usize) -> Option<usize> {
    let mut above = std::iter::successors(context.parents[node], |above| context.parents[*above]);
    let is_join = |operation| {
        matches!(
            operation,
            Operation::HashJoin | Operation::MergeJoin | Operation::NestedLoop
        )
    };
    above.find(|above| is_join(context.nodes[*above].operation))
}

/// How many rows come out of a join; nothing where that is not told.
fn joined_rows(context: &Context<'_>, join: usize) -> Option<f64> {
    let node = context.nodes[join];
    (node.estimate.is_some() || node.actual.is_some()).then(|| context.rows(join))
}

/// The column by which the query joins this table with another.
fn joined_by(context: &Context<'_>, node: &PlanNode, table: &TableFacts) -> Option<String> {
    let query = context.query.as_ref()?;
    for scope in query.scopes() {
        for condition in &scope.conditions {
            let condition = Expression::read(context.server.engine, query.source(condition));
            if let Some(column) = own_of_join(&condition, node, table) {
                return Some(column);
            }
        }
    }
    None
}

/// The column of this table in a comparison of two tables.
fn own_of_join(condition: &Expression, node: &PlanNode, table: &TableFacts) -> Option<String> {
    let Expression::Compare { left, operator, right } = condition else {
        return None;
    };
    let is_join = operator == "=" && left.form == Form::Column && right.form == Form::Column;
    let sides = left.columns.iter().chain(&right.columns).filter(|_| is_join);
    let mut own = sides.filter(|column| column.table.is_some() && Context::is_of(node, column));
    match (own.next(), own.next()) {
        (Some(column), None) => table.column(&column.name).map(|facts| facts.name.clone()),
        _ => None,
    }
}

/// What is told where the server does not know how many rows pass.
fn guess(context: &Context<'_>, index: usize, table: &TableFacts, wanted: &Wanted) -> Option<PlanFinding> {
    if are_flags(table, &wanted.columns[..wanted.equal]) {
        return None;
    }
    let columns = wanted.columns_told(context);
    let mut finding = INSIGHT.finding(
        Some(index),
        format!(
            "All {} rows of {} are read, as there is no index on {columns}",
            rows_told(table.rows.unwrap_or(0.0)),
            table.name
        ),
    );
    finding.severity = Severity::Note;
    let why = if context.writes() {
        "the plan of a statement that writes does not tell how many rows its filter leaves".to_owned()
    } else {
        format!("the server has no statistics of {columns}, and does not know how many rows its filter leaves")
    };
    finding.evidence.push(format!(
        "{} is {}; {why}.",
        context.nodes[index].title(),
        context.share_told(index)
    ));
    finding.advice.push(format!(
        "If few rows have the same value, an index on {columns} finds them without reading the others."
    ));
    let sql = wanted.sql(context, table);
    finding.change = Some(change(
        PlanChangeKind::Index,
        ChangePurpose::Cost,
        sql,
        &["A twin takes 100 different values for a column of which nothing is known, 10 where it may be NULL."],
    ));
    Some(finding)
}
