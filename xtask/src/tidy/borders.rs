//! The borders between crates, as their manifests tell them: who may use whom, and which third parties.
//!
//! Dependencies for tests are free. What the sources do within these borders is in [`super::sources`].

use toml::{Table, Value};

use super::Problem;
use super::tree::Tree;

/// What a crate may depend on. A new line here is a decision about the architecture, to be told in ARCHITECTURE.md.
struct Border {
    /// Name of the crate and of its folder.
    name: &'static str,
    /// Crates of this workspace, without `dbwright-`.
    own: &'static [&'static str],
    /// Third parties.
    third: &'static [&'static str],
}

const BORDERS: [Border; 11] = [
    Border {
        name: "dbwright-catalog",
        own: &[],
        third: &["serde"],
    },
    Border {
        name: "dbwright-sql",
        own: &["catalog"],
        third: &[],
    },
    Border {
        name: "dbwright-ddl",
        own: &["catalog", "sql"],
        third: &[],
    },
    Border {
        name: "dbwright-repo",
        own: &["catalog", "sql"],
        third: &["serde", "serde_json", "sha1", "sha2", "thiserror", "toml"],
    },
    Border {
        name: "dbwright-rules",
        own: &["catalog", "sql", "ddl"],
        third: &[],
    },
    Border {
        name: "dbwright-advise",
        own: &["catalog", "sql", "ddl"],
        third: &["serde_json"],
    },
    Border {
        name: "dbwright-report",
        own: &["catalog"],
        third: &[
            "annotate-snippets",
            "flate2",
            "schemars",
            "serde",
            "serde_json",
            "sha2",
            "similar",
        ],
    },
    Border {
        name: "dbwright-live",
        own: &["catalog", "sql", "ddl"],
        third: &[
            "bytes",
            "fallible-iterator",
            "flate2",
            "futures-util",
            "mysql_async",
            "postcard",
            "rusqlite",
            "rustix",
            "rustls",
            "rustls-native-certs",
            "serde",
            "serde_json",
            "sha2",
            "tar",
            "tempfile",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tokio-postgres-rustls",
            "ureq",
        ],
    },
    Border {
        name: "dbwright-engineer",
        own: &["catalog", "sql", "ddl", "repo", "rules", "advise", "live"],
        third: &["tempfile", "thiserror", "tokio"],
    },
    Border {
        name: "dbwright",
        own: &["catalog", "engineer", "report"],
        third: &["clap", "tempfile", "terminal_size", "tokio"],
    },
    Border {
        name: "xtask",
        own: &["repo", "rules", "advise", "report"],
        third: &["anyhow", "clap", "serde_json", "tempfile", "toml"],
    },
];

/// What every manifest takes from the workspace.
const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "license"];

/// Checks every manifest of the workspace.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let manifests = tree.files().filter(|(path, _)| {
        path.ends_with("/Cargo.toml") && (path.starts_with("crates/") || path.starts_with("xtask/"))
    });
    manifests.flat_map(|(path, text)| check_manifest(path, text)).collect()
}

fn check_manifest(path: &str, text: &str) -> Vec<Problem> {
    let problem = |message: String| Problem {
        path: path.to_owned(),
        line: 0,
        message,
    };
    let manifest: Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![problem(format!("not TOML: {}", error.message()))],
    };
    let mut problems: Vec<Problem> = package_problems(path, &manifest).into_iter().map(problem).collect();
    let name = package_name(&manifest);
    match BORDERS.iter().find(|border| border.name == name) {
        Some(border) => problems.extend(dependency_problems(border, &manifest).into_iter().map(problem)),
        None => problems.push(problem(format!(
            "the crate `{name}` is not in the table of borders (xtask/src/tidy/borders.rs): say there what it may use"
        ))),
    }
    problems
}

fn package_name(manifest: &Table) -> &str {
    manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn package_problems(path: &str, manifest: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    let from_workspace =
        |value: Option<&Value>| value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true);
    let package = manifest.get("package");
    for key in INHERITED {
        if !from_workspace(package.and_then(|package| package.get(key))) {
            problems.push(format!("`{key}.workspace = true` is missing in [package]"));
        }
    }
    let description = package.and_then(|package| package.get("description"));
    let described = description.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !described && !from_workspace(description) {
        problems.push("`description` is missing in [package]".to_owned());
    }
    if !from_workspace(manifest.get("lints")) {
        problems.push("`[lints] workspace = true` is missing".to_owned());
    }
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    let name = package_name(manifest);
    if folder != name {
        problems.push(format!("the folder is called `{folder}` and the crate `{name}`"));
    }
    problems
}

