//! Limits that several replicas share. Each has a share of what there is and uses no more than that, without asking
//! anybody; what the shares are is settled now and then in one place. As long as all of them together are not more than
//! the whole, no limit is overrun, whether that place can be reached or not.

/// What a replica knows when it says which share it would like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Its share so far.
    pub have: u64,
    /// How much of it it uses.
    pub used: u64,
    /// What is missing beside the share for calls that wait.
    pub hunger: u64,
    /// What the others used when it heard of them last.
    pub elsewhere: u64,
    /// How much there is in all.
    pub capacity: u64,
    /// How many replicas there are.
    pub replicas: u64,
    /// Whether it makes calls, and nobody else had too little lately.
    pub is_busy: bool,
}

/// The share that a replica would like: what it needs now, and while it is busy its part of all that is left, so that
/// calls need not ask, and there is something to live on when nobody can be asked.
pub fn want(need: &Need) -> u64 {
    let Need { used, elsewhere, capacity, replicas, is_busy, .. } = *need;
    let left = capacity.saturating_sub(used.saturating_add(elsewhere));
    let spare = if is_busy { left.div_ceil(replicas.max(1)) } else { 0 };
    used.saturating_add(spare).min(capacity).max(needed(need))
}

/// The share that it needs now, for the calls that it makes and for those that wait.
pub fn needed(need: &Need) -> u64 {
    let Need { have, used, hunger, capacity, .. } = *need;
    match hunger {
        0 => used,
        _ => have.max(used).saturating_add(hunger).min(capacity).max(used),
    }
}

/// When a replica says again what it has and would like, if nobody waits for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// When it was said last, milliseconds; 0 for never.
    pub at_ms: u64,
    /// What was used then.
    pub used: u64,
}

/// How often at most a share is asked to be larger that nobody waits for.
const TOP_UP_MS: u64 = 200;
/// How often what is not wanted is given back that nobody waits for.
const GIVE_BACK_MS: u64 = 2_000;
/// How often it is said that nothing has changed.
const REFRESH_MS: u64 = 30_000;

impl Said {
    /// Whether it is worth saying again that `share` is had, `used` is used, and `want` is wanted. `contested` says that
    /// others had too little lately.
    pub fn is_outdated(&self, share: u64, used: u64, want: u64, contested: bool, now_ms: u64) -> bool {
        let since = now_ms.saturating_sub(self.at_ms);
        let (spare, wanted) = (share.saturating_sub(used), want.saturating_sub(used));
        contested && (share > want || used != self.used)
            || since >= TOP_UP_MS && (share < want && spare < wanted.div_ceil(2) || used > share && used != self.used)
            || since >= GIVE_BACK_MS && share.max(self.used) > want
            || since >= REFRESH_MS && share.max(used) > 0
    }
}

#[cfg(test)]
mod tests;
