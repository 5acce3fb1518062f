//! What a user made and the model does not know.

use super::{Ask, user_schema};

/// Objects of the user in catalogs that are not read: the server's word for the kind, and the name as the server prints it.
pub(in super::super) fn unmodelled(ask: &Ask<'_>) -> String {
    let catalogs = [
        (2617, "pg_operator"),
        (2616, "pg_opclass"),
        (2753, "pg_opfamily"),
        (2605, "pg_cast"),
        (2612, "pg_language"),
        (2601, "pg_am"),
        (2607, "pg_conversion"),
        (3576, "pg_transform"),
        (3600, "pg_ts_dict"),
        (3601, "pg_ts_parser"),
        (3602, "pg_ts_config"),
        (3764, "pg_ts_template"),
    ];
    let mut parts: Vec<String> = catalogs
        .iter()
        .map(|(class, catalog)| {
            format!(
                "SELECT i.type, i.identity FROM {catalog} o CROSS JOIN LATERAL pg_identify_object({class}, o.oid, 0) i \
                 WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend e \
                   WHERE e.classid = {class} AND e.objid = o.oid AND e.deptype = 'e') \
                 AND NOT coalesce(i.schema LIKE 'pg\\_temp%', false)"
            )
        })
        .collect();
    parts.push("SELECT 'large object', m.oid::text FROM pg_largeobject_metadata m".to_owned());
    // An extension's own privileges are known from when it was made.
    parts.push(
        "SELECT 'privileges of an extension''s object', i.type || ' ' || i.identity FROM pg_init_privs p \
         JOIN pg_depend e ON e.classid = p.classoid AND e.objid = p.objoid AND e.deptype = 'e' \
         LEFT JOIN pg_class c ON p.classoid = 1259 AND c.oid = p.objoid AND p.objsubid = 0 \
         LEFT JOIN pg_proc f ON p.classoid = 1255 AND f.oid = p.objoid \
         CROSS JOIN LATERAL pg_identify_object(p.classoid, p.objoid, p.objsubid) i \
         WHERE p.privtype = 'e' AND (c.oid IS NOT NULL AND c.relacl IS DISTINCT FROM p.initprivs \
           OR f.oid IS NOT NULL AND f.proacl IS DISTINCT FROM p.initprivs)"
            .to_owned(),
    );
    // Triggers of the server's own, which enforce foreign keys, that somebody switched off.
    parts.push(format!(
        "SELECT 'internal trigger that does not fire', quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ': ' || g.tgname \
         FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE g.tgisinternal AND g.tgenabled <> 'O' AND g.tgparentid = 0 AND {}",
        user_schema("n.nspname")
    ));
    if ask.major >= 15 {
        parts.push("SELECT 'privileges on a parameter', p.parname FROM pg_parameter_acl p".to_owned());
    }
    parts.join(" UNION ALL ")
}

/// What this role may not see: text of the thing, and why.
pub(in super::super) fn unread(_ask: &Ask<'_>) -> String {
    "SELECT 'options of the user mapping of ' || CASE WHEN u.umuser = 0 THEN 'public' ELSE u.usename END || ' on ' || u.srvname, \
       'Only the role itself, the owner of the server and superusers see them; read the schema as one of these.' \
     FROM pg_user_mappings u WHERE u.umoptions IS NULL AND u.usename <> current_user \
       AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \
       AND NOT EXISTS (SELECT FROM pg_foreign_server s WHERE s.oid = u.srvid AND pg_has_role(s.srvowner, 'USAGE'))"
        .to_owned()
}
