//! Servers of our own for which the program is chosen once: a check starts several, and keeps what they hold.

use std::path::Path;

use dbwright_catalog::Engine;
use tokio::sync::Mutex;

use super::{MySqlFamilyScratch, Place, own};
use crate::LiveError;
use crate::scratch::ScratchOptions;
use crate::scratch::own::Purpose;

/// The server program of this machine from which the scratch servers of one check are started.
#[derive(Clone, Debug)]
pub struct Programs {
    chosen: own::Chosen,
}

impl Programs {
    /// Chooses the program of an engine, which is MySQL or MariaDB.
    ///
    /// What dead runs left on this machine is cleaned up on the way.
    ///
    /// # Errors
    ///
    /// When there is none that can be used.
    pub async fn choose(engine: Engine, options: &ScratchOptions) -> Result<Self, LiveError> {
        let chosen = own::choose(engine, options).await?;
        Ok(Programs { chosen })
    }

    /// What the server program says of its build.
    pub fn build(&self) -> &str {
        &self.chosen.installation.build
    }

    /// What tells this build, with all that it is run with, from any other. For comparing, not for reading.
    pub fn identity(&self) -> String {
        self.chosen.identity()
    }

    /// Starts a server, as [`MySqlFamilyScratch::start`] does.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start(&self) -> Result<MySqlFamilyScratch, LiveError> {
        Ok(scratch_of(own::start(&self.chosen, Purpose::Watching).await?))
    }

    /// Starts a server on which work takes as long as on one in production: with default settings, on a disk.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub(crate) async fn start_timing(&self) -> Result<MySqlFamilyScratch, LiveError> {
        Ok(scratch_of(own::start(&self.chosen, Purpose::Timing).await?))
    }

    /// Starts a server on a copy of a data directory that [`Programs::keep`] or [`MySqlFamilyScratch::stop_keeping`] has
    /// written.
    ///
    /// # Errors
    ///
    /// When it does not start, because the directory is damaged for one.
    pub async fn start_on(&self, data: &Path) -> Result<MySqlFamilyScratch, LiveError> {
        Ok(scratch_of(own::start_on(&self.chosen, data, Purpose::Watching).await?))
    }

    /// Copies the data directory of a server to `target`, which must not exist. All its sessions must be closed. It is
    /// stopped for that and started again. Also tells whether copying went well: the server goes on in either case.
    ///
    /// # Errors
    ///
    /// When it can't be stopped and started.
    pub async fn keep(
        &self,
        scratch: MySqlFamilyScratch,
        target: &Path,
    ) -> Result<(MySqlFamilyScratch, std::io::Result<()>), LiveError> {
        let MySqlFamilyScratch { admin, server, place } = scratch;
        let cluster = match place {
            Place::Own(cluster) => *cluster,
            place @ Place::Given(_) => {
                let scratch = MySqlFamilyScratch { admin, server, place };
                return Ok((scratch, Err(std::io::ErrorKind::Unsupported.into())));
            }
        };
        let (cluster, admin, copied) = own::keep(&self.chosen, cluster, admin.into_inner(), target).await?;
        Ok((scratch_of((cluster, admin, server)), copied))
    }
}

fn scratch_of((cluster, admin, server): own::Started) -> MySqlFamilyScratch {
    MySqlFamilyScratch {
        admin: Mutex::new(admin),
        server,
        place: Place::Own(Box::new(cluster)),
    }
}
