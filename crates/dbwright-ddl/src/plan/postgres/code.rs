//! Views, routines, triggers, rules, policies and statistics that stay.

use dbwright_catalog::{EventTrigger, Object, ObjectBody, ObjectId, Policy, RoutineKind, View};

use super::builder::{Builder, Pace, Part};
use super::names::{alter_relation, name, parameter_changes, quoted, role, routine_name, table_name};
use super::side::Side;

/// Adds the statements that change such an object where it is. `create` is what would make it.
pub(super) fn alter(builder: &mut Builder<'_>, id: &ObjectId, was: &Object, is: &Object, create: &[String]) {
    match (&was.body, &is.body) {
        (ObjectBody::View(old), ObjectBody::View(new)) => alter_view(builder, id, old, new, create),
        (ObjectBody::Routine(old), ObjectBody::Routine(new)) => {
            if was.definition != is.definition {
                builder.add(id, Part::Alter, Pace::Quick, is.definition.trim_end());
            }
            let extensions = |routine: &dbwright_catalog::Routine| {
                routine
                    .postgres
                    .as_ref()
                    .map(|extra| extra.extensions.clone())
                    .unwrap_or_default()
            };
            let word = match new.kind {
                RoutineKind::Procedure => "PROCEDURE",
                RoutineKind::Aggregate | RoutineKind::Function | RoutineKind::Window => "FUNCTION",
            };
            let alter = format!("ALTER {word} {}", routine_name(id));
            depends(builder, id, &alter, &extensions(old), &extensions(new));
        }
        (ObjectBody::Trigger(old), ObjectBody::Trigger(new)) => {
            let inherited = |side: &Side<'_>| side.inherited_from(id).is_some();
            if was.definition != is.definition && !inherited(builder.after) {
                let sql = is.definition.replacen("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1);
                builder.add(id, Part::Alter, Pace::Quick, sql);
            }
            let fires =
                |trigger: &dbwright_catalog::Trigger| trigger.postgres.as_ref().map_or('O', |extra| extra.fires);
            if fires(old) != fires(new) {
                let sql = format!(
                    "ALTER TABLE {} {} TRIGGER {}",
                    table_name(id),
                    enable(fires(new)),
                    quoted(id.name())
                );
                builder.add(id, Part::Finish, Pace::Quick, sql);
            }
            let extensions = |trigger: &dbwright_catalog::Trigger| {
                trigger
                    .postgres
                    .as_ref()
                    .map(|extra| extra.extensions.clone())
                    .unwrap_or_default()
            };
            let alter = format!("ALTER TRIGGER {} ON {}", quoted(id.name()), table_name(id));
            depends(builder, id, &alter, &extensions(old), &extensions(new));
        }
        (ObjectBody::Rule(old), ObjectBody::Rule(new)) => {
            if was.definition != is.definition {
                let sql = is.definition.replacen("CREATE RULE", "CREATE OR REPLACE RULE", 1);
                builder.add(id, Part::Alter, Pace::Quick, sql.trim_end_matches(';'));
            }
            if old.enabled != new.enabled {
                let sql = format!(
                    "ALTER TABLE {} {} RULE {}",
                    table_name(id),
                    enable(new.enabled),
                    quoted(id.name())
                );
                builder.add(id, Part::Finish, Pace::Quick, sql);
            }
        }
        (ObjectBody::Policy(old), ObjectBody::Policy(new)) => alter_policy(builder, id, old, new),
        (ObjectBody::Statistics(old), ObjectBody::Statistics(new)) if old.target != new.target => {
            let sql = format!(
                "ALTER STATISTICS {} SET STATISTICS {}",
                name(id),
                new.target.unwrap_or(-1)
            );
            builder.add(id, Part::Finish, Pace::Quick, sql);
        }
        (ObjectBody::EventTrigger(old), ObjectBody::EventTrigger(new)) => alter_event_trigger(builder, id, old, new),
        _ => {}
    }
}

fn enable(letter: char) -> &'static str {
    match letter {
        'D' => "DISABLE",
        'R' => "ENABLE REPLICA",
        'A' => "ENABLE ALWAYS",
        _ => "ENABLE",
    }
}

