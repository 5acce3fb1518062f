//! What can be told of an expression: whether its value differs from row to row.

use dbwright_catalog::{Catalog, ObjectBody, Volatility};
use dbwright_sql::postgres::calls;

use super::Session;
use crate::predict::facts::postgres::{STEADY, VOLATILE};

/// Whether an expression has one value within a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Steadiness {
    /// It has one value.
    Steady,
    /// It may have another value for each row.
    Volatile,
    /// It can't be told, and why.
    Unknown(String),
}

/// Whether an expression has one value within a statement: by the functions that it calls.
pub(super) fn steadiness(catalog: &Catalog, session: &Session, expression: &str) -> Steadiness {
    let mut unknown = None;
    for call in calls(expression) {
        match of_function(catalog, session, call.schema.as_deref(), &call.name) {
            Steadiness::Steady => {}
            Steadiness::Volatile => return Steadiness::Volatile,
            Steadiness::Unknown(why) => unknown = Some(why),
        }
    }
    unknown.map_or(Steadiness::Steady, Steadiness::Unknown)
}

fn of_function(catalog: &Catalog, session: &Session, schema: Option<&str>, name: &str) -> Steadiness {
    let own: Vec<_> = session.routines(catalog, schema, name).collect();
    let Some((first, definition)) = own.first() else {
        return if VOLATILE.contains(&name) {
            Steadiness::Volatile
        } else if STEADY.contains(&name) {
            Steadiness::Steady
        } else {
            Steadiness::Unknown(format!("whether the function {name} is volatile is not known"))
        };
    };
    if own.iter().any(|(other, _)| other.volatility != first.volatility) {
        return Steadiness::Unknown(format!("there are several functions called {name}"));
    }
    match first.volatility {
        Volatility::Immutable | Volatility::Stable => Steadiness::Steady,
        // The planner may put the body of a SQL function in its place, and what that calls decides then.
        Volatility::Volatile if first.language == "sql" && !calls_volatile(definition) => {
            Steadiness::Unknown(format!("what the SQL function {name} comes to is not known"))
        }
        Volatility::Volatile => Steadiness::Volatile,
    }
}

/// Whether the body of a function calls what is volatile whoever calls it.
fn calls_volatile(definition: &str) -> bool {
    let tokens = dbwright_sql::tokens(dbwright_catalog::Engine::Postgres, definition);
    let bodies: Vec<String> = tokens.filter_map(|token| token.value()).collect();
    let mut called = bodies.iter().flat_map(|body| calls(body));
    called.any(|call| VOLATILE.contains(&call.name.as_str()))
}

/// The routines with this name, with what defines them.
pub(super) fn routines<'a>(
    catalog: &'a Catalog,
    schemas: Vec<String>,
    name: &'a str,
) -> impl Iterator<Item = (&'a dbwright_catalog::Routine, &'a str)> {
    catalog.objects.values().filter_map(move |object| match &object.body {
        ObjectBody::Routine(routine)
            if schemas.iter().any(|schema| schema == object.id.schema())
                && object.id.name().split('(').next() == Some(name) =>
        {
            Some((routine, object.definition.as_str()))
        }
        _ => None,
    })
}
