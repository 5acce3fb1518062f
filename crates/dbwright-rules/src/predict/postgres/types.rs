//! What a change of a column's type costs (`ATColumnChangeRequiresRewrite` of the server;
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>).

use dbwright_catalog::{Catalog, ObjectBody, TypeKind};

use super::Session;

/// What has to be done to rows and indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TypeChange {
    /// Stored values stay as they are, and so do indexes.
    Nothing,
    /// Stored values stay; indexes over the column are built anew.
    Indexes,
    /// Every row is written anew.
    Rewrite,
    /// The server refuses it: there is no cast that applies by itself.
    NoCast,
    /// It can't be told, and why.
    Unknown(String),
}

/// A type with its modifier: `numeric`, `(10,2)`.
struct Parts<'a> {
    name: String,
    modifier: Vec<&'a str>,
    array: bool,
}

fn parts(printed: &str) -> Parts<'_> {
    let (scalar, array) = match printed.strip_suffix("[]") {
        Some(scalar) => (scalar, true),
        None => (printed, false),
    };
    match (scalar.find('('), scalar.find(')')) {
        (Some(open), Some(close)) => Parts {
            name: format!("{}{}", &scalar[..open], &scalar[close + 1..]),
            modifier: scalar[open + 1..close].split(',').collect(),
            array,
        },
        _ => Parts {
            name: scalar.to_owned(),
            modifier: Vec::new(),
            array,
        },
    }
}

/// What is behind a name that is not built in.
enum Named<'a> {
    Domain { base: &'a str, constrained: bool },
    Enum,
    Other,
}

fn named<'a>(catalog: &'a Catalog, session: &Session, name: &str) -> Option<Named<'a>> {
    match &catalog.get(&session.type_id(catalog, name)?)?.body {
        ObjectBody::Type(found) => Some(match &found.kind {
            TypeKind::Domain {
                base, not_null, checks, ..
            } => Named::Domain {
                base,
                constrained: *not_null || !checks.is_empty(),
            },
            TypeKind::Enum(_) => Named::Enum,
            TypeKind::Composite(_) | TypeKind::Range(_) | TypeKind::Base(_) | TypeKind::Shell => Named::Other,
        }),
        _ => None,
    }
}

/// Whether values of this type have to satisfy a constraint of a domain.
pub(super) fn is_constrained_domain(catalog: &Catalog, session: &Session, type_name: &str) -> bool {
    match named(catalog, session, type_name) {
        Some(Named::Domain { base, constrained }) => constrained || is_constrained_domain(catalog, session, base),
        _ => false,
    }
}

/// The type behind a domain; any other is itself.
pub(super) fn base_type(catalog: &Catalog, session: &Session, printed: &str) -> String {
    match named(catalog, session, printed) {
        Some(Named::Domain { base, .. }) => base_type(catalog, session, base),
        _ => printed.to_owned(),
    }
}

const BUILT_IN: &[&str] = &[
    "integer",
    "bigint",
    "smallint",
    "boolean",
    "real",
    "double precision",
    "numeric",
    "text",
    "character varying",
    "character",
    "bpchar",
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
    "interval",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "inet",
    "cidr",
    "macaddr",
    "bit",
    "bit varying",
    "xml",
    "money",
    "oid",
    "name",
    "tsvector",
    "tsquery",
    "point",
    "\"char\"",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "regclass",
    "regproc",
    "pg_lsn",
    "jsonpath",
];

/// Whether the type comes with the server.
pub(super) fn is_built_in(printed: &str) -> bool {
    BUILT_IN.contains(&parts(printed).name.as_str())
}

const TEXTS: [&str; 4] = ["text", "character varying", "character", "bpchar"];
const NUMBERS: [&str; 6] = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];

/// What it takes to turn values of `from` into values of `to` without an expression.
pub(super) fn type_change(catalog: &Catalog, session: &Session, from: &str, to: &str) -> TypeChange {
    if from == to {
        return TypeChange::Nothing;
    }
    if let Some(Named::Domain { base, .. }) = named(catalog, session, from) {
        return type_change(catalog, session, base, to);
    }
    if let Some(Named::Domain { base, constrained }) = named(catalog, session, to) {
        return match type_change(catalog, session, from, base) {
            TypeChange::Nothing if constrained => TypeChange::Rewrite,
            other => other,
        };
    }
    let (from_parts, to_parts) = (parts(from), parts(to));
    if from_parts.array != to_parts.array {
        return if TEXTS.contains(&to_parts.name.as_str()) && !to_parts.array {
            TypeChange::Rewrite
        } else {
            TypeChange::NoCast
        };
    }
    if !is_built_in(from) || !is_built_in(to) {
        return own_types(catalog, session, from, to, &to_parts);
    }
    let change = built_in(session, &from_parts, &to_parts);
    // Elements are cast one by one, whatever that does to each.
    if from_parts.array && matches!(change, TypeChange::Nothing | TypeChange::Indexes) {
        return TypeChange::Rewrite;
    }
    change
}

