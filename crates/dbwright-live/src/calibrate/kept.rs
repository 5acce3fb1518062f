//! Rates as a file: what the server is, and a number for each.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use dbwright_catalog::{Engine, Rates, Server};

/// Rates that were kept; nothing where there are none, or something else.
pub(super) fn read(path: &Path) -> Option<Rates> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut words = text.split_whitespace();
    let server = Server {
        engine: words.next()?.parse::<Engine>().ok()?,
        version: words.next()?.parse().ok()?,
    };
    let mut number = || u64::from_str(words.next()?).ok().filter(|rate| *rate > 0);
    Some(Rates {
        server,
        rewritten_bytes: number()?,
        rebuilt_bytes: number()?,
        scanned_bytes: number()?,
        indexed_numbers: number()?,
        indexed_texts: number()?,
        inserted_entries: number()?,
        referenced_rows: number()?,
        updated_rows: number()?,
        deleted_rows: number()?,
        rows: number()?,
    })
}

/// Nothing depends on whether that works.
pub(super) fn keep(path: &Path, rates: &Rates) {
    let numbers = [
        rates.rewritten_bytes,
        rates.rebuilt_bytes,
        rates.scanned_bytes,
        rates.indexed_numbers,
        rates.indexed_texts,
        rates.inserted_entries,
        rates.referenced_rows,
        rates.updated_rows,
        rates.deleted_rows,
        rates.rows,
    ];
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let server = &rates.server;
    let text = format!("{} {} {}\n", server.engine.name(), server.version, numbers.join(" "));
    let unfinished = PathBuf::from(format!("{}.{}", path.display(), std::process::id()));
    if std::fs::write(&unfinished, text).is_ok() && std::fs::rename(&unfinished, path).is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::Version;

    use super::*;

    #[test]
    fn rates_are_kept_and_what_is_no_rate_is_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rates");
        let rates = Rates {
            server: Server {
                engine: Engine::MariaDb,
                version: Version::new(11, 8, 4),
            },
            rewritten_bytes: 1,
            rebuilt_bytes: 2,
            scanned_bytes: 3,
            indexed_numbers: 4,
            indexed_texts: 5,
            inserted_entries: 6,
            referenced_rows: 7,
            updated_rows: 8,
            deleted_rows: 9,
            rows: 10,
        };
        assert_eq!(read(&path), None);
        keep(&path, &rates);
        assert_eq!(read(&path), Some(rates));
        std::fs::write(&path, "mariadb 11.8.4 1 2 3 0 5 6 7 8 9 10").unwrap();
        assert_eq!(read(&path), None);
    }
}
