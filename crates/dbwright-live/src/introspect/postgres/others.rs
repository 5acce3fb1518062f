//! Rows about kinds that are read whole only → objects.

use dbwright_catalog::{
    Collation, EventTrigger, ForeignDataWrapper, ForeignServer, Object, ObjectBody, ObjectId, ObjectKind, Policy,
    Publication, PublishedTable, Rule, Statistics, Subscription, UserMapping,
};
use dbwright_ddl::Canonical;

use super::decode::PART;
use super::queries::{self, Ask};
use super::{CatalogState, Row};

/// Reads a row as an object; the first two columns are its catalog and its OID.
type Decode = fn(&CatalogState, &Row<'_>) -> Object;

/// Writes the query of a kind.
type Query = fn(&Ask<'_>) -> String;

/// The kinds, each with its query.
pub(super) const KINDS: [(Query, Decode); 10] = [
    (queries::rules, rule),
    (queries::policies, policy),
    (queries::statistics, statistics),
    (queries::collations, collation),
    (queries::event_triggers, event_trigger),
    (queries::publications, publication),
    (queries::subscriptions, subscription),
    (queries::wrappers, wrapper),
    (queries::servers, server),
    (queries::user_mappings, user_mapping),
];

/// Options of user mappings whose values are secret.
const SECRETS: [&str; 7] = [
    "password",
    "passwd",
    "sslpassword",
    "secret",
    "token",
    "api_key",
    "passcode",
];

fn object(id: ObjectId, definition: impl Into<String>, body: ObjectBody) -> Object {
    Object {
        id,
        definition: definition.into(),
        body,
    }
}

fn rule(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::Rule, [row.text(2), row.text(3), row.text(4)]);
    let body = Rule { enabled: row.letter(5) };
    object(id, row.text(6), ObjectBody::Rule(body))
}

pub(super) fn policy(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::Policy, [row.text(2), row.text(3), row.text(4)]);
    let command = match row.letter(5) {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        _ => "ALL",
    };
    let definition = Canonical::new()
        .text("command", row.text(5))
        .flag("permissive", row.flag(6))
        .list("roles", row.list(7))
        .text("using", row.text(8))
        .text("check", row.text(9))
        .finish();
    let body = Policy {
        command: command.to_owned(),
        permissive: row.flag(6),
        roles: row.list(7),
        using: row.owned(8),
        check: row.owned(9),
    };
    object(id, definition, ObjectBody::Policy(body))
}

fn statistics(state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::Statistics, [row.text(2), row.text(3)]);
    let body = Statistics {
        table: state
            .relation(row.oid(4))
            .cloned()
            .unwrap_or_else(|| ObjectId::table("", "")),
        target: row.optional(5).and_then(|text| text.parse().ok()),
    };
    object(id, row.text(6), ObjectBody::Statistics(body))
}

fn collation(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::Collation, [row.text(2), row.text(3)]);
    let provider = match row.letter(4) {
        'i' => "icu",
        'b' => "builtin",
        _ => "libc",
    };
    let definition = Canonical::new()
        .text("provider", row.text(4))
        .text("locale", row.text(5))
        .text("character_type", row.text(6))
        .text("rules", row.text(7))
        .flag("deterministic", row.flag(8))
        .finish();
    let body = Collation {
        provider: provider.to_owned(),
        locale: row.owned(5),
        character_type: row.owned(6),
        rules: row.owned(7),
        deterministic: row.flag(8),
    };
    object(id, definition, ObjectBody::Collation(body))
}

fn event_trigger(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::EventTrigger, [row.text(2)]);
    let function = ObjectId::new(ObjectKind::Routine, [row.text(7), &format!("{}()", row.text(8))]);
    let definition = Canonical::new()
        .text("event", row.text(3))
        .list("tags", row.list(6))
        .text("function_schema", row.text(7))
        .text("function", row.text(8))
        .text("enabled", row.text(5))
        .finish();
    let body = EventTrigger {
        event: row.text(3).to_owned(),
        tags: row.list(6),
        function,
        enabled: row.letter(5),
    };
    object(id, definition, ObjectBody::EventTrigger(body))
}

