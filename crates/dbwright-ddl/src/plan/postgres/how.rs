//! How each kind of object is changed: where it is, by a new one in its place, or not at all.

use dbwright_catalog::{
    Attribute, Column, Constraint, ConstraintKind, GeneratedKind, Index, Object, ObjectBody, ObjectId, ObjectKind,
    Policy, Routine, RoutineKind, Table, TableKind, Trigger, Type, TypeKind, View,
};

use super::retype::{self, Cast};
use super::side::{Side, column_extra, table_extra};

/// How an object is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By statements that leave it where it is.
    InPlace,
    /// By dropping it and making it again.
    Rebuild,
    /// Not at all, and why, and what a person can do.
    Refuse(String),
}

/// How `was` becomes `is`, looking at nothing but the object itself.
pub(super) fn how(before: &Side<'_>, after: &Side<'_>, was: &Object, is: &Object) -> How {
    let major = after.catalog.server.version.major;
    if was.body == is.body
        && was.definition != is.definition
        && !crate::is_statement(after.catalog.server.engine, is.id.kind)
    {
        return How::Refuse(
            "The definitions differ in something that dbwright does not know. Compare the two and make the change by hand."
                .to_owned(),
        );
    }
    match (&was.body, &is.body) {
        (ObjectBody::Table(was), ObjectBody::Table(is)) => table(major, was, is),
        (ObjectBody::Column(old), ObjectBody::Column(new)) => {
            let parents = |side: &Side<'_>| is.id.owner_table().map(|table| side.parents(&table));
            column(major, old, new, parents(before) == parents(after))
        }
        (ObjectBody::Constraint(old), ObjectBody::Constraint(new)) => constraint(major, old, new, was, is),
        (ObjectBody::Index(old), ObjectBody::Index(new)) => {
            let table = after.relation_of(&is.id).and_then(|table| after.table(&table));
            let partitioned = table.is_some_and(|table| table.kind == TableKind::Partitioned);
            let place = |side: &Side<'_>| {
                let table = side.relation_of(&is.id).and_then(|table| side.table(&table));
                table.and_then(|table| table.partition.clone())
            };
            // The index of a partition that leaves its table stands by itself.
            let leaves = place(before).is_some() && place(after).is_none() && after.inherited_from(&is.id).is_none();
            // Another index of the table belongs to that parent already, and gets this name.
            let parent = after.inherited_from(&is.id);
            let is_taken_over = parent.is_some_and(|parent| {
                let mut heirs = before.dependents(&parent).iter();
                heirs.any(|heir| {
                    *heir != is.id
                        && before.inherited_from(heir).as_ref() == Some(&parent)
                        && before.relation_of(heir) == after.relation_of(&is.id)
                })
            });
            if changes_places(before, after, &is.id) {
                return How::Refuse(TWO_EQUAL.to_owned());
            }
            index(old, new, was, is, partitioned, leaves || is_taken_over)
        }
        (ObjectBody::View(was), ObjectBody::View(is)) => view(major, was, is),
        (ObjectBody::Routine(old), ObjectBody::Routine(new)) => routine(old, new, was, is),
        (ObjectBody::Trigger(old), ObjectBody::Trigger(new)) => trigger(major, old, new, was, is),
        (ObjectBody::Policy(was), ObjectBody::Policy(is)) => policy(was, is),
        (ObjectBody::Type(old), ObjectBody::Type(new)) => {
            let made_of_it = before
                .dependents(&was.id)
                .iter()
                .any(|other| other.kind == ObjectKind::Type);
            let used = made_of_it || !before.columns_of_type(&was.id).is_empty();
            user_type(old, new, used)
        }
        (ObjectBody::Statistics(_), ObjectBody::Statistics(_)) if was.definition != is.definition => How::Rebuild,
        (ObjectBody::EventTrigger(was), ObjectBody::EventTrigger(is)) => {
            let same = (&was.event, &was.tags, &was.function) == (&is.event, &is.tags, &is.function);
            in_place_if(same)
        }
        (ObjectBody::Publication(was), ObjectBody::Publication(is)) => in_place_if(was.all_tables == is.all_tables),
        (ObjectBody::ForeignServer(was), ObjectBody::ForeignServer(is)) => {
            in_place_if((&was.wrapper, &was.server_type) == (&is.wrapper, &is.server_type))
        }
        (ObjectBody::Collation(_), ObjectBody::Collation(_)) => How::Rebuild,
        (ObjectBody::Extension(was), ObjectBody::Extension(is)) if is_older(&is.version, &was.version) => {
            How::Refuse(format!(
                "Its version would go from {} back to {}, and extensions have scripts for the way forward only. Let the goal \
                 have version {} or a later one.",
                was.version, is.version, was.version
            ))
        }
        _ => How::InPlace,
    }
}

