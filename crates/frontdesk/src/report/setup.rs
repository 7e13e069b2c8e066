//! What the configuration says, as a report looks at it.

use proof::report::{ModelSetup, RouterSetup, Setup};
use routing::{CategoryId, Router, Table};

/// The configuration's models and routers by name.
pub(super) fn setup(table: &Table) -> Setup {
    let models = table.models.iter().map(|model| {
        let setup = ModelSetup { price: model.price, profile: model.profile };
        (model.alias.clone(), setup)
    });
    let routers = table.routers.iter().map(|router| (router.name.clone(), of(router, table)));
    Setup { models: models.collect(), routers: routers.collect() }
}

fn of(router: &Router, table: &Table) -> RouterSetup {
    let first = router.categories.iter().enumerate().filter_map(|(place, category)| {
        let model = *router.chain(CategoryId::at(place)).first()?;
        Some((category.name.clone(), table.alias(model).to_owned()))
    });
    RouterSetup {
        kind: router.classifying.kind,
        baseline: router.baseline.map(|baseline| table.alias(baseline).to_owned()),
        default: router.category(router.default).map(|category| category.name.clone()).unwrap_or_default(),
        first: first.collect(),
    }
}
