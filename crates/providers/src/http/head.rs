//! The head of a request as bytes, and the head of an answer from bytes.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use types::{Fault, FaultKind};

use super::{Call, body::Framing};

/// Largest head of an answer.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// Most headers of an answer.
const MAX_HEADERS: usize = 100;

/// The head of a request, up to and including the empty line.
pub(super) fn write(call: &Call) -> Bytes {
    write_for(call, Some(call.body.iter().map(Bytes::len).sum::<usize>() as u64))
}

/// The same for a body of so many bytes, or of chunks if nobody knows how many there are.
pub(super) fn write_for(call: &Call, length: Option<u64>) -> Bytes {
    let mut out = BytesMut::with_capacity(512);
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.put_slice(part));
    put(&[call.method.as_bytes(), b" ", call.path.as_bytes(), b" HTTP/1.1\r\nhost: "]);
    put(&[call.endpoint.authority.as_bytes(), b"\r\n"]);
    for (name, value) in call.headers {
        put(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    if call.method != "GET" || length != Some(0) {
        if !call.headers.contains_key(CONTENT_TYPE) && length != Some(0) {
            put(&[b"content-type: application/json\r\n"]);
        }
        match length {
            Some(length) => put(&[b"content-length: ", length.to_string().as_bytes(), b"\r\n"]),
            None => put(&[b"transfer-encoding: chunked\r\n"]),
        }
    }
    put(&[b"\r\n"]);
    out.freeze()
}

/// What the head of an answer says.
pub(super) struct Head {
    pub status: u16,
    pub headers: HeaderMap,
    pub framing: Framing,
    /// Whether the connection may be used again after the body.
    pub keep: bool,
}

/// Reads a head from the beginning of `bytes` and takes it off; `None` if it is not complete yet.
/// Interim answers (1xx) are skipped.
pub(super) fn read(bytes: &mut Bytes) -> Result<Option<Head>, Fault> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => {
                let status = response.code.unwrap_or(0);
                if (100..200).contains(&status) && status != 101 {
                    let _ = bytes.split_to(length);
                    continue;
                }
                let head = understand(status, response.version == Some(1), response.headers)?;
                let _ = bytes.split_to(length);
                return Ok(Some(head));
            }
            Ok(httparse::Status::Partial) if bytes.len() <= MAX_HEAD_BYTES => return Ok(None),
            Ok(httparse::Status::Partial) => return Err(malformed("headers of more than 64 KiB")),
            Err(_) => return Err(malformed("something that is not HTTP")),
        }
    }
}

fn malformed(what: &str) -> Fault {
    Fault::provider(FaultKind::Malformed, format!("the provider answered with {what}"))
}

fn understand(status: u16, keep_by_default: bool, raw: &[httparse::Header]) -> Result<Head, Fault> {
    if !(200..600).contains(&status) && status != 101 {
        return Err(malformed("an impossible status"));
    }
    let mut headers = HeaderMap::with_capacity(raw.len());
    for header in raw {
        let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(header.name.as_bytes()), HeaderValue::from_bytes(header.value))
        else {
            return Err(malformed("a header that is not HTTP"));
        };
        headers.append(name, value);
    }
    let has = |name: &str, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    };
    let framing = if has("transfer-encoding", "chunked") {
        Framing::chunked()
    } else if status == 204 || status == 304 {
        Framing::Length(0)
    } else {
        length(&headers)?.map_or(Framing::UntilClose, Framing::Length)
    };
    let keep = if keep_by_default { !has("connection", "close") } else { has("connection", "keep-alive") };
    Ok(Head { status, keep: keep && framing != Framing::UntilClose, headers, framing })
}

fn length(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut lengths = headers.get_all("content-length").iter().map(|value| value.to_str().ok()?.trim().parse().ok());
    match lengths.next() {
        None => Ok(None),
        Some(Some(first)) if lengths.all(|other| other == Some(first)) => Ok(Some(first)),
        Some(_) => Err(malformed("contradicting lengths")),
    }
}
