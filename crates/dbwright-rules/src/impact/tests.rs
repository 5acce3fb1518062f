//! Rows, times and words for findings of made-up traces.

use std::time::Duration;

use dbwright_catalog::{
    Activity, Algorithm, Engine, Locale, LockLevel, LockMode, Object, ObjectBody, ObjectId, ObjectKind, Rates,
    SampleValues, Server, Setting, Snapshot, StoredKind, StoredRelation, Trigger, Version, Waiting, WorkKind,
};

use super::{Production, impacts, tell_impacts};
use crate::testing::{Case, Did, column, did, foreign_key, index, table};

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
        locale: sorting("C"),
        relations: vec![orders, stored(StoredKind::Toast, "orders", 100_000_000), key, customers],
        ..Snapshot::empty(server())
    }
}

/// A locale of the system.
fn sorting(collate: &str) -> Locale {
    Locale {
        provider: "libc".to_owned(),
        collate: collate.to_owned(),
        ..Locale::default()
    }
}

fn rates() -> Rates {
    Rates {
        server: server(),
        rewritten_bytes: 100_000_000,
        scanned_bytes: 1_000_000_000,
        indexed_numbers: 2_000_000,
        indexed_texts: 500_000,
        indexed_words: 250_000,
        swapped_pages: None,
        rebuilt_bytes: 200_000_000,
        copied_entries: 250_000,
        inserted_entries: 250_000,
        referenced_rows: 1_000_000,
        updated_rows: 500_000,
        deleted_rows: 2_000_000,
        rows: 10_000_000,
    }
}

/// The fact that the only finding of a rule gets.
fn fact(case: &Case, rule: &str, rates: Option<&Rates>) -> String {
    fact_in(&production(), case, rule, rates)
}

