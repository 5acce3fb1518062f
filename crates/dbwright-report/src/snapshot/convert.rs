//! Snapshots in words of the file, and back.

mod mysql_family;
mod sqlite;

use dbwright_catalog as words;

use crate::wire::snapshot as wire;

impl From<words::Snapshot> for wire::Snapshot {
    fn from(from: words::Snapshot) -> Self {
        wire::Snapshot {
            server: from.server.into(),
            database: from.database,
            taken_at: from.taken_at,
            values: from.values.into(),
            locale: from.locale.into(),
            roles: from.roles,
            schema: from.schema.into_iter().map(Into::into).collect(),
            settings: from.settings.into_iter().map(Into::into).collect(),
            extensions: from.extensions.into_iter().map(Into::into).collect(),
            relations: from.relations.into_iter().map(Into::into).collect(),
            columns: from.columns.into_iter().map(Into::into).collect(),
            extended: from.extended.into_iter().map(Into::into).collect(),
            sqlite: from.sqlite.map(Into::into),
            mysql_family: from.mysql_family.map(Into::into),
            workload: from.workload.into_iter().map(Into::into).collect(),
            counted_since: from.counted_since,
            missing: from.missing.into_iter().map(Into::into).collect(),
        }
    }
}

/// The snapshot in a file, of a server that was understood.
pub(super) fn snapshot(from: wire::Snapshot, server: words::Server) -> words::Snapshot {
    words::Snapshot {
        server,
        database: from.database,
        taken_at: from.taken_at,
        values: from.values.into(),
        locale: from.locale.into(),
        roles: from.roles,
        schema: from.schema.into_iter().map(Into::into).collect(),
        settings: from.settings.into_iter().map(Into::into).collect(),
        extensions: from.extensions.into_iter().map(Into::into).collect(),
        relations: from.relations.into_iter().map(Into::into).collect(),
        columns: from.columns.into_iter().map(Into::into).collect(),
        extended: from.extended.into_iter().map(Into::into).collect(),
        sqlite: from.sqlite.map(Into::into),
        mysql_family: from.mysql_family.map(Into::into),
        workload: from.workload.into_iter().map(Into::into).collect(),
        counted_since: from.counted_since,
        missing: from.missing.into_iter().map(Into::into).collect(),
    }
}

impl From<words::SampleValues> for wire::SampleValues {
    fn from(from: words::SampleValues) -> Self {
        wire::SampleValues {
            by_default: from.by_default,
            exceptions: from.exceptions,
        }
    }
}

impl From<wire::SampleValues> for words::SampleValues {
    fn from(from: wire::SampleValues) -> Self {
        words::SampleValues {
            by_default: from.by_default,
            exceptions: from.exceptions,
        }
    }
}

impl From<words::Locale> for wire::Locale {
    fn from(from: words::Locale) -> Self {
        wire::Locale {
            encoding: from.encoding,
            provider: from.provider,
            collate: from.collate,
            character_type: from.character_type,
            locale: from.locale,
        }
    }
}

impl From<wire::Locale> for words::Locale {
    fn from(from: wire::Locale) -> Self {
        words::Locale {
            encoding: from.encoding,
            provider: from.provider,
            collate: from.collate,
            character_type: from.character_type,
            locale: from.locale,
        }
    }
}

impl From<words::SchemaStatement> for wire::SchemaStatement {
    fn from(from: words::SchemaStatement) -> Self {
        wire::SchemaStatement {
            object: from.object,
            sql: from.sql,
        }
    }
}

impl From<wire::SchemaStatement> for words::SchemaStatement {
    fn from(from: wire::SchemaStatement) -> Self {
        words::SchemaStatement {
            object: from.object,
            sql: from.sql,
        }
    }
}

impl From<words::Setting> for wire::Setting {
    fn from(from: words::Setting) -> Self {
        wire::Setting {
            name: from.name,
            value: from.value,
        }
    }
}

impl From<wire::Setting> for words::Setting {
    fn from(from: wire::Setting) -> Self {
        words::Setting {
            name: from.name,
            value: from.value,
        }
    }
}

impl From<words::InstalledExtension> for wire::InstalledExtension {
    fn from(from: words::InstalledExtension) -> Self {
        wire::InstalledExtension {
            name: from.name,
            version: from.version,
        }
    }
}

