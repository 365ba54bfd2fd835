//! What plans are drawn on: who waits for what, and each node as it will be after what is planned so far.

use std::collections::BTreeMap;

use super::Model;
use super::line::Line;
use super::node::{Loaded, Node};

/// The calls of a model with the same need are planned in so many portions at most, or twice as many as there are nodes.
const PORTIONS: usize = 16;
/// A model of others that nobody has used for so long may go for one that is merely kept.
const UNKNOWN_MS: u64 = 300_000;

/// Calls that wait for a model and need the same context on the same nodes.
#[derive(Clone)]
pub(super) struct Demand {
    pub model: Model,
    pub num_ctx: u32,
    /// What the model would be loaded with.
    pub load_ctx: u32,
    pub left: u32,
    pub portion: u32,
    pub priority: i64,
    pub since_ms: u64,
    pub patience_ms: u64,
    pub vram_bytes: u64,
    /// By node: how long a call takes, a load, and calls of others before it; `None` where it cannot be served.
    pub work: Vec<Option<Work>>,
}

#[derive(Clone, Copy)]
pub(super) struct Work {
    pub service_ms: u64,
    pub load_ms: u64,
    pub foreign_ms: u64,
    pub most_ctx: u32,
}

/// A node as it will be after what is planned so far.
#[derive(Clone)]
pub(super) struct Sketch {
    /// From when on it may be used.
    pub from_ms: u64,
    pub sleeps: bool,
    /// From when on it may load: one at a time.
    pub loads_ms: u64,
    pub slots: usize,
    pub most_models: usize,
    pub vram_bytes: u64,
    pub residents: Vec<Resident>,
}

/// A loaded model.
#[derive(Clone)]
pub(super) struct Resident {
    pub model: Model,
    pub num_ctx: u32,
    pub vram_bytes: u64,
    /// When each slot is free.
    pub free_ms: Vec<u64>,
    /// Until when it may stay if others wait, as long as somebody waits for it.
    pub turn_ms: u64,
    /// Until when it is held because it will be asked for again.
    pub hold_ms: u64,
    /// From when on it may go for a model that is merely kept.
    pub unused_ms: u64,
}

impl Resident {
    pub fn first_ms(&self) -> u64 {
        self.free_ms.iter().copied().min().unwrap_or(u64::MAX)
    }

    pub fn drained_ms(&self) -> u64 {
        self.free_ms.iter().copied().max().unwrap_or(0)
    }
}

pub(super) fn demands<K: Ord + Clone>(nodes: &[Node], line: &Line<K>) -> Vec<Demand> {
    let priority = line.queue.priority().unwrap_or_default();
    let all = line.lanes.iter().map(|((num_ctx, set), lane)| {
        let (prompt_tokens, output_tokens) = lane.mean();
        let work = |(index, node): (usize, &Node)| {
            let most_ctx = *node.terms.models.get(&line.model).filter(|most| set.has(index) && **most >= *num_ctx)?;
            let speed = node.speeds.get(&line.model).copied().unwrap_or_default().or(line.speed);
            let service_ms = speed.service_ms(prompt_tokens, output_tokens);
            Some(Work { service_ms, load_ms: speed.load_ms(), foreign_ms: node.foreign_ms(service_ms), most_ctx })
        };
        Demand {
            model: line.model,
            num_ctx: *num_ctx,
            load_ctx: line.num_ctx(),
            left: lane.len(),
            portion: lane.len().div_ceil(PORTIONS.max(2 * nodes.len()) as u32),
            priority,
            since_ms: lane.since_ms(),
            patience_ms: line.patience_ms(),
            vram_bytes: line.vram_bytes,
            work: nodes.iter().enumerate().map(work).collect(),
        }
    });
    all.collect()
}

pub(super) fn sketch<K: Ord + Clone>(node: &Node, lines: &BTreeMap<Model, Line<K>>, now_ms: u64) -> Sketch {
    let slots = node.terms.slots.max(1) as usize;
    let ends = |model: Model, from_ms: u64| {
        let running = node.running.iter().filter(move |(call, _)| call.model == model);
        let mut ends: Vec<u64> = running.map(|(_, running)| running.ends_ms(now_ms).max(from_ms)).collect();
        ends.resize(ends.len().max(slots), from_ms);
        ends
    };
    let resident = |loaded: &Loaded| {
        let line = lines.get(&loaded.model);
        let turn_ms = loaded.since_ms + line.map_or(0, Line::patience_ms);
        Resident {
            model: loaded.model,
            num_ctx: loaded.num_ctx,
            vram_bytes: loaded.vram_bytes,
            free_ms: ends(loaded.model, now_ms),
            turn_ms,
            hold_ms: (loaded.last_ms + line.map_or(0, Line::hold_ms)).min(turn_ms),
            unused_ms: loaded.last_ms + line.map_or(UNKNOWN_MS, Line::patience_ms),
        }
    };
    let wakes_ms = node.terms.wake_ms.filter(|_| node.is_asleep && node.out_until_ms <= now_ms);
    let from_ms = match wakes_ms {
        Some(wakes_ms) => now_ms + wakes_ms,
        None if node.is_asleep && node.out_until_ms <= now_ms => u64::MAX,
        None => node.out_until_ms.max(node.stranger_until_ms).max(now_ms),
    };
    // What runs there though its model has gone waits for it to be loaded again.
    let is_loaded = |model: Model| {
        let mut loaded = node.loaded.iter().map(|loaded| loaded.model);
        loaded.any(|one| one == model) || node.loading.is_some_and(|loading| loading.model == model)
    };
    let astray = node.running.iter().filter(|(call, _)| !is_loaded(call.model));
    let mut sketch = Sketch {
        from_ms,
        sleeps: wakes_ms.is_some(),
        loads_ms: astray.map(|(_, running)| running.ends_ms(now_ms)).fold(from_ms, u64::max),
        slots,
        most_models: node.terms.most_models.clamp(1, 64) as usize,
        vram_bytes: node.terms.vram_bytes.unwrap_or(u64::MAX),
        residents: node.loaded.iter().map(resident).collect(),
    };
    if let Some(loading) = node.loading {
        let line = lines.get(&loading.model);
        let end_ms = node.load_ends_ms(line.map(|line| line.speed).unwrap_or_default(), now_ms);
        sketch.loads_ms = sketch.loads_ms.max(end_ms);
        sketch.residents.push(Resident {
            model: loading.model,
            num_ctx: loading.num_ctx,
            vram_bytes: line.map_or(0, |line| line.vram_bytes),
            free_ms: ends(loading.model, end_ms),
            turn_ms: end_ms + line.map_or(0, Line::patience_ms),
            hold_ms: 0,
            unused_ms: u64::MAX,
        });
    }
    sketch
}