/// Said where the parts of two equal indexes have each other's names.
const TWO_EQUAL: &str = "The partitioned table has two equal indexes, and their parts in this partition have names the other way \
                         round in the goal. Rename those of the partition by hand first.";

/// Whether the index of a partition has the name that one of another index of the partitioned table shall have, while its own
/// stays under another name.
fn changes_places(before: &Side<'_>, after: &Side<'_>, id: &ObjectId) -> bool {
    let (Some(old), Some(new)) = (before.inherited_from(id), after.inherited_from(id)) else {
        return false;
    };
    let table = before.relation_of(id);
    let indexes = after.catalog.objects.keys();
    let mut heirs = indexes.filter(|other| other.kind == id.kind);
    old != new
        && after.has(&old)
        && heirs.any(|heir| {
            heir != id && after.inherited_from(heir).as_ref() == Some(&old) && after.relation_of(heir) == table
        })
}

/// Whether a version of an extension comes before another, as far as both are numbers with dots.
fn is_older(version: &str, than: &str) -> bool {
    let numbers = |version: &str| -> Option<Vec<u32>> { version.split('.').map(|part| part.parse().ok()).collect() };
    match (numbers(version), numbers(than)) {
        (Some(version), Some(than)) => version < than,
        _ => false,
    }
}

fn in_place_if(possible: bool) -> How {
    if possible { How::InPlace } else { How::Rebuild }
}

fn table(major: u32, was: &Table, is: &Table) -> How {
    let refuse = |what: &str| {
        How::Refuse(format!(
            "{what} of an existing table can't be changed. Make a new table, copy the rows, and swap the names."
        ))
    };
    if was.kind != is.kind {
        return refuse("The kind (ordinary, partitioned, foreign)");
    }
    if was.partition_key != is.partition_key {
        return refuse("The partition key");
    }
    let (Some(old), Some(new)) = (table_extra(was), table_extra(is)) else {
        return How::InPlace;
    };
    if old.access_method != new.access_method && major < 15 {
        return refuse("The access method");
    }
    let server = |extra: &dbwright_catalog::PostgresTable| extra.foreign.as_ref().map(|place| place.server.clone());
    if server(old) != server(new) {
        return refuse("The foreign server");
    }
    How::InPlace
}

fn column(major: u32, was: &Column, is: &Column, same_parents: bool) -> How {
    match (&was.generated, &is.generated) {
        (None, None) => {}
        (Some(old), Some(new)) => {
            let expression_only =
                old.kind == new.kind && was.type_name == is.type_name && was.collation == is.collation;
            if old != new || !expression_only {
                return in_place_if(expression_only && major >= 17);
            }
        }
        (Some(old), None) if old.kind == GeneratedKind::Stored && was.type_name == is.type_name => {}
        (Some(_), None) | (None, Some(_)) => return How::Rebuild,
    }
    if was.type_name != is.type_name && retype::cast(&was.type_name, &is.type_name) == Cast::None {
        return How::Refuse(format!(
            "PostgreSQL has no cast from {} to {}. Add a column of the new type, fill it, and drop this one in a later change.",
            was.type_name, is.type_name
        ));
    }
    let local = |column: &Column| column_extra(column).is_some_and(|extra| extra.local);
    if same_parents && local(was) != local(is) {
        return How::Refuse(
            "Whether the table itself declares the column, or only inherits it, can't be changed. Take the table out of its \
             parent and put it back by hand."
                .to_owned(),
        );
    }
    How::InPlace
}

fn constraint(major: u32, old: &Constraint, new: &Constraint, was: &Object, is: &Object) -> How {
    let mut made_equal = old.clone();
    made_equal.postgres.clone_from(&new.postgres);
    if made_equal == *new && was.definition == is.definition {
        // Only where it comes from is another, which follows from what the table inherits.
        return How::InPlace;
    }
    made_equal.validated = new.validated;
    if made_equal == *new && !old.validated && new.validated {
        return How::InPlace;
    }
    if let (ConstraintKind::ForeignKey(_), ConstraintKind::ForeignKey(_)) = (&old.kind, &new.kind) {
        made_equal.deferrable = new.deferrable;
        made_equal.initially_deferred = new.initially_deferred;
        // To enforce it again where it is would read the rows under a lock.
        if major >= 18 && !new.enforced {
            made_equal.enforced = new.enforced;
        }
        let validated = !old.validated || new.validated;
        if made_equal == *new && validated && stripped(&was.definition) == stripped(&is.definition) {
            return How::InPlace;
        }
    }
    How::Rebuild
}

/// The definition of a foreign key without what `ALTER CONSTRAINT` can change.
fn stripped(definition: &str) -> String {
    let mut text = definition.to_owned();
    for words in [
        " NOT DEFERRABLE",
        " DEFERRABLE",
        " INITIALLY DEFERRED",
        " INITIALLY IMMEDIATE",
        " NOT ENFORCED",
        " NOT VALID",
    ] {
        text = text.replace(words, "");
    }
    text
}

