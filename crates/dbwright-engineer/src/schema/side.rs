//! The two sides of a comparison, printed by the same engine and major: a live one as it is, the other one built on a
//! scratch server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dbwright_catalog::{
    Catalog, Engine, History, Object, ObjectId, ObjectKind, Reading, RunMode, SchemaSide, Server, SideKind, Unmodelled,
    Version,
};
use dbwright_live::connect::Connection;
use dbwright_live::scratch::{Scratch, ScratchOptions};
use dbwright_sql::{DeclaredRename, Dialect, declared_renames};

use super::error::SchemaError;
use super::source::{Source, What};
use super::{Incomplete, SchemaPhase, SchemaSetUp, apply, snapshot};
use crate::EngineerError;

/// One schema with all that is known of it.
pub(super) struct Side {
    pub(super) about: SchemaSide,
    pub(super) catalog: Catalog,
    /// What builds it in an empty database; nothing where it is live and has not been written as SQL.
    pub(super) script: Option<History>,
    /// Renames that its files declare, with the file.
    pub(super) renames: Vec<(PathBuf, DeclaredRename)>,
    /// The columns of its views.
    pub(super) view_columns: BTreeMap<ObjectId, Vec<(String, String)>>,
}

/// Both sides, and the server that printed what was built.
pub(super) struct Sides {
    pub(super) before: Side,
    pub(super) after: Side,
    pub(super) scratch: Option<Scratch>,
}

