//! `LIKE '%…'` reads the whole table, as no B-tree knows where such words are.
//!
//! An index on a text is sorted by its beginning. A pattern that begins with a wildcard may match anywhere.
//!
//! How it is found: a scan of a whole table or index filters by `LIKE` or `ILIKE` with a pattern that begins with `%` or `_`, and is a good part
//! of the cost.
//!
//! ```sql setup postgres
//! CREATE TABLE article (id integer PRIMARY KEY, title text NOT NULL);
//! INSERT INTO article SELECT n, 'title of article ' || md5(n::text) FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT id FROM article WHERE title LIKE '%abcde%'
//! ```
//!
//! ```sql silent postgres
//! SELECT id FROM article WHERE title LIKE 'title%'
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO article SELECT value, 'title of article ' || value FROM g;
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM article WHERE title LIKE '%abcde%'
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM article WHERE title LIKE 'title%'
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE article (id integer PRIMARY KEY, title varchar(100) NOT NULL, KEY article_title (title));
//! INSERT INTO article SELECT n, concat('title of article ', sha2(n, 256)) FROM number;
//! ANALYZE TABLE article;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id FROM article WHERE title LIKE '%abcde%'
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id FROM article WHERE title LIKE 'title of article abcd%'
//! ```
//!
//! What to do: on PostgreSQL, build an index of trigrams (the extension `pg_trgm`), which answers such patterns from three letters
//! on. Where words are meant, use full text search: on MySQL and MariaDB a `FULLTEXT` index, which `MATCH … AGAINST` asks.
//! On SQLite, a table of FTS5 with `tokenize = 'trigram'` answers `LIKE` and `GLOB` with three letters or more
//! (<https://www.sqlite.org/fts5.html#the_trigram_tokenizer>).
//!
//! See <https://www.postgresql.org/docs/current/pgtrgm.html>, <https://dev.mysql.com/doc/refman/9.4/en/fulltext-search.html>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, PlanChangeKind, PlanFinding, Severity};

use crate::context::Context;
use crate::expression::{Expression, Form};
use crate::finding::change;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "leading-wildcard",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("leading_wildcard.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().copied().enumerate() {
        let is_read = context.is_whole_scan(node) && context.matters(index);
        let Some(table) = context.table(node).filter(|_| is_read) else {
            continue;
        };
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Expression::Compare { left, operator, right } = part else {
                continue;
            };
            let is_pattern = matches!(operator.as_str(), "~~" | "~~*")
                && (right.text.starts_with("'%") || right.text.starts_with("'_"));
            let ([column], Form::Column | Form::CastColumn(_)) = (left.columns.as_slice(), &left.form) else {
                continue;
            };
            if !is_pattern || !Context::is_of(node, column) || table.column(&column.name).is_none() {
                continue;
            }
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "All of {} is read, as the pattern for {} begins with a wildcard",
                    table.name, column.name
                ),
            );
            finding
                .evidence
                .push(format!("{} is {}.", node.title(), context.share_told(index)));
            if context.is_mysql_family() {
                finding.advice.push(format!(
                    "Where words are meant, build a FULLTEXT index on {0} and ask MATCH ({0}) AGAINST (…).",
                    context.quoted(&column.name)
                ));
                findings.push(finding);
                continue;
            }
            if context.server.engine == Engine::Sqlite {
                finding.advice.push(format!(
                    "A table of FTS5 over {} with `tokenize = 'trigram'` answers it, which triggers keep up to date.",
                    context.quoted(&column.name)
                ));
                findings.push(finding);
                continue;
            }
            finding
                .advice
                .push("An index of trigrams answers it; full text search is for words.".to_owned());
            let sql = format!(
                "CREATE INDEX ON {} USING gin ({} gin_trgm_ops)",
                context.quoted_table(table),
                context.quoted(&column.name)
            );
            finding.change = Some(change(
                PlanChangeKind::Index,
                ChangePurpose::Cost,
                sql,
                &["It needs `CREATE EXTENSION pg_trgm`, and takes more room and time to write than a B-tree."],
            ));
            findings.push(finding);
        }
    }
}
