//! Routers from outside: which model a call for `auto` gets, what the answer says about it, and what becomes of answers
//! that fail a check.

use drill::mock::Mock;
use serde_json::{Value, json};

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

const HARD: &str = "Prove rigorously, step by step, that there are infinitely many primes.";

/// Hard work goes to `premium`, other work to `small`, whose answers are checked.
const RULES: &str = "
    auto:
      rules:
      - {name: hard, when: {tier: [complex, reasoning]}, model: premium}
      - {name: usual, model: small, escalate: premium}";

/// Two models behind routers.
struct Pair {
    small: Mock,
    premium: Mock,
    gateway: Gateway,
}

impl Pair {
    async fn start(small: &str, premium: &str, routers: &str) -> Self {
        let (small, premium) = (mock(small).await, mock(premium).await);
        let config =
            Config::default().openai("small", &small, "num_retries: 0").openai("premium", &premium, "num_retries: 0");
        let config = format!(
            "{}\nrouter_settings:\n  routers:{routers}\ngeneral_settings: {{master_key: {MASTER}}}\n",
            config.yaml()
        );
        let gateway = Gateway::start(&config).await;
        Pair { small, premium, gateway }
    }

    /// Calls that reached each of them.
    fn reached(&self) -> (usize, usize) {
        (self.small.requests().len(), self.premium.requests().len())
    }

    async fn call(&self, call: Call) -> Answer {
        self.call_as(MASTER, call).await
    }

    async fn call_as(&self, key: &str, call: Call) -> Answer {
        self.gateway.call(&call.header("authorization", format!("Bearer {key}"))).await
    }

    async fn key(&self, fields: Value) -> String {
        let made = Person::of(&self.gateway, MASTER).done("POST", "/key/generate", fields).await;
        made["key"].as_str().expect("a new key is shown").to_owned()
    }
}

fn ask(text: &str, more: Value) -> Call {
    let mut body = json!({ "model": "auto", "messages": [{ "role": "user", "content": text }] });
    body.as_object_mut().expect("it is an object").extend(more.as_object().expect("so is this").clone());
    Call::post("/v1/chat/completions", &body)
}

/// What an answer says about its route. Panics if it is no good one.
fn route(answer: &Answer) -> &str {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.header("x-lockgate-route").expect("it says which model answered and why")
}

#[tokio::test]
async fn a_call_goes_where_its_prompt_belongs_and_the_answer_says_why() {
    let pair = Pair::start("", "", RULES).await;
    for (at, front) in Front::ALL.into_iter().enumerate() {
        for stream in [false, true] {
            let answer = pair.call(front.call("auto", HARD, stream)).await;
            let said = route(&answer);
            assert!(said.starts_with("model=premium; rule=hard; intent=reasoning; tier="), "{said}");
            assert!(said.contains("because=\"prove") && said.ends_with("answered=openai/demo"), "{said}");
            assert_eq!(answer.header("x-litellm-model-group"), Some("premium"));
            let answer = pair.call(front.call("auto", "Hi there, how are you?", stream)).await;
            assert!(
                route(&answer).starts_with("model=small; rule=usual; intent=chat; tier=simple"),
                "{}",
                route(&answer)
            );
        }
        assert_eq!(pair.reached(), (2 * at + 2, 2 * at + 2));
    }
    let direct = pair.call(Front::Chat.call("small", "hello", false)).await;
    assert_eq!(direct.header("x-lockgate-route"), None, "whoever names a model gets it");
    let listed = pair.call(Call::get("/v1/models")).await.text();
    assert!(listed.contains("\"auto\""), "{listed}");
}

