//! Repositories in, text out: the examples of `cases/repos`, small ones written on the spot, and real git repositories.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod drafts;
mod errors;
mod files;
mod git;
mod histories;
mod more_tools;
mod other_tools;
mod show;
