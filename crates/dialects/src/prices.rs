//! All that a price depends on, in every way an answer can come: whole or streamed, read or only glanced at.

use bytes::Bytes;
use types::{Event, NO_COST, Operation, Tier, Usage};

use crate::sse::{Splitter, data, events};
use crate::trial::events_of;
use crate::{Anthropic, Back, Gemini, Ollama, OpenAi};

/// What a whole answer consumed, having checked that a glance sees the same.
fn whole(back: &dyn Back, operation: Operation, body: &str) -> Usage {
    let read = back.read_answer(operation, body.as_bytes()).unwrap().usage();
    assert_eq!(back.glance_answer(operation, body.as_bytes()).unwrap(), read, "{} {body}", back.name());
    read
}

/// What a streamed answer consumed and how much text it had, having checked that glances see the same.
fn streamed(back: &dyn Back, body: &str) -> (Usage, usize) {
    let mut read = (Usage::default(), 0);
    for event in events_of(back, Operation::Chat, &[body.as_bytes()]) {
        read.1 += event.output_bytes();
        if let Event::Usage(later) = event {
            read.0.update(&later);
        }
    }
    let mut splitter = Splitter::new(back.framing());
    splitter.feed(Bytes::copy_from_slice(body.as_bytes()));
    let batch = splitter.next_batch().unwrap().unwrap_or_default();
    let mut seen = (Usage::default(), 0);
    for event in events(back.framing(), &batch) {
        let glance = back.glance(&data(back.framing(), event), &seen.0);
        assert_eq!(glance.fault, None, "{} {body}", back.name());
        seen = (glance.usage.unwrap_or(seen.0), seen.1 + glance.output_bytes);
    }
    assert_eq!(seen, read, "{} {body}", back.name());
    read
}

fn sse(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

#[test]
fn openai_tells_all_that_a_price_depends_on() {
    let counts = r#"{"prompt_tokens":1000,"completion_tokens":90,"total_tokens":1090,
        "prompt_tokens_details":{"cached_tokens":400,"cache_write_tokens":300,"audio_tokens":20,"image_tokens":10},
        "completion_tokens_details":{"reasoning_tokens":40,"audio_tokens":5,"image_tokens":3}}"#
        .replace('\n', "");
    let expected = Usage {
        input: Some(1000),
        cache_read: Some(400),
        cache_write: Some(300),
        audio_input: Some(20),
        image_input: Some(10),
        output: Some(90),
        reasoning: Some(40),
        audio_output: Some(5),
        image_output: Some(3),
        tier: Some(Tier::Flex),
        ..Usage::default()
    };
    let body = format!(r#"{{"choices":[{{"message":{{"content":"hi"}}}}],"service_tier":"flex","usage":{counts}}}"#);
    assert_eq!(whole(&OpenAi, Operation::Chat, &body), expected);
    let text = r#"{"choices":[{"delta":{"content":"h\u00e9\n"}}],"service_tier":"flex"}"#;
    let call =
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"look","arguments":"{}"}}]}}]}"#;
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"service_tier":"flex"}"#;
    let last = format!(r#"{{"choices":[],"usage":{counts}}}"#);
    let bytes = "hé\n".len() + "look".len() + "{}".len();
    assert_eq!(streamed(&OpenAi, &sse(&[text, call, end, &last, "[DONE]"])), (expected, bytes));
    let cut = Usage { tier: Some(Tier::Flex), ..Usage::default() };
    assert_eq!(streamed(&OpenAi, &sse(&[text, end])), (cut, "hé\n".len()), "counts that never came stay unknown");
}

