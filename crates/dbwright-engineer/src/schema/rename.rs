//! Renames that somebody declared: which objects they mean, and the statements that carry them out.
//!
//! A rename is executed, never simulated: what it makes of grants, indexes, views and the rest, the server says.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Engine, Object, ObjectBody, ObjectId, ObjectKind, PlanPhase, Rename, Step, TypeKind};
use dbwright_ddl::{PlanOptions, qualified_name, quote_literal};
use dbwright_sql::Renamed;

use super::error::SchemaError;
use super::plan::RenameRequest;
use super::side::Side;

/// Renames that are to be carried out, in an order that works, and what was declared and has nothing to do, as sentences.
pub(super) struct Resolved {
    pub(super) renames: Vec<Rename>,
    pub(super) notes: Vec<String>,
}

/// A rename before it is known which object it means.
struct Wanted {
    from: String,
    /// Whether it must have something to rename: a flag is about this run, a comment stays in its file for ever.
    is_request: bool,
    kind: Option<ObjectKind>,
    /// Names of the object now, outermost first, as far as they are written.
    now: Vec<String>,
    before: Vec<String>,
    label: bool,
}

/// Finds the objects that comments and flags mean.
pub(super) fn resolve(
    before: &Catalog,
    after: &Side,
    requests: &[RenameRequest],
    answered: &[Rename],
) -> Result<Resolved, SchemaError> {
    let comments = after.renames.iter().map(|(path, rename)| {
        let from = format!("{}:{}", path.display(), rename.line);
        let (kind, parent, label) = match &rename.what {
            Renamed::Object(word) => (kind_of(word), Vec::new(), false),
            Renamed::Part { kind, of } => (kind_of(kind), of.clone(), false),
            Renamed::Label { of } => (Some(ObjectKind::Type), of.clone(), true),
        };
        // An index of PostgreSQL and SQLite bears the name of its schema, not of its table.
        let parent = match kind {
            Some(ObjectKind::Index) if !is_mysql_family(after.about.server.engine) => Vec::new(),
            _ => parent,
        };
        let within = |names: &[String]| parent.iter().chain(names).cloned().collect::<Vec<String>>();
        Wanted {
            from,
            is_request: false,
            kind,
            now: within(&rename.now),
            before: if rename.before.len() > 1 {
                rename.before.clone()
            } else {
                within(&rename.before)
            },
            label,
        }
    });
    let flags = requests.iter().map(|request| {
        let mut now = request.before.clone();
        now.pop();
        now.push(request.now.clone());
        Wanted {
            from: format!("--rename {}", request.text),
            is_request: true,
            kind: request.kind,
            now,
            before: request.before.clone(),
            label: false,
        }
    });
    let mut wanted: Vec<Wanted> = comments.chain(flags).collect();
    // What holds others is renamed first.
    wanted.sort_by_key(|wanted| (wanted.label, wanted.kind.is_some_and(is_part), wanted.now.len()));
    let mut resolved = Resolved {
        renames: Vec::new(),
        notes: Vec::new(),
    };
    for wanted in wanted {
        let found = if wanted.label {
            label(&wanted, before, &after.catalog, &resolved.renames)?
        } else {
            object(&wanted, before, &after.catalog, &resolved.renames)?
        };
        match found {
            Some(rename) => resolved.renames.push(rename),
            None => resolved.notes.push(format!(
                "{}: there is nothing called {} any more; the rename has been carried out already, or there is nothing to \
                 rename.",
                wanted.from,
                wanted.before.join(".")
            )),
        }
    }
    for rename in answered {
        if !resolved.renames.contains(rename) {
            resolved.renames.push(rename.clone());
        }
    }
    resolved
        .renames
        .sort_by_key(|rename| (is_part(rename.from.kind), rename.from.path.len()));
    Ok(resolved)
}

fn is_mysql_family(engine: Engine) -> bool {
    matches!(engine, Engine::MySql | Engine::MariaDb)
}

fn is_part(kind: ObjectKind) -> bool {
    !matches!(
        kind,
        ObjectKind::Schema | ObjectKind::Table | ObjectKind::View | ObjectKind::Type | ObjectKind::Sequence
    )
}

fn kind_of(word: &str) -> Option<ObjectKind> {
    match word {
        "domain" | "type" => Some(ObjectKind::Type),
        "function" | "procedure" | "aggregate" => Some(ObjectKind::Routine),
        other => ObjectKind::ALL.into_iter().find(|kind| kind.name() == other),
    }
}

/// The id that an object has once these renames are done.
pub(super) fn moved(id: &ObjectId, renames: &[Rename]) -> ObjectId {
    let mut id = id.clone();
    for rename in renames {
        if id == rename.from {
            id = rename.to.clone();
        } else if rename.from.kind == ObjectKind::Table
            && (id.owner_table().as_ref() == Some(&rename.from))
            && let Some(name) = id.path.last().cloned()
        {
            id = rename.to.child(id.kind, name);
        }
    }
    id
}

