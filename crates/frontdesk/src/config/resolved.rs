//! The configuration as the rest of the program sees it: validated, defaults filled in, indices instead of names.

use std::net::SocketAddr;
use std::time::Duration;

use classify::Bound;
use http::HeaderValue;
use routing::{Classifying, Table};

use super::Secret;

/// Everything.
#[derive(Clone, Debug)]
pub struct Config {
    /// The listener.
    pub server: Server,
    /// The record of requests.
    pub ledger: LedgerSettings,
    /// The API servers; [`routing::Model::provider`] points here.
    pub providers: Vec<Provider>,
    /// Models and routers.
    pub table: Table,
    /// The embedded classifier of each router, in the table's order, where it asks one.
    pub classifiers: Vec<Option<Bound>>,
    /// The other classifier of each router, in the table's order, where one is asked besides.
    pub shadows: Vec<Option<Shadow>>,
    /// What is logged.
    pub log: Log,
}

/// A classifier that is asked besides a router's own, without anybody acting on what it says.
#[derive(Clone, Debug)]
pub struct Shadow {
    /// How it finds a category; never [`routing::Kind::None`].
    pub classifying: Classifying,
    /// Its embedded classifier, where it has one.
    pub bound: Option<Bound>,
    /// Of how many requests, 0 to 1.
    pub share: f64,
}

/// What is logged, on stderr.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// A line for every request: what was decided, and how it ended.
    pub requests: bool,
}

/// The listener.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What the operator sends as bearer to `/admin/v1/…`; `None`: nobody is served there.
    pub admin_token: Option<Secret>,
    /// The largest body that is accepted, bytes.
    pub max_body: usize,
    /// How long running requests may go on after a stop was asked for.
    pub shutdown_grace: Duration,
}

/// The record of requests.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// The SQLite file; `:memory:` for none.
    pub path: String,
    /// Whether the conversation is kept.
    pub keep_prompts: bool,
    /// Whether the answers are kept.
    pub keep_answers: bool,
    /// How long rows are kept.
    pub retention: Duration,
}

/// The protocol of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

/// An API server.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub api: Api,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Our credential as its header carries it, `authorization` or Anthropic's `x-api-key`; marked as sensitive, so
    /// that it is never shown.
    pub credential: Option<HeaderValue>,
    /// The `host` header.
    pub host: HeaderValue,
    /// How long is waited for it.
    pub timeouts: Timeouts,
    /// Further calls of the same model after a failure that may pass.
    pub retries: u32,
    /// The longest `Retry-After` that is waited for.
    pub patience: Duration,
}

/// Where a provider is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What stands before `/chat/completions` or `/messages`; no slash at its end.
    pub prefix: String,
}

/// How long a provider is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first useful event, or the head of an answer.
    pub first_token: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// For the whole request, all attempts together.
    pub total: Duration,
}