fn publication(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::Publication, [row.text(2)]);
    let operations: Vec<&str> = [(4, "insert"), (5, "update"), (6, "delete"), (7, "truncate")]
        .iter()
        .filter(|(column, _)| row.flag(*column))
        .map(|(_, word)| *word)
        .collect();
    let mut options = Vec::new();
    if operations.len() < 4 {
        options.push(format!("publish = '{}'", operations.join(", ")));
    }
    if row.flag(8) {
        options.push("publish_via_partition_root = true".to_owned());
    }
    if row.letter(9) == 's' {
        options.push("publish_generated_columns = stored".to_owned());
    }
    let definition = Canonical::new()
        .flag("all_tables", row.flag(3))
        .list("operations", &operations)
        .flag("via_root", row.flag(8))
        .text("generated", row.text(9))
        .list("tables", row.list(10))
        .list("schemas", row.list(11))
        .finish();
    let body = Publication {
        all_tables: row.flag(3),
        tables: row.list(10).iter().filter_map(|text| published(text)).collect(),
        schemas: row.list(11),
        options,
    };
    object(id, definition, ObjectBody::Publication(body))
}

fn published(text: &str) -> Option<PublishedTable> {
    let mut parts = text.split(PART);
    let table = ObjectId::table(parts.next()?, parts.next()?);
    let columns = parts.next()?;
    Some(PublishedTable {
        table,
        columns: if columns.is_empty() {
            Vec::new()
        } else {
            columns.split(", ").map(str::to_owned).collect()
        },
        filter: parts.next().filter(|filter| !filter.is_empty()).map(str::to_owned),
    })
}

fn subscription(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::Subscription, [row.text(2)]);
    let definition = Canonical::new()
        .flag("enabled", row.flag(3))
        .list("publications", row.list(4))
        .list("options", row.list(5))
        .finish();
    let body = Subscription {
        publications: row.list(4),
        options: row.list(5),
        enabled: row.flag(3),
    };
    object(id, definition, ObjectBody::Subscription(body))
}

fn wrapper(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::ForeignDataWrapper, [row.text(2)]);
    let definition = Canonical::new()
        .text("handler", row.text(3))
        .text("validator", row.text(4))
        .list("options", row.list(5))
        .finish();
    let body = ForeignDataWrapper {
        handler: row.owned(3),
        validator: row.owned(4),
        options: row.list(5),
    };
    object(id, definition, ObjectBody::ForeignDataWrapper(body))
}

fn server(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::ForeignServer, [row.text(2)]);
    let options = without_secrets(row.list(6));
    let definition = Canonical::new()
        .text("wrapper", row.text(3))
        .text("type", row.text(4))
        .text("version", row.text(5))
        .list("options", &options)
        .finish();
    let body = ForeignServer {
        wrapper: row.text(3).to_owned(),
        server_type: row.owned(4),
        version: row.owned(5),
        options,
    };
    object(id, definition, ObjectBody::ForeignServer(body))
}

fn user_mapping(_state: &CatalogState, row: &Row<'_>) -> Object {
    let id = ObjectId::new(ObjectKind::UserMapping, [row.text(2), row.text(3)]);
    let options = without_secrets(row.list(4));
    let definition = Canonical::new().list("options", &options).finish();
    object(id, definition, ObjectBody::UserMapping(UserMapping { options }))
}

fn without_secrets(options: Vec<String>) -> Vec<String> {
    let is_secret = |option: &String| {
        let name = option.split('=').next().unwrap_or_default().to_lowercase();
        SECRETS.iter().any(|secret| name.contains(secret))
    };
    options.into_iter().filter(|option| !is_secret(option)).collect()
}
