//! The catalog queries, one per object kind. Each selects text columns only (they run over the simple protocol) and can be
//! restricted to OIDs, so that after a statement only what it touched is read again.
//!
//! They run with an empty `search_path`, so that the server prints every name with its schema.

/// Separates the elements of a list inside one text column; no identifier holds it in practice and the server allows it
/// nowhere in a keyword.
pub(super) const LIST: char = '\u{1f}';

mod access;
mod code;
mod leftovers;
mod others;
mod relations;
mod types;

pub(super) use access::{comments, default_privileges, grants, labels, memberships, owners};
pub(super) use code::{routines, triggers};
pub(super) use leftovers::{unmodelled, unread};
pub(super) use others::{
    collations, event_triggers, extension_dependents, policies, publications, rules, servers, statistics,
    subscriptions, user_mappings, wrappers,
};
pub(super) use relations::{columns, constraints, indexes, relations, sequences, view_columns};
pub(super) use types::{extensions, schemas, stand_ins, types};

/// The newest major version whose system catalogs are known column by column. What newer ones have in addition enters the
/// definitions as it stands.
const NEWEST_MAJOR: u32 = 18;

/// Which rows of a catalog a query reads, on which major version.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) major: u32,
    pub(super) only: Only,
    /// Whether kinds are read that nobody follows from statement to statement.
    pub(super) whole: bool,
    /// Columns of `pg_subscription` that the role may read. Which ones everybody may, differs between versions.
    pub(super) readable: &'a [String],
    /// OIDs of relations that are left out, as a list with commas.
    pub(super) withheld: &'a str,
}

/// Which rows of a catalog a query reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Only {
    All,
    /// Those whose OIDs stand in the first parameter.
    These,
}

impl Ask<'static> {
    /// Everything that is followed from statement to statement.
    pub(super) fn all(major: u32) -> Self {
        Ask {
            major,
            only: Only::All,
            whole: false,
            readable: &[],
            withheld: "",
        }
    }
}

impl Ask<'_> {
    fn condition(&self, column: &str) -> String {
        self.only.condition(column)
    }

    /// That a relation is the user's own and may be read.
    fn relation(&self, oid: &str) -> String {
        no_extension_member("pg_class", oid) + &self.not_withheld(oid)
    }

    fn not_withheld(&self, oid: &str) -> String {
        if self.withheld.is_empty() {
            String::new()
        } else {
            format!(" AND {oid} NOT IN ({})", self.withheld)
        }
    }

    /// The column where this major has it, else what stands for it.
    fn since(&self, major: u32, column: &str, otherwise: &str) -> String {
        if self.major >= major { column } else { otherwise }.to_owned()
    }

    /// What only a reading of everything asks for: a statement about one object would show as a change of another.
    fn only_whole(&self, column: &str, otherwise: &str) -> String {
        if self.whole { column } else { otherwise }.to_owned()
    }

    /// Columns of a catalog row that are new in majors after those that are known.
    fn unknown(&self, row: &str, known: &str) -> String {
        if self.major > NEWEST_MAJOR {
            format!("nullif(to_jsonb({row}) - '{{{known}}}'::text[], '{{}}')::text")
        } else {
            "NULL".to_owned()
        }
    }
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
        "NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = '{class}'::regclass AND member.objid = {oid} AND member.deptype = 'e')"
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

/// What hangs on what, as numbers of catalogs and objects. A view hangs on what its rewrite rule reads, a column on what
/// its default needs.
pub(super) fn dependencies() -> &'static str {
    "SELECT CASE WHEN w.rulename = '_RETURN' THEN 1259 WHEN f.oid IS NOT NULL THEN 1259 ELSE d.classid END, \
       CASE WHEN w.rulename = '_RETURN' THEN w.ev_class WHEN f.oid IS NOT NULL THEN f.adrelid ELSE d.objid END, \
       coalesce(f.adnum, d.objsubid), d.refclassid, d.refobjid, d.refobjsubid \
     FROM pg_depend d LEFT JOIN pg_rewrite w ON d.classid = 2618 AND w.oid = d.objid \
     LEFT JOIN pg_attrdef f ON d.classid = 2604 AND f.oid = d.objid \
     WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i', 'P', 'S')"
}

/// The columns of `pg_subscription`, and whether the role may read each.
pub(super) fn readable() -> &'static str {
    "SELECT attname, has_column_privilege('pg_subscription', attname, 'SELECT') FROM pg_attribute \
     WHERE attrelid = 'pg_subscription'::regclass AND attnum > 0"
}

