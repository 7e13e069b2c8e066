//! Names that somebody may have meant.

/// Advice that names what is nearest to a name nobody knows.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(name, known, 8);
    match nearest.as_slice() {
        [] => "define it first".into(),
        [(steps, nearest), ..] if *steps <= 2 => format!("did you mean `{nearest}`?"),
        all => {
            let names: Vec<_> = all.iter().map(|(_, known)| format!("`{known}`")).collect();
            format!("known are {}", names.join(", "))
        }
    }
}

/// The names nearest to one, with how many letters they differ by.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<(usize, &'a str)> {
    let mut known: Vec<_> = known.into_iter().map(|known| (distance(name, known), known)).collect();
    known.sort_unstable();
    known.truncate(most);
    known
}

/// Levenshtein's distance in characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (position, a) in from.chars().enumerate() {
        let mut diagonal = position;
        let mut left = position + 1;
        let mut next = vec![left];
        for (b, above) in to.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_a_slip_is_named() {
        assert_eq!(nearest("autp", ["support", "auto"], 1), [(1, "auto")]);
        assert_eq!(near("autp", ["support", "auto"]), "did you mean `auto`?");
        assert_eq!(near("x", ["support", "auto"]), "known are `auto`, `support`");
        assert_eq!(near("x", []), "define it first");
    }
}
