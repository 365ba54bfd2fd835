//! What a deployment's answers were like lately: how long, how well the input was estimated, and whether bounds were
//! kept. It foresees what the next call will cost.

use crate::Obeys;

/// Calls after which the elder half of the memory is forgotten.
const GENERATION: u32 = 64;
/// One, in the unit of [`Seen::ratio`].
const ONE: u64 = 1 << 20;

/// What a deployment's answers were like lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    now: Seen,
    before: Seen,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    calls: u32,
    /// Longest answer, tokens.
    output: u64,
    /// Largest ratio of true to estimated input.
    ratio: u64,
    /// Most tokens by which an input was smaller than estimated.
    surplus: u64,
    /// Answers that went beyond their bound.
    overruns: u32,
}

impl Habits {
    /// Takes note of an answer: tokens of input as estimated and in truth, of output, and its bound.
    pub fn note(&mut self, estimated: u64, input: u64, output: u64, bound: Option<u64>) {
        if self.now.calls >= GENERATION {
            *self = Habits { now: Seen::default(), before: self.now };
        }
        let ratio = (input.saturating_mul(ONE)).div_ceil(estimated.max(1));
        self.now.calls += 1;
        self.now.output = self.now.output.max(output);
        self.now.ratio = self.now.ratio.max(ratio);
        self.now.surplus = self.now.surplus.max(estimated.saturating_sub(input));
        self.now.overruns += u32::from(bound.is_some_and(|bound| output > bound));
    }

    /// Whether there is anything to go by.
    pub fn is_known(&self) -> bool {
        self.now.calls + self.before.calls > 0
    }

    /// The longest answer lately, tokens.
    pub fn output(&self) -> Option<u64> {
        self.is_known().then_some(self.now.output.max(self.before.output))
    }

    /// The input as it will be counted, if it goes on as lately. What was too much of a short prompt says little about a long
    /// one: never less is foreseen than what is left when as much is taken off as was ever too much.
    pub fn input(&self, estimated: u64) -> u64 {
        if !self.is_known() {
            return estimated;
        }
        let likely = estimated.saturating_mul(self.now.ratio.max(self.before.ratio)).saturating_add(ONE / 2) / ONE;
        likely.max(estimated.saturating_sub(self.now.surplus.max(self.before.surplus)))
    }

    /// Whether bounds are kept.
    pub fn obeys(&self) -> Obeys {
        match (self.is_known(), self.now.overruns + self.before.overruns) {
            (false, _) => Obeys::Unknown,
            (true, 0) => Obeys::Yes,
            (true, _) => Obeys::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_foreseen_before_anything_was_seen() {
        let habits = Habits::default();
        assert_eq!((habits.output(), habits.input(40), habits.obeys()), (None, 40, Obeys::Unknown));
    }

    #[test]
    fn the_longest_answer_and_the_worst_estimate_count() {
        let mut habits = Habits::default();
        habits.note(10, 20, 100, Some(100));
        habits.note(10, 5, 30, None);
        assert_eq!((habits.output(), habits.input(40), habits.obeys()), (Some(100), 80, Obeys::Yes));
        habits.note(10, 5, 31, Some(30));
        assert_eq!(habits.obeys(), Obeys::No);
    }

    #[test]
    fn an_exact_ratio_is_foreseen_exactly() {
        let mut habits = Habits::default();
        habits.note(28, 20, 20, None);
        assert_eq!((habits.input(14), habits.input(28)), (10, 20));
        habits.note(7, 7, 20, None);
        assert_eq!(habits.input(7), 7);
    }

    #[test]
    fn short_prompts_do_not_make_a_long_one_seem_short() {
        let mut habits = Habits::default();
        habits.note(30, 5, 20, None);
        assert_eq!((habits.input(30), habits.input(2_000)), (5, 1_975));
        habits.note(1_000, 100, 20, None);
        assert_eq!(habits.input(2_000), 1_100, "a long one may");
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut habits = Habits::default();
        habits.note(1, 10, 9_000, Some(1));
        for _ in 0..2 * GENERATION {
            habits.note(1, 1, 5, Some(10));
        }
        assert_eq!((habits.output(), habits.input(3), habits.obeys()), (Some(5), 3, Obeys::Yes));
    }
}