#[tokio::test]
async fn an_answer_that_fails_a_check_is_asked_for_again_elsewhere() {
    let object = "text=%7B%22a%22%3A1%7D";
    let form = json!({ "response_format": { "type": "json_object" } });
    for (small, more, check) in [
        ("refusal", json!({}), "refusal"),
        ("text=I%20can%27t%20help%20with%20that.", json!({}), "refusal"),
        ("text=%20", json!({}), "empty"),
        ("text=Certainly%21", form, "schema"),
    ] {
        let pair = Pair::start(small, object, RULES).await;
        let answer = pair.call(ask("Hello, tell me a joke, as JSON if you can.", more)).await;
        let said = route(&answer);
        assert!(
            said.starts_with("model=premium; rule=usual") && said.contains(&format!("; failed=small:{check}")),
            "{said}"
        );
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "{\"a\":1}");
        assert_eq!(answer.header("x-litellm-model-group"), Some("premium"));
        assert_eq!(pair.reached(), (1, 1), "{small}");
    }
}

#[tokio::test]
async fn an_answer_stands_that_nobody_can_better() {
    let pair = Pair::start("refusal", "status=500", RULES).await;
    let answer = pair.call(ask("Hello, tell me a joke.", json!({}))).await;
    assert!(route(&answer).starts_with("model=small; rule=usual"), "{}", route(&answer));
    assert!(pair.reached().1 >= 1);
}

#[tokio::test]
async fn a_stream_goes_elsewhere_only_before_its_first_content() {
    let pair = Pair::start("chunks=0", "", RULES).await;
    let answer = pair.call(Front::Chat.call("auto", "Tell me a joke.", true)).await;
    assert!(route(&answer).contains("; failed=small:empty"), "{}", route(&answer));
    assert!(!Front::Chat.hear(&answer).text.is_empty());
    let pair = Pair::start("text=I%20can%27t%20help%20with%20that.", "", RULES).await;
    let answer = pair.call(Front::Chat.call("auto", "Tell me a joke.", true)).await;
    assert!(route(&answer).starts_with("model=small"), "{}", route(&answer));
    assert_eq!(pair.reached(), (1, 0));
}

#[tokio::test]
async fn a_key_gets_what_it_may_call_or_what_the_router_it_was_given_chooses() {
    let pair = Pair::start("", "", RULES).await;
    let model = |models: Value| {
        let pair = &pair;
        async move {
            let key = pair.key(json!({ "models": models })).await;
            let answer = pair.call_as(&key, ask(HARD, json!({}))).await;
            match answer.status() {
                200 => route(&answer).split(';').next().unwrap_or_default().to_owned(),
                status => status.to_string(),
            }
        }
    };
    assert_eq!(model(json!([])).await, "model=premium");
    assert_eq!(model(json!(["small"])).await, "model=small");
    assert_eq!(model(json!(["auto"])).await, "model=premium");
    assert_eq!(model(json!(["something-else"])).await, "403");
}

#[tokio::test]
async fn limits_for_a_router_and_for_the_model_it_chooses_hold() {
    let pair = Pair::start("", "", RULES).await;
    for model in ["auto", "small"] {
        let key = pair.key(json!({ "model_rpm_limit": { model: 1 } })).await;
        let mut statuses = Vec::new();
        for _ in 0..2 {
            statuses.push(pair.call_as(&key, ask("Hello!", json!({}))).await.status());
        }
        assert_eq!(statuses, [200, 429], "{model}");
    }
}

