//! What a worker thread needs to serve calls.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use http::HeaderMap;

use crate::note::CALL_ID;
use crate::{Dice, Keyring, Ledger, Setup, Wire};

/// One worker's way into the engine.
pub struct Gate {
    /// The way to providers.
    pub wire: Rc<dyn Wire>,
    /// The newest setup. Called once per request: a call in flight finishes on the setup it began with.
    pub setup: Box<dyn Fn() -> Arc<Setup>>,
    /// Randomness for weights, pauses and ids.
    pub dice: RefCell<Dice>,
    /// Milliseconds since 1970: the clock of the outside world, for windows and what is shown.
    pub unix_ms: Rc<dyn Fn() -> i64>,
    /// Who has keys, and what everybody has used.
    pub keyring: Keyring,
    /// Where attempts are booked, if they are.
    pub ledger: Option<Rc<dyn Ledger>>,
}

impl Gate {
    /// The id of a call that came with these headers: the caller's own, or a fresh one.
    pub fn call_id(&self, headers: &HeaderMap) -> String {
        let own = headers.get(CALL_ID).and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
        own.map_or_else(|| self.dice.borrow_mut().uuid((self.unix_ms)()), str::to_owned)
    }

    /// A random number from 0 to 1.
    pub fn roll(&self) -> f64 {
        self.dice.borrow_mut().unit()
    }
}
