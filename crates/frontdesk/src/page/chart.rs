//! Drawings of figures as SVG, sized by the page.

use maud::{Markup, html};

/// Width of a drawing of lines in its own units; the page scales it.
const WIDTH: f64 = 900.0;
/// Width of a drawing of bars, which has less in it and stays readable on a narrow screen.
const BARS: f64 = 640.0;
/// Height of one bar with the space below it.
const BAR: f64 = 26.0;
/// The width of a letter at most, as nobody can measure it here.
const LETTER: f64 = 7.0;
/// The most letters of a bar's name or figure that are shown.
const MOST_LETTERS: usize = 32;
/// Height of a drawing of lines, and the room at its left and its foot for the axes.
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 70.0;
const FOOT: f64 = 26.0;
/// How many colours the style has, and which of them bars below zero have.
const COLOURS: usize = 6;
const LOSS: usize = 4;
/// Half of a long name below an axis.
const NEAR_END: f64 = 60.0;
/// What floating-point numbers may be apart and still mean the same round one.
const NEARLY: f64 = 1e-9;

/// A bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// How long it is, in any unit that all bars share; below 0 to the left.
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

/// Horizontal bars from zero, to the left of it where values are below.
#[must_use]
pub fn bars(caption: &str, bars: &[Bar]) -> Markup {
    let ends = bars.iter().flat_map(|bar| bar.interval.into_iter().flatten().chain([bar.value]));
    let (low, high) = span(ends);
    let names = room(bars.iter().map(|bar| &bar.name));
    let most = BARS - names - room(bars.iter().map(|bar| &bar.figure));
    let scale = if high > low { most / (high - low) } else { 0.0 };
    let at = |value: f64| names + (value - low) * scale;
    let height = BAR * count(bars.len());
    html! {
        figure {
            figcaption { (caption) }
            svg.bars viewBox={ "0 0 " (BARS) " " (short(height)) } role="img" aria-label=(caption) {
                @if low < 0.0 { line.zero x1=(short(at(0.0))) x2=(short(at(0.0))) y1="0" y2=(short(height)) {} }
                @for (place, bar) in bars.iter().enumerate() { (drawn(bar, (names, BAR * count(place)), &at)) }
            }
        }
    }
}

/// One bar, its interval with an end at either side, and its figure behind both.
fn drawn(bar: &Bar, (names, top): (f64, f64), at: &dyn Fn(f64) -> f64) -> Markup {
    let (zero, end) = (at(0.0), at(bar.value));
    let reach = bar.interval.map_or(end, |[_, high]| end.max(at(high))).max(zero);
    let middle = short(top + 12.0);
    html! {
        text x=(short(names - 10.0)) y=(short(top + 16.0)) text-anchor="end" { (cut(&bar.name)) }
        rect x=(short(zero.min(end))) y=(short(top + 4.0)) width=(short((end - zero).abs())) height="16" rx="2"
            fill=(colour(if bar.value < 0.0 { LOSS } else { 0 })) {}
        @if let Some([low, high]) = bar.interval.map(|ends| ends.map(at)) {
            line.interval x1=(short(low)) x2=(short(high)) y1=(middle) y2=(middle) {}
            @for end in [low, high] {
                line.interval x1=(short(end)) x2=(short(end)) y1=(short(top + 8.0)) y2=(short(top + 16.0)) {}
            }
        }
        text.quiet x=(short(reach + 8.0)) y=(short(top + 16.0)) { (cut(&bar.figure)) }
    }
}

/// The room for the longest of texts and the space beside it.
fn room<'a>(texts: impl Iterator<Item = &'a String>) -> f64 {
    let letters = texts.map(|text| text.chars().count().min(MOST_LETTERS)).max().unwrap_or(0);
    16.0 + LETTER * count(letters)
}

/// A text that is too long without its end.
fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_LETTERS {
        return text.to_owned();
    }
    text.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}

