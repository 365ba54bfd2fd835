use dialects::FRONTS;

use super::*;

fn check(front: &str, stream: bool, body: &str, expected: Option<&str>) {
    let front = FRONTS.iter().find(|one| one.name() == front).unwrap();
    assert_eq!(said(*front, Operation::Chat, stream, body.as_bytes()).as_deref(), expected, "{body}");
}

#[test]
fn what_an_answer_says_is_read_in_every_dialect_whole_and_streamed() {
    let message = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"},
        {"index":1,"message":{"role":"assistant","content":"ho"},"finish_reason":"stop"}]}"#;
    check("openai", false, message, Some("hi"));
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\"}}]}\n\n\
                  data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"o\"}}]}\n\n\
                  data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"i\"},\"finish_reason\":\"stop\"}]}\n\n\
                  data: [DONE]\n\n";
    check("openai", true, stream, Some("hi"));
    let message = r#"{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],
        "stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;
    check("anthropic", false, message, Some("hi"));
    let lines = "{\"message\":{\"role\":\"assistant\",\"content\":\"h\"},\"done\":false}\n\
                 {\"message\":{\"role\":\"assistant\",\"content\":\"i\"},\"done\":true,\"done_reason\":\"stop\"}\n";
    check("ollama", true, lines, Some("hi"));
    let parts = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}]}"#;
    check("gemini", false, parts, Some("hi"));
    check("gemini", true, &format!("data: {parts}\n\n"), Some("hi"));
}

#[test]
fn of_what_says_nothing_nothing_is_known() {
    let calls = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c",
        "type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    for body in [calls, "", "{}", "nonsense", r#"{"choices":[]}"#] {
        check("openai", false, body, None);
    }
    for body in ["", "data: [DONE]\n\n", "data: nonsense\n\n", "[{\"candidates\":[]}]"] {
        check("openai", true, body, None);
        check("gemini", true, body, None);
    }
}

#[test]
fn of_a_long_answer_its_beginning_is_compared() {
    let long = "ä".repeat(COMPARED);
    let body = format!(r#"{{"choices":[{{"index":0,"message":{{"content":"{long}"}},"finish_reason":"stop"}}]}}"#);
    check("openai", false, &body, Some(&long[..COMPARED]));
}
