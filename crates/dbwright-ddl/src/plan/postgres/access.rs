//! Grants, default privileges, memberships, replication and foreign data that stay.

use dbwright_catalog::{
    Object, ObjectBody, ObjectId, ObjectKind, Privilege, Publication, PublishedTable, Subscription,
};

use super::builder::{Builder, Pace, Part};
use super::names::{foreign_options, name, quoted, relation_word, role, routine_name};

/// Adds the statements that change such an object where it is. `create` is what would make it.
pub(super) fn alter(builder: &mut Builder<'_>, id: &ObjectId, was: &Object, is: &Object, create: &[String]) {
    match (&was.body, &is.body) {
        (ObjectBody::Grant(old), ObjectBody::Grant(new)) => {
            revoke(builder, id, &old.privileges, &new.privileges, Part::Alter);
            again(builder, id, &without_revoke(builder, id, create));
        }
        (ObjectBody::DefaultPrivilege(old), ObjectBody::DefaultPrivilege(new)) => {
            let _ = (old, new);
            again(builder, id, create);
        }
        (ObjectBody::Membership(_), ObjectBody::Membership(_)) => {
            drop(builder, id, Part::Alter);
            again(builder, id, create);
        }
        // The statements that make these say what shall be, whatever was there.
        (ObjectBody::Comment(_) | ObjectBody::Owner(_) | ObjectBody::SecurityLabel(_), _) => again(builder, id, create),
        (ObjectBody::Publication(old), ObjectBody::Publication(new)) => alter_publication(builder, id, old, new),
        (ObjectBody::Subscription(old), ObjectBody::Subscription(new)) => alter_subscription(builder, id, old, new),
        (ObjectBody::ForeignDataWrapper(old), ObjectBody::ForeignDataWrapper(new)) => {
            let alter = format!("ALTER FOREIGN DATA WRAPPER {}", quoted(id.name()));
            let mut words = Vec::new();
            if old.handler != new.handler {
                words.push(
                    new.handler
                        .as_ref()
                        .map_or("NO HANDLER".to_owned(), |name| format!("HANDLER {name}")),
                );
            }
            if old.validator != new.validator {
                words.push(
                    new.validator
                        .as_ref()
                        .map_or("NO VALIDATOR".to_owned(), |name| format!("VALIDATOR {name}")),
                );
            }
            words.extend(foreign_options(&old.options, &new.options));
            if !words.is_empty() {
                builder.add(id, Part::Alter, Pace::Quick, format!("{alter} {}", words.join(" ")));
            }
        }
        (ObjectBody::ForeignServer(old), ObjectBody::ForeignServer(new)) => {
            let mut words = Vec::new();
            if let Some(version) = new.version.as_ref().filter(|_| old.version != new.version) {
                words.push(format!(
                    "VERSION {}",
                    crate::quote_literal(dbwright_catalog::Engine::Postgres, version)
                ));
            }
            words.extend(foreign_options(&old.options, &new.options));
            if !words.is_empty() {
                builder.add(
                    id,
                    Part::Alter,
                    Pace::Quick,
                    format!("ALTER SERVER {} {}", quoted(id.name()), words.join(" ")),
                );
            }
        }
        (ObjectBody::UserMapping(old), ObjectBody::UserMapping(new)) => {
            if let Some(options) = foreign_options(&old.options, &new.options) {
                let sql = format!(
                    "ALTER USER MAPPING FOR {} SERVER {} {options}",
                    role(id.name()),
                    quoted(id.schema())
                );
                builder.add(id, Part::Alter, Pace::Quick, sql);
            }
        }
        _ => {}
    }
}

fn again(builder: &mut Builder<'_>, id: &ObjectId, create: &[String]) {
    for sql in create {
        builder.add(id, Part::Alter, Pace::Quick, sql);
    }
}

