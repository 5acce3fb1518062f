//! Copying a folder of many small files fast.

use std::fs;
use std::io;
use std::num::NonZero;
use std::os::unix::fs::lchown;
use std::path::{Path, PathBuf};
use std::thread;

use super::user::ServerUser;

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
                        fs::copy(from, to)?;
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
