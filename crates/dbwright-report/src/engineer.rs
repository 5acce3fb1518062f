//! `--report engineer`: the form that a database engineer fills in before a change goes out, filled in with what was seen.
//!
//! What nobody tried is not ticked, whatever one might think of it. It is Markdown that reads well as it stands.

mod checklist;

use dbwright_catalog::{
    Change, ChangeRisk, ConstraintKind, Drift, Effect, Index, Migration, MigrationSet, ObjectBody, ObjectId,
    ObjectKind, Proof, Review, Section, Statement, Trace,
};

use crate::counts::{Summary, findings};
use crate::layout::clean;
use crate::place::path;
use crate::scorecard::{figures, name, needs, target, value};
use crate::told::{code, escaped};
use crate::words;

/// More lines of one list are counted, not told.
const LISTED_MAX: usize = 100;

/// Rules about queries of the application.
const OF_QUERIES: [&str; 4] = ["query-breaks", "query-result-changes", "query-not-ready", "plan-worse"];

/// The form, one for each database.
pub fn engineer(review: &Review, drift: Option<&Drift>) -> String {
    let mut text = String::new();
    for section in &review.sections {
        text.push_str(&form(section, drift));
    }
    for sentence in &review.not_checked {
        text.extend([format!("**Not checked:** {}\n\n", escaped(sentence))]);
    }
    text
}

fn form(section: &Section, drift: Option<&Drift>) -> String {
    let mut text = format!(
        "# Database change: {}\n\n{}\n",
        escaped(&words::history_name(&section.history, None)),
        ran(section)
    );
    for sentence in &section.not_done {
        text.extend([format!("\n{}\n", escaped(sentence))]);
    }
    let parts: [(&str, Vec<String>); 5] = [
        ("Schema changes", schema_changes(section)),
        ("Indexes", indexes(section)),
        ("Queries affected", queries(section)),
        ("Migration steps", steps(section)),
        ("Testing", testing(section)),
    ];
    for (title, lines) in parts {
        text.extend([format!("\n## {title}\n\n")]);
        for line in lines.iter().take(LISTED_MAX) {
            text.push_str(line);
            text.push('\n');
        }
        if lines.len() > LISTED_MAX {
            text.extend([format!("- and {} more\n", lines.len() - LISTED_MAX)]);
        }
    }
    text.push_str("\n## Scorecard\n\n| figure | value | target | how to raise it |\n| --- | --- | --- | --- |\n");
    for figure in &figures(section, drift) {
        let raise = escaped(&figure.to_raise.join(" "));
        let (value, target) = (escaped(&value(figure)), escaped(&target(figure)));
        text.extend([format!("| {} | {value} | {target} | {raise} |\n", name(figure.kind))]);
    }
    text.push_str("\n## Checklist\n\n");
    text.push_str(&checklist::checklist(section, drift));
    text.push('\n');
    text
}

/// What was judged, and where it ran.
fn ran(section: &Section) -> String {
    let summary = Summary::of_section(section);
    let judged = match &section.judged {
        MigrationSet::All => format!("All {}", words::count(summary.judged, "migration")),
        MigrationSet::Only { why, .. } => format!("{} ({})", words::count(summary.judged, "migration"), escaped(why)),
    };
    let server = section.trace.as_ref().map_or_else(
        || "; they did not run.".to_owned(),
        |trace| format!(", run on {} with generated rows.", trace.server),
    );
    format!("{judged}{server}")
}

/// The judged statements that have effects, with place.
fn judged(section: &Section) -> impl Iterator<Item = (&Migration, &Statement, &Effect)> {
    let traces = section.trace.iter().flat_map(|trace| &trace.migrations);
    let migrations = section.history.migrations.iter().zip(traces).enumerate();
    migrations
        .filter(|(index, _)| section.judged.contains(*index))
        .flat_map(|(_, (migration, trace))| {
            let statements = migration.statements.iter().zip(&trace.effects);
            statements.map(move |(statement, effect)| (migration, statement, effect))
        })
}

