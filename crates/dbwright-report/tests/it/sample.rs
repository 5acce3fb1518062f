//! Reviews built by hand, small and of every kind.

use std::path::PathBuf;
use std::time::Duration;

use dbwright_catalog::{
    Allowance, AllowedFinding, Catalog, Change, ChangeRisk, Effect, Engine, Evidence, Figure, FigureKind, FigureValue,
    Finding, Fix, FixStep, Group, HeldLock, History, Known, LockMode, Migration, MigrationSet, MigrationTrace, Object,
    ObjectBody, ObjectId, ObjectKind, Outcome, Place, Proof, Release, Review, Risk, RowCount, Rows, RunMode, Schema,
    Scorecard, Section, Server, Severity, Span, SqlError, Statement, Target, Tool, Trace, TransactionId, Unfilled,
    Version,
};

pub(crate) fn server(engine: Engine, major: u32, minor: u32) -> Server {
    Server {
        engine,
        version: Version::new(major, minor, 0),
    }
}

pub(crate) fn postgres() -> Server {
    server(Engine::Postgres, 15, 20)
}

pub(crate) fn table(name: &str) -> ObjectId {
    ObjectId::table("public", name)
}

/// A migration from the text of its file. Its statements end with `;` at the end of a line and may have one line of
/// comment before them.
pub(crate) fn migration(path: &str, text: &str) -> Migration {
    let mut statements = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(";\n") {
        let code = piece.trim_start();
        let code = if code.starts_with("--") {
            code.split_once('\n').map_or("", |(_, code)| code)
        } else {
            code
        };
        let leading = piece.len() - code.len();
        let statement = code.trim().trim_end_matches(';');
        if !statement.is_empty() {
            let from = start + leading;
            statements.push(Statement {
                text: statement.to_owned(),
                span: Span::new(from, from + statement.len()),
                line: 1 + text[..from].matches('\n').count() as u32,
                copy_rows: None,
                not_sent: None,
            });
        }
        start += piece.len();
    }
    Migration {
        name: path.rsplit('/').next().unwrap().trim_end_matches(".sql").to_owned(),
        path: PathBuf::from(path),
        text: text.to_owned(),
        statements,
        run_mode: RunMode::Transaction,
        down: None,
    }
}

pub(crate) fn effect(outcome: Outcome) -> Effect {
    Effect {
        duration: Duration::from_micros(1_300),
        generated_rows: Rows::Generated,
        ..Effect::without_observation(Known::Observed, outcome, TransactionId(1))
    }
}

pub(crate) fn sql_error(code: &str, message: &str, position: Option<usize>) -> SqlError {
    SqlError {
        code: code.to_owned(),
        message: message.to_owned(),
        detail: None,
        position,
    }
}

/// A section of sqlx migrations for PostgreSQL in which every statement ran and none did anything.
pub(crate) fn section(migrations: Vec<Migration>) -> Section {
    let traces = migrations.iter().map(|migration| MigrationTrace {
        judged: true,
        effects: migration.statements.iter().map(|_| effect(Outcome::Done)).collect(),
    });
    Section {
        trace: Some(Trace {
            server: postgres(),
            migrations: traces.collect(),
            catalog: Catalog::empty(postgres()),
            unfilled: Vec::new(),
            assumptions: Vec::new(),
            predicted: Vec::new(),
            from_cache: 0,
            access: Vec::new(),
            access_changes: Vec::new(),
        }),
        history: History {
            tool: Tool::Sqlx,
            engine: Engine::Postgres,
            version: None,
            folder: PathBuf::from("migrations"),
            migrations,
            sqlite_foreign_keys: false,
            prelude: None,
            left_out: Vec::new(),
            schema: None,
            findings: Vec::new(),
        },
        judged: MigrationSet::All,
        rollbacks: None,
        release: Release::default(),
        findings: Vec::new(),
        allowed: Vec::new(),
        fix_files: Vec::new(),
        scorecard: Scorecard::default(),
        impacts: Vec::new(),
        rates: None,
        not_done: Vec::new(),
    }
}

