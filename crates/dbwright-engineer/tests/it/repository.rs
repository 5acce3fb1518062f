//! Git repositories that a test makes for itself.

use std::path::Path;
use std::process::Command;

use dbwright_catalog::Engine;
use dbwright_engineer::{BinDirs, CheckRequest, Input, Overrides, Scope};
use tempfile::TempDir;

/// A folder that is removed with the test.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    /// An empty folder without git.
    pub(crate) fn plain() -> Self {
        Repository {
            folder: TempDir::new().unwrap(),
        }
    }

    /// An empty repository on the branch `main`.
    pub(crate) fn with_git() -> Self {
        let repository = Repository::plain();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A check of what is new in it, without ways back, with a cache of its own that keeps nothing.
    pub(crate) fn check_request(&self, engine: Engine, bin_dirs: BinDirs) -> CheckRequest {
        CheckRequest {
            predicted: false,
            snapshot: None,
            input: Input::Repository(self.path().to_owned()),
            overrides: Overrides {
                engine: Some(engine),
                ..Overrides::default()
            },
            scope: Scope::New,
            tries_ways_back: false,
            scratch_url: None,
            bin_dirs,
            cache: self.path().join(".cache"),
            cache_bytes_max: 0,
        }
    }

    /// Commits everything.
    pub(crate) fn commit(&self) -> &Self {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
        self
    }

    /// Goes to a new branch.
    pub(crate) fn branch(&self, name: &str) -> &Self {
        self.git(&["switch", "--quiet", "--create", name]);
        self
    }

    /// Runs git, without what the machine's configuration would have it do.
    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Test",
                "-c",
                "user.email=test@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .arg("-C")
            .arg(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git is installed");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
