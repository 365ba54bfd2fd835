//! Streams of answers that are asked for again: of one that is made here its events as they come, of one that is made
//! elsewhere or was not begun as a stream its events as soon as it is over, of one that its provider keeps the provider's.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::kept;
use engine::{Pieces, answer_call};
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};
use types::Fault;

use super::jobs::Job;
use super::shelf::{self, Found, Name};
use super::{Live, front};
use crate::door::{OutBody, response};

/// Silence after which whoever follows a stream gets a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The sign.
const ALIVE: Bytes = Bytes::from_static(b": ka\n\n");
/// Pieces that wait for whoever follows a stream.
const AHEAD: usize = 16;
/// How often is looked whether an answer is over that is made elsewhere.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The stream of an answer that is made here from its event number `from` on, as far as it is there, and then as it comes.
pub fn job(call_id: &str, job: Arc<Job>, from: usize) -> Response<OutBody> {
    let (sender, events) = mpsc::channel(AHEAD);
    spawn_local(async move {
        let mut at = from;
        loop {
            let piece = match timeout(HEARTBEAT, job.events(at)).await {
                Ok(None) => return,
                Ok(Some(fresh)) => {
                    at += fresh.len();
                    joined(&fresh)
                }
                Err(_) => ALIVE,
            };
            // Whoever is gone needs nothing more.
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    stream(call_id, events)
}

/// The stream of an answer that is still being made, and that nobody listens to here: how it begins, and all the rest of it
/// when it is over.
pub fn awaited(call_id: &str, live: Live, name: Name, found: &Found, from: usize) -> Response<OutBody> {
    let (sender, events) = mpsc::channel(AHEAD);
    let opening = kept::opening(found.response.as_bytes());
    spawn_local(async move {
        let told = opening.len().max(from);
        let first = joined(opening.get(from..).unwrap_or_default());
        if !first.is_empty() && sender.send(first).await.is_err() {
            return;
        }
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                () = sender.closed() => return,
                () = sleep(LOOK_AGAIN) => {}
            }
            match shelf::find(&live, &name.id, &name.owner).await {
                Ok(Some(found)) if !found.is_open() => {
                    let _ = sender.send(rest(found.response.as_bytes(), told)).await;
                    return;
                }
                // It was deleted.
                Ok(None) => return,
                // A database that is away comes back.
                Ok(Some(_)) | Err(_) => {}
            }
            if heard.elapsed() >= HEARTBEAT {
                heard = Instant::now();
                if sender.send(ALIVE).await.is_err() {
                    return;
                }
            }
        }
    });
    stream(call_id, events)
}

/// The stream of an answer that is over, from its event number `from` on.
pub fn told(call_id: &str, answer: &[u8], from: usize) -> Response<OutBody> {
    streaming(response(answer_call(front(), call_id, rest(answer, from))))
}

/// The stream of an answer that its provider keeps.
pub fn relayed(call_id: &str, pieces: Box<Pieces>) -> Response<OutBody> {
    let (sender, events) = mpsc::channel(AHEAD);
    spawn_local(async move {
        // It goes on while signs of life are sent: the provider's silence is counted from its last words.
        let mut next = Box::pin(step(pieces));
        loop {
            let piece = tokio::select! {
                // The connection to the provider ends with the one to the caller.
                () = sender.closed() => return,
                () = sleep(HEARTBEAT) => ALIVE,
                (piece, pieces) = &mut next => match piece {
                    None => return,
                    Some(Ok(piece)) => {
                        next = Box::pin(step(pieces));
                        piece
                    }
                    Some(Err(fault)) => {
                        let mut out = BytesMut::new();
                        front().write_stream_fault(&fault, &mut out);
                        let _ = sender.send(out.freeze()).await;
                        return;
                    }
                },
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    stream(call_id, events)
}

async fn step(mut pieces: Box<Pieces>) -> (Option<Result<Bytes, Fault>>, Box<Pieces>) {
    (pieces.next().await, pieces)
}

/// The events of an answer that is over from number `from` on. The last one, which shows the answer, is always there: whoever
/// followed it while it was made has counted more events than are told of it now.
fn rest(answer: &[u8], from: usize) -> Bytes {
    let events = kept::events(answer);
    match events.len().checked_sub(1) {
        Some(last) if from > last => kept::last_event(answer, from),
        _ => joined(events.get(from..).unwrap_or_default()),
    }
}

fn joined(events: &[Bytes]) -> Bytes {
    let mut all = BytesMut::with_capacity(events.iter().map(Bytes::len).sum());
    events.iter().for_each(|event| all.extend_from_slice(event));
    all.freeze()
}

fn stream(call_id: &str, events: mpsc::Receiver<Bytes>) -> Response<OutBody> {
    let head = streaming(response(answer_call(front(), call_id, Bytes::new())));
    head.map(|_| OutBody::control(axum::body::Body::new(Followed(events))))
}

fn streaming(mut response: Response<OutBody>) -> Response<OutBody> {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(front().stream_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A stream that is followed.
struct Followed(mpsc::Receiver<Bytes>);

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_answer_is_told_however_many_events_somebody_has_had() {
        let answer = br#"{"id":"resp_gwx","object":"response","status":"completed","output":[]}"#;
        let told = |from: usize| String::from_utf8(rest(answer, from).to_vec()).unwrap();
        assert_eq!(told(0).matches("event: ").count(), 3);
        assert!(told(0).contains("event: response.created") && !told(1).contains("response.created"));
        for from in [2, 3, 90] {
            let only = told(from);
            assert!(only.starts_with("event: response.completed") && only.matches("event: ").count() == 1, "{only}");
            assert!(only.contains(&format!("\"sequence_number\":{from},")), "{only}");
        }
        assert!(rest(b"nothing", 0).is_empty());
    }
}
