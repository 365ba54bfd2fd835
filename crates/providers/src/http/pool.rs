//! Connections that wait for the next request, and the exchange of a request for the head of an answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::DuplexStream;
use tokio::time::timeout;
use types::{Fault, FaultKind};

use super::body::Body;
use super::connection::Connection;
use super::line::Line;
use super::upload::Sending;
use super::{Call, Endpoint, Reply, Upload, head};

/// How long a connection may wait for its next request: below the minute after which load balancers drop it.
const IDLE_TIME: Duration = Duration::from_secs(50);
/// Most connections that wait per endpoint and worker.
const MAX_IDLE: usize = 512;

/// What connections are shared by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    tls: bool,
    port: u16,
    host: Arc<str>,
}

impl Key {
    fn of(endpoint: &Endpoint) -> Self {
        Key { tls: endpoint.tls, port: endpoint.port, host: endpoint.host.clone() }
    }
}

/// The connections that wait.
#[derive(Default)]
pub(super) struct Idle(RefCell<HashMap<Key, Vec<(Connection, Instant)>>>);

impl Idle {
    pub(super) fn put(&self, key: Key, connection: Connection) {
        let mut idle = self.0.borrow_mut();
        let waiting = idle.entry(key).or_default();
        let now = Instant::now();
        // The oldest are in front; the newest are used first, so that a shrinking load lets the others expire.
        let expired = waiting.iter().take_while(|(_, since)| now - *since > IDLE_TIME).count();
        waiting.drain(..expired);
        if waiting.len() < MAX_IDLE {
            waiting.push((connection, now));
        }
    }

    fn take(&self, key: &Key) -> Option<Connection> {
        let mut idle = self.0.borrow_mut();
        let waiting = idle.get_mut(key)?;
        while let Some((mut connection, since)) = waiting.pop() {
            if since.elapsed() <= IDLE_TIME && connection.is_quiet() {
                return Some(connection);
            }
        }
        None
    }
}

/// The HTTP client of one worker thread.
#[derive(Clone, Default)]
pub struct Client {
    idle: Rc<Idle>,
    /// The way to endpoints, if it is not the system's network.
    network: Option<Rc<dyn Network>>,
}

/// A network within this process: tests have one whose time they own.
pub trait Network {
    /// Connects to an endpoint.
    fn connect(&self, endpoint: &Endpoint) -> Pin<Box<dyn Future<Output = io::Result<DuplexStream>>>>;
}

impl Client {
    /// A client in a network of its own.
    pub fn within(network: Rc<dyn Network>) -> Self {
        Client { network: Some(network), ..Client::default() }
    }

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Connection> {
        match &self.network {
            Some(network) => network.connect(endpoint).await.map(Connection::Memory),
            None => Connection::open(endpoint).await,
        }
    }

    /// Sends a request and reads the head of the answer. A waiting connection that turns out to be dead before the
    /// first byte of an answer is replaced by a new one, once.
    pub async fn call(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let key = Key::of(call.endpoint);
        let request = head::write(call);
        if let Some(connection) = self.idle.take(&key) {
            let line = Line::new(connection, key.clone(), call.claim.clone());
            match self.exchange(line, &request, call).await {
                Err(Broken::BeforeAnswer(_)) => {}
                Err(Broken::Fault(fault)) => return Err(fault),
                Ok(reply) => return Ok(reply),
            }
        }
        let line = Line::new(self.connected(call).await?, key, call.claim.clone());
        self.exchange(line, &request, call).await.map_err(Broken::into_fault)
    }

    /// The same with a body that is sent as it comes. It comes once: a connection that waited and may be dead gets none.
    pub async fn upload(&self, call: &Call<'_>, upload: &mut dyn Upload) -> Result<Reply, Fault> {
        let mut line = Line::new(self.connected(call).await?, Key::of(call.endpoint), call.claim.clone());
        let mut sending = Sending::new(head::write_for(call, upload.length()), upload);
        let mut received = Bytes::new();
        let head = loop {
            match poll_fn(|cx| sending.poll(cx, &mut line)).await? {
                Ok(bytes) if !bytes.is_empty() => received = join(received, bytes),
                Ok(_) => return Err(broken(io::ErrorKind::UnexpectedEof.into(), &received).into_fault()),
                Err(error) => return Err(broken(error, &received).into_fault()),
            }
            if let Some(head) = head::read(&mut received)? {
                break head;
            }
        };
        let keep = head.keep && sending.is_done();
        let body = Body::new(line, Rc::downgrade(&self.idle), keep, head.framing, received);
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    async fn connected(&self, call: &Call<'_>) -> Result<Connection, Fault> {
        timeout(call.connect_timeout, self.connect(call.endpoint))
            .await
            .map_err(|_| Fault::provider(FaultKind::Timeout, "the provider could not be reached in time"))?
            .map_err(|error| unreachable(&error))
    }

    async fn exchange(&self, mut line: Line, request: &Bytes, call: &Call<'_>) -> Result<Reply, Broken> {
        let pieces = std::iter::once(request).chain(call.body).filter(|piece| !piece.is_empty());
        let mut unsent = Some(pieces.cloned().collect());
        let mut received = Bytes::new();
        let head = loop {
            let exchange = poll_fn(|cx| {
                let polled = line.poll_exchange(cx, &mut unsent);
                if let (None, Some(sent)) = (&unsent, call.sent) {
                    sent.notify_one();
                }
                polled
            });
            let bytes = exchange.await;
            match bytes {
                Ok(bytes) if !bytes.is_empty() => received = join(received, bytes),
                Ok(_) => return Err(broken(io::ErrorKind::UnexpectedEof.into(), &received)),
                Err(error) => return Err(broken(error, &received)),
            }
            if let Some(head) = head::read(&mut received).map_err(Broken::Fault)? {
                break head;
            }
        };
        // An answer that came before the whole request was sent leaves the connection in the middle of one.
        let keep = head.keep && unsent.is_none();
        let body = Body::new(line, Rc::downgrade(&self.idle), keep, head.framing, received);
        Ok(Reply { status: head.status, headers: head.headers, body })
    }
}

enum Broken {
    /// The connection ended before the first byte of an answer.
    BeforeAnswer(io::Error),
    Fault(Fault),
}

impl Broken {
    fn into_fault(self) -> Fault {
        match self {
            Broken::BeforeAnswer(error) => {
                Fault::provider(FaultKind::Cut, format!("the provider closed the connection ({})", error.kind()))
            }
            Broken::Fault(fault) => fault,
        }
    }
}

fn broken(error: io::Error, received: &Bytes) -> Broken {
    if received.is_empty() {
        return Broken::BeforeAnswer(error);
    }
    let message = format!("the provider's answer was cut off ({})", error.kind());
    Broken::Fault(Fault::provider(FaultKind::Cut, message))
}

fn join(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    let mut joined = BytesMut::with_capacity(first.len() + second.len());
    joined.extend_from_slice(&first);
    joined.extend_from_slice(&second);
    joined.freeze()
}

/// A connection could not be made; the text names the reason, not the address.
fn unreachable(error: &io::Error) -> Fault {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => "connection reset",
        io::ErrorKind::TimedOut => "connecting timed out",
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => "TLS failed",
        _ if error.to_string().contains("lookup") => "the host name is unknown",
        _ => "no connection",
    };
    Fault::provider(FaultKind::Connect, format!("the provider could not be reached: {reason}"))
}
