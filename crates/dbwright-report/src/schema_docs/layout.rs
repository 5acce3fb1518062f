//! Where the boxes of a diagram stand.
//!
//! A neighborhood has three columns: who refers to the table, the table, what it refers to. The overview packs groups of
//! tables onto shelves. Both are plain arithmetic: boxes of one column never overlap, and all lie in the picture.

use std::collections::BTreeSet;

use super::clusters::Cluster;
use super::model::{Model, TableDoc};
use super::neighborhood::Neighborhood;

/// The height of a line in a box.
pub(super) const ROW: f64 = 20.0;
/// The height of the name above the lines.
pub(super) const HEAD: f64 = 26.0;
/// The width of a letter.
const LETTER: f64 = 7.3;
/// Between two boxes of a column.
const GAP: f64 = 16.0;
/// Between two columns.
const AISLE: f64 = 90.0;
/// Around everything.
const MARGIN: f64 = 12.0;
/// The width of a box at least, and at most.
const WIDTH: (f64, f64) = (120.0, 300.0);
/// How many lines a box has at most.
const ROWS_MAX: usize = 40;
/// The width of the overview.
const SHELF: f64 = 1200.0;
/// The size of a table in the overview.
pub(super) const CHIP: (f64, f64) = (176.0, 22.0);

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rectangle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A table in a neighborhood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableBox {
    pub(super) table: usize,
    pub(super) place: Rectangle,
    /// The columns that are drawn, as places in the table.
    pub(super) rows: Vec<usize>,
    /// How many are not.
    pub(super) more: usize,
}

impl TableBox {
    /// The height at which a line to this column ends.
    pub(super) fn anchor(&self, table: &TableDoc, column: Option<&String>) -> f64 {
        let row = self
            .rows
            .iter()
            .position(|row| Some(&table.columns[*row].name) == column);
        match row.and_then(|row| u16::try_from(row).ok()) {
            Some(row) => self.place.y + HEAD + ROW * (f64::from(row) + 0.5),
            None => self.place.y + HEAD / 2.0,
        }
    }
}

/// A diagram of a neighborhood.
pub(super) struct Diagram {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The center first, then who refers to it, then what it refers to.
    pub(super) boxes: Vec<TableBox>,
    /// Words at the end of a column that is cut off: place and number.
    pub(super) more: Vec<(f64, f64, usize)>,
}

pub(super) fn around(model: &Model, neighborhood: &Neighborhood<'_>) -> Diagram {
    let rows_of = |table: usize| -> Vec<usize> {
        let drawn: BTreeSet<&String> = neighborhood
            .relations
            .iter()
            .flat_map(|relation| {
                let of_child = (relation.child == table).then_some(&relation.columns);
                let of_parent = (relation.parent == table).then_some(&relation.parent_columns);
                of_child.into_iter().chain(of_parent).flatten()
            })
            .collect();
        let columns = model.tables[table].columns.iter().enumerate();
        let whole = table == neighborhood.center;
        columns
            .filter(|(_, column)| whole || column.primary || drawn.contains(&column.name))
            .map(|(place, _)| place)
            .collect()
    };
    let columns = [
        (&neighborhood.children, neighborhood.more_children),
        (&vec![neighborhood.center], 0),
        (&neighborhood.parents, neighborhood.more_parents),
    ];
    let mut x = MARGIN;
    let mut sides: Vec<(Vec<TableBox>, f64, usize)> = Vec::new();
    for (tables, more) in columns {
        if tables.is_empty() {
            sides.push((Vec::new(), 0.0, 0));
            continue;
        }
        let (boxes, width, height) = column(model, tables, x, rows_of);
        let height = if more > 0 { height + GAP + ROW } else { height };
        x += width + AISLE;
        sides.push((boxes, height, more));
    }
    let height = sides.iter().map(|(_, height, _)| *height).fold(0.0, f64::max);
    let mut diagram = Diagram {
        width: x - AISLE + MARGIN,
        height: height + 2.0 * MARGIN,
        boxes: Vec::new(),
        more: Vec::new(),
    };
    for (boxes, own_height, more) in &mut sides {
        let down = (height - *own_height) / 2.0 + MARGIN;
        for table in boxes.iter_mut() {
            table.place.y += down;
        }
        if let (true, Some(last)) = (*more > 0, boxes.last()) {
            let below = last.place.y + last.place.height + GAP + ROW / 2.0;
            diagram.more.push((last.place.x, below, *more));
        }
    }
    let [children, center, parents] = <[_; 3]>::try_from(sides).unwrap_or_default();
    for (boxes, ..) in [center, children, parents] {
        diagram.boxes.extend(boxes);
    }
    // A line from a table to itself leaves on the right.
    if neighborhood.parents.is_empty() {
        diagram.width += AISLE / 2.0;
    }
    diagram
}

