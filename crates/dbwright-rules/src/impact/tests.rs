//! Rows, times and words for findings of made-up traces.

use std::time::Duration;

use dbwright_catalog::{
    Activity, Engine, LockMode, Rates, SampleValues, Server, Snapshot, StoredKind, StoredRelation, Version, Waiting,
};

use super::{impacts, tell_impacts};
use crate::testing::{Case, column, did, foreign_key, index, table};

fn server() -> Server {
    Server {
        engine: Engine::Postgres,
        version: Version::new(15, 20, 0),
    }
}

fn stored(kind: StoredKind, name: &str, bytes: u64) -> StoredRelation {
    StoredRelation {
        kind,
        schema: "public".to_owned(),
        name: name.to_owned(),
        table: None,
        access_method: None,
        pages: 1,
        tuples: 0.0,
        all_visible: 0,
        all_frozen: None,
        bytes: Some(bytes),
        tree_levels: None,
        gin: None,
        end_points: None,
        activity: None,
    }
}

/// A table of 1 GB with 10 million rows and 100 MB of long values, and an index.
fn production() -> Snapshot {
    let mut orders = stored(StoredKind::Table, "orders", 1_000_000_000);
    orders.tuples = 10_000_000.0;
    orders.activity = Some(Activity {
        sequential_scans: 10,
        index_scans: 71_990,
        inserted: 3_000,
        updated: 500,
        deleted: 100,
        ..Activity::default()
    });
    let mut key = stored(StoredKind::Index, "orders_pkey", 200_000_000);
    key.table = Some("orders".to_owned());
    key.access_method = Some("btree".to_owned());
    let mut customers = stored(StoredKind::Table, "customers", 8_000);
    customers.tuples = 100.0;
    Snapshot {
        server: server(),
        database: "shop".to_owned(),
        taken_at: "2026-11-30T08:00:00Z".to_owned(),
        counted_since: Some("2026-11-30T07:00:00Z".to_owned()),
        values: SampleValues::default(),
        relations: vec![orders, stored(StoredKind::Toast, "orders", 100_000_000), key, customers],
        ..Snapshot::empty(server())
    }
}

fn rates() -> Rates {
    Rates {
        server: server(),
        rewritten_bytes: 100_000_000,
        scanned_bytes: 1_000_000_000,
        indexed_numbers: 2_000_000,
        indexed_texts: 500_000,
        referenced_rows: 1_000_000,
        rows: 10_000_000,
    }
}

/// The fact that the only finding of a rule gets.
fn fact(case: &Case, rule: &str, rates: Option<&Rates>) -> String {
    let mut findings = case.judge_by(rule);
    let impacts = impacts(&case.trace, &findings, &production(), rates);
    tell_impacts(&mut findings, &impacts);
    findings.remove(0).evidence.facts.pop().unwrap()
}

fn orders() -> Case {
    Case::postgres([
        table("orders"),
        column("orders", "id", 1, "bigint"),
        column("orders", "state", 2, "text"),
        table("customers"),
    ])
}

#[test]
fn a_rewrite_takes_rows_long_values_and_indexes_and_everybody_waits() {
    let case = orders().migration([did("ALTER TABLE orders ALTER COLUMN id TYPE numeric")
        .locks("orders", LockMode::AccessExclusive)
        .rewrites("orders")
        .alters(
            column("orders", "id", 1, "bigint"),
            column("orders", "id", 1, "numeric"),
        )]);
    // 11 s of rows; the index reads 1.1 s and sorts 5 s.
    assert_eq!(
        fact(&case, "table-rewrite", Some(&rates())),
        "In production orders has about 10 million rows, 1.1 GB, 20 reads and 1.0 written rows a second; reads and \
         writes wait about 11 s to 34 s (it is written anew, with its indexes)."
    );
    assert_eq!(
        fact(&case, "table-rewrite", None),
        "In production orders has about 10 million rows, 1.1 GB, 20 reads and 1.0 written rows a second; reads and \
         writes wait for a time that is not estimated (it is written anew, with its indexes)."
    );
}

#[test]
fn texts_are_sorted_more_slowly_and_what_is_no_b_tree_has_no_time() {
    let built = |definition: &str| {
        orders().migration([did("CREATE INDEX orders_state ON orders (state)")
            .locks("orders", LockMode::Share)
            .creates([index("orders", "orders_state", definition)])])
    };
    let of_text = built("CREATE INDEX orders_state ON orders USING btree (state)");
    assert_eq!(
        fact(&of_text, "create-index-without-concurrently", Some(&rates())),
        "In production orders has about 10 million rows, 1.1 GB, 20 reads and 1.0 written rows a second; writes wait \
         about 22 s to 66 s (orders_state is built)."
    );
}

#[test]
fn a_lock_is_held_until_the_transaction_ends_and_each_row_is_looked_up_for_a_foreign_key() {
    let case = orders().migration([
        did("ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (customer) REFERENCES customers (id)")
            .locks("orders", LockMode::ShareRowExclusive)
            .locks("customers", LockMode::ShareRowExclusive)
            .scans("orders")
            .creates([foreign_key("orders", "fk", "customer", "customers")]),
        did("CREATE INDEX orders_state ON orders (state)")
            .locks("orders", LockMode::ShareRowExclusive)
            .creates([index(
                "orders",
                "orders_state",
                "CREATE INDEX orders_state ON orders USING btree (state)",
            )]),
    ]);
    let findings = case.judge_by("constraint-validated-under-lock");
    let impacts = impacts(&case.trace, &findings, &production(), Some(&rates()));
    let of = |name: &str| {
        let mut tables = impacts[0].tables.iter();
        tables.find(|table| table.table.name() == name).unwrap()
    };
    let (child, parent) = (of("orders"), of("customers"));
    assert_eq!((child.waiting, parent.waiting), (Waiting::Writes, Waiting::Writes));
    // 20 s for the rows that are looked up, and 33.1 s for the index.
    let held = child.held.unwrap();
    assert_eq!((held.low.as_secs(), held.high.as_secs()), (35, 106));
    assert_eq!(parent.held, child.held);
    assert_eq!((parent.rows, parent.bytes), (Some(100), Some(8_000)));
    assert_eq!(child.traffic.unwrap().over, Duration::from_hours(1));
}

#[test]
fn an_empty_table_that_nobody_counted_has_no_rows_and_another_table_is_not_told_of() {
    let case = orders().migration([did("DROP TABLE customers")
        .drops([table("customers")])
        .locks("orders", LockMode::Share)]);
    let findings = case.judge_by("drop-table");
    let mut snapshot = production();
    snapshot.relations.retain(|relation| relation.name == "orders");
    snapshot.relations[0].tuples = -1.0;
    snapshot.relations[0].bytes = Some(0);
    let impacts = impacts(&case.trace, &findings, &snapshot, Some(&rates()));
    assert_eq!(impacts[0].tables[0].rows, Some(0));
    assert_eq!(dbwright_catalog::impact_of(&findings[0], &impacts), None);
}