fn place(migration: &Migration, line: u32) -> String {
    code(&format!("{}:{line}", path(&migration.path)))
}

/// What is created, dropped and altered. Parts of a table that is made or dropped by the same statement go with it.
fn schema_changes(section: &Section) -> Vec<String> {
    let mut lines = Vec::new();
    for (migration, statement, effect) in judged(section) {
        let whole: Vec<&ObjectId> = effect
            .changes
            .iter()
            .filter(|change| !matches!(change, Change::Altered { .. }))
            .map(|change| &change.object().id)
            .filter(|id| id.kind == ObjectKind::Table)
            .collect();
        for change in &effect.changes {
            let object = change.object();
            let id = &object.id;
            let is_part = id
                .owner_table()
                .is_some_and(|table| *id != table && whole.contains(&&table));
            let is_index = matches!(&object.body, ObjectBody::Index(index) if index.of_constraint || whole.contains(&&index.table));
            // What became of its parts says more.
            let has_parts = matches!(change, Change::Altered { before, .. } if before.id == *id)
                && effect
                    .changes
                    .iter()
                    .any(|other| other.object().id != *id && other.object().id.owner_table().as_ref() == Some(id));
            if is_part || is_index || has_parts || id.kind.is_satellite() {
                continue;
            }
            let what = match change {
                Change::Created(_) => format!("creates {} {id}", id.kind.name()),
                Change::Dropped(_) => format!("drops {} {id}", id.kind.name()),
                Change::Altered { before, .. } if before.id != *id => {
                    format!("renames {} {} to {id}", id.kind.name(), before.id)
                }
                Change::Altered { .. } => format!("changes {} {id}", id.kind.name()),
            };
            lines.push(format!("- {} {}", place(migration, statement.line), escaped(&what)));
        }
    }
    if lines.is_empty() {
        lines.push("None.".to_owned());
    }
    lines
}

/// The indexes that are made, each with what asks for it as far as the schema tells.
fn indexes(section: &Section) -> Vec<String> {
    let Some(trace) = &section.trace else {
        return vec!["Unknown: the migrations did not run.".to_owned()];
    };
    let mut lines = Vec::new();
    for (migration, statement, effect) in judged(section) {
        for change in &effect.changes {
            let Change::Created(object) = change else { continue };
            let ObjectBody::Index(index) = &object.body else {
                continue;
            };
            let keys = index.keys.join(", ");
            let what = format!("{} on {} ({keys}): {}", object.id, index.table, rationale(trace, index));
            lines.push(format!(
                "- {} {}",
                place(migration, statement.line),
                escaped(&clean(&what))
            ));
        }
    }
    let missing = findings(section).filter(|finding| finding.rule == "foreign-key-without-index");
    lines.extend(missing.map(|finding| {
        let place = code(&format!("{}:{}", path(&finding.place.path), finding.place.line));
        format!("- {place} missing: {}", escaped(&clean(&finding.message)))
    }));
    if lines.is_empty() {
        lines.push("None are made, and no new foreign key wants one.".to_owned());
    }
    lines
}

/// What in the schema asks for an index.
fn rationale(trace: &Trace, index: &Index) -> String {
    if index.of_constraint {
        return "it belongs to a constraint".to_owned();
    }
    let objects = trace.catalog.objects.values();
    let of_table = objects.filter(|object| object.id.owner_table().as_ref() == Some(&index.table));
    let served = of_table.filter_map(|object| match &object.body {
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::ForeignKey(key) if index.keys.starts_with(&key.columns) => {
                Some(object.id.name().to_owned())
            }
            _ => None,
        },
        _ => None,
    });
    let served: Vec<String> = served.collect();
    if !served.is_empty() {
        return format!("it serves the foreign key {}", words::list(&served));
    }
    if index.unique {
        return "it keeps its columns unique".to_owned();
    }
    "no constraint asks for it; which queries it is for is unknown until there is a workload".to_owned()
}

