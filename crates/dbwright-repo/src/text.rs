//! Bytes to text: what a SQL file may be encoded in, and what is said about one that is not.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::error::RepoError;

/// Larger files are dumps with data, not migrations.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How a file marks its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// No byte order mark: UTF-8.
    None,
    /// UTF-8 with a byte order mark.
    Utf8,
    /// UTF-16 with a byte order mark, of either endianness.
    Utf16,
}

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Its text, without byte order mark.
    pub(crate) text: String,
    /// What stood in front of it.
    pub(crate) mark: Mark,
}

/// Reads and decodes a file. `shown` is the path that an error names.
pub(crate) fn read(path: &Path, shown: &Path) -> Result<Text, RepoError> {
    let unreadable = |source| RepoError::Unreadable {
        path: shown.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits, also where it has no size (a pipe).
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(RepoError::TooLarge {
            path: shown.to_owned(),
            bytes: metadata.len().max(BYTES_MAX + 1),
            limit: BYTES_MAX,
        });
    }
    decode(bytes, shown)
}

/// Reads the first `limit` bytes of a file for looking at; what does not decode is replaced. Nothing where it can't be read.
pub(crate) fn peek(path: &Path, limit: u64) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) => match decode(bytes, path) {
            Ok(text) => text.text,
            Err(RepoError::NotText { .. }) => {
                let mut again = Vec::new();
                let _ = fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut again));
                String::from_utf8_lossy(&again).into_owned()
            }
            Err(_) => String::new(),
        },
        Err(_) => String::new(),
    }
}

/// How a file marks its encoding, without decoding it.
pub(crate) fn mark_of(path: &Path) -> Mark {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(3).read_to_end(&mut bytes));
    read.map_or(Mark::None, |_| mark(&bytes))
}

fn mark(bytes: &[u8]) -> Mark {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Mark::Utf8,
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => Mark::Utf16,
        _ => Mark::None,
    }
}

/// Decodes the bytes of a file: UTF-8 with or without byte order mark, UTF-16 with one.
pub(crate) fn decode(mut bytes: Vec<u8>, shown: &Path) -> Result<Text, RepoError> {
    let mark = mark(&bytes);
    let text = match mark {
        Mark::Utf16 => utf16(&bytes, shown)?,
        Mark::Utf8 => utf8(bytes.split_off(3), 3, shown)?,
        Mark::None => utf8(bytes, 0, shown)?,
    };
    Ok(Text { text, mark })
}

fn utf8(bytes: Vec<u8>, skipped: usize, shown: &Path) -> Result<String, RepoError> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        RepoError::NotText {
            path: shown.to_owned(),
            line: line_at(&bytes, at),
            offset: at + skipped,
            byte: bytes.get(at).copied().unwrap_or(0),
            encoding: "UTF-8",
        }
    })
}

fn utf16(bytes: &[u8], shown: &Path) -> Result<String, RepoError> {
    let big_endian = bytes.starts_with(&[0xFE, 0xFF]);
    let units = bytes[2..].chunks(2).map(|pair| match *pair {
        [a, b] if big_endian => u16::from_be_bytes([a, b]),
        [a, b] => u16::from_le_bytes([a, b]),
        // A lone last byte: a surrogate that decodes to an error below.
        _ => 0xD800,
    });
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut offset = 2;
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(char) => {
                text.push(char);
                offset += 2 * char.len_utf16();
            }
            Err(_) => {
                return Err(RepoError::NotText {
                    path: shown.to_owned(),
                    line: line_at(text.as_bytes(), text.len()),
                    offset,
                    byte: bytes.get(offset).copied().unwrap_or(0),
                    encoding: "UTF-16",
                });
            }
        }
    }
    Ok(text)
}

/// Line of the byte at `offset`, counted from 1.
pub(crate) fn line_at(bytes: &[u8], offset: usize) -> u32 {
    let before = &bytes[..offset.min(bytes.len())];
    let newlines = before.split(|&byte| byte == b'\n').count() - 1;
    u32::try_from(newlines).map_or(u32::MAX, |count| count.saturating_add(1))
}