fn object(
    wanted: &Wanted,
    before: &Catalog,
    after: &Catalog,
    renames: &[Rename],
) -> Result<Option<Rename>, SchemaError> {
    let wrong = |problem: String| SchemaError::Rename {
        from: wanted.from.clone(),
        problem,
    };
    let there: BTreeSet<ObjectId> = before.objects.keys().map(|id| moved(id, renames)).collect();
    let is_meant = |id: &ObjectId, names: &[String]| {
        !id.kind.is_satellite() && wanted.kind.is_none_or(|kind| id.kind == kind) && ends_with(id, names)
    };
    let olds: Vec<&ObjectId> = there
        .iter()
        .filter(|id| is_meant(id, &wanted.before) && !after.objects.contains_key(id))
        .collect();
    let mut pairs = Vec::new();
    for old in &olds {
        for new in after
            .objects
            .keys()
            .filter(|id| is_meant(id, &wanted.now) && id.kind == old.kind)
        {
            let same_table = old.owner_table() == new.owner_table() || old.owner_table().is_none();
            if same_table && !there.contains(new) {
                pairs.push(((*old).clone(), new.clone()));
            }
        }
    }
    let (old, new) = (wanted.before.join("."), wanted.now.join("."));
    match pairs.as_slice() {
        [(from, to)] => Ok(Some(Rename {
            from: from.clone(),
            to: to.clone(),
        })),
        [] if !wanted.is_request && olds.is_empty() => Ok(None),
        [] if olds.is_empty() => Err(wrong(match there.iter().find(|id| is_meant(id, &wanted.before)) {
            Some(kept) => format!("{} {old} is there on both sides", kept.kind.name()),
            None => format!("there is nothing called {old} to be renamed"),
        })),
        [] => Err(wrong(match after.objects.keys().find(|id| is_meant(id, &wanted.now)) {
            Some(_) => format!("{new} exists already before the rename"),
            None => format!("the other side has no {new}"),
        })),
        several => Err(wrong(format!(
            "several things are called {old}: {}; say which, as in {}:{old}",
            several
                .iter()
                .map(|(id, _)| format!("{} {id}", id.kind.name()))
                .collect::<Vec<_>>()
                .join(", "),
            several[0].0.kind.name()
        ))),
    }
}

/// A label of an enum: the id of the type with the label as one more part.
fn label(
    wanted: &Wanted,
    before: &Catalog,
    after: &Catalog,
    renames: &[Rename],
) -> Result<Option<Rename>, SchemaError> {
    let wrong = |problem: String| SchemaError::Rename {
        from: wanted.from.clone(),
        problem,
    };
    let (Some((now, of)), Some(old)) = (wanted.now.split_last(), wanted.before.last()) else {
        return Ok(None);
    };
    let Some(now_type) = after
        .objects
        .values()
        .find(|object| object.id.kind == ObjectKind::Type && ends_with(&object.id, of))
    else {
        return Err(wrong(format!("the other side has no type {}", of.join("."))));
    };
    let was = before
        .objects
        .values()
        .find(|object| moved(&object.id, renames) == now_type.id);
    let labels = |object: &Object| match &object.body {
        ObjectBody::Type(body) => match &body.kind {
            TypeKind::Enum(labels) => labels.clone(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let Some(was) = was.map(labels) else { return Ok(None) };
    if was.contains(now) || !was.contains(old) {
        return Ok(None);
    }
    let id = |label: &str| ObjectId {
        kind: ObjectKind::Type,
        path: now_type.id.path.iter().cloned().chain([label.to_owned()]).collect(),
    };
    Ok(Some(Rename {
        from: id(old),
        to: id(now),
    }))
}

/// Whether the path of an object ends with these names. Of a routine, its name counts without its arguments.
fn ends_with(id: &ObjectId, names: &[String]) -> bool {
    let path: Vec<&str> = id
        .path
        .iter()
        .enumerate()
        .map(|(at, part)| {
            if id.kind == ObjectKind::Routine && at + 1 == id.path.len() {
                part.split('(').next().unwrap_or(part)
            } else {
                part
            }
        })
        .collect();
    names.len() <= path.len()
        && path[path.len() - names.len()..]
            .iter()
            .zip(names)
            .all(|(part, name)| part == name)
}

/// The phase of a plan that carries renames out.
pub(super) fn phase(engine: Engine, renames: &[Rename], options: &PlanOptions) -> PlanPhase {
    let steps = renames
        .iter()
        .flat_map(|rename| steps(engine, rename))
        .map(|step| Step {
            lock_timeout: Some(options.lock_timeout),
            statement_timeout: Some(options.statement_timeout),
            ..step
        });
    PlanPhase {
        purpose: "Rename what has another name.".to_owned(),
        transaction: !is_mysql_family(engine),
        steps: steps.collect(),
    }
}

/// The way back.
pub(super) fn reversed(renames: &[Rename]) -> Vec<Rename> {
    let back = renames.iter().rev().map(|rename| {
        // A part is renamed back while its table still bears the new name.
        Rename {
            from: rename.to.clone(),
            to: rename.from.clone(),
        }
    });
    back.collect()
}

fn steps(engine: Engine, rename: &Rename) -> Vec<Step> {
    if let (ObjectKind::Type, [schema, name, label]) = (rename.from.kind, rename.from.path.as_slice()) {
        let id = ObjectId::new(ObjectKind::Type, [schema, name]);
        // https://www.postgresql.org/docs/current/sql-altertype.html
        let sql = format!(
            "ALTER TYPE {} RENAME VALUE {} TO {}",
            qualified_name(engine, &id),
            quote_literal(engine, label),
            quote_literal(engine, rename.to.name())
        );
        return vec![Step::new(sql, [id])];
    }
    dbwright_ddl::rename_steps(engine, rename)
}
