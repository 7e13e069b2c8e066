//! A walk over JSON text in one pass, faster than a parser because it builds nothing: long strings are skipped sixteen or
//! more bytes at a time, and a value is where it stands in the text.
//!
//! It follows RFC 8259.

use std::borrow::Cow;

use memchr::memchr2;

use crate::json::MAX_DEPTH;

/// Why the text is not what was walked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// It is no JSON at this byte.
    Syntax(usize),
    /// It ends too early.
    Eof,
    /// It nests deeper than [`MAX_DEPTH`].
    Deep,
}

/// A place in a text.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// The string walked over last has escapes.
    escaped: bool,
}

/// What a visitor of members or items returns.
type Visited = Result<(), Bad>;

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, escaped: false }
    }

    /// The next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r')).count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Takes a byte that must come next.
    fn expect(&mut self, byte: u8) -> Visited {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Bad::Syntax(self.at)),
            None => Err(Bad::Eof),
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Visited {
        self.peek().map_or(Ok(()), |_| Err(Bad::Syntax(self.at)))
    }

    /// Walks over the value here and returns its text.
    pub(crate) fn value(&mut self) -> Result<&'a str, Bad> {
        let first = self.peek().ok_or(Bad::Eof)?;
        let begin = self.at;
        match first {
            b'"' => self.string()?,
            b'{' => self.object(&mut |scan, _| scan.value().map(|_| ()))?,
            b'[' => self.array(&mut |scan| scan.value().map(|_| ()))?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(Bad::Syntax(begin)),
        }
        self.text.get(begin..self.at).ok_or(Bad::Syntax(begin))
    }

    /// What `walk` walks over, as it stands.
    pub(crate) fn spanned(&mut self, walk: &mut dyn FnMut(&mut Self) -> Visited) -> Result<&'a str, Bad> {
        self.peek();
        let begin = self.at;
        walk(self)?;
        self.text.get(begin..self.at).ok_or(Bad::Syntax(begin))
    }

    /// Walks over the object here; `member` is called with each key and must walk over its value.
    pub(crate) fn object(&mut self, member: &mut dyn FnMut(&mut Self, Cow<'a, str>) -> Visited) -> Visited {
        self.open(b'{')?;
        if self.peek() != Some(b'}') {
            loop {
                if self.peek().ok_or(Bad::Eof)? != b'"' {
                    return Err(Bad::Syntax(self.at));
                }
                let begin = self.at;
                self.string()?;
                let key = self.text.get(begin..self.at).and_then(unquoted).ok_or(Bad::Syntax(begin))?;
                self.expect(b':')?;
                member(self, key)?;
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.depth -= 1;
        self.expect(b'}')
    }

    /// Walks over the array here; `item` must walk over each of its values.
    pub(crate) fn array(&mut self, item: &mut dyn FnMut(&mut Self) -> Visited) -> Visited {
        self.open(b'[')?;
        if self.peek() != Some(b']') {
            loop {
                item(self)?;
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.depth -= 1;
        self.expect(b']')
    }

    fn open(&mut self, bracket: u8) -> Visited {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Bad::Deep) } else { Ok(()) }
    }

    /// Whether the value walked over last is a string without escapes, which needs no reading but for its quotes.
    pub(crate) fn was_plain(&self, value: &str) -> bool {
        value.starts_with('"') && !self.escaped
    }

    /// Walks over a string.
    fn string(&mut self) -> Visited {
        self.at += 1;
        let begin = self.at;
        self.escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or(Bad::Eof)?;
            let found = memchr2(b'"', b'\\', rest).ok_or(Bad::Eof)?;
            self.at += found + 1;
            if rest.get(found) == Some(&b'"') {
                // The least byte tells whether there is a control character, many bytes at a time.
                let inner = self.text.as_bytes().get(begin..self.at - 1).unwrap_or_default();
                let control = inner.iter().copied().fold(u8::MAX, u8::min) < 0x20;
                return if control { Err(Bad::Syntax(begin)) } else { Ok(()) };
            }
            self.escaped = true;
            match rest.get(found + 1).ok_or(Bad::Eof)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                b'u' if rest.get(found + 2..found + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => {
                    self.at += 5;
                }
                _ => return Err(Bad::Syntax(self.at)),
            }
        }
    }

    fn literal(&mut self, word: &str) -> Visited {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(Bad::Syntax(self.at));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Visited {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length =
            rest.bytes().take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
        let number = rest.get(..length).unwrap_or_default();
        if !is_number(number) {
            return Err(Bad::Syntax(self.at));
        }
        self.at += length;
        Ok(())
    }
}

/// Whether a text is a number as RFC 8259 writes it.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// What a string says; borrowed where it has no escapes. `None`: it is no string.
pub(crate) fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(text: &str) -> Result<(), Bad> {
        let mut scan = Scan::new(text);
        scan.value()?;
        scan.end()
    }

    /// Walked over just where serde reads it.
    fn check(text: &str) {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(walk(text).is_ok(), parsed, "{text}");
    }

    #[test]
    fn it_accepts_what_a_parser_accepts() {
        for text in [
            "{}",
            "[]",
            "[1,2]",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "tru",
            "true",
            "nulll",
            "\"",
            "\"\\\"\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12aF\"",
            "-",
            "-0",
            "01",
            "1.",
            "1.5e",
            "1.5e+3",
            ".5",
            "1e5",
            "--1",
            "1-2",
            "",
            " ",
            "[",
            "{\"a\":",
            "[1 2]",
            " { \"a\" : [ null , false ] } ",
            "{} {}",
            "\"a\tb\"",
            "\"a\nb\"",
            "\"\u{1f}\"",
            "\"é\"",
            "{\"a\":{\"b\":[{}]}}",
        ] {
            check(text);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(walk(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(walk(&nested(MAX_DEPTH + 1)), Err(Bad::Deep));
        assert_eq!(walk(&"[".repeat(10_000)), Err(Bad::Deep));
        assert_eq!(walk(&"[[]],".repeat(1_000)), Err(Bad::Syntax(4)));
    }

    proptest! {
        #[test]
        fn it_never_panics_and_agrees_with_a_parser(text in "[\t\n\\[\\]{}:,\"\\\\0-9eE.+\\- truefalsn\u{e9}]{0,40}") {
            check(&text);
        }

        #[test]
        fn any_value_is_walked_over_whole(text in any::<String>(), number in any::<f64>()) {
            let value = serde_json::json!({"a": [text, number, null, {"b": true}]}).to_string();
            prop_assert_eq!(walk(&value), Ok(()));
            let mut scan = Scan::new(&value);
            prop_assert_eq!(scan.value(), Ok(value.as_str()));
        }
    }
}
