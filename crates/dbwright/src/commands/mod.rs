//! One file per command.

pub(crate) mod cache;
pub(crate) mod capture;
pub(crate) mod check;
pub(crate) mod detect;
pub(crate) mod engine;
pub(crate) mod explain;
mod fix;
pub(crate) mod migrate;
pub(crate) mod output;
pub(crate) mod rule;
pub(crate) mod schema;
pub(crate) mod snapshot;
pub(crate) mod twin;
