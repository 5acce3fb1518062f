//! `dbwright twin`: a disposable database that looks like a snapshot, for as long as somebody needs it.
//!
//! A process of its own (`twin keep`) holds the server, so that it outlives the command and never that process: the guard of
//! the server ends with it. A file by the name of the twin says where it is, and holds nothing while that is being built; when
//! it is removed, the keeper stops. Until the twin is built it also stops when who started it is gone.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};

use dbwright_engineer::{Fidelity, HypotheticalIndex, Twin, TwinSetUp, add_index, build_twin};

use super::check::SetUpArgs;
use super::{cache, snapshot};
use crate::command_error::CommandError;
use crate::terminal;

/// How long stopping may take.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// How often a keeper looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// How often a keeper looks whether somebody is connected.
const COUNT: Duration = Duration::from_mins(1);

/// What the keeper prints when all is said.
const END: &str = ".";

/// Build a disposable database that looks like a snapshot: schema, statistics and sizes, and no row.
///
/// Plans on it are those of production, as far as it says: exact, approximate (and why), or of the schema only. It takes a
/// few megabytes, whatever production takes. Do not run on it what reads tables whole: they seem as large as production's.
#[derive(Args, Debug)]
pub(crate) struct TwinArgs {
    #[command(subcommand)]
    command: TwinCommand,
}

#[derive(Debug, Subcommand)]
enum TwinCommand {
    Start(TwinStartArgs),
    /// List the twins that run.
    List,
    /// Stop a twin and remove all of it.
    Stop {
        /// Its name, as `twin list` tells it.
        name: String,
    },
    Index(TwinIndexArgs),
    #[command(hide = true)]
    Keep(TwinStartArgs),
}

/// Start a twin and print its URL, for psql, an IDE or an ORM.
///
/// It runs until `twin stop`, or until nobody was connected for a while.
#[derive(Args, Debug)]
struct TwinStartArgs {
    /// The snapshot that `dbwright capture` has written.
    file: PathBuf,
    /// What it is called; the name of the file where nothing is said.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// So many minutes without a session end it.
    #[arg(long, value_name = "MINUTES", default_value_t = 480)]
    idle: u64,
    #[command(flatten)]
    set_up: SetUpArgs,
}

/// Make a hypothetical index on a twin: a real one, empty, with the size that it would have.
///
/// Any CREATE INDEX works, of any kind. EXPLAIN on the twin then plans with it; DROP INDEX there takes it away again. Where its
/// size is a rough estimate, that is said.
#[derive(Args, Debug)]
struct TwinIndexArgs {
    /// The twin, as `twin list` names it.
    name: String,
    /// As in 'CREATE INDEX ON orders (placed) WHERE state = 'new''; CONCURRENTLY is left out.
    statement: String,
}

pub(crate) async fn cmd_twin(args: &TwinArgs) -> Result<ExitCode, CommandError> {
    match &args.command {
        TwinCommand::Start(args) => start(args),
        TwinCommand::List => list(),
        TwinCommand::Stop { name } => stop(name).await,
        TwinCommand::Index(args) => index(args).await,
        TwinCommand::Keep(args) => keep(args).await,
    }
}

/// Where a twin is noted: a file that the keeper has locked, and one that says where it is.
struct Note {
    name: String,
    lock: PathBuf,
    told: PathBuf,
}

impl Note {
    fn of(folder: &Path, name: &str) -> Result<Self, CommandError> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
            return Err(CommandError::usage(format!(
                "`{name}` is no name for a twin: letters, digits, -, _ and . are"
            )));
        }
        Ok(Note {
            name: name.to_owned(),
            lock: folder.join(format!("{name}.lock")),
            told: folder.join(format!("{name}.twin")),
        })
    }

    /// Whether somebody keeps it. What a dead keeper has left is removed.
    fn is_kept(&self) -> bool {
        let Ok(file) = File::open(&self.lock) else {
            return false;
        };
        if file.try_lock().is_err() {
            return true;
        }
        let _ = fs::remove_file(&self.told);
        let _ = fs::remove_file(&self.lock);
        false
    }
}

fn folder() -> Result<PathBuf, CommandError> {
    let folder = cache::folder()?.join("twins");
    fs::create_dir_all(&folder)
        .map_err(|error| CommandError::outside(format!("cannot make {}: {error}", folder.display())))?;
    Ok(folder)
}

