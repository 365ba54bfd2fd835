//! Engines on machines of one's own (Ollama and its like), which hold few models in memory and are slow to load another:
//! what is known of each node, and the decision which waiting call starts where and when what is loaded. Carrying it out,
//! and asking the nodes, is left to the engine. Times are milliseconds of any clock that only goes forward.

mod context;
mod keep;
mod line;
mod node;
mod plan;
mod sketch;
mod speed;
mod view;

use std::collections::BTreeMap;

use crate::queue::{Refusal, Ticket};
use line::Line;
use node::{Loading, Node};
use plan::Step;
pub use view::{LoadedView, NodeView, WaitingView};

/// A model's number in its fleet.
pub type Model = u32;

/// What a node is, as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTerms {
    /// Calls at a time for each loaded model (`OLLAMA_NUM_PARALLEL`).
    pub slots: u32,
    /// Models in memory at a time (`OLLAMA_MAX_LOADED_MODELS`).
    pub most_models: u32,
    /// Memory for models; `None` if that is not known.
    pub vram_bytes: Option<u64>,
    /// The models it has, and the largest context it may load each with, tokens.
    pub models: BTreeMap<Model, u32>,
    /// How long it takes to wake up; `None` if it cannot be woken.
    pub wake_ms: Option<u64>,
}

/// How a model is to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelTerms {
    /// The context it is loaded with unless a call needs more, tokens.
    pub num_ctx: u32,
    /// Most calls that wait.
    pub most_waiting: usize,
    /// How long a call waits at most behind those of another model before that has to go, and how long a model that others
    /// wait for may stay; `None` for three loads, and a minute at least.
    pub patience_ms: Option<u64>,
    /// On how many nodes it is kept loaded while nobody calls.
    pub kept_on: u32,
}

/// Some nodes of a fleet, of which there are [`NodeSet::MOST`] at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeSet(u64);

impl NodeSet {
    /// All nodes.
    pub const ALL: NodeSet = NodeSet(u64::MAX);
    /// How many nodes a fleet may have.
    pub const MOST: usize = 64;

    /// Whether a node is among them.
    pub fn has(self, node: usize) -> bool {
        node < Self::MOST && self.0 >> node & 1 == 1
    }
}

impl FromIterator<usize> for NodeSet {
    fn from_iter<I: IntoIterator<Item = usize>>(nodes: I) -> Self {
        NodeSet(nodes.into_iter().filter(|node| *node < Self::MOST).fold(0, |bits, node| bits | 1 << node))
    }
}

/// A call that wants to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<K> {
    /// Who calls; keys share evenly.
    pub key: K,
    /// Lower numbers come first.
    pub priority: i64,
    /// When it has to begin at the latest.
    pub deadline_ms: u64,
    /// What it calls.
    pub model: Model,
    /// Where it may go.
    pub nodes: NodeSet,
    /// Tokens of its prompt.
    pub prompt_tokens: u32,
    /// Tokens that it will probably be answered with.
    pub output_tokens: u32,
    /// Tokens that have to fit its context: the prompt and the most it may be answered with.
    pub need: u32,
    /// The context it asks for, tokens. It is a wish: a model that is loaded is not loaded anew for it.
    pub asked: Option<u32>,
}

/// A call of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// What it calls.
    pub model: Model,
    /// Its number among the calls of the model.
    pub ticket: Ticket,
}

/// Why a call cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No node that it may go to has the model.
    NoNode,
    /// It needs a larger context than any of its nodes can give it: a 400 `context_length_exceeded`.
    ContextLengthExceeded {
        /// What it needs, tokens.
        need: u32,
        /// What there is, tokens.
        most: u32,
    },
    /// It cannot wait: a 429.
    Refused(Refusal),
}

/// What is to be done now. The fleet counts it as begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the call to the node, with this context.
    Start {
        /// Which call.
        call: CallId,
        /// Where.
        node: usize,
        /// `num_ctx`, tokens.
        num_ctx: u32,
    },
    /// Unload what has to go, then load the model; whoever leaves meanwhile, the load goes on.
    Load {
        /// Where.
        node: usize,
        /// What.
        model: Model,
        /// `num_ctx`, tokens.
        num_ctx: u32,
        /// What has to go; nothing runs on it.
        unload: Vec<Model>,
    },
    /// Wake the node up.
    Wake {
        /// Which.
        node: usize,
    },
}

/// What a call took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Tokens of prompt that were read.
    pub prompt_tokens: u32,
    /// How long that took.
    pub prompt_ms: u64,
    /// Tokens of output.
    pub output_tokens: u32,
    /// How long they took.
    pub output_ms: u64,
}

/// A model that a node says it has loaded (an entry of Ollama's `/api/ps`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub model: Model,
    /// `context_length`, tokens.
    pub num_ctx: u32,
    /// `size_vram`.
    pub vram_bytes: u64,
    /// `expires_at`, in any unit: only whether it moves counts.
    pub expires_ms: u64,
}

