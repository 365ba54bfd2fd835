//! Everything that could be otherwise, from one seed.

use crate::Dice;

/// A source of choices.
#[derive(Clone)]
pub struct Chance(Dice);

impl Chance {
    /// The choices of a seed; `purpose` tells apart those that are made for different things, so that one more choice
    /// in one place changes nothing elsewhere.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut dice = Dice::new(seed ^ purpose.wrapping_mul(0xD134_2543_DE82_EF95));
        dice.bits();
        Chance(dice)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.bits() % end.max(1)
    }

    /// A number from `low` to `high`.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A number from `low` to `high` of which each order of magnitude is as likely.
    pub fn magnitude(&mut self, low: u64, high: u64) -> u64 {
        let (low, high) = (low as f64, high as f64);
        (low * (high / low).powf(self.0.unit())) as u64
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }
}