fn dependency_problems(border: &Border, manifest: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    for dependency in dependencies(manifest) {
        let own = dependency == "dbwright" || dependency.starts_with("dbwright-");
        let allowed = if own {
            border
                .own
                .iter()
                .any(|own| dependency.strip_prefix("dbwright-") == Some(own))
        } else {
            border.third.contains(&dependency.as_str())
        };
        if !allowed {
            let kind = if own {
                "may not lean on"
            } else {
                "may not use the third party"
            };
            problems.push(format!("`{}` {kind} `{dependency}`", border.name));
        }
    }
    problems
}

/// Names of the packages that are linked into the crate or run by its build, also those of one platform only.
fn dependencies(manifest: &Table) -> Vec<String> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let tables = std::iter::once(manifest).chain(
        platforms
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(Value::as_table)),
    );
    let mut names = Vec::new();
    for table in tables {
        for kind in ["dependencies", "build-dependencies"] {
            for (key, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                // A renamed dependency is what it is, not what it is called here.
                let package = value.get("package").and_then(Value::as_str);
                names.push(package.unwrap_or(key).to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::shown;

    fn manifest(name: &str, rest: &str) -> String {
        format!(
            "[package]\nname = \"{name}\"\ndescription = \"x\"\nversion.workspace = true\nedition.workspace = true\n\
             rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n{rest}"
        )
    }

    fn problems(name: &str, rest: &str) -> String {
        shown(check, &[(&format!("crates/{name}/Cargo.toml"), &manifest(name, rest))])
    }

    #[test]
    fn a_crate_leans_only_on_those_below_it() {
        assert_eq!(
            problems("dbwright-live", "[dependencies]\ndbwright-catalog.workspace = true\n"),
            ""
        );
        assert_eq!(
            problems("dbwright-sql", "[dependencies]\ndbwright-live.workspace = true\n"),
            "crates/dbwright-sql/Cargo.toml: `dbwright-sql` may not lean on `dbwright-live`"
        );
    }

    #[test]
    fn third_parties_stay_in_their_crate() {
        assert_eq!(
            problems("dbwright-live", "[dependencies]\ntokio.workspace = true\n"),
            ""
        );
        let complaint = "crates/dbwright-rules/Cargo.toml: `dbwright-rules` may not use the third party `tokio`";
        for table in ["dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
            assert_eq!(
                problems("dbwright-rules", &format!("[{table}]\ntokio.workspace = true\n")),
                complaint
            );
        }
        assert_eq!(
            problems(
                "dbwright-rules",
                "[dependencies]\nquick = { package = \"tokio\", version = \"1\" }\n"
            ),
            complaint
        );
    }

    #[test]
    fn dependencies_of_tests_are_free() {
        assert_eq!(
            problems("dbwright-rules", "[dev-dependencies]\ntokio.workspace = true\n"),
            ""
        );
    }

    #[test]
    fn an_unknown_crate_is_asked_for_its_borders() {
        assert!(problems("dbwright-new", "").contains("`dbwright-new` is not in the table of borders"));
    }

    #[test]
    fn every_manifest_takes_its_facts_and_lints_from_the_workspace() {
        let text = "[package]\nname = \"dbwright-sql\"\nversion = \"1.0.0\"\n";
        let problems = shown(check, &[("crates/dbwright-sql/Cargo.toml", text)]);
        for missing in [
            "version.workspace",
            "edition.workspace",
            "license.workspace",
            "description",
            "[lints]",
        ] {
            assert!(problems.contains(missing), "{missing} not in\n{problems}");
        }
    }

    #[test]
    fn a_folder_is_called_like_its_crate() {
        let problems = shown(check, &[("crates/sql/Cargo.toml", &manifest("dbwright-sql", ""))]);
        assert!(problems.contains("the folder is called `sql`"), "{problems}");
    }

    #[test]
    fn the_table_has_no_circle_and_only_known_crates() {
        for (at, border) in BORDERS.iter().enumerate() {
            for own in border.own {
                let name = format!("dbwright-{own}");
                assert!(
                    BORDERS[..at].iter().any(|lower| lower.name == name),
                    "{} → {own}",
                    border.name
                );
            }
        }
    }
}
