//! Scratch directories: where they are, whose they are, and how forgotten ones are found and removed.
//!
//! Each holds a file `scratch.lock`, which is locked for as long as the dbwright that made it lives. A directory of ours
//! whose lock is free has been forgotten: its guard was killed too, or the machine was stopped. Nothing is ever removed
//! without having had that lock, whatever it is called.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal};

use dbwright_catalog::Engine;

use super::Purpose;
use super::user::ServerUser;
use crate::LiveError;
use crate::scratch::patience::Patience;

/// How the names of our directories begin.
const PREFIXES: [&str; 3] = ["dbwright-pg-", "dbwright-my-", "dbwright-lite-"];

/// The file whose lock says that somebody still needs the directory.
const LOCK: &str = "scratch.lock";

/// Where servers write their process id, below their data directory: PostgreSQL, MySQL and MariaDB.
const PID_FILES: [&str; 2] = ["postmaster.pid", PID_FILE];

/// The name that servers of MySQL and MariaDB are told for that file.
pub(in crate::scratch) const PID_FILE: &str = "server.pid";

/// Memory is the best place if it has so much room.
const MEMORY: &str = "/dev/shm";
const MEMORY_MIN_BYTES: u64 = 400 << 20;

/// Where temporary files are that outlive a start of the machine, and so are never in memory.
const DISK: &str = "/var/tmp";
const DISK_MIN_BYTES: u64 = 2 << 30;

/// The path of a socket is limited to 104 bytes on some platforms, 108 on others. PostgreSQL's has the longest name.
const PATH_MAX_BYTES: usize = 100 - "/.s.PGSQL.5432".len();

/// A directory for one server: its data, its socket, its log.
pub(in crate::scratch) struct ScratchDirectory {
    path: PathBuf,
    /// Nobody else removes it after us.
    ours: bool,
    _lock: File,
}

impl ScratchDirectory {
    /// Makes a directory that belongs to `owner`, in memory if there is room.
    pub(in crate::scratch) fn create(engine: Engine, owner: Option<&ServerUser>) -> Result<Self, LiveError> {
        Self::create_for(Purpose::Watching, engine, owner)
    }

    /// Makes a directory that belongs to `owner`: where work is timed, on a disk if there is room, else in memory.
    pub(in crate::scratch) fn create_for(
        purpose: Purpose,
        engine: Engine,
        owner: Option<&ServerUser>,
    ) -> Result<Self, LiveError> {
        let mut roots = roots();
        if purpose == Purpose::Timing {
            roots.reverse();
        }
        let mut problem = std::io::Error::other("no folder for temporary files can be used");
        for root in roots {
            if free_bytes(&root) < min_bytes(&root) {
                continue;
            }
            if owner.is_some_and(|owner| !owner.can_reach(&root)) {
                continue;
            }
            match Self::create_in(&root, engine, owner) {
                Ok(directory) if directory.path.as_os_str().as_bytes().len() <= PATH_MAX_BYTES => return Ok(directory),
                Ok(_) => problem = std::io::Error::other("the names of all folders for temporary files are too long"),
                Err(error) => problem = error,
            }
        }
        Err(LiveError::io("making a scratch directory", problem))
    }

    fn create_in(root: &Path, engine: Engine, owner: Option<&ServerUser>) -> std::io::Result<Self> {
        let path = tempfile::Builder::new()
            .prefix(prefix(engine))
            .rand_bytes(8)
            // Whoever can enter it can connect as the superuser.
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(root)?;
        // Locked before it has its name: whoever finds a lock that is free knows that its owner is gone.
        let (unnamed, named) = (path.path().join("lock.new"), path.path().join(LOCK));
        let lock = File::create_new(&unnamed)?;
        lock.try_lock().map_err(std::io::Error::from)?;
        fs::rename(&unnamed, &named)?;
        if let Some(owner) = owner {
            chown(path.path(), Some(owner.uid), Some(owner.gid))?;
        }
        Ok(ScratchDirectory {
            path: path.keep(),
            ours: true,
            _lock: lock,
        })
    }

    pub(in crate::scratch) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the server's data is.
    pub(in crate::scratch) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// From now on somebody else removes it.
    pub(in crate::scratch) fn hand_over(&mut self) {
        self.ours = false;
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        if self.ours {
            // What can't be removed now is removed by a later sweep.
            let _ = remove(&self.path);
        }
    }
}

