//! Privileges: what goes is revoked first, what comes is granted last.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Engine, Grant, ObjectBody, ObjectId, ObjectKind, Privilege, Step};

use super::Planner;
use crate::render::mysql_family::grants::{grant, revoke, revoke_option};

impl Planner<'_> {
    /// Takes away what accounts may no longer do.
    pub(super) fn revocations(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for id in Self::ids(self.before, ObjectKind::Grant) {
            let (old, new) = (grant_of(self.before, id), grant_of(self.after, id));
            let Some(old) = old else { continue };
            let kept: &[Privilege] = new.map_or(&[], |grant| &grant.privileges);
            let gone: Vec<Privilege> = old
                .privileges
                .iter()
                .filter_map(|privilege| gone(privilege, kept))
                .collect();
            let could_pass_on = old.privileges.iter().any(|privilege| privilege.grantable);
            let can_pass_on = kept.iter().any(|privilege| privilege.grantable);
            // First, because revoking everything leaves the right to pass it on.
            if could_pass_on && !can_pass_on {
                steps.extend(revoke_option(self.before, id).map(|sql| Step::new(sql, [id.clone()])));
            }
            if !gone.is_empty() {
                steps.extend(revoke(self.before, id, &gone).map(|sql| Step::new(sql, [id.clone()])));
            }
        }
        steps
    }

    /// Grants that are new or wider, and those on routines that MySQL forgets when they are made anew.
    pub(super) fn grants(&self) -> Vec<Step> {
        let remade: BTreeSet<ObjectId> = match self.engine() {
            Engine::MySql => self
                .kept(ObjectKind::Routine)
                .into_iter()
                .filter(|id| self.is_remade(id))
                .collect(),
            Engine::MariaDb | Engine::Postgres | Engine::Sqlite => BTreeSet::new(),
        };
        let mut steps = Vec::new();
        for id in Self::ids(self.after, ObjectKind::Grant) {
            let Some(new) = grant_of(self.after, id) else { continue };
            let is_remade = id.target().is_some_and(|target| remade.contains(&target));
            let old = grant_of(self.before, id).map_or(&[][..], |grant| &grant.privileges);
            let is_wider = new.privileges.iter().any(|privilege| gone(privilege, old).is_some());
            let passes_on = |privileges: &[Privilege]| privileges.iter().any(|privilege| privilege.grantable);
            if !is_remade && !is_wider && (passes_on(old) || !passes_on(&new.privileges)) {
                continue;
            }
            steps.extend(grant(self.after, id, new).map(|sql| Step::new(sql, [id.clone()])));
        }
        steps
    }
}

fn grant_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a Grant> {
    match &catalog.get(id)?.body {
        ObjectBody::Grant(grant) => Some(grant),
        _ => None,
    }
}

/// What of a privilege is not among those that are kept.
fn gone(privilege: &Privilege, kept: &[Privilege]) -> Option<Privilege> {
    let is_on_columns = !privilege.columns.is_empty();
    let same = kept
        .iter()
        .find(|kept| kept.name == privilege.name && kept.columns.is_empty() != is_on_columns);
    let Some(same) = same else {
        return Some(privilege.clone());
    };
    let columns: Vec<String> = privilege
        .columns
        .iter()
        .filter(|column| !same.columns.contains(column))
        .cloned()
        .collect();
    (!columns.is_empty()).then(|| Privilege {
        columns,
        ..privilege.clone()
    })
}
