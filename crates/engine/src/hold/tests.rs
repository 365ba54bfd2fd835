use jiff::tz::TimeZone;
use policy::Span;

use super::*;
use crate::meters::Meters;

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

/// What `subject` holds of budgets of 1,000 nanodollars: one for ever and one for a day.
fn hold(meters: &Meters, subject: &str, amount: Usd) -> Hold {
    let meter = meters.of(subject);
    let place = |span: Option<Span>| {
        let window = meters.window(span, 0);
        meter.lock().purse(meters, subject, span, window).hold(amount);
        let budget = Budget { limit: usd(1_000), span, lenient: false };
        Place { meter: meter.clone(), budget, owner: Owner::Gateway, start: window.start }
    };
    Hold { places: [None, Span::parse("1d")].map(place).into(), amount }
}

#[test]
fn money_of_somebody_with_several_budgets_grows_in_all_of_them() {
    let meters = Meters::new(TimeZone::UTC);
    let mut hold = hold(&meters, "key:one", usd(100));
    assert_eq!(hold.grow(usd(500), usd(50), 0), Ok(()));
    assert!(hold.amount() >= usd(150));
    assert_eq!(meters.held(), hold.amount().times(2));
    hold.settle(usd(120));
    assert_eq!((meters.held(), meters.spent("key:one", None, 0)), (Usd::ZERO, usd(120)));
}
