//! `POST /v1/classify`: the decision, without calling a model (but the classifier's own).

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;
use routing::{Choice, Needs, Prompt, RouterId, Then};
use serde_json::{Map, Value, json};
use wire::ChatRequest;

use super::json_response;
use crate::app::App;
use crate::error::ApiError;
use crate::request::body::ClientBody;
use crate::request::{Context, accept, classify};

/// The most texts of one request.
const MOST_INPUTS: usize = 1_000;

/// Answers `{"model":"auto","messages":[…]}`, `{"input":"text"}` or `{"input":["…","…"]}`.
pub(crate) async fn serve(app: Arc<App>, head: Parts, body: Incoming) -> Response<ClientBody> {
    let snapshot = app.snapshot();
    let context = Context { app, snapshot };
    match answer(&context, &head, body).await {
        Ok(answer) => json_response(&answer),
        Err(error) => error.response(),
    }
}

async fn answer(context: &Context, head: &Parts, body: Incoming) -> Result<Value, ApiError> {
    let body = accept::read(body, &head.headers, context.snapshot.config.server.max_body).await?;
    if wire::json::too_deep(&body) {
        return Err(ApiError::unfit("the body nests arrays or objects more than 128 levels deep"));
    }
    let value: Value = serde_json::from_slice(&body).map_err(|_| ApiError::unfit("the body is not valid JSON"))?;
    let router = router(context, value.get("model"))?;
    match value.get("input") {
        None => {
            // The messages are read as a chat request's, which needs a model to be named.
            let mut value = value;
            if let Some(fields) = value.as_object_mut() {
                fields.insert("model".into(), "-".into());
            }
            let body = value.to_string();
            let request = ChatRequest::read(body.as_bytes()).map_err(|invalid| ApiError::invalid(&invalid))?;
            let prompt = request.prompt().map_err(|invalid| ApiError::invalid(&invalid))?;
            said(context, router, &prompt).await
        }
        Some(Value::String(text)) => said(context, router, &Prompt::text(text.as_str())).await,
        Some(Value::Array(texts)) if texts.len() <= MOST_INPUTS => {
            let mut all = Vec::with_capacity(texts.len());
            for text in texts {
                let text =
                    text.as_str().ok_or_else(|| ApiError::unfit("`input` must be a string or an array of strings"))?;
                all.push(said(context, router, &Prompt::text(text)).await?);
            }
            Ok(Value::Array(all))
        }
        Some(Value::Array(_)) => Err(ApiError::unfit("`input` has more than 1000 texts")),
        Some(_) => Err(ApiError::unfit("`input` must be a string or an array of strings")),
    }
}

/// The router that is named; the first where none is.
fn router(context: &Context, name: Option<&Value>) -> Result<RouterId, ApiError> {
    let routers = &context.snapshot.config.table.routers;
    let position = match name {
        None | Some(Value::Null) => Some(0).filter(|_| !routers.is_empty()),
        Some(Value::String(name)) => routers.iter().position(|router| router.name == *name),
        Some(_) => return Err(ApiError::unfit("`model` must be a string")),
    };
    position.map(RouterId::at).ok_or_else(|| {
        let known = routers.iter().map(|router| router.name.as_str());
        ApiError::model_not_found(name.and_then(Value::as_str).unwrap_or_default(), known)
    })
}

async fn said(context: &Context, id: RouterId, prompt: &Prompt<'_>) -> Result<Value, ApiError> {
    let table = &context.snapshot.config.table;
    let router = table.routers.get(id.index()).ok_or_else(ApiError::bad_upstream)?;
    let around = classify::Around::default();
    let found = match routing::decision::settled(router, None, prompt, &around) {
        Some(finding) => {
            classify::Found { finding, judge: None, began: tokio::time::Instant::now(), speculation: None }
        }
        None => classify::classified(context, id, prompt, None, &|| None).await,
    };
    let needs = Needs { max_output_tokens: None, ..prompt.needs };
    let decision = routing::decide(table, &needs, &Choice::Router(id), &found.finding)
        .map_err(|none| ApiError::unfit(&none.to_string()))?;
    let took = u64::try_from(found.began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let name = |category: Option<&routing::Category>| category.map(|category| category.name.clone());
    let category = match found.finding.then {
        Then::Category(category) => name(router.category(category)),
        Then::Model(_) => None,
    };
    let named = router.categories.iter().zip(&decision.probabilities);
    let probabilities: Map<String, Value> =
        named.map(|(category, probability)| (category.name.clone(), json!(probability))).collect();
    let chain: Vec<&str> = decision.chain.iter().map(|id| table.alias(*id)).collect();
    Ok(json!({
        "category": category, "confidence": decision.confidence, "decided_by": decision.by.word(),
        "probabilities": probabilities, "chain": chain, "decision_us": took,
    }))
}
