//! Addresses that are no provider at all, for tests of what happens before HTTP: one that refuses, one that
//! never answers, one that answers a TLS greeting with garbage. Each lasts as long as its value.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

#[cfg(test)]
mod tests;

/// Bytes that are neither TLS nor HTTP.
const GARBAGE: &[u8] = b"\x16\x03\x03\xff\xffthis is not the handshake you are looking for\r\n\r\n";

/// An address that refuses connections: its port is taken, but nobody listens.
pub struct Refusing {
    addr: SocketAddr,
    _socket: TcpSocket,
}

impl Refusing {
    /// Takes a free port on loopback.
    pub fn start() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(loopback())?;
        Ok(Self { addr: socket.local_addr()?, _socket: socket })
    }

    /// The address that refuses.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// A listener that accepts connections and mistreats them until it is dropped.
pub struct Trap {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Trap {
    /// Accepts, reads, and never answers.
    pub async fn silent() -> io::Result<Self> {
        Self::start(false).await
    }

    /// Answers the first bytes with garbage, as TLS clients take it, and closes.
    pub async fn garbage() -> io::Result<Self> {
        Self::start(true).await
    }

    async fn start(garbage: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(loopback()).await?;
        let addr = listener.local_addr()?;
        Ok(Self { addr, task: tokio::spawn(trap(listener, garbage)) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn trap(listener: TcpListener, garbage: bool) {
    let mut caught = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        caught.spawn(hold(stream, garbage));
        while caught.try_join_next().is_some() {}
    }
}

async fn hold(mut stream: TcpStream, garbage: bool) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
        // What the caller makes of it is the caller's business, even when it has gone meanwhile.
        if garbage && stream.write_all(GARBAGE).await.is_ok() {
            return;
        }
    }
}
