//! Whole answers: reading providers', writing ours.

use serde_json::json;

use super::*;

#[test]
fn a_whole_answer_is_understood() {
    let answer = answer(fixture!("answer.json")).unwrap();
    assert_eq!((&*answer.id, &*answer.model, answer.created), ("chatcmpl-9x", "gpt-5.6-2026-06-01", 1790000000));
    assert_eq!(answer.fingerprint.as_deref(), Some("fp_1"));
    let [first, second] = &answer.choices[..] else { panic!() };
    assert_eq!(first.finish, Finish::ToolCalls, "calls make it so, whatever the word");
    assert!(matches!(&first.blocks[0], Block::Text(text) if text.citations.is_some()));
    assert_eq!(first.blocks[1], call("call_a", "look", "{}"));
    assert!(first.logprobs.is_some());
    assert_eq!(second, &choice(vec![Block::text("B")], Finish::Length), "choices are sorted");
    assert_eq!(
        answer.usage,
        Usage {
            input: Some(100),
            cache_read: Some(64),
            cache_write: Some(8),
            output: Some(30),
            reasoning: Some(12),
            audio_input: Some(0),
            tier: Some(Tier::Standard),
            ..Usage::default()
        }
    );
}

#[test]
fn servers_that_are_slightly_off_are_understood() {
    let spoken = Block::Opaque { dialect: "openai", raw: Raw::new(r#"{"audio":{"id":"a"}}"#) };
    let picture = Block::Image {
        source: Source::Base64 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() },
        detail: None,
        cache: None,
    };
    for (message, finish, expected, ended) in [
        (r#"{"content":"a"}"#, "null", vec![Block::text("a")], Finish::Stop),
        (r#"{"content":"a"}"#, r#""eos""#, vec![Block::text("a")], Finish::Stop),
        (r#"{"content":"a"}"#, r#""MAX_TOKENS""#, vec![Block::text("a")], Finish::Length),
        (r#"{"content":null}"#, r#""sensitive""#, vec![], Finish::ContentFilter),
        (r#"{"content":""}"#, r#""unheard_of""#, vec![], Finish::Stop),
        (
            r#"{"content":"a","reasoning_content":"r"}"#,
            r#""stop""#,
            vec![thinking("r", None), Block::text("a")],
            Finish::Stop,
        ),
        (
            r#"{"content":"a","reasoning":"r","reasoning_details":[{"text":"r"}]}"#,
            r#""stop""#,
            vec![thinking("r", None), Block::text("a")],
            Finish::Stop,
        ),
        (
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]},{"type":"text","text":"a"},{"type":"reference","reference_ids":[1]}]}"#,
            r#""stop""#,
            vec![thinking("r", None), Block::text("a")],
            Finish::Stop,
        ),
        (
            r#"{"content":null,"function_call":{"name":"f","arguments":"{}"}}"#,
            r#""function_call""#,
            vec![call("", "f", "{}")],
            Finish::ToolCalls,
        ),
        (
            r#"{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a": 1}}}]}"#,
            r#""stop""#,
            vec![call("", "f", r#"{"a": 1}"#)],
            Finish::ToolCalls,
        ),
        (r#"{"content":null,"refusal":"no"}"#, r#""stop""#, vec![Block::Refusal("no".into())], Finish::Stop),
        (
            r#"{"content":"","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}"#,
            r#""stop""#,
            vec![picture],
            Finish::Stop,
        ),
        (r#"{"content":null,"audio":{"id":"a"}}"#, r#""stop""#, vec![spoken], Finish::Stop),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{message},"finish_reason":{finish}}}],"error":null}}"#);
        assert_eq!(answer(body.as_bytes()).unwrap().choices, [choice(expected, ended)], "{message}");
    }
}

#[test]
fn counts_are_found_wherever_servers_put_them() {
    let known = |input, output| Usage { input: Some(input), output: Some(output), ..Usage::default() };
    for (fields, expected) in [
        (r#""usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#, known(1, 2)),
        (r#""usage":{"input_tokens":1,"output_tokens":2}"#, known(1, 2)),
        (r#""x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, known(1, 2)),
        (r#""usage":null"#, Usage::default()),
        (r#""usage":{"prompt_tokens":null,"completion_tokens":"2"}"#, Usage::default()),
        (
            r#""usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}"#,
            Usage { cache_read: Some(4), ..known(9, 2) },
        ),
        // Reasoning beside the answer, as the total shows.
        (
            r#""usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":7}}"#,
            Usage { reasoning: Some(7), ..known(9, 9) },
        ),
        (
            r#""usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17,"completion_tokens_details":{"reasoning_tokens":7}}"#,
            Usage { reasoning: Some(7), ..known(9, 8) },
        ),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"a"}}}}],{fields}}}"#);
        assert_eq!(answer(body.as_bytes()).unwrap().usage, expected, "{fields}");
    }
}

#[test]
fn what_is_no_answer_is_the_providers_fault() {
    for (body, kind, status) in [
        ("", FaultKind::Malformed, 502),
        ("<html>", FaultKind::Malformed, 502),
        ("[]", FaultKind::Malformed, 502),
        ("{}", FaultKind::Malformed, 502),
        (r#"{"choices":[]}"#, FaultKind::Malformed, 502),
        (r#"{"choices":null}"#, FaultKind::Malformed, 502),
        (r#"{"choices":[{"message":{"tool_calls":[{"id":"x"}]}}]}"#, FaultKind::Malformed, 502),
        (r#"{"error":{"message":"boom"}}"#, FaultKind::Upstream, 502),
        (r#"{"error":{"message":"slow down","code":429}}"#, FaultKind::RateLimit, 429),
        (r#"{"error":"overloaded","choices":[]}"#, FaultKind::Upstream, 502),
        (r#"{"object":"error","message":"bad","type":"BadRequestError","code":500}"#, FaultKind::Upstream, 500),
        (r#"{"choices":[{"message":{"content":""},"finish_reason":"error"}]}"#, FaultKind::Upstream, 502),
    ] {
        let fault = answer(body.as_bytes()).unwrap_err();
        assert_eq!((fault.kind, fault.side, fault.status()), (kind, Side::Provider, status), "{body}");
    }
}

#[test]
fn an_answer_is_written_as_the_official_clients_expect() {
    let answer = Response {
        id: "msg_1".into(),
        choices: vec![choice(
            vec![thinking("hm", Some("proof")), Block::RedactedThinking { data: "blob".into() }, call("", "f", "")],
            Finish::Stop,
        )],
        usage: Usage {
            input: Some(5),
            cache_read: Some(2),
            cache_write: Some(1),
            cache_write_long: Some(2),
            reasoning: Some(4),
            ..Usage::default()
        },
        ..Response::default()
    };
    assert_eq!(
        written(&answer, &stamp()),
        json!({
            "id": "chatcmpl-abcdefghijklmnopqrstuvwx", "object": "chat.completion", "created": 7, "model": "shown",
            "choices": [{"index": 0, "message": {
                "role": "assistant", "content": null, "refusal": null, "reasoning_content": "hm",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "hm", "signature": proofs::marked("proof")},
                    {"type": "redacted_thinking", "data": proofs::marked("blob")}],
                "tool_calls": [{"id": "call_abcdefghijklmnopqrstuvwx0", "type": "function",
                    "function": {"name": "f", "arguments": "{}"}}],
            }, "logprobs": null, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 4}},
        })
    );
}

#[test]
fn counts_that_nobody_stated_are_not_made_up() {
    let answer = Response {
        choices: vec![choice(vec![], Finish::Length)],
        usage: Usage { cache_read: Some(2), ..Usage::default() },
        ..Response::default()
    };
    let body = written(&answer, &stamp());
    assert_eq!(body.get("usage"), None);
    assert_eq!(body["choices"][0]["message"]["content"], "", "an empty answer is a text, not a call");
}

#[test]
fn pictures_sources_and_signatures_have_their_places() {
    let signed = Block::ToolCall(ToolCall {
        id: "c".into(),
        name: "f".into(),
        arguments: "{}".into(),
        signature: Some("c2ln".into()),
    });
    let cited = |text: &str, citations: &str| {
        Block::Text(Text { text: text.into(), citations: Some(Raw::new(citations)), ..Text::default() })
    };
    let picture = Block::Image {
        source: Source::Base64 { media_type: "image/png".into(), data: "AA==".into() },
        detail: None,
        cache: None,
    };
    let hidden = Block::Opaque { dialect: "anthropic", raw: Raw::new("{}") };
    let audio = Block::Audio { data: "UklG".into(), format: "wav".into() };
    let blocks = vec![cited("a", r#"[{"n":1}, {"n":2}]"#), cited("b", r#"{"n":3}"#), hidden, picture, audio, signed];
    let answer = Response { choices: vec![choice(blocks, Finish::ToolCalls)], ..Response::default() };
    let message = written(&answer, &stamp())["choices"][0]["message"].clone();
    assert_eq!(message["content"], "ab");
    assert_eq!(message["annotations"], json!([{"n": 1}, {"n": 2}, {"n": 3}]));
    let url = json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]);
    assert_eq!(message["images"], url);
    assert_eq!(message["audio"]["data"], "UklG");
    let call = &message["tool_calls"][0];
    assert_eq!(call["extra_content"]["google"]["thought_signature"], proofs::marked("c2ln"));
    assert_eq!(call["provider_specific_fields"]["thought_signature"], proofs::marked("c2ln"));
}

#[test]
fn a_completion_is_a_bare_text() {
    let logprobs = r#"{"content":[{"token":"On","logprob":-0.5,"top_logprobs":[{"token":"On","logprob":-0.5},{"token":"A","logprob":-2}]},{"token":"ce","logprob":-1}]}"#;
    let answer = Response {
        choices: vec![Choice {
            logprobs: Some(Raw::new(logprobs)),
            ..choice(vec![thinking("x", None), Block::text("Once")], Finish::ToolCalls)
        }],
        ..Response::default()
    };
    let body = OpenAi.write_answer(Operation::Completion, &Answer::Chat(Box::new(answer)), &stamp());
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["object"], &body["id"]), (&json!("text_completion"), &json!("cmpl-abcdefghijklmnopqrstuvwx")));
    assert_eq!(
        body["choices"][0],
        json!({"text": "Once", "index": 0, "finish_reason": "stop", "logprobs": {
            "tokens": ["On", "ce"], "token_logprobs": [-0.5, -1], "top_logprobs": [{"On": -0.5, "A": -2}, {}],
            "text_offset": [0, 2]}})
    );
}

#[test]
fn vectors_travel_as_numbers_or_base64() {
    let body = |embedding: &str| {
        format!(
            r#"{{"data":[{{"index":1,"embedding":[2]}},{{"index":0,"embedding":{embedding}}}],"usage":{{"prompt_tokens":3,"total_tokens":3}}}}"#
        )
    };
    for embedding in ["[1.5, -0.25]", r#""AADAPwAAgL4=""#] {
        let answer = OpenAi.read_answer(Operation::Embedding, body(embedding).as_bytes()).unwrap();
        let Answer::Embedding(inner) = &answer else { panic!() };
        assert_eq!(inner.vectors, [vec![1.5, -0.25], vec![2.0]], "in the order of the input");
        let write = |base64_vectors| {
            let stamp = Stamp { base64_vectors, ..stamp() };
            let body = OpenAi.write_answer(Operation::Embedding, &answer, &stamp);
            serde_json::from_slice::<serde_json::Value>(&body).unwrap()
        };
        assert_eq!(write(false)["data"][0], json!({"object": "embedding", "index": 0, "embedding": [1.5, -0.25]}));
        assert_eq!(write(true)["data"][0]["embedding"], "AADAPwAAgL4=");
        assert_eq!(write(true)["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    }
    for embedding in ["[]x", "null", "[\"a\"]", "[1e99]", r#""AAA=""#, r#""AADAfw==""#, r#""!""#] {
        let fault = OpenAi.read_answer(Operation::Embedding, body(embedding).as_bytes()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{embedding}");
    }
}
