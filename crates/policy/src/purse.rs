//! The money of one subject in one window: what was spent, what is held for calls in flight, and whether another call
//! may have some.
//!
//! A call holds what it may cost at worst, but of little money only a fair share, so that one call with a huge bound
//! does not lock everybody else out. Its answer is then bounded to what the share pays for. Until a deployment has
//! shown what its answers cost, and that they keep to their bound, calls are let through with more caution.

use types::Usd;

use crate::{Span, Window};

/// Shares of what is left: for calls whose cost can be foreseen, or whose hold can grow while they run.
const SHARES: u32 = 32;
/// The same for calls of which nothing is known yet.
const CAUTIOUS_SHARES: u32 = 2;
/// How much more than the worst case is held for a deployment that has not shown yet that it keeps to bounds.
const CAUTION: u64 = 4;

/// The name of the sum of all times.
const TOTAL: &str = "total";

/// A budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most that may be spent.
    pub limit: Usd,
    /// In which window; ever, if there is none.
    pub span: Option<Span>,
    /// Whether a spend of exactly the limit still lets calls through (that cost nothing).
    pub lenient: bool,
}

impl Budget {
    /// The same window without an end of the money: what is spent is counted, and nobody is refused.
    pub fn counting(self) -> Self {
        Budget { limit: Usd::MAX, ..self }
    }

    /// Whether it refuses nobody.
    pub fn only_counts(&self) -> bool {
        self.limit == Usd::MAX
    }
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// What its input costs, with the shortest answer.
    pub input: Usd,
    /// Input and a small answer.
    pub small: Usd,
    /// What calls like it cost lately.
    pub likely: Option<Usd>,
    /// What it can cost at worst; `None` if nothing bounds it.
    pub worst: Option<Usd>,
    /// Whether the deployment keeps to the bound of an answer.
    pub obeys: Obeys,
    /// Whether the hold can grow while the call runs.
    pub grows: bool,
}

/// Whether a deployment keeps to the bound of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Obeys {
    /// Nobody knows yet.
    #[default]
    Unknown,
    /// It did so far.
    Yes,
    /// It did not, lately.
    No,
}

/// For whom a call has waited as long as it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// For calls of this replica to give money back.
    pub here: bool,
    /// For other replicas.
    pub elsewhere: bool,
}

/// What a purse says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    /// It may have this much.
    Grant(Usd),
    /// Others hold the money: some of it may come back.
    Wait,
    /// So much more is missing of this replica's share; other replicas may have it.
    Missing(Usd),
    /// Everything is spent: so much, of such a limit.
    Spent(Usd, Usd),
    /// What is left does not pay for the input.
    TooLittle(Usd),
}

impl Funds {
    /// What several purses say together: the smallest grant, unless one of them grants nothing.
    pub fn and(self, other: Funds) -> Funds {
        match (self, other) {
            (Funds::Grant(mine), Funds::Grant(theirs)) => Funds::Grant(mine.min(theirs)),
            (Funds::Grant(_), other) => other,
            (Funds::Wait | Funds::Missing(_), other @ (Funds::Spent(..) | Funds::TooLittle(_))) => other,
            (Funds::Wait, other @ Funds::Missing(_)) => other,
            (mine, _) => mine,
        }
    }
}

/// The money of one subject in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
    /// Length of the window; `None` for ever.
    pub span: Option<Span>,
    /// The window.
    pub window: Window,
    /// What was spent before this process, or by others, as far as the store knows.
    pub base: Usd,
    /// What of `own` the store knows.
    pub booked: Usd,
    /// In which state of the store both were read.
    pub known_at: i64,
    /// Part of what the store does not know to be spent that this replica may use, if the budget is shared.
    pub share: Option<Usd>,
    /// What this process has spent.
    pub own: Usd,
    /// What is held for calls in flight.
    pub held: Usd,
    /// How many calls hold something.
    pub calls: u32,
}

impl Purse {
    /// A purse in which `base` was spent already.
    pub fn new(span: Option<Span>, window: Window, base: Usd) -> Self {
        Purse {
            span,
            window,
            base,
            booked: Usd::ZERO,
            known_at: 0,
            share: None,
            own: Usd::ZERO,
            held: Usd::ZERO,
            calls: 0,
        }
    }

