//! The mock as a whole: started in process by tests, or for good by the command line.

use crate::server::{Shared, accept};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

pub use crate::node::Loaded;
pub use crate::recorder::{Outcome, Recorded};
pub use crate::stats::{Load, ModelLoad};

/// Connections the kernel holds until they are accepted.
const BACKLOG: u32 = 4096;
/// How long `Mock::wait_for` and its like wait before they give up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a mock behaves as a whole.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on; by default a free port on loopback.
    pub addr: SocketAddr,
    /// Keep requests for inspection. Switched off for benchmarks.
    pub record: bool,
    /// Check requests as the vendor would, and answer what they ask. Switched off for benchmarks: then only
    /// `model`, `stream` and `stream_options` are read, and knobs alone decide about the answer.
    pub check: bool,
    /// Knobs for every request, below those of the request itself; same syntax as there.
    pub knobs: String,
    /// Models in the lists. Any other name works just as well.
    pub models: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            record: true,
            check: true,
            knobs: String::new(),
            models: ["demo", "demo-mini", "demo-embed"].map(String::from).to_vec(),
        }
    }
}

/// A mock provider that serves every dialect on one address until it is dropped.
pub struct Mock {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Mock {
    /// Binds and serves on the current tokio runtime. Fails if the address is taken or a default knob is wrong.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.addr).await?;
        let addr = listener.local_addr()?;
        let shared = shared(options)?;
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { addr, shared, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://address:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The requests received, oldest first; at most 10,000 and 64 MiB of bodies are kept.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.recorder.all()
    }

    /// Forgets the requests received, and how often `fail_first` has failed.
    pub fn clear(&self) {
        self.shared.clear();
    }

    /// The loads of a mock that is a node (knob `load_ms`), the first 10,000 of them.
    pub fn loads(&self) -> Vec<Loaded> {
        self.shared.node.loads()
    }

    /// How many prompts such a mock has cut because they did not fit the context.
    pub fn cuts(&self) -> u64 {
        self.shared.node.cuts()
    }

    /// The files it keeps, oldest first: what it calls them, and what is in them.
    pub fn files(&self) -> Vec<(String, String)> {
        let text = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        self.shared.shelf.files().into_iter().map(|file| (file.id, text(&file.content))).collect()
    }

    /// Holds batches back, so that none is done, or lets them go on. They do unless they are held back.
    pub fn hold_batches(&self, held: bool) {
        self.shared.shelf.hold(held);
    }

    /// Forgets all batches, as a provider does that has lost them or deletes what is old.
    pub fn forget_batches(&self) {
        self.shared.shelf.forget_batches();
    }

    /// How busy the mock is.
    pub fn stats(&self) -> Load {
        self.shared.stats.load()
    }

    /// Waits for a request that meets a condition, on its arrival or its end; `None` after 30 seconds.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&Recorded) -> bool) -> Option<Recorded> {
        let find = |entries: &std::collections::VecDeque<Recorded>| entries.iter().find(|one| wanted(one)).cloned();
        self.shared.recorder.wait(PATIENCE, find).await
    }

    /// Waits until so many requests meet a condition, and returns them; `None` after 30 seconds.
    pub async fn wait_for_all(&self, count: usize, wanted: impl Fn(&Recorded) -> bool) -> Option<Vec<Recorded>> {
        let enough = |entries: &std::collections::VecDeque<Recorded>| {
            let found: Vec<Recorded> = entries.iter().filter(|one| wanted(one)).cloned().collect();
            (found.len() >= count).then_some(found)
        };
        self.shared.recorder.wait(PATIENCE, enough).await
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // Takes the connections along: they belong to the accepting task.
        self.task.abort();
    }
}

fn shared(options: Options) -> io::Result<Arc<Shared>> {
    let shared = Shared::new(options).map_err(|wrong| io::Error::new(io::ErrorKind::InvalidInput, wrong))?;
    Ok(Arc::new(shared))
}

/// Serves for good: `workers` single-threaded runtimes, each with its own listener on the same port. Calls
/// `ready` with the address once all listen, and returns only if something fails.
pub fn serve(options: Options, workers: usize, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let mut addr = options.addr;
    let shared = shared(options)?;
    let mut crew = Vec::new();
    for _ in 0..workers.max(1) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async { listen(addr) })?;
        // The first one decides about a free port for all.
        addr = listener.local_addr()?;
        crew.push((runtime, listener));
    }
    ready(addr);
    let run = |(runtime, listener): (tokio::runtime::Runtime, TcpListener)| {
        let shared = Arc::clone(&shared);
        std::thread::spawn(move || runtime.block_on(accept(listener, shared)))
    };
    let threads: Vec<_> = crew.into_iter().map(run).collect();
    for thread in threads {
        thread.join().map_err(|_| io::Error::other("a worker of the mock has panicked"))?;
    }
    Ok(())
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}
