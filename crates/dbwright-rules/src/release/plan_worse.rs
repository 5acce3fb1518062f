//! A query of the running release gets a more expensive plan.
//!
//! An index that goes, or the type of a column that changes, leaves queries right and makes them slow. With `--snapshot`,
//! dbwright plans the queries of the running release on a twin of production (its schema, statistics and sizes, no rows),
//! once as it is and once after the migrations under review, and tells those whose cost has grown: at least
//! twofold, and to 1000 or more (`plan-cost-factor` and `plan-cost-min` in `dbwright.toml`).
//!
//! New indexes count with the size that they would have, and statistics of a column whose type changes as if `ANALYZE` had
//! run. All migrations under review run before the second plan; the statement that is named is the one that dropped an
//! index of the first plan, changed the type of a column in it, or touched one of its tables.
//!
//! It is fine where the query is asked seldom, or the release that asks it goes away at once.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, note text);
//! INSERT INTO orders SELECT n, n / 10, repeat('x', 50) FROM generate_series(1, 100000) n;
//! CREATE INDEX orders_customer ON orders (customer_id);
//! CREATE TABLE customers (id bigint PRIMARY KEY, name text);
//! INSERT INTO customers SELECT n, repeat('x', 50) FROM generate_series(1, 100000) n;
//! ANALYZE orders, customers;
//! ```
//!
//! ```sql bad postgres
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = $1;
//! -- Migration:
//! DROP INDEX orders_customer;
//! ```
//!
//! ```sql bad postgres
//! -- The running release asks:
//! SELECT c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1;
//! -- Migration:
//! ALTER TABLE orders ALTER COLUMN customer_id TYPE numeric;
//! ```
//!
//! Keys of two types are compared in the wider one, in which the index on the other is of no use.
//!
//! What to do: build what the query needs first, and drop the old index when no release needs it any more.
//!
//! ```sql good postgres
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = $1;
//! -- Migration:
//! CREATE INDEX orders_customer_note ON orders (customer_id, note);
//! DROP INDEX orders_customer;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/using-explain.html>.

use dbwright_catalog::{Engine, Finding, Group, Query, Severity, WorsePlan};

use crate::queries::{Queries, lines, named, subject};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "plan-worse",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("plan_worse.rs"),
    on_by_default: true,
    check: Check::Plans(check),
};

fn check(queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
    let Some(plans) = &queries.release.plans else { return };
    let places = queries.by_place(&plans.worse, |worse| (worse.query, worse.place));
    for (place, worse) in places {
        let asked: Vec<&Query> = worse.iter().map(|(_, query)| *query).collect();
        let verb = match worse.as_slice() {
            [(only, _)] => format!("becomes {} as expensive", times(only)),
            _ => "become more expensive".to_owned(),
        };
        let mut because: Vec<&str> = worse.iter().filter_map(|(worse, _)| worse.because.as_deref()).collect();
        because.dedup();
        let why = match because.as_slice() {
            [] => String::new(),
            because => format!(": it {}", phrase::list(because)),
        };
        let (index, mut finding) =
            queries.finding_at(&RULE, place, format!("{}{why}", subject(&asked, (&verb, &verb))));
        finding.evidence.facts = lines(&worse, |(worse, query)| format!("{}: {}.", named(query), costs(worse)));
        finding
            .evidence
            .facts
            .push(format!("Planned on a twin of production, which is {}.", plans.fidelity));
        finding.advice.push(
            "Build an index that the query can use before this migration, or keep the old one until no release asks it."
                .to_owned(),
        );
        findings.push((index, finding));
    }
}

/// `30 times`.
fn times(worse: &WorsePlan) -> String {
    let Some((before, after)) = worse.costs().filter(|(before, _)| *before > 0.0) else {
        return "many times".to_owned();
    };
    let factor = after / before;
    if factor < 10.0 {
        format!("{factor:.1} times")
    } else {
        format!("{factor:.0} times")
    }
}

/// `its cost goes from 8.3 to 2,200`.
fn costs(worse: &WorsePlan) -> String {
    let told = |cost: f64| {
        if cost < 100.0 {
            format!("{cost:.1}")
        } else {
            format!("{cost:.0}")
        }
    };
    worse.costs().map_or_else(
        || "its plan is another".to_owned(),
        |(before, after)| format!("its cost goes from {} to {}", told(before), told(after)),
    )
}
