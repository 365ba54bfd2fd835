//! Plays an answer to the caller: delays, faults, and the writing of heads and bodies. Streams are in
//! `play/stream.rs`, everything else is here.

mod http;
mod stream;

use super::Shared;
use super::conn::{Conn, Gone};
use super::plan::{Content, Plan};
use crate::dialect::Dialect;
use crate::knobs::{Fault, Knobs, Trouble};
use crate::problem::Problem;
use http::Framing;

/// Longest a hang lasts if the caller does not end it.
const HANG_MS: u64 = 600_000;
/// Size of the endless line, which does end.
const HUGE: usize = 64 * 1024 * 1024;
/// Wait between bytes of a slow head, unless a knob says otherwise.
const SLOW_MS: u64 = 10;
/// What a proxy in front of a provider says when it cannot reach it.
const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
/// Bytes that are no event of any stream.
const GARBAGE: &[u8] = b"\x00\xff\xfe}{garbage: \x80\r\n:::\n\n";
/// JSON that breaks off.
const BROKEN: &str = r#"{"id": "broken", "choices": [{"delta": {"content": "#;

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It takes the next request.
    Keep,
    /// It ends with a FIN.
    Close,
    /// It ends with an RST.
    Reset,
}

/// How an answer ended, when the caller was there to the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(super) faulted: bool,
    pub(super) next: Next,
}

fn faulted(next: Next) -> Result<End, Gone> {
    Ok(End { faulted: true, next })
}

/// Writes one answer to one connection.
pub(crate) struct Player<'a> {
    shared: &'a Shared,
    conn: &'a mut Conn,
    dialect: &'a dyn Dialect,
    knobs: &'a Knobs,
    seq: u64,
    /// The connection is not used again.
    close: bool,
    /// The caller wants no body.
    pub(super) head_only: bool,
}

