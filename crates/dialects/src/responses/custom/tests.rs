//! Custom tools and log probabilities on their way between chats and this API, whole and streamed.

use serde_json::{Value, json};
use types::{Operation, Request};

use crate::trial::{Upstream, events_of};
use crate::{Back, Front, OpenAi, Responses, Stamp};

/// A chat with custom tools, as this API gets it.
fn sent(chat: &Value) -> Value {
    let request = OpenAi.read_request(Operation::Chat, chat.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&Upstream::new("gpt-5").write(&Responses, &request).unwrap().body).unwrap()
}

/// An answer of this API, as a chat.
fn chat(answer: &Value) -> Value {
    let answer = Responses.read_answer(Operation::Chat, answer.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&OpenAi.write_answer(Operation::Chat, &answer, &Stamp::default())).unwrap()
}

/// The chunks of the chat that events of this API become.
fn chunks(events: &[Value]) -> Vec<Value> {
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let mut writer = OpenAi.stream_writer(Operation::Chat, Stamp::default());
    let mut out = bytes::BytesMut::new();
    events_of(&Responses, Operation::Chat, &[stream.as_bytes()])
        .into_iter()
        .for_each(|event| writer.write(event, &mut out));
    let text = String::from_utf8(out.to_vec()).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn custom_tools_their_calls_and_what_they_say_are_items_of_their_own() {
    let grammar = json!({ "syntax": "lark", "definition": "start: X" });
    let body = sent(&json!({ "model": "m",
        "tools": [
            { "type": "custom", "custom": { "name": "patch", "description": "d", "format": { "type": "grammar", "grammar": grammar } } },
            { "type": "custom", "custom": { "name": "say", "format": { "type": "text" } } },
            { "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } },
        ],
        "tool_choice": { "type": "custom", "custom": { "name": "patch" } },
        "messages": [
            { "role": "user", "content": "go" },
            { "role": "assistant", "tool_calls": [
                { "id": "c1", "type": "custom", "custom": { "name": "patch", "input": "a \"b\"" } },
                { "id": "c2", "type": "function", "function": { "name": "look", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "c1", "content": "done" },
            { "role": "tool", "tool_call_id": "c2", "content": "seen" },
        ],
    }));
    let tools = json!([
        { "type": "custom", "name": "patch", "description": "d",
            "format": { "type": "grammar", "syntax": "lark", "definition": "start: X" } },
        { "type": "custom", "name": "say", "format": { "type": "text" } },
        { "type": "function", "name": "look", "parameters": { "type": "object" }, "strict": false },
    ]);
    assert_eq!(body["tools"], tools);
    assert_eq!(body["tool_choice"], json!({ "type": "custom", "name": "patch" }));
    let items = json!([
        { "type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "a \"b\"" },
        { "type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}" },
        { "type": "custom_tool_call_output", "call_id": "c1", "output": "done" },
        { "type": "function_call_output", "call_id": "c2", "output": "seen" },
    ]);
    assert_eq!(body["input"].as_array().unwrap()[1..], items.as_array().unwrap()[..]);
}

#[test]
fn a_custom_call_comes_back_as_one_whole_and_streamed() {
    let item = json!({ "type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": "a\nb" });
    let said = chat(&json!({ "id": "resp_1", "model": "m", "status": "completed", "output": [item] }));
    let call = json!({ "id": "c1", "type": "custom", "custom": { "name": "patch", "input": "a\nb" } });
    assert_eq!(said["choices"][0]["message"]["tool_calls"], json!([call]));
    assert_eq!(said["choices"][0]["finish_reason"], "tool_calls");

    let added = json!({ "type": "response.output_item.added", "output_index": 0,
        "item": { "type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "" } });
    let piece =
        |text: &str| json!({ "type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": text });
    let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
    let end = json!({ "type": "response.completed", "response": { "status": "completed", "output": [item] } });
    for events in
        [vec![added.clone(), piece("a\n"), piece("b"), done.clone(), end.clone()], vec![added.clone(), done, end]]
    {
        let chunks = chunks(&events);
        let calls: Vec<&Value> =
            chunks.iter().flat_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array()).flatten().collect();
        assert_eq!((&calls[0]["type"], &calls[0]["id"]), (&json!("custom"), &json!("c1")));
        assert_eq!(calls[0]["custom"]["name"], "patch");
        let input: String = calls.iter().filter_map(|call| call["custom"]["input"].as_str()).collect();
        assert_eq!(input, "a\nb");
        assert!(calls.iter().all(|call| call.get("function").is_none()), "{calls:?}");
        assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    }
}

#[test]
fn a_stream_of_a_chat_has_custom_calls_that_other_chats_can_read() {
    let piece = |call: Value| json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] });
    let start = json!({ "index": 0, "id": "c1", "type": "custom", "custom": { "name": "patch", "input": "a" } });
    let stream: String = [piece(start), piece(json!({ "index": 0, "custom": { "input": "b" } }))]
        .iter()
        .map(|chunk| format!("data: {chunk}\n\n"))
        .collect();
    let events = events_of(&OpenAi, Operation::Chat, &[stream.as_bytes()]);
    let said = format!("{events:?}");
    assert!(said.contains("CustomStart") && !said.contains("ToolStart {"), "{said}");
}

#[test]
fn log_probabilities_come_back_in_the_shape_of_chats() {
    let other = json!({ "token": "wo", "logprob": -2.5, "bytes": [119, 111] });
    let token = json!({ "token": "we", "logprob": -0.5, "bytes": [119, 101], "top_logprobs": [other] });
    let part = json!({ "type": "output_text", "text": "we", "annotations": [], "logprobs": [token] });
    let message = json!({ "type": "message", "role": "assistant", "content": [part] });
    let said = chat(&json!({ "status": "completed", "output": [message] }));
    assert_eq!(said["choices"][0]["logprobs"], json!({ "content": [token], "refusal": null }));

    let bare = json!({ "token": "we", "logprob": -0.5, "top_logprobs": [{ "token": "wo", "logprob": -2.5 }] });
    let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "we", "logprobs": [bare] });
    let plain = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "ll", "logprobs": [] });
    let end = json!({ "type": "response.completed", "response": { "status": "completed", "output": [message] } });
    let chunks = chunks(&[delta, plain, end]);
    let found: Vec<&Value> =
        chunks.iter().map(|chunk| &chunk["choices"][0]["logprobs"]).filter(|found| found.is_object()).collect();
    let streamed = json!({ "token": "we", "logprob": -0.5, "bytes": null,
        "top_logprobs": [{ "token": "wo", "logprob": -2.5, "bytes": null }] });
    assert_eq!(found, [&json!({ "content": [streamed], "refusal": null })]);

    let none = chat(&json!({ "status": "completed",
        "output": [{ "type": "message", "content": [{ "type": "output_text", "text": "we", "logprobs": [] }] }] }));
    assert_eq!(none["choices"][0]["logprobs"], Value::Null);
}

#[test]
fn custom_calls_of_a_model_that_speaks_this_api_stay_what_they_are() {
    let item = json!({ "type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "a" });
    let body = json!({ "status": "completed", "output": [item] }).to_string();
    let answer = Responses.read_answer(Operation::Chat, body.as_bytes()).unwrap();
    let request = json!({ "input": "hi", "tools": [{ "type": "custom", "name": "patch" }] }).to_string();
    assert!(matches!(Responses.read_request(Operation::Chat, request.as_bytes()), Ok(Request::Chat(_))));
    let doc = crate::json::Doc::parse(request.as_bytes()).unwrap();
    let stamp = Stamp { echo: Responses.echo(doc.root(), true), ..Stamp::default() };
    let said: Value = serde_json::from_slice(&Responses.write_answer(Operation::Chat, &answer, &stamp)).unwrap();
    let output = &said["output"][0];
    assert_eq!((&output["type"], &output["input"]), (&json!("custom_tool_call"), &json!("a")));
}
