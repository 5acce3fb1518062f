//! Diagrams as SVG.

use std::fmt::Write as _;

use super::super::clusters::{between, clusters};
use super::super::layout::{self, HEAD, ROW, Rectangle, TableBox};
use super::super::model::{Model, Relation};
use super::super::neighborhood::Neighborhood;
use super::escaped;

/// How many letters of a name fit into a table of the overview.
const CHIP_LETTERS: usize = 22;

/// The tables around one.
pub(super) fn around(text: &mut String, model: &Model, neighborhood: &Neighborhood<'_>) {
    let diagram = layout::around(model, neighborhood);
    let name = &model.tables[neighborhood.center].name;
    let _ = writeln!(
        text,
        "<div class=\"wide\"><svg class=\"around\" width=\"{w:.0}\" height=\"{h:.0}\" viewBox=\"0 0 {w:.0} {h:.0}\" role=\"img\" \
         aria-label=\"Tables around {}\">",
        escaped(name),
        w = diagram.width,
        h = diagram.height
    );
    for relation in &neighborhood.relations {
        line(text, model, &diagram.boxes, relation);
    }
    for (place, table) in diagram.boxes.iter().enumerate() {
        table_box(text, model, table, place == 0);
    }
    for (x, y, count) in &diagram.more {
        let _ = writeln!(
            text,
            "<text class=\"more\" x=\"{x:.0}\" y=\"{y:.0}\">and {count} more</text>"
        );
    }
    text.push_str("</svg></div>\n");
}

fn table_box(text: &mut String, model: &Model, table: &TableBox, is_center: bool) {
    let doc = &model.tables[table.table];
    let Rectangle { x, y, width, height } = table.place;
    let class = if is_center { "box center" } else { "box" };
    let letters = letters_in(width - 16.0);
    let _ = write!(
        text,
        "<a href=\"#{}\"><g class=\"{class}\"><title>{}</title><rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" rx=\"5\"/><path class=\"head\" d=\"M{x:.0} {bottom:.0}v-{up:.0}q0 -5 5 -5h{across:.0}q5 0 5 \
         5v{up:.0}z\"/><text class=\"title\" x=\"{tx:.0}\" y=\"{ty:.0}\">{}</text>",
        escaped(&doc.slug),
        escaped(&doc.name),
        escaped(&shortened(&doc.name, letters)),
        bottom = y + HEAD,
        up = HEAD - 5.0,
        across = width - 10.0,
        tx = x + 8.0,
        ty = y + 18.0,
    );
    let mut at = y + HEAD;
    for row in &table.rows {
        let column = &doc.columns[*row];
        let mark = match (column.primary, column.foreign) {
            (true, _) => "◆ ",
            (false, true) => "◇ ",
            (false, false) => "",
        };
        // A name is worth more than a type, of which eight letters are left in any case.
        let free = letters.saturating_sub(column.name.chars().count() + 3);
        let type_name = shortened(&column.type_name, free.max(8));
        let name_letters = letters.saturating_sub(type_name.chars().count() + 3);
        let _ = write!(
            text,
            "<text x=\"{nx:.0}\" y=\"{ry:.0}\">{mark}{}</text><text class=\"type\" x=\"{tx:.0}\" y=\"{ry:.0}\">{}</text>",
            escaped(&shortened(&column.name, name_letters)),
            escaped(&type_name),
            nx = x + 8.0,
            ry = at + 14.0,
            tx = x + width - 8.0,
        );
        at += ROW;
    }
    if table.more > 0 {
        let _ = write!(
            text,
            "<text class=\"more\" x=\"{:.0}\" y=\"{:.0}\">and {} more columns</text>",
            x + 8.0,
            at + 14.0,
            table.more
        );
    }
    text.push_str("</g></a>\n");
}