    /// The name of the sum that this is, in the ledger: `total`, or length and start of the window.
    pub fn period(span: Option<Span>, window: Window) -> String {
        match span {
            None => TOTAL.to_owned(),
            Some(span) => format!("{span}@{}", window.start),
        }
    }

    /// What was spent.
    pub fn spent(&self) -> Usd {
        self.base + self.own
    }

    /// What this replica uses of its share: what is held, and what the store does not know yet.
    pub fn used(&self) -> Usd {
        self.held + self.own - self.booked
    }

    /// What is left of a budget: in all, and of this replica's share of it.
    fn left(&self, budget: &Budget) -> (Usd, Usd) {
        let left = budget.limit - self.spent() - self.held;
        (left, self.share.map_or(left, |share| left.min(share - self.used())))
    }

    /// What a call may have. `last` says that it has waited for as long as it may, for others here and elsewhere.
    pub fn offer(&self, budget: &Budget, need: &Need, last: Last) -> Funds {
        let foreseen = need.likely.is_some() || need.grows;
        self.offer_share(budget, need, last, if foreseen { SHARES } else { CAUTIOUS_SHARES })
    }

    /// The same where no other call has a part of the money.
    pub fn offer_all(&self, budget: &Budget, need: &Need, last: Last) -> Funds {
        self.offer_share(budget, need, last, 1)
    }

    fn offer_share(&self, budget: &Budget, need: &Need, last: Last, shares: u32) -> Funds {
        if need.worst == Some(Usd::ZERO) {
            return Funds::Grant(Usd::ZERO);
        }
        let (spent, limit) = (self.spent(), budget.limit);
        if spent > limit || spent == limit && !budget.lenient {
            return Funds::Spent(spent, limit);
        }
        let (left, ours) = self.left(budget);
        let likely = need.likely.unwrap_or(need.small);
        let most = match (need.worst, need.obeys) {
            (None, _) => Usd::MAX,
            (Some(worst), Obeys::Yes) => worst,
            (Some(worst), Obeys::Unknown) => worst.times(CAUTION),
            (Some(worst), Obeys::No) => worst.max(likely),
        };
        // Of our share: nobody else has to be asked for more than a call like this one costs.
        let share = ours.or_zero().part(shares);
        let wanted = share.max(likely).min(most);
        if wanted <= ours {
            return Funds::Grant(wanted);
        }
        if wanted <= left && !last.elsewhere {
            return Funds::Missing(wanted - ours);
        }
        if self.calls > 0 && !last.here {
            return Funds::Wait;
        }
        if ours < left && !last.elsewhere {
            return Funds::Missing(left - ours);
        }
        // The last bit of money goes to one call, if it pays for more than the question. What is only the last bit of our
        // share may pay for a whole answer together with what others have.
        let least = match (need.obeys, need.likely) {
            (Obeys::No, _) => likely.min(most),
            (_, Some(likely)) if ours < left => likely.min(most),
            (Obeys::Yes | Obeys::Unknown, _) => need.input,
        };
        let left = ours;
        match least < left || least == left && least == most {
            true => Funds::Grant(left),
            false => Funds::TooLittle((limit - spent).or_zero()),
        }
    }

    /// Whether a call that holds something may hold more: up to `wanted`, at least `least`.
    pub fn grow(&self, budget: &Budget, wanted: Usd, least: Usd) -> Funds {
        let (all, left) = self.left(budget);
        let share = all.part(SHARES).max(least).min(wanted);
        match share <= left {
            true => Funds::Grant(share),
            false if least <= left => Funds::Grant(left),
            false if least <= all => Funds::Missing(least - left),
            false if self.calls > 1 => Funds::Wait,
            false => Funds::TooLittle(left.or_zero()),
        }
    }

    /// Holds `amount` for a call more.
    pub fn hold(&mut self, amount: Usd) {
        self.held += amount;
        self.calls += 1;
    }

    /// A call that held `held` is over and cost `cost`.
    pub fn settle(&mut self, held: Usd, cost: Usd) {
        self.held -= held;
        self.calls = self.calls.saturating_sub(1);
        self.own += cost;
    }
}

#[cfg(test)]
mod tests;
