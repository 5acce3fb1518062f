//! The lock rules on hand-built effects. What real servers do is held against the pages' examples elsewhere.

use dbwright_catalog::{ConstraintKind, Known, LockMode, MigrationSet, RunMode, Severity, Tool, Version};

use crate::testing::{
    Case, Did, check, column, did, error, fix_sql, foreign_key, id, index, named, not_null, not_valid, partition,
    partitioned, table, with_index,
};
use LockMode::{AccessExclusive, Share, ShareRowExclusive, ShareUpdateExclusive};
use dbwright_catalog::Outcome;

mod online_ddl;
mod rewrites;

fn orders_index() -> dbwright_catalog::Object {
    index(
        "orders",
        "orders_i",
        "CREATE INDEX orders_i ON public.orders USING btree (total)",
    )
}

#[test]
fn an_index_under_share_is_found_and_its_fix_is_the_definition_with_concurrently() {
    let case = Case::postgres([table("orders")]).migration([did("CREATE INDEX orders_i ON orders (total)")
        .creates([orders_index()])
        .locks("orders", Share)]);
    let finding = case.only();
    assert_eq!(finding.rule, "create-index-without-concurrently");
    assert_eq!(
        finding.message,
        "Building the index orders_i blocks writes on orders until the transaction ends"
    );
    assert_eq!(finding.evidence.lock, Some(Share));
    assert_eq!(finding.evidence.known, Known::Observed);
    assert_eq!(
        fix_sql(&finding),
        ["CREATE INDEX CONCURRENTLY orders_i ON public.orders USING btree (total)"]
    );
    assert_eq!(finding.fix.unwrap().avoids, [(id("orders"), Share)]);
}

#[test]
fn a_do_block_is_judged_by_what_it_does() {
    let second = index("orders", "b", "CREATE INDEX b ON public.orders USING btree (id)");
    let case = Case::postgres([table("orders")]).migration([did("DO $$ whatever $$")
        .creates([orders_index(), second])
        .locks("orders", Share)]);
    let findings = case.judge();
    assert_eq!(findings.len(), 2);
    assert_eq!(fix_sql(&findings[0]).len(), 2, "the fix replaces the whole block");
}

#[test]
fn a_fix_is_not_offered_for_a_statement_that_did_more() {
    let case = Case::postgres([table("orders")]).migration([did("DO $$ … $$")
        .creates([orders_index(), table("other")])
        .locks("orders", Share)]);
    assert!(case.only().fix.is_none());
}

