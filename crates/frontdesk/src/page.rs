//! Self-contained pages for people: one file with its style and its drawings in it, and nothing that is loaded.

mod chart;

pub use chart::{Bar, Series, bars, lines};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::screen::Grid;

/// Light and dark, readable on paper; colours are those of the drawings too.
const STYLE: &str = include_str!("page/style.css");

/// A page. `subtitle` says what the figures are of.
#[must_use]
pub fn document(title: &str, subtitle: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is loaded and no script is there, whatever a name in the figures may contain.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    p.subtitle { (prose(subtitle)) }
                    (body)
                }
            }
        }
    }
    .into_string()
}

/// A sentence in which words between backquotes are code.
#[must_use]
pub fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Sentences, each behind a word or two on what it says.
#[must_use]
pub fn remarks(rows: &[(&str, &str)]) -> Markup {
    html! {
        div.table {
            table { tbody { @for (says, sentence) in rows { tr { td.name { (says) } td.prose { (prose(sentence)) } } } } }
        }
    }
}

/// A table of names and figures.
#[must_use]
pub(crate) fn table(grid: &Grid) -> Markup {
    let class = |column: usize| (column < grid.names).then_some("name");
    html! {
        div.table {
            table {
                thead { tr { @for (column, name) in grid.head.iter().enumerate() { th class=[class(column)] { (name) } } } }
                tbody {
                    @for row in &grid.rows {
                        tr { @for (column, cell) in row.iter().enumerate() { td class=[class(column)] { (cell) } } }
                    }
                }
            }
        }
    }
}

/// A few figures that matter most, each with what it is.
#[must_use]
pub fn figures(figures: &[(&str, String)]) -> Markup {
    html! {
        dl.figures { @for (name, value) in figures { div { dt { (name) } dd { (value) } } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_between_backquotes_are_code() {
        let shown = remarks(&[("open", "say `frontdesk label <FILE>`.")]).into_string();
        assert!(shown.contains("say <code>frontdesk label &lt;FILE&gt;</code>.</td>"), "{shown}");
    }

    #[test]
    fn what_names_contain_stays_text() {
        let body = table(&Grid::new(1, &["<b>"], [vec!["\"><script>alert(1)</script>".into()]]));
        let page = document("a & b", "</title><script>", &body);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("a &amp; b") && page.contains("&lt;b&gt;"));
    }
}