/// Opens both sources. That which knows its engine is opened first.
pub(super) async fn open_both(
    before: &str,
    after: &str,
    set_up: &SchemaSetUp,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<(Source, Source), EngineerError> {
    let given = set_up.overrides.engine;
    if dbwright_live::connect::DatabaseUrl::is_meant(after) {
        let after = super::source::open(after, set_up, given, progress).await?;
        let before = super::source::open(before, set_up, given.or(after.engine()), progress).await?;
        return Ok((before, after));
    }
    let before = super::source::open(before, set_up, given, progress).await?;
    let after = super::source::open(after, set_up, given.or(before.engine()), progress).await?;
    Ok((before, after))
}

/// The engine of both sides.
pub(super) fn common_engine(before: &Source, after: &Source, given: Option<Engine>) -> Result<Engine, SchemaError> {
    let live = before.server().or(after.server()).map(|server| server.engine);
    let both = [before, after].map(Source::engine);
    let engine = live
        .or(given)
        .or(both[0])
        .or(both[1])
        .ok_or_else(|| SchemaError::NoEngine {
            source_text: format!("{}, {}", before.shown, after.shown),
        })?;
    for side in [before, after] {
        let fits = match (side.server(), side.engine()) {
            (Some(server), _) => server.engine == engine,
            // Marks of several engines, or of none: the server says.
            (None, None) => true,
            (None, Some(written_for)) => apply::may_be(written_for, engine),
        };
        if !fits {
            let name = |side: &Source| side.engine().unwrap_or(engine);
            return Err(SchemaError::DifferentEngines {
                before: before.shown.clone(),
                before_engine: name(before),
                after: after.shown.clone(),
                after_engine: name(after),
            });
        }
    }
    Ok(engine)
}

/// Reads both sides.
pub(super) async fn read_both(
    before: Source,
    after: Source,
    set_up: &SchemaSetUp,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Sides, EngineerError> {
    let engine = common_engine(&before, &after, set_up.overrides.engine)?;
    let servers: Vec<Server> = [&before, &after]
        .iter()
        .filter_map(|side| side.server().cloned())
        .collect();
    let wanted = servers
        .iter()
        .map(|server| server.version)
        .max()
        .or(set_up.overrides.engine_version)
        .or(before.version())
        .or(after.version());
    let all_live_and_alike = servers.len() == 2 && same_line(&servers[0], &servers[1]);
    let scratch = if all_live_and_alike {
        None
    } else {
        Some(start(engine, wanted, set_up, progress).await?)
    };
    let built = async {
        // What is built gets the defaults of the database that it is compared with.
        let (mut before, mut after) = if before.server().is_none() && after.server().is_some() {
            let after = one(after, scratch.as_ref(), None, set_up, progress).await?;
            let defaults = defaults(&after);
            let before = one(before, scratch.as_ref(), defaults.as_deref(), set_up, progress).await?;
            (before, after)
        } else {
            let before = one(before, scratch.as_ref(), None, set_up, progress).await?;
            let defaults = defaults(&before);
            let after = one(after, scratch.as_ref(), defaults.as_deref(), set_up, progress).await?;
            (before, after)
        };
        note_version(&mut before, wanted);
        note_version(&mut after, wanted);
        Ok((before, after))
    };
    match built.await {
        Ok((before, after)) => Ok(Sides { before, after, scratch }),
        Err(error) => {
            // A given server is cleaned up by nobody else.
            if let Some(scratch) = scratch {
                let _ = scratch.stop().await;
            }
            Err(error)
        }
    }
}

/// The statement that gives another database the character set and collation that a live one of MySQL or MariaDB has: tables
/// that say nothing of theirs get these.
fn defaults(side: &Side) -> Option<String> {
    let is_live = matches!(side.about.kind, SideKind::Live | SideKind::Rebuilt);
    let has_defaults = matches!(side.about.server.engine, Engine::MySql | Engine::MariaDb);
    let schemas = side.catalog.objects.values();
    let schema = schemas
        .filter(|_| is_live && has_defaults)
        .find(|object| object.id.kind == ObjectKind::Schema)?;
    let (letters, _) = super::compare::defaults_of(&schema.definition);
    Some(format!("ALTER DATABASE {letters}"))
}

/// Says where SQL ran on another version than was asked for.
pub(super) fn note_version(side: &mut Side, wanted: Option<Version>) {
    let Some(version) = wanted else { return };
    let here = &side.about.server;
    let asked = Server {
        engine: here.engine,
        version,
    };
    let is_built = matches!(
        side.about.kind,
        SideKind::Desired | SideKind::History | SideKind::Snapshot
    );
    // Where only a major was said, any of its releases is meant.
    let is_it = same_line(here, &asked) || (version.minor == 0 && version.major == here.version.major);
    if is_built && !is_it {
        let note = format!("{asked} was asked for, and {here} is the nearest at hand.");
        side.about.notes.push(note);
    }
}

/// Starts a scratch server of a version, or the nearest.
pub(super) async fn start(
    engine: Engine,
    version: Option<Version>,
    set_up: &SchemaSetUp,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Scratch, EngineerError> {
    progress(SchemaPhase::Building);
    let options = ScratchOptions {
        version,
        ..set_up.scratch_options(engine)?
    };
    Ok(Scratch::start(engine, &options).await?)
}

/// Whether two servers print definitions alike: the same major of PostgreSQL, the same series of MySQL and MariaDB.
pub(super) fn same_line(one: &Server, other: &Server) -> bool {
    let version = |server: &Server| (server.version.major, server.version.minor);
    match one.engine {
        Engine::Postgres => one.version.major == other.version.major,
        Engine::MySql | Engine::MariaDb => version(one) == version(other),
        Engine::Sqlite => true,
    }
}

/// Reads one side; what is not live, or of another version than the scratch server, is built there, in a database with these
/// `defaults`.
pub(super) async fn one(
    source: Source,
    scratch: Option<&Scratch>,
    defaults: Option<&str>,
    set_up: &SchemaSetUp,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Side, EngineerError> {
    let shown = source.shown.clone();
    match source.what {
        What::Database(mut connection) => {
            let live = live(shown, &mut connection, progress).await;
            connection.close().await;
            let live = live?;
            match scratch {
                Some(scratch) if !same_line(&live.about.server, scratch.server()) => rebuilt(live, scratch).await,
                _ => Ok(live),
            }
        }
        What::Desired(desired) => {
            let scratch = must_have(scratch)?;
            let server = scratch.server();
            let dialect = Dialect::client(server.engine);
            let mut renames = Vec::new();
            for (path, text) in desired.texts() {
                let (found, unclear) = declared_renames(dialect, text);
                if let Some(unclear) = unclear.first() {
                    return Err(SchemaError::Rename {
                        from: format!("{}:{}", path.display(), unclear.line),
                        problem: unclear.problem.clone(),
                    }
                    .into());
                }
                renames.extend(found.into_iter().map(|rename| (path.to_owned(), rename)));
            }
            let mut history = desired.history(server.engine, None);
            begin_with(&mut history, defaults);
            let mut built = build(shown, SideKind::Desired, history, scratch, set_up.incomplete).await?;
            built.renames = renames;
            Ok(built)
        }
        What::History(history) => {
            let scratch = must_have(scratch)?;
            let mut history = *history;
            if history.engine != scratch.server().engine {
                // Written for MySQL, as far as somebody could tell, and run on MariaDB.
                let set_up = SchemaSetUp {
                    overrides: dbwright_repo::Overrides {
                        engine: Some(scratch.server().engine),
                        ..set_up.overrides.clone()
                    },
                    ..set_up.clone()
                };
                let folder = std::path::absolute(&shown).unwrap_or_else(|_| PathBuf::from(&shown));
                history = if folder.exists() {
                    super::source::history(&folder, &set_up, None)?
                } else {
                    History {
                        engine: scratch.server().engine,
                        ..history
                    }
                };
            }
            begin_with(&mut history, defaults);
            build(shown, SideKind::History, history, scratch, set_up.incomplete).await
        }
        What::Snapshot(snapshot) => snapshot::build(shown, &snapshot, must_have(scratch)?, set_up.incomplete).await,
    }
}

/// Reads a live database.
pub(super) async fn live(
    shown: String,
    connection: &mut Connection,
    progress: &mut (dyn FnMut(SchemaPhase) + Send),
) -> Result<Side, EngineerError> {
    progress(SchemaPhase::Reading);
    let reading = connection.read().await?;
    let server = connection.server().clone();
    Ok(side(shown, SideKind::Live, server, reading, Vec::new()))
}

/// Puts a statement of our own in front of a history.
fn begin_with(history: &mut History, defaults: Option<&str>) {
    if let Some(sql) = defaults {
        let first = apply::migration("the defaults of the database", [sql], RunMode::EachStatement);
        history.migrations.insert(0, first);
    }
}

fn must_have(scratch: Option<&Scratch>) -> Result<&Scratch, EngineerError> {
    scratch.ok_or_else(|| {
        EngineerError::Live(dbwright_live::LiveError::Unsupported {
            what: "SQL can't be run without a scratch server".to_owned(),
        })
    })
}

/// Runs a history on the scratch server and reads what it leaves.
pub(super) async fn build(
    shown: String,
    kind: SideKind,
    history: History,
    scratch: &Scratch,
    incomplete: Incomplete,
) -> Result<Side, EngineerError> {
    let server = scratch.server().clone();
    let replayed = scratch.replay(&history, &mut |_| {}).await?;
    let not_run = match incomplete {
        Incomplete::Refused => {
            apply::must_apply(&history, &replayed, &server).map_err(SchemaError::or_incomplete)?;
            Vec::new()
        }
        Incomplete::Told => apply::not_run(&history, &replayed),
    };
    let mut reading = scratch.read(&replayed.database).await?;
    without_rights_of_scratch(&mut reading, scratch);
    let mut side = side(shown, kind, server, reading, replayed.assumptions);
    side.script = Some(history);
    side.about.not_run = not_run;
    Ok(side)
}

/// What the scratch server's own user may do is no part of what was built.
fn without_rights_of_scratch(reading: &mut Reading, scratch: &Scratch) {
    let migrator = scratch.migrator().unwrap_or_default();
    let is_of_scratch = |object: &Unmodelled| object.kind.starts_with("grant") && object.name.contains(migrator);
    reading.unmodelled.retain(|object| !is_of_scratch(object));
}

/// A live side, built again on a scratch server of another version, so that the same server prints both.
async fn rebuilt(live: Side, scratch: &Scratch) -> Result<Side, EngineerError> {
    let server = scratch.server().clone();
    let refused = |refusals| SchemaError::OtherVersion {
        source_text: live.about.shown.clone(),
        server: live.about.server.clone(),
        here: server.clone(),
        refusals,
    };
    let mut catalog = live.catalog.clone();
    super::ours::without(&mut catalog, &super::ours::foreign(&live.catalog));
    let of_accounts = of_accounts(&mut catalog);
    let rendered = dbwright_ddl::render(&catalog);
    if !rendered.refusals.is_empty() {
        return Err(refused(rendered.refusals).into());
    }
    let history = script(&server, &rendered);
    let replayed = scratch.replay(&history, &mut |_| {}).await?;
    apply::must_apply(&history, &replayed, &server)?;
    let mut reading = scratch.read(&replayed.database).await?;
    without_rights_of_scratch(&mut reading, scratch);
    if !of_accounts.is_empty() {
        reading.catalog.objects.retain(|id, _| !OF_ACCOUNTS.contains(&id.kind));
        reading.catalog.objects.extend(of_accounts);
    }
    let note = format!(
        "It is {}, and was built again on {server}, so that the same server prints both sides.",
        live.about.server
    );
    let mut side = side(live.about.shown, SideKind::Rebuilt, server, reading, vec![note]);
    side.script = Some(history);
    Ok(side)
}

/// Kinds of objects that speak of accounts, which belong to the server.
const OF_ACCOUNTS: [ObjectKind; 2] = [ObjectKind::Owner, ObjectKind::Grant];

/// Takes out what can be made only where accounts are, on MySQL and MariaDB, whose versions print it alike.
fn of_accounts(catalog: &mut Catalog) -> Vec<(ObjectId, Object)> {
    match catalog.server.engine {
        Engine::MySql | Engine::MariaDb => {}
        Engine::Postgres | Engine::Sqlite => return Vec::new(),
    }
    let taken = catalog.objects.extract_if(.., |id, _| OF_ACCOUNTS.contains(&id.kind));
    taken.collect()
}

/// A rendered catalog as a history.
pub(super) fn script(server: &Server, rendered: &dbwright_ddl::Rendered) -> History {
    let statements = rendered.steps.iter().map(|step| step.sql.as_str());
    apply::history(
        server,
        vec![apply::migration(
            "the schema as it is",
            statements,
            RunMode::EachStatement,
        )],
    )
}

fn side(shown: String, kind: SideKind, server: Server, reading: Reading, notes: Vec<String>) -> Side {
    Side {
        about: SchemaSide {
            shown,
            kind,
            server,
            notes,
            unmodelled: reading.unmodelled,
            unread: reading.unread,
            not_run: Vec::new(),
        },
        catalog: reading.catalog,
        script: None,
        renames: Vec::new(),
        view_columns: reading.view_columns,
    }
}