pub(crate) fn review(sections: Vec<Section>) -> Review {
    Review {
        not_checked: Vec::new(),
        sections,
        duration: Duration::from_millis(1_342),
    }
}

/// A finding about a statement of the section, without lock, advice and fix.
pub(crate) fn finding(section: &Section, at: (usize, usize), rule: &str, message: &str) -> Finding {
    let migration = &section.history.migrations[at.0];
    let statement = &migration.statements[at.1];
    Finding {
        rule: rule.to_owned(),
        group: Group::Locks,
        severity: Severity::Warning,
        place: Place {
            path: migration.path.clone(),
            statement: Some(at),
            span: Some(statement.span),
            line: statement.line,
        },
        message: message.to_owned(),
        evidence: Evidence {
            operation: None,
            known: Known::Observed,
            server: postgres(),
            relation: None,
            lock: None,
            facts: Vec::new(),
        },
        advice: Vec::new(),
        fix: None,
    }
}

/// The index build that blocks writes, with a safe version.
pub(crate) fn index_finding(section: &Section, at: (usize, usize), proof: Option<Proof>) -> Finding {
    let mut finding = finding(
        section,
        at,
        "index-without-concurrently",
        "CREATE INDEX blocks writes to orders",
    );
    finding.evidence.relation = Some(table("orders"));
    finding.evidence.lock = Some(LockMode::Share);
    finding.evidence.facts = vec![
        "SHARE on orders blocks writes.".to_owned(),
        "It read orders from end to end while the lock was held.".to_owned(),
    ];
    finding.advice = vec!["Build the index with CONCURRENTLY: it takes longer, and nobody waits for it.".to_owned()];
    finding.fix = Some(Fix {
        summary: "Build the index without blocking writes.".to_owned(),
        steps: vec![FixStep {
            sql: "CREATE INDEX CONCURRENTLY orders_total_idx ON orders (total)".to_owned(),
            in_transaction: false,
            undo: Vec::new(),
        }],
        avoids: vec![(table("orders"), LockMode::Share)],
        proof,
    });
    finding
}

pub(crate) fn holds() -> Proof {
    Proof::Holds { server: postgres() }
}

/// One migration with one index build and its finding.
pub(crate) fn one_index(tool: Tool, proof: Option<Proof>) -> Section {
    let text = "-- Faster reports.\nCREATE INDEX orders_total_idx ON orders (total);\n";
    let mut section = section(vec![migration("migrations/0004_index.sql", text)]);
    section.history.tool = tool;
    section.findings = vec![index_finding(&section, (0, 0), proof)];
    section
}

const OLDER: &str = "CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE EXTENSION postgis;
CREATE TABLE places (at geometry);
CREATE INDEX places_at_idx ON places (at);
";

const TYPE: &str = "-- Totals outgrow integer.
ALTER TABLE orders
    ALTER COLUMN total TYPE bigint;
CREATE INDEX orders_total_idx ON orders (total);
ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);
";

const BROKEN: &str = "ALTER TABLE orders ADD COLUMN note text NOT NULL;
CREATE VIEW totals AS SELECT sum(totl) FROM orders;
GRANT SELECT ON totals TO reporting;
COMMENT ON VIEW totals IS 'sums';
COPY orders TO PROGRAM 'gzip > /tmp/orders.gz';
COPY orders TO PROGRAM 'gzip > /tmp/orders2.gz';
SELECT pg_sleep(10);
UPDATE orders SET note = '' WHERE note IS NULL;
";

/// Every severity, outcome and kind of knowledge in one section: two judged migrations of three.
pub(crate) fn everything() -> Review {
    let mut section = section(vec![
        migration("migrations/0001_start.sql", OLDER),
        migration("migrations/0002_totals.sql", TYPE),
        migration("migrations/0003_notes.sql", BROKEN),
    ]);
    section.history.version = Some((Version::new(16, 0, 0), "docker-compose.yml:7".to_owned()));
    section.judged = MigrationSet::Only {
        indexes: vec![1, 2],
        why: "new since origin/main".to_owned(),
    };
    trace_everything(section.trace.as_mut().unwrap());
    section.findings = findings_of_everything(&section);
    section.allowed = vec![allowed(&section)];
    section.scorecard = scorecard();
    review(vec![section])
}

