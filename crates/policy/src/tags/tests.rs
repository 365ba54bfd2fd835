use super::*;

/// Deployments by their tags, separated by spaces, with a `~` if a pattern fits the client; the call's tags too. Expected
/// are places.
fn check(rules: &TagRules, deployments: &[&str], call: &str, expected: &[usize]) {
    let words = |text: &str| text.split_whitespace().filter(|word| *word != "~").map(str::to_owned).collect();
    let deployments: Vec<(Vec<String>, bool)> =
        deployments.iter().map(|text| (words(text), text.contains('~'))).collect();
    let tags: Vec<&str> = call.split_whitespace().collect();
    let found = rules.fitting(&tags, deployments.iter().map(|(tags, is_meant)| Tagged { tags, is_meant: *is_meant }));
    assert_eq!(found, expected, "{call:?} among {deployments:?}");
}

fn any() -> TagRules {
    TagRules { enabled: true, ..TagRules::default() }
}

#[test]
fn a_tag_leads_to_the_deployments_that_have_it() {
    let group = ["free", "paid", "paid eu", ""];
    check(&any(), &group, "free", &[0]);
    check(&any(), &group, "paid", &[1, 2]);
    check(&any(), &group, "free eu", &[0, 2]);
    check(&any(), &group, "paid some-bill", &[1, 2]);
    let all = TagRules { match_any: false, ..any() };
    check(&all, &group, "paid eu", &[2]);
    check(&all, &group, "free eu", &[]);
    check(&all, &group, "paid some-bill", &[]);
}

#[test]
fn who_asks_for_nothing_gets_the_defaults_or_else_all() {
    check(&any(), &["default", "paid", "default eu"], "", &[0, 2]);
    check(&any(), &["free", "paid", ""], "", &[0, 1, 2]);
    check(&any(), &[], "", &[]);
}

#[test]
fn a_tag_that_is_nobodys_leads_to_the_defaults_and_without_them_to_nobody() {
    check(&any(), &["default", "paid"], "some-bill", &[0]);
    check(&any(), &["free", "paid", ""], "some-bill", &[]);
    // A tag that is somebody's never leads elsewhere.
    check(&any(), &["default", "paid"], "paid !paid", &[]);
}

#[test]
fn tags_are_required_and_excluded() {
    let group = ["paid", "paid eu", "default eu", "default"];
    check(&any(), &group, "&eu", &[1, 2]);
    check(&any(), &group, "&eu paid", &[1]);
    check(&any(), &group, "&eu &paid", &[1]);
    check(&any(), &group, "!eu", &[3]);
    check(&any(), &group, "paid !eu", &[0]);
    check(&any(), &group, "&us", &[]);
    check(&any(), &group, "&eu some-bill", &[2]);
    check(&any(), &["paid", "eu"], "!eu", &[0]);
    check(&any(), &["paid"], "& !", &[0]);
}

#[test]
fn a_prefix_says_that_a_tag_is_meant_for_routing() {
    let rules = TagRules { prefix: "route:".to_owned(), ..any() };
    let group = ["default", "paid", "paid eu"];
    check(&rules, &group, "route:paid", &[1, 2]);
    check(&rules, &group, "route:paid route:!eu", &[1]);
    check(&rules, &group, "route:&eu", &[2]);
    check(&rules, &group, "paid", &[1, 2]);
    check(&rules, &group, "some-bill", &[0]);
    check(&rules, &group, "route:some-bill", &[]);
    check(&rules, &group, "route:", &[0]);
}

#[test]
fn a_pattern_stands_for_a_tag_of_the_clients_that_it_fits() {
    let group = ["free", "paid ~", "default"];
    check(&any(), &group, "", &[1]);
    check(&any(), &group, "free", &[0, 1]);
    check(&any(), &group, "!paid", &[2]);
    check(&any(), &group, "some-bill", &[1]);
    check(&any(), &["free", "paid", "default"], "", &[2]);
    let all = TagRules { match_any: false, ..any() };
    check(&all, &group, "free", &[0]);
    check(&all, &["free", "~", "paid ~"], "free", &[0, 1]);
}

#[test]
fn patterns_are_found_anywhere_and_what_is_none_is_told() {
    let mut patterns = Patterns::default();
    assert!(patterns.is_empty() && !patterns.fit("User-Agent: anything"));
    patterns.add("^User-Agent: claude-code/").unwrap();
    patterns.add("(?i)curl").unwrap();
    assert!(patterns.fit("User-Agent: claude-code/2.1") && patterns.fit("User-Agent: libCURL"));
    assert!(!patterns.fit("User-Agent: my claude-code/2.1"));
    for wrong in ["(", "a(?=b)", "(\\w{1000}){1000}"] {
        assert!(patterns.add(wrong).is_err(), "{wrong}");
    }
}
