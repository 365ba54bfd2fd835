//! Moderations and rankings: what goes in and comes out is text.

use serde_json::{Value, json};

use super::{Studio, post, with};
use crate::backs::{Config, mock};
use crate::gateway::Gateway;

const MODERATION: (&str, &str, &str) = ("guard", "openai/omni-moderation-latest", "/v1");
const COHERE: (&str, &str, &str) = ("ranker", "cohere/rerank-v3.5", "");
const JINA: (&str, &str, &str) = ("jina", "jina_ai/jina-reranker-v2-base-multilingual", "/v1");
const VOYAGE: (&str, &str, &str) = ("voyage", "voyage/rerank-2.5", "/v1");
const CLAUDE: (&str, &str, &str) = ("claude", "anthropic/claude-sonnet-4-5", "");

fn ranked(model: &str, more: Value) -> Value {
    let documents = ["the sun is hot", "rain is water that falls", "what rain is"];
    with(json!({ "model": model, "query": "what is rain", "documents": documents }), more)
}

#[tokio::test]
async fn a_moderation_is_the_providers_own_costs_what_is_listed_and_is_logged() {
    let studio = Studio::open("", &[MODERATION], "").await;
    let person = studio.person(json!({ "max_budget": 1 })).await;
    for path in ["/v1/moderations", "/moderations", "/openai/deployments/guard/moderations"] {
        let body = match path.starts_with("/openai") {
            true => json!({ "input": "I hate you" }),
            false => json!({ "model": "guard", "input": ["I hate you", "good morning"], "tags": ["a"] }),
        };
        let answer = person.send(&post(path, body)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(answer.json()["results"][0]["flagged"], true);
        assert_eq!(answer.header("x-litellm-response-cost"), Some("0"));
    }
    assert_eq!(studio.got()["model"], "omni-moderation-latest");
    assert!(studio.provider.requests()[0].body.starts_with(b"{\"model\":\"omni-moderation-latest\",\"input\":["));
    let row = studio.logged(3).await;
    assert_eq!((&row["call_type"], &row["model_group"]), (&json!("amoderation"), &json!("guard")));
}

#[tokio::test]
async fn a_moderation_that_names_no_model_goes_to_openais_usual_one() {
    let usual = ("omni-moderation-latest", "openai/omni-moderation-latest", "/v1");
    let studio = Studio::open("", &[usual], "").await;
    let answer = studio.master().send(&post("/v1/moderations", json!({ "input": "I hate you" }))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json()["results"][0]["flagged"], true);
    assert_eq!(studio.got(), json!({ "model": "omni-moderation-latest", "input": "I hate you" }));
}

#[tokio::test]
async fn calls_go_to_the_model_that_the_operator_wants_for_them_whatever_they_name() {
    let provider = mock("").await;
    let forced =
        "completion_model: chats, embedding_model: vectors, image_generation_model: painter, moderation_model: judge";
    let groups = [
        ("chats", "/v1/chat/completions", json!({ "messages": [{ "role": "user", "content": "hi" }] })),
        ("chats", "/engines/other/completions", json!({ "prompt": "hi" })),
        ("vectors", "/v1/embeddings", json!({ "input": "hi" })),
        ("painter", "/v1/images/generations", json!({ "prompt": "hi" })),
        ("judge", "/v1/moderations", json!({ "input": "hi" })),
    ];
    let upstream = |group: &str| format!("openai/upstream-{group}");
    let config = ["chats", "vectors", "painter", "judge"].into_iter().fold(Config::default(), |config, group| {
        config.model(group, &upstream(group), &format!("{}/v1", provider.url()), "")
    });
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{{forced}}}")).yaml()).await;
    for (group, path, body) in groups {
        for named in [json!({}), json!({ "model": "other" })] {
            let answer = gateway.call(&post(path, with(body.clone(), named))).await;
            assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
            let got = provider.requests().pop().expect("the provider was asked").json();
            assert_eq!(got["model"], format!("upstream-{group}"), "{path}");
        }
    }
}

#[tokio::test]
async fn who_cannot_do_it_is_not_asked_and_the_caller_hears_why() {
    let studio = Studio::open("", &[CLAUDE], "").await;
    let moderation = json!({ "model": "claude", "input": "a" });
    let answer = studio.master().send(&post("/v1/moderations", moderation)).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().contains("moderations are not offered by"), "{}", answer.text());
    let answer = studio.master().send(&post("/v2/rerank", ranked("claude", json!({})))).await;
    assert_eq!(answer.status(), 400);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("rankings of documents are not offered by"), "{message}");
    assert_eq!(answer.json()["error"]["message"], message);
    assert!(studio.provider.requests().is_empty());
}

