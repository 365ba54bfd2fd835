use proptest::prelude::*;

use super::*;

/// What a replica says about its share of something when shares are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Claim {
    capacity: u64,
    have: u64,
    used: u64,
    want: u64,
}

/// The share that a replica gets, when the shares of all `others` are so much. It never gets less than it has unless it
/// wants less: it may be using it by now.
fn grant(claim: &Claim, others: u64) -> u64 {
    let free = claim.capacity.saturating_sub(others);
    claim.want.min(free).max(claim.have.min(claim.want)).max(claim.used)
}

fn check(have: u64, used: u64, want: u64, others: u64, expected: u64) {
    let claim = Claim { capacity: 100, have, used, want };
    assert_eq!(grant(&claim, others), expected, "{claim:?} beside {others}");
}

#[test]
fn a_share_grows_into_what_nobody_has_and_shrinks_to_what_is_wanted() {
    check(0, 0, 40, 0, 40);
    check(0, 0, 40, 70, 30);
    check(30, 10, 60, 70, 30);
    check(30, 10, 15, 70, 15);
    check(30, 20, 10, 0, 20);
}

#[test]
fn nobody_loses_what_it_may_be_using_when_there_is_less() {
    check(80, 10, 90, 70, 80);
    check(80, 10, 10, 70, 10);
}

#[test]
fn who_is_busy_wants_its_part_of_all_that_is_left_and_who_is_not_what_it_needs() {
    let check = |used, hunger, elsewhere, is_busy, expected| {
        let need = Need { have: 10, used, hunger, elsewhere, capacity: 100, replicas: 2, is_busy };
        assert_eq!(want(&need), expected, "{need:?}");
    };
    check(10, 0, 0, true, 55);
    check(10, 0, 50, true, 30);
    check(10, 3, 89, true, 13);
    check(10, 200, 0, true, 100);
    check(10, 3, 0, false, 13);
    check(5, 3, 0, false, 13);
    check(10, 0, 90, true, 10);
    check(120, 1, 0, true, 120);
    check(0, 0, 0, false, 0);
}

#[test]
fn only_what_matters_to_others_or_to_calls_to_come_is_said_again() {
    let said = Said { at_ms: 100_000, used: 10 };
    let check = |share, used, want, contested, after: u64, expected| {
        let outdated = said.is_outdated(share, used, want, contested, 100_000 + after);
        assert_eq!(outdated, expected, "{share} {used} {want} {contested} {after}");
    };
    check(50, 10, 60, false, 5_000, false);
    check(50, 40, 70, false, 100, false);
    check(50, 40, 70, false, 200, true);
    check(50, 20, 40, false, 1_000, false);
    check(50, 20, 40, false, 2_000, true);
    check(50, 20, 20, true, 1, true);
    check(20, 20, 20, true, 1, true);
    check(10, 10, 10, true, 1, false);
    check(10, 15, 15, false, 200, true);
    check(10, 10, 10, false, 30_000, true);
    check(0, 0, 0, false, 2_000, true);
    check(0, 10, 10, false, 29_000, false);
    assert!(Said::default().is_outdated(0, 0, 1, false, 100_000));
}

/// What a replica does next.
#[derive(Clone, Debug)]
enum Step {
    Use(usize),
    GiveBack(usize),
    /// Shares are settled; the answer arrives, or is lost.
    Settle(usize, u64, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3usize).prop_map(Step::Use),
        2 => (0..3usize).prop_map(Step::GiveBack),
        2 => (0..3usize, 0..12u64, any::<bool>()).prop_map(|(who, hunger, arrives)| Step::Settle(who, hunger, arrives)),
    ]
}

proptest! {
    #[test]
    fn no_limit_is_overrun_whatever_replicas_do_and_whichever_answers_are_lost(
        steps in proptest::collection::vec(step(), 1..300),
    ) {
        const CAPACITY: u64 = 20;
        let (mut shares, mut used, mut settled) = ([0u64; 3], [0u64; 3], [0u64; 3]);
        for step in steps {
            match step {
                Step::Use(who) if used[who] < shares[who] => used[who] += 1,
                Step::GiveBack(who) => used[who] = used[who].saturating_sub(1),
                Step::Use(_) => {}
                Step::Settle(who, hunger, arrives) => {
                    let elsewhere = used.iter().sum::<u64>() - used[who];
                    let have = shares[who];
                    let need = Need { have, used: used[who], hunger, elsewhere, capacity: CAPACITY, replicas: 3, is_busy: true };
                    let wanted = want(&need);
                    let claim = Claim { capacity: CAPACITY, have: shares[who], used: used[who], want: wanted };
                    // It must not use any more what it gives back, whether it is heard or not.
                    shares[who] = shares[who].min(wanted);
                    let others = settled.iter().sum::<u64>() - settled[who];
                    settled[who] = grant(&claim, others);
                    if arrives {
                        shares[who] = settled[who];
                    }
                }
            }
            prop_assert!(used.iter().sum::<u64>() <= CAPACITY, "{used:?} of {shares:?}");
            prop_assert!(settled.iter().sum::<u64>() <= CAPACITY, "{settled:?}");
        }
    }
}
