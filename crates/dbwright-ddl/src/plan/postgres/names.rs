//! How objects are named in statements.

use dbwright_catalog::{Engine, ObjectBody, ObjectId, ObjectKind, RoutineKind, TableKind, TypeKind};

use super::side::Side;
use crate::{qualified_name, quote_identifier};

pub(super) fn quoted(name: &str) -> String {
    quote_identifier(Engine::Postgres, name)
}

/// The name of a table, view, index, sequence, type, or other object that stands in a schema.
pub(super) fn name(id: &ObjectId) -> String {
    qualified_name(Engine::Postgres, id)
}

/// `schema.function(integer)`: the arguments stand in the id as the server prints them.
pub(super) fn routine_name(id: &ObjectId) -> String {
    let (base, arguments) = id.name().split_once('(').unwrap_or((id.name(), ")"));
    format!("{}.{}({arguments}", quoted(id.schema()), quoted(base))
}

/// The table or view that a part of it names.
pub(super) fn table_name(part: &ObjectId) -> String {
    let owner = part.path.len().saturating_sub(1);
    let path: Vec<String> = part.path[..owner].iter().map(|part| quoted(part)).collect();
    path.join(".")
}

/// `ALTER TABLE schema.table`, with the word for the kind of relation that it is.
pub(super) fn alter_relation(side: &Side<'_>, relation: &ObjectId) -> String {
    format!("ALTER {} {}", relation_word(side, relation), name(relation))
}

/// The word for a kind of relation: `TABLE`, `FOREIGN TABLE`, `MATERIALIZED VIEW`.
pub(super) fn relation_word(side: &Side<'_>, relation: &ObjectId) -> &'static str {
    match side.get(relation).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) if table.kind == TableKind::Foreign => "FOREIGN TABLE",
        Some(ObjectBody::View(view)) if view.materialized => "MATERIALIZED VIEW",
        Some(ObjectBody::View(_)) => "VIEW",
        _ => "TABLE",
    }
}

/// The statement that drops an object by its name and nothing else; nothing for what has no such statement.
pub(super) fn drop_statement(side: &Side<'_>, id: &ObjectId) -> Option<String> {
    let word = match id.kind {
        ObjectKind::Schema => "SCHEMA",
        ObjectKind::Extension => "EXTENSION",
        ObjectKind::Type => match side.get(id).map(|object| &object.body) {
            Some(ObjectBody::Type(body)) if matches!(body.kind, TypeKind::Domain { .. }) => "DOMAIN",
            _ => "TYPE",
        },
        ObjectKind::Sequence => "SEQUENCE",
        ObjectKind::Table | ObjectKind::View => relation_word(side, id),
        ObjectKind::Index => "INDEX",
        ObjectKind::Routine => match side.get(id).map(|object| &object.body) {
            Some(ObjectBody::Routine(routine)) => match routine.kind {
                RoutineKind::Procedure => "PROCEDURE",
                RoutineKind::Aggregate => "AGGREGATE",
                RoutineKind::Function | RoutineKind::Window => "FUNCTION",
            },
            _ => "FUNCTION",
        },
        ObjectKind::Statistics => "STATISTICS",
        ObjectKind::Collation => "COLLATION",
        ObjectKind::EventTrigger => "EVENT TRIGGER",
        ObjectKind::Publication => "PUBLICATION",
        ObjectKind::Subscription => "SUBSCRIPTION",
        ObjectKind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        ObjectKind::ForeignServer => "SERVER",
        ObjectKind::Column => return Some(format!("{} DROP COLUMN {}", alter_owner(side, id), quoted(id.name()))),
        ObjectKind::Constraint => {
            return Some(format!(
                "{} DROP CONSTRAINT {}",
                alter_owner(side, id),
                quoted(id.name())
            ));
        }
        ObjectKind::Trigger => return Some(format!("DROP TRIGGER {} ON {}", quoted(id.name()), table_name(id))),
        ObjectKind::Rule => return Some(format!("DROP RULE {} ON {}", quoted(id.name()), table_name(id))),
        ObjectKind::Policy => return Some(format!("DROP POLICY {} ON {}", quoted(id.name()), table_name(id))),
        ObjectKind::UserMapping => {
            let role = role(id.name());
            return Some(format!("DROP USER MAPPING FOR {role} SERVER {}", quoted(id.schema())));
        }
        ObjectKind::Event
        | ObjectKind::Comment
        | ObjectKind::Owner
        | ObjectKind::Grant
        | ObjectKind::DefaultPrivilege
        | ObjectKind::Membership
        | ObjectKind::SecurityLabel => return None,
    };
    let name = match id.kind {
        ObjectKind::Routine => routine_name(id),
        _ => name(id),
    };
    Some(format!("DROP {word} {name}"))
}

