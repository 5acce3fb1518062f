//! The scorecard of a database: figures over its migrations and over the catalog that they lead to.
//!
//! What can't be known here (drift, rollbacks that were not tried) is said to be unknown, with what would make it known; who knows puts it in.

mod relations;
mod risk;

use dbwright_catalog::{
    AllowedFinding, Effect, Figure, FigureKind, FigureValue, Finding, History, Known, MigrationSet, Outcome, Rollback,
    RollbackCoverage, Scorecard, Target, Trace,
};

use crate::design::{foreign_key_without_index, table_without_primary_key};
use crate::schema::Schema;

/// So many objects are named in a sentence.
const NAMED_MAX: usize = 3;

/// The scorecard of a history; `trace` is what running it brought to light.
pub fn scorecard(
    history: &History,
    judged: &MigrationSet,
    trace: Option<&Trace>,
    rollbacks: Option<&[Rollback]>,
    findings: &[Finding],
    allowed: &[AllowedFinding],
) -> Scorecard {
    let not_run = || FigureValue::Unknown("the migrations did not run".to_owned());
    let schema = trace.map(|trace| Schema::new(&trace.catalog));
    let (constraints, without) = schema
        .as_ref()
        .map_or_else(|| (not_run(), Vec::new()), constraint_coverage);
    let (indexes, without_index) = schema.as_ref().map_or_else(|| (not_run(), Vec::new()), index_coverage);
    let (observed, not_observed) = migration_coverage(history, judged, trace);
    let (rollbacks_proven, not_proven) = rollback_success(history, judged, rollbacks);
    Scorecard {
        figures: vec![
            share(FigureKind::MigrationCoverage, observed, not_observed),
            share(FigureKind::RollbackSuccess, rollbacks_proven, not_proven),
            Figure {
                kind: FigureKind::SchemaDrift,
                value: FigureValue::Unknown("`--db URL` compares a live database with the migrations".to_owned()),
                target: Target::Zero,
                to_raise: Vec::new(),
            },
            share(FigureKind::ConstraintCoverage, constraints, without),
            share(FigureKind::IndexCoverage, indexes, without_index),
        ],
        risks: trace.map_or_else(Vec::new, |trace| risk::risks(history, judged, trace, findings, allowed)),
    }
}

fn share(kind: FigureKind, value: FigureValue, to_raise: Vec<String>) -> Figure {
    Figure {
        kind,
        value,
        target: Target::Percent {
            percent: 100,
            from: None,
        },
        to_raise,
    }
}

/// Statements of the judged migrations that ran and were watched; one that the server refused by itself was.
fn migration_coverage(history: &History, judged: &MigrationSet, trace: Option<&Trace>) -> (FigureValue, Vec<String>) {
    let (mut part, mut predicted, mut whole) = (0, 0, 0);
    for (index, migration) in history.migrations.iter().enumerate() {
        if !judged.contains(index) {
            continue;
        }
        whole += migration.statements.len();
        let effects = trace.and_then(|trace| trace.migrations.get(index));
        let effects = effects.map_or(&[][..], |migration| &migration.effects);
        let observed = effects.iter().filter(|effect| {
            let ran = match effect.outcome {
                Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) => true,
                Outcome::FollowsFrom { .. } | Outcome::Refused(_) => false,
            };
            ran && effect.known == Known::Observed
        });
        part += observed.count().min(migration.statements.len());
        let is_predicted = |effect: &&Effect| effect.known == Known::Predicted;
        predicted += effects
            .iter()
            .filter(is_predicted)
            .count()
            .min(migration.statements.len());
    }
    let to_raise = if part < whole {
        vec!["The statements that were not observed are listed with the reason; most need an extension, a role or a version that this server has not.".to_owned()]
    } else {
        Vec::new()
    };
    match (trace, whole) {
        (_, 0) => (
            FigureValue::NothingToCount("no statements to judge".to_owned()),
            to_raise,
        ),
        (None, _) => (
            FigureValue::Unknown("the migrations did not run".to_owned()),
            Vec::new(),
        ),
        // A share of nothing that ran would look like a failure.
        (Some(_), _) if part == 0 && predicted > 0 => (
            FigureValue::Unknown(format!("nothing ran; {predicted} of {whole} statements are predicted")),
            Vec::new(),
        ),
        (Some(_), _) => (FigureValue::Share { part, whole }, to_raise),
    }
}

