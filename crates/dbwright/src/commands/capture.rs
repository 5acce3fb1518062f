//! `dbwright capture`: a snapshot of a database in one file, without rows.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use dbwright_catalog::{Engine, SampleValues, Snapshot};
use dbwright_engineer::{CaptureRequest, ReadLimits, capture};
use dbwright_report::snapshot::snapshot_file;

use super::schema::passwords;
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Take a snapshot of a database: schema, statistics, sizes, settings and workload; no rows.
///
/// The session is read-only and waits five seconds for a lock and a minute for a statement at most. Only catalogs and views
/// of the server are read, never a table, but for the ends of indexes where values are asked for. What this role may not read is named, with the smallest grant that would help, and
/// left out.
///
/// Statistics hold sample values: the most common ones of a column, bounds of its histogram, the ends of its indexes. By default none is taken, and
/// plans of the twin are approximate where they depend on them. Literals in the texts of queries are always taken out. The schema
/// is taken as it is, with its defaults, checks, comments and the code of its functions.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct CaptureArgs {
    /// The database: postgres://user@host/database, mysql://user@host/database, or a SQLite file. A password may stand in
    /// PGPASSWORD or MYSQL_PWD.
    url: String,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Which sample values are taken.
    #[arg(long, value_name = "WHICH", default_value = "none")]
    values: Values,
    /// A column for which it is the other way round: TABLE.COLUMN or SCHEMA.TABLE.COLUMN (may be given several times).
    #[arg(long, value_name = "COLUMN")]
    except: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Values {
    /// None, but of columns named by --except.
    None,
    /// All, but of columns named by --except.
    All,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 the snapshot is written   2 wrong use   3 a file or server failed   70 a bug in dbwright

Examples:
  dbwright capture postgres://monitor@db/shop -o shop.dbsnap
  dbwright capture postgres://monitor@db/shop -o shop.dbsnap --values none --except orders.status
  dbwright capture postgres://monitor@db/shop -o shop.dbsnap --values all --except users.email
  dbwright capture mysql://monitor@db/shop -o shop.dbsnap
  dbwright capture shop.db -o shop.dbsnap
  dbwright snapshot show shop.dbsnap";

pub(crate) async fn cmd_capture(args: &CaptureArgs) -> Result<ExitCode, CommandError> {
    let request = CaptureRequest {
        url: args.url.clone(),
        values: SampleValues {
            by_default: args.values == Values::All,
            exceptions: args.except.clone(),
        },
        passwords: passwords(),
        limits: ReadLimits::default(),
    };
    let mut line = ProgressLine::new();
    line.show("reading the database");
    let snapshot = Box::pin(capture(&request)).await;
    drop(line);
    let snapshot = snapshot?;
    write(&args.output, &snapshot_file(&snapshot))?;
    terminal::talk(&told(&snapshot, &args.output));
    Ok(ExitCode::SUCCESS)
}

/// Writes it whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| CommandError::outside(format!("cannot write {}: {error}", path.display()));
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Only its owner may read it: it tells much of a database.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn told(snapshot: &Snapshot, path: &Path) -> String {
    let mut text = format!(
        "wrote a snapshot of {} ({}) to {}: {} relations, {} statistics, {} queries; sample values: {}\n",
        snapshot.database,
        snapshot.server,
        path.display(),
        snapshot.relations.len(),
        snapshot.statistics(),
        snapshot.workload.len(),
        snapshot.values
    );
    if snapshot.statistics() == 0 && snapshot.server.engine != Engine::Sqlite {
        text.push_str("no statistics could be read: a twin will know the schema only\n");
    }
    for missing in &snapshot.missing {
        let _ = writeln!(text, "not read: {}: {}", missing.what, missing.why);
    }
    text
}
