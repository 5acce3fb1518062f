//! Differences, plans and drift as people and programs read them.

use std::time::Duration;

use dbwright_catalog::{
    Change, Choice, Column, ColumnExtra, Comparison, Diff, Drift, Engine, Evidence, Finding, Group, Ignored, Index,
    Known, Loss, Object, ObjectBody, ObjectId, ObjectKind, Opaque, Owner, Place, Plan, PlanCheck, PlanClaim,
    PlanOutcome, PlanPhase, PlanProof, Proposal, Question, Refusal, Rename, SchemaSide, Server, Severity, SideKind,
    SqliteColumn, Step, Unmodelled, Unread, Version,
};
use dbwright_report::TextOptions;
use dbwright_report::schema::{
    baseline, diff_json, diff_text, drift_text, parse_baseline, plan_json, plan_sql, plan_text,
};

const OPTIONS: TextOptions = TextOptions {
    color: false,
    width: 80,
    verbose: false,
};

fn server(engine: Engine) -> Server {
    Server {
        engine,
        version: Version::new(18, 1, 0),
    }
}

fn side(shown: &str, kind: SideKind) -> SchemaSide {
    SchemaSide {
        shown: shown.to_owned(),
        kind,
        server: server(Engine::Postgres),
        notes: Vec::new(),
        unmodelled: Vec::new(),
        unread: Vec::new(),
        not_run: Vec::new(),
    }
}

fn users() -> ObjectId {
    ObjectId::table("public", "users")
}

fn column(name: &str, type_name: &str, not_null: bool) -> Object {
    Object {
        id: users().column(name),
        definition: format!("{{\"type\": \"{type_name}\", \"not_null\": {not_null}}}"),
        body: ObjectBody::Column(Column {
            position: 1,
            type_name: type_name.to_owned(),
            not_null,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            extra: ColumnExtra::Sqlite(SqliteColumn {
                primary_key_position: 0,
            }),
        }),
    }
}

fn index() -> Object {
    Object {
        id: ObjectId::new(ObjectKind::Index, ["public", "users_mail"]),
        definition: "CREATE INDEX users_mail ON public.users USING btree (mail)".to_owned(),
        body: ObjectBody::Index(Index {
            table: users(),
            method: "btree".to_owned(),
            keys: vec!["mail".to_owned()],
            included: Vec::new(),
            predicate: None,
            unique: false,
            nulls_not_distinct: false,
            of_constraint: false,
            valid: true,
            postgres: None,
        }),
    }
}

fn owner(role: &str) -> Object {
    Object {
        id: users().satellite(ObjectKind::Owner),
        definition: role.to_owned(),
        body: ObjectBody::Owner(Owner { role: role.to_owned() }),
    }
}

fn comparison() -> Comparison {
    let mut before = side("postgres://app@db/app", SideKind::Live);
    before.unmodelled.push(Unmodelled {
        kind: "operator class".to_owned(),
        name: "public.odd_ops".to_owned(),
    });
    before.unread.push(Unread {
        what: "user mappings".to_owned(),
        why: "The role may not see them; connect as their owner.".to_owned(),
    });
    Comparison {
        before,
        after: side("schema.sql", SideKind::Desired),
        diff: Diff {
            renames: Vec::new(),
            changes: vec![
                Change::Altered {
                    before: column("age", "integer", false),
                    after: column("age", "bigint", true),
                },
                Change::Dropped(column("mail", "text", true)),
                Change::Created(column("email", "text", true)),
                Change::Created(index()),
            ],
            opaque: vec![Opaque {
                before: owner("app"),
                after: owner("admin"),
            }],
            questions: Vec::new(),
        },
        ignored: vec![Ignored {
            why: "bookkeeping of sqlx".to_owned(),
            objects: vec![ObjectId::table("public", "_sqlx_migrations")],
        }],
        not_compared: vec!["Grants are not compared: schema.sql says nothing of them.".to_owned()],
    }
}

fn proposal() -> Proposal {
    let mut comparison = comparison();
    comparison.diff.opaque.clear();
    let limited = |sql: &str| Step {
        lock_timeout: Some(Duration::from_secs(3)),
        statement_timeout: Some(Duration::from_secs(20)),
        ..Step::new(sql, [users()])
    };
    let mut alter = limited("ALTER TABLE public.users ALTER COLUMN age TYPE bigint");
    alter.notes.push("Every row is written anew.".to_owned());
    alter.hazards.push(hazard());
    Proposal {
        comparison,
        is_reverse: false,
        renames: Vec::new(),
        plan: Plan {
            server: server(Engine::Postgres),
            phases: vec![
                PlanPhase {
                    purpose: "Change columns.".to_owned(),
                    transaction: true,
                    steps: vec![limited("ALTER TABLE public.users ADD COLUMN email text"), alter],
                },
                PlanPhase {
                    purpose: "Build indexes without blocking writes.".to_owned(),
                    transaction: false,
                    steps: vec![Step {
                        lock_timeout: Some(Duration::from_secs(3)),
                        ..Step::new("CREATE INDEX CONCURRENTLY users_mail ON public.users (mail)", [users()])
                    }],
                },
            ],
            losses: Vec::new(),
            refusals: Vec::new(),
        },
        back: None,
        not_restored: Vec::new(),
        proof: Some(PlanProof {
            server: server(Engine::Postgres),
            checks: vec![
                PlanCheck {
                    claim: PlanClaim::Applies,
                    outcome: PlanOutcome::Holds,
                },
                PlanCheck {
                    claim: PlanClaim::Reverses,
                    outcome: PlanOutcome::NotTried("there is no way back".to_owned()),
                },
            ],
        }),
        not_proven: Vec::new(),
    }
}

