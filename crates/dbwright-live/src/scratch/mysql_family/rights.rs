//! Who may do what on a server of our own.
//!
//! The migrating user is called what it is mostly called where migrations are written, `root`, so that a
//! `DEFINER=root@localhost` names itself; but it has no rights beyond databases that hold no part of the server. None to
//! read or write files, to load code into the server, to change its settings, to read or write its own tables, or to act
//! as somebody who may.
//!
//! On MySQL it may make users and grant what it has: what is withheld from it (`partial_revokes`) is withheld from
//! those, and accounts with `SYSTEM_USER`, ours among them, are out of its reach. MariaDB has no such protection:
//! whoever may make users there can rename himself into somebody else. So there it may not.

use dbwright_catalog::{Engine, Version};

/// The user that runs migrations.
pub(super) const MIGRATOR: &str = "root";

/// The user that may do everything.
pub(super) const SUPERUSER: &str = "dbwright";

/// What a user may be allowed for single databases, all of it. `GRANT ALL ON *.*` would include what is global.
pub(super) const IN_DATABASES: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, \
                            CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, \
                            ALTER ROUTINE, EVENT, TRIGGER";

/// The same without what only looks.
const CHANGING: &str = "INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, \
                        LOCK TABLES, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER";

/// The statements that give a fresh server its two users, one a line. The first is still called `root`.
pub(super) fn statements(engine: Engine, version: Version) -> String {
    let lines = match engine {
        Engine::MariaDb => mariadb(),
        Engine::MySql | Engine::Postgres | Engine::Sqlite => mysql(version),
    };
    lines.join("\n") + "\n"
}

/// <https://dev.mysql.com/doc/refman/9.7/en/partial-revokes.html>
fn mysql(version: Version) -> Vec<String> {
    let migrator = format!("'{MIGRATOR}'@'localhost'");
    let definers = if version >= Version::new(8, 2, 0) {
        "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER"
    } else {
        "SET_USER_ID"
    };
    vec![
        format!("RENAME USER 'root'@'localhost' TO '{SUPERUSER}'@'localhost';"),
        format!("CREATE USER {migrator};"),
        format!(
            "GRANT {IN_DATABASES}, RELOAD, SHOW DATABASES, CREATE USER, CREATE ROLE, DROP ROLE ON *.* TO {migrator} \
             WITH GRANT OPTION;"
        ),
        // Dumps name other definers; an account with SYSTEM_USER can't be one, and a role neither.
        format!("GRANT SESSION_VARIABLES_ADMIN, ROLE_ADMIN, {definers} ON *.* TO {migrator} WITH GRANT OPTION;"),
        format!("REVOKE ALL PRIVILEGES ON mysql.* FROM {migrator};"),
        format!("REVOKE {CHANGING} ON sys.* FROM {migrator};"),
        format!("REVOKE {CHANGING} ON performance_schema.* FROM {migrator};"),
    ]
}

/// Of several rights for databases that match, MariaDB takes the most exact, and that one alone: a single harmless right
/// for `mysql` withholds all others there. Without `GRANT OPTION`, because who is granted the pattern alone has more.
///
/// <https://mariadb.com/kb/en/grant/#database-privileges>
fn mariadb() -> Vec<String> {
    let migrator = format!("'{MIGRATOR}'@'localhost'");
    vec![
        "USE mysql;".to_owned(),
        "DELETE FROM global_priv WHERE User NOT IN ('root', 'mariadb.sys', 'PUBLIC') OR Host NOT IN ('localhost', '');"
            .to_owned(),
        "DELETE FROM db;".to_owned(),
        "DELETE FROM proxies_priv;".to_owned(),
        format!("UPDATE global_priv SET User = '{SUPERUSER}' WHERE User = 'root';"),
        "FLUSH PRIVILEGES;".to_owned(),
        format!("CREATE USER {migrator};"),
        format!("GRANT RELOAD ON *.* TO {migrator};"),
        format!("GRANT ALL PRIVILEGES ON `%`.* TO {migrator};"),
        format!("GRANT LOCK TABLES ON mysql.* TO {migrator};"),
        format!("GRANT SELECT, EXECUTE, SHOW VIEW ON sys.* TO {migrator};"),
        format!("GRANT SELECT ON performance_schema.* TO {migrator};"),
    ]
}

/// The statements that let an account do in databases what the migrating user may, and no more. It stands in for one that
/// owns routines and views of a schema elsewhere.
pub(super) fn stand_in(engine: Engine, account: &str) -> Vec<String> {
    match engine {
        Engine::MariaDb => vec![
            format!("GRANT ALL PRIVILEGES ON `%`.* TO {account}"),
            format!("GRANT LOCK TABLES ON mysql.* TO {account}"),
            format!("GRANT SELECT, EXECUTE, SHOW VIEW ON sys.* TO {account}"),
            format!("GRANT SELECT ON performance_schema.* TO {account}"),
        ],
        Engine::MySql | Engine::Postgres | Engine::Sqlite => vec![
            format!("GRANT {IN_DATABASES} ON *.* TO {account}"),
            format!("REVOKE ALL PRIVILEGES ON mysql.* FROM {account}"),
            format!("REVOKE {CHANGING} ON sys.* FROM {account}"),
            format!("REVOKE {CHANGING} ON performance_schema.* FROM {account}"),
        ],
    }
}
