//! Each piece that the splitter cuts is one statement to PostgreSQL: its parser says so when a piece is prepared.

use std::path::Path;

use dbwright_catalog::Engine;
use dbwright_live::scratch::postgres::Who;
use dbwright_sql::{Dialect, statements};

use crate::servers;

#[tokio::test(flavor = "multi_thread")]
async fn each_piece_is_one_statement_to_the_server() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/split/postgres");
    let scratch = servers::scratch(18).await;
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Migrator).await.unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let dialect = if path.file_name().unwrap().to_string_lossy().starts_with("psql_") {
            Dialect::client(Engine::Postgres)
        } else {
            Dialect::server(Engine::Postgres)
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for statement in statements(dialect, text) {
            if statement.not_sent.is_some() {
                continue;
            }
            count += 1;
            let Err(error) = session.client.prepare(&statement.text).await else {
                continue;
            };
            let message = error
                .as_db_error()
                .map(|error| error.message().to_owned())
                .unwrap_or_default();
            // Prepared without the statements before it, a statement may name what is not there; but it is one statement.
            assert!(
                !message.contains("multiple commands"),
                "{}: {}",
                path.display(),
                statement.text
            );
            assert!(
                !message.contains("syntax error"),
                "{}: {message}: {}",
                path.display(),
                statement.text
            );
        }
    }
    assert!(count > 50, "only {count} statements were prepared");
    session.close().await;
    scratch.stop().await.unwrap();
}
