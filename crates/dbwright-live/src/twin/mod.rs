//! Twins: disposable servers made to look like a snapshot. They hold the real schema, statistics and sizes, and no row.

#[cfg(unix)]
pub mod postgres;
