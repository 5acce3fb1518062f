//! What is not as it was.

use dbwright_catalog::{
    Catalog, Change, Column, ConstraintKind, Difference, DifferenceKind, Engine, Object, ObjectBody, ObjectId,
    ObjectKind, PostgresView, View,
};
use dbwright_ddl::diff;

/// Every object of a schema that is not as it was, without what follows from another: the columns of a table that is
/// missing, the comment on a column that is left.
///
/// In which order a table has its columns is no difference, nor in which a view of all of them has: what was dropped comes back at
/// the end, and only PostgreSQL's `INSERT` without names could tell. Memberships of roles belong to the whole server.
pub(crate) fn differences(was: &Catalog, is: &Catalog) -> Vec<Difference> {
    let engine = was.server.engine;
    let diff = diff(was, is);
    let mut found: Vec<(Difference, Vec<ObjectId>)> = Vec::new();
    let mut add = |holders: Vec<ObjectId>, object: ObjectId, kind: DifferenceKind| {
        if object.kind != ObjectKind::Membership {
            found.push((Difference { object, kind }, holders));
        }
    };
    for change in diff.changes {
        match change {
            Change::Created(object) => add(holders(&object), object.id, DifferenceKind::Left),
            Change::Dropped(object) => add(holders(&object), object.id, DifferenceKind::Missing),
            Change::Altered { before, after } => {
                if let Some(kind) = changed(engine, &before, &after) {
                    add(holders(&after), before.id, kind);
                }
            }
        }
    }
    for opaque in diff.opaque {
        if let Some(kind) = changed(engine, &opaque.before, &opaque.after) {
            add(holders(&opaque.after), opaque.before.id, kind);
        }
    }
    found.retain(|(difference, _)| !is_of_owner(was, is, &difference.object));
    let gone: Vec<ObjectId> = found
        .iter()
        .filter(|(difference, _)| !matches!(difference.kind, DifferenceKind::Changed { .. }))
        .map(|(difference, _)| difference.object.clone())
        .collect();
    let changed: Vec<ObjectId> = found
        .iter()
        .filter(|(difference, _)| matches!(difference.kind, DifferenceKind::Changed { .. }))
        .map(|(difference, _)| difference.object.clone())
        .collect();
    found.retain(|(difference, holders)| {
        // From PostgreSQL 18 on, what keeps NULL out of a column is a constraint as well.
        let not_null_of = [was, is]
            .into_iter()
            .find_map(|catalog| not_null(catalog, &difference.object));
        let follows = not_null_of.is_some_and(|column| changed.contains(&column) || gone.contains(&column));
        !follows && !holders.iter().any(|holder| gone.contains(holder))
    });
    found.into_iter().map(|(difference, _)| difference).collect()
}

/// Whether it is what an owner may do with his own. The server writes that down once somebody else may do something, and
/// never takes it back.
fn is_of_owner(was: &Catalog, is: &Catalog, id: &ObjectId) -> bool {
    let Some(target) = id.target().filter(|_| id.kind == ObjectKind::Grant) else {
        return false;
    };
    let owner = target.satellite(ObjectKind::Owner);
    [was, is]
        .into_iter()
        .any(|catalog| match catalog.get(&owner).map(|object| &object.body) {
            Some(ObjectBody::Owner(owner)) => owner.role == id.name(),
            _ => false,
        })
}

/// The column that a constraint keeps NULL out of, where that is what it does.
fn not_null(catalog: &Catalog, id: &ObjectId) -> Option<ObjectId> {
    match &catalog.get(id)?.body {
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::NotNull(column) => Some(id.owner_table()?.column(column)),
            _ => None,
        },
        _ => None,
    }
}

/// What an object comes and goes with.
fn holders(object: &Object) -> Vec<ObjectId> {
    let mut holders: Vec<ObjectId> = object
        .id
        .owner_table()
        .filter(|table| *table != object.id)
        .into_iter()
        .collect();
    match &object.body {
        ObjectBody::Index(index) => {
            holders.push(index.table.clone());
            // One of the same name makes it.
            holders.push(index.table.child(ObjectKind::Constraint, object.id.name()));
        }
        ObjectBody::Sequence(sequence) => {
            if let Some(column) = &sequence.owned_by {
                holders.extend(column.owner_table());
                holders.push(column.clone());
            }
        }
        _ => {}
    }
    if let Some(target) = object.id.target() {
        holders.extend(target.owner_table());
        holders.push(target);
    }
    holders
}

