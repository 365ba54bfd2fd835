use proptest::prelude::*;

use super::*;

#[test]
fn an_amount_counts_for_the_whole_window_and_not_much_longer() {
    let mut minute = Sliding::minute();
    minute.add(3, 10_500);
    assert_eq!(minute.used(10_500), 3);
    assert_eq!(minute.used(70_499), 3, "a minute has not passed");
    assert_eq!(minute.used(70_999), 3);
    assert_eq!(minute.used(71_000), 0);
}

#[test]
fn the_wait_ends_when_there_is_room() {
    let mut minute = Sliding::minute();
    minute.add(2, 1_000);
    minute.add(2, 5_000);
    assert_eq!(minute.wait_ms(4, 5_000), None);
    let wait = minute.wait_ms(3, 5_000).unwrap();
    assert_eq!(minute.used(5_000 + wait - 1), 4);
    assert_eq!(minute.used(5_000 + wait), 2);
    let wait = minute.wait_ms(0, 62_000).unwrap();
    assert_eq!(minute.used(62_000 + wait), 0);
}

#[test]
fn a_correction_counts_where_the_amount_was_counted() {
    let mut minute = Sliding::minute();
    minute.add(100, 1_000);
    minute.correct(100, 7, 1_000, 30_000);
    assert_eq!(minute.used(30_000), 7);
    assert_eq!(minute.used(62_000), 0);
    minute.correct(100, 7, 1_000, 90_000);
    assert_eq!(minute.used(90_000), 0, "long gone");
}

#[test]
fn a_clock_that_goes_back_loses_nothing() {
    let mut minute = Sliding::minute();
    minute.add(1, 100_000);
    minute.add(1, 40_000);
    assert_eq!(minute.used(100_000), 2);
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_the_limit(steps in prop::collection::vec((0u64..5_000, 1u64..5), 1..200)) {
        const LIMIT: u64 = 10;
        let (mut minute, mut now, mut taken) = (Sliding::minute(), 0, Vec::new());
        for (pause, amount) in steps {
            now += pause;
            if minute.used(now) + amount <= LIMIT {
                minute.add(amount, now);
                taken.push((now, amount));
            }
            let held: u64 = taken.iter().filter(|(at, _)| now - at < 60_000).map(|(_, amount)| amount).sum();
            prop_assert!(held <= LIMIT);
            let kept: u64 = taken.iter().filter(|(at, _)| now - at < 62_000).map(|(_, amount)| amount).sum();
            prop_assert!(minute.used(now) <= kept, "nothing counts longer than a slice beyond the minute");
        }
    }
}
