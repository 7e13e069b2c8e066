use proptest::prelude::*;

use super::*;

const PIECES: [(&str, f32); 12] = [
    ("▁", -2.0),
    ("▁a", -1.0),
    ("b", -1.5),
    ("▁ab", -2.5),
    ("c", -3.0),
    ("bc", -2.0),
    ("▁fi", -1.0),
    ("▁1", -1.0),
    ("東", -1.0),
    ("京", -1.0),
    ("▁東京", -9.0),
    ("é", -1.0),
];

/// The pieces of a text, joined by a bar; `?` is an unknown character.
fn pieces(text: &str) -> String {
    let name =
        |number: u32| PIECES.get((number as usize).wrapping_sub(SPECIAL as usize)).map_or("?", |(piece, _)| piece);
    let vocabulary = Vocabulary::new(&PIECES).unwrap();
    vocabulary.tokens(text).into_iter().map(name).collect::<Vec<_>>().join("|")
}

#[test]
fn pieces_have_the_greatest_sum() {
    for (text, expected) in [
        ("a", "▁a"),
        // The same sum, -2.5: the longer last piece stays.
        ("ab", "▁ab"),
        ("abc", "▁a|bc"),
        ("acb", "▁a|c|b"),
        // Words stand for themselves.
        ("a  b\n\tc", "▁a|▁|b|▁|c"),
        (" a ", "▁a"),
        ("a▁a", "▁a|▁a"),
        // Unknown characters, one by one.
        ("xy", "▁|?|?"),
        ("a🦊c", "▁a|?|c"),
        // One character where the text has another that stands for the same.
        ("ﬁ", "▁fi"),
        ("①", "▁1"),
        ("e\u{301}", "▁|é"),
        // Scripts beside each other; the long piece is not worth it.
        ("東京a", "▁|東|京|?"),
        ("a\u{200b}東\u{feff}\u{0}", "▁a|▁|東"),
        ("", ""),
        (" \u{0}\u{3000}\u{200d}", ""),
    ] {
        assert_eq!(pieces(text), expected, "{text:?}");
    }
}

#[test]
fn pieces_that_are_empty_or_there_twice_are_refused() {
    assert!(Vocabulary::new(&[("", -1.0)]).is_none());
    assert!(Vocabulary::new(&[("a", -1.0), ("ab", -1.0), ("a", -2.0)]).is_none());
    let vocabulary = Vocabulary::new(&[]).unwrap();
    assert_eq!(vocabulary.tokens("a"), [UNKNOWN; 2]);
}

/// The same, looked up in a list: what the trie must come to.
fn slowly(pieces: &[(String, f32)], text: &str) -> Vec<u32> {
    let worst = pieces.iter().map(|(_, score)| *score).reduce(f32::min).unwrap_or_default();
    let mut tokens = Vec::new();
    for word in normalised(text).split(MARK).skip(1) {
        let word: Vec<char> = [MARK].into_iter().chain(word.chars()).collect();
        let mut best = vec![(f32::NEG_INFINITY, 0, 0); word.len() + 1];
        best[0].0 = 0.0;
        for start in 0..word.len() {
            for end in start + 1..=word.len() {
                let part: String = word[start..end].iter().collect();
                let known = pieces.iter().position(|(piece, _)| *piece == part);
                let known = known.map(|at| (pieces[at].1, u32::try_from(at).unwrap() + SPECIAL));
                let unknown = (end == start + 1).then_some((worst - PENALTY, UNKNOWN));
                for (score, number) in known.into_iter().chain(unknown) {
                    if best[start].0 + score > best[end].0 {
                        best[end] = (best[start].0 + score, start, number);
                    }
                }
            }
        }
        let (mut end, mut backwards) = (word.len(), Vec::new());
        while end > 0 {
            backwards.push(best[end].2);
            end = best[end].1;
        }
        tokens.extend(backwards.into_iter().rev());
    }
    tokens
}

proptest! {
    #[test]
    fn the_trie_finds_what_a_list_finds(
        pieces in proptest::collection::btree_map("▁?[abé東]{1,4}", -8_i8..0, 0..30),
        text in "[abcé東 ]{0,30}",
    ) {
        let pieces: Vec<_> = pieces.into_iter().map(|(piece, score)| (piece, f32::from(score))).collect();
        let borrowed: Vec<_> = pieces.iter().map(|(piece, score)| (piece.as_str(), *score)).collect();
        prop_assert_eq!(Vocabulary::new(&borrowed).unwrap().tokens(&text), slowly(&pieces, &text));
    }

    #[test]
    fn any_text_has_bounded_tokens(text in any::<String>()) {
        let tokens = Vocabulary::new(&PIECES).unwrap().tokens(&text);
        prop_assert!(tokens.len() <= 2 * normalised(&text).chars().count());
    }
}
