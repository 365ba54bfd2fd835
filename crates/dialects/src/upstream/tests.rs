use super::*;

#[test]
fn a_status_alone_tells_kind_and_side() {
    use FaultKind::*;
    for (status, kind, side) in [
        (400, InvalidRequest, Side::Caller),
        (401, Authentication, Side::Provider),
        (402, Payment, Side::Provider),
        (403, Permission, Side::Provider),
        (404, NotFound, Side::Provider),
        (408, Timeout, Side::Provider),
        (409, Upstream, Side::Provider),
        (413, TooLarge, Side::Caller),
        (422, InvalidRequest, Side::Caller),
        (429, RateLimit, Side::Provider),
        (500, Upstream, Side::Provider),
        (502, Upstream, Side::Provider),
        (503, Overloaded, Side::Provider),
        (504, Timeout, Side::Provider),
        (529, Overloaded, Side::Provider),
    ] {
        let fault = fault_of_status(status, "");
        assert_eq!((fault.kind, fault.side), (kind, side), "{status}");
        assert_eq!(fault.upstream_status, Some(status));
        assert_eq!(fault.message, format!("the provider answered with status {status}"));
    }
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let fault = fault_of_status(500, &"é".repeat(5_000));
    assert_eq!(fault.message.len(), MAX_MESSAGE_BYTES);
}

#[test]
fn absurd_counts_are_unknown_counts() {
    for (text, expected) in [
        ("12", Some(12)),
        ("0", Some(0)),
        ("-1", None),
        ("18446744073709551615", None),
        ("1e300", None),
        ("\"12\"", None),
        ("null", None),
    ] {
        let doc = Doc::parse(text.as_bytes()).unwrap();
        assert_eq!(count(Some(doc.root())), expected, "{text}");
    }
    assert_eq!(count(None), None);
}

#[test]
fn broken_json_is_the_providers_fault() {
    let fault = parse(b"<html>").err().unwrap();
    assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider));
}
