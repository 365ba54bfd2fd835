//! One connection of a caller: a handshake where there is a certificate, then one request after another, perhaps something
//! else than HTTP behind the last of them, and a proper end when the gateway goes down.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, UpgradeableConnection};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::patient::Patient;
use super::streaming::{Streaming, closes_behind};
use crate::door::{Door, Leaving, OutBody, handle, refuse_plain};
use crate::stop::Stop;
use crate::tls::{Greeted, Tls};

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(60);
/// How long a connection may still bring its first request when the gateway goes down.
const LAST_CHANCE: Duration = Duration::from_millis(500);

/// Serves the connection to its end; `_open` tells that it is still there.
pub async fn serve(stream: TcpStream, peer: SocketAddr, door: Rc<Door>, _open: mpsc::Sender<()>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let live = door.live.clone();
    match &live.tls {
        // Boxed, so that a plain connection does not keep the room that only TLS needs.
        Some(tls) => Box::pin(serve_encrypted(tls, stream, peer, door)).await,
        None => {
            let stop = door.stop.clone();
            answer_all(stream, &stop, move |request, leaving| handle(door.clone(), peer, request, leaving)).await;
        }
    }
}

async fn serve_encrypted(tls: &Tls, stream: TcpStream, peer: SocketAddr, door: Rc<Door>) {
    let stop = door.stop.clone();
    let greeted = tokio::select! {
        greeted = tls.greet(stream) => greeted,
        () = stop.told_and(LAST_CHANCE) => return,
    };
    match greeted {
        Ok(Greeted::Tls(stream)) => {
            answer_all(stream, &stop, move |request, leaving| handle(door.clone(), peer, request, leaving)).await;
        }
        Ok(Greeted::Plain(stream)) => {
            answer_all(stream, &stop, move |request, _| refuse_plain(door.clone(), request)).await;
        }
        Err(error) => tracing::debug!(%peer, %error, "no TLS handshake"),
    }
}

/// Answers requests until the caller has no more, or leaves HTTP, or the gateway goes down. What comes behind HTTP ends by
/// itself then.
async fn answer_all<S, F>(stream: S, stop: &Stop, answer: impl Fn(Request<Incoming>, Leaving) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<Response<OutBody>, Infallible>>,
{
    let leaving = Leaving::default();
    serve_http(stream, stop, |request| answer(request, leaving.clone())).await;
    if let Some(rest) = leaving.take() {
        rest.await;
    }
}

/// Answers requests as long as HTTP is spoken. Answers that stream are written here ([`Streaming`]); then comes the next
/// request.
async fn serve_http<S, F>(stream: S, stop: &Stop, answer: impl Fn(Request<Incoming>) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<Response<OutBody>, Infallible>>,
{
    let mut caller = Patient::new(stream);
    // In a box: an answer that streams needs no room for what reads requests.
    while let Some((streaming, closes)) = Box::pin(serve_requests(caller, stop, &answer)).await {
        caller = match streaming.await {
            Ok(caller) => caller,
            Err(error) => return tracing::trace!(%error, "connection ended within an answer"),
        };
        if closes || stop.is_told() {
            // It ends in any case, and nobody has to hear how.
            let _ = caller.shutdown().await;
            return;
        }
    }
}

/// Answers requests until the connection ends or an answer streams: that one, and whether the connection ends behind it.
async fn serve_requests<S, F>(
    caller: Patient<S>,
    stop: &Stop,
    answer: &impl Fn(Request<Incoming>) -> F,
) -> Option<(Streaming<S>, bool)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<Response<OutBody>, Infallible>>,
{
    let (served, laid, is_behind) = (Cell::new(false), RefCell::new(None), caller.is_behind());
    let service = service_fn(|request| {
        served.set(true);
        let closes = closes_behind(&request);
        // Boxed, so that a connection does not keep the room of a whole journey while an answer is written.
        Answering { answer: Some(Box::pin(answer(request))), closes, laid: &laid }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut connection = builder.serve_connection(TokioIo::new(caller), service).with_upgrades();
    // Resolves to nothing when an answer streams, and all before it was taken.
    let poll = |connection: &mut UpgradeableConnection<_, _>, cx: &mut Context| match Pin::new(connection).poll(cx) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => match laid.borrow().is_some() && !is_behind.load(Ordering::Relaxed) {
            true => Poll::Ready(None),
            false => Poll::Pending,
        },
    };
    let result = tokio::select! {
        result = poll_fn(|cx| poll(&mut connection, cx)) => result,
        () = stop.told() => {
            // Ends a connection between two requests, and any other behind the last byte of its answer, but not one
            // that still waits for its first request: nobody waits for anything there.
            Pin::new(&mut connection).graceful_shutdown();
            match timeout(LAST_CHANCE, poll_fn(|cx| poll(&mut connection, cx))).await {
                Ok(result) => result,
                Err(_) if !served.get() => return None,
                Err(_) => poll_fn(|cx| poll(&mut connection, cx)).await,
            }
        }
    };
    if let Some(Err(error)) = &result {
        tracing::trace!(%error, "connection ended");
    }
    let (Laid { response, closes }, parts) = laid.take().filter(|_| result.is_none()).zip(connection.into_parts())?;
    let (closes, early) = (closes || stop.is_told(), Bytes::copy_from_slice(&parts.read_buf));
    Some((Streaming::new(parts.io.into_inner(), response, closes, early), closes))
}

/// An answer that streams.
struct Laid {
    response: Response<OutBody>,
    /// Whether the connection is to end behind it.
    closes: bool,
}

/// The answer to a request. One that streams is laid down, and the library waits for it in vain.
struct Answering<'a, F> {
    answer: Option<Pin<Box<F>>>,
    closes: Option<bool>,
    laid: &'a RefCell<Option<Laid>>,
}

impl<F: Future<Output = Result<Response<OutBody>, Infallible>>> Future for Answering<'_, F> {
    type Output = Result<Response<OutBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Self::Output> {
        let Some(answer) = &mut self.answer else { return Poll::Pending };
        let response = ready!(answer.as_mut().poll(cx))?;
        self.answer = None;
        match self.closes.filter(|_| response.body().is_stream()) {
            Some(closes) => {
                *self.laid.borrow_mut() = Some(Laid { response, closes });
                Poll::Pending
            }
            None => Poll::Ready(Ok(response)),
        }
    }
}
