//! Tables, views, sequences and indexes, and what belongs to them.

use super::{Ask, Only, column_names, list, user_schema};

/// Tables, views, sequences and indexes. `relfilenode` is 0 for what has no file. The volatile columns of `pg_class` (size,
/// age, hints) are not read.
pub(in super::super) fn relations(ask: &Ask<'_>) -> String {
    format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, c.relpersistence, am.amname, {options}, \
           c.relrowsecurity, c.relforcerowsecurity, c.relreplident, \
           CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, \
           CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END, \
           {parents}, \
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, \
           ts.spcname, CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END, {toast_options}, \
           fs.srvname, {foreign_options}, c.relispopulated, {unknown} \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam \
         LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace LEFT JOIN pg_class tt ON tt.oid = c.reltoastrelid \
         LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver \
         WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I') AND {user} AND {own}{only}",
        options = list("c.reloptions"),
        parents = list(
            "ARRAY(SELECT pn.nspname || chr(30) || p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent \
             JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid ORDER BY i.inhseqno)"
        ),
        toast_options = list("tt.reloptions"),
        foreign_options = list("ft.ftoptions"),
        unknown = ask.unknown(
            "c",
            "oid,relname,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,reltuples,\
             relallvisible,relallfrozen,reltoastrelid,relhasindex,relisshared,relpersistence,relkind,relnatts,relchecks,\
             relhasrules,relhastriggers,relhassubclass,relrowsecurity,relforcerowsecurity,relispopulated,relreplident,\
             relispartition,relrewrite,relfrozenxid,relminmxid,relacl,reloptions,relpartbound"
        ),
        user = user_schema("n.nspname"),
        own = ask.relation("c.oid"),
        only = ask.condition("c.oid")
    )
}

/// Columns of tables. Some minor releases (15.20 is one) count the versions of a row type in `attoptions`, as `pg_attver`:
/// nobody set it, and it changes with any column.
pub(in super::super) fn columns(ask: &Ask<'_>) -> String {
    attributes(ask, "'r', 'p', 'f'")
}

/// Columns of views and materialised views.
pub(in super::super) fn view_columns(ask: &Ask<'_>) -> String {
    attributes(ask, "'v', 'm'")
}

fn attributes(ask: &Ask, kinds: &str) -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
           pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, \
           CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END, \
           a.attstorage, {compression}, a.attstattarget, t.typstorage, \
           CASE WHEN a.attoptions IS NOT NULL THEN {options} END, {foreign_options}, {local}, {inherited}, {unknown} \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE c.relkind IN ({kinds}) AND a.attnum > 0 AND NOT a.attisdropped AND {user} AND {own}{only} \
         ORDER BY a.attrelid, a.attnum",
        compression = ask.since(14, "a.attcompression", "NULL"),
        options = list("ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\\_attver=%' ORDER BY o)"),
        foreign_options = list("a.attfdwoptions"),
        local = ask.only_whole("a.attislocal", "true"),
        inherited = ask.only_whole("a.attinhcount > 0", "false"),
        unknown = ask.unknown(
            "a",
            "attrelid,attname,atttypid,attstattarget,attlen,attnum,attndims,attcacheoff,atttypmod,attbyval,attstorage,\
             attalign,attcompression,attnotnull,atthasdef,atthasmissing,attidentity,attgenerated,attisdropped,attislocal,\
             attinhcount,attcollation,attacl,attoptions,attfdwoptions,attmissingval"
        ),
        user = user_schema("n.nspname"),
        own = ask.relation("c.oid"),
        only = ask.condition("a.attrelid")
    )
}

