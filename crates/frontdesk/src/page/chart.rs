//! Drawings of figures as SVG, sized by the page.

use maud::{Markup, html};

/// Width of a drawing in its own units; the page scales it.
const WIDTH: f64 = 900.0;
/// Height of one bar with the space below it.
const BAR: f64 = 26.0;
/// Where bars begin, behind their names.
const NAMES: f64 = 160.0;
/// The room for a bar's figure behind it.
const FIGURES: f64 = 150.0;
/// Height of a drawing of lines, and the room at its left and its foot for the axes.
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 70.0;
const FOOT: f64 = 26.0;
/// How many colours the style has.
const COLOURS: usize = 6;

/// A bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// How long it is, in any unit that all bars share; at least 0.
    pub value: f64,
    /// Where given, the ends of the interval that the value is known in.
    pub interval: Option<[f64; 2]>,
    /// The figure as people read it.
    pub figure: String,
}

/// A line, or a layer where lines are stacked.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is of.
    pub name: String,
    /// One value a place of the horizontal axis; `None` leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// Horizontal bars.
#[must_use]
pub fn bars(caption: &str, bars: &[Bar]) -> Markup {
    let longest = bars.iter().flat_map(|bar| [bar.value, bar.interval.map_or(0.0, |[_, high]| high)]);
    let longest = longest.fold(0.0, f64::max);
    let scale = if longest > 0.0 { (WIDTH - NAMES - FIGURES) / longest } else { 0.0 };
    let height = BAR * count(bars.len());
    html! {
        figure {
            figcaption { (caption) }
            svg viewBox={ "0 0 " (WIDTH) " " (short(height)) } role="img" aria-label=(caption) {
                @for (place, bar) in bars.iter().enumerate() {
                    @let top = BAR * count(place);
                    @let end = NAMES + bar.value.max(0.0) * scale;
                    @let reach = bar.interval.map_or(end, |[_, high]| end.max(NAMES + high * scale));
                    text x=(NAMES - 10.0) y=(short(top + 16.0)) text-anchor="end" { (bar.name) }
                    rect x=(NAMES) y=(short(top + 4.0)) width=(short(end - NAMES)) height="16" rx="2" fill=(colour(0)) {}
                    @if let Some([low, high]) = bar.interval {
                        line x1=(short(NAMES + low.max(0.0) * scale)) x2=(short(NAMES + high.max(0.0) * scale))
                            y1=(short(top + 12.0)) y2=(short(top + 12.0)) stroke="var(--ink)" stroke-width="1.5" {}
                    }
                    text.quiet x=(short(reach + 8.0)) y=(short(top + 16.0)) { (bar.figure) }
                }
            }
        }
    }
}

/// Lines over the places of a horizontal axis, of which a few are named; the vertical axis begins at zero. `unit` writes
/// a value of it for people.
#[must_use]
pub fn lines(caption: &str, places: &[String], series: &[Series], unit: &dyn Fn(f64) -> String) -> Markup {
    let top = nice(series.iter().flat_map(|one| one.values.iter().flatten().copied()).fold(0.0, f64::max));
    let (width, height) = (WIDTH - LEFT - 10.0, HEIGHT - FOOT - 10.0);
    let step = width / count(places.len().saturating_sub(1).max(1));
    let at = |place: usize, value: f64| (LEFT + step * count(place), 10.0 + height * (1.0 - value / top));
    let named = places.len().div_ceil(8).max(1);
    html! {
        figure {
            figcaption { (caption) }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(caption) {
                @for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
                    @let (_, y) = at(0, top * share);
                    line.axis x1=(LEFT) x2=(WIDTH - 10.0) y1=(short(y)) y2=(short(y)) {}
                    text.quiet x=(LEFT - 8.0) y=(short(y + 4.0)) text-anchor="end" { (unit(top * share)) }
                }
                @for (place, name) in places.iter().enumerate().step_by(named) {
                    @let (x, _) = at(place, 0.0);
                    text.quiet x=(short(x)) y=(HEIGHT - 6.0) text-anchor="middle" { (name) }
                }
                @for (number, one) in series.iter().enumerate() {
                    path d=(path(&one.values, &at)) fill="none" stroke=(colour(number)) stroke-width="2"
                        stroke-linejoin="round" stroke-linecap="round" {}
                }
            }
            div.legend {
                @for (number, one) in series.iter().enumerate() {
                    span { i style={ "background:" (colour(number)) } {} (one.name) }
                }
            }
        }
    }
}

/// The way of a line; a gap begins it anew, and a lone point is drawn as a dot.
fn path(values: &[Option<f64>], at: &dyn Fn(usize, f64) -> (f64, f64)) -> String {
    let mut way = String::new();
    let mut begun = false;
    for (place, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let (x, y) = at(place, *value);
            let (x, y) = (short(x), short(y));
            way.push_str(&if begun { format!("L{x} {y}") } else { format!("M{x} {y}h0") });
        }
        begun = value.is_some();
    }
    way
}

fn colour(number: usize) -> String {
    format!("var(--c{})", number % COLOURS)
}

/// The next of 1, 2, 2.5, 5 times a power of ten, so that quarters of an axis are round.
fn nice(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|top| *top >= value * (1.0 - 1e-9)).unwrap_or(value)
}

/// A coordinate to a tenth.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), ToOwned::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "places of a drawing")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64, interval: Option<[f64; 2]>) -> Bar {
        Bar { name: "x".into(), value, interval, figure: String::new() }
    }

    #[test]
    fn the_longest_bar_or_interval_fills_the_room_and_nothing_is_longer() {
        let drawn = bars("c", &[bar(1.0, None), bar(2.0, Some([1.0, 4.0]))]).into_string();
        let room = WIDTH - NAMES - FIGURES;
        assert!(drawn.contains(&format!("width=\"{}\"", short(room / 4.0))), "{drawn}");
        assert!(drawn.contains(&format!("x2=\"{}\"", short(NAMES + room))), "{drawn}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing_without_numbers_that_are_none() {
        let nothing = [Series { name: "n".into(), values: vec![None] }];
        for drawn in [
            bars("c", &[]),
            bars("c", &[bar(0.0, None)]),
            lines("c", &[], &[], &short),
            lines("c", &["a".into()], &nothing, &short),
        ] {
            let drawn = drawn.into_string();
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }

    #[test]
    fn a_gap_begins_a_line_anew() {
        let at = |place: usize, value: f64| (count(place), value);
        assert_eq!(path(&[Some(1.0), Some(2.0), None, Some(3.0)], &at), "M0 1h0L1 2M3 3h0");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, top) in [(0.0, 1.0), (0.93, 1.0), (1.0, 1.0), (3.2, 4.0), (1_200.0, 2_000.0), (0.021, 0.025)] {
            assert!((nice(value) - top).abs() < 1e-12, "{value}: {}", nice(value));
        }
    }
}
