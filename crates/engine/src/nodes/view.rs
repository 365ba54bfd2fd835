//! What is known of nodes and of those who wait for them, for people to look at.

use policy::nodes::Model;

use super::Fleet;

/// What is known of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetView {
    /// Its nodes, by number.
    pub nodes: Vec<NodeView>,
    /// Its models that calls wait for.
    pub models: Vec<ModelView>,
}

/// What is known of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Its address.
    pub api_base: String,
    /// Calls at a time for each model.
    pub slots: u32,
    /// Models at a time.
    pub most_models: u32,
    /// Memory for models, if that is known.
    pub vram_bytes: Option<u64>,
    /// What is loaded.
    pub loaded: Vec<LoadedView>,
    /// What is being loaded.
    pub loading: Option<LoadedView>,
    /// Our calls that run there.
    pub running: usize,
    /// Whether it sleeps.
    pub is_asleep: bool,
    /// How much longer it gets nothing after a failure, milliseconds.
    pub rests_ms: u64,
}

/// A model in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedView {
    /// Its whole name.
    pub model: String,
    /// Its context, tokens.
    pub num_ctx: u32,
    /// Memory that it takes; 0 if that is not known.
    pub vram_bytes: u64,
    /// Our calls to it that run there.
    pub running: usize,
}

/// A model that calls wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelView {
    /// Its whole name.
    pub model: String,
    /// How many wait.
    pub waiting: usize,
    /// The first of them in the order in which they came.
    pub calls: Vec<WaitingView>,
}

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// Its priority.
    pub priority: i64,
    /// How many are served before it.
    pub position: usize,
    /// How long it has waited, milliseconds.
    pub waited_ms: u64,
    /// After how long it probably starts, milliseconds, if that is known.
    pub expected_ms: Option<u64>,
}

/// Calls of a model that are shown one by one.
const MOST_CALLS: usize = 100;

impl Fleet {
    /// What is known of it.
    pub fn view(&self) -> FleetView {
        let (now_ms, state) = (self.now_ms(), self.lock());
        let names: Vec<(Model, &str)> = state.names().collect();
        let name = |model: Model| names.get(model as usize).map_or_else(String::new, |(_, name)| (*name).to_owned());
        let node = |(index, site): (usize, &super::Site)| {
            let node = state.plan.node(index)?;
            let loaded = node.loaded.iter().map(|one| LoadedView {
                model: name(one.model),
                num_ctx: one.num_ctx,
                vram_bytes: one.vram_bytes,
                running: one.running,
            });
            let loading = |(model, num_ctx, _)| LoadedView { model: name(model), num_ctx, vram_bytes: 0, running: 0 };
            Some(NodeView {
                api_base: site.deployment.endpoint.url(),
                slots: site.terms.slots,
                most_models: site.terms.most_models,
                vram_bytes: site.terms.vram_bytes,
                loaded: loaded.collect(),
                loading: node.loading.map(loading),
                running: node.running,
                is_asleep: node.is_asleep,
                rests_ms: node.out_until_ms.saturating_sub(now_ms),
            })
        };
        let model = |(model, name): &(Model, &str)| {
            let (calls, waiting) = state.plan.waiting(*model, MOST_CALLS, now_ms);
            let calls = calls.into_iter().map(|call| WaitingView {
                priority: call.priority,
                position: call.position,
                waited_ms: now_ms.saturating_sub(call.since_ms),
                expected_ms: call.wait_ms,
            });
            (waiting > 0).then(|| ModelView { model: (*name).to_owned(), waiting, calls: calls.collect() })
        };
        FleetView {
            nodes: self.sites.iter().enumerate().filter_map(node).collect(),
            models: names.iter().filter_map(model).collect(),
        }
    }
}
