//! A world of nodes as Ollama is: each serves one call after another, holds one model in memory with one context, takes
//! 40 s to load another, and gets calls from outside that nobody tells the fleet of. The fleet is driven as the engine
//! would; time goes from one event to the next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::super::*;
use super::best::best;

pub const LOAD_MS: u64 = 40_000;
/// A token of prompt and one of output.
const PROMPT_MS: u64 = 1;
const OUTPUT_MS: u64 = 25;

/// A call of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    pub model: Model,
    pub at_ms: u64,
    pub tokens: u32,
    pub key: u32,
    pub asked: Option<u32>,
    pub need: u32,
}

impl Job {
    pub fn service_ms(&self) -> u64 {
        u64::from(self.tokens) * OUTPUT_MS + 100 * PROMPT_MS
    }
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Ours(CallId),
    /// A job that the best planner sent.
    Best(usize),
    Load,
    Foreign,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    work: Work,
    model: Model,
    num_ctx: u32,
    service_ms: u64,
    /// How long a load before it took.
    took_ms: u64,
}

#[derive(Debug, Default)]
struct Ollama {
    loaded: Option<(Model, u32)>,
    expires_ms: u64,
    current: Option<Piece>,
    ends_ms: u64,
    waiting: VecDeque<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives(usize),
    Foreign(usize, Model, u64),
    Ends(usize),
    Tick,
}

pub struct World {
    fleet: Fleet<u32>,
    nodes: Vec<Ollama>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    count: u64,
    jobs: Vec<Job>,
    left: usize,
    tick_ms: Option<u64>,
    now_ms: u64,
    calls: BTreeMap<CallId, usize>,
    /// What happened: when each job ended, in which order they started, which loads there were.
    pub ends_ms: Vec<u64>,
    pub started: Vec<usize>,
    pub loads: Vec<(usize, Model, u32)>,
    pub polls: Vec<(u64, usize)>,
    /// Whether the best planner decides, and not the fleet; and its jobs that wait.
    is_best: bool,
    /// Whether each key sends its next job only when the one before has ended.
    pub is_closed: bool,
    pending: Vec<usize>,
}

pub fn terms() -> ModelTerms {
    ModelTerms { num_ctx: 4_096, most_waiting: 1_000, patience_ms: None, kept_on: 0 }
}

pub fn node_terms(models: u32) -> NodeTerms {
    let models = (0..models).map(|model| (model, 32_768)).collect();
    NodeTerms { slots: 1, most_models: 1, models, ..NodeTerms::default() }
}

impl World {
    /// `foreign` are calls from outside: node, model, when, how long they take.
    pub fn new(nodes: usize, models: u32, jobs: Vec<Job>, foreign: &[(usize, Model, u64, u64)]) -> Self {
        let fleet = Fleet::new(vec![node_terms(models); nodes], (0..models).map(|model| (model, terms())).collect());
        let mut world = World {
            fleet,
            nodes: (0..nodes).map(|_| Ollama::default()).collect(),
            events: BinaryHeap::new(),
            count: 0,
            left: jobs.len(),
            ends_ms: vec![0; jobs.len()],
            jobs,
            tick_ms: None,
            now_ms: 0,
            calls: BTreeMap::new(),
            started: Vec::new(),
            loads: Vec::new(),
            polls: Vec::new(),
            is_best: false,
            is_closed: false,
            pending: Vec::new(),
        };
        for index in 0..world.jobs.len() {
            world.at(world.jobs[index].at_ms, Event::Arrives(index));
        }
        for (node, model, at_ms, service_ms) in foreign {
            world.at(*at_ms, Event::Foreign(*node, *model, *service_ms));
        }
        world
    }

    /// What a node has loaded at the beginning, as a first poll shows.
    pub fn loaded(mut self, node: usize, model: Model) -> Self {
        self.nodes[node].loaded = Some((model, 4_096));
        self.fleet.polled(node, &[self.seen(node).unwrap()], 0);
        self
    }

