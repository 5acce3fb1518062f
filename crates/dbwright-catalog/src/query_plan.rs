//! The plan of a query, as a server tells it: a tree of nodes, each with what it was expected to cost and, where the query
//! was run, what it did.
//!
//! Not to be confused with a [`Plan`](crate::Plan), which is what would be done to a schema.

use crate::Setting;

/// How a server would run a query, or ran it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryPlan {
    /// The node that gives the result.
    pub root: PlanNode,
    /// How long planning took, in milliseconds.
    pub planning_ms: Option<f64>,
    /// How long running took, in milliseconds; nothing where the query was not run.
    pub execution_ms: Option<f64>,
    /// Compiling expressions, where the server did or would.
    pub jit: Option<Jit>,
    /// Triggers that ran.
    pub triggers: Vec<TriggerTime>,
    /// Settings that are not the server's defaults and changed the plan.
    pub settings: Vec<Setting>,
}

/// What a node does, in words that engines share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Reads a table from end to end.
    SequentialScan,
    /// Finds rows by an index and fetches them from the table.
    IndexScan,
    /// Answers from an index, without the table where it may.
    IndexOnlyScan,
    /// Reads the pages of a table that a bitmap names.
    BitmapHeapScan,
    /// Makes a bitmap from an index.
    BitmapIndexScan,
    /// Combines bitmaps, or rows that several indexes have found.
    BitmapCombination,
    /// Reads the result of a common table expression, or of another subquery that is kept.
    CteScan,
    /// Reads what a function gives.
    FunctionScan,
    /// Reads from another server.
    ForeignScan,
    /// Reads in a way of an extension's own.
    CustomScan,
    /// Runs its inner side for every row of the outer one.
    NestedLoop,
    /// Joins by a hash table.
    HashJoin,
    /// Joins two sorted inputs.
    MergeJoin,
    /// Builds a hash table.
    Hash,
    /// Sorts.
    Sort,
    /// Sorts what is sorted by some of the keys.
    IncrementalSort,
    /// Groups, counts, sums.
    Aggregate,
    /// Stops after so many rows, and skips some.
    Limit,
    /// One input after the other.
    Append,
    /// Collects what parallel workers give.
    Gather,
    /// Keeps rows to give them again.
    Materialize,
    /// Keeps results by parameters.
    Memoize,
    /// Writes rows.
    ModifyTable,
    /// Locks rows.
    LockRows,
    /// Anything else; its name tells.
    Other,
}

/// What a node is to the one above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// It is the root.
    Root,
    /// Its input; of a join the outer side.
    Outer,
    /// The inner side of a join.
    Inner,
    /// One of several inputs.
    Member,
    /// A subquery that runs once, with its name: `InitPlan 1`, `CTE recent`.
    Once(String),
    /// A subquery that may run for every row, with its name: `SubPlan 1`.
    PerRow(String),
}

/// A table as a plan reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRelation {
    /// Its schema, where that is told.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// What the query calls it.
    pub alias: String,
}

/// What the server expects of one run of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Cost until the first row, in the server's own unit, where that is told.
    pub startup_cost: Option<f64>,
    /// Cost until the last row, where that is told.
    pub total_cost: Option<f64>,
    /// Rows.
    pub rows: f64,
    /// Bytes of a row, where that is told.
    pub width: Option<u32>,
}

/// What a node did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actual {
    /// Milliseconds until the last row, on average of all loops; nothing where times were not taken.
    pub total_ms: Option<f64>,
    /// Rows, on average of all loops.
    pub rows: f64,
    /// How often it ran; of parallel workers the sum. Zero where it never did.
    pub loops: f64,
}

/// What a condition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionKind {
    /// Throws away rows that were read.
    Filter,
    /// Decides what is read of an index.
    Index,
    /// Checked again where a bitmap has lost its rows.
    Recheck,
    /// What a hash or merge join, or an index nested loop, joins by.
    Join,
    /// Throws away pairs of rows.
    JoinFilter,
    /// Decides once whether anything is read.
    OneTime,
}

/// A condition of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanCondition {
    /// What it is for.
    pub kind: ConditionKind,
    /// The expression in the server's own words.
    pub text: String,
    /// Rows that it threw away, on average of all loops.
    pub removed: Option<f64>,
}

/// How a sort went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortUse {
    /// `quicksort`, `external merge`.
    pub method: String,
    /// What it took, in kilobytes.
    pub kilobytes: u64,
    /// Whether that was on disk.
    pub on_disk: bool,
}

