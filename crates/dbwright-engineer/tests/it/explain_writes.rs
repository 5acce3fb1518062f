//! `explain` of statements that write, and of queries with parameters, on MySQL and MariaDB: nothing is written or locked, and what stands
//! in place of parameters is told.

use dbwright_catalog::{
    Engine, ExplainedPlan, Operation, ParameterValue, PlanChangeKind, PlanTrial, SampleValues, Snapshot, ValueOrigin,
};
use dbwright_engineer::{
    CaptureRequest, ExplainOn, ExplainRequest, Passwords, ReadLimits, TwinSetUp, capture, explain, queries_in,
};
use dbwright_live::scratch::mysql_family::Who;
use mysql_async::prelude::Queryable as _;

use crate::explain_mysql_family::{SETUP, Shop, read};
use crate::servers::{self, MYSQL_FAMILY, mysql_family_bin};

/// What would show that a statement was run, or that a trigger fired.
const WATCHED: &str = "CREATE TABLE archive (id int NOT NULL PRIMARY KEY, total decimal(10,2), placed_at datetime); \
                       CREATE TABLE fired (n int); \
                       CREATE TRIGGER orders_updated BEFORE UPDATE ON orders FOR EACH ROW INSERT INTO fired VALUES (OLD.id); \
                       CREATE TRIGGER orders_deleted BEFORE DELETE ON orders FOR EACH ROW INSERT INTO fired VALUES (OLD.id); \
                       CREATE TRIGGER archive_filled BEFORE INSERT ON archive FOR EACH ROW INSERT INTO fired VALUES (NEW.id); \
                       CREATE FUNCTION noted(n int) RETURNS int DETERMINISTIC NO SQL RETURN n; \
                       CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'new';";

/// Statements that lock nothing while they are planned, with the first words of their plan and of what is below.
const PLANNED: [(&str, &str, &str); 12] = [
    (
        "UPDATE orders SET total = 0 WHERE total = 7",
        "Update orders",
        "Table scan",
    ),
    (
        "UPDATE orders o SET o.total = 0 WHERE o.id = 7",
        "Update o",
        "Index range scan",
    ),
    (
        "UPDATE orders SET placed_at = now() WHERE state = 'new' AND placed_at < '2026-01-02' ORDER BY placed_at LIMIT 9",
        "Update orders",
        "",
    ),
    ("UPDATE orders SET total = total + 1", "Update orders", "Table scan"),
    ("DELETE FROM orders", "Delete from orders", "Table scan"),
    (
        "DELETE FROM orders WHERE customer_id IN (1, 2, 3) LIMIT 5",
        "Delete from orders",
        "Index range scan",
    ),
    (
        "INSERT INTO archive (id, total, placed_at) SELECT id, total, placed_at FROM orders WHERE customer_id = 7",
        "Insert into archive",
        "Index lookup",
    ),
    (
        "INSERT INTO archive SELECT id, total, placed_at FROM orders \
         WHERE customer_id = (SELECT max(id) FROM customer WHERE name LIKE '%7') ON DUPLICATE KEY UPDATE total = VALUES(total)",
        "Insert into archive",
        "",
    ),
    (
        "REPLACE INTO archive SELECT id, total, placed_at FROM orders ORDER BY total LIMIT 10",
        "Replace into archive",
        "",
    ),
    (
        "INSERT INTO archive VALUES (1, 2, now()), (2, 3, now())",
        "Insert into archive",
        "",
    ),
    ("INSERT INTO archive SET id = 1", "Insert into archive", ""),
    (
        "INSERT INTO archive (id) VALUES (1) ON DUPLICATE KEY UPDATE total = 2",
        "Insert into archive",
        "",
    ),
];

/// Statements that lock rows while they are planned, with what begins their plan on a twin.
const LOCKING: [(&str, &str); 6] = [
    (
        "UPDATE orders o JOIN customer c ON c.id = o.customer_id SET o.total = 0 WHERE c.id = 7 AND o.total > 3",
        "Update o",
    ),
    (
        "DELETE o FROM orders o JOIN customer c ON c.id = o.customer_id WHERE c.id = 7",
        "Delete from o",
    ),
    (
        "DELETE FROM o USING orders AS o, customer AS c WHERE c.id = o.customer_id AND c.id = 7",
        "Delete from o",
    ),
    (
        "UPDATE orders SET total = 0 WHERE customer_id IN (SELECT id FROM customer WHERE name = 'customer 7')",
        "Update ",
    ),
    (
        "DELETE FROM orders WHERE customer_id = (SELECT max(id) FROM customer WHERE name LIKE '%7')",
        "Delete from orders",
    ),
    ("UPDATE open_orders SET total = 0 WHERE id = 7", "Update "),
];

