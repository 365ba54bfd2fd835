//! The calls that wait for one model, and what is known of it whatever the node.

use std::collections::BTreeMap;

use super::speed::Speed;
use super::{Call, Model, ModelTerms, NodeSet};
use crate::queue::{Pace, Queue, Refusal, Ticket, Waiting};

/// A model that is asked for again within this part of its load is worth waiting for.
const LINGER: u64 = 8;
/// More patience than this nobody has: a year.
const LONGEST_MS: u64 = 365 * 86_400_000;

#[derive(Clone, Debug)]
pub(super) struct Line<K> {
    pub model: Model,
    pub terms: ModelTerms,
    pub queue: Queue<K>,
    calls: BTreeMap<Ticket, Size>,
    /// Who waits, by the context that is needed and the nodes that will do.
    pub lanes: BTreeMap<(u32, NodeSet), Lane>,
    /// How many wait that wish a context.
    wishes: BTreeMap<u32, u32>,
    /// What is known of any node's speed.
    pub speed: Speed,
    /// Most memory that it was seen to take, bytes.
    pub vram_bytes: u64,
    /// When the last call to it ended.
    last_ms: Option<u64>,
    /// How often the next call after a pause came so soon that it was worth waiting for: 0 to 1.
    returns: f64,
    /// When the first of those who wait will start, and the last one end, by the last plan.
    pub forecast: Option<(u64, u64)>,
}

/// Calls that need the same context on the same nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// When each began to wait.
    tickets: BTreeMap<Ticket, u64>,
    prompt_tokens: u64,
    output_tokens: u64,
}

#[derive(Clone, Copy, Debug)]
struct Size {
    num_ctx: u32,
    nodes: NodeSet,
    wish: u32,
    prompt_tokens: u32,
    output_tokens: u32,
}

impl Lane {
    pub fn len(&self) -> u32 {
        self.tickets.len() as u32
    }

    pub fn since_ms(&self) -> u64 {
        self.tickets.first_key_value().map_or(0, |(_, since_ms)| *since_ms)
    }

    /// Tokens of prompt and of output of a call, in the mean.
    pub fn mean(&self) -> (u32, u32) {
        let mean = |sum: u64| (sum / u64::from(self.len().max(1))) as u32;
        (mean(self.prompt_tokens), mean(self.output_tokens))
    }
}

impl<K: Ord + Clone> Line<K> {
    pub fn new(model: Model, terms: ModelTerms) -> Self {
        Line {
            model,
            terms,
            queue: Queue::new(terms.most_waiting),
            calls: BTreeMap::new(),
            lanes: BTreeMap::new(),
            wishes: BTreeMap::new(),
            speed: Speed::default(),
            vram_bytes: 0,
            last_ms: None,
            returns: 0.0,
            forecast: None,
        }
    }

    /// A call begins to wait for a context of `num_ctx`, but would like `wish`.
    pub fn join(&mut self, call: Call<K>, num_ctx: u32, wish: u32, now_ms: u64) -> Result<Ticket, Refusal> {
        let Call { key, priority, deadline_ms, nodes, prompt_tokens, output_tokens, .. } = call;
        let cost = u32::try_from(self.speed.service_ms(prompt_tokens, output_tokens)).unwrap_or(u32::MAX);
        let pace = self.pace(now_ms);
        let ticket = self.queue.join(Waiting { key, priority, cost, deadline_ms }, pace, now_ms)?;
        if let Some(last_ms) = self.last_ms.take() {
            let soon = now_ms.saturating_sub(last_ms) <= self.linger_ms();
            self.returns = (self.returns + f64::from(u8::from(soon))) / 2.0;
        }
        self.calls.insert(ticket, Size { num_ctx, nodes, wish, prompt_tokens, output_tokens });
        *self.wishes.entry(wish).or_default() += 1;
        let lane = self.lanes.entry((num_ctx, nodes)).or_default();
        lane.tickets.insert(ticket, now_ms);
        lane.prompt_tokens += u64::from(prompt_tokens);
        lane.output_tokens += u64::from(output_tokens);
        Ok(ticket)
    }