/// A line from the column that refers to the one that is referred to. Children stand to the left of their parents; where
/// they do not, the line goes around.
fn line(text: &mut String, model: &Model, boxes: &[TableBox], relation: &Relation) {
    let find = |table: usize| boxes.iter().find(|table_box| table_box.table == table);
    let (Some(child), Some(parent)) = (find(relation.child), find(relation.parent)) else {
        return;
    };
    let from_y = child.anchor(&model.tables[relation.child], relation.columns.first());
    let to_y = parent.anchor(&model.tables[relation.parent], relation.parent_columns.first());
    let child_right = child.place.x + child.place.width;
    let (from_x, to_x, bend_from, bend_to) = if relation.child == relation.parent {
        (child_right, child_right, child_right + 40.0, child_right + 40.0)
    } else if child.place.x < parent.place.x {
        let half = (parent.place.x - child_right) / 2.0;
        (child_right, parent.place.x, child_right + half, parent.place.x - half)
    } else {
        let parent_right = parent.place.x + parent.place.width;
        let half = (child.place.x - parent_right) / 2.0;
        (child.place.x, parent_right, child.place.x - half, parent_right + half)
    };
    let outwards = if bend_from >= from_x { 1.0 } else { -1.0 };
    let optional = if relation.optional { " optional" } else { "" };
    let _ = write!(
        text,
        "<g class=\"line{optional}\"><title>{}</title><path d=\"M{from_x:.0} {from_y:.0}C{bend_from:.0} {from_y:.0} \
         {bend_to:.0} {to_y:.0} {to_x:.0} {to_y:.0}\"/>",
        escaped(&format!(
            "{}: {} → {}",
            relation.name, model.tables[relation.child].name, model.tables[relation.parent].name
        ))
    );
    if !relation.single {
        let tip = from_x + 9.0 * outwards;
        let (above, below) = (from_y - 5.0, from_y + 5.0);
        let _ = write!(
            text,
            "<path d=\"M{from_x:.0} {above:.0}L{tip:.0} {from_y:.0}L{from_x:.0} {below:.0}\"/>"
        );
    }
    let _ = writeln!(text, "<circle cx=\"{to_x:.0}\" cy=\"{to_y:.0}\" r=\"3\"/></g>");
}

/// All tables, group by group.
pub(super) fn overview(text: &mut String, model: &Model) {
    let clusters = clusters(model);
    let (width, height, shelves) = layout::overview(&clusters);
    let _ = writeln!(
        text,
        "<div class=\"wide\"><svg class=\"groups\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
         {height:.0}\" role=\"img\" aria-label=\"All tables in groups\">"
    );
    for ((one, other), count) in between(model, &clusters) {
        let (from, to) = (center(&shelves[one].place), center(&shelves[other].place));
        let (hub, other_hub) = (
            &model.tables[clusters[one].hub].name,
            &model.tables[clusters[other].hub].name,
        );
        let thick = f64::from(u8::try_from(count.min(12)).unwrap_or(12)).sqrt() * 1.6;
        let _ = writeln!(
            text,
            "<path class=\"bundle\" data-from=\"{one}\" data-to=\"{other}\" stroke-width=\"{thick:.1}\" d=\"M{:.0} {:.0}L{:.0} \
             {:.0}\"><title>{count} between {} and {}</title></path>",
            from.0,
            from.1,
            to.0,
            to.1,
            escaped(hub),
            escaped(other_hub)
        );
    }
    for (number, (cluster, shelf)) in clusters.iter().zip(&shelves).enumerate() {
        let Rectangle { x, y, width, height } = shelf.place;
        let title = cluster.title(model);
        let _ = writeln!(
            text,
            "<g class=\"group\" data-group=\"{number}\"><rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             rx=\"8\"/><text class=\"title\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            x + 12.0,
            y + 20.0,
            escaped(&shortened(&title, letters_in(width - 24.0)))
        );
        for (table, chip) in &shelf.chips {
            let doc = &model.tables[*table];
            let _ = writeln!(
                text,
                "<a href=\"#{}\"><g class=\"chip\"><title>{}</title><rect x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" \
                 height=\"{:.0}\" rx=\"4\"/><text x=\"{:.0}\" y=\"{:.0}\">{}</text></g></a>",
                escaped(&doc.slug),
                escaped(&doc.name),
                chip.x,
                chip.y,
                chip.width,
                chip.height,
                chip.x + 7.0,
                chip.y + 15.0,
                escaped(&shortened(&doc.name, CHIP_LETTERS))
            );
        }
        text.push_str("</g>\n");
    }
    text.push_str("</svg></div>\n");
}

fn center(place: &Rectangle) -> (f64, f64) {
    (place.x + place.width / 2.0, place.y + place.height / 2.0)
}

/// How many letters fit into this width.
fn letters_in(width: f64) -> usize {
    let mut letters = 0;
    let mut taken = 7.3;
    while taken <= width {
        letters += 1;
        taken += 7.3;
    }
    letters
}

fn shortened(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    let kept: String = name.chars().take(letters.saturating_sub(1)).collect();
    format!("{kept}…")
}
