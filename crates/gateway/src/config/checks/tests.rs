use crate::config::tests::{check, load_text};

const MODELS: &str = "model_list:
- {model_name: small, litellm_params: {model: openai/gpt-4o-mini}}
- {model_name: large, litellm_params: {model: openai/gpt-4o}}
- {model_name: local, litellm_params: {model: ollama/llama3}}
";

fn check_router(settings: &str, expected: &[&str]) {
    check(&format!("{MODELS}router_settings:\n  {settings}"), expected);
}

#[test]
fn fallbacks_that_lead_nowhere_are_dead() {
    check_router(
        "fallbacks: [{lage: [small]}, {large: [smal, large, local]}]",
        &[
            "config.yaml:6:16: warning: router_settings.fallbacks[0].lage: no group is called \"lage\": this fallback never \
         happens; did you mean large?",
            "config.yaml:6:41: warning: router_settings.fallbacks[1].large: no group is called \"smal\": this fallback is \
         dead; did you mean small?",
            "config.yaml:6:47: warning: router_settings.fallbacks[1].large: large stands in for itself; remove it",
        ],
    );
    check_router(
        "default_fallbacks: [nobody]",
        &[
            "config.yaml:6:23: warning: router_settings.default_fallbacks: no group is called \"nobody\": this fallback is \
         dead; add it to model_list",
        ],
    );
}

#[test]
fn loops_of_fallbacks_are_shown() {
    check_router(
        "fallbacks: [{large: [local]}, {local: [small]}, {small: [large]}]",
        &[
            "config.yaml:6:16: warning: router_settings.fallbacks[0].large: a loop: large -> local -> small -> large; \
         each group is tried once per call; break the loop to fail faster",
            "config.yaml:6:60: warning: router_settings.fallbacks[2].small: large costs 16 times as much as small (list \
         price); an outage of one is a bill of the other: is that meant?",
        ],
    );
    check_router("fallbacks: [{large: [small, local]}, {small: [local]}]", &[]);
}

#[test]
fn a_stand_in_that_is_much_dearer_is_mentioned() {
    check_router(
        "context_window_fallbacks: [{small: [large]}]",
        &[
            "config.yaml:6:39: warning: router_settings.context_window_fallbacks[0].small: large costs 16 times as much as \
         small (list price); an outage of one is a bill of the other: is that meant?",
        ],
    );
    check_router("fallbacks: [{large: [small]}, {local: [large]}]", &[]);
}

#[test]
fn aliases_that_hide_or_miss_a_group_are_named() {
    check_router(
        "model_group_alias: {small: large, x: lage, y: x, z: small}",
        &[
            "config.yaml:6:23: warning: router_settings.model_group_alias.small: hides the group of the same name: calls of \
         small go to large; give one of them another name",
            "config.yaml:6:37: warning: router_settings.model_group_alias.x: no group is called \"lage\": calls of x find \
         nothing; did you mean large?",
            "config.yaml:6:46: warning: router_settings.model_group_alias.y: x is an alias itself, which is not followed; \
         name the group",
            "config.yaml:6:52: warning: router_settings.model_group_alias.z: small is an alias itself, which is not followed; \
         name the group",
        ],
    );
}

#[test]
fn a_deployment_that_adds_nothing_is_named() {
    let twin = "- {model_name: small, litellm_params: {model: openai/gpt-4o-mini, weight: 3}}\n";
    check(
        &format!("{MODELS}{twin}"),
        &["config.yaml:5:40: warning: model_list[3]: the same as model_list[0]: it adds neither capacity nor safety; \
         remove one, or give it another key or server"],
    );
    check(&format!("{MODELS}{}", twin.replace("weight: 3", "api_key: other")), &[]);
}

fn check_model(params: &str, expected: &[&str]) {
    check(&format!("model_list:\n- model_name: a\n  litellm_params: {{api_key: k, {params}}}"), expected);
}

