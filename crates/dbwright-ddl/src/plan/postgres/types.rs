//! Types, sequences, extensions and collations.

use dbwright_catalog::{Attribute, DomainCheck, Engine, Extension, ObjectBody, ObjectId, Sequence, Type, TypeKind};

use super::builder::{ADD_LABELS, Builder, CHECK_ROWS, Pace, Part, READ_ROWS, UPDATE_EXTENSION};
use super::fate::Fate;
use super::names::{name, quoted, temporary};
use super::side::is_identity;
use crate::quote_literal;

fn literal(text: &str) -> String {
    quote_literal(Engine::Postgres, text)
}

/// Adds the statements that change a type where it is.
pub(super) fn alter_type(builder: &mut Builder<'_>, id: &ObjectId, was: &Type, is: &Type) {
    match (&was.kind, &is.kind) {
        (TypeKind::Enum(old), TypeKind::Enum(new)) => add_labels(builder, id, old, new),
        (TypeKind::Composite(old), TypeKind::Composite(new)) => alter_composite(builder, id, old, new),
        (TypeKind::Domain { .. }, TypeKind::Domain { .. }) => alter_domain(builder, id, &was.kind, &is.kind),
        _ => {}
    }
}

/// A label can't be used before it is committed.
/// <https://www.postgresql.org/docs/current/sql-altertype.html#id-1.9.3.42.7>
fn add_labels(builder: &mut Builder<'_>, id: &ObjectId, old: &[String], new: &[String]) {
    for (place, label) in new.iter().enumerate().filter(|(_, label)| !old.contains(label)) {
        // Labels are added in their order, so the one before is there, unless this one is the first.
        let neighbour = match place.checked_sub(1).and_then(|before| new.get(before)) {
            Some(before) if new[place..].iter().any(|label| old.contains(label)) => {
                format!(" AFTER {}", literal(before))
            }
            Some(_) => String::new(),
            None => old
                .first()
                .map_or(String::new(), |first| format!(" BEFORE {}", literal(first))),
        };
        builder.add(
            id,
            Part::Finish,
            Pace::Alone(ADD_LABELS),
            format!("ALTER TYPE {} ADD VALUE {}{neighbour}", name(id), literal(label)),
        );
    }
}

fn alter_composite(builder: &mut Builder<'_>, id: &ObjectId, old: &[Attribute], new: &[Attribute]) {
    let alter = format!("ALTER TYPE {}", name(id));
    lose_attributes(builder, id, old, new);
    for attribute in old {
        if !new.iter().any(|other| other.name == attribute.name) {
            builder.add(
                id,
                Part::Alter,
                Pace::Quick,
                format!("{alter} DROP ATTRIBUTE {}", quoted(&attribute.name)),
            );
        }
    }
    for attribute in new {
        let collation = attribute
            .collation
            .as_ref()
            .map_or(String::new(), |collation| format!(" COLLATE {collation}"));
        let words = match old.iter().find(|other| other.name == attribute.name) {
            None => "ADD ATTRIBUTE",
            Some(other) if other == attribute => continue,
            Some(_) => "ALTER ATTRIBUTE",
        };
        let type_word = if words == "ALTER ATTRIBUTE" { " TYPE" } else { "" };
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!(
                "{alter} {words} {}{type_word} {}{collation}",
                quoted(&attribute.name),
                attribute.type_name
            ),
        );
    }
}

fn alter_domain(builder: &mut Builder<'_>, id: &ObjectId, was: &TypeKind, is: &TypeKind) {
    let (
        TypeKind::Domain {
            not_null: was_not_null,
            default: old_default,
            checks: old_checks,
            not_null_name: old_name,
            ..
        },
        TypeKind::Domain {
            not_null,
            default,
            checks,
            not_null_name,
            ..
        },
    ) = (was, is)
    else {
        return;
    };
    let alter = format!("ALTER DOMAIN {}", name(id));
    if old_default != default {
        let change = default
            .as_ref()
            .map_or("DROP DEFAULT".to_owned(), |default| format!("SET DEFAULT {default}"));
        builder.add(id, Part::Alter, Pace::Quick, format!("{alter} {change}"));
    }
    for check in old_checks.iter().filter(|check| replaced(check, checks)) {
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!("{alter} DROP CONSTRAINT {}", quoted(&check.name)),
        );
    }
    for check in checks {
        add_check(builder, id, &alter, check, old_checks);
    }
    match (was_not_null, not_null) {
        (true, false) => {
            builder.add(id, Part::Alter, Pace::Quick, format!("{alter} DROP NOT NULL"));
        }
        (false, true) => {
            let usual = format!("{}_not_null", id.name());
            let change = match not_null_name
                .as_ref()
                .filter(|name| **name != usual && builder.major >= 17)
            {
                Some(named) => format!("ADD CONSTRAINT {} NOT NULL", quoted(named)),
                None => "SET NOT NULL".to_owned(),
            };
            builder.add_with(
                id,
                Part::Alter,
                Pace::Long(READ_ROWS),
                format!("{alter} {change}"),
                &["Every column of the domain is read."],
            );
        }
        (true, true) if old_name != not_null_name => {
            if let (Some(old), Some(new)) = (old_name, not_null_name) {
                let sql = format!("{alter} RENAME CONSTRAINT {} TO {}", quoted(old), quoted(new));
                builder.add(id, Part::Alter, Pace::Quick, sql);
            }
        }
        (true, true) | (false, false) => {}
    }
}

