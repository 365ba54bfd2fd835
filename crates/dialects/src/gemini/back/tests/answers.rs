//! What is made of Gemini's whole answers.

use types::*;

use crate::trial::{base64, image};
use crate::{Back, Gemini};

fn read(body: &str) -> Result<Response, Fault> {
    match Gemini.read_answer(Operation::Chat, body.as_bytes())? {
        Answer::Chat(response) => Ok(*response),
        other => panic!("{other:?}"),
    }
}

/// The only choice of an answer with this candidate.
fn choice(candidate: &str) -> Result<Choice, Fault> {
    read(&format!(r#"{{"candidates":[{candidate}],"responseId":"r"}}"#)).map(|mut answer| answer.choices.remove(0))
}

fn signed(text: &str, signature: &str) -> Block {
    Block::Text(Text { text: text.to_owned(), signature: Some(signature.to_owned()), ..Text::default() })
}

#[test]
fn a_whole_answer_is_read_with_thoughts_calls_and_counts() {
    let answer = read(include_str!("../../../../fixtures/gemini/whole.json")).unwrap();
    assert_eq!((answer.id.as_str(), answer.model.as_str()), ("aB-c_1/x", "gemini-3.1-pro"));
    let call = |id: &str, name: &str, arguments: &str, signature: Option<&str>| {
        crate::trial::signed_call(id, name, arguments, signature)
    };
    assert_eq!(
        answer.choices,
        [Choice {
            blocks: vec![
                Block::Thinking { text: "The caller wants the weather.".to_owned(), signature: None },
                signed("Let me look é.", "c2ln"),
                call("call_aB-c_1x_0", "get_weather", r#"{"city":"Graz  am See","days":2}"#, Some("Y2FsbA==")),
                call("given", "get_time", "{}", None),
            ],
            finish: Finish::ToolCalls,
            stop_sequence: None,
            logprobs: None,
        }]
    );
    let expected = Usage {
        input: Some(105),
        cache_read: Some(40),
        output: Some(50),
        reasoning: Some(30),
        audio_input: Some(10),
        tier: Some(Tier::Standard),
        ..Usage::default()
    };
    assert_eq!(answer.usage, expected);
}

#[test]
fn every_finish_reason_is_understood() {
    let text = r#"{"text":"x"}"#;
    let call = r#"{"functionCall":{"name":"f"}}"#;
    let thought = r#"{"text":"hm","thought":true}"#;
    use Finish::*;
    for (reason, part, expected) in [
        ("STOP", text, Some(Stop)),
        ("STOP", call, Some(ToolCalls)),
        ("STOP", "", Some(Stop)),
        ("MAX_TOKENS", text, Some(Length)),
        ("MAX_TOKENS", call, Some(Length)),
        ("CONTINUATION", text, Some(Length)),
        ("SAFETY", "", Some(ContentFilter)),
        ("RECITATION", text, Some(ContentFilter)),
        ("LANGUAGE", "", Some(ContentFilter)),
        ("OTHER", "", Some(ContentFilter)),
        ("BLOCKLIST", "", Some(ContentFilter)),
        ("PROHIBITED_CONTENT", "", Some(ContentFilter)),
        ("SPII", "", Some(ContentFilter)),
        ("IMAGE_SAFETY", "", Some(ContentFilter)),
        ("NO_IMAGE", "", Some(ContentFilter)),
        ("ESCALATION", "", Some(ContentFilter)),
        ("MODEL_ARMOR", "", Some(ContentFilter)),
        ("SOMETHING_NEW", "", Some(ContentFilter)),
        ("MALFORMED_FUNCTION_CALL", "", None),
        ("MALFORMED_FUNCTION_CALL", thought, None),
        ("MALFORMED_FUNCTION_CALL", text, Some(Stop)),
        ("UNEXPECTED_TOOL_CALL", call, Some(ToolCalls)),
        ("TOO_MANY_TOOL_CALLS", "", None),
        ("MISSING_THOUGHT_SIGNATURE", "", None),
        ("MALFORMED_RESPONSE", "", None),
    ] {
        let candidate =
            format!(r#"{{"content":{{"parts":[{part}]}},"finishReason":"{reason}","finishMessage":"why"}}"#);
        match (choice(&candidate), expected) {
            (Ok(choice), Some(expected)) => assert_eq!(choice.finish, expected, "{reason} {part}"),
            (Err(fault), None) => {
                assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider), "{reason}");
                assert!(fault.kind.is_retryable() && fault.message.contains("why"), "{fault}");
                assert_eq!(fault.code.as_deref(), Some(reason));
            }
            (got, _) => panic!("{reason} {part}: {got:?}"),
        }
    }
}

#[test]
fn a_blocked_prompt_is_an_empty_filtered_answer() {
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},
        "usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}}"#;
    let answer = read(body).unwrap();
    assert_eq!(answer.choices.len(), 1);
    assert_eq!((answer.choices[0].blocks.len(), answer.choices[0].finish), (0, Finish::ContentFilter));
    assert_eq!((answer.usage.input, answer.usage.output), (Some(7), Some(0)));
}

#[test]
fn parts_of_every_kind_become_blocks() {
    let parts = |parts: &str| {
        let candidate = format!(r#"{{"content":{{"parts":[{parts}]}},"finishReason":"STOP"}}"#);
        choice(&candidate).unwrap().blocks
    };
    let opaque = |raw: &str| Block::Opaque { dialect: "gemini", raw: Raw::new(raw) };
    for (json, expected) in [
        (r#"{"inlineData":{"mimeType":"image/png","data":"iVBO"}}"#, vec![image(base64("image/png", "iVBO"))]),
        (r#"{"thought":true,"inlineData":{"mimeType":"image/png","data":"draft"}}"#, vec![]),
        (
            r#"{"inlineData":{"mimeType":"audio/L16;codec=pcm;rate=24000","data":"AA"}}"#,
            vec![Block::Audio { data: "AA".to_owned(), format: "pcm16".to_owned() }],
        ),
        (r#"{"executableCode":{"code":"1"}}"#, vec![opaque(r#"{"executableCode":{"code":"1"}}"#)]),
        (r#"{}, {"text":""}, 7, null"#, vec![]),
        (
            r#"{"text":"a"},{"text":"b"},{"thoughtSignature":"S"},{"text":"c"}"#,
            vec![signed("ab", "S"), Block::text("c")],
        ),
        (r#"{"text":"","thoughtSignature":"S"}"#, vec![signed("", "S")]),
        (
            r#"{"text":"t","thought":true,"thoughtSignature":"S"},{"text":"u","thought":true}"#,
            vec![Block::Thinking { text: "tu".to_owned(), signature: None }],
        ),
    ] {
        assert_eq!(parts(json), expected, "{json}");
    }
}

#[test]
fn calls_get_ids_that_differ_between_calls_and_answers() {
    let ids = |response_id: &str| -> Vec<String> {
        let call = r#"{"functionCall":{"name":"f"}}"#;
        let body = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{call},{call}]}},"finishReason":"STOP"}}]{response_id}}}"#
        );
        let id = |block: &Block| match block {
            Block::ToolCall(call) => call.id.clone(),
            other => panic!("{other:?}"),
        };
        read(&body).unwrap().choices[0].blocks.iter().map(id).collect()
    };
    assert_eq!(ids(r#","responseId":"x""#), ["call_x_0", "call_x_1"]);
    assert_eq!(ids(""), ["", ""]);
    let long = ids(&format!(r#","responseId":"{}""#, "y".repeat(500)));
    assert!(long.iter().all(|id| id.len() <= 64));
}

#[test]
fn several_candidates_are_several_choices() {
    let body = r#"{"candidates":[
        {"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},
        {"index":1,"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS"}]}"#;
    let finishes: Vec<Finish> = read(body).unwrap().choices.iter().map(|choice| choice.finish).collect();
    assert_eq!(finishes, [Finish::Stop, Finish::Length]);
}

#[test]
fn token_counts_follow_one_convention() {
    for (meta, input, output, reasoning) in [
        (
            r#"{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":18}"#,
            10,
            8,
            Some(3),
        ),
        // Thoughts inside the candidates' count.
        (
            r#"{"promptTokenCount":10,"candidatesTokenCount":8,"thoughtsTokenCount":3,"totalTokenCount":18}"#,
            10,
            8,
            Some(3),
        ),
        (r#"{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3}"#, 10, 8, Some(3)),
        (r#"{"promptTokenCount":10,"thoughtsTokenCount":3,"totalTokenCount":13}"#, 10, 3, Some(3)),
        (r#"{"promptTokenCount":10,"totalTokenCount":10}"#, 10, 0, None),
    ] {
        let body = format!(r#"{{"promptFeedback":{{"blockReason":"OTHER"}},"usageMetadata":{meta}}}"#);
        let usage = read(&body).unwrap().usage;
        assert_eq!((usage.input, usage.output, usage.reasoning), (Some(input), Some(output), reasoning), "{meta}");
    }
    let body =
        r#"{"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":18446744073709551615}}"#;
    assert_eq!(read(body).unwrap().usage, Usage::default());
}

#[test]
fn grounding_becomes_annotations_and_billed_searches() {
    let grounded = |text: &str| {
        let body = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"STOP","groundingMetadata":{{
                "webSearchQueries":["a","b"],
                "groundingChunks":[{{"web":{{"uri":"https://x.example","title":"X"}}}}],
                "groundingSupports":[{{"segment":{{"startIndex":2,"endIndex":4}},"groundingChunkIndices":[0,9,-1]}}]
            }}}}]}}"#
        );
        let mut answer = read(&body).unwrap();
        assert_eq!(answer.usage.web_searches, Some(2));
        match answer.choices[0].blocks.remove(0) {
            Block::Text(text) => text.citations.unwrap().get().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let at = |start: usize, end: usize| {
        format!(
            r#"[{{"type":"url_citation","url_citation":{{"start_index":{start},"end_index":{end},"url":"https://x.example","title":"X"}}}}]"#
        )
    };
    assert_eq!(grounded("abcdef"), at(2, 4));
    // Google counts bytes: where they are not characters the whole text is meant.
    assert_eq!(grounded("äbcdef"), at(0, 6));
}

#[test]
fn log_probabilities_take_openais_shape() {
    let candidate = r#"{"content":{"parts":[{"text":"é!"}]},"finishReason":"STOP","logprobsResult":{
        "chosenCandidates":[{"token":"é","tokenId":5,"logProbability":-0.25},{"token":"!"}],
        "topCandidates":[{"candidates":[{"token":"é","logProbability":-0.25},{"token":"e","logProbability":-1e-3}]}]}}"#;
    let expected = concat!(
        r#"{"content":[{"token":"é","logprob":-0.25,"bytes":[195,169],"top_logprobs":["#,
        r#"{"token":"é","logprob":-0.25,"bytes":[195,169]},{"token":"e","logprob":-1e-3,"bytes":[101]}]},"#,
        r#"{"token":"!","logprob":0,"bytes":[33],"top_logprobs":[]}]}"#
    );
    assert_eq!(choice(candidate).unwrap().logprobs.unwrap().get(), expected);
}

