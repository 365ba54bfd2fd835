//! When a deployment must rest after faults, and for how long.

use std::collections::HashMap;
use std::time::Duration;

use types::{Fault, FaultKind, Side};

/// When deployments rest, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct RestRules {
    /// Faults per minute after which a deployment rests; `None` lets the share of faults decide.
    pub allowed_fails: Option<u32>,
    /// The same by the kind of the latest fault: where it names the kind, it decides alone.
    pub fails_by_kind: HashMap<FaultKind, u32>,
    /// How long a deployment rests, unless the provider says how long.
    pub cooldown: Duration,
    /// Whether deployments rest at all.
    pub cooldowns: bool,
}

impl Default for RestRules {
    fn default() -> Self {
        let cooldown = Duration::from_secs(5);
        RestRules { allowed_fails: None, fails_by_kind: HashMap::new(), cooldown, cooldowns: true }
    }
}

/// What a deployment went through in the current minute, the fault at hand included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that succeeded.
    pub good: u32,
    /// Calls that failed by the provider's fault.
    pub bad: u32,
    /// Faults in a row, the earlier minutes included.
    pub streak: u32,
}

/// Fewest calls in a minute before the share of faults means something.
const ENOUGH_CALLS: u32 = 5;
/// Faults in a row that cannot be chance, however well it was before.
const LONG_STREAK: u32 = 5;
/// The same of faults that say that nobody is there.
const SHORT_STREAK: u32 = 2;
/// Longest rest that a provider can ask for with `retry-after`.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// How long the deployment must rest after `fault`, if at all. Without an alternative (another deployment of the
/// group, or a fallback) nothing rests: a bad chance is better than none. A caller's mistake harms nobody.
pub fn rest(rules: &RestRules, fault: &Fault, tally: Tally, alternative: bool) -> Option<Duration> {
    if !rules.cooldowns || !alternative || fault.side != Side::Provider {
        return None;
    }
    let time = || fault.retry_after.unwrap_or(rules.cooldown).min(LONGEST_REST);
    if let Some(allowed) = rules.fails_by_kind.get(&fault.kind) {
        return (tally.bad > *allowed).then(time);
    }
    let at_once = match fault.kind {
        FaultKind::RateLimit => rules.allowed_fails.is_none(),
        FaultKind::Authentication | FaultKind::Permission | FaultKind::Payment | FaultKind::NotFound => true,
        _ => false,
    };
    let too_many = match rules.allowed_fails {
        Some(allowed) => tally.bad > allowed,
        None => tally.bad + tally.good >= ENOUGH_CALLS && tally.bad > tally.good || tally.streak >= LONG_STREAK,
    };
    let unreachable = matches!(fault.kind, FaultKind::Connect | FaultKind::Timeout) && tally.streak >= SHORT_STREAK;
    (at_once || too_many || unreachable).then(time)
}

#[cfg(test)]
mod tests;