/// Constraints of tables. Those of domains stand in their type.
pub(in super::super) fn constraints(ask: &Ask<'_>) -> String {
    format!(
        "SELECT k.oid, k.conrelid, k.conname, k.contype, k.convalidated, \
           {enforced}, k.condeferrable, k.condeferred, k.connoinherit, k.conindid, \
           {columns}, k.confrelid, rn.nspname, r.relname, CASE WHEN k.confrelid <> 0 THEN {referenced} END, k.confdeltype, k.confupdtype, k.confmatchtype, \
           pg_get_expr(k.conbin, k.conrelid), pg_get_constraintdef(k.oid), \
           {local}, {inherited}, pn.nspname, pc.relname, pk.conname \
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_class r ON r.oid = k.confrelid LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace \
         LEFT JOIN pg_constraint pk ON {parent} \
         LEFT JOIN pg_class pc ON pc.oid = pk.conrelid LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'f') AND {} AND {}{}",
        user_schema("n.nspname"),
        ask.relation("c.oid"),
        ask.condition("k.conrelid"),
        local = ask.only_whole("k.conislocal", "true"),
        inherited = ask.only_whole("k.coninhcount > 0", "false"),
        parent = ask.only_whole("pk.oid = k.conparentid AND k.conparentid <> 0", "false"),
        enforced = ask.since(18, "k.conenforced", "true"),
        columns = column_names("k.conrelid", "k.conkey"),
        referenced = column_names("k.confrelid", "k.confkey"),
    )
}

/// What indexes have beyond their row in `pg_class`; restricted by the table or the index itself. A key part is the name of
/// a column or an expression.
pub(in super::super) fn indexes(ask: &Ask<'_>) -> String {
    let parts = |from: &str, to: &str| {
        list(&format!(
            "ARRAY(SELECT coalesce(quote_ident(a.attname), pg_get_indexdef(i.indexrelid, g, true)) \
             FROM generate_series({from}, {to}) g \
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[g - 1] AND a.attnum <> 0 ORDER BY g)"
        ))
    };
    format!(
        "SELECT i.indexrelid, i.indrelid, i.indisunique, i.indisvalid, {nulls}, \
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x') \
             AND k.conrelid = i.indrelid), \
           am.amname, {keys}, CASE WHEN i.indnatts > i.indnkeyatts THEN {included} END, pg_get_expr(i.indpred, i.indrelid), pg_get_indexdef(i.indexrelid), \
           {options}, ts.spcname, \
           CASE WHEN i.indexprs IS NOT NULL THEN {targets} END, \
           hn.nspname, hc.relname, {clustered}, {replica_identity} \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam \
         LEFT JOIN pg_tablespace ts ON ts.oid = x.reltablespace \
         LEFT JOIN pg_inherits h ON {parent} \
         LEFT JOIN pg_class hc ON hc.oid = h.inhparent LEFT JOIN pg_namespace hn ON hn.oid = hc.relnamespace \
         WHERE {} AND {}{}",
        user_schema("n.nspname"),
        ask.relation("c.oid"),
        match &ask.only {
            Only::All => String::new(),
            Only::These => format!(
                " AND (true{} OR true{})",
                ask.condition("i.indrelid"),
                ask.condition("i.indexrelid")
            ),
        },
        // Marks on indexes that statements about their table leave.
        clustered = ask.only_whole("i.indisclustered", "false"),
        replica_identity = ask.only_whole("i.indisreplident", "false"),
        parent = ask.only_whole("h.inhrelid = i.indexrelid", "false"),
        nulls = ask.since(15, "i.indnullsnotdistinct", "false"),
        keys = parts("1", "i.indnkeyatts"),
        included = parts("i.indnkeyatts + 1", "i.indnatts"),
        options = list("x.reloptions"),
        targets = list(
            "ARRAY(SELECT a.attnum || chr(30) || a.attstattarget FROM pg_attribute a \
             WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0 ORDER BY a.attnum)"
        ),
    )
}

pub(in super::super) fn sequences(ask: &Ask<'_>) -> String {
    format!(
        "SELECT s.seqrelid, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, \
           (SELECT dn.nspname || chr(30) || dc.relname || chr(30) || a.attname || chr(30) || d.deptype::text FROM pg_depend d \
            JOIN pg_class dc ON dc.oid = d.refobjid JOIN pg_namespace dn ON dn.oid = dc.relnamespace \
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
            WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass \
              AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1), \
           s.seqcache, c.relpersistence \
         FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE true{}",
        ask.condition("s.seqrelid")
    )
}
