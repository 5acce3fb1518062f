//! One file per command.

pub(crate) mod check;
pub(crate) mod detect;
pub(crate) mod rule;
