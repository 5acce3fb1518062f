//! `NOT IN` with a subquery that may give NULL, or that is run again for every row.
//!
//! A single NULL among the rows of the subquery makes `NOT IN` give no row at all: `7 NOT IN (1, NULL)` is unknown, not true.
//! And as the server has to mind that, it can't use an anti join: it looks each value up in what the subquery gave, and where
//! that does not fit into memory it goes through all of it again for every row.
//!
//! How it is found: on SQLite `NOT IN (SELECT column` with a column that may be NULL; elsewhere a filter `NOT (… SubPlan …)` in the plan, `NOT IN (SELECT` in the query, and either a column of the
//! subquery that may be NULL, or a subquery that is not hashed.
//!
//! ```sql setup postgres
//! CREATE TABLE customer (id integer PRIMARY KEY, name text);
//! CREATE TABLE blocked (customer_id integer, since date);
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL);
//! INSERT INTO customer SELECT n, 'customer ' || n FROM generate_series(1, 20000) n;
//! INSERT INTO blocked SELECT n, date '2026-01-01' FROM generate_series(1, 2000) n;
//! INSERT INTO orders SELECT n, n FROM generate_series(1, 2000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked)
//! ```
//!
//! A column that is never NULL, looked up in a hash table:
//!
//! ```sql silent postgres
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
//! CREATE TABLE blocked (customer_id INTEGER, since TEXT);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 2000)
//! INSERT INTO customer SELECT value, 'customer ' || value FROM g;
//! INSERT INTO blocked SELECT id, '2026-01-01' FROM customer WHERE id % 10 = 0;
//! INSERT INTO orders SELECT id, id FROM customer WHERE id % 7 = 0;
//! ```
//!
//! ```sql told sqlite
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked)
//! ```
//!
//! ```sql silent sqlite
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)
//! ```
//!
//! ```sql silent sqlite
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked WHERE customer_id IS NOT NULL)
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE customer (id integer PRIMARY KEY, name varchar(50));
//! CREATE TABLE blocked (customer_id integer, since date);
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL);
//! INSERT INTO customer SELECT n, concat('customer ', n) FROM number;
//! INSERT INTO blocked SELECT n, '2026-01-01' FROM number WHERE n <= 2000;
//! INSERT INTO orders SELECT n, n FROM number WHERE n <= 2000;
//! ANALYZE TABLE customer, blocked, orders;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked)
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked WHERE customer_id IS NOT NULL)
//! ```
//!
//! What to do: write `NOT EXISTS (SELECT … WHERE column = value)`, which ignores NULL and can be an anti join.
//!
//! See <https://www.postgresql.org/docs/current/functions-subquery.html#FUNCTIONS-SUBQUERY-NOTIN>,
//! <https://dev.mysql.com/doc/refman/9.4/en/all-subqueries.html>.

use std::ops::Range;

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, NodeRole, PlanChangeKind, PlanFinding, PlanNode, Severity,
};

use crate::context::Context;
use crate::expression::Expression;
use crate::finding::change;
use crate::insight::Insight;
use crate::query::{Query, Select};