#[tokio::test]
async fn documents_are_ranked_by_providers_of_all_forms_with_the_same_answer() {
    let studio = Studio::open("", &[COHERE, JINA, VOYAGE], "").await;
    for (model, path) in [("ranker", "/v1/rerank"), ("jina", "/v2/rerank"), ("voyage", "/rerank")] {
        let body = ranked(model, json!({ "top_n": 2, "return_documents": true, "fallbacks": [] }));
        let answer = studio.master().send(&post(path, body)).await;
        assert_eq!(answer.status(), 200, "{model}: {}", answer.text());
        let best = json!({ "index": 2, "relevance_score": 1.0, "document": { "text": "what rain is" } });
        assert_eq!(answer.json()["results"][0], best, "{model}");
        assert_eq!(answer.json()["results"].as_array().map(Vec::len), Some(2), "{model}");
        let bare = studio.master().send(&post(path, ranked(model, json!({})))).await;
        assert_eq!(bare.json()["results"][0], json!({ "index": 2, "relevance_score": 1.0 }), "{model}");
    }
    let paths: Vec<String> = studio.provider.requests().into_iter().map(|one| one.target).collect();
    assert_eq!(paths, ["/v2/rerank", "/v2/rerank", "/v1/rerank", "/v1/rerank", "/v1/rerank", "/v1/rerank"]);
    let row = studio.logged(6).await;
    assert_eq!(row["call_type"], "arerank");
}

#[tokio::test]
async fn a_search_or_its_tokens_are_paid_for_and_a_budget_holds() {
    let studio = Studio::open("", &[COHERE, JINA], "").await;
    let cost = async |body: Value| {
        let answer = studio.master().send(&post("/rerank", body)).await;
        answer.header("x-litellm-response-cost").map(str::to_owned)
    };
    assert_eq!(cost(ranked("ranker", json!({}))).await.as_deref(), Some("0.002"));
    let many: Vec<String> = (0..150).map(|number| format!("document {number}")).collect();
    assert_eq!(cost(ranked("ranker", json!({ "documents": many }))).await.as_deref(), Some("0.004"));
    // 4 + 5 + 3 words and the query with each of them, at $0.05 per million.
    assert_eq!(cost(ranked("jina", json!({}))).await.as_deref(), Some("0.00000105"));
    let before = studio.provider.requests().len();
    let poor = studio.person(json!({ "max_budget": 0.003 })).await;
    assert_eq!(poor.send(&post("/rerank", ranked("ranker", json!({})))).await.status(), 200);
    let refused = poor.send(&post("/rerank", ranked("ranker", json!({})))).await;
    assert_eq!(refused.status(), 422, "{}", refused.text());
    assert_eq!(refused.json()["error"]["type"], "budget_exceeded");
    assert_eq!(studio.provider.requests().len(), before + 1);
}

#[tokio::test]
async fn a_ranking_falls_back_and_is_kept_for_who_asks_again() {
    let broken = "status=503,fail_first=1";
    let fallbacks = "router_settings: {fallbacks: [{ranker: [jina]}]}\nlitellm_settings: {cache: true}";
    let studio = Studio::open(broken, &[COHERE, JINA], fallbacks).await;
    let ask = async || studio.master().send(&post("/rerank", ranked("ranker", json!({})))).await;
    let first = ask().await;
    // The other model fails once, too.
    let (first, again) = (if first.status() == 200 { first } else { ask().await }, ask().await);
    assert_eq!((first.status(), again.status()), (200, 200), "{}", first.text());
    assert_eq!(again.header("x-lockgate-cache"), Some("hit"));
    assert_eq!(first.json(), again.json());
}

#[tokio::test]
async fn guardrails_look_at_what_is_moderated_and_ranked() {
    let rails = "guardrails: [{guardrail_name: cards, litellm_params: {guardrail: pii, mode: pre_call, default_on: true, \
                 pii_entities_config: {CREDIT_CARD: MASK}}}]";
    let studio = Studio::open("", &[MODERATION, JINA], rails).await;
    let secret = "4111 1111 1111 1111";
    let moderation = json!({ "model": "guard", "input": format!("my key is {secret}") });
    assert_eq!(studio.master().send(&post("/moderations", moderation)).await.status(), 200);
    let query = json!({ "query": format!("who has {secret}?"), "documents": [format!("it is {secret}"), "none"] });
    assert_eq!(studio.master().send(&post("/rerank", ranked("jina", query))).await.status(), 200);
    for request in studio.provider.requests() {
        assert!(!String::from_utf8_lossy(&request.body).contains(secret), "{:?}", request.target);
    }
    assert_eq!(studio.provider.requests().len(), 2);
}
