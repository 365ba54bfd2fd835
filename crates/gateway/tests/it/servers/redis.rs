//! Redis, from the binary of its package. It keeps everything in memory, as a cache does: once stopped, it has forgotten.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::server::{Kind, Server};
use crate::gateway::Folder;

static KIND: Kind = Kind { name: "redis-server", ready: "Ready to accept connections", end: "KILL" };

/// The server of shared counters.
pub struct Redis;

impl Redis {
    /// Starts one that holds nothing yet.
    pub fn start() -> Server {
        Self::start_with(&[])
    }

    /// Starts one with more flags: `--maxmemory`, `1mb`.
    pub fn start_with(flags: &[&str]) -> Server {
        let command = |folder: &Path, addr: SocketAddr| {
            let mut command = Command::new(KIND.name);
            command.args(["--bind", &addr.ip().to_string(), "--port", &addr.port().to_string()]);
            command.args(["--save", ""]).args(flags).current_dir(folder);
            command
        };
        Server::start(&KIND, Folder::new(), command, |addr| format!("redis://{addr}"))
    }
}
