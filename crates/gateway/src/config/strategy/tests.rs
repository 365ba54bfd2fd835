use std::time::Duration;

use policy::Strategy;

use crate::config::tests::{check, setup};

const MODELS: &str = "model_list:\n- {model_name: a, litellm_params: {model: openai/gpt-4o, order: 3}}\n\
                      - {model_name: b, litellm_params: {model: openai/gpt-4o-mini}}\n";

fn of(settings: &str) -> Strategy {
    setup(&format!("{MODELS}router_settings: {{{settings}}}\n")).rules.strategy
}

#[test]
fn the_incumbents_names_mean_what_they_mean_there() {
    let hour = Duration::from_secs(3600);
    for (name, expected) in [
        ("simple-shuffle", Strategy::SimpleShuffle),
        ("least-busy", Strategy::LeastBusy),
        ("latency-based-routing", Strategy::Latency { buffer: 0.0, ttl: hour }),
        ("usage-based-routing", Strategy::Usage),
        ("usage-based-routing-v2", Strategy::Usage),
        ("cost-based-routing", Strategy::Cost),
        ("provider-budget-routing", Strategy::SimpleShuffle),
    ] {
        assert_eq!(of(&format!("routing_strategy: {name}")), expected, "{name}");
    }
    let args = "routing_strategy: latency-based-routing, routing_strategy_args: {ttl: 60, lowest_latency_buffer: 0.5}";
    assert_eq!(of(args), Strategy::Latency { buffer: 0.5, ttl: Duration::from_secs(60) });
    assert_eq!(of("num_retries: 1"), Strategy::SimpleShuffle);
}

#[test]
fn several_groups_can_be_called_by_one_name() {
    let groups = "[{group_name: any, models: [a, b], routing_strategy: least-busy}, \
                  {group_name: ranked, models: [a, b], routing_strategy: priority, model_priorities: {b: 1, a: 2}}]";
    let setup = setup(&format!("{MODELS}router_settings: {{routing_groups: {groups}}}\n"));
    let orders = |name: &str| setup.groups[name].deployments.iter().map(|one| one.member.order).collect::<Vec<_>>();
    assert_eq!((orders("any"), setup.groups["any"].strategy), (vec![3, i64::MAX], Some(Strategy::LeastBusy)));
    assert_eq!(orders("ranked"), [2, 1]);
    assert_eq!(setup.groups["a"].strategy, None);
}

#[test]
fn groups_of_groups_that_make_no_sense_are_reported() {
    let with = |groups: &str| format!("router_settings: {{routing_groups: [{groups}]}}\n{MODELS}");
    check(
        &with("{group_name: a, models: [b]}"),
        &[
            "config.yaml:1:36: error: router_settings.routing_groups[0]: a group is called \"a\" already; give it a name \
           of its own",
        ],
    );
    check(
        &with("{group_name: x, models: [aa, b]}"),
        &["config.yaml:1:61: error: router_settings.routing_groups[0].models: no group is called \"aa\"; name \
           groups of model_list"],
    );
}
