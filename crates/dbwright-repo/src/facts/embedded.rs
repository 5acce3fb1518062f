//! Which folders a Go program carries with it: `//go:embed migrations/*.sql`.

use std::path::{Component, Path, PathBuf};

use crate::text;
use crate::walk::{Tree, has_extension, is_aside};

const FILES_MAX: usize = 20_000;
const BYTES_MAX: u64 = 64 * 1024;

/// The folders and files that Go code embeds, up to the first wildcard, relative to the root
/// (<https://pkg.go.dev/embed#hdr-Directives>). Tests do not count.
pub(crate) fn embedded(root: &Path, tree: &Tree) -> Vec<PathBuf> {
    let sources = tree.files().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        has_extension(name, "go") && !name.ends_with("_test.go") && !is_aside(path)
    });
    let mut found = Vec::new();
    for path in sources.take(FILES_MAX) {
        let text = text::peek(&root.join(&path), BYTES_MAX);
        if !text.contains("//go:embed") {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let directives = text.lines().filter_map(|line| line.trim().strip_prefix("//go:embed "));
        for pattern in directives.flat_map(str::split_whitespace) {
            let pattern = pattern.trim_matches(['"', '`']).trim_start_matches("all:");
            let fixed = Path::new(pattern)
                .components()
                .take_while(|part| matches!(part, Component::Normal(name) if !name.to_string_lossy().contains('*')));
            let embedded = folder.join(fixed.collect::<PathBuf>());
            if !found.contains(&embedded) {
                found.push(embedded);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_count_up_to_their_wildcard() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("db")).unwrap();
        std::fs::write(
            root.path().join("db/a.go"),
            "//go:embed migrations/sql/*.sql all:x \"y z\"\nvar f embed.FS\n",
        )
        .unwrap();
        std::fs::write(root.path().join("db/a_test.go"), "//go:embed old/*.sql\n").unwrap();
        let tree = crate::walk::walk(root.path()).unwrap();
        let found = embedded(root.path(), &tree);
        assert!(found.contains(&PathBuf::from("db/migrations/sql")));
        assert!(found.contains(&PathBuf::from("db/x")));
        assert!(!found.contains(&PathBuf::from("db/old")));
    }
}
