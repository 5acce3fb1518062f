//! Connections to users' databases. The user's server is, here, a scratch server of our own.

mod mysql_family;
mod mysql_family_tls;
mod postgres;
mod sqlite;
mod tls;

use dbwright_live::LiveError;
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};

/// Connects to what a URL names.
async fn open(url: &str) -> Connection {
    let opened = Connection::open(&parsed(url), &ReadLimits::default()).await;
    opened.unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// Why that is not possible: message and hints, as a user sees them.
async fn failure(url: &str) -> String {
    match Connection::open(&parsed(url), &ReadLimits::default()).await {
        Ok(_) => panic!("{url} was not refused"),
        Err(error) => told(&error),
    }
}

fn told(error: &LiveError) -> String {
    let hints = error.hints();
    assert!(!hints.is_empty(), "{error} does not say what to do");
    let text = format!("{error}\nhint: {}", hints.join("\nhint: "));
    assert!(!text.contains("s3cret"), "{text}");
    text
}

fn parsed(url: &str) -> DatabaseUrl {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}
