//! What can go wrong with schemas: what, where, and what to do.

use dbwright_catalog::{Engine, Refusal, Server};
use dbwright_live::connect::ParseDatabaseUrlError;

use crate::ErrorKind;

/// Why a command about schemas came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A text that is meant as the URL of a database, and is none.
    #[error(transparent)]
    Url(#[from] ParseDatabaseUrlError),
    /// A source that is nothing known.
    #[error("{source_text}: {problem}")]
    Source {
        /// As it was named.
        source_text: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// Two sides that can't be compared.
    #[error("{before} is {before_engine} and {after} is {after_engine}; two engines are not compared")]
    DifferentEngines {
        /// One side.
        before: String,
        /// Its engine.
        before_engine: Engine,
        /// The other side.
        after: String,
        /// Its engine.
        after_engine: Engine,
    },
    /// Nothing says for which engine a side is written.
    #[error("nothing says for which engine this SQL is written: {source_text}")]
    NoEngine {
        /// The side.
        source_text: String,
    },
    /// A statement that the scratch server refused.
    #[error("{place}: {message}")]
    NotApplied {
        /// File and line.
        place: String,
        /// The server's words, or why it was not sent.
        message: String,
        /// On which server.
        server: Server,
        /// What to do, where that is known.
        hints: Vec<String>,
    },
    /// A live side that the servers at hand can't stand beside.
    #[error("{source_text} is {server}, and here is only {here} to run the other side on")]
    OtherVersion {
        /// The live side.
        source_text: String,
        /// What it is.
        server: Server,
        /// The nearest at hand.
        here: Server,
        /// Why it can't be built again on the one at hand.
        refusals: Vec<Refusal>,
    },
    /// A rename that names what is not there.
    #[error("{from}: {problem}")]
    Rename {
        /// The flag, or file and line.
        from: String,
        /// What is wrong.
        problem: String,
    },
    /// An answer to a question that was not asked, or none of its choices.
    #[error("--answer {answer}: {problem}")]
    Answer {
        /// As it was written.
        answer: String,
        /// What is wrong.
        problem: String,
    },
    /// A rule that judges what statements do, and no schemas.
    #[error("--rule {name}: this rule judges what statements do, and no schemas")]
    Rule {
        /// Its name.
        name: String,
    },
    /// Rows are to be counted, and the source has none.
    #[error("{source_text} is no live database, so that it has no rows to be counted")]
    NoRows {
        /// The source.
        source_text: String,
    },
    /// A plan that is no migration of the repository's tool.
    #[error(transparent)]
    Draft(dbwright_repo::DraftError),
    /// A new migration whose file is there already.
    #[error("{file} is there already, and is not overwritten")]
    Exists {
        /// The file.
        file: String,
    },
}

impl SchemaError {
    /// Whose turn it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            SchemaError::Url(_)
            | SchemaError::Source { .. }
            | SchemaError::DifferentEngines { .. }
            | SchemaError::NoEngine { .. }
            | SchemaError::Rename { .. }
            | SchemaError::Rule { .. }
            | SchemaError::NoRows { .. }
            | SchemaError::Answer { .. } => ErrorKind::Usage,
            SchemaError::Draft(_)
            | SchemaError::Exists { .. }
            | SchemaError::NotApplied { .. }
            | SchemaError::OtherVersion { .. } => ErrorKind::Outside,
        }
    }

    /// The same of a source of which a part may do.
    pub(super) fn or_incomplete(mut self) -> Self {
        if let SchemaError::NotApplied { hints, .. } = &mut self {
            hints.push(
                "--allow-incomplete goes on with what the other statements make, and tells what is missing".to_owned(),
            );
        }
        self
    }

    /// What to do.
    pub fn hints(&self) -> Vec<String> {
        match self {
            SchemaError::Url(error) => vec![error.hint()],
            SchemaError::Source { hint, .. } => vec![hint.clone()],
            SchemaError::DifferentEngines { .. } => {
                vec!["name two sides of one engine; --engine says which one plain SQL is written for".to_owned()]
            }
            SchemaError::NoEngine { .. } => {
                vec!["say which with --engine postgres, --engine mysql, --engine mariadb or --engine sqlite".to_owned()]
            }
            SchemaError::NotApplied { server, hints, .. } => hints
                .iter()
                .cloned()
                .chain([format!("it was run on {server}")])
                .collect(),
            SchemaError::OtherVersion { server, refusals, .. } => other_version(server, refusals),
            SchemaError::Rename { .. } => {
                vec!["names are those of the schemas, with their table or schema where they need one: app.users.mail=email".to_owned()]
            }
            SchemaError::Answer { .. } => {
                vec!["an answer is ID=CHOICE; `dbwright schema plan … --format json` lists the questions".to_owned()]
            }
            SchemaError::Rule { .. } => vec![
                "`dbwright check` asks it; `dbwright rule` lists the rules of the groups design and security"
                    .to_owned(),
            ],
            SchemaError::NoRows { .. } => {
                vec!["name a database with --data: postgres://…, mysql://…, or a SQLite file".to_owned()]
            }
            SchemaError::Draft(error) => vec![error.hint.clone()],
            SchemaError::Exists { .. } => vec!["choose another --name".to_owned()],
        }
    }
}

fn other_version(server: &Server, refusals: &[Refusal]) -> Vec<String> {
    let version = match server.engine {
        Engine::Postgres => server.version.major.to_string(),
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
            format!("{}.{}", server.version.major, server.version.minor)
        }
    };
    let mut hints = vec![match server.engine {
        Engine::Postgres => format!("`dbwright engine install postgres@{version}` brings its server programs"),
        engine @ (Engine::MySql | Engine::MariaDb | Engine::Sqlite) => {
            format!(
                "install {engine} {version} and name its folder with --{}-bin DIR",
                engine.name()
            )
        }
    }];
    hints.push(format!(
        "or give a disposable {} {version}: --scratch-url URL",
        server.engine
    ));
    if let Some(refusal) = refusals.first() {
        hints.push(format!(
            "it can't be built again on the one at hand: {} {}: {}",
            refusal.object.kind.name(),
            refusal.object,
            refusal.reason
        ));
    }
    hints
}
