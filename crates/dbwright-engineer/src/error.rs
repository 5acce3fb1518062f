//! What can go wrong in a use case.

use dbwright_live::LiveError;
use dbwright_repo::RepoError;

use crate::fix_files::FixError;
use crate::schema::SchemaError;

/// Whose turn it is when something went wrong. Decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request does not settle what to do.
    Usage,
    /// A file, a server or a program is not as it should be.
    Outside,
    /// It could be done, and is refused for safety.
    Refused,
}

/// Why a use case came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineerError {
    /// The repository could not be read or does not settle what to do.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A server, a session or a file failed.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// A schema, or two that were compared.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Files could not be written.
    #[error(transparent)]
    Fix(#[from] FixError),
    /// There is no rule of that name.
    #[error("unknown rule `{name}`{}", from.as_ref().map(|from| format!(" ({from})")).unwrap_or_default())]
    UnknownRule {
        /// The name.
        name: String,
        /// Who names it, where it was not the command itself: `dbwright.toml:4`.
        from: Option<String>,
    },
    /// What `--scratch-url` was given.
    #[error("--scratch-url: {0}")]
    ScratchUrl(String),
}

impl EngineerError {
    /// Whose turn it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            EngineerError::Repo(error) => match error.kind() {
                dbwright_repo::ErrorKind::Usage => ErrorKind::Usage,
                dbwright_repo::ErrorKind::Outside => ErrorKind::Outside,
            },
            EngineerError::Live(error) if error.is_refusal() => ErrorKind::Refused,
            EngineerError::Live(LiveError::Install(error)) if error.is_wrong_use() => ErrorKind::Usage,
            EngineerError::Live(_) | EngineerError::Fix(FixError::Unwritable { .. }) => ErrorKind::Outside,
            EngineerError::Schema(error) => error.kind(),
            EngineerError::Fix(FixError::Changed { .. } | FixError::Exists { .. }) => ErrorKind::Refused,
            EngineerError::UnknownRule { .. } | EngineerError::ScratchUrl(_) => ErrorKind::Usage,
        }
    }

    /// What is wrong, with its causes, in one line.
    pub fn message(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let more = error.to_string();
            // The driver's word for "see below".
            if more != "db error" && !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        text
    }

    /// What to do.
    pub fn hints(&self) -> Vec<String> {
        match self {
            EngineerError::Repo(error) => error.hint().into_iter().collect(),
            EngineerError::Live(error) => error.hints(),
            EngineerError::Schema(error) => error.hints(),
            EngineerError::Fix(FixError::Changed { .. } | FixError::Exists { .. }) => {
                vec!["run `dbwright check --fix` again; what is there is checked anew".to_owned()]
            }
            EngineerError::UnknownRule { name, .. } => {
                let nearest = dbwright_rules::nearest(name).map(|rule| format!("did you mean `{rule}`?"));
                nearest
                    .into_iter()
                    .chain(["`dbwright rule` lists all rules".to_owned()])
                    .collect()
            }
            EngineerError::Fix(FixError::Unwritable { .. }) | EngineerError::ScratchUrl(_) => Vec::new(),
        }
    }
}
