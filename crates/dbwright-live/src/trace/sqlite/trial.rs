//! A history that runs without being watched, of which copies can be made: for what is tried beside it.

use std::path::PathBuf;

use dbwright_catalog::{History, Migration, MigrationSet, Outcome};
use rusqlite::Connection;

use super::pass::{Batch, Pass, Transactions};
use super::session::{LIMITS, Ran, Session};
use super::{Progress, ScratchFolder, Tracer, one_transaction, scratch_folder};
use crate::LiveError;
use crate::cache::HistoryCache;

/// A database in which a history runs as it stands.
pub(crate) struct Trial<'a> {
    history: &'a History,
    tracer: Tracer,
    /// It goes with the trial.
    folder: ScratchFolder,
    /// The migration that comes next.
    next: usize,
    copies: u32,
}

impl<'a> Trial<'a> {
    /// At the beginning of the history, or after what an earlier run has kept of it.
    pub(crate) fn begin(cache: Option<&HistoryCache>, history: &'a History) -> Result<Self, LiveError> {
        let folder = scratch_folder()?;
        let tracer = match cache.and_then(|cache| super::kept::resumed(cache, folder.path())) {
            Some(tracer) => tracer,
            None => Tracer::begin(folder.path(), history, LIMITS)?,
        };
        Ok(Trial {
            history,
            next: tracer.effects.len(),
            tracer,
            folder,
            copies: 0,
        })
    }

    /// Runs what comes before a migration.
    pub(crate) fn go_to(&mut self, index: usize) -> Result<(), LiveError> {
        let nothing = MigrationSet::Only {
            indexes: Vec::new(),
            why: String::new(),
        };
        if self.next < index {
            let which = self.next..index;
            self.tracer.run(self.history, &nothing, which, &mut |_: Progress| {})?;
            self.next = index;
        }
        Ok(())
    }

    /// A copy of the database, with the settings of its connection.
    pub(crate) fn copy(&mut self) -> Result<Copy, LiveError> {
        self.copies += 1;
        let file = self.folder.path().join(format!("trial-{}.db", self.copies));
        Ok(Copy {
            session: self.tracer.replayed.copy(&file)?,
            file,
            foreign_keys: self.history.sqlite_foreign_keys,
        })
    }
}

/// A copy of a database in which a migration is tried.
pub(crate) struct Copy {
    session: Session,
    file: PathBuf,
    foreign_keys: bool,
}

impl Copy {
    /// Runs one way of a migration as its tool does; how each of its statements ended.
    pub(crate) fn run(&self, way: &Migration) -> Result<Vec<Outcome>, LiveError> {
        let batch = Batch {
            migrations: vec![(0, way)],
            one_transaction: one_transaction(way.run_mode),
        };
        let mut pass = Pass {
            session: &self.session,
            observer: None,
            transactions: Transactions::default(),
        };
        let runs = pass.run(&batch, &mut |_, _, _| Ok(()))?;
        let outcomes = runs.into_iter().flatten().map(|run| match run.ran {
            Ran::Done => Outcome::Done,
            Ran::Failed(error) => Outcome::Failed(error),
            Ran::Refused(reason) => Outcome::Refused(reason),
        });
        Ok(outcomes.collect())
    }

    /// Goes on in a new session, with the settings that the tool makes.
    pub(crate) fn renew_session(&mut self) -> Result<(), LiveError> {
        self.session = Session::create(&self.file, LIMITS)?;
        self.session.set_foreign_keys(self.foreign_keys)
    }

    /// A connection to look at the database with, which no migration has changed.
    pub(crate) fn look(&self) -> Result<Connection, LiveError> {
        Connection::open(&self.file).map_err(|source| LiveError::Sqlite {
            doing: "looking at a scratch database".to_owned(),
            source,
        })
    }

    /// Puts rows into tables between the guards, because the triggers that this fires belong to the migrations.
    pub(crate) fn guarded<T>(&self, fill: impl FnOnce(&Connection) -> T) -> T {
        self.session.look(fill).0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // The folder goes anyway; this keeps it small.
        let _ = std::fs::remove_file(&self.file);
    }
}
