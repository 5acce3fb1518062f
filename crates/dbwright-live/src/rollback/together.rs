//! Ways back that are right only one after the other: from the newest to the oldest, as people go down.
//!
//! Where the way back of a migration leads to another schema, those of the migrations before it are run as well, until the
//! schema is what it was before one of them. Then all of them go up again. Which statements that takes is decided here; who
//! asks runs them.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Again, Catalog, Difference, History, RoundTrip, Together};

use super::{Tried, Way, differences};

/// So many migrations at most are tried together.
const MEMBERS_MAX: usize = 40;

/// So many ways back that do something may come no nearer to any earlier schema, one after the other.
const PATIENCE: usize = 8;

/// The schemas before the latest migrations that were tried.
#[derive(Default)]
pub(super) struct Before {
    schemas: BTreeMap<usize, Catalog>,
    /// The migrations whose ways back are right by themselves.
    proven: BTreeSet<usize>,
}

impl Before {
    pub(super) fn put(&mut self, index: usize, catalog: &Catalog) {
        self.schemas.insert(index, catalog.clone());
        self.schemas = self.schemas.split_off(&index.saturating_sub(MEMBERS_MAX));
    }

    /// What came of a way back by itself.
    pub(super) fn tried(&mut self, index: usize, tried: &Tried) {
        if tried.as_ref().is_ok_and(RoundTrip::is_proven) {
            self.proven.insert(index);
        }
    }
}

/// What is to be done next.
pub(super) enum Step {
    /// The way back of this migration.
    Back(usize),
    /// This migration once more.
    Up(usize),
    /// The schema is to be read.
    Read,
    /// It is decided.
    Done,
}

/// Ways back that are being tried together.
pub(super) struct Unwinding<'a> {
    history: &'a History,
    before: &'a Before,
    /// The migration whose way back leads elsewhere.
    top: usize,
    /// The schema with it.
    up: &'a Catalog,
    /// The schema after its way back.
    after: &'a Catalog,
    state: State,
    /// The migration before which the schema was nearest to what it had been, and the differences that were left.
    nearest: Option<(usize, Vec<Difference>)>,
    patience: usize,
    /// What has come of it.
    together: Option<Together>,
}

enum State {
    /// The migration went up again, and goes back first.
    Again,
    /// Whether the schema is as after the way back is to be seen.
    Restored,
    Back(usize),
    /// What the way back of this one has led to is to be seen.
    Came(usize),
    /// All from the first one on go up: that and the next one.
    Up(usize, usize),
    /// What that has led to is to be seen.
    Went(usize),
    Done,
}

impl<'a> Unwinding<'a> {
    /// Begins after the trip of a migration whose way back led elsewhere. `again` is what came of its second time up.
    pub(super) fn new(
        history: &'a History,
        before: &'a Before,
        top: usize,
        (up, after): (&'a Catalog, &'a Catalog),
        again: &Again,
    ) -> Self {
        let state = match again {
            Again::Same | Again::Other(_) => State::Again,
            Again::Fails(_) | Again::NotTried => State::Restored,
        };
        Unwinding {
            history,
            before,
            top,
            up,
            after,
            state,
            nearest: None,
            patience: PATIENCE,
            together: None,
        }
    }

    /// The ways back that belong together and what they leave, where that is less than what the first of them leaves. Those
    /// that lead back leave nothing.
    pub(super) fn found(self, alone: &[Difference]) -> (Option<Together>, Vec<Difference>) {
        match (self.together, self.nearest) {
            (Some(together), _) => (Some(together), Vec::new()),
            (None, Some((first, left))) if left.len() < alone.len() && !left.is_empty() => {
                let together = Together {
                    first,
                    last: self.top,
                    leads_back: false,
                };
                (Some(together), left)
            }
            (None, _) => (None, Vec::new()),
        }
    }

    /// Whether all migrations are applied again, so that the database is where it was.
    pub(super) fn is_back(&self) -> bool {
        self.together.is_some()
    }

    pub(super) fn next(&self) -> Step {
        match self.state {
            State::Again => Step::Back(self.top),
            State::Back(index) => Step::Back(index),
            State::Up(_, index) => Step::Up(index),
            State::Restored | State::Came(_) | State::Went(_) => Step::Read,
            State::Done => Step::Done,
        }
    }

