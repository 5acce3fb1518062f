//! Routines and triggers.

use dbwright_catalog::{Object, ObjectId, PostgresRoutine, Routine, RoutineKind, Step, Trigger};

use super::{name, path, step, without_semicolon};

pub(super) fn routine(object: &Object, routine: &Routine) -> Vec<Step> {
    let mut steps = vec![step(object, without_semicolon(&object.definition).to_owned())];
    for extension in routine.postgres.iter().flat_map(|extra| &extra.extensions) {
        steps.push(step(
            object,
            format!(
                "ALTER {} DEPENDS ON EXTENSION {}",
                routine_signature(&object.id, routine),
                name(extension)
            ),
        ));
    }
    steps
}

/// `FUNCTION app.f(a integer)`: what stands after `ALTER`, `DROP`, `COMMENT ON`.
pub(crate) fn routine_signature(id: &ObjectId, routine: &Routine) -> String {
    let word = match routine.kind {
        RoutineKind::Function | RoutineKind::Window => "FUNCTION",
        RoutineKind::Procedure => "PROCEDURE",
        RoutineKind::Aggregate => "AGGREGATE",
    };
    let none = PostgresRoutine::default();
    let extra = routine.postgres.as_ref().unwrap_or(&none);
    let suffix = format!("({})", extra.arguments);
    let own = id.name().strip_suffix(&suffix).unwrap_or(id.name());
    let arguments = match extra.arguments.as_str() {
        "" if routine.kind == RoutineKind::Aggregate => "*",
        arguments => arguments,
    };
    format!("{word} {}.{}({arguments})", name(id.schema()), name(own))
}

pub(super) fn trigger(object: &Object, trigger: &Trigger) -> Vec<Step> {
    let Some(table) = object.id.owner_table() else {
        return Vec::new();
    };
    let (fires, parent_fires) = trigger
        .postgres
        .as_ref()
        .map_or(('O', None), |extra| (extra.fires, extra.parent_fires));
    let mut steps = Vec::new();
    if parent_fires.is_none() {
        steps.push(step(object, object.definition.clone()));
    }
    if fires != parent_fires.unwrap_or('O') {
        steps.push(step(
            object,
            format!(
                "ALTER TABLE {} {}",
                path(&table),
                firing(fires, "TRIGGER", object.id.name())
            ),
        ));
    }
    for extension in trigger.postgres.iter().flat_map(|extra| &extra.extensions) {
        steps.push(step(
            object,
            format!(
                "ALTER TRIGGER {} ON {} DEPENDS ON EXTENSION {}",
                name(object.id.name()),
                path(&table),
                name(extension)
            ),
        ));
    }
    steps
}

/// `DISABLE TRIGGER t`, `ENABLE ALWAYS RULE r`.
pub(crate) fn firing(fires: char, what: &str, own: &str) -> String {
    let verb = match fires {
        'D' => "DISABLE",
        'R' => "ENABLE REPLICA",
        'A' => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    format!("{verb} {what} {}", name(own))
}
