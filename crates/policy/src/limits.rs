//! Limits of requests, tokens and calls at a time, for one subject. Taking is separate from looking, so that a call
//! that is refused by one of many limits takes nothing of the others.

use crate::Sliding;

/// The limits of a subject; what is not set does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests within any minute.
    pub rpm: Option<u64>,
    /// Requests within any day.
    pub rpd: Option<u64>,
    /// Tokens within any minute.
    pub tpm: Option<u64>,
    /// Tokens within any day.
    pub tpd: Option<u64>,
    /// Tokens of input within any minute.
    pub itpm: Option<u64>,
    /// Tokens of output within any minute.
    pub otpm: Option<u64>,
    /// Calls at a time.
    pub parallel: Option<u64>,
}

impl Limits {
    /// The limit of a dimension.
    pub fn of(&self, dimension: Dimension) -> Option<u64> {
        let mut own = *self;
        *own.of_mut(dimension)
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, dimension: Dimension) -> &mut Option<u64> {
        match dimension {
            Dimension::Requests => &mut self.rpm,
            Dimension::DayRequests => &mut self.rpd,
            Dimension::Tokens => &mut self.tpm,
            Dimension::DayTokens => &mut self.tpd,
            Dimension::InputTokens => &mut self.itpm,
            Dimension::OutputTokens => &mut self.otpm,
            Dimension::Parallel => &mut self.parallel,
        }
    }

    /// The same with requests and tokens a minute scaled down to a share of them, but not to nothing.
    pub fn throttled(self, share: f64) -> Self {
        let part = |limit: Option<u64>| limit.map(|limit| ((limit as f64 * share) as u64).max(1).min(limit));
        Limits { rpm: part(self.rpm), tpm: part(self.tpm), ..self }
    }

    /// Whether tokens are limited.
    pub fn limits_tokens(&self) -> bool {
        [self.tpm, self.tpd, self.itpm, self.otpm].iter().any(Option::is_some)
    }
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Requests within a minute.
    Requests,
    /// Requests within a day.
    DayRequests,
    /// Tokens within a minute.
    Tokens,
    /// Tokens within a day.
    DayTokens,
    /// Tokens of input within a minute.
    InputTokens,
    /// Tokens of output within a minute.
    OutputTokens,
    /// Calls at a time.
    Parallel,
}

impl Dimension {
    /// All: those that are counted in windows, in the order in which they are looked at, and then calls at a time.
    pub const ALL: [Dimension; WINDOWS + 1] = [
        Dimension::Requests,
        Dimension::DayRequests,
        Dimension::Tokens,
        Dimension::DayTokens,
        Dimension::InputTokens,
        Dimension::OutputTokens,
        Dimension::Parallel,
    ];

    /// Whether it counts within a day, and not within a minute.
    pub fn is_daily(self) -> bool {
        matches!(self, Dimension::DayRequests | Dimension::DayTokens)
    }

    /// What a call of so many tokens takes of it.
    fn amount(self, tokens: Tokens) -> u64 {
        match self {
            Dimension::Requests | Dimension::DayRequests | Dimension::Parallel => 1,
            Dimension::Tokens | Dimension::DayTokens => tokens.counted,
            Dimension::InputTokens => tokens.input,
            Dimension::OutputTokens => tokens.output,
        }
    }
}

/// How many dimensions are counted in windows.
const WINDOWS: usize = 6;

/// Tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the input.
    pub input: u64,
    /// Of the output.
    pub output: u64,
    /// Those of them that count where limits do not say which.
    pub counted: u64,
}

impl Tokens {
    /// Together with those of another attempt.
    pub fn and(self, other: Tokens) -> Tokens {
        Tokens {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            counted: self.counted.saturating_add(other.counted),
        }
    }
}

/// A limit that a call does not fit under now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Which limit.
    pub dimension: Dimension,
    /// The limit.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// After how long the call would fit; `None` if nobody knows (somebody else must finish first) or never.
    pub wait_ms: Option<u64>,
    /// How much is missing of this replica's share, if the limit itself would let the call through.
    pub missing: Option<u64>,
}

/// What a call took, to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    at_ms: u64,
    tokens: Tokens,
}

