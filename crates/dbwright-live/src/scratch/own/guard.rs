//! The process that makes sure that a server never outlives dbwright.
//!
//! A shell in a process group of its own (Ctrl-C at the terminal is not for it) starts the server and reads from a pipe
//! whose other end only dbwright holds. However dbwright ends, `kill -9` included, the pipe ends with it; then the
//! server is stopped at once and its folder is removed. There are three shells: the one that waits for the server, and
//! two that wait for the pipe; any of them can be killed without harm.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use dbwright_catalog::Engine;
use tokio::process::{Child, ChildStdin, Command};

use super::environment;
use super::user::ServerUser;
use crate::LiveError;

/// Arguments: the scratch directory, the signal that ends the server at once, the server program, its arguments.
///
/// `ended` in the directory says that the server has ended, and with what status. It is looked at before each signal,
/// because the number of a process that has ended may belong to another one.
const SCRIPT: &str = r#"
umask 077
trap '' HUP INT
directory=$1
signal=$2
shift 2
exec 3<&0
"$@" 3<&- </dev/null >>"$directory/log" 2>&1 &
server=$!
end() {
    rounds=0
    while [ "$rounds" -lt 400 ] && [ ! -e "$directory/ended" ] && kill -0 "$server" 2>/dev/null; do
        # Again and again, because a server that has just been started does not listen yet.
        if [ "$rounds" -lt 300 ]; then kill "-$signal" "$server"; else kill -KILL "$server"; fi
        rounds=$((rounds + 1))
        sleep 0.01 || sleep 1
    done
    rm -rf "$directory"
}
( cat <&3 >/dev/null; end ) 2>/dev/null &
watcher=$!
( cat <&3 >/dev/null; end ) 2>/dev/null &
other=$!
trap 'end 2>/dev/null; kill "$watcher" "$other" 2>/dev/null; exit 143' TERM
wait "$server"
{ echo "$?" >"$directory/ended.new" && mv "$directory/ended.new" "$directory/ended"; } 2>/dev/null
cat <&3 >/dev/null
rm -rf "$directory"
wait "$watcher" "$other"
rm -rf "$directory"
"#;

/// A guard and, below it, a server.
pub(in crate::scratch) struct Guard {
    // Dropping it ends the pipe.
    pipe: Option<ChildStdin>,
    shell: Child,
}

/// What ends a server at once. PostgreSQL's processes end each other; the others have nothing to tidy up.
fn signal(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "QUIT",
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => "KILL",
    }
}

/// Where the server writes what it has to say.
pub(in crate::scratch) fn log_file(directory: &Path) -> PathBuf {
    directory.join("log")
}

/// Whether the server in `directory` has ended by itself.
pub(in crate::scratch) fn server_ended(directory: &Path) -> bool {
    // Where there is no directory any more, the guard was told to end and has taken the server with it.
    directory.join("ended").exists() || !directory.exists()
}

impl Guard {
    /// Starts a guard that starts the server `program`. From now on `directory` is the guard's to remove.
    pub(in crate::scratch) fn start(
        engine: Engine,
        directory: &Path,
        program: &Path,
        arguments: &[OsString],
        user: Option<&ServerUser>,
    ) -> Result<Self, LiveError> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "dbwright-guard"])
            .arg(directory)
            .arg(signal(engine))
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(environment())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        let mut shell = command
            .spawn()
            .map_err(|error| LiveError::io("starting the guard of the scratch server", error))?;
        Ok(Guard {
            pipe: shell.stdin.take(),
            shell,
        })
    }

    /// Tells the guard to stop the server and to remove its folder, and waits until it has.
    pub(in crate::scratch) async fn finish(&mut self, limit: Duration) -> Result<(), LiveError> {
        self.pipe = None;
        match tokio::time::timeout(limit, self.shell.wait()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(LiveError::io("waiting for the guard of the scratch server", error)),
            Err(_) => Err(LiveError::TooLong {
                doing: "stopping the scratch server".to_owned(),
                limit,
            }),
        }
    }
}
