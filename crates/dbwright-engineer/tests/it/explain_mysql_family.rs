//! `explain` on MySQL and MariaDB: every form of a plan is read, of many queries; what may do more than read is not run; queries
//! that are proposed give the same rows; and indexes that are proposed are tried on twins.

use std::collections::BTreeSet;

use dbwright_advise::{INSIGHTS, read_kept_plan};
use dbwright_catalog::{
    ChangePurpose, Engine, ExplainedPlan, Operation, PlanChangeKind, PlanNode, PlanTrial, QueryPlan, SampleValues,
};
use dbwright_engineer::{
    CaptureRequest, ExplainOn, ExplainRequest, Passwords, ReadLimits, TwinSetUp, capture, explain, queries_in,
};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use dbwright_sql::{Dialect, statements};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row};

use crate::servers::{self, MYSQL_FAMILY, mysql_family, mysql_family_bin};

/// Tables of several kinds, with rows.
pub(crate) const SETUP: &str = include_str!("explain_mysql_family/setup.sql");

/// Queries with every way to a table, joins, subqueries, unions, windows and what else makes a plan.
const QUERIES: &str = include_str!("explain_mysql_family/queries.sql");

/// What the executor of MySQL does that has no word of ours.
const OTHERS: [&str; 14] = [
    "Rows fetched before execution",
    "Zero rows",
    "Stream results",
    "Window aggregate",
    "Window functions",
    "Repeat until convergence",
    "Invalidate materialized tables",
    "Materialize table function",
    "Select tables optimized away",
    "No tables used",
    "no matching row in const table",
    "Rows without a table",
    "Impossible WHERE",
    "Constant scan",
];

pub(crate) struct Shop {
    pub(crate) scratch: MySqlFamilyScratch,
    pub(crate) database: String,
    pub(crate) observer: Conn,
    pub(crate) engine: Engine,
}

impl Shop {
    pub(crate) async fn open(engine: Engine, major: u32, setup: &str) -> Self {
        let scratch = mysql_family(engine, major).await;
        let database = scratch.create_database().await.unwrap();
        let mut observer = scratch.connect(&database, Who::Observer).await.unwrap();
        for statement in statements(Dialect::server(engine), setup) {
            let done = observer.query_drop(&statement.text).await;
            done.unwrap_or_else(|error| panic!("{error}: {}", statement.text));
        }
        Shop {
            scratch,
            database,
            observer,
            engine,
        }
    }

    pub(crate) fn url(&self) -> String {
        let socket = self.scratch.socket().unwrap();
        format!("mysql://root@localhost/{}?socket={}", self.database, socket.display())
    }

    /// The rows of a query as text, sorted.
    pub(crate) async fn rows(&mut self, sql: &str) -> Vec<String> {
        let rows: Vec<Row> = self
            .observer
            .query(sql)
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
        let mut rows: Vec<String> = rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect();
        rows.sort();
        rows
    }

    /// What the server prints; nothing where it does not know the query.
    pub(crate) async fn printed(&mut self, sql: &str) -> Option<String> {
        self.observer.query_first(sql).await.ok().flatten()
    }

    async fn explained(&self, query: &str, run: bool) -> Result<Box<ExplainedPlan>, String> {
        let request = ExplainRequest {
            on: ExplainOn::Live {
                url: self.url(),
                passwords: Passwords::default(),
                limits: ReadLimits::default(),
                run,
                values: false,
            },
            queries: queries_in(self.engine, query, None),
            plans: Vec::new(),
        };
        let mut explanation = explain(&request).await.unwrap();
        explanation.queries.remove(0).outcome
    }

    pub(crate) async fn close(self) {
        self.observer.disconnect().await.unwrap();
        self.scratch.stop().await.unwrap();
    }
}

fn queries(engine: Engine) -> Vec<String> {
    let queries = queries_in(engine, QUERIES, None).into_iter();
    queries
        .map(|query| query.sql.trim_end_matches(';').to_owned())
        .collect()
}

