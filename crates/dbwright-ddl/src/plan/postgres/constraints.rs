//! Constraints of tables that stay.

use dbwright_catalog::{Constraint, ConstraintKind, Index, ObjectId, TableKind};

use super::builder::{BUILD_INDEXES, BUILD_LOCKED, Builder, CHECK_ROWS, Pace, Part, READ_ROWS};
use super::fate::Fate;
use super::indexes::concurrently;
use super::names::{alter_relation, name, quoted, relation_word, temporary};

/// Whether a constraint is the named `NOT NULL` of a column.
pub(super) fn is_not_null_of(constraint: &Constraint, column: &str) -> bool {
    matches!(&constraint.kind, ConstraintKind::NotNull(of) if of == column)
}

/// Adds the statements for one constraint of a table that stays.
pub(super) fn plan_constraint(builder: &mut Builder<'_>, id: &ObjectId) {
    match builder.fates.of(id) {
        Fate::Keep | Fate::Swap => {}
        Fate::Create => add(builder, id),
        Fate::Drop => drop(builder, id),
        Fate::Rebuild => rebuild(builder, id),
        Fate::Alter => alter(builder, id),
    }
}

fn alter_table(builder: &Builder<'_>, id: &ObjectId) -> String {
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    alter_relation(builder.after, &table)
}

fn drop(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.has_steps(id) {
        return;
    }
    // What comes from a parent goes with that of the parent.
    if builder.goes_with_parent(id) {
        return;
    }
    // The trigger takes it along.
    let kind = builder.before.constraint(id).map(|constraint| &constraint.kind);
    if kind == Some(&ConstraintKind::Trigger) || rename_not_null(builder, id) || rename_heir(builder, id) {
        return;
    }
    let Some(statement) = super::names::drop_statement(builder.before, id) else {
        return;
    };
    let node = builder.add(id, Part::Down, Pace::Quick, statement);
    goes_along(builder, node, id);
}

/// A key of a partition that belongs to a key that stays can't go; the goal has another name for it.
fn rename_heir(builder: &mut Builder<'_>, id: &ObjectId) -> bool {
    let Some(new) = builder.other_name_of_heir(id) else {
        return false;
    };
    let index = |side: &super::side::Side<'_>, id: &ObjectId| side.constraint(id).and_then(|body| body.index.clone());
    let (Some(old_index), Some(new_index)) = (index(builder.before, id), index(builder.after, &new)) else {
        return false;
    };
    let sql = format!(
        "{} RENAME CONSTRAINT {} TO {}",
        alter_table(builder, id),
        quoted(id.name()),
        quoted(new.name())
    );
    // What has the name may go with another key of the partitioned table.
    let holder = builder.before.inherited_from(&new);
    let node = builder.add(id, Part::Down, Pace::Quick, sql);
    builder.also(node, &old_index, Part::Down);
    builder.also(node, &new, Part::Create);
    builder.also(node, &new_index, Part::Create);
    builder.after_all.extend(holder.map(|holder| (holder, node)));
    true
}

/// A column has one `NOT NULL`, so another name for it is a rename.
fn rename_not_null(builder: &mut Builder<'_>, id: &ObjectId) -> bool {
    let Some(old) = builder.before.constraint(id) else {
        return false;
    };
    let (ConstraintKind::NotNull(column), Some(table)) = (&old.kind, id.owner_table()) else {
        return false;
    };
    let same = |new: &Constraint| {
        is_not_null_of(new, column) && (new.validated, new.no_inherit) == (old.validated, old.no_inherit)
    };
    let renamed = builder
        .after
        .catalog
        .constraints(&table)
        .find(|(new, body)| same(body) && builder.fates.of(new) == Fate::Create && !builder.has_steps(new))
        .map(|(new, _)| new.clone());
    let Some(new) = renamed.filter(|_| !builder.fates.goes(&table.column(column.as_str()))) else {
        return false;
    };
    let sql = format!(
        "{} RENAME CONSTRAINT {} TO {}",
        alter_table(builder, id),
        quoted(id.name()),
        quoted(new.name())
    );
    let node = builder.add(id, Part::Down, Pace::Quick, sql);
    builder.also(node, &new, Part::Create);
    true
}

