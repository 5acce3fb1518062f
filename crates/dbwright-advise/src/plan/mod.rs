//! Plans as servers print them, read into [`QueryPlan`](dbwright_catalog::QueryPlan)s.

mod postgres;

pub use postgres::{read_postgres, read_postgres_file};

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPlan(pub String);

impl std::fmt::Display for NoPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoPlan {}
