//! A gateway of its own for each test: two models behind one scripted upstream.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::upstream::Upstream;
use frontdesk::app::App;
use frontdesk::config::{self, Outside};
use frontdesk::request::forward::client::Client;
use ledger::{Ledger, Options};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const CONFIG: &str = r#"
[providers.up]
base_url = "UPSTREAM"
api_key = "env:KEY"
timeouts = { first_token = "300ms", idle = "300ms", total = "5s" }
[models.small]
provider = "up"
price = { input = 1.0, output = 2.0 }
context = 1000
[models.large]
provider = "up"
price = { input = 3.0, output = 4.0 }
context = 9000
[routers.auto]
default = "simple"
fallback = ["large"]
baseline = "large"
classifier = { kind = "none" }
[[routers.auto.rules]]
when = { regex = "rust" }
then = { category = "code" }
[routers.auto.categories.simple]
models = ["small"]
[routers.auto.categories.code]
models = ["large"]
"#;

/// A gateway with its upstream and ledger.
pub(crate) struct Gateway {
    pub(crate) upstream: Upstream,
    pub(crate) app: Arc<App>,
    address: SocketAddr,
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

struct Fake;

impl Outside for Fake {
    fn variable(&self, _name: &str) -> Option<String> {
        Some("s3cret".into())
    }

    fn file(&self, _path: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let upstream = Upstream::start();
        let folder = tempfile::tempdir().unwrap();
        let text = CONFIG.replace("UPSTREAM", &upstream.base_url());
        let config = config::parse("test.toml", &text, &Fake).unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Options::default()).unwrap();
        let app = App::new(config, Client::new().unwrap(), ledger);
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(frontdesk::server::serve(Arc::clone(&app), listener, CancellationToken::new()));
        Self { upstream, app, address, folder, _runtime: runtime }
    }

    /// Sends bytes as they are and reads until the connection ends.
    pub(crate) fn raw(&self, request: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let reply = String::from_utf8(reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: HashMap<_, _> = head.lines().filter_map(header).collect();
        let body = if headers.contains_key("transfer-encoding") { unchunked(body) } else { body.to_owned() };
        Reply { status: head[9..12].parse().unwrap(), headers, body }
    }

    pub(crate) fn post(&self, headers: &str, body: &str) -> Reply {
        let length = body.len();
        self.raw(
            format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
                .as_bytes(),
        )
    }

    /// Asks for a model by name, streamed or not.
    pub(crate) fn ask(&self, model: &str, stream: bool) -> Reply {
        self.post(
            "",
            &format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#),
        )
    }

    /// One value of the only row of the ledger.
    pub(crate) fn row(&self, columns: &str) -> String {
        assert!(self.app.ledger.flush(Duration::from_secs(5)));
        let connection = ledger::open(&self.folder.path().join("ledger.db")).unwrap();
        let rows: i64 = connection.query_row("SELECT count(*) FROM requests", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1, "a request is recorded exactly once");
        let sql = format!("SELECT concat_ws(' ', {columns}) FROM requests");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// Model and outcome of every attempt of the only request.
    pub(crate) fn attempts(&self) -> String {
        self.row(
            "(SELECT group_concat(value ->> 'model' || ':' || (value ->> 'outcome'), ' ') FROM json_each(attempts))",
        )
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
