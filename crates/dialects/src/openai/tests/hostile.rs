//! Whatever comes in, nothing panics, and nothing that goes out is broken.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::json::Doc;

/// Checks that this is JSON. (Numbers beyond f64 are, though serde_json reads none.)
fn valid(body: &[u8]) {
    assert!(Doc::parse(body).is_ok(), "{}", String::from_utf8_lossy(body));
}

/// Lets everything that reads bytes read these; what was understood must come out as JSON again.
fn feed(body: &[u8]) {
    for operation in [Operation::Chat, Operation::Completion, Operation::Embedding, Operation::CountTokens] {
        if let Ok(request) = OpenAi.read_request(operation, body) {
            write_for_two_targets(&request);
        }
        if let Ok(answer) = OpenAi.read_answer(operation, body) {
            valid(&OpenAi.write_answer(operation, &answer, &stamp()));
        }
    }
    for status in [200, 400, 404, 999] {
        let fault = OpenAi.read_fault(status, body);
        assert!((400..600).contains(&fault.status()) && fault.message.len() < 3000);
        valid(&OpenAi.write_fault(&fault, fault.status()));
    }
    let _ = OpenAi.glance(body, &Usage::default());
    let stream = [b"data: ", body, b"\n\n"].concat();
    if let Ok(events) = try_events(&[&stream, &stream]) {
        for operation in [Operation::Chat, Operation::Completion] {
            let written = super::stream(operation, &events, &stamp());
            let data = written.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap());
            data.filter(|data| *data != "[DONE]").for_each(|data| valid(data.as_bytes()));
        }
    }
}

fn write_for_two_targets(request: &Request) {
    let simple = Quirks { string_content: true, short_call_ids: true, ..Quirks::default() };
    for quirks in [Quirks::default(), simple] {
        let target = Target {
            model: "up-1",
            name: "acme/up-1",
            facts: &able(),
            quirks: &quirks,
            drop_params: true,
            version: None,
            num_ctx: None,
            issuer: None,
        };
        if let Ok(outgoing) = OpenAi.write_request(request, &target) {
            valid(&outgoing.body);
        }
    }
}

/// Puts `new` in the place of the value that is `at` steps from the root, counted in document order.
fn replace(value: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 {
        *value = new.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, new)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, at, new)),
        _ => {}
    }
}

/// Number of values in a value, itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

fn bodies() -> Vec<Value> {
    let mut bodies: Vec<Value> =
        [fixture!("request.json"), fixture!("answer.json")].map(|body| serde_json::from_slice(body).unwrap()).into();
    for stream in STREAMS {
        let text = std::str::from_utf8(stream).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        bodies.extend(data.filter_map(|data| serde_json::from_str::<Value>(data).ok()));
    }
    // One body of each size will do: chunks of one kind differ by their texts only.
    let mut seen = Vec::new();
    bodies.retain(|body| {
        let is_new = !seen.contains(&size(body));
        seen.push(size(body));
        is_new
    });
    bodies
}

#[test]
fn no_value_of_the_wrong_kind_hurts() {
    let wrong = ["null", "-1", "1e400", "\"x\"", "[]", "{}", "{\"error\":{}}"];
    for body in bodies() {
        let size = size(&body);
        for text in wrong {
            // Numbers beyond f64 are JSON, but not for the mutator.
            let new = serde_json::from_str(text).unwrap_or_else(|_| Value::String("huge".into()));
            for at in 0..size {
                let mut mutant = body.clone();
                replace(&mut mutant, &mut { at }, &new);
                feed(mutant.to_string().replace("\"huge\"", text).as_bytes());
            }
        }
    }
}

#[test]
fn no_cut_and_no_depth_hurts() {
    for body in [fixture!("request.json"), fixture!("answer.json")] {
        for at in (0..body.len()).step_by(7) {
            feed(&body[..at]);
        }
    }
    feed("[".repeat(100_000).as_bytes());
    feed(format!(r#"{{"messages":{}"a"{}}}"#, "[".repeat(120), "]".repeat(120)).as_bytes());
    feed(format!(r#"{{"error":{{"message":"{}"}}}}"#, "ü".repeat(5000)).as_bytes());
}

#[test]
fn endless_choices_and_calls_are_refused() {
    let many = |item: &dyn Fn(usize) -> String| {
        let items: Vec<_> = (0..2000).map(item).collect();
        items.join(",")
    };
    let choices = many(&|index| format!(r#"{{"index":{index},"delta":{{"content":"a"}}}}"#));
    let calls = many(&|index| format!(r#"{{"index":{index},"function":{{"name":"f"}}}}"#));
    let nameless = format!(r#"{{"index":0,"function":{{"arguments":"{}"}}}}"#, "x".repeat(2 << 20));
    for choices in [
        choices,
        format!(r#"{{"delta":{{"tool_calls":[{calls}]}}}}"#),
        format!(r#"{{"delta":{{"tool_calls":[{nameless}]}}}}"#),
        r#"{"index":99999999999,"delta":{}}"#.to_owned(),
    ] {
        let stream = format!("data: {{\"choices\":[{choices}]}}\n\n");
        assert_eq!(try_events(&[stream.as_bytes()]).unwrap_err().kind, FaultKind::Malformed);
    }
}

proptest! {
    #[test]
    fn no_bytes_hurt(body: Vec<u8>, text in "[\\[\\]{}:,\"a-e0-9 ]{0,60}") {
        feed(&body);
        feed(text.as_bytes());
    }
}
