//! What insights are asked with: the query, its plan, what nodes cost, and what is known of the tables.
//!
//! When something matters is decided here, once.

use dbwright_catalog::{
    ConditionKind, CostUnit, Engine, NodeCost, NodeRole, Operation, PlanFacts, PlanNode, QueryPlan, Server, TableFacts,
};

use crate::expression::{ColumnName, Expression};
use crate::query::Query;

/// Estimated cost below which nobody waits: reading a hundred pages one after the other.
const COST_MIN: f64 = 100.0;

/// Rows below which nobody waits for reading them, where a server tells no cost.
const ROWS_MIN: f64 = 1000.0;

/// Milliseconds below which nobody waits.
const MS_MIN: f64 = 1.0;

/// A part of a plan below this share is not what makes it slow.
const SHARE_MIN: f64 = 0.1;

/// A query, its plan, and what is known of its tables.
pub(crate) struct Context<'a> {
    /// The server.
    pub(crate) server: &'a Server,
    /// The query, where it is known.
    pub(crate) query: Option<Query<'a>>,
    /// Its plan.
    pub(crate) plan: &'a QueryPlan,
    /// What is known of tables and settings.
    pub(crate) facts: &'a PlanFacts,
    /// The nodes of the plan; a node is told by its position here.
    pub(crate) nodes: Vec<&'a PlanNode>,
    /// What each takes.
    pub(crate) costs: Vec<NodeCost>,
    /// The node above each.
    pub(crate) parents: Vec<Option<usize>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(query: Option<&'a str>, plan: &'a QueryPlan, facts: &'a PlanFacts, server: &'a Server) -> Self {
        let nodes = plan.nodes();
        let mut parents = Vec::with_capacity(nodes.len());
        let mut path: Vec<usize> = Vec::new();
        for (index, (depth, _)) in nodes.iter().enumerate() {
            path.truncate(*depth);
            parents.push(path.last().copied());
            path.push(index);
        }
        Context {
            server,
            query: query.map(|text| Query::new(server.engine, text)),
            plan,
            facts,
            nodes: nodes.into_iter().map(|(_, node)| node).collect(),
            costs: plan.costs(),
            parents,
        }
    }

    /// The nodes of some operations, with their numbers.
    pub(crate) fn nodes_of<'s>(
        &'s self,
        operations: &'s [Operation],
    ) -> impl Iterator<Item = (usize, &'a PlanNode)> + 's {
        let nodes = self.nodes.iter().copied().enumerate();
        nodes.filter(|(_, node)| operations.contains(&node.operation))
    }

    /// What the whole plan takes.
    pub(crate) fn whole(&self) -> f64 {
        self.costs.first().map_or(0.0, |cost| cost.inclusive)
    }

    /// Whether the outermost query has a limit that stops reading: nothing is sorted before.
    pub(crate) fn has_limit(&self) -> bool {
        let select = self.query.as_ref().and_then(Query::outermost);
        let is_limited = select.is_some_and(|select| select.limit.is_some());
        is_limited && self.plan.root.operation != Operation::Sort
    }

    /// Whether the rows of the statement are written and not given.
    pub(crate) fn writes(&self) -> bool {
        let begins = self.query.as_ref().and_then(|query| query.words.first());
        let is_write = ["insert", "replace", "update", "delete", "merge"];
        self.plan.root.operation == Operation::ModifyTable
            || begins.is_some_and(|word| is_write.iter().any(|known| word.is(known)))
    }

    /// Whether a node is, or is part of, a subquery that may run for every row.
    pub(crate) fn is_per_row(&self, node: usize) -> bool {
        let mut at = Some(node);
        while let Some(index) = at {
            if matches!(self.nodes[index].role, NodeRole::PerRow(_)) {
                return true;
            }
            at = self.parents[index];
        }
        false
    }

    /// Whether a node stands somewhere below another.
    pub(crate) fn is_below(&self, node: usize, above: usize) -> bool {
        let mut at = self.parents[node];
        while let Some(parent) = at {
            if parent == above {
                return true;
            }
            at = self.parents[parent];
        }
        false
    }

    /// Whether so much is worth speaking of.
    pub(crate) fn is_much(&self, takes: f64) -> bool {
        let least = match self.plan.unit() {
            CostUnit::Milliseconds => MS_MIN,
            // Its costs are milliseconds: https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizer/the-optimizer-cost-model-from-mariadb-11-0
            CostUnit::Cost if self.server.engine == Engine::MariaDb => MS_MIN,
            CostUnit::Cost => COST_MIN,
            CostUnit::RowsRead => ROWS_MIN,
        };
        takes >= least && takes >= SHARE_MIN * self.whole()
    }

    /// Whether a node by itself takes so much that a better one would show.
    pub(crate) fn matters(&self, node: usize) -> bool {
        self.costs.get(node).is_some_and(|cost| self.is_much(cost.own))
    }

    /// The share of the whole that a node by itself takes.
    pub(crate) fn share(&self, node: usize) -> f64 {
        let own = self.costs.get(node).map_or(0.0, |cost| cost.own);
        if self.whole() > 0.0 { own / self.whole() } else { 0.0 }
    }

    /// `87 % of the cost`, `87 % of the time`.
    pub(crate) fn share_told(&self, node: usize) -> String {
        format!("{:.0} % of the {}", self.share(node) * 100.0, self.unit_told())
    }

    /// What costs are counted in, for people.
    pub(crate) fn unit_told(&self) -> &'static str {
        match self.plan.unit() {
            CostUnit::Milliseconds => "time",
            CostUnit::Cost => "cost",
            CostUnit::RowsRead => "rows read",
        }
    }

    /// What is known of the table that a node reads.
    pub(crate) fn table(&self, node: &PlanNode) -> Option<&'a TableFacts> {
        let relation = node.relation.as_ref()?;
        self.facts.table(relation.schema.as_deref(), &relation.name)
    }

    /// Rows that a node gives in one run, of all parallel workers together.
    ///
    /// The server tells those of one worker, expecting the leader to help less the more workers there are:
    /// <https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/optimizer/path/costsize.c> (get_parallel_divisor).
    pub(crate) fn rows(&self, index: usize) -> f64 {
        let node = self.nodes[index];
        let estimate = node.estimate.map_or(0.0, |estimate| estimate.rows);
        match self.workers_above(index) {
            Some(_) if node.actual.is_some() => node.actual.map_or(0.0, |actual| actual.rows * actual.loops),
            Some(planned) => estimate * (planned + (1.0 - 0.3 * planned).max(0.0)),
            None => node.rows(),
        }
    }

    /// Whether the server is a MySQL or MariaDB.
    pub(crate) fn is_mysql_family(&self) -> bool {
        matches!(self.server.engine, Engine::MySql | Engine::MariaDb)
    }

    /// Whether a node goes through a whole table, by itself or by an index of it.
    pub(crate) fn is_whole_scan(&self, node: &PlanNode) -> bool {
        let by_index = matches!(node.operation, Operation::IndexScan | Operation::IndexOnlyScan);
        // What reads a part of an index has another name.
        let whole_index = match self.server.engine {
            Engine::Sqlite => node.name.ends_with("SCAN"),
            Engine::MySql | Engine::MariaDb => {
                let name = node.name.to_ascii_lowercase();
                name.starts_with("index scan") || name.starts_with("covering index scan")
            }
            Engine::Postgres => false,
        };
        node.operation == Operation::SequentialScan || by_index && whole_index && node.relation.is_some()
    }

    /// Whether the server has no idea how many rows a filter leaves, and takes a share that is the same for every table.
    ///
    /// MySQL without an index or a histogram takes a tenth for `=`, a ninth for `BETWEEN`, a third for `<`, and all for what it
    /// can't tell (<https://dev.mysql.com/doc/refman/9.4/en/condition-filtering.html>); MariaDB takes all.
    pub(crate) fn is_guess(&self, node: &PlanNode) -> bool {
        let (Some(estimate), Some(read)) = (node.estimate, node.rows_read) else {
            return false;
        };
        if node.actual.is_some() || !self.is_mysql_family() || read <= 0.0 {
            return false;
        }
        let kept = estimate.rows / read;
        let is = |share: f64| (kept - share).abs() < share * 0.01;
        if self.server.engine == Engine::MariaDb {
            return is(1.0);
        }
        let shares = [1.0, 0.1, 1.0 / 3.0, 1.0 / 9.0];
        shares.iter().any(|one| shares.iter().any(|other| is(one * other)))
    }

    /// Workers planned, where a node runs in several.
    pub(crate) fn workers_above(&self, index: usize) -> Option<f64> {
        let mut above = self.parents[index];
        while let Some(at) = above {
            let node = self.nodes[at];
            if node.operation == Operation::Gather {
                #[expect(clippy::cast_precision_loss, reason = "a handful of workers")]
                return Some(node.workers.map_or(0, |workers| workers.planned) as f64);
            }
            above = self.parents[at];
        }
        None
    }

    /// Rows of the whole result: as the server tells; else, where nothing is thrown away and nothing is put together, those that are
    /// read. Zero where that is not known.
    pub(crate) fn result_rows(&self) -> f64 {
        let root = &self.plan.root;
        if root.estimate.is_some() || root.actual.is_some() {
            return root.rows();
        }
        let select = self.query.as_ref().and_then(Query::outermost);
        let is_plain = select.is_some_and(|select| {
            let query = self.query.as_ref();
            let calls = query.is_some_and(|query| select.list.clone().any(|index| query.words[index].is_symbol("(")));
            !select.distinct && select.group.is_none() && select.limit.is_none() && !calls
        });
        let is_known = self.nodes.iter().all(|node| {
            let is_read = node.relation.is_none() || node.rows_read.is_some();
            let is_passed_on =
                matches!(node.operation, Operation::Sort | Operation::NestedLoop) || node.relation.is_some();
            is_read && is_passed_on && node.conditions_of(ConditionKind::Filter).next().is_none()
        });
        if is_plain && is_known { root.rows_at_most() } else { 0.0 }
    }

    /// Bytes that a row of the only table takes, as far as its size tells.
    pub(crate) fn stored_width(&self) -> Option<u32> {
        let mut read = self.nodes.iter().filter(|node| node.relation.is_some());
        let (Some(node), None) = (read.next(), read.next()) else {
            return None;
        };
        let table = self.table(node)?;
        let page: f64 = self.facts.setting("page_size")?.parse().ok()?;
        let width = table.pages * page / table.rows.filter(|rows| *rows > 0.0)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a row")]
        let width = width.clamp(0.0, f64::from(u32::MAX)) as u32;
        Some(width)
    }

    /// The conditions of a kind, taken apart, each that has to hold by itself.
    pub(crate) fn parts_of(&self, node: &PlanNode, kind: ConditionKind) -> Vec<Expression> {
        let conditions = node.conditions_of(kind);
        conditions
            .flat_map(
                |condition| match Expression::read(self.server.engine, &condition.text) {
                    Expression::And(parts) => parts,
                    one => vec![one],
                },
            )
            .collect()
    }

    /// Whether a column is one of the table that this node reads.
    pub(crate) fn is_of(node: &PlanNode, column: &ColumnName) -> bool {
        match (&column.table, &node.relation) {
            (None, _) => true,
            (Some(table), Some(relation)) => *table == relation.alias || table.eq_ignore_ascii_case(&relation.alias),
            (Some(_), None) => false,
        }
    }

    /// A name as SQL writes it.
    pub(crate) fn quoted(&self, name: &str) -> String {
        dbwright_ddl::quote_identifier(self.server.engine, name)
    }

    /// A table as SQL writes it, with its schema.
    pub(crate) fn quoted_table(&self, table: &TableFacts) -> String {
        match self.server.engine {
            Engine::Postgres => format!("{}.{}", self.quoted(&table.schema), self.quoted(&table.name)),
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => self.quoted(&table.name),
        }
    }
}

/// A number of rows for people: `12`, `3,400`, `1.2 million`.
pub(crate) fn rows_told(rows: f64) -> String {
    if rows >= 999_500.0 {
        return format!("{:.1} million", rows / 1e6);
    }
    let digits = format!("{:.0}", rows.max(0.0));
    let mut told = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// A number of rows with the word behind it: `1 row`, `12 rows`.
pub(crate) fn count_of_rows(rows: f64) -> String {
    let told = rows_told(rows);
    if told == "1" {
        "1 row".to_owned()
    } else {
        format!("{told} rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_for_people() {
        let told: Vec<String> = [0.0, 1.0, 999.0, 1000.0, 123_456.0, 2_500_000.0]
            .iter()
            .map(|rows| rows_told(*rows))
            .collect();
        assert_eq!(told, ["0", "1", "999", "1,000", "123,456", "2.5 million"]);
    }
}
