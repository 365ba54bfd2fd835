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
    /// Whether a call of about `tokens` fits.
    pub fn room(&mut self, limits: &Limits, tokens: u64, now_ms: u64) -> Result<(), Short> {
        let parallel = limits.parallel.filter(|limit| self.parallel >= *limit);
        if let Some(limit) = parallel {
            return Err(Short { dimension: Dimension::Parallel, limit, remaining: 0, wait_ms: None });
        }
        let windows = [
            (Dimension::Requests, limits.rpm, &mut self.requests, 1),
            (Dimension::Tokens, limits.tpm, &mut self.tokens, tokens),
            (Dimension::DayTokens, limits.tpd, &mut self.day_tokens, tokens),
        ];
        for (dimension, limit, window, amount) in windows {
            let (Some(limit), used) = (limit, window.as_mut().map_or(0, |window| window.used(now_ms))) else {
                continue;
            };
            if used.saturating_add(amount) > limit || used >= limit {
                let remaining = limit.saturating_sub(used);
                let room = limit.checked_sub(amount.max(1));
                let wait_ms = room.and_then(|room| window.as_ref()?.wait_ms(room, now_ms));
                return Err(Short { dimension, limit, remaining, wait_ms });
            }
        }
        Ok(())
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
