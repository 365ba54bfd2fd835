//! Writing HTTP: heads, and bodies of known length or in chunks, cut as the knobs ask.

use super::super::conn::{FULL, Gone};
use super::{Player, SLOW_MS};
use crate::knobs::Fault;
use std::io::Write;

/// How a body is framed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Framing {
    Length(usize),
    Chunks,
}

impl Player<'_> {
    /// Writes the head of an answer.
    pub(super) async fn head(
        &mut self,
        status: u16,
        kind: &str,
        framing: Framing,
        retry_after: Option<f64>,
    ) -> Result<(), Gone> {
        self.shared.recorder.answered(self.seq, status);
        let out = &mut self.conn.outbox;
        let (id, seq) = (self.dialect.id_header(), self.seq);
        // Writing to a Vec cannot fail.
        let _ =
            write!(out, "HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\n{id}: req_drill{seq:08}\r\n", reason(status));
        if let Some(seconds) = retry_after {
            let _ = write!(out, "retry-after: {seconds}\r\n");
        }
        if let Some(left) = self.knobs.quota {
            let tokens = left.saturating_mul(1000);
            let _ = write!(out, "x-ratelimit-remaining-requests: {left}\r\nx-ratelimit-remaining-tokens: {tokens}\r\n");
        }
        if self.close {
            out.extend_from_slice(b"connection: close\r\n");
        }
        let _ = match framing {
            Framing::Length(length) => write!(out, "content-length: {length}\r\n\r\n"),
            Framing::Chunks => write!(out, "cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"),
        };
        if self.knobs.fault == Some(Fault::SlowHeaders) {
            self.slowly().await?;
        }
        Ok(())
    }

    /// Sends what is in the outbox byte by byte.
    async fn slowly(&mut self) -> Result<(), Gone> {
        let bytes = std::mem::take(&mut self.conn.outbox);
        for byte in bytes {
            self.conn.outbox.push(byte);
            self.conn.pause(self.knobs.chunk_ms.unwrap_or(SLOW_MS)).await?;
        }
        Ok(())
    }

    /// Writes a body whose length the head has announced.
    pub(super) async fn body(&mut self, body: &[u8]) -> Result<(), Gone> {
        match self.split() {
            None => {
                self.conn.outbox.extend_from_slice(body);
                self.conn.flush().await
            }
            Some(size) => {
                for piece in body.chunks(size) {
                    self.conn.outbox.extend_from_slice(piece);
                    self.piece().await?;
                }
                Ok(())
            }
        }
    }

    /// Writes a part of a chunked body; it may stay in the outbox.
    pub(super) async fn chunk(&mut self, data: &[u8]) -> Result<(), Gone> {
        match self.split() {
            None => {
                self.frame(data);
                if self.conn.outbox.len() >= FULL || self.knobs.on(self.knobs.flush) {
                    self.conn.flush().await?;
                }
            }
            // Chunks of their own make the cuts visible even where the network joins the writes.
            Some(size) => {
                for piece in data.chunks(size) {
                    self.frame(piece);
                    self.piece().await?;
                }
            }
        }
        Ok(())
    }

    /// Writes the end of a chunked body.
    pub(super) fn last_chunk(&mut self) {
        self.conn.outbox.extend_from_slice(b"0\r\n\r\n");
    }

    fn frame(&mut self, data: &[u8]) {
        // An empty chunk would be the last one.
        if data.is_empty() {
            return;
        }
        let out = &mut self.conn.outbox;
        let _ = write!(out, "{:x}\r\n", data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }

    /// Sends a piece by itself and lets the reader, if it shares the thread, have it before the next.
    async fn piece(&mut self) -> Result<(), Gone> {
        self.conn.flush().await?;
        tokio::task::yield_now().await;
        Ok(())
    }

    fn split(&self) -> Option<usize> {
        self.knobs.split.map(|size| (size as usize).max(1))
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Payload Too Large",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        529 => "Overloaded",
        _ => "Status",
    }
}
