//! What is said of objects: comments, owners, privileges, labels; and what is said of roles.

use dbwright_catalog::{
    Comment, DefaultPrivilege, Grant, Membership, Object, ObjectBody, ObjectId, ObjectKind, Owner, Privilege, Refusal,
    SecurityLabel, Step, TableKind, TypeKind,
};

use super::code::routine_signature;
use super::others::role;
use super::{Context, literal, name, path, step};

pub(super) fn comment(context: &Context<'_>, object: &Object, comment: &Comment) -> Result<Vec<Step>, Refusal> {
    let sql = format!("COMMENT ON {} IS {}", target(context, object)?, literal(&comment.text));
    Ok(vec![step(object, sql)])
}

pub(super) fn label(context: &Context<'_>, object: &Object, label: &SecurityLabel) -> Result<Vec<Step>, Refusal> {
    let sql = format!(
        "SECURITY LABEL FOR {} ON {} IS {}",
        name(object.id.name()),
        target(context, object)?,
        literal(&label.text)
    );
    Ok(vec![step(object, sql)])
}

pub(super) fn owner(context: &Context<'_>, object: &Object, owner: &Owner) -> Result<Vec<Step>, Refusal> {
    let sql = format!("ALTER {} OWNER TO {}", target(context, object)?, name(&owner.role));
    Ok(vec![step(object, sql)])
}

/// Gives a grantee these privileges and no others. Those on columns have to come after those on their table, because taking
/// away from a table takes away from its columns.
pub(super) fn grant(context: &Context<'_>, object: &Object, grant: &Grant) -> Result<Vec<Step>, Refusal> {
    let Some(on) = object.id.target() else {
        return Err(unknown_target(object));
    };
    let grantee = role(object.id.name());
    let (what, columns) = match on.kind {
        ObjectKind::Column => {
            let relation = &on.path[..on.path.len().saturating_sub(1)];
            (
                format!("TABLE {}", path(&ObjectId::new(ObjectKind::Table, relation))),
                format!(" ({})", name(on.name())),
            )
        }
        // Privileges know no other kinds of relations and types.
        ObjectKind::Table | ObjectKind::View => (format!("TABLE {}", path(&on)), String::new()),
        ObjectKind::Type => (format!("TYPE {}", path(&on)), String::new()),
        ObjectKind::ForeignServer => (format!("FOREIGN SERVER {}", name(on.name())), String::new()),
        ObjectKind::Routine => {
            let words = target(context, object)?;
            // GRANT has no word for aggregates.
            let words = words
                .strip_prefix("AGGREGATE")
                .map_or(words.clone(), |rest| format!("FUNCTION{rest}"));
            (words.replace("(*)", "()"), String::new())
        }
        _ => (target(context, object)?, String::new()),
    };
    let mut steps = vec![step(object, format!("REVOKE ALL{columns} ON {what} FROM {grantee}"))];
    for (grantable, suffix) in [(false, ""), (true, " WITH GRANT OPTION")] {
        let privileges: Vec<String> = of_kind(&grant.privileges, grantable)
            .map(|privilege| format!("{}{columns}", privilege.name))
            .collect();
        if !privileges.is_empty() {
            let sql = format!("GRANT {} ON {what} TO {grantee}{suffix}", privileges.join(", "));
            steps.push(step(object, sql));
        }
    }
    Ok(steps)
}

pub(super) fn default_privilege(object: &Object, default: &DefaultPrivilege) -> Result<Vec<Step>, Refusal> {
    let [owner, schema, kind, grantee] = object.id.path.as_slice() else {
        return Err(unknown_target(object));
    };
    let place = if schema.is_empty() {
        String::new()
    } else {
        format!(" IN SCHEMA {}", name(schema))
    };
    let kind = kind.to_uppercase();
    let grantee = role(grantee);
    let head = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}{place}", name(owner));
    let mut steps = vec![step(object, format!("{head} REVOKE ALL ON {kind} FROM {grantee}"))];
    for (grantable, suffix) in [(false, ""), (true, " WITH GRANT OPTION")] {
        let privileges: Vec<&str> = of_kind(&default.privileges, grantable)
            .map(|privilege| privilege.name.as_str())
            .collect();
        if !privileges.is_empty() {
            let sql = format!("{head} GRANT {} ON {kind} TO {grantee}{suffix}", privileges.join(", "));
            steps.push(step(object, sql));
        }
    }
    Ok(steps)
}

