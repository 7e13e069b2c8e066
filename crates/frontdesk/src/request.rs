//! The whole life of a request.

pub mod operation;
pub mod body;
pub(crate) mod accept;
pub mod classify;
mod decide;
pub(crate) mod shadow;
pub mod forward;
mod record;

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use crate::app::{App, Snapshot};
use crate::error::ApiError;
use body::ClientBody;
pub use operation::Operation;
use record::Recorder;
pub(crate) use record::{REQUEST_ID, id_value};

/// What a request works with: the gateway, and the configuration of the moment it came in.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) app: Arc<App>,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// Answers a request for a model. The recorder writes the request's row when it is dropped, whatever ends it.
pub async fn serve(app: Arc<App>, operation: Operation, head: Parts, body: Incoming) -> Response<ClientBody> {
    let snapshot = app.snapshot();
    let context = Context { app, snapshot };
    let mut recorder = Recorder::begin(context.clone(), operation);
    match answer(&context, operation, &head, body, &mut recorder).await {
        Ok(answer) => answer.into_response(recorder),
        Err(error) => {
            recorder.failed(&error);
            let mut response = error.response();
            recorder.write_headers(response.headers_mut());
            response
        }
    }
}

async fn answer(
    context: &Context,
    operation: Operation,
    head: &Parts,
    body: Incoming,
    recorder: &mut Recorder,
) -> Result<forward::Answer, ApiError> {
    let body = accept::read(body, &head.headers, context.snapshot.config.server.max_body).await;
    recorder.received();
    let body = body?;
    let request = accept::parse(&body)?;
    recorder.asked(&request, &head.headers);
    let deadline = accept::deadline(&head.headers)?;
    let (choice, prompt) = accept::choose(&context.snapshot.config.table, operation, &request)?;
    let asked = (operation, &body, &request);
    let found = classify::find(context, &choice, &prompt, asked, (&head.headers, deadline)).await?;
    let decision = decide::decide(&context.snapshot.config.table, &prompt.needs, &choice, &found)?;
    recorder.decision_took(found.began.elapsed());
    recorder.decided(&decision, &prompt.needs, found.judge);
    shadow::begin(context, recorder.id(), &decision, &prompt);
    forward::forward(context, asked, (&decision, found.speculation), deadline, recorder).await
}
