//! Names for what is made on a server that somebody gave away: they tell when they were given, so that what a dead run has
//! left can be removed by a later one.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is this old and unused was left by a dead run.
const STALE: Duration = Duration::from_hours(24);

/// A name that tells when it was given: prefix, seconds since 1970 in hexadecimal, random digits.
pub(super) fn stamped(prefix: &str) -> String {
    format!("{prefix}{:x}_{:08x}", now().as_secs(), random() as u32)
}

pub(super) fn is_stale(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .and_then(|rest| rest.split_once('_'))
        .and_then(|(seconds, _)| u64::from_str_radix(seconds, 16).ok())
        .is_some_and(|seconds| now().as_secs().saturating_sub(seconds) > STALE.as_secs())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A number that nobody can guess: a keyed hash (SipHash) whose key the standard library takes from the system's source
/// of random numbers.
fn random() -> u64 {
    RandomState::new().hash_one(now())
}

/// A password that nobody can guess; see [`random`].
pub(super) fn secret() -> String {
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "dbwright_";

    #[test]
    fn only_names_of_ours_that_are_older_than_a_day_are_stale() {
        assert!(!is_stale(&stamped(PREFIX), PREFIX));
        let old = now().as_secs() - 2 * STALE.as_secs();
        assert!(is_stale(&format!("{PREFIX}{old:x}_00000000"), PREFIX));
        assert!(!is_stale("dbwright_production", PREFIX));
        assert!(!is_stale(&format!("other_{old:x}_00000000"), PREFIX));
    }

    #[test]
    fn passwords_differ() {
        assert_ne!(secret(), secret());
    }
}
