//! One connection of a caller: a handshake where there is a certificate, then one request after another, perhaps something
//! else than HTTP behind the last of them, and a proper end when the gateway goes down.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::patient::Patient;
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

/// Answers requests as long as HTTP is spoken.
async fn serve_http<S, F>(stream: S, stop: &Stop, answer: impl Fn(Request<Incoming>) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<Response<OutBody>, Infallible>>,
{
    let served = Cell::new(false);
    let service = service_fn(|request| {
        served.set(true);
        // Boxed, so that a connection does not keep the room of a whole journey while an answer streams.
        Box::pin(answer(request))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let stream = TokioIo::new(Patient::new(stream));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service).with_upgrades());
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.told() => {
            // Ends a connection between two requests, and any other behind the last byte of its answer, but not one
            // that still waits for its first request: nobody waits for anything there.
            connection.as_mut().graceful_shutdown();
            match timeout(LAST_CHANCE, connection.as_mut()).await {
                Ok(result) => result,
                Err(_) if !served.get() => return,
                Err(_) => connection.await,
            }
        }
    };
    if let Err(error) = result {
        tracing::trace!(%error, "connection ended");
    }
}
