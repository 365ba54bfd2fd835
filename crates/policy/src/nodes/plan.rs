//! The plan: how all that wait would be served best as far as can be foreseen, call by call where it ends soonest. Only
//! what begins now is carried out; with whatever happens next a new plan is made.

use std::collections::BTreeMap;

use super::Model;
use super::keep::keep;
use super::line::Line;
use super::node::Node;
use super::sketch::{Demand, Resident, Sketch, demands, sketch};

/// What counts as never, milliseconds: a hundred years.
const NEVER_MS: u64 = 100 * 365 * 86_400_000;
/// A plan, and what follows from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub steps: Vec<Step>,
    /// When the first call of each model starts, and the last one ends.
    pub forecasts: BTreeMap<Model, (u64, u64)>,
    /// When time alone may change the plan.
    pub next_ms: Option<u64>,
}

/// What is to be done now.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Start { node: usize, model: Model, num_ctx: u32 },
    Load { node: usize, model: Model, num_ctx: u32, unload: Vec<Model> },
    Wake { node: usize },
}

/// How a call could be served.
#[derive(Clone, Copy)]
struct Way {
    node: usize,
    /// When it starts, or its load does.
    begin_ms: u64,
    end_ms: u64,
    /// Which residents have to go for a load, as bits; `None` if it is loaded.
    load: Option<u64>,
    resident: usize,
}

/// Makes a plan in each manner that there is, and chooses the one whose calls end soonest, in the mean.
pub(super) fn plan<K: Ord + Clone>(nodes: &[Node], lines: &BTreeMap<Model, Line<K>>, now_ms: u64) -> Plan {
    let demands: Vec<Demand> = lines.values().flat_map(|line| demands(nodes, line)).collect();
    let sketches: Vec<Sketch> = nodes.iter().map(|node| sketch(node, lines, now_ms)).collect();
    let (manner, loads, sum_ms, ways, plan) = (Manner::Soonest, false, 0, Vec::new(), Plan::default());
    let mut planner = Planner { now_ms, manner, demands, sketches, loads, sum_ms, ways, plan };
    planner.find_ways();
    let (several, mut best) = (planner.demands.len() > 1, planner.clone().complete());
    if several && best.loads {
        for manner in [Manner::Shared, Manner::Spread, Manner::Apart] {
            let other = Planner { manner, ..planner.clone() }.complete();
            if other.sum_ms < best.sum_ms {
                best = other;
            }
        }
    }
    keep(&mut best, nodes, lines);
    best.note_times();
    best.plan
}

/// What is looked for when a load is weighed against other calls and loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The end of the call itself.
    Soonest,
    /// The same, but those who wait for the model share its load.
    Shared,
    /// Models that are not loaded anywhere come before others get another node.
    Spread,
    /// No model gets another node.
    Apart,
}

#[derive(Clone)]
pub(super) struct Planner {
    pub now_ms: u64,
    manner: Manner,
    /// Whether anything is loaded.
    loads: bool,
    /// Sum of the times at which calls end; those that do not are as late as can be.
    sum_ms: u64,
    demands: Vec<Demand>,
    pub sketches: Vec<Sketch>,
    /// By demand and node, as far as they are true still.
    ways: Vec<Vec<Option<Way>>>,
    pub plan: Plan,
}

impl Planner {
    fn complete(mut self) -> Self {
        while let Some((demand, way)) = self.next() {
            self.put(demand, way);
            // Only a load, or a model that nobody waits for any more, changes what is possible on other nodes.
            if way.load.is_some() || self.demands[demand].left == 0 {
                self.find_ways();
            } else {
                (0..self.demands.len()).for_each(|one| self.ways[one][way.node] = self.way(one, way.node));
            }
        }
        let left: u64 = self.demands.iter().map(|demand| u64::from(demand.left)).sum();
        self.sum_ms = self.sum_ms.saturating_add(left.saturating_mul(NEVER_MS));
        self
    }

    /// Who is placed next, and how: those who are past their patience, the best priority, where it ends soonest, the oldest.
    fn next(&self) -> Option<(usize, Way)> {
        let waiting = self.demands.iter().enumerate().filter(|(_, demand)| demand.left > 0);
        let ranked = waiting.filter_map(|(index, demand)| {
            let way = self.best_way(index)?;
            let urgent = self.is_past_patience(demand) && !self.is_served(demand);
            Some(((!urgent, demand.priority, self.weight(demand, way), demand.since_ms), index, way))
        });
        ranked.min_by_key(|(rank, _, _)| *rank).map(|(_, index, way)| (index, way))
    }

