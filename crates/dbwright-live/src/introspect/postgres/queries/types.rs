//! Schemas, extensions and types.

use super::{Ask, list, no_extension_member, user_schema};

pub(in super::super) fn schemas(ask: &Ask<'_>) -> String {
    format!(
        "SELECT n.oid, n.nspname FROM pg_namespace n WHERE {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_namespace", "n.oid"),
        ask.condition("n.oid")
    )
}

pub(in super::super) fn extensions(ask: &Ask<'_>) -> String {
    format!(
        "SELECT x.oid, x.extname, x.extversion, n.nspname FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace \
         WHERE x.extname <> 'plpgsql'{}",
        ask.condition("x.oid")
    )
}

/// Types that somebody created: not the row types of tables, not the array and multirange types that come along.
pub(in super::super) fn types(ask: &Ask<'_>) -> String {
    let function = |column: &str, word: &str| {
        format!("CASE WHEN t.{column}::oid <> 0 THEN '{word}' || chr(30) || t.{column}::text END")
    };
    format!(
        "SELECT t.oid, n.nspname, t.typname, CASE WHEN t.typisdefined THEN t.typtype ELSE 's' END, \
           {labels}, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typnotnull, coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault), \
           {checks}, {attributes}, \
           CASE WHEN t.typtype = 'd' AND t.typcollation <> bt.typcollation THEN t.typcollation::regcollation::text END, \
           {not_null_name}, \
           CASE WHEN t.typtype = 'r' THEN format_type(r.rngsubtype, NULL) END, \
           CASE WHEN NOT oc.opcdefault THEN quote_ident(ocn.nspname) || '.' || quote_ident(oc.opcname) END, \
           CASE WHEN r.rngcollation <> st.typcollation THEN r.rngcollation::regcollation::text END, \
           CASE WHEN r.rngcanonical::oid <> 0 THEN r.rngcanonical::text END, \
           CASE WHEN r.rngsubdiff::oid <> 0 THEN r.rngsubdiff::text END, \
           mn.nspname, mt.typname, \
           CASE WHEN t.typtype = 'b' THEN {functions} END, \
           t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typispreferred, \
           CASE WHEN t.typtype = 'b' AND t.typelem <> 0 THEN format_type(t.typelem, NULL) END, t.typdelim, t.typcollation <> 0 \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type bt ON bt.oid = t.typbasetype \
         LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_type st ON st.oid = r.rngsubtype \
         LEFT JOIN pg_opclass oc ON oc.oid = r.rngsubopc LEFT JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace \
         LEFT JOIN pg_type mt ON {multirange} LEFT JOIN pg_namespace mn ON mn.oid = mt.typnamespace \
         WHERE {kinds} AND NOT (t.typtype = 'b' AND t.typcategory = 'A') \
           AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) \
           AND {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_type", "t.oid"),
        ask.condition("t.oid"),
        labels =
            list("ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)"),
        checks = list(
            "ARRAY(SELECT k.conname || chr(30) || pg_get_constraintdef(k.oid) || chr(30) || k.convalidated FROM pg_constraint k \
             WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname)"
        ),
        attributes = list(
            "ARRAY(SELECT a.attname || chr(30) || format_type(a.atttypid, a.atttypmod) || chr(30) || \
               CASE WHEN a.attcollation <> y.typcollation THEN a.attcollation::regcollation::text ELSE '' END \
             FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid \
             WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)"
        ),
        // Domains have named constraints that refuse NULL since 17.
        not_null_name = "(SELECT k.conname FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'n')",
        multirange = ask.since(14, "mt.oid = r.rngmultitypid", "false"),
        functions = list(&format!(
            "ARRAY[{}]",
            [
                ("typinput", "INPUT"),
                ("typoutput", "OUTPUT"),
                ("typreceive", "RECEIVE"),
                ("typsend", "SEND"),
                ("typmodin", "TYPMOD_IN"),
                ("typmodout", "TYPMOD_OUT"),
                ("typanalyze", "ANALYZE"),
            ]
            .iter()
            .map(|(column, word)| function(column, word))
            .chain((ask.major >= 14).then(|| function("typsubscript", "SUBSCRIPT")))
            .collect::<Vec<_>>()
            .join(", ")
        )),
        kinds = if ask.whole {
            "(t.typtype IN ('e', 'd', 'c', 'r', 'b') OR NOT t.typisdefined)"
        } else {
            "t.typtype IN ('e', 'd', 'c', 'r', 'b')"
        },
    )
}

/// What stands for something else in dependencies, as catalog and object for catalog and object: row types for their table,
/// arrays for their elements, multiranges for their ranges, functions that make ranges for
/// these, constraints of domains for these. In a reading of everything also extensions for what came with them: what hangs
/// on an operator class of an extension hangs on the extension.
pub(in super::super) fn stand_ins(ask: &Ask<'_>) -> String {
    let multiranges = ask.since(
        14,
        " UNION ALL SELECT 1247, rngmultitypid, 1247, rngtypid FROM pg_range WHERE rngmultitypid >= 16384",
        "",
    );
    format!(
        "SELECT 1247, t.oid, CASE WHEN t.typrelid <> 0 THEN 1259 ELSE 1247 END, \
           CASE WHEN t.typrelid <> 0 THEN t.typrelid ELSE t.typelem END \
         FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid \
         WHERE t.oid >= 16384 AND (t.typtype = 'c' AND c.relkind <> 'c' OR t.typtype = 'b' AND t.typcategory = 'A')\
         {multiranges} UNION ALL SELECT 1259, c.oid, 1247, c.reltype FROM pg_class c WHERE c.relkind = 'c' \
         UNION ALL SELECT 1255, d.objid, 1247, d.refobjid FROM pg_depend d \
           WHERE d.classid = 1255 AND d.refclassid = 1247 AND d.deptype = 'i' \
         UNION ALL SELECT 2606, oid, 1247, contypid FROM pg_constraint WHERE contypid <> 0{members}",
        members = ask.only_whole(
            " UNION ALL SELECT d.classid, d.objid, 3079, d.refobjid FROM pg_depend d \
               WHERE d.refclassid = 3079 AND d.deptype = 'e' AND d.objid >= 16384",
            "",
        )
    )
}