pub(crate) static INSIGHT: Insight = Insight {
    name: "not-in-subquery",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("not_in_subquery.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    let places = not_in(query);
    if context.server.engine == Engine::Sqlite {
        return look_sqlite(context, query, &places, findings);
    }
    if context.is_mysql_family() {
        findings.extend(
            places
                .iter()
                .filter_map(|place| by_its_text(context, query, place, places.len())),
        );
        return;
    }
    for (index, node) in context.nodes.iter().enumerate() {
        let Some((below, name)) = denied_subquery(context, index, node) else {
            continue;
        };
        let is_hashed = node
            .conditions_of(ConditionKind::Filter)
            .any(|condition| condition.text.contains(&format!("hashed {name}")));
        let nullable = may_be_null(context, below);
        let is_slow = !is_hashed && context.is_much(context.costs[index].inclusive);
        if places.is_empty() || (!nullable && !is_slow) {
            continue;
        }
        let message = if nullable {
            "NOT IN gives no row at all as soon as its subquery gives a NULL"
        } else {
            "NOT IN runs its subquery again for every row"
        };
        let mut finding = INSIGHT.finding(Some(below), message.to_owned());
        if nullable {
            let output = context.nodes[below].output.join(", ");
            finding.evidence.push(format!("{output} may be NULL."));
        }
        if is_slow {
            finding.evidence.push(format!(
                "{name} is not hashed: what it gives is looked through for every row."
            ));
        }
        finding
            .advice
            .push("Write NOT EXISTS, which ignores NULL and can be an anti join.".to_owned());
        // Which subquery of the text is which of the plan is clear only where there is one.
        if let [place] = places.as_slice()
            && let Some(sql) = rewritten(context, node, query, place)
        {
            finding.change = Some(change(
                PlanChangeKind::Query,
                ChangePurpose::Result,
                sql,
                &["Rows whose own value is NULL are given by NOT EXISTS and were not by NOT IN."],
            ));
        }
        findings.push(finding);
    }
}

/// SQLite keeps what a subquery gives in any case, so that only NULL is to be minded.
fn look_sqlite(context: &Context<'_>, query: &Query<'_>, places: &[NotIn], findings: &mut Vec<PlanFinding>) {
    for place in places {
        let list = query.source(&place.subquery.list);
        let Expression::Flag { column, .. } = Expression::read(Engine::Sqlite, list) else {
            continue;
        };
        let scopes = query.scopes();
        let sources = scopes.iter().filter(|scope| scope.depth == place.subquery.depth);
        let mut tables = sources.flat_map(|scope| &scope.sources).filter(|source| {
            let named = column.table.as_ref();
            named.is_none_or(|named| source.alias.eq_ignore_ascii_case(named))
        });
        let facts = tables.find_map(|source| {
            context
                .facts
                .table(None, source.table.as_deref()?)?
                .column(&column.name)
        });
        let conjuncts = place
            .subquery
            .condition
            .iter()
            .flat_map(|clause| query.conjuncts(clause));
        let is_refused = conjuncts.into_iter().any(|part| {
            matches!(Expression::read(Engine::Sqlite, query.source(&part)), Expression::Flag { column: tested, text }
                if tested.name.eq_ignore_ascii_case(&column.name) && text.to_ascii_uppercase().ends_with("NOT NULL"))
        });
        if is_refused || facts.is_none_or(|facts| facts.not_null) {
            continue;
        }
        let mut finding = INSIGHT.finding(
            None,
            "NOT IN gives no row at all as soon as its subquery gives a NULL".to_owned(),
        );
        finding.evidence.push(format!("{list} may be NULL."));
        finding
            .advice
            .push("Write NOT EXISTS, which ignores NULL, or leave NULL out in the subquery.".to_owned());
        let name = place.value.clone().last().and_then(|last| query.words[last].name());
        let outer = context.nodes.iter().copied().find(|node| {
            let table = context.table(node);
            name.as_ref()
                .is_some_and(|name| table.is_some_and(|table| table.column(name).is_some()))
        });
        if let (Some(node), [_]) = (outer, places)
            && let Some(sql) = rewritten(context, node, query, place)
        {
            finding.change = Some(change(
                PlanChangeKind::Query,
                ChangePurpose::Result,
                sql,
                &["Rows whose own value is NULL are given by NOT EXISTS and were not by NOT IN."],
            ));
        }
        findings.push(finding);
    }
}

/// What is told of MySQL and MariaDB, whose plans do not show what a subquery gives: its column is looked up by its text.
fn by_its_text(context: &Context<'_>, query: &Query<'_>, place: &NotIn, places: usize) -> Option<PlanFinding> {
    let subquery = &place.subquery;
    let from = subquery.from.clone()?;
    let is_name = |index: usize| query.words[index].name().is_some() || query.words[index].is_symbol(".");
    // One table, with an alias or without.
    if subquery.list.is_empty() || !subquery.list.clone().chain(from.clone()).all(is_name) {
        return None;
    }
    let column = query.words[subquery.list.end - 1].name()?;
    let mut names = from.clone().filter_map(|index| query.words[index].name());
    let table = names.find_map(|name| context.facts.table(None, &name))?;
    let facts = table.column(&column).filter(|facts| !facts.not_null)?;
    let is_refused = subquery.condition.clone().is_some_and(|condition| {
        condition.clone().any(|index| {
            query.words[index].name().as_deref() == Some(&column) && query.stand_at(index + 1, &["is", "not", "null"])
        })
    });
    if is_refused {
        return None;
    }
    let mut finding = INSIGHT.finding(
        None,
        "NOT IN gives no row at all as soon as its subquery gives a NULL".to_owned(),
    );
    finding
        .evidence
        .push(format!("{}.{} may be NULL.", table.name, facts.name));
    finding.advice.push("Write NOT EXISTS, which ignores NULL.".to_owned());
    // Which node reads what stands before NOT is clear where one does.
    let value = query.words.get(place.value.end.checked_sub(1)?)?.name()?;
    let mut readers = context.nodes.iter().copied().filter(|node| {
        let of_query = node.relation.as_ref().is_some_and(|relation| {
            let mut inside = from.clone().filter_map(|index| query.words[index].name());
            !inside.any(|name| name == relation.alias)
        });
        of_query && context.table(node).is_some_and(|table| table.column(&value).is_some())
    });
    if let (Some(reader), None, 1) = (readers.next(), readers.next(), places) {
        finding.change = rewritten(context, reader, query, place).map(|sql| {
            change(
                PlanChangeKind::Query,
                ChangePurpose::Result,
                sql,
                &["Rows whose own value is NULL are given by NOT EXISTS and were not by NOT IN."],
            )
        });
    }
    Some(finding)
}

/// The subquery below this node that a filter denies.
fn denied_subquery(context: &Context<'_>, index: usize, node: &PlanNode) -> Option<(usize, String)> {
    let children = (index + 1..context.nodes.len()).filter(|child| context.parents[*child] == Some(index));
    for child in children {
        let NodeRole::PerRow(name) = &context.nodes[child].role else {
            continue;
        };
        let parts = context.parts_of(node, ConditionKind::Filter);
        let denied = parts.iter().any(|part| match part {
            Expression::Other(text) => {
                text.starts_with("NOT ") && !text.contains("EXISTS") && text.contains(name.as_str())
            }
            _ => false,
        });
        if denied {
            return Some((child, name.clone()));
        }
    }
    None
}

/// Whether what a subquery gives may be NULL. What is not a column of a known table is taken to be never NULL.
fn may_be_null(context: &Context<'_>, root: usize) -> bool {
    let Some(output) = context.nodes[root].output.first() else {
        return false;
    };
    let Expression::Flag { column, .. } = Expression::read(context.server.engine, output) else {
        return false;
    };
    // The nodes below the root stand behind it.
    let mut below: Vec<usize> = vec![root];
    for index in root + 1..context.nodes.len() {
        if context.parents[index].is_some_and(|parent| below.contains(&parent)) {
            below.push(index);
        }
    }
    below.into_iter().any(|index| {
        let node = context.nodes[index];
        let is_reader = node.relation.is_some() && Context::is_of(node, &column);
        let facts = context.table(node).and_then(|table| table.column(&column.name));
        let is_refused = context
            .parts_of(node, ConditionKind::Filter)
            .iter()
            .any(|part| match part {
                Expression::Flag { column: tested, text } => *tested == column && text.ends_with("IS NOT NULL"),
                _ => false,
            });
        is_reader && facts.is_some_and(|facts| !facts.not_null) && !is_refused
    })
}

/// A `NOT IN (SELECT …)` of the text.
struct NotIn {
    /// The value before `NOT`.
    value: Range<usize>,
    /// From the value to the closing bracket.
    whole: Range<usize>,
    subquery: Select,
}

fn not_in(query: &Query<'_>) -> Vec<NotIn> {
    let mut found = Vec::new();
    for subquery in query.selects() {
        let Some(not) = subquery
            .at
            .checked_sub(3)
            .filter(|not| query.stand_at(*not, &["not", "in", "("]))
        else {
            continue;
        };
        let Some(inside) = query.inside(not + 2) else { continue };
        let start = value_start(query, not);
        found.push(NotIn {
            value: start..not,
            whole: start..inside.end + 1,
            subquery,
        });
    }
    found
}

/// Where the name before `NOT` begins: `id`, `c.id`. Anything longer is none.
fn value_start(query: &Query<'_>, not: usize) -> usize {
    let is_name = |index: Option<usize>| index.is_some_and(|index| query.words[index].name().is_some());
    let is_dot = |index: Option<usize>| index.is_some_and(|index| query.words[index].is_symbol("."));
    let mut start = not;
    while is_name(start.checked_sub(1)) {
        start -= 1;
        if !is_dot(start.checked_sub(1)) {
            break;
        }
        start -= 1;
    }
    start
}

/// The query with `NOT EXISTS`, where the subquery is plain enough.
fn rewritten(context: &Context<'_>, node: &PlanNode, query: &Query<'_>, place: &NotIn) -> Option<String> {
    let subquery = &place.subquery;
    let is_plain = !subquery.is_special
        && subquery.end + 1 == place.whole.end
        && subquery.group.is_none()
        && subquery.having.is_none()
        && subquery.limit.is_none()
        && subquery.offset.is_none()
        && !place.value.is_empty();
    let before = place.whole.start.checked_sub(1);
    let begins_condition = before.is_some_and(|before| {
        let word = &query.words[before];
        word.is("where") || word.is("and") || word.is("or") || word.is_symbol("(")
    });
    let from = subquery.from.clone()?;
    let column = query.source(&subquery.list);
    let is_column = subquery
        .list
        .clone()
        .all(|index| query.words[index].name().is_some() || query.words[index].is_symbol("."));
    if !is_plain || !begins_condition || !is_column || column.is_empty() {
        return None;
    }
    let value = value_outside(context, node, query, place, &from)?;
    let condition = match &subquery.condition {
        Some(condition) => format!("({}) AND ", query.source(condition)),
        None => String::new(),
    };
    let exists = format!(
        "NOT EXISTS (SELECT {}FROM {} WHERE {condition}{column} = {value})",
        if context.server.engine == Engine::Postgres {
            ""
        } else {
            "1 "
        },
        query.source(&from),
    );
    Some(query.replaced(&[(place.whole.clone(), exists)]))
}

/// The value before `NOT`, so written that it means the same inside of the subquery: with the alias of its table, which the
/// subquery must not use for another one.
fn value_outside(
    context: &Context<'_>,
    node: &PlanNode,
    query: &Query<'_>,
    place: &NotIn,
    from: &Range<usize>,
) -> Option<String> {
    let name = query.words[place.value.end - 1].name()?;
    let (alias, value) = if place.value.len() > 1 {
        (
            query.words[place.value.start].name()?,
            query.source(&place.value).to_owned(),
        )
    } else {
        let relation = node.relation.as_ref()?;
        context.table(node)?.column(&name)?;
        let value = format!("{}.{}", context.quoted(&relation.alias), query.source(&place.value));
        (relation.alias.clone(), value)
    };
    let is_free = from
        .clone()
        .all(|index| query.words[index].name().as_deref() != Some(&alias));
    is_free.then_some(value)
}
