//! What is told of a history while it is still being watched, to whoever can do something with it meanwhile.

use dbwright_catalog::{Catalog, MigrationTrace};
use tokio::sync::mpsc::UnboundedSender;

/// What is known by now of a history that is being watched.
#[derive(Debug)]
pub enum News {
    /// The first migration that is judged is about to run.
    Begun {
        /// Its index.
        migration: usize,
        /// The catalog before it.
        catalog: Box<Catalog>,
    },
    /// A migration that is judged has run.
    Ran {
        /// Its index.
        migration: usize,
        /// What became of it, as far as is known now: a failure may still turn out to be one on generated rows.
        trace: MigrationTrace,
    },
}

/// Tells of a history that is being watched.
pub(super) struct Teller {
    sender: UnboundedSender<News>,
    has_begun: bool,
}

impl Teller {
    pub(super) fn new(sender: UnboundedSender<News>) -> Self {
        Teller {
            sender,
            has_begun: false,
        }
    }

    /// A migration that is judged is about to run.
    pub(super) fn begin(&mut self, migration: usize, catalog: &Catalog) {
        if !self.has_begun {
            self.has_begun = true;
            let catalog = Box::new(catalog.clone());
            self.send(News::Begun { migration, catalog });
        }
    }

    /// A migration has run.
    pub(super) fn tell(&self, migration: usize, trace: &MigrationTrace) {
        if trace.judged {
            let trace = trace.clone();
            self.send(News::Ran { migration, trace });
        }
    }

    fn send(&self, news: News) {
        // Nobody has to listen.
        let _ = self.sender.send(news);
    }
}
