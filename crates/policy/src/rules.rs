//! What the operator wants to happen when things go wrong (`router_settings`), after validation.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use types::FaultKind;

use crate::window::Truncation;
use crate::{Affinity, RestRules, Strategy, TagRules, TryBounds};

/// The rules for choosing deployments and for trying again.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// How a deployment is chosen within a group.
    pub strategy: Strategy,
    /// Which deployments of a group fit the tags of a call.
    pub tags: TagRules,
    /// What holds calls together at one deployment.
    pub affinity: Affinity,
    /// The same of single groups.
    pub group_affinity: HashMap<String, Affinity>,
    /// Tries after the first one, within a group.
    pub retries: u32,
    /// Retries by kind of fault; where it names the kind, it decides alone.
    pub retry_policy: RetryPolicy,
    /// `retry_policy` of single groups.
    pub group_retry_policy: HashMap<String, RetryPolicy>,
    /// Shortest pause before the same deployment is tried again.
    pub min_pause: Duration,
    /// Group to the groups that stand in for it, in order. `*` stands in for every group.
    pub fallbacks: HashMap<String, Vec<String>>,
    /// As `fallbacks`, when the input does not fit the context window.
    pub context_window_fallbacks: HashMap<String, Vec<String>>,
    /// As `fallbacks`, when the provider refuses the content.
    pub content_policy_fallbacks: HashMap<String, Vec<String>>,
    /// Most groups that are tried after the one that was asked for.
    pub max_fallbacks: u32,
    /// What bounds trying again.
    pub bounds: TryBounds,
    /// When deployments rest that have no rules of their own.
    pub rest: Arc<RestRules>,
    /// Whether deployments are left out whose context window is too small for a call.
    pub pre_call_checks: bool,
    /// What becomes of calls that are too long, by group; `*` is every other group.
    pub truncation: HashMap<String, Truncation>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            strategy: Strategy::SimpleShuffle,
            tags: TagRules::default(),
            affinity: Affinity::default(),
            group_affinity: HashMap::new(),
            retries: 2,
            retry_policy: RetryPolicy::default(),
            group_retry_policy: HashMap::new(),
            min_pause: Duration::ZERO,
            fallbacks: HashMap::new(),
            context_window_fallbacks: HashMap::new(),
            content_policy_fallbacks: HashMap::new(),
            max_fallbacks: 5,
            bounds: TryBounds::default(),
            rest: Arc::default(),
            pre_call_checks: false,
            truncation: HashMap::new(),
        }
    }
}

/// Number of retries by kind of fault.
pub type RetryPolicy = HashMap<FaultKind, u32>;

impl Rules {
    /// The groups that stand in for `group` after a fault of this kind, best first. `named` tells whether the list
    /// was made for this very kind of fault.
    pub fn fallbacks_for(&self, group: &str, kind: FaultKind) -> (&[String], bool) {
        let special = match kind {
            FaultKind::ContextWindow => self.context_window_fallbacks.get(group),
            FaultKind::ContentPolicy => self.content_policy_fallbacks.get(group),
            _ => None,
        };
        match special {
            Some(list) => (list, true),
            None => {
                let list = self.fallbacks.get(group).or_else(|| self.fallbacks.get("*"));
                (list.map_or(&[], Vec::as_slice), false)
            }
        }
    }

    /// What holds calls to `group` together.
    pub fn affinity_of(&self, group: &str) -> Affinity {
        *self.group_affinity.get(group).unwrap_or(&self.affinity)
    }

    /// What becomes of calls that are too long for `group`.
    pub fn truncation_of(&self, group: &str) -> Truncation {
        self.truncation.get(group).or_else(|| self.truncation.get("*")).copied().unwrap_or_default()
    }

    /// Tries after the first one that a fault of this kind deserves in `group`, before sense is considered;
    /// the flag tells whether a policy names the kind.
    pub fn retries_for(&self, group: &str, kind: FaultKind) -> (u32, bool) {
        let named = self.group_retry_policy.get(group).unwrap_or(&self.retry_policy).get(&kind);
        named.map_or((self.retries, false), |retries| (*retries, true))
    }
}
