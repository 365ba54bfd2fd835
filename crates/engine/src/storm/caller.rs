//! Those who call: they ask, read what comes, are slow, and leave whenever they like. After each step of a call the
//! witness looks at the meters.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dialects::FRONTS;
use http::HeaderMap;
use policy::limits::Dimension;
use tokio::time::{Instant, sleep};
use types::{Operation, Usd};

use super::witness::Witness;
use super::world::{CallPlan, HangUp, KEYS, Wish, World};
use crate::{Call, Content, Gate, Meters, Reply, serve};

/// The way to the gateway.
pub struct Way {
    pub world: Arc<World>,
    pub witness: Arc<Witness>,
    pub gate: Rc<Gate>,
    pub meters: Arc<Meters>,
}

/// What is used of everybody's limits, and held.
type Used = Vec<(u64, [u64; Dimension::ALL.len()], Usd)>;

impl Way {
    /// Makes a call.
    pub async fn call(self: Rc<Self>, index: usize) {
        let plan = &self.world.calls[index];
        let caller = {
            let setup = (self.gate.setup)();
            self.gate.keyring.find(&setup.access, &headers(plan), (self.gate.unix_ms)())
        };
        let Ok(caller) = caller else {
            let mut seen = self.witness.lock();
            seen.count("turned away");
            return seen.note(&format!("call {index} is turned away"));
        };
        let (front, operation) = match plan.wish {
            Wish::Chat => (FRONTS[0], Operation::Chat),
            Wish::Message | Wish::Misfit => (FRONTS[1], Operation::Chat),
            Wish::Count => (FRONTS[1], Operation::CountTokens),
            Wish::Embedding => (FRONTS[0], Operation::Embedding),
        };
        let (id, headers, body) = (format!("call-{index}"), headers(plan), body(index, plan));
        let call = Call { id, front, operation, path_model: None, path_stream: None, headers, body, caller, ip: None };
        let refused = RefCell::new(None);
        let began = Instant::now();
        let work = async {
            let reply = serve(&self.gate, call).await;
            if let Some(refusal) = refusal(&reply) {
                refused.replace(Some(refusal));
            }
            let end = self.read(index, plan, reply).await;
            self.ended(index, plan, end, began);
        };
        let left = match plan.hang_up {
            HangUp::Never => self.watched(index, plan, Box::pin(work), &refused, u64::MAX).await,
            HangUp::Polls(polls) => self.watched(index, plan, Box::pin(work), &refused, polls).await,
            HangUp::After(ms) => {
                let watched = self.watched(index, plan, Box::pin(work), &refused, u64::MAX);
                tokio::time::timeout(Duration::from_millis(ms), watched).await.unwrap_or(true)
            }
        };
        self.witness.lock().check(&self.meters);
        if left {
            let mut seen = self.witness.lock();
            seen.count("left");
            seen.note(&format!("caller {index} left"));
        }
    }

    /// Looks after the call, at most so often; whether the caller left.
    async fn watched(
        &self,
        index: usize,
        plan: &CallPlan,
        mut work: Pin<Box<impl Future<Output = ()>>>,
        refused: &RefCell<Option<String>>,
        mut polls: u64,
    ) -> bool {
        let began = Cell::new(false);
        poll_fn(|cx: &mut Context| {
            if polls == 0 {
                return Poll::Ready(true);
            }
            polls -= 1;
            let is_first = !began.replace(true);
            let before = is_first.then(|| self.used());
            let polled = work.as_mut().poll(cx);
            if let Some(before) = before {
                self.admitted(index, plan, refused.borrow().as_deref(), &before);
            }
            self.witness.lock().check(&self.meters);
            polled.map(|()| false)
        })
        .await
    }

    /// Whether a call is admitted is decided at once: then it counts, or has taken nothing of anything.
    fn admitted(&self, index: usize, plan: &CallPlan, refused: Option<&str>, before: &Used) {
        match refused.filter(|text| text.contains("Rate limit exceeded for")) {
            Some(text) => {
                let after = self.used();
                let mut seen = self.witness.lock();
                seen.count("refused by limits");
                seen.note(&format!("call {index} is refused: {text}"));
                // Somebody who is seen for the first time may have been entered.
                if after[..before.len()] != before[..] || after[before.len()..].iter().any(|one| !is_nothing(one)) {
                    seen.fail(format!("call {index} is refused, but took something: {before:?} -> {after:?}"));
                }
            }
            None if refused.is_some_and(|text| text.contains("is blocked")) => self.witness.lock().count("turned away"),
            None => {
                let subjects = self.world.subjects(plan);
                let mut seen = self.witness.lock();
                seen.admitted(index, &subjects);
                seen.check_room(&self.meters, &subjects);
            }
        }
    }

