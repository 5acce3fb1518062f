//! Statements that concern the server as a whole, and those that only look.

use dbwright_catalog::Engine;

use super::types::MySqlFamilySummary;
use crate::summary::Summary;
use crate::summary::reader::Reader;

/// Summarises a statement by its first word, which was consumed.
pub(super) fn summarise(word: &str, mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    let summary = match word {
        "show" | "help" | "prepare" | "deallocate" | "signal" | "resignal" | "get" => Summary::Session,
        "handler" => Summary::Query,
        "flush" => return MySqlFamilySummary::committing(Summary::ClusterWide("FLUSH")),
        "reset" => return reset(&reader),
        "install" => {
            let name = match reader.word().as_str() {
                "component" => "INSTALL COMPONENT",
                "soname" => "INSTALL SONAME",
                _ => "INSTALL PLUGIN",
            };
            return MySqlFamilySummary::committing(Summary::ReachesOutside(name));
        }
        "uninstall" => {
            let name = match reader.word().as_str() {
                "component" => "UNINSTALL COMPONENT",
                "soname" => "UNINSTALL SONAME",
                _ => "UNINSTALL PLUGIN",
            };
            return MySqlFamilySummary::committing(Summary::ReachesOutside(name));
        }
        "import" => return MySqlFamilySummary::committing(Summary::ReachesOutside("IMPORT TABLE")),
        "binlog" => Summary::ReachesOutside("BINLOG"),
        "change" => {
            let name = match reader.word().as_str() {
                "master" => "CHANGE MASTER",
                _ => "CHANGE REPLICATION",
            };
            return MySqlFamilySummary::committing(Summary::ReachesOutside(name));
        }
        // MariaDB refuses them in a transaction.
        "start" | "stop" if engine == Engine::MariaDb => replication(word, &reader),
        "start" | "stop" => return MySqlFamilySummary::committing(replication(word, &reader)),
        "purge" => Summary::ReachesOutside("PURGE BINARY LOGS"),
        "kill" => Summary::ReachesOutside("KILL"),
        "shutdown" => Summary::ReachesOutside("SHUTDOWN"),
        "restart" => Summary::ReachesOutside("RESTART"),
        "clone" => Summary::ReachesOutside("CLONE"),
        "xa" => Summary::ReachesOutside("XA"),
        "backup" => return MySqlFamilySummary::committing(Summary::ClusterWide("BACKUP")),
        _ => Summary::Other,
    };
    MySqlFamilySummary::of(summary)
}

fn replication(word: &str, reader: &Reader<'_>) -> Summary {
    let starts = word == "start";
    Summary::ReachesOutside(if reader.at("group_replication") {
        if starts {
            "START GROUP_REPLICATION"
        } else {
            "STOP GROUP_REPLICATION"
        }
    } else if starts {
        "START REPLICA"
    } else {
        "STOP REPLICA"
    })
}

/// `RESET PERSIST` alone does not commit, and takes back what `SET PERSIST` did.
fn reset(reader: &Reader<'_>) -> MySqlFamilySummary {
    if reader.at("persist") {
        return MySqlFamilySummary::of(Summary::ClusterWide("RESET PERSIST"));
    }
    if reader.at("query") {
        return MySqlFamilySummary::committing(Summary::ClusterWide("RESET QUERY CACHE"));
    }
    MySqlFamilySummary::committing(Summary::ReachesOutside("RESET"))
}