    /// When the call ends, as this manner sees it.
    fn weight(&self, demand: &Demand, way: Way) -> u64 {
        let load_ms = demand.work[way.node].filter(|_| way.load.is_some()).map_or(0, |work| work.load_ms);
        let shared_ms = way.end_ms - load_ms + load_ms / u64::from(demand.left);
        match self.manner {
            Manner::Soonest => way.end_ms,
            Manner::Shared => shared_ms,
            Manner::Spread | Manner::Apart if !self.is_served(demand) => shared_ms,
            Manner::Spread | Manner::Apart => way.end_ms,
        }
    }

    fn find_ways(&mut self) {
        let (demands, nodes) = (0..self.demands.len(), 0..self.sketches.len());
        self.ways = demands.map(|demand| nodes.clone().map(|node| self.way(demand, node)).collect()).collect();
    }

    fn best_way(&self, demand: usize) -> Option<Way> {
        let may_load = self.manner != Manner::Apart || !self.is_served(&self.demands[demand]);
        let ways = self.ways[demand].iter().flatten().filter(|way| may_load || way.load.is_none());
        ways.min_by_key(|way| (way.end_ms, way.load.is_some())).copied()
    }

    fn way(&self, demand: usize, node: usize) -> Option<Way> {
        let (demand, sketch) = (&self.demands[demand], &self.sketches[node]);
        let work = demand.work[node]?;
        if demand.left == 0 || sketch.from_ms == u64::MAX {
            return None;
        }
        let fits = |resident: &Resident| resident.model == demand.model && resident.num_ctx >= demand.num_ctx;
        if let Some(resident) = sketch.residents.iter().position(fits) {
            let begin_ms = sketch.residents[resident].first_ms().max(sketch.from_ms);
            let end_ms = begin_ms + work.foreign_ms + work.service_ms;
            return Some(Way { node, begin_ms, end_ms, load: None, resident });
        }
        let (gone_ms, victims) = self.room(demand, node)?;
        let begin_ms = gone_ms.max(sketch.loads_ms);
        let end_ms = begin_ms + work.foreign_ms + work.load_ms + work.service_ms;
        Some(Way { node, begin_ms, end_ms, load: Some(victims), resident: 0 })
    }

    /// When there is room for a load, and which residents have to go for it.
    fn room(&self, demand: &Demand, node: usize) -> Option<(u64, u64)> {
        let sketch = &self.sketches[node];
        let (mut gone_ms, mut victims) = (0, 0_u64);
        let bit = |resident: usize| 1_u64 << (resident % 64);
        for (index, resident) in
            sketch.residents.iter().enumerate().filter(|(_, resident)| resident.model == demand.model)
        {
            // It is there, but too small.
            (gone_ms, victims) = (resident.drained_ms(), victims | bit(index));
        }
        loop {
            let stay = sketch.residents.iter().enumerate().filter(|(index, _)| victims & bit(*index) == 0);
            let (count, vram_bytes) = stay.clone().fold((0, demand.vram_bytes), |(count, sum), (_, resident)| {
                (count + 1, sum.saturating_add(resident.vram_bytes))
            });
            if count < sketch.most_models && (count == 0 || vram_bytes <= sketch.vram_bytes) {
                return Some((gone_ms, victims));
            }
            let next = stay.filter_map(|(index, resident)| Some((self.gone_ms(demand, resident)?, index))).min()?;
            (gone_ms, victims) = (gone_ms.max(next.0), victims | bit(next.1));
        }
    }

    /// When a model may be unloaded for the sake of others, if it may.
    fn gone_ms(&self, demand: &Demand, resident: &Resident) -> Option<u64> {
        let rivals = || self.demands.iter().filter(|rival| rival.left > 0 && rival.model == resident.model);
        let past_patience = self.is_past_patience(demand);
        let Some(since_ms) = rivals().map(|rival| rival.since_ms).min() else {
            return Some(resident.drained_ms().max(resident.hold_ms));
        };
        let waited = |since_ms: u64| self.now_ms.saturating_sub(since_ms);
        let is_better = rivals().all(|rival| demand.priority < rival.priority);
        // Who is served somewhere has to be much worse off than those here.
        let is_worse_off = !self.is_served(demand) || waited(demand.since_ms) >= 2 * waited(since_ms);
        let goes = resident.turn_ms <= self.now_ms && (is_better || past_patience && is_worse_off);
        goes.then(|| resident.drained_ms())
    }

