//! Routers: names become indices.

use std::time::Duration;

use classify::{Bound, ENCODER_BELOW};
use regex::Regex;
use routing::{Category, CategoryId, Classifying, Kind, ModelId, Router, Rule, Session, Sticky, Table, Then, When};

use super::Report;
use super::read::{choice, duration};
use super::{embedded, shadow};
use crate::config::placed::Placed;
use crate::config::raw::{self, Raw};
use crate::config::{Outside, Shadow};
use crate::names::near;

const MIN_CONFIDENCE: f32 = 0.55;
const JUDGE_TIMEOUT: Duration = Duration::from_secs(1);
const SESSION_TTL: Duration = Duration::from_secs(30 * 60);
/// Adds the routers to a table that holds the models.
pub(super) fn resolve(
    raw: &Raw,
    table: &mut Table,
    outside: &dyn Outside,
    report: &mut Report<'_>,
) -> (Vec<Option<Bound>>, Vec<Option<Shadow>>) {
    let mut shadows = Vec::with_capacity(raw.routers.len());
    let mut classifiers = Vec::with_capacity(raw.routers.len());
    let mut routers = Vec::with_capacity(raw.routers.len());
    for (name, written) in &raw.routers {
        if table.models.iter().any(|model| model.alias == *name.as_ref()) {
            report.at(name, format!("`{}` is a router and a model", name.as_ref()), "give one of them another name");
        }
        let mut router = router(name, written, table, report);
        let bound = embedded::bound(name, &written.classifier, &router, outside, report);
        router.classifying.encoder_below = bound.as_ref().filter(|bound| bound.has_encoder()).map(|_| ENCODER_BELOW);
        classifiers.push(bound);
        shadows.push(shadow::resolve(name, written, (&router, table), outside, report));
        routers.push(router);
    }
    table.routers = routers;
    (classifiers, shadows)
}

fn router(name: &Placed<String>, written: &raw::Router, table: &Table, report: &mut Report<'_>) -> Router {
    let categories: Vec<Category> = written
        .categories
        .iter()
        .map(|(name, category)| Category {
            name: name.as_ref().clone(),
            about: category.about.clone(),
            models: models(&category.models, table, report),
            examples: category.examples.clone(),
        })
        .collect();
    let fallback = models(&written.fallback, table, report);
    for ((place, _), category) in written.categories.iter().zip(&categories) {
        if category.models.is_empty() && fallback.is_empty() {
            let message = format!("category `{}` has no model and the router no fallback", category.name);
            report.at(place, message, "give it `models`, or the router a `fallback`");
        }
    }
    let default = match &written.default {
        Some(default) => category(default, &categories, report),
        None => {
            report.at(name, "the router has no `default`", "name one of its categories as default");
            None
        }
    };
    Router {
        name: name.as_ref().clone(),
        default: default.unwrap_or(CategoryId(0)),
        fallback,
        baseline: written.baseline.as_ref().and_then(|baseline| model(baseline, table, report)),
        rules: written.rules.iter().filter_map(|written| rule(written, &categories, table, report)).collect(),
        classifying: classifying(name, &written.classifier, table, report),
        session: session(&written.session, report),
        continues: written.continues,
        categories,
    }
}

fn models(names: &[Placed<String>], table: &Table, report: &mut Report<'_>) -> Vec<ModelId> {
    names.iter().filter_map(|name| model(name, table, report)).collect()
}

fn model(name: &Placed<String>, table: &Table, report: &mut Report<'_>) -> Option<ModelId> {
    let found = table.models.iter().position(|model| model.alias == *name.as_ref());
    if found.is_none() {
        let known = table.models.iter().map(|model| model.alias.as_str());
        report.at(name, format!("there is no model `{}`", name.as_ref()), near(name.as_ref(), known));
    }
    found.map(ModelId::at)
}

fn category(name: &Placed<String>, categories: &[Category], report: &mut Report<'_>) -> Option<CategoryId> {
    let found = categories.iter().position(|category| category.name == *name.as_ref());
    if found.is_none() {
        let known = categories.iter().map(|category| category.name.as_str());
        report.at(name, format!("the router has no category `{}`", name.as_ref()), near(name.as_ref(), known));
    }
    found.map(CategoryId::at)
}

