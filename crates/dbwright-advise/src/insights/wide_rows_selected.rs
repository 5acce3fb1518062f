//! `SELECT *` fetches columns that are large.
//!
//! Large values (texts, documents, pictures) are stored beside the table and are put together again for each row. Selecting all
//! columns fetches them whether somebody looks at them or not, and no index can answer by itself.
//!
//! How it is found: the query selects `*`, its rows are at least 400 bytes wide on average, all of them together take a
//! megabyte or more, and statistics name the columns that are large. MySQL and MariaDB tell how large rows are, and types which
//! columns can be. SQLite has no statistics of columns: there, the size of the table tells how wide its rows are. What is
//! worked out of tables (sums, a view that groups) has rows of its own, of which they tell nothing.
//!
//! ```sql setup postgres
//! CREATE TABLE article (id integer PRIMARY KEY, author_id integer NOT NULL, title text NOT NULL, body text NOT NULL);
//! INSERT INTO article SELECT n, n % 10, 'title ' || n, repeat(md5(n::text), 20) FROM generate_series(1, 20000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT * FROM article WHERE author_id = 3
//! ```
//!
//! ```sql silent postgres
//! SELECT id, title FROM article WHERE author_id = 3
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE article (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 5000)
//! INSERT INTO article SELECT value, value % 10, 'title ' || value, printf('%.1000c', 'x') FROM g;
//! ```
//!
//! ```sql told sqlite
//! SELECT * FROM article ORDER BY title
//! ```
//!
//! ```sql silent sqlite
//! SELECT id, title FROM article ORDER BY title
//! ```
//!
//! ```sql silent sqlite
//! SELECT * FROM article WHERE id = 7
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE article (id integer PRIMARY KEY, author_id integer NOT NULL, title varchar(50) NOT NULL, body text NOT NULL,
//!   KEY article_author_id (author_id));
//! INSERT INTO article SELECT n, n % 4, concat('title ', n), repeat(sha2(n, 256), 10) FROM number;
//! CREATE VIEW author AS SELECT author_id, title, count(*) AS articles FROM article GROUP BY author_id, title;
//! ANALYZE TABLE article;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT * FROM article WHERE author_id = 3
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id, title FROM article WHERE author_id = 3
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT * FROM author
//! ```
//!
//! What to do: name the columns that are needed.
//!
//! See <https://www.postgresql.org/docs/current/storage-toast.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/innodb-row-format.html>.

use dbwright_catalog::{Engine, Operation, PlanFinding, QueryPlan, Severity};

use crate::context::{Context, count_of_rows};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "wide-rows-selected",
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("wide_rows_selected.rs"),
    look,
};

/// Bytes of a row that are many.
const WIDTH_MIN: u32 = 400;

/// Bytes of a column that is large.
const COLUMN_MIN: u32 = 200;

/// Bytes of all rows below which nobody waits for them.
const BYTES_MIN: f64 = 1e6;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    let Some(select) = query.outermost().filter(|_| !context.writes()) else {
        return;
    };
    let all = query.items(&select.list).into_iter().any(|item| {
        let star = item
            .end
            .checked_sub(1)
            .is_some_and(|last| query.words[last].text == "*");
        star && (item.len() == 1 || item.len() == 3)
    });
    let told = context.plan.root.estimate.and_then(|estimate| estimate.width);
    let width = if told.is_some() && !context.is_mysql_family() {
        told
    } else if is_worked_out(context.plan) {
        None
    } else if context.is_mysql_family() {
        width_of_tables(context)
    } else {
        context.stored_width()
    };
    let Some(width) = width.filter(|_| all) else {
        return;
    };
    let rows = context.result_rows();
    let bytes = rows * f64::from(width);
    if width < WIDTH_MIN || bytes < BYTES_MIN {
        return;
    }
    let mut large = Vec::new();
    for table in &context.facts.tables {
        for column in table
            .columns
            .iter()
            .filter(|column| column.width.is_some_and(|width| width >= COLUMN_MIN))
        {
            large.push(format!(
                "{}.{} ({} bytes)",
                table.name,
                column.name,
                column.width.unwrap_or(0)
            ));
        }
    }
    if context.is_mysql_family() {
        large = large_types(context);
    }
    if large.is_empty() && context.server.engine != Engine::Sqlite {
        return;
    }
    let mut finding = INSIGHT.finding(
        None,
        format!("SELECT * fetches {:.1} MB in {}", bytes / 1e6, count_of_rows(rows)),
    );
    finding.evidence.push(if large.is_empty() {
        format!("A row takes {width} bytes of the table, on average.")
    } else if context.is_mysql_family() {
        format!(
            "Rows are {width} bytes long on average; large can be: {}.",
            large.join(", ")
        )
    } else {
        format!("Large are, on average: {}.", large.join(", "))
    });
    finding.advice.push("Name the columns that are needed.".to_owned());
    findings.push(finding);
}

/// Whether the rows are not those of tables, but made of them.
fn is_worked_out(plan: &QueryPlan) -> bool {
    let makes_rows = |operation: Operation| matches!(operation, Operation::Aggregate | Operation::Materialize);
    plan.nodes().iter().any(|(_, node)| makes_rows(node.operation))
}

/// Bytes of a row of all tables together.
fn width_of_tables(context: &Context<'_>) -> Option<u32> {
    let bytes: f64 = context.facts.tables.iter().filter_map(|table| table.row_bytes).sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rows are of a few kilobytes"
    )]
    (bytes > 0.0).then_some(bytes as u32)
}

/// Columns whose types hold large values.
fn large_types(context: &Context<'_>) -> Vec<String> {
    let is_large = |data_type: &str| ["text", "blob", "json"].iter().any(|kind| data_type.contains(kind));
    let tables = context.facts.tables.iter();
    tables
        .flat_map(|table| {
            let columns = table.columns.iter().filter(|column| is_large(&column.data_type));
            columns.map(|column| format!("{}.{} ({})", table.name, column.name, column.data_type))
        })
        .collect()
}
