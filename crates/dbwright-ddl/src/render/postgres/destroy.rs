//! Objects that are taken away.

use dbwright_catalog::{Object, ObjectBody, ObjectKind, Refusal, Step, TableKind};

use super::code::routine_signature;
use super::{name, path, step};

/// The statement that drops one object and nothing else. Nothing for what goes with another object.
///
/// # Errors
///
/// The reason why there is no such statement.
pub fn destroy(object: &Object) -> Result<Option<Step>, Refusal> {
    let own = || path(&object.id);
    let sql = match &object.body {
        ObjectBody::Schema(_) => format!("DROP SCHEMA {}", name(object.id.name())),
        ObjectBody::Extension(_) => format!("DROP EXTENSION {}", name(object.id.name())),
        ObjectBody::Type(body) => match body.kind {
            dbwright_catalog::TypeKind::Domain { .. } => format!("DROP DOMAIN {}", own()),
            _ => format!("DROP TYPE {}", own()),
        },
        ObjectBody::Sequence(sequence) => {
            if super::context::is_identity(sequence) {
                return Ok(None);
            }
            format!("DROP SEQUENCE {}", own())
        }
        ObjectBody::Table(table) => match table.kind {
            TableKind::Foreign => format!("DROP FOREIGN TABLE {}", own()),
            TableKind::Ordinary | TableKind::Partitioned | TableKind::Virtual => format!("DROP TABLE {}", own()),
        },
        ObjectBody::Column(_) => return Ok(part(object, "COLUMN")),
        ObjectBody::Constraint(_) => return Ok(part(object, "CONSTRAINT")),
        ObjectBody::Index(index) => {
            if index.of_constraint {
                return Ok(None);
            }
            format!("DROP INDEX {}", own())
        }
        ObjectBody::View(view) if view.materialized => format!("DROP MATERIALIZED VIEW {}", own()),
        ObjectBody::View(_) => format!("DROP VIEW {}", own()),
        ObjectBody::Routine(routine) => format!("DROP {}", routine_signature(&object.id, routine)),
        ObjectBody::Trigger(trigger) => {
            if trigger.postgres.as_ref().is_some_and(|extra| extra.inherited) {
                return Ok(None);
            }
            return Ok(on_table(object, "TRIGGER"));
        }
        ObjectBody::Rule(_) => return Ok(on_table(object, "RULE")),
        ObjectBody::Policy(_) => return Ok(on_table(object, "POLICY")),
        ObjectBody::Statistics(_) => format!("DROP STATISTICS {}", own()),
        ObjectBody::Collation(_) => format!("DROP COLLATION {}", own()),
        ObjectBody::EventTrigger(_) => format!("DROP EVENT TRIGGER {}", name(object.id.name())),
        ObjectBody::Publication(_) => format!("DROP PUBLICATION {}", name(object.id.name())),
        ObjectBody::Subscription(_) => format!("DROP SUBSCRIPTION {}", name(object.id.name())),
        ObjectBody::ForeignDataWrapper(_) => format!("DROP FOREIGN DATA WRAPPER {}", name(object.id.name())),
        ObjectBody::ForeignServer(_) => format!("DROP SERVER {}", name(object.id.name())),
        ObjectBody::UserMapping(_) => format!(
            "DROP USER MAPPING FOR {} SERVER {}",
            super::others::role(object.id.name()),
            name(object.id.schema())
        ),
        ObjectBody::Membership(_) => format!(
            "REVOKE {} FROM {}",
            name(object.id.path.first().map_or("", String::as_str)),
            name(object.id.name())
        ),
        ObjectBody::Event(_)
        | ObjectBody::Comment(_)
        | ObjectBody::Owner(_)
        | ObjectBody::Grant(_)
        | ObjectBody::DefaultPrivilege(_)
        | ObjectBody::SecurityLabel(_) => {
            return Err(Refusal {
                object: object.id.clone(),
                reason: format!("Objects of the kind {} can't be dropped yet.", object.id.kind.name()),
            });
        }
    };
    Ok(Some(step(object, sql)))
}

fn part(object: &Object, what: &str) -> Option<Step> {
    let table = object.id.owner_table()?;
    Some(step(
        object,
        format!("ALTER TABLE {} DROP {what} {}", path(&table), name(object.id.name())),
    ))
}

fn on_table(object: &Object, what: &str) -> Option<Step> {
    debug_assert!(object.id.kind != ObjectKind::Table);
    let table = object.id.owner_table()?;
    Some(step(
        object,
        format!("DROP {what} {} ON {}", name(object.id.name()), path(&table)),
    ))
}
