use proptest::prelude::*;

use super::*;

const EVER: Window = Window { start: i64::MIN, end: i64::MAX };

fn usd(dollars: f64) -> Usd {
    Usd::from_dollars(dollars).unwrap()
}

fn budget(limit: f64) -> Budget {
    Budget { limit: usd(limit), span: None, lenient: false }
}

fn purse() -> Purse {
    Purse::new(None, EVER, Usd::ZERO)
}

/// A call without a bound, of which nothing is known.
fn unknown(input: f64, small: f64) -> Need {
    let (likely, worst, obeys) = (None, None, Obeys::Unknown);
    Need { input: usd(input), small: usd(small), likely, worst, obeys, grows: false }
}

fn known(input: f64, likely: f64, worst: f64) -> Need {
    let (likely, worst) = (Some(usd(likely)), Some(usd(worst)));
    Need { likely, worst, obeys: Obeys::Yes, ..unknown(input, input) }
}

/// Admits calls for as long as they are granted something; how many, and what the next one is told.
fn admit(purse: &mut Purse, budget: &Budget, need: &Need) -> (u32, Funds) {
    let mut calls = 0;
    loop {
        match purse.offer(budget, need, Last::default()) {
            Funds::Grant(amount) if calls < 1_000 => {
                purse.hold(amount);
                calls += 1;
            }
            other => return (calls, other),
        }
    }
}

const LAST: Last = Last { here: true, elsewhere: true };

#[test]
fn what_is_missing_of_a_share_is_asked_for_and_done_without_in_the_end() {
    let budget = budget(1.0);
    let purse = Purse { share: Some(usd(0.1)), ..purse() };
    let need = known(0.01, 0.2, 0.3);
    assert_eq!(purse.offer(&budget, &need, Last::default()), Funds::Missing(usd(0.1)));
    assert!(
        matches!(purse.offer(&budget, &need, LAST), Funds::TooLittle(_)),
        "the answer would be cut off for nothing"
    );
    let need = unknown(0.01, 0.2);
    assert_eq!(purse.offer(&budget, &need, LAST), Funds::Grant(usd(0.1)));
    let own = Purse { own: usd(0.1), ..purse };
    assert_eq!(own.used(), usd(0.1));
    assert!(matches!(own.offer(&budget, &need, LAST), Funds::TooLittle(_)));
    let booked = Purse { booked: usd(0.1), ..own };
    assert_eq!(booked.offer(&budget, &need, LAST), Funds::Grant(usd(0.1)), "what the store knows is not ours any more");
}

#[test]
fn of_calls_that_cost_a_tenth_of_the_budget_ten_go_through() {
    let (mut purse, budget) = (purse(), budget(0.01));
    // Nothing is known: the first call gets everything, for a small answer would already be too dear.
    assert_eq!(admit(&mut purse, &budget, &unknown(0.0003, 0.04)), (1, Funds::Wait));
    purse.settle(usd(0.01), usd(0.001));
    // Now it is known what they cost.
    assert_eq!(admit(&mut purse, &budget, &known(0.0002, 0.001, 0.4)), (9, Funds::Wait));
    for _ in 0..9 {
        purse.settle(usd(0.001), usd(0.001));
    }
    assert_eq!(purse.spent(), usd(0.01));
    assert_eq!(purse.offer(&budget, &known(0.0002, 0.001, 0.4), LAST), Funds::Spent(usd(0.01), usd(0.01)));
}

#[test]
fn a_worst_case_far_beyond_the_true_cost_locks_nobody_out() {
    let (mut purse, budget) = (purse(), budget(25.0));
    let need = known(0.001, 0.02, 3.2);
    for _ in 0..20 {
        let Funds::Grant(amount) = purse.offer(&budget, &need, Last::default()) else { panic!("twenty at a time fit") };
        assert!(amount >= usd(0.02) && amount <= usd(3.2));
        purse.hold(amount);
    }
}

#[test]
fn the_last_bit_of_money_is_granted_to_one_call_and_nothing_is_refused_that_pays_for_its_input() {
    let (mut purse, budget) = (purse(), budget(1.0));
    purse.own = usd(0.995);
    let need = known(0.001, 0.01, 17.0);
    assert_eq!(purse.offer(&budget, &need, Last::default()), Funds::Grant(usd(0.005)));
    purse.hold(usd(0.005));
    assert_eq!(purse.offer(&budget, &need, Last::default()), Funds::Wait);
    assert_eq!(purse.offer(&budget, &need, LAST), Funds::TooLittle(usd(0.005)));
    purse.settle(usd(0.005), usd(0.0045));
    assert_eq!(purse.offer(&budget, &need, Last::default()), Funds::TooLittle(usd(0.0005)));
}

#[test]
fn a_deployment_that_ignores_bounds_gets_only_calls_that_can_be_paid() {
    let (mut purse, budget) = (purse(), budget(0.01));
    purse.own = usd(0.0095);
    let need = Need { obeys: Obeys::No, ..known(0.0001, 0.001, 0.0006) };
    assert_eq!(purse.offer(&budget, &need, Last::default()), Funds::TooLittle(usd(0.0005)));
    purse.own = usd(0.009);
    assert_eq!(purse.offer(&budget, &need, Last::default()), Funds::Grant(usd(0.001)));
}

