//! Which way a wrong route goes: to a dearer model than was needed, or to a weaker one.

use routing::{Router, Table, Usage, cost};

/// The guide's order, from the weakest specialist to the strongest.
const GUIDE: [&str; 5] = ["simple", "general", "code", "reasoning", "agent"];
/// A request of the guide.
const TYPICAL: Usage = Usage { input: 500, cached: 0, output: 200, reasoning: 0 };

/// How strong a router's categories are beside one another.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct Strengths {
    of: Vec<(String, f64)>,
    /// Whether they are what a typical request costs on each category's first model.
    pub(in crate::cli) by_price: bool,
}

impl Strengths {
    /// By the prices of the categories' first models, where all have one and they differ; otherwise in the guide's
    /// order, and categories that the guide does not have in the order of the configuration.
    pub(in crate::cli) fn new(router: &Router, table: &Table) -> Self {
        let price = |category: &routing::Category| {
            let first = category.models.iter().chain(&router.fallback).next()?;
            Some(cost(&table.model(*first)?.price?, &TYPICAL).as_usd())
        };
        let names = || router.categories.iter().map(|category| category.name.clone());
        let prices: Option<Vec<f64>> = router.categories.iter().map(price).collect();
        let differ = |prices: &Vec<f64>| prices.windows(2).any(|two| matches!(two, [a, b] if a.total_cmp(b).is_ne()));
        if let Some(prices) = prices.filter(differ) {
            return Self { of: names().zip(prices).collect(), by_price: true };
        }
        let place = |(place, name): (usize, String)| {
            let place = GUIDE.iter().position(|known| *known == name).unwrap_or(place);
            (name, f64::from(u32::try_from(place).unwrap_or(u32::MAX)))
        };
        Self { of: names().enumerate().map(place).collect(), by_price: false }
    }

    /// How strong a category is; 0 for one that the router does not have.
    pub(in crate::cli) fn of(&self, category: &str) -> f64 {
        self.of.iter().find(|(name, _)| name == category).map_or(0.0, |(_, strength)| *strength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strengths(config: &str) -> Strengths {
        let config = crate::demo::run::config(config).unwrap();
        Strengths::new(&config.table.routers[0], &config.table)
    }

    #[test]
    fn prices_order_the_categories_and_without_them_the_guide_does() {
        let demo = crate::demo::run::CONFIG;
        let by_price = strengths(demo);
        assert!(by_price.by_price && by_price.of("simple") < by_price.of("general"));
        assert!(by_price.of("code") < by_price.of("reasoning"), "{by_price:?}");
        let unpriced: String =
            demo.lines().filter(|line| !line.contains("price")).map(|line| format!("{line}\n")).collect();
        let by_guide = strengths(&unpriced);
        assert!(!by_guide.by_price && by_guide.of("reasoning") < by_guide.of("agent"));
    }
}
