//! How many pairs of schemas the tests make up, and where what came of them is written.
//!
//! `DBWRIGHT_SCHEMA_PAIRS` says how many, `DBWRIGHT_SCHEMA_FIRST` the number of the first one. `DBWRIGHT_SCHEMA_FAILURES`
//! is a folder for those that fail, `DBWRIGHT_SCHEMA_REPORT` a file to which the counts are added.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Range;
use std::path::PathBuf;

/// The numbers of the pairs to try.
pub(crate) fn numbers(pairs: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("DBWRIGHT_SCHEMA_FIRST").unwrap_or_default();
    first..first + number("DBWRIGHT_SCHEMA_PAIRS").unwrap_or(pairs)
}

/// Keeps a pair that failed.
pub(crate) fn keep(name: &str, before: &str, after: &str, complaints: &str) {
    let Some(folder) = std::env::var_os("DBWRIGHT_SCHEMA_FAILURES") else {
        return;
    };
    let folder = PathBuf::from(folder).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("before.sql"), before).unwrap();
    std::fs::write(folder.join("after.sql"), after).unwrap();
    std::fs::write(folder.join("complaints.txt"), complaints).unwrap();
}

/// Tells what came of the pairs, where that is asked for.
pub(crate) fn report(counts: &str) {
    if let Some(file) = std::env::var_os("DBWRIGHT_SCHEMA_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "{counts}").unwrap();
    }
}
