//! Answers of the Responses API that outlive their call: kept here where the provider keeps none, and made in the background.

mod background;
mod compact;
mod detour;
mod leaving;
mod native;
mod replicas;
mod socket;

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::client::{Answer, Call};
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Person};

/// A gateway with one group that speaks no Responses API itself, and one that does.
pub struct Scene {
    pub gateway: Gateway,
    pub mock: drill::mock::Mock,
}

impl Scene {
    pub async fn new() -> Self {
        Scene::with("").await
    }

    pub async fn with(more: &str) -> Self {
        let mock = mock("").await;
        Scene { gateway: Gateway::start(&config(&mock, more)).await, mock }
    }

    pub fn master(&self) -> Person<'_> {
        Person::of(&self.gateway, MASTER)
    }

    /// Somebody with a new key with these fields.
    pub async fn person(&self, fields: Value) -> Person<'_> {
        let made = self.master().done("POST", "/key/generate", fields).await;
        Person::of(&self.gateway, made["key"].as_str().expect("a new key is shown"))
    }
}

pub fn config(mock: &drill::mock::Mock, more: &str) -> String {
    let base = Back::OpenAi.base(&mock.url());
    let config = Config::default()
        .model("bridged", "openai/demo", &base, "use_chat_completions_api: true")
        .model("slow", "openai/demo@delay_ms=600000", &base, "use_chat_completions_api: true")
        .model("broken", "openai/demo@status=500", &base, "use_chat_completions_api: true")
        .model("breaks", "openai/demo@fault=cut,after=2", &base, "use_chat_completions_api: true")
        .model("native", "hosted_vllm/demo", &base, "")
        .and("router_settings: {num_retries: 0}")
        .and(&format!("general_settings:\n  master_key: {MASTER}\n{more}"));
    config.yaml()
}

/// A new answer; of a stream, what its end says.
pub async fn respond(person: &Person<'_>, body: Value) -> Value {
    let answer = person.ask("POST", "/v1/responses", body.clone()).await;
    assert_eq!(answer.status(), 200, "{body}: {}", answer.text());
    match body["stream"] == true {
        false => answer.json(),
        true => events(&answer).pop().expect("events")["response"].take(),
    }
}

/// The events of a stream.
pub fn events(answer: &Answer) -> Vec<Value> {
    let text = answer.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| panic!("no event: {data}"))).collect()
}

pub fn path(answer: &Value) -> String {
    format!("/v1/responses/{}", answer["id"].as_str().unwrap_or_else(|| panic!("no id: {answer}")))
}

