//! Tables that stay: what is set on the table as a whole, and where it hangs.

use dbwright_catalog::{ObjectBody, ObjectId, ObjectKind, Partition, Table};

use super::builder::{Builder, Pace, Part};
use super::fate::Fate;
use super::names::{alter_relation, foreign_options, name, parameter_changes, quoted};
use super::side::{Side, table_extra};

/// Adds the statements for a table that stays. What it leaves comes before its parts, where it goes comes after them.
pub(super) fn plan_table(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.fates.of(id) != Fate::Alter || builder.fates.refusals.contains_key(id) {
        return;
    }
    let (Some(was), Some(is)) = (builder.before.table(id), builder.after.table(id)) else {
        return;
    };
    place(builder, id, was, is);
    let (Some(old), Some(new)) = (table_extra(was), table_extra(is)) else {
        return;
    };
    let alter = alter_relation(builder.after, id);
    let mut quick = Vec::new();
    quick.extend(parameter_changes(&old.options, &new.options, ""));
    quick.extend(parameter_changes(&old.toast_options, &new.toast_options, "toast."));
    if old.row_security != new.row_security {
        let word = if new.row_security { "ENABLE" } else { "DISABLE" };
        quick.push(format!("{word} ROW LEVEL SECURITY"));
    }
    if old.force_row_security != new.force_row_security {
        let word = if new.force_row_security { "FORCE" } else { "NO FORCE" };
        quick.push(format!("{word} ROW LEVEL SECURITY"));
    }
    if old.replica_identity != new.replica_identity {
        match new.replica_identity {
            'd' => quick.push("REPLICA IDENTITY DEFAULT".to_owned()),
            'n' => quick.push("REPLICA IDENTITY NOTHING".to_owned()),
            'f' => quick.push("REPLICA IDENTITY FULL".to_owned()),
            // The index says it.
            _ => {}
        }
    }
    if old.of_type != new.of_type {
        quick.push(
            new.of_type
                .as_ref()
                .map_or("NOT OF".to_owned(), |of| format!("OF {of}")),
        );
    }
    if let (Some(old), Some(new)) = (&old.foreign, &new.foreign) {
        quick.extend(foreign_options(&old.options, &new.options));
    }
    for change in quick {
        builder.add(id, Part::Aside, Pace::Quick, format!("{alter} {change}"));
    }
    let mut rewrites = Vec::new();
    if old.unlogged != new.unlogged {
        rewrites.push(if new.unlogged { "SET UNLOGGED" } else { "SET LOGGED" }.to_owned());
    }
    if old.access_method != new.access_method
        && let Some(method) = &new.access_method
    {
        rewrites.push(format!("SET ACCESS METHOD {}", quoted(method)));
    }
    if old.tablespace != new.tablespace {
        let tablespace = new.tablespace.clone().unwrap_or_else(|| "pg_default".to_owned());
        rewrites.push(format!("SET TABLESPACE {}", quoted(&tablespace)));
    }
    for change in rewrites {
        builder.add_with(
            id,
            Part::Aside,
            Pace::Long,
            format!("{alter} {change}"),
            &["The table is written anew while nobody can read it."],
        );
    }
}

/// New tables that become partitions of a table that stays.
pub(super) fn new_partitions(before: &Side<'_>, after: &Side<'_>) -> Vec<ObjectId> {
    let tables = after.catalog.tables();
    tables
        .filter(|(id, table)| {
            !before.has(id) && table.partition.as_ref().is_some_and(|place| before.has(&place.parent))
        })
        .map(|(id, _)| id.clone())
        .collect()
}

/// Gives them their place, once they are whole.
pub(super) fn place_new(builder: &mut Builder<'_>) {
    for id in new_partitions(builder.before, builder.after) {
        if let Some(Partition { parent, bound, .. }) =
            builder.after.table(&id).and_then(|table| table.partition.clone())
        {
            let sql = format!(
                "{} ATTACH PARTITION {} {bound}",
                alter_relation(builder.after, &parent),
                name(&id)
            );
            enter(
                builder,
                &id,
                &parent,
                sql,
                &[
                    "The table is made whole before it takes its place, which then needs no lock that keeps readers or writers out.",
                ],
            );
        }
    }
}

