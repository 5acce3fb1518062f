//! The failure rules on hand-built effects.

use dbwright_catalog::{
    Known, LockMode, Object, ObjectBody, ObjectId, ObjectKind, Outcome, RunMode, Severity, Tool, Version,
};

use crate::testing::{Case, column, did, error, fix_sql, foreign_key, index, lite_table, not_null, table};

#[test]
fn a_failure_is_told_in_the_servers_words_with_what_follows_from_it() {
    let follows = Outcome::FollowsFrom {
        migration: 0,
        statement: 0,
        error: error("42P01", "relation \"t\" does not exist"),
    };
    let case = Case::postgres([]).migration([
        did("CREATE TABL t ()").ends(Outcome::Failed(error("42601", "syntax error at or near \"TABL\""))),
        did("INSERT INTO t VALUES (1)").ends(follows),
    ]);
    let finding = case.only();
    assert_eq!(
        (finding.rule.as_str(), finding.severity),
        ("statement-fails", Severity::Error)
    );
    assert_eq!(finding.message, "The statement fails: syntax error at or near \"TABL\"");
    assert_eq!(
        finding.evidence.facts[0],
        "PostgreSQL 42601: syntax error at or near \"TABL\""
    );
    assert_eq!(
        finding.evidence.facts[1],
        "1 later statement fails only because of this one."
    );
}

#[test]
fn what_the_scratch_server_lacks_is_a_note() {
    let missing = Outcome::Failed(error("0A000", "extension \"postgis\" is not available"));
    let case = Case::postgres([]).migration([did("CREATE EXTENSION postgis").ends(missing)]);
    assert_eq!(case.only().severity, Severity::Note);
}

#[test]
fn what_an_application_adds_to_its_sqlite_connection_is_a_note() {
    for (message, severity) in [
        ("no such function: durationToTinyInt", Severity::Note),
        ("no such collation sequence: NATURAL_CI", Severity::Note),
        ("no such module: spellfix1", Severity::Note),
        ("no such table: movies", Severity::Error),
    ] {
        let failed = Outcome::Failed(error("SQLITE_ERROR", message));
        let finding = Case::sqlite([]).migration([did("INSERT …").ends(failed)]).only();
        assert_eq!(finding.severity, severity, "{message}");
    }
}

#[test]
fn what_a_migration_that_did_not_run_may_make_is_missed_in_a_note() {
    let program = || did("").ends(Outcome::Refused("the migration is Go code".to_owned()));
    let missing = || did("LOCK TABLE t").ends(Outcome::Failed(error("42P01", "relation \"t\" does not exist")));
    let finding = Case::postgres([])
        .migration([program()])
        .migration([did("SELECT 1")])
        .migration([missing()])
        .only();
    assert_eq!(finding.severity, Severity::Note);
    assert!(finding.advice[0].starts_with("migrations/m0.sql, which did not run here,"));
    let later = Case::postgres([]).migration([missing()]).migration([program()]);
    assert_eq!(later.only().severity, Severity::Error);
    let wrong = did("SELEC").ends(Outcome::Failed(error("42601", "syntax error at or near \"SELEC\"")));
    let syntax = Case::postgres([]).migration([program()]).migration([wrong]);
    assert_eq!(syntax.only().severity, Severity::Error);
}

#[test]
fn a_table_that_another_program_makes_can_be_loaded_first() {
    let missing = Outcome::Failed(error("42P01", "relation \"posts\" does not exist"));
    let mut case = Case::postgres([]).migration([did("UPDATE posts SET a = 1").ends(missing)]);
    case.history.version = Some((Version::new(14, 0, 0), "docker-compose.yml:3".to_owned()));
    let finding = case.only();
    assert!(
        finding.advice[0].contains("`schema = \"before.sql\"`"),
        "{:?}",
        finding.advice
    );
    assert_eq!(finding.evidence.facts.len(), 1, "no version of a server brings it");
}

