//! Step 1 of the journey: from the key in a head to the caller, from memory alone. Each worker remembers whom it has
//! seen, for as long as nothing changes anywhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use store::Registry;
use types::Fault;

use crate::access::Identity;
use crate::caller::unknown_key;
use crate::meters::Meters;
use crate::{Access, Caller};

/// Callers that one worker remembers.
const MOST_REMEMBERED: usize = 10_000;

/// Keys and those who have them.
pub struct Keyring {
    registry: Option<Arc<Registry>>,
    meters: Arc<Meters>,
    admin: Arc<Caller>,
    seen: RefCell<HashMap<String, Seen>>,
}

struct Seen {
    caller: Arc<Caller>,
    /// The state of the registry in which it was found.
    generation: u64,
}

impl Keyring {
    /// The keys of `registry`, or none but the master key.
    pub fn new(registry: Option<Arc<Registry>>, meters: Arc<Meters>) -> Self {
        Keyring { registry, meters, admin: Arc::new(Caller::admin()), seen: RefCell::default() }
    }

    /// All objects, if any are kept.
    pub(crate) fn registry(&self) -> Option<&Registry> {
        self.registry.as_deref()
    }

    /// What everybody has used.
    pub(crate) fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// Who calls with these headers, or why nobody may.
    pub fn find(&self, access: &Access, headers: &HeaderMap, now_ms: i64) -> Result<Arc<Caller>, Fault> {
        match (access.identify(headers)?, &self.registry) {
            (Identity::Admin, _) => Ok(self.admin.clone()),
            (Identity::Key(hash), Some(registry)) => self.look_up(registry, hash, now_ms),
            (Identity::Key(_), None) => Err(unknown_key()),
        }
    }

    fn look_up(&self, registry: &Registry, hash: String, now_ms: i64) -> Result<Arc<Caller>, Fault> {
        // Before the look into the directory: what is found there is at least as new.
        let generation = registry.generation();
        if let Some(seen) = self.seen.borrow().get(&hash)
            && seen.generation == generation
            && seen.caller.valid_until.is_none_or(|until| now_ms < until)
        {
            return Ok(seen.caller.clone());
        }
        let caller = Arc::new(Caller::find(registry, &self.meters, &hash, now_ms)?);
        let mut seen = self.seen.borrow_mut();
        if seen.len() >= MOST_REMEMBERED {
            seen.clear();
        }
        seen.insert(hash, Seen { caller: caller.clone(), generation });
        Ok(caller)
    }
}