fn without_not_valid(definition: &str) -> &str {
    definition.strip_suffix(" NOT VALID").unwrap_or(definition)
}

/// Whether a check goes or is made anew.
fn replaced(check: &DomainCheck, now: &[DomainCheck]) -> bool {
    now.iter().find(|other| other.name == check.name).is_none_or(|other| {
        without_not_valid(&other.definition) != without_not_valid(&check.definition)
            || check.validated && !other.validated
    })
}

fn add_check(builder: &mut Builder<'_>, id: &ObjectId, alter: &str, check: &DomainCheck, old: &[DomainCheck]) {
    let same = old.iter().find(|other| other.name == check.name);
    let constraint = quoted(&check.name);
    let kept = same.is_some_and(|same| !replaced(same, std::slice::from_ref(check)));
    if !kept {
        let definition = without_not_valid(&check.definition);
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!("{alter} ADD CONSTRAINT {constraint} {definition} NOT VALID"),
        );
    }
    if check.validated && !(kept && same.is_some_and(|same| same.validated)) {
        builder.add(
            id,
            Part::Finish,
            Pace::Alone(CHECK_ROWS),
            format!("{alter} VALIDATE CONSTRAINT {constraint}"),
        );
    }
}

/// Puts a new type in the place of an old one: the old one gets another name, the columns go over, the old one goes.
pub(super) fn swap_type(builder: &mut Builder<'_>, id: &ObjectId, create: &[String]) {
    let old = ObjectId::new(id.kind, [id.schema(), &temporary(id.name(), "_dbwright_old")]);
    let word = match builder.before.get(id).map(|object| &object.body) {
        Some(ObjectBody::Type(Type {
            kind: TypeKind::Domain { .. },
        })) => "DOMAIN",
        _ => "TYPE",
    };
    let renamed = builder.add_with(
        id,
        Part::Aside,
        Pace::Quick,
        format!("ALTER {word} {} RENAME TO {}", name(id), quoted(old.name())),
        &["The server can't take labels away or change what a type is made of, so a new type takes its place."],
    );
    for sql in create {
        builder.add(id, Part::Create, Pace::Quick, sql);
    }
    let dropped = builder.add(id, Part::Down, Pace::Quick, format!("DROP {word} {}", name(&old)));
    // As long as both are there, columns and code have types of two names.
    builder.bracket(vec![renamed], vec![dropped]);
    if let (Some(ObjectBody::Type(was)), Some(ObjectBody::Type(is))) = (
        builder.before.get(id).map(|object| &object.body),
        builder.after.get(id).map(|object| &object.body),
    ) {
        match (&was.kind, &is.kind) {
            (TypeKind::Enum(old), TypeKind::Enum(new)) => {
                for label in old.iter().filter(|label| !new.contains(label)) {
                    let label = literal(label);
                    builder.lose(
                        id,
                        format!("The label {label} goes; rows that have it make the change fail."),
                    );
                }
            }
            (TypeKind::Composite(old), TypeKind::Composite(new)) => lose_attributes(builder, id, old, new),
            _ => {}
        }
    }
}

/// What columns of a composite type lose with its attributes.
fn lose_attributes(builder: &mut Builder<'_>, id: &ObjectId, old: &[Attribute], new: &[Attribute]) {
    let columns = builder.before.columns_of_type(id).to_vec();
    for attribute in old {
        let kept = new.iter().find(|other| other.name == attribute.name);
        for column in columns.iter().filter(|column| builder.after.has(column)) {
            match kept {
                None => builder.lose(
                    column,
                    format!("The values of its attribute {} are dropped.", attribute.name),
                ),
                Some(kept) => {
                    if let Some(loss) = super::retype::loss(&attribute.type_name, &kept.type_name) {
                        builder.lose(column, format!("Of its attribute {}: {loss}", attribute.name));
                    }
                }
            }
        }
    }
}

