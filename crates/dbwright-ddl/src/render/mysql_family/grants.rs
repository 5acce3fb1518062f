//! What accounts may do, as `GRANT` and `REVOKE`.
//!
//! Names have no database in front: they mean the one at hand, whatever it is called.

use dbwright_catalog::{Catalog, Grant, ObjectBody, ObjectId, ObjectKind, Privilege};

use super::code::{account, routine_name};
use crate::quote_identifier;

/// The statement that gives an account what this object says; nothing where it says nothing of what is there.
pub(crate) fn grant(catalog: &Catalog, id: &ObjectId, grant: &Grant) -> Option<String> {
    let engine = catalog.server.engine;
    let option = if grant.privileges.iter().any(|privilege| privilege.grantable) {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    Some(format!(
        "GRANT {} ON {} TO {}{option}",
        privileges(catalog, &grant.privileges),
        on(catalog, id)?,
        account(engine, id.name())
    ))
}

/// The statement that takes privileges away.
pub(crate) fn revoke(catalog: &Catalog, id: &ObjectId, gone: &[Privilege]) -> Option<String> {
    Some(format!(
        "REVOKE {} ON {} FROM {}",
        privileges(catalog, gone),
        on(catalog, id)?,
        account(catalog.server.engine, id.name())
    ))
}

/// The statement that takes away the right to pass privileges on.
pub(crate) fn revoke_option(catalog: &Catalog, id: &ObjectId) -> Option<String> {
    let account = account(catalog.server.engine, id.name());
    Some(format!("REVOKE GRANT OPTION ON {} FROM {account}", on(catalog, id)?))
}

fn privileges(catalog: &Catalog, privileges: &[Privilege]) -> String {
    let engine = catalog.server.engine;
    let written: Vec<String> = privileges
        .iter()
        .map(|privilege| {
            let columns: Vec<_> = privilege
                .columns
                .iter()
                .map(|column| quote_identifier(engine, column))
                .collect();
            if columns.is_empty() {
                privilege.name.clone()
            } else {
                format!("{} ({})", privilege.name, columns.join(", "))
            }
        })
        .collect();
    written.join(", ")
}

/// What stands behind `ON`.
fn on(catalog: &Catalog, id: &ObjectId) -> Option<String> {
    let target = id.target()?;
    let engine = catalog.server.engine;
    if target.kind == ObjectKind::Schema {
        return Some("*".to_owned());
    }
    let object = catalog.get(&target)?;
    Some(match &object.body {
        ObjectBody::Routine(_) => routine_name(engine, &target, &object.definition),
        _ => format!("TABLE {}", quote_identifier(engine, target.name())),
    })
}
