//! What can be done to a table of MySQL or MariaDB, and what is to be known of it. What each of the two makes of it stands
//! in a table of its own: [`super::mysql`], [`super::mariadb`].

use dbwright_catalog::{Algorithm, Engine, LockLevel, Version};

use super::{mariadb, mysql};

/// What is done to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::predict) enum Operation {
    /// Nothing at all, or nothing that is not so already.
    Nothing,
    AddColumn,
    /// At another place than the end.
    AddColumnWithin,
    /// The same in a table with virtual columns.
    AddColumnWithinVirtual,
    /// With an expression for a default.
    AddColumnExpression,
    /// With an expression for a default that gives each row another value.
    AddColumnRandom,
    AddVirtualColumn,
    /// At another place than the end, in a table with virtual columns.
    AddVirtualColumnWithin,
    /// A virtual column comes beside one that is stored.
    AddVirtualBesideColumn,
    AddStoredColumn,
    AddAutoIncrement,
    DropColumn,
    /// With an index that goes with it.
    DropIndexedColumn,
    /// Of an index that keeps other columns.
    DropColumnOfIndex,
    DropVirtualColumn,
    /// A virtual column goes, and one that is stored comes.
    DropVirtualBesideColumn,
    /// One column comes and another goes, in a table with virtual columns.
    AddAndDropColumnVirtual,
    RenameColumn,
    /// That foreign keys of other tables refer to.
    RenameReferencedColumn,
    ColumnDefault,
    ColumnComment,
    ColumnVisibility,
    /// Longer, and stored as before.
    ExtendText,
    /// Over 255 bytes, where a length takes two bytes and not one.
    ExtendTextLength,
    /// The same of a text that could hold more than 127 bytes before.
    ExtendLongTextLength,
    /// Values at the end of an `ENUM` or `SET`.
    AppendLabels,
    ColumnCollation,
    /// Of a column with an index.
    IndexedColumnCollation,
    ConvertColumn,
    SetNotNull,
    /// Of a column that generated columns are computed from.
    SetNotNullOfBase,
    DropNotNull,
    MoveColumn,
    SetAutoIncrement,
    DropAutoIncrement,
    GeneratedExpression,
    StoredExpression,
    AddIndex,
    AddIndexOnNewVirtual,
    AddFullText,
    /// The table has or had one.
    AddAnotherFullText,
    AddSpatial,
    AddExpressionIndex,
    DropIndex,
    RenameIndex,
    HideIndex,
    AddPrimaryKey,
    DropPrimaryKey,
    ReplacePrimaryKey,
    /// With `foreign_key_checks` on.
    AddForeignKey,
    AddForeignKeyUnchecked,
    DropForeignKey,
    AddCheck,
    /// In the definition of a new column.
    AddCheckOfNewColumn,
    AddCheckNotEnforced,
    DropCheck,
    EnforceCheck,
    RelaxCheck,
    /// Alone.
    RenameTable,
    /// Beside other changes.
    RenameTableBeside,
    /// Another storage engine.
    ConvertEngine,
    /// Anything but a change of names, in a table of another storage engine than InnoDB.
    ChangeOtherEngine,
    Force,
    RowFormat,
    ConvertCharset,
    ConvertCollation,
    DefaultCharset,
    AutoIncrementCounter,
    TableComment,
    TableStatistics,
    OrderBy,
    SystemVersioning,
    PartitionBy,
    RemovePartitioning,
    AddPartition,
    DropPartition,
    TruncatePartition,
    CoalescePartition,
    ReorganizePartition,
    RebuildPartition,
    ExchangePartition,
}

/// Versions for which a fact holds: from the first on, up to and without the second.
#[derive(Clone, Copy, Debug)]
pub(in crate::predict) struct Releases {
    pub(in crate::predict) from: Version,
    pub(in crate::predict) before: Version,
}

impl Releases {
    pub(in crate::predict) fn contains(self, version: Version) -> bool {
        (self.from..self.before).contains(&version)
    }
}

const FIRST: Version = Version::new(0, 0, 0);
const LAST: Version = Version::new(u32::MAX, 0, 0);

