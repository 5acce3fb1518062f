//! A column has another name after the migration, and the running release still uses the old one.
//!
//! Object mappers name every column in every query, so that from the moment of the rename all of them fail, until the next
//! release is deployed everywhere. The rename itself takes an instant.
//!
//! It is fine on tables that the same migration creates; that is not reported.
//!
//! ```sql setup postgres sqlite
//! CREATE TABLE customers (id integer PRIMARY KEY, fullname text);
//! ```
//!
//! ```sql bad postgres sqlite
//! ALTER TABLE customers RENAME COLUMN fullname TO full_name;
//! ```
//!
//! What to do: add the new column, have a release write both, fill the old rows, and drop the old column when no release
//! uses it any more. Or keep the name in the database and change it in the program's mapping alone.
//!
//! ```sql good postgres sqlite
//! ALTER TABLE customers ADD COLUMN full_name text;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id int PRIMARY KEY, fullname varchar(60));
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE customers RENAME COLUMN fullname TO full_name;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE customers ADD COLUMN full_name varchar(60);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-RENAME>,
//! <https://dev.mysql.com/doc/refman/9.7/en/alter-table.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table> and
//! <https://www.sqlite.org/lang_altertable.html#alter_table_rename_column>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "rename-column",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("rename_column.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let renamed = renamed(context);
    let mut tables: Vec<ObjectId> = renamed.iter().filter_map(|(_, new)| new.owner_table()).collect();
    tables.dedup();
    for table in &tables {
        let with_parent = context
            .partition_parents(table)
            .iter()
            .any(|parent| tables.contains(parent));
        if with_parent {
            continue;
        }
        let of_table = renamed
            .iter()
            .filter(|(_, new)| new.owner_table().as_ref() == Some(table));
        let (old, new): (Vec<&str>, Vec<&str>) = of_table.map(|(old, new)| (old.name(), new.name())).unzip();
        let (verb, name) = if old.len() == 1 {
            ("becomes", "name")
        } else {
            ("become", "names")
        };
        let message = format!(
            "{} of {table} {verb} {}, and the running release still uses the old {name}",
            phrase::list(&old),
            phrase::list(&new)
        );
        let mut finding = context.finding(&RULE, Some(table), message);
        finding.advice.push(
            "Add the new column, have a release write both, fill the old rows, and drop the old column in a later migration; \
             or keep the name in the database and change only the program's mapping."
                .to_owned(),
        );
        findings.push(finding);
    }
}

/// The columns that the statement renames for good: old name and new one.
fn renamed<'a>(context: &Context<'a>) -> Vec<(&'a ObjectId, &'a ObjectId)> {
    let columns = context
        .altered()
        .map(|(before, after)| (&before.id, &after.id))
        .filter(|(old, new)| old.kind == ObjectKind::Column && old.name() != new.name());
    columns
        .filter(|(old, new)| {
            let before = context.existed_before_scope(old);
            let returns = new
                .owner_table()
                .is_some_and(|table| context.at_scope_end(&table.column(old.name())).is_some());
            // A column that the scope made, or that a table brought along which it made, is nobody's yet.
            before.is_some_and(|before| before.name() == old.name())
                && !context.is_exempt(new)
                && context.at_scope_end(new).is_some()
                && !returns
        })
        .collect()
}