impl From<wire::InstalledExtension> for words::InstalledExtension {
    fn from(from: wire::InstalledExtension) -> Self {
        words::InstalledExtension {
            name: from.name,
            version: from.version,
        }
    }
}

impl From<words::StoredRelation> for wire::StoredRelation {
    fn from(from: words::StoredRelation) -> Self {
        wire::StoredRelation {
            kind: from.kind.into(),
            schema: from.schema,
            name: from.name,
            table: from.table,
            access_method: from.access_method,
            pages: from.pages,
            tuples: from.tuples,
            all_visible: from.all_visible,
            all_frozen: from.all_frozen,
            bytes: from.bytes,
            tree_levels: from.tree_levels,
            gin: from.gin.map(Into::into),
            end_points: from.end_points.map(Into::into),
            activity: from.activity.map(Into::into),
        }
    }
}

impl From<wire::StoredRelation> for words::StoredRelation {
    fn from(from: wire::StoredRelation) -> Self {
        words::StoredRelation {
            kind: from.kind.into(),
            schema: from.schema,
            name: from.name,
            table: from.table,
            access_method: from.access_method,
            pages: from.pages,
            tuples: from.tuples,
            all_visible: from.all_visible,
            all_frozen: from.all_frozen,
            bytes: from.bytes,
            tree_levels: from.tree_levels,
            gin: from.gin.map(Into::into),
            end_points: from.end_points.map(Into::into),
            activity: from.activity.map(Into::into),
        }
    }
}

impl From<words::EndPoints> for wire::EndPoints {
    fn from(from: words::EndPoints) -> Self {
        wire::EndPoints {
            least: from.least,
            greatest: from.greatest,
        }
    }
}

impl From<wire::EndPoints> for words::EndPoints {
    fn from(from: wire::EndPoints) -> Self {
        words::EndPoints {
            least: from.least,
            greatest: from.greatest,
        }
    }
}

impl From<words::GinPages> for wire::GinPages {
    fn from(from: words::GinPages) -> Self {
        wire::GinPages {
            pending_pages: from.pending_pages,
            total_pages: from.total_pages,
            entry_pages: from.entry_pages,
            data_pages: from.data_pages,
            entries: from.entries,
        }
    }
}

impl From<wire::GinPages> for words::GinPages {
    fn from(from: wire::GinPages) -> Self {
        words::GinPages {
            pending_pages: from.pending_pages,
            total_pages: from.total_pages,
            entry_pages: from.entry_pages,
            data_pages: from.data_pages,
            entries: from.entries,
        }
    }
}

impl From<words::Activity> for wire::Activity {
    fn from(from: words::Activity) -> Self {
        wire::Activity {
            sequential_scans: from.sequential_scans,
            index_scans: from.index_scans,
            inserted: from.inserted,
            updated: from.updated,
            deleted: from.deleted,
            dead: from.dead,
            changed_since_analyze: from.changed_since_analyze,
        }
    }
}

impl From<wire::Activity> for words::Activity {
    fn from(from: wire::Activity) -> Self {
        words::Activity {
            sequential_scans: from.sequential_scans,
            index_scans: from.index_scans,
            inserted: from.inserted,
            updated: from.updated,
            deleted: from.deleted,
            dead: from.dead,
            changed_since_analyze: from.changed_since_analyze,
        }
    }
}