/// Every version dbwright knows.
pub(super) const ALL: Releases = Releases {
    from: FIRST,
    before: LAST,
};

/// From this version on.
pub(super) const fn from(major: u32, minor: u32, patch: u32) -> Releases {
    Releases {
        from: Version::new(major, minor, patch),
        before: LAST,
    }
}

/// Before this version.
pub(super) const fn before(major: u32, minor: u32, patch: u32) -> Releases {
    Releases {
        from: FIRST,
        before: Version::new(major, minor, patch),
    }
}

/// What an engine makes of an operation.
#[derive(Clone, Copy, Debug)]
pub(in crate::predict) struct Fact {
    pub(in crate::predict) operation: Operation,
    pub(in crate::predict) releases: Releases,
    /// The cheapest algorithm that the server takes.
    pub(in crate::predict) algorithm: Algorithm,
    /// The weakest lock that it takes with it. With `COPY`, [`copy_lock`] tells.
    pub(in crate::predict) lock: LockLevel,
    /// Whether the table is built anew where the algorithm is `INPLACE`, also where other operations keep it from being
    /// instant.
    pub(in crate::predict) rebuilds: bool,
    /// Whether it uses up a row version where it is instant (MySQL).
    pub(in crate::predict) versions: bool,
    /// What the server takes without complaint, although it does what `algorithm` says.
    pub(in crate::predict) pretends: Option<Algorithm>,
    /// Where the manual says so.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it is for people, and for the test that looks for it")
    )]
    pub(in crate::predict) manual: &'static str,
}

/// What an operation is, for the tables of facts.
#[derive(Clone, Copy)]
pub(super) struct Way {
    algorithm: Algorithm,
    lock: LockLevel,
    rebuilds: bool,
    versions: bool,
    pretends: Option<Algorithm>,
}

const fn way(algorithm: Algorithm, lock: LockLevel, rebuilds: bool, versions: bool) -> Way {
    Way {
        algorithm,
        lock,
        rebuilds,
        versions,
        pretends: None,
    }
}

/// Metadata only.
pub(super) const INSTANT: Way = way(Algorithm::Instant, LockLevel::None, false, false);
/// Metadata only; a rebuild where something else keeps it from being instant.
pub(super) const INSTANT_OR_REBUILD: Way = way(Algorithm::Instant, LockLevel::None, true, false);
/// Metadata only, for the price of a row version.
pub(super) const INSTANT_VERSION: Way = way(Algorithm::Instant, LockLevel::None, true, true);
/// Metadata only, while nobody may read.
pub(super) const INSTANT_EXCLUSIVE: Way = way(Algorithm::Instant, LockLevel::Exclusive, false, false);
/// Metadata only, while nobody may write.
pub(super) const INSTANT_SHARED: Way = way(Algorithm::Instant, LockLevel::Shared, false, false);
/// Without the table being built anew.
pub(super) const NOCOPY: Way = way(Algorithm::NoCopy, LockLevel::None, false, false);
/// The same, while nobody may write.
pub(super) const NOCOPY_SHARED: Way = way(Algorithm::NoCopy, LockLevel::Shared, false, false);
/// In place, the table staying as it is.
pub(super) const INPLACE: Way = way(Algorithm::InPlace, LockLevel::None, false, false);
/// The same, while nobody may write.
pub(super) const INPLACE_SHARED: Way = way(Algorithm::InPlace, LockLevel::Shared, false, false);
/// The table is built anew in place.
pub(super) const REBUILD: Way = way(Algorithm::InPlace, LockLevel::None, true, false);
/// The same, while nobody may write.
pub(super) const REBUILD_SHARED: Way = way(Algorithm::InPlace, LockLevel::Shared, true, false);
/// Row by row into a new table.
pub(super) const COPY: Way = way(Algorithm::Copy, LockLevel::Shared, true, false);
/// The same, whatever algorithm is asked for.
pub(super) const COPY_UNTOLD: Way = Way {
    pretends: Some(Algorithm::Instant),
    ..COPY
};

pub(super) const fn fact(operation: Operation, releases: Releases, way: Way, manual: &'static str) -> Fact {
    Fact {
        operation,
        releases,
        algorithm: way.algorithm,
        lock: way.lock,
        rebuilds: way.rebuilds,
        versions: way.versions,
        pretends: way.pretends,
        manual,
    }
}