    fn is_past_patience(&self, demand: &Demand) -> bool {
        demand.since_ms + demand.patience_ms <= self.now_ms
    }

    fn is_served(&self, demand: &Demand) -> bool {
        let sketches = self.sketches.iter().zip(&demand.work).filter(|(_, work)| work.is_some());
        let mut residents = sketches.flat_map(|(sketch, _)| &sketch.residents);
        residents.any(|resident| resident.model == demand.model && resident.num_ctx >= demand.num_ctx)
    }

    /// Places a portion of calls, and notes what of it begins now.
    fn put(&mut self, index: usize, way: Way) {
        let now_ms = self.now_ms;
        let resident = if let Some(victims) = way.load { self.load(index, way, victims) } else { way.resident };
        let (demand, sketch) = (&mut self.demands[index], &mut self.sketches[way.node]);
        let Some(work) = demand.work[way.node] else { return };
        if std::mem::take(&mut sketch.sleeps) {
            self.plan.steps.push(Step::Wake { node: way.node });
        }
        let resident = &mut sketch.residents[resident];
        let (start_ms, calls) = (way.end_ms - work.service_ms, demand.portion.min(demand.left));
        demand.left -= calls;
        self.loads |= way.load.is_some();
        // Slots that are free at the same time share the portion.
        let first_ms = resident.first_ms();
        let same = resident.free_ms.iter_mut().filter(|free_ms| **free_ms == first_ms).take(calls as usize);
        let mut same: Vec<&mut u64> = same.collect();
        let share = calls.div_ceil(same.len().max(1) as u32);
        let last_ms = start_ms + work.service_ms * u64::from(share);
        for free_ms in &mut same {
            **free_ms = last_ms;
            // The call is sent right behind its load, lest one from outside comes in between and has it unloaded again.
            if way.begin_ms <= now_ms {
                self.plan.steps.push(Step::Start { node: way.node, model: demand.model, num_ctx: resident.num_ctx });
            }
        }
        // From the first to the last they end at equal distances.
        self.sum_ms = self.sum_ms.saturating_add((way.end_ms + last_ms).saturating_mul(u64::from(calls)) / 2);
        let forecast = self.plan.forecasts.entry(demand.model).or_insert((start_ms, last_ms));
        *forecast = (forecast.0.min(start_ms), forecast.1.max(last_ms));
    }

    /// Plans a load; which resident it becomes.
    fn load(&mut self, index: usize, way: Way, victims: u64) -> usize {
        let (demand, sketch) = (&self.demands[index], &mut self.sketches[way.node]);
        let work = demand.work[way.node];
        let num_ctx = demand.load_ctx.min(work.map_or(0, |work| work.most_ctx)).max(demand.num_ctx);
        let mut unload = Vec::new();
        let mut bits = victims;
        sketch.residents.retain(|resident| {
            let goes = bits & 1 == 1;
            bits >>= 1;
            if goes && resident.model != demand.model {
                unload.push(resident.model);
            }
            !goes
        });
        if way.begin_ms <= self.now_ms {
            let (node, model) = (way.node, demand.model);
            self.plan.steps.push(Step::Load { node, model, num_ctx, unload });
        }
        let end_ms = way.begin_ms + work.map_or(0, |work| work.load_ms);
        sketch.loads_ms = end_ms;
        sketch.residents.push(Resident {
            model: demand.model,
            num_ctx,
            vram_bytes: demand.vram_bytes,
            free_ms: vec![end_ms; sketch.slots],
            turn_ms: end_ms + demand.patience_ms,
            hold_ms: 0,
            unused_ms: u64::MAX,
        });
        sketch.residents.len() - 1
    }

    /// When patience, a turn or a rest ends, the plan may be another one.
    fn note_times(&mut self) {
        let patience = self.demands.iter().map(|demand| demand.since_ms + demand.patience_ms);
        let residents = self.sketches.iter().flat_map(|sketch| &sketch.residents);
        let turns = residents.flat_map(|resident| [resident.turn_ms, resident.hold_ms, resident.unused_ms]);
        let rests = self.sketches.iter().map(|sketch| sketch.from_ms);
        let times = patience.chain(turns).chain(rests);
        self.plan.next_ms = times.filter(|ms| *ms > self.now_ms && *ms < u64::MAX).min();
    }
}
