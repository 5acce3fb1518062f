//! Identity columns and their sequences, which keep their position.

use dbwright_catalog::{Column, Engine, Identity, ObjectId, ObjectKind, Sequence};

use super::builder::{Builder, Pace, Part};
use super::columns::{alter_column_of_all, is_default_away};
use super::fate::Fate;
use super::names::{name, quoted, temporary};
use super::side::{Side, is_identity};
use crate::quote_literal;

/// Whether the identity of a column comes and goes with the place of its table in a partitioned table (17 and later).
pub(super) fn comes_with_place(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let is_of_partition = |side: &Side<'_>| {
        let table = id.owner_table().and_then(|table| side.table(&table));
        let identity = side.column(id).is_some_and(|column| column.identity.is_some());
        identity && table.is_some_and(|table| table.partition.is_some())
    };
    is_of_partition(builder.before) || is_of_partition(builder.after)
}

/// The end of an identity. Its sequence goes with it; where the column gets a sequence of its own instead, that one goes on
/// where the old one stood.
pub(super) fn drop_identity(builder: &mut Builder<'_>, id: &ObjectId, is: &Column) {
    let old = builder.before.sequences_of(id);
    let old = old
        .iter()
        .find(|sequence| builder.before.sequence(sequence).is_some_and(is_identity));
    let alter = alter_column_of_all(builder.before, id);
    let new = builder.after.sequences_of(id);
    let new = new.first().filter(|_| is.default.is_some());
    let (Some(old), Some(new)) = (old, new) else {
        let node = builder.add(id, Part::Release, Pace::Quick, format!("{alter} DROP IDENTITY"));
        before_not_null(builder, id, node);
        if let Some(old) = old {
            builder.also(node, old, Part::Down);
            builder.lose(old, "The position of the sequence is lost.");
        }
        return;
    };
    let Some(body) = builder.after.sequence(new) else {
        return;
    };
    let temporary_name = ObjectId::new(
        ObjectKind::Sequence,
        [new.schema(), &temporary(new.name(), "_dbwright")],
    );
    let same_name = old == new;
    let made = if same_name { &temporary_name } else { new };
    let create = format!(
        "CREATE SEQUENCE {} AS {} {}",
        name(made),
        body.type_name,
        sequence_options(body)
    );
    let node = builder.add_with(
        id,
        Part::Release,
        Pace::Quick,
        create,
        &["The sequence of an identity column goes with the identity, so the new one takes over its position first."],
    );
    builder.also(node, new, Part::Build);
    builder.add(id, Part::Release, Pace::Quick, position(made, old));
    let node = builder.add(id, Part::Release, Pace::Quick, format!("{alter} DROP IDENTITY"));
    before_not_null(builder, id, node);
    if !same_name {
        builder.also(node, old, Part::Down);
    }
    if same_name {
        builder.add(
            id,
            Part::Release,
            Pace::Quick,
            format!("ALTER SEQUENCE {} RENAME TO {}", name(made), quoted(new.name())),
        );
    }
    let owned = format!("ALTER SEQUENCE {} OWNED BY {}", name(new), column_path(id));
    let node = builder.add(id, Part::Release, Pace::Quick, owned);
    builder.also(node, new, Part::Finish);
}

fn column_path(id: &ObjectId) -> String {
    let path: Vec<String> = id.path.iter().map(|part| quoted(part)).collect();
    path.join(".")
}

/// Sets a sequence to where another stands.
fn position(to: &ObjectId, from: &ObjectId) -> String {
    format!(
        "SELECT pg_catalog.setval({}, last_value, is_called) FROM {}",
        quote_literal(Engine::Postgres, &name(to)),
        name(from)
    )
}