/// Ways back that were proven, of those that there are.
fn rollback_success(
    history: &History,
    judged: &MigrationSet,
    rollbacks: Option<&[Rollback]>,
) -> (FigureValue, Vec<String>) {
    let indexes = judged.indexes(history.migrations.len());
    let (with, all) = indexes.fold((0, 0), |(with, all), index| {
        (with + usize::from(history.migrations[index].down.is_some()), all + 1)
    });
    let coverage = rollbacks.map(RollbackCoverage::of);
    let unknown = |because: String| (FigureValue::Unknown(because), Vec::new());
    match (coverage, with, all) {
        (_, _, 0) => (
            FigureValue::NothingToCount("no migrations to judge".to_owned()),
            Vec::new(),
        ),
        (_, 0, _) => unknown("no migration has a way back".to_owned()),
        (None, with, all) => unknown(format!(
            "{with} of {all} migrations have a way back, and it was not tried"
        )),
        (Some(coverage), ..) if coverage.with_way_back == 0 => unknown("no way back does anything".to_owned()),
        (Some(coverage), ..) if coverage.not_tried == coverage.with_way_back => unknown(format!(
            "{} of {all} migrations have a way back, and it was not tried",
            coverage.with_way_back
        )),
        (Some(coverage), ..) => (
            FigureValue::Share {
                part: coverage.proven + coverage.proven_together,
                whole: coverage.with_way_back,
            },
            not_proven(&coverage),
        ),
    }
}

/// What keeps ways back from being proven.
fn not_proven(coverage: &RollbackCoverage) -> Vec<String> {
    let counted = [
        (coverage.failing, "fails", "fail"),
        (
            coverage.leaving_differences,
            "leads to another schema",
            "lead to another schema",
        ),
        (
            coverage.not_repeatable,
            "leaves what keeps its migration from being applied again",
            "leave what keeps their migrations from being applied again",
        ),
        (coverage.not_tried, "was not tried", "were not tried"),
    ];
    let together = match coverage.proven_together {
        0 => None,
        1 => Some("1 of those proven leads back only together with others.".to_owned()),
        number => Some(format!("{number} of those proven lead back only together with others.")),
    };
    let told = counted.iter().filter(|(number, ..)| *number > 0);
    let told = told.map(|(number, one, many)| match number {
        1 => format!("1 way back {one}."),
        _ => format!("{number} ways back {many}."),
    });
    together.into_iter().chain(told).collect()
}

/// Tables that have a key, and relations between tables that a foreign key keeps: those that are declared, and those that
/// the name of a column tells.
fn constraint_coverage(schema: &Schema<'_>) -> (FigureValue, Vec<String>) {
    let tables = schema.tables().count();
    let without_key: Vec<String> = schema
        .tables()
        .filter(|table| !table_without_primary_key::has_key(table))
        .map(|table| table.id.to_string())
        .collect();
    let declared = schema.foreign_keys().count();
    let told: Vec<String> = relations::without_foreign_key(schema)
        .map(|(column, table)| format!("{column} (to {table})"))
        .collect();
    let whole = tables + declared + told.len();
    let part = whole - without_key.len() - told.len();
    let mut to_raise = Vec::new();
    if !without_key.is_empty() {
        to_raise.push(format!("Give a primary key to {}.", named(&without_key)));
    }
    if !told.is_empty() {
        to_raise.push(format!(
            "Declare foreign keys for columns that are named after a table: {}.",
            named(&told)
        ));
    }
    let value = match whole {
        0 => FigureValue::NothingToCount("no tables".to_owned()),
        whole => FigureValue::Share { part, whole },
    };
    (value, to_raise)
}

/// Foreign keys by whose columns rows are found without reading the whole table.
fn index_coverage(schema: &Schema<'_>) -> (FigureValue, Vec<String>) {
    let whole = schema.foreign_keys().count();
    let without: Vec<String> = schema
        .foreign_keys()
        .filter(|(table, _, key)| !foreign_key_without_index::serves(table, &key.columns))
        .map(|(table, _, key)| format!("{} ({})", table.id, key.columns.join(", ")))
        .collect();
    let part = whole - without.len();
    let to_raise = if without.is_empty() {
        Vec::new()
    } else {
        vec![format!("Create an index on {}.", named(&without))]
    };
    let value = match whole {
        0 => FigureValue::NothingToCount("no foreign keys".to_owned()),
        whole => FigureValue::Share { part, whole },
    };
    (value, to_raise)
}

