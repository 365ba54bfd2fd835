//! A data-plane thread: its own runtime, listener and upstream connections. It shares nothing with the others but
//! the setup and the deployments' health, and never touches a file or a database.

mod connection;
mod patient;
mod streaming;

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::{Dice, Gate, Keyring, Ledger};
use providers::http::Client;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::demo::Demo;
use crate::door::{Door, files};
use crate::drills::live_gate;
use crate::live::Live;
use crate::metrics::Counting;
use crate::sinks::Observed;
use crate::stop::Stop;

/// How long an idle thread sleeps at most.
const TICK: Duration = Duration::from_secs(1);
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

/// Serves connections until the gateway goes down and the last of them is done.
pub fn run(listener: StdListener, live: Arc<Live>, seed: u64, stop: Stop) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(Default::default())?;
    runtime.block_on(async move {
        let gate = Rc::new(gate(&live, seed)?);
        let registry = live.books.as_ref().map(|books| books.registry.clone());
        let drill_gate = Rc::new(live_gate(&gate, &live, Keyring::new(registry, live.meters.clone()), seed));
        live.metrics.add_worker();
        spawn_local(tick());
        let door = Rc::new(Door { gate, drill_gate, live, stop });
        if !door.live.watches_batches.swap(true, Ordering::Relaxed) {
            spawn_local(files::watch(door.clone()));
        }
        accept(TcpListener::from_std(listener)?, door).await;
        Ok(())
    })
}

/// The way into the engine for a thread of its own.
pub fn gate(live: &Arc<Live>, seed: u64) -> io::Result<Gate> {
    let setup = {
        let live = live.clone();
        Box::new(move || live.setup())
    };
    let wire = Rc::new(Demo::around(Client::default()));
    let registry = live.books.as_ref().map(|books| books.registry.clone());
    let keyring = Keyring::new(registry, live.meters.clone());
    let pen = live.books.as_ref().map(|books| books.pen()).transpose()?;
    let counting = Rc::new(Counting::new(pen, live));
    let ledger = Some(Rc::new(Observed::new(counting, live)) as Rc<dyn Ledger>);
    Ok(Gate { wire, setup, dice: RefCell::new(Dice::new(seed)), unix_ms: Rc::new(unix_ms), keyring, ledger })
}

/// Keeps an early timer set. Setting one that is earlier than all others has the runtime write to itself, so that it does
/// not sleep too long; nearly all of ours are later than this, and there are several in each call.
async fn tick() {
    loop {
        sleep(TICK).await;
    }
}

async fn accept(listener: TcpListener, door: Rc<Door>) {
    // Each connection holds a clone; the channel closes when the last one is gone.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let mut stopped = pin!(door.stop.told());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    spawn_local(connection::serve(stream, peer, door.clone(), open.clone()));
                }
                // Out of file descriptors, most likely: those in use must come back before more can be accepted.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            () = &mut stopped => break,
        }
    }
    drop((listener, open));
    all_closed.recv().await;
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