#[test]
fn servers_like_openai_tell_it_in_their_own_words() {
    let usage = |input, output| Usage { input: Some(input), output: Some(output), ..Usage::default() };
    for (fields, expected) in [
        (
            // A gateway in front of Claude.
            r#""usage":{"prompt_tokens":100,"completion_tokens":2,"cache_creation_input_tokens":60,
                "cache_read_input_tokens":30,"prompt_tokens_details":{"cached_tokens":30,
                "cache_creation_token_details":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":40}},
                "server_tool_use":{"web_search_requests":3}}"#,
            Usage {
                cache_read: Some(30),
                cache_write: Some(20),
                cache_write_long: Some(40),
                web_searches: Some(3),
                ..usage(100, 2)
            },
        ),
        (
            r#""usage":{"input_tokens":100,"output_tokens":9,"input_tokens_details":{"cached_tokens":5,
                "cache_write_tokens":60,"cache_write_tokens_details":{"ttl_30m_tokens":50,"ttl_12h_tokens":10}},
                "output_tokens_details":{"reasoning_tokens":4}}"#,
            Usage {
                cache_read: Some(5),
                cache_write: Some(50),
                cache_write_long: Some(10),
                reasoning: Some(4),
                ..usage(100, 9)
            },
        ),
        (
            r#""usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_cache_hit_tokens":4}"#,
            Usage { cache_read: Some(4), ..usage(9, 2) },
        ),
        (
            r#""usage":{"prompt_tokens":9,"completion_tokens":2,"num_search_queries":1}"#,
            Usage { web_searches: Some(1), ..usage(9, 2) },
        ),
        (
            r#""usage":{"prompt_tokens":9,"completion_tokens":2},"service_tier":"on_demand""#,
            Usage { tier: Some(Tier::Standard), ..usage(9, 2) },
        ),
        (r#""x_groq":{"usage":{"prompt_tokens":9,"completion_tokens":2}},"service_tier":"performance""#, usage(9, 2)),
        (r#""usage":{"prompt_tokens":99999999999999999999,"completion_tokens":1e300}"#, Usage::default()),
        (r#""usage":null"#, Usage::default()),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"hi"}}}}],{fields}}}"#);
        assert_eq!(whole(&OpenAi, Operation::Chat, &body), expected, "{fields}");
        let fields = fields.replace('\n', "");
        let end = format!(r#"{{"choices":[{{"delta":{{"content":"hi"}},"finish_reason":"stop"}}],{fields}}}"#);
        assert_eq!(streamed(&OpenAi, &sse(&[&end])), (expected, 2), "{fields}");
    }
}

#[test]
fn what_a_provider_says_that_a_call_cost_is_read_to_the_picodollar_and_nonsense_as_such() {
    for (fields, expected) in [
        (r#""cost":0.00014"#, Some(140_000_000)),
        (r#""cost":1.35e-05,"is_byok":false,"cost_details":{"upstream_inference_cost":9}"#, Some(13_500_000)),
        (r#""cost":0.00019349999999999999"#, Some(193_500_000)),
        (r#""cost":0.05,"is_byok":true,"cost_details":{"upstream_inference_cost":1}"#, Some(1_050_000_000_000)),
        (r#""cost":0.05,"is_byok":true,"cost_details":{"upstream_inference_cost":null}"#, None),
        (r#""cost":{"input_tokens_cost":1,"request_cost":0.006,"total_cost":0.0065}"#, Some(6_500_000_000)),
        (r#""cost_in_usd_ticks":37756000"#, Some(3_775_600_000)),
        (r#""cost":0"#, Some(0)),
        (r#""cost":null,"cost_in_usd_ticks":null"#, None),
        (r#""cost":"0.5""#, None),
        (r#""cost":{"total":3}"#, None),
        (r#""cost":-0.01"#, Some(NO_COST)),
        (r#""cost":1e300"#, Some(NO_COST)),
        (r#""cost_in_usd_ticks":-1"#, Some(NO_COST)),
    ] {
        let usage = format!(r#""usage":{{"prompt_tokens":9,"completion_tokens":2,{fields}}}"#);
        let expected = Usage { input: Some(9), output: Some(2), stated_picousd: expected, ..Usage::default() };
        let body = format!(r#"{{"choices":[{{"message":{{"content":"hi"}}}}],{usage}}}"#);
        assert_eq!(whole(&OpenAi, Operation::Chat, &body), expected, "{fields}");
        let end = format!(r#"{{"choices":[{{"delta":{{"content":"hi"}},"finish_reason":"stop"}}],{usage}}}"#);
        assert_eq!(streamed(&OpenAi, &sse(&[&end])), (expected, 2), "{fields}");
    }
}

#[test]
fn anthropic_tells_all_that_a_price_depends_on() {
    let counts = r#"{"input_tokens":10,"cache_creation_input_tokens":300,"cache_read_input_tokens":2000,
        "cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":50,
        "output_tokens_details":{"thinking_tokens":20},"server_tool_use":{"web_search_requests":2},
        "service_tier":"priority"}"#
        .replace('\n', "");
    let expected = Usage {
        input: Some(2310),
        cache_read: Some(2000),
        cache_write: Some(100),
        cache_write_long: Some(200),
        output: Some(50),
        reasoning: Some(20),
        web_searches: Some(2),
        tier: Some(Tier::Priority),
        ..Usage::default()
    };
    let body = |counts: &str| {
        format!(
            r#"{{"type":"message","content":[{{"type":"text","text":"hi"}}],"stop_reason":"end_turn","usage":{counts}}}"#
        )
    };
    assert_eq!(whole(&Anthropic, Operation::Chat, &body(&counts)), expected);
    let fast =
        whole(&Anthropic, Operation::Chat, &body(r#"{"output_tokens":1,"service_tier":"standard","speed":"fast"}"#));
    assert_eq!(fast, Usage { output: Some(1), tier: Some(Tier::Fast), ..Usage::default() });
    let start = format!(r#"{{"type":"message_start","message":{{"usage":{counts}}}}}"#);
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hé\n"}}"#;
    let open = r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"look","input":{}}}"#;
    let call =
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#;
    let bytes = "hé\n".len() + "look".len() + r#"{"a":1}"#.len();
    // What comes late corrects single counters: the total follows.
    let late = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"input_tokens":11,"output_tokens":70,"server_tool_use":{"web_search_requests":3}}}"#;
    let stop = r#"{"type":"message_stop"}"#;
    let corrected = Usage { input: Some(2311), output: Some(70), web_searches: Some(3), ..expected };
    assert_eq!(streamed(&Anthropic, &sse(&[&start, text, open, call, late, stop])), (corrected, bytes));
    assert_eq!(streamed(&Anthropic, &sse(&[&start, text, stop])), (expected, "hé\n".len()));
}

#[test]
fn shortening_the_conversation_is_billed_too() {
    let counts = r#"{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":50,"iterations":[
        {"type":"compaction","input_tokens":1000,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"output_tokens":30},
        {"type":"message","input_tokens":10,"cache_read_input_tokens":5,"output_tokens":50}]}"#;
    let body = format!(r#"{{"type":"message","content":[],"usage":{counts}}}"#);
    let expected = Usage { input: Some(1115), cache_read: Some(105), output: Some(80), ..Usage::default() };
    assert_eq!(whole(&Anthropic, Operation::Chat, &body), expected);
}

#[test]
fn gemini_tells_all_that_a_price_depends_on() {
    let counts = r#"{"promptTokenCount":1000,"cachedContentTokenCount":400,"toolUsePromptTokenCount":50,
        "candidatesTokenCount":60,"thoughtsTokenCount":40,"totalTokenCount":1150,"serviceTier":"FLEX",
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":700},{"modality":"AUDIO","tokenCount":200},{"modality":"IMAGE","tokenCount":100}],
        "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":150}],
        "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":25},{"modality":"AUDIO","tokenCount":5}]}"#
        .replace('\n', "");
    let expected = Usage {
        input: Some(1050),
        cache_read: Some(400),
        audio_cache_read: Some(150),
        audio_input: Some(50),
        image_input: Some(100),
        output: Some(100),
        reasoning: Some(40),
        audio_output: Some(5),
        image_output: Some(25),
        tier: Some(Tier::Flex),
        ..Usage::default()
    };
    let answer = |candidate: &str, counts: &str| format!(r#"{{"candidates":[{candidate}],"usageMetadata":{counts}}}"#);
    let text = r#"{"content":{"parts":[{"text":"hé\n"}]},"finishReason":"STOP"}"#;
    assert_eq!(whole(&Gemini, Operation::Chat, &answer(text, &counts)), expected);
    let searched = r#"{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["a","b"]}}"#;
    let expected = Usage { web_searches: Some(2), ..expected };
    assert_eq!(whole(&Gemini, Operation::Chat, &answer(searched, &counts)), expected);
    // Every event counts anew: the last one counts.
    let early = r#"{"promptTokenCount":1000,"candidatesTokenCount":1,"totalTokenCount":1001}"#;
    let call = r#"{"content":{"parts":[{"functionCall":{"name":"look","args":{"a":1}}}]}}"#;
    let body = sse(&[&answer(call, early), &answer(searched, &counts)]);
    let bytes = "look".len() + r#"{"a":1}"#.len() + "hi".len();
    assert_eq!(streamed(&Gemini, &body), (expected, bytes));
    for (word, tier) in [
        (r#""trafficType":"ON_DEMAND""#, Some(Tier::Standard)),
        (r#""trafficType":"ON_DEMAND_PRIORITY""#, Some(Tier::Priority)),
        (r#""trafficType":"PROVISIONED_THROUGHPUT""#, Some(Tier::Scale)),
        (r#""serviceTier":"standard""#, Some(Tier::Standard)),
        (r#""serviceTier":"new""#, None),
    ] {
        let usage = whole(&Gemini, Operation::Chat, &answer(text, &format!(r#"{{"promptTokenCount":1,{word}}}"#)));
        assert_eq!(usage.tier, tier, "{word}");
    }
}

#[test]
fn ollama_tells_what_it_counts() {
    let line = |message: &str, rest: &str| format!(r#"{{"message":{message},{rest}}}"#);
    let end = r#""done":true,"done_reason":"stop","total_duration":5,"prompt_eval_count":12,"eval_count":7"#;
    let expected = Usage { input: Some(12), output: Some(7), ..Usage::default() };
    let text = r#"{"role":"assistant","content":"hé\n"}"#;
    let call = r#"{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"a":1}}}]}"#;
    assert_eq!(whole(&Ollama, Operation::Chat, &line(text, end)), expected);
    let bytes = "hé\n".len() + "look".len() + r#"{"a":1}"#.len();
    let lines = [line(text, r#""done":false"#), line(call, r#""done":false"#), line(r#"{"content":""}"#, end)];
    assert_eq!(streamed(&Ollama, &format!("{}\n", lines.join("\n"))), (expected, bytes));
    // Old servers say nothing of a prompt that was cached.
    let end = r#""done":true,"done_reason":"stop","total_duration":5,"eval_count":7"#;
    assert_eq!(whole(&Ollama, Operation::Chat, &line(text, end)), Usage { input: None, ..expected });
}

#[test]
fn vectors_and_completions_are_priced_too() {
    let vectors = r#"{"data":[{"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let input = Usage { input: Some(8), ..Usage::default() };
    assert_eq!(whole(&OpenAi, Operation::Embedding, vectors), input);
    assert_eq!(whole(&Ollama, Operation::Embedding, r#"{"embeddings":[[0.5]],"prompt_eval_count":8}"#), input);
    let vectors = r#"{"embeddings":[{"values":[0.5]}],"usageMetadata":{"promptTokenCount":8}}"#;
    assert_eq!(whole(&Gemini, Operation::Embedding, vectors), input);
    let text = r#"{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":1}}"#;
    assert_eq!(whole(&OpenAi, Operation::Completion, text), Usage { output: Some(1), ..input });
    let text = r#"{"response":"a","done":true,"done_reason":"stop","prompt_eval_count":8,"eval_count":1}"#;
    assert_eq!(whole(&Ollama, Operation::Completion, text), Usage { output: Some(1), ..input });
    assert_eq!(whole(&Anthropic, Operation::CountTokens, r#"{"input_tokens":8}"#), Usage::default());
}

#[test]
fn a_glance_refuses_the_answers_that_reading_refuses() {
    let chats: [(&dyn Back, &[&str]); 4] = [
        (
            &OpenAi,
            &[
                "",
                "<html>",
                "{}",
                r#"{"choices":[]}"#,
                r#"{"error":{"message":"m"},"choices":[{"message":{"content":"a"}}]}"#,
                r#"{"choices":[{"message":{"content":""},"finish_reason":"error"}]}"#,
            ],
        ),
        (&Anthropic, &["", "[]", "{}", r#"{"type":"error","error":{"type":"api_error","message":"m"},"content":[]}"#]),
        (
            &Gemini,
            &[
                "",
                "{}",
                r#"{"error":{"code":500}}"#,
                r#"[{"error":{"code":429}}]"#,
                r#"{"candidates":[{"finishReason":"MALFORMED_RESPONSE"}]}"#,
            ],
        ),
        (&Ollama, &["", "{}", r#"{"error":"m"}"#, r#"{"message":{"content":"a"},"done":true,"done_reason":""}"#]),
    ];
    for (back, bodies) in chats {
        for body in bodies {
            let read = back.read_answer(Operation::Chat, body.as_bytes()).unwrap_err();
            let seen = back.glance_answer(Operation::Chat, body.as_bytes()).unwrap_err();
            assert_eq!((seen.kind, seen.side), (read.kind, read.side), "{} {body}", back.name());
        }
    }
}
