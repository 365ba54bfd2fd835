use std::time::Duration;

use types::FaultKind::*;

use crate::config::tests::{check, setup};

const MODELS: &str = "model_list: [{model_name: a, litellm_params: {model: mock/a}}, {model_name: b, litellm_params: {model: mock/b}}]\n";

fn with(rest: &str) -> String {
    format!("{MODELS}{rest}")
}

#[test]
fn the_routers_word_wins_over_the_librarys() {
    let rules = setup(&with(
        "router_settings: {num_retries: 1, retry_after: 2, allowed_fails: 4, cooldown_time: 30, max_fallbacks: 3, disable_cooldowns: true}
litellm_settings: {num_retries: 9, allowed_fails: 9, max_fallbacks: 9, drop_params: true}",
    ))
    .rules;
    assert_eq!((rules.retries, rules.max_fallbacks, rules.rest.allowed_fails), (1, 3, Some(4)));
    assert_eq!((rules.min_pause, rules.rest.cooldown), (Duration::from_secs(2), Duration::from_secs(30)));
    assert!(!rules.rest.cooldowns);
    let rules = setup(&with("litellm_settings: {num_retries: 9, allowed_fails: 8, cooldown_time: 7}")).rules;
    assert_eq!((rules.retries, rules.rest.allowed_fails, rules.rest.cooldown), (9, Some(8), Duration::from_secs(7)));
}

#[test]
fn retry_policies_speak_of_kinds_of_faults() {
    let rules = setup(&with(
        "router_settings:
  retry_policy: {DefaultRetries: 1, TimeoutErrorRetries: 4, BadRequestErrorRetries: 0, RateLimitErrorRetries: 2}
  model_group_retry_policy: {a: {InternalServerErrorRetries: 5}}",
    ))
    .rules;
    let retries = |kind| rules.retry_policy.get(&kind).copied();
    assert_eq!([retries(Timeout), retries(RateLimit), retries(Connect), retries(Overloaded)], [4, 2, 1, 1].map(Some));
    assert_eq!([retries(InvalidRequest), retries(Authentication)], [Some(0), None]);
    assert_eq!(rules.group_retry_policy["a"][&Upstream], 5);
}

#[test]
fn strategies_are_known_by_name() {
    let check = |strategy: &str, expected: &[&str]| {
        check(&with(&format!("router_settings: {{routing_strategy: {strategy}}}")), expected)
    };
    for strategy in ["simple-shuffle", "latency-based-routing"] {
        check(strategy, &[]);
    }
    check(
        "lar1",
        &["config.yaml:2:19: warning: router_settings.routing_strategy: lar1 is known, but not there yet: calls are \
         shared by weight"],
    );
    check(
        "least-bussy",
        &["config.yaml:2:19: error: router_settings.routing_strategy: no strategy is called \"least-bussy\"; \
         did you mean least-busy?"],
    );
}

#[test]
fn aliases_have_two_forms() {
    let setup = setup(&with("router_settings: {model_group_alias: {x: a, y: {model: b, hidden: true}}}"));
    assert_eq!(setup.find("x").unwrap().0.name, "a");
    assert_eq!(setup.find("y").unwrap().0.name, "b");
    assert_eq!(setup.hidden, ["y"]);
    check(
        &with("router_settings: {model_group_alias: {x: [a], y: {hiden: true}}}"),
        &[
            "config.yaml:2:39: error: router_settings.model_group_alias.x: expected the name of a group, found a list; \
         write e.g. x: my-group",
            "config.yaml:2:47: error: router_settings.model_group_alias.y.model: is missing; write e.g. model: my-group",
            "config.yaml:2:51: warning: router_settings.model_group_alias.y.hiden: unknown key: it has no effect; \
         did you mean hidden?",
        ],
    );
}

#[test]
fn signs_of_life_come_as_often_as_the_shorter_wish() {
    let heartbeat = |rest: &str| setup(&with(rest)).heartbeat.as_secs();
    assert_eq!(heartbeat(""), 15);
    assert_eq!(heartbeat("litellm_settings: {sse_keepalive_ping_interval_seconds: 20}"), 20);
    assert_eq!(
        heartbeat(
            "litellm_settings: {sse_keepalive_ping_interval_seconds: 20, anthropic_sse_ping_interval_seconds: 5}"
        ),
        5
    );
}
