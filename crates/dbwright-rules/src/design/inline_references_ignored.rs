//! A REFERENCES behind a column, which MySQL before version 9 reads and ignores.
//!
//! No foreign key is made and nothing says so: rows that refer to nothing are let in. From version 9 on, and on MariaDB, the
//! same line makes a foreign key. Told where the repository says that it runs on an older MySQL.
//!
//! It is fine on MySQL 9 and later.
//!
//! ```sql bad mysql below:9
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
//! ```
//!
//! ```sql good mysql
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, FOREIGN KEY (customer_id) REFERENCES customers (id));
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html> and
//! <https://dev.mysql.com/doc/relnotes/mysql/9.0/en/news-9-0-0.html>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "inline-references-ignored",
    group: Group::Design,
    severity: Severity::Error,
    engines: &[Engine::MySql],
    claims: &[Claim::Nothing],
    source: include_str!("inline_references_ignored.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.major() >= 9 || !context.here().ran() {
        return;
    }
    for table in inline_references(&context.statement.text) {
        let message = format!("REFERENCES {table} makes no foreign key on MySQL {}", context.major());
        let mut finding = context.finding(&RULE, None, message);
        finding
            .advice
            .push("Write `FOREIGN KEY (column) REFERENCES table (column)` as an item of its own.".to_owned());
        findings.push(finding);
    }
}

/// The tables that stand behind a REFERENCES without FOREIGN KEY before it.
fn inline_references(sql: &str) -> Vec<String> {
    let mut tokens = dbwright_sql::tokens(Engine::MySql, sql).filter(|token| !token.is_space());
    let is_definition = tokens
        .next()
        .is_some_and(|first| first.is("CREATE") || first.is("ALTER"))
        && tokens
            .next()
            .is_some_and(|second| second.is("TABLE") || second.is("TEMPORARY"));
    let mut tables = Vec::new();
    let mut is_item = false;
    while let Some(token) = tokens.next().filter(|_| is_definition) {
        if token.is("FOREIGN") {
            is_item = true;
        } else if token.is("REFERENCES") {
            let table = tokens.next().and_then(|table| table.name());
            tables.extend(table.filter(|_| !is_item));
            is_item = false;
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::{Engine, Tool, Version};

    use crate::testing::{Case, did};

    fn told(version: u32, sql: &str) -> Vec<String> {
        let case = Case::new(Engine::MySql, Version::new(version, 4, 0), Tool::Sqlx, []).migration([did(sql)]);
        case.judge_by("inline-references-ignored")
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn what_older_servers_ignore_is_told_of_them_alone() {
        let inline = "CREATE TABLE o (c bigint REFERENCES `customers` (id), FOREIGN KEY (d) REFERENCES d (id))";
        assert_eq!(
            told(8, inline),
            ["REFERENCES customers makes no foreign key on MySQL 8"]
        );
        assert_eq!(told(9, inline), [""; 0]);
        assert_eq!(
            told(
                8,
                "CREATE TABLE o (c bigint COMMENT 'REFERENCES x', FOREIGN KEY (c) REFERENCES d (id))"
            ),
            [""; 0]
        );
        assert_eq!(told(8, "GRANT REFERENCES ON o TO a"), [""; 0]);
    }
}
