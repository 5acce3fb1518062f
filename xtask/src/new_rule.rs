//! `cargo xtask new-rule`: a rule's file from a template, and its line in the list.
//!
//! The template is a rule that works, with examples that hold: change it step by step.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::run::repository_root;

/// What a rule's file begins as. `RULE_NAME`, `rule_name`, `GroupName` stand for what was asked for.
const TEMPLATE: &str = include_str!("new_rule.txt");

/// The same for a rule that judges a schema, and not what a statement does.
const SCHEMA_TEMPLATE: &str = include_str!("new_schema_rule.txt");

/// Groups as they are called in the product, and the variants of `Group`.
const GROUPS: [(&str, &str); 6] = [
    ("locks", "Locks"),
    ("failure", "Failure"),
    ("data-loss", "DataLoss"),
    ("release", "Release"),
    ("design", "Design"),
    ("security", "Security"),
];

/// Arguments of `cargo xtask new-rule`.
#[derive(clap::Args)]
pub(crate) struct NewRuleArgs {
    /// What it protects: locks, failure, data-loss, release, design or security.
    group: String,
    /// Named after what it catches, in kebab case: `table-rewrite`.
    name: String,
}

/// Writes the file and the lines.
pub(crate) fn cmd_new_rule(args: &NewRuleArgs) -> Result<()> {
    let file = add(
        &repository_root().join("crates/dbwright-rules/src"),
        &args.group,
        &args.name,
    )?;
    println!("wrote crates/dbwright-rules/src/{file}");
    println!("now write its page, its examples and its check, then run `cargo xtask docs`");
    Ok(())
}

/// Adds a rule to the sources of the rules crate; returns the path of its file below them.
fn add(sources: &Path, group: &str, name: &str) -> Result<String> {
    let Some((_, variant)) = GROUPS.iter().find(|(known, _)| *known == group) else {
        let known: Vec<&str> = GROUPS.iter().map(|(known, _)| *known).collect();
        bail!("unknown group `{group}` (known: {})", known.join(", "));
    };
    ensure!(
        is_kebab_case(name),
        "`{name}` is not in kebab case: lower-case words joined by `-`, the first beginning with a letter"
    );
    let (folder, module) = (group.replace('-', "_"), name.replace('-', "_"));
    let file = format!("{folder}/{module}.rs");
    ensure!(!sources.join(&file).exists(), "there is a rule `{name}` already");

    let list_path = sources.join("lib.rs");
    let list = fs::read_to_string(&list_path).with_context(|| format!("cannot read {}", list_path.display()))?;
    let modules_path = sources.join(&folder).join("mod.rs");
    let modules = fs::read_to_string(&modules_path).unwrap_or_else(|_| format!("//! Rules about {group}.\n\n"));
    let mut list = with_rule(&list, &folder, &module)?;
    if !list.contains(&format!("\nmod {folder};\n")) {
        list = with_module(&list, "mod ", &folder);
    }

    fs::create_dir_all(sources.join(&folder))?;
    let template = match group {
        "design" | "security" => SCHEMA_TEMPLATE,
        _ => TEMPLATE,
    };
    fs::write(
        sources.join(&file),
        template
            .replace("rule_name", &module)
            .replace("RULE_NAME", name)
            .replace("GroupName", variant),
    )?;
    fs::write(modules_path, with_module(&modules, "pub(crate) mod ", &module))?;
    fs::write(list_path, list)?;
    Ok(file)
}

fn is_kebab_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
        })
}

/// The text with one more module declaration, in the order of the alphabet.
fn with_module(text: &str, declaration: &str, module: &str) -> String {
    let line = format!("{declaration}{module};");
    let mut lines: Vec<&str> = text.lines().collect();
    let declared = |there: &str| there.starts_with(declaration) && there.ends_with(';');
    let at = lines
        .iter()
        .position(|there| declared(there) && *there > line.as_str())
        .or_else(|| lines.iter().rposition(|there| declared(there)).map(|last| last + 1))
        .unwrap_or(lines.len());
    lines.insert(at, &line);
    format!("{}\n", lines.join("\n"))
}

