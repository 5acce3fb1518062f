//! Who runs the server: the servers refuse to run as root, or should not.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dbwright_catalog::Engine;

use crate::LiveError;

/// The accounts that are tried, in this order.
fn accounts(engine: Engine) -> [&'static str; 2] {
    match engine {
        Engine::Postgres => ["postgres", "nobody"],
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => ["mysql", "nobody"],
    }
}

/// Another user than ours, who runs the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scratch) struct ServerUser {
    pub(in crate::scratch) name: String,
    pub(in crate::scratch) uid: u32,
    pub(in crate::scratch) gid: u32,
}

/// `None` if we may run the server ourselves.
pub(in crate::scratch) fn server_user(engine: Engine) -> Result<Option<ServerUser>, LiveError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let known = std::fs::read_to_string("/etc/passwd").map_err(|error| LiveError::io("reading /etc/passwd", error))?;
    match find(&known, accounts(engine)) {
        Some(user) => Ok(Some(user)),
        None => Err(LiveError::Unsupported {
            what: format!(
                "{engine} refuses to run as root, and there is neither a user `{}` nor `nobody` to run it",
                accounts(engine)[0]
            ),
        }),
    }
}

fn find(known: &str, wanted: [&str; 2]) -> Option<ServerUser> {
    wanted.iter().find_map(|wanted| {
        known.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| name == wanted)?;
            let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
            let gid = fields.next()?.parse().ok()?;
            Some(ServerUser {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    })
}

impl ServerUser {
    /// Fails if this user can't get to `path`.
    pub(in crate::scratch) fn must_reach(&self, engine: Engine, path: &Path) -> Result<(), LiveError> {
        // What the path names behind links is what has to be reached.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        match path.ancestors().find(|folder| !self.can_enter(folder)) {
            None => Ok(()),
            Some(closed) => Err(LiveError::Unsupported {
                what: format!(
                    "{engine} refuses to run as root, and the user `{}`, who is to run it, can't enter {} to get to {}",
                    self.name,
                    closed.display(),
                    path.display()
                ),
            }),
        }
    }

    pub(in crate::scratch) fn can_reach(&self, path: &Path) -> bool {
        path.ancestors().all(|folder| self.can_enter(folder))
    }

    fn can_enter(&self, folder: &Path) -> bool {
        folder.metadata().is_ok_and(|metadata| {
            let bit = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            metadata.mode() & bit != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_is_preferred_to_nobody_and_never_is_it_root() {
        let accounts =
            "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104:a,,:/:/bin/sh\n";
        let user = find(accounts, ["postgres", "nobody"]).unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.gid), ("postgres", 101, 104));
        let user = find(
            "postgres:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n",
            ["postgres", "nobody"],
        )
        .unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.gid), ("nobody", 65534, 65533));
        assert_eq!(
            find(
                "root:x:0:0::/root:/bin/sh\nbroken\npostgres:x\n",
                ["postgres", "nobody"]
            ),
            None
        );
    }
}