/// Takes back what is said of an object that stays: its comment, its grants.
pub(super) fn drop(builder: &mut Builder<'_>, id: &ObjectId, part: Part) {
    let body = builder.before.get(id).map(|object| object.body.clone());
    match body {
        Some(ObjectBody::Comment(_)) => {
            if let Some(target) = target(builder, id) {
                builder.add(id, part, Pace::Quick, format!("COMMENT ON {target} IS NULL"));
            }
        }
        Some(ObjectBody::Grant(grant)) => usual_again(builder, id, &grant.privileges, part),
        Some(ObjectBody::DefaultPrivilege(grant)) => revoke_default(builder, id, &grant.privileges, part),
        Some(ObjectBody::Membership(_)) => {
            let sql = format!("REVOKE {} FROM {}", quoted(id.schema()), quoted(id.name()));
            builder.add(id, part, Pace::Quick, sql);
        }
        Some(ObjectBody::SecurityLabel(_)) => {
            if let Some(target) = target(builder, id) {
                let sql = format!("SECURITY LABEL FOR {} ON {target} IS NULL", quoted(id.name()));
                builder.add(id, part, Pace::Quick, sql);
            }
        }
        _ => {}
    }
}

/// What a satellite is on, with its kind, as `COMMENT ON` and `GRANT … ON` name it.
fn target(builder: &Builder<'_>, id: &ObjectId) -> Option<String> {
    let target = id.target()?;
    let relation = |target: &ObjectId| {
        let view = ObjectId::new(ObjectKind::View, target.path.iter().cloned());
        let found = if builder.before.has(target) {
            target.clone()
        } else {
            view
        };
        relation_word(builder.before, &found)
    };
    Some(match target.kind {
        ObjectKind::Table | ObjectKind::View => format!("{} {}", relation(&target), name(&target)),
        ObjectKind::Column => format!("COLUMN {}", name(&target)),
        ObjectKind::Constraint | ObjectKind::Trigger | ObjectKind::Rule | ObjectKind::Policy => format!(
            "{} {} ON {}",
            target.kind.name().to_uppercase(),
            quoted(target.name()),
            super::names::table_name(&target)
        ),
        _ => super::names::drop_statement(builder.before, &target)?
            .strip_prefix("DROP ")?
            .to_owned(),
    })
}

/// What a grant is on, as it stands after `ON`, and the column that it is limited to.
fn grant_target(id: &ObjectId) -> Option<(String, String)> {
    let object = id.target()?;
    Some(match object.kind {
        ObjectKind::Column => {
            let table = object.owner_table().unwrap_or_else(|| object.clone());
            (
                format!("TABLE {}", name(&table)),
                format!(" ({})", quoted(object.name())),
            )
        }
        ObjectKind::Table | ObjectKind::View => (format!("TABLE {}", name(&object)), String::new()),
        ObjectKind::Routine => (format!("ROUTINE {}", routine_name(&object)), String::new()),
        ObjectKind::ForeignServer => (format!("FOREIGN SERVER {}", quoted(object.name())), String::new()),
        ObjectKind::Type | ObjectKind::Sequence | ObjectKind::Schema | ObjectKind::ForeignDataWrapper => (
            format!("{} {}", object.kind.name().to_uppercase(), name(&object)),
            String::new(),
        ),
        _ => return None,
    })
}

fn revoke(builder: &mut Builder<'_>, id: &ObjectId, was: &[Privilege], is: &[Privilege], part: Part) {
    let Some((on, columns)) = grant_target(id) else { return };
    let grantee = role(id.name());
    let gone: Vec<String> = was
        .iter()
        .filter(|privilege| !is.iter().any(|other| other.name == privilege.name))
        .map(|privilege| format!("{}{columns}", privilege.name))
        .collect();
    if !gone.is_empty() {
        builder.add(
            id,
            part,
            Pace::Quick,
            format!("REVOKE {} ON {on} FROM {grantee}", gone.join(", ")),
        );
    }
    let no_option: Vec<String> = was
        .iter()
        .filter(|privilege| {
            privilege.grantable && is.iter().any(|other| other.name == privilege.name && !other.grantable)
        })
        .map(|privilege| format!("{}{columns}", privilege.name))
        .collect();
    if !no_option.is_empty() {
        let sql = format!(
            "REVOKE GRANT OPTION FOR {} ON {on} FROM {grantee}",
            no_option.join(", ")
        );
        builder.add(id, part, Pace::Quick, sql);
    }
}

