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
    let mut any = || u64::from_str(words.next()?).ok();
    // Stands first, because all others have to be there.
    let swapped_pages = Some(any()?).filter(|rate| *rate > 0);
    let mut number = || any().filter(|rate| *rate > 0);
    Some(Rates {
        server,
        rewritten_bytes: number()?,
        rebuilt_bytes: number()?,
        scanned_bytes: number()?,
        indexed_numbers: number()?,
        indexed_texts: number()?,
        indexed_words: number()?,
        copied_entries: number()?,
        inserted_entries: number()?,
        swapped_pages,
        referenced_rows: number()?,
        updated_rows: number()?,
        deleted_rows: number()?,
        rows: number()?,
    })
}

/// Nothing depends on whether that works.
pub(super) fn keep(path: &Path, rates: &Rates) {
    let numbers = [
        rates.swapped_pages.unwrap_or_default(),
        rates.rewritten_bytes,
        rates.rebuilt_bytes,
        rates.scanned_bytes,
        rates.indexed_numbers,
        rates.indexed_texts,
        rates.indexed_words,
        rates.copied_entries,
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
            indexed_words: 6,
            copied_entries: 7,
            inserted_entries: 8,
            swapped_pages: Some(9),
            referenced_rows: 10,
            updated_rows: 11,
            deleted_rows: 12,
            rows: 13,
        };
        assert_eq!(read(&path), None);
        keep(&path, &rates);
        assert_eq!(read(&path), Some(rates.clone()));
        let without = Rates {
            swapped_pages: None,
            ..rates
        };
        keep(&path, &without);
        assert_eq!(read(&path), Some(without));
        std::fs::write(&path, "mariadb 11.8.4 0 1 2 3 0 5 6 7 8 9 10 11 12").unwrap();
        assert_eq!(read(&path), None);
    }
}