fn fact_in(production: &Snapshot, case: &Case, rule: &str, rates: Option<&Rates>) -> String {
    let mut findings = case.judge_by(rule);
    let impacts = impacts(&case.history, &case.trace, &findings, production, rates);
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
fn texts_are_sorted_as_production_does() {
    let case = orders().migration([did("CREATE INDEX orders_state ON orders (state)")
        .locks("orders", LockMode::Share)
        .creates([index(
            "orders",
            "orders_state",
            "CREATE INDEX orders_state ON orders USING btree (state)",
        )])]);
    let told = |collate: &str| {
        let mut production = production();
        production.locale = sorting(collate);
        let fact = fact_in(&production, &case, "create-index-without-concurrently", Some(&rates()));
        fact.rsplit("; ").next().unwrap().to_owned()
    };
    // 1.1 s for reading, and 20 s or, by the rules of a language, 40 s for sorting.
    assert_eq!(told("C"), "writes wait about 14 s to 42 s (orders_state is built).");
    assert_eq!(told("C.UTF-8"), told("C"));
    assert_eq!(
        told("en_US.UTF-8"),
        "writes wait about 27 s to 82 s (orders_state is built)."
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
    // 10 s for the rows that are looked up, and 21.1 s for the index.
    let held = child.held.unwrap();
    assert_eq!((held.low.as_secs(), held.high.as_secs()), (20, 62));
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

/// Production as it is on MySQL.
fn mysql() -> (Snapshot, Rates) {
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
    (snapshot, Rates { server, ..rates() })
}

/// The seconds of the first work of a statement.
fn seconds(statement: Did, snapshot: &Snapshot, rates: &Rates) -> (u64, u64) {
    let case = Case::mysql([table("orders")]).migration([statement]);
    let production = Production {
        history: &case.history,
        snapshot,
        rates: Some(rates),
    };
    let (_, work) = super::work::of(&production, &case.trace, (0, 0)).remove(0);
    let time = work.time.unwrap();
    let rounded = |time: Duration| (time + Duration::from_millis(500)).as_secs();
    (rounded(time.low.mul_f64(1.5)), rounded(time.high / 2))
}

#[test]
fn mysql_copies_row_by_row_into_every_index_and_builds_in_place_in_order() {
    let (snapshot, rates) = mysql();
    let force = |algorithm: Algorithm| {
        did("ALTER TABLE orders FORCE")
            .rewrites("orders")
            .operates("orders", algorithm, LockLevel::Shared)
    };
    // 10 s of rows, and 40 s of entries; in place 5 s of rows, and an index that is read in 1 s and sorted in 5 s.
    assert_eq!(seconds(force(Algorithm::Copy), &snapshot, &rates), (50, 50));
    assert_eq!(seconds(force(Algorithm::InPlace), &snapshot, &rates), (11, 11));
    // An index that the statement brings gets its entries as well.
    let key = did("ALTER TABLE orders ADD FOREIGN KEY (state) REFERENCES states (id)")
        .rewrites("orders")
        .operates("orders", Algorithm::Copy, LockLevel::Shared)
        .creates([index("orders", "state", "KEY `state` (`state`)")]);
    assert_eq!(seconds(key, &snapshot, &rates), (90, 90));
}

#[test]
fn innodb_reads_and_writes_pages_of_indexes_for_which_it_has_no_memory() {
    let (mut snapshot, rates) = mysql();
    let rates = Rates {
        swapped_pages: Some(10_000),
        ..rates
    };
    let copy = || {
        did("ALTER TABLE orders FORCE")
            .rewrites("orders")
            .operates("orders", Algorithm::Copy, LockLevel::Shared)
    };
    // Of an index of 200 MB, 64 MB have room; where entries come in no order, 30 % of ten million find their page elsewhere.
    assert_eq!(seconds(copy(), &snapshot, &rates), (50, 348));
    // Where entries are sorted, nothing is elsewhere, and they take 5 s.
    let sorted = Rates {
        copied_entries: 2_000_000,
        ..rates.clone()
    };
    assert_eq!(seconds(copy(), &snapshot, &sorted), (15, 15));
    snapshot.settings.push(Setting {
        name: "innodb_buffer_pool_size".to_owned(),
        value: "4294967296".to_owned(),
    });
    assert_eq!(seconds(copy(), &snapshot, &rates), (50, 50));
}

#[test]
fn mysql_takes_memory_for_the_foreign_keys_of_rows_that_it_copies() {
    let told_of = |rows: f64, version: Version, native: &str| {
        let (mut snapshot, rates) = mysql();
        snapshot.relations[0].tuples = rows;
        snapshot.server.version = version;
        snapshot.settings.push(Setting {
            name: "innodb_native_foreign_keys".to_owned(),
            value: native.to_owned(),
        });
        let case =
            Case::mysql([table("orders"), foreign_key("orders", "fk", "customer", "customers")]).migration([did(
                "ALTER TABLE orders FORCE, ALGORITHM=COPY",
            )
            .rewrites("orders")
            .operates("orders", Algorithm::Copy, LockLevel::Shared)]);
        fact_in(&snapshot, &case, "table-copy", Some(&rates))
    };
    let told = |version, native| told_of(10_000_000.0, version, native);
    // 10 s of rows, 40 s of entries, and 10 s of rows that are looked up.
    assert_eq!(
        told(Version::new(9, 6, 0), "OFF"),
        "In production orders has about 10 million rows, 1.0 GB, 20 reads and 1.0 written rows a second; writes wait about \
         40 s to 2.0 min (it is written anew, with its indexes); the server takes about 25 GB of memory for it, for the \
         foreign keys of each row, unless foreign_key_checks is off."
    );
    assert!(!told(Version::new(9, 6, 0), "ON").contains("memory"));
    assert!(!told(Version::new(8, 4, 0), "OFF").contains("memory"));
    assert!(
        !told_of(1000.0, Version::new(9, 6, 0), "OFF").contains("memory"),
        "that is 2.5 MB"
    );
}
