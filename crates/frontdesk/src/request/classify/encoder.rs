//! The second stage of the embedded classifier: milliseconds of arithmetic, so never on the threads that serve requests.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use classify::look::Look;
use lru::LruCache;
use parking_lot::Mutex;
use routing::{Classification, Prompt, RouterId};
use tokio::time::timeout;

use crate::request::Context;

/// How long its answer is waited for; then the first stage's stands.
const PATIENCE: Duration = Duration::from_millis(100);

/// What both stages say together; `None` where every place is taken or it takes too long.
pub(super) async fn ask(context: &Context, id: RouterId, prompt: &Prompt<'_>) -> Option<Classification> {
    let look = Look::at(prompt)?;
    let known = &context.snapshot.encoded;
    if let Some(said) = known.get(id, &look) {
        return Some(said);
    }
    let classifier = context.snapshot.config.classifiers.get(id.index())?.clone()?;
    let place = context.app.encoders.clone().try_acquire_owned().ok();
    let Some(place) = place else {
        context.app.metrics.encoder_busy.inc();
        return None;
    };
    let (read, snapshot) = (look.to_owned(), Arc::clone(&context.snapshot));
    let working = tokio::task::spawn_blocking(move || {
        let look = read.look();
        let said = classifier.encoded(&look);
        // Also what came too late for this request serves the next one like it.
        if let Some(said) = &said {
            snapshot.encoded.put(id, &look, said.clone());
        }
        drop(place);
        said
    });
    timeout(PATIENCE, working).await.ok()?.ok()?
}

/// What the encoder said of prompts that come again: greetings, buttons, questions that everybody asks.
pub(crate) struct Known {
    hasher: RandomState,
    said: Mutex<LruCache<u64, Classification>>,
}

/// Prompts that are remembered; about a hundred bytes each.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8_191);

impl Default for Known {
    fn default() -> Self {
        Self { hasher: RandomState::new(), said: Mutex::new(LruCache::new(MOST)) }
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("prompts", &self.said.lock().len()).finish_non_exhaustive()
    }
}

impl Known {
    fn get(&self, router: RouterId, look: &Look<'_>) -> Option<Classification> {
        self.said.lock().get(&self.hasher.hash_one((router, look))).cloned()
    }

    /// Remembers what was said.
    pub(crate) fn put(&self, router: RouterId, look: &Look<'_>, said: Classification) {
        self.said.lock().put(self.hasher.hash_one((router, look)), said);
    }
}
