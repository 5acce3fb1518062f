//! Tables that stay: what is set on the table as a whole, and where it hangs.

use dbwright_catalog::{ObjectBody, ObjectId, ObjectKind, Partition, Table, TableKind};

use super::builder::{Builder, DETACH, Pace, Part, READ_ROWS, REWRITE};
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
            Pace::Long(REWRITE),
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
            let pace = if has_default_partition(builder, &parent) {
                Pace::Long(READ_ROWS)
            } else {
                Pace::Quick
            };
            enter(
                builder,
                &id,
                &parent,
                pace,
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
    let mut left = None;
    if let Some(old) = &was.partition
        && !same_place
    {
        left = Some(detach(builder, id, old, is));
    }
    for parent in was.inherits.iter().filter(|parent| !is.inherits.contains(parent)) {
        let sql = format!("{} NO INHERIT {}", alter_relation(builder.before, id), name(parent));
        let node = builder.add(id, Part::Release, Pace::Quick, sql);
        builder.leaving.push((id.clone(), node));
    }
    for parent in is.inherits.iter().filter(|parent| !was.inherits.contains(parent)) {
        let sql = format!("{} INHERIT {}", alter_relation(builder.after, id), name(parent));
        enter(builder, id, parent, Pace::Quick, sql, &[]);
    }
    if let Some(Partition { parent, bound, .. }) = &is.partition
        && !same_place
    {
        let sql = format!(
            "{} ATTACH PARTITION {} {bound}",
            alter_relation(builder.after, parent),
            name(id)
        );
        let node = enter(
            builder,
            id,
            parent,
            Pace::Long(READ_ROWS),
            sql,
            &["It reads the table to see whether its rows belong there, unless a validated check already says so."],
        );
        if let Some(left) = left {
            builder.bracket(vec![left], vec![node]);
        }
    }
}

fn has_default_partition(builder: &Builder<'_>, parent: &ObjectId) -> bool {
    builder.before.children(parent).iter().any(|child| {
        let place = builder.before.table(child).and_then(|table| table.partition.as_ref());
        place.is_some_and(|place| place.is_default)
    })
}

/// Takes a partition out of its table, without keeping anybody out where the server can.
fn detach(builder: &mut Builder<'_>, id: &ObjectId, old: &Partition, is: &Table) -> usize {
    let check = left_behind(builder, id, old).filter(|_| is.partition.is_none() && is_detachable(builder, old));
    let (pace, word) = match check {
        Some(_) => (Pace::Alone(DETACH), " CONCURRENTLY"),
        None => (Pace::Quick, ""),
    };
    let alter = alter_relation(builder.before, &old.parent);
    let sql = format!("{alter} DETACH PARTITION {}{word}", name(id));
    let notes: &[&str] = if check.is_some() { &[FINALIZE] } else { &[] };
    let node = builder.add_with(id, Part::Release, pace, sql, notes);
    builder.leaving.push((id.clone(), node));
    if let Some(check) = check {
        let sql = format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", name(id), quoted(&check));
        let then = builder.add_with(
            id,
            Part::Aside,
            Pace::Quick,
            sql,
            &["The server leaves a check with the former bounds behind."],
        );
        builder.order(node, then);
    }
    node
}

/// Said where a partition is detached in two steps.
pub(super) const FINALIZE: &str =
    "It waits for transactions that use the table. Where it is interrupted, DETACH PARTITION … FINALIZE ends it.";

/// Whether a partition can be detached without keeping anybody out.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION>
pub(super) fn is_detachable(builder: &Builder<'_>, place: &Partition) -> bool {
    builder.major >= 14 && !has_default_partition(builder, &place.parent)
}

/// The name of the check that the server leaves behind where it detaches a partition that way; nothing where it is not known.
fn left_behind(builder: &Builder<'_>, id: &ObjectId, old: &Partition) -> Option<String> {
    let key = builder.before.table(&old.parent)?.partition_key.clone()?;
    let is_nested = builder.before.table(&old.parent)?.partition.is_some();
    let is_partitioned = builder.before.table(id)?.kind == TableKind::Partitioned;
    // What is left behind is told here of one plain column only.
    let column = key
        .strip_prefix("RANGE (")
        .or_else(|| key.strip_prefix("LIST ("))?
        .strip_suffix(')')?
        .trim_matches('"')
        .to_owned();
    let is_column = builder.before.has(&id.column(column.as_str()));
    if is_nested || is_partitioned || !is_column {
        return None;
    }
    let base = format!("{}_{column}_check", id.name());
    (base.len() <= 63).then_some(())?;
    let taken = |name: &str| {
        let constraints = [builder.before, builder.after]
            .into_iter()
            .flat_map(|side| side.catalog.objects.keys());
        let mut constraints = constraints.filter(|other| other.kind == ObjectKind::Constraint);
        constraints.any(|other| other.schema() == id.schema() && other.name().starts_with(name))
    };
    (!taken(&base)).then_some(base)
}

fn enter(
    builder: &mut Builder<'_>,
    id: &ObjectId,
    parent: &ObjectId,
    pace: Pace,
    sql: String,
    notes: &[&str],
) -> usize {
    let node = builder.add_with(id, Part::Build, pace, sql, notes);
    builder.entering.push((id.clone(), parent.clone(), node));
    node
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
