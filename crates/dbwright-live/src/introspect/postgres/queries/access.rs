//! What is said of objects: comments, owners, grants, labels; and what is said of roles.

use super::{Ask, user_schema};

/// Comments: catalog, object, column or constraint of a domain where it is on one, text.
pub(in super::super) fn comments(_ask: &Ask<'_>) -> String {
    said("pg_description", "d.description, NULL")
}

/// Security labels, the same way.
pub(in super::super) fn labels(_ask: &Ask<'_>) -> String {
    said("pg_seclabel", "d.label, d.provider")
}

fn said(catalog: &str, what: &str) -> String {
    format!(
        "SELECT d.classoid, d.objoid, a.attname, k.conname, {what} FROM {catalog} d \
         LEFT JOIN pg_attribute a ON d.classoid = 1259 AND d.objsubid > 0 AND a.attrelid = d.objoid AND a.attnum = d.objsubid \
         LEFT JOIN pg_constraint k ON d.classoid = 2606 AND k.oid = d.objoid AND k.contypid <> 0 \
         WHERE d.objoid >= 16384 OR d.classoid = 2615 AND d.objoid = 2200 AND d.description_is_own"
    )
    .replace(
        "d.description_is_own",
        if catalog == "pg_description" { "d.description <> 'standard public schema'" } else { "true" },
    )
}

/// Owners: catalog, object, role. What is owned with something else is left out.
pub(in super::super) fn owners(ask: &Ask<'_>) -> String {
    let parts: Vec<String> = owned(ask)
        .iter()
        .map(|(class, catalog, oid, owner, _, _, condition)| {
            format!("SELECT {class} AS class, o.{oid} AS oid, pg_get_userbyid(o.{owner}) AS role FROM {catalog} o WHERE {condition}")
        })
        .collect();
    format!("SELECT * FROM ({}) s", parts.join(" UNION ALL "))
}

