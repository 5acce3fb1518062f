//! What work each operation of SQLite does on the table it names. All of them lock the whole database while they run, so
//! that there is no lock to tell of.

const ALTER_TABLE: &str = "https://sqlite.org/lang_altertable.html";
const CREATE_INDEX: &str = "https://sqlite.org/lang_createindex.html";
const REINDEX: &str = "https://sqlite.org/lang_reindex.html";
const VACUUM: &str = "https://sqlite.org/lang_vacuum.html";
const ANALYZE: &str = "https://sqlite.org/lang_analyze.html";
const PRAGMA: &str = "https://sqlite.org/pragma.html";
const FOREIGN_KEYS: &str = "https://sqlite.org/foreignkeys.html#fk_schemacommands";
const DELETE: &str = "https://sqlite.org/lang_delete.html";
const UPDATE: &str = "https://sqlite.org/lang_update.html";

/// What is done to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::predict) enum Operation {
    AddColumn,
    /// With a `CHECK`, as a generated column that is `NOT NULL`, or to a `STRICT` table: rows that are there are verified.
    AddVerifiedColumn,
    DropColumn,
    DropVirtualColumn,
    RenameColumn,
    RenameTable,
    DropTable,
    /// With foreign keys on, of a table that others refer to: its rows are deleted one by one before it goes.
    DropReferencedTable,
    CreateIndex,
    DropIndex,
    Reindex,
    Vacuum,
    Analyze,
    CheckForeignKeys,
    CheckIntegrity,
    /// Without `WHERE`: emptied at one stroke.
    DeleteAll,
    /// Without `WHERE`.
    UpdateAll,
}

/// What an operation does to rows and indexes.
pub(in crate::predict) struct Fact {
    pub(in crate::predict) operation: Operation,
    /// Whether the table is read from end to end.
    pub(in crate::predict) scans: bool,
    /// Whether its rows are written anew.
    pub(in crate::predict) rewrites: bool,
    /// Whether indexes that are there are built anew.
    pub(in crate::predict) rebuilds: bool,
    /// Where the manual says so.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it is for people, and for the test that looks for it")
    )]
    pub(in crate::predict) manual: &'static str,
}

const NOTHING: (bool, bool, bool) = (false, false, false);
const SCANS: (bool, bool, bool) = (true, false, false);
const REWRITES: (bool, bool, bool) = (true, true, false);
const REBUILDS: (bool, bool, bool) = (true, false, true);
const EVERYTHING: (bool, bool, bool) = (true, true, true);

const fn fact(operation: Operation, does: (bool, bool, bool), manual: &'static str) -> Fact {
    let (scans, rewrites, rebuilds) = does;
    Fact {
        operation,
        scans,
        rewrites,
        rebuilds,
        manual,
    }
}

/// All of them.
pub(in crate::predict) const FACTS: &[Fact] = &[
    fact(Operation::AddColumn, NOTHING, ALTER_TABLE),
    fact(Operation::AddVerifiedColumn, SCANS, ALTER_TABLE),
    fact(Operation::DropColumn, REWRITES, ALTER_TABLE),
    fact(Operation::DropVirtualColumn, NOTHING, ALTER_TABLE),
    fact(Operation::RenameColumn, NOTHING, ALTER_TABLE),
    fact(Operation::RenameTable, NOTHING, ALTER_TABLE),
    fact(Operation::DropTable, NOTHING, FOREIGN_KEYS),
    fact(Operation::DropReferencedTable, SCANS, FOREIGN_KEYS),
    fact(Operation::CreateIndex, SCANS, CREATE_INDEX),
    fact(Operation::DropIndex, NOTHING, CREATE_INDEX),
    fact(Operation::Reindex, REBUILDS, REINDEX),
    fact(Operation::Vacuum, EVERYTHING, VACUUM),
    fact(Operation::Analyze, SCANS, ANALYZE),
    fact(Operation::CheckForeignKeys, SCANS, PRAGMA),
    fact(Operation::CheckIntegrity, SCANS, PRAGMA),
    fact(Operation::DeleteAll, NOTHING, DELETE),
    fact(Operation::UpdateAll, SCANS, UPDATE),
];

/// What is known of an operation.
pub(in crate::predict) fn of(operation: Operation) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.operation == operation)
}

#[cfg(test)]
mod tests {
    use super::FACTS;

    #[test]
    fn each_operation_stands_once_with_its_place_in_the_manual() {
        for (index, fact) in FACTS.iter().enumerate() {
            assert!(fact.manual.starts_with("https://sqlite.org/"), "{:?}", fact.operation);
            let again = FACTS[..index].iter().any(|other| other.operation == fact.operation);
            assert!(!again, "{:?} stands twice", fact.operation);
        }
    }
}