/// Nodes that serve the same models, and the calls that wait for them.
///
/// Whatever happens is told by one of the methods, and then [`Fleet::decide`] says what is to be done; it also has to be
/// asked at [`Fleet::next_ms`]. A model stays while calls wait for it, unless others have waited for theirs longer than
/// its patience; those then wait for the call under way, the load, and before them each other model that was due at most
/// for its patience and load.
#[derive(Clone, Debug)]
pub struct Fleet<K> {
    nodes: Vec<Node>,
    lines: BTreeMap<Model, Line<K>>,
    next_ms: Option<u64>,
}

impl<K: Ord + Clone> Fleet<K> {
    /// A fleet of such nodes and models, in which nothing is known to be loaded.
    pub fn new(nodes: Vec<NodeTerms>, models: BTreeMap<Model, ModelTerms>) -> Self {
        let lines = models.into_iter().map(|(model, terms)| (model, Line::new(model, terms))).collect();
        Fleet { nodes: nodes.into_iter().map(Node::new).collect(), lines, next_ms: None }
    }

    /// Some nodes have one more model from now on, or another context of it at most.
    pub fn serve(&mut self, model: Model, terms: ModelTerms, nodes: impl IntoIterator<Item = (usize, u32)>) {
        self.lines.entry(model).or_insert_with(|| Line::new(model, terms));
        for (node, most_ctx) in nodes {
            if let Some(node) = self.nodes.get_mut(node) {
                node.terms.models.insert(model, most_ctx);
            }
        }
    }

    /// A node turned out not to have a model. Returns the calls that wait for it and can be served nowhere now: they
    /// have left.
    pub fn lacks(&mut self, node: usize, model: Model) -> Vec<CallId> {
        let Some(at) = self.nodes.get_mut(node) else { return Vec::new() };
        at.terms.models.remove(&model);
        at.loading = at.loading.filter(|loading| loading.model != model);
        let having = self.nodes.iter().enumerate().filter(|(_, node)| node.terms.models.contains_key(&model));
        let having: Vec<usize> = having.map(|(index, _)| index).collect();
        let Some(line) = self.lines.get_mut(&model) else { return Vec::new() };
        let lost = line.stranded(&having);
        lost.into_iter().filter(|ticket| line.leave(*ticket)).map(|ticket| CallId { model, ticket }).collect()
    }

    /// A call comes, and waits for its [`Action::Start`].
    pub fn join(&mut self, call: Call<K>, now_ms: u64) -> Result<CallId, Denied> {
        let model = call.model;
        let (need, most) = (call.need, self.most_ctx(model, call.nodes).ok_or(Denied::NoNode)?);
        let line = self.lines.get_mut(&model).ok_or(Denied::NoNode)?;
        let num_ctx = context::size(need, line.terms.num_ctx, most);
        let num_ctx = num_ctx.ok_or(Denied::ContextLengthExceeded { need, most })?;
        let wish = num_ctx.max(context::wish(call.asked.unwrap_or(0), line.terms.num_ctx, most));
        let ticket = line.join(call, num_ctx, wish, now_ms).map_err(Denied::Refused)?;
        Ok(CallId { model, ticket })
    }

    /// The largest context that a model can have on any of these nodes; `None` if none of them has it.
    pub fn most_ctx(&self, model: Model, nodes: NodeSet) -> Option<u32> {
        let nodes = self.nodes.iter().enumerate().filter(|(index, _)| nodes.has(*index));
        nodes.filter_map(|(_, node)| node.terms.models.get(&model)).max().copied()
    }

    /// A call leaves that waits; a load that was begun for it goes on. Whether it was waiting: if not, tell
    /// [`Fleet::ended`] as soon as its node has noticed.
    pub fn leave(&mut self, call: CallId) -> bool {
        self.lines.get_mut(&call.model).is_some_and(|line| line.leave(call.ticket))
    }

    /// A call whose deadline has passed leaves; ask until there is none.
    pub fn expire(&mut self, now_ms: u64) -> Option<CallId> {
        self.lines.values_mut().find_map(|line| {
            let model = line.model;
            line.expire(now_ms).map(|ticket| CallId { model, ticket })
        })
    }

    /// How many are served before a waiting call, and after how many milliseconds it probably starts, if that is known.
    pub fn position(&self, call: CallId, now_ms: u64) -> Option<(usize, Option<u64>)> {
        let line = self.lines.get(&call.model)?;
        let position = line.queue.position(call.ticket)?;
        Some((position, line.pace(now_ms).map(|pace| pace.wait_ms(position))))
    }

    /// A call that was started has ended. `done` is what it took, if it was served.
    pub fn ended(&mut self, call: CallId, done: Option<Done>, now_ms: u64) {
        let mut nodes = self.nodes.iter_mut();
        let Some(node) = nodes.find_map(|node| node.running.remove(&call).map(|_| node)) else { return };
        node.touch(call.model, now_ms);
        let Some(line) = self.lines.get_mut(&call.model) else { return };
        line.ended(now_ms);
        if let Some(done) = done {
            node.speeds.entry(call.model).or_default().done(&done);
            line.speed.done(&done);
        }
    }

