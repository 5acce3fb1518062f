//! Which lock each operation of PostgreSQL takes on the relation that it names, what work it does there, and what decides
//! about both.

use dbwright_catalog::LockMode::{
    self, AccessExclusive, Exclusive, RowExclusive, Share, ShareRowExclusive, ShareUpdateExclusive,
};

use super::{ALL, Majors, from, until};

const ALTER_TABLE: &str = "https://www.postgresql.org/docs/current/sql-altertable.html";
const ALTER_INDEX: &str = "https://www.postgresql.org/docs/current/sql-alterindex.html";
const LOCKING: &str = "https://www.postgresql.org/docs/current/explicit-locking.html";
const CREATE_TABLE: &str = "https://www.postgresql.org/docs/current/sql-createtable.html";
const ALTER_DOMAIN: &str = "https://www.postgresql.org/docs/current/sql-alterdomain.html";

/// What is done to a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::predict) enum Operation {
    AddColumn,
    DropColumn,
    ColumnType,
    ColumnDefault,
    SetNotNull,
    DropNotNull,
    SetExpression,
    DropExpression,
    Identity,
    ColumnStatistics,
    ColumnOptions,
    ColumnStorage,
    AddConstraint,
    AddForeignKey,
    DropConstraint,
    Validate,
    AlterConstraint,
    Rename,
    RenameIndex,
    SetSchema,
    Owner,
    Options,
    /// Storage parameters that change how rows are read: `user_catalog_table`, options of views.
    StrongOptions,
    Rewrite,
    ClusterOn,
    SwitchTrigger,
    Rule,
    RowSecurity,
    ReplicaIdentity,
    Inherit,
    Attach,
    Detach,
    DetachedPartition,
    DetachConcurrently,
    CreateIndex,
    CreateIndexConcurrently,
    DropIndexConcurrently,
    Reindex,
    ReindexConcurrently,
    CreatePartition,
    InheritedTable,
    CreateTrigger,
    CreateRule,
    Policy,
    CreateStatistics,
    Comment,
    Truncate,
    Cluster,
    Vacuum,
    VacuumFull,
    Analyze,
    Refresh,
    RefreshConcurrently,
    AlterSequence,
    DomainConstraint,
    DomainValidate,
    Drop,
    Write,
}

/// The lock that an operation takes on what it names.
pub(in crate::predict) struct Fact {
    pub(in crate::predict) operation: Operation,
    pub(in crate::predict) majors: Majors,
    pub(in crate::predict) lock: LockMode,
    /// Where the manual says so.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it is for people, and for the test that looks for it")
    )]
    pub(in crate::predict) manual: &'static str,
}

const fn fact(operation: Operation, majors: Majors, lock: LockMode, manual: &'static str) -> Fact {
    Fact {
        operation,
        majors,
        lock,
        manual,
    }
}

