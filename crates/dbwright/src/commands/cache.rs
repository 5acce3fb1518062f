//! `dbwright cache`: what earlier checks have kept, and where that is settled.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use dbwright_engineer::{CACHE_BYTES_MAX, CacheContents, CacheEntry, CacheEntryKind, cache_contents, clear_cache};

use crate::command_error::CommandError;
use crate::terminal;

/// Show or clear what earlier checks have kept for later ones.
///
/// A check keeps the database as it is before the first migration that it judges, and what it has found out, so that the
/// next one runs only what is new. Kept is found again only for exactly the same migrations, run in the same manner, by the
/// same build of the same server and the same dbwright. Nothing is kept of what runs on a server given by --scratch-url.
///
/// It lies in DBWRIGHT_CACHE (else in `dbwright` in your cache folder), and takes at most DBWRIGHT_CACHE_MAX (as in 500MB;
/// 2GB where it is not set; with 0 nothing is kept). What was not used for the longest time goes first. All of it can be
/// removed at any time.
#[derive(Args, Debug)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    command: CacheCommand,
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// List what is kept, what was used last first.
    Show,
    /// Remove all that is kept.
    Clear,
}

pub(crate) fn cmd_cache(args: &CacheArgs) -> Result<ExitCode, CommandError> {
    let text = match args.command {
        CacheCommand::Show => shown(&cache_contents(&folder()?, bytes_max()?), SystemTime::now()),
        CacheCommand::Clear => {
            let removed = clear_cache(&folder()?)?;
            format!("removed {} from {}\n", size(removed.bytes()), removed.folder.display())
        }
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// `$DBWRIGHT_CACHE`, else `dbwright` in the user's cache folder.
pub(crate) fn folder() -> Result<PathBuf, CommandError> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(path) = variable("DBWRIGHT_CACHE") {
        return Ok(path);
    }
    let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let caches = if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("dbwright")).ok_or_else(|| {
        CommandError::outside("no folder for the cache: HOME is not set").hint("set DBWRIGHT_CACHE to a folder")
    })
}

/// `$DBWRIGHT_CACHE_MAX`, else 2 GB.
pub(crate) fn bytes_max() -> Result<u64, CommandError> {
    let Some(text) = std::env::var_os("DBWRIGHT_CACHE_MAX").filter(|text| !text.is_empty()) else {
        return Ok(CACHE_BYTES_MAX);
    };
    let text = text.to_string_lossy();
    parse_size(&text).ok_or_else(|| {
        CommandError::usage(format!("DBWRIGHT_CACHE_MAX is no size: {text}"))
            .hint("write it as in 500MB or 2GB; with 0 nothing is kept")
    })
}

/// Reads `500MB`, `2 GB`, `1.5GiB`, `0`. A kilobyte is 1024 bytes.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return None,
    };
    #[expect(clippy::cast_sign_loss, reason = "there is no sign in what was read")]
    let bytes = (number * 1024_f64.powi(unit)) as u64;
    Some(bytes)
}

fn shown(contents: &CacheContents, now: SystemTime) -> String {
    let mut text = format!(
        "{}: {} of at most {}\n",
        contents.folder.display(),
        size(contents.bytes()),
        size(contents.bytes_max)
    );
    if contents.entries.is_empty() {
        text.push_str("\nNothing is kept yet.\n");
        return text;
    }
    text.push('\n');
    let lines: Vec<[String; 4]> = contents.entries.iter().map(|entry| line(entry, now)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let (what, size, used) = (width(0), width(1), width(2));
    for [a, b, c, d] in &lines {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {a:what$}  {b:>size$}  {c:used$}  {d}");
    }
    text
}

/// What it is, its size, when it was used, on which server.
fn line(entry: &CacheEntry, now: SystemTime) -> [String; 4] {
    let migrations = |count: usize| match count {
        1 => format!("1 migration of {}", entry.folder),
        _ => format!("{count} migrations of {}", entry.folder),
    };
    let what = match entry.kind {
        CacheEntryKind::Prefix => format!("database after {}", migrations(entry.migrations)),
        CacheEntryKind::Trace => format!("findings on {}", migrations(entry.migrations)),
        CacheEntryKind::Template => "empty server".to_owned(),
    };
    let build = if entry.build.is_empty() {
        "of another version of dbwright, or damaged".to_owned()
    } else {
        entry.build.clone()
    };
    [what, size(entry.bytes), used(entry.last_used, now), build]
}

fn used(at: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(at).map_or(0, |elapsed| elapsed.as_secs());
    match seconds {
        0..60 => "used just now".to_owned(),
        60..3600 => format!("used {} min ago", seconds / 60),
        3600..86400 => format!("used {} h ago", seconds / 3600),
        _ => format!("used {} d ago", seconds / 86400),
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1000.0 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(number < 10.0 && unit > 0);
    format!("{number:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("500MB", Some(500 << 20)),
            ("2 GB", Some(2 << 30)),
            ("1.5GiB", Some(3 << 29)),
            ("12", Some(12)),
            ("-1", None),
            ("much", None),
            ("2 parsecs", None),
            ("", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }

    #[test]
    fn entries_stand_in_columns_below_the_total() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1000);
        let entry = |kind, migrations, bytes, ago| CacheEntry {
            kind,
            engine: "postgres".to_owned(),
            build: "postgres (PostgreSQL) 18.4".to_owned(),
            folder: "db/migrations".to_owned(),
            migrations,
            bytes,
            last_used: now - Duration::from_secs(ago),
            path: PathBuf::new(),
        };
        let contents = CacheContents {
            folder: "~/.cache/dbwright".into(),
            entries: vec![
                entry(CacheEntryKind::Trace, 342, 900 << 10, 5),
                entry(CacheEntryKind::Prefix, 341, 48 << 20, 200),
                entry(CacheEntryKind::Template, 0, 29 << 20, 200_000),
            ],
            bytes_max: 2 << 30,
        };
        let expected = "\
~/.cache/dbwright: 78 MB of at most 2.0 GB

  findings on 342 migrations of db/migrations     900 kB  used just now   postgres (PostgreSQL) 18.4
  database after 341 migrations of db/migrations   48 MB  used 3 min ago  postgres (PostgreSQL) 18.4
  empty server                                     29 MB  used 2 d ago    postgres (PostgreSQL) 18.4
";
        assert_eq!(shown(&contents, now), expected);
    }
}
