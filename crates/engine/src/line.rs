//! The lines of a group whose deployments have no place free: who comes waits for its turn, and the next one is told when
//! it is. A line is looked at only while somebody waits in it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::queue::{Queue, Refusal, Ticket, Waiting};
use tokio::sync::Notify;
use tokio::time::Instant;
use types::Fault;

use crate::Group;

/// Lines that may be empty and still remembered for how quickly they moved.
const MOST_LINES: usize = 64;

/// How calls wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queueing {
    /// Most calls that wait in a line.
    pub size: usize,
    /// The longest that a call waits; where nobody says, a few seconds, and ten minutes for a machine of one's own, which
    /// may have to load the model first.
    pub timeout: Option<Duration>,
    /// Priority of calls that name none; lower numbers come first.
    pub priority: i64,
}

impl Default for Queueing {
    fn default() -> Self {
        Queueing { size: 1_000, timeout: None, priority: 0 }
    }
}

/// What a call found when it began to wait, and how long that took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    /// How many were to be served before it.
    pub position: usize,
    /// After how long it was to be served, milliseconds, if that was known.
    pub expected_ms: Option<u64>,
    /// How long it has waited, milliseconds, once it was served.
    pub ms: Option<u64>,
}

/// The lines of a group: one for each part of its deployments that calls are allowed (by tags, by region).
pub struct Lines {
    waiting: AtomicUsize,
    lines: Mutex<HashMap<u64, Line>>,
    epoch: Instant,
}

struct Line {
    queue: Queue<Arc<str>>,
    bells: HashMap<Ticket, Arc<Notify>>,
}

/// How a line stands, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// For each call, in the order in which they came: its priority, how many are served before it, and after how long it
    /// will be served, milliseconds, if that is known.
    pub calls: Vec<(i64, usize, Option<u64>)>,
    /// How many wait.
    pub waiting: usize,
}

/// A call's place in a line. Dropping it leaves the line, and tells the next.
pub(crate) struct Turn {
    lines: Arc<Lines>,
    line: u64,
    ticket: Ticket,
    bell: Arc<Notify>,
}

impl Default for Lines {
    fn default() -> Self {
        Lines { waiting: AtomicUsize::new(0), lines: Mutex::default(), epoch: Instant::now() }
    }
}

impl Lines {
    /// Whether nobody waits.
    pub(crate) fn are_empty(&self) -> bool {
        self.waiting.load(Relaxed) == 0
    }

    /// A call of `key` begins to wait for a deployment of `group`, for `longest` at most.
    pub(crate) fn join(
        self: &Arc<Self>,
        group: &Group,
        size: usize,
        key: Arc<str>,
        priority: i64,
        longest: Duration,
    ) -> Result<(Turn, Waited), Refusal> {
        let (line, now_ms) = (part(group), self.now_ms());
        let mut lines = self.lock();
        if lines.len() >= MOST_LINES {
            lines.retain(|one, known| *one == line || !known.queue.is_empty());
        }
        let fresh = || Line { queue: Queue::new(size), bells: HashMap::new() };
        let known = lines.entry(line).or_insert_with(fresh);
        let deadline_ms = now_ms.saturating_add(longest.as_millis() as u64);
        let pace = known.queue.pace(now_ms);
        let ticket = known.queue.join(Waiting { key, priority, cost: 1, deadline_ms }, pace, now_ms)?;
        let (bell, position) = (Arc::new(Notify::new()), known.queue.position(ticket).unwrap_or_default());
        known.bells.insert(ticket, bell.clone());
        self.waiting.fetch_add(1, Relaxed);
        let waited = Waited { position, expected_ms: pace.map(|pace| pace.wait_ms(position)), ms: None };
        Ok((Turn { lines: self.clone(), line, ticket, bell }, waited))
    }

    /// How its lines stand, with at most `most` calls of each.
    pub fn view(&self, most: usize) -> Vec<LineView> {
        let now_ms = self.now_ms();
        let lines = self.lock();
        let waiting = lines.values().map(|line| &line.queue).filter(|queue| !queue.is_empty());
        let view = |queue: &Queue<Arc<str>>| {
            let pace = queue.pace(now_ms);
            let calls = queue.tickets().take(most).map(|(ticket, call)| {
                let position = queue.position(ticket).unwrap_or_default();
                (call.priority, position, pace.map(|pace| pace.wait_ms(position)))
            });
            LineView { calls: calls.collect(), waiting: queue.len() }
        };
        waiting.map(view).collect()
    }

    fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Whether it is the call's turn. If not, whoever's turn it is is told.
    pub fn is_next(&self) -> bool {
        let lines = self.lines.lock();
        let Some(line) = lines.get(&self.line) else { return true };
        match line.queue.next(|_| true) {
            Some(next) if next != self.ticket => {
                line.tell(next);
                false
            }
            _ => true,
        }
    }

    /// Rung when it may be the call's turn.
    pub fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }

    /// The call has got its place.
    pub fn served(self) {
        let now_ms = self.lines.now_ms();
        if let Some(line) = self.lines.lock().get_mut(&self.line) {
            line.queue.serve(self.ticket, now_ms);
        }
    }

    /// After how long it would be served, milliseconds, if that is known.
    pub fn expected_ms(&self) -> Option<u64> {
        let (lines, now_ms) = (self.lines.lock(), self.lines.now_ms());
        let queue = &lines.get(&self.line)?.queue;
        Some(queue.pace(now_ms)?.wait_ms(queue.position(self.ticket)?))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.lines.waiting.fetch_sub(1, Relaxed);
        let mut lines = self.lines.lock();
        let Some(line) = lines.get_mut(&self.line) else { return };
        line.queue.leave(self.ticket);
        line.bells.remove(&self.ticket);
        if let Some(next) = line.queue.next(|_| true) {
            line.tell(next);
        }
    }
}

impl Line {
    fn tell(&self, ticket: Ticket) {
        if let Some(bell) = self.bells.get(&ticket) {
            bell.notify_one();
        }
    }
}

/// When a call that may not wait should come again.
pub(crate) fn retry_after(refusal: &Refusal) -> Option<Duration> {
    let ms = match *refusal {
        Refusal::Full { retry_after_ms } => retry_after_ms.unwrap_or(1_000),
        Refusal::TooLate { retry_after_ms, .. } => retry_after_ms,
    };
    // Whoever waited in vain although it was nearly its turn comes too early at once.
    Some(Duration::from_millis(ms.max(1)))
}

/// The fault of a call that may not wait.
pub(crate) fn refused(refusal: &Refusal, fault: Fault) -> Fault {
    let (code, why) = match refusal {
        Refusal::Full { .. } => ("queue_full", "the queue is full".to_owned()),
        Refusal::TooLate { wait_ms, .. } => (
            "queue_timeout",
            format!("it would be in the queue for {} s, longer than it can", (*wait_ms).max(1).div_ceil(1_000)),
        ),
    };
    let message = format!("No deployments available for selected model: {why}.");
    Fault { retry_after: retry_after(refusal), code: Some(code.to_owned()), message, ..fault }
}

/// Which deployments a group has been narrowed to.
fn part(group: &Group) -> u64 {
    let mut hasher = DefaultHasher::new();
    group.deployments.iter().for_each(|deployment| deployment.id.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests;
