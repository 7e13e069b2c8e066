//! Waiting to a fraction of a millisecond.
//!
//! The runtime's own timers count whole milliseconds, which compressed time would multiply: at twenty times the speed
//! one of them is a fiftieth of a simulated second.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A clock with a thread of its own.
#[derive(Clone, Debug)]
pub(super) struct Timer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By time, and by number where several wait for the same.
    by_time: BTreeMap<(Instant, u64), oneshot::Sender<()>>,
    numbers: u64,
}

impl Timer {
    /// Starts the thread; it ends with the process.
    pub(super) fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new().name("demo-timer".into()).spawn(move || theirs.run())?;
        Ok(Self(shared))
    }

    /// Waits until a moment.
    pub(super) async fn until(&self, moment: Instant) {
        let (sender, receiver) = oneshot::channel();
        {
            let mut waiting = self.0.waiting.lock();
            waiting.numbers += 1;
            let key = (moment, waiting.numbers);
            waiting.by_time.insert(key, sender);
            if waiting.by_time.first_key_value().is_some_and(|(first, _)| *first == key) {
                self.0.changed.notify_one();
            }
        }
        // The thread never drops a sender without sending.
        let _sent = receiver.await;
    }
}

impl Shared {
    fn run(&self) {
        let mut waiting = self.waiting.lock();
        loop {
            let now = Instant::now();
            while let Some(first) = waiting.by_time.first_entry().filter(|first| first.key().0 <= now) {
                // A receiver that is gone has left.
                let _gone = first.remove().send(());
            }
            match waiting.by_time.first_key_value().map(|((moment, _), _)| *moment) {
                Some(moment) => {
                    self.changed.wait_until(&mut waiting, moment.into_std());
                }
                None => self.changed.wait(&mut waiting),
            }
        }
    }
}
