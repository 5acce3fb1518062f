//! A table of MySQL has few instant changes left before one of them builds it anew.
//!
//! Each instant ADD COLUMN or DROP COLUMN uses up one row version. When all are used (255; 64 before MySQL 9.1), the server refuses
//! `ALGORITHM=INSTANT`, and an ALTER TABLE without that clause silently builds the table anew, which is no instant on a large
//! one.
//!
//! It is reported from nine tenths on. The number is that of the history of migrations; production may have used fewer,
//! as every rebuild starts from zero, or more; then it is fine.
//!
//! ```sql setup mysql
//! CREATE TABLE orders (id int PRIMARY KEY);
//! INSERT INTO orders VALUES (1);
//! DELIMITER //
//! CREATE PROCEDURE change_often()
//! BEGIN
//!   DECLARE n int DEFAULT 0;
//!   WHILE n < 231 DO
//!     SET @change = concat('ALTER TABLE orders ADD COLUMN c', n, ' int');
//!     PREPARE one FROM @change;
//!     EXECUTE one;
//!     SET n = n + 1;
//!   END WHILE;
//! END //
//! DELIMITER ;
//! CALL change_often();
//! ```
//!
//! ```sql bad mysql
//! ALTER TABLE orders ADD COLUMN note int;
//! ```
//!
//! ```sql good mysql
//! ALTER TABLE orders FORCE;
//! ```
//!
//! What to do: rebuild the table (`OPTIMIZE TABLE`, `ALTER TABLE … FORCE`) at a quiet time; that sets the count to zero.
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

/// The first version of MySQL with the larger number.
const LARGER_FROM: (u32, u32) = (9, 1);

pub(crate) static RULE: Rule = Rule {
    name: "row-versions-used-up",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::MySql],
    claims: &[Claim::Nothing],
    source: include_str!("row_versions_used_up.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let version = &context.trace.server.version;
    let max = if (version.major, version.minor) >= LARGER_FROM {
        255
    } else {
        64
    };
    for operation in &context.effect.operations {
        let used = operation.row_versions.unwrap_or(0);
        if context.is_exempt(&operation.table) || used * 10 < max * 9 {
            continue;
        }
        let left = usize::try_from(max.saturating_sub(used)).unwrap_or(0);
        let message = format!(
            "{} has used {used} of its {max} row versions: after {} it is built anew",
            operation.table,
            phrase::count(left, "more instant change")
        );
        let mut finding = context.finding(&RULE, Some(&operation.table), message);
        finding.evidence.operation = Some(operation.clone());
        finding.advice.push(
            "Build the table anew at a quiet time (ALTER TABLE … FORCE); that starts the count from zero.".to_owned(),
        );
        findings.push(finding);
    }
}