fn alter_owner(side: &Side<'_>, part: &ObjectId) -> String {
    match part.owner_table() {
        Some(table) => alter_relation(side, &table),
        None => String::new(),
    }
}

/// A role as it stands in statements; `public` is a word there.
pub(super) fn role(name: &str) -> String {
    if name.eq_ignore_ascii_case("public") {
        "PUBLIC".to_owned()
    } else {
        quoted(name)
    }
}

/// A name for something that exists for the time of the change. The server cuts names after 63 bytes; what is cut off is
/// told apart by a hash of the whole name.
pub(super) fn temporary(name: &str, suffix: &str) -> String {
    const BYTES_MAX: usize = 63;
    if name.len() + suffix.len() <= BYTES_MAX {
        return format!("{name}{suffix}");
    }
    let hash = format!("_{:08x}", hash(name));
    let mut room = BYTES_MAX - suffix.len() - hash.len();
    while !name.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{hash}{suffix}", &name[..room])
}

/// FNV-1a, which is the same everywhere (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// `name=value` as it stands in a list of storage parameters.
pub(super) fn parameter(option: &str) -> String {
    match option.split_once('=') {
        Some((name, value)) => format!("{name} = {}", crate::quote_literal(Engine::Postgres, value)),
        None => option.to_owned(),
    }
}

/// The parts of `SET (…)` and `RESET (…)` that turn one list of storage parameters into another.
pub(super) fn parameter_changes(was: &[String], is: &[String], prefix: &str) -> Vec<String> {
    let set: Vec<String> = is
        .iter()
        .filter(|option| !was.contains(option))
        .map(|option| format!("{prefix}{}", parameter(option)))
        .collect();
    let key = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let kept: Vec<String> = is.iter().map(key).collect();
    let reset: Vec<String> = was
        .iter()
        .map(key)
        .filter(|name| !kept.contains(name))
        .map(|name| format!("{prefix}{name}"))
        .collect();
    let mut changes = Vec::new();
    if !reset.is_empty() {
        changes.push(format!("RESET ({})", reset.join(", ")));
    }
    if !set.is_empty() {
        changes.push(format!("SET ({})", set.join(", ")));
    }
    changes
}

/// `OPTIONS (ADD …, SET …, DROP …)` that turns one list of `name=value` into another; nothing where they are equal.
pub(super) fn foreign_options(was: &[String], is: &[String]) -> Option<String> {
    let parts = |options: &[String]| -> Vec<(String, String)> {
        options
            .iter()
            .filter_map(|option| option.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let (was, is) = (parts(was), parts(is));
    let mut changes = Vec::new();
    for (name, _) in was
        .iter()
        .filter(|(name, _)| !is.iter().any(|(other, _)| other == name))
    {
        changes.push(format!("DROP {}", quoted(name)));
    }
    for (name, value) in &is {
        let value_now = was.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        let word = match value_now {
            None => "ADD",
            Some(now) if now != value => "SET",
            Some(_) => continue,
        };
        changes.push(format!(
            "{word} {} {}",
            quoted(name),
            crate::quote_literal(Engine::Postgres, value)
        ));
    }
    (!changes.is_empty()).then(|| format!("OPTIONS ({})", changes.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::temporary;

    #[test]
    fn temporary_names_fit_and_those_of_long_names_differ() {
        assert_eq!(temporary("a", "_dbwright_new"), "a_dbwright_new");
        let long = "idx_post_aggregates_featured_community_newest_comment_time";
        let names = [long.to_owned(), format!("{long}_nec"), "ä".repeat(31)];
        let cut: Vec<String> = names.iter().map(|name| temporary(name, "_dbwright_new")).collect();
        assert!(cut.iter().all(|name| name.len() <= 63), "{cut:?}");
        assert_ne!(cut[0], cut[1]);
    }
}