    /// The load of a node has ended well, which took so long itself, as the node says (`load_duration`).
    pub fn loaded(&mut self, node: usize, took_ms: u64, now_ms: u64) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        let Some(line) = node.loaded(took_ms, now_ms).and_then(|model| self.lines.get_mut(&model)) else { return };
        line.speed.loaded(took_ms);
        node.loaded.iter_mut().filter(|one| one.model == line.model).for_each(|one| one.vram_bytes = line.vram_bytes);
    }

    /// A node has unloaded a model, as it was told to by hand.
    pub fn unloaded(&mut self, node: usize, model: Model, now_ms: u64) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.unloaded(model, now_ms);
        }
    }

    /// A node failed, at a load or otherwise: it gets nothing until then, and nothing is known to be loaded.
    pub fn failed(&mut self, node: usize, until_ms: u64) {
        if let Some(node) = self.nodes.get_mut(node) {
            (node.loading, node.out_until_ms) = (None, until_ms);
            node.loaded.clear();
        }
    }

    /// A node sleeps: it does not answer, but can be woken.
    pub fn sleeps(&mut self, node: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            (node.loading, node.out_until_ms, node.is_asleep) = (None, 0, true);
            node.loaded.clear();
        }
    }

    /// Which nodes are to be asked now what they have loaded: all in the beginning, then those in use, each at most once a
    /// second. They count as asked.
    pub fn polls(&mut self, now_ms: u64) -> Vec<usize> {
        let waited: Vec<_> = self.lines.values().filter(|line| !line.queue.is_empty()).map(|line| line.model).collect();
        let nodes = self.nodes.iter_mut().enumerate();
        let asks = nodes.filter_map(|(index, node)| {
            let waits = waited.iter().any(|model| node.terms.models.contains_key(model));
            node.poll(waits, now_ms).then_some(index)
        });
        asks.collect()
    }

    /// A node has said what it has loaded. Models that nobody configured count too: give them numbers of their own.
    pub fn polled(&mut self, node: usize, seen: &[Seen], now_ms: u64) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        let load_ms = self.lines.values().map(|line| line.speed.load_ms()).max().unwrap_or_default();
        node.polled(seen, load_ms, now_ms);
        for one in seen {
            if let Some(line) = self.lines.get_mut(&one.model) {
                line.vram_bytes = line.vram_bytes.max(one.vram_bytes);
            }
        }
    }

    /// What is to be done now.
    pub fn decide(&mut self, now_ms: u64) -> Vec<Action> {
        self.relieve(now_ms);
        let plan = plan::plan(&self.nodes, &self.lines, now_ms);
        self.next_ms = plan.next_ms;
        for line in self.lines.values_mut() {
            line.forecast = plan.forecasts.get(&line.model).copied();
        }
        plan.steps.into_iter().filter_map(|step| self.carry_out(step, now_ms)).collect()
    }

    /// A node that failed rests only as long as others can take its calls: where there is nobody else, the one that would
    /// be back soonest is tried.
    fn relieve(&mut self, now_ms: u64) {
        for line in self.lines.values() {
            for (num_ctx, set) in line.lanes.keys() {
                let fits = |node: &Node| node.terms.models.get(&line.model).is_some_and(|most| most >= num_ctx);
                let nodes = self.nodes.iter_mut().enumerate().filter(|(index, node)| set.has(*index) && fits(node));
                let soonest = nodes.map(|(_, node)| node).min_by_key(|node| node.out_until_ms.max(now_ms));
                soonest.filter(|node| !node.is_asleep).into_iter().for_each(|node| node.out_until_ms = 0);
            }
        }
    }

    /// When to decide again, even if nothing happens until then.
    pub fn next_ms(&self) -> Option<u64> {
        self.next_ms
    }

    fn carry_out(&mut self, step: Step, now_ms: u64) -> Option<Action> {
        match step {
            Step::Start { node, model, num_ctx } => {
                let line = self.lines.get_mut(&model)?;
                let (ticket, prompt_tokens, output_tokens) = line.take(node, num_ctx, now_ms)?;
                let (call, at) = (CallId { model, ticket }, self.nodes.get_mut(node)?);
                let speed = at.speeds.get(&model).copied().unwrap_or_default().or(line.speed);
                let loads_ms = at.load_ends_ms(line.speed, now_ms) - now_ms;
                at.starts(call, loads_ms + speed.service_ms(prompt_tokens, output_tokens), now_ms);
                Some(Action::Start { call, node, num_ctx })
            }
            Step::Load { node, model, num_ctx, unload } => {
                let at = self.nodes.get_mut(node)?;
                at.loaded.retain(|loaded| !unload.contains(&loaded.model));
                at.loading = Some(Loading { model, num_ctx, began_ms: now_ms });
                Some(Action::Load { node, model, num_ctx, unload })
            }
            Step::Wake { node } => {
                let at = self.nodes.get_mut(node)?;
                at.out_until_ms = now_ms + at.terms.wake_ms?;
                Some(Action::Wake { node })
            }
        }
    }
}

#[cfg(test)]
mod tests;
