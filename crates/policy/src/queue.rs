//! The line in which calls wait for a place: classes of priority, fair between keys, bounded, with deadlines. It says who
//! is next, where a call stands and how long it will wait; who has places to give is left to others. Times are
//! milliseconds of any clock that only goes forward.

mod class;
mod pace;

use std::collections::{BTreeMap, BTreeSet};

pub use pace::Pace;

use class::Class;
use pace::Rate;

/// Of so many places in a row one goes to the call that waits longest behind a better priority.
const TURN: u32 = 8;
/// How many calls are looked at, each the first of its key, for one that fits a place.
const LOOK: usize = 64;

/// A call's number in its line: who joins later has a higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// Who wants to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<K> {
    /// Who calls: places are shared evenly between keys of the same priority.
    pub key: K,
    /// Lower numbers come first.
    pub priority: i64,
    /// What it costs to serve, in any unit that all calls of the line share; keys get equal sums of it.
    pub cost: u32,
    /// When it has to be served at the latest.
    pub deadline_ms: u64,
}

/// Why a call may not wait: a 429 in the caller's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The line is full, or this key has as many calls in it as there are places left.
    Full {
        /// After how long there is room; `None` if nobody knows.
        retry_after_ms: Option<u64>,
    },
    /// It would wait longer than it can.
    TooLate {
        /// How long it would wait.
        wait_ms: u64,
        /// After how long, if nobody else comes, it would be served in time.
        retry_after_ms: u64,
    },
}

/// The line. Joining, leaving from anywhere and being served take logarithmic time; nothing else of it grows.
///
/// Who is next: the best priority; within it the key that was given least; of that key the oldest call. A key that comes
/// back after a pause has no claim to what it did not use. So a light key's call is served within two places of its
/// priority, however many calls of another key wait. One place in eight goes to the oldest call of worse priorities, if
/// there is one: a call behind `n` older ones of worse priorities is served within `8 * (n + 1)` places that fit it.
///
/// A key may wait with as many calls as there are places left: no single one fills the line, and there is room for others.
#[derive(Clone, Debug)]
pub struct Queue<K> {
    most: usize,
    next: u64,
    calls: BTreeMap<Ticket, Waiting<K>>,
    classes: BTreeMap<i64, Class<K>>,
    /// How many calls of a key wait, whatever their priorities.
    keys: BTreeMap<K, usize>,
    /// The oldest call of each class.
    oldest: BTreeSet<(Ticket, i64)>,
    deadlines: BTreeSet<(u64, Ticket)>,
    /// Places since one was given to somebody behind a better priority.
    since_turn: u32,
    rate: Rate,
}

