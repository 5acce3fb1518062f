//! `schema drift`: a live database against what it should be.

use dbwright_catalog::{Change, Comparison, Drift, ObjectId};

use super::compare::compare;
use super::{SchemaPhase, SchemaSetUp, side};
use crate::EngineerError;

/// What is compared with what.
#[derive(Clone, Debug)]
pub struct DriftRequest {
    /// The live database.
    pub live: String,
    /// What it should be: any source; by default the migrations of this folder's repository.
    pub against: String,
    /// What a baseline knows, and the file that says so.
    pub baseline: Option<(String, Vec<BaselineEntry>)>,
    /// What is the same for all.
    pub set_up: SchemaSetUp,
}

/// One difference that is known. It is known as long as both definitions are what they were.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaselineEntry {
    /// The object.
    pub object: ObjectId,
    /// Its definition as it should be; nothing where it should not be there.
    pub expected: Option<String>,
    /// Its definition in the database; nothing where it is missing.
    pub live: Option<String>,
}

/// Compares a live database with what it should be.
///
/// # Errors
///
/// When a side can't be read or built, or they are of different engines.
pub async fn drift(
    request: &DriftRequest,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Drift, EngineerError> {
    let (expected, live) = side::open_both(&request.against, &request.live, &request.set_up, progress).await?;
    let mut sides = Box::pin(side::read_both(expected, live, &request.set_up, progress)).await?;
    let comparison = compare(&mut sides);
    if let Some(scratch) = sides.scratch {
        scratch.stop().await?;
    }
    let differences = entries(&comparison);
    let (known, outdated) = match &request.baseline {
        None => (Vec::new(), Vec::new()),
        Some((_, baseline)) => (
            differences
                .iter()
                .filter(|entry| baseline.contains(entry))
                .map(|entry| entry.object.clone())
                .collect(),
            baseline
                .iter()
                .filter(|entry| !differences.contains(entry))
                .map(|entry| entry.object.clone())
                .collect(),
        ),
    };
    Ok(Drift {
        comparison,
        known,
        outdated,
        baseline: request.baseline.as_ref().map(|(file, _)| file.clone()),
    })
}

/// Every difference, as a baseline keeps it.
pub fn entries(comparison: &Comparison) -> Vec<BaselineEntry> {
    let diff = &comparison.diff;
    let changes = diff.changes.iter().map(|change| match change {
        Change::Created(object) => BaselineEntry {
            object: object.id.clone(),
            expected: None,
            live: Some(object.definition.clone()),
        },
        Change::Dropped(object) => BaselineEntry {
            object: object.id.clone(),
            expected: Some(object.definition.clone()),
            live: None,
        },
        Change::Altered { before, after } => BaselineEntry {
            object: after.id.clone(),
            expected: Some(before.definition.clone()),
            live: Some(after.definition.clone()),
        },
    });
    let opaque = diff.opaque.iter().map(|opaque| BaselineEntry {
        object: opaque.after.id.clone(),
        expected: Some(opaque.before.definition.clone()),
        live: Some(opaque.after.definition.clone()),
    });
    changes.chain(opaque).collect()
}
