//! Columns of tables that stay.

use dbwright_catalog::{Column, GeneratedKind, ObjectId, ObjectKind, TableKind};

use super::builder::{Builder, CHECK_ROWS, Pace, Part, REWRITE};
use super::constraints::is_not_null_of;
use super::fate::Fate;
use super::identity;
use super::names::{alter_relation, foreign_options, name, parameter_changes, quoted, temporary};
use super::retype::{self, Cast};
use super::side::{Side, column_extra, is_identity};

/// Adds the statements for one column of a table that stays. Parents come before their children.
pub(super) fn plan_column(builder: &mut Builder<'_>, id: &ObjectId) {
    match builder.fates.of(id) {
        Fate::Keep => {}
        Fate::Create => {
            if !builder.has_steps(id) {
                add(builder, id);
            }
        }
        Fate::Drop => drop(builder, id),
        Fate::Rebuild => {
            if !builder.has_steps(id) {
                drop(builder, id);
                add(builder, id);
            }
        }
        Fate::Alter | Fate::Swap => alter(builder, id),
    }
}

/// `ALTER TABLE … ALTER COLUMN …` up to what is changed. Only of this table, because each child is compared by itself.
fn alter_column(side: &Side<'_>, id: &ObjectId) -> String {
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    let only = if side.children(&table).is_empty() { "" } else { "ONLY " };
    let word = super::names::relation_word(side, &table);
    format!("ALTER {word} {only}{} ALTER COLUMN {}", name(&table), quoted(id.name()))
}

/// The same for what can't be done to a table without its children.
pub(super) fn alter_column_of_all(side: &Side<'_>, id: &ObjectId) -> String {
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    format!("{} ALTER COLUMN {}", alter_relation(side, &table), quoted(id.name()))
}

/// The columns of children, and of theirs, that a change of this one reaches.
fn heirs(side: &Side<'_>, id: &ObjectId) -> Vec<ObjectId> {
    let mut found = Vec::new();
    let mut open: Vec<ObjectId> = id.owner_table().into_iter().collect();
    while let Some(table) = open.pop() {
        for child in side.children(&table) {
            let column = child.column(id.name());
            if !found.contains(&column) {
                found.push(column);
                open.push(child);
            }
        }
    }
    found
}

fn drop(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.has_steps(id) {
        return;
    }
    let Some(column) = builder.before.column(id) else {
        return;
    };
    if builder
        .before
        .inherited_from(id)
        .is_some_and(|parent| builder.fates.goes(&parent) && !builder.leaves_parent(id))
    {
        return;
    }
    if let Some(statement) = super::names::drop_statement(builder.before, id) {
        let node = builder.add(id, Part::Down, Pace::Quick, statement);
        for heir in heirs(builder.before, id) {
            let Some(body) = builder.before.column(&heir) else {
                continue;
            };
            let is_left = builder.leaves_parent(&heir);
            if !is_left && column_extra(body).is_some_and(|extra| extra.inherited && !extra.local) {
                builder.also(node, &heir, Part::Down);
                follow_drop(builder, node, &heir);
                lose_column(builder, &heir, body);
            }
        }
        follow_drop(builder, node, id);
    }
    lose_column(builder, id, column);
}

/// What goes with a column: the sequences that it owns, and its named `NOT NULL`.
fn follow_drop(builder: &mut Builder<'_>, node: usize, id: &ObjectId) {
    for sequence in builder.before.sequences_of(id) {
        if builder.fates.of(&sequence) == Fate::Drop {
            builder.also(node, &sequence, Part::Down);
        }
    }
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    let not_null: Vec<ObjectId> = builder
        .before
        .catalog
        .constraints(&table)
        .filter(|(_, constraint)| is_not_null_of(constraint, id.name()))
        .map(|(constraint, _)| constraint.clone())
        .collect();
    for constraint in not_null {
        builder.also(node, &constraint, Part::Down);
    }
}

/// Whether the rows of the table of a column are elsewhere.
fn is_of_foreign_table(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let table = id.owner_table().and_then(|table| builder.before.table(&table));
    table.is_some_and(|table| table.kind == TableKind::Foreign)
}

