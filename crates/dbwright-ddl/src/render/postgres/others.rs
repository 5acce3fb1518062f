//! Rules, policies, statistics, collations, event triggers, replication and foreign data.

use dbwright_catalog::{
    Collation, EventTrigger, ForeignDataWrapper, ForeignServer, Object, Policy, Publication, Refusal, Rule, Statistics,
    Step, UserMapping,
};

use super::code::firing;
use super::{foreign_options, literal, name, path, step, without_semicolon};

pub(super) fn rule(object: &Object, rule: &Rule) -> Vec<Step> {
    let mut steps = vec![step(object, without_semicolon(&object.definition).to_owned())];
    if rule.enabled != 'O'
        && let Some(table) = object.id.owner_table()
    {
        let firing = firing(rule.enabled, "RULE", object.id.name());
        steps.push(step(object, format!("ALTER TABLE {} {firing}", path(&table))));
    }
    steps
}

pub(super) fn policy(object: &Object, policy: &Policy) -> Vec<Step> {
    let Some(table) = object.id.owner_table() else {
        return Vec::new();
    };
    let mut sql = format!("CREATE POLICY {} ON {}", name(object.id.name()), path(&table));
    if !policy.permissive {
        sql += " AS RESTRICTIVE";
    }
    if policy.command != "ALL" {
        sql = format!("{sql} FOR {}", policy.command);
    }
    let roles: Vec<String> = policy.roles.iter().map(|text| role(text)).collect();
    if roles != ["PUBLIC"] {
        sql = format!("{sql} TO {}", roles.join(", "));
    }
    if let Some(using) = &policy.using {
        sql = format!("{sql} USING ({using})");
    }
    if let Some(check) = &policy.check {
        sql = format!("{sql} WITH CHECK ({check})");
    }
    vec![step(object, sql)]
}

/// A role as it is written; `public` is everybody and no role can be called so.
pub(crate) fn role(text: &str) -> String {
    if text == "public" {
        "PUBLIC".to_owned()
    } else {
        name(text)
    }
}

pub(super) fn statistics(object: &Object, statistics: &Statistics) -> Vec<Step> {
    let mut steps = vec![step(object, object.definition.clone())];
    if let Some(target) = statistics.target {
        steps.push(step(
            object,
            format!("ALTER STATISTICS {} SET STATISTICS {target}", path(&object.id)),
        ));
    }
    steps
}

pub(super) fn collation(object: &Object, collation: &Collation) -> Vec<Step> {
    let mut clauses = vec![format!("provider = {}", collation.provider)];
    let locale = collation.locale.as_deref().unwrap_or_default();
    match &collation.character_type {
        Some(character_type) => {
            clauses.push(format!("lc_collate = {}", literal(locale)));
            clauses.push(format!("lc_ctype = {}", literal(character_type)));
        }
        None => clauses.push(format!("locale = {}", literal(locale))),
    }
    if let Some(rules) = &collation.rules {
        clauses.push(format!("rules = {}", literal(rules)));
    }
    if !collation.deterministic {
        clauses.push("deterministic = false".to_owned());
    }
    vec![step(
        object,
        format!("CREATE COLLATION {} ({})", path(&object.id), clauses.join(", ")),
    )]
}

pub(super) fn event_trigger(object: &Object, trigger: &EventTrigger) -> Vec<Step> {
    let own = name(object.id.name());
    let tags: Vec<String> = trigger.tags.iter().map(|tag| literal(tag)).collect();
    let when = if tags.is_empty() {
        String::new()
    } else {
        format!(" WHEN TAG IN ({})", tags.join(", "))
    };
    let function = trigger.function.name().trim_end_matches("()");
    let mut steps = vec![step(
        object,
        format!(
            "CREATE EVENT TRIGGER {own} ON {}{when} EXECUTE FUNCTION {}.{}()",
            trigger.event,
            name(trigger.function.schema()),
            name(function)
        ),
    )];
    let verb = match trigger.enabled {
        'D' => "DISABLE",
        'R' => "ENABLE REPLICA",
        'A' => "ENABLE ALWAYS",
        _ => return steps,
    };
    steps.push(step(object, format!("ALTER EVENT TRIGGER {own} {verb}")));
    steps
}

pub(super) fn publication(object: &Object, publication: &Publication) -> Vec<Step> {
    let mut sql = format!("CREATE PUBLICATION {}", name(object.id.name()));
    let mut parts: Vec<String> = publication
        .tables
        .iter()
        .map(|published| {
            let columns = if published.columns.is_empty() {
                String::new()
            } else {
                format!(" ({})", published.columns.join(", "))
            };
            let filter = published
                .filter
                .as_ref()
                .map_or(String::new(), |filter| format!(" WHERE ({filter})"));
            // Each partition and child is listed by itself, so they are not to be found again.
            format!("TABLE ONLY {}{columns}{filter}", path(&published.table))
        })
        .collect();
    parts.extend(
        publication
            .schemas
            .iter()
            .map(|schema| format!("TABLES IN SCHEMA {}", name(schema))),
    );
    if publication.all_tables {
        sql += " FOR ALL TABLES";
    } else if !parts.is_empty() {
        // Before 15, the word TABLE stands once.
        let mut list = parts.join(", ");
        if publication.schemas.is_empty() {
            list = list.replace(", TABLE ONLY ", ", ONLY ");
        }
        sql = format!("{sql} FOR {list}");
    }
    if !publication.options.is_empty() {
        sql = format!("{sql} WITH ({})", publication.options.join(", "));
    }
    vec![step(object, sql)]
}

pub(super) fn subscription(object: &Object) -> Refusal {
    Refusal {
        object: object.id.clone(),
        reason: "How a subscription connects is not read, because it may hold a password. Create it by hand."
            .to_owned(),
    }
}

pub(super) fn wrapper(object: &Object, wrapper: &ForeignDataWrapper) -> Vec<Step> {
    let mut sql = format!("CREATE FOREIGN DATA WRAPPER {}", name(object.id.name()));
    if let Some(handler) = &wrapper.handler {
        sql = format!("{sql} HANDLER {handler}");
    }
    if let Some(validator) = &wrapper.validator {
        sql = format!("{sql} VALIDATOR {validator}");
    }
    vec![step(object, sql + &foreign_options(&wrapper.options))]
}

pub(super) fn server(object: &Object, server: &ForeignServer) -> Vec<Step> {
    let mut sql = format!("CREATE SERVER {}", name(object.id.name()));
    if let Some(server_type) = &server.server_type {
        sql = format!("{sql} TYPE {}", literal(server_type));
    }
    if let Some(version) = &server.version {
        sql = format!("{sql} VERSION {}", literal(version));
    }
    sql = format!("{sql} FOREIGN DATA WRAPPER {}", name(&server.wrapper));
    vec![step(object, sql + &foreign_options(&server.options))]
}

pub(super) fn user_mapping(object: &Object, mapping: &UserMapping) -> Vec<Step> {
    let mut step = step(
        object,
        format!(
            "CREATE USER MAPPING FOR {} SERVER {}{}",
            role(object.id.name()),
            name(object.id.schema()),
            foreign_options(&mapping.options)
        ),
    );
    step.notes
        .push("Secret options such as a password were not read; set them by hand.".to_owned());
    vec![step]
}