fn trace_everything(trace: &mut Trace) {
    let follows = |migration, statement, message: &str| Outcome::FollowsFrom {
        migration,
        statement,
        error: sql_error("42P01", message, None),
    };
    trace.migrations[0].judged = false;
    let older = &mut trace.migrations[0].effects;
    let message = "extension \"postgis\" is not available";
    older[1].outcome = Outcome::Failed(sql_error("0A000", message, None));
    older[2].outcome = follows(0, 1, "type \"geometry\" does not exist");
    older[3].outcome = follows(0, 1, "relation \"places\" does not exist");

    let totals = &mut trace.migrations[1].effects;
    let lock = |name: &str, mode, since| HeldLock {
        relation: table(name),
        mode,
        since,
    };
    totals[0].locks = vec![lock("orders", LockMode::AccessExclusive, 0)];
    totals[0].rewritten = vec![table("orders")];
    totals[0].rebuilt_indexes = vec![ObjectId::new(ObjectKind::Index, ["public", "orders_pkey"])];
    totals[1].locks = vec![
        lock("orders", LockMode::AccessExclusive, 0),
        lock("orders", LockMode::Share, 1),
    ];
    totals[1].scanned = vec![table("orders")];
    totals[2].locks = vec![
        lock("orders", LockMode::AccessExclusive, 0),
        lock("customers", LockMode::ShareRowExclusive, 2),
    ];
    totals[2].changes = vec![Change::Created(Object {
        id: ObjectId::new(ObjectKind::Schema, ["reports"]),
        definition: String::new(),
        body: ObjectBody::Schema(Schema {}),
    })];

    let notes = &mut trace.migrations[2].effects;
    let message = "column \"note\" of relation \"orders\" contains null values";
    notes[0].outcome = Outcome::FailedOnRows(sql_error("23502", message, None));
    notes[1].outcome = Outcome::Failed(sql_error("42703", "column \"totl\" does not exist", Some(33)));
    notes[2].outcome = follows(2, 1, "relation \"totals\" does not exist");
    notes[3].outcome = follows(2, 1, "relation \"totals\" does not exist");
    notes[4].outcome = Outcome::Refused("COPY … PROGRAM starts a program on the server".to_owned());
    notes[5].outcome = Outcome::Refused("COPY … PROGRAM starts a program on the server".to_owned());
    notes[6].known = Known::Unknown("it ran longer than the statement timeout of 5 s".to_owned());
    notes[7].rows = vec![RowCount {
        table: table("orders"),
        inserted: 0,
        updated: 3,
        deleted: 0,
    }];
    notes[7].notices = vec!["NOTICE: three rows".to_owned()];

    trace.unfilled = vec![
        Unfilled {
            table: table("orders"),
            rows: 1,
            reason: "duplicate key value violates unique constraint \"one_order\"".to_owned(),
        },
        Unfilled {
            table: table("unrelated"),
            rows: 0,
            reason: "nobody asked".to_owned(),
        },
    ];
    trace.assumptions = vec!["Created the role reporting, which the migrations presuppose.".to_owned()];
}

/// The foreign key that locks its parent, which somebody has accepted.
fn allowed(section: &Section) -> AllowedFinding {
    let message = "ALTER TABLE blocks writes to customers";
    AllowedFinding {
        finding: finding(section, (1, 2), "constraint-validated-under-lock", message),
        allowance: Allowance {
            reason: "customers has *200* rows".to_owned(),
            until: Some("2027-01-31".parse().unwrap()),
            line: 5,
        },
    }
}

