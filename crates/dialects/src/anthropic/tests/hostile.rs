//! Whatever comes in, the answer is an error and never a panic.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Every body that comes from `value` by putting something else in one place.
fn mutations(value: &Value) -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let mut out = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("\u{0}\u{1F600}\u{FEFF}"),
        json!([]),
        json!({}),
        json!([{}]),
        json!({"type": "text"}),
        deep,
    ];
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let with = |new| {
                    let mut items = items.clone();
                    items[at] = new;
                    Value::Array(items)
                };
                out.extend(mutations(item).into_iter().map(with));
                out.push(Value::Array([&items[..at], &items[at + 1..]].concat()));
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let with = |new| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), new);
                    Value::Object(fields)
                };
                out.extend(mutations(field).into_iter().map(with));
                let mut fields = fields.clone();
                fields.remove(name);
                out.push(Value::Object(fields));
            }
        }
        _ => {}
    }
    out
}

#[test]
fn any_change_to_a_request_is_refused_clearly_or_can_be_sent() {
    let mut read = 0;
    for body in mutations(&json(REQUEST.as_bytes())) {
        let body = body.to_string();
        match Anthropic.read_request(Operation::Chat, body.as_bytes()) {
            Err(fault) => assert!(fault.status() == 400 && !fault.message.is_empty(), "{body}"),
            Ok(request) => {
                read += 1;
                for abilities in [recent(), budgeted(), old()] {
                    match send(&request, &facts(abilities), true) {
                        Ok(out) => drop(json(&out.body)),
                        Err(fault) => assert_eq!(fault.status(), 400, "{body}"),
                    }
                }
            }
        }
    }
    assert!(read > 100);
}

#[test]
fn any_change_to_an_answer_can_be_told_or_is_malformed() {
    for body in mutations(&json(ANSWER.as_bytes())) {
        let body = body.to_string();
        if let Ok(answer) = Anthropic.read_answer(Operation::Chat, body.as_bytes()) {
            json(&Anthropic.write_answer(Operation::Chat, &answer, &crate::Stamp::default()));
        }
    }
}

#[test]
fn any_change_to_an_event_can_be_told_or_is_malformed() {
    let data = |line: &'static str| line.strip_prefix("data: ");
    for event in STREAM.lines().filter_map(data) {
        for changed in mutations(&json(event.as_bytes())) {
            let changed = changed.to_string();
            let mut reader = Anthropic.stream_reader(Operation::Chat);
            let mut writer = Anthropic.stream_writer(Operation::Chat, crate::Stamp::default());
            let (mut events, mut out) = (Vec::new(), bytes::BytesMut::new());
            for data in [changed.as_str(), event, changed.as_str(), r#"{"type":"message_stop"}"#] {
                let _ = reader.read(data.as_bytes(), &mut events);
                Anthropic.glance(data.as_bytes(), &types::Usage::default());
            }
            events.drain(..).for_each(|event| writer.write(event, &mut out));
            for data in String::from_utf8(out.to_vec()).unwrap().lines().filter_map(|line| line.strip_prefix("data: "))
            {
                json(data.as_bytes());
            }
        }
    }
}

proptest! {
    #[test]
    fn bytes_never_cause_a_panic(bytes: Vec<u8>, status in 400..600u16) {
        let mut out = Vec::new();
        let _ = Anthropic.read_request(Operation::Chat, &bytes);
        let _ = Anthropic.read_request(Operation::CountTokens, &bytes);
        let _ = Anthropic.read_answer(Operation::Chat, &bytes);
        let _ = Anthropic.stream_reader(Operation::Chat).read(&bytes, &mut out);
        Anthropic.read_fault(status, &bytes);
        Anthropic.glance(&bytes, &types::Usage::default());
        crate::anthropic::glance::holds_our_marks(&bytes);
    }
}

#[test]
fn a_turn_of_endless_calls_is_refused() {
    let calls: Vec<_> =
        (0..1000).map(|id| json!({"type": "tool_use", "id": id.to_string(), "name": "f", "input": {}})).collect();
    let messages = json!([{"role": "user", "content": "go"}, {"role": "assistant", "content": calls}]);
    let body = json!({"model": "m", "max_tokens": 1, "messages": messages}).to_string();
    let request = Anthropic.read_request(Operation::Chat, body.as_bytes()).unwrap();
    assert!(send(&request, &facts(old()), true).unwrap_err().message.contains("512"));
}

#[test]
fn a_text_of_marks_is_scanned_once() {
    let many = "\"signature\" ".repeat(100_000);
    assert!(!crate::anthropic::glance::holds_our_marks(many.as_bytes()));
}