fn note(args: &TwinStartArgs) -> Result<Note, CommandError> {
    let stem = || args.file.file_stem().map(|name| name.to_string_lossy().into_owned());
    let name = args.name.clone().or_else(stem).unwrap_or_default();
    Note::of(&folder()?, &name)
}

/// Starts the keeper, which goes on when this ends.
fn start(args: &TwinStartArgs) -> Result<ExitCode, CommandError> {
    let note = note(args)?;
    // What is wrong with the file is told here.
    snapshot::read(&args.file)?;
    if note.is_kept() {
        return Err(
            CommandError::usage(format!("a twin named {} runs already", note.name)).hint(format!(
                "`dbwright twin stop {}` stops it; --name gives another name",
                note.name
            )),
        );
    }
    let failed = |error: std::io::Error| CommandError::outside(format!("cannot start the keeper of the twin: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(["twin", "keep"])
        .arg(&args.file)
        .args(["--name", &note.name]);
    command.args(["--idle", &args.idle.to_string()]);
    let folders = args.set_up.bin_dirs();
    for (flag, folders) in [
        ("--postgres-bin", folders.postgres),
        ("--mysql-bin", folders.mysql),
        ("--mariadb-bin", folders.mariadb),
    ] {
        for folder in folders {
            command.arg(flag).arg(folder);
        }
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Ctrl-C at this terminal is not for a twin that runs.
        command.process_group(0);
    }
    let mut keeper = command.spawn().map_err(failed)?;
    // It ends with this process, however that ends; see `given_up`.
    let _wanted = keeper.stdin.take();
    let mut text = String::new();
    let mut is_whole = false;
    if let Some(stdout) = keeper.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(failed)?;
            if line == END {
                is_whole = true;
                break;
            }
            let _ = writeln!(text, "{line}");
        }
    }
    if is_whole {
        terminal::print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut said = String::new();
    if let Some(mut stderr) = keeper.stderr.take() {
        let _ = stderr.read_to_string(&mut said);
    }
    let _ = keeper.wait();
    let said = said.trim().trim_start_matches("error: ").to_owned();
    Err(CommandError::outside(format!("the twin was not built: {said}")))
}

/// Builds the twin and holds it.
async fn keep(args: &TwinStartArgs) -> Result<ExitCode, CommandError> {
    let note = note(args)?;
    let failed = |error: std::io::Error| CommandError::outside(format!("cannot note the twin {}: {error}", note.name));
    let lock = File::create(&note.lock).map_err(failed)?;
    lock.try_lock()
        .map_err(|_| CommandError::outside(format!("a twin named {} runs already", note.name)))?;
    fs::write(&note.told, "").map_err(failed)?;
    let kept = hold(args, &note).await;
    let _ = fs::remove_file(&note.told);
    let _ = fs::remove_file(&note.lock);
    drop(lock);
    kept
}

async fn hold(args: &TwinStartArgs, note: &Note) -> Result<ExitCode, CommandError> {
    let snapshot = snapshot::read(&args.file)?;
    let set_up = TwinSetUp {
        bin_dirs: args.set_up.bin_dirs(),
        cache: cache::folder()?,
    };
    let twin = tokio::select! {
        twin = Box::pin(build_twin(&snapshot, &set_up)) => twin?,
        // Its server ends with this process.
        () = given_up(note) => return Err(CommandError::outside("it was stopped before")),
    };
    let text = told(&twin);
    // Where it was stopped meanwhile, there is no file to write into.
    let file = fs::OpenOptions::new().write(true).open(&note.told);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(CommandError::outside(format!(
            "cannot note the twin {}: {error}",
            note.name
        )));
    }
    // Whoever started this may be gone.
    let _ = terminal::print(&format!("{text}{END}\n"));
    let idle = Duration::from_secs(args.idle.saturating_mul(60));
    let (mut used, mut counted) = (Instant::now(), Instant::now());
    while note.told.exists() && used.elapsed() < idle {
        tokio::time::sleep(LOOK).await;
        if counted.elapsed() < COUNT {
            continue;
        }
        counted = Instant::now();
        match twin.sessions().await {
            Ok(Some(0)) => {}
            Ok(_) => used = Instant::now(),
            // The server is gone.
            Err(_) => break,
        }
    }
    twin.stop().await.map_err(dbwright_engineer::EngineerError::from)?;
    Ok(ExitCode::SUCCESS)
}

