//! Guards and helpers around JSON that somebody else wrote.

use std::borrow::Cow;

use memchr::memchr2_iter;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The deepest nesting of arrays and objects that is accepted. Real requests (tool schemas) stay below 30.
pub const MAX_DEPTH: usize = 128;

/// Whether a body nests arrays and objects deeper than [`MAX_DEPTH`].
///
/// A body with no more opening brackets than that cannot, and counting them is far cheaper than following them.
#[must_use]
pub fn too_deep(body: &[u8]) -> bool {
    if memchr2_iter(b'[', b'{', body).take(MAX_DEPTH + 1).count() <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Whether a body is JSON, as a whole parser understands it.
#[must_use]
pub fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// A string that borrows from the input where it has no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Str<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The value as a string, if it is one.
pub(crate) fn as_str(raw: &RawValue) -> Option<Cow<'_, str>> {
    if !raw.get().starts_with('"') {
        return None;
    }
    serde_json::from_str::<Str<'_>>(raw.get()).ok().map(|text| text.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!too_deep(nested(MAX_DEPTH).as_bytes()));
        assert!(too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(too_deep("[".repeat(10_000).as_bytes()));
        assert!(!too_deep(format!("[\"{}\"]", "[".repeat(10_000)).as_bytes()));
        assert!(!too_deep(format!("[\"\\\"{}\"]", "{".repeat(10_000)).as_bytes()));
        assert!(!too_deep("[[]],".repeat(1_000).as_bytes()));
    }
}
