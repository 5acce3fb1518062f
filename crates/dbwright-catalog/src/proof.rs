//! What came of trying something on a scratch server.

use crate::Server;

/// What came of running a fix instead of the statement it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Proof {
    /// It ran, ended in the same catalog and took none of the locks it is offered for avoiding.
    Holds {
        /// Where it ran.
        server: Server,
    },
    /// It did not, and why.
    Fails {
        /// Where it ran.
        server: Server,
        /// One sentence: `the schema ends differently: index orders_total_idx is missing`.
        reason: String,
    },
    /// It could not be tried, and why.
    NotTried {
        /// One sentence.
        reason: String,
    },
}

impl Proof {
    /// Whether what was to be proven is.
    pub fn holds(&self) -> bool {
        matches!(self, Proof::Holds { .. })
    }
}
