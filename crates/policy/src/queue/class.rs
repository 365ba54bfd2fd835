//! The calls of one priority, fair between keys: start-time fair queueing. Each key has a tag, what it was given so far;
//! the lowest tag is next. Whoever comes anew begins at the tag that was served last, so that it neither waits for what
//! others used before nor makes up for its own pause.

use std::collections::{BTreeMap, BTreeSet};

use super::Ticket;

#[derive(Clone, Debug)]
pub(super) struct Class<K> {
    lanes: BTreeMap<K, Lane>,
    /// Keys that wait: tag, oldest call, key.
    order: BTreeSet<(u64, Ticket, K)>,
    /// Keys that wait no more, but were given more than others: tag, key.
    ahead: BTreeSet<(u64, K)>,
    tickets: BTreeSet<Ticket>,
    /// Tag that was served last.
    clock: u64,
}

/// What a key has waiting.
#[derive(Clone, Debug, Default)]
struct Lane {
    tag: u64,
    /// Cost by call.
    calls: BTreeMap<Ticket, u32>,
}

impl<K> Default for Class<K> {
    fn default() -> Self {
        let (lanes, order, ahead, tickets) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Class { lanes, order, ahead, tickets, clock: 0 }
    }
}

impl<K: Ord + Clone> Class<K> {
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    pub fn oldest(&self) -> Option<Ticket> {
        self.tickets.first().copied()
    }

    /// The next call of each key, in the order in which they will be served.
    pub fn heads(&self) -> impl Iterator<Item = Ticket> {
        self.order.iter().map(|(_, ticket, _)| *ticket)
    }

    pub fn join(&mut self, key: K, ticket: Ticket, cost: u32) {
        self.tickets.insert(ticket);
        let lane = self.lanes.entry(key.clone()).or_default();
        if lane.calls.is_empty() {
            self.ahead.remove(&(lane.tag, key.clone()));
            lane.tag = lane.tag.max(self.clock);
            self.order.insert((lane.tag, ticket, key));
        }
        lane.calls.insert(ticket, cost.max(1));
    }

    /// A call leaves; if it is served, its key pays for it.
    pub fn remove(&mut self, key: &K, ticket: Ticket, served: bool) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        let Some((first, cost)) = lane.calls.first_key_value().map(|(first, _)| *first).zip(lane.calls.remove(&ticket))
        else {
            return;
        };
        self.tickets.remove(&ticket);
        let place = (lane.tag, first, key.clone());
        if served {
            if self.order.first() == Some(&place) {
                self.clock = lane.tag;
            }
            lane.tag = lane.tag.saturating_add(u64::from(cost));
        }
        self.order.remove(&place);
        match lane.calls.first_key_value() {
            Some((next, _)) => drop(self.order.insert((lane.tag, *next, key.clone()))),
            None => drop(self.ahead.insert((lane.tag, key.clone()))),
        }
        self.forget();
    }

    /// How many calls will be served before this one of that key, which need not wait yet.
    pub fn ahead(&self, key: &K, ticket: Ticket) -> usize {
        let lane = self.lanes.get(key);
        let own = lane.map_or(0, |lane| lane.calls.range(..ticket).count());
        let paid: u64 = lane.map_or(0, |lane| lane.calls.range(..ticket).map(|(_, cost)| u64::from(*cost)).sum());
        let tag = lane.map_or(0, |lane| lane.tag).max(self.clock) + paid;
        let before = |lane: &Lane| {
            let cost = lane.calls.values().map(|cost| u64::from(*cost)).sum::<u64>() / lane.calls.len().max(1) as u64;
            // Among equal tags the older call is first.
            let is_first = lane.calls.first_key_value().is_some_and(|(first, _)| *first < ticket);
            let most = (tag + u64::from(is_first)).saturating_sub(lane.tag).div_ceil(cost.max(1));
            lane.calls.len().min(usize::try_from(most).unwrap_or(usize::MAX))
        };
        own + self.lanes.iter().filter(|(other, _)| *other != key).map(|(_, lane)| before(lane)).sum::<usize>()
    }

    /// Keys that have nothing waiting and are not ahead of others any more.
    fn forget(&mut self) {
        while let Some((tag, key)) = self.ahead.first()
            && *tag <= self.clock
        {
            self.lanes.remove(key);
            self.ahead.pop_first();
        }
    }
}
