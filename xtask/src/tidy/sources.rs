//! What Rust files hold: forbidden words, the place of file and network access, length, module comments, test names.

use super::Problem;
use super::rust_text::RustText;
use super::tree::Tree;

/// A Rust file may have so many lines, unless it is in [`LONG_FILES`].
const LINES_MAX: usize = 800;

/// Files that are longer, with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Crates that know no sockets, no runtime and no database.
const PURE_CRATES: [&str; 7] = ["catalog", "sql", "ddl", "repo", "rules", "advise", "report"];

/// Modules of the standard library that reach out of the process, and the pure files that may use them: the crate that
/// reads repositories reads files, and its `git*.rs` run git.
const REACHING_OUT: [(&str, &str); 3] = [
    ("net", ""),
    ("process", "crates/dbwright-repo/src/git"),
    ("fs", "crates/dbwright-repo/"),
];

/// Code that stands nowhere, tests included, and what to do instead.
const NOWHERE: [(&str, &str); 5] = [
    ("todo!", "write it, or return what is missing by name"),
    ("#[ignore", "no ignored tests: assert what happens today, with a FIXME"),
    ("#[should_panic", "no tests for panics: assert on a returned error"),
    ("#[allow(", "`#[expect(…, reason = \"…\")]` instead of `#[allow]`"),
    ("#![allow(", "`#![expect(…, reason = \"…\")]` instead of `#![allow]`"),
];

/// Checks all Rust files.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = stale_exceptions(tree);
    // Repositories in `cases` are what other people's look like.
    let own = tree
        .with_extension("rs")
        .filter(|(path, _)| !path.starts_with("cases/"));
    for (path, text) in own {
        let rust = RustText::new(path, text);
        let found = [
            forbidden_words(&rust),
            unwraps(&rust),
            reaching_out(path, &rust),
            test_names(&rust),
            whole_file(path, text),
        ];
        let mut found: Vec<(usize, String)> = found.into_iter().flatten().collect();
        found.sort();
        problems.extend(found.into_iter().map(|(line, message)| Problem {
            path: path.to_owned(),
            line,
            message,
        }));
    }
    problems
}

fn forbidden_words(rust: &RustText) -> Vec<(usize, String)> {
    let found = NOWHERE.iter().flat_map(|(piece, instead)| {
        rust.find(piece)
            .map(move |at| (rust.line(at), format!("`{piece}`: {instead}")))
    });
    found.collect()
}

fn unwraps(rust: &RustText) -> Vec<(usize, String)> {
    let message = "`.unwrap()` outside tests: return an error, or `expect` with the proof that it can't happen";
    rust.find(".unwrap()")
        .filter(|at| !rust.is_test(*at))
        .map(|at| (rust.line(at), message.to_owned()))
        .collect()
}

fn reaching_out(path: &str, rust: &RustText) -> Vec<(usize, String)> {
    let Some(krate) = PURE_CRATES
        .into_iter()
        .find(|krate| path.starts_with(&format!("crates/dbwright-{krate}/src/")))
    else {
        return Vec::new();
    };
    let mut found: Vec<(usize, String)> = Vec::new();
    for (module, exception) in REACHING_OUT {
        if exception.is_empty() || !path.starts_with(exception) {
            found.extend(
                rust.find_std(module)
                    .into_iter()
                    .map(|at| (at, format!("std::{module}"))),
            );
        }
    }
    found.extend(rust.find("tokio").map(|at| (at, "tokio".to_owned())));
    let found = found.into_iter().filter(|(at, _)| !rust.is_test(*at));
    found
        .map(|(at, what)| (rust.line(at), format!("`dbwright-{krate}` knows no `{what}`")))
        .collect()
}

fn test_names(rust: &RustText) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in rust.find("fn").filter(|at| rust.after(*at).starts_with("fn test_")) {
        // The attributes stand between the end of the item before and the function.
        let before = rust.before(at);
        let item = &before[before.rfind(['}', ';']).unwrap_or(0)..];
        if item.contains("test]") {
            let message = "tests are named after the behaviour they show, without `test_`".to_owned();
            found.push((rust.line(at), message));
        }
    }
    found
}