    pub fn leave(&mut self, ticket: Ticket) -> bool {
        let waited = self.queue.leave(ticket);
        self.forget(ticket);
        waited
    }

    pub fn expire(&mut self, now_ms: u64) -> Option<Ticket> {
        let ticket = self.queue.expire(now_ms)?;
        self.forget(ticket);
        Some(ticket)
    }

    /// The next call that fits a node and a context, and its tokens of prompt and of output.
    pub fn take(&mut self, node: usize, num_ctx: u32, now_ms: u64) -> Option<(Ticket, u32, u32)> {
        let Line { queue, calls, .. } = self;
        let fits = |size: &Size| size.num_ctx <= num_ctx && size.nodes.has(node);
        let ticket = queue.take(|one| calls.get(&one).is_some_and(fits), now_ms)?;
        let size = self.forget(ticket)?;
        Some((ticket, size.prompt_tokens, size.output_tokens))
    }

    /// Who waits for other nodes than these alone.
    pub fn stranded(&self, nodes: &[usize]) -> Vec<Ticket> {
        let lanes = self.lanes.iter().filter(|((_, set), _)| !nodes.iter().any(|node| set.has(*node)));
        lanes.flat_map(|(_, lane)| lane.tickets.keys().copied()).collect()
    }

    /// Since when a call waits.
    pub fn since_ms(&self, ticket: Ticket) -> Option<u64> {
        let size = self.calls.get(&ticket)?;
        self.lanes.get(&(size.num_ctx, size.nodes))?.tickets.get(&ticket).copied()
    }

    /// A call to it ended.
    pub fn ended(&mut self, now_ms: u64) {
        if self.queue.is_empty() {
            self.last_ms = Some(now_ms);
        }
    }

    /// The context it is best loaded with: the largest that is waited for.
    pub fn num_ctx(&self) -> u32 {
        self.wishes.last_key_value().map_or(self.terms.num_ctx, |(wish, _)| *wish)
    }

    /// How long others do not take its place after its last call: it comes back so soon that a load would be worse.
    pub fn hold_ms(&self) -> u64 {
        if self.returns > 0.4 { self.linger_ms() } else { 0 }
    }

    fn linger_ms(&self) -> u64 {
        self.speed.load_ms() / LINGER
    }

    /// How long a call may wait behind those of another model, which is loaded, and how long it stays loaded itself then.
    pub fn patience_ms(&self) -> u64 {
        let patience_ms = self.terms.patience_ms.unwrap_or_else(|| 3 * self.speed.load_ms().max(20_000));
        patience_ms.min(LONGEST_MS)
    }

    /// How quickly its calls get places, by the last plan.
    pub fn pace(&self, now_ms: u64) -> Option<Pace> {
        let (first_ms, last_ms) = self.forecast.filter(|_| !self.queue.is_empty())?;
        let each_ms = last_ms.saturating_sub(first_ms) as f64 / self.queue.len().max(1) as f64;
        Some(Pace { first_ms: first_ms.saturating_sub(now_ms) as f64, each_ms })
    }

    fn forget(&mut self, ticket: Ticket) -> Option<Size> {
        let size = self.calls.remove(&ticket)?;
        if let Some(count) = self.wishes.get_mut(&size.wish) {
            *count -= 1;
            if *count == 0 {
                self.wishes.remove(&size.wish);
            }
        }
        if let Some(lane) = self.lanes.get_mut(&(size.num_ctx, size.nodes)) {
            lane.tickets.remove(&ticket);
            lane.prompt_tokens -= u64::from(size.prompt_tokens);
            lane.output_tokens -= u64::from(size.output_tokens);
            if lane.tickets.is_empty() {
                self.lanes.remove(&(size.num_ctx, size.nodes));
            }
        }
        Some(size)
    }
}
