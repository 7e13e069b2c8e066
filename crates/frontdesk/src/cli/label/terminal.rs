//! Keys of a terminal, which is left as it was found whatever ends the waiting for one.

use std::io::{self, ErrorKind, IsTerminal};

use console::{Key, Term};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-D.
const END_OF_INPUT: char = '\u{4}';

/// A terminal that a person sits at.
#[derive(Debug)]
pub(super) struct Terminal {
    /// Reads one key at a time and sets the terminal back after each.
    keys: Term,
    /// How the terminal was: what is set back when a signal comes while a key is waited for.
    before: Termios,
    signals: [Signal; 3],
    /// Taken when it is shut down.
    runtime: Option<Runtime>,
}

impl Terminal {
    /// The terminal, where both sides of the dialogue are one.
    pub(super) fn open() -> io::Result<Option<Self>> {
        let keys = Term::stderr();
        if !keys.is_term() || !io::stdin().is_terminal() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let guard = runtime.enter();
        let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        let [terminate, interrupt, hangup] = signals;
        let signals = [terminate?, interrupt?, hangup?];
        drop(guard);
        Ok(Some(Self { keys, before: tcgetattr(io::stdin())?, signals, runtime: Some(runtime) }))
    }

    /// The next key, U+0000 where it is no character; `None`: enough, by Ctrl-C, Ctrl-D, Escape or a signal.
    pub(super) fn next(&mut self) -> io::Result<Option<char>> {
        let Some(runtime) = &self.runtime else { return Ok(None) };
        let keys = self.keys.clone();
        let reading = runtime.spawn_blocking(move || keys.read_key_raw());
        let [terminate, interrupt, hangup] = &mut self.signals;
        let read = runtime.block_on(async {
            tokio::select! {
                read = reading => read.map_err(io::Error::other).flatten(),
                _ = terminate.recv() => Ok(Key::CtrlC),
                _ = interrupt.recv() => Ok(Key::CtrlC),
                _ = hangup.recv() => Ok(Key::CtrlC),
            }
        });
        // Of a terminal that is gone nothing has to be set back.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.before).ok();
        match read {
            Ok(Key::CtrlC | Key::Escape | Key::Char(END_OF_INPUT)) => Ok(None),
            Ok(Key::Char(key)) => Ok(Some(key)),
            // Arrows and the like are no answer.
            Ok(_) => Ok(Some('\0')),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Terminal {
    /// After a signal a thread still waits for a key; nobody waits for it.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
