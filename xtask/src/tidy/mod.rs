//! `cargo xtask tidy`: the borders between crates and the house style, as far as a program can check them.
//!
//! Every check is a function from a [`Tree`] to problems, so that its tests show it failing on a tree of a few lines.
//! What clippy can check is in the workspace lints and `clippy.toml`, not here.

mod borders;
mod layout;
mod links;
mod machine_paths;
mod rust_text;
mod sources;
mod tree;

use std::fmt;

use anyhow::{Result, bail};

use crate::docs;
use crate::run::repository_root;
use tree::Tree;

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    /// The file, relative to the root.
    path: String,
    /// Line counted from 1; 0 where it concerns the whole file.
    line: usize,
    /// What is wrong and what to do instead.
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// All checks, in the order in which their problems are shown.
const CHECKS: [fn(&Tree) -> Vec<Problem>; 5] = [
    borders::check,
    layout::check,
    sources::check,
    machine_paths::check,
    links::check,
];

/// Prints every problem of the repository; an error if there is one.
pub(crate) fn cmd_tidy() -> Result<()> {
    let problems = problems_of_repository()?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("1 problem"),
        count => bail!("{count} problems"),
    }
}

fn problems_of_repository() -> Result<Vec<Problem>> {
    let root = repository_root();
    let tree = Tree::read(&root)?;
    let mut problems: Vec<Problem> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    problems.extend(docs::stale(&root)?.into_keys().map(|path| Problem {
        path,
        line: 0,
        message: "not what the code says; run `cargo xtask docs`".to_owned(),
    }));
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one check on a tree of files and shows its problems, one a line.
    pub(super) fn shown(check: fn(&Tree) -> Vec<Problem>, files: &[(&str, &str)]) -> String {
        let lines: Vec<String> = check(&Tree::of(files)).iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn this_repository_is_tidy() {
        let problems = problems_of_repository().unwrap();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}
