//! Templates: data directories that are made once per server build, kept in the cache, and copied for each run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::directory::ScratchDirectory;
use super::{blocking, copy};
use crate::LiveError;
use crate::scratch::patience::Patience;

/// How long another run may take to make the template that we need too; after that we make one for ourselves.
const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// A data directory to copy.
pub(in crate::scratch) struct Template {
    data: PathBuf,
    old: bool,
    // For a template that could not be kept.
    _workplace: Option<ScratchDirectory>,
}

impl Template {
    pub(in crate::scratch) fn data(&self) -> &Path {
        &self.data
    }

    /// Whether it was found and not made just now.
    pub(in crate::scratch) fn is_old(&self) -> bool {
        self.old
    }

    /// Removes it from the cache.
    pub(in crate::scratch) fn discard(self) {
        // If it can't be removed, the next attempt fails as this one did and says so.
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// The template that is kept as `data` in the cache; where there is none, `make` makes it in a scratch directory.
pub(in crate::scratch) async fn ready(
    cache: &Path,
    data: PathBuf,
    make: impl Future<Output = Result<ScratchDirectory, LiveError>>,
) -> Result<Template, LiveError> {
    let old = Template {
        data: data.clone(),
        old: true,
        _workplace: None,
    };
    if data.exists() {
        crate::cache::touch(&data);
        return Ok(old);
    }
    let lock = lock(cache, &data).await;
    // Whom we waited for has made it.
    if data.exists() {
        return Ok(old);
    }
    let workplace = make.await?;
    let Some(_lock) = lock else {
        return Ok(Template {
            data: workplace.data(),
            old: false,
            _workplace: Some(workplace),
        });
    };
    blocking(move || match keep(&workplace.data(), &data) {
        Ok(()) => Ok(Template {
            data,
            old: false,
            _workplace: None,
        }),
        Err(_) => Ok(Template {
            data: workplace.data(),
            old: false,
            _workplace: Some(workplace),
        }),
    })
    .await
}

/// Waits until it is our turn to make the template. `None` if it can't be kept, or if the wait takes too long.
async fn lock(cache: &Path, data: &Path) -> Option<File> {
    fs::create_dir_all(cache).ok()?;
    let file = File::create(data.with_added_extension("lock")).ok()?;
    let mut patience = Patience::new(WAIT_LIMIT);
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(fs::TryLockError::Error(_)) => return None,
            Err(fs::TryLockError::WouldBlock) if patience.is_exhausted() => return None,
            Err(fs::TryLockError::WouldBlock) => patience.pause().await,
        }
    }
}

/// Copies a data directory into the cache; it has its name only when it is complete.
fn keep(made: &Path, data: &Path) -> std::io::Result<()> {
    let unfinished = data.with_added_extension("new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let kept = copy::tree(made, &unfinished, None).and_then(|()| fs::rename(&unfinished, data));
    if kept.is_err() {
        // A later attempt removes what can't be removed now.
        let _ = fs::remove_dir_all(&unfinished);
    }
    kept
}

/// A hash for names: FNV-1a, because the standard library does not promise to hash alike tomorrow.
pub(in crate::scratch) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(in crate::scratch) fn add(&mut self, text: &str) {
        // A byte that text does not contain separates the parts.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The hash of all that was added, as digits.
    pub(in crate::scratch) fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}