/// The text with one more rule in the list: after the last of its group, or at the end.
fn with_rule(text: &str, folder: &str, module: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let start = lines
        .iter()
        .position(|line| line.contains("RULES: &[&Rule]"))
        .context("lib.rs has no list of rules")?;
    let length = lines[start..]
        .iter()
        .position(|line| *line == "];")
        .context("the list of rules has no end")?;
    let of_group = format!("    &{folder}::");
    let last = lines[start..start + length]
        .iter()
        .rposition(|line| line.starts_with(&of_group));
    let at = start + last.map_or(length, |last| last + 1);
    let line = format!("    &{folder}::{module}::RULE,");
    lines.insert(at, &line);
    Ok(format!("{}\n", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "//! Rules.\n\nmod data_loss;\nmod locks;\nmod rule;\n\n\
        pub static RULES: &[&Rule] = &[\n    &locks::a::RULE,\n    &data_loss::d::RULE,\n];\n";

    fn add_to(group: &str, name: &str) -> (Result<String>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("locks")).unwrap();
        fs::write(folder.path().join("lib.rs"), LIST).unwrap();
        fs::write(
            folder.path().join("locks/mod.rs"),
            "//! Locks.\n\npub(crate) mod a;\npub(crate) mod z;\n",
        )
        .unwrap();
        fs::write(folder.path().join("locks/a.rs"), "").unwrap();
        (add(folder.path(), group, name), folder)
    }

    #[test]
    fn a_rule_is_a_file_a_module_and_a_line_in_the_list() {
        let (file, folder) = add_to("locks", "long-wait");
        assert_eq!(file.unwrap(), "locks/long_wait.rs");
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(
            read("locks/mod.rs"),
            "//! Locks.\n\npub(crate) mod a;\npub(crate) mod long_wait;\npub(crate) mod z;\n"
        );
        assert!(
            read("lib.rs").contains("    &locks::a::RULE,\n    &locks::long_wait::RULE,\n    &data_loss::d::RULE,\n];")
        );
        let text = read("locks/long_wait.rs");
        assert!(text.contains("name: \"long-wait\""), "{text}");
        assert!(text.contains("group: Group::Locks"), "{text}");
        assert!(text.contains("include_str!(\"long_wait.rs\")"), "{text}");
        for placeholder in ["RULE_NAME", "rule_name", "GroupName"] {
            assert!(!text.contains(placeholder), "{placeholder}");
        }
    }

    #[test]
    fn a_rule_of_design_or_security_begins_as_one_that_judges_a_schema() {
        for (group, variant) in [("design", "Group::Design"), ("security", "Group::Security")] {
            let (file, folder) = add_to(group, "money-column");
            let text = fs::read_to_string(folder.path().join(file.unwrap())).unwrap();
            assert!(
                text.contains(variant) && text.contains("Check::Catalog(check)"),
                "{text}"
            );
            assert!(text.contains("include_str!(\"money_column.rs\")"), "{text}");
        }
    }

    #[test]
    fn the_first_rule_of_a_group_makes_its_folder() {
        let (file, folder) = add_to("release", "renamed-column");
        assert_eq!(file.unwrap(), "release/renamed_column.rs");
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(
            read("release/mod.rs"),
            "//! Rules about release.\n\npub(crate) mod renamed_column;\n"
        );
        let list = read("lib.rs");
        assert!(list.contains("mod locks;\nmod release;\nmod rule;\n"), "{list}");
        assert!(
            list.contains("    &data_loss::d::RULE,\n    &release::renamed_column::RULE,\n];"),
            "{list}"
        );
    }

    #[test]
    fn wrong_groups_and_names_are_refused_before_anything_is_written() {
        for (group, name, said) in [
            ("speed", "x", "unknown group `speed`"),
            ("locks", "Long", "kebab case"),
            ("locks", "long_wait", "kebab case"),
            ("locks", "a--b", "kebab case"),
            ("locks", "../x", "kebab case"),
            ("locks", "a", "already"),
        ] {
            let (added, folder) = add_to(group, name);
            let error = added.unwrap_err().to_string();
            assert!(error.contains(said), "{group} {name}: {error}");
            assert_eq!(fs::read_to_string(folder.path().join("lib.rs")).unwrap(), LIST);
        }
    }
}