/// A live server, where nothing that is held up waits long.
fn live(url: String, values: bool) -> ExplainOn {
    ExplainOn::Live {
        url,
        passwords: Passwords::default(),
        limits: ReadLimits {
            lock: std::time::Duration::from_secs(1),
            ..ReadLimits::default()
        },
        run: true,
        values,
    }
}

impl Shop {
    async fn alone(&self, on: ExplainOn, query: &str) -> Result<Box<ExplainedPlan>, String> {
        let request = ExplainRequest {
            on,
            queries: queries_in(self.engine, query, None),
            plans: Vec::new(),
        };
        explain(&request).await.unwrap().queries.remove(0).outcome
    }

    async fn snapshot(&self, all: bool) -> Snapshot {
        let values = SampleValues {
            by_default: all,
            exceptions: Vec::new(),
        };
        let request = CaptureRequest {
            url: self.url(),
            passwords: Passwords::default(),
            values,
            limits: ReadLimits::default(),
        };
        capture(&request).await.unwrap()
    }

    /// What every table holds.
    async fn contents(&mut self) -> Vec<String> {
        self.rows("CHECKSUM TABLE orders, customer, archive, fired, item").await
    }
}

/// The plans of several statements on one twin.
async fn on_twin(
    engine: Engine,
    major: u32,
    snapshot: Snapshot,
    text: &str,
) -> Vec<Result<Box<ExplainedPlan>, String>> {
    let (_, bin_dirs) = mysql_family_bin(engine, major);
    let set_up = TwinSetUp {
        bin_dirs,
        cache: servers::cache(),
    };
    let request = ExplainRequest {
        on: ExplainOn::Twin(Box::new(snapshot), set_up),
        queries: queries_in(engine, text, None),
        plans: Vec::new(),
    };
    let explained = explain(&request).await.unwrap();
    explained.queries.into_iter().map(|query| query.outcome).collect()
}

/// A session that has every row of two tables locked.
async fn holding(shop: &Shop) -> mysql_async::Conn {
    let mut holder = shop.scratch.connect(&shop.database, Who::Observer).await.unwrap();
    holder.query_drop("START TRANSACTION").await.unwrap();
    for table in ["orders", "customer"] {
        let rows: Option<u64> = holder
            .query_first(format!("SELECT count(*) FROM (SELECT id FROM {table} FOR UPDATE) x"))
            .await
            .unwrap();
        assert!(rows.unwrap() > 1000);
    }
    holder
}

