//! Git repositories that a test makes for itself.

use std::path::Path;
use std::process::Command;

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
