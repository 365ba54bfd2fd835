//! Tools that OpenAI's models have built in, over models that have not.

use std::rc::Rc;

use bytes::BytesMut;
use serde_json::{Value, json};
use types::{Answer, Block, Choice, Delta, Event, Finish, Operation, Request, Response, Tool, ToolCall};

use crate::json::Object;
use crate::{Front, Responses, Stamp};

fn request() -> Value {
    json!({
        "input": [
            { "role": "user", "content": "look" },
            { "type": "local_shell_call", "id": "lsh_1", "call_id": "c1", "status": "completed",
                "action": { "type": "exec", "command": ["ls"], "env": {} } },
            { "type": "local_shell_call_output", "id": "c1", "output": "a.txt" },
            { "type": "apply_patch_call", "call_id": "c2", "status": "completed",
                "operation": { "type": "delete_file", "path": "a.txt" } },
            { "type": "apply_patch_call_output", "call_id": "c2", "status": "completed", "output": "gone" },
        ],
        "tools": [{ "type": "local_shell" }, { "type": "apply_patch" }],
    })
}

fn stamp() -> Stamp {
    let body = Object::parse(request().to_string().into()).unwrap();
    let echo: Option<Rc<str>> = body.with(|root| Responses.echo(root, true));
    Stamp { id: "x".to_owned(), echo, ..Stamp::default() }
}

#[test]
fn they_are_offered_as_functions_and_what_they_did_is_calls_of_these() {
    let request = Responses.read_request(Operation::Chat, request().to_string().as_bytes()).unwrap();
    let Request::Chat(chat) = request else { unreachable!() };
    let names = chat.tools.iter().map(|tool| match tool {
        Tool::Function(function) => &*function.name,
        Tool::Opaque { .. } => "opaque",
    });
    assert_eq!(names.collect::<Vec<_>>(), ["local_shell", "apply_patch"]);
    let blocks: Vec<_> = chat.messages.iter().flat_map(|message| &message.blocks).collect();
    let calls = blocks.iter().filter_map(|block| match block {
        Block::ToolCall(call) => {
            Some((&*call.id, &*call.name, serde_json::from_str::<Value>(&call.arguments).unwrap()))
        }
        _ => None,
    });
    let expected = [
        ("c1", "local_shell", json!({ "type": "exec", "command": ["ls"], "env": {} })),
        ("c2", "apply_patch", json!({ "type": "delete_file", "path": "a.txt" })),
    ];
    assert_eq!(calls.collect::<Vec<_>>(), expected);
    let answered = blocks.iter().filter_map(|block| match block {
        Block::ToolResult(result) => Some(&*result.call_id),
        _ => None,
    });
    assert_eq!(answered.collect::<Vec<_>>(), ["c1", "c2"]);
}

#[test]
fn calls_of_them_come_back_as_what_the_caller_carries_out() {
    let call = |id: &str, name: &str, arguments: &str| {
        let (id, name, arguments) = (id.to_owned(), name.to_owned(), arguments.to_owned());
        Block::ToolCall(ToolCall { id, name, arguments, signature: None })
    };
    let patch = r#"{"type":"update_file","path":"a","diff":"+b"}"#;
    let blocks =
        vec![call("c1", "local_shell", r#"{"command":["ls","-l"],"timeout_ms":5}"#), call("c2", "apply_patch", patch)];
    let choice = Choice { blocks, finish: Finish::ToolCalls, stop_sequence: None, logprobs: None };
    let answer = Answer::Chat(Box::new(Response { choices: vec![choice], ..Response::default() }));
    let whole: Value = serde_json::from_slice(&Responses.write_answer(Operation::Chat, &answer, &stamp())).unwrap();
    let shell = &whole["output"][0];
    let action = json!({ "type": "exec", "env": {}, "command": ["ls", "-l"], "timeout_ms": 5 });
    assert_eq!(
        (&shell["type"], &shell["call_id"], &shell["action"]),
        (&json!("local_shell_call"), &json!("c1"), &action)
    );
    let edit = &whole["output"][1];
    let operation = json!({ "type": "update_file", "path": "a", "diff": "+b" });
    assert_eq!((&edit["type"], &edit["operation"]), (&json!("apply_patch_call"), &operation));
    assert!(edit.get("arguments").is_none() && edit.get("name").is_none());
    let mut writer = Responses.stream_writer(Operation::Chat, stamp());
    let mut out = BytesMut::new();
    let deltas = [
        Delta::ToolStart { index: 0, id: "c2".to_owned(), name: "apply_patch".to_owned(), signature: None },
        Delta::ToolArguments { index: 0, fragment: patch[..9].to_owned() },
        Delta::ToolArguments { index: 0, fragment: patch[9..].to_owned() },
    ];
    deltas.into_iter().for_each(|delta| writer.write(Event::Delta { choice: 0, delta }, &mut out));
    writer.write(Event::End, &mut out);
    let text = String::from_utf8(out.to_vec()).unwrap();
    let events: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let item = ["response.output_item.added", "response.output_item.done"];
    assert_eq!(kinds, [&["response.created", "response.in_progress"], &item[..], &["response.completed"]].concat());
    assert_eq!((&events[2]["item"]["status"], &events[3]["item"]["operation"]), (&json!("in_progress"), &operation));
}
