//! The questions that do not belong to one kind of statistics.

/// The OIDs of what is the server's own are below this one.
pub(super) const FIRST_OWN_OID: u32 = 16384;

/// The database, the time and the locale. Other providers than libc came with 15, their locale was renamed in 17.
pub(super) fn about(major: u32) -> String {
    let provider = if major >= 15 { "d.datlocprovider::text" } else { "'c'" };
    let locale = match major {
        ..15 => "NULL",
        15 | 16 => "d.daticulocale",
        _ => "d.datlocale",
    };
    format!(
        "SELECT d.datname, pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, \
         CASE {provider} WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' ELSE 'builtin' END, {locale} \
         FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
    )
}

/// Settings that the planner asks: <https://www.postgresql.org/docs/current/runtime-config-query.html>.
pub(super) const SETTINGS: &str = "\
    SELECT name, setting || CASE WHEN unit IS NULL THEN '' WHEN unit = '8kB' THEN '' ELSE unit END \
    FROM pg_catalog.pg_settings \
    WHERE category LIKE 'Query Tuning%' AND name <> 'seed' \
       OR name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers_per_gather', 'max_parallel_workers', \
                   'parallel_leader_participation', 'effective_io_concurrency', 'maintenance_work_mem', \
                   'max_parallel_maintenance_workers', 'row_security', 'array_nulls', 'temp_buffers', \
                   'default_table_access_method') \
    ORDER BY name";

pub(super) const EXTENSIONS: &str =
    "SELECT extname, extversion FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' ORDER BY extname";

pub(super) const COUNTED_SINCE: &str = "\
    SELECT pg_catalog.to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
    FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()";

/// The schema of `pg_stat_statements`, quoted.
pub(super) const STATEMENTS_SCHEMA: &str = "\
    SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e \
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";

/// The queries of this database, those that took longest first.
pub(super) fn statements(schema: &str) -> String {
    format!(
        "SELECT s.queryid, s.query, pg_catalog.sum(s.calls), pg_catalog.sum(s.total_exec_time), pg_catalog.sum(s.rows) \
         FROM {schema}.pg_stat_statements s \
         WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
         GROUP BY 1, 2 ORDER BY 4 DESC, 1 LIMIT 5000"
    )
}
