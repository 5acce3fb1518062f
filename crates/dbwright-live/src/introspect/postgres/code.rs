//! Rows about routines → objects.

use std::fmt::Write as _;

use dbwright_catalog::{
    Aggregate, Engine, ObjectBody, ObjectId, ObjectKind, PostgresRoutine, Routine, RoutineKind, Volatility,
};
use dbwright_ddl::quote_identifier;

use super::decode::{PART, entry};
use super::{Entry, Row};

pub(super) fn routine(row: &Row<'_>) -> Entry {
    let id = ObjectId::new(ObjectKind::Routine, [row.text(1), row.text(2)]);
    let arguments = row.text(10).to_owned();
    let kind = match row.letter(3) {
        'p' => RoutineKind::Procedure,
        'a' => RoutineKind::Aggregate,
        'w' => RoutineKind::Window,
        _ => RoutineKind::Function,
    };
    let aggregate = (kind == RoutineKind::Aggregate).then(|| Aggregate {
        clauses: row
            .list(11)
            .iter()
            .map(|clause| clause.split_once(PART).unwrap_or((clause, "")))
            .map(|(word, value)| (word.to_owned(), value.to_owned()))
            .collect(),
    });
    let definition = match &aggregate {
        Some(aggregate) => aggregate_definition(&id, &arguments, aggregate),
        None => row.text(9).to_owned(),
    };
    let body = Routine {
        kind,
        language: row.text(4).to_owned(),
        returns: row.owned(5),
        volatility: match row.letter(6) {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        security_definer: row.flag(7),
        strict: row.flag(8),
        postgres: Some(PostgresRoutine {
            arguments,
            aggregate,
            extensions: Vec::new(),
        }),
    };
    entry(id, &definition, ObjectBody::Routine(body), None)
}

/// The statement that makes an aggregate. The server prints none.
fn aggregate_definition(id: &ObjectId, arguments: &str, aggregate: &Aggregate) -> String {
    let quote = |name| quote_identifier(Engine::Postgres, name);
    let name = id.name().strip_suffix(&format!("({arguments})")).unwrap_or(id.name());
    let arguments = if arguments.is_empty() { "*" } else { arguments };
    let mut text = format!("CREATE AGGREGATE {}.{}({arguments}) (", quote(id.schema()), quote(name));
    for (number, (word, value)) in aggregate.clauses.iter().enumerate() {
        let separator = if number == 0 { "\n    " } else { ",\n    " };
        let _ = write!(text, "{separator}{word}");
        if !value.is_empty() {
            let _ = write!(text, " = {value}");
        }
    }
    text + "\n)"
}