fn facts(engine: Engine) -> &'static [Fact] {
    match engine {
        Engine::MariaDb => mariadb::FACTS,
        Engine::MySql | Engine::Postgres | Engine::Sqlite => mysql::FACTS,
    }
}

/// What is known of an operation in this version.
pub(in crate::predict) fn of(engine: Engine, version: Version, operation: Operation) -> Option<&'static Fact> {
    let mut facts = facts(engine).iter();
    facts.find(|fact| fact.operation == operation && fact.releases.contains(version))
}

/// A property in which versions or engines differ, other than how a table is changed.
#[derive(Clone, Copy, Debug)]
pub(in crate::predict) struct Feature {
    /// Versions of MySQL that have it; nothing where none has.
    pub(in crate::predict) mysql: Option<Releases>,
    /// Versions of MariaDB that have it.
    pub(in crate::predict) mariadb: Option<Releases>,
    /// Where the manual says so.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it is for people, and for the test that looks for it")
    )]
    pub(in crate::predict) manual: &'static str,
}

impl Feature {
    pub(in crate::predict) fn is_in(self, engine: Engine, version: Version) -> bool {
        let releases = match engine {
            Engine::MariaDb => self.mariadb,
            Engine::MySql | Engine::Postgres | Engine::Sqlite => self.mysql,
        };
        releases.is_some_and(|releases| releases.contains(version))
    }
}

/// `COPY` lets others write meanwhile, where no foreign key of the table changes its rows by itself and no column is to be
/// counted up.
pub(in crate::predict) const COPY_WITH_WRITERS: Feature = Feature {
    mysql: None,
    mariadb: Some(from(11, 2, 0)),
    manual: "https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table/online-schema-change",
};

/// A change of a table locks those out at its end that refer to it, and a change of a foreign key those that it refers to.
pub(in crate::predict) const LOCKS_RELATIVES: Feature = Feature {
    mysql: Some(ALL),
    mariadb: None,
    manual: "https://dev.mysql.com/doc/refman/9.7/en/metadata-locking.html",
};

/// `REFERENCES` in the definition of a column makes a foreign key.
pub(in crate::predict) const INLINE_REFERENCES: Feature = Feature {
    mysql: Some(from(9, 0, 0)),
    mariadb: Some(ALL),
    manual: "https://dev.mysql.com/doc/refman/9.7/en/create-table-foreign-keys.html",
};

/// `DROP TABLE` of several tables drops those that are there where one is not.
pub(in crate::predict) const DROPS_WHAT_IS_THERE: Feature = Feature {
    mysql: None,
    mariadb: Some(ALL),
    manual: "https://mariadb.com/docs/server/reference/sql-statements/data-definition/drop/drop-table",
};

#[cfg(test)]
const FEATURES: &[Feature] = &[
    COPY_WITH_WRITERS,
    LOCKS_RELATIVES,
    INLINE_REFERENCES,
    DROPS_WHAT_IS_THERE,
];

/// How many row versions a table may use up (MySQL).
/// Manual: <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-column-operations>.
pub(in crate::predict) fn row_versions_max(version: Version) -> u32 {
    if version >= Version::new(9, 1, 0) { 255 } else { 64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_stands_once_for_a_version_with_its_place_in_the_manual() {
        for (facts, site) in [
            (mysql::FACTS, "https://dev.mysql.com/doc/refman/"),
            (mariadb::FACTS, "https://mariadb.com/docs/server/"),
        ] {
            for (index, fact) in facts.iter().enumerate() {
                assert!(fact.manual.starts_with(site), "{:?}", fact.operation);
                let overlaps = |other: &&Fact| {
                    other.operation == fact.operation
                        && other.releases.from < fact.releases.before
                        && fact.releases.from < other.releases.before
                };
                assert!(
                    !facts[..index].iter().any(|other| overlaps(&other)),
                    "{:?} stands twice",
                    fact.operation
                );
            }
        }
        assert!(FEATURES.iter().all(|feature| feature.manual.starts_with("https://")));
    }
}
