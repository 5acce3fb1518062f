//! Texts made to be slow are read in one go: what grows with the square of the length would take minutes here.

use std::time::{Duration, Instant};

use dbwright_catalog::Engine;
use dbwright_sql::{statements, summarise, tokens};

use crate::{PSQL, SQLITE_SHELL};

/// How long one text may take in an unoptimised build. Reading it once takes a tenth of that; searching the rest of it
/// for a line break at every third byte takes longer.
const TIME_MAX: Duration = Duration::from_secs(1);

/// How often a text is tried, because other programs may be running.
const TRIES: usize = 4;

#[test]
fn no_text_is_read_over_and_over() {
    const BYTES: usize = 300_000;
    for fragment in [
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
    ] {
        let text = fragment.repeat(BYTES / fragment.len());
        for dialect in [PSQL, SQLITE_SHELL] {
            let in_time = (0..TRIES).any(|_| {
                let started = Instant::now();
                statements(dialect, &text);
                summarise(dialect.engine, &text);
                started.elapsed() < TIME_MAX
            });
            assert!(in_time, "{fragment:?} {dialect:?}");
        }
    }
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
    ] {
        let text = fragment.repeat(100_000);
        for engine in Engine::ALL {
            assert!(tokens(engine, &text).count() > 0);
            summarise(engine, &text);
        }
    }
}
