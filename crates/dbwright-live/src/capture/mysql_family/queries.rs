//! The questions. Names of databases are compared as bytes, since that is what `DATABASE()` gives.

use dbwright_catalog::Engine;

pub(super) const ABOUT: &str = "\
    SELECT DATABASE(), DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ'), NULL, \
           DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME \
    FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()";

/// <https://dev.mysql.com/doc/refman/9.4/en/information-schema-tables-table.html>
pub(super) const TABLES: &str = "\
    SELECT TABLE_NAME, ENGINE, TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES \
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME";

pub(super) const INDEXES: &str = "\
    SELECT DISTINCT TABLE_NAME, INDEX_NAME, INDEX_TYPE FROM information_schema.STATISTICS \
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2";

/// Settings that the planner asks, and those on which it depends what a migration takes.
/// <https://dev.mysql.com/doc/refman/9.4/en/controlling-optimizer.html>,
/// <https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/system-variables/optimizer-cost-model>
pub(super) const SETTINGS: &str = "\
    SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'optimizer\\_%' AND Variable_name NOT LIKE '%trace%' \
       OR Variable_name LIKE 'eq\\_range\\_index\\_dive\\_limit' OR Variable_name LIKE 'range\\_optimizer%' \
       OR Variable_name LIKE 'innodb\\_stats\\_%' \
       OR Variable_name IN ('join_buffer_size', 'sort_buffer_size', 'join_cache_level', 'max_seeks_for_key', \
          'max_length_for_sort_data', 'tmp_table_size', 'max_heap_table_size', 'internal_tmp_mem_storage_engine', \
          'cte_max_recursion_depth', 'group_concat_max_len', 'engine_condition_pushdown', 'histogram_size', \
          'histogram_type', 'use_stat_tables', 'innodb_page_size', 'sql_mode', 'lower_case_table_names', \
          'expensive_subquery_limit', 'in_predicate_conversion_threshold', 'mrr_buffer_size', 'read_rnd_buffer_size', \
          'set_operations_buffer_size', 'innodb_adaptive_hash_index', 'innodb_buffer_pool_size', \
          'innodb_native_foreign_keys')";

pub(super) const COSTS: &str = "\
    SELECT cost_name, cost_value FROM mysql.server_cost \
    UNION ALL SELECT CONCAT(engine_name, '.', cost_name), cost_value FROM mysql.engine_cost";

pub(super) const TABLE_STATS: &str = "\
    SELECT table_name, n_rows, clustered_index_size, sum_of_other_index_sizes FROM mysql.innodb_table_stats \
    WHERE database_name = DATABASE() ORDER BY table_name";

pub(super) const INDEX_STATS: &str = "\
    SELECT table_name, index_name, stat_name, stat_value, sample_size, stat_description FROM mysql.innodb_index_stats \
    WHERE database_name = DATABASE() ORDER BY table_name, index_name, stat_name";

pub(super) const CARDINALITIES: &str = "\
    SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, CARDINALITY FROM information_schema.STATISTICS \
    WHERE TABLE_SCHEMA = DATABASE() AND CARDINALITY IS NOT NULL ORDER BY 1, 2, 3";

/// <https://dev.mysql.com/doc/refman/9.4/en/information-schema-column-statistics-table.html>
pub(super) const HISTOGRAM_COLUMNS: &str = "\
    SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMN_STATISTICS WHERE SCHEMA_NAME = DATABASE() ORDER BY 1, 2";

/// <https://mariadb.com/kb/en/mysqlcolumn_stats-table/>
pub(super) const COLUMN_STATS: &str = "\
    SELECT table_name, column_name, nulls_ratio, avg_length, avg_frequency, hist_size > 0 FROM mysql.column_stats \
    WHERE db_name = DATABASE() ORDER BY 1, 2";

/// The first columns of indexes: what has an end that is found without reading on. Of an index that the
/// planner does not look at, or that descends, the whole would be read.
pub(super) fn first_columns(engine: Engine) -> String {
    let is_used = match engine {
        // https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/optimization-and-indexes/ignored-indexes
        Engine::MariaDb => "IGNORED = 'NO'",
        // https://dev.mysql.com/doc/refman/9.4/en/invisible-indexes.html
        Engine::MySql | Engine::Postgres | Engine::Sqlite => "IS_VISIBLE = 'YES'",
    };
    format!(
        "SELECT DISTINCT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = DATABASE() AND SEQ_IN_INDEX = 1 AND INDEX_TYPE = 'BTREE' AND SUB_PART IS NULL \
           AND COLLATION = 'A' AND COMMENT NOT LIKE '%disabled%' AND {is_used} ORDER BY 1, 2"
    )
}

/// Columns whose ends say something. Asked for by itself: MariaDB joins its `information_schema` row by row, which takes
/// ten seconds for a thousand tables.
pub(super) const COLUMNS_WITH_ENDS: &str = "\
    SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS \
    WHERE TABLE_SCHEMA = DATABASE() \
      AND DATA_TYPE IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'date', \
                        'datetime', 'timestamp', 'time', 'year')";

/// <https://dev.mysql.com/doc/refman/9.4/en/performance-schema-statement-summary-tables.html>; times are in picoseconds.
/// Where samples may be taken, they stand for the `NULL`.
pub(super) const DIGESTS: &str = "\
    SELECT DIGEST, DIGEST_TEXT, NULL, COUNT_STAR, SUM_TIMER_WAIT / 1000000000, SUM_ROWS_SENT + SUM_ROWS_AFFECTED, \
           DATE_FORMAT(CONVERT_TZ(FIRST_SEEN, @@session.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%sZ') \
    FROM performance_schema.events_statements_summary_by_digest \
    WHERE SCHEMA_NAME = DATABASE() AND DIGEST IS NOT NULL ORDER BY SUM_TIMER_WAIT DESC LIMIT 5000";

/// <https://dev.mysql.com/doc/refman/9.4/en/performance-schema-table-wait-summary-tables.html>
pub(super) const WAITS: &str = "\
    SELECT OBJECT_NAME, INDEX_NAME, COUNT_FETCH, COUNT_INSERT, COUNT_UPDATE, COUNT_DELETE \
    FROM performance_schema.table_io_waits_summary_by_index_usage WHERE OBJECT_SCHEMA = DATABASE()";