/// Adds the statements that change a sequence where it is; it goes on where it stands.
pub(super) fn alter_sequence(builder: &mut Builder<'_>, id: &ObjectId, was: &Sequence, is: &Sequence) {
    // The column that gets or loses an identity does all of it.
    if is_identity(was) != is_identity(is) {
        return;
    }
    let alter = format!("ALTER SEQUENCE {}", name(id));
    let cache = |sequence: &Sequence| sequence.postgres.as_ref().map_or(1, |extra| extra.cache);
    let unlogged = |sequence: &Sequence| sequence.postgres.as_ref().is_some_and(|extra| extra.unlogged);
    let mut options = Vec::new();
    let retyped = was.type_name != is.type_name;
    if retyped {
        options.push(format!("AS {}", is.type_name));
    }
    if was.increment != is.increment {
        options.push(format!("INCREMENT BY {}", is.increment));
    }
    // A change of type moves limits that were those of the old type.
    if was.minimum != is.minimum || retyped {
        options.push(format!("MINVALUE {}", is.minimum));
    }
    if was.maximum != is.maximum || retyped {
        options.push(format!("MAXVALUE {}", is.maximum));
    }
    if was.start != is.start {
        options.push(format!("START WITH {}", is.start));
    }
    if cache(was) != cache(is) {
        options.push(format!("CACHE {}", cache(is)));
    }
    if was.cycle != is.cycle {
        options.push(if is.cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    }
    if !options.is_empty() {
        builder.add(id, Part::Finish, Pace::Quick, format!("{alter} {}", options.join(" ")));
    }
    if was.owned_by != is.owned_by && !is_identity(is) {
        owned_by(builder, id, is.owned_by.as_ref());
    }
    if unlogged(was) != unlogged(is) && builder.major >= 15 {
        let word = if unlogged(is) { "SET UNLOGGED" } else { "SET LOGGED" };
        builder.add(id, Part::Finish, Pace::Quick, format!("{alter} {word}"));
    }
}

fn owned_by(builder: &mut Builder<'_>, id: &ObjectId, column: Option<&ObjectId>) {
    let Some(column) = column else {
        // Before the column goes, which takes the sequences that it owns along.
        let was = builder
            .before
            .sequence(id)
            .and_then(|sequence| sequence.owned_by.clone());
        let node = builder.add(
            id,
            Part::Finish,
            Pace::Quick,
            format!("ALTER SEQUENCE {} OWNED BY NONE", name(id)),
        );
        builder.owners.extend(was.map(|was| (node, was, false)));
        return;
    };
    let path: Vec<String> = column.path.iter().map(|part| quoted(part)).collect();
    let sql = format!("ALTER SEQUENCE {} OWNED BY {}", name(id), path.join("."));
    let was = builder
        .before
        .sequence(id)
        .and_then(|sequence| sequence.owned_by.clone());
    let node = builder.add(id, Part::Finish, Pace::Quick, sql);
    builder.owners.push((node, column.clone(), true));
    builder.owners.extend(was.map(|was| (node, was, false)));
}

pub(super) fn alter_extension(builder: &mut Builder<'_>, id: &ObjectId, was: &Extension, is: &Extension) {
    let alter = format!("ALTER EXTENSION {}", quoted(id.name()));
    if was.version != is.version {
        builder.add(
            id,
            Part::Alter,
            Pace::Long(UPDATE_EXTENSION),
            format!("{alter} UPDATE TO {}", literal(&is.version)),
        );
    }
    if was.schema != is.schema {
        builder.add(
            id,
            Part::Alter,
            Pace::Quick,
            format!("{alter} SET SCHEMA {}", quoted(&is.schema)),
        );
    }
}

/// Whether a sequence goes along with something else that goes.
pub(super) fn goes_with_owner(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let Some(sequence) = builder.before.sequence(id) else {
        return false;
    };
    sequence.owned_by.as_ref().is_some_and(|column| {
        let table = column.owner_table().unwrap_or_else(|| column.clone());
        builder.fates.of(column) == Fate::Drop || builder.fates.of(&table) == Fate::Drop
    })
}
