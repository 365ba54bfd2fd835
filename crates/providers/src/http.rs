//! The HTTP/1.1 client of the data plane: one per worker thread, with connections of its own.
//!
//! It is ours, and not a library's, for what a gateway with thousands of slow streams needs: a stream that waits
//! holds no buffer at all, bodies pass through as slices, and dropping an answer closes its connection at once.
//! It leaves deadlines to the engine, except for the one on connecting.

mod body;
mod connection;
mod endpoint;
mod head;
mod line;
mod pool;
mod tls;
mod tunnel;
mod upload;

pub use body::Body;
pub use endpoint::Endpoint;
pub use line::Claim;
pub use pool::{Client, Network};
pub use tunnel::Tunnel;
pub use upload::Upload;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::Notify;

/// A request to an endpoint.
pub struct Call<'a> {
    /// Where it goes.
    pub endpoint: &'a Endpoint,
    /// HTTP method.
    pub method: &'static str,
    /// Path and query behind the host, base path of the endpoint included.
    pub path: &'a str,
    /// Headers beside `host` and `content-length`; without a `content-type` the body is JSON.
    pub headers: &'a HeaderMap,
    /// The body, in pieces.
    pub body: &'a [Bytes],
    /// Longest time for DNS, TCP and TLS together.
    pub connect_timeout: Duration,
    /// What the call occupies: let go of when the answer was read, or the provider has noticed that it will not be.
    pub claim: Option<Claim>,
    /// Rung when the whole request is in the system's hands.
    pub sent: Option<&'a Notify>,
}

/// The beginning of an answer.
pub struct Reply {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, to be read as it comes. Dropping it before its end closes the connection.
    pub body: Body,
}

#[cfg(test)]
mod tests;