fn session(written: &raw::Session, report: &mut Report<'_>) -> Session {
    let sticky = match choice(&written.sticky, &["off", "always", "upgrade"], report) {
        "always" => Sticky::Always,
        "upgrade" => Sticky::Upgrade,
        _ => Sticky::Off,
    };
    Session { sticky, ttl: duration(&written.ttl, SESSION_TTL, report) }
}

#[expect(clippy::cast_possible_truncation, reason = "a number between 0 and 1 loses only digits")]
pub(super) fn classifying(
    router: &Placed<String>,
    written: &raw::Classifier,
    table: &Table,
    report: &mut Report<'_>,
) -> Classifying {
    let kind = match choice(&written.kind, &["embedded", "llm", "cascade", "none"], report) {
        "llm" => Kind::Llm,
        "cascade" => Kind::Cascade,
        "none" => Kind::None,
        _ => Kind::Embedded,
    };
    let min_confidence = match &written.min_confidence {
        Some(place) if !(0.0..=1.0).contains(place.as_ref()) => {
            report.at(place, "`min_confidence` must be between 0 and 1", "write for example 0.55");
            MIN_CONFIDENCE
        }
        Some(place) => *place.as_ref() as f32,
        None => MIN_CONFIDENCE,
    };
    if matches!(kind, Kind::Llm | Kind::Cascade) && written.model.is_none() {
        let place = written.kind.as_ref().unwrap_or(router);
        report.at(place, "this classifier needs a `model`", "name the model that is asked: model = \"…\"");
    }
    Classifying {
        kind,
        min_confidence,
        encoder_below: None,
        model: written.model.as_ref().and_then(|name| model(name, table, report)),
        timeout: duration(&written.timeout, JUDGE_TIMEOUT, report),
        speculate: written.speculate && matches!(kind, Kind::Llm | Kind::Cascade),
    }
}

fn rule(written: &Placed<raw::Rule>, categories: &[Category], table: &Table, report: &mut Report<'_>) -> Option<Rule> {
    let rule = written.as_ref();
    let then = match (&rule.then.category, &rule.then.model) {
        (Some(name), None) => Then::Category(category(name, categories, report)?),
        (None, Some(name)) => Then::Model(model(name, table, report)?),
        _ => {
            report.at(written, "a rule leads to one category or one model", "write then = { category = \"…\" }");
            return None;
        }
    };
    let when = rule.when.as_ref().map(|written| when(written, report)).unwrap_or_default();
    Some(Rule { when, then })
}

fn when(written: &Placed<toml::Table>, report: &mut Report<'_>) -> When {
    let mut when = When::default();
    let known = ["tools", "images", "json_schema", "min_input_tokens", "max_input_tokens", "regex", "key"];
    for (name, value) in written.as_ref() {
        let tokens = || value.as_integer().and_then(|count| u64::try_from(count).ok());
        let text = || value.as_str().map(ToOwned::to_owned);
        let understood = match name.as_str() {
            "tools" => set(&mut when.tools, value.as_bool()),
            "images" => set(&mut when.images, value.as_bool()),
            "json_schema" => set(&mut when.json_schema, value.as_bool()),
            "min_input_tokens" => set(&mut when.min_input_tokens, tokens()),
            "max_input_tokens" => set(&mut when.max_input_tokens, tokens()),
            "regex" => set(&mut when.regex, value.as_str().and_then(|pattern| Regex::new(pattern).ok())),
            "key" => set(&mut when.key, text()),
            "header" => pairs(&mut when.headers, value, str::to_lowercase),
            "metadata" => pairs(&mut when.metadata, value, str::to_owned),
            _ => {
                let known = known.into_iter().chain(["header.NAME", "metadata.NAME"]);
                report.at(written, format!("there is no condition `{name}`"), near(name, known));
                true
            }
        };
        if !understood {
            let message = format!("`{name}` cannot be {value}");
            report.at(written, message, "see the list of conditions for what it takes");
        }
    }
    when
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let understood = value.is_some();
    *field = value;
    understood
}

/// `header.NAME = "value"` is a table inside of the rule's.
fn pairs(into: &mut Vec<(String, String)>, value: &toml::Value, name: fn(&str) -> String) -> bool {
    let Some(table) = value.as_table() else {
        return false;
    };
    into.extend(table.iter().filter_map(|(key, value)| Some((name(key), value.as_str()?.to_owned()))));
    into.len() == table.len()
}
