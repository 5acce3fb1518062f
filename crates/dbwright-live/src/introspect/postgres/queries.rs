//! The catalog queries, one per object kind. Each selects text columns only (they run over the simple protocol) and can be
//! restricted to OIDs, so that after a statement only what it touched is read again.
//!
//! They run with an empty `search_path`, so that the server prints every name with its schema.

/// Separates the elements of a list inside one text column; no identifier holds it in practice and the server allows it
/// nowhere in a keyword.
pub(super) const LIST: char = '\u{1f}';

/// Which rows of a catalog a query reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Only {
    All,
    /// Those whose OIDs stand in the first parameter.
    These,
}

impl Only {
    fn condition(self, column: &str) -> String {
        match self {
            Only::All => String::new(),
            Only::These => format!(" AND {column} = ANY ($1)"),
        }
    }
}

/// Schemas of the server itself, of temporary tables and of dbwright's own helper functions are not the user's.
fn user_schema(column: &str) -> String {
    format!("{column} NOT LIKE 'pg\\_%' AND {column} NOT IN ('information_schema', 'dbwright')")
}

fn no_extension_member(class: &str, oid: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{class}'::regclass AND e.objid = {oid} AND e.deptype = 'e')"
    )
}

fn list(array: &str) -> String {
    format!("array_to_string({array}, chr(31))")
}

fn column_names(relation: &str, numbers: &str) -> String {
    list(&format!(
        "ARRAY(SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY u(n, o) \
         JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = u.n ORDER BY u.o)"
    ))
}

pub(super) fn schemas(only: Only) -> String {
    format!(
        "SELECT n.oid, n.nspname FROM pg_namespace n WHERE {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_namespace", "n.oid"),
        only.condition("n.oid")
    )
}

pub(super) fn extensions(only: Only) -> String {
    format!(
        "SELECT x.oid, x.extname, x.extversion, n.nspname FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace \
         WHERE x.extname <> 'plpgsql'{}",
        only.condition("x.oid")
    )
}

/// Tables, views, sequences and indexes. `relfilenode` is 0 for what has no file. The volatile columns of `pg_class` (file,
/// size, age, hints) are no part of the definition.
pub(super) fn relations(only: Only) -> String {
    format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, c.relpersistence, am.amname, {options}, \
           c.relrowsecurity, c.relforcerowsecurity, c.relreplident, \
           CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, \
           pg_get_expr(c.relpartbound, c.oid), \
           {parents}, \
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, \
           (to_jsonb(c) - '{{oid,relname,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,\
              reltuples,relallvisible,relallfrozen,reltoastrelid,relhasindex,relnatts,relchecks,relhasrules,relhastriggers,\
              relhassubclass,relispopulated,relrewrite,relfrozenxid,relminmxid,relacl,relpartbound}}'::text[])::text \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam \
         WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I') AND {user} AND {own}{only}",
        options = list("c.reloptions"),
        parents = list(
            "ARRAY(SELECT pn.nspname || chr(30) || p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent \
             JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid ORDER BY i.inhseqno)"
        ),
        user = user_schema("n.nspname"),
        own = no_extension_member("pg_class", "c.oid"),
        only = only.condition("c.oid")
    )
}

/// Columns of tables. Some minor releases (15.20 is one) count the versions of a row type in `attoptions`, as `pg_attver`:
/// nobody set it, and it changes with any column.
pub(super) fn columns(only: Only) -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
           pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, \
           CASE WHEN a.attcollation <> t.typcollation THEN (SELECT l.collname FROM pg_collation l WHERE l.oid = a.attcollation) END, \
           a.attstorage, to_jsonb(a) ->> 'attcompression', a.attstattarget, \
           ((to_jsonb(a) - '{{attrelid,atttypid,attcacheoff,attbyval,attlen,attalign,attmissingval,atthasmissing,attacl,attcollation,\
              attstattarget,attndims,attinhcount,attislocal,attoptions}}'::text[]) \
             || jsonb_build_object('options', ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\\_attver=%' ORDER BY o), \
               'type', format_type(a.atttypid, a.atttypmod), 'default', pg_get_expr(d.adbin, d.adrelid)))::text \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_class", "c.oid"),
        only.condition("a.attrelid")
    )
}

/// Constraints of tables. Those of domains stand in their type.
pub(super) fn constraints(only: Only) -> String {
    format!(
        "SELECT k.oid, k.conrelid, k.conname, k.contype, k.convalidated, \
           coalesce((to_jsonb(k) ->> 'conenforced')::bool, true), k.condeferrable, k.condeferred, k.connoinherit, k.conindid, \
           {columns}, k.confrelid, rn.nspname, r.relname, {referenced}, k.confdeltype, k.confupdtype, k.confmatchtype, \
           pg_get_expr(k.conbin, k.conrelid), pg_get_constraintdef(k.oid) \
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_class r ON r.oid = k.confrelid LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'f') AND {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_class", "c.oid"),
        only.condition("k.conrelid"),
        columns = column_names("k.conrelid", "k.conkey"),
        referenced = column_names("k.confrelid", "k.confkey"),
    )
}

