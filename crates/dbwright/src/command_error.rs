//! Errors as the user meets them: whose turn it is, what is wrong, what to do.

use dbwright_engineer::{EngineerError, ErrorKind};

/// Whose turn it is. Decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command was used in a way that settles nothing.
    Usage,
    /// A file, a server or a program is not as it should be.
    Outside,
    /// dbwright could, and will not.
    Refused,
}

impl Kind {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Kind::Usage => 2,
            Kind::Outside => 3,
            Kind::Refused => 4,
        }
    }
}

/// An error with what to do about it.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

impl CommandError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        CommandError {
            kind: Kind::Usage,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn outside(message: impl Into<String>) -> Self {
        CommandError {
            kind: Kind::Outside,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<EngineerError> for CommandError {
    fn from(error: EngineerError) -> Self {
        let kind = match error.kind() {
            ErrorKind::Usage => Kind::Usage,
            ErrorKind::Outside => Kind::Outside,
            ErrorKind::Refused => Kind::Refused,
        };
        CommandError {
            kind,
            message: error.message(),
            hints: error.hints(),
        }
    }
}
