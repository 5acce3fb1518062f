//! Servers of our own for which the programs are chosen once: a check starts several, and keeps what they hold.

use std::path::Path;

use super::{Place, PostgresScratch, ScratchOptions, own};
use crate::LiveError;
use crate::scratch::own::Purpose;

/// The server programs of this machine from which the scratch servers of one check are started.
#[derive(Clone, Debug)]
pub struct Programs {
    chosen: own::Programs,
}

impl Programs {
    /// Chooses the programs; nothing where a server was given by URL.
    ///
    /// What dead runs left on this machine is cleaned up on the way.
    ///
    /// # Errors
    ///
    /// When there are none that can be used.
    pub async fn choose(options: &ScratchOptions) -> Result<Option<Self>, LiveError> {
        if options.url.is_some() {
            return Ok(None);
        }
        Self::on_this_machine(options).await.map(Some)
    }

    /// Chooses the programs, whether a server was given or not.
    pub(super) async fn on_this_machine(options: &ScratchOptions) -> Result<Self, LiveError> {
        let chosen = own::choose(options).await?;
        Ok(Programs { chosen })
    }

    /// What the server says of its build.
    pub fn build(&self) -> &str {
        &self.chosen.installation.build
    }

    /// What tells this build, with all that it is run with, from any other. For comparing, not for reading.
    pub(crate) fn identity(&self) -> String {
        self.chosen.identity()
    }

    /// Starts a server, as [`PostgresScratch::start`] does.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start(&self) -> Result<PostgresScratch, LiveError> {
        self.start_for(Purpose::Watching).await
    }

    /// Starts a server on which work takes as long as on one in production: with default settings, on a disk.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub(crate) async fn start_timing(&self) -> Result<PostgresScratch, LiveError> {
        self.start_for(Purpose::Timing).await
    }

    async fn start_for(&self, purpose: Purpose) -> Result<PostgresScratch, LiveError> {
        let (cluster, admin, server) = own::start(&self.chosen, purpose).await?;
        Ok(PostgresScratch {
            admin,
            server,
            place: Place::Own(Box::new(cluster)),
        })
    }

    /// Starts a server on a copy of a data directory that [`Programs::keep`] has written. New databases get numbers above
    /// `databases`.
    ///
    /// # Errors
    ///
    /// When it does not start, because the directory is damaged for one.
    pub(crate) async fn start_on(&self, data: &Path, databases: u32) -> Result<PostgresScratch, LiveError> {
        let (cluster, admin, server) = own::start_on(&self.chosen, data, Purpose::Watching).await?;
        cluster.skip_databases(databases);
        Ok(PostgresScratch {
            admin,
            server,
            place: Place::Own(Box::new(cluster)),
        })
    }

    /// Copies the data directory of a server to `target`, which must not exist. All its sessions must be closed. It is
    /// stopped for that, because unlogged tables do not survive anything else, and started again. Also tells whether
    /// copying went well: the server goes on in either case.
    ///
    /// # Errors
    ///
    /// When it can't be stopped and started.
    pub(crate) async fn keep(
        &self,
        scratch: PostgresScratch,
        target: &Path,
    ) -> Result<(PostgresScratch, std::io::Result<()>), LiveError> {
        let PostgresScratch { admin, server, place } = scratch;
        let cluster = match place {
            Place::Own(cluster) => *cluster,
            place @ Place::Given(_) => {
                let scratch = PostgresScratch { admin, server, place };
                return Ok((scratch, Err(std::io::ErrorKind::Unsupported.into())));
            }
        };
        let (cluster, admin, copied) = own::keep(&self.chosen, cluster, admin, target).await?;
        let place = Place::Own(Box::new(cluster));
        Ok((PostgresScratch { admin, server, place }, copied))
    }

    /// Stops a server, lets `write` change its data directory, and starts it again on that. All its sessions must be closed.
    ///
    /// # Errors
    ///
    /// When it can't be stopped and started, or its files not be written.
    pub(crate) async fn rearrange(
        &self,
        scratch: PostgresScratch,
        write: impl FnOnce(&Path, &dyn Fn(&Path) -> std::io::Result<()>) -> std::io::Result<()> + Send + 'static,
    ) -> Result<PostgresScratch, LiveError> {
        let PostgresScratch { admin, server, place } = scratch;
        let cluster = match place {
            Place::Own(cluster) => *cluster,
            Place::Given(_) => {
                return Err(LiveError::Unsupported {
                    what: "the files of a server that was given can't be written".to_owned(),
                });
            }
        };
        let (cluster, admin) = own::rearrange(&self.chosen, cluster, admin, write).await?;
        let place = Place::Own(Box::new(cluster));
        Ok(PostgresScratch { admin, server, place })
    }
}

impl PostgresScratch {
    /// The directory in which its socket is.
    pub fn socket_folder(&self) -> Option<std::path::PathBuf> {
        match &self.place {
            Place::Own(cluster) => Some(cluster.folder().to_path_buf()),
            Place::Given(_) => None,
        }
    }

    /// The number of the newest database, for [`Programs::start_on`].
    pub(crate) fn databases(&self) -> u32 {
        match &self.place {
            Place::Own(cluster) => cluster.databases(),
            Place::Given(_) => 0,
        }
    }
}
