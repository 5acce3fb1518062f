//! How far migrations can be undone: the figure, in words and in the wire format.

use dbwright_catalog as catalog;
use dbwright_catalog::{Again, Rollback, RollbackCoverage, RollbackOutcome, Section, Tool};

use crate::json::object;
use crate::place::path;
use crate::wire::check as wire;
use crate::words;

/// `ways back: 3 of 5 migrations proven, 1 fails, 1 has none`; nothing where there is nothing to tell: that no migration of a
/// history has one says the scorecard.
pub(crate) fn told(section: &Section) -> Option<String> {
    let rollbacks = section.rollbacks.as_ref().filter(|rollbacks| !rollbacks.is_empty())?;
    let has_any = section
        .history
        .migrations
        .iter()
        .any(|migration| migration.down.is_some());
    if section.history.tool == Tool::File || !has_any {
        return None;
    }
    let coverage = RollbackCoverage::of(rollbacks);
    let all = words::count(coverage.migrations, "migration");
    if coverage.with_way_back == 0 && coverage.missing == coverage.migrations {
        return Some(format!("ways back: none; {all} can't be undone"));
    }
    let verb = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let losing = match coverage.losing_rows {
        0 => String::new(),
        number => format!(" ({} data)", verb(number, "loses", "lose")),
    };
    let mut parts = vec![format!("{} of {all} proven{losing}", coverage.proven)];
    let counted = [
        (
            coverage.proven_together,
            "only together with others",
            "only together with others",
        ),
        (coverage.failing, "fails", "fail"),
        (
            coverage.leaving_differences,
            "leads to another schema",
            "lead to another schema",
        ),
        (
            coverage.not_repeatable,
            "can't be applied again",
            "can't be applied again",
        ),
        (coverage.missing, "has none", "have none"),
        (coverage.not_tried, "was not tried", "were not tried"),
    ];
    for (number, one, many) in counted {
        if number > 0 {
            parts.push(verb(number, one, many));
        }
    }
    Some(format!("ways back: {}", parts.join(", ")))
}

/// Ways back that were not tried, with the reason, for those who want to know everything.
pub(crate) fn not_tried(section: &Section) -> Vec<String> {
    let rollbacks = section.rollbacks.iter().flatten();
    let told = rollbacks.filter_map(|rollback| match &rollback.outcome {
        RollbackOutcome::NotTried { reason } => {
            let migration = section.history.migrations.get(rollback.migration)?;
            migration.down.as_ref()?;
            Some(format!("{}: {reason}", migration.name))
        }
        RollbackOutcome::Missing | RollbackOutcome::Ran(_) => None,
    });
    told.collect()
}

/// What came of the way back of one migration, as a clause.
pub(crate) fn came_of(section: &Section, migration: usize) -> String {
    let mut rollbacks = section.rollbacks.iter().flatten();
    let Some(rollback) = rollbacks.find(|rollback| rollback.migration == migration) else {
        return "it was not tried".to_owned();
    };
    let trip = match &rollback.outcome {
        RollbackOutcome::Missing => return "it does nothing".to_owned(),
        RollbackOutcome::NotTried { reason } => return format!("it was not tried: {reason}"),
        RollbackOutcome::Ran(trip) if trip.does_nothing() => return "it does nothing".to_owned(),
        RollbackOutcome::Ran(trip) => trip,
    };
    let came_of = match (&trip.failure, &trip.again) {
        _ if !trip.is_proven() && trip.together.is_some_and(|together| together.leads_back) => {
            "it was proven with the ways back beside it, and is not right by itself".to_owned()
        }
        _ if !trip.is_proven() && trip.together.is_some() => {
            "with the ways back beside it, it leads to another schema".to_owned()
        }
        (Some(failure), _) => format!("it fails: {}", failure.error.message.trim_end_matches('.')),
        (None, _) if !trip.differences.is_empty() => "it leads to another schema".to_owned(),
        (None, Again::Same) => "it was proven up, back and up again".to_owned(),
        (None, Again::Fails(_) | Again::Other(_) | Again::NotTried) => {
            "the migration can't be applied again after it".to_owned()
        }
    };
    if trip.lost.is_empty() {
        came_of
    } else {
        came_of + ", and does not bring back all data"
    }
}