#[test]
fn a_failure_says_that_the_repository_runs_another_major() {
    let facts = |major: u32| {
        let failed = Outcome::Failed(error("42601", "subquery in FROM must have an alias"));
        let mut case = Case::postgres([]).migration([did("SELECT …").ends(failed)]);
        case.history.version = Some((Version::new(major, 0, 0), "docker-compose.yml:3".to_owned()));
        case.only().evidence.facts[1..].to_vec()
    };
    assert_eq!(
        facts(18),
        ["The repository says PostgreSQL 18; this ran on 15.20, where what it needs may be missing."]
    );
    assert_eq!(
        facts(12),
        ["The repository says PostgreSQL 12; this ran on 15.20, where what it needs may be gone."]
    );
    assert_eq!(facts(15), [""; 0]);
}

#[test]
fn a_generated_text_that_is_no_number_is_a_note() {
    let unreadable = error("22P02", "invalid input syntax for type integer: \"dbwright-1\"");
    let case = Case::postgres([]).migration([did("CREATE INDEX …").ends(Outcome::FailedOnRows(unreadable))]);
    assert_eq!(case.only().severity, Severity::Note);
    let divided = error("22012", "division by zero");
    let case = Case::postgres([]).migration([did("UPDATE … WHERE id > 0").ends(Outcome::FailedOnRows(divided))]);
    assert_eq!(case.only().severity, Severity::Warning);
}

