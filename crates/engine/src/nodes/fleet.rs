//! A fleet as all threads share it: its plan behind a short lock, and everybody who waits to be told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::nodes::{self, Action, CallId, Denied, Done, Model, NodeSet, Seen};
use policy::queue::Refusal;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, timeout};
use types::{Fault, FaultKind, Raw};

use super::placement::{Placement, Waiting};
use super::terms::{FleetTerms, Site};
use crate::line::Waited;

/// Models that a fleet knows by name: callers name them where a wildcard lets them.
const MOST_MODELS: usize = 2_000;
/// How long a first call waits until it is known how large a context a model can have.
const DESCRIPTION: Duration = Duration::from_secs(2);
/// A context of any size, as far as anybody knows, tokens.
const UNKNOWN_CTX: u32 = 1 << 30;
/// Tokens of an answer that there is room for if nobody bounds it, and those that there must be room for in any case.
const ANSWER: u32 = 1_024;
const LEAST_ANSWER: u32 = 256;
/// How long a node gets nothing after a first failure; it doubles with each further one up to the longest rest.
const FIRST_REST_MS: u64 = 500;
const LONGEST_REST_MS: u64 = 5_000;
/// How long a node that does not have a model, or does not say how large a context it can have, is not asked again.
const LACK_MS: u64 = 10_000;
/// So long after the last call nodes are still asked what they have loaded.
const IN_USE_MS: u64 = 11_000;
/// How often the keeper looks after them meanwhile.
const TICK: Duration = Duration::from_secs(1);

/// Nodes that share models, and the calls that wait for them: shared by all workers.
pub struct Fleet {
    pub(super) sites: Vec<Site>,
    usual: nodes::ModelTerms,
    epoch: Instant,
    state: Mutex<State>,
    /// Rung when the keeper has something to do.
    pub(super) bell: Arc<Notify>,
}

pub(super) struct State {
    pub plan: nodes::Fleet<Arc<str>>,
    /// Models by number.
    models: Vec<Known>,
    numbers: HashMap<String, Model>,
    callers: HashMap<CallId, oneshot::Sender<Result<Started, Fault>>>,
    tasks: Vec<Task>,
    nodes: Vec<Condition>,
    used_ms: u64,
}

/// A model that has a name.
struct Known {
    name: String,
    terms: nodes::ModelTerms,
    keep_alive: Option<Raw>,
    /// By node: the largest context. What the node did not say is believed to be unknown until then.
    contexts: HashMap<usize, Result<u32, u64>>,
    /// Nodes that are being asked, and who waits for that.
    asked: HashMap<usize, watch::Receiver<()>>,
    /// Nodes that turned out not to have it, and until when that is believed.
    lacking: HashMap<usize, u64>,
}

impl Known {
    /// Whether a node need not be asked how large a context it can have.
    fn knows(&self, node: usize, now_ms: u64) -> bool {
        self.contexts.get(&node).is_some_and(|known| known.is_ok() || known.is_err_and(|until_ms| until_ms > now_ms))
    }
}

impl State {
    /// Whether nothing is to be asked about the context of a model on these nodes.
    fn knows(&self, name: &str, nodes: &[(usize, Option<u32>)], now_ms: u64) -> bool {
        let known = self.numbers.get(name).and_then(|model| self.models.get(*model as usize));
        nodes.iter().all(|(node, stated)| stated.is_some() || known.is_some_and(|known| known.knows(*node, now_ms)))
    }

    /// All models that have names, by number.
    pub fn names(&self) -> impl Iterator<Item = (Model, &str)> {
        (0..).zip(self.models.iter().map(|known| &*known.name))
    }
}

/// How a node fared.
#[derive(Clone, Copy, Default)]
struct Condition {
    failures: u32,
    loaded_ms: u64,
}

/// What a call starts with.
#[derive(Clone)]
pub(crate) struct Started {
    /// The node.
    pub node: usize,
    /// The context, tokens.
    pub num_ctx: u32,
    /// The load that it starts behind: over when the channel closes.
    pub load: Option<watch::Receiver<()>>,
}

