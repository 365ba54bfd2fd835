//! The course of one call through its attempts: what to do after each fault.

use std::time::Duration;

use types::{Fault, FaultKind, Side};

use crate::Rules;

/// Longest `retry-after` that is waited for; a longer one is passed on to the caller, who can tell its users.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// First pause before the same deployment is tried again; doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause of our own making.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Where a call stands: which groups were tried, and how often the current one.
#[derive(Clone, Debug)]
pub struct Course {
    /// The group that is being tried.
    pub group: String,
    /// Groups that were begun, the current one included: none is begun twice.
    begun: Vec<String>,
    /// Attempts in the current group.
    pub attempts: u32,
    /// Attempts in all.
    pub total: u32,
    /// Attempts that the call had made before, for answers that were thrown away.
    before: u32,
    /// Caller's own number of retries, if it said one.
    retries: Option<u32>,
    /// Whether other groups may be tried.
    fallbacks: bool,
    /// Groups the caller named to stand in, tried before those of the rules.
    named: Vec<String>,
    /// The fault for which stand-ins are tried; that one of them has no money is not the reason to try the next.
    cause: Option<FaultKind>,
}

/// What the group that is being tried has to offer after an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer<'a> {
    /// Deployments that were not tried yet for this call and do not rest.
    pub others: usize,
    /// Tries after the first one that the deployment itself was configured with.
    pub retries: Option<u32>,
    /// Whether the same deployment may be tried again now: not if too many calls do so at once.
    pub again: bool,
    /// Groups that the caller's key names for when its budget for one that was begun is spent.
    pub affordable: &'a [String],
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another deployment of the group, or the same one after `pause`, if none is left.
    Retry {
        /// Pause before the *same* deployment is tried; another one is tried at once.
        pause: Duration,
    },
    /// The group in `course.group`, which was just changed.
    Fallback,
    /// The caller gets the fault.
    GiveUp,
}

impl Course {
    /// A call to `group` begins. `retries` and `fallbacks` are the caller's own wishes.
    pub fn new(group: &str, retries: Option<u32>, fallbacks: bool, named: Vec<String>) -> Self {
        Course {
            group: group.to_owned(),
            begun: vec![group.to_owned()],
            attempts: 0,
            total: 0,
            before: 0,
            retries,
            fallbacks,
            named,
            cause: None,
        }
    }

    /// The same for a call that has made so many attempts before.
    pub fn after_attempts(self, before: u32) -> Self {
        Course { before, ..self }
    }

    /// Counts an attempt that is about to be made.
    pub fn attempt(&mut self) {
        self.attempts += 1;
        self.total += 1;
    }

    /// Groups that were begun, the current one included.
    pub fn begun(&self) -> &[String] {
        &self.begun
    }

    /// Groups that were tried after the first.
    pub fn fallbacks_taken(&self) -> u32 {
        self.begun.len() as u32 - 1
    }

    /// Decides after `fault`. `offer` says what else the group has to offer; `known` tells whether a group exists;
    /// `dice` is a random number from 0 to 1.
    pub fn after(
        &mut self,
        rules: &Rules,
        fault: &Fault,
        offer: Offer,
        known: impl Fn(&str) -> bool,
        dice: f64,
    ) -> Step {
        if self.before + self.total >= rules.bounds.attempts {
            return Step::GiveUp;
        }
        if let Some(pause) = self.retry(rules, fault, offer, dice) {
            return Step::Retry { pause };
        }
        match self.next_group(rules, fault, offer, known) {
            Some(group) => {
                if fault.side != Side::Caller || self.cause.is_none() {
                    self.cause = Some(fault.kind);
                }
                self.begun.push(group.clone());
                self.group = group;
                self.attempts = 0;
                Step::Fallback
            }
            None => Step::GiveUp,
        }
    }

    fn retry(&self, rules: &Rules, fault: &Fault, offer: Offer, dice: f64) -> Option<Duration> {
        let (retries, named) = rules.retries_for(&self.group, fault.kind);
        let retries = self.retries.or(offer.retries.filter(|_| !named)).unwrap_or(retries);
        // Whoever was refused before anything was tried is refused again.
        if self.attempts == 0 || self.attempts > retries || fault.side == Side::Gateway {
            return None;
        }
        let elsewhere = offer.others > 0 && fault.side == Side::Provider;
        if elsewhere && fault.kind != FaultKind::NoDeployment {
            return Some(Duration::ZERO);
        }
        let sensible = fault.kind.is_retryable() && fault.code.as_deref() != Some("insufficient_quota");
        if !(sensible || named) || !offer.again {
            return None;
        }
        self.pause(rules, fault, dice)
    }

    /// How long to wait before the same deployment is tried again; `None` if that is longer than makes sense, or if
    /// a deployment that asks for less traffic has a stand-in.
    fn pause(&self, rules: &Rules, fault: &Fault, dice: f64) -> Option<Duration> {
        let stand_in = self.fallbacks && !rules.fallbacks_for(&self.group, fault.kind).0.is_empty();
        if stand_in && matches!(fault.kind, FaultKind::RateLimit | FaultKind::Overloaded) {
            return None;
        }
        match fault.retry_after {
            Some(wait) if wait > LONGEST_WAIT => None,
            Some(wait) => Some(wait.max(rules.min_pause)),
            None => {
                let pause = FIRST_PAUSE * 2u32.saturating_pow(self.attempts.saturating_sub(1).min(8));
                let pause = pause.min(LONGEST_PAUSE).max(rules.min_pause);
                Some(pause.mul_f64(0.75 + dice * 0.5))
            }
        }
    }

    fn next_group(&self, rules: &Rules, fault: &Fault, offer: Offer, known: impl Fn(&str) -> bool) -> Option<String> {
        use FaultKind::{ModelBudget, RateLimit};
        if !self.fallbacks || self.fallbacks_taken() >= rules.max_fallbacks {
            return None;
        }
        let fresh = |group: &&String| !self.begun.contains(*group) && known(group);
        // The key's own limit or budget for this group alone.
        let refused = fault.side == Side::Caller && matches!(fault.kind, ModelBudget | RateLimit);
        let broke = refused && (fault.kind == ModelBudget || self.cause == Some(ModelBudget));
        if broke && let Some(group) = offer.affordable.iter().find(fresh) {
            return Some(group.clone());
        }
        // After a stand-in that refuses, the next one is tried for the reason that it was tried for.
        let kind = if refused { self.cause.filter(|cause| *cause != ModelBudget)? } else { fault.kind };
        let (list, special) = rules.fallbacks_for(&self.begun[0], kind);
        if !(special || refused || fault.side != Side::Caller) {
            return None;
        }
        let onward = rules.fallbacks_for(&self.group, kind).0;
        self.named.iter().chain(list).chain(onward).find(fresh).cloned()
    }
}

#[cfg(test)]
mod tests;
