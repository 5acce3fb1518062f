//! Versions that the packages of a Node project ask for.

use std::path::{Path, PathBuf};

use super::manifest::numbered_lines;
use crate::text;

/// Manifests beyond this size are generated.
const BYTES_MAX: u64 = 1024 * 1024;

/// The version (major, minor) of the first of `names` that the nearest `package.json` upwards from `folder` asks for. Ranges
/// count by their first number: `^7.4.0`, `>=7.4 <8`. Nothing where it is not said (`latest`, `workspace:*`).
pub(crate) fn package_version(root: &Path, folder: &Path, names: &[&str]) -> Option<(u32, u32)> {
    folder.ancestors().find_map(|parent| {
        let text = text::peek(&root.join(parent).join("package.json"), BYTES_MAX);
        names.iter().find_map(|name| version_in(&text, name))
    })
}

/// The first of `names` that the nearest `package.json` upwards from `folder` asks for, with its place.
pub(crate) fn depended_package<'a>(root: &Path, folder: &Path, names: &[&'a str]) -> Option<(&'a str, PathBuf, u32)> {
    folder.ancestors().find_map(|parent| {
        let path = parent.join("package.json");
        let text = text::peek(&root.join(&path), BYTES_MAX);
        names.iter().find_map(|name| {
            range_in(&text, name)?;
            let key = format!("\"{name}\"");
            let (line, _) = numbered_lines(&text).find(|(_, line)| line.contains(&key))?;
            Some((*name, path.clone(), line))
        })
    })
}

/// What a manifest asks for under a name: `^7.4.0`.
fn range_in(text: &str, name: &str) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    let sections = ["dependencies", "devDependencies", "peerDependencies"];
    let range = sections
        .iter()
        .find_map(|section| manifest.get(section)?.get(name)?.as_str())?;
    Some(range.to_owned())
}

fn version_in(text: &str, name: &str) -> Option<(u32, u32)> {
    let range = range_in(text, name)?;
    let start = range.find(|c: char| c.is_ascii_digit())?;
    let mut numbers = range[start..].split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_of_a_range_counts() {
        let text = r#"{"dependencies": {"a": "^7.4.0", "b": ">=6 <8", "c": "latest"}, "devDependencies": {"d": "npm:x@1.20.3"}}"#;
        assert_eq!(version_in(text, "a"), Some((7, 4)));
        assert_eq!(version_in(text, "b"), Some((6, 0)));
        assert_eq!(version_in(text, "c"), None);
        assert_eq!(version_in(text, "d"), Some((1, 20)));
        assert_eq!(version_in("{", "a"), None);
    }
}
