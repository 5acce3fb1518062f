//! Who runs the server: PostgreSQL refuses to run as root.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::LiveError;

/// The accounts that are tried, in this order.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Another user than ours, who runs the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerUser {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// `None` if we may run the server ourselves.
pub(super) fn server_user() -> Result<Option<ServerUser>, LiveError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts =
        std::fs::read_to_string("/etc/passwd").map_err(|error| LiveError::io("reading /etc/passwd", error))?;
    match find(&accounts) {
        Some(user) => Ok(Some(user)),
        None => Err(LiveError::Unsupported {
            what: "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it"
                .to_owned(),
        }),
    }
}

fn find(accounts: &str) -> Option<ServerUser> {
    ACCOUNTS.iter().find_map(|wanted| {
        accounts.lines().find_map(|line| {
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
    pub(super) fn must_reach(&self, path: &Path) -> Result<(), LiveError> {
        // What the path names behind links is what has to be reached.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        match path.ancestors().find(|folder| !self.can_enter(folder)) {
            None => Ok(()),
            Some(closed) => Err(LiveError::Unsupported {
                what: format!(
                    "PostgreSQL refuses to run as root, and the user `{}`, who is to run it, can't enter {} to get to {}",
                    self.name,
                    closed.display(),
                    path.display()
                ),
            }),
        }
    }

    pub(super) fn can_reach(&self, path: &Path) -> bool {
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
        let user = find(accounts).unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.gid), ("postgres", 101, 104));
        let user = find("postgres:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n").unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.gid), ("nobody", 65534, 65533));
        assert_eq!(find("root:x:0:0::/root:/bin/sh\nbroken\npostgres:x\n"), None);
    }
}
