//! Plays a streamed answer step by step, with the waits between its chunks and the faults in its middle.

use super::super::conn::Gone;
use super::http::Framing;
use super::{BROKEN, End, GARBAGE, Next, Player, faulted};
use crate::dialect::Writer;
use crate::knobs::Fault;
use crate::script::{Step, Turn, steps};

/// Length announced for a stream that is then shorter than that.
const WRONG_LENGTH: usize = 64 * 1024 * 1024;

/// Where a stream is.
struct Progress {
    /// Content chunks written.
    sent: u64,
    /// Content chunks to write before the fault.
    after: u64,
    /// The fault still to come.
    fault: Option<Fault>,
}

impl Player<'_> {
    pub(super) async fn stream(&mut self, turn: &Turn) -> Result<End, Gone> {
        let fault = self.knobs.fault;
        let framing = if fault == Some(Fault::WrongLength) { Framing::Length(WRONG_LENGTH) } else { Framing::Chunks };
        self.head(200, self.dialect.stream_type(turn), framing, None).await?;
        if fault == Some(Fault::Empty) {
            self.last_chunk();
            return self.end(true).await;
        }
        let mut progress = Progress { sent: 0, after: self.knobs.after.unwrap_or(1), fault: middle(fault) };
        let mut writer = self.dialect.writer(turn);
        // One buffer for all events of the stream.
        let mut event = Vec::with_capacity(512);
        for step in steps(&turn.answer, self.knobs.on(self.knobs.interleave)) {
            event.clear();
            let strikes = progress.strikes(&step);
            if let Some(end) = self.strike(strikes, &mut *writer, &mut event, &mut progress, turn).await? {
                return Ok(end);
            }
            writer.step(&step, &mut event);
            if event.is_empty() {
                continue;
            }
            if step.is_content() {
                self.wait(progress.sent).await?;
                progress.sent += 1;
            }
            self.send(&event, fault).await?;
        }
        if fault == Some(Fault::WrongLength) {
            self.conn.flush().await?;
            return faulted(Next::Close);
        }
        self.last_chunk();
        self.end(fault.is_some()).await
    }

    /// Pieces of sound, or events that hold some.
    pub(super) async fn pieces(&mut self, kind: &str, pieces: &[Vec<u8>]) -> Result<End, Gone> {
        self.head(200, kind, Framing::Chunks, None).await?;
        let (fault, after) = (middle(self.knobs.fault), self.knobs.after.unwrap_or(1));
        for (sent, piece) in pieces.iter().enumerate() {
            self.wait(sent as u64).await?;
            match fault.filter(|_| sent as u64 >= after) {
                None => self.chunk(piece).await?,
                Some(Fault::Stall | Fault::HangFirst) => return self.hang().await,
                Some(Fault::ResetMid) => return self.leave(Next::Reset).await,
                Some(_) => return self.leave(Next::Close).await,
            }
            if self.knobs.chunk_ms.is_some() {
                self.conn.flush().await?;
            }
        }
        self.last_chunk();
        self.end(false).await
    }

    async fn send(&mut self, event: &[u8], fault: Option<Fault>) -> Result<(), Gone> {
        if fault == Some(Fault::WrongLength) { self.body(event).await } else { self.chunk(event).await }
    }

    /// The wait before a content chunk.
    async fn wait(&mut self, sent: u64) -> Result<(), Gone> {
        match if sent == 0 { self.knobs.first_ms } else { self.knobs.chunk_ms } {
            Some(ms) => self.conn.pause(ms).await,
            None => Ok(()),
        }
    }

    /// Lets a fault strike. `None`: the stream goes on.
    async fn strike(
        &mut self,
        fault: Option<Fault>,
        writer: &mut dyn Writer,
        event: &mut Vec<u8>,
        progress: &mut Progress,
        turn: &Turn,
    ) -> Result<Option<End>, Gone> {
        let Some(fault) = fault else { return Ok(None) };
        if progress.sent > 0 {
            self.wait(progress.sent).await?;
        }
        let end = match fault {
            Fault::Stall | Fault::HangFirst => self.hang().await,
            Fault::Cut => self.leave(Next::Close).await,
            Fault::ResetMid => self.leave(Next::Reset).await,
            Fault::CutClean => {
                self.last_chunk();
                self.end(true).await
            }
            Fault::ErrorMid => {
                let failure = self.dialect.failure(&self.middle_problem(), &turn.ask.model);
                writer.failure(failure, event);
                self.chunk(event).await?;
                self.last_chunk();
                self.end(true).await
            }
            Fault::BadChunk => self.bad_chunk().await,
            Fault::Huge => {
                writer.garbage("{\"endless\":\"", event);
                let line = event.trim_ascii_end().to_vec();
                self.huge(&line).await
            }
            _ => {
                progress.fault = None;
                if fault == Fault::BadJson {
                    writer.garbage(BROKEN, event);
                } else {
                    event.extend_from_slice(GARBAGE);
                }
                self.chunk(event).await?;
                event.clear();
                return Ok(None);
            }
        };
        end.map(Some)
    }

    /// Ends the connection in the middle of the body.
    async fn leave(&mut self, next: Next) -> Result<End, Gone> {
        self.conn.flush().await?;
        faulted(next)
    }
}

impl Progress {
    /// The fault that strikes before this step: after enough content, or where the content ends before that.
    fn strikes(&self, step: &Step<'_>) -> Option<Fault> {
        let due = match step {
            Step::Open => false,
            Step::Finish { .. } | Step::Close => true,
            _ if self.fault == Some(Fault::HangFirst) => true,
            _ => self.sent >= self.after,
        };
        self.fault.filter(|_| due)
    }
}

/// The fault if it is one that strikes in the middle of a stream.
fn middle(fault: Option<Fault>) -> Option<Fault> {
    fault.filter(|fault| {
        use Fault::*;
        matches!(fault, HangFirst | Stall | Cut | CutClean | ResetMid | ErrorMid | BadJson | BadSse | BadChunk | Huge)
    })
}
