//! Everything that talks to a database server, except writing to a user's database.
//!
//! Connections to users' servers ([`connect`]), scratch servers ([`scratch`]), reading catalogs ([`introspect`]), asking live
//! databases for numbers beside their schema ([`measure`]), putting generated rows into tables ([`fill`]), trying fixes
//! ([`prove`]), plans ([`prove_plan`]) and ways back ([`rollback`]), asking what becomes of queries ([`release`]), and
//! running histories while watching what each statement does ([`trace`]).

pub mod cache;
pub mod calibrate;
pub mod capture;
pub mod column_values;
pub mod connect;
mod error;
pub mod explain;
pub mod fill;
pub mod install;
pub mod introspect;
pub mod measure;
pub mod prove;
pub mod prove_plan;
pub mod release;
pub mod rollback;
pub mod scratch;
pub mod trace;
pub mod twin;

pub use error::LiveError;
