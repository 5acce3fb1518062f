//! Reviews as people read them.

use std::path::PathBuf;
use std::time::Duration;

use dbwright_catalog::{
    Again, Change, Difference, DifferenceKind, Down, Engine, Group, HeldLock, Known, LockMode, MigrationSet, Object,
    ObjectBody, ObjectId, Outcome, Proof, Review, Rollback, RollbackOutcome, RoundTrip, RunMode, Schema, Severity,
    Tool, Version,
};
use dbwright_report::{Summary, TextOptions, text};

use crate::sample;

fn plain(review: &Review, width: usize) -> String {
    text(
        review,
        None,
        &TextOptions {
            color: false,
            width,
            verbose: false,
        },
    )
}

/// The text without colour, at 80 columns.
fn told(review: &Review) -> String {
    plain(review, 80)
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap()
}

#[test]
fn every_kind_of_outcome_is_told() {
    insta::assert_snapshot!(plain(&sample::everything(), 80));
}

#[test]
fn narrow_terminals_get_narrow_lines() {
    insta::assert_snapshot!(plain(&sample::everything(), 50));
}

#[test]
fn colours_mark_what_the_words_say() {
    let options = TextOptions {
        color: true,
        width: 80,
        verbose: false,
    };
    let colored = text(&sample::everything(), None, &options);
    insta::assert_snapshot!(colored.replace('\u{1b}', "␛"));
    let mut plain = String::new();
    let mut inside = false;
    for c in colored.chars() {
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            _ if inside => {}
            c => plain.push(c),
        }
    }
    assert_eq!(plain, told(&sample::everything()));
}

#[test]
fn colours_on_a_narrow_terminal() {
    let options = TextOptions {
        color: true,
        width: 50,
        verbose: false,
    };
    let review = sample::review(vec![sample::one_index(Tool::Sqlx, Some(sample::holds()))]);
    insta::assert_snapshot!(text(&review, None, &options).replace('\u{1b}', "␛"));
}

#[test]
fn verbose_names_the_other_locked_tables() {
    let options = TextOptions {
        color: false,
        width: 80,
        verbose: true,
    };
    let text = text(&sample::everything(), None, &options);
    assert!(text.contains("= also waiting here: writes on customers\n"), "{text}");
}

#[test]
fn verbose_names_each_other_locked_table_once_and_only_what_is_news() {
    let sql = "CREATE TABLE fresh (id int);\nALTER TABLE orders ADD COLUMN a int;\n";
    let mut section = sample::section(vec![sample::migration("migrations/0001.sql", sql)]);
    let held = |name: &str, mode| HeldLock {
        relation: sample::table(name),
        mode,
        since: 1,
    };
    let created = Change::Created(Object {
        id: sample::table("fresh"),
        definition: String::new(),
        body: ObjectBody::Schema(Schema {}),
    });
    let effects = &mut section.trace.as_mut().unwrap().migrations[0].effects;
    effects[0].changes = vec![created];
    effects[1].locks = vec![
        held("customers", LockMode::ShareRowExclusive),
        held("customers", LockMode::AccessExclusive),
        held("fresh", LockMode::AccessExclusive),
        held("orders", LockMode::AccessExclusive),
        held("parts", LockMode::AccessExclusive),
        held("told", LockMode::AccessExclusive),
        held("users", LockMode::Share),
    ];
    let mut finding = sample::finding(&section, (0, 1), "long-lock-hold", "Reads and writes wait");
    finding.evidence.relation = Some(sample::table("orders"));
    finding.evidence.lock = Some(LockMode::AccessExclusive);
    finding.evidence.facts = vec!["ACCESS EXCLUSIVE on told blocks reads and writes.".to_owned()];
    section.findings = vec![finding];
    let options = TextOptions {
        color: false,
        width: 100,
        verbose: true,
    };
    let text = text(&sample::review(vec![section]), None, &options);
    let facts: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("= "))
        .collect();
    assert_eq!(
        facts,
        [
            "ACCESS EXCLUSIVE on orders blocks reads and writes; observed on PostgreSQL 15.20",
            "ACCESS EXCLUSIVE on told blocks reads and writes.",
            "also waiting here: reads and writes on customers and parts",
            "also waiting here: writes on users",
        ],
        "{text}"
    );
}

