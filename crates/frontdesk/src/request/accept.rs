//! From the socket to a request that was understood.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use routing::{Choice, ModelId, Prompt, RouterId, Table};
use tokio::time::{Instant, timeout};
use wire::{Asked, ChatRequest};

use super::Operation;
use crate::error::ApiError;

/// No more is set aside for a body before its bytes come.
const FIRST_ALLOCATION: usize = 1 << 20;

/// How long a client may pause within its body.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// How long the whole body may take, so that a trickle holds nothing for ever.
const BODY_TIME: Duration = Duration::from_secs(180);
/// How much of a body that is too large is read and thrown away, and for how long: most clients read an answer only
/// after they have sent everything.
const DISCARDED: usize = 64 << 20;
const DISCARDING: Duration = Duration::from_secs(10);
/// A client that sends nothing for so long has seen that it need not.
const DISCARD_PAUSE: Duration = Duration::from_millis(500);
/// The header that bounds the time of a request.
const TIMEOUT: &str = "x-frontdesk-timeout-ms";

/// How long the client gives the request; `None`: as long as the configuration does.
pub(super) fn deadline(headers: &HeaderMap) -> Result<Option<Instant>, ApiError> {
    let Some(value) = headers.get(TIMEOUT) else {
        return Ok(None);
    };
    let milliseconds: Option<u32> = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let milliseconds = milliseconds.filter(|milliseconds| *milliseconds > 0).ok_or_else(|| {
        ApiError::unfit("the header x-frontdesk-timeout-ms must be a whole number of milliseconds above zero")
    })?;
    Ok(Some(Instant::now() + Duration::from_millis(milliseconds.into())))
}

/// The whole body, up to `most` bytes.
pub(crate) async fn read(mut body: Incoming, headers: &HeaderMap, most: usize) -> Result<Bytes, ApiError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let gathered = match announced {
        Some(length) if length > most => Err(ApiError::too_large(most)),
        _ => timeout(BODY_TIME, gather(&mut body, announced, most)).await.map_err(|_| ApiError::too_slow())?,
    };
    // A client that asks before it sends is told before it does.
    if gathered.as_ref().is_err_and(ApiError::is_too_large) && !headers.contains_key(EXPECT) {
        let _rest_is_left = timeout(DISCARDING, discard(&mut body)).await;
    }
    gathered
}

async fn gather(body: &mut Incoming, announced: Option<usize>, most: usize) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(frame) = timeout(BODY_PAUSE, body.frame()).await.map_err(|_| ApiError::too_slow())? {
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
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

async fn discard(body: &mut Incoming) {
    let mut discarded = 0;
    while let Ok(Some(Ok(frame))) = timeout(DISCARD_PAUSE, body.frame()).await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > DISCARDED {
            return;
        }
    }
}

/// The request in a body.
pub(super) fn parse(body: &Bytes) -> Result<ChatRequest<'_>, ApiError> {
    ChatRequest::read(body).map_err(|invalid| ApiError::invalid(&invalid))
}

/// What the client asks for, and its conversation.
pub(super) fn choose<'a>(
    table: &Table,
    operation: Operation,
    request: &ChatRequest<'a>,
) -> Result<(Choice, Prompt<'a>), ApiError> {
    let model = |name: &str| table.find_model(name).ok_or_else(|| unknown(table, name));
    let choice = match &request.asked {
        Asked::Chain(names) => {
            Choice::Chain(names.iter().map(|name| model(name)).collect::<Result<Vec<ModelId>, _>>()?)
        }
        Asked::One(name) => match table.routers.iter().position(|router| router.name == *name) {
            Some(position) if operation == Operation::Chat => Choice::Router(RouterId::at(position)),
            Some(_) => {
                return Err(ApiError::unfit("`model` must name a model here: routers serve chat completions"));
            }
            None if operation == Operation::Chat => Choice::Model(model(name)?),
            // Another model's embedding or completion is no replacement.
            None => Choice::Chain(vec![model(name)?]),
        },
    };
    if operation != Operation::Chat {
        let needs = request.needs(request.length);
        return Ok((choice, Prompt { needs, ..Prompt::default() }));
    }
    let prompt = request.prompt().map_err(|invalid| ApiError::invalid(&invalid))?;
    Ok((choice, prompt))
}

fn unknown(table: &Table, name: &str) -> ApiError {
    let routers = table.routers.iter().map(|router| router.name.as_str());
    ApiError::model_not_found(name, routers.chain(table.models.iter().map(|model| model.alias.as_str())))
}
