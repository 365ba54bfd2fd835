//! Answers to questions that mean the same, from outside. The mock's vectors go by words: texts with the same words in another
//! order have the same one.

mod audits;
mod embedder;
mod guarded;
mod tenants;
mod vectors;

use drill::mock::Mock;
use serde_json::{Value, json};

use super::said;
use crate::backs::{Back, Config, asked, mock};
use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::servers::Redis;
use crate::sinks::ear::until;

/// A question, and the same in other words.
const QUESTION: &str = "tell me about the red fox";
const AGAIN: &str = "about the red fox tell me";

/// A gateway that compares questions, its provider, and who makes its vectors.
struct Scene {
    provider: Mock,
    vectors: Mock,
    gateway: Gateway,
}

/// Its configuration, with these fields of `semantic` and of `cache_params`.
fn config(provider: &Mock, vectors: &str, semantic: &str, params: &str) -> String {
    let price = "input_cost_per_token: 0.001, output_cost_per_token: 0.002, num_retries: 0";
    let keys = format!("general_settings: {{master_key: {MASTER}}}");
    let audit = if semantic.contains("audit:") { "" } else { "audit: 0, " };
    let params = format!("semantic: {{model: vectors, {audit}timeout: 5, {semantic}}}{params}");
    let kept = format!("litellm_settings: {{cache: true, cache_params: {{{params}}}}}");
    let groups = Config::default().openai("demo", provider, price).openai("other", provider, price);
    groups.deployment("vectors", Back::OpenAi, vectors, price).and(&keys).and(&kept).yaml()
}

impl Scene {
    async fn with(semantic: &str, params: &str) -> Self {
        Scene::of(mock("").await, semantic, params).await
    }

    async fn of(provider: Mock, semantic: &str, params: &str) -> Self {
        let vectors = mock("by_words").await;
        let gateway = Gateway::start(&config(&provider, &vectors.url(), semantic, params)).await;
        Scene { provider, vectors, gateway }
    }

    fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    async fn key(&self, fields: Value) -> String {
        self.master().done("POST", "/key/generate", fields).await["key"].as_str().expect("it is shown").to_owned()
    }

    async fn ask(&self, text: &str) -> Answer {
        self.ask_as(MASTER, Front::Chat, "demo", text, false).await
    }

    async fn ask_as(&self, key: &str, front: Front, model: &str, text: &str, stream: bool) -> Answer {
        Person::of(&self.gateway, key).send(&front.call(model, text, stream)).await
    }

    /// Asks with this body.
    async fn ask_with(&self, body: Value) -> Answer {
        self.master().send(&Front::Chat.call_with(body)).await
    }

    async fn semantic(&self) -> Value {
        self.master().see("/cache/stats").await["semantic"].clone()
    }

    /// Until so many questions are known: their vectors are made behind their answers.
    async fn until_known(&self, count: u64) {
        until(async || (self.semantic().await["entries"] == count).then_some(())).await;
    }

    /// How many vectors were made.
    fn made(&self) -> usize {
        self.vectors.requests().len()
    }
}

fn similarity(answer: &Answer) -> f64 {
    answer.header("x-litellm-semantic-similarity").expect("it says how much alike").parse().expect("it is a number")
}

