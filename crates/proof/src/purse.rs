//! A budget that is spent by several at once: reserved by estimate, settled by fact.

use routing::NanoUsd;

/// What may be spent, and what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
    limit: NanoUsd,
    spent: NanoUsd,
    reserved: NanoUsd,
}

impl Purse {
    /// A purse of so much.
    #[must_use]
    pub fn of(limit: NanoUsd) -> Self {
        Self { limit, spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO }
    }

    /// Sets aside what something may cost at most. `false`: with what is spent and set aside already, that could be more
    /// than there is; nothing is set aside then.
    #[must_use]
    pub fn reserve(&mut self, most: NanoUsd) -> bool {
        // Sums saturate, so an absurd estimate is refused instead of wrapping.
        let fits = self.spent + self.reserved + most <= self.limit;
        if fits {
            self.reserved += most;
        }
        fits
    }

    /// Puts what it did cost in the place of what was set aside for it.
    pub fn settle(&mut self, most: NanoUsd, fact: NanoUsd) {
        self.reserved = NanoUsd(self.reserved.0.saturating_sub(most.0));
        self.spent += fact;
    }

    /// What is spent so far; more than the limit only where facts were dearer than what was set aside for them.
    #[must_use]
    pub fn spent(&self) -> NanoUsd {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_not_fit_beside_what_runs_is_refused_until_that_was_cheaper() {
        let mut purse = Purse::of(NanoUsd(10));
        assert!(purse.reserve(NanoUsd(6)));
        assert!(!purse.reserve(NanoUsd(5)));
        purse.settle(NanoUsd(6), NanoUsd(2));
        assert!(purse.reserve(NanoUsd(8)));
        assert!(!purse.reserve(NanoUsd(u64::MAX)));
        // Dearer than was thought: nothing more fits.
        purse.settle(NanoUsd(8), NanoUsd(9));
        assert_eq!(purse.spent(), NanoUsd(11));
        assert!(!purse.reserve(NanoUsd::ZERO));
    }

    proptest! {
        #[test]
        fn never_more_is_spent_than_there_is(
            limit in 0..1_000_u64, steps in prop::collection::vec((0..200_u64, 0.0..=1.0_f64, any::<bool>()), 0..60)
        ) {
            let mut purse = Purse::of(NanoUsd(limit));
            let mut running = Vec::new();
            for (most, part, ends) in steps {
                if purse.reserve(NanoUsd(most)) {
                    running.push((most, part));
                }
                if let Some((most, part)) = running.pop().filter(|_| ends) {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 200")]
                    #[expect(clippy::cast_precision_loss, reason = "at most 200")]
                    let fact = (most as f64 * part) as u64;
                    purse.settle(NanoUsd(most), NanoUsd(fact));
                }
                prop_assert!(purse.spent() <= NanoUsd(limit));
            }
        }
    }
}
