//! The embedded classifier of a router: the built-in one, weights from a file, or learned from examples.

use std::sync::Arc;

use classify::train::{Options, train};
use classify::{Bound, Embedded, Example};
use routing::{Kind, Role, Router, Turn};

use super::Report;
use crate::config::placed::Placed;
use crate::config::{Outside, raw};

/// The least examples of a category that the embedded classifier learns from.
const FEW: usize = 5;

/// The classifier, where the router asks one.
pub(super) fn bound(
    name: &Placed<String>,
    written: &raw::Classifier,
    router: &Router,
    outside: &dyn Outside,
    report: &mut Report<'_>,
) -> Option<Bound> {
    if !matches!(router.classifying.kind, Kind::Embedded | Kind::Cascade) {
        return None;
    }
    if let Some(place) = &written.weights {
        return from_file(place, router, outside, report);
    }
    let builtin = match Embedded::builtin() {
        Ok(builtin) => builtin,
        Err(error) => {
            report.at(
                name,
                format!("the built-in weights cannot be used: {error}"),
                "name others: weights = \"file:…\"",
            );
            return None;
        }
    };
    let foreign = router.categories.iter().find(|category| !builtin.labels.contains(&category.name));
    match foreign {
        None if written.encoder == Some(false) => Some(Bound::to(builtin, router)),
        None => Some(Bound::to(builtin, router).with_encoder()),
        Some(_) => learned(name, router, report),
    }
}

fn from_file(place: &Placed<String>, router: &Router, outside: &dyn Outside, report: &mut Report<'_>) -> Option<Bound> {
    let path = place.as_ref().strip_prefix("file:").unwrap_or(place.as_ref());
    let read = outside.file(path).map_err(|error| error.to_string());
    let model = read.and_then(|file| classify::weights::read(&file).map_err(|error| error.to_string()));
    match model {
        Ok(model) if model.labels.iter().any(|label| router.find(label).is_some()) => {
            Some(Bound::to(Arc::new(model), router))
        }
        Ok(model) => {
            let message = format!("these weights know none of the router's categories but {}", model.labels.join(", "));
            report.at(place, message, "train them on rows with the router's categories as labels");
            None
        }
        Err(error) => {
            report.at(
                place,
                format!("{path} cannot be used: {error}"),
                "name a file that `frontdesk train` made: weights = \"file:…\"",
            );
            None
        }
    }
}

/// Learns categories of the operator's own from their examples.
fn learned(name: &Placed<String>, router: &Router, report: &mut Report<'_>) -> Option<Bound> {
    let poor = router.categories.iter().find(|category| category.examples.len() < FEW);
    if let Some(poor) = poor {
        let message = format!("the embedded classifier cannot learn `{}` from fewer than {FEW} examples", poor.name);
        report.at(name, message, "give every category `examples`, or ask a model: kind = \"llm\"");
        return None;
    }
    let turn = |text: &String| Turn { role: Role::User, text: text.clone().into(), calls_tools: false };
    let examples: Vec<Example> = router
        .categories
        .iter()
        .flat_map(|category| category.examples.iter().map(move |text| (category, text)))
        .map(|(category, text)| Example { turns: vec![turn(text)], label: category.name.clone(), ..Example::default() })
        .collect();
    match train(&examples, &Options { folds: 0, epochs: 12, ..Options::default() }, &|_| ()) {
        Ok(model) => Some(Bound::to(Arc::new(model), router)),
        Err(error) => {
            report.at(name, error.to_string(), "give the router more categories, or ask a model: kind = \"llm\"");
            None
        }
    }
}
