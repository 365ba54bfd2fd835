//! What passes through unread keeps its spelling: the order of keys, numbers that no float can hold, escapes. Models
//! and their caches are sensitive to the first, tools to the others.

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use types::{Answer, Event, Operation};

use crate::json::Object;
use crate::trial::{Upstream, events_of};
use crate::{Anthropic, BACKS, Back, Front, Gemini, Ollama, OpenAi, Stamp};

/// Backs that have no chats.
const SPEAKERS: [&str; 2] = ["deepgram", "elevenlabs"];

/// Keys out of order, numbers in every spelling, escapes for what needs none.
const SCHEMA: &str = r#"{"type":"object","z":1.0,"a":{"maximum":1e400,"minimum":-0,"big":9007199254740993},"required":["\u00fc","b"],"m":[]}"#;
const ARGUMENTS: &str = r#"{"z":9007199254740993,"a":1.0,"e":1E+2,"n":"\u0000","u":"\u00e9é\ud83d\ude00"}"#;
/// Text as it is, and as JSON of one's own choice.
const TEXT: &str = "a\u{0}\u{1f}\u{2028}é😀\u{fffd}\"\\/";
const TEXT_JSON: &str = r#""a\u0000\u001f\u2028\u00e9\ud83d\ude00\ufffd\"\\\/""#;

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A caller's request with a tool, a call of it in the history, and the text.
fn asked(front: &dyn Front) -> String {
    match front.name() {
        "openai" => format!(
            r#"{{"model":"m","tools":[{{"type":"function","function":{{"name":"f","parameters":{SCHEMA}}}}}],"messages":[{{"role":"user","content":{TEXT_JSON}}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"c","type":"function","function":{{"name":"f","arguments":{}}}}}]}},{{"role":"tool","tool_call_id":"c","content":{TEXT_JSON}}}]}}"#,
            quoted(ARGUMENTS)
        ),
        _ => format!(
            r#"{{"model":"m","max_tokens":9,"tools":[{{"name":"f","input_schema":{SCHEMA}}}],"messages":[{{"role":"user","content":{TEXT_JSON}}},{{"role":"assistant","content":[{{"type":"tool_use","id":"c","name":"f","input":{ARGUMENTS}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c","content":{TEXT_JSON}}}]}}]}}"#
        ),
    }
}

#[test]
fn requests_keep_the_spelling_of_schemas_and_arguments_and_every_character() {
    for front in [&OpenAi as &dyn Front, &Anthropic] {
        let request = front.read_request(Operation::Chat, asked(front).as_bytes()).unwrap();
        for back in BACKS.iter().filter(|back| !SPEAKERS.contains(&back.name())) {
            let what = format!("{} -> {}", front.name(), back.name());
            let body = Upstream::new("m").write(*back, &request).unwrap().body;
            let body = std::str::from_utf8(&body).unwrap();
            assert!(body.contains(SCHEMA), "{what}: {body}");
            let is_like_openais =
                ["openai", "responses", "watsonx", "sagemaker", "fim", "cohere"].contains(&back.name());
            let arguments = if is_like_openais { quoted(ARGUMENTS) } else { ARGUMENTS.to_owned() };
            assert!(body.contains(&arguments), "{what}: {body}");
            let texts = strings(&serde_json::from_str(&body.replace("1e400", "1")).unwrap());
            assert_eq!(texts.iter().filter(|text| *text == TEXT).count(), 2, "{what}: {body}");
        }
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(map) => map.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// A provider's answer with the text and a call: whole, and streamed.
fn answered(back: &dyn Back) -> (String, String) {
    let arguments = quoted(ARGUMENTS);
    let sse = |events: &[String]| events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>();
    match back.name() {
        "openai" => {
            let call = format!(r#"[{{"index":0,"id":"c","type":"function","function":{{"name":"f","arguments":{arguments}}}}}]"#);
            let part = |place: &str| format!(r#"{{"choices":[{{"{place}":{{"content":{TEXT_JSON},"tool_calls":{call}}},"finish_reason":"tool_calls"}}]}}"#);
            (part("message"), sse(&[part("delta"), "[DONE]".to_owned()]))
        }
        "anthropic" => (
            format!(
                r#"{{"content":[{{"type":"text","text":{TEXT_JSON}}},{{"type":"tool_use","id":"c","name":"f","input":{ARGUMENTS}}}],"stop_reason":"tool_use"}}"#
            ),
            sse(&[
                format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":{TEXT_JSON}}}}}"#),
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}"#.to_owned(),
                format!(r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":{arguments}}}}}"#),
                r#"{"type":"message_stop"}"#.to_owned(),
            ]),
        ),
        "gemini" => {
            let body = format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":{TEXT_JSON}}},{{"functionCall":{{"name":"f","args":{ARGUMENTS}}}}}]}},"finishReason":"STOP"}}]}}"#
            );
            (body.clone(), sse(&[body]))
        }
        _ => {
            let body = format!(
                r#"{{"message":{{"content":{TEXT_JSON},"tool_calls":[{{"function":{{"name":"f","arguments":{ARGUMENTS}}}}}]}},"done":true,"done_reason":"stop","eval_count":1}}"#
            );
            (body.clone(), format!("{body}\n"))
        }
    }
}

#[test]
fn answers_keep_the_spelling_of_arguments_and_every_character() {
    let stamp = Stamp { id: "abcdefghijklmnopqrst".to_owned(), ..Stamp::default() };
    for back in [&OpenAi as &dyn Back, &Anthropic, &Gemini, &Ollama] {
        let (whole, stream) = answered(back);
        let answer: Answer = back.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
        let events: Vec<Event> = events_of(back, Operation::Chat, &[stream.as_bytes()]);
        for front in [&OpenAi as &dyn Front, &Anthropic] {
            let what = format!("{} -> {}", back.name(), front.name());
            let body = front.write_answer(Operation::Chat, &answer, &stamp);
            let body = std::str::from_utf8(&body).unwrap();
            let arguments = if front.name() == "openai" { quoted(ARGUMENTS) } else { ARGUMENTS.to_owned() };
            assert!(body.contains(&arguments), "{what}: {body}");
            let texts = strings(&serde_json::from_str(body).unwrap());
            assert!(texts.iter().any(|text| text == TEXT), "{what}: {body}");
            let mut writer = front.stream_writer(Operation::Chat, stamp.clone());
            let mut out = BytesMut::new();
            events.iter().for_each(|event| writer.write(event.clone(), &mut out));
            let told = std::str::from_utf8(&out).unwrap();
            let data = told.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
            let texts: Vec<String> = data.flat_map(|data| strings(&serde_json::from_str(data).unwrap())).collect();
            assert!(texts.iter().any(|text| text == TEXT), "{what}: {told}");
            assert!(texts.concat().contains(ARGUMENTS), "{what}: {told}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_request_and_half_a_character_is_refused() {
    let body = "\u{feff} {\"model\": \"m\"}".as_bytes();
    assert_eq!(Object::parse(Bytes::from_static(body)).unwrap().bytes(), &b" {\"model\": \"m\"}"[..]);
    let half = br#"{"model":"m","messages":[{"role":"user","content":"\ud83d"}]}"#;
    let fault = Object::parse(Bytes::from_static(half)).unwrap_err();
    assert!(fault.status() == 400 && fault.message.contains("surrogate"), "{fault}");
}
