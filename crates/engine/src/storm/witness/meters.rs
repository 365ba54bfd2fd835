//! What the meters say, beside what was seen: after every step of a call, when what was booked is learnt, and when
//! nothing runs.

use std::collections::BTreeMap;

use policy::Purse;
use policy::limits::Dimension;
use types::Usd;

use super::{MINUTE_MS, Seen, SumName, call_of, span_name};
use crate::Meters;

impl Seen {
    /// What the gateway counts must agree with what was seen.
    pub fn check(&mut self, meters: &Meters) {
        let mut purses = Vec::new();
        let mut all = meters.all();
        all.sort_by_key(|meter| meter.number);
        let now = self.now_ms() as u64;
        for meter in &all {
            let mut state = meter.lock();
            purses.extend(state.purses().iter().map(|purse| (meter.number, *purse)));
            let parallel = state.usage.used(Dimension::Parallel, now);
            let limit = self.limits.get(&*meter.subject).and_then(|limits| limits.parallel);
            if limit.is_some_and(|limit| parallel > limit) {
                self.fail(format!("{} has {parallel} calls at a time, of {limit:?}", meter.subject));
            }
        }
        if purses != self.checked {
            for (number, purse) in &purses {
                let meter = all.iter().find(|meter| meter.number == *number);
                self.check_purse(meter.map_or("", |meter| &meter.subject), purse);
            }
            self.checked = purses;
        }
    }

    fn check_purse(&mut self, subject: &str, purse: &Purse) {
        let name = (subject.to_owned(), Purse::period(purse.span, purse.window));
        let own = self.spent.get(&name).copied().unwrap_or_default();
        let (spent, held) = (purse.spent(), purse.held);
        if purse.own != own {
            self.fail(format!("{name:?} has spent {} as the meters say, {own} as the ledger says", purse.own));
        }
        let open = self.open.iter().filter_map(|id| self.opened.get(id));
        let open = open
            .filter(|entry| entry.charges.iter().any(|charge| (&charge.subject, &charge.period) == (&name.0, &name.1)));
        let open = open.count();
        if held < Usd::ZERO || purse.calls == 0 && held != Usd::ZERO || purse.calls as usize != open {
            self.fail(format!("{name:?} holds {held} for {} calls, {open} attempts are open", purse.calls));
        }
        // Without a budget, somebody only asked what was spent.
        let Some(limit) = self.budget(subject, &span_name(purse.span)) else { return };
        let excess = self.excess.get(&name).copied().unwrap_or_default();
        if spent + held > limit + excess {
            self.fail(format!("{name:?}: {spent} spent + {held} held > {limit}, with {excess} billed too much"));
        }
    }

    /// Whoever was just admitted had room for what their calls consumed lately.
    pub fn check_room(&mut self, meters: &Meters, subjects: &[String]) {
        let now = self.now_ms() as u64;
        for subject in subjects {
            let limits = self.limits.get(subject).copied().unwrap_or_default();
            for (dimension, limit) in [(Dimension::Tokens, limits.tpm), (Dimension::DayTokens, limits.tpd)] {
                let Some(limit) = limit else { continue };
                let used = meters.of(subject).lock().usage.used(dimension, now);
                if used > limit {
                    self.fail(format!("{subject} was admitted with {used} of {limit} used, {dimension:?}"));
                }
            }
        }
    }

    /// When nothing runs, nothing is held and nobody is counted.
    pub fn check_calm(&mut self, meters: &Meters) {
        let now = self.now_ms() as u64;
        for meter in meters.all() {
            let mut state = meter.lock();
            let held = state.purses().iter().any(|purse| purse.held != Usd::ZERO || purse.calls > 0);
            let parallel = state.usage.used(Dimension::Parallel, now);
            if held || parallel > 0 {
                let purses = state.purses();
                self.fail(format!("nothing runs, and {} has {parallel} calls and {purses:?}", meter.subject));
            }
        }
        let busy: Vec<_> =
            self.active.iter().filter(|(_, calls)| !calls.is_empty()).map(|(who, _)| who.clone()).collect();
        if !busy.is_empty() {
            self.fail(format!("nothing runs, and providers work for {busy:?}"));
        }
        if !self.open.is_empty() {
            self.fail(format!("nothing runs, and these attempts are open: {:?}", self.open));
        }
    }

    /// What the store says must be what the meters say.
    pub fn check_sums(&mut self, meters: &Meters, sums: &BTreeMap<SumName, Usd>) {
        for meter in meters.all() {
            for purse in meter.lock().purses() {
                let name = (meter.subject.to_string(), Purse::period(purse.span, purse.window));
                let (known, sum) = (purse.base + purse.booked, sums.get(&name).copied().unwrap_or_default());
                if known != sum {
                    self.fail(format!("{name:?} is {known} as the meters say, {sum} as the store says: {purse:?}"));
                }
            }
        }
    }

    /// When nothing runs, the tokens that count for limits are those of the attempts.
    pub fn check_tokens(&mut self, meters: &Meters) {
        let now = self.now_ms();
        // A second counts until it is a minute old in whole.
        let is_recent = |at: i64| now / 1000 - at / 1000 <= MINUTE_MS / 1000;
        let mut consumed: BTreeMap<usize, u64> = BTreeMap::new();
        for entry in self.settled.values() {
            *consumed.entry(call_of(entry)).or_default() += entry.usage.total().unwrap_or(0);
        }
        for meter in meters.all() {
            let limits = self.limits.get(&*meter.subject).copied().unwrap_or_default();
            let Some(calls) = self.admitted.get(&*meter.subject).cloned() else { continue };
            let of = |counts: &dyn Fn(i64) -> bool| -> u64 {
                calls.iter().filter(|(at, _)| counts(*at)).filter_map(|(_, index)| consumed.get(index)).sum()
            };
            // No storm lasts a day.
            let expected = [
                (Dimension::Tokens, limits.tpm.map(|_| of(&is_recent))),
                (Dimension::DayTokens, limits.tpd.map(|_| of(&|_| true))),
            ];
            for (dimension, expected) in expected {
                let used = meter.lock().usage.used(dimension, now as u64);
                if expected.is_some_and(|expected| expected != used) {
                    self.fail(format!(
                        "{} used {used} {dimension:?} as the meters say, not {expected:?}",
                        meter.subject
                    ));
                }
            }
        }
    }
}
