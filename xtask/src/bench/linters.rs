//! `cargo xtask bench check --squawk PROGRAM`: time and findings beside a public linter, on the made-up history and on
//! repositories that are named, PostgreSQL only.
//!
//! A linter reads the text of each file by itself; dbwright is measured twice: predicting (`--static`) and running.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::CheckArgs;
use super::check::{manifest_programs, release_build};
use super::history::{self, Engine};
use super::measure::{Line, Times, seconds, table};
use super::project::{Dbwright, Project};

/// So many rules of each side are named.
const RULES_SHOWN: usize = 8;

/// A file and a line in it.
type Spot = (PathBuf, u64);

/// What one program found.
struct Found {
    time: Duration,
    /// Rule and spot.
    findings: Vec<(String, Spot)>,
}

/// Runs the comparison.
pub(super) fn run(args: &CheckArgs, squawk: &Path) -> Result<()> {
    let work = tempfile::Builder::new().prefix("dbwright-bench-").tempdir()?;
    fs::set_permissions(work.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let (version, bin) = manifest_programs(Engine::Postgres, args.postgres)?;
    let program = match &args.dbwright {
        Some(program) => program.canonicalize()?,
        None => release_build()?,
    };
    let dbwright = Dbwright {
        program,
        bin: Some((Engine::Postgres, bin)),
    };
    let made_up = Project::new(
        work.path().join("made-up"),
        Engine::Postgres,
        Some(&version),
        &history::files(Engine::Postgres, args.files),
    )?;
    let mut folders = vec![("made up".to_owned(), made_up.folder)];
    for repository in &args.repository {
        let folder = repository
            .canonicalize()
            .with_context(|| format!("no {}", repository.display()))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        folders.push((name, folder));
    }
    let cache = work.path().join("cache");
    let mut lines = Vec::new();
    for (name, folder) in folders {
        eprintln!("bench: squawk: {name}");
        tell(&name, &folder, &dbwright, &cache, squawk, args.rounds, &mut lines)?;
    }
    println!("\n{}", table(&lines));
    Ok(())
}

/// Measures one repository and prints what was found.
fn tell(
    name: &str,
    folder: &Path,
    dbwright: &Dbwright,
    cache: &Path,
    squawk: &Path,
    rounds: u32,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let common = ["--engine", "postgres", "--all", "--format", "json"];
    let running = [&common[..], &["--no-cache", "--no-rollback"]].concat();
    let predicting = [&common[..], &["--static"]].concat();
    let (mut ran, mut predicted, mut linted) = (Times::default(), Times::default(), Times::default());
    let mut last = None;
    for _ in 0..rounds {
        let (run, files) = check(dbwright, folder, cache, &running)?;
        let (prediction, _) = check(dbwright, folder, cache, &predicting)?;
        let linter = lint(squawk, folder, &files)?;
        ran.add(run.time);
        predicted.add(prediction.time);
        linted.add(linter.time);
        last = Some((run, prediction, linter, files.len()));
    }
    let Some((run, prediction, linter, files)) = last else {
        return Ok(());
    };
    println!("{name}: {files} files");
    for (what, found) in [("check", &run), ("check --static", &prediction), ("squawk", &linter)] {
        println!(
            "  {what:14}  {:5} findings, {:4.2} a file, {}: {}",
            found.findings.len(),
            per_file(found.findings.len(), files),
            seconds(found.time),
            rules(&found.findings)
        );
    }
    let spots = |found: &Found| {
        found
            .findings
            .iter()
            .map(|(_, spot)| spot.clone())
            .collect::<BTreeSet<Spot>>()
    };
    let (ours, theirs) = (spots(&run), spots(&linter));
    println!(
        "  lines: {} of both, {} of check alone, {} of squawk alone",
        ours.intersection(&theirs).count(),
        ours.difference(&theirs).count(),
        theirs.difference(&ours).count()
    );
    let base = linted.median();
    for (what, times) in [("check", ran), ("check --static", predicted)] {
        lines.push(Line {
            engine: "PostgreSQL",
            what: format!("{name}: {what}"),
            times,
            base: Some(base),
        });
    }
    lines.push(Line {
        engine: "PostgreSQL",
        what: format!("{name}: squawk"),
        times: linted,
        base: None,
    });
    Ok(())
}

/// Runs `dbwright check`; what it found, and the SQL files below the folders of its histories.
fn check(dbwright: &Dbwright, folder: &Path, cache: &Path, arguments: &[&str]) -> Result<(Found, Vec<PathBuf>)> {
    let mut command = dbwright.check(folder, cache, arguments);
    let (time, report) = timed(&mut command)?;
    let report: Value = serde_json::from_slice(&report).context("the report of dbwright is not JSON")?;
    let mut findings = Vec::new();
    for finding in list(&report["findings"]) {
        let spot = (
            folder.join(text(&finding["file"])),
            finding["line"].as_u64().unwrap_or(0),
        );
        findings.push((text(&finding["rule"]).to_owned(), spot));
    }
    let mut files = Vec::new();
    for history in list(&report["histories"]) {
        sql_files(&folder.join(text(&history["folder"])), &mut files)?;
    }
    files.sort();
    files.dedup();
    Ok((Found { time, findings }, files))
}

/// Runs squawk on these files with the rules that it has on by itself.
fn lint(squawk: &Path, folder: &Path, files: &[PathBuf]) -> Result<Found> {
    let mut command = Command::new(squawk);
    command
        .args(["--reporter", "json"])
        .args(files)
        .current_dir(folder)
        .stdin(Stdio::null());
    let (time, report) = timed(&mut command)?;
    let report: Value = serde_json::from_slice(&report).context("the report of squawk is not JSON")?;
    let findings = list(&report).iter().map(|finding| {
        // It counts lines from 0.
        let line = finding["line"].as_u64().unwrap_or(0) + 1;
        (
            text(&finding["rule_name"]).to_owned(),
            (folder.join(text(&finding["file"])), line),
        )
    });
    Ok(Found {
        time,
        findings: findings.collect(),
    })
}

/// Runs a program whose exit code 1 means that it found something.
fn timed(command: &mut Command) -> Result<(Duration, Vec<u8>)> {
    let started = Instant::now();
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let time = started.elapsed();
    match output.status.code() {
        Some(0 | 1) => Ok((time, output.stdout)),
        _ => bail!(
            "{} failed ({}): {}",
            command.get_program().display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

/// SQL files below a folder, without those that lead back.
fn sql_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            sql_files(&path, files)?;
        } else if let Some(stem) = name.strip_suffix(".sql")
            && stem.rsplit('.').next() != Some("down")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn per_file(findings: usize, files: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are few findings")]
    let share = findings as f64 / files.max(1) as f64;
    share
}

/// The most frequent rules with their numbers: `5 a, 2 b`.
fn rules(findings: &[(String, Spot)]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (rule, _) in findings {
        *counts.entry(rule).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
    let more = counts.len().saturating_sub(RULES_SHOWN);
    let mut told: Vec<String> = counts
        .iter()
        .take(RULES_SHOWN)
        .map(|(rule, count)| format!("{count} {rule}"))
        .collect();
    if more > 0 {
        told.push(format!("{more} more rules"));
    }
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_rules_come_first() {
        let finding = |rule: &str| (rule.to_owned(), (PathBuf::from("1.sql"), 1));
        let findings = ["b", "a", "c", "c"].map(finding);
        assert_eq!(rules(&findings), "2 c, 1 a, 1 b");
    }

    #[test]
    fn files_that_lead_back_are_not_linted() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("1_a")).unwrap();
        for name in ["1_a/up.sql", "1_a/down.sql", "2_b.up.sql", "2_b.down.sql", "README.md"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut files = Vec::new();
        sql_files(folder.path(), &mut files).unwrap();
        files.sort();
        assert_eq!(
            files,
            [folder.path().join("1_a/up.sql"), folder.path().join("2_b.up.sql")]
        );
    }
}
