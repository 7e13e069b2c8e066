//! The classifier that a router asks besides its own.

use classify::ENCODER_BELOW;
use routing::{Kind, Router, Table};

use super::routers::classifying;
use super::{Report, embedded};
use crate::config::placed::Placed;
use crate::config::raw::{self, Shadowing};
use crate::config::{Outside, Shadow};

const SHARE: f64 = 0.1;

/// The shadow of a router that has one.
pub(super) fn resolve(
    name: &Placed<String>,
    written: &raw::Router,
    (router, table): (&Router, &Table),
    outside: &dyn Outside,
    report: &mut Report<'_>,
) -> Option<Shadow> {
    let place = written.shadow.as_ref()?;
    let shadow = place.as_ref();
    let share = match &shadow.share {
        Some(place) if !(0.0..=1.0).contains(place.as_ref()) => {
            report.at(place, "`share` must be between 0 and 1", "write for example 0.1, for a tenth of the requests");
            SHARE
        }
        Some(place) => *place.as_ref(),
        None => SHARE,
    };
    let Some(classifier) = &shadow.classifier else {
        report.at(place, "the shadow has no `classifier`", "write classifier = \"embedded\", \"llm\" or \"cascade\"");
        return None;
    };
    let said = completed(classifier, &written.classifier, report);
    let classifying = classifying(name, &said, table, report);
    if classifying.kind == Kind::None {
        let place = said.kind.as_ref().unwrap_or(name);
        report.at(place, "a shadow of kind `none` says nothing", "write \"embedded\", \"llm\" or \"cascade\"");
    }
    let mut router = Router { classifying, ..router.clone() };
    let bound = embedded::bound(name, &said, &router, outside, report);
    router.classifying.encoder_below = bound.as_ref().filter(|bound| bound.has_encoder()).map(|_| ENCODER_BELOW);
    Some(Shadow { classifying: router.classifying, bound, share })
}

/// What was written, and where that says nothing what the router's own classifier says.
fn completed(written: &Placed<Shadowing>, router: &raw::Classifier, report: &mut Report<'_>) -> raw::Classifier {
    let nothing = raw::Classifier::default();
    let (kind, own) = match written.as_ref() {
        Shadowing::Word(word) => (Some(written.with(word.clone())), &nothing),
        Shadowing::Table(table) => (table.kind.clone(), table.as_ref()),
    };
    if own.speculate {
        report.at(written, "a shadow answers nobody, so there is nothing to speculate on", "take `speculate` out");
    }
    raw::Classifier {
        kind,
        min_confidence: own.min_confidence.clone().or_else(|| router.min_confidence.clone()),
        model: own.model.clone().or_else(|| router.model.clone()),
        timeout: own.timeout.clone().or_else(|| router.timeout.clone()),
        speculate: false,
        encoder: own.encoder.or(router.encoder),
        weights: own.weights.clone().or_else(|| router.weights.clone()),
    }
}
