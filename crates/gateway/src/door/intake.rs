//! Reading request bodies within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use types::{Fault, FaultKind, Side};

use crate::stop::Stop;

/// Largest body of a request to the control plane.
pub const MAX_CONTROL_BODY: usize = 8 << 20;
/// The same without a key that opens anything: only paths that need none can be meant.
pub const MAX_STRANGERS_BODY: usize = 64 << 10;
/// How long a caller may pause within a body.
pub const PAUSE: Duration = Duration::from_secs(60);
/// How much of a body that was refused is still read, so that the caller gets to see the refusal: clients that are
/// cut off while they send report a broken connection instead.
const MAX_DISCARDED: usize = 256 << 20;
/// How long a refused body may go on.
const DISCARD_TIME: Duration = Duration::from_secs(30);
/// How long a body may still take to arrive when the gateway goes down.
const READ_GRACE: Duration = Duration::from_secs(4);
/// How long a refused body may still go on then.
const DISCARD_GRACE: Duration = Duration::from_secs(1);

/// Reads a whole body of at most `limit` bytes.
pub async fn read(stop: &Stop, headers: &HeaderMap, mut body: Incoming, limit: usize) -> Result<Bytes, Fault> {
    let read = tokio::select! {
        biased;
        read = collect(headers, &mut body, limit) => read,
        () = stop.told_and(READ_GRACE) => Err(going_down()),
    };
    if read.is_err() {
        discard(stop, body);
    }
    read
}

async fn collect(headers: &HeaderMap, body: &mut Incoming, limit: usize) -> Result<Bytes, Fault> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let Some(first) = frame(body).await? else {
        return Ok(Bytes::new());
    };
    if declared == Some(first.len()) {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(declared.unwrap_or(first.len() * 2).min(limit));
    all.extend_from_slice(&first);
    while let Some(piece) = frame(body).await? {
        if all.len() + piece.len() > limit {
            return Err(too_large(limit));
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

fn too_large(limit: usize) -> Fault {
    let message = format!("the request body is larger than {} MiB", limit as f64 / f64::from(1 << 20));
    Fault::new(FaultKind::TooLarge, Side::Caller, message)
}

fn going_down() -> Fault {
    let message = "the gateway is going down, and the request body did not arrive in time";
    Fault::new(FaultKind::Unavailable, Side::Gateway, message)
}

/// Reads on in the background without keeping anything.
pub fn discard(stop: &Stop, mut body: Incoming) {
    let stop = stop.clone();
    let rest = async move {
        let mut left = MAX_DISCARDED;
        while let Ok(Some(data)) = frame(&mut body).await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    spawn_local(async move {
        tokio::select! {
            () = rest => {}
            () = sleep(DISCARD_TIME) => {}
            () = stop.told_and(DISCARD_GRACE) => {}
        }
    });
}