/// How a hash table or a hashed aggregate went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashUse {
    /// In how many parts it was worked on; more than one means that the others waited on disk.
    pub batches: u64,
    /// How many were planned.
    pub planned_batches: u64,
    /// Memory, in kilobytes.
    pub memory_kilobytes: u64,
    /// Disk, in kilobytes, where that is told.
    pub disk_kilobytes: u64,
}

/// Pages that a bitmap heap scan read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapBlocks {
    /// Of which the bitmap knew the rows.
    pub exact: u64,
    /// Of which it had forgotten them.
    pub lossy: u64,
}

/// Parallel workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workers {
    /// Planned.
    pub planned: u64,
    /// That ran.
    pub launched: Option<u64>,
}

/// Pages that a node and all below it touched, in all loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Found in shared buffers.
    pub hit: u64,
    /// Read into them.
    pub read: u64,
    /// Written from temporary files of the query, and read again.
    pub temporary: u64,
}

/// Compiling expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jit {
    /// Functions compiled.
    pub functions: u64,
    /// How long that took in all, in milliseconds; nothing where the query was not run.
    pub total_ms: Option<f64>,
}

/// What a trigger took.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerTime {
    /// Its name.
    pub name: String,
    /// The constraint that it checks.
    pub constraint: Option<String>,
    /// The table.
    pub relation: Option<String>,
    /// All its runs, in milliseconds.
    pub total_ms: f64,
    /// How often it ran.
    pub calls: f64,
}

/// A node of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// What it does.
    pub operation: Operation,
    /// The server's own name: `Seq Scan`, `Hash Right Join`.
    pub name: String,
    /// What it is to the node above.
    pub role: NodeRole,
    /// The table that it reads or writes.
    pub relation: Option<PlanRelation>,
    /// The index that it uses.
    pub index: Option<String>,
    /// The common table expression or function that it reads.
    pub source: Option<String>,
    /// `Inner`, `Left`, `Anti`.
    pub join_type: Option<String>,
    /// What is expected of it.
    pub estimate: Option<Estimate>,
    /// Rows that one run looks at before its filter, where the server or statistics tell and the rows that come out do not say
    /// it as well.
    pub rows_read: Option<f64>,
    /// What it did.
    pub actual: Option<Actual>,
    /// Its conditions.
    pub conditions: Vec<PlanCondition>,
    /// What it sorts or groups by.
    pub keys: Vec<String>,
    /// What it gives, where that is told.
    pub output: Vec<String>,
    /// How sorting went.
    pub sort: Option<SortUse>,
    /// How hashing went.
    pub hash: Option<HashUse>,
    /// Pages of a bitmap heap scan.
    pub heap_blocks: Option<HeapBlocks>,
    /// Rows that an index-only scan had to look up in the table, in all loops.
    pub heap_fetches: Option<f64>,
    /// Parallel workers.
    pub workers: Option<Workers>,
    /// Pages touched.
    pub buffers: Option<Buffers>,
    /// Partitions that need not be read, as was found when the query began.
    pub parts_removed: u64,
    /// Partitions that it reads, where one node reads several.
    pub partitions: Vec<String>,
    /// The nodes below.
    pub children: Vec<PlanNode>,
}

