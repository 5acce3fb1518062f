//! Waiting for a condition: growing pauses up to a limit.

use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// How much longer somebody waits. Look at the condition first, then [`Patience::is_exhausted`], then pause.
pub(crate) struct Patience {
    deadline: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Patience {
            deadline: Instant::now() + limit,
            pause: FIRST_PAUSE,
        }
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        Instant::now() > self.deadline
    }

    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    /// For threads that may block.
    #[expect(
        clippy::disallowed_methods,
        reason = "each caller waits for a condition, and no longer than its limit"
    )]
    pub(crate) fn pause_blocking(&mut self) {
        std::thread::sleep(self.next());
    }

    fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        pause
    }
}