#[tokio::test]
async fn applications_say_how_good_answers_were_and_experiments_show_it_by_arm() {
    let split = "
    auto: {rules: [{name: trial, split: {small: 50, premium: 50}, experiment: spring}]}";
    let pair = Pair::start("", "", split).await;
    let (own, other) = (pair.key(json!({})).await, pair.key(json!({ "key_type": "llm_api" })).await);
    let (own, other) = (Person::of(&pair.gateway, own), Person::of(&pair.gateway, other));
    let called = async |person: &Person<'_>, user: u32| {
        let answer = person.send(&ask("Hello!", json!({ "user": format!("user-{user}") }))).await;
        let model = route(&answer).split(';').next().unwrap_or_default().replace("model=", "");
        (model, answer.header("x-litellm-call-id").expect("every answer has one").to_owned())
    };
    let mut said = std::collections::BTreeMap::<String, (u64, u64)>::new();
    for user in 0..12 {
        let (model, id) = called(&own, user).await;
        let good = user % 3 > 0;
        // Who thinks twice counts once.
        own.done("POST", "/feedback", json!({ "call_id": id, "score": !good })).await;
        let counted =
            own.done("POST", "/v1/feedback", json!({ "call_id": id, "score": f64::from(u8::from(good)) })).await;
        assert_eq!(
            (&counted["status"], &counted["experiment"], &counted["model"]),
            (&json!("counted"), &json!("spring"), &json!(model))
        );
        let sums = said.entry(model).or_default();
        *sums = (sums.0 + 1, sums.1 + u64::from(good));
    }
    let shown = Person::of(&pair.gateway, MASTER).see("/router/experiments?experiment=spring").await;
    for (model, (answers, good)) in said {
        let arms = shown["experiments"][0]["arms"].as_array().expect("there are arms");
        let arm = arms.iter().find(|arm| arm["model"] == *model).expect("each arm is shown");
        assert_eq!(
            (&arm["feedback"], &arm["good"], &arm["bad"]),
            (&json!(answers), &json!(good), &json!(answers - good))
        );
        assert_eq!(arm["mean_score"], json!(good as f64 / answers as f64));
    }
    let (_, id) = called(&other, 1).await;
    own.refused("POST", "/v1/feedback", json!({ "call_id": id, "score": true }), 404).await;
    assert_eq!(other.done("POST", "/v1/feedback", json!({ "call_id": id, "score": 0.4 })).await["status"], "counted");
    for score in [json!(2), json!(-0.1), json!("good"), json!(null)] {
        own.refused("POST", "/v1/feedback", json!({ "call_id": id, "score": score }), 400).await;
    }
    let plain = other.send(&Front::Chat.call("small", "Hello!", false)).await;
    let id = plain.header("x-litellm-call-id").expect("every answer has one");
    assert_eq!(other.done("POST", "/v1/feedback", json!({ "call_id": id, "score": true })).await["status"], "ignored");
}

#[tokio::test]
async fn users_stay_in_the_arm_of_an_experiment_and_reports_tell_the_arms_apart() {
    let split = "
    auto: {rules: [{name: trial, split: {small: 50, premium: 50}, experiment: spring}]}";
    let pair = Pair::start("", "", split).await;
    let arm = async |user: &str| {
        let answer = pair.call(ask("Hello!", json!({ "user": user }))).await;
        assert!(route(&answer).contains("; experiment=spring"), "{}", route(&answer));
        route(&answer).split(';').next().unwrap_or_default().to_owned()
    };
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..20 {
        let user = format!("user-{number}");
        let first = arm(&user).await;
        assert_eq!(arm(&user).await, first, "{user}");
        seen.insert(first);
    }
    assert_eq!(seen.len(), 2);
    let (small, premium) = pair.reached();
    let master = Person::of(&pair.gateway, MASTER);
    let nobody = pair.key(json!({})).await;
    Person::of(&pair.gateway, nobody).refused("GET", "/router/experiments", json!({}), 403).await;
    let began = std::time::Instant::now();
    loop {
        let shown = master.see("/router/experiments?experiment=spring").await;
        let arms = shown["experiments"][0]["arms"].as_array().expect("there are arms").clone();
        let answers =
            |model: &str| arms.iter().find(|arm| arm["model"] == model).and_then(|arm| arm["answers"].as_u64());
        if (answers("small"), answers("premium")) == (Some(small as u64), Some(premium as u64)) {
            assert!(arms[0]["mean_duration_ms"].is_number() && arms[0]["weight"] == 50, "{shown}");
            break;
        }
        assert!(began.elapsed().as_secs() < 20, "{shown}");
    }
    for (model, calls) in [("small", small), ("premium", premium)] {
        let tag = format!("experiment:spring:{model}");
        let began = std::time::Instant::now();
        loop {
            let logs = master.see("/spend/logs/v2?page_size=100").await;
            let rows = logs["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            match rows.iter().filter(|row| row["request_tags"].to_string().contains(&tag)).count() {
                count if count == calls => break,
                count => assert!(began.elapsed().as_secs() < 20, "{count} of {calls}: {logs}"),
            }
        }
    }
}

