//! What migrations mean for the production that a snapshot was taken of.

use dbwright_catalog::{History, Section, Snapshot};
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::{LiveError, calibrate};

use crate::check::Phase;

/// Finds out how large the tables of production are that findings speak of, who waits there, and how long, and tells it with
/// each finding. What this machine does in a second is measured where it is not known yet.
///
/// # Errors
///
/// When a server for measuring fails. Sizes are told all the same.
pub(crate) async fn look(
    section: &mut Section,
    snapshot: &Snapshot,
    options: &ScratchOptions,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    if section.history.engine != snapshot.server.engine {
        return Ok(());
    }
    let Some(trace) = &mut section.trace else {
        return Ok(());
    };
    let mut measured = Ok(());
    let history = &section.history;
    if dbwright_rules::needs_rates(history, trace, &section.findings, snapshot) {
        progress(Phase::Calibrating);
        let options = ScratchOptions {
            version: history.version.as_ref().map(|(version, _)| *version),
            ..options.clone()
        };
        match calibrate::rates(history.engine, &options).await {
            Ok(rates) => {
                trace.assumptions.push(dbwright_rules::told_rates(&rates));
                section.rates = Some(rates);
            }
            Err(error) => measured = Err(error),
        }
    }
    section.impacts = dbwright_rules::impacts(history, trace, &section.findings, snapshot, section.rates.as_ref());
    dbwright_rules::tell_impacts(&mut section.findings, &section.impacts);
    measured
}

/// What to say where a snapshot is of an engine that none of the histories is for.
pub(crate) fn fits_none<'a>(snapshot: &Snapshot, mut histories: impl Iterator<Item = &'a History>) -> Option<String> {
    let engine = snapshot.server.engine;
    let fits = histories.any(|history| history.engine == engine);
    (!fits).then(|| {
        format!(
            "The snapshot of {} says nothing here: it is of {engine}, and no migrations are.",
            snapshot.database
        )
    })
}