/// The first few, and how many more there are.
fn named(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= NAMED_MAX => format!("{} and {last}", first.join(", ")),
        all => format!("{} and {} more", all[..NAMED_MAX].join(", "), all.len() - NAMED_MAX),
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::{
        Again, ConstraintKind, Difference, DifferenceKind, Down, ObjectId, RollbackOutcome, RoundTrip, RunMode,
    };

    use super::*;
    use crate::testing::{Case, column, did, foreign_key, index, table, with_index};

    fn values(case: &Case) -> Vec<(&'static str, FigureValue)> {
        let card = scorecard(&case.history, &case.judged, Some(&case.trace), None, &[], &[]);
        card.figures
            .iter()
            .map(|it| (it.kind.name(), it.value.clone()))
            .collect()
    }

    fn figure(case: &Case, kind: FigureKind) -> Figure {
        let card = scorecard(&case.history, &case.judged, Some(&case.trace), None, &[], &[]);
        card.figures.into_iter().find(|figure| figure.kind == kind).unwrap()
    }

    #[test]
    fn tables_without_a_key_and_columns_that_tell_a_relation_are_missed() {
        let given = [
            table("customers"),
            column("customers", "id", 1, "bigint"),
            table("orders"),
            column("orders", "customer_id", 1, "bigint"),
        ];
        let key = ConstraintKind::PrimaryKey(vec!["id".to_owned()]);
        let case = Case::postgres(
            given
                .into_iter()
                .chain(with_index("customers", "customers_pkey", key, "id")),
        );
        let found = figure(&case, FigureKind::ConstraintCoverage);
        assert_eq!(found.value, FigureValue::Share { part: 1, whole: 3 });
        assert_eq!(
            found.to_raise,
            [
                "Give a primary key to orders.",
                "Declare foreign keys for columns that are named after a table: orders.customer_id (to customers)."
            ]
        );
        assert_eq!(found.is_met(), Some(false));
    }

    #[test]
    fn ways_back_count_as_far_as_they_were_tried() {
        let mut case = Case::postgres([]);
        for name in ["a", "b", "c"] {
            case = case.migration([did("SELECT 1")]);
            if name != "c" {
                case.history.migrations.last_mut().unwrap().down = Some(Down {
                    path: format!("{name}.down.sql").into(),
                    text: String::new(),
                    statements: Vec::new(),
                    run_mode: RunMode::Transaction,
                });
            }
        }
        let ran = |differences: Vec<Difference>| {
            RollbackOutcome::Ran(Box::new(RoundTrip {
                server: case.trace.server.clone(),
                failure: None,
                changes_schema: true,
                goes_back: true,
                differences,
                lost: Vec::new(),
                again: Again::Same,
                together: None,
                left_together: Vec::new(),
            }))
        };
        let left = Difference {
            object: ObjectId::table("public", "t"),
            kind: DifferenceKind::Left,
        };
        let not_tried = || RollbackOutcome::NotTried {
            reason: "no".to_owned(),
        };
        let figure = |outcomes: Vec<RollbackOutcome>| {
            let rollbacks = outcomes.into_iter().enumerate();
            let rollbacks: Vec<Rollback> = rollbacks
                .map(|(migration, outcome)| Rollback { migration, outcome })
                .collect();
            rollback_success(&case.history, &case.judged, Some(&rollbacks))
        };
        let (value, to_raise) = figure(vec![ran(Vec::new()), ran(vec![left]), RollbackOutcome::Missing]);
        assert_eq!(value, FigureValue::Share { part: 1, whole: 2 });
        assert_eq!(to_raise, ["1 way back leads to another schema."]);
        let untried = FigureValue::Unknown("2 of 3 migrations have a way back, and it was not tried".to_owned());
        assert_eq!(
            figure(vec![not_tried(), not_tried(), RollbackOutcome::Missing]).0,
            untried
        );
        assert_eq!(rollback_success(&case.history, &case.judged, None).0, untried);
    }

    #[test]
    fn a_foreign_key_is_covered_by_an_index_that_begins_with_its_columns() {
        let bare = [
            table("customers"),
            column("customers", "id", 1, "bigint"),
            table("orders"),
            column("orders", "customer_id", 1, "bigint"),
            foreign_key("orders", "orders_customer_fkey", "customer_id", "customers"),
        ];
        let found = figure(&Case::postgres(bare.clone()), FigureKind::IndexCoverage);
        assert_eq!(found.value, FigureValue::Share { part: 0, whole: 1 });
        assert_eq!(found.to_raise, ["Create an index on orders (customer_id)."]);
        let served = bare.into_iter().chain([index(
            "orders",
            "orders_customer_idx",
            "CREATE INDEX orders_customer_idx ON public.orders USING btree (customer_id)",
        )]);
        let found = figure(&Case::postgres(served), FigureKind::IndexCoverage);
        assert_eq!(found.value, FigureValue::Share { part: 1, whole: 1 });
        assert_eq!(found.is_met(), Some(true));
    }

    #[test]
    fn what_nobody_tried_is_unknown_and_says_what_would_make_it_known() {
        let case = Case::postgres([]).migration([did("SELECT 1"), did("SELECT 2")]);
        assert_eq!(
            values(&case),
            [
                ("migration-coverage", FigureValue::Share { part: 2, whole: 2 }),
                (
                    "rollback-success",
                    FigureValue::Unknown("no migration has a way back".to_owned())
                ),
                (
                    "schema-drift",
                    FigureValue::Unknown("`--db URL` compares a live database with the migrations".to_owned())
                ),
                (
                    "constraint-coverage",
                    FigureValue::NothingToCount("no tables".to_owned())
                ),
                (
                    "index-coverage",
                    FigureValue::NothingToCount("no foreign keys".to_owned())
                ),
            ]
        );
    }
}