/// What indexes have beyond their row in `pg_class`; restricted by the table or the index itself.
pub(super) fn indexes(only: Only) -> String {
    format!(
        "SELECT i.indexrelid, i.indrelid, i.indisunique, i.indisvalid, \
           coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false), \
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')), \
           am.amname, {keys}, {included}, pg_get_expr(i.indpred, i.indrelid), pg_get_indexdef(i.indexrelid) \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam \
         WHERE {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_class", "c.oid"),
        match only {
            Only::All => String::new(),
            Only::These => format!(
                " AND (true{} OR true{})",
                only.condition("i.indrelid"),
                only.condition("i.indexrelid")
            ),
        },
        keys = list(
            "ARRAY(SELECT pg_get_indexdef(i.indexrelid, g, true) FROM generate_series(1, i.indnkeyatts) g ORDER BY g)"
        ),
        included = list(
            "ARRAY(SELECT pg_get_indexdef(i.indexrelid, g, true) FROM generate_series(i.indnkeyatts + 1, i.indnatts) g ORDER BY g)"
        ),
    )
}

pub(super) fn triggers(only: Only) -> String {
    format!(
        "SELECT g.oid, g.tgrelid, g.tgname, g.tgenabled, g.tgfoid, pg_get_triggerdef(g.oid) \
         FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT g.tgisinternal AND {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_class", "c.oid"),
        only.condition("g.tgrelid")
    )
}

pub(super) fn sequences(only: Only) -> String {
    format!(
        "SELECT s.seqrelid, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, \
           (SELECT dn.nspname || chr(30) || dc.relname || chr(30) || a.attname FROM pg_depend d \
            JOIN pg_class dc ON dc.oid = d.refobjid JOIN pg_namespace dn ON dn.oid = dc.relnamespace \
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
            WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass \
              AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1) \
         FROM pg_sequence s WHERE true{}",
        only.condition("s.seqrelid")
    )
}

pub(super) fn routines(only: Only) -> String {
    format!(
        "SELECT p.oid, n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.prokind, l.lanname, \
           pg_get_function_result(p.oid), p.provolatile, p.prosecdef, p.proisstrict, \
           CASE WHEN p.prokind = 'a' \
             THEN (SELECT ((to_jsonb(g) - '{{aggfnoid}}'::text[]) || jsonb_build_object('result', pg_get_function_result(p.oid)))::text \
                   FROM pg_aggregate g WHERE g.aggfnoid = p.oid) \
             ELSE pg_get_functiondef(p.oid) END \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang \
         WHERE {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_proc", "p.oid"),
        only.condition("p.oid")
    )
}

/// Types that somebody created: not the row types of tables, not the array and multirange types that come along.
pub(super) fn types(only: Only) -> String {
    format!(
        "SELECT t.oid, n.nspname, t.typname, t.typtype, \
           {labels}, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault, {checks}, {attributes}, \
           (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid) \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE t.typtype IN ('e', 'd', 'c', 'r', 'b') AND NOT (t.typtype = 'b' AND t.typcategory = 'A') \
           AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) \
           AND {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_type", "t.oid"),
        only.condition("t.oid"),
        labels =
            list("ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)"),
        checks = list(
            "ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname)"
        ),
        attributes = list(
            "ARRAY(SELECT a.attname || chr(30) || format_type(a.atttypid, a.atttypmod) FROM pg_attribute a \
             WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)"
        ),
    )
}

/// What hangs on what among tables, columns, indexes, sequences, views, constraints, routines, types and triggers.
/// A view hangs on what its rewrite rule reads.
pub(super) fn dependencies() -> &'static str {
    "SELECT DISTINCT \
       CASE WHEN d.classid = 'pg_rewrite'::regclass THEN 'pg_class' ELSE d.classid::regclass::text END, \
       CASE WHEN d.classid = 'pg_rewrite'::regclass THEN w.ev_class ELSE d.objid END, d.objsubid, \
       d.refclassid::regclass::text, d.refobjid, d.refobjsubid \
     FROM pg_depend d LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid \
     WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i', 'P', 'S')"
}

