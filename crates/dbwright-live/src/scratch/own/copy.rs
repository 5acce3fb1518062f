//! Copying a folder of many small files fast, and without the empty parts of the large ones.

use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZero;
use std::os::unix::fs::{FileExt, lchown};
use std::path::{Path, PathBuf};
use std::thread;

use super::user::ServerUser;

/// A file of this length or longer is looked through for what is empty.
const LARGE: u64 = 256 << 10;

/// So much is read at once.
const CHUNK: usize = 256 << 10;

/// What is empty for so long is left out. Not less than what file systems store at once.
const BLOCK: usize = 4096;

/// Copies the folder `from`, which holds nothing but files and folders, to `to`, which must not exist. All of the copy
/// belongs to `owner`.
pub(in crate::scratch) fn tree(from: &Path, to: &Path, owner: Option<&ServerUser>) -> io::Result<()> {
    let mut files = Vec::new();
    folders(from, to, owner, &mut files)?;
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(4);
    let share = files.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let copying: Vec<_> = files
            .chunks(share)
            .map(|files| {
                scope.spawn(move || {
                    files.iter().try_for_each(|(from, to)| {
                        file(from, to)?;
                        give(to, owner)
                    })
                })
            })
            .collect();
        copying.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a copying thread broke off")))
        })
    })
}

/// Copies a file. Blocks of nothing but zeros, which fill most of a new table space, are left out of a large one: they are
/// read as zeros all the same, and take neither time nor room.
fn file(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = from.metadata()?;
    if metadata.len() < LARGE {
        fs::copy(from, to)?;
        return Ok(());
    }
    let mut source = File::open(from)?;
    let target = File::create_new(to)?;
    target.set_permissions(metadata.permissions())?;
    let mut chunk = vec![0; CHUNK];
    let mut at = 0;
    loop {
        let read = fill(&mut source, &mut chunk)?;
        for (start, end) in written(&chunk[..read]) {
            target.write_all_at(&chunk[start..end], at + start as u64)?;
        }
        at += read as u64;
        if read < CHUNK {
            return target.set_len(at);
        }
    }
}

/// Reads until the chunk is full or the file ends.
fn fill(source: &mut File, chunk: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match source.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// From where to where there are blocks with something in them.
fn written(chunk: &[u8]) -> Vec<(usize, usize)> {
    const NOTHING: [u8; BLOCK] = [0; BLOCK];
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (index, block) in chunk.chunks(BLOCK).enumerate() {
        if *block == NOTHING[..block.len()] {
            continue;
        }
        let (start, end) = (index * BLOCK, index * BLOCK + block.len());
        match ranges.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

/// Makes the folders and lists the files.
fn folders(from: &Path, to: &Path, owner: Option<&ServerUser>, files: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, from.metadata()?.permissions())?;
    give(to, owner)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            folders(&source, &target, owner, files)?;
        } else {
            files.push((source, target));
        }
    }
    Ok(())
}

fn give(path: &Path, owner: Option<&ServerUser>) -> io::Result<()> {
    match owner {
        Some(user) => lchown(path, Some(user.uid), Some(user.gid)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn a_copy_has_the_same_bytes_and_no_blocks_of_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        let large = usize::try_from(LARGE).unwrap();
        let mut spread = vec![0; 4 * large + 100];
        for at in [
            0,
            5 * BLOCK - 1,
            CHUNK - 1,
            CHUNK,
            2 * CHUNK + 7 * BLOCK,
            4 * large + 99,
        ] {
            spread[at] = 1;
        }
        let files: [(&str, Vec<u8>); 5] = [
            ("spread", spread),
            ("zeros", vec![0; 4 * large]),
            ("full", vec![7; 2 * large + 1]),
            ("small", vec![0; 10]),
            ("empty", Vec::new()),
        ];
        for (name, content) in &files {
            fs::write(from.join(name), content).unwrap();
            fs::set_permissions(from.join(name), fs::Permissions::from_mode(0o640)).unwrap();
        }
        tree(&from, &to, None).unwrap();
        for (name, content) in &files {
            assert!(fs::read(to.join(name)).unwrap() == *content, "{name}");
            assert_eq!(to.join(name).metadata().unwrap().mode() & 0o777, 0o640, "{name}");
        }
        let on_disk = |name: &str| to.join(name).metadata().unwrap().blocks() * 512;
        assert!(on_disk("zeros") < LARGE, "{}", on_disk("zeros"));
        assert!(on_disk("spread") < LARGE, "{}", on_disk("spread"));
    }
}
