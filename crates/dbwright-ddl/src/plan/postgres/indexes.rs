//! Indexes of tables and materialised views that stay.

use dbwright_catalog::{Index, ObjectId, PostgresIndex, TableKind};

use super::builder::{BUILD_INDEXES, Builder, Pace, Part, REWRITE};
use super::fate::Fate;
use super::names::{alter_relation, name, parameter_changes, quoted, temporary};

/// Adds the statements for one index of a relation that stays. Those of constraints come with them.
pub(super) fn plan_index(builder: &mut Builder<'_>, id: &ObjectId) {
    match builder.fates.of(id) {
        Fate::Keep | Fate::Swap => {}
        Fate::Create => {
            if !builder.has_steps(id) && !of_constraint(builder.after.index(id)) {
                create(builder, id, false);
            }
        }
        Fate::Drop => drop(builder, id),
        Fate::Rebuild => rebuild(builder, id),
        Fate::Alter => alter(builder, id),
    }
}

fn of_constraint(index: Option<&Index>) -> bool {
    index.is_some_and(|index| index.of_constraint)
}

fn extra(index: &Index) -> PostgresIndex {
    index.postgres.clone().unwrap_or_default()
}

/// The definition of an index that is to be, built without blocking writes, under a name.
pub(super) fn concurrently(builder: &Builder<'_>, id: &ObjectId, built: &str) -> Option<String> {
    named(builder, id, built, "CONCURRENTLY ", "")
}

/// The definition of the index of a partitioned table without its partitions.
pub(super) fn only(builder: &Builder<'_>, id: &ObjectId, built: &str) -> Option<String> {
    named(builder, id, built, "", "ONLY ")
}

/// `CREATE [UNIQUE] INDEX name ON [ONLY] table …` as the server prints it, with another name and words added.
fn named(builder: &Builder<'_>, id: &ObjectId, built: &str, words: &str, only: &str) -> Option<String> {
    let definition = &builder.after.get(id)?.definition;
    let is = quoted(id.name());
    for head in ["CREATE UNIQUE INDEX ", "CREATE INDEX "] {
        if let Some(rest) = definition.strip_prefix(head) {
            let rest = rest
                .strip_prefix(&format!("{is} ON "))
                .or_else(|| rest.split_once(" ON ").map(|(_, rest)| rest))?;
            let rest = rest.strip_prefix("ONLY ").unwrap_or(rest);
            return Some(format!("{head}{words}{} ON {only}{rest}", quoted(built)));
        }
    }
    None
}

fn is_partitioned(builder: &Builder<'_>, index: &ObjectId) -> bool {
    let of = |side: &super::side::Side<'_>| {
        let table = side.relation_of(index)?;
        Some(side.table(&table)?.kind == TableKind::Partitioned)
    };
    of(builder.after).or_else(|| of(builder.before)).unwrap_or(false)
}

/// Builds an index. With `aside`, under a temporary name that it keeps until the old one is gone.
fn create(builder: &mut Builder<'_>, id: &ObjectId, aside: bool) {
    let Some(body) = builder.after.index(id) else { return };
    let built = if aside {
        temporary(id.name(), "_dbwright_new")
    } else {
        id.name().to_owned()
    };
    let parent = extra(body).parent;
    let part = match &parent {
        // Its partitioned table has its own new index at the same time.
        Some(_) if aside => Part::Aside,
        _ if aside => Part::Build,
        _ => Part::Create,
    };
    if is_partitioned(builder, id) {
        if let Some(sql) = only(builder, id, &built) {
            builder.add_with(
                id,
                part,
                Pace::Quick,
                sql,
                &["Without the partitions, whose indexes are built without blocking writes and become parts of this one."],
            );
        }
    } else if let Some(sql) = concurrently(builder, id, &built) {
        let node = builder.add(id, part, Pace::Alone(BUILD_INDEXES), sql);
        if let Some(parent) = parent.as_ref().filter(|_| aside) {
            builder.built_after(node, id, parent);
        }
    }
    if let Some(parent) = parent
        && builder.was_child(id)
    {
        let parent_name = if aside {
            ObjectId::new(
                parent.kind,
                [parent.schema(), &temporary(parent.name(), "_dbwright_new")],
            )
        } else {
            parent.clone()
        };
        let child = ObjectId::new(id.kind, [id.schema(), built.as_str()]);
        let sql = format!("ALTER INDEX {} ATTACH PARTITION {}", name(&parent_name), name(&child));
        let node = builder.add(id, part, Pace::Quick, sql);
        builder.attaching.push((parent, node));
    }
    if !aside {
        settings(builder, id);
    }
}

