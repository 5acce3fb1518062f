//! SQL in, findings out: a setup that is not judged and a migration that is, run and judged as the product does it.

use std::path::PathBuf;

use dbwright_catalog::{
    Down, Effect, Engine, Finding, History, Migration, MigrationSet, Outcome, Proof, Query, QueryOrigin, Release,
    Rollback, RunMode, Tool, Trace, Version,
};
use dbwright_live::prove::{self, Candidate};
use dbwright_live::release::{self, Asked};
use dbwright_live::rollback::{self, Selected};
use dbwright_live::scratch::mysql_family::MySqlFamilyScratch;
use dbwright_live::scratch::postgres::PostgresScratch;
use dbwright_live::trace;
use dbwright_rules::{Rule, RuleChoice};
use dbwright_sql::{Dialect, statements};

/// Where SQL is run.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Postgres(&'a PostgresScratch),
    MySqlFamily(&'a MySqlFamilyScratch),
    Sqlite,
}

impl Place<'_> {
    pub(crate) fn engine(self) -> Engine {
        match self {
            Place::Postgres(_) => Engine::Postgres,
            Place::MySqlFamily(scratch) => scratch.server().engine,
            Place::Sqlite => Engine::Sqlite,
        }
    }
}

/// What came of it.
pub(crate) struct Run {
    pub(crate) history: History,
    pub(crate) judged: MigrationSet,
    pub(crate) trace: Trace,
    pub(crate) findings: Vec<Finding>,
}

impl Run {
    /// The findings of one rule.
    pub(crate) fn of<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.rule == rule)
    }

    /// The same judged by this rule as well where it is off by default.
    pub(crate) fn judged_by(mut self, rule: &Rule) -> Run {
        let choice = RuleChoice {
            enabled: vec![rule.name.to_owned()],
            ..RuleChoice::default()
        };
        self.findings = dbwright_rules::judge(&self.history, &self.judged, &self.trace, &choice);
        self
    }

    /// The effects of the judged migration.
    pub(crate) fn effects(&self) -> &[Effect] {
        &self.trace.migrations.last().unwrap().effects
    }

    /// The findings as lines, for messages of failed tests.
    pub(crate) fn told(&self) -> String {
        let told = |finding: &Finding| format!("{}: {} ({:?})", finding.rule, finding.message, finding.evidence.facts);
        let errors = self.effects().iter().filter_map(|effect| effect.outcome.error());
        let errors = errors.map(|error| format!("server: {} {}", error.code, error.message));
        self.findings
            .iter()
            .map(told)
            .chain(errors)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Runs `setup` statement by statement, then the migration in its mode, and judges the migration.
pub(crate) async fn run(place: Place<'_>, setup: Option<&str>, sql: &str, mode: RunMode) -> Run {
    run_saying(place, None, setup, sql, mode).await
}

/// The same in a repository that says which version it runs.
pub(crate) async fn run_saying(
    place: Place<'_>,
    says: Option<Version>,
    setup: Option<&str>,
    sql: &str,
    mode: RunMode,
) -> Run {
    let mut history = history(place.engine(), setup, sql, mode);
    history.version = says.map(|version| (version, "compose.yml:3".to_owned()));
    let judged = MigrationSet::Only {
        indexes: vec![history.migrations.len() - 1],
        why: "the example".to_owned(),
    };
    let run = Box::pin(run_and_judge(place, history, judged)).await;
    if setup.is_some() {
        // What is a command of the client (DELIMITER) is for the splitter alone.
        let statements = run.history.migrations[0].statements.iter();
        let sent = statements.zip(&run.trace.migrations[0].effects);
        for (_, effect) in sent.filter(|(statement, _)| statement.not_sent.is_none()) {
            assert_eq!(
                effect.outcome,
                Outcome::Done,
                "the setup fails:\n{}",
                run.history.migrations[0].text
            );
        }
    }
    assert!(
        run.trace.unfilled.is_empty(),
        "tables without rows: {:?}\n{sql}",
        run.trace.unfilled
    );
    run
}

/// Runs migrations, each in a transaction, and judges all of them.
pub(crate) async fn run_all(place: Place<'_>, texts: &[&str]) -> Run {
    let migrations = texts.iter().enumerate().map(|(index, text)| {
        let name = format!("{}", index + 1);
        migration(place.engine(), &name, text, RunMode::Transaction)
    });
    run_and_judge(
        place,
        history_of(place.engine(), migrations.collect()),
        MigrationSet::All,
    )
    .await
}

async fn run_and_judge(place: Place<'_>, history: History, judged: MigrationSet) -> Run {
    let trace = match place {
        Place::Postgres(scratch) => Box::pin(trace::postgres::trace(scratch, &history, &judged, &mut |_| {})).await,
        Place::MySqlFamily(scratch) => {
            Box::pin(trace::mysql_family::trace(scratch, &history, &judged, &mut |_| {})).await
        }
        Place::Sqlite => trace::sqlite::trace(&history, &judged, &mut |_| {}),
    };
    let trace = trace.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    let findings = dbwright_rules::judge(&history, &judged, &trace, &RuleChoice::default());
    Run {
        history,
        judged,
        trace,
        findings,
    }
}

/// Runs migrations after a setup that is not judged, each in a transaction, with the ways back that stand behind
/// `-- migrate:down`, and tries these. What the rules about ways back say is all that is said.
pub(crate) async fn go_back(place: Place<'_>, setup: Option<&str>, texts: &[&str]) -> (Run, Vec<Rollback>) {
    let names: Vec<String> = (0..texts.len()).map(|index| format!("{}_example", index + 2)).collect();
    let all: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().copied()).collect();
    go_back_named(place, setup, &all).await
}

