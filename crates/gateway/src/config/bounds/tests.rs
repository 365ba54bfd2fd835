use policy::limits::Limits;
use policy::{Budget, Span};
use types::Usd;

use crate::config::tests::{deployment, load_text};

const GOOD: &str = "model_list:\n- model_name: m\n  litellm_params: {model: openai/m, api_key: k}\n";

fn dollars(dollars: i64, span: Option<&str>) -> Budget {
    Budget { limit: Usd::from_nanos(dollars * 1_000_000_000), span: span.and_then(Span::parse), lenient: false }
}

#[test]
fn a_deployment_is_bounded_by_its_own_parameters_and_by_what_is_said_of_all() {
    let text = "model_list:\n- model_name: m\n  litellm_params: {model: openai/m, api_key: k, rpm: 5, tpm: 100, tpd: 900, \
                rpd: 50, itpm: 60, otpm: 40, max_budget: 3, budget_duration: 1d, default_api_key_rpm_limit: 2}\nrouter_settings: \
                {default_max_parallel_requests: 7, optional_pre_call_checks: [enforce_model_rate_limits], \
                provider_budget_config: {openai: {budget_limit: 9, time_period: 30d}}}\n";
    let bounds = deployment(text).bounds;
    let expected = Limits {
        rpm: Some(5),
        rpd: Some(50),
        tpm: Some(100),
        tpd: Some(900),
        itpm: Some(60),
        otpm: Some(40),
        parallel: Some(7),
    };
    assert_eq!(bounds.limits, expected);
    assert_eq!(bounds.key_limits, Limits { rpm: Some(2), ..Limits::default() });
    assert_eq!(bounds.budgets, [dollars(3, Some("1d"))]);
    assert_eq!(bounds.provider_budgets, [dollars(9, Some("30d"))]);
    assert!(bounds.is_strict);
}

#[test]
fn requests_and_tokens_are_shares_unless_somebody_makes_them_limits() {
    assert!(!deployment(GOOD).bounds.is_strict);
    let usage = format!("{GOOD}router_settings: {{routing_strategy: usage-based-routing-v2}}\n");
    assert!(deployment(&usage).bounds.is_strict);
}

#[test]
fn budgets_that_make_no_sense_are_reported() {
    for (entry, told) in [
        ("openai: {time_period: 1d}", "the budget has no limit"),
        ("openai: {budget_limit: 1, time_period: often}", "often is not the length of a window"),
        ("opanai: {budget_limit: 1}", "no provider is called \"opanai\""),
    ] {
        let text = format!("{GOOD}router_settings: {{provider_budget_config: {{{entry}}}}}\n");
        let report = load_text(&text).report.to_string();
        assert!(report.contains(told), "{report}");
    }
}