#[tokio::test]
async fn a_statement_that_writes_is_planned_and_writes_and_locks_nothing() {
    for (engine, major) in MYSQL_FAMILY {
        let mut shop = Shop::open(engine, major, &format!("{SETUP}\n{WATCHED}")).await;
        let before = shop.contents().await;
        // Whoever locked a row would wait for this session, and be told.
        let holder = holding(&shop).await;
        for (statement, root, below) in PLANNED {
            let explained = shop
                .alone(live(shop.url(), false), statement)
                .await
                .unwrap_or_else(|problem| panic!("{engine} {major} {statement}: {problem}"));
            let plan = &explained.plan;
            assert!(
                plan.root.name.starts_with(root),
                "{engine} {major} {statement}: {plan:#?}"
            );
            assert_eq!(plan.root.operation, Operation::ModifyTable, "{statement}");
            let first = plan.root.children.first().map_or("", |child| child.name.as_str());
            assert!(first.contains(below), "{engine} {major} {statement}: {first}");
            let notes = explained.notes.join("\n");
            assert!(
                notes.contains("It was not run, as it is not proven to read only: it writes"),
                "{notes}"
            );
            let adds = statement.contains("INTO archive") && !statement.contains("SELECT");
            assert_eq!(notes.contains("there is nothing to plan"), adds, "{statement}: {notes}");
        }
        for (statement, _) in LOCKING {
            let explained = shop
                .alone(live(shop.url(), false), statement)
                .await
                .unwrap_or_else(|problem| panic!("{engine} {major} {statement}: {problem}"));
            assert_ne!(explained.plan.root.operation, Operation::ModifyTable, "{statement}");
            let note = explained.notes.first().map_or("", String::as_str);
            assert!(
                note.starts_with("Planned as a `SELECT` of the rows that it takes: "),
                "{note}"
            );
            assert!(!explained.plan.is_measured());
        }
        holder.disconnect().await.unwrap();
        for (statement, reason) in [
            (
                "UPDATE orders SET total = noted(id)",
                "noted() is not known to read only",
            ),
            (
                "DELETE FROM orders WHERE id = noted(1)",
                "noted() is not known to read only",
            ),
            (
                "INSERT INTO archive (id) VALUES (noted(1))",
                "noted() is not known to read only",
            ),
            (
                "INSERT INTO archive (id) SELECT noted(1)",
                "noted() is not known to read only",
            ),
            ("UPDATE nothing SET a = 1", "nothing"),
            ("UPDATE orders SET nothing = 1", "nothing"),
            ("DELETE FROM orders WHERE", "syntax"),
        ] {
            let problem = shop.alone(live(shop.url(), false), statement).await.unwrap_err();
            assert!(problem.contains(reason), "{engine} {major} {statement}: {problem}");
        }
        assert_eq!(shop.contents().await, before);
        assert_eq!(shop.rows("SELECT n FROM fired").await, [""; 0]);
        shop.close().await;
    }
}

#[tokio::test]
async fn who_may_not_write_is_told_how_the_rows_are_found() {
    for (engine, major) in MYSQL_FAMILY {
        let mut shop = Shop::open(engine, major, SETUP).await;
        for sql in [
            "CREATE USER reader@localhost".to_owned(),
            format!("GRANT SELECT ON `{}`.* TO reader@localhost", shop.database),
        ] {
            shop.observer.query_drop(sql).await.unwrap();
        }
        let url = shop.url().replace("mysql://root@", "mysql://reader@");
        let statement = "UPDATE orders SET total = 0 WHERE total = 7";
        let explained = shop.alone(live(url.clone(), false), statement).await.unwrap();
        assert!(
            explained.plan.root.name.starts_with("Table scan"),
            "{:#?}",
            explained.plan
        );
        let note = &explained.notes[0];
        assert!(
            note.contains("only to those who may write (UPDATE command denied"),
            "{note}"
        );
        let problem = shop
            .alone(live(url, false), "INSERT INTO orders (id) VALUES (1)")
            .await
            .unwrap_err();
        assert!(problem.contains("a twin plans it"), "{problem}");
        // Nor does a server that only reads, whoever asks.
        for sql in [
            format!("GRANT UPDATE ON `{}`.* TO reader@localhost", shop.database),
            "SET GLOBAL read_only = 1".to_owned(),
        ] {
            shop.observer.query_drop(sql).await.unwrap();
        }
        let url = shop.url().replace("mysql://root@", "mysql://reader@");
        let explained = shop.alone(live(url, false), statement).await.unwrap();
        let note = &explained.notes[0];
        assert!(note.contains("read-only"), "{note}");
        shop.observer.query_drop("SET GLOBAL read_only = 0").await.unwrap();
        shop.close().await;
    }
}

