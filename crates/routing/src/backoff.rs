//! Pauses between attempts.

use std::time::Duration;

/// The first pause, before jitter.
const BASE: Duration = Duration::from_millis(100);
/// No pause is longer.
const CAP: Duration = Duration::from_secs(2);

/// The pause before repeat number `repeat` (from 0): doubling from 100 ms, at most 2 s, of which a part between half
/// and the whole is taken, spread by `seed`, so that many clients of a model that fell over do not return at once.
#[must_use]
pub fn backoff(repeat: u32, seed: u64) -> Duration {
    let whole = BASE.saturating_mul(1 << repeat.min(10)).min(CAP);
    // splitmix64: a well-mixed number from any seed.
    let mut mixed = seed.wrapping_add(u64::from(repeat)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let half = whole / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(mixed % spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_differ_and_stay_bounded() {
        for seed in 0..1_000 {
            let first = backoff(0, seed);
            assert!(first >= BASE / 2 && first < BASE, "{first:?}");
            assert!(backoff(99, seed) <= CAP);
        }
        assert_ne!(backoff(0, 1), backoff(0, 2));
        assert!(backoff(3, 5) > backoff(0, 5));
    }
}