/// Catalogs with owners: OID, name, its columns with OID, owner and privileges, the letter of its kind for `acldefault`,
/// and which rows matter.
type Owned = (
    u32,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

fn owned(_ask: &Ask<'_>) -> Vec<Owned> {
    const NEW: &str = "o.oid >= 16384";
    vec![
        (
            2615,
            "pg_namespace",
            "oid",
            "nspowner",
            "nspacl",
            "'n'",
            "(o.oid >= 16384 OR o.oid = 2200 AND o.nspowner <> 10 AND pg_get_userbyid(o.nspowner) <> 'pg_database_owner')",
        ),
        (
            1259,
            "pg_class",
            "oid",
            "relowner",
            "relacl",
            "CASE o.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END",
            "o.oid >= 16384 AND o.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')",
        ),
        (
            1247,
            "pg_type",
            "oid",
            "typowner",
            "typacl",
            "'T'",
            "o.oid >= 16384 AND o.typtype IN ('e', 'd', 'c', 'r', 'b') AND NOT (o.typtype = 'b' AND o.typcategory = 'A') \
             AND (o.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c'))",
        ),
        (1255, "pg_proc", "oid", "proowner", "proacl", "'f'", NEW),
        (3381, "pg_statistic_ext", "oid", "stxowner", "", "", NEW),
        (3456, "pg_collation", "oid", "collowner", "", "", NEW),
        (3466, "pg_event_trigger", "oid", "evtowner", "", "", NEW),
        (6104, "pg_publication", "oid", "pubowner", "", "", NEW),
        (2328, "pg_foreign_data_wrapper", "oid", "fdwowner", "fdwacl", "'F'", NEW),
        (1417, "pg_foreign_server", "oid", "srvowner", "srvacl", "'S'", NEW),
    ]
}

/// Privileges: catalog, object, column, grantee, privilege, whether it can be handed on. Those that come by default, and came
/// back to that, are none: no statement makes an object forget that something was said of it. Where an object has privileges of
/// its own, those who would have some by default come with none: that they have lost them is what was said.
pub(in super::super) fn grants(ask: &Ask<'_>) -> String {
    let mut parts: Vec<String> = owned(ask)
        .iter()
        .filter(|(_, _, _, _, acl, _, _)| !acl.is_empty())
        .map(|(class, catalog, oid, owner, acl, letter, condition)| {
            // The schema `public` has privileges from the start.
            let condition = if *class == 2615 {
                format!(
                    "{} AND (o.oid >= 16384 OR o.oid = 2200) AND o.nspacl IS DISTINCT FROM \
                     (SELECT i.initprivs FROM pg_init_privs i WHERE i.classoid = 2615 AND i.objoid = o.oid AND i.objsubid = 0)",
                    user_schema("o.nspname")
                )
            } else {
                (*condition).to_owned()
            };
            format!(
                "SELECT {class} AS class, o.{oid} AS oid, NULL::name AS column_name, o.{acl} AS acl, \
                   acldefault({letter}, o.{owner}) AS usual FROM {catalog} o \
                 WHERE o.{acl} IS NOT NULL AND {condition} \
                   AND NOT (o.{acl} @> acldefault({letter}, o.{owner}) AND o.{acl} <@ acldefault({letter}, o.{owner}))"
            )
        })
        .collect();
    parts.push(
        "SELECT 1259, a.attrelid, a.attname, a.attacl, acldefault('c', 10) FROM pg_attribute a \
         WHERE a.attacl IS NOT NULL AND a.attrelid >= 16384 AND NOT a.attisdropped"
            .to_owned(),
    );
    format!(
        "WITH acls AS ({}) \
         SELECT s.class, s.oid, s.column_name, {role}, x.privilege_type, x.is_grantable \
         FROM acls s CROSS JOIN LATERAL aclexplode(s.acl) x \
         UNION ALL SELECT DISTINCT s.class, s.oid, s.column_name, {role}, NULL, false \
         FROM acls s CROSS JOIN LATERAL aclexplode(s.usual) x",
        parts.join(" UNION ALL "),
        role = GRANTEE
    )
}

const GRANTEE: &str = "CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_get_userbyid(x.grantee) END";

/// What roles will be granted on new objects: role, schema, kind, grantee, privilege, whether it can be handed on.
pub(in super::super) fn default_privileges(_ask: &Ask<'_>) -> String {
    format!(
        "WITH acls AS (SELECT d.*, n.nspname FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace) \
         SELECT pg_get_userbyid(s.defaclrole), s.nspname, s.defaclobjtype, {GRANTEE}, x.privilege_type, x.is_grantable \
         FROM acls s CROSS JOIN LATERAL aclexplode(s.defaclacl) x \
         UNION ALL SELECT DISTINCT pg_get_userbyid(s.defaclrole), s.nspname, s.defaclobjtype, {GRANTEE}, NULL, false \
         FROM acls s CROSS JOIN LATERAL aclexplode(acldefault(\
           CASE s.defaclobjtype WHEN 'S' THEN 's'::\"char\" ELSE s.defaclobjtype END, s.defaclrole)) x WHERE s.defaclnamespace = 0"
    )
}

/// Memberships of roles that this database speaks of: role, member, whether it can be handed on, inherited, acted as.
pub(in super::super) fn memberships(ask: &Ask<'_>) -> String {
    format!(
        "WITH used AS (SELECT DISTINCT d.refobjid AS role FROM pg_shdepend d \
           WHERE d.refclassid = 1260 AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) \
         SELECT pg_get_userbyid(m.roleid), pg_get_userbyid(m.member), bool_or(m.admin_option), {}, {} \
         FROM pg_auth_members m WHERE m.roleid IN (SELECT role FROM used) AND m.member IN (SELECT role FROM used) \
         GROUP BY m.roleid, m.member",
        ask.since(16, "bool_or(m.inherit_option)", "NULL"),
        ask.since(16, "bool_or(m.set_option)", "NULL"),
    )
}
