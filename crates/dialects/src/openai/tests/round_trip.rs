//! Writing then reading gives back what was said, for everything that the dialect can say.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::*;

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,12}", any::<String>().prop_filter("empty", |text| !text.is_empty())]
}

fn mark() -> impl Strategy<Value = Option<CacheMark>> {
    of(prop_oneof![Just(CacheMark::Short), Just(CacheMark::Long)])
}

fn text() -> impl Strategy<Value = Block> {
    (words(), mark()).prop_map(|(text, cache)| Block::Text(Text { text, cache, ..Text::default() }))
}

fn inline(media_type: &'static str, start: &'static str) -> impl Strategy<Value = Source> {
    "[A-Za-z0-9+/]{0,8}"
        .prop_map(move |rest| Source::Base64 { media_type: media_type.into(), data: format!("{start}{rest}") })
}

fn content() -> impl Strategy<Value = Block> {
    let url = Just(Source::Url("https://example.com/x".into()));
    let picture = (prop_oneof![inline("image/png", "iVBORw0KGgo"), url], of("low|high|auto"), mark());
    let stored = "file-[a-z0-9]{1,9}".prop_map(|id| (Source::File(id), None));
    let file = prop_oneof![(inline("application/pdf", "JVBERi0"), words().prop_map(Some)), stored];
    prop_oneof![
        4 => text(),
        1 => picture.prop_map(|(source, detail, cache)| Block::Image { source, detail, cache }),
        1 => (words(), words()).prop_map(|(data, format)| Block::Audio { data, format }),
        1 => (file, mark()).prop_map(|((source, name), cache)| Block::Document { source, name, cache }),
    ]
}

fn tool_call() -> impl Strategy<Value = Block> {
    ("[a-zA-Z0-9_-]{1,64}", words(), words()).prop_map(|(id, name, arguments)| call(&id, &name, &arguments))
}

fn named(role: Role, blocks: impl Strategy<Value = Vec<Block>>) -> impl Strategy<Value = Message> {
    (blocks, of(words()), any::<bool>()).prop_map(move |(blocks, name, own)| Message {
        role,
        blocks,
        name,
        extras: if own { vec![("prefix".into(), Raw::new("true"))] } else { vec![] },
    })
}

/// One turn: something is said, and maybe tools are called and answered.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    let user = named(Role::User, vec(content(), 0..4));
    let system = named(Role::System, vec(text(), 0..2));
    let said =
        (of(words()), of(text()), of(words()), vec(tool_call(), 0..3)).prop_map(|(thoughts, text, refusal, calls)| {
            let thoughts = thoughts.map(|text| thinking(&text, None));
            let refusal = refusal.map(Block::Refusal);
            thoughts.into_iter().chain(text).chain(refusal).chain(calls).collect()
        });
    let answered = vec(("[a-zA-Z0-9_-]{1,64}", vec(words().prop_map(Block::text), 0..2)), 1..3)
        .prop_map(|results| results.into_iter().map(|(id, blocks)| result(&id, blocks)).collect::<Vec<_>>());
    let results = answered.prop_map(|blocks| message(Role::User, blocks));
    (prop_oneof![3 => user, 1 => system], of((named(Role::Assistant, said), of(results)))).prop_map(|(first, rest)| {
        let mut turn = vec![first];
        if let Some((assistant, results)) = rest {
            turn.push(assistant);
            turn.extend(results);
        }
        turn
    })
}