/// Takes default privileges back.
fn revoke_default(builder: &mut Builder<'_>, id: &ObjectId, was: &[Privilege], part: Part) {
    let [owner, schema, kind, grantee] = id.path.as_slice() else {
        return;
    };
    let within = if schema.is_empty() {
        String::new()
    } else {
        format!(" IN SCHEMA {}", quoted(schema))
    };
    let head = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}{within}", quoted(owner));
    let kind = kind.to_uppercase();
    // What its owner has, and what everybody may do with functions and types, are there by themselves.
    let by_itself = schema.is_empty()
        && (owner == grantee || grantee == "public" && matches!(kind.as_str(), "FUNCTIONS" | "ROUTINES" | "TYPES"));
    let sql = if by_itself {
        format!("{head} GRANT ALL ON {kind} TO {}", role(grantee))
    } else if was.is_empty() {
        return;
    } else {
        format!("{head} REVOKE ALL ON {kind} FROM {}", role(grantee))
    };
    builder.add(id, part, Pace::Quick, sql);
}

/// What is new gets the default privileges of whoever makes it: those that the goal does not have are taken back.
/// <https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html>
pub(super) fn without_default_grants(builder: &mut Builder<'_>) {
    let mut defaults: Vec<(ObjectId, bool)> = Vec::new();
    for side in [builder.before, builder.after] {
        for object in side.catalog.objects.values() {
            if let ObjectBody::DefaultPrivilege(default) = &object.body {
                let entry = (object.id.clone(), default.privileges.is_empty());
                if !defaults.contains(&entry) {
                    defaults.push(entry);
                }
            }
        }
    }
    if defaults.is_empty() {
        return;
    }
    let new: Vec<ObjectId> = builder
        .after
        .catalog
        .objects
        .keys()
        .filter(|id| builder.fates.comes(id) && builder.has_steps(id))
        .cloned()
        .collect();
    for id in new {
        let mut done: Vec<&str> = Vec::new();
        for (default, takes_away) in &defaults {
            let [role_of, schema, kind, grantee] = default.path.as_slice() else {
                continue;
            };
            let meant = match id.kind {
                ObjectKind::Table | ObjectKind::View => kind.eq_ignore_ascii_case("tables"),
                ObjectKind::Sequence => kind.eq_ignore_ascii_case("sequences"),
                ObjectKind::Routine => kind.eq_ignore_ascii_case("functions") || kind.eq_ignore_ascii_case("routines"),
                ObjectKind::Type => kind.eq_ignore_ascii_case("types"),
                ObjectKind::Schema => kind.eq_ignore_ascii_case("schemas"),
                _ => false,
            };
            let grant = id.satellite_of(ObjectKind::Grant, grantee.as_str());
            let is_here = schema.is_empty() || schema == id.schema();
            if !meant || !is_here || builder.after.has(&grant) || done.contains(&grantee.as_str()) {
                continue;
            }
            done.push(grantee);
            let Some((on, _)) = grant_target(&grant) else { continue };
            let usual =
                role_of == grantee || grantee == "public" && matches!(id.kind, ObjectKind::Routine | ObjectKind::Type);
            let sql = match (usual, takes_away) {
                (true, true) => format!("GRANT ALL ON {on} TO {}", role(grantee)),
                (true, false) => continue,
                (false, _) => format!("REVOKE ALL ON {on} FROM {}", role(grantee)),
            };
            let note = format!("The default privileges of {role_of} would say otherwise.");
            builder.add_with(&id, Part::Aside, Pace::Quick, sql, &[&note]);
        }
    }
}

/// Gives a grantee what he has where nothing is said: the owner everything, everybody the use of functions and types.
fn usual_again(builder: &mut Builder<'_>, id: &ObjectId, was: &[Privilege], part: Part) {
    let Some((on, _)) = grant_target(id) else { return };
    let Some(target) = id.target() else { return };
    let by_itself =
        is_owner(builder, id) || id.name() == "public" && matches!(target.kind, ObjectKind::Routine | ObjectKind::Type);
    if by_itself && target.kind != ObjectKind::Column {
        builder.add(
            id,
            part,
            Pace::Quick,
            format!("GRANT ALL ON {on} TO {}", role(id.name())),
        );
    } else {
        revoke(builder, id, was, &[], part);
    }
}

/// Whether a grant is to the owner of the object.
fn is_owner(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let owner = id.target().map(|target| target.satellite(ObjectKind::Owner));
    let owner = owner.and_then(|owner| builder.after.get(&owner).or_else(|| builder.before.get(&owner)));
    matches!(owner.map(|object| &object.body), Some(ObjectBody::Owner(owner)) if owner.role == id.name())
}