fn of_kind(privileges: &[Privilege], grantable: bool) -> impl Iterator<Item = &Privilege> {
    privileges
        .iter()
        .filter(move |privilege| privilege.grantable == grantable)
}

pub(super) fn membership(object: &Object, membership: &Membership) -> Vec<Step> {
    let mut options = Vec::new();
    let mut option = |word: &str, value: Option<bool>| {
        if let Some(value) = value {
            options.push(format!("{word} {}", if value { "TRUE" } else { "FALSE" }));
        }
    };
    option("INHERIT", membership.inherit);
    option("SET", membership.set);
    // Before 16 there is only one option, which can be given but not denied.
    if membership.inherit.is_some() || membership.set.is_some() {
        option("ADMIN", Some(membership.admin));
    } else if membership.admin {
        options.push("ADMIN OPTION".to_owned());
    }
    let with = if options.is_empty() {
        String::new()
    } else {
        format!(" WITH {}", options.join(", "))
    };
    let group = object.id.path.first().map_or("", String::as_str);
    vec![step(
        object,
        format!("GRANT {} TO {}{with}", name(group), name(object.id.name())),
    )]
}

/// The object that something is said of, as it stands after `COMMENT ON` and, for those that have owners, `ALTER`.
fn target(context: &Context<'_>, object: &Object) -> Result<String, Refusal> {
    object
        .id
        .target()
        .and_then(|id| words(context, &id))
        .ok_or_else(|| unknown_target(object))
}

fn unknown_target(object: &Object) -> Refusal {
    Refusal {
        object: object.id.clone(),
        reason: "What it is said of is not known.".to_owned(),
    }
}

/// An object with the word for its kind: `TABLE app.t`, `CONSTRAINT c ON app.t`.
fn words(context: &Context<'_>, id: &ObjectId) -> Option<String> {
    let own = name(id.name());
    let body = context.catalog.get(id).map(|object| &object.body);
    let table = || id.owner_table().map(|table| path(&table));
    Some(match id.kind {
        ObjectKind::Schema => format!("SCHEMA {own}"),
        ObjectKind::Extension => format!("EXTENSION {own}"),
        ObjectKind::Type => match body? {
            ObjectBody::Type(body) if matches!(body.kind, TypeKind::Domain { .. }) => format!("DOMAIN {}", path(id)),
            _ => format!("TYPE {}", path(id)),
        },
        ObjectKind::Sequence => format!("SEQUENCE {}", path(id)),
        ObjectKind::Table => match body? {
            ObjectBody::Table(table) if table.kind == TableKind::Foreign => format!("FOREIGN TABLE {}", path(id)),
            _ => format!("TABLE {}", path(id)),
        },
        ObjectKind::View => match body? {
            ObjectBody::View(view) if view.materialized => format!("MATERIALIZED VIEW {}", path(id)),
            _ => format!("VIEW {}", path(id)),
        },
        ObjectKind::Column => format!("COLUMN {}", path(id)),
        ObjectKind::Constraint if body.is_none() => format!("CONSTRAINT {own} ON DOMAIN {}", table()?),
        ObjectKind::Constraint => format!("CONSTRAINT {own} ON {}", table()?),
        ObjectKind::Index => format!("INDEX {}", path(id)),
        ObjectKind::Routine => match body? {
            ObjectBody::Routine(routine) => routine_signature(id, routine),
            _ => return None,
        },
        ObjectKind::Trigger => format!("TRIGGER {own} ON {}", table()?),
        ObjectKind::Rule => format!("RULE {own} ON {}", table()?),
        ObjectKind::Policy => format!("POLICY {own} ON {}", table()?),
        ObjectKind::Statistics => format!("STATISTICS {}", path(id)),
        ObjectKind::Collation => format!("COLLATION {}", path(id)),
        ObjectKind::EventTrigger => format!("EVENT TRIGGER {own}"),
        ObjectKind::Publication => format!("PUBLICATION {own}"),
        ObjectKind::Subscription => format!("SUBSCRIPTION {own}"),
        ObjectKind::ForeignDataWrapper => format!("FOREIGN DATA WRAPPER {own}"),
        ObjectKind::ForeignServer => format!("SERVER {own}"),
        ObjectKind::UserMapping
        | ObjectKind::Event
        | ObjectKind::Comment
        | ObjectKind::Owner
        | ObjectKind::Grant
        | ObjectKind::DefaultPrivilege
        | ObjectKind::Membership
        | ObjectKind::SecurityLabel => return None,
    })
}
