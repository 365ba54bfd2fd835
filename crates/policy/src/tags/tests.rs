use super::*;

/// Deployments by their tags, separated by spaces; the call's tags too. Expected are places.
fn check(rules: &TagRules, deployments: &[&str], call: &str, expected: &[usize]) {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let deployments: Vec<Vec<String>> = deployments.iter().map(|text| words(text)).collect();
    let tags: Vec<&str> = call.split_whitespace().collect();
    let found = rules.fitting(&tags, deployments.iter().map(Vec::as_slice));
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
