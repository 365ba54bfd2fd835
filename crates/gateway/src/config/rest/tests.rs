use std::time::Duration;

use types::FaultKind::*;

use crate::config::tests::{check, deployment, setup};

fn with(params: &str, info: &str, router: &str) -> String {
    format!(
        "model_list: [{{model_name: a, litellm_params: {{model: mock/a{params}}}, model_info: {{{info}}}}}]\n\
         router_settings: {{{router}}}\n"
    )
}

#[test]
fn allowed_fails_policies_speak_of_kinds_of_faults() {
    let policy = "allowed_fails: 1, allowed_fails_policy: {InternalServerErrorAllowedFails: 7, BadGatewayErrorAllowedFails: \
                  2, RateLimitErrorAllowedFails: 0}";
    let rest = setup(&with("", "", policy)).rules.rest.clone();
    let allowed = |kind| rest.fails_by_kind.get(&kind).copied();
    assert_eq!([Upstream, Connect, Cut, RateLimit].map(allowed), [7, 2, 7, 0].map(Some));
    assert_eq!((allowed(Timeout), rest.allowed_fails), (None, Some(1)));
}

#[test]
fn what_a_deployment_says_itself_holds_for_it() {
    let usual = "cooldown_time: 30, allowed_fails: 4, allowed_fails_policy: {TimeoutErrorAllowedFails: 9}";
    assert_eq!(deployment(&with("", "", usual)).rest, None);
    let own = |params: &str, info: &str| deployment(&with(params, info, usual)).rest.expect("rules of its own");
    for rest in [own(", cooldown_time: 2", ""), own("", "cooldown_time: 2")] {
        assert_eq!((rest.cooldown, rest.allowed_fails), (Duration::from_secs(2), Some(4)));
        assert_eq!(rest.fails_by_kind.get(&Timeout), Some(&9));
    }
    let rest = own("", "allowed_fails: 1");
    assert_eq!((rest.cooldown, rest.allowed_fails), (Duration::from_secs(30), Some(1)));
    assert!(rest.fails_by_kind.is_empty(), "its own count holds for all kinds");
    let rest = own("", "allowed_fails_policy: {NotFoundErrorAllowedFails: 5}");
    assert_eq!((rest.fails_by_kind.get(&NotFound), rest.allowed_fails), (Some(&5), Some(4)));
}

#[test]
fn a_callers_mistakes_are_not_counted_and_that_is_said() {
    check(
        &with("", "", "allowed_fails_policy: {BadRequestErrorAllowedFails: 5}"),
        &[
            "config.yaml:2:42: warning: router_settings.allowed_fails_policy.BadRequestErrorAllowedFails: has no effect here \
           (requests that are not understood): a caller's mistake harms no deployment; remove it when you like",
        ],
    );
}
