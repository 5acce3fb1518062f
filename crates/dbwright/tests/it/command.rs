//! Runs the program, and prepares folders for it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run came to.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Both streams and the code, for snapshots.
    pub(crate) fn shown(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        let stderr = if self.stderr.is_empty() {
            String::new()
        } else {
            format!("--- stderr\n{}", self.stderr)
        };
        masked(&format!("{}{stderr}--- exit code {code}\n", self.stdout))
    }
}

/// The program with these arguments, at the root of this repository, with an environment that is the same everywhere.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let temporary = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let home = temporary.join("home");
    std::fs::create_dir_all(&home).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dbwright"));
    command
        .args(arguments)
        .current_dir(repository())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("DBWRIGHT_CACHE", temporary.join("cache"))
        // A report says what came from the cache: it must not depend on which test ran first.
        .env("DBWRIGHT_CACHE_MAX", "0")
        .env("DBWRIGHT_POSTGRES_BIN", postgres().1)
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

/// Runs it.
pub(crate) fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program with these arguments.
pub(crate) fn dbwright(arguments: &[&str]) -> Run {
    run(&mut command(arguments))
}

/// Runs the program in a folder.
pub(crate) fn dbwright_in(folder: &Path, arguments: &[&str]) -> Run {
    run(command(arguments).current_dir(folder))
}

/// Runs the program with something on standard input.
pub(crate) fn dbwright_reading(input: &[u8], arguments: &[&str]) -> Run {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with these files, in no repository.
pub(crate) fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("project-").tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text.as_bytes());
    }
    folder
}

pub(crate) fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Makes a folder a git repository with one commit of all that is in it.
pub(crate) fn commit(folder: &Path) {
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .args([
                "-c",
                "user.name=Test",
                "-c",
                "user.email=test@example.org",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    if !folder.join(".git").exists() {
        git(&["init", "--quiet"]);
    }
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "x"]);
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Version and programs of the PostgreSQL that the tests use, as `cargo xtask engines` has installed it.
pub(crate) fn postgres() -> (String, PathBuf) {
    installed("postgres", "18.")
}

/// Version and programs of a server whose version begins like this.
pub(crate) fn installed(engine: &str, version_start: &str) -> (String, PathBuf) {
    let folder = match std::env::var_os("DBWRIGHT_ENGINES") {
        Some(folder) => PathBuf::from(folder),
        None if rustix::process::geteuid().is_root() => PathBuf::from("/var/cache/dbwright-engines"),
        None => std::env::home_dir().unwrap().join(".cache/dbwright-engines"),
    };
    let file = folder.join("manifest.tsv");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask engines`", file.display()));
    let installed = text.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let is_wanted = fields.next() == Some(engine);
        let version = fields
            .next()
            .filter(|version| is_wanted && version.starts_with(version_start))?;
        Some((version.to_owned(), PathBuf::from(fields.next()?)))
    });
    installed.unwrap_or_else(|| {
        panic!(
            "{}: no {engine} {version_start}: run `cargo xtask engines`",
            file.display()
        )
    })
}

/// The text without what differs from machine to machine and from run to run: exact versions, durations, folders.
pub(crate) fn masked(text: &str) -> String {
    let (_, bin) = postgres();
    let text = text
        .replace(&repository().display().to_string(), "[repository]")
        .replace(&bin.display().to_string(), "[bin]");
    let text = without_version(&without_version(&text, "PostgreSQL", "18."), "SQLite", "3.");
    let is_status = |line: &str| line.starts_with("dbwright: ");
    let lines = text
        .split_inclusive('\n')
        .map(|line| match line.trim_end().rsplit_once(' ') {
            Some((before, "ms" | "s" | "min")) if is_status(line) => {
                format!(
                    "{} [time]\n",
                    before
                        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
                        .trim_end()
                )
            }
            _ => line.to_owned(),
        });
    lines.collect()
}

/// Replaces the version that follows the name of an engine, wherever it stands.
fn without_version(text: &str, engine: &str, major: &str) -> String {
    let beginning = format!("{engine} {major}");
    let Some(at) = text.find(&beginning) else {
        return text.to_owned();
    };
    let rest = &text[at + engine.len() + 1..];
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    text.replace(rest[..end].trim_end_matches('.'), &format!("{major}x"))
}