/// Statements that give a grantee privileges on an object that stays. What he has on columns would go with what he has on
/// the table, so that is taken from him by name only.
pub(super) fn without_revoke(builder: &Builder<'_>, id: &ObjectId, create: &[String]) -> Vec<String> {
    let grants = create.iter().filter(|sql| !sql.starts_with("REVOKE ALL"));
    if is_owner(builder, id) || grants.clone().count() == 0 {
        return create.to_vec();
    }
    grants.cloned().collect()
}

fn published(table: &PublishedTable) -> String {
    let mut text = name(&table.table);
    if !table.columns.is_empty() {
        let columns: Vec<String> = table.columns.iter().map(|column| quoted(column)).collect();
        text = format!("{text} ({})", columns.join(", "));
    }
    if let Some(filter) = &table.filter {
        text = format!("{text} WHERE ({filter})");
    }
    text
}

fn alter_publication(builder: &mut Builder<'_>, id: &ObjectId, old: &Publication, new: &Publication) {
    let alter = format!("ALTER PUBLICATION {}", quoted(id.name()));
    if old.tables != new.tables || old.schemas != new.schemas {
        if new.tables.is_empty() && new.schemas.is_empty() {
            let mut parts: Vec<String> = Vec::new();
            if !old.tables.is_empty() {
                let tables: Vec<String> = old.tables.iter().map(|table| name(&table.table)).collect();
                parts.push(format!("TABLE {}", tables.join(", ")));
            }
            if !old.schemas.is_empty() {
                let schemas: Vec<String> = old.schemas.iter().map(|schema| quoted(schema)).collect();
                parts.push(format!("TABLES IN SCHEMA {}", schemas.join(", ")));
            }
            builder.add(
                id,
                Part::Alter,
                Pace::Quick,
                format!("{alter} DROP {}", parts.join(", ")),
            );
        } else {
            let mut parts: Vec<String> = Vec::new();
            if !new.tables.is_empty() {
                let tables: Vec<String> = new.tables.iter().map(published).collect();
                parts.push(format!("TABLE {}", tables.join(", ")));
            }
            if !new.schemas.is_empty() {
                let schemas: Vec<String> = new.schemas.iter().map(|schema| quoted(schema)).collect();
                parts.push(format!("TABLES IN SCHEMA {}", schemas.join(", ")));
            }
            builder.add(
                id,
                Part::Alter,
                Pace::Quick,
                format!("{alter} SET {}", parts.join(", ")),
            );
        }
    }
    let changed: Vec<String> = new
        .options
        .iter()
        .filter(|option| !old.options.contains(option))
        .cloned()
        .collect();
    if !changed.is_empty() {
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!("{alter} SET ({})", changed.join(", ")),
        );
    }
    let key = |option: &String| option.split('=').next().unwrap_or_default().trim().to_owned();
    let kept: Vec<String> = new.options.iter().map(key).collect();
    for option in old.options.iter().map(key).filter(|option| !kept.contains(option)) {
        let usual = match option.as_str() {
            "publish" => "'insert, update, delete, truncate'",
            "publish_via_partition_root" => "false",
            "publish_generated_columns" => "none",
            _ => continue,
        };
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!("{alter} SET ({option} = {usual})"),
        );
    }
}

fn alter_subscription(builder: &mut Builder<'_>, id: &ObjectId, old: &Subscription, new: &Subscription) {
    let alter = format!("ALTER SUBSCRIPTION {}", quoted(id.name()));
    if old.publications != new.publications {
        let names: Vec<String> = new.publications.iter().map(|name| quoted(name)).collect();
        let sql = format!("{alter} SET PUBLICATION {} WITH (refresh = false)", names.join(", "));
        builder.add(id, Part::Alter, Pace::Quick, sql);
    }
    let changed: Vec<String> = new
        .options
        .iter()
        .filter(|option| !old.options.contains(option))
        .cloned()
        .collect();
    if !changed.is_empty() {
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!("{alter} SET ({})", changed.join(", ")),
        );
    }
    if old.enabled != new.enabled {
        let word = if new.enabled { "ENABLE" } else { "DISABLE" };
        builder.add(id, Part::Alter, Pace::Quick, format!("{alter} {word}"));
    }
}