/// In what way an object is another.
fn changed(engine: Engine, before: &Object, after: &Object) -> Option<DifferenceKind> {
    let is_order_only = match (&before.body, &after.body) {
        (ObjectBody::Column(was), ObjectBody::Column(is)) => {
            let moved = Column {
                position: is.position,
                ..was.clone()
            };
            moved == *is && before.definition == after.definition
        }
        (ObjectBody::Routine(_), ObjectBody::Routine(_)) => spaced(&before.definition) == spaced(&after.definition),
        (ObjectBody::View(was), ObjectBody::View(is)) => {
            was.materialized == is.materialized
                && with_sorted_columns(was) == with_sorted_columns(is)
                && selected(&before.definition) == selected(&after.definition)
        }
        (ObjectBody::Table(was), ObjectBody::Table(is)) => {
            engine == Engine::Sqlite && was == is && parts(&before.definition) == parts(&after.definition)
        }
        _ => false,
    };
    let kind = || {
        // Some differences are of the model alone: then it is shown.
        let (was, is) = if before.definition == after.definition {
            (format!("{:?}", before.body), format!("{:?}", after.body))
        } else {
            (before.definition.clone(), after.definition.clone())
        };
        DifferenceKind::Changed { was, is }
    };
    (!is_order_only).then(kind)
}

/// With single spaces: how the body of a routine is indented is no difference to anybody.
fn spaced(definition: &str) -> String {
    // As PostgreSQL quotes bodies.
    let definition = definition.replace("$function$", " $function$ ");
    definition.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tokens of a definition, with how many brackets are open behind each.
fn nested(definition: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut depth = 0_usize;
    dbwright_ddl::sqlite_text::tokens(definition)
        .into_iter()
        .map(move |token| {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            (depth, token.text)
        })
}

/// The parts of a `CREATE TABLE` between commas, in any order.
fn parts(definition: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (depth, text) in nested(definition) {
        let splits =
            depth == 1 && text == "," || depth == 1 && text == "(" && parts.len() == 1 || depth == 0 && text == ")";
        if splits {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(text);
            part.push(' ');
        }
    }
    parts.sort_unstable();
    parts
}

/// What only PostgreSQL's views have, with the columns in the order of their names.
fn with_sorted_columns(view: &View) -> Option<PostgresView> {
    let mut of_postgres = view.postgres.clone()?;
    of_postgres.columns.sort_by(|one, other| one.name.cmp(&other.name));
    Some(of_postgres)
}

/// The expressions that a view selects, in any order, and the rest of it.
fn selected(definition: &str) -> (Vec<String>, String) {
    let mut list = vec![String::new()];
    let mut rest = String::new();
    for (depth, text) in nested(definition) {
        let is = |word: &str| depth == 0 && text.eq_ignore_ascii_case(word);
        if !rest.is_empty() || is("from") {
            rest.extend([text, " "]);
        } else if is("select") || is(",") {
            list.push(String::new());
        } else if let Some(last) = list.last_mut() {
            last.extend([text, " "]);
        }
    }
    list.sort_unstable();
    (list, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_may_select_its_columns_in_any_order() {
        let view = "SELECT a.id, f(a.x, a.y) AS z, ( SELECT b.c, b.d FROM b) FROM a WHERE a.id = 1, 2;";
        for same in [
            "SELECT f(a.x, a.y) AS z, a.id, ( SELECT b.c, b.d FROM b) FROM a WHERE a.id = 1, 2;",
            "SELECT ( SELECT b.c, b.d FROM b), a.id, f(a.x, a.y) AS z FROM a WHERE a.id = 1, 2;",
        ] {
            assert_eq!(selected(view), selected(same), "{same}");
        }
        for other in [
            "SELECT a.id, f(a.y, a.x) AS z, ( SELECT b.c, b.d FROM b) FROM a WHERE a.id = 1, 2;",
            "SELECT a.id, f(a.x, a.y) AS z, ( SELECT b.d, b.c FROM b) FROM a WHERE a.id = 1, 2;",
            "SELECT a.id, f(a.x, a.y) AS z, ( SELECT b.c, b.d FROM b) FROM a WHERE a.id = 2, 1;",
            "SELECT a.id, f(a.x, a.y) AS z FROM a WHERE a.id = 1, 2;",
            "SELECT DISTINCT a.id, f(a.x, a.y) AS z, ( SELECT b.c, b.d FROM b) FROM a WHERE a.id = 1, 2;",
        ] {
            assert_ne!(selected(view), selected(other), "{other}");
        }
    }
}
