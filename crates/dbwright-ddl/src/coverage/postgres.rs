//! Definitions of PostgreSQL objects, written from their model alone.

use std::fmt::Write as _;

use dbwright_catalog::{
    Collation, Column, ColumnExtra, Constraint, ConstraintKind, EventTrigger, GeneratedKind, Identity, Index,
    Membership, Object, ObjectBody, Policy, PostgresColumn, Privilege, Publication, Sequence, Table, TableExtra,
    TableKind, Type, TypeKind,
};

use crate::Canonical;
use crate::render::postgres::{name, path};

/// The parts of one element of a list.
const PART: &str = "\u{1e}";

/// What the definition of an object is, as far as its model tells. Nothing for kinds whose text the server prints and the
/// model does not hold.
pub(super) fn definition(object: &Object) -> Option<String> {
    Some(match &object.body {
        ObjectBody::Schema(_) => object.id.name().to_owned(),
        ObjectBody::Extension(extension) => {
            format!("{} {} in {}", object.id.name(), extension.version, extension.schema)
        }
        ObjectBody::Type(body) => data_type(body),
        ObjectBody::Sequence(body) => sequence(body),
        ObjectBody::Table(body) => table(body)?,
        ObjectBody::Column(body) => column(body)?,
        ObjectBody::Constraint(body) => constraint(body)?,
        ObjectBody::Index(body) => index(object, body)?,
        ObjectBody::View(view) => view.query.clone(),
        ObjectBody::Policy(body) => policy(body),
        ObjectBody::Collation(body) => collation(body),
        ObjectBody::EventTrigger(body) => event_trigger(body),
        ObjectBody::Publication(body) => publication(body),
        ObjectBody::Subscription(body) => Canonical::new()
            .flag("enabled", body.enabled)
            .list("publications", &body.publications)
            .list("options", &body.options)
            .finish(),
        ObjectBody::ForeignDataWrapper(body) => Canonical::new()
            .text("handler", body.handler.as_deref().unwrap_or_default())
            .text("validator", body.validator.as_deref().unwrap_or_default())
            .list("options", &body.options)
            .finish(),
        ObjectBody::ForeignServer(body) => Canonical::new()
            .text("wrapper", &body.wrapper)
            .text("type", body.server_type.as_deref().unwrap_or_default())
            .text("version", body.version.as_deref().unwrap_or_default())
            .list("options", &body.options)
            .finish(),
        ObjectBody::UserMapping(body) => Canonical::new().list("options", &body.options).finish(),
        ObjectBody::Comment(body) => body.text.clone(),
        ObjectBody::Owner(body) => body.role.clone(),
        ObjectBody::SecurityLabel(body) => body.text.clone(),
        ObjectBody::Grant(body) => privileges(&body.privileges),
        ObjectBody::DefaultPrivilege(body) => privileges(&body.privileges),
        ObjectBody::Membership(body) => membership(body),
        ObjectBody::Routine(_)
        | ObjectBody::Trigger(_)
        | ObjectBody::Rule(_)
        | ObjectBody::Statistics(_)
        | ObjectBody::Event(_) => return None,
    })
}

fn text(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}

fn data_type(body: &Type) -> String {
    let canonical = Canonical::new();
    match &body.kind {
        TypeKind::Enum(labels) => canonical.text("kind", "e").list("labels", labels).finish(),
        TypeKind::Domain {
            base,
            collation,
            not_null,
            not_null_name,
            default,
            checks,
        } => {
            let checks = checks
                .iter()
                .map(|check| format!("{}{PART}{}{PART}{}", check.name, check.definition, check.validated));
            canonical
                .text("kind", "d")
                .text("base", base)
                .flag("not_null", *not_null)
                .text("default", text(default.as_ref()))
                .list("checks", checks)
                .text("collation", text(collation.as_ref()))
                .text("not_null_name", text(not_null_name.as_ref()))
                .finish()
        }
        TypeKind::Composite(attributes) => {
            let attributes = attributes.iter().map(|attribute| {
                let collation = text(attribute.collation.as_ref());
                format!("{}{PART}{}{PART}{collation}", attribute.name, attribute.type_name)
            });
            canonical.text("kind", "c").list("attributes", attributes).finish()
        }
        TypeKind::Range(range) => canonical
            .text("kind", "r")
            .text("subtype", &range.subtype)
            .text("operator_class", text(range.operator_class.as_ref()))
            .text("range_collation", text(range.collation.as_ref()))
            .text("canonical", text(range.canonical.as_ref()))
            .text("difference", text(range.difference.as_ref()))
            .text(
                "multirange_schema",
                range.multirange.as_ref().map_or("", |id| id.schema()),
            )
            .text("multirange", range.multirange.as_ref().map_or("", |id| id.name()))
            .finish(),
        TypeKind::Base(base) => {
            let functions = base
                .functions
                .iter()
                .map(|(word, function)| format!("{word}{PART}{function}"));
            let flag = |value: bool| if value { "t" } else { "f" }.to_owned();
            let properties = [
                base.length.to_string(),
                flag(base.by_value),
                base.alignment.to_string(),
                base.storage.to_string(),
                base.category.to_string(),
                flag(base.preferred),
                text(base.element.as_ref()).to_owned(),
                base.delimiter.to_string(),
                flag(base.collatable),
            ];
            canonical
                .text("kind", "b")
                .text("default", text(base.default.as_ref()))
                .list("functions", functions)
                .list("properties", properties)
                .finish()
        }
        TypeKind::Shell => canonical.text("kind", "s").finish(),
    }
}

