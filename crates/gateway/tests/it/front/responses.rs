//! OpenAI's Responses API: as it is where the provider has it, in the words of chats where not.

use std::time::Instant;

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::client::Call;
use crate::gateway::{Gateway, PATIENCE};

/// What is asked for, as the caller writes it: with a field that only a provider that keeps answers knows.
const ASKED: &str = r#"{"input" : "hello", "previous_response_id":"resp_1","model":"MODEL",  "temperature":1.0}"#;

async fn gateway(more: &str) -> (Gateway, drill::mock::Mock) {
    let mock = mock("").await;
    let base = Back::OpenAi.base(&mock.url());
    let config = Config::default()
        .model("native", "hosted_vllm/demo", &base, "")
        .model("bridged", "hosted_vllm/demo", &base, "use_chat_completions_api: true")
        .and("router_settings: {num_retries: 0}")
        .and(more);
    (Gateway::start(&config.yaml()).await, mock)
}

fn targets(mock: &drill::mock::Mock) -> Vec<String> {
    mock.requests().into_iter().map(|one| one.target).collect()
}

#[tokio::test]
async fn a_provider_that_has_it_gets_the_callers_own_bytes() {
    let (gateway, mock) = gateway("").await;
    let answer = gateway.call(&Call::new("POST", "/v1/responses").body(ASKED.replace("MODEL", "native"))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let seen = mock.requests();
    assert_eq!((seen.len(), &*seen[0].target), (1, "/v1/responses"));
    assert_eq!(String::from_utf8_lossy(&seen[0].body), ASKED.replace("MODEL", "demo"));
    // The provider's own id behind a mark, by which the conversation goes on there.
    assert!(answer.json()["id"].as_str().is_some_and(|id| id.starts_with("resp_lg") && id.contains("_drill")));
}

#[tokio::test]
async fn a_stream_of_such_a_provider_passes_as_it_is_but_for_the_mark_on_its_id() {
    let (gateway, mock) = gateway("").await;
    let body = json!({ "model": "native", "input": "hello", "stream": true });
    let streamed = gateway.call(&Call::post("/v1/responses", &body)).await.text();
    let own = Call::post("/v1/responses", &json!({ "model": "demo", "input": "hello", "stream": true }));
    let direct = own.send(mock.addr()).await.text();
    let unnumbered = |text: &str| text.replace("drill00000001", "").replace("drill00000002", "");
    let (head, rest) = streamed.split_once("\"resp_lg").unwrap();
    let mark = format!("lg{}_", &rest[..16]);
    assert!(!head.contains("resp_"));
    assert_eq!(unnumbered(&streamed.replace(&mark, "")), unnumbered(&direct));
}

/// Two accounts, whose deployments serve one group.
async fn two_accounts() -> (Gateway, [drill::mock::Mock; 2]) {
    let mocks = [mock("").await, mock("").await];
    let config = mocks.iter().fold(Config::default(), |config, mock| {
        config.model("native", "hosted_vllm/demo", &Back::OpenAi.base(&mock.url()), "")
    });
    (Gateway::start(&config.and("router_settings: {num_retries: 1}").yaml()).await, mocks)
}

async fn respond(gateway: &Gateway, body: &Value) -> Value {
    let answer = gateway.call(&Call::post("/v1/responses", body)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    match body["stream"] == true {
        false => answer.json(),
        true => {
            let text = answer.text();
            let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().expect("events");
            serde_json::from_str::<Value>(last).expect("an event")["response"].take()
        }
    }
}

#[tokio::test]
async fn a_conversation_that_a_provider_keeps_goes_on_there() {
    let (gateway, mocks) = two_accounts().await;
    // Where a conversation begins is chance: more begin until each account has had some.
    for conversation in 0..64 {
        if conversation >= 8 && mocks.iter().all(|mock| !mock.requests().is_empty()) {
            break;
        }
        let stream = conversation % 2 == 0;
        let mut last = respond(&gateway, &json!({ "model": "native", "input": "hello", "stream": stream })).await;
        let mut before: Vec<usize> = mocks.iter().map(|mock| mock.requests().len()).collect();
        for _ in 0..3 {
            let body =
                json!({ "model": "native", "input": "go on", "previous_response_id": last["id"], "stream": stream });
            last = respond(&gateway, &body).await;
        }
        let after: Vec<usize> = mocks.iter().map(|mock| mock.requests().len()).collect();
        before.iter_mut().zip(&after).for_each(|(before, after)| *before = after - *before);
        before.sort_unstable();
        assert_eq!(before, [0, 3], "conversation {conversation}");
    }
    for mock in &mocks {
        assert!(!mock.requests().is_empty());
        for one in mock.requests() {
            let body = String::from_utf8_lossy(&one.body).into_owned();
            assert!(!body.contains("resp_lg"), "{body}");
            assert!(!body.contains("previous_response_id") || body.contains("\"resp_drill"), "{body}");
        }
    }
}

#[tokio::test]
async fn encrypted_reasoning_goes_back_to_its_account_and_to_no_other() {
    let (gateway, [one, other]) = two_accounts().await;
    let turn = |items: &[Value]| json!({ "model": "native", "input": items, "reasoning": { "effort": "low" } });
    let mut items = vec![json!({ "role": "user", "content": "hello" })];
    let said = |answer: Value| answer["output"].as_array().unwrap().clone();
    items.extend(said(respond(&gateway, &turn(&items)).await));
    let (home, away) = if one.requests().is_empty() { (other, one) } else { (one, other) };
    for _ in 0..4 {
        items.push(json!({ "role": "user", "content": "go on" }));
        items.extend(said(respond(&gateway, &turn(&items)).await));
    }
    assert_eq!((home.requests().len(), away.requests().len()), (5, 0));
    let last = String::from_utf8_lossy(&home.requests()[4].body).into_owned();
    assert_eq!(last.matches("\"gAAAAdrill").count(), 4, "as it was given out: {last}");
    // Without that account it goes on, without what only that account understands.
    drop(home);
    items.push(json!({ "role": "user", "content": "go on" }));
    respond(&gateway, &turn(&items)).await;
    let seen = away.requests();
    assert_eq!((seen.len(), &*seen[0].target), (1, "/v1/chat/completions"));
    assert!(!String::from_utf8_lossy(&seen[0].body).contains("drill0"));
}

#[tokio::test]
async fn what_is_kept_elsewhere_is_asked_of_nobody_else() {
    let (gateway, [one, other]) = two_accounts().await;
    let first = respond(&gateway, &json!({ "model": "native", "input": "hello" })).await;
    let (home, away) = if one.requests().is_empty() { (other, one) } else { (one, other) };
    drop(home);
    for _ in 0..4 {
        let body = json!({ "model": "native", "input": "go on", "previous_response_id": first["id"] });
        let answer = gateway.call(&Call::post("/v1/responses", &body)).await;
        assert!(answer.status() >= 500, "{}: {}", answer.status(), answer.text());
    }
    assert_eq!(away.requests().len(), 0);
}

#[tokio::test]
async fn the_operator_may_have_it_bridged_all_the_same() {
    let (gateway, mock) = gateway("").await;
    let answer = gateway.call(&Call::post("/v1/responses", &json!({ "model": "bridged", "input": "hello" }))).await;
    assert_eq!((answer.status(), &answer.json()["store"]), (200, &json!(true)), "{}", answer.text());
    assert_eq!(targets(&mock), ["/v1/chat/completions"]);
}

#[tokio::test]
async fn what_others_have_sealed_does_not_reach_such_a_provider() {
    let (gateway, mock) = gateway("").await;
    let input = json!([{ "role": "user", "content": "sealed" },
        { "type": "reasoning", "summary": [], "encrypted_content": "bG9ja2dhdGU6sig" },
        { "role": "assistant", "content": "well" }, { "role": "user", "content": "go on" }]);
    let answer = gateway.call(&Call::post("/v1/responses", &json!({ "model": "native", "input": input }))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(targets(&mock), ["/v1/chat/completions"]);
    assert!(!String::from_utf8_lossy(&asked(&mock, "sealed")[0].body).contains("bG9ja2dhdGU6"));
}

#[tokio::test]
async fn what_passes_untouched_is_booked_like_everything_else() {
    let (gateway, _mock) = gateway("general_settings: {master_key: sk-master-key}").await;
    let admin = |call: Call| call.header("authorization", "Bearer sk-master-key");
    for stream in [false, true] {
        let body = json!({ "model": "native", "input": "hello there", "stream": stream });
        assert_eq!(gateway.call(&admin(Call::post("/v1/responses", &body))).await.status(), 200);
    }
    let began = Instant::now();
    let rows = loop {
        let rows: Value = gateway.call(&admin(Call::get("/spend/logs"))).await.json();
        if rows.as_array().is_some_and(|rows| rows.len() == 2) {
            break rows;
        }
        assert!(began.elapsed() < PATIENCE, "{rows}");
    };
    for row in rows.as_array().unwrap() {
        assert_eq!((&row["call_type"], &row["prompt_tokens"]), (&json!("aresponses"), &json!(2)), "{row}");
        assert!(row["completion_tokens"].as_u64() > Some(0), "{row}");
    }
}
