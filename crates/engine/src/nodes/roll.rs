//! All fleets that there are: a reload that changes nothing about one goes on with it, and so with what is known of its
//! nodes and with those who wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

use super::{Fleet, FleetTerms};

/// All fleets.
#[derive(Default)]
pub struct Fleets {
    known: Mutex<HashMap<String, Known>>,
    pub(super) fresh: Notify,
}

struct Known {
    fleet: Weak<Fleet>,
    is_kept: bool,
}

impl Fleets {
    /// The fleet with these terms, new if there is none.
    pub fn of(&self, terms: FleetTerms) -> Arc<Fleet> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, one| one.fleet.strong_count() > 0);
        let name = terms.fingerprint();
        if let Some(fleet) = known.get(&name).and_then(|one| one.fleet.upgrade()) {
            return fleet;
        }
        let fleet = Arc::new(Fleet::new(terms));
        known.insert(name, Known { fleet: Arc::downgrade(&fleet), is_kept: false });
        self.fresh.notify_one();
        fleet
    }

    /// Those that have no keeper yet; they count as kept.
    pub(super) fn unkept(&self) -> Vec<Arc<Fleet>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.values_mut().filter(|one| !one.is_kept);
        let keep = |one: &mut Known| {
            one.is_kept = true;
            one.fleet.upgrade()
        };
        fresh.filter_map(keep).collect()
    }
}

#[cfg(test)]
mod tests;