impl<'a> Player<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        conn: &'a mut Conn,
        dialect: &'a dyn Dialect,
        knobs: &'a Knobs,
        seq: u64,
        close: bool,
    ) -> Self {
        Self { shared, conn, dialect, knobs, seq, close, head_only: false }
    }

    /// Answers as planned.
    pub(super) async fn play(&mut self, plan: &Plan) -> Result<End, Gone> {
        if let Content::Refusal(problem) = &plan.content {
            return self.problem(problem, &plan.model).await;
        }
        self.conn.pause(self.knobs.delay_ms.unwrap_or(0)).await?;
        if let Some(end) = self.early_fault().await? {
            return Ok(end);
        }
        if let Some(problem) = self.wanted_problem() {
            return self.problem(&problem, &plan.model).await;
        }
        match &plan.content {
            Content::Turn(turn) if turn.ask.stream => self.stream(turn).await,
            Content::Turn(turn) => self.whole(self.dialect.whole(turn).to_string().into_bytes(), &plan.model).await,
            Content::Json(json) => self.whole(json.to_string().into_bytes(), &plan.model).await,
            Content::Pieces(kind, pieces) => self.pieces(kind, pieces).await,
            Content::Plain(text) => self.full(200, "text/plain; charset=utf-8", text.as_bytes(), None).await,
            Content::Refusal(problem) => self.problem(problem, &plan.model).await,
        }
    }

    /// The error the knobs ask for, unless it is for the middle of a stream.
    fn wanted_problem(&self) -> Option<Problem> {
        if self.knobs.fault == Some(Fault::ErrorMid) {
            return None;
        }
        if self.knobs.on(self.knobs.blocked) && !self.dialect.tells_blocked() {
            return Some(Problem { message: self.knobs.message.clone(), ..Problem::new(Trouble::ContentPolicy) });
        }
        Problem::from_knobs(self.knobs)
    }

    /// The error that strikes in the middle of an answer.
    fn middle_problem(&self) -> Problem {
        let usual = Problem { message: self.knobs.message.clone(), ..Problem::new(Trouble::Server) };
        Problem::from_knobs(self.knobs).unwrap_or(usual)
    }

    /// Answers with an error in the vendor's words.
    pub(crate) async fn problem(&mut self, problem: &Problem, model: &str) -> Result<End, Gone> {
        let failure = self.dialect.failure(problem, model);
        let body = failure.body.to_string();
        self.full(failure.status, "application/json", body.as_bytes(), problem.retry_after).await
    }

    /// Faults that strike instead of a head, or replace the answer.
    async fn early_fault(&mut self) -> Result<Option<End>, Gone> {
        let fault = self.knobs.fault;
        let end = match fault {
            Some(Fault::Reset) => faulted(Next::Reset),
            Some(Fault::Close) => faulted(Next::Close),
            Some(Fault::HangHeaders) => self.hang().await,
            Some(Fault::HalfHead) => self.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/j").await,
            Some(Fault::NotHttp) => self.raw(GARBAGE).await,
            Some(Fault::Html) => {
                let status = self.knobs.status.unwrap_or(502);
                self.full(status, "text/html", HTML.as_bytes(), None).await.map(|end| End { faulted: true, ..end })
            }
            _ => return Ok(None),
        };
        end.map(Some)
    }

    async fn raw(&mut self, bytes: &[u8]) -> Result<End, Gone> {
        self.conn.outbox.extend_from_slice(bytes);
        self.conn.flush().await?;
        faulted(Next::Close)
    }

    /// Says nothing until the caller goes away.
    async fn hang(&mut self) -> Result<End, Gone> {
        self.conn.pause(HANG_MS).await?;
        faulted(Next::Close)
    }

    /// Answers with a body of known length.
    pub(crate) async fn full(
        &mut self,
        status: u16,
        kind: &str,
        body: &[u8],
        retry_after: Option<f64>,
    ) -> Result<End, Gone> {
        self.head(status, kind, Framing::Length(body.len()), retry_after).await?;
        if !self.head_only {
            self.body(body).await?;
        }
        self.end(false).await
    }

    /// Ends an answer that kept HTTP's rules.
    async fn end(&mut self, faulted: bool) -> Result<End, Gone> {
        self.conn.flush().await?;
        self.conn.tidy();
        Ok(End { faulted, next: if self.close { Next::Close } else { Next::Keep } })
    }

    /// Answers with JSON that is not streamed, broken in the way the knobs ask for.
    async fn whole(&mut self, body: Vec<u8>, model: &str) -> Result<End, Gone> {
        const JSON: &str = "application/json";
        let half = body.len() / 2;
        let Some(fault) = self.knobs.fault else {
            self.head(200, JSON, Framing::Length(body.len()), None).await?;
            self.first_wait().await?;
            if !self.head_only {
                self.body(&body).await?;
            }
            return self.end(false).await;
        };
        match fault {
            Fault::ErrorMid => {
                let problem = self.middle_problem();
                return self.problem(&problem, model).await.map(|end| End { faulted: true, ..end });
            }
            Fault::Empty => return self.broken(&[]).await,
            Fault::BadJson => return self.broken(&body[..half]).await,
            Fault::BadSse => return self.broken(GARBAGE).await,
            Fault::NoChoices | Fault::SlowHeaders => return self.broken(&body).await,
            Fault::CutClean | Fault::BadChunk | Fault::Huge => self.head(200, JSON, Framing::Chunks, None).await?,
            Fault::WrongLength => self.head(200, JSON, Framing::Length(body.len() + 16), None).await?,
            _ => self.head(200, JSON, Framing::Length(body.len()), None).await?,
        }
        match fault {
            Fault::HangFirst => self.hang().await,
            Fault::CutClean => {
                self.chunk(&body[..half]).await?;
                self.last_chunk();
                self.end(true).await
            }
            Fault::BadChunk => self.bad_chunk().await,
            Fault::Huge => self.huge(b"{\"endless\":\"").await,
            _ => {
                let sent = if fault == Fault::WrongLength { body.len() } else { half };
                self.body(&body[..sent]).await?;
                self.conn.flush().await?;
                match fault {
                    Fault::Stall => self.hang().await,
                    Fault::ResetMid => faulted(Next::Reset),
                    _ => faulted(Next::Close),
                }
            }
        }
    }

    /// A body that is wrong in a frame that is right.
    async fn broken(&mut self, body: &[u8]) -> Result<End, Gone> {
        self.full(200, "application/json", body, None).await.map(|end| End { faulted: true, ..end })
    }

    async fn first_wait(&mut self) -> Result<(), Gone> {
        match self.knobs.first_ms {
            Some(ms) => self.conn.pause(ms).await,
            None => Ok(()),
        }
    }

    /// Chunked framing that is none.
    async fn bad_chunk(&mut self) -> Result<End, Gone> {
        self.raw(b"this is no chunk size\r\n{}\r\n").await
    }

    /// A single line that does not end for a long time.
    async fn huge(&mut self, start: &[u8]) -> Result<End, Gone> {
        self.chunk(start).await?;
        let block = vec![b'x'; 64 * 1024];
        for _ in 0..HUGE / block.len() {
            self.chunk(&block).await?;
            self.conn.flush().await?;
        }
        faulted(Next::Close)
    }
}
