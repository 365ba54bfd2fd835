//! How busy the mock is: open connections, requests in flight, and the most at once for each model.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most models counted one by one; later ones only count in the totals.
const MAX_MODELS: usize = 10_000;

/// Requests of one model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelLoad {
    /// In flight now.
    pub in_flight: usize,
    /// Most in flight at once.
    pub max_in_flight: usize,
    /// Received so far.
    pub total: u64,
}

/// A look at how busy the mock is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Load {
    /// Connections open now.
    pub open_connections: usize,
    /// Connections accepted so far.
    pub connections: u64,
    /// Requests in flight now.
    pub in_flight: usize,
    /// Requests received so far.
    pub total: u64,
    /// By model name, knobs included.
    pub models: BTreeMap<String, ModelLoad>,
}

impl Load {
    /// The numbers as `GET /mock/stats` shows them.
    pub(crate) fn describe(&self) -> Value {
        let models = self.models.iter().map(|(name, load)| {
            let load = json!({ "in_flight": load.in_flight, "max_in_flight": load.max_in_flight, "total": load.total });
            (name.clone(), load)
        });
        json!({
            "open_connections": self.open_connections,
            "connections": self.connections,
            "in_flight": self.in_flight,
            "total": self.total,
            "models": models.collect::<serde_json::Map<_, _>>(),
        })
    }
}

#[derive(Default)]
pub(crate) struct Stats {
    open: AtomicUsize,
    connections: AtomicU64,
    in_flight: AtomicUsize,
    total: AtomicU64,
    models: Mutex<BTreeMap<String, ModelLoad>>,
}

/// Counts one open connection while it lives.
pub(crate) struct Connection<'a>(&'a Stats);

/// Counts one request in flight while it lives.
pub(crate) struct Flight<'a> {
    stats: &'a Stats,
    model: &'a str,
}

impl Stats {
    pub(crate) fn connection(&self) -> Connection<'_> {
        self.open.fetch_add(1, Relaxed);
        self.connections.fetch_add(1, Relaxed);
        Connection(self)
    }

    pub(crate) fn flight<'a>(&'a self, model: &'a str) -> Flight<'a> {
        self.in_flight.fetch_add(1, Relaxed);
        self.total.fetch_add(1, Relaxed);
        let mut models = self.models();
        if !models.contains_key(model) && models.len() < MAX_MODELS {
            models.insert(model.to_owned(), ModelLoad::default());
        }
        if let Some(load) = models.get_mut(model) {
            load.in_flight += 1;
            load.total += 1;
            load.max_in_flight = load.max_in_flight.max(load.in_flight);
        }
        Flight { stats: self, model }
    }

    pub(crate) fn load(&self) -> Load {
        Load {
            open_connections: self.open.load(Relaxed),
            connections: self.connections.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            total: self.total.load(Relaxed),
            models: self.models().clone(),
        }
    }

    fn models(&self) -> MutexGuard<'_, BTreeMap<String, ModelLoad>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.stats.in_flight.fetch_sub(1, Relaxed);
        if let Some(load) = self.stats.models().get_mut(self.model) {
            load.in_flight = load.in_flight.saturating_sub(1);
        }
    }
}
