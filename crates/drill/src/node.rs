//! The memory of a mock that is a node of its own, as Ollama is: models have to be loaded, which takes time, few are in
//! memory at once, and each serves few calls at a time. Requests are dealt with in the order in which they come; a load
//! whose request goes away is given up.

#[cfg(test)]
mod tests;

use crate::knobs::Knobs;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Context of a model for whoever asks for none, tokens.
const USUAL_CTX: u64 = 4096;
/// How long a model stays in memory after its last call, unless that says otherwise.
const KEEP: Duration = Duration::from_secs(300);
/// Most loads that are remembered.
const MAX_LOADS: usize = 10_000;
/// Memory that each model takes.
const SIZE: u64 = 1_000_000_000;

/// What a request wants of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The model's whole name.
    pub(crate) model: String,
    /// The context, if it is stated.
    pub(crate) num_ctx: Option<u64>,
    /// How long the model stays afterwards; nothing to say so, `None` inside for ever.
    pub(crate) keep: Option<Option<Duration>>,
    /// Whether the model is to be used or loaded, and not only unloaded.
    pub(crate) loads: bool,
    /// Whether a prompt that does not fit is refused, and not cut.
    pub(crate) refuses: bool,
}

/// A load that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The model's whole name.
    pub model: String,
    /// Its context, tokens.
    pub num_ctx: u64,
    /// Calls that were being served when the request for it came.
    pub busy: usize,
    /// Whether it was given up, because its request went away.
    pub aborted: bool,
}

struct Resident {
    model: String,
    num_ctx: u64,
    running: usize,
    /// Until its load is over nobody uses it but the request that caused it.
    loading: bool,
    expires: Option<Instant>,
    keep: Option<Duration>,
}

struct State {
    residents: Vec<Resident>,
    /// Numbers of the requests that wait, the oldest first.
    waiting: VecDeque<u64>,
    next: u64,
    loads: Vec<Loaded>,
    /// Prompts that were cut.
    cuts: u64,
}

/// The memory.
pub(crate) struct Node {
    born: Instant,
    state: Mutex<State>,
    changed: Notify,
}

/// A request that is being served; dropped, it is over.
pub(crate) struct Served {
    node: Arc<Node>,
    model: String,
    /// The context that it is served with.
    pub(crate) num_ctx: u64,
}

/// A request that waits; dropped, it waits no more.
struct Queued<'a> {
    node: &'a Node,
    number: u64,
}

/// A load under way; dropped before its end, it is given up.
struct Load<'a> {
    node: &'a Node,
    model: &'a str,
    index: Option<usize>,
}

impl Node {
    pub(crate) fn new() -> Self {
        let (residents, waiting, loads) = Default::default();
        let state = Mutex::new(State { residents, waiting, next: 0, loads, cuts: 0 });
        Node { born: Instant::now(), state, changed: Notify::new() }
    }

    /// Waits until the request is served; `None` if it only unloads. Does not notice that the caller goes away: whoever
    /// waits drops this then.
    pub(crate) async fn enter(self: &Arc<Self>, wish: &Wish, knobs: &Knobs) -> Option<Served> {
        if !wish.loads {
            self.state().residents.retain(|one| one.model != wish.model || one.running > 0);
            self.changed.notify_waiters();
            return None;
        }
        let busy = self.state().residents.iter().map(|one| one.running).sum();
        let queued = Queued::join(self);
        let (slots, most) = (knobs.slots.unwrap_or(1) as usize, knobs.memory.unwrap_or(1) as usize);
        loop {
            let changed = self.changed.notified();
            if let Some(turn) = self.turn(&queued, wish, slots, most.max(1), busy) {
                drop(queued);
                if let Turn::Load(index) = turn {
                    let load = Load { node: self, model: &wish.model, index: Some(index) };
                    tokio::time::sleep(Duration::from_millis(knobs.load_ms.unwrap_or(0))).await;
                    load.done();
                }
                return Some(self.served(wish));
            }
            changed.await;
        }
    }