fn index(old: &Index, new: &Index, was: &Object, is: &Object, partitioned: bool, keeps_parent: bool) -> How {
    let options = |index: &Index| {
        index
            .postgres
            .as_ref()
            .map(|extra| extra.options.clone())
            .unwrap_or_default()
    };
    // They can't be set of the index of a partitioned table once it is there.
    if partitioned && options(old) != options(new) {
        if old.of_constraint || new.of_constraint {
            return How::Refuse(
                "Storage parameters of the index of a partitioned table's constraint can't be changed. Drop the constraint and \
                 add it again by hand."
                    .to_owned(),
            );
        }
        return How::Rebuild;
    }
    if without_parameters(&was.definition) != without_parameters(&is.definition)
        || old.of_constraint != new.of_constraint
    {
        return How::Rebuild;
    }
    let parent = |index: &Index| index.postgres.as_ref().and_then(|extra| extra.parent.clone());
    if parent(old).is_some() && parent(old) != parent(new) && !keeps_parent {
        return How::Rebuild;
    }
    How::InPlace
}

/// The definition of an index without its storage parameters, which can be set later.
pub(super) fn without_parameters(definition: &str) -> String {
    let Some(start) = definition.find(" WITH (") else {
        return definition.to_owned();
    };
    let end = definition[start..]
        .find(')')
        .map_or(definition.len(), |end| start + end + 1);
    format!("{}{}", &definition[..start], &definition[end..])
}

fn view(major: u32, was: &View, is: &View) -> How {
    if was.materialized != is.materialized {
        return How::Rebuild;
    }
    let (Some(old), Some(new)) = (&was.postgres, &is.postgres) else {
        return How::Rebuild;
    };
    if is.materialized {
        let method = old.access_method == new.access_method || major >= 15;
        return in_place_if(
            was.query == is.query && old.columns.len() == new.columns.len() && method && old.populated == new.populated,
        );
    }
    let kept = old.columns.len() <= new.columns.len()
        && old.columns.iter().zip(&new.columns).all(|(old, new)| {
            (&old.name, &old.type_name, &old.collation) == (&new.name, &new.type_name, &new.collation)
        });
    in_place_if(kept)
}

fn routine(old: &Routine, new: &Routine, was: &Object, is: &Object) -> How {
    let replaceable = old.kind == new.kind
        && old.kind != RoutineKind::Aggregate
        && old.returns == new.returns
        && defaults(&was.definition) <= defaults(&is.definition);
    in_place_if(replaceable)
}

/// How many arguments have defaults, which `CREATE OR REPLACE` can't take away.
fn defaults(definition: &str) -> usize {
    let header = definition.split("\n LANGUAGE ").next().unwrap_or_default();
    header.matches(" DEFAULT ").count()
}

fn trigger(major: u32, _old: &Trigger, _new: &Trigger, was: &Object, is: &Object) -> How {
    let is_constraint = |object: &Object| object.definition.starts_with("CREATE CONSTRAINT TRIGGER");
    in_place_if(was.definition == is.definition || major >= 14 && !is_constraint(was) && !is_constraint(is))
}

fn policy(was: &Policy, is: &Policy) -> How {
    let taken_away = was.using.is_some() && is.using.is_none() || was.check.is_some() && is.check.is_none();
    in_place_if(was.command == is.command && was.permissive == is.permissive && !taken_away)
}

fn user_type(was: &Type, is: &Type, used: bool) -> How {
    match (&was.kind, &is.kind) {
        (TypeKind::Enum(old), TypeKind::Enum(new)) => in_place_if(is_subsequence(old, new)),
        (
            TypeKind::Domain {
                base: old,
                collation: was,
                ..
            },
            TypeKind::Domain {
                base: new,
                collation: is,
                ..
            },
        ) => in_place_if((old, was) == (new, is)),
        (TypeKind::Composite(old), TypeKind::Composite(new)) => {
            in_place_if(can_be_altered(old, new) && !(used && retyped(old, new)))
        }
        _ => How::Rebuild,
    }
}

fn is_subsequence(old: &[String], new: &[String]) -> bool {
    let mut rest = new.iter();
    old.iter().all(|label| rest.any(|other| other == label))
}

/// Whether an attribute gets another type, which the server does not do while columns have the type.
fn retyped(old: &[Attribute], new: &[Attribute]) -> bool {
    old.iter().any(|attribute| {
        new.iter()
            .any(|other| other.name == attribute.name && other != attribute)
    })
}

/// Attributes can be dropped, and added at the end.
fn can_be_altered(old: &[Attribute], new: &[Attribute]) -> bool {
    let kept: Vec<&str> = old
        .iter()
        .map(|attribute| attribute.name.as_str())
        .filter(|name| new.iter().any(|attribute| attribute.name == *name))
        .collect();
    new.iter()
        .take(kept.len())
        .map(|attribute| attribute.name.as_str())
        .eq(kept)
}
