//! Whether a plan is worse than the one that a query had before.
//!
//! Costs are held against each other where the server tells them, else rows that are read and sorted. On PostgreSQL costs alone
//! decide. Elsewhere the plan must be another one as well: the rows of a twin of MySQL or MariaDB are made up, so that costs differ
//! by chance, and what SQLite counts is seen from statistics alone. Of SQLite, a plan is not worse while the former one is still
//! possible: whoever has more to choose from and takes another way has reasons, which rows do not tell.

use dbwright_catalog::{CostUnit, Engine, IndexFacts, PlanFacts, PlanNode, QueryPlan, TableFacts};

use crate::plan::sqlite_work;

/// From how many times its cost on a plan is worse.
const FACTOR: f64 = 2.0;

/// When a plan is worse.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thresholds {
    /// From how many times its cost on; 2 where nothing is said.
    pub factor: Option<f64>,
    /// What it has to cost; where nothing is said, what takes some milliseconds.
    pub cost_min: Option<f64>,
}

/// A plan with what is known of the tables that it reads; of all tables where it is one of SQLite.
#[derive(Clone, Copy, Debug)]
pub struct KnownPlan<'a> {
    /// The plan.
    pub plan: &'a QueryPlan,
    /// What is known.
    pub facts: &'a PlanFacts,
}

/// What came of holding two plans against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    /// What costs are counted in.
    pub unit: CostUnit,
    /// What the first one costs.
    pub before: f64,
    /// What the second one costs.
    pub after: f64,
    /// What it is.
    pub outcome: Outcome,
}

/// What a plan is beside another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// About as good.
    Alike,
    /// Cheaper.
    Better,
    /// More expensive.
    Worse,
}

/// Holds the plan of a query after some changes against the one before them.
///
/// # Errors
///
/// Why that can't be told, as a clause.
pub fn weigh(
    engine: Engine,
    before: KnownPlan<'_>,
    after: KnownPlan<'_>,
    thresholds: Thresholds,
) -> Result<Weighed, String> {
    let has_changed = ways(before.plan) != ways(after.plan);
    let (unit, old, new) = match (engine, before.plan.total_cost(), after.plan.total_cost()) {
        (Engine::Sqlite, ..) if !has_changed => (CostUnit::RowsRead, 0.0, 0.0),
        (Engine::Sqlite, ..) => (CostUnit::RowsRead, rows(before)?, rows(after)?),
        (_, Some(old), Some(new)) => (CostUnit::Cost, old, new),
        (_, None, None) => (CostUnit::RowsRead, counted(before.plan), counted(after.plan)),
        (_, Some(_), None) | (_, None, Some(_)) => return Err("the server tells costs of one plan only".to_owned()),
    };
    let differs = has_changed || engine == Engine::Postgres;
    let may_be_worse = differs && !(engine == Engine::Sqlite && is_still_possible(before, after.facts));
    let least = thresholds.cost_min.unwrap_or_else(|| cost_min(engine, unit));
    let factor = thresholds.factor.unwrap_or(FACTOR);
    let is_more = |few: f64, many: f64| many >= least && many >= few * factor && many > few;
    let outcome = if may_be_worse && is_more(old, new) {
        Outcome::Worse
    } else if differs && is_more(new, old) {
        Outcome::Better
    } else {
        Outcome::Alike
    };
    Ok(Weighed {
        unit,
        before: old,
        after: new,
        outcome,
    })
}

/// What takes some milliseconds.
fn cost_min(engine: Engine, unit: CostUnit) -> f64 {
    match (unit, engine) {
        (CostUnit::RowsRead, _) => 10_000.0,
        // Its costs are milliseconds: https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizer/the-optimizer-cost-model-from-mariadb-11-0
        (CostUnit::Cost, Engine::MariaDb) | (CostUnit::Milliseconds, _) => 10.0,
        (CostUnit::Cost, Engine::Postgres | Engine::MySql | Engine::Sqlite) => 1000.0,
    }
}

fn rows(known: KnownPlan<'_>) -> Result<f64, String> {
    let work = sqlite_work(known.plan, known.facts);
    work.map_err(|table| format!("nobody has counted the rows of {table}, which `ANALYZE` does"))
}

/// Rows that are read, as the server tells.
fn counted(plan: &QueryPlan) -> f64 {
    fn complete(node: &mut PlanNode) {
        if node.relation.is_some() && node.rows_read.is_none() {
            // All that are read come out.
            node.rows_read = node.estimate.map(|estimate| estimate.rows);
        }
        node.children.iter_mut().for_each(complete);
    }
    let mut plan = plan.clone();
    complete(&mut plan.root);
    plan.costs().first().map_or(0.0, |cost| cost.inclusive)
}