    /// What the request may do now, if it is its turn and there is room.
    fn turn(&self, queued: &Queued, wish: &Wish, slots: usize, most: usize, busy: usize) -> Option<Turn> {
        let mut state = self.state();
        let now = Instant::now();
        state.residents.retain(|one| one.running > 0 || one.loading || one.expires.is_none_or(|at| at > now));
        if state.waiting.front() != Some(&queued.number) || state.residents.iter().any(|one| one.loading) {
            return None;
        }
        if let Some(own) = state.residents.iter_mut().find(|one| one.model == wish.model) {
            if wish.num_ctx.is_none_or(|num_ctx| num_ctx == own.num_ctx) {
                let free = own.running < slots;
                own.running += usize::from(free);
                return free.then_some(Turn::Serve);
            }
            if own.running > 0 {
                return None;
            }
            state.residents.retain(|one| one.model != wish.model);
        }
        while state.residents.len() >= most {
            let idle = state.residents.iter().position(|one| one.running == 0)?;
            state.residents.remove(idle);
        }
        let num_ctx = wish.num_ctx.unwrap_or(USUAL_CTX);
        let model = wish.model.clone();
        let (expires, keep) = (None, Some(KEEP));
        state.residents.push(Resident { model: model.clone(), num_ctx, running: 1, loading: true, expires, keep });
        if state.loads.len() < MAX_LOADS {
            state.loads.push(Loaded { model, num_ctx, busy, aborted: false });
        }
        Some(Turn::Load(state.loads.len() - 1))
    }

    fn served(self: &Arc<Self>, wish: &Wish) -> Served {
        let mut state = self.state();
        let own = state.residents.iter_mut().find(|one| one.model == wish.model);
        let num_ctx = own.map_or(0, |own| {
            own.keep = wish.keep.unwrap_or(own.keep);
            own.num_ctx
        });
        Served { node: Arc::clone(self), model: wish.model.clone(), num_ctx }
    }

    /// The loads there were.
    pub(crate) fn loads(&self) -> Vec<Loaded> {
        self.state().loads.clone()
    }

    /// How many prompts were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.state().cuts
    }

    /// The answer to `/api/ps`.
    pub(crate) fn running(&self) -> Value {
        let now = Instant::now();
        let state = self.state();
        let fresh = state.residents.iter().filter(|one| one.running > 0 || one.expires.is_none_or(|at| at > now));
        let one = |one: &Resident| {
            json!({
                "name": one.model,
                "model": one.model,
                "size": SIZE,
                "digest": "0".repeat(64),
                "expires_at": self.moment(one.expires.unwrap_or(now + KEEP)),
                "size_vram": SIZE,
                "context_length": one.num_ctx,
            })
        };
        json!({ "models": fresh.map(one).collect::<Vec<_>>() })
    }

    /// A moment as if the mock had begun with the year.
    fn moment(&self, at: Instant) -> String {
        let ms = at.saturating_duration_since(self.born).as_millis();
        let (s, ms) = (ms / 1000 % 86_400, ms % 1000);
        format!("2026-01-01T{:02}:{:02}:{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request may do.
enum Turn {
    Serve,
    /// The load with this number begins.
    Load(usize),
}

impl<'a> Queued<'a> {
    fn join(node: &'a Node) -> Self {
        let mut state = node.state();
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(number);
        Queued { node, number }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.node.state().waiting.retain(|number| *number != self.number);
        self.node.changed.notify_waiters();
    }
}

impl Load<'_> {
    fn done(mut self) {
        self.index = None;
        let mut state = self.node.state();
        state.residents.iter_mut().filter(|one| one.model == self.model).for_each(|one| one.loading = false);
        drop(state);
        self.node.changed.notify_waiters();
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        let Some(index) = self.index else { return };
        let mut state = self.node.state();
        state.residents.retain(|one| one.model != self.model);
        if let Some(load) = state.loads.get_mut(index) {
            load.aborted = true;
        }
        drop(state);
        self.node.changed.notify_waiters();
    }
}

impl Served {
    /// The prompt has more tokens than the context, and is cut.
    pub(crate) fn cut(&self) {
        self.node.state().cuts += 1;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let mut state = self.node.state();
        if let Some(own) = state.residents.iter_mut().find(|one| one.model == self.model) {
            own.running = own.running.saturating_sub(1);
            own.expires = own.keep.map(|keep| Instant::now() + keep);
        }
        drop(state);
        self.node.changed.notify_waiters();
    }
}
