//! Listens to an answer on its way to the caller, and lays down what is to be kept of it before the caller has its end, or
//! what was made of it when the caller leaves before that.

use bytes::{Bytes, BytesMut};
use dialects::json::Doc;
use dialects::kept;
use memchr::memmem;
use store::ELSEWHERE;

use super::Live;
use super::shelf::{Fresh, Name};

/// Longest end of a stream that is kept: it repeats the answer.
const LONGEST: usize = 32 << 20;
/// Pieces in which an id is looked for.
const PATIENCE: usize = 8;
/// What the last event of a stream of ours begins with.
const EVENT: &[u8] = b"event: response.";
/// How it goes on.
const LAST: [&[u8]; 3] = [b"completed\n", b"incomplete\n", b"failed\n"];
/// As many bytes as may have to be seen together to know it.
const SEAM: usize = EVENT.len() + LAST[1].len();

/// Who listens to an answer.
pub struct Tap {
    live: Live,
    owner: String,
    request: Bytes,
    created_at: i64,
    state: State,
}

enum State {
    /// So many pieces went by without an id.
    Unknown(usize),
    /// It is made here, and the end of what went by is this.
    Waiting(String, Vec<u8>),
    /// Its end is on its way.
    Ending(String, BytesMut),
    /// There is nothing to listen to any more.
    Over,
}

impl Tap {
    /// Listens to what is answered to `request`.
    pub fn new(live: &Live, owner: String, request: Bytes, created_at: i64) -> Self {
        Tap { live: live.clone(), owner, request, created_at, state: State::Unknown(0) }
    }

    /// An answer that is whole.
    pub fn whole(self, answer: &Bytes) {
        if let Some(id) = kept::find_id(answer) {
            match kept::is_own(id) {
                true => self.lay(id, answer.clone()),
                false => self.note(id),
            }
        }
    }

    /// A piece of a stream.
    pub fn hear(&mut self, piece: &[u8]) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Unknown(PATIENCE..) | State::Over => {}
            State::Unknown(before) => match kept::find_id(piece).map(str::to_owned) {
                None => self.state = State::Unknown(before + 1),
                Some(id) if kept::is_own(&id) => self.wait(id, Vec::new(), piece),
                Some(id) => self.note(&id),
            },
            State::Waiting(id, seam) => self.wait(id, seam, piece),
            State::Ending(id, end) => self.end(id, end, piece),
        }
    }

    /// Whether the caller knows the id of an answer of ours whose end has not come yet.
    pub fn is_listening(&self) -> bool {
        matches!(self.state, State::Waiting(..) | State::Ending(..))
    }

    /// The caller has left, and this is what was made.
    pub fn left(&mut self, answer: &Bytes) {
        if let State::Waiting(id, _) | State::Ending(id, _) = std::mem::replace(&mut self.state, State::Over) {
            self.lay(&id, answer.clone());
        }
    }

    fn wait(&mut self, id: String, mut seam: Vec<u8>, piece: &[u8]) {
        // What begins in one piece may go on in the next.
        let seen = seam.len();
        seam.extend_from_slice(&piece[..piece.len().min(SEAM)]);
        if let Some(at) = last_event(&seam).filter(|at| *at < seen) {
            let end = BytesMut::from(&seam[at..seen]);
            return self.end(id, end, piece);
        }
        if let Some(at) = last_event(piece) {
            return self.end(id, BytesMut::new(), &piece[at..]);
        }
        let mut seam = if piece.len() < SEAM { seam } else { piece.to_vec() };
        seam.drain(..seam.len().saturating_sub(SEAM));
        self.state = State::Waiting(id, seam);
    }

    fn end(&mut self, id: String, mut end: BytesMut, piece: &[u8]) {
        let before = end.len();
        end.extend_from_slice(piece);
        let over = memmem::find(&end[before.saturating_sub(1)..], b"\n\n").is_some();
        match over {
            true => {
                if let Some(answer) = answer_of(&end) {
                    self.lay(&id, answer);
                }
            }
            false if end.len() > LONGEST => {}
            false => self.state = State::Ending(id, end),
        }
    }

    fn lay(&self, id: &str, answer: Bytes) {
        self.live.shelf.lay(self.fresh(id, self.request.clone(), answer, None));
    }

    /// A provider keeps it: here it is noted whose it is.
    fn note(&self, id: &str) {
        self.live.shelf.lay(self.fresh(id, Bytes::new(), Bytes::new(), Some(ELSEWHERE)));
    }

    fn fresh(&self, id: &str, request: Bytes, answer: Bytes, status: Option<&'static str>) -> Fresh {
        let name = Name { id: id.to_owned(), owner: self.owner.clone() };
        Fresh { name, created_at: self.created_at, request, answer, status }
    }
}

/// Where the last event of a stream begins.
fn last_event(piece: &[u8]) -> Option<usize> {
    memmem::find_iter(piece, EVENT).find(|at| LAST.iter().any(|word| piece[at + EVENT.len()..].starts_with(word)))
}

/// The answer that the last event shows.
pub fn answer_of(event: &[u8]) -> Option<Bytes> {
    let at = memmem::find(event, b"data: ")? + b"data: ".len();
    let end = memmem::find(&event[at..], b"\n").map_or(event.len(), |end| at + end);
    let doc = Doc::parse_answer(&event[at..end]).ok()?;
    doc.root().get_some("response").map(|answer| Bytes::copy_from_slice(answer.raw().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_stream_is_known_wherever_it_is_cut() {
        let end = "event: response.incomplete\ndata: {\"response\":{\"id\":\"resp_gwx\"}}\n\n";
        assert_eq!(last_event(format!("event: response.created\ndata: {{}}\n\n{end}").as_bytes()), Some(34));
        assert_eq!(last_event(b"event: response.completed"), None);
        assert_eq!(answer_of(end.as_bytes()).as_deref(), Some(&br#"{"id":"resp_gwx"}"#[..]));
        assert_eq!(answer_of(b"event: response.completed\n"), None);
    }
}
