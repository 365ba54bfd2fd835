//! Limits that several replicas share. Each has a share of what there is and uses no more than that, without asking
//! anybody; what the shares are is settled now and then in one place. As long as all of them together are not more than
//! the whole, no limit is overrun, whether that place can be reached or not.

/// What a replica says about its share of something when shares are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// How much there is in all.
    pub capacity: u64,
    /// Its share so far.
    pub have: u64,
    /// How much of it is in use: that cannot be given back.
    pub used: u64,
    /// The share that it would like.
    pub want: u64,
}

/// The share that a replica gets, when the shares of all `others` are so much. It never gets less than it has unless it
/// wants less: it may be using it by now.
pub fn grant(claim: &Claim, others: u64) -> u64 {
    let free = claim.capacity.saturating_sub(others);
    claim.want.min(free).max(claim.have.min(claim.want)).max(claim.used)
}

/// The share that a replica would like that uses `used`, for which `hunger` is missing, and which has lately used
/// `recent` from one settling to the next: enough for twice that, so that nobody has to wait for the next one, but not so
/// much that the others starve.
pub fn want(used: u64, hunger: u64, recent: u64, capacity: u64) -> u64 {
    let spare = recent.saturating_mul(2).min(capacity / 4);
    used.saturating_add(hunger).saturating_add(spare).min(capacity).max(used)
}

#[cfg(test)]
mod tests;