fn alter_event_trigger(builder: &mut Builder<'_>, id: &ObjectId, old: &EventTrigger, new: &EventTrigger) {
    if old.enabled != new.enabled {
        let sql = format!("ALTER EVENT TRIGGER {} {}", quoted(id.name()), enable(new.enabled));
        builder.add(id, Part::Finish, Pace::Quick, sql);
    }
}

fn depends(builder: &mut Builder<'_>, id: &ObjectId, alter: &str, old: &[String], new: &[String]) {
    for extension in new.iter().filter(|extension| !old.contains(extension)) {
        builder.add(
            id,
            Part::Finish,
            Pace::Quick,
            format!("{alter} DEPENDS ON EXTENSION {}", quoted(extension)),
        );
    }
    for extension in old.iter().filter(|extension| !new.contains(extension)) {
        builder.add(
            id,
            Part::Finish,
            Pace::Quick,
            format!("{alter} NO DEPENDS ON EXTENSION {}", quoted(extension)),
        );
    }
}

fn alter_view(builder: &mut Builder<'_>, id: &ObjectId, old: &View, new: &View, create: &[String]) {
    let (Some(was), Some(is)) = (&old.postgres, &new.postgres) else {
        return;
    };
    let alter = alter_relation(builder.after, id);
    let mut options_done = false;
    if old.query != new.query
        && let Some(first) = create.first()
    {
        // Options that are not named are reset by it, so it sets all of them.
        let sql = first.replacen("CREATE VIEW", "CREATE OR REPLACE VIEW", 1);
        builder.add(id, Part::Alter, Pace::Quick, sql);
        options_done = true;
    }
    let mut changes = Vec::new();
    if !options_done {
        changes.extend(parameter_changes(&was.options, &is.options, ""));
    }
    if was.access_method != is.access_method
        && let Some(method) = &is.access_method
    {
        changes.push(format!("SET ACCESS METHOD {}", quoted(method)));
    }
    if was.tablespace != is.tablespace {
        let tablespace = is.tablespace.clone().unwrap_or_else(|| "pg_default".to_owned());
        changes.push(format!("SET TABLESPACE {}", quoted(&tablespace)));
    }
    for column in &is.columns {
        let old = was.columns.iter().find(|other| other.name == column.name);
        if old.and_then(|old| old.default.as_ref()) != column.default.as_ref() {
            let change = column
                .default
                .as_ref()
                .map_or("DROP DEFAULT".to_owned(), |default| format!("SET DEFAULT {default}"));
            changes.push(format!("ALTER COLUMN {} {change}", quoted(&column.name)));
        }
        let target = |column: &dbwright_catalog::ViewColumn| column.extra.statistics_target;
        if old.and_then(target) != target(column) && new.materialized {
            changes.push(format!(
                "ALTER COLUMN {} SET STATISTICS {}",
                quoted(&column.name),
                target(column).unwrap_or(-1)
            ));
        }
    }
    for change in changes {
        builder.add(id, Part::Alter, Pace::Quick, format!("{alter} {change}"));
    }
    if new.materialized {
        depends(builder, id, &alter, &was.extensions, &is.extensions);
    }
}

fn alter_policy(builder: &mut Builder<'_>, id: &ObjectId, old: &Policy, new: &Policy) {
    let mut text = format!("ALTER POLICY {} ON {}", quoted(id.name()), table_name(id));
    if old.roles != new.roles {
        let roles: Vec<String> = new.roles.iter().map(|name| role(name)).collect();
        text = format!("{text} TO {}", roles.join(", "));
    }
    if let Some(using) = new.using.as_ref().filter(|_| old.using != new.using) {
        text = format!("{text} USING ({using})");
    }
    if let Some(check) = new.check.as_ref().filter(|_| old.check != new.check) {
        text = format!("{text} WITH CHECK ({check})");
    }
    builder.add(id, Part::Alter, Pace::Quick, text);
}
