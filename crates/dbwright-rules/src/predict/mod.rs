//! What statements would do, concluded from their words and from the catalog that the words before them lead to.
//!
//! For where nothing can run. A prediction is an [`Effect`](dbwright_catalog::Effect) like one that was watched, and says
//! that it is none. What can't be told is unknown, by name: what code does (`DO`, functions), what comes after it where its
//! doings would matter, and statements that are not understood. Rows are never predicted.
//!
//! What engines do stands in [`facts`]; the files beside it apply that.

mod facts;
mod ledger;
mod mysql_family;
mod postgres;
mod run;
mod sqlite;
#[cfg(test)]
mod tests;
mod unseen;

use dbwright_catalog::{Engine, History, MigrationSet, Statement, Trace, Version};
use dbwright_sql::Summary;

pub use unseen::predict_unseen;

/// The version that is taken where nothing says which: the newest that dbwright knows.
pub fn assumed_version(engine: Engine) -> Version {
    match engine {
        Engine::Postgres => Version::new(18, 0, 0),
        Engine::MySql => Version::new(9, 7, 0),
        Engine::MariaDb => Version::new(11, 8, 0),
        Engine::Sqlite => Version::new(3, 50, 0),
    }
}

/// Predicts what the statements of a history do on a server of this version.
pub fn predict(history: &History, judged: &MigrationSet, version: Version) -> Trace {
    match history.engine {
        Engine::Postgres => run::run(history, judged, postgres::Predictor::new(version), None),
        Engine::Sqlite => {
            let predictor = sqlite::Predictor::new(version, history.sqlite_foreign_keys);
            run::run(history, judged, predictor, None)
        }
        Engine::MySql | Engine::MariaDb => {
            let predictor = mysql_family::Predictor::new(history.engine, version);
            run::run(history, judged, predictor, None)
        }
    }
}

/// Why a statement is not sent to a server by dbwright, and so has no effect here either.
fn refused(statement: &Statement, summary: &Summary) -> Option<String> {
    if let Some(reason) = &statement.not_sent {
        return Some(reason.clone());
    }
    match summary {
        Summary::ReachesOutside(what) => Some(format!("{what} reaches outside the database")),
        Summary::ClusterWide(what) => Some(format!("{what} concerns the whole cluster")),
        _ => None,
    }
}
