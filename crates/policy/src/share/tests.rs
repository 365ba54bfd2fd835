use proptest::prelude::*;

use super::*;

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
fn who_is_busy_wants_some_to_spare_but_not_all() {
    assert_eq!(want(10, 0, 5, 100), 20);
    assert_eq!(want(10, 3, 500, 100), 38);
    assert_eq!(want(0, 1, 0, 100), 1);
    assert_eq!(want(120, 1, 1, 100), 120);
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
                    let wanted = want(used[who], hunger, 1, CAPACITY);
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
