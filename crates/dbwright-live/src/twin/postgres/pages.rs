//! The pages of indexes that the planner reads, as the server writes them.
//!
//! Layouts: `storage/bufpage.h`, `access/nbtree.h`, `access/brin_page.h`, `access/ginblock.h` of the server. All numbers are
//! in the order of this machine, as the server's are.

use dbwright_catalog::GinPages;

/// What a page takes.
pub(super) const PAGE: usize = 8192;

/// Where the content of a page begins.
const CONTENT: usize = 24;

/// What a page of a B-tree keeps at its end.
const TREE_SPECIAL: usize = 16;

/// The first page of a B-tree, told that the tree is so high, and one page for each level below it: inner pages with a
/// single way down, and an empty leaf last, where the planner ends up when it asks for the least or greatest value.
///
/// `leaf` is what stands on that leaf, in its order.
pub(super) fn tree(meta: &mut [u8], levels: u32, leaf: &[Vec<u8>]) -> Vec<[u8; PAGE]> {
    // Root and level, and the same for where searches begin.
    for (at, value) in [(8, 1), (12, levels), (16, 1), (20, levels)] {
        put(meta, CONTENT + at, value);
    }
    (0..=levels)
        .rev()
        .zip(1..)
        .map(|(level, number)| tree_page(level, level == levels, number + 1, leaf))
        .collect()
}

fn tree_page(level: u32, is_root: bool, below: u32, leaf: &[Vec<u8>]) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    let special = PAGE - TREE_SPECIAL;
    let (mut lower, mut upper) = (CONTENT, special);
    if level > 0 {
        // The first key of an inner page stands for everything below: a tuple of eight bytes with the page that it leads to
        // and no column (`INDEX_ALT_TID_MASK`).
        upper -= 8;
        put_short(&mut page, upper, u16::try_from(below >> 16).unwrap_or_default());
        put_short(&mut page, upper + 2, (below & 0xffff) as u16);
        put_short(&mut page, upper + 4, 0);
        put_short(&mut page, upper + 6, 8 | 0x2000);
        put(&mut page, lower, item(upper, 8));
        lower += 4;
    } else {
        for entry in leaf {
            upper -= entry.len();
            page[upper..upper + entry.len()].copy_from_slice(entry);
            put(&mut page, lower, item(upper, entry.len()));
            lower += 4;
        }
    }
    head(&mut page, lower, upper, special);
    put(&mut page, special + 8, level);
    let flags = u16::from(level == 0) | (u16::from(is_root) << 1);
    put_short(&mut page, special + 12, flags);
    page
}

/// Where an entry of a page is, as its line pointer says: offset, `LP_NORMAL`, length.
fn item(offset: usize, length: usize) -> u32 {
    offset as u32 | (1 << 15) | ((length as u32) << 17)
}

/// Where the free room of a page begins and ends, and where its special part begins.
fn head(page: &mut [u8], lower: usize, upper: usize, special: usize) {
    put_short(page, 12, lower as u16);
    put_short(page, 14, upper as u16);
    put_short(page, 16, special as u16);
    put_short(page, 18, PAGE as u16 | 4);
}

/// An entry of a B-tree: where its row would be, and its key, of which only the first column is not NULL.
///
/// `varies` says whether the length of that column does, `value` is how a row keeps it.
pub(super) fn tree_entry(row: u16, columns: usize, varies: bool, value: &[u8]) -> Vec<u8> {
    // A bit for each column goes first where one is NULL.
    let begin = if columns > 1 { 16 } else { 8 };
    let size = (begin + value.len()).next_multiple_of(8);
    let mut entry = vec![0; size];
    put_short(&mut entry, 4, row);
    let info = size as u16 | if varies { 0x4000 } else { 0 };
    if columns > 1 {
        put_short(&mut entry, 6, info | 0x8000);
        entry[8] = 1;
    } else {
        put_short(&mut entry, 6, info);
    }
    entry[begin..begin + value.len()].copy_from_slice(value);
    entry
}

/// The first page of a table, which holds no row, and the page of its visibility map that says that everybody sees all that is
/// there: so that the planner believes an index without looking.
pub(super) fn all_visible() -> ([u8; PAGE], [u8; PAGE]) {
    let (mut page, mut map) = ([0; PAGE], [0; PAGE]);
    head(&mut page, CONTENT, PAGE, PAGE);
    // `PD_ALL_VISIBLE`.
    put_short(&mut page, 10, 4);
    head(&mut map, CONTENT, PAGE, PAGE);
    map[CONTENT] = 1;
    (page, map)
}