/// Lines over the places of a horizontal axis, of which a few are named; the vertical axis has zero in it. `unit` writes
/// a value of it for people.
#[must_use]
pub fn lines(caption: &str, places: &[String], series: &[Series], unit: &dyn Fn(f64) -> String) -> Markup {
    let ticks = ticks(series.iter().flat_map(|one| one.values.iter().flatten().copied()));
    let (low, high) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
    let (width, height) = (WIDTH - LEFT - 10.0, HEIGHT - FOOT - 10.0);
    let step = width / count(places.len().saturating_sub(1).max(1));
    let at = |place: usize, value: f64| (LEFT + step * count(place), 10.0 + height * (high - value) / (high - low));
    let named = places.len().div_ceil(8).max(1);
    html! {
        figure {
            figcaption { (caption) }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(caption) {
                @for tick in ticks {
                    @let (_, y) = at(0, tick);
                    line class=(if tick == 0.0 { "zero" } else { "axis" })
                        x1=(LEFT) x2=(WIDTH - 10.0) y1=(short(y)) y2=(short(y)) {}
                    text.quiet x=(LEFT - 8.0) y=(short(y + 4.0)) text-anchor="end" { (unit(tick)) }
                }
                @for (place, name) in places.iter().enumerate().step_by(named) {
                    @let (x, _) = at(place, 0.0);
                    // A name in the middle of the right end would be cut off.
                    @let anchor = if x > WIDTH - NEAR_END { "end" } else { "middle" };
                    text.quiet x=(short(x)) y=(HEIGHT - 6.0) text-anchor=(anchor) { (name) }
                }
                @for (number, one) in series.iter().enumerate() {
                    path d=(path(&one.values, &at)) fill="none" stroke=(colour(number)) stroke-width="2"
                        stroke-linejoin="round" stroke-linecap="round" {}
                }
            }
            // A single line is what the caption says.
            @if series.len() > 1 {
                div.legend {
                    @for (number, one) in series.iter().enumerate() {
                        span { i style={ "background:" (colour(number)) } {} (one.name) }
                    }
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

/// The least and the most of values and zero.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.filter(|value| value.is_finite()).fold((0.0, 0.0), |(low, high), value| (value.min(low), value.max(high)))
}

/// The values that an axis names: 1, 2 or 5 times a power of ten apart, six to eight of them at most, from the last at or
/// below all values and zero to the first at or above them.
fn ticks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let (low, high) = span(values);
    if high <= low {
        return vec![0.0, 1.0];
    }
    let least = (high - low) / 5.0;
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| *step >= least * (1.0 - NEARLY)).unwrap_or(least);
    let first = (low / step + NEARLY).floor();
    let last = (high / step - NEARLY).ceil();
    let numbers = std::iter::successors(Some(first), |number| Some(number + 1.0)).take_while(|number| *number <= last);
    // Minus zero is written with its sign.
    numbers.map(|number| number * step + 0.0).collect()
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

    /// The room for the name of one letter that the bars of these tests have; they have no figure.
    const NAMES: f64 = 23.0;

    fn bar(value: f64, interval: Option<[f64; 2]>) -> Bar {
        Bar { name: "x".into(), value, interval, figure: String::new() }
    }

    #[test]
    fn the_longest_bar_or_interval_fills_the_room_and_nothing_is_longer() {
        let drawn = bars("c", &[bar(1.0, None), bar(2.0, Some([1.0, 4.0]))]).into_string();
        let most = BARS - NAMES - 16.0;
        assert!(drawn.contains(&format!("width=\"{}\"", short(most / 4.0))), "{drawn}");
        assert!(drawn.contains(&format!("x2=\"{}\"", short(NAMES + most))), "{drawn}");
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
    fn names_and_figures_have_room_and_the_longest_are_cut() {
        let long = Bar { name: "n".repeat(40), figure: "220.66 s, busy 100 %".into(), ..bar(1.0, None) };
        let drawn = bars("c", &[long]).into_string();
        let names = 16.0 + 32.0 * LETTER;
        assert!(drawn.contains(&format!(">{}…<", "n".repeat(31))), "{drawn}");
        assert!(drawn.contains(&format!("rect x=\"{names}\"")), "{drawn}");
        assert!(drawn.contains(&format!("width=\"{}\"", BARS - names - 16.0 - 20.0 * LETTER)), "{drawn}");
    }

    #[test]
    fn a_gap_begins_a_line_anew() {
        let at = |place: usize, value: f64| (count(place), value);
        assert_eq!(path(&[Some(1.0), Some(2.0), None, Some(3.0)], &at), "M0 1h0L1 2M3 3h0");
    }

    #[test]
    fn axes_have_zero_and_round_numbers_around_all_values() {
        for (values, expected) in [
            (&[][..], &[0.0, 1.0][..]),
            (&[10.6], &[0.0, 5.0, 10.0, 15.0]),
            (&[1.0], &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (&[-134.3, -599.4], &[-600.0, -400.0, -200.0, 0.0]),
            (&[-10.0, 40.0], &[-10.0, 0.0, 10.0, 20.0, 30.0, 40.0]),
        ] {
            let ticks = ticks(values.iter().copied());
            let near = ticks.iter().zip(expected).all(|(is, wanted)| (is - wanted).abs() < 1e-9);
            assert!(near && ticks.len() == expected.len(), "{values:?}: {ticks:?}");
            assert!(ticks.iter().all(|tick| *tick != 0.0 || tick.is_sign_positive()), "{ticks:?}");
        }
    }

    #[test]
    fn losses_are_drawn_left_of_zero_with_their_intervals() {
        let drawn = bars("c", &[bar(-1.0, Some([-3.0, 1.0]))]).into_string();
        let quarter = (BARS - NAMES - 16.0) / 4.0;
        let [zero, end] = [NAMES + 3.0 * quarter, NAMES + 2.0 * quarter].map(short);
        assert!(drawn.contains(&format!("rect x=\"{end}\"")), "{drawn}");
        assert!(drawn.contains(&format!("line class=\"zero\" x1=\"{zero}\"")), "{drawn}");
        assert!(drawn.contains(&format!("x1=\"{}\" x2=\"{}\"", short(NAMES), short(NAMES + 4.0 * quarter))), "{drawn}");
    }

    #[test]
    fn lines_below_zero_stay_in_the_drawing() {
        let loss = [Series { name: "n".into(), values: vec![Some(-50.0), Some(10.0)] }];
        let drawn = lines("c", &["a".into(), "b".into()], &loss, &short).into_string();
        // The axis ends at -60, and the drawing below the names of places.
        let depth = 10.0 + (HEIGHT - FOOT - 10.0) * 70.0 / 80.0;
        assert!(drawn.contains(&format!("M70 {}h0", short(depth))), "{drawn}");
        assert!(drawn.contains(">-60<") && drawn.contains(">20<"), "{drawn}");
    }
}