#[tokio::test]
async fn every_dialect_gets_the_answer_to_a_question_that_means_the_same() {
    let scene = Scene::with("", "").await;
    let mut known = 0;
    for front in Front::ALL {
        for stream in [false, true] {
            let what = format!("{front:?} {}", if stream { "streams" } else { "whole" });
            let ask = async |text: &str| scene.ask_as(MASTER, front, "demo", &format!("{text} {what}"), stream).await;
            let first = ask(QUESTION).await;
            assert_eq!(said(&first), "miss", "{what}");
            known += 1;
            scene.until_known(known).await;
            let again = ask(AGAIN).await;
            assert_eq!((said(&again), again.text()), ("semantic", first.text()), "{what}");
            assert!(front.hear(&again).is_success() && similarity(&again) > 0.999, "{what}");
            for name in ["content-type", "transfer-encoding", "x-litellm-cache-key", "x-litellm-model-id"] {
                assert_eq!(first.header(name), again.header(name), "{what}: {name}");
            }
            assert_eq!(again.header("x-litellm-response-cost"), Some("0"), "{what}");
            let exactly = ask(QUESTION).await;
            assert_eq!((said(&exactly), exactly.header("x-litellm-semantic-similarity")), ("hit", None), "{what}");
            assert_eq!(asked(&scene.provider, &what).len(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn the_log_and_the_statistics_say_how_alike_it_was_and_what_it_saved() {
    let scene = Scene::with("", "").await;
    let key = scene.key(json!({ "key_alias": "asker" })).await;
    let ask = async |text: &str| scene.ask_as(&key, Front::Chat, "demo", text, false).await;
    assert_eq!(said(&ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    assert_eq!(said(&ask(AGAIN).await), "semantic");
    assert_eq!(said(&ask("and what about the snow").await), "miss");
    let master = scene.master();
    let rows = until(async || {
        let rows = master.see("/spend/logs").await;
        rows.as_array().filter(|rows| rows.len() >= 6).cloned()
    })
    .await;
    let hit = rows.iter().find(|row| row["cache_hit"] == "True").expect("it is in the log");
    let first = rows.iter().find(|row| row["cache_key"] == hit["cache_key"] && row["cache_hit"] != "True").unwrap();
    assert_eq!(hit["spend"], 0.0, "{hit}");
    assert_eq!(hit["metadata"]["saved_cache_cost"], first["spend"], "{hit}");
    assert!(hit["metadata"]["semantic_similarity"].as_f64() > Some(0.999), "{hit}");
    assert!(first["metadata"].get("semantic_similarity").is_none(), "{first}");
    // Vectors are paid for by the gateway, under a tag of their own, and nobody reads there what was said.
    let made: Vec<&Value> =
        rows.iter().filter(|row| row["request_tags"] == json!(["lockgate-semantic-cache"])).collect();
    assert_eq!(made.len(), 3, "{rows:?}");
    for row in made {
        assert!(row["spend"].as_f64() > Some(0.0) && row["api_key"] != first["api_key"], "{row}");
        assert!(row["call_type"] == "aembedding" && row["cache_hit"] != "True", "{row}");
    }
    let stats = master.see("/cache/stats").await;
    assert_eq!((&stats["hits"], &stats["misses"]), (&json!(1), &json!(2)), "{stats}");
    assert_eq!(stats["saved"], first["spend"], "{stats}");
    let semantic = &stats["semantic"];
    let group = &semantic["groups"][0];
    assert_eq!(
        (&group["model_group"], &group["threshold"], &group["hits"], &group["misses"]),
        (&json!("demo"), &json!(0.95), &json!(1), &json!(1)),
        "{semantic}"
    );
    assert_eq!((&group["audits"], &group["false_hit_rate"]), (&json!(0), &Value::Null), "unknown is not zero");
    let page = master.send(&crate::client::Call::get("/metrics")).await.text();
    assert_eq!(crate::metrics::sum(&page, "lockgate_semantic_cache_hits_total", &["model_group=\"demo\""]), 1.0);
}

#[tokio::test]
async fn questions_are_forgotten_with_their_answers() {
    let scene = Scene::with("", "").await;
    let first = scene.ask(QUESTION).await;
    scene.until_known(1).await;
    let master = scene.master();
    let keys = json!({ "keys": [first.header("x-litellm-cache-key").unwrap()] });
    assert_eq!(master.done("POST", "/cache/delete", keys).await["deleted"], 1);
    assert_eq!(scene.semantic().await["entries"], 0);
    assert_eq!(said(&scene.ask(AGAIN).await), "miss");
    scene.until_known(1).await;
    assert_eq!(said(&scene.ask(QUESTION).await), "semantic");
    assert_eq!(master.done("POST", "/cache/flushall", json!({})).await["deleted"], 1);
    assert_eq!((&scene.semantic().await["entries"], &scene.semantic().await["bytes"]), (&json!(0), &json!(0)));
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
}

#[tokio::test]
async fn the_incumbents_settings_are_enough() {
    let (provider, vectors) = (mock("").await, mock("by_words").await);
    let params = "type: qdrant-semantic, similarity_threshold: 0.9, qdrant_api_base: 'http://qdrant', \
                  qdrant_semantic_cache_embedding_model: vectors, qdrant_collection_name: answers";
    let kept = format!("litellm_settings: {{cache: true, cache_params: {{{params}}}}}");
    let keys = format!("general_settings: {{master_key: {MASTER}}}");
    let config = Config::default().openai("demo", &provider, "").openai("vectors", &vectors, "").and(&keys).and(&kept);
    let scene = Scene { gateway: Gateway::start(&config.yaml()).await, provider, vectors };
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    assert_eq!(said(&scene.ask(AGAIN).await), "semantic");
    assert_eq!(scene.provider.requests().len(), 1);
}

#[tokio::test]
async fn answers_lie_where_the_cache_keeps_them_and_a_question_whose_answer_is_gone_is_forgotten() {
    let redis = Redis::start();
    let params = format!(", type: redis-semantic, url: '{}', default_in_memory_ttl: 0", redis.url);
    let scene = Scene::with("", &params).await;
    let master = scene.master();
    until(async || (master.see("/cache/stats").await["is_there"] == true).then_some(())).await;
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    until(async || Redis::tell(&redis, "KEYS *").contains("lockgate:{answers}:").then_some(())).await;
    assert_eq!(scene.master().see("/cache/stats").await["entries"], 0, "nothing is in memory");
    assert_eq!(said(&scene.ask(AGAIN).await), "semantic");
    Redis::tell(&redis, "FLUSHALL");
    let mut body = Front::Chat.body("demo", AGAIN, false);
    body["cache"] = json!({ "no-store": true });
    assert_eq!(said(&scene.ask_with(body).await), "nothing");
    assert_eq!(scene.semantic().await["entries"], 0);
}

#[tokio::test]
async fn what_one_process_has_learned_another_one_knows() {
    let (redis, provider, vectors) = (Redis::start(), mock("").await, mock("by_words").await);
    let params = format!(", type: redis, url: '{}'", redis.url);
    let config = config(&provider, &vectors.url(), "", &params);
    let open = async || {
        let gateway = Gateway::start(&config).await;
        let master = Person::of(&gateway, MASTER);
        until(async || (master.see("/cache/stats").await["is_there"] == true).then_some(())).await;
        gateway
    };
    let ask = async |gateway: &Gateway, text: &str| {
        Person::of(gateway, MASTER).send(&Front::Chat.call("demo", text, false)).await
    };
    let one = open().await;
    let first = ask(&one, QUESTION).await;
    assert_eq!(said(&first), "miss");
    until(async || Redis::tell(&redis, "KEYS *").contains(":questions").then_some(())).await;
    drop(one);
    let other = open().await;
    let again = ask(&other, AGAIN).await;
    assert_eq!((said(&again), again.text()), ("semantic", first.text()));
    assert_eq!(provider.requests().len(), 1);
    assert_eq!(said(&ask(&other, "what is the capital of the moon").await), "miss");
    until(async || (Person::of(&other, MASTER).see("/cache/stats").await["semantic"]["entries"] == 2).then_some(()))
        .await;
    let deleted = Person::of(&other, MASTER).done("POST", "/cache/flushall", json!({})).await;
    assert_eq!((&deleted["status"], Redis::tell(&redis, "DBSIZE").contains('0')), (&json!("success"), true));
}
