//! Which flaws of a catalog are told of a migration, where, and which are not.

use std::collections::BTreeSet;

use dbwright_catalog::{ConstraintKind, Measured, MigrationSet, Object};

use crate::RuleChoice;
use crate::testing::{Case, column, did, foreign_key, id, index, lite_table, named, not_null, table, with_index};

/// A table with an integer key and a foreign key without index.
fn orders() -> Vec<Object> {
    let mut objects = vec![
        table("orders"),
        not_null(column("orders", "id", 1, "bigint")),
        column("orders", "customer_id", 2, "bigint"),
        foreign_key("orders", "orders_customer_fk", "customer_id", "customers"),
    ];
    objects.extend(with_index(
        "orders",
        "orders_pkey",
        ConstraintKind::PrimaryKey(vec!["id".into()]),
        "id",
    ));
    objects
}

fn customers() -> Vec<Object> {
    let mut objects = vec![table("customers"), not_null(column("customers", "id", 1, "bigint"))];
    objects.extend(with_index(
        "customers",
        "customers_pkey",
        ConstraintKind::PrimaryKey(vec!["id".into()]),
        "id",
    ));
    objects
}

fn customer_index() -> Object {
    let definition = "CREATE INDEX orders_customer_idx ON public.orders USING btree (customer_id)";
    let mut index = index("orders", "orders_customer_idx", definition);
    if let dbwright_catalog::ObjectBody::Index(body) = &mut index.body {
        body.keys = vec!["customer_id".to_owned()];
    }
    index
}

const RULE: &str = "foreign-key-without-index";

#[test]
fn what_a_migration_brings_is_told_at_the_statement_that_made_it() {
    let case = Case::postgres(customers()).migration([
        did("SELECT 1"),
        did("CREATE TABLE orders (\n  id bigint PRIMARY KEY,\n  customer_id bigint,\n  CONSTRAINT orders_customer_fk …)")
            .creates(orders()),
        did("SELECT 2"),
    ]);
    let findings = case.judge_by(RULE);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].place.statement, Some((0, 1)));
    // The line that names the constraint.
    assert_eq!(findings[0].place.line, 5);
    let span = findings[0].place.span.unwrap();
    assert_eq!(&case.history.migrations[0].text[span.range()], "orders_customer_fk");
    assert_eq!(
        findings[0].message,
        "Foreign key orders_customer_fk of orders has no index that begins with customer_id"
    );
}

#[test]
fn what_was_there_before_or_is_gone_at_the_end_is_not_told() {
    let old = Case::postgres([customers(), orders()].concat())
        .migration([did("ALTER TABLE orders ADD note text").creates([column("orders", "note", 3, "text")])]);
    assert_eq!(old.judge_by(RULE), []);
    let mended = Case::postgres(customers())
        .migration([did("CREATE TABLE orders").creates(orders())])
        .migration([did("CREATE INDEX").creates([customer_index()])]);
    assert_eq!(mended.judge_by(RULE), []);
    let mut only_the_first = mended;
    only_the_first.judged = MigrationSet::Only {
        indexes: vec![0],
        why: "a test".to_owned(),
    };
    assert_eq!(only_the_first.judge_by(RULE), []);
}

#[test]
fn a_migration_that_takes_away_what_helped_is_told_of_it() {
    let with_index = [customers(), orders(), vec![customer_index()]].concat();
    let case = Case::postgres(with_index).migration([
        did("SELECT 1"),
        did("DROP INDEX orders_customer_idx").drops([customer_index()]),
    ]);
    let findings = case.judge_by(RULE);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].place.statement, Some((0, 1)));
}

#[test]
fn a_rename_brings_nothing_new() {
    let old = id("orders");
    let new = id("purchases");
    let moved = |object: Object| {
        let mut path = object.id.clone();
        if path.kind != dbwright_catalog::ObjectKind::Index {
            path.path[1] = "purchases".to_owned();
        }
        let mut object = named(object, path);
        if let dbwright_catalog::ObjectBody::Index(body) = &mut object.body {
            body.table = id("purchases");
        }
        object
    };
    let mut rename = did("ALTER TABLE orders RENAME TO purchases");
    for object in orders() {
        rename = rename.alters(object.clone(), moved(object));
    }
    let case = Case::postgres([customers(), orders()].concat()).migration([rename]);
    assert!(case.trace.catalog.get(&old).is_none() && case.trace.catalog.get(&new).is_some());
    assert_eq!(case.judge_by(RULE), []);
}

#[test]
fn comments_allow_flaws_as_they_allow_everything() {
    for (comment, told) in [
        ("", 1),
        ("-- dbwright: allow foreign-key-without-index (rarely deleted)\n", 0),
    ] {
        let sql = format!("{comment}CREATE TABLE orders");
        let case = Case::postgres(customers()).migration([did(&sql).creates(orders())]);
        assert_eq!(case.judge_by(RULE).len(), told, "{comment}");
    }
}

#[test]
fn columns_of_one_table_that_have_the_same_flaw_are_one_finding() {
    let case = Case::postgres([]).migration([did("CREATE TABLE codes").creates([
        table("codes"),
        column("codes", "country", 1, "character(20)"),
        column("codes", "currency", 2, "character(30)"),
    ])]);
    let findings = case.judge_by("padded-char");
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        ["country and currency of codes are char, filled up with spaces"]
    );
}

#[test]
fn lint_tells_all_of_a_catalog_and_leaves_out_what_is_not_the_users() {
    let mut book = lite_table("_sqlx_migrations");
    book.definition = "CREATE TABLE _sqlx_migrations (version BIGINT)".to_owned();
    let case = Case::sqlite([
        lite_table("notes"),
        column("main.notes", "text", 1, "TEXT"),
        book,
        column("main._sqlx_migrations", "version", 1, "BIGINT"),
    ]);
    let lint = |choice: &RuleChoice| -> Vec<String> {
        let findings = crate::lint(&case.trace.catalog, &Measured::default(), choice, &BTreeSet::new()).findings;
        findings
            .iter()
            .map(|finding| format!("{}: {}", finding.rule, finding.message))
            .collect()
    };
    assert_eq!(
        lint(&RuleChoice::default()),
        ["table-without-primary-key: notes has no primary key"]
    );
    let more = RuleChoice {
        allowed: vec!["table-without-primary-key".to_owned()],
        enabled: vec!["table-not-strict".to_owned()],
        ..RuleChoice::default()
    };
    assert_eq!(lint(&more), ["table-not-strict: notes takes any value in any column"]);
}