fn rebuild(builder: &mut Builder<'_>, id: &ObjectId) {
    if of_constraint(builder.after.index(id)) || of_constraint(builder.before.index(id)) {
        // The constraint does it; where only one side has a constraint, each is done by itself.
        if of_constraint(builder.after.index(id)) != of_constraint(builder.before.index(id)) {
            if of_constraint(builder.before.index(id)) {
                create(builder, id, false);
            } else {
                drop_now(builder, id);
            }
        }
        return;
    }
    let disturbed = builder.is_disturbed(id);
    if disturbed {
        drop_now(builder, id);
        create(builder, id, false);
        return;
    }
    let old_parent = builder.before.index(id).and_then(|index| extra(index).parent);
    create(builder, id, true);
    match old_parent {
        // It goes with the old index of the parent.
        Some(parent) if builder.goes_with_parent(id) => {
            builder.attached_before_drop(id, &parent);
        }
        _ => drop_now(builder, id),
    }
    let built = ObjectId::new(id.kind, [id.schema(), &temporary(id.name(), "_dbwright_new")]);
    let sql = format!("ALTER INDEX {} RENAME TO {}", name(&built), quoted(id.name()));
    builder.add_with(
        id,
        Part::Finish,
        Pace::Quick,
        sql,
        &["The new index takes the place of the old one, so that queries always have one."],
    );
    settings(builder, id);
}

fn drop_now(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.goes_with_parent(id) {
        return;
    }
    let node = builder.add(id, Part::Down, Pace::Quick, format!("DROP INDEX {}", name(id)));
    children_go(builder, node, id);
}

/// Whether a new index takes the place of an old one without a gap.
fn is_replaced(builder: &Builder<'_>, id: &ObjectId) -> bool {
    builder.fates.of(id) == Fate::Rebuild && !builder.is_disturbed(id) && !of_constraint(builder.after.index(id))
}

fn children_go(builder: &mut Builder<'_>, node: usize, id: &ObjectId) {
    for child in builder.before.dependents(id).clone() {
        if builder
            .before
            .index(&child)
            .and_then(|index| extra(index).parent)
            .as_ref()
            == Some(id)
            && builder.goes_with_parent(&child)
            && !is_replaced(builder, &child)
        {
            builder.also(node, &child, Part::Down);
            children_go(builder, node, &child);
        }
    }
}

fn drop(builder: &mut Builder<'_>, id: &ObjectId) {
    let Some(body) = builder.before.index(id) else { return };
    if builder.has_steps(id) || body.of_constraint {
        return;
    }
    if builder.goes_with_parent(id) {
        return;
    }
    if let Some(new) = builder.other_name_of_heir(id) {
        let sql = format!("ALTER INDEX {} RENAME TO {}", name(id), quoted(new.name()));
        let holder = builder.before.inherited_from(&new);
        let node = builder.add(id, Part::Down, Pace::Quick, sql);
        builder.also(node, &new, Part::Create);
        builder.after_all.extend(holder.map(|holder| (holder, node)));
        return;
    }
    if is_partitioned(builder, id) || extra(body).parent.is_some() {
        drop_now(builder, id);
        return;
    }
    builder.add(
        id,
        Part::Down,
        Pace::Alone(BUILD_INDEXES),
        format!("DROP INDEX CONCURRENTLY {}", name(id)),
    );
}

