//! Sessions with a PostgreSQL server.
//!
//! Not for deciding who may connect where: that is the scratch server's business.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dbwright_catalog::Engine;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage};

use crate::LiveError;

/// How long making a connection may take.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// So many notices of one session are kept until somebody takes them; the rest are counted.
const NOTICES_MAX: usize = 1000;

/// A session with a PostgreSQL server. Its connection is served by a task of the current runtime, and ends when the
/// session is dropped; use [`Session::close`] where that has to be waited for.
pub struct Session {
    /// The driver's client.
    pub client: Client,
    /// The process id of the server process that serves this session, as `pg_locks` and `pg_stat_activity` know it.
    pub pid: i32,
    notices: Arc<Mutex<Notices>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Notices {
    kept: Vec<String>,
    lost: usize,
}

impl Session {
    /// The messages below an error that the server sent since the last call, in order: `NOTICE: relation "t" already
    /// exists, skipping`.
    pub fn take_notices(&self) -> Vec<String> {
        let taken = std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner));
        let mut texts = taken.kept;
        if taken.lost > 0 {
            texts.push(format!("({} more)", taken.lost));
        }
        texts
    }

    /// Ends the session and waits until the goodbye was sent.
    pub async fn close(self) {
        drop(self.client);
        // The task ends once the goodbye is out; a server that does not read it must not hold us.
        let _ = tokio::time::timeout(CONNECT_LIMIT, self.task).await;
    }

    /// A superuser's session with a server of our own that another process keeps, by the folder of its socket.
    #[cfg(unix)]
    pub(crate) async fn enter(folder: &std::path::Path, database: &str) -> Result<Self, LiveError> {
        let mut config = Config::new();
        config
            .host_path(folder)
            .port(5432)
            .dbname(database)
            .application_name("dbwright")
            .user(super::own::SUPERUSER);
        Self::open(&config, super::OWN_SESSION).await
    }

    /// Connects, and runs `settings` (statements, each ending in a semicolon) in the same round trip that asks for the
    /// process id.
    pub(super) async fn open(config: &Config, settings: &str) -> Result<Self, LiveError> {
        match tokio::time::timeout(CONNECT_LIMIT, Self::open_unlimited(config, settings)).await {
            Ok(opened) => opened.map_err(|source| LiveError::postgres("connecting", source)),
            Err(_) => Err(LiveError::TooLong {
                doing: "connecting to PostgreSQL".to_owned(),
                limit: CONNECT_LIMIT,
            }),
        }
    }

    async fn open_unlimited(config: &Config, settings: &str) -> Result<Self, tokio_postgres::Error> {
        let (client, mut connection) = config.connect(NoTls).await?;
        let notices = Arc::new(Mutex::new(Notices::default()));
        let sink = Arc::clone(&notices);
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let mut notices = sink.lock().unwrap_or_else(PoisonError::into_inner);
                    if notices.kept.len() < NOTICES_MAX {
                        notices
                            .kept
                            .push(format!("{}: {}", notice.severity(), notice.message()));
                    } else {
                        notices.lost += 1;
                    }
                }
            }
        });
        let answer = client
            .simple_query(&format!("{settings} SELECT pg_catalog.pg_backend_pid()"))
            .await?;
        let pid = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).and_then(|text| text.parse().ok()),
            _ => None,
        });
        Ok(Session {
            client,
            pid: pid.unwrap_or_default(),
            notices,
            task,
        })
    }
}

/// `text` as an SQL identifier.
pub(super) fn quote_identifier(text: &str) -> String {
    dbwright_ddl::quote_identifier(Engine::Postgres, text)
}

/// `text` as an SQL string, whatever `standard_conforming_strings` is.
pub(super) fn quote_literal(text: &str) -> String {
    dbwright_ddl::quote_literal(Engine::Postgres, text)
}
