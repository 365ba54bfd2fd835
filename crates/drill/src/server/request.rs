//! Reading requests: head, then a body of known length or in chunks. Everything is bounded.

use super::conn::Conn;
use bytes::Bytes;

/// Largest head, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most header lines.
const MAX_HEADERS: usize = 128;
/// Largest body, in bytes.
const MAX_BODY: usize = 128 * 1024 * 1024;
/// Longest line of chunked framing, in bytes.
const MAX_LINE: usize = 4 * 1024;

/// The head of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// HTTP/1.0, which closes unless told otherwise.
    pub(crate) old: bool,
}

impl Head {
    /// The first header of this name, which must be in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A value of the query, as it came.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Whether the caller will not use the connection again.
    pub(crate) fn closes(&self) -> bool {
        let said = |word: &str| {
            self.header("connection")
                .is_some_and(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
        };
        said("close") || (self.old && !said("keep-alive"))
    }
}

/// Why there is no request.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The connection has ended, or broke.
    Gone,
    /// What came is not a request to answer; the connection cannot go on.
    Refused { status: u16, text: &'static str },
}

fn refused(status: u16, text: &'static str) -> ReadError {
    ReadError::Refused { status, text }
}

/// How the body is framed.
enum Framing {
    Length(usize),
    Chunks,
}

impl Conn {
    /// The next request. Waits as long as the caller keeps the connection open.
    pub(super) async fn read_request(&mut self) -> Result<(Head, Bytes), ReadError> {
        let (head, framing) = loop {
            match parse(&self.inbox)? {
                Some((length, head, framing)) if length <= MAX_HEAD => {
                    self.inbox.drain(..length);
                    break (head, framing);
                }
                None if self.inbox.len() <= MAX_HEAD => self.fill().await?,
                _ => return Err(refused(431, "The request's head is too large.")),
            }
        };
        let bodied = !matches!(framing, Framing::Length(0));
        if bodied && head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            self.outbox.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.flush().await.map_err(|_| ReadError::Gone)?;
        }
        let body = match framing {
            Framing::Length(length) => self.read_body(length).await?,
            Framing::Chunks => self.read_chunks().await?,
        };
        Ok((head, Bytes::from(body)))
    }

    async fn read_body(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        self.take(length, &mut body).await?;
        Ok(body)
    }

    async fn read_chunks(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(|_| refused(400, "Invalid chunk size."))?;
            if size > MAX_BODY - body.len() {
                return Err(refused(413, "The request is too large."));
            }
            if size == 0 {
                break;
            }
            self.take(size, &mut body).await?;
            if !self.line().await?.is_empty() {
                return Err(refused(400, "Invalid chunk end."));
            }
        }
        for _ in 0..MAX_HEADERS {
            if self.line().await?.is_empty() {
                return Ok(body);
            }
        }
        Err(refused(431, "Too many trailers."))
    }

    /// One line of framing, without its end.
    async fn line(&mut self) -> Result<String, ReadError> {
        loop {
            if let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.inbox.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.inbox.len() > MAX_LINE {
                return Err(refused(400, "A line of the chunked body is too long."));
            }
            self.fill().await?;
        }
    }
}

/// The head at the beginning of `bytes` with its length, if it is complete.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Head, Framing)>, ReadError> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(refused(431, "Too many headers.")),
        Err(_) => return Err(refused(400, "This is not HTTP.")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers: request.headers.iter().map(|line| (line.name.to_ascii_lowercase(), text(line.value))).collect(),
        old: request.version == Some(0),
    };
    let framing = framing(&head)?;
    Ok(Some((length, head, framing)))
}

fn framing(head: &Head) -> Result<Framing, ReadError> {
    match (head.header("transfer-encoding"), head.header("content-length")) {
        (Some(_), Some(_)) => Err(refused(400, "Both content-length and transfer-encoding are given.")),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunks),
        (Some(_), None) => Err(refused(501, "Unknown transfer-encoding.")),
        (None, None) => Ok(Framing::Length(0)),
        (None, Some(length)) => match length.parse::<usize>() {
            Ok(length) if length <= MAX_BODY => Ok(Framing::Length(length)),
            Ok(_) => Err(refused(413, "The request is too large.")),
            Err(_) => Err(refused(400, "Invalid content-length.")),
        },
    }
}
