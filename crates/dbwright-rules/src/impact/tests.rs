//! Rows, times and words for findings of made-up traces.

use std::time::Duration;

use dbwright_catalog::{
    Activity, Algorithm, Engine, LockLevel, LockMode, Object, ObjectBody, ObjectId, ObjectKind, Rates, SampleValues,
    Server, Snapshot, StoredKind, StoredRelation, Trigger, Version, Waiting, WorkKind,
};

use super::{Production, impacts, tell_impacts};
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
        rebuilt_bytes: 200_000_000,
        inserted_entries: 250_000,
        referenced_rows: 1_000_000,
        updated_rows: 500_000,
        deleted_rows: 2_000_000,
        rows: 10_000_000,
    }
}

/// The fact that the only finding of a rule gets.
fn fact(case: &Case, rule: &str, rates: Option<&Rates>) -> String {
    let mut findings = case.judge_by(rule);
    let impacts = impacts(&case.history, &case.trace, &findings, &production(), rates);
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
    let impacts = impacts(&case.history, &case.trace, &findings, &production(), Some(&rates()));
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
    let impacts = impacts(&case.history, &case.trace, &findings, &snapshot, Some(&rates()));
    assert_eq!(impacts[0].tables[0].rows, Some(0));
    assert_eq!(dbwright_catalog::impact_of(&findings[0], &impacts), None);
}

#[test]
fn every_row_is_updated_in_table_and_indexes_and_those_that_are_chosen_between_none_and_all() {
    let updated = |sql: &str| {
        orders().migration([did(sql)
            .locks("orders", LockMode::RowExclusive)
            .scans("orders")
            .rows("orders", [0, 3, 0])])
    };
    let time = |case: &Case| {
        let findings = case.judge_by("update-all-rows");
        let impacts = impacts(&case.history, &case.trace, &findings, &production(), Some(&rates()));
        impacts[0].tables[0].work[0].clone()
    };
    // 20 s for the rows, and 40 s for the entries of an index.
    let all = time(&updated("UPDATE orders SET state = 'new'"));
    assert_eq!(all.kind, WorkKind::RowsUpdated);
    let range = all.time.unwrap();
    assert_eq!((range.low.as_secs(), range.high.as_secs()), (40, 120));
    // At least it is read, which takes 1.1 s.
    let case = updated("UPDATE orders SET state = 'new' WHERE state IS NULL");
    let chosen = Production {
        history: &case.history,
        snapshot: &production(),
        rates: Some(&rates()),
    };
    let (_, chosen) = super::work::of(&chosen, &case.trace, (0, 0)).remove(0);
    let range = chosen.time.unwrap();
    assert_eq!((range.low.as_millis(), range.high.as_secs()), (733, 120));
}

#[test]
fn nobody_knows_how_long_triggers_take_for_each_row() {
    let trigger = Object {
        id: ObjectId::new(ObjectKind::Trigger, ["public", "orders", "audit"]),
        definition: String::new(),
        body: ObjectBody::Trigger(Trigger {
            function: None,
            enabled: true,
            postgres: None,
        }),
    };
    let case = Case::postgres([table("orders"), trigger]).migration([did("DELETE FROM orders")
        .locks("orders", LockMode::RowExclusive)
        .scans("orders")
        .rows("orders", [0, 0, 3])]);
    assert_eq!(
        fact(&case, "delete-all-rows", Some(&rates())),
        "In production orders has about 10 million rows, 1.1 GB, 20 reads and 1.0 written rows a second."
    );
}

#[test]
fn mysql_copies_row_by_row_into_every_index_and_builds_in_place_in_order() {
    let server = Server {
        engine: Engine::MySql,
        version: Version::new(9, 7, 4),
    };
    let mut snapshot = production();
    snapshot.server = server.clone();
    for relation in &mut snapshot.relations {
        relation.access_method = match relation.kind {
            StoredKind::Table => Some("InnoDB".to_owned()),
            _ => Some("btree".to_owned()),
        };
    }
    snapshot.relations.retain(|relation| relation.kind != StoredKind::Toast);
    let mut key = stored(StoredKind::Index, "PRIMARY", 0);
    key.table = Some("orders".to_owned());
    snapshot.relations.push(key);
    let rates = Rates { server, ..rates() };
    let work = |algorithm: Algorithm| {
        let case = Case::mysql([table("orders")]).migration([did("ALTER TABLE orders FORCE")
            .rewrites("orders")
            .operates("orders", algorithm, LockLevel::Shared)]);
        let production = Production {
            history: &case.history,
            snapshot: &snapshot,
            rates: Some(&rates),
        };
        let (_, work) = super::work::of(&production, &case.trace, (0, 0)).remove(0);
        work.time.unwrap().high.as_secs() / 2
    };
    // 10 s of rows, and 40 s of entries; in place twice 5 s of rows, as the log is
    // written to a disk, and an index that is read in 1 s and sorted in 5 s.
    assert_eq!(work(Algorithm::Copy), 50);
    assert_eq!(work(Algorithm::InPlace), 16);
}
