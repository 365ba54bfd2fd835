use super::*;

#[test]
fn amounts_are_shown_in_full() {
    let shown = |nanos: i64| Usd::from_nanos(nanos).to_string();
    assert_eq!(shown(0), "0");
    assert_eq!(shown(1), "0.000000001");
    assert_eq!(shown(10_000_000), "0.01");
    assert_eq!(shown(-1_500_000_000), "-1.5");
    assert_eq!(shown(25_000_000_000), "25");
    assert_eq!(shown(i64::MIN), "-9223372036.854775808");
}

#[test]
fn dollars_of_json_become_whole_nanodollars() {
    let nanos = |dollars: f64| Usd::from_dollars(dollars).map(Usd::nanos);
    assert_eq!(nanos(0.1), Some(100_000_000));
    assert_eq!(nanos(0.001), Some(1_000_000));
    assert_eq!(nanos(1e-9), Some(1));
    assert_eq!(nanos(29.99), Some(29_990_000_000));
    assert_eq!(nanos(-0.5), Some(-500_000_000));
    assert_eq!(nanos(1e300), Some(i64::MAX));
    assert_eq!(nanos(f64::NAN), None);
    assert_eq!(nanos(f64::INFINITY), None);
}

#[test]
fn picodollars_are_rounded_to_the_nearest_nanodollar() {
    let nanos = |picos: u128| Usd::from_picos(picos).nanos();
    assert_eq!([0, 499, 500, 1499, 1500].map(nanos), [0, 0, 1, 1, 2]);
    assert_eq!(nanos(u128::from(u64::MAX) * 1_000_000), i64::MAX);
}

#[test]
fn arithmetic_never_turns_a_debt_into_a_credit() {
    assert_eq!(Usd::MAX + Usd::from_nanos(1), Usd::MAX);
    assert_eq!(Usd::MAX.times(3), Usd::MAX);
    assert_eq!((Usd::from_nanos(i64::MIN) - Usd::from_nanos(1)).nanos(), i64::MIN);
    assert_eq!(Usd::from_nanos(-5).or_zero(), Usd::ZERO);
    assert_eq!(Usd::from_nanos(10).part(3).nanos(), 3);
    assert_eq!(Usd::from_nanos(10).part(0).nanos(), 10);
}