    /// A way was gone.
    pub(super) fn went(&mut self, way: &Way) {
        let Way::Done = way else {
            self.state = State::Done;
            return;
        };
        self.state = match self.state {
            State::Again => State::Restored,
            State::Back(index) => State::Came(index),
            State::Up(first, index) if index < self.top => State::Up(first, index + 1),
            State::Up(first, _) => State::Went(first),
            State::Restored | State::Came(_) | State::Went(_) | State::Done => return,
        };
    }

    /// The schema was read.
    pub(super) fn read(&mut self, now: &Catalog) {
        self.state = match self.state {
            State::Restored if differences(self.after, now).is_empty() => self.below(self.top),
            State::Came(index) => self.came(index, now),
            State::Went(first) if differences(self.up, now).is_empty() => {
                self.together = Some(Together {
                    first,
                    last: self.top,
                    leads_back: true,
                });
                State::Done
            }
            State::Again | State::Restored | State::Back(_) | State::Up(..) | State::Went(_) | State::Done => {
                State::Done
            }
        };
    }

    fn came(&mut self, index: usize, now: &Catalog) -> State {
        let Some(before) = self.before.schemas.get(&index) else {
            return State::Done;
        };
        let left = differences(before, now);
        // What is right by itself mends nothing: it takes away what was left wrong, as the way back of a table does. In what
        // was one migration, that is what was meant.
        let mends = !self.before.proven.contains(&index) || self.was_one_with_top(index);
        if left.is_empty() {
            return if mends { State::Up(index, index) } else { State::Done };
        }
        if mends
            && self
                .nearest
                .as_ref()
                .is_none_or(|(_, nearest)| left.len() < nearest.len())
        {
            self.nearest = Some((index, left));
            self.patience = PATIENCE;
        } else if self.patience == 0 {
            return State::Done;
        } else if !self.does_nothing(index) {
            self.patience -= 1;
        }
        self.below(index)
    }

    /// Whether a way back is an empty file, as those of the last parts of what was one migration are.
    fn does_nothing(&self, index: usize) -> bool {
        let down = self.history.migrations[index].down.as_ref();
        down.is_some_and(|down| down.statements.is_empty())
    }

    /// Whether a tool cut both migrations from one: their numbers agree to the second, and so do their names
    /// (`20200101000000000003_orders`, <https://github.com/ory/x/tree/master/popx>).
    fn was_one_with_top(&self, index: usize) -> bool {
        const SECONDS: usize = "20200101000000".len();
        let parts = |index: usize| {
            let name = self.history.migrations.get(index)?.name.as_str();
            let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            (digits > SECONDS).then(|| (&name[..SECONDS], &name[digits..]))
        };
        parts(index).is_some_and(|of_it| parts(self.top) == Some(of_it))
    }

    /// The way back of the migration before this one, where it has one and was tried as well.
    fn below(&self, index: usize) -> State {
        let Some(below) = index.checked_sub(1) else {
            return State::Done;
        };
        let has_back = self.history.migrations[below].back().is_some() && self.before.schemas.contains_key(&below);
        if has_back { State::Back(below) } else { State::Done }
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::{Engine, ObjectId, Schema, Server, Version};

    use super::*;

    /// A schema that holds nothing but schemas of these names.
    fn catalog(names: &[&str]) -> Catalog {
        let mut catalog = Catalog::empty(Server {
            engine: Engine::Postgres,
            version: Version::new(18, 0, 0),
        });
        for name in names {
            let id = ObjectId::new(dbwright_catalog::ObjectKind::Schema, [*name]);
            let object = dbwright_catalog::Object {
                id: id.clone(),
                body: dbwright_catalog::ObjectBody::Schema(Schema {}),
                definition: (*name).to_owned(),
            };
            catalog.objects.insert(id, object);
        }
        catalog
    }

    #[test]
    fn only_the_latest_schemas_are_kept() {
        let mut before = Before::default();
        for index in 0..100 {
            before.put(index, &catalog(&[]));
        }
        assert_eq!(before.schemas.len(), MEMBERS_MAX + 1);
        assert!(before.schemas.contains_key(&99));
    }
}
