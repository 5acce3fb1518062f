//! Ways in which MySQL and MariaDB change a table.

use dbwright_catalog::{Algorithm, ConstraintKind, LockLevel, Severity};

use crate::testing::{Case, column, constraint, did, foreign_key, table};

#[test]
fn a_copy_is_told_with_what_the_server_refused() {
    let case = Case::mysql([table("orders")]).migration([did("ALTER TABLE orders MODIFY total bigint").operates(
        "orders",
        Algorithm::Copy,
        LockLevel::Shared,
    )]);
    let finding = case.only();
    assert_eq!(finding.rule, "table-copy");
    assert_eq!(
        finding.message,
        "orders is copied row by row, and writes wait until that is done"
    );
    assert_eq!(
        finding.evidence.facts,
        ["ALGORITHM=INPLACE is refused: Cannot change column type INPLACE."]
    );
}

#[test]
fn a_copy_that_is_also_a_rebuild_is_told_once() {
    let case = Case::mysql([table("orders")]).migration([did("ALTER TABLE orders MODIFY total bigint")
        .operates("orders", Algorithm::Copy, LockLevel::Shared)
        .rewrites("orders")]);
    assert_eq!(case.found(), ["table-copy@0"]);
}

#[test]
fn a_rebuild_that_lets_others_write_is_a_rewrite() {
    let case = Case::mysql([table("orders")]).migration([did("ALTER TABLE orders FORCE")
        .operates("orders", Algorithm::InPlace, LockLevel::None)
        .rewrites("orders")]);
    let finding = case.only();
    assert_eq!(
        (finding.rule.as_str(), finding.severity),
        ("table-rewrite", Severity::Warning)
    );
    assert!(finding.evidence.operation.is_some());
}

#[test]
fn a_rebuild_for_a_new_column_is_told_with_what_the_server_says_and_no_guess() {
    let mut alter = did("ALTER TABLE orders ADD COLUMN born date NOT NULL")
        .creates([column("orders", "born", 2, "date")])
        .rewrites("orders")
        .operates("orders", Algorithm::Copy, LockLevel::None);
    alter = alter.instant_refused("Columns participate in an index.");
    let finding = Case::mysql([table("orders")]).migration([alter]).only();
    assert_eq!(finding.message, "The statement rewrites orders");
    assert_eq!(
        finding.evidence.facts,
        ["ALGORITHM=INSTANT is refused: Columns participate in an index."]
    );
}

#[test]
fn what_lets_others_write_and_builds_nothing_anew_is_fine() {
    let total = column("orders", "total", 2, "int");
    let case = Case::mysql([table("orders")]).migration([did("ALTER TABLE orders ADD COLUMN total int")
        .creates([total])
        .operates("orders", Algorithm::Instant, LockLevel::None)]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_new_name_works_through_no_rows() {
    let rename = did("ALTER TABLE orders RENAME TO sales")
        .alters(table("orders"), table("sales"))
        .operates("orders", Algorithm::Instant, LockLevel::Exclusive);
    assert_eq!(Case::mysql([table("orders")]).migration([rename]).found(), [""; 0]);
}

#[test]
fn a_table_of_the_same_migration_may_be_copied() {
    let case = Case::mysql([]).migration([
        did("CREATE TABLE orders (id int)").creates([table("orders")]),
        did("ALTER TABLE orders MODIFY id bigint").operates("orders", Algorithm::Copy, LockLevel::Shared),
    ]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn the_advice_for_a_foreign_key_is_about_its_check() {
    let key = foreign_key("lines", "fk", "order_id", "orders");
    let case = Case::mysql([table("orders"), table("lines")]).migration([did("ALTER TABLE lines ADD …")
        .creates([key])
        .operates("lines", Algorithm::Copy, LockLevel::Shared)]);
    assert!(case.only().advice[0].contains("foreign_key_checks"));
    let check = constraint("lines", "c", ConstraintKind::Check("(a > 0)".into()), "");
    let case = Case::mysql([table("lines")]).migration([did("ALTER TABLE lines ADD …").creates([check]).operates(
        "lines",
        Algorithm::Copy,
        LockLevel::Shared,
    )]);
    assert!(case.only().advice[0].contains("gh-ost"));
}