/// The same with names of migrations.
pub(crate) async fn go_back_named(
    place: Place<'_>,
    setup: Option<&str>,
    named: &[(&str, &str)],
) -> (Run, Vec<Rollback>) {
    let engine = place.engine();
    let mut migrations = Vec::new();
    migrations.extend(setup.map(|setup| migration(engine, "1_setup", setup, RunMode::EachStatement)));
    let first = migrations.len();
    for (name, text) in named {
        let (up, down) = text.split_once("-- migrate:down").expect("both ways are there");
        let back = migration(engine, name, down, RunMode::Transaction);
        let mut migration = migration(engine, name, up, RunMode::Transaction);
        migration.down = Some(Down {
            path: PathBuf::from(format!("{name}.down.sql")),
            text: back.text,
            statements: back.statements,
            run_mode: back.run_mode,
        });
        migrations.push(migration);
    }
    let judged = MigrationSet::Only {
        indexes: (first..migrations.len()).collect(),
        why: "the examples".to_owned(),
    };
    let mut run = run_and_judge(place, history_of(engine, migrations), judged).await;
    let selected = Selected::of(&run.history, &run.judged, &run.trace);
    let (history, trace, to_try) = (&run.history, &run.trace, &selected.to_try);
    let tried = match place {
        Place::Postgres(scratch) => Box::pin(rollback::postgres::try_ways_back(scratch, history, trace, to_try)).await,
        Place::MySqlFamily(scratch) => {
            Box::pin(rollback::mysql_family::try_ways_back(scratch, history, trace, to_try)).await
        }
        Place::Sqlite => rollback::sqlite::try_ways_back(None, history, trace, to_try),
    };
    let tried = tried.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    let rollbacks = selected.complete(tried);
    let choice = RuleChoice::default();
    let found = dbwright_rules::judge_rollbacks(&run.history, &rollbacks, &run.trace.server, &choice);
    run.findings = found.findings.into_iter().map(|(_, finding)| finding).collect();
    (run, rollbacks)
}

/// Runs migrations after a setup that is not judged, and asks what becomes of these queries. What the rules about queries say
/// is all that is said.
pub(crate) async fn ask(
    place: Place<'_>,
    setup: Option<&str>,
    texts: &[&str],
    running: &[&str],
    next: &[&str],
) -> (Run, Release) {
    let engine = place.engine();
    let mut migrations = Vec::new();
    migrations.extend(setup.map(|setup| migration(engine, "1_setup", setup, RunMode::EachStatement)));
    let first = migrations.len();
    migrations.extend(
        texts
            .iter()
            .enumerate()
            .map(|(index, text)| migration(engine, &format!("{}_example", index + 2), text, RunMode::Transaction)),
    );
    let judged = MigrationSet::Only {
        indexes: (first..migrations.len()).collect(),
        why: "the examples".to_owned(),
    };
    let mut run = run_and_judge(place, history_of(engine, migrations), judged).await;
    let query = |(line, text): (u32, &&str)| Query {
        name: None,
        origin: QueryOrigin::File {
            path: PathBuf::from("queries.sql"),
            line,
        },
        text: (*text).to_owned(),
        load: None,
    };
    let mut release = Release {
        running: (1..).zip(running).map(query).collect(),
        next: (1..).zip(next).map(query).collect(),
        ..Release::default()
    };
    let asked = Asked {
        history: &run.history,
        judged: &run.judged,
        trace: &run.trace,
        running: &release.running,
        next: &release.next,
    };
    let answers = match place {
        Place::Postgres(scratch) => Box::pin(release::postgres::ask(scratch, asked)).await,
        Place::MySqlFamily(scratch) => Box::pin(release::mysql_family::ask(scratch, asked)).await,
        Place::Sqlite => release::sqlite::ask(None, asked),
    };
    let answers = answers.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    release.answers = Some(answers);
    let choice = RuleChoice::default();
    let found = dbwright_rules::judge_release(&run.history, &run.judged, &release, &run.trace.server, &choice);
    run.findings = found.findings.into_iter().map(|(_, finding)| finding).collect();
    (run, release)
}

/// `setup`, run statement by statement, and a migration.
pub(crate) fn history(engine: Engine, setup: Option<&str>, sql: &str, mode: RunMode) -> History {
    let mut migrations = Vec::new();
    migrations.extend(setup.map(|setup| migration(engine, "1_setup", setup, RunMode::EachStatement)));
    migrations.push(migration(engine, "2_example", sql, mode));
    history_of(engine, migrations)
}

fn history_of(engine: Engine, migrations: Vec<Migration>) -> History {
    History {
        tool: Tool::Numbered,
        engine,
        version: None,
        folder: PathBuf::new(),
        migrations,
        sqlite_foreign_keys: false,
        prelude: None,
        left_out: Vec::new(),
        schema: None,
        findings: Vec::new(),
    }
}

/// Tries the fix of a finding on a server that has not run the history before.
pub(crate) async fn prove(scratch: &PostgresScratch, run: &Run, finding: &Finding) -> Proof {
    let candidates = [Candidate::of(finding, &run.trace).unwrap()];
    let mut proofs = prove::postgres::prove(scratch, &run.history, &run.trace, &candidates)
        .await
        .unwrap();
    proofs.pop().unwrap()
}

fn migration(engine: Engine, name: &str, sql: &str, run_mode: RunMode) -> Migration {
    Migration {
        name: name.to_owned(),
        path: PathBuf::from(format!("{name}.sql")),
        text: sql.to_owned(),
        statements: statements(Dialect::client(engine), sql),
        run_mode,
        down: None,
    }
}
