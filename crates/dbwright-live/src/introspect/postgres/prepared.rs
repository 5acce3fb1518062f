//! Statements that are prepared once in a session: planning a query on the system catalogs takes longer than running it.
//!
//! They are run over the simple protocol, as `EXECUTE`, together with what surrounds them. A migration that throws all
//! prepared statements away (`DISCARD ALL`) is no trouble: they are missed then, and prepared again.

use std::fmt::{Display, Write as _};

use tokio_postgres::error::SqlState;

use super::READERS;
use super::queries::{self, Ask, Only};

/// Finds what has new rows in system catalogs.
pub(super) const TOUCHED: &str = "dbwright_touched";

/// Lists what is there.
pub(super) const PRESENT: &str = "dbwright_present";

/// Finds what hangs on something.
pub(super) const DEPENDENTS: &str = "dbwright_dependents";

/// Reads all sequences.
pub(super) const SEQUENCES: &str = "dbwright_all_sequences";

/// Reads the locks of the session.
pub(crate) const LOCKS: &str = "dbwright_locks";

/// Reads the counters of the running transaction.
pub(crate) const COUNTERS: &str = "dbwright_counters";

/// The statements that prepare all of them on a server of this major version.
pub(super) fn statements(major: u32) -> String {
    let ask = Ask {
        major,
        only: Only::These,
        whole: false,
        readable: &[],
        withheld: "",
    };
    let readers = READERS.map(|(_, name, query)| (name, "oid[]", query(&ask)));
    let others = [
        (TOUCHED, "text[], xid, bigint", queries::touched()),
        (PRESENT, "text[]", queries::present()),
        (DEPENDENTS, "oid[], oid[]", queries::dependents()),
    ];
    let mut sql = String::new();
    for (name, parameters, query) in readers.iter().chain(&others) {
        let _ = write!(sql, "PREPARE {name} ({parameters}) AS {query}; ");
    }
    let all = Ask { only: Only::All, ..ask };
    let _ = write!(sql, "PREPARE {SEQUENCES} AS {}; ", queries::sequences(&all));
    let _ = write!(sql, "PREPARE {LOCKS} AS {}; ", queries::own_locks());
    let _ = write!(sql, "PREPARE {COUNTERS} AS {}; ", queries::counters());
    // A plan is made by the first execution, and stays. The few objects that are read are found by their OIDs: what the
    // server knows of the size of its catalogs comes from when they were empty, and it would read them from end to end.
    sql.push_str(
        "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
    );
    for (name, ..) in &readers {
        let _ = write!(sql, "; EXECUTE {name}('{{}}')");
    }
    sql
}

/// Whether a statement was run that nobody has prepared.
pub(super) fn is_missing(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME)
}

/// An array as a literal; its elements need no quotes.
pub(super) fn list<T: Display>(elements: impl IntoIterator<Item = T>) -> String {
    let elements: Vec<String> = elements.into_iter().map(|element| element.to_string()).collect();
    format!("'{{{}}}'", elements.join(","))
}
