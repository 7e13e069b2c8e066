//! A share of all requests, chosen by their ids: the same ones every time, without a clock or a random number.

/// Whether the request of this id is among a share (0 to 1) of all. Whoever is among a share is among every larger one.
#[must_use]
pub fn among(id: u128, share: f64) -> bool {
    let [high, low] = [id >> 64, id & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or(0));
    let place = u32::try_from(mixed(high.rotate_left(29) ^ low) >> 32).unwrap_or(u32::MAX);
    f64::from(place) / (f64::from(u32::MAX) + 1.0) < share
}

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, 2014): every bit of the input moves every bit of the output.
fn mixed(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_among_none_and_everybody_among_all() {
        for id in [0, 1, u128::MAX, 1 << 64, 0x019a_bcde << 96] {
            assert!(!among(id, 0.0) && among(id, 1.0), "{id}");
        }
    }

    #[test]
    fn ids_that_follow_each_other_are_among_a_share_as_often_as_it_says() {
        // Some count in the low half, some in the high one, as ids of the same millisecond and of others do.
        for shift in [0, 20, 64, 80] {
            let chosen =
                (0..100_000_u128).filter(|count| among((0x019a_bcde_0000 << 80) ^ (count << shift), 0.1)).count();
            assert!((9_500..10_500).contains(&chosen), "{shift}: {chosen}");
        }
    }

    #[test]
    fn a_larger_share_holds_the_smaller_one() {
        for id in (0..10_000_u128).map(|count| count << 40) {
            assert!(!among(id, 0.2) || among(id, 0.3), "{id}");
        }
    }
}