const EXAMPLES: &str = "
    auto:
      embedding_model: vectors
      embedding_timeout: 2
      rules:
      - {name: refunds, when: {examples: ['I want my money back', 'Please refund my order'], similarity: 0.999}, model: premium}
      - {name: jokes, when: {examples: ['Tell me a joke'], similarity: 0.999}, model: premium}
      - {name: rest, model: small}";

impl Pair {
    /// The pair behind rules by examples, whose vectors `embeddings` makes.
    async fn with_vectors(embeddings: &Mock, more: &str) -> Self {
        let (small, premium) = (mock("").await, mock("").await);
        let config = Config::default()
            .openai("small", &small, "num_retries: 0")
            .openai("premium", &premium, "num_retries: 0")
            .openai("vectors", embeddings, more);
        let general = format!("general_settings: {{master_key: {MASTER}}}");
        let settings = format!("router_settings:\n  num_retries: 0\n  routers:{EXAMPLES}\n{general}\n");
        let gateway = Gateway::start(&format!("{}\n{settings}", config.yaml())).await;
        Pair { small, premium, gateway }
    }

    /// The rule that decides about a text.
    async fn rule(&self, text: &str) -> String {
        let answer = self.call(ask(text, json!({}))).await;
        let said = route(&answer).split("; ").find_map(|part| part.strip_prefix("rule="));
        said.expect("a rule has decided").to_owned()
    }
}

/// How many texts each request for vectors had.
fn embedded(mock: &Mock) -> Vec<usize> {
    let count = |body: &[u8]| serde_json::from_slice::<Value>(body).ok()?["input"].as_array().map(Vec::len);
    mock.requests().iter().filter_map(|request| count(&request.body)).collect()
}

#[tokio::test]
async fn a_call_goes_where_examples_are_like_it_and_their_vectors_are_made_once() {
    let vectors = mock("").await;
    let pair = Pair::with_vectors(&vectors, "").await;
    assert_eq!(pair.rule("Please refund my order").await, "refunds");
    assert_eq!(embedded(&vectors), [3, 1], "all examples at once, and the text");
    assert_eq!(pair.rule("Tell me a joke").await, "jokes");
    assert_eq!(pair.rule("What is the capital of France?").await, "rest");
    for front in Front::ALL {
        let answer = pair.call(front.call("auto", "I want my money back", true)).await;
        assert!(route(&answer).contains("rule=refunds"), "{}", route(&answer));
    }
    let so_far = [&[3, 1, 1, 1][..], &[1; Front::ALL.len()]].concat();
    assert_eq!(embedded(&vectors), so_far);
    let reloaded = Person::of(&pair.gateway, MASTER).done("POST", "/config/reload", json!({})).await;
    assert_eq!(reloaded["status"], "reloaded");
    assert_eq!(pair.rule("Tell me a joke").await, "jokes");
    assert_eq!(embedded(&vectors).last(), Some(&1), "a reload makes no vectors anew");
    let direct = pair.call(Front::Chat.call("small", "Tell me a joke", false)).await;
    assert_eq!((direct.status(), embedded(&vectors).len()), (200, so_far.len() + 1));
    let explained = json!({ "request_body": Front::Chat.body("auto", "Tell me a joke", false) });
    let explained = Person::of(&pair.gateway, MASTER).done("POST", "/utils/route", explained).await;
    assert_eq!(explained["router"]["rules"][0]["condition_not_met"], "examples", "nothing is sent to explain");
    assert_eq!(embedded(&vectors).len(), so_far.len() + 1);
}

