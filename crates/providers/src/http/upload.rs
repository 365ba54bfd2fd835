//! Bodies of requests that are sent as they come: nobody holds more of them than one piece.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use types::Fault;

use super::line::Line;

/// A body that comes piece by piece.
pub trait Upload {
    /// Bytes that it has in all, if that is known.
    fn length(&self) -> Option<u64>;

    /// The next piece; `None` at its end. A fault gives the request up.
    fn poll_piece(&mut self, cx: &mut Context) -> Poll<Option<Result<Bytes, Fault>>>;
}

/// A request on its way.
pub(super) struct Sending<'u> {
    upload: &'u mut dyn Upload,
    unsent: Option<Vec<Bytes>>,
    is_chunked: bool,
    ended: bool,
}

impl<'u> Sending<'u> {
    pub fn new(head: Bytes, upload: &'u mut dyn Upload) -> Self {
        let is_chunked = upload.length().is_none();
        Sending { upload, unsent: Some(vec![head]), is_chunked, ended: false }
    }

    /// Whether all of it is in the system's hands.
    pub fn is_done(&self) -> bool {
        self.ended && self.unsent.is_none()
    }

    /// Sends on, and reads what is there of the answer. The outer error is the upload's own.
    pub fn poll(&mut self, cx: &mut Context, line: &mut Line) -> Poll<Result<io::Result<Bytes>, Fault>> {
        loop {
            if self.unsent.is_none() && !self.ended {
                match self.upload.poll_piece(cx) {
                    Poll::Ready(Some(Ok(piece))) => self.unsent = Some(self.framed(piece)),
                    Poll::Ready(Some(Err(fault))) => return Poll::Ready(Err(fault)),
                    Poll::Ready(None) => {
                        self.ended = true;
                        self.unsent = self.is_chunked.then(|| vec![Bytes::from_static(b"0\r\n\r\n")]);
                    }
                    Poll::Pending => {}
                }
            }
            let was_unsent = self.unsent.is_some();
            match line.poll_exchange(cx, &mut self.unsent) {
                Poll::Ready(read) => return Poll::Ready(Ok(read)),
                // There is room for more.
                Poll::Pending if was_unsent && self.unsent.is_none() && !self.ended => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn framed(&self, piece: Bytes) -> Vec<Bytes> {
        match self.is_chunked && !piece.is_empty() {
            true => vec![format!("{:x}\r\n", piece.len()).into(), piece, Bytes::from_static(b"\r\n")],
            false => vec![piece],
        }
    }
}
