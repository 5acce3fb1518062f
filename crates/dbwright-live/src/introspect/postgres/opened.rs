//! Policies, and what is granted to everybody: who may see what, as far as a migration is judged for it. Read by itself, because
//! nothing of it changes with most statements.

use dbwright_catalog::{Grant, Object, ObjectBody, ObjectId, ObjectKind, Privilege, Server};
use tokio_postgres::Client;

use super::queries::{self, Ask, Only};
use super::session::Row;
use super::{CatalogState, Frame, others, read_only};
use crate::LiveError;

/// Kind, schema, name and privilege of what everybody may use: relations and schemas that no extension brought.
const TO_EVERYBODY: &str = "\
SELECT c.relkind::text, n.nspname, c.relname, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
  LATERAL pg_catalog.aclexplode(c.relacl) a
WHERE a.grantee = 0 AND c.relacl IS NOT NULL AND c.oid >= 16384 AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'n', n.nspname, '', a.privilege_type, a.is_grantable
FROM pg_catalog.pg_namespace n, LATERAL pg_catalog.aclexplode(n.nspacl) a
WHERE a.grantee = 0 AND (n.oid >= 16384 OR n.nspname = 'public')
ORDER BY 1, 2, 3, 4";

/// Reads them, by id.
pub async fn read_opened(client: &Client, server: &Server) -> Result<Vec<Object>, LiveError> {
    let ask = Ask {
        major: server.version.major,
        only: Only::All,
        whole: true,
        readable: &[],
        withheld: "",
    };
    let policies = queries::policies(&ask);
    let answers = read_only(client, Frame::Alone, &[&policies, TO_EVERYBODY]).await?;
    let state = CatalogState::empty(server);
    let mut objects: Vec<Object> = Vec::new();
    for row in answers.first().into_iter().flatten() {
        objects.push(others::policy(&state, &Row(row)));
    }
    for row in answers.get(1).into_iter().flatten().map(Row) {
        let target = match row.letter(0) {
            'n' => ObjectId::new(ObjectKind::Schema, [row.text(1)]),
            'v' | 'm' => ObjectId::new(ObjectKind::View, [row.text(1), row.text(2)]),
            'S' => ObjectId::new(ObjectKind::Sequence, [row.text(1), row.text(2)]),
            _ => ObjectId::table(row.text(1), row.text(2)),
        };
        let id = target.satellite_of(ObjectKind::Grant, "public");
        let privilege = Privilege {
            name: row.text(3).to_owned(),
            columns: Vec::new(),
            grantable: row.flag(4),
        };
        match objects.last_mut() {
            Some(Object {
                id: last,
                definition,
                body: ObjectBody::Grant(grant),
            }) if *last == id => {
                definition.push_str(", ");
                definition.push_str(&privilege.name);
                grant.privileges.push(privilege);
            }
            _ => objects.push(Object {
                id,
                definition: privilege.name.clone(),
                body: ObjectBody::Grant(Grant {
                    privileges: vec![privilege],
                }),
            }),
        }
    }
    objects.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(objects)
}
