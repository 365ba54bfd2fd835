//! What a call, or one of its attempts, takes of limits: of all of them together or of none. It is given back when it
//! is over and no provider works for it any more.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use policy::limits::{Limits, Short, Taken, Tokens};

use crate::caller::Account;
use crate::meters::{Meter, State};
use crate::sharing::What;

/// What was taken.
pub(crate) struct Taking {
    taken: Vec<(Arc<Meter>, Taken)>,
    /// Tokens that were consumed so far.
    tokens: Mutex<Tokens>,
    /// When it ended, milliseconds since 1970.
    ended_at: AtomicU64,
    /// What the call took, if this is one of its attempts: not given back before.
    _within: Option<Arc<Taking>>,
}

/// How firm limits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Firmness {
    /// Nothing goes beyond any of them.
    All,
    /// Nothing goes beyond the calls at a time; the others are counted.
    Parallel,
}

/// A limit that does not let a call through, and the place of its account among those that were asked.
pub(crate) struct Refused {
    pub account: usize,
    pub short: Short,
}

impl Taking {
    /// Takes a call of about `tokens` from all `accounts`, which are in the order of locks, or from none. `None` if
    /// nobody counts.
    pub fn take(
        accounts: &[Account],
        tokens: Tokens,
        now_ms: u64,
        firmness: Firmness,
        within: Option<Arc<Taking>>,
    ) -> Result<Option<Arc<Self>>, Refused> {
        if accounts.is_empty() {
            return Ok(None);
        }
        let mut states = lock(accounts);
        for (index, (account, state)) in accounts.iter().zip(&mut states).enumerate() {
            if account.meter.sharing.is_some() {
                state.share_limits(&account.meter, &account.terms.limits, now_ms);
            }
            if let Err(mut short) = room(account, state, tokens, now_ms, firmness) {
                if let Some(missing) = short.missing {
                    let what = What::Limit(short.dimension);
                    short.wait_ms = short.wait_ms.into_iter().chain(state.frees_elsewhere(what, now_ms)).min();
                    short.missing = state.want_more(&account.meter, what, missing, now_ms).then_some(missing);
                }
                return Err(Refused { account: index, short });
            }
        }
        let take = |(account, state): (&Account, &mut MutexGuard<State>)| {
            (account.meter.clone(), state.usage.take(&account.terms.limits, tokens, now_ms))
        };
        let taken = accounts.iter().zip(&mut states).map(take).collect();
        let (tokens, ended_at) = (Mutex::default(), AtomicU64::new(now_ms));
        Ok(Some(Arc::new(Taking { taken, tokens, ended_at, _within: within })))
    }

    /// Whether a call of about `tokens` would find room with all `accounts` now. Takes nothing, and asks no other replica.
    pub fn room(accounts: &[Account], tokens: Tokens, now_ms: u64, firmness: Firmness) -> Result<(), Refused> {
        let mut states = lock(accounts);
        accounts.iter().zip(&mut states).enumerate().try_for_each(|(index, (account, state))| {
            room(account, state, tokens, now_ms, firmness).map_err(|short| Refused { account: index, short })
        })
    }

    /// So many tokens were consumed.
    pub fn count_tokens(&self, tokens: Tokens) {
        let mut all = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *all = all.and(tokens);
    }

    /// It is over at `now_ms`, as far as we are concerned.
    pub fn end(&self, now_ms: i64) {
        self.ended_at.store(now_ms.max(0) as u64, Relaxed);
    }
}

fn lock(accounts: &[Account]) -> Vec<MutexGuard<'_, State>> {
    accounts.iter().map(|account| account.meter.lock()).collect()
}

/// Whether an account has room for a call of about `tokens`.
fn room(account: &Account, state: &mut State, tokens: Tokens, now_ms: u64, firmness: Firmness) -> Result<(), Short> {
    let limits = match firmness {
        Firmness::All => account.terms.limits,
        Firmness::Parallel => Limits { parallel: account.terms.limits.parallel, ..Limits::default() },
    };
    let shares = state.shares();
    state.usage.room(&limits, &shares, tokens, now_ms)
}

impl Drop for Taking {
    fn drop(&mut self) {
        let (tokens, ended_at) =
            (*self.tokens.get_mut().unwrap_or_else(PoisonError::into_inner), *self.ended_at.get_mut());
        for (meter, taken) in self.taken.drain(..) {
            meter.lock().usage.give_back(taken, tokens, ended_at);
            meter.vacated.notify_one();
        }
    }
}