#[test]
fn a_statement_of_which_nothing_is_known_is_not_called_a_failure() {
    let mut case = Case::postgres([]).migration([did("…").ends(Outcome::Failed(error("42601", "template")))]);
    case.trace.migrations[0].effects[0].known = Known::Unknown("a template".to_owned());
    assert_eq!(case.found(), [""; 0]);
    case.trace.migrations[0].effects[0].outcome = Outcome::Refused("it reaches outside".to_owned());
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn failing_on_any_row_is_an_error_and_failing_on_some_a_warning() {
    let orders = || [table("orders"), column("orders", "a", 1, "integer")];
    let nulls = || {
        Outcome::FailedOnRows(error(
            "23502",
            "column \"a\" of relation \"orders\" contains null values",
        ))
    };
    let added = did("…").creates([not_null(column("orders", "b", 2, "integer"))]);
    let with_its_table = did("…").creates([table("fresh"), not_null(column("fresh", "b", 1, "integer"))]);
    let [_, before] = orders();
    let altered = did("…").alters(before.clone(), not_null(before));
    for (did, severity) in [
        (added, Severity::Error),
        (altered, Severity::Warning),
        (with_its_table, Severity::Warning),
        (did("INSERT …"), Severity::Warning),
    ] {
        let finding = Case::postgres(orders()).migration([did.ends(nulls())]).only();
        assert_eq!((finding.rule.as_str(), finding.severity), ("fails-on-rows", severity));
    }
    for (code, message, severity) in [
        (
            "SQLITE_ERROR",
            "Cannot add a NOT NULL column with default value NULL",
            Severity::Error,
        ),
        (
            "SQLITE_ERROR",
            "Cannot add a column with non-constant default",
            Severity::Error,
        ),
        (
            "SQLITE_CONSTRAINT_NOTNULL",
            "NOT NULL constraint failed: notes_new.text",
            Severity::Warning,
        ),
        ("23505", "could not create unique index \"t_a_key\"", Severity::Warning),
    ] {
        let case = Case::postgres([]).migration([did("…").ends(Outcome::FailedOnRows(error(code, message)))]);
        let finding = case.only();
        assert_eq!(
            (finding.rule.as_str(), finding.severity),
            ("fails-on-rows", severity),
            "{message}"
        );
    }
}

#[test]
fn concurrently_in_a_transaction_says_how_the_tool_leaves_it() {
    let refused = || {
        Outcome::Failed(error(
            "25001",
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
        ))
    };
    for (tool, mode, words) in [
        (Tool::Sqlx, RunMode::Transaction, "-- no-transaction"),
        (Tool::Diesel, RunMode::Transaction, "run_in_transaction = false"),
        (Tool::Refinery, RunMode::Transaction, "no way out"),
        (Tool::GolangMigrate, RunMode::SimpleQuery, "file of its own"),
        (Tool::Dbmate, RunMode::Transaction, "transaction:false"),
        (Tool::Goose, RunMode::Transaction, "-- +goose NO TRANSACTION"),
        (Tool::Numbered, RunMode::EachStatement, "BEGIN"),
    ] {
        let case = Case::new(dbwright_catalog::Engine::Postgres, Version::new(15, 0, 0), tool, [])
            .migration_in(mode, [did("CREATE INDEX CONCURRENTLY …").ends(refused())]);
        let finding = case.only();
        assert_eq!(finding.rule, "concurrently-in-transaction");
        assert!(finding.advice[0].contains(words), "{tool}: {}", finding.advice[0]);
    }
}

#[test]
fn another_error_with_the_same_code_is_an_ordinary_failure() {
    let late = error(
        "25001",
        "SET TRANSACTION ISOLATION LEVEL must be called before any query",
    );
    let case = Case::postgres([]).migration([did("SET TRANSACTION …").ends(Outcome::Failed(late))]);
    assert_eq!(case.found(), ["statement-fails@0"]);
}

#[test]
fn if_not_exists_on_a_concurrent_index_is_a_warning_and_an_error_where_an_invalid_one_is_kept() {
    let sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (total)";
    let made = || index("orders", "i", "CREATE INDEX i ON public.orders USING btree (total)");
    let alone = RunMode::EachStatement;
    let case = Case::postgres([table("orders")]).migration_in(
        alone,
        [did(sql)
            .creates([made()])
            .locks("orders", LockMode::ShareUpdateExclusive)],
    );
    let finding = case.only();
    assert_eq!(
        (finding.rule.as_str(), finding.severity),
        ("invalid-index-kept", Severity::Warning)
    );
    assert_eq!(
        fix_sql(&finding),
        [
            "DROP INDEX CONCURRENTLY IF EXISTS public.i",
            "CREATE INDEX CONCURRENTLY i ON public.orders USING btree (total)",
        ]
    );
    let mut invalid = made();
    if let ObjectBody::Index(index) = &mut invalid.body {
        index.valid = false;
    }
    let case = Case::postgres([table("orders"), invalid]).migration_in(alone, [did(sql)]);
    assert_eq!(case.only().severity, Severity::Error);
}

#[test]
fn if_not_exists_on_an_index_of_a_new_table_is_fine() {
    let made = index("fresh", "i", "CREATE INDEX i ON public.fresh USING btree (total)");
    let case = Case::postgres([]).migration_in(
        RunMode::EachStatement,
        [
            did("CREATE TABLE fresh ()").creates([table("fresh")]),
            did("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON fresh (total)").creates([made]),
        ],
    );
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_definition_that_commits_changed_rows_is_told_once() {
    let case = Case::mysql([table("orders")]).migration([
        did("UPDATE orders SET total = 0 WHERE id > 0").rows("orders", [0, 3, 0]),
        did("ALTER TABLE orders ADD COLUMN a int").commits_and_runs_by_itself(50),
        did("UPDATE orders SET a = 0 WHERE id > 0")
            .rows("orders", [0, 3, 0])
            .commits_by_itself(51),
        did("ALTER TABLE orders ADD COLUMN b int").commits_by_itself(52),
    ]);
    assert_eq!(case.found(), ["implicit-commit@1"]);
    assert_eq!(case.only().message, "The statement commits what line 1 changed");
}

#[test]
fn a_definition_in_a_transaction_of_the_file_is_told_and_one_by_itself_is_not() {
    let alter = || did("ALTER TABLE orders ADD COLUMN a int").commits_by_itself(50);
    let alter_in_transaction = did("ALTER TABLE orders ADD COLUMN a int").commits_and_runs_by_itself(50);
    let case = Case::mysql([table("orders")]).migration_in(
        RunMode::EachStatement,
        [did("START TRANSACTION"), alter_in_transaction, did("COMMIT")],
    );
    assert_eq!(case.found(), ["implicit-commit@1"]);
    let case = Case::mysql([table("orders")]).migration_in(
        RunMode::EachStatement,
        [
            did("START TRANSACTION"),
            did("UPDATE orders SET a = 1 WHERE id > 0"),
            did("COMMIT"),
            alter(),
        ],
    );
    assert_eq!(case.found(), [""; 0]);
    let case = Case::mysql([table("orders")]).migration([alter()]);
    assert_eq!(case.found(), [""; 0]);
}

#[test]
fn a_procedure_that_commits_changed_rows_is_told() {
    let case = Case::mysql([table("orders")]).migration([
        did("UPDATE orders SET total = 0 WHERE id > 0").rows("orders", [0, 3, 0]),
        did("CALL add_column()").commits_and_runs_by_itself(50),
    ]);
    assert_eq!(case.found(), ["implicit-commit@1"]);
}

#[test]
fn a_refused_clause_is_no_other_failure() {
    let refused = error("1846", "ALGORITHM=INPLACE is not supported. Try ALGORITHM=COPY.");
    let case = Case::mysql([table("orders")]).migration([did("ALTER TABLE …").ends(Outcome::Failed(refused))]);
    assert_eq!(case.found(), ["online-clause-refused@0"]);
}

#[test]
fn a_failure_after_a_definition_leaves_the_migration_half_done() {
    let missing = || Outcome::Failed(error("1146", "Table 'x' doesn't exist"));
    let case = Case::mysql([table("orders")]).migration([
        did("ALTER TABLE orders ADD COLUMN a int")
            .creates([column("orders", "a", 2, "int")])
            .commits_by_itself(50),
        did("ALTER TABLE x ADD COLUMN a int")
            .ends(missing())
            .commits_by_itself(51),
    ]);
    let finding = case.only();
    assert!(
        finding.evidence.facts.iter().any(|fact| fact.contains("half done")),
        "{finding:?}"
    );
    let case = Case::mysql([]).migration([did("ALTER TABLE x ADD COLUMN a int").ends(missing())]);
    assert!(!case.only().evidence.facts.iter().any(|fact| fact.contains("half done")));
}

fn unique(name: &str, columns: &[&str]) -> Object {
    let keys = columns.join(", ");
    let mut object = index(
        "orders",
        name,
        &format!("CREATE UNIQUE INDEX {name} ON public.orders USING btree ({keys})"),
    );
    if let ObjectBody::Index(index) = &mut object.body {
        index.unique = true;
        index.keys = columns.iter().map(|&column| column.to_owned()).collect();
    }
    object
}

#[test]
fn a_key_that_nothing_has_kept_so_far_is_told_with_the_rows_that_break_it() {
    let given = || [table("orders"), column("orders", "a", 2, "integer")];
    let make = || did("CREATE UNIQUE INDEX CONCURRENTLY u ON orders (a)").creates([unique("u", &["a"])]);
    let finding = Case::postgres(given()).migration([make()]).only();
    assert_eq!(finding.rule, "unproven-key");
    assert_eq!(finding.message, "It fails where two rows of orders have the same a");
    assert_eq!(
        finding.advice,
        ["Count first, on production: `SELECT a, count(*) FROM orders GROUP BY a HAVING count(*) > 1`."]
    );
    // Another key, a generator, a cure in the same migration, a column of its own.
    let kept = given().into_iter().chain([unique("old", &["a"])]);
    let more = did("…").creates([unique("u", &["a", "b"])]);
    assert_eq!(Case::postgres(kept).migration([more]).found(), [""; 0]);
    let mut numbered = given();
    if let ObjectBody::Column(column) = &mut numbered[1].body {
        column.default = Some("gen_random_uuid()".to_owned());
    }
    assert_eq!(Case::postgres(numbered).migration([make()]).found(), [""; 0]);
    let cure = did("DELETE FROM orders WHERE id NOT IN (SELECT min(id) FROM orders GROUP BY a)");
    assert_eq!(Case::postgres(given()).migration([cure, make()]).found(), [""; 0]);
    let add = did("ALTER TABLE orders ADD COLUMN n integer").creates([column("orders", "n", 3, "integer")]);
    let over_new = did("CREATE UNIQUE INDEX CONCURRENTLY u ON orders (n)").creates([unique("u", &["n"])]);
    assert_eq!(Case::postgres(given()).migration([add, over_new]).found(), [""; 0]);
}

/// A rebuild of `main.orders`, a statement a migration, into a table with a unique key over `keys`; the old one had one over
/// `a`, which an earlier migration than the new table's drops.
fn spread_rebuild(keys: &[&str]) -> Case {
    let key = |name: &str, table: &str, columns: &[&str]| {
        let mut object = unique(name, columns);
        object.id = ObjectId::new(ObjectKind::Index, ["main", name]);
        if let ObjectBody::Index(index) = &mut object.body {
            index.table = ObjectId::table("main", table);
        }
        object
    };
    let of = |table: &str| {
        let columns = [("a", 1), ("b", 2)].map(|(name, at)| column(&format!("main.{table}"), name, at, "TEXT"));
        let table = lite_table(table);
        std::iter::once(table).chain(columns).collect::<Vec<_>>()
    };
    let mut renamed = did("ALTER TABLE _orders_tmp RENAME TO orders");
    for (before, after) in of("_orders_tmp").into_iter().zip(of("orders")) {
        renamed = renamed.alters(before, after);
    }
    let old = key("u", "orders", &["a"]);
    Case::sqlite(of("orders").into_iter().chain([old.clone()]))
        .migration([did("DROP INDEX u").drops([old])])
        .migration([did("CREATE TABLE _orders_tmp").creates(of("_orders_tmp"))])
        .migration([did("CREATE UNIQUE INDEX u").creates([key("u", "_orders_tmp", keys)])])
        .migration([did("INSERT INTO _orders_tmp SELECT a, b FROM orders").rows("main._orders_tmp", [3, 0, 0])])
        .migration([did("DROP TABLE orders").drops(of("orders"))])
        .migration([renamed.alters(key("u", "_orders_tmp", keys), key("u", "orders", keys))])
}

#[test]
fn a_table_rebuilt_over_several_migrations_keeps_what_its_old_key_has_proven() {
    let told = |keys: &[&str]| spread_rebuild(keys).judge_by("unproven-key");
    assert_eq!(told(&["a"]), []);
    assert_eq!(told(&["b", "a"]), []);
    let finding = told(&["b"]).remove(0);
    assert_eq!(finding.message, "It fails where two rows of orders have the same b");
}

#[test]
fn a_key_that_was_dropped_just_before_has_proven_what_a_wider_one_asks() {
    let given = [
        table("orders"),
        column("orders", "a", 2, "integer"),
        column("orders", "b", 3, "integer"),
        unique("old", &["a"]),
    ];
    let told = |between: usize| {
        let mut case = Case::postgres(given.clone()).migration([did("DROP INDEX old").drops([unique("old", &["a"])])]);
        for _ in 0..between {
            case = case.migration([did("SELECT 1")]);
        }
        let make = did("CREATE UNIQUE INDEX CONCURRENTLY u ON orders (b, a)").creates([unique("u", &["b", "a"])]);
        case.migration([make]).judge_by("unproven-key").len()
    };
    assert_eq!(told(2), 0);
    // Long ago: rows have come since.
    assert_eq!(told(30), 1);
}

#[test]
fn a_foreign_key_that_takes_the_place_of_another_is_proven() {
    let given = || {
        [
            table("orders"),
            table("lines"),
            column("lines", "order_id", 1, "integer"),
            foreign_key("lines", "old", "order_id", "orders"),
        ]
    };
    let add = || did("ALTER TABLE lines ADD …").creates([foreign_key("lines", "new", "order_id", "orders")]);
    let drop = did("ALTER TABLE lines DROP …").drops([foreign_key("lines", "old", "order_id", "orders")]);
    assert_eq!(Case::postgres(given()).migration([drop, add()]).found(), [""; 0]);
    let [orders, lines, order_id, _] = given();
    let finding = Case::postgres([orders, lines, order_id]).migration([add()]).only();
    assert_eq!(
        finding.message,
        "It fails where order_id of lines names no row of orders"
    );
    assert_eq!(
        finding.advice,
        [
            "Count first, on production: `SELECT count(*) FROM lines c WHERE c.order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM \
          orders p WHERE p.id = c.order_id)`."
        ]
    );
}
