use super::*;

/// What follows from audits: `f` a false hit, `.` a true one.
fn after(audits: &str, most: f64) -> Strictness {
    audits.chars().fold(Strictness::default(), |strictness, audit| strictness.after(audit == 'f', most))
}

fn steps(audits: &str, most: f64) -> u8 {
    after(audits, most).steps()
}

#[test]
fn a_threshold_is_never_below_what_is_configured_and_never_above_one() {
    for configured in [0.0, 0.5, 0.8, 0.95, 1.0] {
        let mut strictness = Strictness::default();
        let mut before = strictness.threshold(configured);
        assert_eq!(before, configured);
        for _ in 0..40 {
            strictness = strictness.after(true, 0.02);
            let now = strictness.threshold(configured);
            assert!(now >= before && now >= configured && now <= 1.0, "{now} {before}");
            before = now;
        }
        assert!(configured == 1.0 || before > 1.0 - (1.0 - configured) * 0.011, "{before}");
    }
    assert!((after("f", 0.02).threshold(0.8) - 0.85).abs() < 1e-6, "a quarter of the way");
}

#[test]
fn false_hits_make_it_stricter_once_they_are_likely_too_many() {
    let fine = |count: usize| ".".repeat(count);
    for (audits, most, expected) in [
        (String::new(), 0.02, 0),
        (fine(1_000), 0.02, 0),
        // The first audits decide at once: nothing speaks for the threshold yet.
        ("f".to_owned(), 0.02, 1),
        (".f".to_owned(), 0.02, 1),
        ("ff".to_owned(), 0.02, 2),
        // One in fifty may be chance; two in twenty are not.
        (fine(49) + "f", 0.02, 0),
        (fine(18) + "ff", 0.02, 1),
        // Where half of them may be false, a quarter changes nothing.
        ("...f".repeat(20), 0.5, 0),
        ("f".repeat(8), 0.5, 4),
        // Where none may be, each one counts.
        (fine(150) + "f", 0.0, 1),
    ] {
        assert_eq!(steps(&audits, most), expected, "{audits} {most}");
    }
}

#[test]
fn it_goes_back_slowly_and_no_further_than_what_is_configured() {
    let needed = |strictness: Strictness, most: f64| {
        let mut audited = strictness;
        (1..=20_000).find(|_| {
            audited = audited.after(false, most);
            audited.steps() < strictness.steps()
        })
    };
    assert_eq!(needed(after("f", 0.02), 0.02), Some(81));
    assert_eq!(needed(after("f", 0.005), 0.005), Some(327), "what is asked more of takes longer");
    assert_eq!(needed(after("f", 0.0), 0.0), None, "nobody is ever sure of that");
    assert_eq!(steps(&("ff".to_owned() + &".".repeat(162)), 0.02), 0);
    assert_eq!(steps(&("ff".to_owned() + &".".repeat(10_000)), 0.02), 0);
    assert_eq!(after(&("f".to_owned() + &".".repeat(81)), 0.02).threshold(0.9), 0.9);
}

#[test]
fn what_is_long_ago_does_not_outweigh_what_is_now() {
    let long = ".".repeat(100_000);
    let bad = (1..100).find(|bad| steps(&(long.clone() + &"f".repeat(*bad)), 0.02) > 0);
    assert!(bad.is_some_and(|bad| bad <= 8), "{bad:?}");
}

#[test]
fn a_rate_lies_between_its_bounds() {
    for all in [1, 2, 10, 100, 10_000] {
        for some in [0, 1, all / 2, all] {
            let (least, most) = bounds(some, all);
            let rate = f64::from(some) / f64::from(all);
            assert!((0.0..=1.0).contains(&least) && least <= rate + 1e-9 && rate <= most + 1e-9, "{some} of {all}");
        }
    }
    assert!(bounds(0, 0).1 > 0.5, "of nothing nothing is known");
}