fn lose_column(builder: &mut Builder<'_>, id: &ObjectId, column: &Column) {
    if builder.fates.of(id) == Fate::Drop && column.generated.is_none() && !is_of_foreign_table(builder, id) {
        builder.lose(id, "The column and its values are dropped.");
    }
}

fn add(builder: &mut Builder<'_>, id: &ObjectId) {
    let Some(column) = builder.after.column(id) else {
        return;
    };
    let table = id.owner_table().unwrap_or_else(|| id.clone());
    // It comes with the column of the parent, where the table hangs there already.
    if builder
        .after
        .inherited_from(id)
        .is_some_and(|parent| builder.has_steps(&parent) && builder.before.children_reach(id, &parent))
    {
        return;
    }
    let not_null: Vec<ObjectId> = builder
        .after
        .catalog
        .constraints(&table)
        .filter(|(constraint, body)| {
            is_not_null_of(body, id.name()) && !builder.before.has(constraint) && body.validated && !body.no_inherit
        })
        .map(|(constraint, _)| constraint.clone())
        .collect();
    let Some(object) = builder.after.get(id) else { return };
    let made = crate::postgres::add_column(&builder.context, object, column);
    let empty = column.default.is_none() && column.generated.is_none() && column.identity.is_none();
    let notes: &[&str] = if column.not_null && empty {
        &[
            "It fails where the table has rows, because they have no value for the column. Give it a default, or add it without NOT NULL, fill it, and make it NOT NULL in a later change.",
        ]
    } else {
        added_notes(column)
    };
    let pace = if rewrites_when_added(column) {
        Pace::Long(REWRITE)
    } else {
        Pace::Quick
    };
    let mut made = made.into_iter();
    let Some(first) = made.next() else { return };
    let node = builder.add_with(id, Part::Create, pace, first.sql, notes);
    if let Some(constraint) = not_null.first() {
        builder.also(node, constraint, Part::Create);
    }
    for sequence in builder.after.sequences_of(id) {
        if builder.after.sequence(&sequence).is_some_and(is_identity) {
            builder.also(node, &sequence, Part::Create);
        }
    }
    for heir in heirs(builder.after, id) {
        let table = heir.owner_table().unwrap_or_else(|| heir.clone());
        let is_new = builder.before.has(&table) && builder.after.has(&heir) && !builder.before.has(&heir);
        if (is_new || builder.fates.of(&heir) == Fate::Rebuild) && builder.before.children_reach(&heir, id) {
            builder.also(node, &heir, Part::Create);
            inherited_not_null(builder, node, &heir);
            heir_default(builder, &heir, column);
            let own = builder.after.get(&heir).zip(builder.after.column(&heir));
            let settings = own.map(|(object, column)| crate::postgres::add_column(&builder.context, object, column));
            for step in settings.into_iter().flatten().skip(1) {
                builder.add(&heir, Part::Finish, Pace::Quick, step.sql);
            }
        }
    }
    for step in made {
        builder.add(id, Part::Finish, Pace::Quick, step.sql);
    }
}

/// Whether a new column is written into every row: one default for all rows stands in the catalog, and whatever is computed
/// row by row can't.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
fn rewrites_when_added(column: &Column) -> bool {
    let computed = column.generated.as_ref().map(|generated| generated.kind);
    match computed {
        Some(kind) => kind == GeneratedKind::Stored,
        None => column.identity.is_some() || column.default.as_deref().is_some_and(retype::may_be_volatile),
    }
}

fn added_notes(column: &Column) -> &'static [&'static str] {
    if column.generated.is_none() && column.identity.is_none() && rewrites_when_added(column) {
        &[
            "Where the function gives each row another value, the table is rewritten while nobody can read it. Where that takes too long, add the column without a default, then set the default, and fill the rows in batches.",
        ]
    } else {
        &[]
    }
}

