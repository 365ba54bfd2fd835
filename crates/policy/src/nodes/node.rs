//! One node, as far as it is known: from what we told it, what it answered, and what its list of running models shows.

use std::collections::BTreeMap;

use super::speed::Speed;
use super::{CallId, Model, NodeTerms, Seen};

/// A node in use is asked what it has loaded at most this often.
const POLL_MS: u64 = 1_000;
/// So long after our last call to it a node counts as in use.
const IN_USE_MS: u64 = 10_000;
/// Loaded models of a node that are looked at.
const MOST_SEEN: usize = 64;
/// How long the memory of calls that did not come through us lasts.
const FOREIGN_MS: f64 = 30_000.0;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub terms: NodeTerms,
    pub loaded: Vec<Loaded>,
    pub loading: Option<Loading>,
    pub running: BTreeMap<CallId, Running>,
    pub speeds: BTreeMap<Model, Speed>,
    /// Calls a millisecond that did not come through us.
    pub foreign: f64,
    /// Until when a call from outside probably keeps it busy that had its model loaded.
    pub stranger_until_ms: u64,
    /// When it was asked last what it has loaded.
    asked_ms: Option<u64>,
    polled_ms: Option<u64>,
    /// When we loaded or unloaded something last.
    changed_ms: Option<u64>,
    /// When it got or ended a call of ours last.
    used_ms: Option<u64>,
    pub is_asleep: bool,
    /// Until when it needs to wake up, or rests.
    pub out_until_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Loaded {
    pub model: Model,
    pub num_ctx: u32,
    pub vram_bytes: u64,
    pub since_ms: u64,
    /// When a call to it ended last.
    pub last_ms: u64,
    /// When the node means to unload it, as it said last.
    expires_ms: Option<u64>,
    /// Whether a call of ours ran since it said so.
    was_ours: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Loading {
    pub model: Model,
    pub num_ctx: u32,
    pub began_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub began_ms: u64,
    /// When it should end.
    ends_ms: u64,
}

impl Running {
    /// When it probably ends: what is late already takes as long again as a quarter of what it took.
    pub fn ends_ms(&self, now_ms: u64) -> u64 {
        self.ends_ms.max(now_ms + 1 + now_ms.saturating_sub(self.began_ms) / 4)
    }
}

impl Node {
    pub fn new(terms: NodeTerms) -> Self {
        Node {
            terms,
            loaded: Vec::new(),
            loading: None,
            running: BTreeMap::new(),
            speeds: BTreeMap::new(),
            foreign: 0.0,
            stranger_until_ms: 0,
            asked_ms: None,
            polled_ms: None,
            changed_ms: None,
            used_ms: None,
            is_asleep: false,
            out_until_ms: 0,
        }
    }

    /// Whether it should be asked now what it has loaded, as in the very beginning; it counts as asked then. `waits` says
    /// whether a call waits for it.
    pub fn poll(&mut self, waits: bool, now_ms: u64) -> bool {
        let used = !self.running.is_empty() || self.used_ms.is_some_and(|used_ms| used_ms + IN_USE_MS > now_ms);
        let due = self.asked_ms.is_none_or(|asked_ms| asked_ms + POLL_MS <= now_ms);
        // One that sleeps is asked while it should wake up, one that failed when it has rested.
        let may_answer = if self.is_asleep { self.out_until_ms > 0 } else { self.out_until_ms <= now_ms };
        let asks = due && (used || waits || self.asked_ms.is_none()) && may_answer;
        if asks {
            self.asked_ms = Some(now_ms);
        }
        asks
    }

    /// When the load under way probably ends, at what is known of the model elsewhere; now if there is none.
    pub fn load_ends_ms(&self, elsewhere: Speed, now_ms: u64) -> u64 {
        self.loading.map_or(now_ms, |loading| {
            let load_ms = self.speeds.get(&loading.model).copied().unwrap_or_default().or(elsewhere).load_ms();
            let passed = now_ms.saturating_sub(loading.began_ms);
            // One that is late takes as long again as a quarter of what it took.
            (loading.began_ms + load_ms).max(now_ms + 1 + passed / 4)
        })
    }

    pub fn starts(&mut self, call: CallId, takes_ms: u64, now_ms: u64) {
        self.running.insert(call, Running { began_ms: now_ms, ends_ms: now_ms + takes_ms });
        self.touch(call.model, now_ms);
    }

    pub fn touch(&mut self, model: Model, now_ms: u64) {
        self.used_ms = Some(now_ms);
        for loaded in self.loaded.iter_mut().filter(|loaded| loaded.model == model) {
            (loaded.last_ms, loaded.was_ours) = (now_ms, true);
        }
    }

    /// A load is over that took so long. What could not stay beside it is known from the next poll.
    pub fn loaded(&mut self, took_ms: u64, now_ms: u64) -> Option<Model> {
        let loading = self.loading.take()?;
        self.changed_ms = Some(now_ms);
        self.loaded.retain(|loaded| loaded.model != loading.model);
        let Loading { model, num_ctx, .. } = loading;
        self.speeds.entry(model).or_default().loaded(took_ms);
        self.loaded.push(Loaded {
            model,
            num_ctx,
            vram_bytes: 0,
            since_ms: now_ms,
            last_ms: now_ms,
            expires_ms: None,
            was_ours: true,
        });
        Some(model)
    }

    /// The answer to a poll: what is loaded, and signs of calls that did not come through us. They have come if a model
    /// is there that we did not load, or not as we did, or if the end of its time moved though we did not use it.
    /// `load_ms` is what a load takes them.
    pub fn polled(&mut self, seen: &[Seen], load_ms: u64, now_ms: u64) {
        if self.is_asleep {
            (self.is_asleep, self.out_until_ms) = (false, 0);
        }
        // What we change while the answer is under way, or have not changed yet, makes it untrue.
        let asked_ms = self.asked_ms.unwrap_or(now_ms);
        if self.loading.is_some() || self.changed_ms.is_some_and(|changed_ms| changed_ms >= asked_ms) {
            return;
        }
        let mut strangers = 0.0;
        for one in seen.iter().take(MOST_SEEN) {
            let known = self.loaded.iter_mut().find(|loaded| loaded.model == one.model);
            if known.is_none() {
                self.loaded.push(Loaded {
                    model: one.model,
                    num_ctx: one.num_ctx,
                    vram_bytes: one.vram_bytes,
                    since_ms: now_ms,
                    last_ms: now_ms,
                    expires_ms: Some(one.expires_ms),
                    was_ours: false,
                });
                // It is shown from the beginning of its load on, and has been for less than a poll.
                if self.polled_ms.is_some() {
                    strangers += 1.0;
                    self.stranger_until_ms = now_ms + load_ms;
                }
                continue;
            }
            let runs = self.running.keys().any(|call| call.model == one.model);
            if let Some(known) = known {
                let moved = known.expires_ms.is_some_and(|expires_ms| expires_ms != one.expires_ms);
                if known.num_ctx != one.num_ctx || moved && !known.was_ours {
                    strangers += 1.0;
                    (known.last_ms, self.stranger_until_ms) = (now_ms, now_ms);
                }
                (known.num_ctx, known.vram_bytes) = (one.num_ctx, one.vram_bytes);
                (known.expires_ms, known.was_ours) = (Some(one.expires_ms), runs);
            }
        }
        self.loaded.retain(|known| seen.iter().any(|one| one.model == known.model));
        let passed = now_ms.saturating_sub(self.polled_ms.unwrap_or(now_ms)) as f64;
        self.foreign = self.foreign * (-passed / FOREIGN_MS).exp() + strangers / FOREIGN_MS;
        self.polled_ms = Some(now_ms);
    }

    /// It has unloaded a model because it was told to.
    pub fn unloaded(&mut self, model: Model, now_ms: u64) {
        self.changed_ms = Some(now_ms);
        self.loaded.retain(|loaded| loaded.model != model);
    }

    /// How long a call waits here for calls of others, if theirs are like ours: the share of time in which one of theirs
    /// runs, times what it takes.
    pub fn foreign_ms(&self, service_ms: u64) -> u64 {
        let service_ms = service_ms as f64;
        ((self.foreign * service_ms).min(0.9) * service_ms) as u64
    }
}
