//! A data-plane thread: its own runtime, listener and upstream connections. It shares nothing with the others but
//! the setup and the deployments' health, and never touches a file or a database.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::{Dice, Gate, Keyring};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use providers::http::Client;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::demo::Demo;
use crate::door::{Door, handle};
use crate::live::Live;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(60);
/// How long a connection may still bring its first request when the gateway goes down.
const LAST_CHANCE: Duration = Duration::from_millis(500);
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// Binds `count` listeners to one address; the system spreads connections over them. Fails if somebody else listens
/// there already, which sharing the port would hide.
pub fn listeners(address: SocketAddr, count: usize) -> io::Result<Vec<StdListener>> {
    if address.port() != 0 {
        drop(StdListener::bind(address)?);
    }
    let first = bind(address)?;
    let address = first.local_addr()?;
    let others = (1..count).map(|_| bind(address));
    std::iter::once(Ok(first)).chain(others).collect()
}

fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Serves connections until `stop` turns true and the last of them is done.
pub fn run(listener: StdListener, live: Arc<Live>, seed: u64, stop: watch::Receiver<bool>) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(Default::default())?;
    runtime.block_on(async move {
        let setup = {
            let live = live.clone();
            Box::new(move || live.setup())
        };
        let wire = Rc::new(Demo::around(Client::default()));
        let dice = RefCell::new(Dice::new(seed));
        let registry = live.books.as_ref().map(|books| books.registry.clone());
        let keyring = Keyring::new(registry, live.meters.clone());
        let gate = Rc::new(Gate { wire, setup, dice, unix_ms: Rc::new(unix_ms), keyring, ledger: None });
        accept(TcpListener::from_std(listener)?, Rc::new(Door { gate, live }), stop).await;
        Ok(())
    })
}

async fn accept(listener: TcpListener, door: Rc<Door>, mut stop: watch::Receiver<bool>) {
    // Each connection holds a clone; the channel closes when the last one is gone.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let stopped = stop.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    spawn_local(connection(stream, peer, door.clone(), stopped.clone(), open.clone()));
                }
                // Out of file descriptors, most likely: those in use must come back before more can be accepted.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = told_to(&mut stop) => break,
        }
    }
    drop((listener, open));
    all_closed.recv().await;
}

/// Serves one connection; `_open` tells that it is still there.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    door: Rc<Door>,
    mut stop: watch::Receiver<bool>,
    _open: mpsc::Sender<()>,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let served = Rc::new(Cell::new(false));
    let noted = served.clone();
    let service = service_fn(move |request| {
        noted.set(true);
        // Boxed, so that a connection does not keep the room of a whole journey while an answer streams.
        Box::pin(handle(door.clone(), peer, request))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = told_to(&mut stop) => {
            // Ends a connection between two requests, and any other behind the last byte of its answer, but not one
            // that still waits for its first request: nobody waits for anything there.
            connection.as_mut().graceful_shutdown();
            match timeout(LAST_CHANCE, connection.as_mut()).await {
                Ok(result) => result,
                Err(_) if !served.get() => return,
                Err(_) => connection.await,
            }
        }
    };
    if let Err(error) = result {
        tracing::trace!(%error, "connection ended");
    }
}

/// Returns when `stop` turns true, without keeping the value locked.
async fn told_to(stop: &mut watch::Receiver<bool>) {
    // An error means that the process is going down anyway.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