fn inherited_not_null(builder: &mut Builder<'_>, node: usize, heir: &ObjectId) {
    let table = heir.owner_table().unwrap_or_else(|| heir.clone());
    let constraints: Vec<ObjectId> = builder
        .after
        .catalog
        .constraints(&table)
        .filter(|(constraint, body)| is_not_null_of(body, heir.name()) && !builder.before.has(constraint))
        .map(|(constraint, _)| constraint.clone())
        .collect();
    for constraint in constraints {
        builder.also(node, &constraint, Part::Create);
    }
}

/// The default of a child may be another than that of its parent.
fn heir_default(builder: &mut Builder<'_>, heir: &ObjectId, parent: &Column) {
    let Some(column) = builder.after.column(heir) else {
        return;
    };
    if column.default != parent.default && column.generated.is_none() {
        let change = default_clause(column.default.as_deref());
        let sql = format!("{} {change}", alter_column(builder.after, heir));
        builder.add(heir, Part::Create, Pace::Quick, sql);
    }
}

fn default_clause(default: Option<&str>) -> String {
    default.map_or("DROP DEFAULT".to_owned(), |default| format!("SET DEFAULT {default}"))
}

/// Whether the default of a column is away while its type or what the default hangs on is changed.
pub(super) fn is_default_away(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let (Some(was), Some(is)) = (builder.before.column(id), builder.after.column(id)) else {
        return false;
    };
    let retyped = builder.fates.retyped.contains(id) && (was.default != is.default || was.type_name != is.type_name);
    was.default.is_some() && was.generated.is_none() && (builder.fates.without_default.contains(id) || retyped)
}

/// Takes defaults away that would be in the way. Of all tables first, because a change of type reaches the children.
pub(super) fn release_defaults(builder: &mut Builder<'_>) {
    let columns: Vec<ObjectId> = builder
        .before
        .catalog
        .objects
        .keys()
        .filter(|id| id.kind == ObjectKind::Column)
        .cloned()
        .collect();
    for id in columns {
        if builder.fates.of(&id) == Fate::Alter
            && !builder.fates.refusals.contains_key(&id)
            && is_default_away(builder, &id)
        {
            let sql = format!("{} DROP DEFAULT", alter_column(builder.before, &id));
            builder.add(&id, Part::Release, Pace::Quick, sql);
        }
    }
}

fn alter(builder: &mut Builder<'_>, id: &ObjectId) {
    let (Some(was), Some(is)) = (builder.before.column(id), builder.after.column(id)) else {
        return;
    };
    let retyped = builder.fates.retyped.contains(id);
    let default_away = is_default_away(builder, id);
    let by_place = identity::comes_with_place(builder, id);
    if was.identity.is_some() && is.identity.is_none() && !by_place {
        identity::drop_identity(builder, id, is);
    }
    if was.not_null && !is.not_null {
        drop_not_null(builder, id);
    }
    generated(builder, id, was, is);
    if retyped {
        retype_column(builder, id, was, is);
    }
    if let Some(identity) = is.identity.filter(|_| was.identity != is.identity && !by_place) {
        identity::set_identity(builder, id, was, identity);
    }
    let default_now = if default_away || was.identity.is_some() {
        None
    } else {
        was.default.clone()
    };
    let serial_from_identity = was.identity.is_some() && is.default.is_some();
    if default_now != is.default && is.generated.is_none() && was.generated.is_none() && is.identity.is_none() {
        let part = if default_away || serial_from_identity || default_now.is_none() {
            Part::Create
        } else {
            Part::Alter
        };
        let sql = format!(
            "{} {}",
            alter_column(builder.after, id),
            default_clause(is.default.as_deref())
        );
        builder.add(id, part, Pace::Quick, sql);
    }
    settings(builder, id, Some(was));
    if !was.not_null && is.not_null {
        set_not_null(builder, id);
    }
}

