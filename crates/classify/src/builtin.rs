//! The weights that come with the program, unpacked when they are first needed.

use std::sync::{Arc, OnceLock};

use crate::embedded::Embedded;
use crate::encoder::Encoder;
use crate::weights::{self, BadWeights};

/// What unpacking came to, once.
type Unpacked<T> = OnceLock<Result<Arc<T>, BadWeights>>;

impl Embedded {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// When the file that was built in is damaged.
    pub fn builtin() -> Result<Arc<Self>, BadWeights> {
        static UNPACKED: Unpacked<Embedded> = OnceLock::new();
        UNPACKED.get_or_init(|| weights::read(include_bytes!("../../../weights/builtin.fdm")).map(Arc::new)).clone()
    }
}

impl Encoder {
    /// The labels of the encoder that comes with the program, in its order.
    pub const LABELS: [&str; 5] = ["simple", "general", "reasoning", "code", "agent"];

    /// The encoder that comes with the program. The first call unpacks it, which takes tens of milliseconds.
    ///
    /// # Errors
    /// When the file that was built in is damaged.
    pub fn builtin() -> Result<Arc<Self>, BadWeights> {
        static UNPACKED: Unpacked<Encoder> = OnceLock::new();
        UNPACKED.get_or_init(|| Self::read(include_bytes!("../../../weights/encoder.fde")).map(Arc::new)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stages_that_come_with_the_program_have_the_same_labels() {
        assert_eq!(Embedded::builtin().unwrap().labels, Encoder::LABELS);
        assert_eq!(Encoder::builtin().unwrap().labels, Encoder::LABELS);
    }
}