fn whole_file(path: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.starts_with("//!") {
        found.push((
            1,
            "begins without `//!`: say what the module is for and what it is not for".to_owned(),
        ));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !LONG_FILES.iter().any(|(long, _)| *long == path) {
        let message =
            format!("{lines} lines, more than {LINES_MAX}: split it, or list it with the reason in LONG_FILES");
        found.push((0, message));
    }
    found
}

/// Listed long files that are gone or short again.
fn stale_exceptions(tree: &Tree) -> Vec<Problem> {
    let long = |path: &str| {
        tree.files()
            .any(|(there, text)| there == path && text.lines().count() > LINES_MAX)
    };
    LONG_FILES
        .iter()
        .filter(|(path, _)| !long(path))
        .map(|(path, _)| Problem {
            path: (*path).to_owned(),
            line: 0,
            message: "no longer a long file: take it from LONG_FILES".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::shown;

    fn problems(path: &str, code: &str) -> String {
        shown(check, &[(path, &format!("//! x\n{code}"))])
    }

    #[test]
    fn a_tidy_file_is_fine() {
        let code = "fn a() { b.unwrap_or(1) } // x.unwrap() todo!()\n#[cfg(test)]\nmod tests {\n#[test]\nfn ends() { a.unwrap(); }\n}";
        assert_eq!(problems("crates/dbwright-sql/src/lib.rs", code), "");
    }

    #[test]
    fn unwrap_is_for_tests() {
        let problems = problems("crates/dbwright/src/main.rs", "fn a() { b().unwrap(); }");
        assert!(
            problems.starts_with("crates/dbwright/src/main.rs:2: `.unwrap()` outside tests"),
            "{problems}"
        );
    }

    #[test]
    fn what_is_forbidden_is_forbidden_in_tests_too() {
        for code in [
            "todo!()",
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "#[should_panic]",
            "#[allow(dead_code)]",
        ] {
            assert!(
                problems("crates/a/tests/it/main.rs", code).starts_with("crates/a/tests/it/main.rs:2: "),
                "{code}"
            );
        }
    }

    #[test]
    fn pure_crates_reach_nothing_outside() {
        for code in [
            "use std::net::TcpStream;",
            "use std::{fmt, process::Command};",
            "tokio::spawn(x)",
            "std::fs::read(x)",
        ] {
            let problems = problems("crates/dbwright-rules/src/lib.rs", code);
            assert!(problems.contains("`dbwright-rules` knows no `"), "{code}: {problems}");
        }
        assert_eq!(
            problems(
                "crates/dbwright-rules/src/lib.rs",
                "#[cfg(test)]\nmod tests { use std::fs; }"
            ),
            ""
        );
        assert_eq!(problems("crates/dbwright-rules/tests/it/main.rs", "use std::fs;"), "");
        assert_eq!(
            problems(
                "crates/dbwright-live/src/lib.rs",
                "use std::{net, fs, process};\nuse tokio::x;"
            ),
            ""
        );
    }

    #[test]
    fn only_the_repository_reader_reads_files_and_only_its_git_files_run_git() {
        assert_eq!(problems("crates/dbwright-repo/src/detect.rs", "use std::fs;"), "");
        assert_eq!(
            problems("crates/dbwright-repo/src/git.rs", "use std::process::Command;"),
            ""
        );
        assert!(problems("crates/dbwright-repo/src/detect.rs", "use std::process::Command;").contains("std::process"));
        assert!(problems("crates/dbwright-repo/src/git.rs", "use std::net::TcpStream;").contains("std::net"));
    }

    #[test]
    fn a_test_is_not_called_test() {
        let complaint = "src/a.rs:3: tests are named after the behaviour they show, without `test_`";
        assert_eq!(problems("src/a.rs", "#[test]\nfn test_it() {}"), complaint);
        assert_eq!(problems("src/a.rs", "#[tokio::test]\nasync fn test_it() {}"), complaint);
        assert_eq!(problems("src/a.rs", "#[test]\nfn works() {}\nfn test_cluster() {}"), "");
    }

    #[test]
    fn a_module_says_what_it_is_for() {
        assert!(shown(check, &[("src/a.rs", "fn a() {}\n")]).starts_with("src/a.rs:1: begins without `//!`"));
    }

    #[test]
    fn a_long_file_is_asked_for_its_reason() {
        let fine = problems("src/a.rs", &"x\n".repeat(LINES_MAX - 1));
        assert_eq!(fine, "");
        let long = problems("src/a.rs", &"x\n".repeat(LINES_MAX));
        assert_eq!(
            long,
            "src/a.rs: 801 lines, more than 800: split it, or list it with the reason in LONG_FILES"
        );
    }
}
