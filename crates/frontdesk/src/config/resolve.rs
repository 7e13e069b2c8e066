//! From what was written to what it means; notes every mistake on the way.

mod read;
mod routers;
mod embedded;
mod shadow;

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use routing::{Capability, Model, NanoUsd, Price, Profile, ProviderId, Table};

use super::placed::Placed;
use super::raw::{self, At, Raw};
use super::resolved::{Api, Config, Endpoint, LedgerSettings, Log, Provider, Server, Timeouts};
use super::{Outside, Problem, Secret};
use crate::names::near;
use read::{bytes, choice, duration};

const LISTEN: &str = "127.0.0.1:8080";
const MAX_BODY: usize = 32 << 20;
const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);
const LEDGER: &str = "sqlite:frontdesk.db";
const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);
const CONNECT: Duration = Duration::from_secs(2);
const FIRST_TOKEN: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(20);
const TOTAL: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(2);
const RETRIES: u32 = 1;

/// Collects mistakes with their places.
struct Report<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Report<'_> {
    fn at<T>(&mut self, place: &Placed<T>, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem { span: place.span(), message: message.into(), help: help.into() });
    }
}

/// The meaning of a file. What is wrong is noted and replaced by a default, so that the rest is looked at too.
pub(super) fn resolve(raw: &Raw, outside: &dyn Outside, problems: &mut Vec<Problem>) -> Config {
    let mut report = Report { problems };
    let providers: Vec<Provider> =
        raw.providers.iter().map(|(name, written)| provider(name, written, outside, &mut report)).collect();
    let mut table =
        Table { providers: providers.iter().map(|provider| provider.name.clone()).collect(), ..Table::default() };
    for (alias, written) in &raw.models {
        table.models.push(model(alias, written, &table.providers, &mut report));
    }
    let (classifiers, shadows) = routers::resolve(raw, &mut table, outside, &mut report);
    limits(raw, &mut report);
    if raw.models.is_empty() {
        // Also what an editor leaves for a moment between emptying a file and filling it.
        let help = "write a [providers.NAME] and a [models.NAME], or begin with `frontdesk init`";
        report.problems.push(Problem { span: 0..0, message: "there is no model".into(), help: help.into() });
    }
    Config {
        classifiers,
        shadows,
        log: log(&raw.log, &mut report),
        server: server(&raw.server, outside, &mut report),
        ledger: ledger(&raw.ledger, &mut report),
        providers,
        table,
    }
}

fn server(written: &raw::Server, outside: &dyn Outside, report: &mut Report<'_>) -> Server {
    let listen = written.listen.as_ref().map_or(LISTEN, |listen| listen.as_ref());
    let listen = listen.parse().unwrap_or_else(|_| {
        if let Some(place) = &written.listen {
            report.at(place, "`listen` is not an address and port", format!("write for example \"{LISTEN}\""));
        }
        SocketAddr::from(([127, 0, 0, 1], 8080))
    });
    let admin_token = written.admin_token.as_ref().and_then(|reference| secret(reference, outside, report));
    Server {
        listen,
        admin_token: admin_token.map(|token| Secret::new(&token)),
        max_body: bytes(&written.max_body, MAX_BODY, report),
        shutdown_grace: duration(&written.shutdown_grace, SHUTDOWN_GRACE, report),
    }
}

fn log(written: &raw::Log, report: &mut Report<'_>) -> Log {
    let json = choice(&written.format, &["text", "json"], report) == "json";
    let level = choice(&written.level, &["info", "error", "warn", "debug", "trace"], report);
    Log { json, level: level.to_owned(), requests: written.requests }
}

/// Limits and plans are understood but not enforced by this version: saying nothing would promise protection.
fn limits(raw: &Raw, report: &mut Report<'_>) {
    if let Some(url) = raw.limits.url.as_ref().filter(|url| url.as_ref() != "memory:") {
        report.at(url, "limits can only be counted in memory", "write url = \"memory:\"");
    }
    for (name, _) in &raw.plans {
        report.at(
            name,
            "plans are not enforced by this version",
            "take the plan out; limit requests in front of the gateway",
        );
    }
}

