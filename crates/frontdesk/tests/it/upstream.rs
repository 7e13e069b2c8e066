//! A model server that does what a test tells it to, faults included, over real sockets.
//!
//! Everything it answers is scripted: no model is behind it.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the server does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole answer with a status, further headers (each ending in CRLF) and a JSON body.
    Json(u16, String, Value),
    /// An event stream of these events, closed properly.
    Stream(Vec<String>),
    /// An event stream of these events; then the connection breaks.
    Cut(Vec<String>),
    /// An event stream of these events; then silence.
    Hang(Vec<String>),
    /// The connection is closed before any answer.
    Close,
}

impl Reply {
    /// A chat completion of this text, of 10 input and 5 output tokens.
    pub(crate) fn answer(text: &str) -> Self {
        let choice = json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
        let usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
        Self::Json(200, String::new(), json!({"id": "x", "model": "vendor", "choices": [choice], "usage": usage}))
    }

    /// An error object under a status.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::Json(status, String::new(), json!({"error": {"message": message}}))
    }
}

/// The event of a role and nothing else.
pub(crate) fn role() -> String {
    json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}).to_string()
}

/// The event of a piece of text.
pub(crate) fn text(text: &str) -> String {
    json!({"choices": [{"index": 0, "delta": {"content": text}}]}).to_string()
}

/// The event that ends an answer.
pub(crate) fn finish() -> String {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).to_string()
}

/// The event of the usage: 10 input and 5 output tokens.
pub(crate) fn usage() -> String {
    json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}).to_string()
}

/// A running server; its threads end with the process.
pub(crate) struct Upstream {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Vec<Reply>>,
    calls: Vec<Value>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || while talk(&stream, &shared).unwrap_or(false) {});
            }
        });
        Self { address, state }
    }

    /// What stands before `/chat/completions`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the calls of a model get, one after the other; the last for all that follow.
    pub(crate) fn script(&self, model: &str, replies: impl Into<Vec<Reply>>) {
        self.state.lock().scripts.insert(model.into(), replies.into());
    }

    /// The bodies of all calls.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.state.lock().calls.clone()
    }
}

/// Answers one request; whether the connection stays open.
fn talk(stream: &TcpStream, state: &Mutex<State>) -> io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body)?;
    let reply = {
        let mut state = state.lock();
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        state.calls.push(body);
        let script = state.scripts.entry(model).or_insert_with(|| vec![Reply::error(404, "no such model")]);
        if script.len() > 1 { script.remove(0) } else { script[0].clone() }
    };
    answer(stream, &reply)
}

fn answer(mut stream: &TcpStream, reply: &Reply) -> io::Result<bool> {
    match reply {
        Reply::Json(status, headers, body) => {
            let body = body.to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
            );
            stream.write_all((head + &body).as_bytes())?;
            Ok(true)
        }
        Reply::Stream(events) | Reply::Cut(events) | Reply::Hang(events) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes())?;
            for event in events {
                let event = format!("data: {event}\n\n");
                stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())?;
            }
            match reply {
                Reply::Stream(_) => stream.write_all(b"0\r\n\r\n").map(|()| true),
                Reply::Hang(_) => stream.read(&mut [0]).map(|_| false),
                Reply::Cut(_) | Reply::Json(..) | Reply::Close => stream.shutdown(Shutdown::Both).map(|()| false),
            }
        }
        Reply::Close => stream.shutdown(Shutdown::Both).map(|()| false),
    }
}
