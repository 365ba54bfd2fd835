//! Step 1 of the journey: from the key in a head to the caller, from memory alone. Each worker remembers whom it has
//! seen, for as long as nothing changes anywhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use store::{Registry, hash_key};
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
    /// The state in which it was found: of the registry, and of what is known about tokens.
    state: (u64, u64),
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
        self.find_identity(access, access.identify(headers)?, now_ms)
    }

    /// Who is known by this, or why nobody may call who is.
    pub fn find_identity(&self, access: &Access, identity: Identity, now_ms: i64) -> Result<Arc<Caller>, Fault> {
        let caller = match (identity, &self.registry, &access.tokens) {
            (Identity::Admin, ..) => return Ok(self.admin.clone()),
            (Identity::Key(hash), Some(registry), _) => {
                self.look_up(registry, hash, 0, now_ms, |hash| Caller::find(registry, &self.meters, hash, now_ms))?
            }
            (Identity::Token(token), Some(registry), Some(tokens)) => {
                self.look_up(registry, hash_key(&token), tokens.stamp(), now_ms, |_| {
                    let holder = tokens.holder(&token, now_ms)?;
                    Caller::holding(registry, &self.meters, (tokens, holder), now_ms)
                })?
            }
            (Identity::Key(_) | Identity::Token(_), ..) => return Err(unknown_key()),
        };
        access.vouch(&caller)?;
        Ok(caller)
    }

    /// The token in these headers, if something has to be done before it can count: the control plane does it.
    pub fn newcomer(&self, access: &Access, headers: &HeaderMap, now_ms: i64) -> Option<String> {
        let (tokens, registry) = (access.tokens.as_ref()?, self.registry.as_ref()?);
        let Ok(Identity::Token(token)) = access.identify(headers) else { return None };
        let state = (registry.generation(), tokens.stamp());
        let is_known = self.seen.borrow().get(&hash_key(&token)).is_some_and(|seen| seen.state == state);
        (!is_known && tokens.wants(&token, &registry.read(), now_ms)).then_some(token)
    }

    /// The caller remembered by this hash, or whom `find` finds. `stamp` is the state of what is known about tokens.
    fn look_up(
        &self,
        registry: &Registry,
        hash: String,
        stamp: u64,
        now_ms: i64,
        find: impl FnOnce(&str) -> Result<Caller, Fault>,
    ) -> Result<Arc<Caller>, Fault> {
        // Before the look into the directory: what is found there is at least as new.
        let state = (registry.generation(), stamp);
        if let Some(seen) = self.seen.borrow().get(&hash)
            && seen.state == state
            && seen.caller.valid_until.is_none_or(|until| now_ms < until)
        {
            return Ok(seen.caller.clone());
        }
        let caller = Arc::new(find(&hash)?);
        let mut seen = self.seen.borrow_mut();
        if seen.len() >= MOST_REMEMBERED {
            seen.clear();
        }
        seen.insert(hash, Seen { caller: caller.clone(), state });
        Ok(caller)
    }
}