    /// Everybody's usage, in the order in which they came.
    fn used(&self) -> Used {
        let now = (self.gate.unix_ms)().max(0) as u64;
        let used = |meter: &Arc<crate::meters::Meter>| {
            let mut state = meter.lock();
            let held = state.purses().iter().map(|purse| purse.held).sum();
            let usage = Dimension::ALL.map(|dimension| state.usage.used(dimension, now));
            (meter.number, usage, held)
        };
        let mut all: Used = self.meters.all().iter().map(used).collect();
        all.sort_by_key(|one| one.0);
        all
    }

    /// Reads the answer: its text, and whether it came to its proper end.
    async fn read(&self, index: usize, plan: &CallPlan, reply: Reply) -> (u16, bool) {
        let mut text = Vec::new();
        let status = reply.status;
        match reply.content {
            Content::Whole(bytes) => text.extend_from_slice(&bytes),
            Content::Stream(mut delivery) => {
                while let Some(piece) = poll_fn(|cx| delivery.poll_piece(cx)).await {
                    text.extend_from_slice(&piece);
                    if plan.sloth_ms > 0 {
                        sleep(Duration::from_millis(plan.sloth_ms)).await;
                    }
                }
            }
        }
        let text = String::from_utf8_lossy(&text);
        if text.contains("the gateway failed") {
            self.witness.fail(format!("call {index} met a defect: {text}"));
        }
        let last = if plan.wish == Wish::Message { "event: message_stop" } else { "data: [DONE]" };
        let whole = status == 200 && (!plan.stream || text.contains(last) && !text.contains("\"error\""));
        if !whole {
            let short: String = text.chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
            self.witness.note(&format!("call {index} got {status}: {short}"));
        }
        (status, whole)
    }

    fn ended(&self, index: usize, plan: &CallPlan, (status, whole): (u16, bool), began: Instant) {
        let mut seen = self.witness.lock();
        let took = began.elapsed().as_millis() as u64;
        seen.note(&format!("call {index} is over: {status}, whole: {whole}, {took} ms"));
        if whole && plan.wish != Wish::Count {
            seen.finished(index);
        }
        seen.count(match (status, whole) {
            (200, true) => "answered",
            (200, false) => "broken off",
            (422, _) => "refused by budgets",
            (429, _) => "refused with 429",
            _ => "failed",
        });
        // Nothing but seats and money was waited for: each not longer than patience allows, for each model that was tried.
        let tries = 1 + self.world.rules.fallbacks.len() as u64;
        let asked = seen.opened.values().any(|entry| entry.call_id == format!("call-{index}"));
        if status == 422 && !asked && took > 2 * self.world.patience_ms * tries + plan.sloth_ms + 50 {
            seen.fail(format!("call {index} waited for {took} ms for money"));
        }
    }
}

fn is_nothing((_, used, held): &(u64, [u64; Dimension::ALL.len()], Usd)) -> bool {
    used.iter().all(|used| *used == 0) && *held == Usd::ZERO
}

fn refusal(reply: &Reply) -> Option<String> {
    match &reply.content {
        Content::Whole(bytes) if reply.status != 200 => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

fn headers(plan: &CallPlan) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| headers.insert(name, value.parse().expect("a header"));
    put("authorization", &format!("Bearer {}", KEYS[plan.key].secret));
    if let Some(customer) = plan.customer {
        put("x-litellm-customer-id", customer);
    }
    if !plan.tags.is_empty() {
        put("x-litellm-tags", &plan.tags.join(","));
    }
    if let Some(ms) = plan.timeout_ms {
        put("x-litellm-timeout", &(ms as f64 / 1000.0).to_string());
    }
    headers
}

fn body(index: usize, plan: &CallPlan) -> Bytes {
    let question = format!("call-{index} {}", "what ".repeat(plan.size as usize / 5));
    let mut body = serde_json::json!({"model": plan.model});
    if plan.wish == Wish::Embedding {
        body["input"] = question.into();
        return body.to_string().into();
    }
    body["messages"] = serde_json::json!([{"role": "user", "content": question.as_str()}]);
    if plan.wish == Wish::Misfit {
        let source = serde_json::json!({"type": "url", "url": "http://127.0.0.1/a.pdf"});
        body["messages"][0]["content"] = serde_json::json!([
            {"type": "document", "source": source}, {"type": "text", "text": question}]);
    }
    if plan.wish != Wish::Count {
        body["stream"] = plan.stream.into();
    }
    if let Some(bound) = plan.bound {
        let is_old = matches!(plan.wish, Wish::Message | Wish::Misfit) || index.is_multiple_of(2);
        body[if is_old { "max_tokens" } else { "max_completion_tokens" }] = bound.into();
    }
    if plan.answers > 1 {
        body["n"] = plan.answers.into();
    }
    body.to_string().into()
}
