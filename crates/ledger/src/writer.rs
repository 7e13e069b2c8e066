//! The one thread that writes.

use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::write::{Write, commit};
use crate::{Entry, Feedback, LedgerError, Reply, Shadow, row, schema};

/// After the first row of a group, how long others may join it.
const GATHER: Duration = Duration::from_millis(20);
/// The longest pause between two tries to write a group that the database refused.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Rows that are forgotten in one transaction.
const FORGET_AT_ONCE: usize = 5_000;

/// How a ledger is kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Rows that may wait for the disk; what comes on top is dropped and counted.
    pub capacity: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { capacity: 65_536 }
    }
}

/// A ledger that is being written. Cheap to append to from any thread; dropping it writes what waits.
#[derive(Debug)]
pub struct Ledger {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Rows came, or the end did.
    wake: Condvar,
    /// A group has been written.
    wrote: Condvar,
    written: AtomicU64,
    dropped: AtomicU64,
    failing: AtomicBool,
}

/// What the writer does next.
enum Work {
    Write(Vec<Write>),
    Forget(i64),
}

#[derive(Debug, Default)]
struct Queue {
    rows: Vec<Write>,
    /// Rows that the writer has taken and not yet committed.
    in_hand: usize,
    closed: bool,
    /// Rows before this time (microseconds since the Unix epoch) are to be forgotten.
    forget_before: Option<i64>,
    /// The writer waits for a first row.
    idle: bool,
}

impl Ledger {
    /// Opens the file and starts its writer.
    ///
    /// # Errors
    /// As [`schema::open`], and when no thread can be started.
    pub fn open(path: &Path, options: Options) -> Result<Self, LedgerError> {
        let connection = schema::open(path)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let writer = std::thread::Builder::new().name("ledger".into()).spawn(move || theirs.run(&connection))?;
        Ok(Self { shared, writer: Some(writer), capacity: options.capacity })
    }

    /// Takes a row to be written; never waits. `false`: too many rows wait, this one is dropped and counted.
    pub fn append(&self, entry: Entry) -> bool {
        self.push(Write::Request(Box::new(entry)))
    }

    /// Takes what another classifier would have said of a request; never waits. `false`: dropped, as in [`Self::append`].
    pub fn shadow(&self, shadow: Shadow) -> bool {
        self.push(Write::Shadow(shadow))
    }

    /// Takes what a caller says of a request; never waits. The reply is called from the writer's thread when it is on
    /// disk, or when it is sure that there is no such request. `false`: dropped, and never replied to.
    pub fn feedback(&self, feedback: Feedback, reply: Reply) -> bool {
        self.push(Write::Feedback(feedback, reply))
    }

    fn push(&self, write: Write) -> bool {
        let mut queue = self.shared.queue.lock();
        if queue.closed || queue.rows.len() + queue.in_hand >= self.capacity {
            self.shared.dropped.fetch_add(1, Relaxed);
            return false;
        }
        queue.rows.push(write);
        if mem::take(&mut queue.idle) {
            self.shared.wake.notify_one();
        }
        true
    }

    /// Has rows (and texts) from before a time forgotten, microseconds since the Unix epoch. Does not wait for it.
    pub fn forget_before(&self, time_us: i64) {
        let mut queue = self.shared.queue.lock();
        queue.forget_before = Some(time_us);
        if mem::take(&mut queue.idle) {
            self.shared.wake.notify_one();
        }
    }

    /// Waits until everything appended so far is committed. `false`: it took longer than `patience`.
    #[must_use]
    pub fn flush(&self, patience: Duration) -> bool {
        let mut queue = self.shared.queue.lock();
        while !queue.rows.is_empty() || queue.in_hand > 0 || queue.forget_before.is_some() {
            if self.shared.wrote.wait_for(&mut queue, patience).timed_out() {
                return false;
            }
        }
        true
    }

    /// Rows that wait for the disk.
    #[must_use]
    pub fn pending(&self) -> usize {
        let queue = self.shared.queue.lock();
        queue.rows.len() + queue.in_hand
    }

    /// Rows committed since the start.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.shared.written.load(Relaxed)
    }

    /// Rows that were dropped because too many waited.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }

    /// Whether the newest group could be written.
    #[must_use]
    pub fn healthy(&self) -> bool {
        !self.shared.failing.load(Relaxed)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.wake.notify_one();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the ledger's writer ended by a panic");
        }
    }
}

impl Shared {
    fn run(&self, connection: &Connection) {
        while let Some(work) = self.next_work() {
            match work {
                Work::Write(group) => {
                    self.write(connection, group);
                    self.queue.lock().in_hand = 0;
                }
                Work::Forget(time_us) => self.forget(connection, time_us),
            }
            self.wrote.notify_all();
        }
    }

    /// Waits for rows; `None` at the end.
    fn next_work(&self) -> Option<Work> {
        let mut queue = self.queue.lock();
        while queue.rows.is_empty() {
            if queue.closed {
                return None;
            }
            if let Some(time_us) = queue.forget_before {
                return Some(Work::Forget(time_us));
            }
            queue.idle = true;
            self.wake.wait(&mut queue);
        }
        if !queue.closed {
            // Nobody notifies while the writer is not idle but the end, which need not wait.
            self.wake.wait_for(&mut queue, GATHER);
        }
        let group = mem::take(&mut queue.rows);
        queue.in_hand = group.len();
        Some(Work::Write(group))
    }

    /// Forgets some rows from before a time; comes again until there are none, so that new rows need not wait long.
    fn forget(&self, connection: &Connection, time_us: i64) {
        let forgotten = row::forget(connection, time_us, FORGET_AT_ONCE);
        match &forgotten {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "rows beyond their retention were forgotten"),
            Err(error) => {
                tracing::warn!(%error, "rows beyond their retention could not be forgotten");
            }
        }
        if !forgotten.is_ok_and(|rows| rows == FORGET_AT_ONCE) {
            self.queue.lock().forget_before = None;
        }
    }

    /// Writes a group, however often it takes; gives up only when the ledger is closed meanwhile.
    fn write(&self, connection: &Connection, group: Vec<Write>) {
        let mut pause = GATHER;
        let given = loop {
            let error = match commit(connection, &group) {
                Ok(given) => break given,
                Err(error) => error,
            };
            if !self.failing.swap(true, Relaxed) {
                tracing::error!(%error, rows = group.len(), "the ledger cannot be written; trying again");
            }
            let mut queue = self.queue.lock();
            if queue.closed {
                tracing::error!(rows = group.len(), "the ledger was closed before these rows could be written");
                self.dropped.fetch_add(group.len() as u64, Relaxed);
                return;
            }
            self.wake.wait_for(&mut queue, pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        if self.failing.swap(false, Relaxed) {
            tracing::info!(rows = group.len(), "the ledger can be written again");
        }
        let rows = group.iter().filter(|write| matches!(write, Write::Request(_))).count();
        self.written.fetch_add(rows as u64, Relaxed);
        // What was waited for is on disk now.
        for (write, given) in group.into_iter().zip(given) {
            if let Write::Feedback(_, reply) = write {
                reply.call(given);
            }
        }
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "marks_tests.rs"]
mod marks_tests;
