//! Choosing one deployment of a group.

use std::time::Duration;

/// A deployment of a group, as the configuration describes it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Member {
    /// Share of the traffic, from `weight`; 0 if not given.
    pub weight: f64,
    /// Requests per minute; stands in for the weight where no member has one.
    pub rpm: f64,
    /// Tokens per minute; stands in where no member has weight or rpm.
    pub tpm: f64,
    /// Members of a lower order come first.
    pub order: i64,
    /// What a token of input and one of output cost together, picodollars; `None` if that is not known.
    pub price: Option<u64>,
}

/// A deployment of a group at this moment, as far as choosing needs to know it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub member: Member,
    /// Whether it is out of the question: it rests, was tried for this call already, or does not fit it.
    pub out: bool,
    /// Calls under way.
    pub busy: u32,
    /// What its calls took lately, in any unit that all candidates share; `None` if nothing is known.
    pub delay: Option<f64>,
    /// Tokens it was given in this minute.
    pub used: u64,
    /// The luck that the call's bond has with it: see [`crate::Bond::luck`].
    pub luck: f64,
}

/// What is looked for in a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Strategy {
    /// Nothing: they share at random, by weight.
    #[default]
    SimpleShuffle,
    /// Few calls under way.
    LeastBusy,
    /// Quick answers. One that is slower than the quickest by up to `buffer` (a share: 0.5 is half as slow again) is as
    /// good.
    Latency {
        /// How much slower is as good.
        buffer: f64,
        /// For how long a measurement counts.
        ttl: Duration,
    },
    /// Few tokens in this minute.
    Usage,
    /// Low prices.
    Cost,
    /// Those that the call belongs to went there: a bond has the best luck with one of them, by weight.
    Affinity,
}

/// Picks one of the candidates that are not out: of those with the lowest `order` the one that `strategy` looks for.
/// Equals share at random by weight (or rpm, or tpm, whichever is set first for any of them), evenly if none is set.
/// `dice` is a random number from 0 to 1.
pub fn pick(strategy: Strategy, candidates: &[Candidate], dice: f64) -> Option<usize> {
    let order = candidates.iter().filter(|one| !one.out).map(|one| one.member.order).min()?;
    let fit = |one: &Candidate| !one.out && one.member.order == order;
    let measures: [fn(&Member) -> f64; 3] = [|m| m.weight, |m| m.rpm, |m| m.tpm];
    let measure =
        measures.into_iter().find(|measure| candidates.iter().any(|one| fit(one) && measure(&one.member) > 0.0));
    let share = |one: &Candidate| match measure {
        _ if !fit(one) => 0.0,
        Some(measure) => measure(&one.member),
        None => 1.0,
    };
    // Nothing is known of a newcomer: it is taken for as good as the best.
    let quickest = candidates.iter().filter(|one| fit(one)).filter_map(|one| one.delay).reduce(f64::min).unwrap_or(1.0);
    let badness = |one: &Candidate| match strategy {
        Strategy::SimpleShuffle => 0.0,
        Strategy::LeastBusy => f64::from(one.busy) / share(one),
        // The next call waits for those before it: what is quick, but busy, is not as quick for it.
        Strategy::Latency { .. } => one.delay.unwrap_or(quickest) * f64::from(one.busy + 1),
        Strategy::Usage => one.used as f64,
        // The first to arrive, if each comes at random in proportion to its share: bonds divide by weight.
        Strategy::Affinity => -one.luck.ln() / share(one),
        Strategy::Cost => one.member.price.map_or(f64::INFINITY, |price| price as f64),
    };
    let slack = if let Strategy::Latency { buffer, .. } = strategy { 1.0 + buffer.max(0.0) } else { 1.0 };
    let able = |one: &Candidate| share(one) > 0.0;
    let best = candidates.iter().filter(|one| able(one)).map(badness).reduce(f64::min)?;
    let share = |one: &Candidate| if able(one) && badness(one) <= best * slack { share(one) } else { 0.0 };
    let total: f64 = candidates.iter().map(share).sum();
    let mut left = dice * total;
    let mut chosen = None;
    for (index, one) in candidates.iter().enumerate() {
        let share = share(one);
        if share > 0.0 {
            chosen = Some(index);
            left -= share;
            if left < 0.0 {
                break;
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests;
