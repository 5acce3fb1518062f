//! Ways in which MySQL and MariaDB change a table.

use dbwright_catalog::{
    Algorithm, ColumnExtra, ConstraintKind, Generated, GeneratedKind, LockLevel, MySqlFamilyColumn, Object, ObjectBody,
    Severity,
};

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

fn text(name: &str, type_name: &str, charset: &str) -> Object {
    let mut text = column("people", name, 2, type_name);
    if let ObjectBody::Column(column) = &mut text.body {
        column.extra = ColumnExtra::MySqlFamily(MySqlFamilyColumn {
            auto_increment: false,
            invisible: false,
            charset: Some(charset.to_owned()),
            on_update: None,
            srid: None,
        });
    }
    text
}

fn computed(expression: &str, kind: GeneratedKind) -> Object {
    let mut computed = text("sum", "int", "utf8mb4");
    if let ObjectBody::Column(column) = &mut computed.body {
        column.generated = Some(Generated {
            kind,
            expression: expression.to_owned(),
        });
    }
    computed
}

#[test]
fn a_length_that_needs_a_second_byte_is_named_as_the_cause() {
    let copied = |before: Object, after: Object| {
        let alter = did("ALTER TABLE people MODIFY …").alters(before.clone(), after);
        let alter = alter.operates("people", Algorithm::Copy, LockLevel::Shared);
        Case::mysql([table("people"), before]).migration([alter]).only()
    };
    let finding = copied(
        text("name", "varchar(80)", "utf8mb3"),
        text("name", "varchar(80)", "utf8mb4"),
    );
    assert_eq!(
        finding.evidence.facts[1],
        "people.name could take 240 bytes and can take 320: above 255, the length of each value takes two bytes instead of one."
    );
    assert!(finding.advice[0].starts_with("Up to 63 characters of utf8mb4 need no copy"));
    let within = copied(
        text("name", "varchar(30)", "latin1"),
        text("name", "varchar(40)", "latin1"),
    );
    assert_eq!(within.evidence.facts.len(), 1);
}

#[test]
fn a_virtual_column_is_named_as_the_cause_with_the_way_round() {
    let before = computed("a + b", GeneratedKind::Virtual);
    let alter = did("ALTER TABLE people MODIFY …").alters(before.clone(), computed("a - b", GeneratedKind::Virtual));
    let alter = alter.operates("people", Algorithm::Copy, LockLevel::Shared);
    let finding = Case::mysql([table("people"), before.clone()]).migration([alter]).only();
    assert!(finding.evidence.facts[1].starts_with("people.sum is a virtual column"));
    assert!(finding.advice[0].contains("drop sum and add it again"));

    let add = did("ALTER TABLE people ADD …").creates([computed("a + b", GeneratedKind::Stored)]);
    let add = add.operates("people", Algorithm::Copy, LockLevel::Shared);
    let finding = Case::mysql([table("people")]).migration([add]).only();
    assert!(finding.advice[0].starts_with("A VIRTUAL column"));
}
