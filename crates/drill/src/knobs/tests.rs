//! Knob syntax, refusals and documentation.

use super::*;

fn check(text: &str) -> Result<Knobs, String> {
    let mut knobs = Knobs::default();
    knobs.apply(text).map(|()| knobs)
}

#[test]
fn knobs_are_read_from_pairs() {
    let knobs = check("status=429, retry_after=2 ,fault=stall,crlf,message=too%20much%2C really").unwrap();
    assert_eq!(knobs.status, Some(429));
    assert_eq!(knobs.retry_after, Some(2.0));
    assert_eq!(knobs.fault, Some(Fault::Stall));
    assert!(knobs.on(knobs.crlf));
    assert_eq!(knobs.message.as_deref(), Some("too much, really"));
}

#[test]
fn wrong_knobs_are_refused_by_name() {
    for (text, wrong) in [
        ("colour=red", "unknown knob `colour`"),
        ("status=99", "knob `status`: expected a status from 200 to 599, got `99`"),
        ("status=soon", "got `soon`"),
        ("crlf=maybe", "expected 0 or 1"),
        ("chunks=-1", "expected a whole number"),
        ("chunks=99999999999", "up to 67108864"),
        ("retry_after=inf", "expected seconds"),
        ("fault=shrug", "expected one of reset|close|"),
        ("error=shrug", "expected one of bad_request|"),
    ] {
        let got = check(text).unwrap_err();
        assert!(got.contains(wrong), "{text}: {got}");
    }
}

#[test]
fn later_knobs_win_and_healing_removes_only_what_fails() {
    let mut knobs = check("status=500,chunks=3,delay_ms=5").unwrap();
    knobs.apply("status=429").unwrap();
    assert_eq!(knobs.status, Some(429));
    knobs.heal();
    assert_eq!((knobs.status, knobs.chunks, knobs.delay_ms), (None, Some(3), Some(5)));
}

#[test]
fn knobs_sit_behind_the_first_at_sign_of_a_model() {
    assert_eq!(in_model("demo"), None);
    assert_eq!(in_model("demo:8b@text=a@b"), Some("text=a@b"));
}

#[test]
fn percent_escapes_are_undone_where_they_are_valid() {
    for (text, plain) in [("a%20b", "a b"), ("100%", "100%"), ("%zz", "%zz"), ("%e2%82%ac", "€"), ("%ff", "%ff")] {
        assert_eq!(percent_decode(text), plain);
    }
}

#[test]
fn every_knob_is_documented() {
    for knob in knobs() {
        assert!(!knob.kind.is_empty() && knob.doc.len() > 10, "{knob:?}");
        assert!(!knob.doc.contains('\n') && !knob.doc.ends_with('.'), "{knob:?}");
    }
}
