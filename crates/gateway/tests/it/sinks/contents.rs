//! What was said in calls is in the log where somebody wants it there, and nowhere else.

use serde_json::{Value, json};

use super::{call_id, story};
use crate::callers::Front;
use crate::client::Call;
use crate::manage::{Office, Person};

const KEPT: &str = "general_settings:\n  store_prompts_in_spend_logs: true\n";

/// What the log says of a call that this person makes.
async fn said(office: &Office, person: &Person<'_>, call: &Call) -> Value {
    let answer = person.send(call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    story(&office.gateway, &call_id(&answer)).await
}

/// The same when what was said is there.
async fn kept(office: &Office, person: &Person<'_>, call: &Call) -> Value {
    let answer = person.send(call).await;
    let id = call_id(&answer);
    super::ear::until(async || {
        let story = story(&office.gateway, &id).await;
        (story["proxy_server_request"] != json!({})).then_some(story)
    })
    .await
}

/// Waits until what was said in some call is kept: by then that of all calls before it is, if it ever is.
async fn settle(office: &Office) {
    kept(office, &office.master(), &Front::Chat.call("demo", "the last", false)).await;
}

#[tokio::test]
async fn nothing_that_is_said_is_kept_unless_somebody_wants_it() {
    let office = Office::open("").await;
    let own = office.key(json!({"metadata": {"store_prompts_in_spend_logs": true}})).await;
    let story = said(&office, &office.master(), &Front::Chat.call("demo", "a secret", false)).await;
    kept(&office, &office.with(&own), &Front::Chat.call("demo", "no secret", false)).await;
    assert_eq!((&story["messages"], &story["response"]), (&json!({}), &json!({})));
    let again = super::story(&office.gateway, story["request_id"].as_str().unwrap()).await;
    assert_eq!(again["proxy_server_request"], json!({}), "its key says nothing");
}

#[tokio::test]
async fn what_was_said_is_shown_with_its_call_whole_or_streamed_in_every_dialect() {
    let office = Office::open(KEPT).await;
    for front in Front::ALL {
        for stream in [false, true] {
            let story = kept(&office, &office.master(), &front.call("demo", "hello there", stream)).await;
            assert!(story["messages"].to_string().contains("hello there"), "{front:?} {stream}: {story}");
            let answer = story["response"].to_string();
            let heard = office.master().send(&front.call("demo", "hello there", false)).await.text();
            let word =
                heard.split(|c: char| !c.is_alphabetic()).find(|word| ["lorem", "ipsum", "Hello"].contains(word));
            let word = word.unwrap_or("demo");
            assert!(answer.contains(word), "{front:?} {stream}: {word:?} is not in {answer}, but was in {heard}");
            assert_eq!(story["content_cut"], false);
        }
    }
    let page = office.master().see("/spend/logs/v2?page_size=5").await;
    assert_eq!(page["data"][0]["messages"], json!({}), "pages stay small");
}

#[tokio::test]
async fn whoever_wants_nothing_kept_prevails() {
    let office = Office::open(KEPT).await;
    let metadata = |fields: Value| json!({"metadata": fields});
    let off = office.key(metadata(json!({"store_prompts_in_spend_logs": false}))).await;
    let redacted = office.key(metadata(json!({"turn_off_message_logging": true}))).await;
    office
        .master()
        .done("POST", "/team/new", json!({"team_id": "quiet", "metadata": {"turn_off_message_logging": true}}))
        .await;
    let quiet = office.key(json!({"team_id": "quiet", "metadata": {"store_prompts_in_spend_logs": true}})).await;
    let plain = Front::Chat.call("demo", "hush", false);
    let mut ids = Vec::new();
    for key in [&off, &redacted, &quiet] {
        ids.push(call_id(&office.with(key).send(&plain).await));
    }
    let hushed = plain.clone().header("x-litellm-enable-message-redaction", "true");
    ids.push(call_id(&office.master().send(&hushed).await));
    let body =
        json!({"model": "demo", "messages": [{"role": "user", "content": "hush"}], "turn_off_message_logging": true});
    ids.push(call_id(&office.master().send(&Call::post("/v1/chat/completions", &body)).await));
    settle(&office).await;
    for id in ids {
        let story = story(&office.gateway, &id).await;
        assert!(!story.to_string().contains("hush"), "{story}");
    }
}

#[tokio::test]
async fn a_refused_call_keeps_what_was_asked_and_only_those_who_see_a_call_see_what_was_said() {
    let office = Office::open(KEPT).await;
    let (mine, other) = (office.key(json!({"user_id": "me"})).await, office.key(json!({"user_id": "you"})).await);
    office.master().done("POST", "/user/new", json!({"user_id": "me"})).await;
    let call = Front::Chat.call("demo", "only mine", false);
    let answer = office.with(&mine).send(&call).await;
    let id = call_id(&answer);
    kept(&office, &office.with(&mine), &call).await;
    let path = format!("/spend/logs/ui/{id}");
    assert!(office.with(&mine).see(&path).await.to_string().contains("only mine"));
    let message = office.with(&other).refused("GET", &path, Value::Null, 404).await;
    assert!(!message.contains("only mine"));

    let refused = office.master().send(&Front::Chat.call("nobody's", "in vain", false)).await;
    assert_eq!(refused.status(), 400);
    let id = call_id(&refused);
    let story = super::ear::until(async || {
        let story = story(&office.gateway, &id).await;
        (story["proxy_server_request"] != json!({})).then_some(story)
    })
    .await;
    assert!(story["messages"].to_string().contains("in vain"), "{story}");
    assert_eq!(story["response"], json!({}));
}