/// Storage, compression, statistics and parameters, which nothing hangs on.
fn settings(builder: &mut Builder<'_>, id: &ObjectId, was: Option<&Column>) {
    let Some(is) = builder.after.column(id) else { return };
    let Some(new) = column_extra(is) else { return };
    let old = was.and_then(column_extra);
    let alter = alter_column(builder.after, id);
    let retyped = builder.fates.retyped.contains(id);
    // A change of type sets the storage to that of the type, and forgets the compression.
    let storage = match old {
        Some(old) if !retyped => old.storage,
        _ => new.type_storage,
    };
    let mut changes = Vec::new();
    if storage != new.storage {
        let word = match new.storage {
            'p' => "PLAIN",
            'e' => "EXTERNAL",
            'm' => "MAIN",
            _ => "EXTENDED",
        };
        changes.push(format!("{alter} SET STORAGE {word}"));
    }
    if old.filter(|_| !retyped).and_then(|old| old.compression) != new.compression {
        let word = match new.compression {
            Some('l') => "lz4",
            Some(_) => "pglz",
            None => "default",
        };
        changes.push(format!("{alter} SET COMPRESSION {word}"));
    }
    if old.and_then(|old| old.statistics_target) != new.statistics_target {
        changes.push(format!(
            "{alter} SET STATISTICS {}",
            new.statistics_target.unwrap_or(-1)
        ));
    }
    let nothing = Vec::new();
    for change in parameter_changes(old.map_or(&nothing, |old| &old.options), &new.options, "") {
        changes.push(format!("{alter} {change}"));
    }
    if let Some(old) = old
        && let Some(options) = foreign_options(&old.foreign_options, &new.foreign_options)
    {
        changes.push(format!("{alter} {options}"));
    }
    for change in changes {
        builder.add(id, Part::Finish, Pace::Quick, change);
    }
}

fn generated(builder: &mut Builder<'_>, id: &ObjectId, was: &Column, is: &Column) {
    if was.generated == is.generated || parent_does(builder, id) {
        return;
    }
    let alter = alter_column_of_all(builder.before, id);
    let node = match &is.generated {
        None => builder.add(id, Part::Alter, Pace::Quick, format!("{alter} DROP EXPRESSION")),
        Some(generated) => builder.add_with(
            id,
            Part::Alter,
            if generated.kind == GeneratedKind::Stored {
                Pace::Long(REWRITE)
            } else {
                Pace::Quick
            },
            format!("{alter} SET EXPRESSION AS ({})", generated.expression),
            if generated.kind == GeneratedKind::Stored {
                &["Its values are computed again, which rewrites the table while nobody can read it."]
            } else {
                &[]
            },
        ),
    };
    for heir in heirs(builder.after, id) {
        if builder.fates.of(&heir) == Fate::Alter {
            builder.also(node, &heir, Part::Alter);
        }
    }
}

/// Whether a change that children can't be spared is made by the column of the parent.
fn parent_does(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let inherited = |side: &Side<'_>| {
        side.column(id)
            .and_then(column_extra)
            .is_some_and(|extra| extra.inherited)
    };
    inherited(builder.before) && inherited(builder.after)
}

