//! A catalog of PostgreSQL as SQL.
//!
//! Each object is written as statements of its own ([`create`]); what is a part of another is written with that: columns,
//! their identity sequences and `NOT NULL` with their table, indexes of constraints with their constraint. Names are always
//! written with their schema, so that statements mean the same under any search path.

mod access;
mod code;
mod column;
mod context;
mod data_type;
mod destroy;
mod order;
mod others;
mod relation;
mod table;

pub use column::{add_column, column_clause};
pub use context::Context;
pub use destroy::destroy;

use dbwright_catalog::{Catalog, Engine, Object, ObjectBody, ObjectId, Refusal, Step};

use super::Rendered;
use crate::{qualified_name, quote_identifier, quote_literal};

pub(super) fn render(catalog: &Catalog) -> Rendered {
    render_within(&Context::new(catalog))
}

/// The SQL that makes a catalog while the objects of another are still there.
pub(crate) fn render_beside(catalog: &Catalog, other: &Catalog) -> Rendered {
    render_within(&Context::new(catalog).beside(other))
}

fn render_within(context: &Context<'_>) -> Rendered {
    let mut rendered = Rendered::default();
    for sql in [
        // Bodies of functions may name what comes later.
        "SET check_function_bodies = off",
        "SELECT pg_catalog.set_config('search_path', '', false)",
    ] {
        rendered.steps.push(Step::new(sql, []));
    }
    order::render(context, &mut rendered);
    rendered
}

/// The statements that make one object, where all that it needs is there. Nothing for what is made with another object.
///
/// # Errors
///
/// The reason why it can't be written as SQL.
pub fn create(context: &Context<'_>, object: &Object) -> Result<Vec<Step>, Refusal> {
    match &object.body {
        ObjectBody::Schema(_) => Ok(data_type::schema(object)),
        ObjectBody::Extension(extension) => Ok(data_type::extension(object, extension)),
        ObjectBody::Type(body) => Ok(data_type::create_type(object, body)),
        ObjectBody::Sequence(sequence) => Ok(relation::sequence(object, sequence)),
        ObjectBody::Table(body) => Ok(table::create_table(context, object, body)),
        ObjectBody::Column(column) => Ok(add_column(context, object, column)),
        ObjectBody::Constraint(constraint) => Ok(relation::constraint(context, object, constraint)),
        ObjectBody::Index(index) => Ok(relation::index(object, index)),
        ObjectBody::View(view) => Ok(relation::view(object, view)),
        ObjectBody::Routine(routine) => Ok(code::routine(object, routine)),
        ObjectBody::Trigger(trigger) => Ok(code::trigger(object, trigger)),
        ObjectBody::Rule(rule) => Ok(others::rule(object, rule)),
        ObjectBody::Policy(policy) => Ok(others::policy(object, policy)),
        ObjectBody::Statistics(statistics) => Ok(others::statistics(object, statistics)),
        ObjectBody::Collation(collation) => Ok(others::collation(object, collation)),
        ObjectBody::EventTrigger(trigger) => Ok(others::event_trigger(object, trigger)),
        ObjectBody::Publication(publication) => Ok(others::publication(object, publication)),
        ObjectBody::Subscription(_) => Err(others::subscription(object)),
        ObjectBody::ForeignDataWrapper(wrapper) => Ok(others::wrapper(object, wrapper)),
        ObjectBody::ForeignServer(server) => Ok(others::server(object, server)),
        ObjectBody::UserMapping(mapping) => Ok(others::user_mapping(object, mapping)),
        ObjectBody::Comment(comment) => access::comment(context, object, comment),
        ObjectBody::Owner(owner) => access::owner(context, object, owner),
        ObjectBody::Grant(grant) => access::grant(context, object, grant),
        ObjectBody::DefaultPrivilege(default) => access::default_privilege(object, default),
        ObjectBody::Membership(membership) => Ok(access::membership(object, membership)),
        ObjectBody::SecurityLabel(label) => access::label(context, object, label),
        ObjectBody::Event(_) => Err(Refusal {
            object: object.id.clone(),
            reason: "PostgreSQL has no events.".to_owned(),
        }),
    }
}

/// A name, quoted where it must be.
pub(crate) fn name(text: &str) -> String {
    quote_identifier(Engine::Postgres, text)
}

/// The path of an object that lies in a schema.
pub(crate) fn path(id: &ObjectId) -> String {
    qualified_name(Engine::Postgres, id)
}

fn literal(text: &str) -> String {
    quote_literal(Engine::Postgres, text)
}

/// ` WITH (fillfactor=70)` for storage parameters as the server keeps them; nothing for none.
fn with_options(options: &[String]) -> String {
    if options.is_empty() {
        String::new()
    } else {
        format!(
            " WITH ({})",
            options.iter().map(|text| option(text)).collect::<Vec<_>>().join(", ")
        )
    }
}

/// `fillfactor=70` as it is written: the name quoted where it must be, the value where it is more than a word or number.
pub(crate) fn option(text: &str) -> String {
    let (key, value) = text.split_once('=').unwrap_or((text, "true"));
    let key = key.split('.').map(name).collect::<Vec<_>>().join(".");
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_word = is_plain && (value.bytes().all(|byte| byte.is_ascii_digit()) || name(value) == value);
    if is_word || matches!(value, "true" | "false" | "on" | "off") {
        format!("{key}={value}")
    } else {
        format!("{key}={}", literal(value))
    }
}

/// ` OPTIONS (host 'a', port '5432')` for options of foreign data; nothing for none.
pub(crate) fn foreign_options(options: &[String]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let written: Vec<String> = options
        .iter()
        .map(|text| {
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            format!("{} {}", name(key), literal(value))
        })
        .collect();
    format!(" OPTIONS ({})", written.join(", "))
}

/// The text of a query or definition without its semicolon.
fn without_semicolon(text: &str) -> &str {
    text.trim_end().trim_end_matches(';')
}

fn tablespace(tablespace: Option<&String>) -> String {
    tablespace.map_or(String::new(), |space| format!(" TABLESPACE {}", name(space)))
}

/// One step for one object.
fn step(object: &Object, sql: String) -> Step {
    Step::new(sql, [object.id.clone()])
}