fn sequence(body: &Sequence) -> String {
    let extra = body.postgres.as_ref();
    format!(
        "{}AS {} START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{}",
        if extra.is_some_and(|extra| extra.unlogged) {
            "UNLOGGED "
        } else {
            ""
        },
        body.type_name,
        body.start,
        body.increment,
        body.minimum,
        body.maximum,
        extra.map_or(1, |extra| extra.cache),
        if body.cycle { " CYCLE" } else { "" }
    )
}

fn table(body: &Table) -> Option<String> {
    let TableExtra::Postgres(extra) = &body.extra else {
        return None;
    };
    let kind = match body.kind {
        TableKind::Ordinary => "r",
        TableKind::Partitioned => "p",
        TableKind::Foreign => "f",
        TableKind::Virtual => return None,
    };
    let place = extra.foreign.as_ref();
    Some(
        Canonical::new()
            .text("kind", kind)
            .text("persistence", if extra.unlogged { "u" } else { "p" })
            .text("access_method", text(extra.access_method.as_ref()))
            .list("options", &extra.options)
            .flag("row_security", extra.row_security)
            .flag("force_row_security", extra.force_row_security)
            .text("replica_identity", &extra.replica_identity.to_string())
            .text("partition_key", text(body.partition_key.as_ref()))
            .text(
                "bound",
                body.partition.as_ref().map_or("", |partition| &partition.bound),
            )
            .text("tablespace", text(extra.tablespace.as_ref()))
            .text("of_type", text(extra.of_type.as_ref()))
            .list("toast_options", &extra.toast_options)
            .text("server", place.map_or("", |place| &place.server))
            .list("foreign_options", place.iter().flat_map(|place| &place.options))
            .finish(),
    )
}

fn column(body: &Column) -> Option<String> {
    let ColumnExtra::Postgres(extra) = &body.extra else {
        return None;
    };
    let PostgresColumn {
        storage,
        compression,
        statistics_target,
        options,
        foreign_options,
        ..
    } = extra;
    let (generated, expression) = match &body.generated {
        Some(generated) => (
            match generated.kind {
                GeneratedKind::Stored => "s",
                GeneratedKind::Virtual => "v",
            },
            generated.expression.as_str(),
        ),
        None => ("", text(body.default.as_ref())),
    };
    let identity = match body.identity {
        Some(Identity::Always) => "a",
        Some(Identity::ByDefault) => "d",
        None => "",
    };
    Some(
        Canonical::new()
            .text("type", &body.type_name)
            .flag("not_null", body.not_null)
            .text("default", expression)
            .text("generated", generated)
            .text("identity", identity)
            .text("collation", text(body.collation.as_ref()))
            .text("storage", &storage.to_string())
            .text("compression", &compression.map(String::from).unwrap_or_default())
            .text(
                "statistics_target",
                &statistics_target.map(|target| target.to_string()).unwrap_or_default(),
            )
            .list("options", options)
            .list("foreign_options", foreign_options)
            .finish(),
    )
}

fn columns(names: &[String]) -> String {
    names.iter().map(|text| name(text)).collect::<Vec<_>>().join(", ")
}

/// Keys with `INCLUDE`, `NULLS NOT DISTINCT` or `WITHOUT OVERLAPS` say more than the model holds of a constraint.
fn constraint(body: &Constraint) -> Option<String> {
    let mut definition = match &body.kind {
        ConstraintKind::PrimaryKey(names) => format!("PRIMARY KEY ({})", columns(names)),
        ConstraintKind::Unique(names) => format!("UNIQUE ({})", columns(names)),
        ConstraintKind::ForeignKey(key) => {
            let mut definition = format!(
                "FOREIGN KEY ({}) REFERENCES {}({})",
                columns(&key.columns),
                path(&key.references),
                columns(&key.referenced_columns)
            );
            if key.match_full {
                definition += " MATCH FULL";
            }
            for (event, action) in [("UPDATE", &key.on_update), ("DELETE", &key.on_delete)] {
                if action != "NO ACTION" {
                    let _ = write!(definition, " ON {event} {action}");
                }
            }
            definition
        }
        ConstraintKind::Check(expression) => format!("CHECK ({expression})"),
        ConstraintKind::NotNull(column) => format!("NOT NULL {}", name(column)),
        // These hold the definition itself, with all that follows.
        ConstraintKind::Exclusion(definition) => return Some(definition.clone()),
        ConstraintKind::Trigger => return None,
    };
    for (is_so, words) in [
        (body.no_inherit, " NO INHERIT"),
        (body.deferrable, " DEFERRABLE"),
        (body.initially_deferred, " INITIALLY DEFERRED"),
        (!body.enforced, " NOT ENFORCED"),
        (!body.validated && body.enforced, " NOT VALID"),
    ] {
        if is_so {
            definition += words;
        }
    }
    Some(definition)
}

