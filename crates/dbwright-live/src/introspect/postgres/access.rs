//! Rows about comments, owners, privileges, labels and memberships → objects.

use std::collections::BTreeMap;

use dbwright_catalog::{
    Comment, DefaultPrivilege, Grant, Membership, Object, ObjectBody, ObjectId, ObjectKind, Owner, Privilege,
    SecurityLabel, Sequence,
};
use dbwright_ddl::Canonical;
use tokio_postgres::SimpleQueryRow;

use super::Row;
use super::whole::Whole;

impl Whole {
    /// The object that a row speaks of: catalog, OID, and the name of a column or of a domain's constraint.
    fn target(&self, row: &Row<'_>, column: Option<&str>, constraint: Option<&str>) -> Option<ObjectId> {
        let id = self.id_of(row.oid(0), row.oid(1))?;
        match (column, constraint) {
            (Some(column), _) => Some(id.child(ObjectKind::Column, column)),
            (None, Some(constraint)) => Some(id.child(ObjectKind::Constraint, constraint)),
            (None, None) => Some(id.clone()),
        }
    }

    pub(super) fn comments(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows.iter().map(Row) {
            if let Some(target) = self.target(&row, row.optional(2), row.optional(3)) {
                let text = row.text(4).to_owned();
                let body = ObjectBody::Comment(Comment { text: text.clone() });
                self.add(target.satellite(ObjectKind::Comment), text, body);
            }
        }
    }

    pub(super) fn labels(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows.iter().map(Row) {
            if let Some(target) = self.target(&row, row.optional(2), row.optional(3)) {
                let text = row.text(4).to_owned();
                let body = ObjectBody::SecurityLabel(SecurityLabel { text: text.clone() });
                self.add(target.satellite_of(ObjectKind::SecurityLabel, row.text(5)), text, body);
            }
        }
    }

    pub(super) fn owners(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows.iter().map(Row) {
            let Some(target) = self.id_of(row.oid(0), row.oid(1)).cloned() else {
                continue;
            };
            // A sequence of a column is owned by whoever owns the table.
            let belongs = matches!(
                self.objects.get(&target).map(|object| &object.body),
                Some(ObjectBody::Sequence(Sequence { owned_by: Some(_), .. }))
            );
            if !belongs && target.kind != ObjectKind::Extension {
                let role = row.text(2).to_owned();
                let body = ObjectBody::Owner(Owner { role: role.clone() });
                self.add(target.satellite(ObjectKind::Owner), role, body);
            }
        }
    }

    pub(super) fn grants(&mut self, rows: &[SimpleQueryRow]) {
        let mut grants: BTreeMap<ObjectId, Vec<Privilege>> = BTreeMap::new();
        for row in rows.iter().map(Row) {
            // Nobody has privileges on an extension: those are on what came with it.
            let of_extension = self.id_of(row.oid(0), row.oid(1)).map(|id| id.kind) == Some(ObjectKind::Extension);
            if let Some(target) = self.target(&row, row.optional(2), None).filter(|_| !of_extension) {
                let id = target.satellite_of(ObjectKind::Grant, row.text(3));
                note(grants.entry(id).or_default(), row.optional(4), row.flag(5));
            }
        }
        for (id, privileges) in grants {
            let definition = definition(&privileges);
            self.add(id, definition, ObjectBody::Grant(Grant { privileges }));
        }
    }

    pub(super) fn default_privileges(&mut self, rows: &[SimpleQueryRow]) {
        let mut defaults: BTreeMap<ObjectId, Vec<Privilege>> = BTreeMap::new();
        for row in rows.iter().map(Row) {
            let kind = match row.letter(2) {
                'r' => "tables",
                'S' => "sequences",
                'f' => "functions",
                'T' => "types",
                'n' => "schemas",
                _ => "large objects",
            };
            let id = ObjectId::new(
                ObjectKind::DefaultPrivilege,
                [row.text(0), row.text(1), kind, row.text(3)],
            );
            note(defaults.entry(id).or_default(), row.optional(4), row.flag(5));
        }
        for (id, privileges) in defaults {
            let definition = definition(&privileges);
            self.add(
                id,
                definition,
                ObjectBody::DefaultPrivilege(DefaultPrivilege { privileges }),
            );
        }
    }

    pub(super) fn memberships(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows.iter().map(Row) {
            let flag = |column: usize| row.optional(column).map(|text| text == "t");
            let definition = Canonical::new()
                .flag("admin", row.flag(2))
                .text("inherit", row.text(3))
                .text("set", row.text(4))
                .finish();
            let body = Membership {
                admin: row.flag(2),
                inherit: flag(3),
                set: flag(4),
            };
            let id = ObjectId::new(ObjectKind::Membership, [row.text(0), row.text(1)]);
            self.add(id, definition, ObjectBody::Membership(body));
        }
    }

    pub(super) fn add(&mut self, id: ObjectId, definition: String, body: ObjectBody) {
        let object = Object {
            id: id.clone(),
            definition,
            body,
        };
        self.objects.insert(id, object);
    }
}

/// Adds a privilege to those of a grantee, once.
fn note(privileges: &mut Vec<Privilege>, name: Option<&str>, grantable: bool) {
    let Some(name) = name else {
        return;
    };
    if let Some(known) = privileges.iter_mut().find(|privilege| privilege.name == name) {
        known.grantable |= grantable;
    } else {
        privileges.push(Privilege {
            name: name.to_owned(),
            columns: Vec::new(),
            grantable,
        });
        privileges.sort();
    }
}

fn definition(privileges: &[Privilege]) -> String {
    let (grantable, plain): (Vec<&Privilege>, Vec<&Privilege>) =
        privileges.iter().partition(|privilege| privilege.grantable);
    Canonical::new()
        .list("privileges", plain.iter().map(|privilege| &privilege.name))
        .list("grantable", grantable.iter().map(|privilege| &privilege.name))
        .finish()
}
