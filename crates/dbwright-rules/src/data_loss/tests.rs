//! The data-loss rules on hand-built effects.

use dbwright_catalog::{ConstraintKind, LockMode, RunMode, Severity};

use crate::testing::{
    Case, column, constraint, did, foreign_key, lite_table, named, partition, partitioned, table, view,
};

#[test]
fn a_dropped_table_is_told_with_what_goes_along() {
    let key = foreign_key("orders", "fk", "customer_id", "customers");
    let case = Case::postgres([table("customers"), table("orders"), key.clone(), view("v")]).migration([did(
        "DROP TABLE customers CASCADE",
    )
    .drops([
        table("customers"),
        column("customers", "id", 1, "integer"),
        key,
        view("v"),
    ])
    .locks("orders", LockMode::AccessExclusive)]);
    let finding = case.only();
    assert_eq!(finding.rule, "drop-table");
    assert_eq!(
        finding.evidence.facts,
        ["With it go the constraint orders.fk and the view v."]
    );
}

#[test]
fn partitions_that_go_with_their_table_are_told_with_it() {
    let tables = [partitioned("log"), partition("log_1", "log"), partition("log_2", "log")];
    let case = Case::postgres(tables.clone()).migration([did("DROP TABLE log").drops(tables.clone())]);
    assert_eq!(case.only().evidence.facts, ["With it go 2 partitions."]);
    let [_, first, _] = tables.clone();
    let case = Case::postgres(tables).migration([did("DROP TABLE log_1").drops([first])]);
    assert_eq!(case.only().evidence.facts, ["It is a partition of log."]);
}

#[test]
fn the_not_null_of_a_dropped_column_is_a_part_of_it() {
    let fax = column("customers", "fax", 1, "text");
    let not_null = constraint(
        "customers",
        "customers_fax_not_null",
        ConstraintKind::NotNull("fax".into()),
        "NOT NULL fax",
    );
    let given = [table("customers"), fax.clone(), not_null.clone()];
    let case = Case::postgres(given).migration([did("ALTER TABLE …").drops([fax, not_null])]);
    assert_eq!(case.only().evidence.facts, [""; 0]);
}

#[test]
fn a_dropped_table_that_empties_many_others_is_told_once() {
    let names = ["a", "b", "c", "d", "e"];
    let given = names.iter().copied().chain(["parent"]).map(lite_table);
    let mut drop = did("DROP TABLE parent").drops([lite_table("parent")]);
    for name in names {
        drop = drop.rows(&format!("main.{name}"), [0, 0, 2]);
    }
    drop = drop.rows("main.f", [0, 3, 0]);
    let case = Case::sqlite(given.chain([lite_table("f")])).migration([drop]);
    let findings = case.judge();
    let messages: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.rule == "cascading-rebuild")
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "Dropping parent deletes the rows of a, b, c and 2 more tables that refer to it",
            "Dropping parent clears the references in f that refer to it",
        ]
    );
    assert_eq!(
        findings[0].evidence.facts[0],
        "DROP TABLE parent deleted 2 rows of a, 2 rows of b, 2 rows of c, 2 rows of d and 2 rows of e here."
    );
}