#[test]
fn more_than_the_worst_case_is_held_until_a_deployment_has_shown_that_it_keeps_to_bounds() {
    let (mut purse, budget) = (purse(), budget(0.01));
    let need = Need { worst: Some(usd(0.0006)), ..unknown(0.0001, 0.0006) };
    let (calls, _) = admit(&mut purse, &budget, &need);
    assert!((1..=6).contains(&calls), "{calls} calls that may cost more than they should");
}

#[test]
fn what_costs_nothing_is_not_counted() {
    let mut purse = purse();
    purse.own = usd(2.0);
    let free = Need { worst: Some(Usd::ZERO), ..unknown(0.0, 0.0) };
    assert_eq!(purse.offer(&budget(1.0), &free, Last::default()), Funds::Grant(Usd::ZERO));
}

#[test]
fn an_embedding_may_use_up_the_last_cent_exactly() {
    let mut purse = purse();
    purse.own = usd(0.99);
    let need = Need { small: usd(0.01), ..known(0.01, 0.01, 0.01) };
    assert_eq!(purse.offer(&budget(1.0), &need, Last::default()), Funds::Grant(usd(0.01)));
}

#[test]
fn a_lenient_budget_is_spent_beyond_its_limit_only() {
    let mut purse = purse();
    purse.own = usd(1.0);
    let lenient = Budget { lenient: true, ..budget(1.0) };
    assert_eq!(purse.offer(&lenient, &known(0.01, 0.01, 0.01), Last::default()), Funds::TooLittle(Usd::ZERO));
    purse.own = usd(1.1);
    assert_eq!(purse.offer(&lenient, &known(0.01, 0.01, 0.01), Last::default()), Funds::Spent(usd(1.1), usd(1.0)));
}

#[test]
fn a_running_call_gets_more_until_the_money_is_gone() {
    let (mut purse, budget) = (purse(), budget(1.0));
    purse.hold(usd(0.5));
    let Funds::Grant(more) = purse.grow(&budget, usd(0.4), usd(0.001)) else { panic!("there is money") };
    assert!(more >= usd(0.001) && more <= usd(0.4));
    purse.held = usd(0.9995);
    assert_eq!(purse.grow(&budget, usd(0.4), usd(0.001)), Funds::TooLittle(usd(0.0005)));
    purse.calls = 2;
    assert_eq!(purse.grow(&budget, usd(0.4), usd(0.001)), Funds::Wait);
}

proptest! {
    #[test]
    fn nothing_is_ever_spent_beyond_the_limit_and_every_hold_is_released(
        limit in 1i64..1_000_000,
        calls in prop::collection::vec((0i64..1_000, 0i64..100_000, any::<bool>(), any::<bool>(), 0u8..=100), 1..300),
    ) {
        let budget = Budget { limit: Usd::from_nanos(limit), span: None, lenient: false };
        let mut purse = purse();
        let mut running: Vec<(Usd, Usd)> = Vec::new();
        for (input, answer, bounded, last, part) in calls {
            let input = Usd::from_nanos(input);
            let worst = input + Usd::from_nanos(answer);
            let obeys = if bounded { Obeys::Yes } else { Obeys::Unknown };
            let need = Need { input, small: input, likely: None, worst: bounded.then_some(worst), obeys, grows: false };
            if let Funds::Grant(amount) = purse.offer(&budget, &need, Last { here: last, elsewhere: true }) {
                purse.hold(amount);
                prop_assert!(amount <= budget.limit);
                running.push((amount, worst.min(amount)));
            }
            if part < 60 && !running.is_empty() {
                let (held, cost) = running.swap_remove(usize::from(part) % running.len());
                purse.settle(held, cost);
            }
            prop_assert!(purse.spent() + purse.held <= budget.limit);
            prop_assert_eq!(purse.held, running.iter().map(|(held, _)| *held).sum());
        }
        for (held, cost) in running {
            purse.settle(held, cost);
        }
        prop_assert_eq!((purse.held, purse.calls), (Usd::ZERO, 0));
        prop_assert!(purse.spent() <= budget.limit);
    }
}

#[test]
fn a_call_that_shares_with_nobody_may_have_all_that_it_needs() {
    let budget = budget(1.0);
    for (need, granted) in [
        (known(0.1, 0.2, 0.7), Funds::Grant(usd(0.7))),
        (known(0.1, 0.2, 5.0), Funds::Grant(usd(1.0))),
        (unknown(0.1, 0.2), Funds::Grant(usd(1.0))),
        (known(1.1, 1.2, 5.0), Funds::TooLittle(usd(1.0))),
    ] {
        assert_eq!(purse().offer_all(&budget, &need, Last::default()), granted, "{need:?}");
    }
    let tried = Purse { own: usd(0.6), ..purse() };
    assert_eq!(tried.offer_all(&budget, &known(0.1, 0.2, 0.7), Last::default()), Funds::Grant(usd(0.4)));
}