/// Relations that somebody holds under an ACCESS EXCLUSIVE lock, or waits for, with what can't be printed meanwhile: their
/// indexes, and the views that read them. OIDs, and kinds and names of what has a name of its own.
pub(super) fn locked() -> &'static str {
    "WITH RECURSIVE held(oid) AS ( \
       SELECT l.relation FROM pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' \
         AND l.pid <> pg_backend_pid() AND l.relation >= 16384 \
         AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
       UNION SELECT x.oid FROM held h CROSS JOIN LATERAL ( \
         SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = h.oid \
         UNION ALL SELECT w.ev_class FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid \
           WHERE d.classid = 2618 AND d.refclassid = 1259 AND d.refobjid = h.oid) x(oid)) \
     SELECT h.oid, CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'table' WHEN c.relkind IN ('v', 'm') THEN 'view' END, \
       n.nspname || '.' || c.relname \
     FROM held h LEFT JOIN pg_class c ON c.oid = h.oid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 3"
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
    // `ALTER SEQUENCE … OWNED BY` leaves a mark in `pg_depend` only.
    parts.push(format!(
        "SELECT 'Relation', d.objid, d.cmin::text::bigint FROM pg_sequence s JOIN pg_depend d \
         ON d.classid = 1259 AND d.objid = s.seqrelid AND d.refclassid = 1259 AND d.deptype IN ('a', 'i') \
         WHERE 'pg_depend' = ANY ($1) AND {} AND d.cmin::text::bigint > $3",
        newer_than("d.xmin")
    ));
    parts.join(" UNION ALL ")
}

/// What hangs on the objects with the OIDs `$2` in the catalogs with the OIDs `$1`, directly or by way of something that
/// belongs to it: catalogs and OIDs, of what is read again with it. So a view stands for its rule, a table for a default
/// and a composite type for the relation that its attributes hang on.
pub(super) fn dependents() -> String {
    "WITH RECURSIVE found(classid, objid) AS ( \
       SELECT * FROM unnest($1, $2) \
       UNION SELECT d.classid, d.objid FROM found f JOIN pg_depend d ON d.refclassid = f.classid AND d.refobjid = f.objid) \
     SELECT DISTINCT o.kind, o.oid FROM found f CROSS JOIN LATERAL ( \
       SELECT 'Relation', f.objid WHERE f.classid = 1259 \
       UNION ALL SELECT 'Type', c.reltype FROM pg_class c WHERE f.classid = 1259 AND c.oid = f.objid AND c.relkind = 'c' \
       UNION ALL SELECT 'Type', f.objid WHERE f.classid = 1247 \
       UNION ALL SELECT 'Routine', f.objid WHERE f.classid = 1255 \
       UNION ALL SELECT 'Extension', f.objid WHERE f.classid = 3079 \
       UNION ALL SELECT 'Relation', w.ev_class FROM pg_rewrite w WHERE f.classid = 2618 AND w.oid = f.objid \
       UNION ALL SELECT 'Relation', a.adrelid FROM pg_attrdef a WHERE f.classid = 2604 AND a.oid = f.objid \
       UNION ALL SELECT 'Relation', t.tgrelid FROM pg_trigger t WHERE f.classid = 2620 AND t.oid = f.objid \
       UNION ALL SELECT CASE WHEN k.conrelid <> 0 THEN 'Relation' ELSE 'Type' END, \
         CASE WHEN k.conrelid <> 0 THEN k.conrelid ELSE k.contypid END \
         FROM pg_constraint k WHERE f.classid = 2606 AND k.oid = f.objid) o(kind, oid)"
        .to_owned()
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

/// The relation locks that the session holds. Nothing of the catalog is looked at.
pub(super) fn own_locks() -> &'static str {
    "SELECT relation, mode FROM pg_catalog.pg_locks \
     WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384 AND mode <> 'SIReadLock'"
}

/// The counters of scans and rows of the running transaction, where there are any: of relations, and of those system
/// catalogs that make up the model (by name).
pub(super) fn counters() -> String {
    let catalogs: Vec<String> = CATALOGS
        .iter()
        .map(|(name, _, _)| format!("'pg_catalog.{name}'::regclass"))
        .collect();
    // Each function looks its relation up: those of indexes count scans only, and what was found is not asked again.
    let (scans, written) = (
        "pg_stat_get_xact_numscans(c.oid)",
        ["inserted", "updated", "deleted"].map(|what| format!("pg_stat_get_xact_tuples_{what}(c.oid)")),
    );
    format!(
        "SELECT c.oid, NULL::name, {scans}, {values} FROM pg_class c \
         WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'i') \
           AND ({scans} > 0 OR c.relkind <> 'i' AND ({any})) \
         UNION ALL SELECT c.oid, c.relname, 0, {values} FROM pg_class c \
         WHERE c.oid = ANY (ARRAY['pg_catalog.pg_depend'::regclass, {catalogs}]::oid[]) AND ({any})",
        values = written.join(", "),
        any = written.each_ref().map(|value| format!("{value} > 0")).join(" OR "),
        catalogs = catalogs.join(", ")
    )
}