/// What becomes of the queries of the application; where none are known, which tables they would have to touch.
fn queries(section: &Section) -> Vec<String> {
    if !section.release.is_empty() {
        let found = findings(section).filter(|finding| OF_QUERIES.contains(&finding.rule.as_str()));
        let found = found.map(|finding| {
            let place = code(&format!("{}:{}", path(&finding.place.path), finding.place.line));
            let facts: Vec<String> = finding
                .evidence
                .facts
                .iter()
                .map(|fact| format!("  - {}", escaped(&clean(fact))))
                .collect();
            let message = escaped(&clean(&finding.message));
            format!("- {place} {message}\n{}", facts.join("\n"))
        });
        let told = crate::release::told(section).into_iter();
        return told
            .map(|line| format!("- {}", escaped(&clean(&line))))
            .chain(found)
            .collect();
    }
    let mut tables: Vec<String> = Vec::new();
    for risk in &section.scorecard.risks {
        for id in risk.objects.iter().filter(|id| id.kind == ObjectKind::Table) {
            let table = id.to_string();
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
    }
    let unknown = "Unknown: there is no workload to ask which queries run.".to_owned();
    if tables.is_empty() {
        return vec![unknown];
    }
    let more = match tables.len().saturating_sub(20) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    tables.truncate(20);
    let tables = format!("Look at those that touch {}{more}.", words::list(&tables));
    vec![unknown, escaped(&clean(&tables))]
}

/// Each migration with its statements, how risky each is, and how the migration is taken back.
fn steps(section: &Section) -> Vec<String> {
    let mut lines = Vec::new();
    let judged = section.history.migrations.iter().enumerate();
    for (index, migration) in judged.filter(|(index, _)| section.judged.contains(*index)) {
        lines.push(format!(
            "{}. {}",
            lines.iter().filter(|it: &&String| !it.starts_with(' ')).count() + 1,
            code(&path(&migration.path))
        ));
        let risks: Vec<&ChangeRisk> = section
            .scorecard
            .risks
            .iter()
            .filter(|risk| risk.migration == index)
            .collect();
        for risk in &risks {
            let Some(statement) = migration.statements.get(risk.statement) else {
                continue;
            };
            let first = statement.text.lines().next().unwrap_or_default();
            let first: String = first.chars().take(80).collect();
            let because = if risk.because.is_empty() {
                String::new()
            } else {
                format!(" ({})", escaped(&clean(&risk.because.join(", "))))
            };
            let needs = needs(risk).map_or_else(String::new, |needs| format!("; needs {needs}"));
            lines.push(format!(
                "   - {}: risk {}{because}{needs}",
                code(&clean(&first)),
                risk.risk.name()
            ));
        }
        let tried = clean(&crate::rollback::came_of(section, index));
        let back = match &migration.down {
            Some(down) if down.path == migration.path => format!("the down part of the same file; {tried}"),
            Some(down) => format!("{}; {tried}", code(&path(&down.path))),
            None => "there is no down migration".to_owned(),
        };
        lines.push(format!("   - rollback: {back}"));
    }
    if lines.is_empty() {
        lines.push("None.".to_owned());
    }
    lines
}

/// What was tried.
fn testing(section: &Section) -> Vec<String> {
    let summary = Summary::of_section(section);
    let mut lines = vec![format!(
        "- {} of {} observed on a disposable server",
        summary.observed,
        words::count(summary.statements, "statement")
    )];
    if let Some(trace) = &section.trace {
        let unfilled = trace.unfilled.iter().map(|unfilled| {
            let what = format!("{} could not be given rows: {}", unfilled.table, unfilled.reason);
            format!("- {}", escaped(&clean(&what)))
        });
        lines.extend(unfilled);
    }
    let fixes = findings(section).filter_map(|finding| finding.fix.as_ref());
    let (proven, all) = fixes.fold((0, 0), |(proven, all), fix| {
        (
            proven + usize::from(fix.proof.as_ref().is_some_and(Proof::holds)),
            all + 1,
        )
    });
    if all > 0 {
        lines.push(format!("- {proven} of {} proven", words::count(all, "safe version")));
    }
    lines.push("- ways back were not tried".to_owned());
    lines
}