/// The index of a constraint, and what comes from it in the children, go with it.
fn goes_along(builder: &mut Builder<'_>, node: usize, id: &ObjectId) {
    if let Some(index) = builder
        .before
        .constraint(id)
        .and_then(|constraint| constraint.index.clone())
    {
        builder.also(node, &index, Part::Down);
    }
    for child in builder.before.dependents(id).clone() {
        if builder.before.inherited_from(&child).as_ref() == Some(id)
            && builder.goes_with_parent(&child)
            && builder.fates.goes(&child)
        {
            builder.also(node, &child, Part::Down);
            goes_along(builder, node, &child);
        }
    }
    for child in builder.before.inherited_constraints(id) {
        if builder.fates.goes(&child) && !builder.has_steps(&child) && builder.goes_with_parent(&child) {
            builder.also(node, &child, Part::Down);
            goes_along(builder, node, &child);
        }
    }
}

fn comes_along(builder: &mut Builder<'_>, node: usize, id: &ObjectId) {
    for child in builder.after.inherited_constraints(id) {
        if builder.fates.comes(&child) && builder.was_child(&child) {
            builder.also(node, &child, Part::Create);
            comes_along(builder, node, &child);
        }
    }
}

fn rebuild(builder: &mut Builder<'_>, id: &ObjectId) {
    let replaceable = builder.after.constraint(id).is_some_and(|constraint| {
        matches!(
            constraint.kind,
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)
        )
    });
    if replaceable && !builder.is_disturbed(id) && can_use_index(builder, id) {
        add_with_index(builder, id, true);
        return;
    }
    drop(builder, id);
    add(builder, id);
}

fn add(builder: &mut Builder<'_>, id: &ObjectId) {
    let Some(constraint) = builder.after.constraint(id) else {
        return;
    };
    if builder.fates.of(id) == Fate::Create && builder.has_steps(id) {
        return;
    }
    match &constraint.kind {
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) if can_use_index(builder, id) => {
            add_with_index(builder, id, false);
        }
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) | ConstraintKind::Exclusion(_) => {
            add_at_once(builder, id, constraint);
        }
        ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_) | ConstraintKind::NotNull(_) => {
            // That of the parent makes it.
            let parent = builder.after.inherited_from(id);
            if parent
                .as_ref()
                .is_some_and(|parent| builder.fates.comes(parent) && builder.was_child(id))
            {
                return;
            }
            // A foreign key comes with the table's place in the partitioned table.
            if matches!(constraint.kind, ConstraintKind::ForeignKey(_)) && parent.is_some() {
                return;
            }
            add_unchecked(builder, id, constraint);
        }
        // The trigger makes it.
        ConstraintKind::Trigger => {}
    }
}

/// Demands it of new rows first, and looks at the others without keeping anybody out.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
fn add_unchecked(builder: &mut Builder<'_>, id: &ObjectId, constraint: &Constraint) {
    let definition = definition(builder, id);
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    let alter = alter_table(builder, id);
    let column = quoted(id.name());
    let kind = builder.after.table(&table).map(|table| table.kind);
    let is_foreign_key = matches!(constraint.kind, ConstraintKind::ForeignKey(_));
    let possible = !(is_foreign_key && kind == Some(TableKind::Partitioned) && builder.major < 18);
    if !constraint.validated || !constraint.enforced || !possible || kind == Some(TableKind::Foreign) {
        let notes: &[&str] = if possible {
            &[]
        } else {
            &[
                "Before PostgreSQL 18, a foreign key of a partitioned table can't be added without reading the rows at once.",
            ]
        };
        let pace = if possible { Pace::Quick } else { Pace::Long(READ_ROWS) };
        let node = builder.add_with(
            id,
            Part::Create,
            pace,
            format!("{alter} ADD CONSTRAINT {column} {definition}"),
            notes,
        );
        comes_along(builder, node, id);
        return;
    }
    let node = builder.add_with(
        id,
        Part::Create,
        Pace::Quick,
        format!("{alter} ADD CONSTRAINT {column} {definition} NOT VALID"),
        &["Only new rows are looked at; the next step looks at the others without blocking writes."],
    );
    comes_along(builder, node, id);
    builder.add(
        id,
        Part::Finish,
        Pace::Alone(CHECK_ROWS),
        format!("{alter} VALIDATE CONSTRAINT {column}"),
    );
}

