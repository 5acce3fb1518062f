//! `table-rewrite` on hand-built effects.

use super::*;

#[test]
fn a_rewrite_says_which_column_changed_and_truncate_is_none() {
    let before = column("orders", "id", 1, "integer");
    let case = Case::postgres([table("orders"), before.clone()]).migration([did("ALTER TABLE …")
        .alters(before, column("orders", "id", 1, "bigint"))
        .locks("orders", AccessExclusive)
        .rewrites("orders")]);
    let finding = case.only();
    assert_eq!(
        finding.message,
        "Changing orders.id from integer to bigint rewrites orders and blocks reads and writes meanwhile"
    );
    let case = Case::postgres([table("orders")]).migration([did("TRUNCATE orders")
        .locks("orders", AccessExclusive)
        .rewrites("orders")]);
    assert_eq!(case.found(), ["truncate-table@0"]);
}

#[test]
fn a_rewrite_of_all_partitions_is_told_of_the_table_above_them() {
    let before = column("p", "id", 1, "integer");
    let case = Case::postgres([
        partitioned("p"),
        partition("p1", "p"),
        partition("p2", "p"),
        before.clone(),
    ])
    .migration([did("ALTER TABLE …")
        .alters(before, column("p", "id", 1, "bigint"))
        .locks("p", AccessExclusive)
        .rewrites("p1")
        .rewrites("p2")]);
    let finding = case.only();
    assert_eq!(finding.evidence.relation, Some(id("p")));
    assert!(
        finding
            .evidence
            .facts
            .contains(&"It wrote 2 partitions anew.".to_owned())
    );
}

#[test]
fn a_rewrite_on_sqlite_is_a_note() {
    let dropped = column("main.t", "a", 2, "TEXT");
    let case = Case::sqlite([crate::testing::lite_table("t"), dropped.clone()]).migration([did(
        "ALTER TABLE t DROP COLUMN a",
    )
    .drops([dropped])
    .rewrites("main.t")]);
    assert_eq!(case.found(), ["drop-column@0", "table-rewrite@0"]);
    assert_eq!(case.judge()[1].severity, Severity::Note);
}

#[test]
fn advice_about_a_type_names_only_what_does_without_a_rewrite_there() {
    let advice = |before: &str, after: &str| {
        let case =
            Case::postgres([table("orders"), column("orders", "code", 1, before)]).migration([did("ALTER TABLE …")
                .alters(column("orders", "code", 1, before), column("orders", "code", 1, after))
                .locks("orders", AccessExclusive)
                .rewrites("orders")]);
        case.judge_by("table-rewrite")[0].advice[1..].to_vec()
    };
    assert_eq!(advice("character(36)", "text"), [""; 0]);
    assert_eq!(advice("integer", "bigint"), [""; 0]);
    assert_eq!(advice("character varying", "text[]"), [""; 0]);
    assert!(advice("character varying(20)", "character varying(10)")[0].contains("CHECK on the length of code"));
    assert!(advice("numeric(10,2)", "numeric(12,3)")[0].contains("same scale"));
}

#[test]
fn a_rewrite_for_new_columns_names_the_one_that_is_computed() {
    let with_default = |name: &str, default: &str| {
        let mut object = column("orders", name, 2, "uuid");
        if let dbwright_catalog::ObjectBody::Column(column) = &mut object.body {
            column.default = Some(default.to_owned());
        }
        object
    };
    let message = |columns: Vec<dbwright_catalog::Object>| {
        let case = Case::postgres([table("orders")]).migration([did("ALTER TABLE …")
            .creates(columns)
            .locks("orders", AccessExclusive)
            .rewrites("orders")]);
        case.only().message
    };
    let plain = || column("orders", "a", 2, "text");
    let constant = || with_default("b", "'f(x)'::text");
    let stable = || with_default("c", "now()");
    let volatile = || with_default("d", "gen_random_uuid()");
    assert!(
        message(vec![plain(), constant(), stable(), volatile()]).starts_with("Adding orders.d with a default that"),
    );
    assert!(message(vec![plain(), constant()]).starts_with("The statement rewrites orders"));
    assert!(message(vec![constant()]).starts_with("Adding orders.b with a default"));
    assert!(message(vec![plain()]).starts_with("Adding orders.a with a type that has constraints"));
}
