//! Texts made to be slow are read in one go: what grows with the square of the length would take minutes here.

use std::time::{Duration, Instant};

use dbwright_catalog::Engine;
use dbwright_sql::{Dialect, statements, summarise, tokens};

use crate::{MARIADB, MYSQL_CLIENT, PSQL, SQLITE_SHELL};

/// How long one text may take in an unoptimised build. Reading it once takes a tenth of that; searching the rest of it
/// for a line break at every third byte takes longer.
const TIME_MAX: Duration = Duration::from_secs(1);

/// How often a text is tried, because other programs may be running.
const TRIES: usize = 4;

/// The time that this thread was running, where the system tells it; else the time that passed.
struct Clock {
    started: Instant,
    running: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Clock {
            started: Instant::now(),
            running: running_time(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.running, running_time()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.started.elapsed(),
        }
    }
}

/// Linux: <https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat>.
fn running_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// What texts are made of that could be slow.
const FRAGMENTS: &[&str] = &[
    ";",
    "a;",
    "\n",
    "(",
    "'",
    "''\n",
    "'a'\n--\n",
    "\"",
    "$$",
    "$a$",
    "$a",
    "$a$ $b$",
    "/*",
    "/*/",
    "*/",
    "--",
    "+-",
    "+",
    "-+/",
    "E'\\'",
    "[",
    "`",
    "\\",
    "\\a ",
    "\\a\n",
    "\\;",
    "a\\a\n",
    "\\g\n",
    "COPY t FROM stdin;\n",
    "\\.\n",
    "BEGIN ",
    "WITH a AS (",
    "EXPLAIN ANALYZE ",
    "CREATE FUNCTION f() BEGIN ATOMIC ",
    "CREATE TRIGGER ",
    "case ",
    "end;",
    "$a(",
    ":a::",
    ".",
    "#",
    "é",
    "\u{feff}",
    "U&",
    "0x",
    "1e",
    "\\if\n",
];

/// The same for what only MySQL and MariaDB know.
const MYSQL_FAMILY_FRAGMENTS: &[&str] = &[
    "/*!",
    "/*!99999 ",
    "/*!99999 /*",
    "/*M!",
    "@",
    "@'",
    "@@",
    "`a`.",
    "1.",
    "DELIMITER //\n",
    "DELIMITER ;;\na;",
    "DELIMITER /\n/*",
    "\\d //\n",
    "\\C;",
    "use a\n",
    "source a\n",
    "--a\n",
    "SET sql_mode = 'ANSI_QUOTES';",
    "SET @a = @@sql_mode;",
    "SET @",
    "/*!50003 SET a = 1 */;",
    "CREATE PROCEDURE p() BEGIN ",
    "IF a THEN ",
    "ALTER TABLE t ADD (",
    "ALTER TABLE t ADD a int, LOCK=NONE, ",
    "UPDATE a, b, ",
    "DELETE FROM a USING ",
    "RENAME TABLE a TO b, ",
    "LOCK TABLES a, ",
    "SET STATEMENT a = 1 FOR ",
    "ANALYZE ",
];

/// How long the texts are, in bytes.
const BYTES: usize = 300_000;

fn check(dialect: Dialect, fragments: &[&str]) {
    for fragment in fragments {
        let text = fragment.repeat(BYTES / fragment.len());
        let in_time = (0..TRIES).any(|_| {
            let clock = Clock::start();
            statements(dialect, &text);
            summarise(dialect.engine, &text);
            clock.elapsed() < TIME_MAX
        });
        assert!(in_time, "{fragment:?} {dialect:?}");
    }
}

#[test]
fn psql_does_not_read_a_text_over_and_over() {
    check(PSQL, FRAGMENTS);
}

#[test]
fn the_sqlite_shell_does_not_read_a_text_over_and_over() {
    check(SQLITE_SHELL, FRAGMENTS);
}

#[test]
fn the_mysql_client_does_not_read_a_text_over_and_over() {
    check(MYSQL_CLIENT, FRAGMENTS);
    check(MYSQL_CLIENT, MYSQL_FAMILY_FRAGMENTS);
}

#[test]
fn mariadb_does_not_read_a_text_over_and_over() {
    check(MARIADB, FRAGMENTS);
    check(MARIADB, MYSQL_FAMILY_FRAGMENTS);
}

#[test]
fn nothing_nests_so_deep_that_the_stack_ends() {
    for fragment in [
        "(",
        "/*",
        "WITH a AS (",
        "EXPLAIN ANALYZE ",
        "EXPLAIN (ANALYZE) ",
        "CREATE FUNCTION f() BEGIN ATOMIC CASE ",
        "SET STATEMENT a = 1 FOR ",
        "ANALYZE ",
        "CREATE PROCEDURE p() BEGIN IF a THEN ",
    ] {
        let text = fragment.repeat(100_000);
        for engine in Engine::ALL {
            assert!(tokens(engine, &text).count() > 0);
            summarise(engine, &text);
        }
    }
}
