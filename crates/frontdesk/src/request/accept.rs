//! From the socket to a request that was understood.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use routing::{Choice, ModelId, Prompt, RouterId, Table};
use wire::{Asked, ChatRequest};

use crate::error::ApiError;

/// No more is set aside for a body before its bytes come.
const FIRST_ALLOCATION: usize = 1 << 20;

/// The whole body, up to `most` bytes.
pub(super) async fn read(
    mut body: Incoming,
    headers: &HeaderMap,
    most: usize,
) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(ApiError::too_large(most));
    }
    let mut whole = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ApiError::incomplete())?.into_data() else {
            continue;
        };
        if first.len() + whole.len() + data.len() > most {
            return Err(ApiError::too_large(most));
        }
        // Most bodies come in one piece, which then needs no copy.
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.unwrap_or(0).min(FIRST_ALLOCATION));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// The request in a body.
pub(super) fn parse(body: &Bytes) -> Result<ChatRequest<'_>, ApiError> {
    ChatRequest::read(body).map_err(|invalid| ApiError::invalid(&invalid))
}

/// What the client asks for, and its conversation.
pub(super) fn choose<'a>(
    table: &Table,
    request: &ChatRequest<'a>,
) -> Result<(Choice, Prompt<'a>), ApiError> {
    let model = |name: &str| table.find_model(name).ok_or_else(|| unknown(table, name));
    let choice = match &request.asked {
        Asked::Chain(names) => Choice::Chain(
            names
                .iter()
                .map(|name| model(name))
                .collect::<Result<Vec<ModelId>, _>>()?,
        ),
        Asked::One(name) => match table.routers.iter().position(|router| router.name == *name) {
            Some(position) => Choice::Router(RouterId::at(position)),
            None => Choice::Model(model(name)?),
        },
    };
    let prompt = request
        .prompt()
        .map_err(|invalid| ApiError::invalid(&invalid))?;
    Ok((choice, prompt))
}

fn unknown(table: &Table, name: &str) -> ApiError {
    let routers = table.routers.iter().map(|router| router.name.as_str());
    let known: Vec<&str> = routers
        .chain(table.models.iter().map(|model| model.alias.as_str()))
        .take(20)
        .collect();
    ApiError::model_not_found(name, &known)
}