fn retype_column(builder: &mut Builder<'_>, id: &ObjectId, was: &Column, is: &Column) {
    if parent_does(builder, id) {
        return;
    }
    let column = quoted(id.name());
    let swapped = was.type_name == is.type_name && was.collation == is.collation;
    let using = if swapped {
        match builder.swapped_type(&is.type_name) {
            Some(swapped) => {
                let sides = (builder.before, builder.after);
                let is_swapped = |name: &str| builder.swapped_type(name).is_some();
                let value = retype::carried_over(sides, &swapped, &column, &is.type_name, is_swapped);
                format!(" USING {value}")
            }
            None => format!(" USING {column}::text::{}", is.type_name),
        }
    } else {
        match retype::cast(&was.type_name, &is.type_name) {
            Cast::Assignment | Cast::None => String::new(),
            Cast::Explicit => format!(" USING {column}::{}", is.type_name),
            Cast::ThroughText => {
                let array = if is.type_name.ends_with("[]") && was.type_name.ends_with("[]") {
                    "[]"
                } else {
                    ""
                };
                format!(" USING {column}::text{array}::{}", is.type_name)
            }
        }
    };
    let using = if was.generated.is_some() { String::new() } else { using };
    let collation = is
        .collation
        .as_ref()
        .map_or(String::new(), |collation| format!(" COLLATE {collation}"));
    let sql = format!(
        "{} TYPE {}{collation}{using}",
        alter_column_of_all(builder.before, id),
        is.type_name
    );
    let is_foreign = is_of_foreign_table(builder, id);
    let keeps = !swapped
        && !is_foreign
        && using.is_empty()
        && was.collation == is.collation
        && retype::keeps_storage(&was.type_name, &is.type_name);
    let mut notes = Vec::new();
    if is_foreign {
        notes.push("Only what is said here changes: the rows are elsewhere.");
    } else if keeps {
        notes.push("The stored values stay as they are, so the table is neither read nor rewritten.");
    } else {
        notes.push("The table is rewritten, or at least read, while nobody can use it.");
    }
    if !using.is_empty() {
        notes.push("It fails on values that can't be read as the new type.");
    }
    let pace = if keeps || is_foreign {
        Pace::Quick
    } else {
        Pace::Long(REWRITE)
    };
    let node = builder.add_with(id, Part::Disturb, pace, sql, &notes);
    if !swapped && let Some(loss) = retype::loss(&was.type_name, &is.type_name) {
        builder.lose(id, loss);
    }
    for heir in heirs(builder.before, id) {
        if builder.fates.of(&heir) == Fate::Alter {
            builder.also_after(node, &heir, Part::Disturb);
        }
    }
}

fn drop_not_null(builder: &mut Builder<'_>, id: &ObjectId) {
    // From 18 on it is a constraint with a name, and dropped with that.
    if builder.major >= 18 {
        return;
    }
    if parent_does(builder, id)
        && let Some(parent) = id
            .owner_table()
            .and_then(|table| builder.before.parents(&table).first().cloned())
        && builder
            .after
            .column(&parent.column(id.name()))
            .is_some_and(|column| !column.not_null)
        && builder
            .before
            .column(&parent.column(id.name()))
            .is_some_and(|column| column.not_null)
    {
        return;
    }
    // Keys that demand it go first.
    let sql = format!("{} DROP NOT NULL", alter_column_of_all(builder.before, id));
    builder.add(id, Part::Disturb, Pace::Quick, sql);
}

/// `NOT NULL` without a long lock: a check that need not hold yet, then its validation, which lets everybody read and write,
/// then `NOT NULL`, for which the server need not look at the rows any more because the check says it.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL>
fn set_not_null(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.major >= 18 {
        return;
    }
    // The children are done by themselves, before their parent.
    let alter = id
        .owner_table()
        .map_or(String::new(), |table| alter_relation(builder.after, &table));
    let check = quoted(&temporary(id.name(), "_dbwright_not_null"));
    let column = quoted(id.name());
    if parent_does(builder, id) && parent_becomes_not_null(builder, id) {
        return;
    }
    builder.add_with(
        id,
        Part::Finish,
        Pace::Quick,
        format!("{alter} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"),
        &["A check that is not validated yet takes no time; NOT NULL by itself would read the table while nobody can use it."],
    );
    builder.add(
        id,
        Part::Finish,
        Pace::Alone(CHECK_ROWS),
        format!("{alter} VALIDATE CONSTRAINT {check}"),
    );
    let node = builder.add(
        id,
        Part::Finish,
        Pace::Quick,
        format!("{alter} ALTER COLUMN {column} SET NOT NULL"),
    );
    for heir in heirs(builder.after, id) {
        if builder.fates.of(&heir) == Fate::Alter {
            builder.also(node, &heir, Part::Finish);
        }
    }
    builder.add(
        id,
        Part::Finish,
        Pace::Quick,
        format!("{alter} DROP CONSTRAINT {check}"),
    );
}

fn parent_becomes_not_null(builder: &Builder<'_>, id: &ObjectId) -> bool {
    let Some(table) = id.owner_table() else { return false };
    builder.after.parents(&table).iter().any(|parent| {
        let column = parent.column(id.name());
        builder.after.column(&column).is_some_and(|column| column.not_null)
            && builder.before.column(&column).is_some_and(|column| !column.not_null)
    })
}
