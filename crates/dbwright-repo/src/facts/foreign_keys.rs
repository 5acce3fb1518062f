//! Whether a project enforces foreign keys on the SQLite connection that runs its migrations.
//!
//! SQLite itself does not, unless it was compiled so; what a project's code says about it decides whether a table
//! rebuild deletes the rows of cascading children.

use std::path::Path;

use super::Fact;
use super::manifest::numbered_lines;
use crate::text;
use crate::walk::{Tree, is_aside};

const FILES_MAX: usize = 4000;
const BYTES_MAX: u64 = 512 * 1024;

/// The SQLite that `libsqlite3-sys` bundles is compiled with `SQLITE_DEFAULT_FOREIGN_KEYS=1`
/// (<https://github.com/rusqlite/rusqlite/blob/master/libsqlite3-sys/build.rs>), which decides for diesel, whose own
/// driver leaves the setting alone.
pub(crate) fn bundled(root: &Path, tree: &Tree, migrations: &Path) -> Option<(bool, Fact)> {
    migrations.ancestors().find_map(|folder| {
        let listing = tree.folders.get(folder)?;
        let path = folder.join("Cargo.toml");
        let text = listing
            .files
            .iter()
            .any(|file| file == "Cargo.toml")
            .then(|| text::peek(&root.join(&path), BYTES_MAX))?;
        let (number, _) = numbered_lines(&text).find(|(_, line)| {
            line.contains("libsqlite3-sys") && line.contains("bundled") && !line.trim_start().starts_with('#')
        })?;
        Some((
            true,
            Fact::new("bundled SQLite, compiled with foreign keys on", path, Some(number)),
        ))
    })
}

/// What the code of the package around `migrations` says, tests and examples aside: off where it switches them off
/// anywhere, because that is done for migrations; on where it switches them on.
pub(crate) fn foreign_keys(root: &Path, tree: &Tree, migrations: &Path) -> Option<(bool, Fact)> {
    let mut on = None;
    let has_manifest = |folder: &&Path| {
        let listing = tree.folders.get(*folder);
        listing.is_some_and(|listing| {
            listing
                .files
                .iter()
                .any(|file| file == "Cargo.toml" || file == "go.mod")
        })
    };
    let package = migrations.ancestors().find(has_manifest).unwrap_or(Path::new(""));
    if let Some(fact) = popx(root, tree, migrations, package) {
        return Some((false, fact));
    }
    let sources = tree.files().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("rs" | "go"))
            && !name.ends_with("_test.go")
            && path.starts_with(package)
            && !path.starts_with(migrations)
            && !is_aside(path)
    });
    for path in sources.take(FILES_MAX) {
        let source = text::peek(&root.join(&path), BYTES_MAX);
        for (number, line) in numbered_lines(&source).take_while(|(_, line)| !line.contains("#[cfg(test)]")) {
            match switched(line) {
                Some(false) => {
                    return Some((false, Fact::new("foreign keys are switched off", path, Some(number))));
                }
                Some(true) if on.is_none() => {
                    on = Some((
                        true,
                        Fact::new("foreign keys are switched on", path.clone(), Some(number)),
                    ));
                }
                _ => {}
            }
        }
    }
    on
}

/// Ory's migrator switches them off while it runs, whatever the connection says
/// (<https://github.com/ory/x/blob/master/popx/migrator.go>).
fn popx(root: &Path, tree: &Tree, migrations: &Path, package: &Path) -> Option<Fact> {
    let files = &tree.folders.get(migrations)?.files;
    let is_named_so =
        |file: &String| file.contains(".sqlite3.") || file.contains(".sqlite.") || file.contains(".autocommit.");
    let module = package.join("go.mod");
    let text = files
        .iter()
        .any(is_named_so)
        .then(|| text::peek(&root.join(&module), BYTES_MAX))?;
    let (number, _) = numbered_lines(&text).find(|(_, line)| line.trim_start().starts_with("github.com/ory/x "))?;
    Some(Fact::new(
        "popx, which switches foreign keys off,",
        module,
        Some(number),
    ))
}

/// Reads `PRAGMA foreign_keys = OFF`, `_foreign_keys=on`, `_pragma=foreign_keys(1)`, `_fk=true`, `.foreign_keys(false)`.
fn switched(line: &str) -> Option<bool> {
    let code = line.trim_start();
    if code.starts_with("//") {
        return None;
    }
    let lower = code.to_ascii_lowercase();
    let words = lower.replace('_', "");
    if words.contains("disableforeignkeys") && words.contains("true") {
        // A parameter of the function that opens the database, set for migrations.
        return Some(false);
    }
    ["foreign_keys", "_fk"].into_iter().find_map(|name| {
        let at = lower.find(name)?;
        let value = lower[at + name.len()..].trim_start_matches(|c: char| c.is_whitespace() || "=(\",".contains(c));
        let word = value.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        match word {
            "on" | "1" | "true" | "yes" => Some(true),
            "off" | "0" | "false" | "no" => Some(false),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::switched;

    #[test]
    fn the_usual_ways_to_switch_foreign_keys_are_read() {
        for (line, expected) in [
            (r#"db.Exec("PRAGMA foreign_keys = ON")"#, Some(true)),
            (r#"sql_query("PRAGMA foreign_keys=off")"#, Some(false)),
            (r#"url += "&_fk=true""#, Some(true)),
            (r#""file::memory:?_foreign_keys=on""#, Some(true)),
            (r#""file:x?_pragma=foreign_keys(1)""#, Some(true)),
            (".foreign_keys(false)", Some(false)),
            (r#"pragma_update(None, "foreign_keys", "ON")"#, Some(true)),
            ("// PRAGMA foreign_keys = OFF", None),
            ("foreign_keys(table)", None),
            ("const disableForeignKeys = true", Some(false)),
            ("disableForeignKeys = false", None),
        ] {
            assert_eq!(switched(line), expected, "{line}");
        }
    }
}
