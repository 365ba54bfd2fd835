//! Chats as this API takes them, and what it cannot take.

use serde_json::{Value, json};
use types::{Abilities, Answer, Block, Delta, Event, Fault, Operation};

use crate::responses::seal;
use crate::trial::{Upstream, events_of};
use crate::{Back, Front, Issuer, OpenAi, Outgoing, Responses};

fn sent(chat: Value) -> Result<Outgoing, Fault> {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hello" }] });
    for (name, value) in chat.as_object().unwrap() {
        body[name] = value.clone();
    }
    let request = OpenAi.read_request(Operation::Chat, body.to_string().as_bytes()).unwrap();
    thinker(None).write(&Responses, &request)
}

/// A model that can think, and an account.
fn thinker(issuer: Option<Issuer>) -> Upstream {
    let mut upstream = Upstream { issuer, ..Upstream::new("gpt-5-pro") };
    upstream.facts.abilities = Abilities { reasoning: true, ..Abilities::default() };
    upstream
}

fn body(chat: Value) -> Value {
    serde_json::from_slice(&sent(chat).unwrap().body).unwrap()
}

#[test]
fn messages_become_items_in_their_order() {
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "look", "arguments": "" } });
    let messages = json!([
        { "role": "system", "content": "be brief" },
        { "role": "user", "content": [{ "type": "text", "text": "see" },
            { "type": "image_url", "image_url": { "url": "https://x/a.png" } }] },
        { "role": "assistant", "content": "well", "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "c1", "content": "found" },
        { "role": "user", "content": "and?" },
    ]);
    let text = |kind: &str, text: &str| json!([{ "type": kind, "text": text }]);
    let expected = json!([
        { "type": "message", "role": "developer", "content": text("input_text", "be brief") },
        { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "see" },
            { "type": "input_image", "image_url": "https://x/a.png", "detail": "auto" }] },
        { "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": "well", "annotations": [] }] },
        { "type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c1", "output": "found" },
        { "type": "message", "role": "user", "content": text("input_text", "and?") },
    ]);
    assert_eq!(body(json!({ "messages": messages }))["input"], expected);
}

#[test]
fn settings_go_by_the_names_of_this_api() {
    let schema = json!({ "type": "object" });
    let tool = json!({ "type": "function", "function": { "name": "look", "parameters": schema } });
    let sent = body(json!({
        "max_completion_tokens": 5, "reasoning_effort": "low", "verbosity": "high", "tools": [tool], "stream": true,
        "tool_choice": { "type": "function", "function": { "name": "look" } }, "parallel_tool_calls": false,
        "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": schema, "strict": true } },
        "metadata": { "a": "b" }, "prompt_cache_key": "k", "user": "ann", "logprobs": true, "top_logprobs": 2,
    }));
    let expected = [
        ("max_output_tokens", json!(5)),
        ("reasoning", json!({ "effort": "low" })),
        ("tools", json!([{ "type": "function", "name": "look", "parameters": schema, "strict": false }])),
        ("tool_choice", json!({ "type": "function", "name": "look" })),
        ("parallel_tool_calls", json!(false)),
        (
            "text",
            json!({ "format": { "type": "json_schema", "name": "a", "schema": schema, "strict": true },
            "verbosity": "high" }),
        ),
        ("metadata", json!({ "a": "b" })),
        ("prompt_cache_key", json!("k")),
        ("user", json!("ann")),
        ("include", json!(["reasoning.encrypted_content", "message.output_text.logprobs"])),
        ("top_logprobs", json!(2)),
        ("store", json!(false)),
        ("stream", json!(true)),
        ("model", json!("gpt-5-pro")),
    ];
    for (name, value) in &expected {
        assert_eq!(&sent[*name], value, "{name}");
    }
    assert_eq!(sent.as_object().unwrap().len(), expected.len() + 1, "{sent}");
}

#[test]
fn what_this_api_has_no_words_for_is_refused_and_a_seed_is_lost() {
    for (name, value) in
        [("n", json!(2)), ("stop", json!(["x"])), ("presence_penalty", json!(1)), ("logit_bias", json!({ "1": 1 }))]
    {
        let fault = sent(json!({ name: value })).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(name)));
    }
    assert_eq!(sent(json!({ "seed": 7, "presence_penalty": 0 })).unwrap().dropped, ["seed"]);
}

/// An answer with reasoning that is encrypted, whole and streamed.
fn answers() -> [Vec<Block>; 2] {
    let item = json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAx" });
    let whole = json!({ "status": "completed", "output": [item] }).to_string();
    let Answer::Chat(answer) = Responses.read_answer(Operation::Chat, whole.as_bytes()).unwrap() else {
        unreachable!()
    };
    let event = |event: Value| format!("data: {event}\n\n");
    let stream = event(json!({ "type": "response.output_item.done", "output_index": 0, "item": item }))
        + &event(json!({ "type": "response.completed", "response": { "status": "completed", "output": [] } }));
    let events = events_of(&Responses, Operation::Chat, &[stream.as_bytes()]);
    let proofs = events.into_iter().filter_map(|event| match event {
        Event::Delta { delta: Delta::Signature(proof), .. } => {
            Some(Block::Thinking { text: String::new(), signature: Some(proof) })
        }
        _ => None,
    });
    [answer.choices.into_iter().flat_map(|choice| choice.blocks).collect(), proofs.collect()]
}

#[test]
fn encrypted_reasoning_returns_to_its_account_with_its_id() {
    let issuer = Issuer { account: 1, deployment: 2 };
    for blocks in answers() {
        let [Block::Thinking { signature: Some(proof), .. }] = &blocks[..] else { panic!("{blocks:?}") };
        let mut proof = proof.clone();
        seal::mark(&mut proof, issuer);
        let thought = json!({ "type": "thinking", "thinking": "", "signature": format!("bG9ja2dhdGU6{proof}") });
        let turn = json!({ "role": "assistant", "content": "well", "thinking_blocks": [thought] });
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hello" }, turn] });
        let request = OpenAi.read_request(Operation::Chat, body.to_string().as_bytes()).unwrap();
        let sent =
            |issuer| String::from_utf8(thinker(issuer).write(&Responses, &request).unwrap().body.to_vec()).unwrap();
        let item = r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAx"}"#;
        assert!(sent(Some(issuer)).contains(item), "{}", sent(Some(issuer)));
        assert!(!sent(Some(Issuer { account: 3, deployment: 4 })).contains("gAAAx"));
        let others = Upstream::new("claude-sonnet-4-5").write(&crate::Anthropic, &request).unwrap();
        assert!(!String::from_utf8_lossy(&others.body).contains("gAAAx"));
    }
}

#[test]
fn json_mode_is_told_to_the_model_unless_somebody_said_json() {
    let asked = |text: &str| {
        let chat =
            json!({ "messages": [{ "role": "user", "content": text }], "response_format": { "type": "json_object" } });
        body(chat)["input"].take()
    };
    let told = asked("Say it.");
    assert_eq!(told[0]["role"], "developer");
    assert_eq!(
        (&told[0]["content"][0]["text"], told.as_array().unwrap().len()),
        (&json!("Answer with a JSON object."), 2)
    );
    assert_eq!(asked("Say it in Json.").as_array().unwrap().len(), 1);
}
