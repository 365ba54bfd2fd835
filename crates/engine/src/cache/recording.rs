//! Takes an answer down while its caller gets it, to be kept if it turns out to be whole and well.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::kept::Kept;
use super::key::CacheKey;
use super::semantic::Lesson;
use super::{Cache, write};
use crate::Deployment;
use crate::ask::Ask;
use crate::attempt::Opened;
use crate::booking::Receipt;

/// An answer that is being taken down.
pub(crate) struct Recording {
    cache: Arc<Cache>,
    key: CacheKey,
    ask: Rc<Ask>,
    /// What stands for the `*` of a wildcard group.
    star: Option<String>,
    ttl: Duration,
    clock: Rc<dyn Fn() -> i64>,
    /// What the question means, to be remembered once the answer is kept.
    lesson: Cell<Option<Lesson>>,
    /// The bound of the answer, if there was no money for a longer one.
    lowered: Cell<Option<u64>>,
    state: RefCell<State>,
}

enum State {
    /// What was seen so far of a stream.
    Open(BytesMut),
    /// It is settled; the rest is still to be seen.
    Settled(BytesMut, Box<Kept>),
    /// It is not kept, or is already.
    Over,
}

impl Recording {
    /// Nothing was seen yet.
    pub fn begin(
        cache: Arc<Cache>,
        key: CacheKey,
        ask: &Rc<Ask>,
        star: Option<String>,
        ttl: Duration,
        clock: Rc<dyn Fn() -> i64>,
    ) -> Self {
        let state = RefCell::new(State::Open(BytesMut::new()));
        let (lesson, lowered) = (Cell::new(None), Cell::new(None));
        Recording { cache, key, ask: ask.clone(), star, ttl, clock, lesson, lowered, state }
    }

    /// The question is to be remembered with the answer.
    pub fn teaching(self, lesson: Option<Lesson>) -> Self {
        self.lesson.set(lesson);
        self
    }

    /// Adds under which key the answer will be found.
    pub fn write(&self, headers: &mut HeaderMap) {
        write(headers, &self.key, "miss");
    }

    /// This is how the answer begins. What stands in for the model, or did not pass a check, is for this call alone.
    pub fn opened(&self, opened: &Opened) {
        let doubtful = self.ask.route.as_deref().is_some_and(|route| route.is_doubtful(&self.ask, opened));
        self.lowered.set(opened.lowered);
        if opened.group != self.ask.model || doubtful {
            self.give_up();
        }
    }

    /// The answer is not kept.
    pub fn give_up(&self) {
        *self.state.borrow_mut() = State::Over;
    }

    /// The caller gets this piece.
    pub fn note(&self, piece: &[u8]) {
        let mut state = self.state.borrow_mut();
        let (State::Open(seen) | State::Settled(seen, _)) = &mut *state else { return };
        match seen.len() + piece.len() <= self.cache.terms.item_bytes {
            true => seen.extend_from_slice(piece),
            false => *state = State::Over,
        }
    }

    /// The answer is complete, and this is what it came to.
    pub fn settled(&self, deployment: &Deployment, receipt: &Receipt) {
        let mut state = self.state.borrow_mut();
        if let State::Open(seen) = &mut *state {
            *state = match self.is_short(receipt) {
                true => State::Over,
                false => State::Settled(std::mem::take(seen), Box::new(self.kept(deployment, receipt))),
            };
        }
    }

    /// The caller has got all of the stream.
    pub fn end(&self) {
        if let State::Settled(seen, kept) = self.state.replace(State::Over) {
            // What grew piece by piece takes more memory than it needs.
            self.keep(Kept { body: Bytes::copy_from_slice(&seen), ..*kept });
        }
    }

    /// The caller gets this whole answer.
    pub fn whole(&self, deployment: &Deployment, receipt: &Receipt, body: &Bytes) {
        let fits = body.len() <= self.cache.terms.item_bytes && !self.is_short(receipt);
        if let (State::Open(_), true) = (self.state.replace(State::Over), fits) {
            // What a provider sent lies in a larger piece of memory, mostly.
            self.keep(Kept { body: Bytes::copy_from_slice(body), ..self.kept(deployment, receipt) });
        }
    }

    /// Whether the answer may have been cut short for want of money.
    fn is_short(&self, receipt: &Receipt) -> bool {
        let reached = |bound| self.ask.answers() > 1 || receipt.usage.output.is_none_or(|output| output >= bound);
        self.lowered.get().is_some_and(reached)
    }

    fn kept(&self, deployment: &Deployment, receipt: &Receipt) -> Kept {
        let at_ms = (self.clock)();
        let model = deployment.upstream_model(self.star.as_deref());
        Kept {
            model: format!("{}/{model}", deployment.provider),
            provider: deployment.provider.to_owned(),
            deployment_id: deployment.id.clone(),
            api_base: deployment.endpoint.url(),
            usage: *receipt.usage,
            cost: receipt.cost.as_ref().map(|cost| cost.total),
            at_ms,
            until_ms: at_ms.saturating_add(i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX)),
            body: Bytes::new(),
        }
    }

    fn keep(&self, kept: Kept) {
        if !kept.body.is_empty() {
            let until_ms = kept.until_ms;
            self.cache.keep(&self.key, kept, (self.clock)());
            self.lesson.take().into_iter().for_each(|lesson| lesson.learn(self.key, until_ms));
        }
    }
}
