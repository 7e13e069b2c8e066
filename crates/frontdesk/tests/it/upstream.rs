//! A model server that does what a test tells it to, faults included, over real sockets.
//!
//! Everything it answers is scripted: no model is behind it.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use tokio::time::Instant;

use crate::client::eventually;
use crate::reply::{Reply, Then};

/// No reply is held for longer, and nothing is repeated for longer.
const LONGEST: Duration = Duration::from_secs(20);

/// A call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The path it was for.
    pub(crate) path: String,
    /// Its headers, names in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// Its body.
    pub(crate) body: Value,
    /// When it came.
    pub(crate) at: Instant,
}

/// A running server; its threads end with the process.
#[derive(Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    scripts: HashMap<String, Vec<Reply>>,
    calls: Vec<Call>,
    connections: usize,
    /// Models whose answers were broken off by the caller.
    cancelled: Vec<String>,
    released: bool,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                theirs.state.lock().connections += 1;
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    while talk(&mut reader, &shared).unwrap_or(false) {}
                });
            }
        });
        Self { address, shared }
    }

    /// What stands before `/chat/completions`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the calls of a model get, one after the other; the last for all that follow. A script for `NAME judging`
    /// goes before that of `NAME` where the call asks for a category.
    pub(crate) fn script(&self, model: &str, replies: impl Into<Vec<Reply>>) {
        self.shared.state.lock().scripts.insert(model.into(), replies.into());
    }

    /// Lets go of what is held, now and from now on.
    pub(crate) fn release(&self) {
        self.shared.state.lock().released = true;
        self.shared.released.notify_all();
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.state.lock().calls.clone()
    }

    /// The models of all calls so far.
    pub(crate) fn called(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.body["model"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits for so many calls.
    pub(crate) fn wait_for_calls(&self, calls: usize) {
        eventually("the calls come", || (self.shared.state.lock().calls.len() >= calls).then_some(()));
    }

    /// Waits until the caller has broken off answers of exactly these models.
    pub(crate) fn wait_for_cancelled(&self, models: &[&str]) {
        eventually("the caller hangs up", || (self.shared.state.lock().cancelled == models).then_some(()));
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state.lock().connections
    }
}

/// Answers one request; whether the connection stays open.
fn talk(reader: &mut BufReader<&TcpStream>, shared: &Shared) -> io::Result<bool> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(false);
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body)?;
    let model = body["model"].as_str().unwrap_or_default().to_owned();
    let reply = {
        let mut state = shared.state.lock();
        let body_max_tokens = body["max_tokens"].as_u64();
        state.calls.push(Call { path, headers, body, at: Instant::now() });
        let judging = format!("{model} judging");
        let judges = body_max_tokens == Some(10) && state.scripts.contains_key(&judging);
        let script = state
            .scripts
            .entry(if judges { judging } else { model.clone() })
            .or_insert_with(|| vec![Reply::error(404, "no such model")]);
        if script.len() > 1 { script.remove(0) } else { script[0].clone() }
    };
    let kept = answer(reader.get_ref(), &reply, shared);
    if matches!(kept, Ok(None) | Err(_)) {
        shared.state.lock().cancelled.push(model);
    }
    Ok(kept?.unwrap_or(false))
}

/// Whether the connection stays open; `None`: the caller broke it off.
fn answer(mut stream: &TcpStream, reply: &Reply, shared: &Shared) -> io::Result<Option<bool>> {
    stream.write_all(&reply.bytes)?;
    let until = Instant::now() + LONGEST;
    match &reply.then {
        Then::Keep => Ok(Some(true)),
        Then::Close => stream.shutdown(Shutdown::Both).map(|()| Some(false)),
        Then::Reset => reset(stream).map(|()| Some(false)),
        Then::Silence => stream.read(&mut [0]).map(|_| None),
        Then::Repeat(bytes, pause) => {
            while Instant::now() < until {
                stream.write_all(bytes)?;
                std::thread::sleep(*pause);
            }
            Ok(Some(false))
        }
        Then::Held(bytes) => {
            let mut state = shared.state.lock();
            while !state.released {
                if shared.released.wait_for(&mut state, LONGEST).timed_out() {
                    return Ok(Some(false));
                }
            }
            drop(state);
            stream.write_all(bytes)?;
            Ok(Some(true))
        }
    }
}

/// Resets a connection instead of closing it.
fn reset(stream: &TcpStream) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _guard = runtime.enter();
    let stream = stream.try_clone()?;
    stream.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(stream)?.set_zero_linger()
}