#[test]
fn a_model_without_a_price_is_named_unless_nobody_is_paid() {
    check_model(
        "model: openai/gpt-4o-mimi",
        &["config.yaml:3:32: warning: model_list[0].litellm_params.model: openai/gpt-4o-mimi is not in the catalogue \
         (misspelt, brand-new, or gone): its price and limits are not known; did you mean gpt-4o-mini? otherwise state \
         input_cost_per_token and output_cost_per_token in model_info"],
    );
    check_model(
        "model: groq/something-entirely-else",
        &["config.yaml:3:32: warning: model_list[0].litellm_params.model: groq/something-entirely-else is not in the \
         catalogue (misspelt, brand-new, or gone): its price and limits are not known; state input_cost_per_token and \
         output_cost_per_token in model_info"],
    );
    check_model("model: openai/own, input_cost_per_token: 0, output_cost_per_token: 0", &[]);
    check_model("model: openai/own, mock_response: hi", &[]);
    check_model("model: ollama/own", &[]);
    for host in [
        "localhost",
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.5",
        "[::1]",
        "gpu",
        "gpu.lan",
        "vllm.svc.local",
        "host.docker.internal",
    ] {
        check_model(&format!("model: openai/own, api_base: 'http://{host}:8000/v1'"), &[]);
    }
    check_model(
        "model: openai/own, api_base: 'https://llm.example/v1'",
        &[
            "config.yaml:3:32: warning: model_list[0].litellm_params.model: openai/own is not in the catalogue (misspelt, \
         brand-new, or gone): its price and limits are not known; state input_cost_per_token and output_cost_per_token in \
         model_info",
        ],
    );
}

#[test]
fn what_counts_as_free_or_has_no_price_is_said_to_those_who_ask() {
    let check_notes = |params: &str, info: &str, expected: &str| {
        let text = format!(
            "model_list:\n- model_name: a\n  litellm_params: {{api_key: k, {params}}}\n  model_info: {{{info}}}"
        );
        let report = load_text(&text).report;
        assert_eq!((report.to_string().as_str(), format!("{report:#}").trim()), ("", expected), "{params} {info}");
    };
    check_notes(
        "model: ollama/qwen3",
        "",
        "config.yaml:3:32: note: model_list[0].litellm_params.model: calls of ollama/qwen3 are counted as $0; declare \
         model_info.hardware, or prices",
    );
    check_notes("model: ollama/qwen3", "input_cost_per_second: 0.0001", "");
    check_notes("model: ollama/qwen3", "input_cost_per_token: 0, output_cost_per_token: 0", "");
    check_notes(
        "model: openai/own, api_base: 'http://gpu:8000/v1'",
        "",
        "config.yaml:3:32: note: model_list[0].litellm_params.model: the price of openai/own is not known: keys with a budget \
         cannot call it; declare model_info.hardware, or prices, which may be 0",
    );
    let machine = "purchase_price: 2400, lifetime_years: 4, utilization: 0.25, watts: 450, tariff_per_kwh: 0.3";
    check_notes("model: openai/own, api_base: 'http://gpu:8000/v1'", &format!("hardware: {{{machine}}}"), "");
}

#[test]
fn half_a_price_is_mentioned() {
    check_model(
        "model: openai/own, input_cost_per_token: 0.000001",
        &[
            "config.yaml:3:32: warning: model_list[0].litellm_params.model: output_cost_per_token of openai/own is not known: \
           calls that need it have no price; state output_cost_per_token in model_info, or mode: embedding if it writes \
           nothing",
        ],
    );
    check(
        "model_list: [{model_name: a, litellm_params: {model: openai/own, api_key: k, input_cost_per_token: 0.000001}, \
         model_info: {mode: embedding}}]",
        &[],
    );
    check(
        "model_list: [{model_name: a, litellm_params: {model: ollama/own, input_cost_per_second: 0.1}, model_info: \
         {hardware: {purchase_price: 1, lifetime_years: 1, utilization: 1, watts: 1, tariff_per_kwh: 1}}}]",
        &[
            "config.yaml:1:108: warning: model_list[0].model_info.hardware: has no effect beside prices that are stated; remove \
           one of them",
        ],
    );
}

#[test]
fn models_that_end_are_announced() {
    check_model(
        "model: openai/gpt-4o-2024-05-13",
        &[
            "config.yaml:3:32: warning: model_list[0].litellm_params.model: openai/gpt-4o-2024-05-13 was switched off on \
         2026-10-23; choose its successor",
        ],
    );
    check_model(
        "model: openai/gpt-4o-mini-tts",
        &[
            "config.yaml:3:32: warning: model_list[0].litellm_params.model: openai/gpt-4o-mini-tts will be switched off on \
         2027-01-06, in 47 days; choose its successor",
        ],
    );
    check_model("model: openai/gpt-4o-transcribe", &[]);
}

#[test]
fn a_configuration_without_models_is_mentioned() {
    check(
        "model_list: []",
        &[
            "config.yaml:1:1: warning: model_list: no model can be called; add an entry with a model_name and litellm_params",
        ],
    );
}
