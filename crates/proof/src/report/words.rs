//! Figures in sentences.

/// A saving that reads as nothing, in either direction.
const SAME: f64 = 0.0005;

/// So many requests, `1 request` or `2 requests`.
#[must_use]
pub fn counted(requests: u64) -> String {
    if requests == 1 { "1 request".to_owned() } else { format!("{requests} requests") }
}

/// A share, `57 %`; with a decimal below ten.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent.abs() < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// What is saved, `57 % less`; a loss is `57 % more`.
#[must_use]
pub fn change(saved: f64) -> String {
    if saved.abs() < SAME {
        return "0.0 % less".to_owned();
    }
    format!("{} {}", percent(saved.abs()), if saved < 0.0 { "more" } else { "less" })
}

/// The interval of a saving, in the words of [`change`] of its estimate: `95 %: 55.0 to 59.1`.
#[must_use]
pub fn interval(saved: f64, [low, high]: [f64; 2]) -> String {
    let side = |end: f64| if end < 0.0 { "more" } else { "less" };
    // Ends are turned around where the estimate is a loss, so that the smaller figure comes first.
    let (near, far) = if saved < 0.0 { (high, low) } else { (low, high) };
    let figure = |end: f64| format!("{:.1}", 100.0 * end.abs());
    if near * far < 0.0 && near.abs().max(far.abs()) >= SAME {
        return format!("95 %: {} {} to {} {}", figure(near), side(near), figure(far), side(far));
    }
    format!("95 %: {} to {}", figure(near), figure(far))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savings_and_losses_read_without_a_sign() {
        for (saved, ci95, expected) in [
            (0.57, [0.55, 0.591], "57 % less (95 %: 55.0 to 59.1)"),
            (-3.92, [-4.045, -3.784], "392 % more (95 %: 378.4 to 404.5)"),
            (0.02, [-0.01, 0.05], "2.0 % less (95 %: 1.0 more to 5.0 less)"),
            (-0.02, [-0.05, 0.01], "2.0 % more (95 %: 1.0 less to 5.0 more)"),
            (-1e-16, [-1e-16, 1e-16], "0.0 % less (95 %: 0.0 to 0.0)"),
        ] {
            assert_eq!(format!("{} ({})", change(saved), interval(saved, ci95)), expected);
        }
        assert_eq!((counted(1), counted(2)), ("1 request".to_owned(), "2 requests".to_owned()));
        assert_eq!((percent(0.0999), percent(0.0994)), ("10 %".to_owned(), "9.9 %".to_owned()));
    }
}
