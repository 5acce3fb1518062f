//! The settings of our servers.
//!
//! Nothing has to survive a crash, nothing may move by itself while statements are watched, memory is kept small. What
//! changes what a migration does stays as the server has it by default: SQL mode, row format, limits on sizes. Where work is
//! timed, what makes it quicker than in production stays as it is by default, too.

use dbwright_catalog::Engine;

use super::super::installation::Installation;
use crate::scratch::own::Purpose;

/// What both are started with. An option that begins with `--loose-` may be missing in a version.
const COMMON: &[&str] = &[
    "--skip-networking",
    "--skip-name-resolve",
    // Events would run whenever they like.
    "--event-scheduler=OFF",
    "--local-infile=OFF",
    "--max-connections=40",
    "--default-time-zone=+00:00",
];

const MYSQL: &[&str] = &[
    // What is withheld from the migrating user; see `rights`.
    "--partial-revokes=ON",
    "--mysqlx=OFF",
    "--secure-file-priv=NULL",
    // A look at every file of a data directory that we have copied ourselves.
    "--loose-innodb-validate-tablespace-paths=OFF",
    // Nobody comes from outside.
    "--tls-version=",
    "--loose-auto-generate-certs=OFF",
    "--loose-caching-sha2-password-auto-generate-rsa-keys=OFF",
    "--loose-sha256-password-auto-generate-rsa-keys=OFF",
];

const MARIADB: &[&str] = &[
    "--skip-symbolic-links",
    // Since 11.4 it makes a key of its own at each start otherwise, which takes up to a second.
    "--skip-ssl",
    // Before 11.6 it is latin1, which hardly any server has: packages and managed services set this one.
    "--character-set-server=utf8mb4",
];

/// How statements are watched in both, and what makes both quick.
const QUICK: &[&str] = &[
    // Its tables tell who waits for what.
    "--performance-schema=ON",
    // Without a binary log, functions can be made without further rights.
    "--skip-log-bin",
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

const QUICK_MYSQL: &[&str] = &[
    "--loose-innodb-redo-log-capacity=8M",
    "--loose-innodb-rollback-segments=1",
    // Nothing is written twice. With OFF each table with rows that is rebuilt in place waits a tenth of a second for its
    // pages.
    "--innodb-doublewrite=DETECT_ONLY",
    "--innodb-doublewrite-files=1",
    "--loose-innodb-page-cleaners=1",
];

const QUICK_MARIADB: &[&str] = &[
    "--innodb-doublewrite=OFF",
    "--innodb-log-file-size=8M",
    "--loose-innodb-temp-data-file-path=ibtmp1:5M:autoextend",
    "--loose-aria-pagecache-buffer-size=8M",
    "--key-buffer-size=1M",
];

/// What a server has on which work is timed, beside what it has by default: less memory than the tables that are measured
/// there take, because those whose work takes long are larger than the memory, too.
const TIMING: &[&str] = &["--innodb-buffer-pool-size=16M"];

/// The settings for a server.
pub(super) fn of(installation: &Installation, purpose: Purpose) -> Vec<String> {
    let (own, quick) = match installation.engine {
        Engine::MariaDb => (MARIADB, QUICK_MARIADB),
        Engine::MySql | Engine::Postgres | Engine::Sqlite => (MYSQL, QUICK_MYSQL),
    };
    let mut settings = [COMMON, own].concat();
    match purpose {
        Purpose::Watching => settings.extend([QUICK, quick].concat()),
        Purpose::Timing => settings.extend(TIMING),
    }
    settings.into_iter().map(str::to_owned).collect()
}