fn ledger(written: &raw::Ledger, report: &mut Report<'_>) -> LedgerSettings {
    let url = written.url.as_ref().map_or(LEDGER, |url| url.as_ref());
    if let (Some(place), false) = (&written.url, url.starts_with("sqlite:")) {
        report.at(place, "only SQLite ledgers are supported", format!("write for example \"{LEDGER}\""));
    }
    let text = choice(&written.text, &["none", "prompts", "full"], report);
    if choice(&written.durability, &["batched", "strict"], report) == "strict"
        && let Some(place) = &written.durability
    {
        report.at(place, "strict durability is not supported yet", "write \"batched\"");
    }
    LedgerSettings {
        path: url.strip_prefix("sqlite:").unwrap_or(url).to_owned(),
        keep_prompts: text != "none",
        keep_answers: text == "full",
        retention: duration(&written.retention, RETENTION, report),
    }
}

fn provider(
    name: &Placed<String>,
    written: &raw::Provider,
    outside: &dyn Outside,
    report: &mut Report<'_>,
) -> Provider {
    let api = match choice(&written.api, &["openai", "anthropic"], report) {
        "anthropic" => Api::Anthropic,
        _ => Api::OpenAi,
    };
    let endpoint = match &written.base_url {
        None => {
            report.at(name, "the provider has no `base_url`", "write base_url = \"https://…/v1\"");
            None
        }
        Some(url) => endpoint(url.as_ref()).or_else(|| {
            report.at(url, "`base_url` is not an http or https URL", "write for example \"https://api.openai.com/v1\"");
            None
        }),
    };
    let timeouts = &written.timeouts;
    let endpoint = endpoint.unwrap_or(Endpoint { tls: false, host: String::new(), port: 0, prefix: String::new() });
    Provider {
        name: name.as_ref().clone(),
        api,
        host: HeaderValue::from_str(&format!("{}:{}", endpoint.host, endpoint.port))
            .unwrap_or(HeaderValue::from_static("")),
        endpoint,
        credential: written.api_key.as_ref().and_then(|reference| credential(api, reference, outside, report)),
        timeouts: Timeouts {
            connect: duration(&timeouts.connect, CONNECT, report),
            first_token: duration(&timeouts.first_token, FIRST_TOKEN, report),
            idle: duration(&timeouts.idle, IDLE, report),
            total: duration(&timeouts.total, TOTAL, report),
        },
        retries: written.retries.as_ref().map_or(RETRIES, |retries| *retries.as_ref()),
        patience: duration(&written.retry_after_max, PATIENCE, report),
    }
}

/// The parts of a base URL; a user and password in it are refused, because they would be secrets in the file.
pub(crate) fn endpoint(url: &str) -> Option<Endpoint> {
    let uri: http::Uri = url.parse().ok()?;
    let tls = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    Some(Endpoint {
        tls,
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        prefix: uri.path().trim_end_matches('/').to_owned(),
    })
}

/// The value of the header that carries a credential.
fn credential(
    api: Api,
    reference: &Placed<String>,
    outside: &dyn Outside,
    report: &mut Report<'_>,
) -> Option<HeaderValue> {
    let secret = secret(reference, outside, report)?;
    let mut header = match api {
        Api::OpenAi => HeaderValue::from_str(&format!("Bearer {secret}")),
        Api::Anthropic => HeaderValue::from_str(&secret),
    }
    .ok();
    match &mut header {
        Some(header) => header.set_sensitive(true),
        None => report.at(
            reference,
            "the credential has characters that no HTTP header can carry",
            "check what the variable or file holds",
        ),
    }
    header
}

