//! How far the model of an object says what the server says of it.
//!
//! A definition that differs from another one in something that the model does not hold is shown and never planned. So it
//! is counted how many objects are understood: their definition is written from the model alone and compared.

mod postgres;

use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, Engine, Object, ObjectKind};

use crate::is_statement;

/// How far an object is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// The model gives back the server's definition.
    Whole,
    /// The definition holds more than the model, and is the statement that makes the object.
    Statement,
    /// The definition holds more than the model. A difference in the rest can't be planned.
    Partial,
}

/// So many objects of one kind are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Covered {
    /// By their model.
    pub whole: usize,
    /// By a statement of the server's.
    pub statement: usize,
    /// In parts.
    pub partial: usize,
}

/// How far one object is understood.
pub fn coverage(engine: Engine, object: &Object) -> Coverage {
    let from_model = match engine {
        Engine::Postgres => postgres::definition(object),
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => None,
    };
    if from_model.is_some_and(|definition| definition == object.definition) {
        Coverage::Whole
    } else if is_statement(engine, object.id.kind) {
        Coverage::Statement
    } else {
        Coverage::Partial
    }
}

/// How many objects of each kind are understood.
pub fn covered(catalog: &Catalog) -> BTreeMap<ObjectKind, Covered> {
    let mut kinds: BTreeMap<ObjectKind, Covered> = BTreeMap::new();
    for object in catalog.objects.values() {
        let covered = kinds.entry(object.id.kind).or_default();
        match coverage(catalog.server.engine, object) {
            Coverage::Whole => covered.whole += 1,
            Coverage::Statement => covered.statement += 1,
            Coverage::Partial => covered.partial += 1,
        }
    }
    kinds
}