impl PlanNode {
    /// A node of which nothing is known but what it does.
    pub fn new(operation: Operation, name: &str) -> Self {
        PlanNode {
            operation,
            name: name.to_owned(),
            role: NodeRole::Root,
            relation: None,
            index: None,
            source: None,
            join_type: None,
            estimate: None,
            rows_read: None,
            actual: None,
            conditions: Vec::new(),
            keys: Vec::new(),
            output: Vec::new(),
            sort: None,
            hash: None,
            heap_blocks: None,
            heap_fetches: None,
            workers: None,
            buffers: None,
            parts_removed: 0,
            partitions: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Its conditions of a kind.
    pub fn conditions_of(&self, kind: ConditionKind) -> impl Iterator<Item = &PlanCondition> {
        self.conditions.iter().filter(move |condition| condition.kind == kind)
    }

    /// Rows of one run: those that there were where it ran, else those expected.
    pub fn rows(&self) -> f64 {
        match (&self.actual, &self.estimate) {
            (Some(actual), _) => actual.rows,
            (None, Some(estimate)) => estimate.rows,
            (None, None) => 0.0,
        }
    }

    /// Rows that one run gives at most, as far as that is known.
    pub fn rows_at_most(&self) -> f64 {
        let own = self.estimate.map(|estimate| estimate.rows).or(self.rows_read);
        let below = || match self.operation {
            Operation::NestedLoop => joined(self).map(PlanNode::rows_at_most).product(),
            _ => self.children.first().map_or(1.0, PlanNode::rows_at_most),
        };
        own.unwrap_or_else(below).max(1.0)
    }

    /// How often a child is expected to run for one run of this node; infinitely often where only rows that come out are told.
    pub fn runs_of(&self, child: &PlanNode) -> f64 {
        match &child.role {
            NodeRole::Inner if self.operation == Operation::NestedLoop => {
                let before = joined(self).take_while(|other| !std::ptr::eq(*other, child));
                before.map(PlanNode::rows_at_most).product()
            }
            NodeRole::PerRow(name) => {
                let hashed = format!("hashed {name}");
                let texts = || {
                    let conditions = self.conditions.iter().map(|condition| condition.text.as_str());
                    conditions.chain(self.output.iter().map(String::as_str))
                };
                if texts().any(|text| text.contains(&hashed)) {
                    1.0
                } else if self
                    .conditions
                    .iter()
                    .any(|condition| condition.text.contains(name.as_str()))
                {
                    // For every row that is looked at, and only those that pass are told.
                    f64::INFINITY
                } else {
                    self.rows_at_most()
                }
            }
            _ => 1.0,
        }
    }

    /// Name, table and index: `Index Scan on public.orders by orders_pkey`.
    pub fn title(&self) -> String {
        let mut text = self.name.clone();
        if let Some(relation) = &self.relation {
            text.push_str(" on ");
            text.push_str(&relation.shown());
        } else if let Some(source) = &self.source {
            text.push_str(" on ");
            text.push_str(source);
        }
        if let Some(index) = &self.index {
            text.push_str(" by ");
            text.push_str(index);
        }
        text
    }
}

impl PlanRelation {
    /// As people are told: with a schema that is not `public`, and the alias where it is another word.
    pub fn shown(&self) -> String {
        let mut text = match self.schema.as_deref() {
            None | Some("public") => self.name.clone(),
            Some(schema) => format!("{schema}.{}", self.name),
        };
        if self.alias != self.name && !self.alias.is_empty() {
            text.push(' ');
            text.push_str(&self.alias);
        }
        text
    }
}

/// What the costs of a plan's nodes are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostUnit {
    /// Milliseconds: the query was run.
    Milliseconds,
    /// What the server expects, in a unit of its own.
    Cost,
    /// Rows that are read, as the server or statistics tell: it tells no costs.
    RowsRead,
}

/// What a node takes of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeCost {
    /// All its runs with everything below it, in the plan's [`CostUnit`].
    pub inclusive: f64,
    /// Without what is below.
    pub own: f64,
}

impl QueryPlan {
    /// All nodes with their depth, each before those below it. The position in this list is the number of a node.
    pub fn nodes(&self) -> Vec<(usize, &PlanNode)> {
        fn walk<'a>(node: &'a PlanNode, depth: usize, nodes: &mut Vec<(usize, &'a PlanNode)>) {
            nodes.push((depth, node));
            for child in &node.children {
                walk(child, depth + 1, nodes);
            }
        }
        let mut nodes = Vec::new();
        walk(&self.root, 0, &mut nodes);
        nodes
    }

    /// Whether the query was run.
    pub fn is_measured(&self) -> bool {
        self.root.actual.is_some()
    }

    /// Whether costs are milliseconds.
    pub fn is_timed(&self) -> bool {
        self.root.actual.is_some_and(|actual| actual.total_ms.is_some())
    }

    /// What the server expects all of it to cost, where it tells that.
    pub fn total_cost(&self) -> Option<f64> {
        self.root.estimate?.total_cost
    }

    /// What the costs of its nodes are counted in.
    pub fn unit(&self) -> CostUnit {
        if self.is_timed() {
            CostUnit::Milliseconds
        } else if self.total_cost().is_some() {
            CostUnit::Cost
        } else {
            CostUnit::RowsRead
        }
    }

