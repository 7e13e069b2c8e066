//! The whole life of a request.

pub mod body;
mod accept;
mod decide;
pub mod forward;
mod record;

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use crate::app::App;
use body::ClientBody;
use record::Recorder;

/// Answers `POST /v1/chat/completions`. The recorder writes the request's row when it is dropped, whatever ends it.
pub async fn chat(app: Arc<App>, head: Parts, body: Incoming) -> Response<ClientBody> {
    let mut recorder = Recorder::begin(Arc::clone(&app), "/v1/chat/completions");
    let mut response = match serve(&app, &head, body, &mut recorder).await {
        Ok(answer) => answer.into_response(recorder),
        Err(error) => {
            recorder.failed(&error);
            let mut response = error.response();
            recorder.write_headers(response.headers_mut());
            response
        }
    };
    response
        .headers_mut()
        .entry("x-request-id")
        .or_insert_with(|| http::HeaderValue::from_static("-"));
    response
}

async fn serve(
    app: &Arc<App>,
    head: &Parts,
    body: Incoming,
    recorder: &mut Recorder,
) -> Result<forward::Answer, crate::error::ApiError> {
    let body = accept::read(body, &head.headers, app.config.server.max_body).await?;
    let request = accept::parse(&body)?;
    recorder.asked(&request, &head.headers);
    let (choice, prompt) = accept::choose(&app.config.table, &request)?;
    let decision = decide::decide(app, &choice, &prompt, &request, &head.headers)?;
    recorder.decided(&decision, &prompt.needs);
    forward::forward(app, &body, &request, &decision, recorder).await
}