#[tokio::test]
async fn every_form_of_a_plan_of_a_statement_that_writes_is_read() {
    for (engine, major) in MYSQL_FAMILY {
        let mut shop = Shop::open(engine, major, &format!("{SETUP}\n{WATCHED}")).await;
        if engine == Engine::MySql {
            shop.observer
                .query_drop("SET SESSION explain_json_format_version = 1")
                .await
                .unwrap();
        }
        let statements = PLANNED.iter().map(|(statement, ..)| *statement);
        for statement in statements.chain(LOCKING.iter().map(|(statement, _)| *statement)) {
            let older = shop.printed(&format!("EXPLAIN FORMAT=JSON {statement}")).await.unwrap();
            read(statement, &older);
            if engine == Engine::MariaDb {
                continue;
            }
            let tree = shop.printed(&format!("EXPLAIN FORMAT=TREE {statement}")).await.unwrap();
            if !tree.contains("not executable") {
                assert_eq!(read(statement, &tree).root.operation, Operation::ModifyTable, "{tree}");
            }
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn indexes_are_tried_for_statements_that_write() {
    for (engine, major) in MYSQL_FAMILY {
        let shop = Shop::open(engine, major, &format!("{SETUP}\n{WATCHED}")).await;
        let snapshot = shop.snapshot(true).await;
        shop.close().await;
        let text: Vec<&str> = LOCKING.iter().map(|(statement, _)| *statement).collect();
        let text = format!(
            "UPDATE item SET amount = 0 WHERE sku = 's7';\nDELETE FROM item WHERE sku = ? AND amount = ?;\n{}",
            text.join(";\n")
        );
        let outcomes = on_twin(engine, major, snapshot, &text).await;
        for outcome in &outcomes[..2] {
            let explained = outcome.as_ref().unwrap();
            let mut changes = explained.findings.iter().filter_map(|finding| finding.change.as_ref());
            let change = changes
                .find(|change| change.kind == PlanChangeKind::Index)
                .unwrap_or_else(|| panic!("{engine} {major}: {explained:#?}"));
            let PlanTrial::Planned(after) = &change.trial else {
                panic!("{engine} {major}: {change:#?}");
            };
            let nodes = after.nodes();
            assert!(
                nodes.iter().any(|(_, node)| node.index.is_some()),
                "{engine} {major}: {after:#?}"
            );
        }
        // On a twin they are planned as they stand.
        for (outcome, (statement, root)) in outcomes[2..].iter().zip(LOCKING) {
            let explained = outcome
                .as_ref()
                .unwrap_or_else(|problem| panic!("{statement}: {problem}"));
            assert!(
                explained.plan.root.name.starts_with(root),
                "{engine} {major} {statement}: {:#?}",
                explained.plan
            );
        }
    }
}

/// `orders.state='new' (Twin)`, for each parameter.
fn told(parameters: &[ParameterValue]) -> Vec<String> {
    let told = parameters.iter().map(|parameter| {
        let stands_for = parameter.stands_for.as_deref().unwrap_or("?");
        format!("{stands_for}={} ({:?})", parameter.value, parameter.origin)
    });
    told.collect()
}

#[tokio::test]
async fn parameters_have_values_of_their_types_on_a_live_server() {
    let setup = "CREATE TABLE kind (id binary(16) NOT NULL PRIMARY KEY, size enum('small','large') NOT NULL, day date NOT NULL, \
                   at time, price decimal(6,2), tags varchar(20), KEY kind_day (day)); \
                 INSERT INTO kind VALUES (unhex(repeat('0a', 16)), 'small', '2020-05-01', '10:00:00', 5, 'x'), \
                   (unhex(repeat('0b', 16)), 'large', '2021-05-01', '11:00:00', 6, 'y')";
    for (engine, major) in MYSQL_FAMILY {
        let shop = Shop::open(engine, major, &format!("{SETUP}\n{setup}")).await;
        for (query, values) in [
            (
                "SELECT * FROM orders WHERE customer_id = ? AND state IN (?, ?) AND total <=> ? LIMIT ? OFFSET ?",
                &[
                    "orders.customer_id=1 (Type)",
                    "orders.state='a' (Type)",
                    "orders.state='b' (Type)",
                    "orders.total=1 (Type)",
                    "LIMIT=10 (Assumed)",
                    "OFFSET=0 (Assumed)",
                ][..],
            ),
            (
                "SELECT price FROM kind WHERE id = :id AND size IN (:a, :b) AND day BETWEEN :from AND :to AND tags LIKE :tags \
                 AND at > :at AND day > now() - INTERVAL :days DAY",
                &[
                    "kind.id=0x61 (Type)",
                    "kind.size='small' (Type)",
                    "kind.size='large' (Type)",
                    "kind.day=CURRENT_DATE - INTERVAL 7 DAY (Type)",
                    "kind.day=CURRENT_DATE (Type)",
                    "kind.tags='a%' (Type)",
                    "kind.at='00:00:00' (Type)",
                    "?=1 (Assumed)",
                ][..],
            ),
            (
                "UPDATE kind SET price = %s WHERE day < %s",
                &["?=1 (Written)", "kind.day=CURRENT_DATE (Type)"][..],
            ),
            (
                "SELECT `size` , COUNT ( * ) FROM `kind` WHERE `tags` IN (...) GROUP BY `size`",
                &["kind.tags='a' (Type)", "kind.tags='b' (Type)", "kind.tags='c' (Type)"][..],
            ),
        ] {
            let explained = shop
                .alone(live(shop.url(), false), query)
                .await
                .unwrap_or_else(|problem| panic!("{engine} {major} {query}: {problem}"));
            assert_eq!(told(&explained.parameters), values, "{engine} {major} {query}");
            assert!(!explained.plan.is_measured(), "{query}");
        }
        // Rows are those of the statistics, and not of this value: nobody has the customer 1,000,000.
        let by_statistics = shop
            .alone(
                live(shop.url(), false),
                "SELECT total FROM orders WHERE customer_id = ?",
            )
            .await
            .unwrap();
        let rows = by_statistics.plan.root.rows();
        assert!((1.0..=10.0).contains(&rows), "{engine} {major}: {rows}");
        // Ends of indexes are looked at where that is allowed.
        let query = "SELECT price FROM kind WHERE day >= ? AND day <> ? AND price = ?";
        let explained = shop.alone(live(shop.url(), true), query).await.unwrap();
        assert_eq!(
            told(&explained.parameters),
            [
                "kind.day='2021-05-01' (Index)",
                "kind.day='2020-05-01' (Index)",
                "kind.price=1 (Type)"
            ]
        );
        let nothing = shop
            .alone(live(shop.url(), false), "SELECT * FROM customer WHERE email = ?")
            .await
            .unwrap();
        assert!(
            nothing
                .notes
                .iter()
                .any(|note| note.starts_with("No row has these values")),
            "{engine} {major}: {nothing:#?}"
        );
        for (query, problem) in [
            (
                "SELECT * FROM ? WHERE id = 1",
                "asked with 1 for parameter 1, of which no column tells the type: write a value in its place",
            ),
            ("INSERT INTO kind VALUES (...)", "syntax"),
        ] {
            let told = shop.alone(live(shop.url(), false), query).await.unwrap_err();
            assert!(told.contains(problem), "{engine} {major} {query}: {told}");
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn parameters_have_values_of_production_or_of_rows_on_a_twin() {
    for (engine, major) in MYSQL_FAMILY {
        let mut shop = Shop::open(engine, major, SETUP).await;
        let asked = "SELECT id FROM orders WHERE customer_id IN (7, 8) AND total > 3 LIMIT 5";
        shop.rows(asked).await;
        let snapshot = shop.snapshot(true).await;
        let none = shop.snapshot(false).await;
        shop.close().await;
        let text = "SELECT id FROM orders WHERE customer_id IN (?, ?) AND total > ? LIMIT ?;\n\
                    SELECT id FROM customer WHERE email = ?;\n\
                    SELECT id FROM orders WHERE placed_at >= ? AND placed_at < ? AND state = ?";
        for (snapshot, has_samples) in [(snapshot, engine == Engine::MySql), (none, false)] {
            let outcomes = on_twin(engine, major, snapshot, text).await;
            let explained: Vec<&ExplainedPlan> = outcomes.iter().map(|outcome| &**outcome.as_ref().unwrap()).collect();
            let first = told(&explained[0].parameters);
            if has_samples {
                let sampled = [
                    "orders.customer_id=7 (Sample)",
                    "orders.customer_id=8 (Sample)",
                    "orders.total=3 (Sample)",
                    "LIMIT=5 (Sample)",
                ];
                assert_eq!(first, sampled);
            } else {
                let origins: Vec<ValueOrigin> = explained[0].parameters.iter().map(|value| value.origin).collect();
                let twin = ValueOrigin::Twin;
                assert_eq!(
                    origins,
                    [twin, twin, twin, ValueOrigin::Assumed],
                    "{engine} {major}: {first:?}"
                );
                assert_ne!(first[0], first[1]);
            }
            // A row has it, so that something is found.
            assert_eq!(explained[1].notes, [""; 0]);
            assert!(
                !explained[1].plan.root.name.starts_with("Zero rows"),
                "{:#?}",
                explained[1].plan
            );
            let ends = &explained[2].parameters;
            assert!(ends[0].value < ends[1].value, "{ends:?}");
        }
    }
}
