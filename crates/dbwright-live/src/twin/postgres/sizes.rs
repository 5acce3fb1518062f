//! How many pages an index takes when it is built on rows that nobody has here: from what the statistics say of its columns, as
//! the server packs them.
//!
//! Sources: `nbtsort.c` and `nbtdedup.c` for B-trees, `hashpage.c` for hash indexes, the layouts of `ginblock.h`, `gist.h`,
//! `spgist_private.h` and `brin_tuple.c` for the others, whose packing depends on the order of rows: those are rough.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates of sizes, far from the limits of their types"
)]

use dbwright_catalog::GinPages;

use super::pages::{PAGE, inner_entry};

/// What is free on a page of an index that has 16 bytes of its own at the end.
const ROOM: f64 = (PAGE - 24 - 16) as f64;

/// A page of a B-tree gets entries until this much of it is used, in bytes: a tenth stays free, and there is one entry more that
/// goes to the next page.
const LEAF: f64 = 7325.0;

/// The same of inner pages, which are filled to 70 %.
const INNER: f64 = 5687.0;

/// No entry with the rows of one value is larger.
const POSTING_MAX: f64 = 812.0;

/// What is known of a column of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// Bytes of a value; of one that varies with its length.
    pub(super) width: f64,
    /// Whether its length varies.
    pub(super) varies: bool,
    /// What it is aligned to.
    pub(super) align: f64,
    /// Share of NULLs.
    pub(super) nulls: f64,
    /// Lengths of some values of a text, in bytes.
    pub(super) lengths: Vec<f64>,
    /// Distinct values.
    pub(super) distinct: f64,
    /// Shares of the most common values.
    pub(super) common: Vec<f64>,
    /// Shares of rows that have the most common elements.
    pub(super) elements: Vec<f64>,
    /// Elements of a row, on the average.
    pub(super) elements_of_row: Option<f64>,
}

/// What is known of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) method: String,
    pub(super) rows: f64,
    /// Pages of its table.
    pub(super) table_pages: f64,
    pub(super) parts: Vec<Part>,
    /// How many of them are keys.
    pub(super) keys: usize,
    /// How many groups its keys make.
    pub(super) groups: f64,
    /// Whether rows of one value share an entry of a B-tree.
    pub(super) shares: bool,
    /// Pages of the table that one entry of a BRIN index is of.
    pub(super) range: f64,
    /// Whether a GiST index is built from sorted rows.
    pub(super) sorted: bool,
}

/// How large an index is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) pages: u64,
    /// Levels above the leaves of a B-tree.
    pub(super) levels: u32,
    pub(super) gin: Option<GinPages>,
}

impl Shape {
    pub(super) fn size(&self) -> Size {
        if self.rows < 1.0 && self.method != "brin" {
            return Size {
                pages: 1,
                ..Size::default()
            };
        }
        let plain = |pages: f64| Size {
            pages: pages.ceil().max(1.0) as u64,
            ..Size::default()
        };
        match self.method.as_str() {
            "btree" => self.tree(),
            "hash" => plain(self.hash()),
            "gin" => self.gin(),
            "brin" => plain(self.brin()),
            "gist" => plain(1.0 + self.rows * (self.entry(8.0) + 4.0) / (ROOM * if self.sorted { 0.72 } else { 0.63 })),
            // A text is kept without what its neighbours begin with.
            "spgist" => {
                let mut short = self.clone();
                for part in &mut short.parts {
                    if !part.lengths.is_empty() {
                        part.width *= 0.4;
                        part.lengths.clear();
                    }
                }
                plain(3.0 + self.rows * (short.entry(16.0) + 4.0) / (ROOM * 0.6))
            }
            _ => plain(1.0 + self.rows * (self.entry(8.0) + 4.0) / (ROOM * 0.7)),
        }
    }

    /// Bytes of an entry on the average, with its head. Where a column is NULL, a bit for each column stands behind the head.
    fn entry(&self, head: f64) -> f64 {
        let none_is_null = self.parts.iter().map(|part| 1.0 - part.nulls).product::<f64>();
        let filled: Vec<&Part> = self.parts.iter().collect();
        let known: Vec<&Part> = self.parts.iter().filter(|part| part.nulls <= 0.0).collect();
        let with_nulls = if none_is_null < 1.0 {
            entry_of(head + 8.0, &known)
        } else {
            0.0
        };
        none_is_null * entry_of(head, &filled) + (1.0 - none_is_null) * with_nulls
    }

