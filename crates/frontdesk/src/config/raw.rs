//! The configuration as it is written. Nothing of this lives past [`resolve`](super::resolve).

mod shadowing;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::Problem;
use super::placed::Placed;
pub(super) use shadowing::Shadowing;

/// Sections by name, in the order of the file.
pub(super) type Named<T> = IndexMap<Placed<String>, T>;
/// A value with its place.
pub(super) type At<T> = Option<Placed<T>>;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        $(#[$doc])*
        pub(super) struct $name { $($(#[$attr])* pub(super) $field: $type,)* }
    };
}

section!(
    /// The configuration of Frontdesk.
    #[schemars(title = "frontdesk.toml")]
    Raw {
        /// The listener.
        server: Server,
        /// The durable record of requests.
        ledger: Ledger,
        /// Where limits are counted.
        limits: Limits,
        /// What is logged, on stderr.
        log: Log,
        /// API servers by name.
        providers: Named<Provider>,
        /// Upstream models by alias.
        models: Named<Model>,
        /// Routing policies by name; clients send the name as `model`. The first one's fallback serves overrides.
        routers: Named<Router>,
        /// Limits and budgets by name.
        plans: Named<Plan>,
    }
);
section!(
    /// The listener.
    Server {
        /// Address and port; other than loopback needs keys or `--insecure`. Default `127.0.0.1:8080`.
        listen: At<String>,
        /// The token of `/admin/v1/…`, sent as bearer: `env:NAME` or `file:PATH`. Default: nobody is served there.
        admin_token: At<String>,
        /// The largest request body. Default `32MiB`.
        max_body: At<String>,
        /// How long running requests may go on after SIGTERM. Default `30s`.
        shutdown_grace: At<String>,
    }
);
section!(
    /// The durable record of requests.
    Ledger {
        /// `sqlite:FILE`. Default `sqlite:frontdesk.db`.
        url: At<String>,
        /// What of conversations is kept: `none`, `prompts` or `full`. Default `none`.
        text: At<String>,
        /// `batched`: rows are committed in groups, a moment after the answer.
        durability: At<String>,
        /// How long rows are kept. Default `90d`.
        retention: At<String>,
    }
);
section!(
    /// Where limits are counted.
    Limits {
        /// `memory:`.
        url: At<String>,
    }
);
section!(
    /// What is logged, on stderr; never a prompt, an answer or a secret.
    Log {
        /// `text` or `json`. Default `text`.
        format: At<String>,
        /// `error`, `warn`, `info`, `debug` or `trace`. Default `info`.
        level: At<String>,
        /// A line for every request. Default false.
        requests: bool,
    }
);
section!(
    /// An API server.
    Provider {
        /// What it speaks: `openai` or `anthropic`. Default `openai`.
        api: At<String>,
        /// What stands before `/chat/completions` (`/messages` with `anthropic`), `https://api.openai.com/v1`.
        base_url: At<String>,
        /// Its credential: `env:NAME` or `file:PATH`.
        api_key: At<String>,
        /// How long it is waited for.
        timeouts: Timeouts,
        /// Further calls of the same model after a failure that may pass. Default 1.
        retries: At<u32>,
        /// The longest Retry-After of a 429 that is waited for. Default `2s`.
        retry_after_max: At<String>,
    }
);
section!(
    /// How long a provider is waited for.
    Timeouts {
        /// For a connection. Default `2s`.
        connect: At<String>,
        /// For the first useful event of a stream, or the head of an answer. Default `15s`.
        first_token: At<String>,
        /// Between two pieces of an answer. Default `20s`.
        idle: At<String>,
        /// For the whole request, all attempts together. Default `10m`.
        total: At<String>,
    }
);
section!(
    /// An upstream model.
    Model {
        /// The name of its provider.
        provider: At<String>,
        /// The provider's id of it. Default: the alias.
        id: At<String>,
        /// USD per million tokens; without it, requests are recorded as unpriced.
        price: Option<Price>,
        /// The most tokens of input and output together.
        context: At<u64>,
        /// `tools`, `vision`, `json_schema`, `reasoning`, `prefill`.
        capabilities: Vec<Placed<String>>,
        /// Its usual speed, for estimates and simulation.
        profile: Option<Profile>,
    }
);
section!(
    /// USD per million tokens.
    Price {
        /// Input that the provider's cache did not serve.
        input: At<f64>,
        /// Input that it did. Default: as `input`.
        cached_input: At<f64>,
        /// Output, reasoning included.
        output: At<f64>,
    }
);
section!(
    /// How fast a model usually is.
    Profile {
        /// From the request to the first token. Default `1s`.
        first_token: At<String>,
        /// After the first. Default 50.
        tokens_per_second: At<f64>,
        /// Requests that it answers at the same time; in a simulation, others wait. Default: any number.
        concurrent: At<u32>,
    }
);
section!(
    /// A routing policy.
    Router {
        /// The category when the classifier is unsure, fails or says something else.
        default: At<String>,
        /// Models that end every category's chain.
        fallback: Vec<Placed<String>>,
        /// The single model that savings are counted against.
        baseline: At<String>,
        /// What finds the category.
        classifier: Classifier,
        /// Another classifier that is asked about a share of the requests, without anybody acting on what it says.
        shadow: At<Shadow>,
        /// Whether conversations keep their category.
        session: Session,
        /// What is decided by the shape of a request; the first match wins, before the classifier.
        rules: Vec<Placed<Rule>>,
        /// The categories by name.
        categories: Named<Category>,
        /// Whether a stream that breaks off is continued by a model of the chain with `prefill`. Default false.
        #[serde(rename = "continue")]
        continues: bool,
    }
);
section!(
    /// What finds the category of a request.
    Classifier {
        /// `embedded`, `llm`, `cascade` or `none`. Default `embedded`.
        kind: At<String>,
        /// Below it: the default category (embedded), or the model is asked (cascade); 0 to 1. Default 0.55.
        min_confidence: At<f64>,
        /// The model that is asked (llm, cascade).
        model: At<String>,
        /// How long it may take (llm, cascade). Default `1s`.
        timeout: At<String>,
        /// Start the answer on the judge's own model while it judges.
        speculate: bool,
        /// Ask the built-in encoder where the first stage is unsure (embedded, cascade).
        encoder: Option<bool>,
        /// `file:PATH` of weights that `frontdesk train` made. Default: those built in.
        weights: At<String>,
    }
);
section!(
    /// Another classifier beside: what it would have said stands in the ledger.
    Shadow {
        /// `embedded`, `llm` or `cascade`, or a table of a classifier; what that does not say is as in the router's own.
        classifier: At<Shadowing>,
        /// Of how many requests, 0 to 1. Default 0.1.
        share: At<f64>,
    }
);
section!(
    /// Whether conversations (`x-session-id`) keep their category.
    Session {
        /// `off`, `always`, or `upgrade`: unless the new one's model is stronger. Default `off`.
        sticky: At<String>,
        /// How long a conversation is remembered after its last request. Default `30m`.
        ttl: At<String>,
    }
);
section!(
    /// A rule.
    Rule {
        /// Conditions that must all hold: `tools`, `images`, `json_schema` (true or false), `min_input_tokens`,
        /// `max_input_tokens`, `regex` (over the last user message), `key`, `header.NAME`, `metadata.NAME`.
        #[schemars(with = "Option<std::collections::BTreeMap<String, serde_json::Value>>")]
        when: At<toml::Table>,
        /// What then happens.
        then: Then,
    }
);
section!(
    /// One of both.
    Then {
        /// The request belongs to this category.
        category: At<String>,
        /// This model answers, before the fallback.
        model: At<String>,
    }
);
section!(
    /// A label of a router.
    Category {
        /// What belongs here, in words that a judge understands.
        about: String,
        /// Its models, in order; none: the fallback serves it.
        models: Vec<Placed<String>>,
        /// Prompts that belong here: five or more of each category let the embedded classifier learn them.
        examples: Vec<String>,
    }
);
section!(
    /// Limits and budget.
    Plan {
        /// Requests a minute.
        rpm: At<u64>,
        /// Tokens a minute.
        tpm: At<u64>,
        /// Requests at the same time.
        concurrent: At<u64>,
        /// What may be spent.
        budget: Option<Budget>,
        /// Routers and models that may be named; none: all.
        models: Vec<Placed<String>>,
        /// When, `Mon-Fri 08:00-18:00 Europe/Berlin`; none: always.
        hours: Vec<Placed<String>>,
    }
);
section!(
    /// What may be spent.
    Budget {
        /// So many USD.
        usd: At<f64>,
        /// In so long, `8h`.
        window: At<String>,
    }
);

/// The JSON Schema of the file.
pub(super) fn schema() -> String {
    let schema = schemars::schema_for!(Raw);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

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
