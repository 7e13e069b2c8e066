//! A client over a raw socket, which sees every byte and may misbehave.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

/// Nothing that happens elsewhere may take longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HashMap<String, String>,
    /// The body.
    pub(crate) body: String,
}

/// A connection to the gateway.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// Waits for something that happens elsewhere.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "it was waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Runs all cases at the same time, because most of what they do is to wait.
pub(crate) fn at_once<T: Send>(cases: impl IntoIterator<Item = T>, run: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            let run = &run;
            scope.spawn(move || run(case));
        }
    });
}

/// A chat request; further headers end in CRLF each.
pub(crate) fn chat(headers: &str, body: &str) -> Vec<u8> {
    request("POST /v1/chat/completions", &format!("content-length: {}\r\n{headers}", body.len()), body.as_bytes())
}

/// A request, after whose answer the connection is closed.
pub(crate) fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n").as_bytes(), body].concat()
}

/// The body of a request for a model by name, streamed or not.
pub(crate) fn hi(model: &str, stream: bool) -> String {
    format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#)
}

impl Connection {
    /// Connects and sends bytes as they are.
    pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Sends more; an error where nobody takes it.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads on until this has come.
    pub(crate) fn until(&mut self, wanted: &str) {
        while !String::from_utf8_lossy(&self.read).contains(wanted) {
            let mut piece = [0; 4096];
            let length = self.stream.read(&mut piece).unwrap();
            assert_ne!(length, 0, "it ended before {wanted}: {}", String::from_utf8_lossy(&self.read));
            self.read.extend_from_slice(&piece[..length]);
        }
    }

    /// What has been read so far.
    pub(crate) fn read(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// Whether nothing has come so far.
    pub(crate) fn heard_nothing(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        self.read.is_empty() && peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Everything until the connection ends, as it came.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        match self.stream.read_to_end(&mut self.read) {
            // The gateway closed while something that it did not want was on its way.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            ended => drop(ended.unwrap()),
        }
        self.read
    }

    /// The answer, once the connection ends.
    pub(crate) fn answer(self) -> Answer {
        Answer::read(self.bytes())
    }
}

impl Answer {
    fn read(bytes: Vec<u8>) -> Self {
        let answer = String::from_utf8(bytes).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("this is no answer: {answer:?}"));
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: HashMap<_, _> = head.lines().filter_map(header).collect();
        let body = if headers.contains_key("transfer-encoding") { unchunked(body) } else { body.to_owned() };
        Self { status: head[9..12].parse().unwrap(), headers, body }
    }

    /// A header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of an error object, which has all four keys.
    pub(crate) fn error_code(&self) -> String {
        let error = self.json();
        let keys: Vec<_> = error["error"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["code", "message", "param", "type"], "{self:?}");
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        error["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        whole.push_str(&rest[..length]);
        body = &rest[length + 2..];
    }
    whole
}