impl<K: Ord + Clone> Queue<K> {
    /// A line of at most `most` calls.
    pub fn new(most: usize) -> Self {
        Queue {
            most,
            next: 0,
            calls: BTreeMap::new(),
            classes: BTreeMap::new(),
            keys: BTreeMap::new(),
            oldest: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            since_turn: 0,
            rate: Rate::default(),
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// How quickly the line has moved lately; `None` as long as nobody knows.
    pub fn pace(&self, now_ms: u64) -> Option<Pace> {
        self.rate.pace(now_ms)
    }

    /// A call begins to wait, unless the line is full or it would wait, at this pace, longer than it can. With a pace
    /// that nobody knows it may try.
    pub fn join(&mut self, call: Waiting<K>, pace: Option<Pace>, now_ms: u64) -> Result<Ticket, Refusal> {
        let own = self.keys.get(&call.key).copied().unwrap_or(0);
        if own >= self.most.saturating_sub(self.calls.len()) {
            return Err(Refusal::Full { retry_after_ms: pace.map(|pace| pace.wait_ms(0).max(1)) });
        }
        let ticket = Ticket(self.next);
        if let Some(pace) = pace {
            let (wait_ms, able_ms) = (pace.wait_ms(self.ahead(&call, ticket)), call.deadline_ms.saturating_sub(now_ms));
            if wait_ms > able_ms {
                return Err(Refusal::TooLate { wait_ms, retry_after_ms: wait_ms - able_ms });
            }
        }
        self.next += 1;
        if self.calls.is_empty() {
            self.rate.begins(now_ms);
        }
        self.change(call.priority, |class| class.join(call.key.clone(), ticket, call.cost));
        self.deadlines.insert((call.deadline_ms, ticket));
        *self.keys.entry(call.key.clone()).or_default() += 1;
        self.calls.insert(ticket, call);
        Ok(ticket)
    }

    /// A call waits no more, served or not by others. Whether it was waiting.
    pub fn leave(&mut self, ticket: Ticket) -> bool {
        self.remove(ticket, false).is_some()
    }

    /// One that can wait no longer leaves; ask until there is none.
    pub fn expire(&mut self, now_ms: u64) -> Option<Ticket> {
        let (_, ticket) = *self.deadlines.first().filter(|(deadline_ms, _)| *deadline_ms < now_ms)?;
        self.remove(ticket, false);
        Some(ticket)
    }

    /// There is a place for a call that `fits`: the next such call gets it.
    pub fn take(&mut self, fits: impl Fn(Ticket) -> bool, now_ms: u64) -> Option<Ticket> {
        let ticket = self.next(fits)?;
        self.serve(ticket, now_ms);
        Some(ticket)
    }

    /// The call that gets the next place that it `fits`.
    pub fn next(&self, fits: impl Fn(Ticket) -> bool) -> Option<Ticket> {
        let best = *self.classes.first_key_value()?.0;
        let turn = self.passed_over(best).filter(|ticket| self.since_turn + 1 >= TURN && fits(*ticket));
        turn.or_else(|| self.classes.values().flat_map(Class::heads).take(LOOK).find(|ticket| fits(*ticket)))
    }

    /// A call got a place, and waits no more. Whether it was waiting.
    pub fn serve(&mut self, ticket: Ticket, now_ms: u64) -> bool {
        let Some(best) = self.priority() else { return false };
        let passed_over = self.passed_over(best);
        let Some(served) = self.remove(ticket, true) else { return false };
        // Turns are counted only while somebody is passed over.
        self.since_turn = if passed_over.is_some() && served.priority == best { self.since_turn + 1 } else { 0 };
        self.rate.served(self.calls.is_empty(), now_ms);
        true
    }

    /// Who waits longest behind the best priority.
    fn passed_over(&self, best: i64) -> Option<Ticket> {
        self.oldest.iter().find(|(_, priority)| *priority != best).map(|(ticket, _)| *ticket)
    }

    /// How many will be served before it, if nobody else comes. (The turns of worse priorities are not counted.) Takes
    /// time in the number of keys.
    pub fn position(&self, ticket: Ticket) -> Option<usize> {
        self.calls.get(&ticket).map(|call| self.ahead(call, ticket))
    }

    /// All that wait, the oldest first.
    pub fn tickets(&self) -> impl Iterator<Item = (Ticket, &Waiting<K>)> {
        self.calls.iter().map(|(ticket, call)| (*ticket, call))
    }

    /// Who has waited longest, if anybody waits.
    pub fn oldest(&self) -> Option<Ticket> {
        self.oldest.first().map(|(ticket, _)| *ticket)
    }

    /// The best priority that waits.
    pub fn priority(&self) -> Option<i64> {
        self.classes.first_key_value().map(|(priority, _)| *priority)
    }

    fn ahead(&self, call: &Waiting<K>, ticket: Ticket) -> usize {
        let better: usize = self.classes.range(..call.priority).map(|(_, class)| class.len()).sum();
        better + self.classes.get(&call.priority).map_or(0, |class| class.ahead(&call.key, ticket))
    }

    fn remove(&mut self, ticket: Ticket, served: bool) -> Option<Waiting<K>> {
        let call = self.calls.remove(&ticket)?;
        self.deadlines.remove(&(call.deadline_ms, ticket));
        if let Some(count) = self.keys.get_mut(&call.key) {
            *count -= 1;
            if *count == 0 {
                self.keys.remove(&call.key);
            }
        }
        self.change(call.priority, |class| class.remove(&call.key, ticket, served));
        if self.calls.is_empty() {
            self.rate.emptied();
        }
        Some(call)
    }

    /// Changes a class, and keeps the books of classes true. One in which nobody waits is forgotten.
    fn change(&mut self, priority: i64, change: impl FnOnce(&mut Class<K>)) {
        let class = self.classes.entry(priority).or_default();
        let before = class.oldest();
        change(class);
        let after = class.oldest();
        if before == after {
            return;
        }
        if let Some(ticket) = before {
            self.oldest.remove(&(ticket, priority));
        }
        match after {
            Some(ticket) => drop(self.oldest.insert((ticket, priority))),
            None => drop(self.classes.remove(&priority)),
        }
    }
}

#[cfg(test)]
mod tests;