/// One figure of each kind: met, missed, unknown and with a target of the project.
fn scorecard() -> Scorecard {
    let figure = |kind, value, target, to_raise: &[&str]| Figure {
        kind,
        value,
        target,
        to_raise: to_raise.iter().map(|&sentence| sentence.to_owned()).collect(),
    };
    let all = || Target::Percent {
        percent: 100,
        from: None,
    };
    let of_project = Target::Percent {
        percent: 80,
        from: Some("dbwright.toml:4".to_owned()),
    };
    let share = |part, whole| FigureValue::Share { part, whole };
    let unknown = |why: &str| FigureValue::Unknown(why.to_owned());
    let risk = |migration, statement, risk, because: &[&str]| ChangeRisk {
        migration,
        statement,
        objects: vec![table("orders")],
        risk,
        because: because.iter().map(|&reason| reason.to_owned()).collect(),
        needs_migration: true,
        needs_index: statement == 2,
        needs_backfill: risk == Risk::Critical,
    };
    Scorecard {
        figures: vec![
            figure(
                FigureKind::MigrationCoverage,
                share(7, 11),
                all(),
                &["See what was not observed."],
            ),
            figure(
                FigureKind::RollbackSuccess,
                unknown("no migration has a way back"),
                all(),
                &[],
            ),
            figure(FigureKind::SchemaDrift, unknown("nobody asked"), Target::Zero, &[]),
            figure(FigureKind::ConstraintCoverage, share(3, 3), all(), &[]),
            figure(
                FigureKind::IndexCoverage,
                share(1, 2),
                of_project,
                &["Create an index on orders (customer_id)."],
            ),
        ],
        risks: vec![
            risk(1, 0, Risk::High, &["table-rewrite"]),
            risk(1, 1, Risk::Medium, &["index-without-concurrently"]),
            risk(1, 2, Risk::Low, &["long-hold"]),
            risk(2, 0, Risk::Critical, &["statement-fails"]),
            risk(2, 2, Risk::None, &[]),
        ],
    }
}

fn findings_of_everything(section: &Section) -> Vec<Finding> {
    let mut rewrite = finding(section, (1, 0), "table-rewrite", "ALTER TABLE rewrites orders");
    rewrite.evidence.relation = Some(table("orders"));
    rewrite.evidence.lock = Some(LockMode::AccessExclusive);
    rewrite.evidence.facts = vec!["It wrote every row of orders and its index orders_pkey anew.".to_owned()];
    rewrite.advice = vec!["Add a new column, fill it in batches, and switch over to it.".to_owned()];

    let mut window = finding(
        section,
        (1, 2),
        "long-hold",
        "orders stays locked while later statements work",
    );
    window.severity = Severity::Note;
    window.evidence.relation = Some(table("orders"));
    window.evidence.lock = Some(LockMode::AccessExclusive);
    window.evidence.facts =
        vec!["ACCESS EXCLUSIVE on orders blocks reads and writes, held since statement 1 (line 2).".to_owned()];
    window.fix = Some(Fix {
        summary: "Add the constraint first, validate it later.".to_owned(),
        steps: vec![
            FixStep {
                sql: "ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey\n  FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID".to_owned(),
                in_transaction: true,
                undo: Vec::new(),
            },
            FixStep {
                sql: "ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey".to_owned(),
                in_transaction: true,
                undo: Vec::new(),
            },
        ],
        avoids: Vec::new(),
        proof: Some(holds()),
    });

    let mut on_rows = finding(
        section,
        (2, 0),
        "statement-fails",
        "this statement fails on a table with rows",
    );
    on_rows.group = Group::Failure;
    on_rows.severity = Severity::Error;
    on_rows.evidence.facts = vec!["column \"note\" of relation \"orders\" contains null values (23502)".to_owned()];

    let mut fails = finding(section, (2, 1), "statement-fails", "this statement fails");
    fails.group = Group::Failure;
    fails.severity = Severity::Error;
    fails.evidence.facts = vec!["column \"totl\" does not exist (42703)".to_owned()];

    let mut backfill = finding(
        section,
        (2, 7),
        "unbatched-update",
        "UPDATE touches every row of orders",
    );
    backfill.evidence.known = Known::Predicted;
    backfill.evidence.server = server(Engine::Postgres, 16, 0);

    vec![
        rewrite,
        index_finding(section, (1, 1), Some(holds())),
        window,
        on_rows,
        fails,
        backfill,
    ]
}
