//! Money in integer nano-dollars and what a request's tokens cost.

use std::fmt;
use std::ops::{Add, AddAssign};

/// Billionths of a US dollar. Saturates instead of wrapping, so a sum can be too small but never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsd(pub u64);

impl NanoUsd {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);

    /// The amount of a decimal number of dollars, rounded up; negative or not finite is zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float casts saturate, which is what is wanted"
    )]
    pub fn from_usd(usd: f64) -> Self {
        // Rounded to a tenth of a nano-dollar first, so that 0.000_000_07 is 70 and not 71.
        Self(((usd * 1e10).round() / 10.0).ceil().max(0.0) as u64)
    }

    /// As a number of dollars, for people and JSON; exact up to 2^53 nano-dollars (nine million dollars).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display only; sums are done in integers")]
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A plain decimal without an exponent, as it stands in headers: `0.000123456`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        write!(f, "{whole}.{fraction:09}")
    }
}

/// What a model costs: nano-dollars per million tokens, so `0.02` USD per million is `20_000_000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Per million input tokens that were not served from the provider's cache.
    pub input: NanoUsd,
    /// Per million input tokens served from the provider's cache.
    pub cached_input: NanoUsd,
    /// Per million output tokens, reasoning included.
    pub output: NanoUsd,
}

/// The tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens, cached ones included.
    pub input: u64,
    /// Of them, served from the provider's cache.
    pub cached: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Of them, spent on reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// Both sums of two calls.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

/// What `usage` costs at `price`, rounded up to the next nano-dollar; saturating.
#[must_use]
pub fn cost(price: &Price, usage: &Usage) -> NanoUsd {
    let cached = usage.cached.min(usage.input);
    let parts = [(usage.input - cached, price.input), (cached, price.cached_input), (usage.output, price.output)];
    let millionths: u128 =
        parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(price.0)).fold(0, u128::saturating_add);
    NanoUsd(u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(input: f64, cached: f64, output: f64) -> Price {
        Price {
            input: NanoUsd::from_usd(input),
            cached_input: NanoUsd::from_usd(cached),
            output: NanoUsd::from_usd(output),
        }
    }

    #[test]
    fn the_guides_prices_to_the_nano_dollar() {
        let usage = Usage { input: 500, cached: 0, output: 200, reasoning: 0 };
        assert_eq!(cost(&price(0.02, 0.02, 0.05), &usage), NanoUsd(20_000));
        assert_eq!(cost(&price(0.27, 0.27, 0.40), &usage), NanoUsd(215_000));
        assert_eq!(cost(&price(0.50, 0.10, 2.15), &Usage { cached: 400, ..usage }), NanoUsd(520_000));
    }

    #[test]
    fn more_cached_than_input_is_taken_as_all_cached() {
        let usage = Usage { input: 10, cached: 99, output: 0, reasoning: 0 };
        assert_eq!(cost(&price(1.0, 0.1, 0.0), &usage), NanoUsd(1_000));
    }

    #[test]
    fn amounts_read_as_plain_decimals() {
        assert_eq!(NanoUsd(1_000_000_007).to_string(), "1.000000007");
        assert_eq!(NanoUsd::from_usd(0.000_000_07), NanoUsd(70));
        assert_eq!(NanoUsd::from_usd(-1.0), NanoUsd::ZERO);
        assert_eq!(NanoUsd::from_usd(f64::NAN), NanoUsd::ZERO);
    }

    proptest! {
        #[test]
        fn cost_never_shrinks_with_more_tokens(
            input in 0..u64::MAX / 2, output in 0..u64::MAX / 2, more in 0..1_000_000_u64, usd in 0.0..1e6
        ) {
            let price = price(usd, usd / 10.0, usd * 2.0);
            let usage = Usage { input, cached: 0, output, reasoning: 0 };
            let larger = Usage { input: input + more, output: output + more, ..usage };
            prop_assert!(cost(&price, &larger) >= cost(&price, &usage));
        }

        #[test]
        fn whole_cost_is_never_below_its_exact_value(input in 0..1_000_000_u64, output in 0..1_000_000_u64) {
            let price = price(0.27, 0.027, 0.4);
            let nano = cost(&price, &Usage { input, cached: 0, output, reasoning: 0 }).0;
            let exact = u128::from(input) * 270_000_000 + u128::from(output) * 400_000_000;
            prop_assert!(u128::from(nano) * 1_000_000 >= exact && u128::from(nano) * 1_000_000 < exact + 1_000_000);
        }
    }
}
