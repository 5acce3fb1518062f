//! The settings of our servers.
//!
//! Nothing has to survive a crash, nothing may move by itself while statements are watched, memory is kept small. What
//! changes what a migration does stays as the server has it by default: SQL mode, row format, limits on sizes.

use dbwright_catalog::Engine;

use super::super::installation::Installation;

/// What both are started with. An option that begins with `--loose-` may be missing in a version.
const COMMON: &[&str] = &[
    "--skip-networking",
    "--skip-name-resolve",
    // Without a binary log, functions can be made without further rights.
    "--skip-log-bin",
    // Events would run whenever they like.
    "--event-scheduler=OFF",
    "--local-infile=OFF",
    "--max-connections=40",
    "--default-time-zone=+00:00",
    // Its tables tell who waits for what.
    "--performance-schema=ON",
    "--loose-innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=32M",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    // What the system has for it is limited, and may be forbidden.
    "--innodb-use-native-aio=OFF",
    "--loose-innodb-read-io-threads=1",
    "--loose-innodb-write-io-threads=1",
    "--loose-innodb-purge-threads=1",
];

const MYSQL: &[&str] = &[
    // What is withheld from the migrating user; see `rights`.
    "--partial-revokes=ON",
    "--mysqlx=OFF",
    "--secure-file-priv=NULL",
    "--loose-innodb-redo-log-capacity=8M",
    "--loose-innodb-rollback-segments=1",
    // Nothing is written twice. With OFF each table with rows that is rebuilt in place waits a tenth of a second for its
    // pages.
    "--innodb-doublewrite=DETECT_ONLY",
    "--innodb-doublewrite-files=1",
    "--loose-innodb-page-cleaners=1",
    // A look at every file of a data directory that we have copied ourselves.
    "--loose-innodb-validate-tablespace-paths=OFF",
    // Nobody comes from outside.
    "--tls-version=",
    "--loose-auto-generate-certs=OFF",
    "--loose-caching-sha2-password-auto-generate-rsa-keys=OFF",
    "--loose-sha256-password-auto-generate-rsa-keys=OFF",
];

const MARIADB: &[&str] = &[
    "--innodb-doublewrite=OFF",
    "--skip-symbolic-links",
    // Since 11.4 it makes a key of its own at each start otherwise, which takes up to a second.
    "--skip-ssl",
    "--innodb-log-file-size=8M",
    "--loose-innodb-temp-data-file-path=ibtmp1:5M:autoextend",
    "--loose-aria-pagecache-buffer-size=8M",
    "--key-buffer-size=1M",
    // Before 11.6 it is latin1, which hardly any server has: packages and managed services set this one.
    "--character-set-server=utf8mb4",
];

/// The settings for a server.
pub(super) fn of(installation: &Installation) -> Vec<String> {
    let own = match installation.engine {
        Engine::MariaDb => MARIADB,
        Engine::MySql | Engine::Postgres | Engine::Sqlite => MYSQL,
    };
    COMMON.iter().chain(own).map(|setting| (*setting).to_owned()).collect()
}