/// Where one of the types is the user's own: enums have no cast but that to texts.
fn own_types(catalog: &Catalog, session: &Session, from: &str, to: &str, to_parts: &Parts<'_>) -> TypeChange {
    let to_text = TEXTS.contains(&to_parts.name.as_str());
    let kind = |printed: &str| named(catalog, session, parts(printed).name.as_str());
    match (kind(from), kind(to)) {
        (Some(Named::Enum), _) if to_text => TypeChange::Rewrite,
        (Some(Named::Enum) | None, Some(Named::Enum)) if is_built_in(from) || kind(from).is_some() => {
            TypeChange::NoCast
        }
        (Some(Named::Enum), None) if is_built_in(to) => TypeChange::NoCast,
        _ => TypeChange::Unknown(format!("casts between {from} and {to} are not known")),
    }
}

#[expect(clippy::match_same_arms, reason = "casts that rewrite stand by kind")]
fn built_in(session: &Session, from: &Parts<'_>, to: &Parts<'_>) -> TypeChange {
    let number = |text: &&str| text.trim().parse::<u32>().ok();
    let first = |parts: &Parts<'_>| parts.modifier.first().and_then(number);
    // No modifier is no limit; a limit that grows leaves values as they are.
    let widened = || match (first(from), first(to)) {
        (_, None) => true,
        (Some(before), Some(after)) => after >= before,
        (None, Some(_)) => false,
    };
    let nothing_if = |holds: bool| {
        if holds {
            TypeChange::Nothing
        } else {
            TypeChange::Rewrite
        }
    };
    match (from.name.as_str(), to.name.as_str()) {
        ("character varying", "character varying") | ("bit varying", "bit varying") => nothing_if(widened()),
        ("character varying" | "text", "text") => TypeChange::Nothing,
        ("text", "character varying") => nothing_if(to.modifier.is_empty()),
        ("character", "character") => nothing_if(first(from) == first(to)),
        ("numeric", "numeric") => {
            nothing_if(to.modifier.is_empty() || widened() && from.modifier.get(1) == to.modifier.get(1))
        }
        (before, after) if before == after && (before.starts_with("time") || before == "interval") => {
            // Six digits of a second are all there are.
            nothing_if(widened() || first(to) == Some(6) && before != "interval" || first(to) == Some(6))
        }
        ("cidr", "inet") | ("integer", "oid") | ("oid", "integer") | ("bit", "bit varying")
            if to.modifier.is_empty() =>
        {
            TypeChange::Nothing
        }
        ("timestamp without time zone", "timestamp with time zone")
        | ("timestamp with time zone", "timestamp without time zone") => match session.is_utc() {
            Some(true) if widened() || first(to) == Some(6) => TypeChange::Indexes,
            Some(_) => TypeChange::Rewrite,
            None => TypeChange::Unknown("the time zone of the session is not known".to_owned()),
        },
        (before, after) if before == after => TypeChange::Rewrite,
        (before, after) if NUMBERS.contains(&before) && NUMBERS.contains(&after) => TypeChange::Rewrite,
        (_, after) if TEXTS.contains(&after) => TypeChange::Rewrite,
        ("json", "jsonb") | ("jsonb", "json") | ("inet", "cidr") | ("bit varying", "bit") => TypeChange::Rewrite,
        ("date", after) if after.starts_with("timestamp") => TypeChange::Rewrite,
        (before, "date") if before.starts_with("timestamp") => TypeChange::Rewrite,
        (before, "time without time zone") if before.starts_with("time") => TypeChange::Rewrite,
        ("timestamp with time zone" | "time without time zone", "time with time zone") => TypeChange::Rewrite,
        ("interval", "time without time zone") | ("time without time zone", "interval") => TypeChange::Rewrite,
        ("numeric" | "integer" | "bigint", "money") | ("money", "numeric") => TypeChange::Rewrite,
        ("integer" | "bigint" | "smallint", "oid" | "regclass" | "regproc") | ("oid", "bigint") => TypeChange::Rewrite,
        (before, _)
            if TEXTS.contains(&before) && !matches!(to.name.as_str(), "name" | "xml" | "\"char\"" | "regclass") =>
        {
            TypeChange::NoCast
        }
        ("integer", "boolean") | ("boolean", "integer") => TypeChange::NoCast,
        (
            "uuid" | "jsonb" | "json" | "boolean" | "date" | "bytea",
            "integer" | "bigint" | "smallint" | "numeric" | "boolean" | "uuid" | "date",
        ) => TypeChange::NoCast,
        (before, after) if before.starts_with("timestamp") && NUMBERS.contains(&after) => TypeChange::NoCast,
        (before, after)
            if NUMBERS.contains(&before) && (after.starts_with("time") || after == "date" || after == "uuid") =>
        {
            TypeChange::NoCast
        }
        (before, after) => TypeChange::Unknown(format!("the cast between {before} and {after} is not known")),
    }
}
