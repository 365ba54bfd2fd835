use types::{Block, Choice, Delta, Event, Finish, Response, ToolCall, Usage};

use super::*;
use crate::json::Object;
use crate::trial::Upstream;
use crate::{GeminiArray, GeminiVector, OpenAi};

/// What a request is to a provider that speaks OpenAI's dialect, or why it cannot be.
fn asked(body: &str) -> Result<String, String> {
    let request = Gemini.read_request(Operation::Chat, body.as_bytes()).map_err(|fault| fault.message)?;
    let outgoing = Upstream::new("m").write(&OpenAi, &request).map_err(|fault| fault.message)?;
    Ok(String::from_utf8(outgoing.body.to_vec()).unwrap())
}

fn check(body: &str, expected: &str) {
    assert_eq!(asked(body).as_deref(), Ok(expected), "{body}");
}

fn refused(body: &str, why: &str) {
    let error = asked(body).expect_err(body);
    assert!(error.contains(why), "{error:?} does not say {why:?}");
}

#[test]
fn a_request_may_be_written_in_either_spelling() {
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"},"#,
        r#"{"role":"assistant","content":"yes?"},{"role":"user","content":[{"type":"text","text":"look"},"#,
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"temperature":0.5,"#,
        r#""max_completion_tokens":9,"stop":["END"]}"#
    );
    check(
        r#"{"systemInstruction":{"parts":[{"text":"be brief"}]},"contents":[{"parts":[{"text":"hi"}]},
            {"role":"model","parts":[{"text":"yes?"}]},{"role":"user","parts":[{"text":"look"},
            {"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],
            "generationConfig":{"temperature":0.5,"maxOutputTokens":9,"stopSequences":["END"]},
            "safetySettings":[{"category":"X"}]}"#,
        expected,
    );
    check(
        r#"{"system_instruction":{"parts":[{"text":"be brief"}]},"contents":[{"parts":[{"text":"hi"}]},
            {"role":"model","parts":[{"text":"yes?"}]},{"role":"user","parts":[{"text":"look"},
            {"inline_data":{"mime_type":"image/png","data":"AAAA"}}]}],
            "generation_config":{"temperature":0.5,"max_output_tokens":9,"stop_sequences":["END"]}}"#,
        expected,
    );
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    refused(r#"{}"#, "contents");
    refused(r#"{"contents":[{"role":"boss","parts":[]}]}"#, "contents[0].role");
    refused(r#"{"contents":[{"parts":[{"text":5}]}]}"#, "contents[0].parts[0].text");
    refused(r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"topK":"x"}}"#, "generationConfig.topK");
    refused(r#"{"contents":[{"parts":[{"text":"hi"}]}],"toolConfig":{"functionCallingConfig":{"mode":"X"}}}"#, "mode");
    refused(r#"{"contents":[{"parts":[{"text":"hi"}]}],"cachedContent":"c"}"#, "cachedContent");
}

#[test]
fn functions_become_tools_with_json_schemas() {
    check(
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f","description":"d",
            "parameters":{"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true,"format":"enum","enum":["a"]},
            "n":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":"1"}},"propertyOrdering":["n"]}}]}],
            "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}"#,
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","#,
            r#""description":"d","parameters":{"type":"object","properties":{"type":{"type":["string","null"],"enum":["a"]},"#,
            r#""n":{"type":"array","items":{"type":"integer"},"minItems":1}}}}}],"#,
            r#""tool_choice":{"type":"function","function":{"name":"f"}}}"#
        ),
    );
}

#[test]
fn results_find_their_calls() {
    let sent = asked(
        r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"name":"g"}}]},
            {"role":"user","parts":[{"functionResponse":{"name":"g","response":{"output":"of g"}}},
            {"functionResponse":{"name":"f","response":{"error":"broken"}}}]}]}"#,
    );
    let sent = sent.unwrap();
    for part in [
        r#""id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}"#,
        r#"{"role":"tool","tool_call_id":"call_2","content":"of g"}"#,
        r#""tool_call_id":"call_1""#,
    ] {
        assert!(sent.contains(part), "{sent} has no {part}");
    }
}

