//! Proves plans: a copy of the schema that a plan starts from is built on a scratch server, filled with generated rows,
//! and changed step by step.
//!
//! Not for deciding what a plan does; that is pure and stands in `dbwright-ddl`.

pub mod postgres;