fn schema() -> impl Strategy<Value = Raw> {
    prop_oneof![Just(Raw::new("{}")), Just(Raw::new(r#"{"type": "object", "z":1e2, "a":["ü\n"]}"#))]
}

fn tool() -> impl Strategy<Value = Tool> {
    let function = (words(), of(words()), of(schema()), of(any::<bool>()), mark());
    function.prop_map(|(name, description, parameters, strict, cache)| {
        let extras = strict.map(|strict| ("own".into(), Raw::new(strict.to_string()))).into_iter().collect();
        Tool::Function(FunctionTool { name, description, parameters, strict, cache, extras })
    })
}

fn tool_choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        words().prop_map(ToolChoice::Tool),
        (vec(words(), 1..3), any::<bool>()).prop_map(|(names, required)| ToolChoice::Allowed { names, required }),
    ]
}

fn format() -> impl Strategy<Value = Format> {
    (words(), of(words()), schema(), of(any::<bool>())).prop_map(|(name, description, schema, strict)| Format::Schema {
        name: Some(name),
        description,
        schema,
        strict,
    })
}

fn effort() -> impl Strategy<Value = Reasoning> {
    use Effort::*;
    prop::sample::select(vec![None, Low, Medium, High, XHigh, Max])
        .prop_map(|effort| Reasoning { effort: Some(effort), ..Reasoning::default() })
}

prop_compose! {
    fn settings()(
        max_tokens in of(any::<u64>()), temperature in of(0.0..2.0), top_p in of(0.0..1.0), top_k in of(0..99u64),
        stop in vec(words(), 0..5), seed in of(any::<i64>()), penalties in of((-2.0..2.0, -2.0..2.0)), n in of(1..=128u64),
        user in of(words()), stream in any::<bool>(), extra in of(words()), service_tier in of("auto|flex"),
    ) -> Chat {
        Chat {
            model: "up-1".into(),
            max_tokens, temperature, top_p, top_k, stop, seed, n, user, stream, service_tier,
            presence_penalty: penalties.map(|pair| pair.0),
            frequency_penalty: penalties.map(|pair| pair.1),
            // What is asked upstream for every stream.
            stream_usage: stream,
            extras: extra.into_iter().map(|name| (format!("x-{name}"), Raw::new(r#"{"k": [1.0]}"#))).collect(),
            dialect: "openai",
            ..Chat::default()
        }
    }
}

prop_compose! {
    fn chat()(
        settings in settings(), turns in vec(turn(), 1..4), tools in vec(tool(), 0..3), tool_choice in of(tool_choice()),
        parallel in of(any::<bool>()), format in of(format()), reasoning in of(effort()), logprobs in of(any::<bool>()),
        top_logprobs in of(0..20u64), logit_bias in of(Just(Raw::new(r#"{"5":-1}"#))),
    ) -> Chat {
        let has_tools = !tools.is_empty();
        Chat {
            messages: turns.concat(),
            tools, format, reasoning, logprobs, top_logprobs, logit_bias,
            tool_choice: tool_choice.filter(|_| has_tools),
            parallel_tool_calls: parallel.filter(|_| has_tools),
            ..settings
        }
    }
}

fn there_and_back(operation: Operation, request: &Request, quirks: &Quirks) -> Request {
    let target = Target {
        model: "up-1",
        name: "acme/up-1",
        facts: &able(),
        quirks,
        drop_params: false,
        version: None,
        num_ctx: None,
        issuer: None,
    };
    let outgoing = OpenAi.write_request(request, &target).unwrap();
    assert!(outgoing.dropped.is_empty());
    OpenAi.read_request(operation, &outgoing.body).unwrap()
}

proptest! {
    #[test]
    fn a_chat_survives(chat in chat(), developer_role: bool, max_tokens: bool, reasoning_field: bool) {
        let quirks = Quirks { developer_role, max_tokens, reasoning_field, keep_reasoning: true, cache_control: true, ..Quirks::default() };
        let request = Request::Chat(Box::new(chat));
        prop_assert_eq!(there_and_back(Operation::Chat, &request, &quirks), request);
    }

    #[test]
    fn a_completion_survives(settings in settings(), prompt: String, suffix in of(words()), echo: bool, top in of(0..9u64)) {
        let settings = Chat { logprobs: top.map(|_| true), top_logprobs: top, ..settings };
        let request = Request::Completion(Box::new(Completion { prompt, suffix, echo, settings }));
        prop_assert_eq!(there_and_back(Operation::Completion, &request, &Quirks::default()), request);
    }

    #[test]
    fn an_embedding_request_survives(texts in vec(any::<String>(), 1..4), base64: bool, dimensions in of(any::<u64>()), input_type in of(words())) {
        let input = EmbeddingInput::Texts(texts);
        let request = Request::Embedding(Box::new(Embedding {
            model: "up-1".into(), input, base64, dimensions, input_type, dialect: "openai", ..Embedding::default()
        }));
        prop_assert_eq!(there_and_back(Operation::Embedding, &request, &Quirks::default()), request);
    }

    #[test]
    fn vectors_survive(vectors in vec(vec(-1e9f32..1e9, 1..5), 1..4), base64_vectors: bool) {
        let answer = Answer::Embedding(Box::new(Embeddings { model: "m".into(), vectors, usage: Usage { input: Some(1), ..Usage::default() } }));
        let body = OpenAi.write_answer(Operation::Embedding, &answer, &Stamp { base64_vectors, ..stamp() });
        prop_assert_eq!(OpenAi.read_answer(Operation::Embedding, &body).unwrap(), answer);
    }

    #[test]
    fn an_answer_survives(answer in response()) {
        let answer = Answer::Chat(Box::new(answer));
        let body = OpenAi.write_answer(Operation::Chat, &answer, &stamp());
        prop_assert_eq!(OpenAi.read_answer(Operation::Chat, &body).unwrap(), answer);
    }

    #[test]
    fn a_stream_survives(deltas in vec((0..2u32, stream_delta()), 0..12), cut: usize) {
        let mut events = vec![Event::Start { id: "chatcmpl-1".into(), model: "m".into() }];
        events.extend(deltas.into_iter().map(|(choice, delta)| Event::Delta { choice, delta }));
        let usage = Usage { input: Some(5), output: Some(6), cache_read: Some(2), ..Usage::default() };
        let finish = |choice| Event::Finish { choice, finish: Finish::Length, stop_sequence: None };
        let written = stream(
            Operation::Chat,
            &[&events[..], &[finish(0), finish(1), Event::Usage(usage), Event::End]].concat(),
            &Stamp { stream_usage: true, ..stamp() },
        );
        // A reader holds finishes back until nothing else can come.
        events.extend([Event::Usage(usage), finish(0), finish(1), Event::End]);
        let (left, right) = written.as_bytes().split_at(cut % (written.len() + 1));
        prop_assert_eq!(try_events(&[left, right]).unwrap(), events);
    }
}

/// Deltas that stand for themselves; calls and signatures have tests of their own.
fn stream_delta() -> impl Strategy<Value = Delta> {
    prop_oneof![
        words().prop_map(Delta::Text),
        words().prop_map(Delta::Thinking),
        words().prop_map(Delta::Refusal),
        words().prop_map(Delta::RedactedThinking),
        Just(Delta::Citations(Raw::new(r#"[{"type":"url_citation"}]"#))),
        Just(Delta::Logprobs(Raw::new(r#"{"content":[]}"#))),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let finish = prop::sample::select(vec![Finish::Stop, Finish::Length, Finish::ContentFilter]);
    let thought = prop_oneof![
        (words(), words()).prop_map(|(text, proof)| thinking(&text, Some(&proof))),
        words().prop_map(|data| Block::RedactedThinking { data }),
    ];
    let signed = (tool_call(), of(words())).prop_map(|(mut block, proof)| {
        if let Block::ToolCall(call) = &mut block {
            call.signature = proof;
        }
        block
    });
    let blocks = (vec(thought, 0..3), of(words()), of(words()), vec(signed, 0..3));
    let one = (blocks, finish).prop_map(|((thoughts, text, refusal, calls), finish)| {
        let finish = if calls.is_empty() || finish != Finish::Stop { finish } else { Finish::ToolCalls };
        let texts = text.map(Block::text).into_iter().chain(refusal.map(Block::Refusal));
        choice(thoughts.into_iter().chain(texts).chain(calls).collect(), finish)
    });
    (vec(one, 1..3), of(any::<u32>()), 1..u64::MAX).prop_map(|(choices, count, created)| Response {
        id: "chatcmpl-1".into(),
        model: "m".into(),
        created,
        choices,
        usage: Usage {
            input: count.map(u64::from),
            output: count.map(u64::from),
            cache_read: count.map(u64::from),
            tier: Some(Tier::Flex),
            ..Usage::default()
        },
        fingerprint: None,
    })
}