/// What the keeper has to do.
pub(super) enum Task {
    Load(Load),
    Wake(usize),
    /// Ask a node how large a context a model can have.
    Describe {
        node: usize,
        model: Model,
        name: String,
        _told: watch::Sender<()>,
    },
    Unload {
        node: usize,
        model: String,
        told: oneshot::Sender<Result<(), Fault>>,
    },
}

/// A load, and the calls that start behind it.
pub(super) struct Load {
    pub node: usize,
    pub model: Model,
    pub name: String,
    pub num_ctx: u32,
    pub keep_alive: Option<Raw>,
    pub unload: Vec<String>,
    pub starts: Vec<(CallId, Started)>,
    /// Closed when it is over.
    pub done: watch::Sender<()>,
}

/// What a call wants.
pub(crate) struct Wish<'a> {
    pub key: Arc<str>,
    pub priority: i64,
    pub longest: Duration,
    /// The model's whole name.
    pub model: &'a str,
    /// Where it may go, and the largest context there if the operator says.
    pub nodes: &'a [(usize, Option<u32>)],
    /// Tokens of the prompt, by estimate.
    pub prompt_tokens: u64,
    /// How many more they may be, for all that is known.
    pub doubt: u64,
    /// The bound of the answer, if it has one; `None` if nothing is generated: texts to be embedded need not fit together,
    /// and the node says if one is too long.
    pub bound: Option<Option<u64>>,
    /// Tokens of the answer, as they are foreseen.
    pub output_tokens: u64,
    /// The context that the caller asks for.
    pub asked: Option<u64>,
    /// A context that turned out to be too small, tokens.
    pub outgrown: u32,
}

/// Why a call is not served by the nodes.
pub(crate) enum Denial {
    /// None of them has the model.
    NoNode,
    /// It does not fit the context of any of them.
    TooLong(Fault),
    /// It cannot wait.
    Refused(Refusal),
}

/// Why nothing can be done by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// No node has the model.
    NoNode,
    /// Calls run on it.
    Busy,
    /// There is no way to wake the node.
    Asleep,
    /// It did not work.
    Failed(String),
}

impl Fleet {
    /// A fleet with these terms.
    pub fn new(terms: FleetTerms) -> Self {
        let FleetTerms { sites, models, usual } = terms;
        let mut nodes: Vec<nodes::NodeTerms> = sites.iter().map(|site| site.terms.clone()).collect();
        let (mut known, mut numbers) = (Vec::new(), HashMap::new());
        for (model, one) in (0..).zip(&models) {
            let mut contexts = HashMap::new();
            for (node, most_ctx) in &one.on {
                nodes[*node].models.insert(model, most_ctx.unwrap_or(UNKNOWN_CTX));
                most_ctx.map(|most_ctx| contexts.insert(*node, Ok(most_ctx)));
            }
            let (name, keep_alive) = (one.name.clone(), one.keep_alive.clone());
            numbers.insert(name.clone(), model);
            let (asked, lacking) = Default::default();
            known.push(Known { name, terms: one.terms, keep_alive, contexts, asked, lacking });
        }
        let plan = nodes::Fleet::new(nodes, (0..).zip(models.iter().map(|one| one.terms)).collect());
        let (conditions, callers, tasks) = (vec![Condition::default(); sites.len()], HashMap::new(), Vec::new());
        let state = State { plan, models: known, numbers, callers, tasks, nodes: conditions, used_ms: 0 };
        Fleet { sites, usual, epoch: Instant::now(), state: Mutex::new(state), bell: Arc::default() }
    }

