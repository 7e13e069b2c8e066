//! Endpoints that call no model: the list of models, what the classifier says, and feedback.

pub(crate) mod classify;
pub(crate) mod feedback;

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::app::App;
use crate::request::body::ClientBody;

/// A JSON answer.
pub(crate) fn json_response(body: &Value) -> Response<ClientBody> {
    let mut response = Response::new(ClientBody::whole(Bytes::from(body.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Routers first, then models, with what is known of them.
pub(crate) fn models(app: &App) -> Response<ClientBody> {
    let snapshot = app.snapshot();
    let table = &snapshot.config.table;
    let routers = table.routers.iter().map(|router| {
        let categories: Vec<_> = router.categories.iter().map(|category| &category.name).collect();
        json!({"id": router.name, "object": "model", "owned_by": "frontdesk", "created": 0, "categories": categories})
    });
    let models = table.models.iter().map(|model| {
        let price = model.price.map(|price| {
            json!({"input": price.input.as_usd(), "cached_input": price.cached_input.as_usd(), "output": price.output.as_usd()})
        });
        let known = routing::Capability::ALL.into_iter().filter(|(capability, _)| model.can(*capability));
        let capabilities: Vec<_> = known.map(|(_, word)| word).collect();
        let owner = table.providers.get(model.provider.index());
        json!({
            "id": model.alias, "object": "model", "owned_by": owner, "created": 0, "provider_id": model.id,
            "context": model.context, "price": price, "capabilities": capabilities,
        })
    });
    let list: Vec<_> = routers.chain(models).collect();
    json_response(&json!({"object": "list", "data": list}))
}
