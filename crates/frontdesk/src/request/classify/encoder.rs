//! The second stage of the embedded classifier: milliseconds of arithmetic, so never on the threads that serve requests.

use std::time::Duration;

use classify::look::Look;
use routing::{Classification, Prompt, RouterId};
use tokio::time::timeout;

use crate::request::Context;

/// How long its answer is waited for; then the first stage's stands.
const PATIENCE: Duration = Duration::from_millis(100);

/// What both stages say together; `None` where every place is taken or it takes too long.
pub(super) async fn ask(context: &Context, id: RouterId, prompt: &Prompt<'_>) -> Option<Classification> {
    let classifier = context.snapshot.config.classifiers.get(id.index())?.clone()?;
    let place = context.app.encoders.clone().try_acquire_owned().ok();
    let Some(place) = place else {
        context.app.metrics.encoder_busy.inc();
        return None;
    };
    let look = Look::at(prompt)?.to_owned();
    let working = tokio::task::spawn_blocking(move || {
        let said = classifier.encoded(&look.look());
        drop(place);
        said
    });
    timeout(PATIENCE, working).await.ok()?.ok()?
}
