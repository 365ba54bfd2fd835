use types::ModelFacts;

use crate::config::tests::deployment;

fn facts(model: &str, params: &str, info: &str) -> ModelFacts {
    deployment(&format!(
        "model_list: [{{model_name: a, litellm_params: {{model: {model}, api_key: k, {params}}}, model_info: {{{info}}}}}]"
    ))
    .facts
}

#[test]
fn the_catalogue_knows_and_the_operator_knows_better() {
    let listed = facts("openai/gpt-4o", "", "");
    assert_eq!((listed.input_picousd, listed.output_picousd), (Some(2_500_000), Some(10_000_000)));
    assert_eq!(listed.max_input_tokens, Some(128_000));
    let stated = facts(
        "openai/gpt-4o",
        "input_cost_per_token: 1.5e-07",
        "input_cost_per_token: 1, output_cost_per_token: 0.0000006, max_input_tokens: 1000, max_tokens: 50, \
         cache_read_input_token_cost: 0.0000001, supports_reasoning: true",
    );
    assert_eq!((stated.input_picousd, stated.output_picousd), (Some(150_000), Some(600_000)));
    assert_eq!((stated.max_input_tokens, stated.max_output_tokens), (Some(1000), Some(50)));
    assert_eq!(stated.cache_read_picousd, Some(100_000));
    assert!(stated.abilities.reasoning && !listed.abilities.reasoning);
}

#[test]
fn a_base_model_lends_its_facts() {
    let price = |model: &str, base: &str| facts(model, "", &format!("base_model: {base}")).input_picousd;
    assert_eq!(price("openai/my-own", "gpt-4o"), Some(2_500_000));
    assert_eq!(price("openai/my-own", "openai/gpt-4o"), Some(2_500_000));
    assert_eq!(price("openrouter/x/y", "mistral/mistral-large-latest"), Some(500_000));
    assert_eq!(price("openai/my-own", "nonsense/x"), None);
}

#[test]
fn prices_of_nothing_are_zero_and_not_unknown() {
    let free = facts("openai/my-own", "input_cost_per_token: 0, output_cost_per_token: 0.0", "");
    assert_eq!((free.input_picousd, free.output_picousd), (Some(0), Some(0)));
}