/// What is used of a subject's limits. Only what is limited is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// By dimension, in the order of [`Dimension::ALL`].
    windows: [Option<Sliding>; WINDOWS],
    parallel: u64,
}

impl Usage {
    /// Whether a call of about `tokens` fits; `shares` are this replica's parts of limits that are shared.
    pub fn room(&mut self, limits: &Limits, shares: &Limits, tokens: Tokens, now_ms: u64) -> Result<(), Short> {
        if let Some(limit) = limits.parallel {
            let missing = (self.parallel + 1).saturating_sub(shares.parallel.unwrap_or(u64::MAX));
            if self.parallel >= limit || missing > 0 {
                let missing = (self.parallel < limit).then_some(missing);
                let short = Short { dimension: Dimension::Parallel, limit, remaining: 0, wait_ms: None, missing };
                return Err(short);
            }
        }
        for (dimension, window) in Dimension::ALL.into_iter().zip(&mut self.windows) {
            let Some(limit) = limits.of(dimension) else { continue };
            let (used, amount) = (window.as_mut().map_or(0, |window| window.used(now_ms)), dimension.amount(tokens));
            let most = limit.min(shares.of(dimension).unwrap_or(u64::MAX));
            let full = |most: u64| used.saturating_add(amount) > most || used >= most;
            if full(most) {
                let missing = (!full(limit)).then(|| used.saturating_add(amount.max(1)).saturating_sub(most));
                let room = limit.checked_sub(amount.max(1)).map(|_| most.saturating_sub(amount.max(1)));
                let wait_ms = room.and_then(|room| window.as_ref()?.wait_ms(room, now_ms));
                return Err(Short { dimension, limit, remaining: limit.saturating_sub(used), wait_ms, missing });
            }
        }
        Ok(())
    }

    /// How much of a limit is used.
    pub fn used(&mut self, dimension: Dimension, now_ms: u64) -> u64 {
        match self.windows.get_mut(dimension as usize) {
            Some(window) => window.as_mut().map_or(0, |window| window.used(now_ms)),
            None => self.parallel,
        }
    }

    /// After how long something of what is used is free.
    pub fn frees_in_ms(&mut self, dimension: Dimension, now_ms: u64) -> Option<u64> {
        let used = self.used(dimension, now_ms);
        self.windows.get(dimension as usize)?.as_ref()?.wait_ms(used.checked_sub(1)?, now_ms)
    }

    /// Counts a call of about `tokens`.
    pub fn take(&mut self, limits: &Limits, tokens: Tokens, now_ms: u64) -> Taken {
        self.parallel += 1;
        for (dimension, window) in Dimension::ALL.into_iter().zip(&mut self.windows) {
            let new = if dimension.is_daily() { Sliding::day } else { Sliding::minute };
            match limits.of(dimension) {
                Some(_) => window.get_or_insert_with(new).add(dimension.amount(tokens), now_ms),
                // A limit that was lifted need not be counted any more.
                None => *window = None,
            }
        }
        Taken { at_ms: now_ms, tokens }
    }

    /// A call is over that consumed `tokens` in truth.
    pub fn give_back(&mut self, taken: Taken, tokens: Tokens, now_ms: u64) {
        self.parallel = self.parallel.saturating_sub(1);
        for (dimension, window) in Dimension::ALL.into_iter().zip(&mut self.windows) {
            let (before, after) = (dimension.amount(taken.tokens), dimension.amount(tokens));
            if let Some(window) = window.as_mut().filter(|_| before != after) {
                window.correct(before, after, taken.at_ms, now_ms);
            }
        }
    }

    /// What is left of requests and of tokens within a minute, where they are limited.
    pub fn remaining(&mut self, limits: &Limits, now_ms: u64) -> (Option<u64>, Option<u64>) {
        let mut left = |dimension| Some(limits.of(dimension)?.saturating_sub(self.used(dimension, now_ms)));
        (left(Dimension::Requests), left(Dimension::Tokens))
    }

    /// Whether nothing is counted: then it may be forgotten.
    pub fn is_idle(&mut self, now_ms: u64) -> bool {
        self.parallel == 0 && self.windows.iter_mut().flatten().all(|window| window.used(now_ms) == 0)
    }
}

#[cfg(test)]
mod tests;