#[test]
fn thinking_is_asked_for_by_budget_or_level() {
    for (config, effort) in [
        (r#"{"thinkingBudget":0}"#, "none"),
        (r#"{"thinkingBudget":4096}"#, "medium"),
        (r#"{"thinkingLevel":"HIGH"}"#, "high"),
        (r#"{"thinking_level":"low"}"#, "low"),
    ] {
        let body = format!(
            r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"generationConfig":{{"thinkingConfig":{config}}}}}"#
        );
        let Ok(Request::Chat(chat)) = Gemini.read_request(Operation::Chat, body.as_bytes()) else { panic!("{config}") };
        let reasoning = chat.reasoning.unwrap();
        let meant = reasoning.effort.or(reasoning.budget_tokens.map(crate::turns::effort_of_budget)).unwrap();
        assert_eq!(meant.as_str(), effort, "{config}");
    }
}

#[test]
fn the_same_request_reaches_google_as_it_was() {
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]},
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"sig"}]},
        {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"a":1}}}]}],
        "generationConfig":{"topK":3,"responseModalities":["TEXT"]},"safetySettings":[{"category":"X"}]}"#;
    let request = Gemini.read_request(Operation::Chat, body.as_bytes()).unwrap();
    let outgoing = Upstream::new("gemini-3-pro-preview").write(&Gemini, &request).unwrap();
    let sent = String::from_utf8(outgoing.body.to_vec()).unwrap();
    for part in [
        r#""thoughtSignature":"sig""#,
        r#""response":{"a":1}"#,
        r#""topK":3"#,
        r#""responseModalities":["TEXT"]"#,
        r#""safetySettings":[{"category":"X"}]"#,
    ] {
        assert!(sent.contains(part), "{sent} has no {part}");
    }
}

