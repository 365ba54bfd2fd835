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