fn definition(builder: &Builder<'_>, id: &ObjectId) -> String {
    builder
        .after
        .get(id)
        .map(|object| object.definition.clone())
        .unwrap_or_default()
}

fn add_at_once(builder: &mut Builder<'_>, id: &ObjectId, constraint: &Constraint) {
    let sql = format!(
        "{} ADD CONSTRAINT {} {}",
        alter_table(builder, id),
        quoted(id.name()),
        definition(builder, id)
    );
    let node = builder.add_with(
        id,
        Part::Create,
        Pace::Long(BUILD_LOCKED),
        sql,
        &["PostgreSQL has no way to build this without blocking writes."],
    );
    after_old_key(builder, id, node);
    if let Some(index) = &constraint.index {
        builder.also(node, index, Part::Create);
        super::indexes::settings(builder, index);
    }
}

/// Whether an index that was built before can become the constraint.
fn can_use_index(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let index = builder
        .after
        .constraint(id)
        .and_then(|constraint| constraint.index.as_ref());
    index
        .and_then(|index| builder.after.index(index))
        .is_some_and(|index| index.method == "btree")
}

/// Builds the index first, which blocks no writes, and makes the constraint of it.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX>
fn add_with_index(builder: &mut Builder<'_>, id: &ObjectId, in_place_of_old: bool) {
    let Some(constraint) = builder.after.constraint(id) else {
        return;
    };
    let Some(index) = constraint.index.clone() else { return };
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    let kind = builder.after.table(&table).map(|table| table.kind);
    if kind == Some(TableKind::Partitioned) {
        add_to_partitioned(builder, id, &index, in_place_of_old);
        return;
    }
    let Some(body) = builder.after.index(&index) else {
        return;
    };
    let built = if in_place_of_old {
        temporary(index.name(), "_dbwright_new")
    } else {
        index.name().to_owned()
    };
    let Some(create) = concurrently(builder, &index, &built) else {
        return;
    };
    let parent = body.postgres.as_ref().and_then(|extra| extra.parent.clone());
    // Those of the partitions are built first, so that the partitioned table gets its own with all of them at once.
    let built_first = parent.filter(|_| builder.was_child(id)).map(|_| {
        let node = builder.add_free(id, Pace::Alone(BUILD_INDEXES), create.clone());
        builder.after_columns(node, id, &index);
        node
    });
    if built_first.is_none() {
        builder.add(id, Part::Build, Pace::Alone(BUILD_INDEXES), create);
    }
    if in_place_of_old {
        drop_old(builder, id);
    }
    let word = if matches!(constraint.kind, ConstraintKind::PrimaryKey(_)) {
        "PRIMARY KEY"
    } else {
        "UNIQUE"
    };
    let sql = format!(
        "{} ADD CONSTRAINT {} {word} USING INDEX {}{}",
        alter_table(builder, id),
        quoted(id.name()),
        quoted(&built),
        deferrable(constraint)
    );
    let node = builder.add(id, Part::Create, Pace::Quick, sql);
    if let Some(built) = built_first {
        builder.order(built, node);
    }
    after_old_key(builder, id, node);
    builder.also(node, &index, Part::Create);
    attach(builder, id, &index, body);
    super::indexes::settings(builder, &index);
}

