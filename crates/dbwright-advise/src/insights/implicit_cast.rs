//! A column is cast to the type of the value it is compared with, and its index is not used.
//!
//! An `integer` column compared with `7.0` is compared as `numeric`: the server casts the column of every row, and its index, which
//! is sorted as `integer`, does not help. Drivers cause it as well, which send every number as `numeric` or `double precision`.
//!
//! How it is found: a scan filters by a comparison with a cast of a column that the query does not write (on MySQL and MariaDB: by
//! a comparison of a text column with a number, or with a column of another type or collation), there is an index that begins with
//! the column, and the scan is a good part of the cost.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total numeric);
//! INSERT INTO orders SELECT n, n FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT total FROM orders WHERE id = 700.0
//! ```
//!
//! ```sql silent postgres
//! SELECT total FROM orders WHERE id = 700
//! ```
//!
//! SQLite converts by the types of columns: where a column of numbers is compared with one of texts, the texts become numbers,
//! and an index of texts is of no use. It is told where the other side of the join is read whole for that.
//!
//! ```sql setup sqlite
//! CREATE TABLE import (line INTEGER PRIMARY KEY, sku INTEGER NOT NULL, code TEXT NOT NULL);
//! CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, code TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO product SELECT value, value * 3, value * 3 FROM g;
//! INSERT INTO import SELECT id, id, id FROM product WHERE id <= 200;
//! CREATE INDEX product_sku ON product (sku);
//! CREATE INDEX product_code ON product (code);
//! ```
//!
//! ```sql told sqlite
//! SELECT i.line, p.id FROM import i LEFT JOIN product p ON p.sku = i.sku
//! ```
//!
//! ```sql silent sqlite
//! SELECT i.line, p.id FROM import i LEFT JOIN product p ON p.code = i.code
//! ```
//!
//! A text column of MySQL or MariaDB that is compared with a number is converted to a number row by row; two text columns with
//! different collations, or of different types, are converted as well.
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE orders (id integer PRIMARY KEY, reference varchar(20) NOT NULL, total integer, KEY orders_reference (reference));
//! INSERT INTO orders SELECT n, n, n FROM number;
//! CREATE TABLE payment (id integer PRIMARY KEY, order_reference varchar(20) COLLATE utf8mb4_bin NOT NULL, number integer NOT NULL);
//! INSERT INTO payment SELECT n, n, n FROM number WHERE n <= 500;
//! ALTER TABLE orders CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
//! ANALYZE TABLE orders, payment;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT total FROM orders WHERE reference = 700
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT o.total FROM payment p JOIN orders o ON o.reference = p.number
//! ```
//!
//! ```sql told mysql
//! SELECT o.total FROM payment p STRAIGHT_JOIN orders o ON o.reference = p.order_reference
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT total FROM orders WHERE reference = '700'
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT total FROM orders WHERE id = '700'
//! ```
//!
//! What to do: give the value in the type of the column: bind the parameter as that type, or cast the value instead.
//! Columns that are joined should have the same type and collation.
//!
//! See <https://www.postgresql.org/docs/current/typeconv-oper.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/type-conversion.html>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, Severity};
use dbwright_sql::{Token, TokenKind};

use crate::context::Context;
use crate::expression::{ColumnName, Expression, Form, Operand};
use crate::finding::change;
use crate::indexing::is_relabelled;
use crate::insight::Insight;
use crate::query::Query;

pub(crate) static INSIGHT: Insight = Insight {
    name: "implicit-cast",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("implicit_cast.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    if context.is_mysql_family() {
        crate::converted::look(context, findings);
        return;
    }
    let Some(query) = &context.query else { return };
    if (0..query.words.len()).any(|at| query.stand_at(at, &[":", ":"]) || query.stand_at(at, &["cast", "("])) {
        return;
    }
    if context.server.engine == Engine::Sqlite {
        return look_sqlite(context, query, findings);
    }
    for (index, node) in context.nodes_of(&[
        Operation::SequentialScan,
        Operation::BitmapHeapScan,
        Operation::IndexScan,
    ]) {
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Expression::Compare { left, right, .. } = part else {
                continue;
            };
            let (side, other) = if left.columns.is_empty() {
                (right, left)
            } else {
                (left, right)
            };
            let (Form::CastColumn(to), [column]) = (&side.form, side.columns.as_slice()) else {
                continue;
            };
            let by = table
                .indexes
                .iter()
                .find(|index| index.keys.first() == Some(&column.name));
            let (Some(by), Some(facts)) = (by, table.column(&column.name)) else {
                continue;
            };
            if is_relabelled(&side, Some(facts)) || !Context::is_of(node, column) {
                continue;
            }
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "The index {} is not used: {} is {} and compared as {to}",
                    by.name, column.name, facts.data_type
                ),
            );
            finding.evidence.push(format!(
                "The server compares {} with {}; the query has no cast.",
                side.text, other.text
            ));
            finding.advice.push(format!("Give the value as {}.", facts.data_type));
            if let Some(sql) = cast(query, &other.text, &facts.data_type) {
                finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
            }
            findings.push(finding);
        }
    }
}