impl From<words::ColumnStatistics> for wire::ColumnStatistics {
    fn from(from: words::ColumnStatistics) -> Self {
        wire::ColumnStatistics {
            schema: from.schema,
            relation: from.relation,
            column: from.column,
            inherited: from.inherited,
            null_fraction: from.null_fraction,
            width: from.width,
            distinct: from.distinct,
            slots: from.slots.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wire::ColumnStatistics> for words::ColumnStatistics {
    fn from(from: wire::ColumnStatistics) -> Self {
        words::ColumnStatistics {
            schema: from.schema,
            relation: from.relation,
            column: from.column,
            inherited: from.inherited,
            null_fraction: from.null_fraction,
            width: from.width,
            distinct: from.distinct,
            slots: from.slots.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<words::StatisticsSlot> for wire::StatisticsSlot {
    fn from(from: words::StatisticsSlot) -> Self {
        wire::StatisticsSlot {
            kind: from.kind,
            operator: from.operator,
            collation: from.collation,
            numbers: from.numbers,
            values: from.values,
            values_type: from.values_type,
        }
    }
}

impl From<wire::StatisticsSlot> for words::StatisticsSlot {
    fn from(from: wire::StatisticsSlot) -> Self {
        words::StatisticsSlot {
            kind: from.kind,
            operator: from.operator,
            collation: from.collation,
            numbers: from.numbers,
            values: from.values,
            values_type: from.values_type,
        }
    }
}

impl From<words::ExtendedStatistics> for wire::ExtendedStatistics {
    fn from(from: words::ExtendedStatistics) -> Self {
        wire::ExtendedStatistics {
            schema: from.schema,
            name: from.name,
            inherited: from.inherited,
            columns: from.columns,
            distinct: from.distinct,
            dependencies: from.dependencies,
            most_common: from.most_common,
            expressions: from.expressions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wire::ExtendedStatistics> for words::ExtendedStatistics {
    fn from(from: wire::ExtendedStatistics) -> Self {
        words::ExtendedStatistics {
            schema: from.schema,
            name: from.name,
            inherited: from.inherited,
            columns: from.columns,
            distinct: from.distinct,
            dependencies: from.dependencies,
            most_common: from.most_common,
            expressions: from.expressions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<words::WorkloadQuery> for wire::WorkloadQuery {
    fn from(from: words::WorkloadQuery) -> Self {
        wire::WorkloadQuery {
            id: from.id,
            text: from.text,
            sample: from.sample,
            calls: from.calls,
            total_ms: from.total_ms,
            rows: from.rows,
        }
    }
}

impl From<wire::WorkloadQuery> for words::WorkloadQuery {
    fn from(from: wire::WorkloadQuery) -> Self {
        words::WorkloadQuery {
            id: from.id,
            text: from.text,
            sample: from.sample,
            calls: from.calls,
            total_ms: from.total_ms,
            rows: from.rows,
        }
    }
}

impl From<words::StoredKind> for wire::StoredKind {
    fn from(from: words::StoredKind) -> Self {
        match from {
            words::StoredKind::Table => wire::StoredKind::Table,
            words::StoredKind::PartitionedTable => wire::StoredKind::PartitionedTable,
            words::StoredKind::MaterialisedView => wire::StoredKind::MaterialisedView,
            words::StoredKind::ForeignTable => wire::StoredKind::ForeignTable,
            words::StoredKind::Index => wire::StoredKind::Index,
            words::StoredKind::PartitionedIndex => wire::StoredKind::PartitionedIndex,
            words::StoredKind::Toast => wire::StoredKind::Toast,
            words::StoredKind::ToastIndex => wire::StoredKind::ToastIndex,
        }
    }
}

impl From<wire::StoredKind> for words::StoredKind {
    fn from(from: wire::StoredKind) -> Self {
        match from {
            wire::StoredKind::Table => words::StoredKind::Table,
            wire::StoredKind::PartitionedTable => words::StoredKind::PartitionedTable,
            wire::StoredKind::MaterialisedView => words::StoredKind::MaterialisedView,
            wire::StoredKind::ForeignTable => words::StoredKind::ForeignTable,
            wire::StoredKind::Index => words::StoredKind::Index,
            wire::StoredKind::PartitionedIndex => words::StoredKind::PartitionedIndex,
            wire::StoredKind::Toast => words::StoredKind::Toast,
            wire::StoredKind::ToastIndex => words::StoredKind::ToastIndex,
        }
    }
}

impl From<words::Unread> for wire::Missing {
    fn from(from: words::Unread) -> Self {
        wire::Missing {
            what: from.what,
            why: from.why,
        }
    }
}

impl From<wire::Missing> for words::Unread {
    fn from(from: wire::Missing) -> Self {
        words::Unread {
            what: from.what,
            why: from.why,
        }
    }
}

impl From<words::Server> for wire::Server {
    fn from(from: words::Server) -> Self {
        wire::Server {
            engine: from.engine.name().to_owned(),
            version: from.version.to_string(),
        }
    }
}
