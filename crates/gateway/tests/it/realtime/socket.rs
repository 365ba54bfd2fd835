//! The tests' own WebSocket: it can say what no library would let it say.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::Stream;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);
const MASK: [u8; 4] = [1, 2, 3, 4];

/// A connection that is a WebSocket.
pub struct Socket {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    /// The head of the answer to the handshake.
    pub head: String,
}

/// A handshake that was refused: status, head and body.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Refused {
    /// Its error.
    pub fn error(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap_or_else(|_| panic!("{}", self.body))["error"].clone()
    }
}

/// What is heard.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// An event.
    Event(Value),
    /// A ping or pong: the first byte of its frame, and what is in it.
    Control(u8, Vec<u8>),
    /// The end: code and reason.
    Close(u16, String),
    /// The end of the connection, without a word.
    Gone,
}

impl Socket {
    /// Shakes hands, with more headers.
    pub async fn dial(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        let stream = TcpStream::connect(addr).await.expect("the gateway listens");
        Self::over(stream, path, headers).await
    }

    /// The same on a connection that was made elsewhere.
    pub async fn over(stream: impl Stream + 'static, path: &str, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        let usual = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let usual = usual.iter().filter(|(name, _)| !headers.iter().any(|(own, _)| own == name));
        let lines: String = usual.chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut stream: Box<dyn Stream> = Box::new(stream);
        let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n{lines}\r\n");
        stream.write_all(request.as_bytes()).await.expect("it can be sent");
        let mut socket = Socket { stream, inbox: Vec::new(), head: String::new() };
        while !socket.inbox.windows(4).any(|end| end == b"\r\n\r\n") {
            assert!(socket.fill().await, "no answer: {:?}", String::from_utf8_lossy(&socket.inbox));
        }
        let at = socket.inbox.windows(4).position(|end| end == b"\r\n\r\n").expect("it is there") + 4;
        let head: Vec<u8> = socket.inbox.drain(..at).collect();
        socket.head = String::from_utf8(head).expect("a head is text").to_lowercase();
        let status: u16 = socket.head[9..12].parse().expect("a status");
        if status == 101 {
            return Ok(socket);
        }
        let length = socket.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while socket.inbox.len() < length {
            assert!(socket.fill().await, "half an answer");
        }
        let body = String::from_utf8(socket.inbox).expect("a refusal is text");
        Err(Refused { status, head: socket.head, body })
    }

    /// A header of the answer to the handshake.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    async fn fill(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.inbox)).await;
        read.expect("something comes in time").is_ok_and(|read| read > 0)
    }

    /// Sends bytes, whatever they are.
    pub async fn raw(&mut self, bytes: &[u8]) {
        // The other side may have had enough.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Sends a frame with this first byte.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) {
        let frame = frame(first, payload);
        self.raw(&frame).await;
    }

    /// Sends an event.
    pub async fn say(&mut self, event: Value) {
        self.frame(0x81, event.to_string().as_bytes()).await;
    }

    /// Closes.
    pub async fn close(&mut self, code: u16, reason: &str) {
        self.frame(0x88, &[&code.to_be_bytes()[..], reason.as_bytes()].concat()).await;
    }

    /// The next thing that is said.
    pub async fn hear(&mut self) -> Heard {
        loop {
            if let Some((first, payload)) = self.take() {
                return match first {
                    0x81 => Heard::Event(serde_json::from_slice(&payload).expect("an event is JSON")),
                    0x88 => {
                        let code = u16::from_be_bytes([payload[0], payload[1]]);
                        Heard::Close(code, String::from_utf8(payload[2..].to_vec()).expect("a reason is text"))
                    }
                    first => Heard::Control(first, payload),
                };
            }
            if !self.fill().await {
                return Heard::Gone;
            }
        }
    }

    fn take(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, short, ..] = self.inbox[..] else { return None };
        assert_eq!(short & 0x80, 0, "a server masks nothing");
        let (length, head) = match short {
            126 => (usize::from(u16::from_be_bytes(self.inbox.get(2..4)?.try_into().ok()?)), 4),
            127 => (u64::from_be_bytes(self.inbox.get(2..10)?.try_into().ok()?) as usize, 10),
            short => (usize::from(short), 2),
        };
        if self.inbox.len() < head + length {
            return None;
        }
        let frame: Vec<u8> = self.inbox.drain(..head + length).collect();
        Some((first, frame[head..].to_vec()))
    }

    /// The next event of this kind; those before it are passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            match self.hear().await {
                Heard::Event(event) if event["type"] == kind => return event,
                Heard::Event(_) | Heard::Control(..) => {}
                other => panic!("no {kind}, but {other:?}"),
            }
        }
    }

    /// Hears everything to the end: events, and how it ended.
    pub async fn rest(&mut self) -> (Vec<Value>, Heard) {
        let mut events = Vec::new();
        loop {
            match self.hear().await {
                Heard::Event(event) => events.push(event),
                Heard::Control(..) => {}
                end => return (events, end),
            }
        }
    }
}

/// A masked frame with this first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
