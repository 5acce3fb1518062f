//! The migration itself: it fails, or it says that it worked and did not.

pub(crate) mod concurrently_in_transaction;
pub(crate) mod fails_on_rows;
pub(crate) mod implicit_commit;
pub(crate) mod invalid_index_kept;
pub(crate) mod online_clause_refused;
pub(crate) mod statement_fails;
#[cfg(test)]
mod tests;
