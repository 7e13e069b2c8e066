//! What conversations were answered with, so that they can keep it: bounded, and forgotten after a while.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;
use routing::session::before_loop;
use routing::{Moment, Turn};

/// Conversations remembered; above it, the one longest unheard of is forgotten.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

/// The conversations of the routers that keep them.
pub struct Sessions {
    /// Names are hashed, because clients choose how long they are.
    hasher: RandomState,
    known: Mutex<LruCache<u64, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    /// By name: ids change with the configuration.
    category: String,
    until: Moment,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { hasher: RandomState::new(), known: Mutex::new(LruCache::new(MOST)) }
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("known", &self.known.lock().len()).finish_non_exhaustive()
    }
}

impl Sessions {
    /// The category that a conversation with a router had last.
    #[must_use]
    pub fn category(&self, router: &str, session: &str, now: Moment) -> Option<String> {
        let key = self.hasher.hash_one((router, session));
        let mut known = self.known.lock();
        known.get(&key).filter(|known| known.until > now).map(|known| known.category.clone())
    }

    /// A name for the tool loop that these turns are in or may begin: the same for all of its requests.
    #[must_use]
    pub fn of_loop(&self, turns: &[Turn<'_>]) -> String {
        let mut hasher = self.hasher.build_hasher();
        for turn in before_loop(turns) {
            (turn.role as u8, &turn.text).hash(&mut hasher);
        }
        format!("loop {:016x}", hasher.finish())
    }

    /// Remembers the category of a conversation.
    pub fn remember(&self, router: &str, session: &str, category: &str, until: Moment) {
        let key = self.hasher.hash_one((router, session));
        self.known.lock().put(key, Known { category: category.to_owned(), until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_conversation_is_known_by_router_and_until_its_time() {
        let at = Duration::from_secs;
        let sessions = Sessions::default();
        sessions.remember("auto", "a", "code", at(10));
        assert_eq!(sessions.category("auto", "a", at(9)).as_deref(), Some("code"));
        assert_eq!(sessions.category("auto", "a", at(10)), None);
        assert_eq!(sessions.category("support", "a", at(9)), None);
    }
}