/// Waits until nobody wants the twin any more that is being built: somebody stopped it, or who started it was interrupted.
async fn given_up(note: &Note) {
    let (sender, ends) = tokio::sync::oneshot::channel();
    // Nothing is ever written to it: it ends. Where it can't be listened to, the twin is built.
    let _ = std::thread::Builder::new().name("wanted".to_owned()).spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        let _ = sender.send(());
    });
    let parent_is_gone = async {
        if ends.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let is_stopped = async {
        while note.told.exists() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = parent_is_gone => {}
        () = is_stopped => {}
    }
}

fn told(twin: &Twin) -> String {
    let mut text = format!("{}\n", twin.url());
    let (word, reasons) = match twin.fidelity() {
        Fidelity::Exact => ("exact", [].as_slice()),
        Fidelity::Approximate(reasons) => ("approximate", reasons.as_slice()),
        Fidelity::SchemaOnly(reasons) => ("schema only", reasons.as_slice()),
    };
    let _ = writeln!(text, "fidelity: {word}, on {}", twin.server());
    for reason in reasons {
        let _ = writeln!(text, "  {reason}");
    }
    text
}

fn list() -> Result<ExitCode, CommandError> {
    let mut text = String::new();
    let folder = folder()?;
    let mut names: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".lock")?.to_owned()))
        .collect();
    names.sort();
    for name in names {
        let note = Note::of(&folder, &name)?;
        if note.is_kept() {
            let told = fs::read_to_string(&note.told).unwrap_or_default();
            let mut lines = told.lines();
            let url = lines.next().unwrap_or("(being built)");
            let _ = writeln!(text, "{name}  {url}  {}", lines.next().unwrap_or_default());
        }
    }
    if text.is_empty() {
        terminal::talk("no twin runs\n");
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn index(args: &TwinIndexArgs) -> Result<ExitCode, CommandError> {
    let note = running(&args.name)?;
    let told = fs::read_to_string(&note.told);
    let told =
        told.map_err(|error| CommandError::outside(format!("cannot read of the twin {}: {error}", args.name)))?;
    let url = told
        .lines()
        .next()
        .ok_or_else(|| CommandError::outside(format!("the twin {} is still being built", args.name)))?;
    let made = add_index(url, &args.statement).await?;
    terminal::print(&made.iter().map(index_text).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

fn index_text(index: &HypotheticalIndex) -> String {
    let mut text = format!(
        "{}.{} on {}: {}, {} for {} rows\n",
        index.schema,
        index.name,
        index.table,
        index.method,
        size(index.bytes),
        index.rows
    );
    for unsure in &index.unsure {
        let _ = writeln!(text, "  {unsure}");
    }
    text
}

/// As in `6.4 MB`.
fn size(bytes: u64) -> String {
    let tenths = |unit: u32| {
        let tenths = bytes.saturating_mul(10) >> unit;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_048_576 => format!("{} kB", bytes >> 10),
        1_048_576..1_073_741_824 => format!("{} MB", tenths(20)),
        _ => format!("{} GB", tenths(30)),
    }
}

/// The note of a twin that runs.
fn running(name: &str) -> Result<Note, CommandError> {
    let note = Note::of(&folder()?, name)?;
    if note.is_kept() {
        return Ok(note);
    }
    Err(CommandError::usage(format!("no twin named {name} runs")).hint("`dbwright twin list` tells which do"))
}

async fn stop(name: &str) -> Result<ExitCode, CommandError> {
    let note = running(name)?;
    let removed = fs::remove_file(&note.told);
    removed.map_err(|error| CommandError::outside(format!("cannot stop the twin {name}: {error}")))?;
    let begun = Instant::now();
    while note.is_kept() {
        if begun.elapsed() > STOP_LIMIT {
            return Err(CommandError::outside(format!(
                "the twin {name} did not stop within {} s",
                STOP_LIMIT.as_secs()
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
    terminal::talk(&format!("stopped the twin {name}\n"));
    Ok(ExitCode::SUCCESS)
}