pub(super) fn set_identity(builder: &mut Builder<'_>, id: &ObjectId, was: &Column, identity: Identity) {
    let alter = alter_column_of_all(builder.after, id);
    if was.identity.is_some() {
        let sql = format!("{alter} SET GENERATED {}", identity_word(identity));
        builder.add(id, Part::Finish, Pace::Quick, sql);
        return;
    }
    let new = builder.after.sequences_of(id);
    let Some(new) = new
        .iter()
        .find(|sequence| builder.after.sequence(sequence).is_some_and(is_identity))
        .cloned()
    else {
        return;
    };
    if was.default.is_some() && !is_default_away(builder, id) {
        builder.add(id, Part::Release, Pace::Quick, format!("{alter} DROP DEFAULT"));
    }
    // A serial column owns the sequence that its default asks.
    let old = builder.before.sequences_of(id).into_iter().find(|sequence| {
        builder.before.sequence(sequence).is_some_and(|body| !is_identity(body))
            && (builder.fates.of(sequence) == Fate::Drop || *sequence == new)
    });
    let moved = old.clone().map(|old| {
        if old == new {
            let aside = ObjectId::new(
                ObjectKind::Sequence,
                [old.schema(), &temporary(old.name(), "_dbwright")],
            );
            builder.add(
                id,
                Part::Release,
                Pace::Quick,
                format!("ALTER SEQUENCE {} RENAME TO {}", name(&old), quoted(aside.name())),
            );
            aside
        } else {
            old
        }
    });
    let clause = identity_clause(builder.after, id, identity);
    let node = builder.add(id, Part::Build, Pace::Quick, format!("{alter} ADD {clause}"));
    builder.also(node, &new, Part::Create);
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    if let Some(not_null) = builder.after.not_null(&table, id.name()) {
        builder.after_all.push((not_null, node));
    }
    let (Some(moved), Some(old)) = (&moved, &old) else {
        after_values(builder, id, &new);
        return;
    };
    builder.add_with(
        id,
        Part::Aside,
        Pace::Quick,
        position(&new, moved),
        &["The identity goes on where the old sequence stood."],
    );
    let node = builder.add(id, Part::Aside, Pace::Quick, format!("DROP SEQUENCE {}", name(moved)));
    if old != &new {
        builder.also(node, old, Part::Down);
    }
}

/// An identity demands `NOT NULL`, which is a constraint from 18 on.
fn before_not_null(builder: &mut Builder<'_>, id: &ObjectId, node: usize) {
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    if let Some(not_null) = builder.before.not_null(&table, id.name()) {
        builder.before_all.push((node, not_null));
    }
}

/// Sets the sequence of a new identity to where the values that are there end.
fn after_values(builder: &mut Builder<'_>, id: &ObjectId, sequence: &ObjectId) {
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    let column = quoted(id.name());
    let increment = builder
        .after
        .sequence(sequence)
        .map_or(1, |sequence| sequence.increment);
    let furthest = if increment < 0 { "min" } else { "max" };
    builder.add_with(
        id,
        Part::Aside,
        Pace::Patient,
        format!(
            "SELECT pg_catalog.setval({}, {furthest}({column})) FROM {} HAVING {furthest}({column}) IS NOT NULL",
            quote_literal(Engine::Postgres, &name(sequence)),
            name(&table)
        ),
        &["The identity begins after the values that are there."],
    );
}

fn identity_word(identity: Identity) -> &'static str {
    match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    }
}

fn identity_clause(side: &Side<'_>, id: &ObjectId, identity: Identity) -> String {
    let sequences = side.sequences_of(id);
    let sequence = sequences
        .iter()
        .find_map(|sequence| Some((sequence, side.sequence(sequence)?)));
    let options = sequence.map_or(String::new(), |(sequence, body)| {
        format!(" (SEQUENCE NAME {} {})", name(sequence), sequence_options(body))
    });
    format!("GENERATED {} AS IDENTITY{options}", identity_word(identity))
}

/// The options of a sequence other than its type.
fn sequence_options(sequence: &Sequence) -> String {
    let cache = sequence.postgres.as_ref().map_or(1, |extra| extra.cache);
    format!(
        "START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {cache}{}",
        sequence.start,
        sequence.increment,
        sequence.minimum,
        sequence.maximum,
        if sequence.cycle { " CYCLE" } else { " NO CYCLE" }
    )
}
