//! Findings about the running release on hand-built traces.

use dbwright_catalog::{ConstraintKind, LockMode, ObjectBody, RunMode, Severity};

use crate::testing::{Case, check, column, constraint, did, foreign_key, id, index, not_null, table};

fn with_default(mut object: dbwright_catalog::Object) -> dbwright_catalog::Object {
    if let ObjectBody::Column(column) = &mut object.body {
        column.default = Some("0".to_owned());
    }
    object
}

#[test]
fn a_table_whose_name_comes_back_in_the_next_migration_is_not_renamed_for_the_release() {
    let gone = || did("ALTER TABLE users RENAME TO users_old").alters(table("users"), table("users_old"));
    let away = Case::postgres([table("users")]).migration([gone()]);
    assert_eq!(away.judge_by("rename-table").len(), 1);
    let back = Case::postgres([table("users")])
        .migration([gone()])
        .migration([did("CREATE TABLE users ()").creates([table("users")])]);
    assert_eq!(back.judge_by("rename-table"), []);
}

#[test]
fn a_table_that_takes_a_name_which_another_has_left_is_a_rebuild() {
    let case = Case::postgres([table("users"), table("users_new")])
        .migration([did("DROP TABLE users").drops([table("users")])])
        .migration([did("ALTER TABLE users_new RENAME TO users").alters(table("users_new"), table("users"))]);
    assert_eq!(case.judge_by("rename-table"), []);
}

#[test]
fn a_column_that_may_be_null_until_now_is_required_with_a_note_and_one_with_a_default_with_a_warning() {
    let severity = |before: dbwright_catalog::Object| {
        let after = not_null(column("orders", "total", 2, "integer"));
        let case = Case::postgres([table("orders"), before.clone()])
            .migration([did("ALTER TABLE orders …").alters(before, after)]);
        case.judge_by("required-column").first().map(|finding| finding.severity)
    };
    let nullable = column("orders", "total", 2, "integer");
    assert_eq!(severity(nullable.clone()), Some(Severity::Note));
    assert_eq!(severity(not_null(with_default(nullable))), Some(Severity::Warning));
    assert_eq!(severity(not_null(column("orders", "total", 2, "integer"))), None);
}

#[test]
fn what_is_told_of_the_table_already_comes_with_it_in_one_finding() {
    let before = column("orders", "total", 2, "integer");
    let case = Case::postgres([table("orders"), before.clone()]).migration([did("ALTER TABLE orders …")
        .alters(before.clone(), not_null(before))
        .locks("orders", LockMode::AccessExclusive)
        .scans("orders")]);
    let mut findings = case.judge_by("set-not-null-scan");
    assert_eq!(findings.len(), 1);
    let facts = findings.remove(0).evidence.facts;
    assert_eq!(
        facts.last().unwrap(),
        "An INSERT into orders that leaves out total fails from here on."
    );
    assert_eq!(case.judge_by("required-column"), []);
}

#[test]
fn a_finding_names_the_table_under_its_new_name() {
    let case = Case::postgres([table("customer")])
        .migration([did("ALTER TABLE customer RENAME TO customers").alters(table("customer"), table("customers"))]);
    let finding = case.judge_by("rename-table").remove(0);
    assert_eq!(finding.evidence.relation, Some(id("customers")));
    assert_eq!(
        finding.message,
        "customer becomes customers, and the running release still uses the old name"
    );
}

#[test]
fn a_unique_key_that_goes_with_its_column_is_told_with_the_column() {
    let unique = || {
        let mut object = index("orders", "orders_code_key", "CREATE UNIQUE INDEX …");
        if let ObjectBody::Index(index) = &mut object.body {
            index.unique = true;
            index.keys = vec!["\"code\"".to_owned()];
        }
        object
    };
    let dropped = || did("DROP INDEX orders_code_key").drops([unique()]);
    let code = || column("orders", "code", 2, "text");
    let stays = Case::postgres([table("orders"), code(), unique()]).migration([dropped()]);
    assert_eq!(stays.judge_by("drop-unique-key").len(), 1);
    let goes = Case::postgres([table("orders"), code(), unique()])
        .migration([dropped(), did("ALTER TABLE orders DROP COLUMN code").drops([code()])]);
    assert_eq!(goes.judge_by("drop-unique-key"), []);
}

#[test]
fn what_keeps_null_out_of_a_column_is_no_constraint_that_is_made_again() {
    // PostgreSQL 18 names it after the column, and another column has that name now.
    let key = || {
        constraint(
            "orders",
            "orders_role_not_null",
            ConstraintKind::NotNull("role".to_owned()),
            "NOT NULL role",
        )
    };
    let case = Case::postgres([table("orders"), key()]).migration_in(
        RunMode::EachStatement,
        [
            did("ALTER TABLE orders ALTER COLUMN old_role DROP NOT NULL").drops([key()]),
            did("ALTER TABLE orders ADD COLUMN role text NOT NULL DEFAULT 'x'").creates([key()]),
        ],
    );
    assert_eq!(case.judge_by("replaced-with-gap"), []);
}

#[test]
fn two_constraints_that_are_made_again_later_are_missing_both() {
    let keys = || {
        [
            check("orders", "orders_total"),
            foreign_key("orders", "orders_customer", "customer", "customers"),
        ]
    };
    let given = [table("orders"), table("customers")].into_iter().chain(keys());
    let case = Case::postgres(given).migration_in(
        RunMode::EachStatement,
        [
            did("ALTER TABLE orders DROP CONSTRAINT …").drops(keys()),
            did("ALTER TABLE orders ADD CONSTRAINT …").creates(keys()),
        ],
    );
    let finding = case.judge_by("replaced-with-gap").remove(0);
    assert!(
        finding.message.starts_with("The constraints orders."),
        "{}",
        finding.message
    );
    assert!(finding.message.contains(" are missing between"), "{}", finding.message);
}