/// A table has one primary key, so the old one, of whatever name, goes before the new one comes.
fn after_old_key(builder: &mut Builder<'_>, id: &ObjectId, node: usize) {
    let is_key = |body: &Constraint| matches!(body.kind, ConstraintKind::PrimaryKey(_));
    let Some(table) = id
        .owner_table()
        .filter(|_| builder.after.constraint(id).is_some_and(is_key))
    else {
        return;
    };
    let old = builder
        .before
        .catalog
        .constraints(&table)
        .find(|(old, body)| is_key(body) && *old != id && builder.fates.goes(old))
        .map(|(old, _)| (old.clone(), node));
    builder.after_all.extend(old);
}

fn drop_old(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.goes_with_parent(id) {
        return;
    }
    if let Some(statement) = super::names::drop_statement(builder.before, id) {
        let node = builder.add(id, Part::Down, Pace::Quick, statement);
        goes_along(builder, node, id);
    }
}

fn add_to_partitioned(builder: &mut Builder<'_>, id: &ObjectId, index: &ObjectId, in_place_of_old: bool) {
    if in_place_of_old {
        drop_old(builder, id);
    }
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    let sql = format!(
        "ALTER {} ONLY {} ADD CONSTRAINT {} {}",
        relation_word(builder.after, &table),
        name(&table),
        quoted(id.name()),
        definition(builder, id)
    );
    let node = builder.add_with(
        id,
        Part::Create,
        Pace::Quick,
        sql,
        &["Without the partitions, whose indexes were built before and become parts of this one."],
    );
    after_old_key(builder, id, node);
    builder.also(node, index, Part::Create);
    if let Some(body) = builder.after.index(index) {
        attach(builder, id, index, body);
    }
}

/// Makes the index of a partition's constraint a part of that of the partitioned table.
fn attach(builder: &mut Builder<'_>, id: &ObjectId, index: &ObjectId, body: &Index) {
    if let Some(parent) = body.postgres.as_ref().and_then(|extra| extra.parent.clone())
        && builder.was_child(id)
    {
        let sql = format!("ALTER INDEX {} ATTACH PARTITION {}", name(&parent), name(index));
        let node = builder.add(id, Part::Create, Pace::Quick, sql);
        builder.also(node, index, Part::Finish);
        builder.attaching.push((parent, node));
    }
}

fn deferrable(constraint: &Constraint) -> &'static str {
    match (constraint.deferrable, constraint.initially_deferred) {
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, _) => "",
    }
}

fn alter(builder: &mut Builder<'_>, id: &ObjectId) {
    let (Some(was), Some(is)) = (builder.before.constraint(id), builder.after.constraint(id)) else {
        return;
    };
    if builder.before.inherited_from(id).is_some() && builder.after.inherited_from(id).is_some() {
        return;
    }
    let alter = alter_table(builder, id);
    let constraint = quoted(id.name());
    let deferrability = |body: &Constraint| (body.deferrable, body.initially_deferred);
    if deferrability(was) != deferrability(is) {
        let words = if is.deferrable {
            deferrable(is)
        } else {
            " NOT DEFERRABLE"
        };
        let words = if is.deferrable && !is.initially_deferred {
            " DEFERRABLE INITIALLY IMMEDIATE"
        } else {
            words
        };
        builder.add(
            id,
            Part::Finish,
            Pace::Quick,
            format!("{alter} ALTER CONSTRAINT {constraint}{words}"),
        );
    }
    if was.enforced != is.enforced {
        builder.add(
            id,
            Part::Finish,
            Pace::Quick,
            format!("{alter} ALTER CONSTRAINT {constraint} NOT ENFORCED"),
        );
    } else if !was.validated && is.validated {
        builder.add(
            id,
            Part::Finish,
            Pace::Alone(CHECK_ROWS),
            format!("{alter} VALIDATE CONSTRAINT {constraint}"),
        );
    }
}
