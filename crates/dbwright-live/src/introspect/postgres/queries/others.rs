//! Kinds that are read whole only: rules, policies, statistics, collations, event triggers, replication, foreign data.

use super::{Ask, list, no_extension_member, user_schema};

/// Rewrite rules but those that make a view.
pub(in super::super) fn rules(ask: &Ask<'_>) -> String {
    format!(
        "SELECT 2618, w.oid, n.nspname, c.relname, w.rulename, w.ev_enabled, pg_get_ruledef(w.oid) \
         FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE w.rulename <> '_RETURN' AND {} AND {}",
        user_schema("n.nspname"),
        ask.relation("c.oid")
    )
}

/// Row security policies.
pub(in super::super) fn policies(ask: &Ask<'_>) -> String {
    format!(
        "SELECT 3256, p.oid, n.nspname, c.relname, p.polname, p.polcmd, p.polpermissive, {roles}, \
           pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid) \
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {} AND {}",
        user_schema("n.nspname"),
        ask.relation("c.oid"),
        roles = list(
            "ARRAY(SELECT CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END FROM unnest(p.polroles) r ORDER BY 1)"
        ),
    )
}

/// Extended statistics. No target is -1 up to 16 and NULL from 17 on.
pub(in super::super) fn statistics(ask: &Ask<'_>) -> String {
    format!(
        "SELECT 3381, s.oid, n.nspname, s.stxname, s.stxrelid, nullif(s.stxstattarget, -1), pg_get_statisticsobjdef(s.oid) \
         FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {} AND {}{}",
        user_schema("n.nspname"),
        no_extension_member("pg_statistic_ext", "s.oid"),
        ask.not_withheld("s.stxrelid")
    )
}

/// Collations.
pub(in super::super) fn collations(ask: &Ask<'_>) -> String {
    format!(
        "SELECT 3456, l.oid, n.nspname, l.collname, l.collprovider, coalesce({locale}, l.collcollate), \
           nullif(l.collctype, l.collcollate), {rules}, l.collisdeterministic \
         FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE {} AND {}",
        user_schema("n.nspname"),
        no_extension_member("pg_collation", "l.oid"),
        locale = if ask.major >= 17 {
            "l.colllocale".to_owned()
        } else {
            ask.since(15, "l.colliculocale", "NULL")
        },
        rules = ask.since(16, "l.collicurules", "NULL"),
    )
}

/// Event triggers.
pub(in super::super) fn event_triggers(_ask: &Ask<'_>) -> String {
    format!(
        "SELECT 3466, e.oid, e.evtname, e.evtevent, e.evtfoid, e.evtenabled, {tags}, fn.nspname, f.proname \
         FROM pg_event_trigger e JOIN pg_proc f ON f.oid = e.evtfoid JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE {} \
         AND fn.nspname <> 'dbwright'",
        no_extension_member("pg_event_trigger", "e.oid"),
        tags = list("e.evttags"),
    )
}

/// Publications with their tables and schemas.
pub(in super::super) fn publications(ask: &Ask<'_>) -> String {
    let (columns, filter, schemas) = if ask.major >= 15 {
        (
            "coalesce((SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a \
             WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs)), '')",
            "coalesce(pg_get_expr(m.prqual, m.prrelid), '')",
            list(
                "ARRAY(SELECT n.nspname::text FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid \
                 WHERE s.pnpubid = p.oid ORDER BY 1)",
            ),
        )
    } else {
        ("''", "''", "NULL".to_owned())
    };
    format!(
        "SELECT 6104, p.oid, p.pubname, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot, \
           {generated}, {tables}, {schemas} \
         FROM pg_publication p WHERE {}",
        no_extension_member("pg_publication", "p.oid"),
        generated = ask.since(18, "p.pubgencols", "'n'"),
        tables = list(&format!(
            "ARRAY(SELECT n.nspname || chr(30) || c.relname || chr(30) || {columns} || chr(30) || {filter} \
             FROM pg_publication_rel m JOIN pg_class c ON c.oid = m.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE m.prpubid = p.oid ORDER BY n.nspname, c.relname)"
        )),
    )
}

/// Subscriptions, without how they connect.
pub(in super::super) fn subscriptions(ask: &Ask<'_>) -> String {
    let options = [
        (13, "synchronous_commit", "s.subsynccommit"),
        (13, "slot_name", "s.subslotname::text"),
        (14, "binary", "s.subbinary::text"),
        (14, "streaming", "s.substream::text"),
        (15, "two_phase", "s.subtwophasestate::text"),
        (15, "disable_on_error", "s.subdisableonerr::text"),
        (16, "password_required", "s.subpasswordrequired::text"),
        (16, "run_as_owner", "s.subrunasowner::text"),
        (16, "origin", "s.suborigin"),
        (17, "failover", "s.subfailover::text"),
    ];
    let options: Vec<String> = options
        .iter()
        .filter(|(since, _, column)| ask.major >= *since && is_readable(ask, column))
        .map(|(_, name, column)| format!("'{name} = ' || {column}"))
        .collect();
    format!(
        "SELECT 6100, {}, s.subname, s.subenabled, {}, {} FROM pg_subscription s \
         WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
        // Hidden in 13.
        if is_readable(ask, "s.oid") { "s.oid" } else { "0" },
        list("s.subpublications"),
        list(&format!("ARRAY[{}]", options.join(", ")))
    )
}

fn is_readable(ask: &Ask<'_>, column: &str) -> bool {
    ask.readable
        .iter()
        .any(|readable| column.split(['.', ':']).any(|word| word == readable))
}

/// Foreign data wrappers.
pub(in super::super) fn wrappers(_ask: &Ask<'_>) -> String {
    format!(
        "SELECT 2328, w.oid, w.fdwname, nullif(w.fdwhandler::oid, 0)::regproc::text, \
           nullif(w.fdwvalidator::oid, 0)::regproc::text, {} \
         FROM pg_foreign_data_wrapper w WHERE {}",
        list("w.fdwoptions"),
        no_extension_member("pg_foreign_data_wrapper", "w.oid")
    )
}

/// Foreign servers.
pub(in super::super) fn servers(_ask: &Ask<'_>) -> String {
    format!(
        "SELECT 1417, s.oid, s.srvname, w.fdwname, s.srvtype, s.srvversion, {} \
         FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE {}",
        list("s.srvoptions"),
        no_extension_member("pg_foreign_server", "s.oid")
    )
}

/// Who roles are on foreign servers. The view shows options only to those who may see them.
pub(in super::super) fn user_mappings(_ask: &Ask<'_>) -> String {
    format!(
        "SELECT 1418, u.umid, u.srvname, CASE WHEN u.umuser = 0 THEN 'public' ELSE u.usename END, {} FROM pg_user_mappings u",
        list("u.umoptions")
    )
}

/// What goes with an extension without being a part of it.
pub(in super::super) fn extension_dependents(_ask: &Ask<'_>) -> String {
    "SELECT d.classid, d.objid, x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid \
     WHERE d.deptype = 'x' AND d.refclassid = 3079 ORDER BY 1, 2, 3"
        .to_owned()
}