fn hazard() -> Finding {
    Finding {
        rule: "table-rewrite".to_owned(),
        group: Group::Locks,
        severity: Severity::Warning,
        place: Place {
            path: "the plan".into(),
            statement: Some((0, 1)),
            span: None,
            line: 1,
        },
        message: "ALTER TABLE rewrites users".to_owned(),
        evidence: Evidence {
            known: Known::Observed,
            server: server(Engine::Postgres),
            relation: Some(users()),
            lock: None,
            operation: None,
            facts: Vec::new(),
        },
        advice: vec!["Do it in steps.".to_owned()],
        fix: None,
    }
}

#[test]
fn a_difference_is_grouped_by_table_and_says_what_was_not_seen() {
    insta::assert_snapshot!(diff_text(&comparison(), &OPTIONS));
}

#[test]
fn no_difference_is_one_line() {
    let mut comparison = comparison();
    comparison.diff = Diff::default();
    comparison.before = side("a.sql", SideKind::Desired);
    comparison.ignored.clear();
    comparison.not_compared.clear();
    insta::assert_snapshot!(diff_text(&comparison, &OPTIONS));
}

#[test]
fn a_plan_tells_phases_reasons_hazards_and_its_proof() {
    insta::assert_snapshot!(plan_text(&proposal(), &OPTIONS));
}

#[test]
fn a_plan_as_sql_sets_its_limits_and_holds_nothing_but_sql() {
    let mut proposal = proposal();
    insta::assert_snapshot!(plan_sql(&proposal));
    proposal.plan.server = server(Engine::MySql);
    insta::assert_snapshot!(plan_sql(&proposal));
}

#[test]
fn what_failed_its_proof_is_told_and_not_printed_as_a_plan() {
    let mut proposal = proposal();
    proposal.proof = Some(PlanProof {
        server: server(Engine::Postgres),
        checks: vec![PlanCheck {
            claim: PlanClaim::ReachesGoal,
            outcome: PlanOutcome::Fails(vec!["column users.age is integer, and should be bigint.".to_owned()]),
        }],
    });
    let text = plan_text(&proposal, &OPTIONS);
    assert!(!text.contains("ALTER TABLE"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn losses_refusals_and_questions_are_told() {
    let mut proposal = proposal();
    proposal.proof = None;
    proposal.not_proven = vec!["There is no PostgreSQL of that version to try it on.".to_owned()];
    proposal.plan.losses = vec![Loss {
        object: users().column("mail"),
        what: "The column and all its values are dropped.".to_owned(),
    }];
    proposal.plan.refusals = vec![Refusal {
        object: users(),
        reason: "It can't be changed into a partitioned table; make a new one and copy the rows.".to_owned(),
    }];
    insta::assert_snapshot!(plan_text(&proposal, &OPTIONS));
    proposal.plan = Plan::empty(server(Engine::Postgres));
    let (from, to) = (users().column("mail"), users().column("email"));
    proposal.comparison.diff.questions = vec![Question {
        id: "rename-users-mail".to_owned(),
        text: "Was the column users.mail renamed to email?".to_owned(),
        reasons: vec!["Both are text NOT NULL and stand in the same place.".to_owned()],
        choices: vec![
            Choice {
                name: "rename".to_owned(),
                consequence: "The column keeps its values.".to_owned(),
                renames: vec![Rename { from, to }],
            },
            Choice {
                name: "separate".to_owned(),
                consequence: "users.mail is dropped with its values.".to_owned(),
                renames: Vec::new(),
            },
        ],
    }];
    insta::assert_snapshot!(plan_text(&proposal, &OPTIONS));
    insta::assert_snapshot!(plan_json(&proposal));
}

#[test]
fn json_holds_the_definitions_of_both_sides() {
    insta::assert_snapshot!(diff_json(&comparison()));
}

#[test]
fn known_drift_is_marked_and_does_not_count() {
    let mut drift = Drift {
        comparison: comparison(),
        known: Vec::new(),
        outdated: vec![ObjectId::table("public", "gone")],
        baseline: Some("drift.json".to_owned()),
    };
    assert!(drift.is_new());
    drift.known = drift.differing().cloned().collect();
    assert!(!drift.is_new());
    drift.known.pop();
    assert!(drift.is_new());
    insta::assert_snapshot!(drift_text(&drift, &OPTIONS));
}

#[test]
fn a_baseline_is_read_as_it_was_written_and_mistakes_are_told() {
    let entries = vec![
        (
            users().column("age"),
            Some("integer".to_owned()),
            Some("bigint".to_owned()),
        ),
        (index().id, None, Some("CREATE INDEX".to_owned())),
    ];
    let text = baseline(&entries);
    assert_eq!(parse_baseline(&text), Ok(entries));
    for (text, problem) in [
        ("{}", "it is no baseline: missing field"),
        (
            "{\"version\": 1, \"entries\": []}",
            "it is of version 1, and this dbwright reads version 0",
        ),
        (
            "{\"version\": 0, \"entries\": [{\"kind\": \"thing\", \"path\": [], \"expected\": null, \"live\": null}]}",
            "`thing` is no kind of object",
        ),
    ] {
        let error = parse_baseline(text).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}