    /// What each node takes, in the order of [`QueryPlan::nodes`].
    ///
    /// A server tells a node's cost for one run. How often it runs is told where the query was run; else it follows from the
    /// node above it, and no node takes more than the one above has left (a `LIMIT` does not wait for all rows).
    /// Where a server tells no cost, rows that are read are counted, as many as there can be.
    pub fn costs(&self) -> Vec<NodeCost> {
        if self.unit() == CostUnit::RowsRead {
            let mut costs = Vec::new();
            count_reads(&self.root, 1.0, &mut costs);
            return costs;
        }
        let timed = self.is_timed();
        let whole = inclusive(&self.root, timed, 1.0, 1.0).unwrap_or(0.0);
        let mut costs = Vec::new();
        share_out(&self.root, timed, whole, 1.0, 1.0, &mut costs);
        costs
    }
}

/// What all runs of a node take, with everything below it.
fn inclusive(node: &PlanNode, timed: bool, runs: f64, processes: f64) -> Option<f64> {
    if timed {
        let actual = node.actual?;
        Some(actual.total_ms? * actual.loops / processes)
    } else {
        Some(node.estimate?.total_cost? * runs)
    }
}

/// Counts the rows that all runs of a node read at most, with everything below it.
fn count_reads(node: &PlanNode, runs: f64, costs: &mut Vec<NodeCost>) -> f64 {
    let at = costs.len();
    let own = node.rows_read.unwrap_or(0.0) * runs;
    costs.push(NodeCost { inclusive: own, own });
    let mut inclusive = own;
    for child in &node.children {
        let of_child = node.runs_of(child);
        let of_child = if of_child.is_finite() {
            of_child
        } else {
            node.rows_at_most()
        };
        inclusive += count_reads(child, runs * of_child, costs);
    }
    costs[at].inclusive = inclusive;
    inclusive
}

/// The inputs of a join.
fn joined(node: &PlanNode) -> impl Iterator<Item = &PlanNode> {
    let inputs = node.children.iter();
    inputs.filter(|child| matches!(child.role, NodeRole::Outer | NodeRole::Inner))
}