#[test]
fn answers_that_make_no_sense_are_the_providers_fault() {
    for body in [
        "",
        "<html>",
        "[]",
        "7",
        "null",
        "{}",
        r#"{"candidates":[]}"#,
        r#"{"candidates":7}"#,
        r#"{"candidates":[{}]}"#,
        r#"{"candidates":[{"content":{"parts":[]}}]}"#,
        r#"{"candidates":[null]}"#,
    ] {
        let fault = read(body).unwrap_err();
        assert_eq!((fault.kind, fault.side), (FaultKind::Malformed, Side::Provider), "{body}");
    }
    let fault = read(r#"[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]"#).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Overloaded);
}

#[test]
fn embeddings_and_counts_are_read() {
    let body = br#"{"embeddings":[{"values":[0.5,-1]},{"values":[1e-3]}],"usageMetadata":{"promptTokenCount":4}}"#;
    match Gemini.read_answer(Operation::Embedding, body).unwrap() {
        Answer::Embedding(embeddings) => {
            assert_eq!(embeddings.vectors, [vec![0.5, -1.0], vec![0.001]]);
            assert_eq!(embeddings.usage.input, Some(4));
        }
        other => panic!("{other:?}"),
    }
    for broken in [
        r#"{}"#,
        r#"{"embeddings":[{}]}"#,
        r#"{"embeddings":[{"values":["x"]}]}"#,
        r#"{"embeddings":[{"values":[1e999]}]}"#,
    ] {
        let fault = Gemini.read_answer(Operation::Embedding, broken.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{broken}");
    }
    let count = |body: &[u8]| Gemini.read_answer(Operation::CountTokens, body);
    assert_eq!(count(br#"{"totalTokens":31}"#).unwrap(), Answer::TokenCount(31));
    assert!(count(b"{}").is_err());
}

#[test]
fn what_was_read_returns_as_it_was_said() {
    use crate::trial::{Upstream, chat, message, result, user};
    let answer = read(include_str!("../../../../fixtures/gemini/whole.json")).unwrap();
    let results = vec![result("given", vec![Block::text("noon")]), result("call_aB-c_1x_0", vec![Block::text("rain")])];
    let history = vec![
        user("weather?"),
        message(Role::Assistant, answer.choices[0].blocks.clone()),
        message(Role::User, results),
    ];
    let request = Request::Chat(Box::new(chat(history)));
    let outgoing = Upstream::new("gemini-3.1-pro").write(&Gemini, &request).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        body["contents"][1]["parts"],
        serde_json::json!([
            {"text": "Let me look é.", "thoughtSignature": "c2ln"},
            {
                "functionCall": {
                    "id": "call_aB-c_1x_0", "name": "get_weather", "args": {"city": "Graz  am See", "days": 2},
                },
                "thoughtSignature": "Y2FsbA==",
            },
            {"functionCall": {"id": "given", "name": "get_time", "args": {}}},
        ])
    );
    let names: Vec<_> =
        body["contents"][2]["parts"].as_array().unwrap().iter().map(|part| &part["functionResponse"]["name"]).collect();
    assert_eq!(names, ["get_weather", "get_time"]);
}

#[test]
fn vectors_of_vertex_are_read_and_their_tokens_summed() {
    let read = |body: &str| match Gemini.read_answer(Operation::Embedding, body.as_bytes()).unwrap() {
        Answer::Embedding(embeddings) => (embeddings.vectors, embeddings.usage.input),
        other => panic!("{other:?}"),
    };
    let one = |count: &str| format!(r#"{{"embeddings":{{"values":[0.5],"statistics":{{{count}}}}}}}"#);
    let both = format!(r#"{{"predictions":[{},{}]}}"#, one(r#""token_count":2"#), one(r#""token_count":3"#));
    assert_eq!(read(&both), (vec![vec![0.5], vec![0.5]], Some(5)));
    let unknown = format!(r#"{{"predictions":[{},{}]}}"#, one(r#""token_count":2"#), one(""));
    assert_eq!(read(&unknown).1, None, "unknown is never zero");
    assert_eq!(
        read(r#"{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":7}}"#),
        (vec![vec![1.0]], Some(7))
    );
}
