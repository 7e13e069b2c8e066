//! `/admin/v1/report`: the report of `frontdesk report` over HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::error::ApiError;
use crate::names::near;
use crate::report::{Asked, html, make};
use crate::request::body::ClientBody;

/// Reports at once, those that wait for their turn included.
const AT_ONCE: usize = 3;
/// When those who found no place should ask again.
const LATER: Duration = Duration::from_secs(5);
/// How long rows are waited for that are on their way to the disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// Places for reports: one is made at a time, so that they never have more than one core, and a few wait.
#[derive(Debug)]
pub(crate) struct Reports {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Default for Reports {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), turn: Arc::new(Semaphore::new(1)) }
    }
}

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    #[default]
    Json,
    Html,
}

/// Answers with the report that a query asks for: `since`, `until`, `router`, `key`, `batch_key`, `format`.
pub(super) async fn serve(app: &Arc<App>, query: &str) -> Response<ClientBody> {
    match report(app, query).await {
        Ok(response) => response,
        Err(error) => error.response(),
    }
}

async fn report(app: &Arc<App>, query: &str) -> Result<Response<ClientBody>, ApiError> {
    let (asked, format) = read(query).map_err(|message| ApiError::unfit(&message))?;
    let full = || ApiError::too_many_reports(LATER);
    let place = Arc::clone(&app.reports.places).try_acquire_owned().map_err(|_| full())?;
    // The semaphore is never closed.
    let turn = Arc::clone(&app.reports.turn).acquire_owned().await.map_err(|_| full())?;
    let theirs = Arc::clone(app);
    let making = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also when the client has left before.
        let _held = (place, turn);
        let config = &theirs.snapshot().config;
        // What is not on disk by then is in the next report.
        let _written = theirs.ledger.flush(PATIENCE);
        let report = make(Path::new(&config.ledger.path), &config.table, &asked, theirs.wall_us());
        let report = report.map_err(|refusal| ApiError::no_report(&refusal.to_string()))?;
        Ok(match format {
            Format::Json => ("application/json", serde_json::to_string(&report).unwrap_or_default()),
            Format::Html => ("text/html; charset=utf-8", html(&report)),
        })
    });
    // A report that panicked is none; the runtime logs it.
    let (kind, body) = making.await.map_err(|_| ApiError::no_report("the report could not be made"))??;
    let mut response = Response::new(ClientBody::whole(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// What a query asks for.
fn read(query: &str) -> Result<(Asked, Format), String> {
    const KNOWN: [&str; 6] = ["since", "until", "router", "key", "batch_key", "format"];
    let (mut asked, mut format) = (Asked::default(), Format::default());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value).ok_or_else(|| format!("the value of `{name}` is not percent-encoded UTF-8"))?;
        let when = || value.parse().map(Some).map_err(|help| format!("`{name}` is no time: {help}"));
        match name {
            "since" => asked.since = when()?,
            "until" => asked.until = when()?,
            "router" => asked.router = Some(value),
            "key" => asked.key = Some(value),
            "batch_key" => asked.batch_keys.push(value),
            "format" => {
                format = match value.as_str() {
                    "json" => Format::Json,
                    "html" => Format::Html,
                    _ => return Err("`format` is `json` or `html`".to_owned()),
                }
            }
            _ => return Err(format!("there is no parameter `{name}`: {}", near(name, KNOWN))),
        }
    }
    Ok((asked, format))
}

/// A value of a query; `+` is a space there. `None`: what it stands for is no text.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(rest.next()?)? * 16 + digit(rest.next()?)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_nonsense_is_none() {
        for (value, expected) in [
            ("a+b%20c", Some("a b c")),
            ("%C3%A4", Some("ä")),
            ("", Some("")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(decoded(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_query_is_read_and_what_it_cannot_mean_is_told() {
        let (asked, format) = read("since=7d&router=auto&batch_key=a&batch_key=b&format=html").unwrap();
        assert_eq!((asked.router.as_deref(), asked.batch_keys.len(), format), (Some("auto"), 2, Format::Html));
        assert_eq!(read("").unwrap(), Default::default());
        for (query, expected) in
            [("since=soon", "`since` is no time"), ("sinc=7d", "did you mean `since`?"), ("format=xml", "`format` is")]
        {
            let said = read(query).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }
}
