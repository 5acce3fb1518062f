//! What earlier runs keep for later ones, so that these do not do it again.
//!
//! Two things are kept of a history: its *prefix*, which is the database (a stopped data directory, or a file) as it is
//! before the first migration under review, with what is known of the migrations up to there; and the *finished trace* of
//! the whole history with the proofs of its fixes. Both are found by a key over everything that they depend on (`Chain`):
//! what is not exactly the same is not found. Beside them in the same folder lie the template clusters from which scratch
//! servers are copied. All of it together is bounded in size; what was not used for the longest time goes ([`Store`]).
//!
//! Nothing here is needed: what is missing, damaged or locked is done again. Servers that were given by URL have no data
//! directory to keep, so that nothing is kept of what runs there.

mod chain;
mod history;
mod store;

#[cfg(unix)]
pub(crate) use chain::{Hasher, Key};
pub use history::HistoryCache;
#[cfg(unix)]
pub(crate) use history::proof_key;
pub(crate) use history::{KeptPrefix, NewPrefix, PREFIX_WORTH, SQLITE_WORTH};
#[cfg(unix)]
pub(crate) use history::{MARIADB_WORTH, MYSQL_WORTH};
pub(crate) use store::touch;
pub use store::{Contents, Entry, EntryKind, Store};

/// The version of what is recorded. Raise it with every change that makes a run record something else than before for the
/// same history on the same server: in `trace`, `introspect`, `fill`, in the recipe and settings of scratch servers, in the
/// splitter and the summaries of `dbwright-sql`, in the generated rows of `dbwright-ddl`, and in the types of
/// `dbwright-catalog` that a [`dbwright_catalog::Trace`] is made of. A new release invalidates everything anyway, and builds
/// with debug assertions find only what they have kept themselves.
pub const EFFECT_VERSION: u32 = 10;
