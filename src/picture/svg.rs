//! SVG, drawn by hand: boxes, lines and text, and nothing that a viewer would have to load.

use std::collections::BTreeMap;

use console::measure_text_width;

use super::migrations::{Migration, Mood, lanes};
use super::schema::{Table, layers};

/// Pixels of a character, of a line, around a box, between boxes.
const CHARACTER: usize = 8;
const LINE: usize = 18;
const PADDING: usize = 10;
const GAP: usize = 90;
const ROW_GAP: usize = 30;

struct Placed<'t> {
    table: &'t Table,
    left: usize,
    top: usize,
    width: usize,
}

impl Placed<'_> {
    /// The middle of a column's line.
    fn height_of(&self, column: Option<&String>) -> usize {
        let index = column.and_then(|name| self.table.columns.iter().position(|column| column.name == *name));
        self.top + LINE / 2 + index.map_or(PADDING / 2, |index| LINE + PADDING + index * LINE)
    }

    fn height(&self) -> usize {
        LINE + PADDING + self.table.columns.len() * LINE + PADDING
    }
}

pub(super) fn schema(tables: &[Table]) -> String {
    let placed = place(tables);
    let width = placed.iter().map(|table| table.left + table.width).max().unwrap_or(0) + GAP / 2;
    let height = placed.iter().map(|table| table.top + table.height()).max().unwrap_or(0) + ROW_GAP;
    let index: BTreeMap<&str, &Placed<'_>> =
        placed.iter().map(|placed| (placed.table.name.as_str(), placed)).collect();
    let mut body = String::new();
    for from in &placed {
        for reference in &from.table.references {
            let Some(to) = index.get(reference.table.as_str()) else { continue };
            let (start, end) = (from.height_of(reference.columns.first()), to.height_of(None));
            // From the left side to the right side of what stands before; a table's own stays on its right.
            let backward = to.left + to.width <= from.left;
            let (x1, x2) = if backward {
                (from.left, to.left + to.width)
            } else {
                (from.left + from.width, to.left + to.width)
            };
            let bend = GAP / 2;
            let (c1, c2) =
                if backward { (x1.saturating_sub(bend), x2 + bend) } else { (x1 + bend, x2 + bend) };
            body.push_str(&format!(
                "<path class=\"key\" d=\"M{x1} {start} C{c1} {start} {c2} {end} {x2} {end}\" marker-end=\"url(#to)\"/>\n"
            ));
        }
    }
    for placed in &placed {
        let Placed { table, left, top, width } = placed;
        body.push_str(&format!(
            "<rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" rx=\"4\"/>\n<text class=\"name\" x=\"{}\" \
             y=\"{}\">{}</text>\n",
            placed.height(),
            left + PADDING,
            top + LINE,
            escaped(&table.name)
        ));
        for (number, column) in table.columns.iter().enumerate() {
            let class = match (column.is_key, table.refers(&column.name)) {
                (true, _) => "primary",
                (false, true) => "foreign",
                (false, false) => "plain",
            };
            body.push_str(&format!(
                "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>\n",
                left + PADDING,
                top + LINE + PADDING + LINE * (number + 1) - LINE / 4,
                escaped(&line(column))
            ));
        }
    }
    document(width, height, &body)
}

fn line(column: &super::Column) -> String {
    let mark = if column.not_null { "" } else { "?" };
    format!("{}{mark} {}", column.name, column.data_type)
}

/// Layers from left to right; in each, tables one under the other.
fn place(tables: &[Table]) -> Vec<Placed<'_>> {
    let layers = layers(tables);
    let count = layers.iter().max().map_or(0, |last| last + 1);
    let mut left = GAP / 2;
    let mut placed = Vec::new();
    for layer in 0..count {
        let here = tables.iter().zip(&layers).filter(|(_, own)| **own == layer).map(|(table, _)| table);
        let (mut top, mut widest) = (ROW_GAP, 0);
        for table in here {
            let lines = table.columns.iter().map(|column| measure_text_width(&line(column)));
            let longest = lines.chain([measure_text_width(&table.name)]).max().unwrap_or(0);
            let box_of = Placed { table, left, top, width: longest * CHARACTER + 2 * PADDING };
            top += box_of.height() + ROW_GAP;
            widest = widest.max(box_of.width);
            placed.push(box_of);
        }
        left += widest + GAP;
    }
    placed
}

pub(super) fn migrations(migrations: &[Migration]) -> String {
    let lanes = lanes(migrations);
    let lane_width = 24;
    let text_left = GAP / 2 + (lanes.iter().max().unwrap_or(&0) + 1) * lane_width;
    let title = |migration: &Migration| {
        let text = format!("{} {}", migration.id, migration.title);
        format!("{} ({})", text.trim(), migration.state)
    };
    let longest = migrations.iter().map(|migration| measure_text_width(&title(migration))).max().unwrap_or(0);
    let centre = |index: usize| {
        let lane = lanes.get(index).copied().unwrap_or(0);
        (GAP / 2 + lane * lane_width, ROW_GAP + index * (LINE + 6))
    };
    let numbers: BTreeMap<&str, usize> =
        migrations.iter().enumerate().map(|(index, migration)| (migration.id.as_str(), index)).collect();
    let mut body = String::new();
    for (index, migration) in migrations.iter().enumerate() {
        let (x, y) = centre(index);
        for parent in migration.parents.iter().filter_map(|parent| numbers.get(parent.as_str())) {
            let (from_x, from_y) = centre(*parent);
            // In the lane of whichever is not the other's, so that lines do not run through what stands between.
            let bend = if from_x < x { from_y + LINE } else { y.saturating_sub(LINE) };
            body.push_str(&if from_x == x {
                format!("<path class=\"line\" d=\"M{from_x} {from_y} V{y}\"/>\n")
            } else if from_x < x {
                format!("<path class=\"line\" d=\"M{from_x} {from_y} L{x} {bend} V{y}\"/>\n")
            } else {
                format!("<path class=\"line\" d=\"M{from_x} {from_y} V{bend} L{x} {y}\"/>\n")
            });
        }
    }
    for (index, migration) in migrations.iter().enumerate() {
        let (x, y) = centre(index);
        let fill = if migration.mood == Mood::Pending { "#ffffff" } else { migration.mood.colour() };
        body.push_str(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"6\" fill=\"{fill}\" stroke=\"{}\" stroke-width=\"2\"/>\n<text class=\"plain\" \
             x=\"{text_left}\" y=\"{}\">{}</text>\n",
            migration.mood.colour(),
            y + LINE / 4,
            escaped(&title(migration))
        ));
    }
    let height = ROW_GAP * 2 + migrations.len() * (LINE + 6);
    document(text_left + longest * CHARACTER + GAP / 2, height, &body)
}

fn document(width: usize, height: usize, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<style>\n\
         text {{ font: 13px ui-monospace, monospace; fill: #212121; }}\n.name {{ font-weight: bold; }}\n.primary {{ font-weight: bold; }}\n\
         .foreign {{ fill: #1565c0; }}\n.box {{ fill: #fafafa; stroke: #616161; }}\n.key {{ fill: none; stroke: #1565c0; }}\n\
         .line {{ fill: none; stroke: #9e9e9e; stroke-width: 2; }}\n</style>\n<defs><marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#1565c0\"/></marker></defs>\n<rect \
         width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

/// What XML takes: characters that it does not are left out.
fn escaped(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .map(|character| match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            character => character.to_string(),
        })
        .collect()
}