/// The bytes of the only column of a row, as its page of a table keeps them; nothing where it is not there.
pub(super) fn column_bytes(page: &[u8], row: usize) -> Option<&[u8]> {
    let at = CONTENT + 4 * row.checked_sub(1)?;
    let pointer = u32::from_ne_bytes(page.get(at..at + 4)?.try_into().ok()?);
    let (offset, length) = ((pointer & 0x7fff) as usize, (pointer >> 17) as usize);
    let tuple = page.get(offset..offset + length)?;
    // `t_hoff`: what stands before the columns.
    tuple.get(usize::from(*tuple.get(22)?)..)
}

/// So many ranges stand in one page of the map of a BRIN index.
const RANGES: u64 = 1360;

/// The first page of a BRIN index, told how long its map of ranges is.
pub(super) fn brin(meta: &mut [u8], table_pages: u64) {
    let range = u64::from(get(meta, CONTENT + 8).max(1));
    let map = table_pages.div_ceil(range).div_ceil(RANGES).max(1);
    put(meta, CONTENT + 12, u32::try_from(map).unwrap_or(u32::MAX));
}

/// The first page of a GIN index, told what production's says.
pub(super) fn gin(meta: &mut [u8], pages: &GinPages) {
    let short = |number: i64| u32::try_from(number).unwrap_or_default();
    for (at, value) in [
        (12, pages.pending_pages),
        (24, pages.total_pages),
        (28, pages.entry_pages),
        (32, pages.data_pages),
    ] {
        put(meta, CONTENT + at, short(value));
    }
    meta[CONTENT + 40..CONTENT + 48].copy_from_slice(&pages.entries.to_ne_bytes());
}

/// Rows of one value that stand in one entry of a leaf: a tenth of a page, six bytes each.
const ROWS_OF_VALUE: f64 = 132.0;

/// What an entry of an inner page takes on the average. Of each column of the key the width and the number of values are told.
///
/// It holds as many columns as it takes to tell the last entry of a page from the first of the next, and says which row where
/// a page ends within the rows of one value.
pub(super) fn inner_entry(columns: &[(f64, f64)], rows: f64) -> f64 {
    let rows = rows.max(1.0);
    let groups = |upto: usize| {
        columns.iter().take(upto).fold(1.0, |product: f64, (_, distinct)| {
            (product * distinct.max(1.0)).min(rows)
        })
    };
    let all = groups(columns.len());
    let entries = all * (rows / all / ROWS_OF_VALUE).ceil();
    let (mut size, mut before, mut bytes) = (0.0, 0.0, 8.0);
    for (number, (width, _)) in columns.iter().enumerate() {
        bytes += width;
        let groups = groups(number + 1);
        size += (groups - before) / entries * whole(bytes);
        before = groups;
    }
    size + (entries - before) / entries * (whole(bytes) + 8.0) + 4.0
}

/// Rounded up to what a page is divided by.
fn whole(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

/// How many levels a B-tree of so many pages has above its leaves, where an entry of its inner pages takes so many bytes: these
/// are filled to 70 %.
pub(super) fn levels(pages: u64, entry: f64) -> u32 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand bytes"
    )]
    let fan_out = (((PAGE - CONTENT - TREE_SPECIAL) as f64 * 0.7 / entry) as u64).max(2);
    // One page is no part of the tree, and some are inner ones.
    let mut below = (pages.saturating_sub(1) * (fan_out - 1)).div_ceil(fan_out).max(1);
    let mut levels = 0;
    while below > 1 {
        below = below.div_ceil(fan_out);
        levels += 1;
    }
    levels
}

fn get(page: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]])
}

fn put(page: &mut [u8], at: usize, value: u32) {
    page[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

fn put_short(page: &mut [u8], at: usize, value: u16) {
    page[at..at + 2].copy_from_slice(&value.to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_as_high_as_its_pages_and_keys_make_it() {
        // 300,000 keys of 8 bytes fill 820 leaves; 285 of them hang on an inner page.
        let different = inner_entry(&[(8.0, 300_000.0)], 300_000.0);
        // 151 rows a value: every second page ends within the rows of one.
        let few = inner_entry(&[(4.0, 1_823.0)], 275_000.0);
        // The third column is needed for some.
        let three = inner_entry(&[(4.0, 261.0), (4.0, 18_000.0), (4.0, 5.0)], 11_745_000.0);
        for (pages, entry, height) in [
            (1, different, 0),
            (2, different, 0),
            (3, different, 1),
            (276, different, 1),
            (825, different, 2),
            (200_000, different, 3),
            (241, few, 2),
            (45_000, three, 2),
        ] {
            assert_eq!(levels(pages, entry), height, "{pages}: {entry}");
        }
    }
}
