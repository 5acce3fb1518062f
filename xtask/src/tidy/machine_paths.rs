//! No file names a folder of somebody's machine.

use super::Problem;
use super::tree::Tree;

/// First folders of absolute paths that exist on one machine only.
///
/// `/home/linuxbrew` is the same everywhere, see [`EVERYWHERE`].
const FOLDERS: [&str; 4] = ["work", "root", "home", "Users"];

/// Absolute paths below such a folder that are the same on every machine.
const EVERYWHERE: [&str; 1] = ["/home/linuxbrew"];

/// Checks the text of all files.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    // The lock file holds nothing that a person wrote.
    for (path, text) in tree.files().filter(|(path, _)| *path != "Cargo.lock") {
        for (at, line) in text.lines().enumerate() {
            if let Some(found) = machine_path(line) {
                problems.push(Problem {
                    path: path.to_owned(),
                    line: at + 1,
                    message: format!("`{found}…` is a path of one machine"),
                });
            }
        }
    }
    problems
}

fn machine_path(line: &str) -> Option<String> {
    FOLDERS.iter().map(|folder| format!("/{folder}/")).find(|folder| {
        line.match_indices(folder.as_str()).any(|(at, _)| {
            let inside_path = line[..at].chars().next_back().is_some_and(is_path_character);
            let everywhere = EVERYWHERE.iter().any(|path| line[at..].starts_with(path));
            // The folder alone, as in a list of folders, is no path.
            let goes_on = line[at + folder.len()..]
                .chars()
                .next()
                .is_some_and(char::is_alphanumeric);
            !inside_path && !everywhere && goes_on
        })
    })
}

fn is_path_character(character: char) -> bool {
    character.is_alphanumeric() || "._-~/}$*".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::shown;

    /// Joined here, so that this file passes its own check.
    fn path(parts: &[&str]) -> String {
        format!("/{}", parts.join("/"))
    }

    #[test]
    fn paths_of_one_machine_are_found_in_any_file() {
        for parts in [["root", "x"], ["work", "main"], ["home", "ann"], ["Users", "ann"]] {
            let text = format!("first\nsee `{}`\n", path(&parts));
            let problems = shown(check, &[("README.md", &text)]);
            assert!(problems.starts_with("README.md:2: "), "{problems}");
        }
    }

    #[test]
    fn relative_paths_and_addresses_are_fine() {
        let homebrew = path(&["home", "linuxbrew", ".linuxbrew"]);
        for text in [
            "src/work/x.rs",
            "https://example.org/root/x",
            "$HOME/work/x",
            homebrew.as_str(),
        ] {
            assert_eq!(shown(check, &[("README.md", text)]), "", "{text}");
        }
    }
}
