//! Whose calls are looked over, and what people can ask about it.

use serde_json::{Value, json};

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Folder, Gateway, lockgate, run};
use crate::manage::Office;

const GUARDS: &str = "guardrails:\n  \
    - {guardrail_name: cards, litellm_params: {guardrail: pii, mode: pre_call, entities: [credit_card], action: block}}\n  \
    - guardrail_name: words\n    litellm_params:\n      guardrail: litellm_content_filter\n      mode: [pre_call, post_call]\n      \
    default_on: true\n      blocked_words: [{keyword: sesame, name: magic}]\n";
const CARD: &str = "pay with 4111 1111 1111 1111";

#[tokio::test]
async fn calls_are_looked_over_for_their_key_their_team_or_themselves() {
    let office = Office::open(GUARDS).await;
    let own = office.key(json!({"guardrails": ["cards"]})).await;
    office.master().done("POST", "/team/new", json!({"team_id": "careful", "guardrails": ["cards"]})).await;
    let of_team = office.key(json!({"team_id": "careful"})).await;
    let free = office.key(json!({"disable_global_guardrails": true})).await;
    let plain = office.key(json!({})).await;
    let call = |text: &str| Front::Chat.call("demo", text, false);
    for (key, text, status) in [
        (&plain, CARD, 200),
        (&own, CARD, 400),
        (&of_team, CARD, 400),
        (&plain, "open sesame", 400),
        (&own, "open sesame", 400),
        (&free, "open sesame", 200),
    ] {
        let answer = office.with(key).send(&call(text)).await;
        assert_eq!(answer.status(), status, "{text}: {}", answer.text());
    }
    let asks = |name: &str| {
        let body = json!({"model": "demo", "messages": [{"role": "user", "content": CARD}], "guardrails": [name]});
        Call::post("/v1/chat/completions", &body)
    };
    let refused = office.with(&plain).send(&asks("cards")).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json()["error"]["message"], "The request was blocked by guardrail 'cards': credit_card.");
    let unknown = office.with(&plain).send(&asks("nobody")).await;
    assert!(unknown.text().contains("there is no guardrail 'nobody'; known: cards, words"), "{}", unknown.text());
}

#[tokio::test]
async fn what_is_said_in_token_ids_is_looked_over_or_refused() {
    let provider = mock("").await;
    let base = format!("{}/v1", provider.url());
    let config = Config::default().model("demo", "hosted_vllm/embedder", &base, "").and(
        "guardrails:\n  - {guardrail_name: pii, litellm_params: {guardrail: pii, mode: pre_call, default_on: true, \
         pii_entities_config: {EMAIL_ADDRESS: MASK}}}",
    );
    let gateway = Gateway::start(&config.yaml()).await;
    // "mail ada.lovelace@example.com today", and "hello".
    let ids = json!([[3796, 35334, 44849, 899, 580, 36587, 916, 3432], [15339]]);
    let answer = gateway.call(&Call::post("/v1/embeddings", &json!({"model": "demo", "input": ids}))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let got = provider.requests().pop().expect("the provider was asked").json();
    assert_eq!(got["input"], json!(["mail <EMAIL_1> today", "hello"]));
    let answer = gateway.call(&Call::post("/v1/completions", &json!({"model": "demo", "prompt": [15339]}))).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json()["error"]["message"], "what token ids say cannot be looked over; send text");
    assert_eq!(provider.requests().len(), 1, "nobody is asked what nobody has seen");
}

#[tokio::test]
async fn guardrails_can_be_listed_and_tried() {
    let office = Office::open(GUARDS).await;
    let listed = office.master().see("/guardrails/list").await;
    let names: Vec<&Value> =
        listed["guardrails"].as_array().unwrap().iter().map(|one| &one["guardrail_name"]).collect();
    assert_eq!(names, ["cards", "words"]);
    assert_eq!(listed["guardrails"][1]["litellm_params"]["mode"], json!(["pre_call", "post_call"]));
    let apply = |name: &str, text: &str| json!({"guardrail_name": name, "text": text});
    let fine = office.master().done("POST", "/guardrails/apply_guardrail", apply("words", "hello")).await;
    assert_eq!(fine["response_text"], "hello");
    let told = office.master().refused("POST", "/guardrails/apply_guardrail", apply("cards", CARD), 400).await;
    assert!(told.contains("credit_card") && !told.contains("4111"), "{told}");
    office.master().refused("POST", "/guardrails/apply_guardrail", apply("nobody", "x"), 404).await;
    let explained =
        json!({"request_body": {"model": "demo", "messages": [{"role": "user", "content": "open sesame"}]}});
    let explained = office.master().done("POST", "/utils/route", explained).await;
    assert!(explained.to_string().contains("blocked by guardrail 'words': magic"), "{explained}");
}

#[tokio::test]
async fn a_kind_that_there_is_not_stops_the_start() {
    let folder = Folder::new();
    let path = folder.write(
        "config.yaml",
        "model_list: [{model_name: demo, litellm_params: {model: mock/demo}}]\n\
         guardrails: [{guardrail_name: a, litellm_params: {guardrail: aporia, mode: pre_call}}]\n",
    );
    let (code, said, _) = run(&mut lockgate(&["check", path.to_str().unwrap()])).await;
    assert!(
        code != Some(0) && said.contains("there is no guardrail 'aporia' here") && said.contains("known: pii, secrets"),
        "{said}"
    );
}
