use jiff::tz::TimeZone;
use policy::Budget;

use super::*;
use crate::meters::{Meters, Spend};

const LIMIT: i64 = 1_000;
/// When it all begins.
const NOW: u64 = 100_000;

/// A replica with a budget, and the first ask about it.
fn replica() -> (Arc<Sharing>, Meters, Arc<Meter>) {
    let sharing = Arc::new(Sharing::default());
    let meters = Meters::shared(TimeZone::UTC, sharing.clone());
    let meter = meters.of("key:k");
    let budget = Budget { limit: Usd::from_nanos(LIMIT), span: None, lenient: false };
    let mut state = meter.lock();
    state.purse(&meters, "key:k", None, meters.window(None, 0));
    state.share_budget(&meter, &budget, i64::MIN, NOW);
    drop(state);
    (sharing, meters, meter)
}

fn share(meter: &Arc<Meter>) -> i64 {
    let mut state = meter.lock();
    state.purse_of(None, i64::MIN).unwrap().share.unwrap().nanos()
}

fn spend(meter: &Arc<Meter>, nanos: i64) {
    meter.lock().purse_of(None, i64::MIN).unwrap().own += Usd::from_nanos(nanos);
}

fn learn(meters: &Meters, own: i64, tick: i64) {
    let (subject, period) = ("key:k".to_owned(), "total".to_owned());
    meters.learn([Spend { subject, period, others: Usd::ZERO, own: Usd::from_nanos(own) }], tick);
}

/// What is said, of this one pool, if anything.
fn said(asks: &[Ask]) -> Option<(u64, u64, Kind)> {
    assert!(asks.len() < 2);
    asks.first().map(|ask| (ask.claim.have, ask.claim.used, ask.claim.kind))
}

fn answer(share: u64) -> Answer {
    Answer { share, ..Answer::default() }
}

#[test]
fn what_the_store_learns_is_not_ours_any_more_whenever_it_learns_it() {
    let (sharing, meters, meter) = replica();
    let asks = sharing.asks(false, NOW);
    sharing.settle(&asks, &[answer(100)], NOW);
    spend(&meter, 60);
    // The store learns of it after the ask was sent, and before the answer is here.
    let asks = sharing.asks(false, NOW + 500);
    assert_eq!(said(&asks), Some((100, 60, Kind::Money { sum: 0, upto: 0 })));
    learn(&meters, 60, 7);
    assert_eq!(share(&meter), 40);
    sharing.settle(&asks, &[answer(150)], NOW + 500);
    assert_eq!(share(&meter), 90);
    let asks = sharing.asks(false, NOW + 501);
    assert_eq!(said(&asks), Some((90, 0, Kind::Money { sum: 60, upto: 7 })), "others want to know at once");
}

#[test]
fn what_is_not_wanted_is_given_up_before_anybody_is_told() {
    let (sharing, _meters, meter) = replica();
    let asks = sharing.asks(false, NOW);
    sharing.settle(&asks, &[answer(900)], NOW);
    spend(&meter, 10);
    assert_eq!(said(&sharing.asks(true, NOW + 2)), None);
    sharing.contest("key:k|usd", false, NOW + 20);
    let asks = sharing.asks(true, NOW + 20);
    assert_eq!((asks[0].claim.want, share(&meter)), (10, 10), "others have too little");
}

#[test]
fn a_call_waits_for_more_only_where_somebody_may_have_it() {
    let (sharing, _meters, meter) = replica();
    let what = What::Money(None, i64::MIN);
    let more = |now| meter.lock().want_more(&meter, what, 50, now);
    assert!(more(NOW));
    let asks = sharing.asks(true, NOW);
    assert_eq!((asks.len(), asks[0].claim.need), (1, 50));
    sharing.settle(&asks, &[Answer::default()], NOW);
    assert!(!more(NOW + 1), "nobody has anything to spare");
    assert!(more(NOW + EXHAUSTED_MS + 1), "that may have changed");
    meter.lock().give_up(what, NOW + 200);
    assert!(!more(NOW + 201), "somebody has waited in vain");
    sharing.set_away(true);
    assert!(!more(NOW + 200 + FUTILE_MS), "nobody can be asked");
}

#[test]
fn a_pool_is_forgotten_when_nobody_uses_it_and_the_others_know_that() {
    let (sharing, _meters, _meter) = replica();
    let asks = sharing.asks(false, NOW);
    sharing.settle(&asks, &[answer(500)], NOW);
    let later = NOW + BUSY_MS + 2_000;
    let asks = sharing.asks(false, later);
    assert_eq!(said(&asks), Some((0, 0, Kind::Money { sum: 0, upto: 0 })));
    assert_eq!(sharing.active().len(), 1, "the others may not have heard it");
    sharing.say_again();
    assert!(said(&sharing.asks(false, later)).is_some_and(|said| said.0 == 0));
    let asks = sharing.give_back(later);
    sharing.settle(&asks, &[answer(0)], later);
    assert!(sharing.asks(false, later).is_empty() && sharing.active().is_empty());
}

#[test]
fn a_sum_that_has_not_changed_is_as_new_as_all_others() {
    let (sharing, meters, _meter) = replica();
    meters.learn([], 9);
    assert_eq!(said(&sharing.asks(false, NOW)), Some((0, 0, Kind::Money { sum: 0, upto: 9 })));
}

#[test]
fn calls_that_begin_to_share_a_limit_never_wait_for_those_who_settle_shares_and_are_all_found() {
    const SUBJECTS: usize = 2_000;
    let sharing = Arc::new(Sharing::default());
    let meters = Meters::shared(TimeZone::UTC, sharing.clone());
    let limits = Limits { rpm: Some(10), ..Limits::default() };
    let known = meters.of("known");
    let found = std::thread::scope(|scope| {
        let settling = scope.spawn(|| {
            let mut found = std::collections::HashSet::new();
            while found.len() < SUBJECTS {
                let asks = sharing.asks(false, NOW);
                found.extend(asks.iter().map(|ask| ask.claim.pool.clone()).filter(|pool| pool.starts_with("new")));
                sharing.settle(&asks, &vec![answer(1); asks.len()], NOW);
            }
            found
        });
        for number in 0..SUBJECTS {
            // As a call that counts in two places does.
            let new = meters.of(&format!("new:{number}"));
            let (mut one, mut other) = (known.lock(), new.lock());
            one.share_limits(&known, &limits, NOW);
            other.share_limits(&new, &limits, NOW);
        }
        settling.join().unwrap()
    });
    assert_eq!(found.len(), SUBJECTS);
}