/// Boxes one below the other, beginning at the top; their width and their height together.
fn column(model: &Model, tables: &[usize], x: f64, rows_of: impl Fn(usize) -> Vec<usize>) -> (Vec<TableBox>, f64, f64) {
    let mut boxes = Vec::new();
    let mut y = 0.0;
    let mut width = WIDTH.0;
    for table in tables {
        let mut rows = rows_of(*table);
        let more = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        let lines = number(rows.len() + usize::from(more > 0));
        let doc = &model.tables[*table];
        let letters = rows.iter().map(|row| {
            let column = &doc.columns[*row];
            column.name.chars().count() + column.type_name.chars().count() + 6
        });
        let longest = letters.max().unwrap_or(0).max(doc.name.chars().count() + 3);
        width = f64::max(width, number(longest) * LETTER).min(WIDTH.1);
        let height = HEAD + ROW * lines;
        boxes.push(TableBox {
            table: *table,
            place: Rectangle {
                x,
                y,
                width: 0.0,
                height,
            },
            rows,
            more,
        });
        y += height + GAP;
    }
    for table in &mut boxes {
        table.place.width = width;
    }
    (boxes, width, y - GAP)
}

/// A group in the overview, with its tables.
pub(super) struct Shelf {
    pub(super) place: Rectangle,
    pub(super) chips: Vec<(usize, Rectangle)>,
}

/// The overview: groups from left to right, shelf below shelf; its height and the place of each group.
pub(super) fn overview(clusters: &[Cluster]) -> (f64, f64, Vec<Shelf>) {
    let mut shelves = Vec::new();
    let (mut x, mut y, mut tallest) = (MARGIN, MARGIN, 0.0);
    for cluster in clusters {
        let across: usize = match cluster.tables.len() {
            0..=3 => 1,
            4..=8 => 2,
            _ => 3,
        };
        let down = cluster.tables.len().div_ceil(across);
        let width = number(across) * (CHIP.0 + 8.0) + 16.0;
        let height = HEAD + number(down) * (CHIP.1 + 6.0) + 12.0;
        if x + width > SHELF && x > MARGIN {
            x = MARGIN;
            y += tallest + 34.0;
            tallest = 0.0;
        }
        let chips = cluster.tables.iter().enumerate().map(|(place, table)| {
            let (column, row) = (place % across, place / across);
            let chip = Rectangle {
                x: x + 12.0 + number(column) * (CHIP.0 + 8.0),
                y: y + HEAD + 6.0 + number(row) * (CHIP.1 + 6.0),
                width: CHIP.0,
                height: CHIP.1,
            };
            (*table, chip)
        });
        shelves.push(Shelf {
            chips: chips.collect(),
            place: Rectangle { x, y, width, height },
        });
        x += width + 34.0;
        tallest = f64::max(tallest, height);
    }
    (SHELF, y + tallest + MARGIN, shelves)
}

/// A count as a length: there are fewer boxes and letters than fit into it.
fn number(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(one: &Rectangle, other: &Rectangle) -> bool {
        one.x < other.x + other.width
            && other.x < one.x + one.width
            && one.y < other.y + other.height
            && other.y < one.y + one.height
    }

    #[test]
    fn groups_of_the_overview_lie_in_the_picture_and_do_not_overlap() {
        let sizes = [14, 13, 9, 8, 7, 7, 5, 4, 3, 2, 2, 2, 1, 1, 14];
        let clusters: Vec<_> = sizes
            .iter()
            .map(|size| Cluster {
                bond: super::super::clusters::Bond::Relations,
                hub: 0,
                tables: (0..*size).collect(),
            })
            .collect();
        let (width, height, shelves) = overview(&clusters);
        for (place, shelf) in shelves.iter().enumerate() {
            assert!(shelf.place.x + shelf.place.width <= width && shelf.place.y + shelf.place.height <= height);
            for other in &shelves[..place] {
                assert!(!overlap(&shelf.place, &other.place));
            }
            for (number, (_, chip)) in shelf.chips.iter().enumerate() {
                assert!(chip.y + chip.height <= shelf.place.y + shelf.place.height);
                assert!(shelf.chips[..number].iter().all(|(_, other)| !overlap(chip, other)));
            }
        }
    }
}
