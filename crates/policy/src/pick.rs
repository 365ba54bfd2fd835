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
    /// Whether `delay` was not measured again for so long that it may be another by now.
    pub stale: bool,
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
    /// good. Of those that were slow when they were last asked, which is long ago, one is asked again by one call in
    /// about fifty: nothing else would show that it is quick by now.
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

/// Of whom nothing is known is taken for a little quicker than the best, so that it is asked, by one call at a time, and
/// known.
const NEWCOMER: f64 = 0.9;

/// What goes to those of which nobody knows any longer how slow they are, for each call that goes to the best.
const GLANCE: f64 = 0.02;

/// What a candidate is worth to a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// What the strategy compares: the lowest is the best. Nothing of a shuffle.
    pub score: f64,
    /// How likely it is picked, from 0 to 1.
    pub chance: f64,
}

/// Picks one of the candidates that are not out: of those with the lowest `order` the one that `strategy` looks for.
/// Equals share at random by weight (or rpm, or tpm, whichever is set first for any of them), evenly if none is set.
/// `dice` is a random number from 0 to 1.
pub fn pick(strategy: Strategy, candidates: &[Candidate], dice: f64) -> Option<usize> {
    let scale = Scale::of(strategy, candidates)?;
    let mut left = dice * scale.total(candidates);
    let mut chosen = None;
    for (index, one) in candidates.iter().enumerate() {
        let share = scale.share_now(one);
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

/// What each candidate is worth, as [`pick`] sees it: `None` for those that it does not look at.
pub fn weigh(strategy: Strategy, candidates: &[Candidate]) -> Vec<Option<Worth>> {
    let Some(scale) = Scale::of(strategy, candidates) else { return vec![None; candidates.len()] };
    let total = scale.total(candidates);
    let worth = |one: &Candidate| Worth { score: scale.badness(one), chance: scale.share_now(one) / total };
    candidates.iter().map(|one| (scale.share(one) > 0.0).then(|| worth(one))).collect()
}

/// How candidates are compared with each other.
struct Scale {
    strategy: Strategy,
    /// The order of those that count.
    order: i64,
    /// By what equals share; evenly, if there is nothing.
    measure: Option<fn(&Member) -> f64>,
    /// What the quickest of them took.
    quickest: f64,
    /// Up to which badness they are as good as the best.
    limit: f64,
    /// The part of its share that one gets which is not, but of which that is known no longer.
    glance: f64,
}

impl Scale {
    /// `None` if there is nobody to compare.
    fn of(strategy: Strategy, candidates: &[Candidate]) -> Option<Self> {
        let order = candidates.iter().filter(|one| !one.out).map(|one| one.member.order).min()?;
        let fit = |one: &&Candidate| !one.out && one.member.order == order;
        let measures: [fn(&Member) -> f64; 3] = [|m| m.weight, |m| m.rpm, |m| m.tpm];
        let used = |measure: &fn(&Member) -> f64| candidates.iter().filter(fit).any(|one| measure(&one.member) > 0.0);
        let measure = measures.into_iter().find(used);
        let quickest = candidates.iter().filter(fit).filter_map(|one| one.delay).reduce(f64::min).unwrap_or(1.0);
        let mut scale = Scale { strategy, order, measure, quickest, limit: f64::INFINITY, glance: 0.0 };
        let able = candidates.iter().filter(|one| scale.share(one) > 0.0);
        let best = able.map(|one| scale.badness(one)).reduce(f64::min)?;
        let slack = if let Strategy::Latency { buffer, .. } = strategy { 1.0 + buffer.max(0.0) } else { 1.0 };
        scale.limit = best * slack;
        if candidates.iter().any(|one| one.stale) {
            let best = scale.total(candidates);
            scale.glance = 1.0;
            let others = scale.total(candidates) - best;
            scale.glance = if others > 0.0 { GLANCE * best / others } else { 0.0 };
        }
        Some(scale)
    }

    fn share(&self, one: &Candidate) -> f64 {
        match self.measure {
            _ if one.out || one.member.order != self.order => 0.0,
            Some(measure) => measure(&one.member),
            None => 1.0,
        }
    }

    fn badness(&self, one: &Candidate) -> f64 {
        match self.strategy {
            Strategy::SimpleShuffle => 0.0,
            Strategy::LeastBusy => f64::from(one.busy) / self.share(one),
            // The next call waits for those before it: what is quick, but busy, is not as quick for it.
            Strategy::Latency { .. } => one.delay.unwrap_or(self.quickest * NEWCOMER) * f64::from(one.busy + 1),
            Strategy::Usage => one.used as f64,
            // The first to arrive, if each comes at random in proportion to its share: bonds divide by weight.
            Strategy::Affinity => -one.luck.ln() / self.share(one),
            Strategy::Cost => one.member.price.map_or(f64::INFINITY, |price| price as f64),
        }
    }

    /// The share of one in what is given out now.
    fn share_now(&self, one: &Candidate) -> f64 {
        match self.share(one) {
            share if share > 0.0 && self.badness(one) <= self.limit => share,
            share if one.stale => share * self.glance,
            _ => 0.0,
        }
    }

    fn total(&self, candidates: &[Candidate]) -> f64 {
        candidates.iter().map(|one| self.share_now(one)).sum()
    }
}

#[cfg(test)]
mod tests;
