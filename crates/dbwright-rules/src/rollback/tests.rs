//! What is said of ways back, without a server.

use dbwright_catalog::{
    Again, Difference, DifferenceKind, Down, Engine, Finding, LostRows, LostValues, ObjectId, ObjectKind, Rollback,
    RollbackOutcome, RoundTrip, RunMode, Server, Severity, SqlError, Together, Version, WayFailure,
};

use crate::testing::{Case, did};
use crate::{LateJudgement, RuleChoice};

fn server() -> Server {
    Server {
        engine: Engine::Postgres,
        version: Version::new(18, 0, 0),
    }
}

fn trip() -> RoundTrip {
    RoundTrip {
        server: server(),
        failure: None,
        changes_schema: true,
        goes_back: true,
        differences: Vec::new(),
        lost: Vec::new(),
        again: Again::Same,
        together: None,
        left_together: Vec::new(),
    }
}

fn ran(trip: RoundTrip) -> RollbackOutcome {
    RollbackOutcome::Ran(Box::new(trip))
}

fn failure(statement: usize, message: &str) -> WayFailure {
    WayFailure {
        statement,
        error: SqlError {
            code: "42P01".to_owned(),
            message: message.to_owned(),
            detail: None,
            position: None,
        },
        on_rows: false,
    }
}

fn difference(kind: ObjectKind, name: &str, how: DifferenceKind) -> Difference {
    Difference {
        object: ObjectId::new(kind, ["public", name]),
        kind: how,
    }
}

/// Judges one migration after the other, each with this way back.
fn judge(ways: Vec<(&str, RollbackOutcome)>) -> Vec<Finding> {
    let found = judgement(ways).findings;
    found.into_iter().map(|(_, finding)| finding).collect()
}

fn judgement(ways: Vec<(&str, RollbackOutcome)>) -> LateJudgement {
    let mut case = Case::postgres([]);
    let mut rollbacks = Vec::new();
    for (index, (down, outcome)) in ways.into_iter().enumerate() {
        case = case.migration([did("CREATE TABLE t (a int)")]);
        let migration = case.history.migrations.last_mut().unwrap();
        migration.down = Some(Down {
            path: format!("migrations/m{index}.down.sql").into(),
            text: down.to_owned(),
            statements: dbwright_sql::statements(dbwright_sql::Dialect::server(Engine::Postgres), down),
            run_mode: RunMode::Transaction,
        });
        rollbacks.push(Rollback {
            migration: index,
            outcome,
        });
    }
    crate::judge_rollbacks(&case.history, &rollbacks, &server(), &RuleChoice::default())
}

fn one(down: &str, trip: RoundTrip) -> Vec<Finding> {
    judge(vec![(down, ran(trip))])
}

#[test]
fn a_proven_way_back_is_not_spoken_of() {
    assert_eq!(one("DROP TABLE t;", trip()), []);
}

#[test]
fn a_failure_is_told_at_its_statement() {
    let failed = RoundTrip {
        failure: Some(failure(1, "table \"u\" does not exist")),
        again: Again::NotTried,
        ..trip()
    };
    let findings = one("DROP INDEX i;\nDROP TABLE u;\n", failed);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, "rollback-fails");
    assert_eq!(findings[0].place.line, 2);
    assert!(findings[0].message.ends_with("fails: table \"u\" does not exist"));
}

#[test]
fn what_is_left_and_keeps_the_migration_from_running_again_is_one_finding() {
    let left = RoundTrip {
        differences: vec![difference(ObjectKind::Type, "mood", DifferenceKind::Left)],
        again: Again::Fails(failure(0, "type \"mood\" already exists")),
        ..trip()
    };
    let findings = one("DROP TABLE t;", left);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, "rollback-leaves-schema");
    assert_eq!(findings[0].severity, Severity::Warning);
    assert!(findings[0].message.ends_with("another schema: type mood is left"));
    assert!(
        findings[0]
            .evidence
            .facts
            .iter()
            .any(|fact| fact.contains("can't be applied again"))
    );
}

