//! Bounds on trying again, so that a provider in trouble does not get more work by it, and no call more money than it
//! is worth.

use types::Usd;

/// What all attempts of one call may be together, and how many calls may try again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryBounds {
    /// Most attempts of one call, with all retries, fallbacks and escalations.
    pub attempts: u32,
    /// Most that they may cost together.
    pub cost: Option<Usd>,
    /// Retries that may be under way at once.
    pub retries: RetryBudget,
}

/// How many calls may be trying a deployment again that has failed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Percent of the calls in flight there.
    pub percent: u32,
    /// So many in any case: a lone call may try again.
    pub least: u32,
}

impl Default for TryBounds {
    fn default() -> Self {
        TryBounds { attempts: 12, cost: None, retries: RetryBudget { percent: 20, least: 10 } }
    }
}

impl RetryBudget {
    /// How many retries may be under way while so many calls are in flight.
    pub fn room(&self, in_flight: u32) -> u32 {
        let share = u64::from(in_flight) * u64::from(self.percent.min(100)) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_part_of_the_calls_in_flight_but_a_few_in_any_case() {
        let budget = TryBounds::default().retries;
        for (in_flight, room) in
            [(0, 10), (1, 10), (50, 10), (100, 20), (104, 20), (1_000, 200), (u32::MAX, 858_993_459)]
        {
            assert_eq!(budget.room(in_flight), room, "{in_flight}");
        }
        assert_eq!(RetryBudget { percent: 0, least: 0 }.room(1_000), 0);
        assert_eq!(RetryBudget { percent: 900, least: 0 }.room(7), 7);
    }
}