#[test]
fn a_table_of_the_same_migration_and_a_renamed_one_are_not_lost() {
    let case = Case::postgres([table("a")]).migration([
        did("CREATE TABLE t ()").creates([table("t")]),
        did("DROP TABLE t").drops([table("t")]),
        did("ALTER TABLE a RENAME TO b").alters(table("a"), table("b")),
    ]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_rename_that_the_engine_shows_as_drop_and_create_is_none() {
    let old = [lite_table("a"), column("main.a", "x", 1, "TEXT")];
    let new = [lite_table("b"), column("main.b", "x", 1, "TEXT")];
    let case = Case::sqlite(old.clone()).migration([did("ALTER TABLE a RENAME TO b").drops(old).creates(new)]);
    assert_eq!(case.found(), [""; 0]);
    let [before, after] = ["x", "y"].map(|name| column("main.a", name, 1, "TEXT"));
    let case = Case::sqlite([lite_table("a"), before.clone()])
        .migration([did("ALTER TABLE a RENAME x TO y").drops([before]).creates([after])]);
    assert_eq!(case.found(), [""; 0]);
}

/// A rebuild of `t`, whose columns were `a` and `b`, into one that has `columns`.
fn rebuild(columns: &[&str]) -> Case {
    let of = |table: &str, names: &[&str]| {
        let columns = names
            .iter()
            .zip(1..)
            .map(|(name, position)| column(&format!("main.{table}"), name, position, "TEXT"));
        std::iter::once(lite_table(table)).chain(columns).collect::<Vec<_>>()
    };
    let mut renamed = did("ALTER TABLE new_t RENAME TO t");
    for (before, after) in of("new_t", columns).into_iter().zip(of("t", columns)) {
        renamed = renamed.alters(before, after);
    }
    Case::sqlite(of("t", &["a", "b"])).migration([
        did("CREATE TABLE new_t").creates(of("new_t", columns)),
        did("INSERT INTO new_t SELECT")
            .rows("main.new_t", [3, 0, 0])
            .scans("main.t"),
        did("DROP TABLE t").drops(of("t", &["a", "b"])),
        renamed,
    ])
}

#[test]
fn of_a_rebuild_only_the_missing_columns_are_lost() {
    assert_eq!(rebuild(&["a", "b"]).found(), [""; 0]);
    let finding = rebuild(&["a"]).only();
    assert_eq!(
        (finding.rule.as_str(), finding.place.statement),
        ("drop-column", Some((0, 2)))
    );
    assert_eq!(finding.message, "t.b is dropped with all its values");
}

#[test]
fn a_table_dropped_and_made_anew_without_its_rows_is_lost() {
    let again = |rows| {
        let insert = did("INSERT INTO t SELECT * FROM backup");
        let insert = if rows { insert.rows("main.t", [3, 0, 0]) } else { insert };
        Case::sqlite([lite_table("t")]).migration([
            did("DROP TABLE t").drops([lite_table("t")]),
            did("CREATE TABLE t (a)").creates([lite_table("t")]),
            insert,
        ])
    };
    assert_eq!(again(false).found(), ["drop-table@0"]);
    assert_eq!(again(true).found(), [""; 0]);
}

#[test]
fn a_table_renamed_out_of_the_way_and_dropped_is_a_rebuild() {
    let case = Case::sqlite([lite_table("t")]).migration([
        did("ALTER TABLE t RENAME TO t_old").alters(lite_table("t"), lite_table("t_old")),
        did("CREATE TABLE t").creates([lite_table("t")]),
        did("INSERT INTO t SELECT").rows("main.t", [3, 0, 0]),
        did("DROP TABLE t_old").drops([lite_table("t_old")]),
    ]);
    assert_eq!(case.found(), [""; 0]);
}

/// A rebuild of `t`, whose columns were `a` and `b`, into one that has `columns`, a statement a migration; with or without
/// the rows.
fn spread_rebuild(columns: &[&str], copy: &str, rows: u64) -> Case {
    let of = |table: &str, names: &[&str]| {
        let columns = names
            .iter()
            .zip(1..)
            .map(|(name, position)| column(&format!("main.{table}"), name, position, "TEXT"));
        std::iter::once(lite_table(table)).chain(columns).collect::<Vec<_>>()
    };
    let mut renamed = did("ALTER TABLE _t_tmp RENAME TO t");
    for (before, after) in of("_t_tmp", columns).into_iter().zip(of("t", columns)) {
        renamed = renamed.alters(before, after);
    }
    Case::sqlite(of("t", &["a", "b"]))
        .migration([did("CREATE TABLE _t_tmp").creates(of("_t_tmp", columns))])
        .migration([did(copy).rows("main._t_tmp", [rows, 0, 0])])
        .migration([did("DROP TABLE t").drops(of("t", &["a", "b"]))])
        .migration([did("SELECT 1")])
        .migration([renamed])
}

#[test]
fn a_rebuild_over_several_migrations_loses_no_more_than_one_in_a_single() {
    let copy = r#"INSERT INTO "_t_tmp" (a) SELECT a FROM "t""#;
    assert_eq!(spread_rebuild(&["a", "b"], copy, 3).found(), [""; 0]);
    let finding = spread_rebuild(&["a"], copy, 3).only();
    assert_eq!(
        (finding.rule.as_str(), finding.place.statement),
        ("drop-column", Some((2, 0)))
    );
    assert_eq!(finding.message, "t.b is dropped with all its values");
}

#[test]
fn a_new_table_with_other_rows_or_none_replaces_nothing() {
    for (copy, rows) in [
        ("INSERT INTO _t_tmp SELECT a FROM t", 0),
        ("INSERT INTO _t_tmp SELECT a FROM other", 3),
        ("SELECT a FROM t", 0),
    ] {
        assert_eq!(
            spread_rebuild(&["a", "b"], copy, rows).found(),
            ["drop-table@0"],
            "{copy}"
        );
    }
}

#[test]
fn a_table_dropped_in_one_migration_and_made_anew_in_another_is_lost() {
    let case = Case::mysql([lite_table("t")])
        .migration([did("DROP TABLE t").drops([lite_table("t")])])
        .migration([did("CREATE TABLE t").creates([lite_table("t")])])
        .migration([did("INSERT INTO t SELECT * FROM t2").rows("main.t", [3, 0, 0])]);
    assert_eq!(case.found(), ["drop-table@0"]);
}

#[test]
fn a_name_that_is_taken_over_long_after_the_drop_replaces_nothing() {
    let mut case =
        Case::mysql([lite_table("t"), lite_table("other")]).migration([did("DROP TABLE t").drops([lite_table("t")])]);
    for _ in 0..20 {
        case = case.migration([did("SELECT 1")]);
    }
    let case = case.migration([did("RENAME TABLE other TO t").alters(lite_table("other"), lite_table("t"))]);
    assert_eq!(case.found(), ["drop-table@0"]);
}

#[test]
fn a_table_renamed_out_of_the_way_by_an_earlier_migration_is_a_rebuild() {
    let case = |copied: u64| {
        Case::mysql([lite_table("t")])
            .migration([did("RENAME TABLE t TO t_old").alters(lite_table("t"), lite_table("t_old"))])
            .migration([did("CREATE TABLE t").creates([lite_table("t")])])
            .migration([did("INSERT INTO t SELECT * FROM t_old").rows("main.t", [copied, 0, 0])])
            .migration([did("DROP TABLE t_old").drops([lite_table("t_old")])])
    };
    assert_eq!(case(3).found(), [""; 0]);
    assert_eq!(case(0).found(), ["drop-table@0"]);
}

#[test]
fn columns_are_lost_when_dropped_and_not_when_new_or_renamed() {
    let old = column("t", "old", 1, "text");
    let case = Case::postgres([table("t"), old.clone()]).migration([
        did("ALTER TABLE t RENAME old TO new").alters(old.clone(), named(old.clone(), column("t", "new", 1, "").id)),
        did("ALTER TABLE t ADD tmp int").creates([column("t", "tmp", 2, "integer")]),
        did("ALTER TABLE t DROP tmp").drops([column("t", "tmp", 2, "integer")]),
    ]);
    assert_eq!(case.found(), [""; 0]);
    let case = Case::postgres([table("t"), old.clone(), view("v")])
        .migration([did("ALTER TABLE t DROP old CASCADE").drops([old, view("v")])]);
    assert_eq!(case.only().evidence.facts, ["With it goes the view v."]);
}

#[test]
fn a_column_dropped_and_added_again_is_lost() {
    let [old, new] = [column("t", "c", 1, "text"), column("t", "c", 2, "integer")];
    let given = || [table("t"), old.clone()];
    let apart = Case::postgres(given()).migration([
        did("ALTER TABLE t DROP c").drops([old.clone()]),
        did("ALTER TABLE t ADD c int").creates([new.clone()]),
    ]);
    assert_eq!(apart.found(), ["drop-column@0"]);
    let together = Case::postgres(given()).migration([did("ALTER TABLE t DROP c, ADD c int")
        .drops([old.clone()])
        .creates([new])]);
    assert_eq!(together.found(), ["drop-column@0"]);
}

#[test]
fn a_rebuild_that_deletes_the_children_says_that_the_pragma_did_nothing() {
    let parent = |name| lite_table(name);
    let statements = || {
        [
            did("PRAGMA foreign_keys = OFF"),
            did("CREATE TABLE new_t").creates([parent("new_t")]),
            did("INSERT INTO new_t SELECT").rows("main.new_t", [3, 0, 0]),
            did("DROP TABLE t")
                .drops([parent("t")])
                .rows("main.t", [0, 0, 3])
                .rows("main.child", [0, 0, 3]),
            did("ALTER TABLE new_t RENAME TO t").alters(parent("new_t"), parent("t")),
        ]
    };
    let case = Case::sqlite([parent("t"), lite_table("child")]).migration(statements());
    let finding = case.only();
    assert_eq!(
        (finding.rule.as_str(), finding.severity),
        ("cascading-rebuild", Severity::Error)
    );
    assert_eq!(
        finding.message,
        "Rebuilding t deletes the rows of child that refer to it"
    );
    assert_eq!(
        finding.evidence.facts,
        [
            "DROP TABLE t deleted 3 rows of child here.",
            "PRAGMA foreign_keys = OFF on line 1 stands inside the transaction, where it does nothing.",
        ]
    );
    assert!(finding.advice[1].contains("-- no-transaction"));
    let case = Case::sqlite([parent("t"), lite_table("child")]).migration_in(RunMode::EachStatement, statements());
    assert!(case.only().evidence.facts[1].starts_with("Foreign keys were on"));
}

#[test]
fn a_table_dropped_and_made_anew_by_one_block_is_lost_unless_the_block_filled_it() {
    let block = || did("DO $$ … $$").drops([table("t")]).creates([table("t")]);
    assert_eq!(
        Case::postgres([table("t")]).migration([block()]).found(),
        ["drop-table@0"]
    );
    let filled = block().rows("t", [3, 0, 0]);
    assert_eq!(Case::postgres([table("t")]).migration([filled]).found(), [""; 0]);
}

#[test]
fn values_that_were_made_to_fit_are_told_with_the_words_of_the_server() {
    let cut = "Data truncated for column 'note' at row 1";
    let mut alter = did("ALTER TABLE orders MODIFY note varchar(5)");
    for _ in 0..5 {
        alter = alter.warns(1265, cut);
    }
    let case = Case::mysql([table("orders")]).migration([alter.warns(1681, "Integer display width is deprecated")]);
    let finding = case.only();
    assert_eq!(finding.rule, "values-changed");
    assert_eq!(finding.evidence.facts.len(), 4);
    assert_eq!(finding.evidence.facts[0], format!("MySQL 1265: {cut}"));
    assert_eq!(finding.evidence.facts[3], "2 warnings more.");
}

#[test]
fn other_warnings_of_the_server_lose_nothing() {
    let case = Case::mysql([table("orders")])
        .migration([did("ALTER TABLE …").warns(1681, "Integer display width is deprecated")]);
    assert_eq!(case.found(), [""; 0]);
}