    /// It has run for a while: the fleet knows how quick the nodes are.
    pub fn known(mut self) -> Self {
        let done =
            Done { prompt_tokens: 100, prompt_ms: 100 * PROMPT_MS, output_tokens: 100, output_ms: 100 * OUTPUT_MS };
        for line in self.fleet.lines.values_mut() {
            line.speed.loaded(LOAD_MS);
            line.speed.done(&done);
        }
        self
    }

    fn seen(&self, node: usize) -> Option<Seen> {
        let expires_ms = self.nodes[node].expires_ms;
        self.nodes[node].loaded.map(|(model, num_ctx)| Seen { model, num_ctx, vram_bytes: 1, expires_ms })
    }

    fn at(&mut self, at_ms: u64, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at_ms, self.count, event)));
    }

    /// Lets everything happen until all jobs are done.
    pub fn run(mut self) -> Self {
        self.at(0, Event::Tick);
        if self.is_closed {
            self.events.retain(|Reverse((_, _, event))| match event {
                Event::Arrives(index) => self.jobs[..*index].iter().all(|job| job.key != self.jobs[*index].key),
                _ => true,
            });
        }
        while self.left > 0 {
            let Reverse((now_ms, _, event)) = self.events.pop().expect("jobs are left, but nothing happens any more");
            assert!(now_ms < 100 * 3_600_000, "{} jobs are never served", self.left);
            self.now_ms = now_ms;
            self.happens(event);
            // What happens at once is decided on at once.
            if self.events.peek().is_some_and(|Reverse((at_ms, _, _))| *at_ms == now_ms) {
                continue;
            }
            if self.is_best {
                self.decide_best();
                continue;
            }
            for action in self.fleet.decide(now_ms) {
                self.act(action);
            }
            if let Some(next_ms) = self.fleet.next_ms() {
                self.at(next_ms, Event::Tick);
            }
        }
        self
    }

    /// With one who sees at each moment all that runs and waits at the nodes, and tries all plans.
    pub fn best(mut self) -> Self {
        self.is_best = true;
        self.run()
    }

    fn decide_best(&mut self) {
        if self.pending.is_empty() || self.nodes.iter().all(|node| node.current.is_some()) {
            return;
        }
        let after = |node: &Ollama| {
            let (mut loaded, mut free_ms) = (node.loaded.map(|(model, _)| model), self.now_ms);
            if node.current.is_some() {
                free_ms = node.ends_ms;
            }
            for piece in &node.waiting {
                free_ms += piece.service_ms + if loaded == Some(piece.model) { 0 } else { LOAD_MS };
                loaded = Some(piece.model);
            }
            (loaded, free_ms)
        };
        let starts: Vec<_> = self.nodes.iter().map(after).collect();
        let jobs: Vec<_> = self.pending.iter().map(|index| self.jobs[*index]).collect();
        for (node, job) in best(&starts, &jobs).1.into_iter().enumerate() {
            let Some(job) = job.filter(|_| self.nodes[node].current.is_none()) else { continue };
            let place = self.pending.iter().position(|index| self.jobs[*index] == job).unwrap();
            let work = Work::Best(self.pending.remove(place));
            self.send(node, Piece { work, model: job.model, num_ctx: 4_096, service_ms: job.service_ms(), took_ms: 0 });
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives(index) => {
                let job = self.jobs[index];
                if self.is_best {
                    self.pending.push(index);
                    return;
                }
                let call = Call {
                    key: job.key,
                    priority: 0,
                    deadline_ms: u64::MAX,
                    model: job.model,
                    nodes: NodeSet::ALL,
                    prompt_tokens: 100,
                    output_tokens: job.tokens,
                    need: job.need,
                    asked: job.asked,
                };
                let id = self.fleet.join(call, self.now_ms).unwrap();
                self.calls.insert(id, index);
            }
            Event::Foreign(node, model, service_ms) => {
                self.send(node, Piece { work: Work::Foreign, model, num_ctx: 4_096, service_ms, took_ms: 0 });
            }
            Event::Ends(node) => self.ends(node),
            Event::Tick => {
                if self.tick_ms.is_none_or(|tick_ms| tick_ms <= self.now_ms) {
                    self.tick_ms = Some(self.now_ms + 250);
                    self.at(self.now_ms + 250, Event::Tick);
                }
                for node in self.fleet.polls(self.now_ms) {
                    self.polls.push((self.now_ms, node));
                    let seen = self.seen(node);
                    self.fleet.polled(node, seen.as_slice(), self.now_ms);
                }
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Start { call, node, num_ctx } => {
                let index = self.calls[&call];
                self.started.push(index);
                let (job, work) = (self.jobs[index], Work::Ours(call));
                assert!(job.need <= num_ctx, "{job:?} would be cut to {num_ctx}");
                self.send(node, Piece { work, model: job.model, num_ctx, service_ms: job.service_ms(), took_ms: 0 });
            }
            Action::Load { node, model, num_ctx, unload } => {
                let is_ours = matches!(self.nodes[node].current, Some(Piece { work: Work::Ours(_), .. }));
                assert!(!is_ours, "{model} is loaded during a generation");
                if self.nodes[node].current.is_none() && !unload.is_empty() {
                    self.nodes[node].loaded = None;
                }
                self.send(node, Piece { work: Work::Load, model, num_ctx, service_ms: 0, took_ms: 0 });
            }
            Action::Wake { .. } => unreachable!("nobody sleeps here"),
        }
    }

    fn send(&mut self, node: usize, piece: Piece) {
        self.nodes[node].waiting.push_back(piece);
        self.go_on(node);
    }

    fn go_on(&mut self, node: usize) {
        if self.nodes[node].current.is_some() {
            return;
        }
        let Some(mut piece) = self.nodes[node].waiting.pop_front() else { return };
        let wants = (piece.model, piece.num_ctx);
        // Whoever comes from outside takes the context as it is.
        let has = self.nodes[node].loaded.is_some_and(|(model, num_ctx)| {
            model == piece.model && (num_ctx == piece.num_ctx || matches!(piece.work, Work::Foreign))
        });
        let mut takes_ms = piece.service_ms;
        if !has {
            self.nodes[node].loaded = Some(wants);
            if !matches!(piece.work, Work::Foreign) {
                self.loads.push((node, wants.0, wants.1));
            }
            takes_ms += LOAD_MS;
            piece.took_ms = LOAD_MS;
        }
        self.nodes[node].current = Some(piece);
        self.nodes[node].ends_ms = self.now_ms + takes_ms;
        self.at(self.now_ms + takes_ms, Event::Ends(node));
    }

    fn ends(&mut self, node: usize) {
        let piece = self.nodes[node].current.take().unwrap();
        self.nodes[node].expires_ms = self.now_ms + 300_000;
        match piece.work {
            Work::Ours(call) => {
                let index = self.calls[&call];
                let output_tokens = self.jobs[index].tokens;
                let output_ms = u64::from(output_tokens) * OUTPUT_MS;
                let done = Done { prompt_tokens: 100, prompt_ms: 100 * PROMPT_MS, output_tokens, output_ms };
                self.fleet.ended(call, Some(done), self.now_ms);
                self.ends_ms[index] = self.now_ms;
                self.left -= 1;
                let mut later =
                    (index + 1..self.jobs.len()).filter(|next| self.jobs[*next].key == self.jobs[index].key);
                if let Some(next) = later.next().filter(|_| self.is_closed) {
                    self.at(self.now_ms + 500, Event::Arrives(next));
                }
            }
            Work::Best(index) => {
                self.ends_ms[index] = self.now_ms;
                self.left -= 1;
            }
            Work::Load => self.fleet.loaded(node, piece.took_ms, self.now_ms),
            Work::Foreign => (),
        }
        self.go_on(node);
    }
}
