//! When somebody should be told about a budget, before and when it is spent.

use types::Usd;

use crate::Window;

/// Share of a window, one in so many, after which it says how the rest of it will be.
const FORESEEABLE: i64 = 10;

/// What happened to a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// What is spent has reached the level at which somebody wants to be told.
    Soft,
    /// So many percent of the budget are spent.
    Reached(u8),
    /// All of it is spent.
    Whole,
    /// If it goes on like this, so much will be spent at the end of the window: more than the budget.
    Foreseen(Usd),
}

/// What is to be told about a budget of which `spent` is spent at `now` (seconds since 1970): the highest of the `levels`
/// (percents, in order) that is reached, or that all is spent; beside it the soft level, and what will be.
pub fn crossings(
    spent: Usd,
    budget: Option<Usd>,
    soft: Option<Usd>,
    levels: &[u8],
    window: Option<Window>,
    now: i64,
) -> impl Iterator<Item = Crossing> + use<> {
    let soft = soft.filter(|soft| spent >= *soft && spent > Usd::ZERO).map(|_| Crossing::Soft);
    let budget = budget.filter(|budget| *budget > Usd::ZERO);
    let percent = budget.map(|budget| i128::from(spent.nanos()) * 100 / i128::from(budget.nanos()));
    let reached = percent.and_then(|percent| match percent {
        100.. => Some(Crossing::Whole),
        _ => levels.iter().rev().find(|level| i128::from(**level) <= percent).map(|level| Crossing::Reached(*level)),
    });
    let end = budget.filter(|budget| spent < *budget).and_then(|budget| {
        let end = foreseen(spent, window?, now)?;
        (end > budget).then_some(Crossing::Foreseen(end))
    });
    [soft, reached, end].into_iter().flatten()
}

/// What will be spent at the end of the window, if enough of it is over to say so.
fn foreseen(spent: Usd, window: Window, now: i64) -> Option<Usd> {
    let (length, over) = (window.end.checked_sub(window.start)?, now.checked_sub(window.start)?);
    if over <= 0 || over < length / FORESEEABLE {
        return None;
    }
    let end = i128::from(spent.nanos()) * i128::from(length) / i128::from(over);
    Some(Usd::from_nanos(i64::try_from(end).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spent: i64, budget: Option<i64>, soft: Option<i64>, now: i64, expected: &[Crossing]) {
        let window = Some(Window { start: 0, end: 1000 });
        let usd = |dollars: i64| Usd::from_nanos(dollars * 1_000_000_000);
        let found: Vec<_> = crossings(usd(spent), budget.map(usd), soft.map(usd), &[50, 80], window, now).collect();
        assert_eq!(found, expected, "{spent} of {budget:?}, {soft:?} at {now}");
    }

    #[test]
    fn a_budget_is_told_about_before_and_when_it_is_spent() {
        use Crossing::*;
        check(50, Some(200), Some(50), 900, &[Soft]);
        check(49, Some(100), Some(50), 900, &[]);
        check(49, Some(100), None, 990, &[]);
        check(50, Some(100), None, 990, &[Reached(50)]);
        check(79, Some(100), None, 990, &[Reached(50)]);
        check(99, Some(100), None, 999, &[Reached(80)]);
        check(100, Some(100), Some(10), 990, &[Soft, Whole]);
        check(500, None, Some(10), 990, &[Soft]);
        check(0, Some(0), Some(0), 990, &[]);
    }

    #[test]
    fn the_end_of_a_window_is_foreseen_when_some_of_it_is_over() {
        let usd = |dollars: i64| Usd::from_nanos(dollars * 1_000_000_000);
        check(20, Some(100), None, 100, &[Crossing::Foreseen(usd(200))]);
        check(20, Some(100), None, 99, &[]);
        check(10, Some(100), None, 100, &[]);
        check(60, Some(100), None, 500, &[Crossing::Reached(50), Crossing::Foreseen(usd(120))]);
        check(100, Some(100), None, 500, &[Crossing::Whole]);
        check(20, None, None, 100, &[]);
        let ever = Window { start: i64::MIN, end: i64::MAX };
        assert_eq!(crossings(usd(20), Some(usd(100)), None, &[50], Some(ever), 100).count(), 0);
    }
}
