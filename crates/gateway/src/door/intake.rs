//! Reading request bodies within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::spawn_local;
use tokio::time::timeout;
use types::{Fault, FaultKind, Side};

/// Largest body of a request to the control plane.
pub const MAX_CONTROL_BODY: usize = 8 << 20;
/// How long a caller may pause within a body.
const PAUSE: Duration = Duration::from_secs(60);
/// How much of a body that was refused is still read, so that the caller gets to see the refusal: clients that are
/// cut off while they send report a broken connection instead.
const MAX_DRAINED: usize = 256 << 20;
/// How long a refused body may go on.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// Reads a whole body of at most `limit` bytes.
pub async fn read(headers: &HeaderMap, mut body: Incoming, limit: usize) -> Result<Bytes, Fault> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(refuse(body, limit));
    }
    let Some(first) = frame(&mut body).await? else {
        return Ok(Bytes::new());
    };
    if declared == Some(first.len()) {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(declared.unwrap_or(first.len() * 2).min(limit));
    all.extend_from_slice(&first);
    while let Some(piece) = frame(&mut body).await? {
        if all.len() + piece.len() > limit {
            return Err(refuse(body, limit));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

async fn frame(body: &mut Incoming) -> Result<Option<Bytes>, Fault> {
    loop {
        let frame = timeout(PAUSE, body.frame()).await;
        let frame = frame
            .map_err(|_| Fault::new(FaultKind::Timeout, Side::Caller, "the request body did not arrive in time"))?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Fault::invalid("the request body was cut off")),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn refuse(body: Incoming, limit: usize) -> Fault {
    discard(body);
    let message = format!("the request body is larger than {} MiB", limit >> 20);
    Fault::new(FaultKind::TooLarge, Side::Caller, message)
}

/// Reads on in the background without keeping anything.
pub fn discard(mut body: Incoming) {
    spawn_local(timeout(DRAIN_TIME, async move {
        let mut left = MAX_DRAINED;
        while let Ok(Some(data)) = frame(&mut body).await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}
