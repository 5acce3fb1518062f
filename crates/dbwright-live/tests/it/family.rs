//! Databases on each MySQL and MariaDB server that is tested on.

use dbwright_catalog::{Catalog, Server};
use dbwright_live::introspect::mysql_family::read;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::servers::{MYSQL_FAMILY, mysql_family};

/// A database, with the session of the user that runs migrations.
pub(crate) struct Database {
    scratch: MySqlFamilyScratch,
    name: String,
    migrator: Conn,
}

/// Runs a check on a new database of each server.
pub(crate) async fn each(check: impl AsyncFn(&mut Database)) {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let name = scratch.create_database().await.unwrap();
        let migrator = scratch.connect(&name, Who::Migrator).await.unwrap();
        let mut database = Database {
            scratch,
            name,
            migrator,
        };
        check(&mut database).await;
        database.scratch.stop().await.unwrap();
    }
}

impl Database {
    pub(crate) fn server(&self) -> &Server {
        self.scratch.server()
    }

    /// Runs statements of a migration.
    pub(crate) async fn run(&mut self, sql: &str) {
        run(&mut self.migrator, sql).await;
    }

    /// A session that watches.
    pub(crate) async fn observer(&self) -> Conn {
        self.scratch.connect(&self.name, Who::Observer).await.unwrap()
    }

    /// Another session of the user that runs migrations.
    pub(crate) async fn filler(&self) -> Conn {
        self.scratch.connect(&self.name, Who::Migrator).await.unwrap()
    }

    /// The whole catalog, read afresh.
    pub(crate) async fn read(&self) -> Catalog {
        read(&mut self.observer().await, self.server()).await.unwrap()
    }

    /// The name of another, empty database on the same server.
    pub(crate) async fn other(&self) -> String {
        self.scratch.create_database().await.unwrap()
    }

    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        self.migrator.query_first(sql).await.unwrap().unwrap()
    }

    pub(crate) async fn count(&mut self, table: &str) -> i64 {
        let name = table.replace('`', "``");
        self.number(&format!("SELECT count(*) FROM `{name}`")).await
    }
}

/// Runs statements in a session.
pub(crate) async fn run(session: &mut Conn, sql: &str) {
    let result = session.query_iter(sql).await;
    let outcome = match result {
        Ok(result) => result.drop_result().await,
        Err(error) => Err(error),
    };
    outcome.unwrap_or_else(|error| panic!("{error}: {sql}"));
}