#[tokio::test]
async fn without_vectors_the_other_rules_decide_and_soon_nobody_waits_for_them() {
    for (knobs, most_ms) in [("status=500", 1_500), ("delay_ms=60000", 6_000)] {
        let vectors = mock(knobs).await;
        let pair = Pair::with_vectors(&vectors, "timeout: 2").await;
        let began = std::time::Instant::now();
        assert_eq!(pair.rule("Tell me a joke").await, "rest");
        assert!(began.elapsed().as_millis() < most_ms, "{knobs}: {:?}", began.elapsed());
        let asked = vectors.requests().len();
        let began = std::time::Instant::now();
        for _ in 0..20 {
            assert_eq!(pair.rule("Tell me a joke").await, "rest");
        }
        assert!(began.elapsed().as_millis() < 3_000, "{knobs}: {:?}", began.elapsed());
        assert!(vectors.requests().len() <= asked + 1, "who failed rests for a while");
    }
}

#[tokio::test]
async fn who_would_be_refused_gets_no_vectors_made() {
    let vectors = mock("").await;
    let pair = Pair::with_vectors(&vectors, "").await;
    let key = pair.key(json!({ "rpm_limit": 1, "models": ["auto"] })).await;
    assert_eq!(pair.call_as(&key, ask("Tell me a joke", json!({}))).await.status(), 200, "by the router's own right");
    let made = vectors.requests().len();
    assert_eq!(pair.call_as(&key, ask("Tell me a joke", json!({}))).await.status(), 429);
    let other = pair.key(json!({ "models": ["something-else"] })).await;
    assert_eq!(pair.call_as(&other, ask("Tell me a joke", json!({}))).await.status(), 403);
    let named = json!({ "fallbacks": ["something-else"] });
    let narrow = pair.key(json!({ "models": ["auto"] })).await;
    assert_eq!(pair.call_as(&narrow, ask("Tell me a joke", named)).await.status(), 403);
    assert_eq!(pair.call_as("sk-nobody", ask("Tell me a joke", json!({}))).await.status(), 401);
    assert_eq!(vectors.requests().len(), made);
}

#[tokio::test]
async fn the_incumbents_routes_by_examples_are_understood() {
    let (small, premium, vectors) = (mock("").await, mock("").await, mock("").await);
    let marker = r#"  - model_name: router1
    litellm_params:
      model: auto_router/router1
      auto_router_config: '{"routes": [{"name": "premium", "utterances": ["Tell me a joke"], "score_threshold": 0.999}]}'
      auto_router_default_model: small
      auto_router_embedding_model: vectors"#;
    let config =
        Config::default().openai("small", &small, "").openai("premium", &premium, "").openai("vectors", &vectors, "");
    let gateway =
        Gateway::start(&format!("{}{marker}\ngeneral_settings: {{master_key: {MASTER}}}\n", config.yaml())).await;
    let pair = Pair { small, premium, gateway };
    for (text, model) in [("Tell me a joke", "premium"), ("What is the capital of France?", "small")] {
        let answer = pair.call(Front::Chat.call("router1", text, false)).await;
        assert!(route(&answer).starts_with(&format!("model={model};")), "{}", route(&answer));
    }
}

#[tokio::test]
async fn routers_are_shown_among_the_models_to_those_who_may_use_them() {
    let pair = Pair::start("", "", RULES).await;
    let rows = async |key: &str, query: &str| {
        let shown = Person::of(&pair.gateway, key).see(&format!("/model/info{query}")).await;
        shown["data"].as_array().expect("rows").clone()
    };
    let all = rows(MASTER, "").await;
    let router = all.iter().find(|row| row["model_name"] == "auto").expect("the router is there");
    assert_eq!(router["model_info"]["models"], json!(["premium", "small"]));
    assert_eq!(router["model_info"]["rules"][1]["escalate"], json!(["premium"]));
    assert_eq!(rows(MASTER, "?model=small").await.len(), 1);
    let key = pair.key(json!({ "models": ["small"] })).await;
    let own = rows(&key, "").await;
    let router = own.iter().find(|row| row["model_name"] == "auto").expect("it leads to something");
    assert_eq!((&router["model_info"]["models"], &router["model_info"]["rules"]), (&json!(["small"]), &Value::Null));
    let none = pair.key(json!({ "models": ["something-else"] })).await;
    assert_eq!(rows(&none, "").await.len(), 0);
}