#[test]
fn a_clean_review_says_so_in_one_line() {
    let mut section = sample::section(vec![
        sample::migration("migrations/0001_a.sql", "CREATE TABLE a (id int);\n"),
        sample::migration("migrations/0002_b.sql", "CREATE TABLE b (id int);\n"),
    ]);
    section.judged = MigrationSet::Only {
        indexes: vec![1],
        why: "new since origin/main".to_owned(),
    };
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn nothing_new_is_not_called_clean() {
    let mut section = sample::section(vec![sample::migration(
        "migrations/0001_a.sql",
        "CREATE TABLE a (id int);\n",
    )]);
    section.judged = MigrationSet::Only {
        indexes: vec![],
        why: "new since origin/main".to_owned(),
    };
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn several_sections_have_a_heading_each_and_one_last_line() {
    let mut mysql = sample::section(vec![sample::migration(
        "db/mysql/001.sql",
        "CREATE TABLE a (id int);\n",
    )]);
    mysql.history.engine = Engine::MySql;
    mysql.history.tool = Tool::GolangMigrate;
    mysql.history.folder = PathBuf::from("db/mysql");
    mysql.trace = None;
    mysql.not_done = vec!["MySQL is not run yet, so nothing was observed here.".to_owned()];
    let mut sqlite = sample::section(vec![sample::migration(
        "db/sqlite/001.sql",
        "CREATE TABLE a (id int);\n",
    )]);
    sqlite.history.engine = Engine::Sqlite;
    sqlite.history.tool = Tool::GolangMigrate;
    sqlite.history.folder = PathBuf::from("db/sqlite");
    sqlite.trace.as_mut().unwrap().server = sample::server(Engine::Sqlite, 3, 50);
    let postgres = sample::one_index(Tool::Sqlx, None);
    insta::assert_snapshot!(told(&sample::review(vec![mysql, sqlite, postgres])));
}

#[test]
fn no_server_means_not_checked() {
    let mut section = sample::section(vec![sample::migration(
        "migrations/1_a.sql",
        "CREATE TABLE a (id int);\n",
    )]);
    section.trace = None;
    section.not_done = vec![
        "No PostgreSQL server was found: tried `--scratch-url`, PATH and /usr/lib/postgresql; install PostgreSQL or \
         give `--scratch-url`."
            .to_owned(),
    ];
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn a_single_file_is_called_by_its_name() {
    let mut section = sample::one_index(Tool::File, Some(sample::holds()));
    section.history.migrations[0].path = PathBuf::from("-");
    section.history.folder = PathBuf::new();
    section.findings[0].place.path = PathBuf::from("-");
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn a_review_of_nothing_says_what_to_do() {
    insta::assert_snapshot!(told(&sample::review(vec![])));
}

#[test]
fn each_tool_is_told_in_its_own_words_to_use_no_transaction() {
    let tools = [
        Tool::Sqlx,
        Tool::Diesel,
        Tool::Refinery,
        Tool::GolangMigrate,
        Tool::Dbmate,
        Tool::Goose,
        Tool::Numbered,
    ];
    let mut all = String::new();
    for tool in tools {
        let review = sample::review(vec![sample::one_index(tool, Some(sample::holds()))]);
        let told = told(&review);
        let lines = told.lines().skip_while(|line| !line.contains("safe version:"));
        let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        all.extend([tool.name(), ":\n", &lines.join("\n"), "\n\n"]);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_safe_version_that_is_not_proven_is_not_shown() {
    let proofs = [
        (
            Some(Proof::Fails {
                server: sample::server(Engine::Postgres, 15, 20),
                reason: "the schema ends differently: index orders_total_idx is missing".to_owned(),
            }),
            "= safe version not shown: tried on PostgreSQL 15.20, and the schema ends",
        ),
        (
            Some(Proof::NotTried {
                reason: "the statement itself fails".to_owned(),
            }),
            "= safe version not shown: it was not tried: the statement itself fails",
        ),
        (None, "= safe version not shown: it was not tried"),
    ];
    for (proof, expected) in proofs {
        let told = told(&sample::review(vec![sample::one_index(Tool::Sqlx, proof)]));
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("CREATE INDEX CONCURRENTLY"), "{told}");
    }
}

/// A history with `count` findings of two rules.
fn long_history(count: usize) -> Review {
    let migrations = (0..count / 2)
        .map(|index| {
            let text = format!("ALTER TABLE t{index} ADD COLUMN a serial;\nDROP TABLE t{index};\n");
            sample::migration(&format!("migrations/{index:04}.sql"), &text)
        })
        .collect();
    let mut section = sample::section(migrations);
    for index in 0..count / 2 {
        let message = format!("ALTER TABLE rewrites t{index}");
        section
            .findings
            .push(sample::finding(&section, (index, 0), "table-rewrite", &message));
        let message = format!("DROP TABLE deletes the rows of t{index}");
        let mut finding = sample::finding(&section, (index, 1), "dropped-table", &message);
        finding.severity = Severity::Error;
        section.findings.push(finding);
    }
    sample::review(vec![section])
}

#[test]
fn long_histories_are_told_in_short_and_counted_in_full() {
    let review = long_history(54);
    let told = told(&review);
    insta::assert_snapshot!(told);
    for finding in &review.sections[0].findings {
        assert!(told.contains(&finding.message), "{}", finding.message);
    }
    assert_eq!(told.matches("-->").count(), 6);
    let options = TextOptions {
        color: false,
        width: 80,
        verbose: true,
    };
    assert_eq!(text(&review, None, &options).matches("-->").count(), 54);
}

#[test]
fn fifty_findings_are_told_in_full() {
    assert_eq!(told(&long_history(50)).matches("-->").count(), 50);
}

/// One migration with `number` statements, and a finding on the same table for each.
fn repeating_history(number: usize) -> Review {
    let sql = "SELECT 1;\n".repeat(number);
    let mut section = sample::section(vec![sample::migration("migrations/1.sql", &sql)]);
    for index in 0..number {
        let message = format!("Building the index i{index} blocks writes");
        let mut finding = sample::finding(&section, (0, index), "table-rewrite", &message);
        finding.evidence.relation = Some(sample::table("orders"));
        section.findings.push(finding);
    }
    sample::review(vec![section])
}

#[test]
fn findings_that_repeat_one_on_the_same_table_are_told_with_it() {
    let review = repeating_history(3);
    let told = told(&review);
    assert_eq!(told.matches("-->").count(), 1, "{told}");
    assert!(
        told.contains("i0 blocks writes") && !told.contains("i1 blocks"),
        "{told}"
    );
    assert!(
        told.contains("= 2 more findings of this kind on orders in lines 2, 3 (`--verbose`"),
        "{told}"
    );
    assert!(told.contains("3 warnings"), "{told}");
    let options = TextOptions {
        color: false,
        width: 80,
        verbose: true,
    };
    assert_eq!(text(&review, None, &options).matches("-->").count(), 3);
}

#[test]
fn findings_that_repeat_one_on_other_tables_of_its_file_name_these() {
    let mut review = repeating_history(9);
    let findings = &mut review.sections[0].findings;
    for (index, name) in [(1, "users"), (2, "users"), (3, "notes")] {
        findings[index].evidence.relation = Some(sample::table(name));
    }
    let shown = told(&review);
    assert_eq!(shown.matches("-->").count(), 1, "{shown}");
    let words: Vec<&str> = shown.split_whitespace().collect();
    assert!(
        words.join(" ").contains(
            "8 more findings of this kind: users (lines 2, 3), notes (line 4), orders (lines 5 to 9) (`--verbose` tells"
        ),
        "{shown}"
    );
    // What is lost with each table is a decision of its own.
    for finding in &mut review.sections[0].findings {
        finding.group = Group::DataLoss;
    }
    assert_eq!(told(&review).matches("-->").count(), 3);
}

#[test]
fn findings_that_repeat_one_take_one_line_in_short() {
    let mut review = long_history(54);
    let more = &mut review.sections[0];
    let last = more.findings.last_mut().unwrap();
    last.evidence.relation = Some(sample::table("orders"));
    let mut again = last.clone();
    again.message = "again".to_owned();
    again.place.line = 9;
    more.findings.push(again);
    let told = told(&review);
    let words: Vec<&str> = told.split_whitespace().collect();
    assert!(
        words.join(" ").contains(", and 1 more like it, the last in line 9"),
        "{told}"
    );
}

#[test]
fn long_statements_are_cut_to_their_telling_lines() {
    let mut body = String::from("DO $$\nBEGIN\n");
    for index in 0..40 {
        body.extend(["    PERFORM step_", &index.to_string(), "();\n"]);
        if index == 25 {
            body.push_str("    ALTER TABLE orders ALTER COLUMN total TYPE bigint;\n");
        }
    }
    body.push_str("END\n$$");
    let mut section = sample::section(vec![sample::migration("migrations/1.sql", "SELECT 1;\n")]);
    let migration = &mut section.history.migrations[0];
    migration.statements[0].span.end = body.len();
    migration.text = format!("{body};\n");
    let mut finding = sample::finding(&section, (0, 0), "table-rewrite", "ALTER TABLE rewrites orders");
    finding.evidence.relation = Some(sample::table("orders"));
    section.findings = vec![finding];
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn long_lines_are_cut_to_the_width() {
    let columns: Vec<String> = (0..60).map(|index| format!("column_{index} int")).collect();
    let text = format!("CREATE TABLE wide ({});\n", columns.join(", "));
    let mut section = sample::section(vec![sample::migration("migrations/1.sql", &text)]);
    section.findings = vec![sample::finding(&section, (0, 0), "wide-table", "wide has 60 columns")];
    for width in [40, 50, 80, 120] {
        let told = plain(&sample::review(vec![section.clone()]), width);
        let longest = told.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= width.max(80), "{longest} at {width}:\n{told}");
        let frame: Vec<&str> = told.lines().filter(|line| line.contains("| ")).collect();
        assert!(
            frame.iter().all(|line| line.chars().count() <= width),
            "at {width}: {frame:#?}"
        );
    }
}

#[test]
fn odd_places_do_not_break_the_frame() {
    let text = "SELECT 'grüße';\r\n\r\n\tCREATE INDEX i\r\n\tON t (a);\r\n";
    let mut section = sample::section(vec![sample::migration("migrations/1.sql", text)]);
    let base = sample::finding(&section, (0, 0), "odd", "odd");
    for (start, end) in [
        (0, 0),
        (0, 10_000),
        (10, 11),
        (12, 13),
        (text.len(), text.len()),
        (9, 3),
    ] {
        let mut finding = base.clone();
        finding.place.statement = None;
        finding.place.span = Some(dbwright_catalog::Span { start, end });
        section.findings.push(finding.clone());
        finding.place.statement = Some((0, 0));
        section.findings.push(finding);
    }
    for line in [0, 1, 2, 3, 99] {
        let mut finding = base.clone();
        finding.place.statement = None;
        finding.place.span = None;
        finding.place.line = line;
        section.findings.push(finding);
    }
    let mut elsewhere = base.clone();
    elsewhere.place.statement = Some((7, 7));
    section.findings.push(elsewhere);
    for position in [0, 1, 9, 10, 4_000] {
        let mut section = section.clone();
        let error = sample::sql_error("42601", "syntax error", Some(position));
        section.trace.as_mut().unwrap().migrations[0].effects[0].outcome = Outcome::Failed(error);
        section.findings = vec![base.clone()];
        assert!(told(&sample::review(vec![section])).contains("odd"));
    }
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn what_files_and_servers_say_cannot_steer_the_terminal() {
    let text = "SELECT '\u{1b}]0;title\u{7}';\n";
    let mut section = sample::section(vec![sample::migration("migrations/\u{1b}[2J.sql", text)]);
    let mut finding = sample::finding(&section, (0, 0), "odd", "mess\u{1b}[31mage");
    finding.evidence.facts = vec!["fact\u{9b}2J".to_owned()];
    finding.evidence.known = Known::Unknown("why\u{7}".to_owned());
    finding.advice = vec!["ad\u{8}vice".to_owned()];
    section.findings = vec![finding];
    section.not_done = vec!["not \u{1b}c done".to_owned()];
    let told = told(&sample::review(vec![section]));
    assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
}

#[test]
fn the_repositorys_version_is_named_only_if_it_is_another() {
    for (engine, ran, named, is_named) in [
        (Engine::Postgres, (15, 20), Version::new(15, 4, 0), false),
        (Engine::Postgres, (15, 20), Version::new(16, 0, 0), true),
        (Engine::Sqlite, (3, 50), Version::new(3, 0, 0), false),
        (Engine::Sqlite, (3, 50), Version::new(3, 35, 0), true),
    ] {
        let mut section = sample::one_index(Tool::Sqlx, None);
        section.trace.as_mut().unwrap().server = sample::server(engine, ran.0, ran.1);
        section.history.version = Some((named, "compose.yml:3".to_owned()));
        let told = told(&sample::review(vec![section]));
        assert_eq!(told.contains("the repository says"), is_named, "{told}");
    }
}

#[test]
fn the_last_line_fits_a_status_bar() {
    let mut review = sample::everything();
    let status = last_line(&told(&review)).to_owned();
    assert_eq!(
        status,
        "dbwright: 2 errors, 3 warnings, 1 note in 2 migrations (6/11 observed) 1.3 s"
    );
    assert!(status.len() <= 80);
    let findings = review.sections[0].findings.clone();
    for _ in 0..40 {
        review.sections[0].findings.extend(findings.clone());
    }
    review.duration = Duration::from_secs(125);
    let told = told(&review);
    assert!(last_line(&told).len() <= 90, "{}", last_line(&told));
}

#[test]
fn counts_are_those_of_the_review() {
    let review = sample::everything();
    let summary = Summary::of(&review);
    assert_eq!((summary.errors, summary.warnings, summary.notes), (2, 3, 1));
    assert_eq!(summary.at_least(Severity::Error), 2);
    assert_eq!(summary.at_least(Severity::Warning), 5);
    assert_eq!(summary.at_least(Severity::Note), 6);
    assert_eq!(summary.rules["statement-fails"], 2);
    assert_eq!((summary.migrations, summary.judged), (3, 2));
    assert_eq!(
        (summary.statements, summary.observed, summary.not_observed()),
        (11, 6, 5)
    );
    assert_eq!(summary.proven_fixes, 2);
}

#[test]
fn what_reading_brought_to_light_is_a_finding_once() {
    let mut section = sample::one_index(Tool::Sqlx, None);
    let mut of_reading = sample::finding(&section, (0, 0), "template", "a template is not rendered");
    of_reading.place.statement = None;
    section.history.findings = vec![of_reading.clone()];
    let once = sample::review(vec![section.clone()]);
    assert_eq!(Summary::of(&once).findings(), 2);
    section.findings.push(of_reading);
    assert_eq!(Summary::of(&sample::review(vec![section])).findings(), 2);
}

#[test]
fn statements_that_were_never_reached_are_counted() {
    let mut section = sample::section(vec![
        sample::migration("migrations/1.sql", "SELECT 1;\nSELECT 2;\n"),
        sample::migration("migrations/2.sql", "SELECT 3;\n"),
    ]);
    let trace = section.trace.as_mut().unwrap();
    trace.migrations.truncate(1);
    trace.migrations[0].effects.truncate(1);
    section.not_done = vec!["The server ended while it ran migrations/1.sql.".to_owned()];
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn what_follows_from_an_earlier_migration_is_counted_and_told_there() {
    let mut section = sample::section(vec![
        sample::migration("migrations/1.sql", "CREATE EXTENSION postgis;\n"),
        sample::migration("migrations/2.sql", "CREATE TABLE places (at geometry);\n"),
    ]);
    section.judged = MigrationSet::Only {
        indexes: vec![1],
        why: "new since main".to_owned(),
    };
    let migrations = &mut section.trace.as_mut().unwrap().migrations;
    let error = sample::sql_error("0A000", "extension \"postgis\" is not available", None);
    migrations[0].effects[0].outcome = Outcome::Failed(error.clone());
    migrations[1].effects[0].outcome = Outcome::FollowsFrom {
        migration: 0,
        statement: 0,
        error,
    };
    insta::assert_snapshot!(told(&sample::review(vec![section])));
}

#[test]
fn a_finding_about_a_comment_shows_the_comment() {
    let text = "-- dbwright: allow drop-table\nDROP TABLE orders;\n";
    let mut section = sample::section(vec![sample::migration("db/1.sql", text)]);
    let mut finding = sample::finding(&section, (0, 0), "allowance-without-reason", "it has no reason");
    finding.place.span = Some(dbwright_catalog::Span::new(0, 29));
    finding.place.line = 1;
    section.findings = vec![finding];
    let told = told(&sample::review(vec![section]));
    assert!(told.contains("1 | -- dbwright: allow drop-table\n  | ^^^^"), "{told}");
    assert!(!told.contains("DROP TABLE orders"), "{told}");
}

#[test]
fn the_figure_of_ways_back_stands_behind_the_numbers() {
    let trip = |differences: Vec<Difference>, again: Again| {
        RollbackOutcome::Ran(Box::new(RoundTrip {
            server: sample::postgres(),
            failure: None,
            changes_schema: true,
            goes_back: true,
            differences,
            lost: Vec::new(),
            again,
            together: None,
            left_together: Vec::new(),
        }))
    };
    let left = Difference {
        object: ObjectId::table("public", "t"),
        kind: DifferenceKind::Left,
    };
    let reason = "the migration itself fails".to_owned();
    let mut outcomes = vec![
        trip(Vec::new(), Again::Same),
        trip(vec![left], Again::NotTried),
        RollbackOutcome::Missing,
        RollbackOutcome::NotTried { reason },
    ];
    let mut review = sample::everything();
    // No migration of the sample has a way back: what the scorecard says of that is not said twice.
    review.sections[0].rollbacks = Some(vec![Rollback {
        migration: 0,
        outcome: RollbackOutcome::Missing,
    }]);
    for migration in &mut review.sections[0].history.migrations {
        migration.down = None;
    }
    assert!(!told(&review).contains("ways back:"));
    review.sections[0].history.migrations[0].down = Some(Down {
        path: "db/1.down.sql".into(),
        text: String::new(),
        statements: Vec::new(),
        run_mode: RunMode::Transaction,
    });
    let mut told_of = |outcomes: Vec<RollbackOutcome>| {
        let rollbacks = outcomes.into_iter().enumerate();
        let rollbacks = rollbacks.map(|(migration, outcome)| Rollback { migration, outcome });
        review.sections[0].rollbacks = Some(rollbacks.collect());
        told(&review)
    };
    let text = told_of(outcomes.clone());
    let figure = "ways back: 1 of 4 migrations proven, 1 leads to another schema, 1 has none, 1 was not tried";
    assert!(text.replace("\n  ", " ").contains(figure), "{text}");
    outcomes.retain(|outcome| *outcome == RollbackOutcome::Missing);
    let text = told_of(outcomes);
    assert!(text.contains("ways back: none; 1 migration can't be undone"), "{text}");
}
