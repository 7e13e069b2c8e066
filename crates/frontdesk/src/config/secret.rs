//! Values that are compared and never shown.

use std::fmt;

use subtle::ConstantTimeEq;

/// A secret that callers must know. Nothing shows it: not `Debug`, no log, no error.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Of its bytes, without white space around.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().as_bytes().to_vec())
    }

    /// Whether a caller knows it. How long the comparison takes says nothing of where they differ, only whether they are
    /// equally long. Nobody knows an empty one.
    #[must_use]
    pub fn is(&self, said: &[u8]) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_slice().ct_eq(said))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secret: &str, said: &str, expected: bool) {
        assert_eq!(Secret::new(secret).is(said.as_bytes()), expected, "{secret:?} {said:?}");
    }

    #[test]
    fn only_the_whole_secret_is_it_and_an_empty_one_nobodys() {
        check("s3cret\n", "s3cret", true);
        check("s3cret", "s3cre", false);
        check("s3cret", "s3cret ", false);
        check("s3cret", "", false);
        check(" ", "", false);
    }

    #[test]
    fn it_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "Secret");
    }
}
