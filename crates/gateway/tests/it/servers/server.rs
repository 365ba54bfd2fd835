//! A server as processes in a folder: started on a port that is free, listened to until it is ready, frozen and thawed,
//! stopped and started again, gone when dropped.

use std::io::{BufRead, BufReader, pipe};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::family::{Process, family, signal};
use crate::gateway::Folder;

/// Longest wait for anything a server should do soon.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where servers listen: on loopback, and yet where no connection begins. So the port of a stopped server stays free.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);
/// How many ports are tried: between finding a free one and listening on it, somebody else may take it.
const ATTEMPTS: usize = 5;
/// What both servers say then.
const TAKEN: &str = "Address already in use";

/// What makes one kind of server.
pub(super) struct Kind {
    /// Its binary, for messages.
    pub name: &'static str,
    /// What it says when it can be called.
    pub ready: &'static str,
    /// The signal that ends it at once and leaves nothing behind.
    pub end: &'static str,
}

/// A server that answers, unless it is paused or stopped.
pub struct Server {
    /// Where it listens, for as long as the value lives.
    pub addr: SocketAddr,
    /// Where it listens and how to log in, as a configuration says it.
    pub url: String,
    kind: &'static Kind,
    command: Command,
    child: Option<Child>,
    folder: Folder,
}

impl Server {
    /// Starts one by the command for a folder and an address, which must not go to the background.
    pub(super) fn start(
        kind: &'static Kind,
        folder: Folder,
        command: impl Fn(&Path, SocketAddr) -> Command,
        url: impl Fn(SocketAddr) -> String,
    ) -> Self {
        for _ in 0..ATTEMPTS {
            let addr = free_address();
            let mut command = command(folder.path(), addr);
            match launch(kind, &mut command) {
                Ok(child) => {
                    return Server { addr, url: url(addr), kind, command, child: Some(child), folder };
                }
                Err(said) => assert!(said.contains(TAKEN), "{} does not start: {said}", kind.name),
            }
        }
        panic!("{ATTEMPTS} free ports were taken before {} could listen", kind.name);
    }

    /// Freezes it: connections are still accepted by the system, but nobody answers, neither on new ones nor on old ones.
    pub fn pause(&self) {
        let begun = Instant::now();
        loop {
            let running: Vec<Process> = self.processes().into_iter().filter(|one| !one.stands_still()).collect();
            if running.is_empty() {
                return;
            }
            signal("STOP", &running);
            assert!(begun.elapsed() < PATIENCE, "{} cannot be paused: {running:?}", self.kind.name);
            thread::yield_now();
        }
    }

    /// Lets it go on after a pause.
    pub fn resume(&self) {
        signal("CONT", &self.processes());
    }

    /// Ends it as a crash would: connections break, new ones are refused. What it has on its disk stays there.
    pub fn stop(&mut self) {
        self.resume();
        signal(self.kind.end, &self.processes()[..1]);
        let mut child = self.child.take().expect("it was not stopped before");
        child.wait().expect("a child can be waited for");
    }

    /// Starts it again where it was, after it was stopped.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "stop it first");
        let child = launch(self.kind, &mut self.command);
        self.child = Some(child.unwrap_or_else(|said| panic!("{} does not start again: {said}", self.kind.name)));
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its processes, the one that others descend from first; none when it is stopped.
    pub fn processes(&self) -> Vec<Process> {
        self.child.as_ref().map_or_else(Vec::new, |child| family(child.id()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.stop();
        }
    }
}

/// Runs the command until it is ready; all it has said if it ends before, or is not ready in time.
fn launch(kind: &'static Kind, command: &mut Command) -> Result<Child, String> {
    let (reader, writer) = pipe().expect("there are file descriptors left");
    let other = writer.try_clone().expect("there are file descriptors left");
    let child = command.stdin(Stdio::null()).stdout(other).stderr(writer).spawn();
    // Otherwise the command, which is kept, would hold the pipe open when the server is gone.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.unwrap_or_else(|error| panic!("{}: {error}; tools/setup.sh test installs it", kind.name));
    let (told, heard) = mpsc::channel();
    // Reads on when the server is ready: a pipe that nobody reads would stop it.
    let listener = thread::spawn(move || {
        let mut said = String::new();
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if line.contains(kind.ready) {
                // Nobody waits for it the second time.
                let _ = told.send(());
            }
            said.extend([line.as_str(), "\n"]);
        }
        said
    });
    if heard.recv_timeout(PATIENCE).is_ok() {
        return Ok(child);
    }
    // It may be over already.
    let _ = child.kill();
    child.wait().expect("a child can be waited for");
    Err(listener.join().expect("reading does not panic"))
}

/// An address on which nobody listens.
pub(super) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((HOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address")
}
