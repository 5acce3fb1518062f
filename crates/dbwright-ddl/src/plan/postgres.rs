//! Plans for PostgreSQL.

use dbwright_catalog::{Catalog, Plan, Refusal, changes};

use super::PlanOptions;

pub(super) fn plan(before: &Catalog, after: &Catalog, _options: &PlanOptions) -> Plan {
    let refusals = changes(before, after).into_iter().map(|change| Refusal {
        object: change.object().id.clone(),
        reason: "Changes on PostgreSQL can't be planned yet.".to_owned(),
    });
    Plan {
        refusals: refusals.collect(),
        ..Plan::empty(after.server.clone())
    }
}