#[test]
fn vectors_are_asked_for_one_by_one_and_together() {
    let sent = |request: &Request| {
        String::from_utf8(Upstream::new("m").write(&OpenAi, request).unwrap().body.to_vec()).unwrap()
    };
    let one = br#"{"content":{"parts":[{"text":"a"}]},"outputDimensionality":3}"#;
    let one = GeminiVector.read_request(Operation::Embedding, one).unwrap();
    assert_eq!(sent(&one), r#"{"model":"m","input":["a"],"dimensions":3}"#);
    let batch = br#"{"requests":[{"model":"models/x","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]}"#;
    assert_eq!(sent(&Gemini.read_request(Operation::Embedding, batch).unwrap()), r#"{"model":"m","input":["a","b"]}"#);
    let mixed =
        br#"{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[]},"taskType":"CLUSTERING"}]}"#;
    let error = Gemini.read_request(Operation::Embedding, mixed).unwrap_err();
    assert!(error.message.contains("requests[1]"), "{}", error.message);
    let answer = Answer::Embedding(Box::new(types::Embeddings { vectors: vec![vec![0.5]], ..Default::default() }));
    let text = |bytes: BytesMut| String::from_utf8(bytes.to_vec()).unwrap();
    let stamp = Stamp::default();
    assert_eq!(
        text(GeminiVector.write_answer(Operation::Embedding, &answer, &stamp)),
        r#"{"embedding":{"values":[0.5]}}"#
    );
    assert_eq!(
        text(Gemini.write_answer(Operation::Embedding, &answer, &stamp)),
        r#"{"embeddings":[{"values":[0.5]}]}"#
    );
}

#[test]
fn an_answer_is_bounded_in_the_settings() {
    let bounded = |body: &'static str| {
        let body = Object::parse(body.into()).unwrap();
        let edit = body.with(|root| Gemini.bounded(Operation::Chat, root, 7));
        (body.with(|root| Gemini.output_bound(root)), String::from_utf8(body.splice(&[edit]).concat()).unwrap())
    };
    let camel = bounded(r#"{"generationConfig":{"maxOutputTokens":100,"topK":1}}"#);
    assert_eq!(camel, (Some(100), r#"{"generationConfig":{"topK":1,"maxOutputTokens":7}}"#.to_owned()));
    let snake = bounded(r#"{"generation_config":{"max_output_tokens":100}}"#);
    assert_eq!(snake, (Some(100), r#"{"generation_config":{"max_output_tokens":7}}"#.to_owned()));
}

fn events() -> Vec<Event> {
    let delta = |delta| Event::Delta { choice: 0, delta };
    vec![
        Event::Start { id: "r".to_owned(), model: "up".to_owned() },
        delta(Delta::Thinking("hm".to_owned())),
        delta(Delta::Text("a".to_owned())),
        delta(Delta::ToolStart { index: 0, id: "c".to_owned(), name: "f".to_owned(), signature: None }),
        delta(Delta::ToolArguments { index: 0, fragment: r#"{"x":1}"#.to_owned() }),
        Event::Finish { choice: 0, finish: Finish::ToolCalls, stop_sequence: None },
        Event::Usage(Usage { input: Some(5), output: Some(3), reasoning: Some(1), ..Usage::default() }),
        Event::End,
    ]
}

fn streamed(front: &dyn Front) -> String {
    let mut writer = front.stream_writer(Operation::Chat, Stamp::default());
    let mut out = BytesMut::new();
    events().into_iter().for_each(|event| writer.write(event, &mut out));
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn a_stream_is_answers_in_pieces_as_events_or_as_an_array() {
    let piece = |part: &str, more: &str, tail: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}}{more},"index":0}}],{tail}"modelVersion":"up","responseId":"r"}}"#
        )
    };
    let usage = concat!(
        r#""usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"thoughtsTokenCount":1,"#,
        r#""totalTokenCount":8},"#
    );
    let pieces = [
        piece(r#"{"text":"hm","thought":true}"#, "", ""),
        piece(r#"{"text":"a"}"#, "", ""),
        piece(r#"{"functionCall":{"id":"c","name":"f","args":{"x":1}}}"#, "", ""),
        piece(r#"{"text":""}"#, r#","finishReason":"STOP""#, usage),
    ];
    let events: String = pieces.iter().map(|piece| format!("data: {piece}\r\n\r\n")).collect();
    assert_eq!(streamed(&Gemini), events);
    assert_eq!(streamed(&GeminiArray), format!("[{}]", pieces.join(",\r\n")));
}

#[test]
fn a_whole_answer_has_all_its_parts_and_counts() {
    let call = ToolCall {
        id: String::new(),
        name: "f".to_owned(),
        arguments: "{}".to_owned(),
        signature: Some("s".to_owned()),
    };
    let blocks = vec![Block::text("hi"), Block::ToolCall(call)];
    let choice = Choice { blocks, finish: Finish::Length, stop_sequence: None, logprobs: None };
    let usage = Usage { input: Some(5), output: Some(3), cache_read: Some(2), ..Usage::default() };
    let response = Response { choices: vec![choice], usage, ..Response::default() };
    let stamp = Stamp { id: "own".to_owned(), model: "x".to_owned(), ..Stamp::default() };
    let written = Gemini.write_answer(Operation::Chat, &Answer::Chat(Box::new(response)), &stamp);
    let expected = concat!(
        r#"{"candidates":[{"content":{"parts":[{"text":"hi"},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"}],"#,
        r#""role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":5,"#,
        r#""candidatesTokenCount":3,"cachedContentTokenCount":2,"totalTokenCount":8},"modelVersion":"x","responseId":"own"}"#
    );
    assert_eq!(String::from_utf8(written.to_vec()).unwrap(), expected);
}

#[test]
fn a_fault_has_googles_words_and_says_when_to_come_again() {
    let wait = std::time::Duration::from_millis(6500);
    let fault = Fault { retry_after: Some(wait), ..Fault::new(FaultKind::RateLimit, Side::Caller, "slow") };
    let body = String::from_utf8(Gemini.write_fault(&fault, 429).to_vec()).unwrap();
    assert_eq!(
        body,
        concat!(
            r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"@type":"#,
            r#""type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}"#
        )
    );
    let mut out = BytesMut::new();
    GeminiArray.stream_writer(Operation::Chat, Stamp::default()).write(Event::Error(Box::new(fault)), &mut out);
    assert!(out.starts_with(b"[{\"error\"") && out.ends_with(b"}]"), "{}", String::from_utf8_lossy(&out));
}