#[test]
fn an_index_built_concurrently_is_fine() {
    let case = Case::postgres([table("orders")]).migration_in(
        RunMode::EachStatement,
        [did("CREATE INDEX CONCURRENTLY …")
            .creates([orders_index()])
            .locks("orders", ShareUpdateExclusive)],
    );
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn an_index_on_a_partitioned_table_is_told_once_and_with_the_recipe() {
    let case =
        Case::postgres([partitioned("orders"), partition("orders_1", "orders")]).migration([did("CREATE INDEX …")
            .creates([
                index(
                    "orders",
                    "i",
                    "CREATE INDEX i ON ONLY public.orders USING btree (total)",
                ),
                index(
                    "orders_1",
                    "i_1",
                    "CREATE INDEX i_1 ON public.orders_1 USING btree (total)",
                ),
            ])
            .locks("orders", Share)
            .locks("orders_1", Share)]);
    let finding = case.only();
    assert!(finding.fix.is_none());
    assert!(finding.advice[1].contains("ATTACH PARTITION"));
}

#[test]
fn what_the_same_migration_created_is_exempt_also_under_another_name() {
    let case = Case::postgres([]).migration([
        did("CREATE TABLE fresh ()")
            .creates([table("fresh")])
            .locks("fresh", AccessExclusive),
        did("ALTER TABLE fresh RENAME TO orders")
            .alters(table("fresh"), table("orders"))
            .locks("orders", AccessExclusive),
        did("CREATE INDEX …")
            .creates([orders_index()])
            .locks("orders", Share)
            .scans("orders"),
    ]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn an_old_table_is_not_exempt_for_having_a_new_name() {
    let case = Case::postgres([table("old")]).migration([
        did("ALTER TABLE old RENAME TO orders").alters(table("old"), table("orders")),
        did("CREATE INDEX …").creates([orders_index()]).locks("orders", Share),
    ]);
    assert_eq!(case.found(), ["create-index-without-concurrently@1"]);
}

#[test]
fn a_table_of_an_earlier_migration_is_exempt_only_in_the_same_transaction() {
    let migrations = |mode| {
        Case::postgres([])
            .migration_in(mode, [did("CREATE TABLE orders ()").creates([table("orders")])])
            .migration_in(
                mode,
                [did("CREATE INDEX …").creates([orders_index()]).locks("orders", Share)],
            )
    };
    assert_eq!(migrations(RunMode::AllInOneTransaction).found(), [""; 0]);
    assert_eq!(
        migrations(RunMode::Transaction).found(),
        ["create-index-without-concurrently@0"]
    );
}

#[test]
fn a_temporary_table_is_exempt() {
    let case = Case::postgres([table("pg_temp_3.t")]).migration([did("CREATE INDEX …")
        .creates([index("pg_temp_3.t", "i", "")])
        .locks("pg_temp_3.t", Share)]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn only_judged_migrations_have_findings() {
    let create = || did("CREATE INDEX …").creates([orders_index()]).locks("orders", Share);
    let mut case = Case::postgres([table("orders")])
        .migration([create()])
        .migration([did("SELECT 1")]);
    case.judged = MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    };
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_failed_statement_has_no_lock_finding() {
    let failed = Outcome::Failed(error("42P07", "relation exists"));
    let case = Case::postgres([table("orders")]).migration([did("CREATE INDEX …")
        .creates([orders_index()])
        .locks("orders", Share)
        .ends(failed)]);
    assert_eq!(case.found(), ["statement-fails@0"]);
}

#[test]
fn a_check_over_every_row_is_found_and_split_into_two_steps() {
    let case = Case::postgres([table("orders")]).migration([did("ALTER TABLE orders ADD CHECK …")
        .creates([check("orders", "c")])
        .locks("orders", AccessExclusive)
        .scans("orders")]);
    let finding = case.only();
    assert_eq!(finding.rule, "constraint-validated-under-lock");
    assert!(
        finding.message.contains("blocks reads and writes on orders"),
        "{}",
        finding.message
    );
    assert_eq!(
        fix_sql(&finding),
        [
            "ALTER TABLE public.orders ADD CONSTRAINT c CHECK ((total >= 0)) NOT VALID",
            "ALTER TABLE public.orders VALIDATE CONSTRAINT c",
        ]
    );
}

#[test]
fn a_foreign_key_names_both_tables_even_where_the_server_counted_no_scan() {
    let case = Case::postgres([
        table("orders"),
        table("customers"),
        column("orders", "customer_id", 2, "integer"),
    ])
    .migration([did("ALTER TABLE orders ADD FOREIGN KEY …")
        .creates([foreign_key("orders", "fk", "customer_id", "customers")])
        .locks("orders", ShareRowExclusive)
        .locks("customers", ShareRowExclusive)]);
    let finding = case.only();
    assert!(
        finding.message.ends_with("blocks writes on orders and customers"),
        "{}",
        finding.message
    );
    assert_eq!(finding.evidence.facts.len(), 3);
}

#[test]
fn a_foreign_key_says_of_each_table_what_waits_there() {
    let given = || {
        [
            table("orders"),
            table("customers"),
            column("orders", "customer_id", 2, "integer"),
        ]
    };
    let add = || {
        did("ALTER TABLE orders ADD FOREIGN KEY …").creates([foreign_key("orders", "fk", "customer_id", "customers")])
    };
    let case = Case::postgres(given()).migration([
        did("ALTER TABLE orders …").locks("orders", AccessExclusive),
        add()
            .holds("orders", AccessExclusive, 0)
            .locks("customers", ShareRowExclusive),
    ]);
    let message = case.only().message;
    assert!(
        message.ends_with("blocks reads and writes on orders, and writes on customers"),
        "{message}"
    );
    // It tells of the hold on either table.
    let case = Case::postgres(given()).migration([
        did("ALTER TABLE orders DROP CONSTRAINT …")
            .locks("orders", AccessExclusive)
            .locks("customers", AccessExclusive),
        add()
            .scans("orders")
            .holds("orders", AccessExclusive, 0)
            .holds("customers", AccessExclusive, 0),
    ]);
    let message = case.only().message;
    assert!(
        message.ends_with("blocks reads and writes on orders and customers"),
        "{message}"
    );
}

#[test]
fn a_foreign_key_of_a_new_column_reads_nothing() {
    let case =
        Case::postgres([table("orders"), table("customers")]).migration([did("ALTER TABLE orders ADD COLUMN …")
            .creates([
                column("orders", "customer_id", 2, "integer"),
                foreign_key("orders", "fk", "customer_id", "customers"),
            ])
            .locks("orders", AccessExclusive)
            .locks("customers", ShareRowExclusive)]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn not_valid_and_validate_in_one_transaction_are_found_once_with_the_statement_that_took_the_lock() {
    let both = |mode, since| {
        Case::postgres([table("orders")]).migration_in(
            mode,
            [
                did("ALTER TABLE orders ADD CONSTRAINT c … NOT VALID")
                    .creates([not_valid(check("orders", "c"))])
                    .locks("orders", AccessExclusive),
                {
                    let validate = did("ALTER TABLE orders VALIDATE CONSTRAINT c")
                        .alters(not_valid(check("orders", "c")), check("orders", "c"))
                        .scans("orders")
                        .locks("orders", ShareUpdateExclusive);
                    match since {
                        Some(since) => validate.holds("orders", AccessExclusive, since),
                        None => validate,
                    }
                },
            ],
        )
    };
    let finding = both(RunMode::Transaction, Some(0)).only();
    assert_eq!(finding.rule, "constraint-validated-under-lock");
    assert_eq!(
        finding.evidence.facts[0],
        "ACCESS EXCLUSIVE on orders blocks reads and writes, held since statement 1 (line 1)."
    );
    assert!(finding.fix.is_none());
    assert_eq!(both(RunMode::EachStatement, None).found(), [""; 0]);
}

#[test]
fn a_unique_constraint_that_builds_its_index_is_found_and_one_that_takes_an_index_over_is_not() {
    let unique = || with_index("orders", "u", ConstraintKind::Unique(vec!["code".into()]), "code");
    let case = Case::postgres([table("orders")]).migration([did("ALTER TABLE orders ADD UNIQUE …")
        .creates(unique())
        .locks("orders", AccessExclusive)
        .scans("orders")]);
    let finding = case.only();
    assert_eq!(finding.rule, "add-unique-constraint");
    assert_eq!(
        fix_sql(&finding),
        [
            "CREATE UNIQUE INDEX CONCURRENTLY u ON public.orders USING btree (code)",
            "ALTER TABLE public.orders ADD CONSTRAINT u UNIQUE USING INDEX u",
        ]
    );
    let [constraint, index] = unique();
    let case = Case::postgres([table("orders"), index]).migration([did("… USING INDEX u")
        .creates([constraint])
        .locks("orders", AccessExclusive)]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_primary_key_over_a_nullable_column_proves_not_null_first() {
    let plain = column("orders", "id", 1, "integer");
    let key = with_index("orders", "pk", ConstraintKind::PrimaryKey(vec!["id".into()]), "id");
    let case =
        Case::postgres([table("orders"), plain.clone()]).migration([did("ALTER TABLE orders ADD PRIMARY KEY (id)")
            .creates(key)
            .alters(plain.clone(), not_null(plain))
            .locks("orders", AccessExclusive)
            .scans("orders")]);
    let finding = case.only();
    let sql = fix_sql(&finding);
    assert_eq!(sql.len(), 6);
    assert_eq!(
        sql[5],
        "ALTER TABLE public.orders ADD CONSTRAINT pk PRIMARY KEY USING INDEX pk"
    );
}

#[test]
fn set_not_null_is_found_only_where_the_table_was_read() {
    let plain = column("orders", "total", 2, "integer");
    let alter = || {
        did("ALTER TABLE orders ALTER total SET NOT NULL")
            .alters(plain.clone(), not_null(plain.clone()))
            .locks("orders", AccessExclusive)
    };
    let given = || [table("orders"), plain.clone()];
    let finding = Case::postgres(given()).migration([alter().scans("orders")]).only();
    assert_eq!(finding.rule, "set-not-null-scan");
    assert_eq!(
        fix_sql(&finding),
        [
            "ALTER TABLE public.orders ADD CONSTRAINT orders_total_is_not_null CHECK (total IS NOT NULL) NOT VALID",
            "ALTER TABLE public.orders VALIDATE CONSTRAINT orders_total_is_not_null",
            "ALTER TABLE public.orders ALTER COLUMN total SET NOT NULL",
            "ALTER TABLE public.orders DROP CONSTRAINT orders_total_is_not_null",
        ]
    );
    assert_eq!(Case::postgres(given()).migration([alter()]).found(), [""; 0]);
}

#[test]
fn what_failed_only_on_generated_rows_is_judged_for_its_locks() {
    let plain = column("orders", "total", 2, "integer");
    let nulls = Outcome::FailedOnRows(error(
        "23502",
        "column \"total\" of relation \"orders\" contains null values",
    ));
    let case = Case::postgres([table("orders"), plain.clone()]).migration([did("ALTER TABLE orders …")
        .alters(plain.clone(), not_null(plain))
        .locks("orders", AccessExclusive)
        .scans("orders")
        .ends(nulls)]);
    assert_eq!(case.found(), ["set-not-null-scan@0"]);
    let finding = &case.judge()[0];
    for told in [
        "It read orders from end to end while the lock was held.",
        "The statement works on some rows and fails on others: column \"total\" of relation \"orders\" contains null values.",
    ] {
        assert!(finding.evidence.facts.iter().any(|fact| fact == told), "{told}");
    }
    assert!(finding.advice.iter().any(|advice| advice.starts_with("Look for rows")));
    assert!(
        finding
            .evidence
            .facts
            .iter()
            .any(|fact| fact.starts_with("Observed on empty tables"))
    );
}

#[test]
fn the_not_null_fix_suits_the_older_of_the_servers_of_repository_and_scratch() {
    let plain = column("orders", "total", 2, "integer");
    let case = |repository: Option<Version>| {
        let made = crate::testing::constraint(
            "orders",
            "nn",
            ConstraintKind::NotNull("total".into()),
            "NOT NULL total",
        );
        let given = [table("orders"), plain.clone()];
        let mut case = Case::new(
            dbwright_catalog::Engine::Postgres,
            Version::new(18, 4, 0),
            Tool::Sqlx,
            given,
        )
        .migration([did("…")
            .alters(plain.clone(), not_null(plain.clone()))
            .creates([made])
            .locks("orders", AccessExclusive)
            .scans("orders")]);
        case.history.version = repository.map(|version| (version, String::new()));
        case
    };
    assert_eq!(
        fix_sql(&case(None).only()),
        [
            "ALTER TABLE public.orders ADD CONSTRAINT nn NOT NULL total NOT VALID",
            "ALTER TABLE public.orders VALIDATE CONSTRAINT nn",
        ]
    );
    assert_eq!(fix_sql(&case(Some(Version::new(16, 0, 0))).only()).len(), 4);
}

#[test]
fn a_lock_held_over_later_work_is_told_once_where_it_was_taken() {
    let case = Case::postgres([table("orders"), table("audit")]).migration([
        did("ALTER TABLE orders ADD COLUMN a int")
            .creates([column("orders", "a", 3, "integer")])
            .locks("orders", AccessExclusive),
        did("UPDATE audit SET x = 1 WHERE id > 0")
            .rows("audit", [0, 3, 0])
            .scans("audit")
            .holds("orders", AccessExclusive, 0),
        did("ALTER TABLE orders ADD COLUMN b int")
            .creates([column("orders", "b", 4, "integer")])
            .holds("orders", AccessExclusive, 0),
        did("DELETE FROM audit WHERE id > 0")
            .rows("audit", [0, 0, 3])
            .scans("audit")
            .holds("orders", AccessExclusive, 0),
    ]);
    let finding = case.only();
    assert_eq!(finding.rule, "long-lock-hold");
    assert_eq!(finding.place.statement, Some((0, 0)));
    assert_eq!(
        finding.message,
        "Reads and writes on orders wait while 2 later statements of the transaction work"
    );
    assert_eq!(
        finding.evidence.facts[1..],
        ["Meanwhile lines 2 and 4 write rows of audit."]
    );
}

#[test]
fn a_transaction_that_holds_many_locks_is_told_once_and_in_few_words() {
    let names: Vec<String> = (0..9).map(|number| format!("t{number}")).collect();
    let statements: Vec<_> = (0..9)
        .map(|number: usize| {
            let name = &names[number];
            let statement = did("ALTER TABLE …")
                .alters(column(name, "id", 1, "integer"), column(name, "id", 1, "bigint"))
                .rewrites(name)
                .locks(name, AccessExclusive);
            names[..number]
                .iter()
                .enumerate()
                .fold(statement, |statement, (since, earlier)| {
                    statement.holds(earlier, AccessExclusive, since)
                })
        })
        .collect();
    let case = Case::postgres(names.iter().map(|name| table(name))).migration(statements);
    let findings = case.judge();
    let long: Vec<_> = findings
        .iter()
        .filter(|finding| finding.rule == "long-lock-hold")
        .collect();
    let [finding] = long.as_slice() else {
        panic!("{long:#?}")
    };
    assert_eq!(finding.place.statement, Some((0, 0)));
    assert_eq!(finding.evidence.relation, Some(id("t0")));
    assert_eq!(
        finding.message,
        "Reads and writes on t0, t1, t2 and 5 more tables wait while 8 later statements of the transaction work"
    );
    assert_eq!(
        finding.evidence.facts,
        [
            "ACCESS EXCLUSIVE on t0 blocks reads and writes.",
            "ACCESS EXCLUSIVE on t1 blocks reads and writes from line 2 on.",
            "ACCESS EXCLUSIVE on t2 blocks reads and writes from line 3 on.",
            "ACCESS EXCLUSIVE on t3 blocks reads and writes from line 4 on.",
            "ACCESS EXCLUSIVE on t4 blocks reads and writes from line 5 on.",
            "Later statements lock 3 more tables as well.",
            "Meanwhile lines 2, 3, 4 and 5 more rewrite t1, t2, t3 and 5 more.",
        ]
    );
}

#[test]
fn a_hold_that_the_only_later_work_tells_of_is_not_told_twice() {
    let add = || did("ALTER TABLE orders ADD COLUMN a int").locks("orders", AccessExclusive);
    let build = || {
        did("CREATE INDEX …")
            .creates([orders_index()])
            .locks("orders", Share)
            .holds("orders", AccessExclusive, 0)
    };
    let update = || {
        did("UPDATE orders … WHERE id > 0")
            .rows("orders", [0, 3, 0])
            .holds("orders", AccessExclusive, 0)
    };
    let given = || [table("orders"), table("audit")];
    let told = Case::postgres(given()).migration([add(), build()]);
    assert_eq!(told.found(), ["create-index-without-concurrently@1"]);
    let fact = &told.only().evidence.facts[0];
    assert!(fact.ends_with("held since statement 1 (line 1)."), "{fact}");
    let also_works = Case::postgres(given()).migration([add(), build(), update()]);
    assert_eq!(
        also_works.found(),
        ["long-lock-hold@0", "create-index-without-concurrently@1"]
    );
    assert!(also_works.judge()[0].message.contains("2 later statements"));
    // What is to be done about the index of another table is the same, so that its finding says who else waits.
    let elsewhere = Case::postgres(given()).migration([
        did("ALTER TABLE audit …").locks("audit", AccessExclusive),
        did("CREATE INDEX …")
            .creates([orders_index()])
            .locks("orders", Share)
            .holds("audit", AccessExclusive, 0),
    ]);
    assert_eq!(elsewhere.found(), ["create-index-without-concurrently@1"]);
    let facts = elsewhere.only().evidence.facts;
    assert_eq!(
        facts.last().unwrap(),
        "Meanwhile reads and writes on audit wait as well, for locks of line 1."
    );
    // Many tables that wait are news of their own.
    let held = |build: Did| {
        let tables = ["audit", "users", "items"];
        tables
            .iter()
            .enumerate()
            .fold(build, |build, (at, table)| build.holds(table, AccessExclusive, at))
    };
    let many = Case::postgres(["orders", "audit", "users", "items"].map(table)).migration([
        did("ALTER TABLE audit …").locks("audit", AccessExclusive),
        did("ALTER TABLE users …").locks("users", AccessExclusive),
        did("ALTER TABLE items …").locks("items", AccessExclusive),
        held(did("CREATE INDEX …").creates([orders_index()]).locks("orders", Share)),
    ]);
    assert_eq!(
        many.found(),
        ["long-lock-hold@0", "create-index-without-concurrently@3"]
    );
    let facts = &many.judge()[1].evidence.facts;
    assert!(!facts.iter().any(|fact| fact.starts_with("Meanwhile")), "{facts:?}");
}

#[test]
fn a_lock_that_grows_after_the_last_work_blocks_only_writes_meanwhile() {
    let case = Case::postgres([table("users"), table("ciphers")]).migration([
        did("CREATE TABLE favorites … REFERENCES …")
            .creates([table("favorites")])
            .locks("ciphers", ShareRowExclusive)
            .locks("users", ShareRowExclusive),
        did("INSERT INTO favorites SELECT …")
            .scans("ciphers")
            .holds("ciphers", ShareRowExclusive, 0)
            .holds("users", ShareRowExclusive, 0),
        did("ALTER TABLE ciphers DROP …")
            .locks("ciphers", AccessExclusive)
            .holds("ciphers", ShareRowExclusive, 0)
            .holds("users", ShareRowExclusive, 0),
    ]);
    let finding = case.only();
    assert_eq!(
        finding.message,
        "Writes on ciphers and users wait while 1 later statement of the transaction works"
    );
    assert_eq!(
        finding.evidence.facts,
        [
            "SHARE ROW EXCLUSIVE on ciphers blocks writes.",
            "SHARE ROW EXCLUSIVE on users blocks writes.",
            "Meanwhile line 2 reads ciphers from end to end.",
        ]
    );
}

#[test]
fn a_lock_of_a_migration_that_is_only_replayed_does_not_hide_one_that_is_judged() {
    let mode = RunMode::AllInOneTransaction;
    let mut case = Case::postgres([table("orders"), table("audit")])
        .migration_in(mode, [did("ALTER TABLE orders …").locks("orders", AccessExclusive)])
        .migration_in(
            mode,
            [
                did("ALTER TABLE audit …").locks("audit", AccessExclusive),
                did("UPDATE orders … WHERE id > 0")
                    .rows("orders", [0, 3, 0])
                    .holds("audit", AccessExclusive, 0),
            ],
        );
    case.judged = MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    };
    case.trace.migrations[0].judged = false;
    assert_eq!(case.found(), ["long-lock-hold@0"]);
    assert!(case.only().message.starts_with("Reads and writes on audit wait"));
}

#[test]
fn a_lock_is_not_long_when_what_follows_is_instant_or_concerns_new_tables_or_another_transaction() {
    let add = || did("ALTER TABLE orders ADD COLUMN a int").locks("orders", AccessExclusive);
    let given = || [table("orders"), table("audit")];
    let instant = Case::postgres(given()).migration([add(), did("COMMENT ON TABLE orders IS ''")]);
    assert_eq!(instant.found(), [""; 0]);
    let fresh = Case::postgres(given()).migration([
        add(),
        did("CREATE TABLE fresh ()").creates([table("fresh")]),
        did("INSERT INTO fresh VALUES (1)").rows("fresh", [1, 0, 0]),
        did("UPDATE fresh SET a = 1 WHERE id > 0")
            .rows("fresh", [0, 1, 0])
            .scans("fresh"),
    ]);
    assert_eq!(fresh.found(), [""; 0]);
    let apart = Case::postgres(given()).migration_in(
        RunMode::EachStatement,
        [
            add(),
            did("UPDATE audit … WHERE id > 0")
                .rows("audit", [0, 3, 0])
                .scans("audit"),
        ],
    );
    assert_eq!(apart.found(), [""; 0]);
    let seed = Case::postgres(given()).migration([add(), did("INSERT INTO audit VALUES (1)").rows("audit", [1, 0, 0])]);
    assert_eq!(seed.found(), [""; 0]);
}

#[test]
fn a_lock_is_held_over_the_next_migrations_where_all_run_in_one_transaction() {
    let mode = RunMode::AllInOneTransaction;
    let case = Case::postgres([table("orders"), table("audit")])
        .migration_in(mode, [did("ALTER TABLE orders …").locks("orders", AccessExclusive)])
        .migration_in(
            mode,
            [did("UPDATE audit … WHERE id > 0")
                .rows("audit", [0, 3, 0])
                .scans("audit")
                .holds("orders", AccessExclusive, 0)],
        );
    let finding = case.only();
    assert_eq!(finding.place.statement, Some((0, 0)));
    assert_eq!(finding.place.path.to_str(), Some("migrations/m0.sql"));
    assert_eq!(
        finding.evidence.facts[1],
        "Meanwhile line 1 of m1 writes rows of audit."
    );
}

#[test]
fn swapped_names_do_not_lead_round_in_circles() {
    let case = Case::postgres([table("a"), table("b")]).migration([did("DO $$ swap $$")
        .alters(table("a"), named(table("b"), id("b")))
        .alters(table("b"), named(table("a"), id("a")))
        .locks("a", AccessExclusive)]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_lock_that_grows_is_told_where_it_first_made_others_wait() {
    let case = Case::postgres([table("orders"), table("audit")]).migration([
        did("CREATE TRIGGER …").locks("orders", ShareRowExclusive),
        did("ALTER TABLE orders …")
            .holds("orders", ShareRowExclusive, 0)
            .locks("orders", AccessExclusive),
        did("UPDATE audit … WHERE id > 0")
            .rows("audit", [0, 3, 0])
            .scans("audit")
            .holds("orders", ShareRowExclusive, 0)
            .holds("orders", AccessExclusive, 1),
    ]);
    let finding = case.only();
    assert_eq!(finding.place.statement, Some((0, 0)));
    assert!(
        finding.message.starts_with("Reads and writes on orders"),
        "{}",
        finding.message
    );
}

#[test]
fn a_lock_that_an_earlier_migration_left_is_told_there_only() {
    let mode = RunMode::AllInOneTransaction;
    let update = || {
        did("UPDATE audit … WHERE id > 0")
            .rows("audit", [0, 3, 0])
            .scans("audit")
            .holds("orders", AccessExclusive, 0)
    };
    let case = Case::postgres([table("orders"), table("audit")])
        .migration_in(mode, [did("ALTER TABLE orders …").locks("orders", AccessExclusive)])
        .migration_in(mode, [update(), update()]);
    let finding = case.only();
    assert_eq!(finding.place.statement, Some((0, 0)));
    assert_eq!(
        finding.evidence.facts[1..],
        ["Meanwhile lines 1 and 2 of m1 write rows of audit."]
    );
}

#[test]
fn a_unique_constraint_that_comes_with_other_changes_has_no_fix() {
    let unique = with_index("orders", "u", ConstraintKind::Unique(vec!["code".into()]), "code");
    let case = Case::postgres([table("orders")]).migration([did("ALTER TABLE orders ADD code text UNIQUE")
        .creates(unique)
        .creates([column("orders", "code", 2, "text")])
        .locks("orders", AccessExclusive)]);
    assert!(case.only().fix.is_none());
}

#[test]
fn a_check_on_a_partitioned_table_is_told_and_fixed_once() {
    let given = [partitioned("orders"), partition("orders_1", "orders")];
    let case = Case::postgres(given).migration([did("ALTER TABLE orders ADD CHECK …")
        .creates([check("orders", "c"), check("orders_1", "c")])
        .locks("orders", AccessExclusive)
        .locks("orders_1", AccessExclusive)
        .scans("orders_1")]);
    let finding = case.only();
    assert_eq!(finding.evidence.relation, Some(id("orders")));
    assert_eq!(fix_sql(&finding).len(), 2);
}
