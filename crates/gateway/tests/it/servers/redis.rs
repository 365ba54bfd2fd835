//! Redis, from the binary of its package. It keeps everything in memory, as a cache does: once stopped, it has forgotten.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use super::server::{Kind, Server, free_address};
use crate::gateway::Folder;

static KIND: Kind = Kind { name: "redis-server", ready: "Ready to accept connections", end: "KILL" };
static SENTINEL: Kind = Kind { name: "redis-server", ready: "+monitor", end: "KILL" };

/// What sentinels call the master.
pub const SERVICE: &str = "the-master";

/// The server of shared counters.
pub struct Redis;

impl Redis {
    /// Starts one that holds nothing yet.
    pub fn start() -> Server {
        Self::start_with(&[])
    }

    /// Starts one with more flags: `--maxmemory`, `1mb`.
    pub fn start_with(flags: &[&str]) -> Server {
        Self::start_by(KIND.name, flags)
    }

    fn start_by(program: &str, flags: &[&str]) -> Server {
        let command = |folder: &Path, addr: SocketAddr| {
            let mut command = Command::new(program);
            command.args(["--bind", &addr.ip().to_string(), "--port", &addr.port().to_string()]);
            command.args(["--save", ""]).args(flags).current_dir(folder);
            command
        };
        Server::start(&KIND, Folder::new(), command, |addr| format!("redis://{addr}"))
    }

    /// Starts one that has vectors, as all do from version 8 on.
    pub fn start_with_vectors() -> Server {
        Self::start_by(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/redis/redis-server"), &[])
    }

    /// Starts one that may be a node of a cluster.
    pub fn start_node() -> Server {
        let (bus, host) = (free_address(), free_address().ip().to_string());
        let timeout = ["--cluster-node-timeout", "2000"];
        let bus = bus.port().to_string();
        let flags = ["--cluster-enabled", "yes", "--cluster-port", &*bus, "--cluster-announce-ip", &*host];
        Self::start_with(&[&flags[..], &timeout[..]].concat())
    }

    /// Starts one that has what `master` has.
    pub fn start_copy(master: &Server) -> Server {
        let (host, port) = (master.addr.ip().to_string(), master.addr.port().to_string());
        Self::start_with(&["--replicaof", &*format!("{host} {port}"), "--replica-announce-ip", &*host])
    }

    /// Starts a sentinel, which calls `master` by [`SERVICE`] and makes a copy of it the master when it is gone.
    pub fn start_sentinel(master: &Server) -> Server {
        let master = master.addr;
        let command = move |folder: &Path, addr: SocketAddr| {
            let (ip, port) = (addr.ip(), addr.port());
            let lines = format!(
                "bind {ip}\nport {port}\nsentinel announce-ip {ip}\nsentinel monitor {SERVICE} {} {} 1\n\
                 sentinel down-after-milliseconds {SERVICE} 300\nsentinel failover-timeout {SERVICE} 3000\n",
                master.ip(),
                master.port()
            );
            let file = folder.join("sentinel.conf");
            fs::write(&file, lines).expect("its folder is there");
            let mut command = Command::new(SENTINEL.name);
            command.arg(file).arg("--sentinel").current_dir(folder);
            command
        };
        Server::start(&SENTINEL, Folder::new(), command, |addr| format!("redis://{addr}"))
    }

    /// What one says to a command, from the first bytes that come.
    pub fn tell(server: &Server, command: &str) -> String {
        let mut stream = TcpStream::connect(server.addr).expect("it listens");
        stream.write_all(format!("{command}\r\n").as_bytes()).expect("it reads");
        let mut bytes = vec![0; 16 << 10];
        let count = stream.read(&mut bytes).expect("it answers");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }
}
