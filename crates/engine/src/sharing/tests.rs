use jiff::tz::TimeZone;
use policy::Budget;

use super::*;
use crate::meters::{Meters, Spend};

const LIMIT: i64 = 1_000;

/// A replica with a budget, and the first ask about it.
fn replica() -> (Arc<Sharing>, Meters, Arc<Meter>) {
    let sharing = Arc::new(Sharing::default());
    let meters = Meters::shared(TimeZone::UTC, sharing.clone());
    let meter = meters.of("key:k");
    let budget = Budget { limit: Usd::from_nanos(LIMIT), span: None, lenient: false };
    let mut state = meter.lock();
    state.purse(&meters, "key:k", None, meters.window(None, 0));
    state.share_budget(&meter, &budget, i64::MIN);
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

#[test]
fn what_the_store_learns_is_not_ours_any_more_whenever_it_learns_it() {
    let (sharing, meters, meter) = replica();
    let asks = sharing.asks(false, 10, 0);
    sharing.settle(&asks, &[Settled { share: 100, ..Settled::default() }], 0);
    spend(&meter, 60);
    // The store learns of it after the ask was sent, and before the answer is here.
    let asks = sharing.asks(false, 10, 0);
    assert_eq!((asks[0].claim.have, asks[0].claim.used, asks[0].spent), (100, 60, Some((0, 0))));
    learn(&meters, 60, 7);
    assert_eq!(share(&meter), 40);
    sharing.settle(&asks, &[Settled { share: 150, ..Settled::default() }], 0);
    assert_eq!(share(&meter), 90);
    let asks = sharing.asks(false, 10, 0);
    assert_eq!((asks[0].claim.have, asks[0].claim.used, asks[0].spent), (90, 0, Some((60, 7))));
}

#[test]
fn what_is_not_wanted_is_given_up_before_anybody_is_told() {
    let (sharing, _meters, meter) = replica();
    let asks = sharing.asks(false, 10, 0);
    sharing.settle(&asks, &[Settled { share: 900, contested: true, ..Settled::default() }], 0);
    spend(&meter, 10);
    let asks = sharing.asks(false, 10, 1);
    assert_eq!((asks[0].claim.want, share(&meter)), (10, 10), "others had too little");
}

#[test]
fn a_call_waits_for_more_only_where_somebody_may_have_it() {
    let (sharing, _meters, meter) = replica();
    let what = What::Money(None, i64::MIN);
    let more = |now| meter.lock().want_more(&meter, what, 50, now);
    assert!(more(0));
    let asks = sharing.asks(true, 10, 0);
    assert_eq!((asks.len(), asks[0].is_hungry), (1, true));
    sharing.settle(&asks, &[Settled::default()], 0);
    assert!(!more(1), "nobody has anything to spare");
    assert!(more(EXHAUSTED_MS + 1), "that may have changed");
    sharing.lose_touch();
    assert!(!more(EXHAUSTED_MS + 1), "nobody can be asked");
}
