//! Functions of MySQL and MariaDB that do nothing but give a value.
//!
//! <https://dev.mysql.com/doc/refman/9.4/en/built-in-function-reference.html>,
//! <https://mariadb.com/docs/server/reference/sql-functions>. Not among them: what waits (`SLEEP`, `BENCHMARK`, locks,
//! replication), reads files (`LOAD_FILE`), or changes something (sequences, `LAST_INSERT_ID` with a value, functions that
//! administer replication).

/// Functions, in lower case and sorted.
const HARMLESS: &str = "\
    abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg bin bin_to_uuid bit_and bit_count \
    bit_length bit_or bit_xor cast ceil ceiling char char_length character_length charset chr coalesce coercibility collation \
    column_check column_exists column_get column_json column_list compress concat concat_ws connection_id conv convert \
    convert_tz cos cot count crc32 crc32c cume_dist curdate current_date current_role current_time current_timestamp \
    current_user curtime database date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear \
    default degrees dense_rank elt exp export_set extract extractvalue field find_in_set first_value floor format format_bytes \
    format_pico_time found_rows from_base64 from_days from_unixtime geometrycollection get_format greatest group_concat \
    grouping hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval is_ipv4 is_ipv4_compat \
    is_ipv4_mapped is_ipv6 is_uuid isnull json_array json_array_append json_array_insert json_array_intersect json_arrayagg \
    json_compact json_contains json_contains_path json_depth json_detailed json_equals json_exists json_extract json_insert \
    json_key_value json_keys json_length json_loose json_merge json_merge_patch json_merge_preserve json_normalize \
    json_object json_object_filter_keys json_object_to_array json_objectagg json_overlaps json_pretty json_query json_quote \
    json_remove json_replace json_schema_valid json_schema_validation_report json_search json_set json_storage_free \
    json_storage_size json_table json_type json_unquote json_valid json_value lag last_day last_value lcase lead least left \
    length lengthb ln localtime localtimestamp locate log log10 log2 lower lpad ltrim make_set makedate maketime max md5 \
    median microsecond mid min minute mod month monthname natural_sort_key now nth_value ntile nullif nvl nvl2 oct \
    octet_length ord percent_rank percentile_cont percentile_disc period_add period_diff pi position pow power quarter quote \
    radians rand random_bytes rank regexp_instr regexp_like regexp_replace regexp_substr repeat replace reverse right \
    roles_graphml round row_count row_number rpad rtrim schema sec_to_time second session_user sformat sha sha1 sha2 sign sin \
    soundex space sqrt st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains \
    st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere st_endpoint st_envelope \
    st_equals st_exteriorring st_geohash st_geometryn st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb \
    st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_issimple st_isvalid st_latitude st_length \
    st_longitude st_makeenvelope st_numgeometries st_numinteriorrings st_numpoints st_overlaps st_point st_pointfromgeohash \
    st_pointfromtext st_pointn st_simplify st_srid st_startpoint st_swapxy st_symdifference st_touches st_transform st_union \
    st_validate st_within st_x st_y std stddev stddev_pop stddev_samp str_to_date strcmp subdate substr substring \
    substring_index subtime sum sysdate system_user tan time time_format time_to_sec timediff timestamp timestampadd \
    timestampdiff to_base64 to_char to_date to_days to_seconds trim truncate ucase uncompress uncompressed_length unhex \
    unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin uuid_v4 uuid_v7 values \
    var_pop var_samp variance vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext version week \
    weekday weekofyear weight_string year yearweek mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequals mbrintersects \
    mbroverlaps mbrtouches mbrwithin point linestring polygon multipoint multilinestring multipolygon \
    statement_digest statement_digest_text ps_current_thread_id ps_thread_id icu_version value";

/// Words before a bracket that are no functions: clauses, operators and types.
const NO_FUNCTIONS: &str = "\
    against all and any array as bigint binary bit between blob by case char character collate columns cross date datetime \
    decimal dec distinct distinctrow div double else end escape except exists filter first fixed float for force from group \
    having ignore in index inner int integer intersect is join key last lateral like limit match member minus mod natural nchar \
    nested not national numeric nvarchar of offset on or order outer over partition real regexp right rlike rollup row rows \
    select set signed some sounds start straight_join table then time top union unsigned use using values varbinary varchar \
    vector when where window with within xor year recursive separator qualify";

/// Whether a word before a bracket is one of the functions.
pub(super) fn is_harmless(name: &str) -> bool {
    let is_in = |list: &str| list.split_whitespace().any(|word| word.eq_ignore_ascii_case(name));
    is_in(HARMLESS) || is_in(NO_FUNCTIONS)
}