/// Where the table hangs: its parents and its partitioned table.
fn place(builder: &mut Builder<'_>, id: &ObjectId, was: &Table, is: &Table) {
    let same_place = was.partition == is.partition;
    if let Some(old) = &was.partition
        && !same_place
    {
        leave(builder, id, &old.parent, "DETACH PARTITION");
    }
    for parent in was.inherits.iter().filter(|parent| !is.inherits.contains(parent)) {
        leave(builder, id, parent, "NO INHERIT");
    }
    for parent in is.inherits.iter().filter(|parent| !was.inherits.contains(parent)) {
        let sql = format!("{} INHERIT {}", alter_relation(builder.after, id), name(parent));
        enter(builder, id, parent, sql, &[]);
    }
    if let Some(Partition { parent, bound, .. }) = &is.partition
        && !same_place
    {
        let sql = format!(
            "{} ATTACH PARTITION {} {bound}",
            alter_relation(builder.after, parent),
            name(id)
        );
        enter(
            builder,
            id,
            parent,
            sql,
            &["It reads the table to see whether its rows belong there, unless a validated check already says so."],
        );
    }
}

fn leave(builder: &mut Builder<'_>, id: &ObjectId, parent: &ObjectId, how: &str) {
    let sql = if how == "NO INHERIT" {
        format!("{} NO INHERIT {}", alter_relation(builder.before, id), name(parent))
    } else {
        format!(
            "{} DETACH PARTITION {}",
            alter_relation(builder.before, parent),
            name(id)
        )
    };
    let node = builder.add(id, Part::Release, Pace::Quick, sql);
    builder.leaving.push((id.clone(), node));
}

fn enter(builder: &mut Builder<'_>, id: &ObjectId, parent: &ObjectId, sql: String, notes: &[&str]) {
    let node = builder.add_with(id, Part::Build, Pace::Long, sql, notes);
    builder.entering.push((id.clone(), parent.clone(), node));
}

/// Puts what a table leaves before the changes of its parts, and where it goes after them.
pub(super) fn order_places(builder: &mut Builder<'_>) {
    // An index becomes valid when the last partition has its part, so partitions that go do so before.
    for (index, node) in std::mem::take(&mut builder.attaching) {
        let Some(table) = builder.after.relation_of(&index) else {
            continue;
        };
        for child in builder.before.children(&table) {
            if builder.fates.goes(&child) {
                builder.order_node_last(&child, node);
            }
            let leaves = builder
                .leaving
                .iter()
                .find(|(leaving, _)| *leaving == child)
                .map(|(_, node)| *node);
            if let Some(leaves) = leaves {
                builder.order(leaves, node);
            }
        }
    }
    for (table, node) in std::mem::take(&mut builder.leaving) {
        let parts = parts_of(builder, &table);
        for part in &parts {
            builder.order_node_first(node, part);
        }
        // What the partitioned table made in it goes with its place there.
        for part in parts {
            let gone = builder.fates.of(&part) == Fate::Drop && !builder.has_steps(&part);
            if gone && matches!(part.kind, ObjectKind::Trigger) && builder.before.inherited_from(&part).is_some() {
                builder.also(node, &part, Part::Down);
            }
        }
    }
    for (table, parent, node) in std::mem::take(&mut builder.entering) {
        for part in parts_of(builder, &table) {
            let comes_with_it = builder.after.inherited_from(&part).is_some() && !builder.has_steps(&part);
            if comes_with_it && builder.fates.of(&part) == Fate::Create {
                builder.also(node, &part, Part::Create);
            } else {
                builder.order_node_last(&part, node);
            }
        }
        for part in parts_of(builder, &parent) {
            builder.order_node_last(&part, node);
        }
    }
}

/// Columns, constraints and indexes of a table, as it is or as it shall be.
fn parts_of(builder: &Builder<'_>, table: &ObjectId) -> Vec<ObjectId> {
    let mut parts: Vec<ObjectId> = Vec::new();
    for side in [builder.before, builder.after] {
        for id in side.dependents(table) {
            let is_part = match side.get(id).map(|object| &object.body) {
                Some(ObjectBody::Index(index)) => index.table == *table,
                _ => id.owner_table().as_ref() == Some(table),
            };
            if is_part && !parts.contains(id) {
                parts.push(id.clone());
            }
        }
    }
    parts
}
