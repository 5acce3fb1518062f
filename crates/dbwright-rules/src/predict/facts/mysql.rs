//! How MySQL changes tables. Held against 9.7; where the server does otherwise than its manual says, the server is right
//! (`cases/effects/mysql/README.md`).

use super::mysql_family::Operation;
use super::mysql_family::{
    ALL, COPY, Fact, INPLACE, INPLACE_SHARED, INSTANT, INSTANT_VERSION, REBUILD, REBUILD_SHARED, before, fact, from,
};

const COLUMNS: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-column-operations";
const GENERATED: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-generated-column-operations";
const INDEXES: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-index-operations";
const PRIMARY_KEYS: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-primary-key-operations";
const FOREIGN_KEYS: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-foreign-key-operations";
const TABLES: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-table-operations";
const PARTITIONS: &str =
    "https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html#online-ddl-partitioning";
const CHECKS: &str = "https://dev.mysql.com/doc/refman/9.7/en/create-table-check-constraints.html";
const ALTER_TABLE: &str = "https://dev.mysql.com/doc/refman/9.7/en/alter-table.html";

/// All of them.
pub(in crate::predict) const FACTS: &[Fact] = &[
    fact(Operation::Nothing, ALL, INSTANT, ALTER_TABLE),
    fact(Operation::AddColumn, from(8, 0, 12), INSTANT_VERSION, COLUMNS),
    fact(Operation::AddColumn, before(8, 0, 12), REBUILD, COLUMNS),
    fact(Operation::AddColumnWithin, from(8, 0, 29), INSTANT_VERSION, COLUMNS),
    fact(Operation::AddColumnWithin, before(8, 0, 29), REBUILD, COLUMNS),
    fact(
        Operation::AddColumnWithinVirtual,
        from(8, 0, 29),
        INSTANT_VERSION,
        COLUMNS,
    ),
    fact(Operation::AddColumnWithinVirtual, before(8, 0, 29), REBUILD, COLUMNS),
    fact(Operation::AddColumnExpression, ALL, COPY, COLUMNS),
    fact(Operation::AddVirtualColumn, ALL, INSTANT, GENERATED),
    fact(Operation::AddVirtualColumnWithin, ALL, COPY, GENERATED),
    fact(Operation::AddVirtualBesideColumn, ALL, INSTANT, GENERATED),
    fact(Operation::AddStoredColumn, ALL, COPY, GENERATED),
    fact(Operation::AddAutoIncrement, ALL, REBUILD_SHARED, COLUMNS),
    fact(Operation::DropColumn, from(8, 0, 29), INSTANT_VERSION, COLUMNS),
    fact(Operation::DropColumn, before(8, 0, 29), REBUILD, COLUMNS),
    fact(Operation::DropIndexedColumn, ALL, REBUILD, COLUMNS),
    fact(Operation::DropColumnOfIndex, ALL, REBUILD, COLUMNS),
    fact(Operation::DropVirtualColumn, ALL, INSTANT, GENERATED),
    fact(Operation::DropVirtualBesideColumn, ALL, COPY, GENERATED),
    fact(Operation::AddAndDropColumnVirtual, ALL, INSTANT, COLUMNS),
    fact(Operation::RenameColumn, from(8, 0, 28), INSTANT, COLUMNS),
    fact(Operation::RenameColumn, before(8, 0, 28), INPLACE, COLUMNS),
    fact(Operation::RenameReferencedColumn, ALL, INPLACE, COLUMNS),
    fact(Operation::ColumnDefault, ALL, INSTANT, COLUMNS),
    fact(Operation::ColumnComment, ALL, INSTANT, COLUMNS),
    fact(Operation::ColumnVisibility, ALL, INSTANT, ALTER_TABLE),
    fact(Operation::ExtendText, ALL, INPLACE, COLUMNS),
    fact(Operation::ExtendTextLength, ALL, COPY, COLUMNS),
    fact(Operation::ExtendLongTextLength, ALL, COPY, COLUMNS),
    fact(Operation::AppendLabels, ALL, INSTANT, COLUMNS),
    fact(Operation::ColumnCollation, ALL, INPLACE, COLUMNS),
    fact(Operation::IndexedColumnCollation, ALL, COPY, COLUMNS),
    fact(Operation::ConvertColumn, ALL, COPY, COLUMNS),
    fact(Operation::SetNotNull, ALL, REBUILD, COLUMNS),
    fact(Operation::SetNotNullOfBase, ALL, REBUILD, COLUMNS),
    fact(Operation::DropNotNull, ALL, REBUILD, COLUMNS),
    fact(Operation::MoveColumn, ALL, REBUILD, COLUMNS),
    fact(Operation::SetAutoIncrement, ALL, COPY, COLUMNS),
    fact(Operation::DropAutoIncrement, ALL, COPY, COLUMNS),
    fact(Operation::GeneratedExpression, ALL, COPY, GENERATED),
    fact(Operation::StoredExpression, ALL, COPY, GENERATED),
    fact(Operation::AddIndex, ALL, INPLACE, INDEXES),
    fact(Operation::AddIndexOnNewVirtual, ALL, INPLACE_SHARED, GENERATED),
    fact(Operation::AddFullText, ALL, REBUILD_SHARED, INDEXES),
    fact(Operation::AddAnotherFullText, ALL, INPLACE_SHARED, INDEXES),
    fact(Operation::AddSpatial, ALL, INPLACE_SHARED, INDEXES),
    fact(Operation::AddExpressionIndex, ALL, INPLACE_SHARED, GENERATED),
    fact(Operation::DropIndex, ALL, INPLACE, INDEXES),
    fact(Operation::RenameIndex, ALL, INPLACE, INDEXES),
    fact(Operation::HideIndex, ALL, INPLACE, INDEXES),
    fact(Operation::AddPrimaryKey, ALL, REBUILD, PRIMARY_KEYS),
    fact(Operation::DropPrimaryKey, ALL, COPY, PRIMARY_KEYS),
    fact(Operation::ReplacePrimaryKey, ALL, REBUILD, PRIMARY_KEYS),
    fact(Operation::AddForeignKey, ALL, COPY, FOREIGN_KEYS),
    fact(Operation::AddForeignKeyUnchecked, ALL, INPLACE, FOREIGN_KEYS),
    fact(Operation::DropForeignKey, ALL, INPLACE, FOREIGN_KEYS),
    fact(Operation::AddCheck, ALL, COPY, CHECKS),
    fact(Operation::AddCheckOfNewColumn, ALL, COPY, CHECKS),
    fact(Operation::AddCheckNotEnforced, ALL, INSTANT, CHECKS),
    fact(Operation::DropCheck, ALL, INSTANT, CHECKS),
    fact(Operation::EnforceCheck, ALL, COPY, CHECKS),
    fact(Operation::RelaxCheck, ALL, INSTANT, CHECKS),
    fact(Operation::RenameTable, ALL, INSTANT, TABLES),
    fact(Operation::RenameTableBeside, ALL, INSTANT, TABLES),
    fact(Operation::ConvertEngine, ALL, COPY, ALTER_TABLE),
    fact(Operation::ChangeOtherEngine, ALL, COPY, ALTER_TABLE),
    fact(Operation::Force, ALL, REBUILD, TABLES),
    fact(Operation::RowFormat, ALL, REBUILD, TABLES),
    fact(Operation::ConvertCharset, ALL, COPY, TABLES),
    fact(Operation::ConvertCollation, ALL, REBUILD_SHARED, TABLES),
    fact(Operation::DefaultCharset, ALL, INPLACE, TABLES),
    fact(Operation::AutoIncrementCounter, ALL, INPLACE, COLUMNS),
    fact(Operation::TableComment, ALL, INPLACE, TABLES),
    fact(Operation::TableStatistics, ALL, INPLACE, TABLES),
    fact(Operation::OrderBy, ALL, COPY, ALTER_TABLE),
    fact(Operation::PartitionBy, ALL, COPY, PARTITIONS),
    fact(Operation::RemovePartitioning, ALL, COPY, PARTITIONS),
    fact(Operation::AddPartition, ALL, INPLACE, PARTITIONS),
    fact(Operation::DropPartition, ALL, INPLACE, PARTITIONS),
    fact(Operation::TruncatePartition, ALL, INSTANT, PARTITIONS),
    fact(Operation::CoalescePartition, ALL, REBUILD_SHARED, PARTITIONS),
    fact(Operation::ReorganizePartition, ALL, REBUILD_SHARED, PARTITIONS),
    fact(Operation::RebuildPartition, ALL, REBUILD_SHARED, PARTITIONS),
    fact(Operation::ExchangePartition, ALL, INSTANT, PARTITIONS),
];
