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
const ROWS_OF_VALUE: u64 = 132;

/// What an entry of an inner page takes on the average, where keys take so many bytes and so many rows have one value. A page
/// that ends within the rows of one value makes an entry that also says which row.
pub(super) fn inner_entry(key_bytes: u64, rows_of_value: u64) -> u64 {
    let parts = rows_of_value.div_ceil(ROWS_OF_VALUE).max(1);
    (8 + key_bytes).next_multiple_of(8) + 4 + 8 * (parts - 1) / parts
}

/// How many levels a B-tree of so many pages has above its leaves, where an entry of its inner pages takes so many bytes: these
/// are filled to 70 %.
pub(super) fn levels(pages: u64, entry: u64) -> u32 {
    let room = (PAGE - CONTENT - TREE_SPECIAL) as u64 * 7 / 10;
    let fan_out = (room / entry).max(2);
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
        // 300,000 keys of 8 bytes fill 822 leaves; 276 of them hang on an inner page.
        for (pages, rows_of_value, height) in [
            (1, 1, 0),
            (2, 1, 0),
            (3, 1, 1),
            (276, 1, 1),
            (240, 1, 1),
            // 151 rows a value: every second page ends within the rows of one.
            (241, 151, 2),
            (825, 1, 2),
            (200_000, 1, 3),
        ] {
            assert_eq!(levels(pages, inner_entry(8, rows_of_value)), height, "{pages}");
        }
    }
}