/// Removes a scratch directory that may be gone already, or is just being removed by its guard.
pub(in crate::scratch) fn remove(path: &Path) -> Result<(), LiveError> {
    let mut patience = Patience::new(Duration::from_secs(2));
    loop {
        match fs::remove_dir_all(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !path.exists() => return Ok(()),
            Err(error) if patience.is_exhausted() => {
                return Err(LiveError::io(format!("removing {}", path.display()), error));
            }
            // The other one was in the middle of it.
            Err(_) => patience.pause_blocking(),
        }
    }
}

/// Ends what dead runs have left behind. Nothing here can fail: what can't be removed is left for the next time.
pub(in crate::scratch) fn sweep(owner: Option<&ServerUser>) {
    for root in roots() {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if !PREFIXES
                .iter()
                .any(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
            {
                continue;
            }
            // The lock is held until the directory is gone, so that two sweeps do not get into each other's way.
            if let Some(_lock) = forgotten(&path, owner) {
                end_server(&path);
                let _ = remove(&path);
            }
        }
    }
}

/// The lock of a directory that belongs to nobody any more.
fn forgotten(path: &Path, owner: Option<&ServerUser>) -> Option<File> {
    let metadata = path.symlink_metadata().ok().filter(fs::Metadata::is_dir)?;
    let ourselves = rustix::process::geteuid().as_raw();
    if metadata.uid() != ourselves && owner.is_none_or(|owner| owner.uid != metadata.uid()) {
        return None;
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let lock = OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).ok()?)
        .open(path.join(LOCK))
        .ok()?;
    lock.try_lock().ok()?;
    Some(lock)
}

/// Stops a server that still runs in a directory that is to be removed.
fn end_server(directory: &Path) {
    let data = directory.join("data");
    let Some(pid) = server_pid(&data).filter(|pid| works_in(*pid, &data)) else {
        return;
    };
    // `SIGQUIT` is an immediate shutdown of PostgreSQL, and an orderly one of MySQL and MariaDB.
    for (signal, limit) in [
        (Signal::QUIT, Duration::from_secs(2)),
        (Signal::KILL, Duration::from_secs(1)),
    ] {
        let mut patience = Patience::new(limit);
        if rustix::process::kill_process(pid, signal).is_err() {
            return;
        }
        while !patience.is_exhausted() {
            if !works_in(pid, &data) {
                return;
            }
            patience.pause_blocking();
        }
    }
}

/// The process id that a server has left in its data directory.
pub(in crate::scratch) fn server_pid(data: &Path) -> Option<Pid> {
    let text = PID_FILES
        .iter()
        .find_map(|name| fs::read_to_string(data.join(name)).ok())?;
    // PostgreSQL notes itself with a minus where it runs without clients, as while a cluster is being made.
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    Pid::from_raw(pid.checked_abs()?)
}

/// Whether this process is a server on this data directory, and belongs to whom the directory belongs to: the number
/// may belong to another process today, or somebody may have made the file to have us kill something.
fn works_in(pid: Pid, data: &Path) -> bool {
    let Ok(owner) = data.metadata().map(|metadata| metadata.uid()) else {
        return false;
    };
    let pid = pid.as_raw_nonzero();
    if cfg!(target_os = "linux") {
        let process = PathBuf::from(format!("/proc/{pid}"));
        return process.metadata().is_ok_and(|metadata| metadata.uid() == owner)
            && fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == data);
    }
    let asked = std::process::Command::new("ps")
        .args(["-o", "uid=,command=", "-p", &pid.to_string()])
        .output();
    asked.is_ok_and(|answer| {
        let text = String::from_utf8_lossy(&answer.stdout);
        let line = text.trim_start();
        line.starts_with(&format!("{owner} ")) && line.contains(&*data.to_string_lossy())
    })
}

/// The folders that may hold scratch directories, the best first.
fn roots() -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = Vec::new();
    for root in [
        PathBuf::from(MEMORY),
        std::env::temp_dir(),
        PathBuf::from("/tmp"),
        PathBuf::from(DISK),
    ] {
        // Canonical, because a server tells its folder without links.
        if let Ok(root) = root.canonicalize()
            && !roots.contains(&root)
        {
            roots.push(root);
        }
    }
    roots
}

/// How much room a folder has to have to be taken for more than nothing else.
fn min_bytes(root: &Path) -> u64 {
    match root.to_str() {
        Some(MEMORY) => MEMORY_MIN_BYTES,
        Some(DISK) => DISK_MIN_BYTES,
        _ => 0,
    }
}

fn prefix(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => PREFIXES[0],
        Engine::MySql | Engine::MariaDb => PREFIXES[1],
        Engine::Sqlite => PREFIXES[2],
    }
}

pub(in crate::scratch) fn free_bytes(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |facts| facts.f_bavail.saturating_mul(facts.f_frsize))
}