/// All of them. "An ACCESS EXCLUSIVE lock is acquired unless explicitly noted", says the manual of `ALTER TABLE`.
pub(in crate::predict) const FACTS: &[Fact] = &[
    fact(Operation::AddColumn, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::DropColumn, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::ColumnType, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::ColumnDefault, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::SetNotNull, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::DropNotNull, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::SetExpression, from(17), AccessExclusive, ALTER_TABLE),
    fact(Operation::DropExpression, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Identity, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::ColumnStatistics, ALL, ShareUpdateExclusive, ALTER_TABLE),
    fact(Operation::ColumnOptions, ALL, ShareUpdateExclusive, ALTER_TABLE),
    fact(Operation::ColumnStorage, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::AddConstraint, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::AddForeignKey, ALL, ShareRowExclusive, ALTER_TABLE),
    fact(Operation::DropConstraint, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Validate, ALL, ShareUpdateExclusive, ALTER_TABLE),
    fact(Operation::AlterConstraint, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Rename, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::RenameIndex, ALL, ShareUpdateExclusive, ALTER_INDEX),
    fact(Operation::SetSchema, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Owner, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Options, ALL, ShareUpdateExclusive, ALTER_TABLE),
    fact(Operation::StrongOptions, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Rewrite, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::ClusterOn, ALL, ShareUpdateExclusive, ALTER_TABLE),
    fact(Operation::SwitchTrigger, ALL, ShareRowExclusive, ALTER_TABLE),
    fact(Operation::Rule, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::RowSecurity, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::ReplicaIdentity, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Inherit, ALL, AccessExclusive, ALTER_TABLE),
    fact(Operation::Attach, ALL, ShareUpdateExclusive, ALTER_TABLE),
    fact(Operation::Detach, ALL, AccessExclusive, ALTER_TABLE),
    fact(
        Operation::DetachedPartition,
        until(13),
        ShareUpdateExclusive,
        ALTER_TABLE,
    ),
    fact(Operation::DetachedPartition, from(14), AccessExclusive, ALTER_TABLE),
    fact(
        Operation::DetachConcurrently,
        from(14),
        ShareUpdateExclusive,
        ALTER_TABLE,
    ),
    fact(Operation::CreateIndex, ALL, Share, LOCKING),
    fact(Operation::CreateIndexConcurrently, ALL, ShareUpdateExclusive, LOCKING),
    fact(Operation::DropIndexConcurrently, ALL, ShareUpdateExclusive, LOCKING),
    fact(
        Operation::Reindex,
        ALL,
        Share,
        "https://www.postgresql.org/docs/current/sql-reindex.html",
    ),
    fact(Operation::ReindexConcurrently, ALL, ShareUpdateExclusive, LOCKING),
    fact(Operation::CreatePartition, ALL, AccessExclusive, CREATE_TABLE),
    fact(Operation::InheritedTable, ALL, ShareUpdateExclusive, CREATE_TABLE),
    fact(Operation::CreateTrigger, ALL, ShareRowExclusive, LOCKING),
    fact(Operation::CreateRule, ALL, AccessExclusive, LOCKING),
    fact(Operation::Policy, ALL, AccessExclusive, LOCKING),
    fact(Operation::CreateStatistics, ALL, ShareUpdateExclusive, LOCKING),
    fact(Operation::Comment, ALL, ShareUpdateExclusive, LOCKING),
    fact(Operation::Truncate, ALL, AccessExclusive, LOCKING),
    fact(Operation::Cluster, ALL, AccessExclusive, LOCKING),
    fact(Operation::Vacuum, ALL, ShareUpdateExclusive, LOCKING),
    fact(Operation::VacuumFull, ALL, AccessExclusive, LOCKING),
    fact(Operation::Analyze, ALL, ShareUpdateExclusive, LOCKING),
    fact(Operation::Refresh, ALL, AccessExclusive, LOCKING),
    fact(Operation::RefreshConcurrently, ALL, Exclusive, LOCKING),
    fact(Operation::AlterSequence, ALL, ShareRowExclusive, LOCKING),
    fact(Operation::DomainConstraint, ALL, Share, ALTER_DOMAIN),
    fact(Operation::DomainValidate, ALL, Share, ALTER_DOMAIN),
    fact(Operation::Drop, ALL, AccessExclusive, LOCKING),
    fact(Operation::Write, ALL, RowExclusive, LOCKING),
];

/// The lock that an operation takes on what it names in this version. What no version has is nothing.
pub(in crate::predict) fn lock(operation: Operation, major: u32) -> Option<LockMode> {
    let found = FACTS
        .iter()
        .find(|fact| fact.operation == operation && fact.majors.contains(major));
    found.map(|fact| fact.lock)
}

/// A property in which versions differ, other than the lock on what is named.
pub(in crate::predict) struct Feature {
    pub(in crate::predict) majors: Majors,
    /// Where the manual says so.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it is for people, and for the test that looks for it")
    )]
    pub(in crate::predict) manual: &'static str,
}

/// `NOT NULL` is a constraint with a name of its own.
pub(in crate::predict) const NAMED_NOT_NULL: Feature = Feature {
    majors: from(18),
    manual: "https://www.postgresql.org/docs/18/release-18.html",
};

/// `ALTER TYPE … SET EXPRESSION`.
pub(in crate::predict) const SET_EXPRESSION: Feature = Feature {
    majors: from(17),
    manual: "https://www.postgresql.org/docs/17/release-17.html",
};

/// Virtual generated columns.
pub(in crate::predict) const VIRTUAL_COLUMNS: Feature = Feature {
    majors: from(18),
    manual: "https://www.postgresql.org/docs/18/release-18.html",
};

/// A new materialised view is filled as `REFRESH` fills it, with its locks.
pub(in crate::predict) const FILLED_BY_REFRESH: Feature = Feature {
    majors: from(17),
    manual: "https://www.postgresql.org/docs/17/sql-creatematerializedview.html",
};

/// A `CHECK … NO INHERIT` locks the tables that inherit as well.
pub(in crate::predict) const NO_INHERIT_LOCKS_HEIRS: Feature = Feature {
    majors: from(18),
    manual: "https://www.postgresql.org/docs/18/ddl-inherit.html",
};

/// A foreign key of a partitioned table may be `NOT VALID`.
pub(in crate::predict) const PARTITIONED_NOT_VALID: Feature = Feature {
    majors: from(18),
    manual: "https://www.postgresql.org/docs/18/release-18.html",
};

/// Extended statistics over a column whose type changes are made anew.
pub(in crate::predict) const STATISTICS_MADE_ANEW: Feature = Feature {
    majors: from(14),
    manual: "https://www.postgresql.org/docs/14/release-14.html",
};

/// A trigger of a partitioned table is an ordinary trigger of its partitions.
pub(in crate::predict) const TRIGGERS_ON_PARTITIONS: Feature = Feature {
    majors: from(14),
    manual: "https://www.postgresql.org/docs/current/sql-createtrigger.html",
};