/// Key parts with operator classes, collations or an order say more than the model holds of an index.
fn index(object: &Object, body: &Index) -> Option<String> {
    let extra = body.postgres.as_ref()?;
    let mut definition = format!(
        "CREATE {}INDEX {} ON {} USING {} ({})",
        if body.unique { "UNIQUE " } else { "" },
        name(object.id.name()),
        path(&body.table),
        body.method,
        body.keys.join(", ")
    );
    if !body.included.is_empty() {
        let _ = write!(definition, " INCLUDE ({})", body.included.join(", "));
    }
    if body.nulls_not_distinct {
        definition += " NULLS NOT DISTINCT";
    }
    if !extra.options.is_empty() {
        let options: Vec<String> = extra
            .options
            .iter()
            .map(|option| {
                option
                    .split_once('=')
                    .map_or(option.clone(), |(key, value)| format!("{key}='{value}'"))
            })
            .collect();
        let _ = write!(definition, " WITH ({})", options.join(", "));
    }
    if let Some(predicate) = &body.predicate {
        let _ = write!(definition, " WHERE {predicate}");
    }
    Some(definition)
}

fn policy(body: &Policy) -> String {
    let command = match body.command.as_str() {
        "SELECT" => "r",
        "INSERT" => "a",
        "UPDATE" => "w",
        "DELETE" => "d",
        _ => "*",
    };
    Canonical::new()
        .text("command", command)
        .flag("permissive", body.permissive)
        .list("roles", &body.roles)
        .text("using", text(body.using.as_ref()))
        .text("check", text(body.check.as_ref()))
        .finish()
}

fn collation(body: &Collation) -> String {
    let provider = match body.provider.as_str() {
        "icu" => "i",
        "builtin" => "b",
        _ => "c",
    };
    Canonical::new()
        .text("provider", provider)
        .text("locale", text(body.locale.as_ref()))
        .text("character_type", text(body.character_type.as_ref()))
        .text("rules", text(body.rules.as_ref()))
        .flag("deterministic", body.deterministic)
        .finish()
}

fn event_trigger(body: &EventTrigger) -> String {
    Canonical::new()
        .text("event", &body.event)
        .list("tags", &body.tags)
        .text("function_schema", body.function.schema())
        .text("function", body.function.name().trim_end_matches("()"))
        .text("enabled", &body.enabled.to_string())
        .finish()
}

fn publication(body: &Publication) -> String {
    let option = |name: &str| {
        body.options
            .iter()
            .find_map(|option| option.strip_prefix(name)?.strip_prefix(" = "))
    };
    let operations = option("publish").map_or("insert, update, delete, truncate", |text| text.trim_matches('\''));
    let tables = body.tables.iter().map(|published| {
        let filter = text(published.filter.as_ref());
        format!(
            "{}{PART}{}{PART}{}{PART}{filter}",
            published.table.schema(),
            published.table.name(),
            published.columns.join(", ")
        )
    });
    Canonical::new()
        .flag("all_tables", body.all_tables)
        .list("operations", operations.split(", ").filter(|word| !word.is_empty()))
        .flag("via_root", option("publish_via_partition_root").is_some())
        .text(
            "generated",
            if option("publish_generated_columns").is_some() {
                "s"
            } else {
                "n"
            },
        )
        .list("tables", tables)
        .list("schemas", &body.schemas)
        .finish()
}

fn privileges(privileges: &[Privilege]) -> String {
    let (grantable, plain): (Vec<&Privilege>, Vec<&Privilege>) =
        privileges.iter().partition(|privilege| privilege.grantable);
    Canonical::new()
        .list("privileges", plain.iter().map(|privilege| &privilege.name))
        .list("grantable", grantable.iter().map(|privilege| &privilege.name))
        .finish()
}

fn membership(body: &Membership) -> String {
    let flag = |value: Option<bool>| value.map_or("", |value| if value { "t" } else { "f" });
    Canonical::new()
        .flag("admin", body.admin)
        .text("inherit", flag(body.inherit))
        .text("set", flag(body.set))
        .finish()
}