    /// How many rows each value has: how many values, and rows of one.
    fn groups(&self) -> Vec<(f64, f64)> {
        let first = self.parts.first().filter(|_| self.keys == 1);
        let Some(part) = first else {
            return vec![(self.groups.max(1.0), self.rows / self.groups.max(1.0))];
        };
        let mut groups: Vec<(f64, f64)> = part.common.iter().map(|share| (1.0, share * self.rows)).collect();
        if part.nulls > 0.0 {
            groups.push((1.0, part.nulls * self.rows));
        }
        let rest = 1.0 - part.nulls - part.common.iter().sum::<f64>();
        let others = self.groups - part.common.len() as f64;
        if rest > 1e-6 && others >= 1.0 {
            groups.push((others, rest * self.rows / others));
        }
        groups
    }

    fn tree(&self) -> Size {
        let base = self.entry(8.0);
        let (mut bytes, mut entries) = (0.0, 0.0);
        if self.shares {
            let most = ((POSTING_MAX - base) / 6.0).floor().max(2.0);
            for (values, rows) in self.groups() {
                let full = (rows / most).floor();
                let rest = rows - full * most;
                // So many have one row more than the others.
                let (few, share) = (rest.floor(), rest.fract());
                let rest_bytes = (1.0 - share) * posting(base, few) + share * posting(base, few + 1.0);
                bytes += values * (full * posting(base, most) + rest_bytes);
                entries += values * (full + if few > 0.0 { 1.0 } else { share });
            }
        } else {
            (bytes, entries) = (self.rows * (base + 4.0), self.rows);
        }
        let each = bytes / entries.max(1.0);
        // As many as fit; where they are of many lengths, half of one more is lost on the average.
        let is_plain = self.parts.iter().all(|part| !part.varies && part.nulls <= 0.0) && each < base + 5.0;
        let is_even = is_plain || each > POSTING_MAX * 0.8;
        let held = if is_even {
            (LEAF / each).floor() * each
        } else {
            LEAF - each / 2.0
        };
        let leaves = (bytes / held).ceil().max(1.0);
        // One page is enough until it is full.
        let leaves = if bytes < ROOM { 1.0 } else { leaves };
        let columns: Vec<(f64, f64)> = match self.keys {
            1 => vec![(base - 8.0, self.groups)],
            keys => self
                .parts
                .iter()
                .take(keys)
                .map(|part| (part.width, part.distinct))
                .collect(),
        };
        let fan_out = (INNER / inner_entry(&columns, self.rows)).floor().max(2.0);
        let (mut pages, mut level, mut levels) = (leaves, leaves, 0);
        while level > 1.0 {
            level = (level / fan_out).ceil();
            pages += level;
            levels += 1;
        }
        Size {
            pages: pages as u64 + 1,
            levels,
            gin: None,
        }
    }

    /// As many buckets as rows need at 75 % (`_hash_init_metabuffer`), and pages for values that have more rows than one holds.
    fn hash(&self) -> f64 {
        const ENTRY: f64 = 20.0;
        let wanted = (self.rows / (PAGE as f64 * 0.75 / ENTRY).floor()).max(2.0);
        let power = wanted.log2().ceil();
        let buckets = if power <= 10.0 {
            2f64.powf(power)
        } else {
            // Beyond 1024 a quarter of a doubling at a time.
            let below = 2f64.powf(power - 1.0);
            below * (1.0 + ((wanted / below - 1.0) * 4.0).ceil() / 4.0)
        };
        let held = (ROOM / ENTRY).floor();
        let more: f64 = self
            .groups()
            .iter()
            .map(|(values, rows)| {
                let beside = ((values / buckets).floor().max(1.0) * rows / held).ceil() - 1.0;
                beside.max(0.0) * values.min(buckets)
            })
            .sum();
        2.0 + buckets + more
    }

    /// Pages that tell how rows are packed, ranges, and where these are.
    fn brin(&self) -> f64 {
        let ranges = (self.table_pages / self.range.max(1.0)).ceil().max(1.0);
        let values: f64 = self.parts.iter().map(|part| 2.0 * part.width).sum();
        let entry = ((8.0 + values) / 8.0).ceil() * 8.0 + 4.0;
        1.0 + (ranges / 1360.0).ceil() + (ranges * entry / ROOM).ceil()
    }

