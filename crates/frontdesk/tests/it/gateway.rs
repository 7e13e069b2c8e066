//! A gateway of its own for each test: two models behind one scripted upstream.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use frontdesk::app::App;
use frontdesk::config::{self, Outside};
use frontdesk::request::forward::client::Client;
use ledger::{Ledger, Options};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::client::{Answer, Connection, chat, eventually, hi, request};
use crate::upstream::Upstream;

/// Two models of two providers, which are the same upstream: `up`, whose patience a test may shorten, and `steady`.
const CONFIG: &str = r#"
[providers.up]
base_url = "UPSTREAM"
api_key = "env:KEY"
timeouts = { first_token = "8s", idle = "8s", total = "8s" }
[providers.steady]
base_url = "UPSTREAM"
api_key = "env:KEY"
[models.small]
provider = "up"
price = { input = 1.0, output = 2.0 }
context = 1000
[models.large]
provider = "steady"
price = { input = 3.0, cached_input = 0.5, output = 4.0 }
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

/// The row of a request that the small model answered.
pub(crate) const SMALL: &str = "200 - small 0 10+5 measured 20000";
/// The row of a request that the large model answered in its place.
pub(crate) const LARGE: &str = "200 - large 1 10+5 measured 50000";

/// A gateway with its upstream and ledger.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) upstream: Upstream,
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    folder: tempfile::TempDir,
    _runtime: Runtime,
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
    /// With the usual configuration.
    pub(crate) fn start() -> Self {
        Self::of(CONFIG)
    }

    /// With the usual configuration, in which each first text is replaced by the second.
    pub(crate) fn with(changes: &[(&str, &str)]) -> Self {
        let config = changes.iter().fold(CONFIG.to_owned(), |config, (from, to)| {
            assert!(config.contains(from), "there is no {from} to be changed");
            config.replace(from, to)
        });
        Self::of(&config)
    }

    /// With a small model that is given up on after so long.
    pub(crate) fn quick() -> Self {
        Self::with(&[(r#"first_token = "8s", idle = "8s""#, r#"first_token = "400ms", idle = "400ms""#)])
    }

    /// With this configuration, in which `UPSTREAM` is the address of the scripted one.
    pub(crate) fn of(config: &str) -> Self {
        let upstream = Upstream::start();
        let folder = tempfile::tempdir().unwrap();
        let text = config.replace("UPSTREAM", &upstream.base_url());
        let mut config = config::parse("test.toml", &text, &Fake).unwrap();
        config.ledger.path = folder.path().join("ledger.db").display().to_string();
        let ledger = Ledger::open(Path::new(&config.ledger.path), Options::default()).unwrap();
        let app = App::new(config, Client::new().unwrap(), ledger);
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(frontdesk::server::serve(Arc::clone(&app), listener, CancellationToken::new()));
        Self { upstream, app, address, folder, _runtime: runtime }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&self, request: &[u8]) -> Connection {
        Connection::send(self.address, request)
    }

    /// Sends bytes as they are and reads until the connection ends.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        self.send(request).answer()
    }

    /// Posts a chat.
    pub(crate) fn post(&self, headers: &str, body: &str) -> Answer {
        self.raw(&chat(headers, body))
    }

    /// Asks for a model by name, streamed or not.
    pub(crate) fn ask(&self, model: &str, stream: bool) -> Answer {
        self.post("", &hi(model, stream))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.raw(&request(&format!("GET {path}"), "", b""))
    }

    /// The lines of a metric without its name, labels first.
    pub(crate) fn metric(&self, name: &str) -> Vec<String> {
        let metrics = self.get("/metrics").body;
        metrics.lines().filter_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned()).collect()
    }

    /// Whether the breaker of a model: 0 lets calls through, 1 rests, 2 is open.
    pub(crate) fn breaker(&self, model: &str) -> String {
        let label = format!(r#"{{model="{model}"}} "#);
        let states = self.metric("frontdesk_breaker_state");
        states.iter().find_map(|line| line.strip_prefix(&label)).unwrap_or("none").to_owned()
    }

    /// Where the ledger is.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    /// The values of a query with one column.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        assert!(self.app.ledger.flush(Duration::from_secs(10)));
        read(&self.ledger(), sql)
    }

    /// These columns of every row, oldest first.
    pub(crate) fn rows(&self, columns: &str) -> Vec<String> {
        assert!(self.app.ledger.flush(Duration::from_secs(10)));
        read_rows(&self.ledger(), columns)
    }

    /// These columns of the only row, once it is there.
    pub(crate) fn row(&self, columns: &str) -> String {
        let rows = eventually("there is a row", || Some(self.rows(columns)).filter(|rows| !rows.is_empty()));
        assert_eq!(rows.len(), 1, "a request is recorded exactly once: {rows:?}");
        rows.concat()
    }

    /// Model and outcome of every attempt of the only request.
    pub(crate) fn attempts(&self) -> String {
        self.row(ATTEMPTS)
    }

    /// How the only request ended: status, error, model, whether that is a fallback, tokens and cost.
    pub(crate) fn outcome(&self) -> String {
        self.row(OUTCOME)
    }
}

/// Model and outcome of every attempt.
pub(crate) const ATTEMPTS: &str =
    "(SELECT group_concat(value ->> 'model' || ':' || (value ->> 'outcome'), ' ') FROM json_each(attempts))";
/// How a request ended.
pub(crate) const OUTCOME: &str = "status, coalesce(error, '-'), coalesce(model, '-'), fallback, \
    input_tokens || '+' || output_tokens, tokens, cost_nano_usd";

/// These columns of every row of a ledger, oldest first.
pub(crate) fn read_rows(ledger: &Path, columns: &str) -> Vec<String> {
    read(ledger, &format!("SELECT concat_ws(' ', {columns}) FROM requests ORDER BY id"))
}

/// The values of a query with one column.
pub(crate) fn read(ledger: &Path, sql: &str) -> Vec<String> {
    let connection = ledger::open(ledger).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
