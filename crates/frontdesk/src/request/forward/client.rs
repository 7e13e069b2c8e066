//! Connections to providers: HTTP/1.1, kept alive, driven by the request that uses them.
//!
//! A connection is not a task of its own. The request polls it together with what it waits for, which saves two task
//! switches a call, and dropping the request closes the connection, which is how an upstream call is cancelled.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::Endpoint;

/// Idle connections kept for each endpoint.
const IDLE_CONNECTIONS: usize = 256;

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A request body in pieces.
#[derive(Clone, Debug)]
pub struct Pieces(VecDeque<Bytes>);

impl From<Vec<Bytes>> for Pieces {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self(pieces.into())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

/// Whether a request that got no answer had not left yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// Nothing of it was sent: the connection had been closed meanwhile.
    #[error("the connection was closed before the request was sent")]
    Yes,
    /// Some or all of it was.
    #[error("the connection broke before an answer came")]
    No,
}

/// A connection to a provider.
pub struct Connection {
    sender: http1::SendRequest<Pieces>,
    driver: http1::Connection<TokioIo<Box<dyn Transport>>, Pieces>,
    ended: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Connection {
    /// Moves bytes in both directions as far as they go without waiting.
    pub fn poll_drive(&mut self, context: &mut Context<'_>) {
        if !self.ended && Pin::new(&mut self.driver).poll(context).is_ready() {
            self.ended = true;
        }
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// When the connection breaks before, and whether the request had not left by then.
    pub async fn send(&mut self, request: Request<Pieces>) -> Result<Response<Incoming>, Unsent> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        poll_fn(|context| {
            if !*ended && Pin::new(&mut *driver).poll(context).is_ready() {
                *ended = true;
            }
            answer.as_mut().poll(context)
        })
        .await
        .map_err(|mut error| if error.take_message().is_some() { Unsent::Yes } else { Unsent::No })
    }

    /// Whether another request can be sent, as far as is known now.
    fn is_fresh(&mut self) -> bool {
        self.poll_drive(&mut Context::from_waker(Waker::noop()));
        !self.ended && self.sender.is_ready()
    }
}

/// The pool of connections.
#[derive(Debug)]
pub struct Client {
    idle: Mutex<HashMap<Endpoint, Vec<Connection>>>,
    tls: Arc<rustls::ClientConfig>,
}

impl Client {
    /// A client that trusts the platform's roots, and the bundled ones beside them.
    ///
    /// # Errors
    /// When the TLS library has no protocol version to offer.
    pub fn new() -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { idle: Mutex::default(), tls: Arc::new(tls) })
    }

    /// An idle connection that still seems to be open.
    pub fn reuse(&self, endpoint: &Endpoint) -> Option<Connection> {
        loop {
            let mut connection = self.idle.lock().get_mut(endpoint)?.pop()?;
            if connection.is_fresh() {
                return Some(connection);
            }
        }
    }

    /// Takes a connection back whose answer has been read to its end.
    pub fn give_back(&self, endpoint: &Endpoint, mut connection: Connection) {
        if !connection.is_fresh() {
            return;
        }
        let mut idle = self.idle.lock();
        let kept = idle.entry(endpoint.clone()).or_default();
        if kept.len() < IDLE_CONNECTIONS {
            kept.push(connection);
        }
    }

    /// A new connection.
    ///
    /// # Errors
    /// When there is none within `patience`.
    pub async fn connect(&self, endpoint: &Endpoint, patience: Duration) -> io::Result<Connection> {
        let opening = async {
            let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
            // Without it, delayed acknowledgements hold small writes back for 40 ms.
            tcp.set_nodelay(true)?;
            let transport: Box<dyn Transport> = if endpoint.tls {
                let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
                Box::new(TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await?)
            } else {
                Box::new(tcp)
            };
            let (sender, driver) =
                http1::Builder::new().handshake(TokioIo::new(transport)).await.map_err(io::Error::other)?;
            Ok(Connection { sender, driver, ended: false })
        };
        tokio::time::timeout(patience, opening).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