    /// Keys, and the rows of each: beside it where they are few, on pages of their own where they are many.
    fn gin(&self) -> Size {
        let (mut entry_bytes, mut data_pages, mut keys) = (0.0, 0.0, 0.0);
        for part in &self.parts {
            let of_row = part.elements_of_row.unwrap_or((part.width / 14.0).max(1.0));
            let mut groups: Vec<(f64, f64)> = part.elements.iter().map(|share| (1.0, share * self.rows)).collect();
            let rest = of_row - part.elements.iter().sum::<f64>();
            if rest > 0.01 {
                // Those that are not among the most common are rarer than the rarest of these.
                let rarest = part.elements.iter().copied().fold(f64::INFINITY, f64::min);
                let rows = if rarest.is_finite() {
                    (rarest * self.rows / 2.0).max(1.0)
                } else {
                    10.0
                };
                groups.push((rest * self.rows / rows, rows));
            }
            let key = (part.width / of_row).clamp(4.0, 32.0);
            for (number, rows) in groups {
                let pages_apart = self.table_pages / rows.max(1.0);
                // A row takes a byte for every seven bits of the way from the one before.
                let bytes = rows * ((2048.0 * pages_apart).max(64.0).log2() / 7.0).ceil().clamp(1.0, 6.0);
                keys += number;
                if bytes > 2700.0 {
                    data_pages += number * (bytes / (ROOM * 0.9)).ceil();
                    entry_bytes += number * (8.0 + key + 4.0);
                } else {
                    entry_bytes += number * (((8.0 + key + bytes) / 8.0).ceil() * 8.0 + 4.0);
                }
            }
        }
        let entry_pages = (entry_bytes / (ROOM * 0.7)).ceil().max(1.0);
        let pages = 2.0 + entry_pages + data_pages;
        Size {
            pages: pages as u64,
            levels: 0,
            gin: Some(GinPages {
                pending_pages: 0,
                total_pages: pages as i64,
                entry_pages: entry_pages as i64,
                data_pages: data_pages as i64,
                entries: keys as i64,
            }),
        }
    }
}

/// Bytes of an entry with so many bytes before these columns.
fn entry_of(head: f64, parts: &[&Part]) -> f64 {
    let (mut fixed, mut varying, mut is_rounded) = (head, None::<&Part>, true);
    for part in parts {
        if !part.varies {
            fixed = (fixed / part.align).ceil() * part.align + part.width;
        } else if varying.is_none() && !part.lengths.is_empty() {
            varying = Some(part);
        } else {
            is_rounded = false;
            fixed += part.width;
        }
    }
    let whole = |bytes: f64| {
        if is_rounded {
            (bytes / 8.0).ceil() * 8.0
        } else {
            bytes + 3.5
        }
    };
    let Some(part) = varying else {
        return whole(fixed);
    };
    let head = |length: f64| if length < 126.0 { 1.0 } else { 4.0 };
    let sizes = part.lengths.iter().map(|length| whole(fixed + length + head(*length)));
    sizes.sum::<f64>() / part.lengths.len() as f64
}

/// Bytes of the entry that so many rows of one value share, with its line pointer.
fn posting(base: f64, rows: f64) -> f64 {
    match rows {
        rows if rows < 1.0 => 0.0,
        rows if rows < 2.0 => base + 4.0,
        rows => ((base + 6.0 * rows) / 8.0).ceil() * 8.0 + 4.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(width: f64) -> Part {
        Part {
            width,
            align: width,
            ..Part::default()
        }
    }

    fn tree(rows: f64, parts: Vec<Part>, groups: f64, shares: bool) -> Size {
        let keys = parts.len();
        Shape {
            method: "btree".to_owned(),
            rows,
            parts,
            keys,
            groups,
            shares,
            ..Shape::default()
        }
        .size()
    }

    #[test]
    fn trees_are_as_large_as_the_server_makes_them() {
        // What `CREATE INDEX` made of 300,000 bigints: all different, and 60,000 different ones.
        let all = tree(300_000.0, vec![number(8.0)], 300_000.0, true);
        assert_eq!((all.pages, all.levels), (825, 2));
        let few = tree(300_000.0, vec![number(8.0)], 60_000.0, true);
        assert!((400..=440).contains(&few.pages), "{few:?}");
        // Nothing, and what fits on one page.
        assert_eq!(tree(0.0, vec![number(8.0)], 0.0, true).pages, 1);
        assert_eq!(tree(10.0, vec![number(4.0)], 10.0, false).pages, 2);
    }

    #[test]
    fn hash_indexes_have_buckets_for_their_rows_and_more_for_common_values() {
        let hash = |rows: f64, distinct: f64| {
            Shape {
                method: "hash".to_owned(),
                rows,
                parts: vec![number(4.0)],
                keys: 1,
                groups: distinct,
                ..Shape::default()
            }
            .size()
            .pages
        };
        assert_eq!(hash(60_000.0, 60_000.0), 2 + 256);
        assert_eq!(hash(60_000.0, 4.0), 2 + 256 + 4 * 36);
    }
}
