//! What a run is to do, as its caller writes it down in JSON.

use super::Expect;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Most connections of a plan: more than one address has ports for.
const MAX_CONNECTIONS: usize = 60_000;

/// A run: where to, what to send, what to expect, how much of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Where to connect.
    pub address: SocketAddr,
    /// Path of the request, which is a POST of JSON.
    pub path: String,
    /// Headers besides those that HTTP itself needs.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The request's body.
    pub body: String,
    /// What makes an answer right, besides its status 200.
    #[serde(default)]
    pub expect: Expect,
    /// How many at once, and for how long.
    pub shape: Shape,
    /// Milliseconds that answers may take after the end of the measurement, and streams to begin.
    #[serde(default = "patience")]
    pub patience_ms: u64,
    /// Processes to watch: ids by the name under which their sum is reported.
    #[serde(default)]
    pub watch: BTreeMap<String, Vec<u32>>,
}

/// How many at once, and for how long. Only what happens within the measurement counts in rates and spreads.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// Connections that ask again as soon as they are answered.
    Requests {
        /// How many.
        connections: usize,
        /// Milliseconds before the measurement.
        warmup_ms: u64,
        /// Longest measurement, in milliseconds.
        measure_ms: u64,
        /// Most requests of the whole run, warm-up included.
        #[serde(default)]
        requests: Option<u64>,
    },
    /// Streams that are all open during the measurement. It begins when each has said something.
    Streams {
        /// How many.
        streams: usize,
        /// Milliseconds over which they are opened, one after the other.
        ramp_ms: u64,
        /// Milliseconds between the first words of the last stream and the measurement.
        settle_ms: u64,
        /// Length of the measurement in milliseconds. The streams should last longer.
        measure_ms: u64,
    },
}

fn patience() -> u64 {
    10_000
}

impl Plan {
    pub(super) fn check(&self) -> Result<(), String> {
        let count = match self.shape {
            Shape::Requests { connections, .. } => connections,
            Shape::Streams { streams, .. } => streams,
        };
        if count == 0 || count > MAX_CONNECTIONS {
            return Err(format!("{count} connections: expected 1 to {MAX_CONNECTIONS}"));
        }
        let lines = self.headers.iter().flat_map(|(name, value)| [name, value]).chain([&self.path]);
        match lines.into_iter().find(|text| text.contains(|char: char| char.is_ascii_control())) {
            Some(text) => Err(format!("a control character in {text:?}")),
            None => Ok(()),
        }
    }

    /// The bytes of the request.
    pub(super) fn request(&self) -> Vec<u8> {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{}",
            self.path,
            self.address,
            self.body.len(),
            self.body
        )
        .into_bytes()
    }
}
