//! What this machine does in a second is measured on every engine, and kept.

use dbwright_catalog::Engine;
use dbwright_live::calibrate;
use dbwright_live::scratch::ScratchOptions;

use crate::servers::{installed, scratch_options};

async fn measured(engine: Engine, options: ScratchOptions) {
    let cache = tempfile::tempdir().unwrap();
    let options = ScratchOptions {
        cache: cache.path().to_path_buf(),
        ..options
    };
    let rates = calibrate::rates(engine, &options).await.unwrap();
    assert_eq!(rates.server.engine, engine);
    assert!(rates.rows > 1000);
    for rate in [
        rates.rewritten_bytes,
        rates.rebuilt_bytes,
        rates.scanned_bytes,
        rates.indexed_numbers,
        rates.indexed_texts,
        rates.indexed_words,
        rates.copied_entries,
        rates.inserted_entries,
        rates.referenced_rows,
        rates.updated_rows,
        rates.deleted_rows,
    ] {
        assert!(rate > 1000, "{rates:?}");
    }
    let is_innodb = matches!(engine, Engine::MySql | Engine::MariaDb);
    assert!(is_innodb || rates.swapped_pages.is_none(), "{rates:?}");
    assert!(rates.swapped_pages.is_none_or(|pages| pages > 10), "{rates:?}");
    let kept = calibrate::rates(engine, &options).await.unwrap();
    assert_eq!(kept, rates, "a second look measures nothing");
}

#[tokio::test]
async fn rates_of_postgres() {
    measured(Engine::Postgres, scratch_options(18)).await;
}

#[tokio::test]
async fn rates_of_mysql() {
    measured(Engine::MySql, installed(Engine::MySql, 9).options()).await;
}

#[tokio::test]
async fn rates_of_mariadb() {
    measured(Engine::MariaDb, installed(Engine::MariaDb, 11).options()).await;
}

#[tokio::test]
async fn rates_of_sqlite() {
    measured(Engine::Sqlite, scratch_options(18)).await;
}