/// Names of nodes, tables by their aliases, indexes and conditions: what does not depend on the form of a plan.
fn told(plan: &QueryPlan) -> String {
    let one = |(depth, node): (usize, &PlanNode)| {
        let table = node.relation.as_ref().map(|relation| relation.alias.clone());
        let conditions: Vec<&str> = node
            .conditions
            .iter()
            .map(|condition| condition.text.as_str())
            .collect();
        format!(
            "{}{} {:?} {:?} {:?} {conditions:?}",
            "  ".repeat(depth),
            node.name,
            node.role,
            table.or(node.source.clone()),
            node.index
        )
    };
    plan.nodes().into_iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Nodes whose kind is not known and should be.
fn unknown(plan: &QueryPlan) -> Vec<String> {
    let nodes = plan.nodes().into_iter().map(|(_, node)| node);
    let unknown = nodes
        .filter(|node| node.operation == Operation::Other && !OTHERS.iter().any(|name| node.name.starts_with(name)));
    unknown.map(|node| node.name.clone()).collect()
}

/// Reads a plan, and holds it to being whole.
pub(crate) fn read(query: &str, printed: &str) -> QueryPlan {
    let (_, plan, _) = read_kept_plan(None, printed).unwrap_or_else(|error| panic!("{error}: {query}\n{printed}"));
    let unknown = unknown(&plan);
    assert!(unknown.is_empty(), "{query}: {unknown:?}\n{printed}");
    plan
}

#[tokio::test]
async fn every_form_of_a_plan_is_read() {
    for (engine, major) in MYSQL_FAMILY {
        let mut shop = Shop::open(engine, major, SETUP).await;
        let mut seen = 0;
        for query in queries(engine) {
            if engine == Engine::MariaDb {
                let Some(planned) = shop.printed(&format!("EXPLAIN FORMAT=JSON {query}")).await else {
                    continue;
                };
                let run = shop.printed(&format!("ANALYZE FORMAT=JSON {query}")).await.unwrap();
                let (planned, run) = (read(&query, &planned), read(&query, &run));
                // Conditions, and why there are no rows, are said in other words when they are found out.
                let titles = |plan: &QueryPlan| -> Vec<String> {
                    let nodes = plan.nodes().into_iter();
                    nodes.map(|(depth, node)| format!("{depth} {}", node.title())).collect()
                };
                if run.root.operation != Operation::Other {
                    assert_eq!(titles(&planned), titles(&run), "{query}");
                }
                seen += 1;
                continue;
            }
            let tree = shop.printed(&format!("EXPLAIN FORMAT=TREE {query}")).await.unwrap();
            let run = shop.printed(&format!("EXPLAIN ANALYZE {query}")).await.unwrap();
            shop.observer
                .query_drop("SET SESSION explain_json_format_version = 2")
                .await
                .unwrap();
            let json = shop.printed(&format!("EXPLAIN FORMAT=JSON {query}")).await.unwrap();
            shop.observer
                .query_drop("SET SESSION explain_json_format_version = 1")
                .await
                .unwrap();
            let older = shop.printed(&format!("EXPLAIN FORMAT=JSON {query}")).await.unwrap();
            let tree = read(&query, &tree);
            assert_eq!(told(&tree), told(&read(&query, &json)), "{query}");
            let tables = |plan: &QueryPlan| -> BTreeSet<String> {
                let nodes = plan.nodes().into_iter();
                nodes
                    .filter_map(|(_, node)| Some(node.relation.as_ref()?.alias.clone()))
                    .collect()
            };
            // The older form leaves out what was read while it planned, and subqueries that are kept.
            assert!(
                tables(&read(&query, &older)).is_superset(&tables(&tree)) || older.contains("<materialize>"),
                "{query}\n{older}"
            );
            assert!(read(&query, &run).is_measured(), "{query}\n{run}");
            seen += 1;
        }
        assert!(seen > 60, "{engine} {major}: {seen}");
        shop.close().await;
    }
}

#[tokio::test]
async fn only_what_is_proven_to_read_only_is_run() {
    let setup = "CREATE TABLE orders (id int PRIMARY KEY, note varchar(20)); INSERT INTO orders VALUES (1, 'a'), (2, 'b'); \
                 CREATE TABLE seen (n int); \
                 CREATE FUNCTION noted(n int) RETURNS int DETERMINISTIC NO SQL RETURN n; \
                 CREATE VIEW plain AS SELECT id FROM orders; \
                 CREATE VIEW noting AS SELECT id FROM orders WHERE noted(id) = 1; \
                 CREATE VIEW around AS SELECT id FROM noting";
    for (engine, major) in MYSQL_FAMILY {
        let mut shop = Shop::open(engine, major, setup).await;
        for (query, reason) in [
            ("SELECT count(*) FROM orders", None),
            ("SELECT lower(note), rand() FROM orders LIMIT 1", None),
            ("SELECT id FROM plain", None),
            ("WITH o (n) AS (SELECT id FROM orders) SELECT n FROM o", None),
            ("SELECT id FROM orders LOCK IN SHARE MODE", Some("it locks rows")),
            ("SELECT @n := id FROM orders", Some("it assigns to a variable")),
            ("SELECT id INTO @n FROM orders LIMIT 1", Some("it has INTO")),
            (
                "SELECT /*!50000 id */ FROM orders",
                Some("it holds code in a comment for some versions"),
            ),
        ] {
            let explained = shop
                .explained(query, true)
                .await
                .unwrap_or_else(|error| panic!("{query}: {error}"));
            assert_eq!(
                explained.plan.is_measured(),
                reason.is_none(),
                "{query}: {:?}",
                explained.notes
            );
            if let Some(reason) = reason {
                assert!(
                    explained.notes.iter().any(|note| note.contains(reason)),
                    "{query}: {:?}",
                    explained.notes
                );
            }
        }
        for (query, reason) in [
            ("SELECT sleep(100)", "sleep() is not known to read only"),
            ("SELECT get_lock('a', 100)", "get_lock() is not known to read only"),
            (
                "SELECT id FROM orders WHERE id = (SELECT noted(1))",
                "noted() is not known to read only",
            ),
            ("SELECT id FROM around", "noted() is not known to read only"),
            ("SELECT 1; SELECT 2", "a plan is of one statement"),
            (
                "SELECT id FROM orders INTO OUTFILE '/tmp/dbwright-never'",
                "reaches outside",
            ),
            ("SHOW TABLES", "have a plan"),
            ("SELECT nothing FROM orders", "nothing"),
        ] {
            // Two statements are two queries for the command; here they are one text.
            let request = ExplainRequest {
                on: ExplainOn::Live {
                    url: shop.url(),
                    passwords: Passwords::default(),
                    limits: ReadLimits::default(),
                    run: true,
                    values: false,
                },
                queries: vec![dbwright_engineer::QueryText {
                    sql: query.to_owned(),
                    place: None,
                }],
                plans: Vec::new(),
            };
            let outcome = explain(&request).await.unwrap().queries.remove(0).outcome;
            let problem = outcome
                .err()
                .unwrap_or_else(|| panic!("{engine} {major} explains {query}"));
            assert!(problem.contains(reason), "{query}: {problem}");
        }
        assert_eq!(shop.rows("SELECT count(*) FROM seen").await, ["[Bytes(\"0\")]"]);
        shop.close().await;
    }
}

#[tokio::test]
async fn queries_that_are_proposed_give_the_same_rows() {
    for (engine, major) in MYSQL_FAMILY {
        let mut compared = BTreeSet::new();
        for insight in INSIGHTS {
            let examples = insight.examples().into_iter();
            let examples =
                examples.filter(|example| example.engine == engine && example.told && example.holds_for(major));
            for example in examples {
                let mut shop = Shop::open(engine, major, &example.setup).await;
                let explained = shop.explained(&example.query, example.analyze).await.unwrap();
                let changes = explained.findings.iter().filter_map(|finding| finding.change.as_ref());
                let queries: Vec<String> = changes
                    .filter(|change| change.kind == PlanChangeKind::Query && !change.sql.contains('?'))
                    .map(|change| change.sql.clone())
                    .collect();
                for sql in queries {
                    let before = shop.rows(&example.query).await;
                    assert_eq!(
                        shop.rows(&sql).await,
                        before,
                        "{engine} {major}: {}\n{sql}",
                        example.query
                    );
                    compared.insert(insight.name);
                }
                shop.close().await;
            }
        }
        assert!(compared.len() >= 4, "{engine} {major}: {compared:?}");
    }
}

#[tokio::test]
async fn indexes_are_tried_on_a_twin_and_offered_where_they_help() {
    for (engine, major) in MYSQL_FAMILY {
        let shop = Shop::open(engine, major, SETUP).await;
        let snapshot = capture(&CaptureRequest {
            url: shop.url(),
            passwords: Passwords::default(),
            values: SampleValues {
                by_default: true,
                exceptions: Vec::new(),
            },
            limits: ReadLimits::default(),
        })
        .await
        .unwrap();
        shop.close().await;
        let (_, bin_dirs) = mysql_family_bin(engine, major);
        let set_up = TwinSetUp {
            bin_dirs,
            cache: servers::cache(),
        };
        let queries = "SELECT id FROM nothing;\nSELECT * FROM item WHERE sku = 's7';\nSELECT * FROM orders ORDER BY placed_at DESC LIMIT 10;\n\
                       SELECT id FROM customer WHERE id = 3";
        let request = ExplainRequest {
            on: ExplainOn::Twin(Box::new(snapshot), set_up),
            queries: queries_in(engine, queries, None),
            plans: Vec::new(),
        };
        let explanation = explain(&request).await.unwrap();
        let outcomes: Vec<_> = explanation.queries.into_iter().map(|query| query.outcome).collect();
        assert!(outcomes[0].is_err());
        for (outcome, index) in [(&outcomes[1], "item_sku_idx"), (&outcomes[2], "orders_placed_at_idx")] {
            let explained = outcome.as_ref().unwrap();
            let change = explained.findings.iter().find_map(|finding| {
                let change = finding.change.as_ref()?;
                (change.kind == PlanChangeKind::Index && change.purpose == ChangePurpose::Cost).then_some(change)
            });
            let change = change.unwrap_or_else(|| panic!("{engine} {major}: {explained:#?}"));
            let PlanTrial::Planned(after) = &change.trial else {
                panic!("{engine} {major}: {change:#?}");
            };
            let uses = after
                .nodes()
                .iter()
                .any(|(_, node)| node.index.as_deref() == Some(index));
            assert!(uses, "{engine} {major}: {after:#?}");
        }
        assert!(outcomes[3].as_ref().unwrap().findings.is_empty());
    }
}