fn secret(reference: &Placed<String>, outside: &dyn Outside, report: &mut Report<'_>) -> Option<String> {
    let text = reference.as_ref();
    if let Some(name) = text.strip_prefix("env:") {
        let value = outside.variable(name).filter(|value| !value.trim().is_empty());
        if value.is_none() {
            let help = format!("run `export {name}=…` before, or name another variable");
            report.at(reference, format!("the environment variable {name} is not set"), help);
        }
        return value;
    }
    if let Some(path) = text.strip_prefix("file:") {
        return match outside.secret(path) {
            Ok(value) if value.trim_ascii().is_empty() => {
                report.at(reference, format!("the file {path} is empty"), "put the secret into it, and nothing else");
                None
            }
            Ok(value) => Some(String::from_utf8_lossy(&value).trim().to_owned()),
            Err(error) => {
                report.at(reference, format!("the file {path} cannot be read: {error}"), "name a file that can be");
                None
            }
        };
    }
    // The text is not repeated: it may be the secret.
    report.at(reference, "a secret must not stand in this file", "write \"env:NAME\" or \"file:PATH\"");
    None
}

fn model(alias: &Placed<String>, written: &raw::Model, providers: &[String], report: &mut Report<'_>) -> Model {
    let mut provider = ProviderId(0);
    match &written.provider {
        None => report.at(alias, "the model has no `provider`", "write provider = \"…\", one of [providers]"),
        Some(name) => match providers.iter().position(|known| known == name.as_ref()) {
            Some(position) => provider = ProviderId::at(position),
            None => {
                let known = providers.iter().map(String::as_str);
                report.at(name, format!("there is no provider `{}`", name.as_ref()), near(name.as_ref(), known));
            }
        },
    }
    let context = written.context.as_ref().map(|context| *context.as_ref());
    if let (Some(place), Some(0)) = (&written.context, context) {
        report.at(place, "`context` must be above zero", "write the model's context in tokens, or leave it out");
    }
    Model {
        alias: alias.as_ref().clone(),
        provider,
        id: written.id.as_ref().map_or_else(|| alias.as_ref().clone(), |id| id.as_ref().clone()),
        price: written.price.as_ref().map(|written| price(written, report)),
        context,
        capabilities: written.capabilities.iter().filter_map(|word| capability(word, report)).collect(),
        profile: written.profile.as_ref().map(|written| profile(written, report)),
    }
}

fn capability(word: &Placed<String>, report: &mut Report<'_>) -> Option<Capability> {
    let found = Capability::ALL.into_iter().find(|(_, known)| known == word.as_ref());
    if found.is_none() {
        let known = Capability::ALL.map(|(_, known)| known);
        report.at(word, format!("there is no capability `{}`", word.as_ref()), near(word.as_ref(), known));
    }
    found.map(|(capability, _)| capability)
}

fn price(written: &raw::Price, report: &mut Report<'_>) -> Price {
    let mut read = |value: &At<f64>| {
        let place = value.as_ref()?;
        let usd = *place.as_ref();
        if !(0.0..=1e9).contains(&usd) {
            report.at(place, "a price must be zero or more", "write USD per million tokens");
            return None;
        }
        Some(NanoUsd::from_usd(usd))
    };
    let (input, cached, output) = (read(&written.input), read(&written.cached_input), read(&written.output));
    let input = input.unwrap_or_default();
    Price { input, cached_input: cached.unwrap_or(input), output: output.unwrap_or_default() }
}

fn profile(written: &raw::Profile, report: &mut Report<'_>) -> Profile {
    let speed = written.tokens_per_second.as_ref();
    let tokens_per_second = speed.map_or(50.0, |speed| *speed.as_ref());
    if let Some(place) = speed.filter(|_| !(tokens_per_second > 0.0 && tokens_per_second.is_finite())) {
        report.at(place, "`tokens_per_second` must be above zero", "write for example 60");
    }
    let concurrent = written.concurrent.as_ref().map(|concurrent| *concurrent.as_ref());
    if let (Some(place), Some(0)) = (&written.concurrent, concurrent) {
        report.at(
            place,
            "`concurrent` must be above zero",
            "write how many requests it answers at once, or leave it out",
        );
    }
    let first_token = duration(&written.first_token, Duration::from_secs(1), report);
    Profile { first_token, tokens_per_second, concurrent }
}
