//! Going on after a statement that took the session with it.
//!
//! Migrations can end their own session (`KILL`, a packet that is too large), or run for so long that it has to be ended.
//! That is no failure of the check, as long as the server itself is well.

use dbwright_catalog::Effect;

use super::Runner;
use crate::LiveError;
use crate::scratch::mysql_family::Who;

impl Runner<'_> {
    /// Opens a new session, which knows nothing of the settings of the old one, and says so on the effect at hand.
    ///
    /// # Errors
    ///
    /// When the server takes no new session: then it was not the session alone that broke.
    pub(super) async fn renew_session(&mut self, effect: &mut Effect) -> Result<(), LiveError> {
        self.session = self.scratch.connect(&self.database, Who::Migrator).await?;
        self.tables_locked = false;
        let lost = if self.open.take().is_some() {
            "The session ended here: its settings, and what it had not committed, are lost."
        } else {
            "The session ended here: its settings are lost."
        };
        effect.notices.push(lost.to_owned());
        self.note_sql_mode().await;
        Ok(())
    }
}