#[tokio::test]
async fn an_answer_is_there_again_for_its_owner_until_it_is_deleted() {
    let scene = Scene::new().await;
    let (own, other) = (scene.person(json!({})).await, scene.person(json!({})).await);
    for stream in [false, true] {
        let made = respond(&own, json!({ "model": "bridged", "input": "hello", "stream": stream })).await;
        assert_eq!((&made["store"], &made["status"]), (&json!(true), &json!("completed")), "{made}");
        assert_eq!(own.see(&path(&made)).await, made);
        let asked = own.see(&format!("{}/input_items", path(&made))).await;
        assert_eq!(asked["data"][0]["content"], json!([{ "type": "input_text", "text": "hello" }]), "{asked}");
        for person in [&other, &scene.master()] {
            let foreign = person.refused("GET", &path(&made), Value::Null, 404).await;
            let missing = person.refused("GET", "/v1/responses/resp_gwnobodys", Value::Null, 404).await;
            let id = made["id"].as_str().unwrap();
            assert_eq!(
                foreign.replace(id, ""),
                missing.replace("resp_gwnobodys", ""),
                "nobody learns that it is there"
            );
            for (method, end) in [("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")] {
                person.refused(method, &format!("{}{end}", path(&made)), Value::Null, 404).await;
            }
        }
        own.refused("POST", &format!("{}/cancel", path(&made)), Value::Null, 400).await;
        let deleted = own.done("DELETE", &path(&made), Value::Null).await;
        assert_eq!(deleted, json!({ "id": made["id"], "object": "response", "deleted": true }));
        own.refused("GET", &path(&made), Value::Null, 404).await;
        own.refused("DELETE", &path(&made), Value::Null, 404).await;
    }
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_not() {
    let scene = Scene::new().await;
    let made = respond(&scene.master(), json!({ "model": "bridged", "input": "hello", "store": false })).await;
    assert_eq!(made["store"], false);
    scene.master().refused("GET", &path(&made), Value::Null, 404).await;
    let scene = Scene::with("  store_responses: false\n").await;
    let made = respond(&scene.master(), json!({ "model": "bridged", "input": "hello" })).await;
    assert_eq!(made["store"], false);
    scene.master().refused("GET", &path(&made), Value::Null, 404).await;
    let more = json!({ "model": "bridged", "input": "go on", "previous_response_id": "resp_1" });
    scene.master().refused("POST", "/v1/responses", more, 400).await;
}

#[tokio::test]
async fn a_conversation_goes_on_from_an_answer_with_all_that_was_said() {
    let scene = Scene::new().await;
    let (own, other) = (scene.person(json!({})).await, scene.person(json!({})).await);
    let tool = json!([{ "type": "function", "name": "look", "parameters": { "type": "object" } }]);
    let first = json!({ "model": "bridged", "input": "first words", "tools": tool, "instructions": "be brief" });
    let first = respond(&own, first).await;
    let call = first["output"].as_array().unwrap().iter().find(|item| item["type"] == "function_call").expect("a call");
    let result = json!([{ "type": "function_call_output", "call_id": call["call_id"], "output": "found it" }]);
    let second = json!({ "model": "bridged", "input": result, "previous_response_id": first["id"], "stream": true });
    let second = respond(&own, second).await;
    assert_eq!(second["previous_response_id"], first["id"]);
    let third = json!({ "model": "bridged", "input": "last words", "previous_response_id": second["id"] });
    respond(&own, third.clone()).await;
    let seen: Value = serde_json::from_slice(&asked(&scene.mock, "last words")[0].body).unwrap();
    let roles: Vec<_> = seen["messages"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect();
    assert_eq!(json!(roles), json!(["user", "assistant", "tool", "assistant", "user"]), "{seen}");
    assert!(!seen.to_string().contains("be brief"), "instructions are those of one call");
    assert_eq!(seen["messages"][2]["content"], "found it");
    let items = own.see(&format!("{}/input_items?order=asc", path(&second))).await;
    let kinds: Vec<_> = items["data"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    assert_eq!(json!(kinds), json!(["message", "function_call", "function_call_output"]));
    let why = other.ask("POST", "/v1/responses", third).await;
    assert_eq!((why.status(), &why.json()["error"]["param"]), (400, &json!("previous_response_id")), "{}", why.text());
    let missing = json!({ "model": "bridged", "input": "x", "previous_response_id": "resp_gwx" });
    let why = own.ask("POST", "/v1/responses", missing).await;
    assert_eq!((why.status(), &why.json()["error"]["code"]), (400, &json!("previous_response_not_found")));
}

#[tokio::test]
async fn what_is_kept_here_goes_on_at_a_provider_that_keeps_its_own() {
    let scene = Scene::new().await;
    let own = scene.master();
    let first = respond(&own, json!({ "model": "bridged", "input": "first words" })).await;
    let second = json!({ "model": "native", "input": "second words", "previous_response_id": first["id"] });
    let second = respond(&own, second).await;
    assert!(second["id"].as_str().unwrap().starts_with("resp_lg"), "{second}");
    let seen: Value = serde_json::from_slice(&asked(&scene.mock, "second words")[0].body).unwrap();
    assert_eq!((seen["input"].as_array().unwrap().len(), seen.get("previous_response_id")), (3, None), "{seen}");
}

#[tokio::test]
async fn users_share_what_their_keys_asked_and_teams_and_strangers_do_not() {
    let scene = Scene::new().await;
    let master = scene.master();
    master.done("POST", "/user/new", json!({ "user_id": "ann", "auto_create_key": false })).await;
    master.done("POST", "/user/new", json!({ "user_id": "bob", "auto_create_key": false })).await;
    let (one, two) = (scene.person(json!({ "user_id": "ann" })).await, scene.person(json!({ "user_id": "ann" })).await);
    let bob = scene.person(json!({ "user_id": "bob" })).await;
    let made = respond(&one, json!({ "model": "bridged", "input": "hello" })).await;
    assert_eq!(two.see(&path(&made)).await, made);
    bob.refused("GET", &path(&made), Value::Null, 404).await;
}

#[tokio::test]
async fn what_is_asked_for_again_is_in_the_log_and_costs_nothing() {
    let scene = Scene::new().await;
    let master = scene.master();
    let made = respond(&master, json!({ "model": "bridged", "input": "hello" })).await;
    master.see(&path(&made)).await;
    let began = std::time::Instant::now();
    loop {
        let page = master.see("/spend/logs/v2?page_size=5").await;
        let rows = page["data"].as_array().unwrap();
        if rows.len() == 2 {
            assert_eq!((&rows[0]["call_type"], &rows[0]["spend"]), (&json!("aresponses"), &json!(0.0)), "{page}");
            assert!(rows[0]["total_tokens"].as_u64().unwrap_or(0) == 0 && rows[1]["total_tokens"].as_u64() > Some(0));
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{rows:?}");
    }
}

#[tokio::test]
async fn other_methods_are_refused_and_strangers_too() {
    let scene = Scene::new().await;
    let answer = scene.master().ask("PUT", "/v1/responses/resp_gwx", Value::Null).await;
    assert_eq!((answer.status(), answer.header("allow")), (405, Some("GET, DELETE")));
    assert_eq!(scene.gateway.call(&Call::get("/v1/responses/resp_gwx")).await.status(), 401);
}
