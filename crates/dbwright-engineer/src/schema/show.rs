//! `schema show`: one schema, as SQL that creates it, and how much of it is understood.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Engine, KindCoverage, ObjectId, ObjectKind, SchemaShown};

use super::side::Side;
use super::source::Source;
use super::{Incomplete, SchemaPhase, SchemaSetUp, ours, side, source};
use crate::EngineerError;

/// Which schema is shown.
#[derive(Clone, Debug)]
pub struct ShowRequest {
    /// The schema.
    pub source: String,
    /// What is the same for all.
    pub set_up: SchemaSetUp,
}

/// Reads one schema. What of it does not run here is told in [`SchemaSide::not_run`](dbwright_catalog::SchemaSide).
///
/// # Errors
///
/// When it can't be read or built.
pub async fn show(
    request: &ShowRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<SchemaShown, EngineerError> {
    let set_up = &SchemaSetUp {
        incomplete: Incomplete::Told,
        ..request.set_up.clone()
    };
    let source = source::open(&request.source, set_up, set_up.overrides.engine, progress).await?;
    Ok(shown(read(source, set_up, progress).await?))
}

/// Reads a source on its own.
pub(super) async fn read(
    source: Source,
    set_up: &SchemaSetUp,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Side, EngineerError> {
    // What was said wins over marks in the text; of a database the server says.
    let said = set_up.overrides.engine.filter(|_| source.server().is_none());
    let engine = said
        .or(source.engine())
        .ok_or_else(|| super::error::SchemaError::NoEngine {
            source_text: source.shown.clone(),
        })?;
    if source.server().is_some() {
        return side::one(source, None, None, set_up, progress).await;
    }
    let version = set_up.overrides.engine_version.or(source.version());
    let scratch = side::start(engine, version, set_up, progress).await?;
    let read = side::one(source, Some(&scratch), None, set_up, progress).await;
    let stopped = scratch.stop().await;
    let mut read = read?;
    stopped?;
    side::note_version(&mut read, version);
    Ok(read)
}

/// A side as it is shown: without what belongs to somebody else, with the SQL that makes it.
pub(super) fn shown(side: Side) -> SchemaShown {
    let mut catalog = side.catalog;
    let foreign = ours::foreign(&catalog);
    ours::without(&mut catalog, &foreign);
    let rendered = dbwright_ddl::render(&catalog);
    let refused: BTreeSet<&ObjectId> = rendered.refusals.iter().map(|refusal| &refusal.object).collect();
    let coverage = coverage(&catalog, &refused);
    SchemaShown {
        side: side.about,
        ignored: ours::told(&foreign),
        coverage,
        catalog,
        view_columns: side.view_columns,
        steps: rendered.steps,
        refusals: rendered.refusals,
    }
}

/// How many objects of each kind are understood: their definition is given back, and SQL that makes them as well.
fn coverage(catalog: &Catalog, refused: &BTreeSet<&ObjectId>) -> Vec<KindCoverage> {
    let mut kinds: BTreeMap<ObjectKind, KindCoverage> = BTreeMap::new();
    for (id, object) in &catalog.objects {
        let kind = kinds.entry(id.kind).or_insert_with(|| KindCoverage {
            kind: id.kind,
            objects: 0,
            not_covered: Vec::new(),
        });
        kind.objects += 1;
        // On the other engines definitions are put together from the parts that the model has.
        let is_partial = catalog.server.engine == Engine::Postgres
            && dbwright_ddl::coverage(Engine::Postgres, object) == dbwright_ddl::Coverage::Partial;
        if is_partial || refused.contains(id) {
            kind.not_covered.push(id.clone());
        }
    }
    kinds.into_values().collect()
}