/// The catalogs whose rows make up the model, with the column that names the object to read again when a row is new.
pub(super) const CATALOGS: [(&str, Kind, &str); 17] = [
    ("pg_namespace", Kind::Schema, "oid"),
    ("pg_extension", Kind::Extension, "oid"),
    ("pg_class", Kind::Relation, "oid"),
    ("pg_attribute", Kind::Relation, "attrelid"),
    ("pg_attrdef", Kind::Relation, "adrelid"),
    ("pg_constraint", Kind::Relation, "conrelid"),
    ("pg_index", Kind::Relation, "indexrelid"),
    ("pg_inherits", Kind::Relation, "inhrelid"),
    ("pg_partitioned_table", Kind::Relation, "partrelid"),
    ("pg_rewrite", Kind::Relation, "ev_class"),
    ("pg_sequence", Kind::Relation, "seqrelid"),
    ("pg_trigger", Kind::Relation, "tgrelid"),
    ("pg_proc", Kind::Routine, "oid"),
    ("pg_aggregate", Kind::Routine, "aggfnoid::oid"),
    ("pg_type", Kind::Type, "oid"),
    ("pg_enum", Kind::Type, "enumtypid"),
    ("pg_range", Kind::Type, "rngtypid"),
];

/// What is read again together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Schema,
    Extension,
    Relation,
    Routine,
    Type,
}

/// The objects that got new rows in the catalogs `$1` since the transaction `$2` began, later than its command `$3`.
pub(super) fn touched() -> String {
    // Transaction ids have no order of their own. Not by way of text, which takes long for all columns of all tables.
    let newer_than = |column: &str| format!("age({column}) <= (SELECT age($2))");
    let newer = newer_than("xmin");
    let mut parts: Vec<String> = CATALOGS
        .iter()
        .map(|(catalog, kind, column)| {
            format!(
                "SELECT '{kind:?}', {column}, cmin::text::bigint FROM {catalog} \
                 WHERE '{catalog}' = ANY ($1) AND {newer} AND cmin::text::bigint > $3"
            )
        })
        .collect();
    // A domain's checks are read with the domain.
    parts.push(format!(
        "SELECT 'Type', contypid, cmin::text::bigint FROM pg_constraint \
         WHERE 'pg_constraint' = ANY ($1) AND contypid <> 0 AND {newer} AND cmin::text::bigint > $3"
    ));
    // A composite type's attributes hang on its relation.
    parts.push(format!(
        "SELECT 'Type', c.reltype, 0::bigint FROM pg_class c WHERE ARRAY['pg_class', 'pg_attribute'] && $1 \
         AND c.relkind = 'c' AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND {})",
        newer_than("a.xmin")
    ));
    parts.join(" UNION ALL ")
}

/// Every OID of the catalogs `$1`, one row per catalog: `(catalog, oids)`; of `pg_inherits` its pairs.
pub(super) fn present() -> String {
    let with_oids = [
        "pg_namespace",
        "pg_extension",
        "pg_class",
        "pg_proc",
        "pg_type",
        "pg_constraint",
        "pg_trigger",
    ];
    let mut parts: Vec<String> = with_oids
        .iter()
        .map(|catalog| {
            format!(
                "SELECT '{catalog}', string_agg(oid::text, ',') FROM {catalog} \
                 WHERE '{catalog}' = ANY ($1) AND (oid >= 16384 OR '{catalog}' = 'pg_namespace') HAVING '{catalog}' = ANY ($1)"
            )
        })
        .collect();
    parts.push(format!(
        "{} WHERE 'pg_inherits' = ANY ($1) HAVING 'pg_inherits' = ANY ($1)",
        inherits()
    ));
    parts.join(" UNION ALL ")
}

/// Which relations are children of which, as one text.
pub(super) fn inherits() -> &'static str {
    "SELECT 'pg_inherits', string_agg(inhrelid::text || '/' || inhparent::text, ',' ORDER BY inhrelid, inhparent) FROM pg_inherits"
}

/// The counters of scans and rows of the running transaction, where there are any: of relations, and of those system
/// catalogs that make up the model (by name).
pub(super) fn counters() -> String {
    let catalogs: Vec<String> = CATALOGS
        .iter()
        .map(|(name, _, _)| format!("'pg_catalog.{name}'::regclass"))
        .collect();
    format!(
        "SELECT s.oid, s.name, s.scans, s.inserted, s.updated, s.deleted FROM ( \
           SELECT c.oid, CASE WHEN c.oid < 16384 THEN c.relname END AS name, \
             CASE WHEN c.oid >= 16384 THEN pg_stat_get_xact_numscans(c.oid) ELSE 0 END AS scans, \
             pg_stat_get_xact_tuples_inserted(c.oid) AS inserted, pg_stat_get_xact_tuples_updated(c.oid) AS updated, \
             pg_stat_get_xact_tuples_deleted(c.oid) AS deleted \
           FROM pg_class c WHERE (c.oid >= 16384 AND c.relkind IN ('r', 'm', 'i')) \
             OR c.oid IN ('pg_catalog.pg_depend'::regclass, {})) s \
         WHERE s.scans > 0 OR s.inserted > 0 OR s.updated > 0 OR s.deleted > 0",
        catalogs.join(", ")
    )
}