#[test]
fn an_extension_that_stays_is_a_note() {
    let left = RoundTrip {
        differences: vec![difference(ObjectKind::Extension, "citext", DifferenceKind::Left)],
        ..trip()
    };
    assert_eq!(one("DROP TABLE t;", left)[0].severity, Severity::Note);
}

fn lost(lost_back: u64) -> RoundTrip {
    RoundTrip {
        lost: vec![LostRows {
            table: ObjectId::table("public", "t"),
            rows_before: 3,
            rows_after: 3,
            rows_lost_back: 0,
            columns: vec![LostValues {
                column: "a".to_owned(),
                values: 3,
                lost: 3,
                lost_back,
            }],
        }],
        ..trip()
    }
}

#[test]
fn who_loses_the_values_decides_how_bad_it_is() {
    let findings = one("DROP TABLE t;", lost(0));
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Note));
    assert!(findings[0].message.ends_with("does not bring back values of t.a"));
    assert_eq!(findings[0].evidence.facts, ["T lost 3 of 3 values of a."]);
    let findings = one("DROP TABLE t;", lost(3));
    assert_eq!(findings[0].severity, Severity::Warning);
    assert!(findings[0].message.ends_with("loses data: values of t.a"));
}

#[test]
fn a_group_is_named_by_its_oldest_and_its_newest_whether_or_not_they_have_a_way_back() {
    let together = Some(Together {
        first: 0,
        last: 1,
        leads_back: true,
    });
    let differences = vec![difference(ObjectKind::Table, "t", DifferenceKind::Left)];
    let found = judge(vec![
        (
            "",
            ran(RoundTrip {
                changes_schema: false,
                together,
                ..trip()
            }),
        ),
        (
            "DROP TABLE t",
            ran(RoundTrip {
                differences,
                together,
                ..trip()
            }),
        ),
    ]);
    let told = found
        .iter()
        .find(|finding| finding.rule == "rollback-only-together")
        .unwrap();
    assert_eq!(
        told.message,
        "The down migrations of 2 migrations (m0 to m1) lead back only together"
    );
}

#[test]
fn missing_ways_back_are_told_once() {
    let nothing = || RoundTrip {
        goes_back: false,
        differences: vec![difference(ObjectKind::Table, "t", DifferenceKind::Left)],
        ..trip()
    };
    let findings = judge(vec![
        ("DROP TABLE t;", ran(trip())),
        ("", ran(nothing())),
        ("SELECT 1;", ran(nothing())),
    ]);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, "rollback-missing");
    assert_eq!(findings[0].severity, Severity::Note);
    assert!(
        findings[0]
            .message
            .starts_with("2 of the 3 migrations under review can't be undone")
    );
}

#[test]
fn a_comment_in_either_way_accepts_it() {
    let failed = RoundTrip {
        failure: Some(failure(0, "no")),
        again: Again::NotTried,
        ..trip()
    };
    let unreasoned = "-- dbwright: allow rollback-fails\nDROP TABLE u;\n";
    let reported = one(unreasoned, failed.clone());
    assert_eq!(reported.len(), 1);
    assert!(reported[0].advice.iter().any(|advice| advice.contains("reason")));
    let allowed = "-- dbwright: allow rollback-fails because it is never used\nDROP TABLE u;\n";
    let found = judgement(vec![(allowed, ran(failed))]);
    assert_eq!(found.findings, []);
    assert_eq!(found.allowed.len(), 1);
    assert_eq!(found.allowed[0].1.allowance.reason, "it is never used");
    let nothing = RoundTrip {
        goes_back: false,
        ..trip()
    };
    // The comment is all that stands in the file.
    let allowed = "-- dbwright: allow rollback-missing because it can't be done\n";
    let found = judgement(vec![(allowed, ran(nothing))]);
    assert_eq!(found.findings, []);
    assert_eq!(found.allowed[0].1.finding.rule, "rollback-missing");
}

#[test]
fn what_can_t_be_applied_again_is_told_at_the_statement_that_fails() {
    let again = RoundTrip {
        again: Again::Fails(failure(0, "duplicate key")),
        ..trip()
    };
    let findings = one("DROP TABLE t;", again);
    assert_eq!(findings[0].rule, "migration-fails-after-rollback");
    assert_eq!(findings[0].place.statement, Some((0, 0)));
}