/// How a plan goes about its query, without numbers: what is done in which order, to which table, by which index.
fn ways(plan: &QueryPlan) -> Vec<(usize, String)> {
    let nodes = plan.nodes().into_iter();
    nodes
        .map(|(depth, node)| (depth, format!("{:?} {}", node.operation, node.title())))
        .collect()
}

/// Whether all that the plan reads is there afterwards as it was: tables with the same types and collations, and its indexes.
fn is_still_possible(before: KnownPlan<'_>, after: &PlanFacts) -> bool {
    let views_are_there = before.facts.views.iter().all(|view| after.views.contains(view));
    let nodes = before.plan.nodes();
    let mut reads = nodes.iter().filter_map(|(_, node)| {
        let table = before.facts.table(None, &node.relation.as_ref()?.name)?;
        Some((table, node.index.as_deref()))
    });
    let is_there = |(table, index): (&TableFacts, Option<&str>)| {
        let Some(now) = after.table(None, &table.name) else {
            return false;
        };
        let is_same = |old: &IndexFacts, new: &IndexFacts| {
            (&old.keys, &old.predicate, old.unique) == (&new.keys, &new.predicate, new.unique)
        };
        let index = index.and_then(|name| table.indexes.iter().find(|index| index.name == name));
        let has_index = index.is_none_or(|old| now.indexes.iter().any(|new| is_same(old, new)));
        let has_types = table.columns.iter().all(|old| {
            let new = now.column(&old.name);
            new.is_none_or(|new| (&new.data_type, &new.collation) == (&old.data_type, &old.collation))
        });
        has_index && has_types
    };
    views_are_there && reads.all(is_there)
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::ColumnFacts;

    use super::*;
    use crate::{complete_sqlite, read_plan};

    /// A table of SQLite with 100,000 rows, and indexes: name, columns, rows that share them.
    fn orders(indexes: &[(&str, &[&str], &[f64])]) -> PlanFacts {
        let columns = ["id", "customer_id", "state", "at"].map(|name| ColumnFacts {
            name: name.to_owned(),
            data_type: "INTEGER".to_owned(),
            ..ColumnFacts::default()
        });
        let indexes = indexes.iter().map(|(name, keys, rows_each)| IndexFacts {
            name: (*name).to_owned(),
            method: "btree".to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            rows_each: rows_each.to_vec(),
            ..IndexFacts::default()
        });
        PlanFacts {
            tables: vec![TableFacts {
                name: "orders".to_owned(),
                rows: Some(100_000.0),
                columns: columns.to_vec(),
                indexes: indexes.collect(),
                ..TableFacts::default()
            }],
            ..PlanFacts::default()
        }
    }

    const CUSTOMER: (&str, &[&str], &[f64]) = ("o_customer", &["customer_id"], &[10.0]);
    const STATE: (&str, &[&str], &[f64]) = ("o_state", &["state"], &[25_000.0]);
    const AT: (&str, &[&str], &[f64]) = ("o_at", &["at"], &[]);

    /// `SEARCH …` lines of two plans of a query, with what is known before and after.
    fn sqlite(query: &str, before: (&str, &PlanFacts), after: (&str, &PlanFacts)) -> Weighed {
        let read = |(lines, facts): (&str, &PlanFacts)| {
            let lines: Vec<String> = lines.split('\n').map(|line| format!("|--{line}")).collect();
            let mut plan = read_plan(Engine::Sqlite, &format!("QUERY PLAN\n{}", lines.join("\n"))).unwrap();
            complete_sqlite(&mut plan, query, facts);
            plan
        };
        let (old, new) = (read(before), read(after));
        let known = |plan, facts| KnownPlan { plan, facts };
        let (old, new) = (known(&old, before.1), known(&new, after.1));
        weigh(Engine::Sqlite, old, new, Thresholds::default()).unwrap()
    }

    #[test]
    fn rows_decide_on_sqlite() {
        let of_customer = "SELECT * FROM orders WHERE customer_id = ? AND state = ?";
        let newest = "SELECT * FROM orders ORDER BY at LIMIT 10";
        let self_join = "SELECT * FROM orders o JOIN orders p ON p.customer_id = o.customer_id WHERE o.id = ?";
        let search = "SEARCH orders USING INDEX o_customer (customer_id=?)";
        let join = "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)\nSEARCH p USING INDEX o_customer (customer_id=?)";
        for (query, (before, had), (after, has), told) in [
            (
                of_customer,
                (search, &[CUSTOMER, AT][..]),
                ("SCAN orders", &[AT][..]),
                (10.0, 100_000.0, Outcome::Worse),
            ),
            // Another index that hardly helps.
            (
                of_customer,
                (search, &[CUSTOMER, STATE]),
                ("SEARCH orders USING INDEX o_state (state=?)", &[STATE]),
                (10.0, 25_000.0, Outcome::Worse),
            ),
            // The same index by another name.
            (
                of_customer,
                (search, &[CUSTOMER]),
                (
                    "SEARCH orders USING INDEX again (customer_id=?)",
                    &[("again", &["customer_id"], &[])],
                ),
                (10.0, 10.0, Outcome::Alike),
            ),
            // It had more to choose from, and has chosen.
            (
                of_customer,
                (search, &[CUSTOMER]),
                ("SCAN orders", &[CUSTOMER]),
                (10.0, 100_000.0, Outcome::Alike),
            ),
            (
                of_customer,
                ("SCAN orders", &[]),
                (search, &[CUSTOMER]),
                (100_000.0, 10.0, Outcome::Better),
            ),
            // What was read in order is sorted: the rows that are read, and each sorted one twice.
            (
                newest,
                ("SCAN orders USING INDEX o_at", &[AT]),
                ("SCAN orders\nUSE TEMP B-TREE FOR ORDER BY", &[]),
                (10.0, 300_000.0, Outcome::Worse),
            ),
            // An index that SQLite makes for one query.
            (
                self_join,
                (join, &[CUSTOMER]),
                (
                    "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)\nSEARCH p USING AUTOMATIC COVERING INDEX (customer_id=?)",
                    &[],
                ),
                (11.0, 300_002.0, Outcome::Worse),
            ),
            // A range with one end is a quarter, which SQLite assumes as well.
            (
                "SELECT * FROM orders WHERE at > ?",
                ("SEARCH orders USING INDEX o_at (at>?)", &[AT]),
                ("SCAN orders", &[]),
                (25_000.0, 100_000.0, Outcome::Worse),
            ),
        ] {
            let weighed = sqlite(query, (before, &orders(had)), (after, &orders(has)));
            assert_eq!(
                (weighed.before, weighed.after, weighed.outcome),
                told,
                "{query}: {after}"
            );
        }
    }

    #[test]
    fn a_small_table_may_be_read_as_a_whole() {
        let mut had = orders(&[CUSTOMER]);
        let mut has = orders(&[]);
        for facts in [&mut had, &mut has] {
            facts.tables[0].rows = Some(9_999.0);
        }
        let search = "SEARCH orders USING INDEX o_customer (customer_id=?)";
        let weighed = sqlite(
            "SELECT * FROM orders WHERE customer_id = ?",
            (search, &had),
            ("SCAN orders", &has),
        );
        assert_eq!(weighed.outcome, Outcome::Alike);
    }

    #[test]
    fn rows_that_nobody_has_counted_are_told() {
        let mut facts = orders(&[]);
        facts.tables[0].rows = None;
        let plan = read_plan(Engine::Sqlite, "QUERY PLAN\n|--SCAN orders").unwrap();
        let search = read_plan(Engine::Sqlite, "QUERY PLAN\n|--SEARCH orders USING INDEX x (a=?)").unwrap();
        let known = |plan| KnownPlan { plan, facts: &facts };
        let why = weigh(Engine::Sqlite, known(&search), known(&plan), Thresholds::default()).unwrap_err();
        assert!(why.contains("nobody has counted the rows of orders"), "{why}");
    }

    #[test]
    fn costs_of_mysql_count_where_the_plan_is_another_one() {
        let plan = |way: &str, cost: u32| format!("-> {way}  (cost={cost} rows=10)\n");
        let lookup = "Index lookup on o using o_c (c = 5)";
        for (engine, before, after, outcome) in [
            (
                Engine::MySql,
                plan(lookup, 3),
                plan("Table scan on o", 10_000),
                Outcome::Worse,
            ),
            (Engine::MySql, plan(lookup, 900), plan(lookup, 10_000), Outcome::Alike),
            (
                Engine::MySql,
                plan(lookup, 3),
                plan("Table scan on o", 999),
                Outcome::Alike,
            ),
            (
                Engine::MySql,
                plan("Table scan on o", 10_000),
                plan(lookup, 3),
                Outcome::Better,
            ),
            // Milliseconds.
            (
                Engine::MariaDb,
                plan(lookup, 3),
                plan("Table scan on o", 999),
                Outcome::Worse,
            ),
            // Exact, so that more rows are told as well.
            (
                Engine::Postgres,
                plan(lookup, 900),
                plan(lookup, 10_000),
                Outcome::Worse,
            ),
        ] {
            let [old, new] = [&before, &after].map(|text| read_plan(Engine::MySql, text).unwrap());
            let facts = PlanFacts::default();
            let known = |plan| KnownPlan { plan, facts: &facts };
            let weighed = weigh(engine, known(&old), known(&new), Thresholds::default()).unwrap();
            assert_eq!(weighed.outcome, outcome, "{engine}: {before} {after}");
        }
    }
}
