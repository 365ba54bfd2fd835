//! What calls cost, as the headers of answers say: from the prices of the configuration and the counts of the provider.

use serde_json::{Value, json};

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;
use crate::manage::spend::dates;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// What an answer cost, in billionths of a dollar.
fn nanos(answer: &Answer) -> i64 {
    let header = answer.header("x-litellm-response-cost").unwrap_or_else(|| panic!("no cost: {}", answer.text()));
    (header.parse::<f64>().expect("a number") * 1e9).round() as i64
}

fn named(answer: &Answer, part: &str) -> i64 {
    let header = answer.header(&format!("x-litellm-response-cost-{part}")).unwrap_or("0");
    (header.parse::<f64>().expect("a number") * 1e9).round() as i64
}

/// Prompt, cached and completion tokens.
fn counts(answer: &Answer) -> [i64; 3] {
    let usage = &answer.json()["usage"];
    let cached = &usage["prompt_tokens_details"]["cached_tokens"];
    [&usage["prompt_tokens"], cached, &usage["completion_tokens"]].map(|count| count.as_i64().unwrap_or(0))
}

async fn ask(gateway: &Gateway, more: Value) -> Answer {
    let mut body = Front::Chat.body("demo", "hello", false);
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let answer = gateway.call(&Front::Chat.call_with(body)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer
}

#[tokio::test]
async fn a_call_costs_its_tokens_at_the_prices_of_its_deployment() {
    let provider = mock("cached=1000").await;
    let prices = "input_cost_per_token: 0.000002, output_cost_per_token: 0.000008, cache_read_input_token_cost: 5e-7, \
                  input_cost_per_token_priority: 0.000003, output_cost_per_token_priority: 0.000012";
    let settings = "litellm_settings: {cost_margin_config: {openai: {fixed_amount: 0.001}}}";
    let gateway = Gateway::start(&Config::default().openai("demo", &provider, prices).and(settings).yaml()).await;
    let usual = ask(&gateway, json!({})).await;
    let [prompt, cached, completion] = counts(&usual);
    assert_eq!(cached, 1000);
    let fee = 1_000_000;
    assert_eq!(nanos(&usual), (prompt - cached) * 2000 + cached * 500 + completion * 8000 + fee);
    assert_eq!((named(&usual, "margin-amount"), named(&usual, "original")), (fee, nanos(&usual) - fee));
    // The provider says that the usual tier has served: that counts, not what was asked for.
    let preferred = ask(&gateway, json!({ "service_tier": "priority" })).await;
    assert_eq!(preferred.json()["service_tier"], "default");
    assert_eq!(nanos(&preferred), nanos(&usual));
}

#[tokio::test]
async fn a_machine_costs_by_the_second() {
    let provider = mock("delay_ms=300").await;
    let gateway =
        Gateway::start(&Config::default().openai("demo", &provider, "input_cost_per_second: 0.01").yaml()).await;
    let cost = nanos(&ask(&gateway, json!({})).await);
    assert!((3_000_000..300_000_000).contains(&cost), "{cost} nanodollars for about 0.3 seconds");
}

#[tokio::test]
async fn an_unknown_price_is_not_said_to_be_zero_and_may_be_refused() {
    let provider = mock("").await;
    let config = Config::of(&provider);
    let gateway = Gateway::start(&config.yaml()).await;
    assert_eq!(ask(&gateway, json!({})).await.header("x-litellm-response-cost"), None);
    let block = "litellm_settings: {block_requests_for_models_without_pricing: true}";
    let strict = Gateway::start(&config.and(block).yaml()).await;
    let refused = strict.call(&Front::Chat.call("demo", "hello", false)).await;
    assert_eq!((refused.status(), refused.json()["error"]["type"].as_str()), (403, Some("model_cost_map_missing")));
    assert!(provider.requests().len() == 1, "it is refused before the call");
}

#[tokio::test]
async fn what_a_model_of_ones_own_saves_is_what_the_one_that_it_replaces_would_have_cost() {
    let provider = mock("").await;
    let local = |name: &str, replaces: &str| {
        format!(
            "- {{model_name: {name}, litellm_params: {{model: openai/own, api_base: '{}/v1', api_key: none, \
             input_cost_per_token: 1e-8, output_cost_per_token: 1e-8}}, model_info: {{{replaces}}}}}\n",
            provider.url()
        )
    };
    let models = [local("demo", "replaces: openai/gpt-4o-mini"), local("other", ""), local("odd", "replaces: mine")];
    let general = format!("general_settings: {{master_key: {MASTER}}}\n");
    let gateway = Gateway::start(&format!("model_list:\n{}{general}", models.concat())).await;
    let master = Person::of(&gateway, MASTER);
    let mut answers = Vec::new();
    for model in ["demo", "other"] {
        answers.push(master.send(&Front::Chat.call(model, "hello", false)).await);
    }
    let [prompt, _, completion] = counts(&answers[0]);
    let usage = until(async || {
        let usage = master.see(&dates("/usage?by=model_group&")).await;
        usage["rows"].as_array().filter(|rows| rows.len() == 2).cloned()
    })
    .await;
    let saved = |name: &str| {
        let row = usage.iter().find(|row| row["name"] == name).expect("it was called");
        (row["local_savings"].as_f64().unwrap() * 1e9).round() as i64
    };
    assert_eq!(saved("demo"), prompt * 150 + completion * 600 - nanos(&answers[0]));
    assert_eq!(saved("other"), 0);
    gateway.logged("\"mine\" has no list price").await;
}