    /// Milliseconds of its own clock.
    pub(super) fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    /// The plan, to be looked at.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan, to be changed.
    pub(super) fn change(&self) -> Plan<'_> {
        Plan { fleet: self, state: self.lock(), rings: true }
    }

    /// The plan, to be changed by the keeper, which looks after everything then.
    pub(super) fn keep(&self) -> Plan<'_> {
        Plan { fleet: self, state: self.lock(), rings: false }
    }

    /// A call begins to wait for a node.
    pub(crate) async fn join(self: &Arc<Self>, wish: Wish<'_>) -> Result<(Waiting, Waited), Denial> {
        let is_known = self.lock().knows(wish.model, wish.nodes, self.now_ms());
        let asked = if is_known { Vec::new() } else { self.change().describe(wish.model, wish.nodes) };
        let asked = async {
            for mut told in asked {
                // Whoever asks drops its end when it knows.
                while told.changed().await.is_ok() {}
            }
        };
        // Without an answer the call goes on: the node itself says if something does not fit.
        let _ = timeout(DESCRIPTION, asked).await;
        let mut plan = self.change();
        let model = plan.serve(wish.model, wish.nodes).ok_or(Denial::NoNode)?;
        plan.join(self, model, wish)
    }

    pub(super) fn position(&self, call: CallId) -> Option<(usize, Option<u64>)> {
        self.lock().plan.position(call, self.now_ms())
    }

    /// When the last load of a node ended.
    pub(super) fn loaded_ms(&self, node: usize) -> u64 {
        self.lock().nodes.get(node).map_or(0, |node| node.loaded_ms)
    }

    /// A call is over, whether it was served or only waited.
    pub(super) fn over(&self, call: CallId, node: Option<usize>, done: Option<Done>) {
        let (now_ms, mut plan) = (self.now_ms(), self.change());
        let state = &mut *plan.state;
        state.callers.remove(&call);
        state.used_ms = now_ms;
        if !state.plan.leave(call) {
            if let Some(condition) = node.filter(|_| done.is_some()).and_then(|node| state.nodes.get_mut(node)) {
                condition.failures = 0;
            }
            state.plan.ended(call, done, now_ms);
        }
    }

    /// A node failed: it gets nothing for a while; one that can be woken may be asleep.
    pub(super) fn failed(&self, node: usize, kind: FaultKind) {
        let (now_ms, mut plan) = (self.now_ms(), self.change());
        plan.fail(node, kind, now_ms);
    }

    /// A node turned out not to have a model.
    pub(super) fn lacks(&self, node: usize, model: Model, fault: &Fault) {
        let (now_ms, mut plan) = (self.now_ms(), self.change());
        let state = &mut *plan.state;
        if let Some(known) = state.models.get_mut(model as usize) {
            known.lacking.insert(node, now_ms + LACK_MS);
        }
        for call in state.plan.lacks(node, model) {
            if let Some(caller) = state.callers.remove(&call) {
                // Whoever has left needs no word.
                let _ = caller.send(Err(fault.clone()));
            }
        }
    }

    /// Loads a model by hand: as a call would that says nothing. Returns when it is loaded.
    pub async fn load(self: &Arc<Self>, model: &str, nodes: &[(usize, Option<u32>)]) -> Result<(), NotNow> {
        let (key, longest) = (Arc::from("preload"), Duration::from_secs(3_600));
        let (priority, prompt_tokens, doubt, bound, output_tokens) = (0, 0, 0, None, 1);
        let (asked, outgrown) = (None, 0);
        let wish =
            Wish { key, priority, longest, model, nodes, prompt_tokens, doubt, bound, output_tokens, asked, outgrown };
        let (waiting, _) = self.join(wish).await.map_err(|why| match why {
            Denial::NoNode => NotNow::NoNode,
            Denial::TooLong(fault) => NotNow::Failed(fault.message),
            Denial::Refused(_) => NotNow::Busy,
        })?;
        let placement =
            waiting.started(Instant::now() + longest).await.map_err(|fault| NotNow::Failed(fault.message))?;
        placement.loaded().await;
        let node = placement.started().map_or(0, |started| started.node);
        match self.view().nodes[node].loaded.iter().any(|loaded| loaded.model == model) {
            true => Ok(()),
            false => Err(NotNow::Failed("the node did not load it: the log says why".to_owned())),
        }
    }

    /// Unloads a model by hand, unless calls run on it.
    pub async fn unload(&self, model: &str, node: usize) -> Result<(), NotNow> {
        let told = {
            let view = self.view();
            let loaded = view.nodes.get(node).and_then(|node| node.loaded.iter().find(|one| one.model == model));
            if loaded.ok_or(NotNow::NoNode)?.running > 0 {
                return Err(NotNow::Busy);
            }
            let (told, done) = oneshot::channel();
            self.change().state.tasks.push(Task::Unload { node, model: model.to_owned(), told });
            done
        };
        match told.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err(NotNow::Failed(fault.message)),
            Err(_) => Err(NotNow::Failed("nobody looks after the nodes".to_owned())),
        }
    }

    /// Wakes a node by hand.
    pub fn wake(&self, node: usize) -> Result<(), NotNow> {
        let site = self.sites.get(node).ok_or(NotNow::NoNode)?;
        site.wake.ok_or(NotNow::Asleep)?;
        self.change().state.tasks.push(Task::Wake(node));
        Ok(())
    }
}

