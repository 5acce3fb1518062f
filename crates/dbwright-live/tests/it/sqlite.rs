//! What the SQLite tests share: a history from SQL texts, and an effect as text.

use std::fmt::Write as _;
use std::path::PathBuf;

use dbwright_catalog::{
    Change, Effect, Engine, History, Migration, MigrationSet, ObjectId, ObjectKind, Outcome, RunMode, SqlError, Tool,
    Trace,
};
use dbwright_sql::{Dialect, statements};

/// A migration that runs these statements.
pub(crate) fn migration(name: &str, run_mode: RunMode, text: &str) -> Migration {
    let dialect = Dialect::client(Engine::Sqlite);
    Migration {
        name: name.to_owned(),
        path: PathBuf::from(format!("{name}.sql")),
        text: text.to_owned(),
        statements: statements(dialect, text),
        run_mode,
        down: None,
    }
}

/// A history of these migrations, all in one run mode.
pub(crate) fn history(run_mode: RunMode, foreign_keys: bool, setup: &str, migrations: &[&str]) -> History {
    let numbered = migrations.iter().enumerate();
    History {
        tool: Tool::File,
        engine: Engine::Sqlite,
        version: None,
        folder: PathBuf::new(),
        migrations: numbered
            .map(|(index, text)| migration(&format!("{}", index + 1), run_mode, text))
            .collect(),
        sqlite_foreign_keys: foreign_keys,
        prelude: None,
        left_out: Vec::new(),
        schema: Some(migration("setup", RunMode::EachStatement, setup)),
        findings: Vec::new(),
    }
}

/// Runs a history; its schema must load.
pub(crate) fn trace(history: &History, judged: &MigrationSet) -> Trace {
    let trace = dbwright_live::trace::sqlite::trace(history, judged, &mut |_| {}).unwrap();
    assert_eq!(trace.assumptions, [""; 0], "the schema loads");
    trace
}

/// Effects as text: one paragraph per statement, without durations.
pub(crate) fn render(history: &History, trace: &Trace) -> String {
    let mut text = String::new();
    for (migration, traced) in history.migrations.iter().zip(&trace.migrations) {
        for (statement, effect) in migration.statements.iter().zip(&traced.effects) {
            let words: Vec<_> = statement.text.split_whitespace().collect();
            let short: String = words.join(" ").chars().take(70).collect();
            let _ = writeln!(text, "{} | {short}", effect.transaction.0);
            for (name, value) in lines(effect) {
                let _ = writeln!(text, "    {name}: {value}");
            }
        }
    }
    for table in &trace.unfilled {
        let _ = writeln!(text, "unfilled: {}", table.table);
    }
    text
}

fn lines(effect: &Effect) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    match &effect.outcome {
        Outcome::Done => {}
        Outcome::Failed(error) => lines.push(("error", words(error))),
        Outcome::FailedOnRows(error) => lines.push(("error on rows", words(error))),
        Outcome::FollowsFrom {
            migration,
            statement,
            error,
        } => lines.push((
            "follows from",
            format!("{}.{}: {}", migration + 1, statement + 1, error.message),
        )),
        Outcome::Refused(reason) => lines.push(("refused", reason.clone())),
    }
    let mut relations = |name, ids: &[ObjectId]| {
        if !ids.is_empty() {
            lines.push((name, ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
        }
    };
    relations("rewritten", &effect.rewritten);
    relations("rebuilt", &effect.rebuilt_indexes);
    relations("scanned", &effect.scanned);
    for rows in &effect.rows {
        let counts = [("+", rows.inserted), ("~", rows.updated), ("-", rows.deleted)];
        let shown: Vec<_> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(sign, count)| format!("{sign}{count}"))
            .collect();
        lines.push(("rows", format!("{} {}", rows.table, shown.join(" "))));
    }
    lines.extend(changes(&effect.changes).into_iter().map(|change| ("change", change)));
    lines.extend(effect.notices.iter().map(|notice| ("notice", notice.clone())));
    lines
}

fn words(error: &SqlError) -> String {
    let position = error.position.map(|byte| format!(" (byte {byte})"));
    let detail = error.detail.as_ref().map(|detail| format!(", {detail}"));
    let rest = [position, detail].into_iter().flatten().collect::<String>();
    format!("{} {}{rest}", error.code, error.message)
}

/// Changes as text; what comes and goes with its table is left out.
fn changes(changes: &[Change]) -> Vec<String> {
    let whole: Vec<(&ObjectId, bool)> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Created(object) if object.id.kind == ObjectKind::Table => Some((&object.id, true)),
            Change::Dropped(object) if object.id.kind == ObjectKind::Table => Some((&object.id, false)),
            Change::Created(_) | Change::Dropped(_) | Change::Altered { .. } => None,
        })
        .collect();
    let with_table = |id: &ObjectId, created: bool| {
        let owner = id.owner_table();
        let of_table = id.kind != ObjectKind::Trigger && owner.is_some_and(|owner| whole.contains(&(&owner, created)));
        of_table || id.name().starts_with("sqlite_autoindex_")
    };
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Created(object) if with_table(&object.id, true) => None,
            Change::Dropped(object) if with_table(&object.id, false) => None,
            Change::Created(object) => Some(format!("created {} {}", object.id.kind.name(), object.id)),
            Change::Dropped(object) => Some(format!("dropped {} {}", object.id.kind.name(), object.id)),
            Change::Altered { before, after } if before.id == after.id => {
                Some(format!("altered {} {}", after.id.kind.name(), after.id))
            }
            Change::Altered { before, after } => Some(format!(
                "renamed {} {} to {}",
                after.id.kind.name(),
                before.id,
                after.id
            )),
        })
        .collect()
}
