//! The tests' own HTTP client: bytes on a socket, so that it can say what no library would let it say, sees when each
//! piece of an answer arrives, and can hang up whenever it likes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most header lines of an answer that are read.
const MAX_HEADERS: usize = 128;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Self {
        Call { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A `GET`.
    pub fn get(path: &str) -> Self {
        Call::new("GET", path)
    }

    /// A `POST` of JSON.
    pub fn post(path: &str, body: &Value) -> Self {
        Call::new("POST", path).header("content-type", "application/json").body(body.to_string())
    }

    /// The same with one more header line; what is in it goes out as it is.
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same with another body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Its method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its path, with the query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request as it goes over the wire. Its length is stated unless a header says how the body is framed.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: gateway\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        let framed = ["content-length", "transfer-encoding"];
        if self.method != "GET" && !self.headers.iter().any(|(name, _)| framed.contains(&name.as_str())) {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// Sends the request and reads the head of the answer.
    pub async fn open(&self, addr: SocketAddr) -> Open {
        let line = Line::connect(addr).await.unwrap_or_else(|error| panic!("no connection to {addr}: {error}"));
        line.exchange(&self.bytes()).await
    }

    /// Sends the request and reads all of the answer.
    pub async fn send(&self, addr: SocketAddr) -> Answer {
        self.open(addr).await.finish().await
    }
}

/// What a connection is made of: plain, or with TLS around it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection on which no answer is being read.
pub struct Line {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
}

impl Line {
    /// Connects.
    pub async fn connect(addr: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Line::over(stream))
    }

    /// A connection that was made elsewhere.
    pub fn over(stream: impl Stream + 'static) -> Self {
        Line { stream: Box::new(stream), inbox: Vec::new() }
    }

    /// Sends bytes, whatever they are.
    pub async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a request and reads the head of the answer.
    pub async fn exchange(mut self, request: &[u8]) -> Open {
        let begun = Instant::now();
        // A refusal may come before all is sent; what matters then is whether it can be read.
        let _ = self.send(request).await;
        self.answer(begun).await
    }

    /// Reads the head of an answer to what was sent before; interim answers are passed over.
    pub async fn answer(mut self, begun: Instant) -> Open {
        loop {
            if let Some(head) = Head::take(&mut self.inbox) {
                if head.status < 200 {
                    continue;
                }
                let framing = head.framing();
                return Open { head, line: self, framing, complete: framing == Framing::Length(0), begun };
            }
            assert!(self.fill().await, "no answer, only {:?}", String::from_utf8_lossy(&self.inbox));
        }
    }

    /// Receives some more bytes; false at the end of the connection.
    async fn fill(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.inbox)).await;
        read.expect("the other side says something in time").is_ok_and(|read| read > 0)
    }
}

/// Status and headers of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Head {
    /// The head at the beginning of `inbox`, if it is complete, taken off.
    fn take(inbox: &mut Vec<u8>) -> Option<Self> {
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut lines);
        let parsed = response.parse(inbox).unwrap_or_else(|wrong| panic!("{wrong}: {inbox:?}"));
        let httparse::Status::Complete(length) = parsed else {
            return None;
        };
        let status = response.code.expect("a complete head has a status");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = response.headers.iter().map(|line| (line.name.to_ascii_lowercase(), text(line.value))).collect();
        inbox.drain(..length);
        Some(Head { status, headers })
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn framing(&self) -> Framing {
        match (self.header("transfer-encoding"), self.header("content-length")) {
            _ if self.status == 204 => Framing::Length(0),
            (Some("chunked"), None) => Framing::Chunked,
            (None, Some(length)) => Framing::Length(length.parse().expect("the length of an answer is a number")),
            (None, None) => Framing::UntilClose,
            both => panic!("the length of the answer is unclear: {both:?}"),
        }
    }
}

/// An answer whose head has come. Dropping it hangs up.
pub struct Open {
    /// Its head.
    pub head: Head,
    line: Line,
    framing: Framing,
    /// Whether the body came to its announced end.
    complete: bool,
    begun: Instant,
}

impl Open {
    /// The next piece of the body, as it arrives; `None` when nothing more comes.
    pub async fn piece(&mut self) -> Option<Vec<u8>> {
        while !self.complete {
            match self.take_piece() {
                Some(piece) if piece.is_empty() => self.complete = true,
                Some(piece) => return Some(piece),
                None => {
                    if !self.line.fill().await {
                        self.complete = self.framing == Framing::UntilClose;
                        return None;
                    }
                }
            }
        }
        None
    }

    /// What has arrived of the body; empty at its end, `None` if more must come first.
    fn take_piece(&mut self) -> Option<Vec<u8>> {
        let inbox = &mut self.line.inbox;
        match &mut self.framing {
            Framing::UntilClose => (!inbox.is_empty()).then(|| std::mem::take(inbox)),
            Framing::Length(left) => {
                let here = inbox.len().min(*left);
                *left -= here;
                (here > 0 || *left == 0).then(|| inbox.drain(..here).collect())
            }
            Framing::Chunked => {
                let line = inbox.windows(2).position(|pair| pair == b"\r\n")?;
                let size = std::str::from_utf8(&inbox[..line]).expect("a chunk's size is text");
                let size = usize::from_str_radix(size, 16).expect("a chunk's size is a hexadecimal number");
                let (begin, end) = (line + 2, line + 2 + size);
                let piece = inbox.get(begin..end)?.to_vec();
                let behind = inbox.get(end..end + 2)?;
                assert_eq!(behind, b"\r\n", "a chunk is followed by the end of the line");
                inbox.drain(..end + 2);
                Some(piece)
            }
        }
    }

    /// Reads pieces until what has come of the body contains `part`.
    pub async fn until(&mut self, part: &str) -> String {
        let mut body = String::new();
        while !body.contains(part) {
            let piece = self.piece().await.unwrap_or_else(|| panic!("ended without {part:?}: {body}"));
            body.push_str(&String::from_utf8_lossy(&piece));
        }
        body
    }

    /// Reads the rest.
    pub async fn finish(self) -> Answer {
        self.finish_with_line().await.0
    }

    /// Reads the rest, and keeps the connection for another request.
    pub async fn finish_with_line(mut self) -> (Answer, Line) {
        let (mut body, mut pieces) = (Vec::new(), Vec::new());
        while let Some(piece) = self.piece().await {
            body.extend_from_slice(&piece);
            pieces.push((self.begun.elapsed(), piece));
        }
        let Open { head, line, complete, begun, .. } = self;
        (Answer { head, body, pieces, complete, took: begun.elapsed() }, line)
    }
}

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: Vec<u8>,
    /// The pieces in which the body came, with the time since the request was begun.
    pub pieces: Vec<(Duration, Vec<u8>)>,
    /// Whether the body came to its announced end.
    pub complete: bool,
    /// Time from the request to the last byte.
    pub took: Duration,
}

impl Answer {
    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
