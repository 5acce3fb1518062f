//! Asking whether the queries of an application can still be prepared, before and after each migration under review, one file
//! per engine.
//!
//! Nothing is run but the migrations. Which statement of a migration breaks a query is found out by running them one by one.

pub mod mysql_family;
pub mod postgres;
pub mod sqlite;
mod watch;

use dbwright_catalog::{Change, Effect, History, MigrationSet, ObjectKind, Query, QueryShape, SqlError, Trace};

/// How a server answers that was asked to prepare a query.
pub(crate) type Prepared = Result<QueryShape, SqlError>;

/// What is asked, of which history.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The migrations.
    pub history: &'a History,
    /// Which of them are under review.
    pub judged: &'a MigrationSet,
    /// What they were seen to do.
    pub trace: &'a Trace,
    /// What is asked while they run.
    pub running: &'a [Query],
    /// What is asked after the last one.
    pub next: &'a [Query],
}

impl Asked<'_> {
    /// The first migration after which queries are asked again; nothing where no migration under review changes the schema.
    pub fn first(&self) -> Option<usize> {
        let mut judged = self.judged.indexes(self.history.migrations.len());
        judged.find(|index| !self.changing(*index).is_empty())
    }

    /// The statements of a migration that changed the schema.
    fn changing(&self, index: usize) -> Vec<usize> {
        self.statements(index, |effect| !effect.changes.is_empty())
    }

    /// Those after which a query may fail: what only adds indexes or the like is not among them.
    fn suspects(&self, index: usize) -> Vec<usize> {
        let can_harm = |change: &Change| match change {
            Change::Created(object) => object.id.kind == ObjectKind::Column,
            Change::Dropped(_) | Change::Altered { .. } => true,
        };
        self.statements(index, |effect| effect.changes.iter().any(can_harm))
    }

    fn statements(&self, index: usize, is_meant: impl Fn(&Effect) -> bool) -> Vec<usize> {
        let effects = self.trace.migrations.get(index).map_or(&[][..], |it| &it.effects);
        let numbered = effects.iter().enumerate().filter(|(_, effect)| is_meant(effect));
        numbered.map(|(statement, _)| statement).collect()
    }

    /// Whether queries are to be asked after a migration: what is not judged was not watched either.
    fn is_asked_after(&self, index: usize) -> bool {
        !self.judged.contains(index) || !self.changing(index).is_empty()
    }

    /// The statement that everything is to be blamed on, where it is the only one that comes into question; `Err` with those
    /// that do.
    fn culprit(&self, index: usize) -> Result<Option<usize>, Vec<usize>> {
        match self.suspects(index).as_slice() {
            [] => Ok(self.changing(index).first().copied()),
            [only] => Ok(Some(*only)),
            several => Err(several.to_vec()),
        }
    }
}
