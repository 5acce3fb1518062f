//! A catalog of PostgreSQL as SQL.

use dbwright_catalog::{Catalog, Refusal};

use super::Rendered;

pub(super) fn render(catalog: &Catalog) -> Rendered {
    let refusals = catalog.objects.keys().map(|id| Refusal {
        object: id.clone(),
        reason: "Schemas of PostgreSQL can't be written as SQL yet.".to_owned(),
    });
    Rendered {
        steps: Vec::new(),
        refusals: refusals.collect(),
    }
}