/// The plan while it is changed. What follows from the change is set going when it is let go of.
pub(super) struct Plan<'f> {
    fleet: &'f Fleet,
    state: MutexGuard<'f, State>,
    /// Whether the keeper must be told.
    rings: bool,
}

impl Plan<'_> {
    /// The number of a model, new if it has none; `None` if there are too many.
    pub fn number(&mut self, name: &str) -> Option<Model> {
        let state = &mut *self.state;
        if let Some(model) = state.numbers.get(name) {
            return Some(*model);
        }
        let model = Model::try_from(state.models.len()).ok().filter(|_| state.models.len() < MOST_MODELS)?;
        let (contexts, asked, lacking) = Default::default();
        let (name, keep_alive, terms) = (name.to_owned(), None, self.fleet.usual);
        state.numbers.insert(name.clone(), model);
        state.models.push(Known { name, terms, keep_alive, contexts, asked, lacking });
        Some(model)
    }

    /// Has nodes asked how large a context a model can have that nobody has said; what to wait for.
    fn describe(&mut self, name: &str, nodes: &[(usize, Option<u32>)]) -> Vec<watch::Receiver<()>> {
        let Some(model) = self.number(name) else { return Vec::new() };
        let now_ms = self.fleet.now_ms();
        let state = &mut *self.state;
        let known = &mut state.models[model as usize];
        let mut told = Vec::new();
        for (node, _) in nodes.iter().filter(|(_, most_ctx)| most_ctx.is_none()) {
            match known.asked.get(node) {
                _ if known.knows(*node, now_ms) => {}
                Some(asked) => told.push(asked.clone()),
                None => {
                    let (asks, asked) = watch::channel(());
                    known.asked.insert(*node, asked.clone());
                    let name = known.name.clone();
                    state.tasks.push(Task::Describe { node: *node, model, name, _told: asks });
                    told.push(asked);
                }
            }
        }
        told
    }

    /// A node has said how large a context a model can have; `None` if it did not.
    pub fn described(&mut self, node: usize, model: Model, most_ctx: Option<u32>) {
        let now_ms = self.fleet.now_ms();
        if let Some(known) = self.state.models.get_mut(model as usize) {
            known.asked.remove(&node);
            known.contexts.insert(node, most_ctx.ok_or(now_ms + LACK_MS));
        }
    }

    /// Makes sure that the plan knows of a model on these nodes.
    fn serve(&mut self, name: &str, nodes: &[(usize, Option<u32>)]) -> Option<Model> {
        let (model, now_ms) = (self.number(name)?, self.fleet.now_ms());
        let state = &mut *self.state;
        let known = &mut state.models[model as usize];
        known.lacking.retain(|_, until_ms| *until_ms > now_ms);
        let have = nodes.iter().filter(|(node, _)| !known.lacking.contains_key(node));
        let most = |(node, stated): &(usize, Option<u32>)| {
            let asked = known.contexts.get(node).and_then(|known| known.ok());
            (*node, stated.or(asked).unwrap_or(UNKNOWN_CTX))
        };
        let have: Vec<(usize, u32)> = have.map(most).collect();
        state.plan.serve(model, known.terms, have);
        Some(model)
    }

    fn join(&mut self, fleet: &Arc<Fleet>, model: Model, wish: Wish) -> Result<(Waiting, Waited), Denial> {
        let now_ms = fleet.now_ms();
        let tokens = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let nodes = NodeSet::from_iter(wish.nodes.iter().map(|(node, _)| *node));
        let most = self.state.plan.most_ctx(model, nodes).ok_or(Denial::NoNode)?;
        let prompt = tokens(wish.prompt_tokens);
        let need = wish.bound.map_or(0, |bound| {
            let bound = bound.map_or(ANSWER, tokens);
            // An answer that reaches the end of the context says so: only what is needed at least must fit.
            let least = prompt.saturating_add(bound.min(LEAST_ANSWER));
            prompt.saturating_add(tokens(wish.doubt)).saturating_add(bound).min(most).max(least)
        });
        let need = if wish.outgrown > 0 { need.max(wish.outgrown.saturating_add(1)) } else { need };
        let call = nodes::Call {
            key: wish.key,
            priority: wish.priority,
            deadline_ms: now_ms.saturating_add(wish.longest.as_millis() as u64),
            model,
            nodes,
            prompt_tokens: prompt,
            output_tokens: tokens(wish.output_tokens),
            need,
            asked: wish.asked.map(tokens),
        };
        let id = self.state.plan.join(call, now_ms).map_err(|why| match why {
            Denied::NoNode => Denial::NoNode,
            Denied::ContextLengthExceeded { need, most } => Denial::TooLong(too_long(wish.model, need, most)),
            Denied::Refused(refusal) => Denial::Refused(refusal),
        })?;
        let (position, expected_ms) = self.state.plan.position(id, now_ms).unwrap_or((0, None));
        let (tell, told) = oneshot::channel();
        self.state.callers.insert(id, tell);
        if self.state.used_ms + IN_USE_MS <= now_ms {
            // The keeper has rested since.
            fleet.bell.notify_one();
        }
        self.state.used_ms = now_ms;
        let placement = Arc::new(Placement::new(fleet.clone(), id));
        Ok((Waiting { placement, told }, Waited { position, expected_ms, ms: None }))
    }

    /// A load is over.
    pub fn loaded(&mut self, node: usize, took_ms: u64) {
        let now_ms = self.fleet.now_ms();
        self.state.nodes[node] = Condition { failures: 0, loaded_ms: now_ms };
        self.state.plan.loaded(node, took_ms, now_ms);
    }

    /// A node has unloaded a model by hand.
    pub fn unloaded(&mut self, node: usize, model: &str) {
        let now_ms = self.fleet.now_ms();
        if let Some(model) = self.number(model) {
            self.state.plan.unloaded(node, model, now_ms);
        }
    }

    /// The context that a model has on a node that does not say, tokens.
    pub fn context(&self, node: usize, model: Model) -> u32 {
        let node = self.state.plan.node(node);
        let loaded = node.and_then(|node| node.loaded.into_iter().find(|loaded| loaded.model == model));
        let usual = self.state.models.get(model as usize).map_or(self.fleet.usual, |known| known.terms).num_ctx;
        loaded.map_or(usual, |loaded| loaded.num_ctx)
    }

    /// A node has said what it has loaded.
    pub fn polled(&mut self, node: usize, seen: &[Seen]) {
        let now_ms = self.fleet.now_ms();
        self.state.plan.polled(node, seen, now_ms);
    }

    fn fail(&mut self, node: usize, kind: FaultKind, now_ms: u64) {
        let state = &mut *self.state;
        let Some(condition) = state.nodes.get_mut(node) else { return };
        let unreachable = matches!(kind, FaultKind::Connect | FaultKind::Timeout);
        if unreachable && self.fleet.sites[node].wake.is_some() {
            state.plan.sleeps(node);
            return;
        }
        let rest_ms = (FIRST_REST_MS << condition.failures.min(10)).min(LONGEST_REST_MS);
        condition.failures += 1;
        state.plan.failed(node, now_ms + rest_ms);
    }

    /// Looks after everything that time brings: which nodes are to be asked what they have loaded, what there is to do,
    /// and after how long to look again at the latest.
    pub fn tick(&mut self) -> (Vec<usize>, Vec<Task>, Option<Duration>) {
        let now_ms = self.fleet.now_ms();
        let polls = self.state.plan.polls(now_ms);
        self.act();
        let tasks = std::mem::take(&mut self.state.tasks);
        let in_use = self.state.plan.is_in_use() || self.state.used_ms + IN_USE_MS > now_ms;
        let next =
            self.state.plan.next_ms().map(|next_ms| Duration::from_millis(next_ms.saturating_sub(now_ms).max(1)));
        (polls, tasks, next.into_iter().chain(in_use.then_some(TICK)).min())
    }

    /// Starts and loads what the plan says.
    fn act(&mut self) {
        let (now_ms, state) = (self.fleet.now_ms(), &mut *self.state);
        let mut loads: Vec<Load> = Vec::new();
        for action in state.plan.decide(now_ms) {
            match action {
                Action::Load { node, model, num_ctx, unload } => {
                    let name = |model: Model| state.models.get(model as usize).map(|known| known.name.clone());
                    let unload = unload.into_iter().filter_map(name).collect();
                    let keep_alive = state.models.get(model as usize).and_then(|known| known.keep_alive.clone());
                    let (name, starts) = (name(model).unwrap_or_default(), Vec::new());
                    let done = watch::Sender::new(());
                    loads.push(Load { node, model, name, num_ctx, keep_alive, unload, starts, done });
                }
                Action::Start { call, node, num_ctx } => match loads.iter_mut().find(|load| load.node == node) {
                    Some(load) => {
                        let behind = Started { node, num_ctx, load: Some(load.done.subscribe()) };
                        load.starts.push((call, behind));
                    }
                    None => {
                        // Whoever has left says so itself.
                        let caller = state.callers.remove(&call);
                        caller.map(|caller| caller.send(Ok(Started { node, num_ctx, load: None })));
                    }
                },
                Action::Wake { node } => state.tasks.push(Task::Wake(node)),
            }
        }
        state.tasks.extend(loads.into_iter().map(Task::Load));
    }

    /// The calls behind a load begin, now that it is on its way.
    pub fn start(&mut self, starts: Vec<(CallId, Started)>) {
        for (call, started) in starts {
            let caller = self.state.callers.remove(&call);
            caller.map(|caller| caller.send(Ok(started)));
        }
    }
}

impl Drop for Plan<'_> {
    fn drop(&mut self) {
        if !self.rings {
            return;
        }
        let before = self.state.plan.next_ms();
        self.act();
        let is_sooner = self.state.plan.next_ms().is_some_and(|next_ms| before.is_none_or(|before| next_ms < before));
        if !self.state.tasks.is_empty() || is_sooner {
            self.fleet.bell.notify_one();
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // There is nothing to keep any more.
        self.bell.notify_one();
    }
}

/// The refusal of a prompt that is longer than any context, in the words that clients know.
fn too_long(model: &str, need: u32, most: u32) -> Fault {
    let message = format!(
        "This model's maximum context length is {most} tokens. However, your request needs about {need} tokens. \
         Please reduce the length of the messages or the completion. (model {model})"
    );
    let code = Some("context_length_exceeded".to_owned());
    Fault { kind: FaultKind::ContextWindow, code, ..Fault::invalid_param("messages", message) }
}
