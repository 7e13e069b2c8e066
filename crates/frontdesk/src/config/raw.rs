//! The configuration as it is written. Nothing of this lives past [`resolve`](super::resolve).

use indexmap::IndexMap;
use serde::Deserialize;
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// Sections by name, in the order of the file.
pub(super) type Named<T> = IndexMap<Spanned<String>, T>;
/// A value with its place.
pub(super) type At<T> = Option<Spanned<T>>;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name { $($(#[$attr])* pub(super) $field: $type,)* }
    };
}

section!(Raw {
    server: Server,
    ledger: Ledger,
    limits: Limits,
    log: Log,
    providers: Named<Provider>,
    models: Named<Model>,
    routers: Named<Router>,
    plans: Named<Plan>,
});
section!(Server {
    listen: At<String>,
    admin_token: At<String>,
    max_body: At<String>,
    shutdown_grace: At<String>,
});
section!(Ledger {
    url: At<String>,
    text: At<String>,
    durability: At<String>,
    retention: At<String>,
});
section!(Limits { url: At<String>, });
section!(Log {
    format: At<String>,
    level: At<String>,
    requests: bool,
});
section!(Provider {
    api: At<String>,
    base_url: At<String>,
    api_key: At<String>,
    timeouts: Timeouts,
    retries: At<u32>,
    retry_after_max: At<String>,
});
section!(Timeouts {
    connect: At<String>,
    first_token: At<String>,
    idle: At<String>,
    total: At<String>,
});
section!(Model {
    provider: At<String>,
    id: At<String>,
    price: Option<Price>,
    context: At<u64>,
    capabilities: Vec<Spanned<String>>,
    profile: Option<Profile>,
});
section!(Price {
    input: At<f64>,
    cached_input: At<f64>,
    output: At<f64>,
});
section!(Profile {
    first_token: At<String>,
    tokens_per_second: At<f64>,
});
section!(Router {
    default: At<String>,
    fallback: Vec<Spanned<String>>,
    baseline: At<String>,
    classifier: Classifier,
    session: Session,
    rules: Vec<Spanned<Rule>>,
    categories: Named<Category>,
    #[serde(rename = "continue")]
    continues: bool,
});
section!(Classifier {
    kind: At<String>,
    min_confidence: At<f64>,
    model: At<String>,
    timeout: At<String>,
    speculate: bool,
    encoder: Option<bool>,
    weights: At<String>,
});
section!(Session {
    sticky: At<String>,
    ttl: At<String>,
});
section!(Rule {
    when: At<toml::Table>,
    then: Then,
});
section!(Then {
    category: At<String>,
    model: At<String>,
});
section!(Category {
    about: String,
    models: Vec<Spanned<String>>,
    examples: Vec<String>,
});
section!(Plan {
    rpm: At<u64>,
    tpm: At<u64>,
    concurrent: At<u64>,
    budget: Option<Budget>,
    models: Vec<Spanned<String>>,
    hours: Vec<Spanned<String>>,
});
section!(Budget {
    usd: At<f64>,
    window: At<String>,
});

/// Reads a file. Every unknown key and every value of the wrong type becomes a problem, and what is left is read.
///
/// serde stops at the first mistake, so the entry it stands in is taken out and the rest read again until all is well.
pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Raw {
    let (mut tree, syntax) = DeTable::parse_recoverable(text);
    problems.extend(syntax.iter().map(|error| problem(error, "mend the TOML here")));
    if !syntax.is_empty() {
        return Raw::default();
    }
    loop {
        match Raw::deserialize(toml::de::Deserializer::from(tree.clone())) {
            Ok(raw) => return raw,
            Err(error) => {
                problems.push(problem(&error, "remove it, or write one of the expected names or types"));
                let at = error.span().unwrap_or(0..0);
                if !take_out(tree.get_mut(), at.start) {
                    return Raw::default();
                }
            }
        }
    }
}

fn problem(error: &toml::de::Error, help: &str) -> Problem {
    Problem { span: error.span().unwrap_or(0..0), message: error.message().replace('\n', "; "), help: help.into() }
}

/// Takes out the innermost entry that covers a place; `false`: there is none.
fn take_out(table: &mut DeTable<'_>, at: usize) -> bool {
    let covering = table.iter_mut().find_map(|(key, value)| {
        let inside = value_covers(value, at);
        (key.span().contains(&at) || value.span().contains(&at) || inside == Some(true))
            .then(|| (key.clone(), inside == Some(true)))
    });
    let Some((key, already)) = covering else {
        return false;
    };
    if !already {
        table.remove(&key);
    }
    true
}

/// `Some(true)`: an entry further in covered the place and is gone.
fn value_covers(value: &mut serde_spanned::Spanned<DeValue<'_>>, at: usize) -> Option<bool> {
    match value.get_mut() {
        DeValue::Table(inner) => Some(take_out(inner, at)),
        DeValue::Array(items) => Some(items.iter_mut().any(|item| value_covers(item, at) == Some(true))),
        _ => None,
    }
}