fn alter(builder: &mut Builder<'_>, id: &ObjectId) {
    let (Some(was), Some(is)) = (builder.before.index(id), builder.after.index(id)) else {
        return;
    };
    let (old, new) = (extra(was), extra(is));
    if !was.valid && is.valid && new.parent.is_none() && !is_partitioned(builder, id) {
        builder.add(
            id,
            Part::Finish,
            Pace::Alone(BUILD_INDEXES),
            format!("REINDEX INDEX CONCURRENTLY {}", name(id)),
        );
    }
    change_settings(builder, id, &old, &new);
    if let Some(parent) = &new.parent
        && old.parent.is_none()
        && builder.was_child(id)
    {
        let sql = format!("ALTER INDEX {} ATTACH PARTITION {}", name(parent), name(id));
        let node = builder.add(id, Part::Alter, Pace::Quick, sql);
        builder.attaching.push((parent.clone(), node));
    }
}

/// What is set of an index after it was made; its storage parameters stand in its definition.
pub(super) fn settings(builder: &mut Builder<'_>, id: &ObjectId) {
    let Some(new) = builder.after.index(id).map(extra) else {
        return;
    };
    let old = PostgresIndex {
        options: new.options.clone(),
        tablespace: new.tablespace.clone(),
        ..PostgresIndex::default()
    };
    change_settings(builder, id, &old, &new);
    if let Some(tablespace) = &new.tablespace {
        let sql = format!("ALTER INDEX {} SET TABLESPACE {}", name(id), quoted(tablespace));
        builder.add(id, Part::Finish, Pace::Long(REWRITE), sql);
    }
}

fn change_settings(builder: &mut Builder<'_>, id: &ObjectId, old: &PostgresIndex, new: &PostgresIndex) {
    let index = name(id);
    let mut changes = parameter_changes(&old.options, &new.options, "");
    if old.tablespace != new.tablespace {
        let tablespace = new.tablespace.clone().unwrap_or_else(|| "pg_default".to_owned());
        changes.push(format!("SET TABLESPACE {}", quoted(&tablespace)));
    }
    for (part, target) in &new.statistics_targets {
        if !old.statistics_targets.contains(&(*part, *target)) {
            changes.push(format!("ALTER COLUMN {part} SET STATISTICS {target}"));
        }
    }
    for (part, _) in &old.statistics_targets {
        if !new.statistics_targets.iter().any(|(other, _)| other == part) {
            changes.push(format!("ALTER COLUMN {part} SET STATISTICS -1"));
        }
    }
    for extension in new
        .extensions
        .iter()
        .filter(|extension| !old.extensions.contains(extension))
    {
        changes.push(format!("DEPENDS ON EXTENSION {}", quoted(extension)));
    }
    for extension in old
        .extensions
        .iter()
        .filter(|extension| !new.extensions.contains(extension))
    {
        changes.push(format!("NO DEPENDS ON EXTENSION {}", quoted(extension)));
    }
    for change in changes {
        builder.add(id, Part::Finish, Pace::Quick, format!("ALTER INDEX {index} {change}"));
    }
    if old.clustered != new.clustered
        && let Some(table) = builder.after.relation_of(id)
    {
        let alter = alter_relation(builder.after, &table);
        if new.clustered {
            builder.add(
                id,
                Part::Finish,
                Pace::Quick,
                format!("{alter} CLUSTER ON {}", quoted(id.name())),
            );
        } else if !builder.another_is_clustered(&table) {
            builder.add(id, Part::Finish, Pace::Quick, format!("{alter} SET WITHOUT CLUSTER"));
        }
    }
    if old.replica_identity != new.replica_identity
        && new.replica_identity
        && let Some(table) = builder.after.relation_of(id)
    {
        let alter = alter_relation(builder.after, &table);
        builder.add(
            id,
            Part::Finish,
            Pace::Quick,
            format!("{alter} REPLICA IDENTITY USING INDEX {}", quoted(id.name())),
        );
    }
}
