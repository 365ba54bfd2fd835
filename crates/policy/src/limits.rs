//! Limits of requests, tokens and calls at a time, for one subject. Taking is separate from looking, so that a call
//! that is refused by one of many limits takes nothing of the others.

use crate::Sliding;

/// The limits of a subject; what is not set does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests within any minute.
    pub rpm: Option<u64>,
    /// Tokens within any minute.
    pub tpm: Option<u64>,
    /// Tokens within any day.
    pub tpd: Option<u64>,
    /// Calls at a time.
    pub parallel: Option<u64>,
}

impl Limits {
    /// The limit of a dimension.
    pub fn of(&self, dimension: Dimension) -> Option<u64> {
        match dimension {
            Dimension::Requests => self.rpm,
            Dimension::Tokens => self.tpm,
            Dimension::DayTokens => self.tpd,
            Dimension::Parallel => self.parallel,
        }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, dimension: Dimension) -> &mut Option<u64> {
        match dimension {
            Dimension::Requests => &mut self.rpm,
            Dimension::Tokens => &mut self.tpm,
            Dimension::DayTokens => &mut self.tpd,
            Dimension::Parallel => &mut self.parallel,
        }
    }
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Requests within a minute.
    Requests,
    /// Tokens within a minute.
    Tokens,
    /// Tokens within a day.
    DayTokens,
    /// Calls at a time.
    Parallel,
}

impl Dimension {
    /// All.
    pub const ALL: [Dimension; 4] = [Dimension::Requests, Dimension::Tokens, Dimension::DayTokens, Dimension::Parallel];
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
    tokens: u64,
}

/// What is used of a subject's limits. Only what is limited is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    requests: Option<Sliding>,
    tokens: Option<Sliding>,
    day_tokens: Option<Sliding>,
    parallel: u64,
}

impl Usage {
    /// Whether a call of about `tokens` fits; `shares` are this replica's parts of limits that are shared.
    pub fn room(&mut self, limits: &Limits, shares: &Limits, tokens: u64, now_ms: u64) -> Result<(), Short> {
        if let Some(limit) = limits.parallel {
            let missing = (self.parallel + 1).saturating_sub(shares.parallel.unwrap_or(u64::MAX));
            if self.parallel >= limit || missing > 0 {
                let missing = (self.parallel < limit).then_some(missing);
                let short = Short { dimension: Dimension::Parallel, limit, remaining: 0, wait_ms: None, missing };
                return Err(short);
            }
        }
        let windows = [
            (Dimension::Requests, limits.rpm, shares.rpm, &mut self.requests, 1),
            (Dimension::Tokens, limits.tpm, shares.tpm, &mut self.tokens, tokens),
            (Dimension::DayTokens, limits.tpd, shares.tpd, &mut self.day_tokens, tokens),
        ];
        for (dimension, limit, share, window, amount) in windows {
            let (Some(limit), used) = (limit, window.as_mut().map_or(0, |window| window.used(now_ms))) else {
                continue;
            };
            let most = limit.min(share.unwrap_or(u64::MAX));
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
        let window = match dimension {
            Dimension::Requests => &mut self.requests,
            Dimension::Tokens => &mut self.tokens,
            Dimension::DayTokens => &mut self.day_tokens,
            Dimension::Parallel => return self.parallel,
        };
        window.as_mut().map_or(0, |window| window.used(now_ms))
    }

    /// After how long something of what is used is free.
    pub fn frees_in_ms(&mut self, dimension: Dimension, now_ms: u64) -> Option<u64> {
        let used = self.used(dimension, now_ms);
        let window = match dimension {
            Dimension::Requests => self.requests.as_ref(),
            Dimension::Tokens => self.tokens.as_ref(),
            Dimension::DayTokens => self.day_tokens.as_ref(),
            Dimension::Parallel => None,
        };
        window?.wait_ms(used.checked_sub(1)?, now_ms)
    }

    /// Counts a call of about `tokens`.
    pub fn take(&mut self, limits: &Limits, tokens: u64, now_ms: u64) -> Taken {
        self.parallel += 1;
        let windows = [
            (limits.rpm, &mut self.requests, 1, Sliding::minute as fn() -> Sliding),
            (limits.tpm, &mut self.tokens, tokens, Sliding::minute),
            (limits.tpd, &mut self.day_tokens, tokens, Sliding::day),
        ];
        for (limit, window, amount, new) in windows {
            match limit {
                Some(_) => window.get_or_insert_with(new).add(amount, now_ms),
                // A limit that was lifted need not be counted any more.
                None => *window = None,
            }
        }
        Taken { at_ms: now_ms, tokens }
    }

    /// A call is over that consumed `tokens` in truth.
    pub fn give_back(&mut self, taken: Taken, tokens: u64, now_ms: u64) {
        self.parallel = self.parallel.saturating_sub(1);
        for window in [&mut self.tokens, &mut self.day_tokens].into_iter().flatten() {
            window.correct(taken.tokens, tokens, taken.at_ms, now_ms);
        }
    }

    /// What is left of requests and of tokens within a minute, where they are limited.
    pub fn remaining(&mut self, limits: &Limits, now_ms: u64) -> (Option<u64>, Option<u64>) {
        let left = |limit: Option<u64>, window: &mut Option<Sliding>| {
            Some(limit?.saturating_sub(window.as_mut().map_or(0, |window| window.used(now_ms))))
        };
        (left(limits.rpm, &mut self.requests), left(limits.tpm, &mut self.tokens))
    }

    /// Whether nothing is counted: then it may be forgotten.
    pub fn is_idle(&mut self, now_ms: u64) -> bool {
        let windows = [&mut self.requests, &mut self.tokens, &mut self.day_tokens];
        self.parallel == 0 && windows.into_iter().flatten().all(|window| window.used(now_ms) == 0)
    }
}

#[cfg(test)]
mod tests;