/// The figure in the wire format.
pub(crate) fn wire(section: &Section) -> Option<wire::RollbackCoverage> {
    let rollbacks = section.rollbacks.as_ref()?;
    let coverage = RollbackCoverage::of(rollbacks);
    Some(wire::RollbackCoverage {
        migrations: coverage.migrations,
        with_way_back: coverage.with_way_back,
        proven: coverage.proven,
        proven_together: coverage.proven_together,
        losing_rows: coverage.losing_rows,
        failing: coverage.failing,
        leaving_differences: coverage.leaving_differences,
        not_repeatable: coverage.not_repeatable,
        not_tried: coverage.not_tried,
        missing: coverage.missing,
        ways_back: rollbacks
            .iter()
            .filter_map(|rollback| way_back(section, rollback))
            .collect(),
    })
}

fn way_back(section: &Section, rollback: &Rollback) -> Option<wire::WayBack> {
    use wire::WayBackResult as Result;
    let migration = section.history.migrations.get(rollback.migration)?;
    let (result, reason, trip) = match &rollback.outcome {
        RollbackOutcome::Missing => (Result::Missing, None, None),
        RollbackOutcome::NotTried { reason } => (Result::NotTried, Some(reason.clone()), None),
        RollbackOutcome::Ran(trip) if trip.does_nothing() => (Result::Missing, None, None),
        RollbackOutcome::Ran(trip) => {
            let (result, reason) = match (&trip.failure, &trip.again) {
                (failure, _) if !trip.is_proven() && trip.together.is_some() => (
                    if trip.together.is_some_and(|together| together.leads_back) {
                        Result::ProvenTogether
                    } else {
                        Result::LeavesDifferences
                    },
                    failure.as_ref().map(|failure| failure.error.message.clone()),
                ),
                (Some(failure), _) => (Result::Fails, Some(failure.error.message.clone())),
                (None, _) if !trip.differences.is_empty() => (Result::LeavesDifferences, None),
                (None, Again::Same) => (Result::Proven, None),
                (None, Again::Fails(failure)) => (Result::NotRepeatable, Some(failure.error.message.clone())),
                (None, Again::Other(_) | Again::NotTried) => (Result::NotRepeatable, None),
            };
            (result, reason, Some(trip))
        }
    };
    Some(wire::WayBack {
        migration: migration.name.clone(),
        file: migration.down.as_ref().map(|down| path(&down.path)),
        result,
        reason,
        differences: trip.iter().flat_map(|trip| &trip.differences).map(difference).collect(),
        lost: trip.iter().flat_map(|trip| &trip.lost).map(lost).collect(),
    })
}

fn difference(difference: &catalog::Difference) -> wire::SchemaDifference {
    let (kind, was, is) = match &difference.kind {
        catalog::DifferenceKind::Missing => (wire::DifferenceKind::Missing, None, None),
        catalog::DifferenceKind::Left => (wire::DifferenceKind::Left, None, None),
        catalog::DifferenceKind::Changed { was, is } => {
            (wire::DifferenceKind::Changed, Some(was.clone()), Some(is.clone()))
        }
    };
    wire::SchemaDifference {
        object: object(&difference.object),
        difference: kind,
        was,
        is,
    }
}

fn lost(lost: &catalog::LostRows) -> wire::LostRows {
    let columns = lost.columns.iter().map(|column| wire::LostValues {
        column: column.column.clone(),
        values: column.values,
        lost: column.lost,
        lost_by_way_back: column.lost_back,
    });
    wire::LostRows {
        object: object(&lost.table),
        rows_before: lost.rows_before,
        rows_after: lost.rows_after,
        rows_lost_by_way_back: lost.rows_lost_back,
        columns: columns.collect(),
    }
}