/// That a generated column uses another one is told as a feature that is missing, before as a syntax error.
pub(in crate::predict) const GENERATED_USE_UNSUPPORTED: Feature = Feature {
    majors: from(14),
    manual: "https://www.postgresql.org/docs/current/ddl-generated-columns.html",
};

/// `DETACH PARTITION … CONCURRENTLY`.
pub(in crate::predict) const DETACH_CONCURRENTLY: Feature = Feature {
    majors: from(14),
    manual: "https://www.postgresql.org/docs/14/release-14.html",
};

/// Functions whose value differs from call to call within a statement, so that a new column that defaults to one has to be
/// written row by row (`provolatile` of `pg_proc`; <https://www.postgresql.org/docs/current/xfunc-volatility.html>).
/// Those of extensions are the usual ones.
pub(in crate::predict) const VOLATILE: &[&str] = &[
    "clock_timestamp",
    "currval",
    "gen_random_bytes",
    "gen_random_uuid",
    "gen_salt",
    "lastval",
    "nextval",
    "pg_sleep",
    "random",
    "random_normal",
    "setseed",
    "setval",
    "timeofday",
    "txid_current",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
    "pg_advisory_lock",
    "pg_advisory_xact_lock",
    "set_config",
];

/// Functions that give one value within a statement (`STABLE` or `IMMUTABLE`).
pub(in crate::predict) const STEADY: &[&str] = &[
    "abs",
    "age",
    "array_append",
    "array_cat",
    "array_fill",
    "array_length",
    "array_position",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_to_json",
    "array_to_string",
    "ascii",
    "bit_length",
    "btrim",
    "cardinality",
    "cbrt",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "convert_from",
    "convert_to",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_setting",
    "current_time",
    "current_timestamp",
    "current_user",
    "date",
    "date_part",
    "date_trunc",
    "decode",
    "div",
    "encode",
    "exp",
    "extract",
    "floor",
    "format",
    "greatest",
    "hashtext",
    "hstore",
    "initcap",
    "int4range",
    "int8range",
    "isfinite",
    "json_build_array",
    "json_build_object",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_set",
    "jsonb_strip_nulls",
    "jsonb_typeof",
    "json_typeof",
    "jsonb_extract_path_text",
    "least",
    "left",
    "length",
    "ln",
    "localtime",
    "localtimestamp",
    "log",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "mod",
    "now",
    "nullif",
    "numnode",
    "numrange",
    "octet_length",
    "overlay",
    "pi",
    "point",
    "position",
    "power",
    "quote_ident",
    "quote_literal",
    "regexp_match",
    "regexp_matches",
    "regexp_replace",
    "regexp_split_to_array",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "rtrim",
    "session_user",
    "setweight",
    "sha256",
    "sha512",
    "sign",
    "split_part",
    "sqrt",
    "statement_timestamp",
    "string_to_array",
    "strip",
    "strpos",
    "substr",
    "substring",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "transaction_timestamp",
    "translate",
    "trim",
    "trunc",
    "tsrange",
    "tstzrange",
    "daterange",
    "upper",
    "user",
    "unaccent",
    "hstore_to_json",
    "pg_column_size",
    "starts_with",
    "num_nonnulls",
    "num_nulls",
    "cast",
    "bool",
    "text",
    "int4",
    "int8",
    "numeric",
];

/// Storage parameters of tables and indexes that take ACCESS EXCLUSIVE; all others take SHARE UPDATE EXCLUSIVE
/// (`reloptions.c`; <https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS>).
pub(in crate::predict) const STRONG_OPTIONS: &[&str] = &[
    "user_catalog_table",
    "buffering",
    "fastupdate",
    "gin_pending_list_limit",
    "pages_per_range",
    "autosummarize",
    "security_barrier",
    "security_invoker",
    "check_option",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_lock_in_each_major_that_knows_it() {
        for major in 13..=18 {
            for fact in FACTS {
                let same = FACTS
                    .iter()
                    .filter(|other| other.operation == fact.operation && other.majors.contains(major));
                assert!(same.count() <= 1, "{:?} on {major}", fact.operation);
            }
        }
    }

    #[test]
    fn every_fact_names_the_manual() {
        let manuals = FACTS.iter().map(|fact| fact.manual);
        let features = [
            NAMED_NOT_NULL.manual,
            SET_EXPRESSION.manual,
            VIRTUAL_COLUMNS.manual,
            DETACH_CONCURRENTLY.manual,
        ];
        for manual in manuals.chain(features) {
            assert!(manual.starts_with("https://www.postgresql.org/docs/"), "{manual}");
        }
    }

    #[test]
    fn no_function_is_volatile_and_steady() {
        for name in VOLATILE {
            assert!(!STEADY.contains(name), "{name}");
        }
    }
}
