//! What people read in a terminal: tables, and sentences wrapped to a usual width.

use comfy_table::{CellAlignment, Table, presets};

/// Columns of a usual terminal; longer sentences are wrapped.
const WIDTH: usize = 100;

/// A table whose first columns are names and whose others are figures; a page shows it too.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Grid {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// How many columns are names.
    pub(crate) names: usize,
}

impl Grid {
    /// A table with so many columns of names.
    pub(crate) fn new(names: usize, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: rows.into_iter().collect(), names }
    }

    /// As text; figures stand at the right.
    pub(crate) fn text(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(&self.head);
        table.add_rows(&self.rows);
        for column in table.column_iter_mut().skip(self.names) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.to_string()
    }
}

/// What is never at the begin of a line, because it belongs to the figure before it.
const UNITS: [&str; 5] = ["%", "s", "ms", "µs", "M"];

/// Sentences wrapped to the width of a usual terminal.
pub(crate) fn paragraph(text: &str) -> String {
    wrapped(text, WIDTH, "")
}

/// Lines of which each is a sentence or a few, wrapped so that it is seen where the next begins.
pub(crate) fn list(text: &str) -> String {
    wrapped(text, WIDTH, "  ")
}

/// Every line of a text wrapped to so many columns. What stands between backquotes is not parted, so that a command can be
/// copied.
fn wrapped(text: &str, width: usize, indent: &str) -> String {
    text.lines().map(|line| wrapped_line(line, width, indent)).collect::<Vec<_>>().join("\n")
}

fn wrapped_line(line: &str, width: usize, indent: &str) -> String {
    let begin = line.trim_start();
    let mut column = line.chars().count() - begin.chars().count();
    let mut text = " ".repeat(column);
    for (place, word) in words(begin).into_iter().enumerate() {
        let length = word.chars().count();
        if place > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(indent);
            column = indent.len();
        } else if place > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(&word);
        column += length;
    }
    text
}

/// What spaces part, but for those between backquotes and those before a unit.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quoted = false;
    for piece in line.split(' ') {
        let unit =
            UNITS.contains(&piece.trim_end_matches(|letter: char| letter.is_ascii_punctuation() && letter != '%'));
        match words.last_mut() {
            Some(word) if quoted || unit => {
                word.push(' ');
                word.push_str(piece);
            }
            _ => words.push(piece.to_owned()),
        }
        quoted ^= piece.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, width: usize, expected: &str) {
        assert_eq!(wrapped(line, width, "  "), expected);
    }

    #[test]
    fn lines_are_wrapped_between_words_and_indented() {
        check("one two three four", 9, "one two\n  three\n  four");
        check("+ one two\n  three", 7, "+ one\n  two\n  three");
        assert_eq!(wrapped("one two three", 9, ""), "one two\nthree");
        check("short", 9, "short");
        check("", 9, "");
    }

    #[test]
    fn commands_and_long_words_stay_whole() {
        check("label: (`sample -n 100 --out x`, then)", 12, "label:\n  (`sample -n 100 --out x`,\n  then)");
        check("of them 90 %, or 5 s.", 10, "of them\n  90 %, or\n  5 s.");
        check("averyverylongword b", 5, "averyverylongword\n  b");
        check("an open `quote is kept", 8, "an open\n  `quote is kept");
    }

    #[test]
    fn figures_stand_at_the_right_behind_the_names() {
        let grid = Grid::new(1, &["name", "n"], [vec!["a".into(), "100".into()], vec!["b".into(), "2".into()]]);
        assert_eq!(grid.text(), " name    n \n a     100 \n b       2 ");
    }
}