/// SQLite: a column of texts that is compared with one of numbers.
fn look_sqlite(context: &Context<'_>, query: &Query<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let Some(table) = context
            .table(node)
            .filter(|_| context.is_whole_scan(node) && context.matters(index))
        else {
            continue;
        };
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Expression::Compare { left, right, operator } = part else {
                continue;
            };
            let sides = [(&left, &right), (&right, &left)];
            let found = sides.into_iter().find_map(|(side, other)| {
                let [column] = side.columns.as_slice() else { return None };
                let [with] = other.columns.as_slice() else { return None };
                let is_join = side.form == Form::Column && other.form == Form::Column && Context::is_of(node, column);
                let facts = table
                    .column(&column.name)
                    .filter(|_| is_join && column.table.is_some())?;
                let other_type = column_type(context, with)?;
                let mut indexes = table.indexes.iter();
                let by = indexes.find(|index| index.keys.first() == Some(&facts.name))?;
                let differs = is_text(&facts.data_type) && is_number(&other_type);
                differs.then(|| (by, facts, other.clone(), other_type))
            });
            let Some((by, facts, other, other_type)) = found.filter(|_| operator == "=") else {
                continue;
            };
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "The index {} is not used: {} is {} and {}, which it is compared with, {other_type}",
                    by.name, facts.name, facts.data_type, other.text
                ),
            );
            finding
                .evidence
                .push("SQLite compares the texts as numbers, and the index is sorted as texts.".to_owned());
            finding.advice.push(format!(
                "Give both columns one type; until then compare with CAST({} AS TEXT).",
                other.text
            ));
            if let Some(sql) = cast_to_text(query, &other) {
                finding.change = Some(change(
                    PlanChangeKind::Query,
                    ChangePurpose::Cost,
                    sql,
                    &[
                        "Texts that are not written as SQLite writes the number (`07`, `7.0`) are then no longer equal to it.",
                    ],
                ));
            }
            findings.push(finding);
        }
    }
}

/// The type of a column that the query names with its table.
fn column_type(context: &Context<'_>, column: &ColumnName) -> Option<String> {
    let node = context.nodes.iter().find(|node| {
        let relation = node.relation.as_ref();
        column.table.is_some() && relation.is_some() && Context::is_of(node, column)
    })?;
    Some(context.table(node)?.column(&column.name)?.data_type.clone())
}

/// <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>
fn is_text(data_type: &str) -> bool {
    let data_type = data_type.to_ascii_uppercase();
    !data_type.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|part| data_type.contains(part))
}

fn is_number(data_type: &str) -> bool {
    let upper = data_type.to_ascii_uppercase();
    upper.contains("INT") || !upper.is_empty() && !upper.contains("BLOB") && !is_text(data_type)
}

/// The query with a column cast to text, where it stands there once.
fn cast_to_text(query: &Query<'_>, column: &Operand) -> Option<String> {
    let [name] = column.columns.as_slice() else { return None };
    let table = name.table.as_deref()?;
    let is_it = |at: &usize| {
        let word = |offset: usize| query.words.get(at + offset).and_then(Token::name);
        word(0).as_deref() == Some(table) && query.stand_at(at + 1, &["."]) && word(2).as_deref() == Some(&name.name)
    };
    let in_list = query.outermost().map_or(0..0, |select| select.list);
    let places: Vec<usize> = (0..query.words.len())
        .filter(is_it)
        .filter(|at| !in_list.contains(at))
        .collect();
    let [place] = places.as_slice() else { return None };
    let range = *place..*place + 3;
    let cast = format!("CAST({} AS TEXT)", query.source(&range));
    Some(query.replaced(&[(range, cast)]))
}

/// The query with the number cast, where it stands there once.
fn cast(query: &Query<'_>, value: &str, data_type: &str) -> Option<String> {
    let number = value.split("::").next()?.trim_matches(['\'', '(', ')']);
    let is_it = |index: &usize| query.words[*index].kind == TokenKind::Number && query.words[*index].text == number;
    let places: Vec<usize> = (0..query.words.len()).filter(is_it).collect();
    let [place] = places.as_slice() else { return None };
    Some(query.replaced(&[(*place..*place + 1, format!("CAST({number} AS {data_type})"))]))
}
