//! One connection to a provider.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{Endpoint, tls};

/// Bytes taken from the system in one read.
const READ_BYTES: usize = 64 << 10;

thread_local! {
    /// Where reads land before they are copied to their own size: a connection that waits holds no buffer.
    static LANDING: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

/// A connection, plain or encrypted, or within this process.
pub(super) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Memory(DuplexStream),
}

impl Connection {
    /// Looks the host up, connects, and shakes hands.
    pub async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let stream = TcpStream::connect((&*endpoint.host, endpoint.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match endpoint.tls {
            false => Connection::Plain(stream),
            true => Connection::Tls(Box::new(tls::connect(&endpoint.host, stream).await?)),
        })
    }

    /// Reads what is there; empty at the end of the connection.
    pub fn poll_read(&mut self, cx: &mut Context) -> Poll<io::Result<Bytes>> {
        LANDING.with_borrow_mut(|landing| {
            let mut buffer = ReadBuf::new(landing);
            ready!(match self {
                Connection::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
                Connection::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
                Connection::Memory(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            })?;
            Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
        })
    }

    /// Whether the provider has neither closed an idle connection nor sent anything on it unasked.
    pub fn is_quiet(&mut self) -> bool {
        self.poll_read(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Says that nothing more will be written.
    pub fn poll_shutdown(&mut self, cx: &mut Context) -> Poll<io::Result<()>> {
        match self {
            Connection::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Connection::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Connection::Memory(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    /// Writes from `pieces` until all of it is in the system's hands.
    pub fn poll_write_all(&mut self, cx: &mut Context, pieces: &mut Vec<Bytes>) -> Poll<io::Result<()>> {
        while !pieces.is_empty() {
            let slices: Vec<IoSlice> = pieces.iter().take(16).map(|piece| IoSlice::new(piece)).collect();
            let written = ready!(match self {
                Connection::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, &slices),
                Connection::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, &slices),
                Connection::Memory(stream) => Pin::new(stream).poll_write_vectored(cx, &slices),
            })?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            advance(pieces, written);
        }
        match self {
            Connection::Plain(_) | Connection::Memory(_) => Poll::Ready(Ok(())),
            Connection::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }
}

fn advance(pieces: &mut Vec<Bytes>, mut written: usize) {
    let whole = pieces.iter().take_while(|piece| {
        let fits = piece.len() <= written;
        written -= if fits { piece.len() } else { 0 };
        fits
    });
    let whole = whole.count();
    pieces.drain(..whole);
    if let Some(first) = pieces.first_mut() {
        first.advance(written);
    }
}