/// Shares what all runs of a node take among it and those below.
fn share_out(node: &PlanNode, timed: bool, whole: f64, runs: f64, processes: f64, costs: &mut Vec<NodeCost>) {
    let at = costs.len();
    costs.push(NodeCost {
        inclusive: whole,
        own: whole,
    });
    #[expect(clippy::cast_precision_loss, reason = "a handful of workers")]
    let processes = match &node.workers {
        Some(workers) if node.operation == Operation::Gather => workers.launched.unwrap_or(0) as f64 + 1.0,
        _ => processes,
    };
    let mut left = whole;
    for child in &node.children {
        let of_child = node.runs_of(child);
        let wanted = inclusive(child, timed, runs * of_child, processes);
        // What is not told (SQLite) is told by those above.
        let takes = wanted.unwrap_or(0.0).clamp(0.0, left.max(0.0));
        left -= takes;
        // Where nobody knows how often a child runs, its share tells how often that can be.
        let of_one = inclusive(child, timed, 1.0, processes).filter(|cost| *cost > 0.0);
        let runs = if of_child.is_finite() {
            runs * of_child
        } else {
            of_one.map_or(1.0, |cost| takes / cost)
        };
        share_out(child, timed, takes, runs, processes, costs);
    }
    costs[at].own = left.max(0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(operation: Operation, role: NodeRole, total_cost: f64, rows: f64, children: Vec<PlanNode>) -> PlanNode {
        PlanNode {
            role,
            estimate: Some(Estimate {
                startup_cost: Some(0.0),
                total_cost: Some(total_cost),
                rows,
                width: Some(8),
            }),
            children,
            ..PlanNode::new(operation, "x")
        }
    }

    fn plan(root: PlanNode) -> QueryPlan {
        QueryPlan {
            root,
            planning_ms: None,
            execution_ms: None,
            jit: None,
            triggers: Vec::new(),
            settings: Vec::new(),
        }
    }

    #[test]
    fn the_inner_side_of_a_nested_loop_costs_as_often_as_it_runs() {
        let plan = plan(node(
            Operation::NestedLoop,
            NodeRole::Root,
            1000.0,
            10.0,
            vec![
                node(Operation::SequentialScan, NodeRole::Outer, 100.0, 80.0, Vec::new()),
                node(Operation::IndexScan, NodeRole::Inner, 10.0, 1.0, Vec::new()),
            ],
        ));
        let own: Vec<f64> = plan.costs().iter().map(|cost| cost.own).collect();
        assert_eq!(own, [100.0, 100.0, 800.0]);
    }

    #[test]
    fn what_is_below_an_inner_side_costs_as_often_as_that_runs() {
        let inner = node(
            Operation::NestedLoop,
            NodeRole::Inner,
            10.0,
            3.0,
            vec![
                node(Operation::IndexScan, NodeRole::Outer, 4.0, 2.0, Vec::new()),
                node(Operation::IndexScan, NodeRole::Inner, 2.5, 1.0, Vec::new()),
            ],
        );
        let outer = node(Operation::SequentialScan, NodeRole::Outer, 100.0, 80.0, Vec::new());
        let plan = plan(node(
            Operation::NestedLoop,
            NodeRole::Root,
            1000.0,
            240.0,
            vec![outer, inner],
        ));
        let own: Vec<f64> = plan.costs().iter().map(|cost| cost.own).collect();
        // 80 times 10, of which 4 and twice 2.5 are below.
        assert_eq!(own, [100.0, 100.0, 80.0, 320.0, 400.0]);
    }

    #[test]
    fn what_is_below_a_subquery_that_runs_who_knows_how_often_costs_as_often_as_its_share_allows() {
        let scan = node(Operation::SequentialScan, NodeRole::Outer, 5.0, 1.0, Vec::new());
        let role = NodeRole::PerRow("SubPlan 1".to_owned());
        let subquery = node(Operation::Aggregate, role, 10.0, 1.0, vec![scan]);
        let mut root = node(Operation::SequentialScan, NodeRole::Root, 1000.0, 7.0, vec![subquery]);
        root.conditions.push(PlanCondition {
            kind: ConditionKind::Filter,
            text: "(a = (SubPlan 1))".to_owned(),
            removed: None,
        });
        let own: Vec<f64> = plan(root).costs().iter().map(|cost| cost.own).collect();
        assert_eq!(own, [0.0, 500.0, 500.0]);
    }

    #[test]
    fn a_limit_takes_from_below_only_what_it_waits_for() {
        let plan = plan(node(
            Operation::Limit,
            NodeRole::Root,
            5.0,
            10.0,
            vec![node(
                Operation::SequentialScan,
                NodeRole::Outer,
                5000.0,
                1e6,
                Vec::new(),
            )],
        ));
        let costs = plan.costs();
        assert_eq!((costs[0].own, costs[1].inclusive), (0.0, 5.0));
    }

    #[test]
    fn times_of_parallel_workers_run_at_the_same_time() {
        let mut scan = node(Operation::SequentialScan, NodeRole::Outer, 1.0, 1.0, Vec::new());
        scan.actual = Some(Actual {
            total_ms: Some(30.0),
            rows: 1.0,
            loops: 3.0,
        });
        let mut gather = node(Operation::Gather, NodeRole::Root, 1.0, 1.0, vec![scan]);
        gather.workers = Some(Workers {
            planned: 2,
            launched: Some(2),
        });
        gather.actual = Some(Actual {
            total_ms: Some(32.0),
            rows: 3.0,
            loops: 1.0,
        });
        let costs = plan(gather).costs();
        assert_eq!((costs[0].own, costs[1].own), (2.0, 30.0));
    }

    #[test]
    fn where_no_cost_is_told_rows_are_counted_as_often_as_they_may_be_read() {
        let reads = |role: NodeRole, rows: f64| PlanNode {
            role,
            rows_read: Some(rows),
            ..PlanNode::new(Operation::IndexScan, "x")
        };
        let mut outer = reads(NodeRole::Outer, 100.0);
        outer.children = vec![reads(NodeRole::PerRow("SUBQUERY 1".to_owned()), 3.0)];
        let join = PlanNode {
            children: vec![outer, reads(NodeRole::Inner, 10.0), reads(NodeRole::Inner, 2.0)],
            ..PlanNode::new(Operation::NestedLoop, "x")
        };
        let plan = QueryPlan {
            root: join,
            planning_ms: None,
            execution_ms: None,
            jit: None,
            triggers: Vec::new(),
            settings: Vec::new(),
        };
        assert_eq!(plan.unit(), CostUnit::RowsRead);
        let told: Vec<String> = plan
            .costs()
            .iter()
            .map(|cost| format!("{} {}", cost.own, cost.inclusive))
            .collect();
        assert_eq!(told, ["0 3400", "100 400", "300 300", "1000 1000", "2000 2000"]);
        assert_eq!(plan.root.rows_at_most().to_string(), "2000");
    }
}
