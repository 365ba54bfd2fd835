//! Audits: a share of the questions that got the answer to another one are asked anew, behind the back of their callers and at
//! the expense of the gateway. Where the two answers do not say the same, it was a false hit; too many of them make the
//! group's threshold stricter.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::json::Edit;
use dialects::{BACKS, Front, sse};
use http::{HeaderMap, HeaderName};
use tokio::task::spawn_local;
use tokio::time::timeout;
use types::{Answer, Block, Delta, Event, Operation};

use super::super::key::BESIDE;
use super::{Cache, Kept, Meanings, Place, SemanticTerms, TAG, Tally, Unit, embed};
use crate::ask::Ask;
use crate::{Call, Caller, Content, Gate, letter, serve};

/// Most audits at a time.
const MOST: usize = 4;
/// How long one may take.
const LONGEST: Duration = Duration::from_secs(120);
/// Most of an answer that is compared, bytes.
const COMPARED: usize = 4_000;
/// Most of a stream that is read, bytes.
const MOST_READ: usize = 4 << 20;
/// The tag of questions that are asked anew.
const AUDIT: &str = "lockgate-semantic-audit";

/// Asks a question anew that has just got the answer `kept`, some time soon, unless many are asked already.
pub(crate) fn audit(gate: &Rc<Gate>, cache: &Arc<Cache>, ask: &Rc<Ask>, group: &str, kept: &Arc<Kept>) {
    let Some(meanings) = &cache.meanings else { return };
    let Some(place) = Place::take(meanings, |meanings| &meanings.auditing, MOST) else { return };
    let (gate, cache, ask, kept) = (gate.clone(), cache.clone(), ask.clone(), kept.clone());
    let group = group.to_owned();
    spawn_local(async move {
        if let (Some(terms), Some(meanings)) = (&cache.terms.semantic, &cache.meanings)
            && let Ok(Some(is_false)) = timeout(LONGEST, is_false(&gate, terms, &ask, &kept)).await
        {
            judge(meanings, terms, &group, is_false);
        }
        drop(place);
    });
}

/// An audit has shown whether a hit was false.
fn judge(meanings: &Meanings, terms: &SemanticTerms, group: &str, is_false: bool) {
    let configured = terms.threshold(group);
    let (before, after) = meanings.note(group, |tally: &mut Tally| {
        let before = tally.strictness;
        tally.strictness = before.after(is_false, terms.false_hits);
        tally.audits += 1;
        tally.false_hits += u64::from(is_false);
        (before, tally.strictness)
    });
    if after.steps() != before.steps() {
        let (from, to) = (before.threshold(configured), after.threshold(configured));
        tracing::warn!(group, from, to, "audits change how much alike questions must be");
    }
}

/// Whether the answer that was kept is another one than the question would get; `None` if nobody can tell.
async fn is_false(gate: &Rc<Gate>, terms: &SemanticTerms, ask: &Ask, kept: &Kept) -> Option<bool> {
    let given = said(ask.front, ask.operation, ask.stream, &kept.body)?;
    let reply = Box::pin(serve(gate, again(gate, ask))).await;
    if reply.status != 200 {
        return None;
    }
    let body = match reply.content {
        Content::Whole(bytes) => bytes,
        Content::Stream(mut delivery) => {
            let mut all = Vec::new();
            while let Some(piece) = poll_fn(|cx| delivery.poll_piece(cx)).await {
                if all.len() + piece.len() > MOST_READ {
                    return None;
                }
                all.extend_from_slice(&piece);
            }
            all.into()
        }
    };
    let anew = said(ask.front, ask.operation, ask.stream, &body)?;
    if given == anew {
        return Some(false);
    }
    let vectors = embed(gate, &terms.model, &[&given, &anew], TAG).await.ok()?;
    let [one, other] = <[Vec<f32>; 2]>::try_from(vectors).ok()?.map(Unit::new);
    Some(one?.cosine(&other?)? < terms.same_answer)
}

/// The same question, as the gateway itself asks it: nothing is kept of it, and nobody else pays.
fn again(gate: &Gate, ask: &Ask) -> Call {
    let tags = format!("[\"{AUDIT}\"]");
    let own =
        [("tags", &*tags), ("caching", "false"), ("turn_off_message_logging", "true"), ("disable_fallbacks", "true")];
    let stays = |name: &str| ["model", "stream"].contains(&name) || own.iter().any(|(own, _)| *own == name);
    let beside = BESIDE.iter().filter(|name| !stays(name)).map(|name| Edit::Remove((*name).to_owned()));
    let own = own.iter().map(|(name, value)| Edit::Set((*name).to_owned(), (*value).to_owned()));
    let edits: Vec<Edit> = beside.chain(own).collect();
    let mut headers = HeaderMap::new();
    for (name, value) in letter::forwarded(ask.front, &ask.headers) {
        headers.insert(HeaderName::from_static(name), value.clone());
    }
    Call {
        id: gate.call_id(&HeaderMap::new()),
        front: ask.front,
        operation: ask.operation,
        path_model: Some(ask.model.clone()),
        path_stream: Some(ask.stream),
        headers,
        body: Bytes::from(ask.body.splice(&edits).concat()),
        caller: Arc::new(Caller::admin()),
        ip: None,
    }
}

/// What an answer says, as its caller saw it; `None` if it says nothing, or that is not known.
fn said(front: &dyn Front, operation: Operation, stream: bool, body: &[u8]) -> Option<String> {
    let back = BACKS.iter().find(|back| back.name() == front.name())?;
    let mut text = String::new();
    if stream {
        let (mut reader, mut events) = (back.stream_reader(operation), Vec::new());
        for event in sse::events(back.framing(), body) {
            reader.read(&sse::data(back.framing(), event), &mut events).ok()?;
        }
        for event in &events {
            if let Event::Delta { choice: 0, delta: Delta::Text(part) } = event {
                text += part;
            }
        }
    } else {
        match back.read_answer(operation, body).ok()? {
            Answer::Chat(response) => {
                for block in &response.choices.first()?.blocks {
                    if let Block::Text(part) = block {
                        text += &part.text;
                    }
                }
            }
            _ => return None,
        }
    }
    text.truncate(text.floor_char_boundary(COMPARED));
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests;
