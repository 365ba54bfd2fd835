//! The breaker of a deployment: closed while it is well, open while it rests, half open while a single call tries
//! whether it is well again. Times are milliseconds of any clock that only goes forward.
//!
//! There are two ways to fail, and what shows that one of them is over says nothing about the other. An answer that begins
//! shows that calls are answered; whether streams are whole shows only at their end. So faults before and after the opening
//! are counted apart.

use std::time::Duration;

use types::Fault;

use crate::{RestRules, Tally, rest};

/// Length of the time in which faults are counted.
const MINUTE_MS: u64 = 60_000;

/// Whether a deployment may have a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is well.
    Open,
    /// It has rested: this call may try whether it is well again, and no other one until it is known.
    Trial,
    /// Not before so many milliseconds have passed.
    Rests(u64),
}

/// The breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// In which minute the faults were counted.
    minute: u64,
    tally: Tally,
    /// Streams in a row that broke after they had opened.
    cuts: u32,
    /// The longest that one of them lived, milliseconds.
    longest_cut: u64,
    /// Whether it failed and has not been well since.
    is_broken: bool,
    /// Until when it rests.
    rests_until: u64,
    /// Until when it rests because the provider itself asked for less traffic.
    asked_until: u64,
    /// Until when the result of a trial is waited for.
    trial_until: u64,
    /// What became of somebody's word that it is well, before a call has shown it.
    word: Word,
}

/// Somebody's word that a deployment is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Word {
    /// Nobody said so.
    #[default]
    None,
    /// The next call will show.
    Given,
    /// A call has shown that it is not: a look cannot see what is wrong, and is not believed any more.
    Broken,
}

impl Breaker {
    /// Whether a call may go there now.
    pub fn admits(&self, now: u64) -> Admission {
        match self.waits_until(now) {
            until if until > now => Admission::Rests(until - now),
            _ if self.is_broken => Admission::Trial,
            _ => Admission::Open,
        }
    }

    /// When the next call may go there: in the past while it is well.
    fn waits_until(&self, now: u64) -> u64 {
        if self.is_broken && self.rests_until <= now { self.trial_until } else { self.rests_until }
    }

    /// How much longer it rests, milliseconds; 0 if it does not.
    pub fn rest_left(&self, now: u64) -> u64 {
        self.waits_until(now).saturating_sub(now)
    }

    /// Whether it rests after a fault; waiting for the result of a trial is no rest.
    pub fn is_resting(&self, now: u64) -> bool {
        self.rests_until > now
    }

    /// How much longer the provider itself wants no traffic, milliseconds.
    pub fn asked_rest_left(&self, now: u64) -> u64 {
        self.asked_until.saturating_sub(now)
    }

    /// A call tries whether it is well again: nobody else does for as long as a rest takes.
    pub fn begin_trial(&mut self, rules: &RestRules, now: u64) {
        self.trial_until = now + millis(rules.cooldown);
    }

    /// The trial came to no result: somebody else may try.
    pub fn give_up_trial(&mut self) {
        self.trial_until = 0;
    }

    /// Somebody looked, without a call, and found it well: the next call may try, unless the provider itself asked for a
    /// rest, which is about calls alone. If that call fails, looks are not believed until a call has succeeded.
    pub fn found_well(&mut self, now: u64) {
        if self.is_broken && self.asked_until <= now && self.word != Word::Broken {
            self.rests_until = self.rests_until.min(now);
            (self.trial_until, self.word) = (0, Word::Given);
        }
    }

    /// Somebody looked and found it ill: it rests so long, unless it is found well before.
    pub fn found_ill(&mut self, rest: Duration, now: u64) {
        self.is_broken = true;
        self.rests_until = self.rests_until.max(now + millis(rest));
        (self.trial_until, self.word) = (0, Word::None);
    }

    /// Calls in this minute that succeeded, and that failed by the provider's fault.
    pub fn recent(&self, now: u64) -> (u32, u32) {
        if now / MINUTE_MS == self.minute { (self.tally.good, self.tally.bad) } else { (0, 0) }
    }

    /// A whole answer has come. Streams may break all the same: if they did before, the next one that does is no accident.
    pub fn succeeded(&mut self, now: u64) {
        self.count_success(now);
        self.close();
    }

    /// A stream has opened: calls are answered. If streams broke lately, that is not all that was wrong.
    pub fn opened(&mut self) {
        self.tally.streak = 0;
        if self.cuts == 0 {
            self.close();
        }
    }

    /// A stream that tries whether it is well again has flowed for longer than any of those that broke.
    pub fn outlived(&mut self) {
        self.close();
    }

    /// A stream has come to its end. Only a trial shows more than that: others may have opened before anything went wrong.
    pub fn ended(&mut self, is_trial: bool, now: u64) {
        self.count_success(now);
        (self.cuts, self.longest_cut) = (0, 0);
        if is_trial {
            self.close();
        }
    }

    /// The longest that a stream lived which broke, if one did since the last one that came to its end, milliseconds.
    pub fn longest_cut(&self) -> u64 {
        self.longest_cut
    }

    /// A call failed by the provider's fault before an answer began. `alternative` says whether anybody else could take its
    /// calls: if not, it never rests. A shorter rest never cuts a longer one.
    pub fn failed(&mut self, rules: &RestRules, fault: &Fault, alternative: bool, now: u64) {
        self.tally.streak = self.tally.streak.saturating_add(1);
        self.note_fault(rules, fault, self.tally.streak, alternative, now);
    }

    /// The same of a stream that broke by the provider's fault `lived` milliseconds after it had opened.
    pub fn broke_off(&mut self, rules: &RestRules, fault: &Fault, lived: u64, alternative: bool, now: u64) {
        (self.cuts, self.longest_cut) = (self.cuts.saturating_add(1), self.longest_cut.max(lived));
        self.note_fault(rules, fault, self.cuts, alternative, now);
    }

    fn note_fault(&mut self, rules: &RestRules, fault: &Fault, streak: u32, alternative: bool, now: u64) {
        self.turn_minute(now);
        self.tally.bad = self.tally.bad.saturating_add(1);
        if self.word == Word::Given {
            self.word = Word::Broken;
        }
        let relapse = self.is_broken.then_some(rules.cooldown).filter(|_| alternative);
        if let Some(rest) = rest(rules, fault, Tally { streak, ..self.tally }, alternative).or(relapse) {
            self.is_broken = true;
            self.rests_until = self.rests_until.max(now + millis(rest));
            self.trial_until = 0;
        }
        if let Some(wait) = fault.retry_after {
            self.asked_until = self.asked_until.max(now + millis(wait));
        }
    }

    fn count_success(&mut self, now: u64) {
        self.turn_minute(now);
        self.tally.good = self.tally.good.saturating_add(1);
    }

    /// It is well: what is left are the counts.
    fn close(&mut self) {
        let Breaker { minute, tally, cuts, longest_cut, .. } = *self;
        let tally = Tally { streak: 0, ..tally };
        *self = Breaker { minute, tally, cuts, longest_cut, ..Breaker::default() };
    }

    fn turn_minute(&mut self, now: u64) {
        let minute = now / MINUTE_MS;
        if self.minute != minute {
            self.minute = minute;
            self.tally = Tally { streak: self.tally.streak, ..Tally::default() };
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests;
