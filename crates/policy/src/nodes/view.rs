//! What is known of nodes and lines, for people to look at.

use super::{CallId, Fleet, Model};

/// What is known of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// What it has loaded.
    pub loaded: Vec<LoadedView>,
    /// What it loads right now, with which context, and since when.
    pub loading: Option<(Model, u32, u64)>,
    /// Our calls that run there.
    pub running: usize,
    /// Whether it sleeps.
    pub is_asleep: bool,
    /// Until when it gets nothing after a failure, or needs to wake up.
    pub out_until_ms: u64,
}

/// A model that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadedView {
    /// Which.
    pub model: Model,
    /// With which context, tokens.
    pub num_ctx: u32,
    /// Memory that it takes; 0 if that is not known yet.
    pub vram_bytes: u64,
    /// Our calls to it that run there.
    pub running: usize,
}

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// Which.
    pub call: CallId,
    /// Its priority.
    pub priority: i64,
    /// How many are served before it.
    pub position: usize,
    /// Since when it waits.
    pub since_ms: u64,
    /// After how long it probably starts, if that is known.
    pub wait_ms: Option<u64>,
}

impl<K: Ord + Clone> Fleet<K> {
    /// What is known of a node.
    pub fn node(&self, node: usize) -> Option<NodeView> {
        let node = self.nodes.get(node)?;
        let running = |model: Model| node.running.keys().filter(|call| call.model == model).count();
        let loaded = node.loaded.iter().map(|loaded| LoadedView {
            model: loaded.model,
            num_ctx: loaded.num_ctx,
            vram_bytes: loaded.vram_bytes,
            running: running(loaded.model),
        });
        Some(NodeView {
            loaded: loaded.collect(),
            loading: node.loading.map(|loading| (loading.model, loading.num_ctx, loading.began_ms)),
            running: node.running.len(),
            is_asleep: node.is_asleep,
            out_until_ms: node.out_until_ms,
        })
    }

    /// At most `most` of the calls that wait for a model, in the order in which they came, and how many wait in all.
    pub fn waiting(&self, model: Model, most: usize, now_ms: u64) -> (Vec<WaitingView>, usize) {
        let Some(line) = self.lines.get(&model) else { return (Vec::new(), 0) };
        let pace = line.pace(now_ms);
        let views = line.queue.tickets().take(most).filter_map(|(ticket, call)| {
            let position = line.queue.position(ticket)?;
            Some(WaitingView {
                call: CallId { model, ticket },
                priority: call.priority,
                position,
                since_ms: line.since_ms(ticket)?,
                wait_ms: pace.map(|pace| pace.wait_ms(position)),
            })
        });
        (views.collect(), line.queue.len())
    }

    /// Whether anything of ours waits or runs anywhere, or a load is under way.
    pub fn is_in_use(&self) -> bool {
        let waits = self.lines.values().any(|line| !line.queue.is_empty());
        waits || self.nodes.iter().any(|node| node.loading.is_some() || !node.running.is_empty())
    }
}
