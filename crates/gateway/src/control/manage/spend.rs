//! What somebody has spent, for the rows in which the incumbent shows it.

use std::sync::Arc;

use engine::Meters;
use policy::{Purse, Span};
use store::Directory;
use store::records::{Allowance, Key};
use types::Usd;

/// Looks up what was spent.
#[derive(Clone)]
pub struct Spend {
    meters: Arc<Meters>,
    /// Now, in milliseconds since 1970.
    pub now: i64,
}

impl Spend {
    /// What was spent up to `now`.
    pub fn new(meters: Arc<Meters>, now: i64) -> Self {
        Spend { meters, now }
    }

    /// What a key has spent in the current window of its budget, in dollars.
    pub fn of_key(&self, id: &str, key: &Key, directory: &Directory) -> f64 {
        self.of(&Spend::subject_of_key(id, key), &key.allowance, directory)
    }

    /// Whom the spend of a key is counted for.
    pub fn subject_of_key(id: &str, key: &Key) -> String {
        format!("key:{}", key.counted_as(id))
    }

    /// What a subject has spent in the current window of its budget, in dollars.
    pub fn of(&self, subject: &str, allowance: &Allowance, directory: &Directory) -> f64 {
        self.amount(subject, allowance, directory).or_zero().dollars()
    }

    /// The same as an amount.
    pub fn amount(&self, subject: &str, allowance: &Allowance, directory: &Directory) -> Usd {
        self.within(subject, window(allowance, directory))
    }

    /// What a subject has spent in the current window of this length; ever, if there is none.
    pub fn within(&self, subject: &str, span: Option<Span>) -> Usd {
        self.meters.spent(subject, span, self.now)
    }

    /// What a subject has ever spent, in dollars.
    pub fn total(&self, subject: &str) -> f64 {
        self.meters.spent(subject, None, self.now).dollars()
    }

    /// The name of the current window of a budget in the ledger.
    pub fn period(&self, allowance: &Allowance, directory: &Directory) -> String {
        let span = window(allowance, directory);
        Purse::period(span, self.meters.window(span, self.now))
    }

    /// When the current window of a budget ends, milliseconds since 1970.
    pub fn reset_at(&self, duration: Option<&str>) -> Option<i64> {
        let span = Span::parse(duration?)?;
        self.meters.window(Some(span), self.now).end.checked_mul(1000)
    }
}

/// The length of the windows in which spend counts against a budget, which may be a shared one.
fn window(allowance: &Allowance, directory: &Directory) -> Option<Span> {
    let shared = allowance.budget_id.as_deref().and_then(|id| directory.budgets.get(id));
    let duration = match shared {
        Some(shared) => allowance.over(&shared.record.allowance).budget_duration,
        None => allowance.budget_duration.clone(),
    };
    Span::parse(duration.as_deref()?)
}
