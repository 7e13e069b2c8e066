//! `POST /v1/feedback`: what a caller says of a request afterwards.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Response};
use hyper::body::Incoming;
use ledger::{Author, Feedback, Given, Reply};
use routing::Table;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::json_response;
use crate::admin;
use crate::app::App;
use crate::config::Config;
use crate::error::ApiError;
use crate::names::near;
use crate::request::accept;
use crate::request::body::ClientBody;

/// How long it is waited until it is on disk.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest body, bytes: the longest comment with every character escaped, and what is around it.
const MOST: usize = 32 << 10;
/// The longest comment, bytes.
const LONGEST_COMMENT: usize = 4 << 10;
/// What a body may say.
const FIELDS: [&str; 4] = ["request_id", "score", "label", "comment"];

/// Answers `{"request_id":"…","score":0..1,"label":"code","comment":"…"}`, any of the last three, with what is on disk
/// then.
pub(crate) async fn serve(app: Arc<App>, head: Parts, body: Incoming) -> Response<ClientBody> {
    match answer(&app, &head, body).await {
        Ok(answer) => json_response(&answer),
        Err(error) => error.response(),
    }
}

async fn answer(app: &App, head: &Parts, body: Incoming) -> Result<Value, ApiError> {
    let body = accept::read(body, &head.headers, MOST).await?;
    let snapshot = app.snapshot();
    let said = read(&body, &snapshot.config.table)?;
    let feedback = Feedback { author: author(&snapshot.config, &head.headers), ..said };
    let id = Uuid::from_u128(feedback.id).to_string();
    let parts = [
        ("score", feedback.score.is_some()),
        ("label", feedback.label.is_some()),
        ("comment", feedback.comment.is_some()),
    ];
    let (sender, receiver) = oneshot::channel();
    // Whoever asked may be gone by then.
    let reply = Reply::new(move |given| drop(sender.send(given)));
    if !app.ledger.feedback(feedback, reply) {
        return Err(ApiError::ledger_busy());
    }
    let given = timeout(PATIENCE, receiver).await.ok().and_then(Result::ok).ok_or_else(ApiError::ledger_busy)?;
    let Given { score, label, comment } = given.ok_or_else(|| ApiError::no_such_request(&id))?;
    app.metrics.gave(parts.into_iter().filter(|(_, said)| *said).map(|(name, _)| name));
    Ok(json!({"object": "feedback", "request_id": id, "score": score, "label": label, "comment": comment}))
}

/// Who says it. There are no keys yet, so that whoever is not the admin is a caller without one.
fn author(config: &Config, headers: &HeaderMap) -> Author {
    if admin::is_admin(config, headers) { Author::Admin } else { Author::Anyone }
}

/// The feedback of a body, by whomever.
fn read(body: &[u8], table: &Table) -> Result<Feedback, ApiError> {
    if wire::json::too_deep(body) {
        return Err(ApiError::unfit("the body nests arrays or objects more than 128 levels deep"));
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| ApiError::unfit("the body is not valid JSON"))?;
    let Value::Object(fields) = value else { return Err(ApiError::unfit("the body must be a JSON object")) };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let short: String = unknown.chars().take(100).collect();
        return Err(ApiError::unfit(&format!("there is no field `{short}`; {}", near(&short, FIELDS))));
    }
    let id = id(fields.get("request_id"))?;
    let (score, label, comment) = (score(&fields)?, label(&fields, table)?, comment(&fields)?);
    if score.is_none() && label.is_none() && comment.is_none() {
        return Err(ApiError::unfit("there is nothing to keep: send at least one of `score`, `label` and `comment`"));
    }
    Ok(Feedback { id, author: Author::default(), score, label, comment })
}

fn id(value: Option<&Value>) -> Result<u128, ApiError> {
    let text = value.and_then(Value::as_str).and_then(|text| Uuid::parse_str(text.trim()).ok());
    let wrong = || {
        let message = "`request_id` must be the x-request-id of an answer, for example \
            \"019abcde-f012-7345-8678-9abcdef01234\"";
        ApiError::field("request_id", message)
    };
    text.map(|id| id.as_u128()).ok_or_else(wrong)
}

/// A field that is there; `null` is as good as none.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn score(fields: &Map<String, Value>) -> Result<Option<f64>, ApiError> {
    let Some(value) = field(fields, "score") else { return Ok(None) };
    let score = value.as_f64().filter(|score| (0.0..=1.0).contains(score));
    let wrong = || ApiError::field("score", "`score` must be a number from 0 (useless) to 1 (just right)");
    // Minus zero is zero.
    score.map(|score| Some(score.abs())).ok_or_else(wrong)
}

fn label(fields: &Map<String, Value>, table: &Table) -> Result<Option<String>, ApiError> {
    let Some(value) = field(fields, "label") else { return Ok(None) };
    let Some(label) = value.as_str().map(str::trim) else {
        return Err(ApiError::field("label", "`label` must be a string, the name of a category"));
    };
    let mut known: Vec<&str> =
        table.routers.iter().flat_map(|router| &router.categories).map(|category| category.name.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&label) {
        return Ok(Some(label.to_owned()));
    }
    let short: String = label.chars().take(100).collect();
    let message = format!("no router has a category `{short}`; {}", near(&short, known));
    Err(ApiError::field("label", &message))
}

fn comment(fields: &Map<String, Value>) -> Result<Option<String>, ApiError> {
    let Some(value) = field(fields, "comment") else { return Ok(None) };
    let Some(comment) = value.as_str() else {
        return Err(ApiError::field("comment", "`comment` must be a string"));
    };
    if comment.len() > LONGEST_COMMENT {
        let message = format!("`comment` is longer than {LONGEST_COMMENT} bytes");
        return Err(ApiError::field("comment", &message));
    }
    Ok(Some(comment.to_owned()))
}

#[cfg(test)]
#[path = "feedback_tests.rs"]
mod tests;
