use super::*;

fn network(text: &str) -> Network {
    Network::parse(text).unwrap_or_else(|| panic!("{text} is a network"))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_network_is_an_address_or_a_range() {
    for (range, address, expected) in [
        ("203.0.113.7", "203.0.113.7", true),
        ("203.0.113.7", "203.0.113.8", false),
        ("203.0.113.7", "::ffff:203.0.113.7", true),
        ("::ffff:203.0.113.7", "203.0.113.7", true),
        ("::ffff:203.0.113.0/120", "203.0.113.9", true),
        ("::ffff:203.0.113.0/120", "203.0.114.9", false),
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.9.9.9/8", "10.1.1.1", true),
        ("0.0.0.0/0", "203.0.113.7", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("::/0", "2001:db8::1", true),
        ("2001:db8::1", "2001:db8::1", true),
    ] {
        assert_eq!(network(range).contains(ip(address)), expected, "{range} {address}");
    }
    for wrong in
        ["", "nonsense", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "10.0.0.1:80"]
    {
        assert_eq!(Network::parse(wrong), None, "{wrong}");
    }
    for text in ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32", "::1"] {
        assert_eq!(network(text).to_string(), text);
    }
}

#[test]
fn without_a_list_everybody_may_call() {
    let mut rules = AddressRules::default();
    assert!(rules.allow(ip("203.0.113.7")));
    rules.allowed = vec![network("203.0.113.0/24"), network("::1")];
    assert!(rules.allow(ip("203.0.113.7")) && rules.allow(ip("::1")) && rules.allow(ip("::ffff:203.0.113.9")));
    assert!(!rules.allow(ip("203.0.114.7")));
}

#[test]
fn a_proxy_is_believed_only_if_it_is_trusted() {
    let check = |rules: &AddressRules, peer: &str, lines: &[&str], expected: &str| {
        assert_eq!(rules.caller(ip(peer), lines.iter().copied()), ip(expected), "{peer} {lines:?}");
    };
    let deaf = AddressRules::default();
    check(&deaf, "10.0.0.1", &["203.0.113.7"], "10.0.0.1");
    check(&deaf, "::ffff:10.0.0.1", &[], "10.0.0.1");
    let near = AddressRules { forwarded: true, ..AddressRules::default() };
    check(&near, "10.0.0.1", &["203.0.113.7"], "203.0.113.7");
    check(&near, "127.0.0.1", &["203.0.113.7, 10.0.0.9"], "203.0.113.7");
    check(&near, "198.51.100.1", &["203.0.113.7"], "198.51.100.1");
    let named = AddressRules { proxies: vec![network("198.51.100.0/24")], ..near };
    check(&named, "198.51.100.1", &["203.0.113.7"], "203.0.113.7");
    check(&named, "10.0.0.1", &["203.0.113.7"], "10.0.0.1");
}

#[test]
fn what_a_caller_wrote_itself_does_not_count() {
    let rules = AddressRules { proxies: vec![network("198.51.100.0/24")], forwarded: true, ..Default::default() };
    for (lines, expected) in [
        (&["1.2.3.4, 203.0.113.7"][..], "203.0.113.7"),
        (&["1.2.3.4", "203.0.113.7"][..], "203.0.113.7"),
        (&["1.2.3.4, 203.0.113.7, 198.51.100.9"][..], "203.0.113.7"),
        (&["198.51.100.8, 198.51.100.9"][..], "198.51.100.8"),
        (&["203.0.113.7:4711"][..], "203.0.113.7"),
        (&["[2001:db8::7]:4711"][..], "2001:db8::7"),
        (&["2001:db8::7"][..], "2001:db8::7"),
        (&["203.0.113.7, unknown"][..], "198.51.100.1"),
        (&[""][..], "198.51.100.1"),
        (&["203.0.113.7, "][..], "198.51.100.1"),
        (&[][..], "198.51.100.1"),
    ] {
        assert_eq!(rules.caller(ip("198.51.100.1"), lines.iter().copied()), ip(expected), "{lines:?}");
    }
}
