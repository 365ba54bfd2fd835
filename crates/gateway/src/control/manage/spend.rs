//! What somebody has spent, for the rows in which the incumbent shows it.

use store::records::{Allowance, Key};
use types::Usd;

/// Looks up what was spent.
pub struct Spend {
    /// Now, in milliseconds since 1970.
    pub now: i64,
}

impl Spend {
    /// What was spent up to now.
    pub fn new(now: i64) -> Self {
        Spend { now }
    }

    /// What a key has spent in the current window of its budget, in dollars.
    pub fn of_key(&self, id: &str, key: &Key) -> f64 {
        self.of(&format!("key:{id}"), &key.allowance)
    }

    /// What a subject has spent in the current window of its budget, in dollars.
    pub fn of(&self, subject: &str, allowance: &Allowance) -> f64 {
        spend_of(subject, allowance.budget_duration.as_deref()).unwrap_or_default().dollars()
    }
}

/// What a subject has spent in the current window; `None` if that is not known yet.
fn spend_of(_subject: &str, _duration: Option<&str>) -> Option<Usd> {
    None
}
