//! Disposable servers and databases, one file per engine.
//!
//! Everything that dbwright tries out, it tries out here. Not for the user's own servers: nothing in this module
//! connects to one, unless it was given explicitly as a disposable one and holds nothing.
pub mod postgres;
