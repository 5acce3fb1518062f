//! The program as a user runs it: the built binary in a controlled environment.

mod check;
mod command;
mod detect;
mod endings;
mod errors;
mod rule;
mod scratch_url;
mod terminal;
