//! One connection: sends the run's request, reads the answer, checks it, and tells what it sees as it sees it.

use super::Run;
use super::answer::Answer;
use super::expect::Check;
use super::tally::Problem;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Bytes read at once.
const READ: usize = 16 * 1024;
/// Bytes kept of an answer with another status than 200.
const EXCERPT: usize = 300;

/// An open connection.
pub(super) struct Link {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What one read has brought of a body.
pub(super) struct Seen {
    /// Bytes of the body.
    pub(super) bytes: usize,
    /// Server-sent events that are complete now.
    pub(super) events: u64,
}

impl Link {
    pub(super) async fn open(run: &Run) -> Result<Self, Problem> {
        let failed = |error: io::Error| Problem::Connect(error.kind());
        let stream = TcpStream::connect(run.plan.address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(Self { stream, buffer: vec![0; READ] })
    }

    /// Sends the request and reads the answer to its end. Gives the link back if it takes another request.
    pub(super) async fn exchange(mut self, run: &Run, mut seen: impl FnMut(Seen)) -> Result<Option<Self>, Problem> {
        let broken = |error: io::Error| Problem::Broken(error.kind());
        self.stream.write_all(&run.request).await.map_err(broken)?;
        let (mut answer, mut check, mut refusal) = (Answer::new(), Check::new(&run.template), Vec::new());
        while !answer.is_done() {
            let read = self.stream.read(&mut self.buffer).await.map_err(broken)?;
            if read == 0 {
                answer.end()?;
                break;
            }
            let mut news = Seen { bytes: 0, events: 0 };
            answer.push(&self.buffer[..read], |status, body| {
                if status == 200 {
                    news.bytes += body.len();
                    news.events += check.feed(body)?;
                } else {
                    let room = EXCERPT - refusal.len();
                    refusal.extend_from_slice(&body[..body.len().min(room)]);
                }
                Ok(())
            })?;
            if news.bytes > 0 {
                seen(news);
            }
        }
        match answer.status() {
            200 => check.end().map(|()| answer.keeps.then_some(self)),
            status => Err(Problem::Status { status, body: String::from_utf8_lossy(&refusal).into_owned() }),
        }
    }
}

/// Times what one request's answer does.
pub(super) struct Watch {
    started: Instant,
    last: Option<Instant>,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), last: None }
    }

    /// Notes what has come. True for the first time.
    pub(super) fn note(&mut self, run: &Run, seen: &Seen) -> bool {
        let now = Instant::now();
        let first = self.last.is_none();
        let mut tally = run.tally();
        if first {
            tally.first(now - self.started);
        }
        // Bytes that complete no event are no sign of its cadence.
        let gap = self.last.filter(|_| seen.events > 0).map(|last| now - last);
        tally.body(seen.bytes, seen.events, gap);
        if first || seen.events > 0 {
            self.last = Some(now);
        }
        first
    }

    /// Since the request was sent.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
