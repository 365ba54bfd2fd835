//! Writing then reading is the identity on everything the dialect can say.

use proptest::option;
use proptest::prelude::*;
use types::{
    Answer, Block, CacheMark, Choice, Finish, Format, FunctionTool, Message, Raw, Reasoning, Response, Role, Source,
    Text, Tier, Tool, ToolCall, ToolChoice, ToolResult, Usage,
};

use super::*;

/// Text that is not blank.
fn words() -> impl Strategy<Value = String> {
    "[ -~äß🌍\n\"\\\\]{0,12}[a-zé🌍]"
}

fn raw_object() -> impl Strategy<Value = Raw> {
    prop_oneof![Just("{}"), Just(r#"{"a": [1, 2.50, "x\u0041"]}"#), Just(r#"{"ü":null}"#)].prop_map(Raw::new)
}

fn mark() -> impl Strategy<Value = Option<CacheMark>> {
    option::weighted(0.02, prop_oneof![Just(CacheMark::Short), Just(CacheMark::Long)])
}

fn text() -> impl Strategy<Value = Block> {
    (words(), mark()).prop_map(|(text, cache)| Block::Text(Text { text, cache, ..Text::default() }))
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Base64 { media_type: "image/png".to_owned(), data: "iVBORw0KGgoAAA==".to_owned() }),
        Just(Source::Url("https://example.com/ü.png".to_owned())),
        Just(Source::File("file_1".to_owned())),
    ]
}

fn document() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Base64 { media_type: "application/pdf".to_owned(), data: "JVBERi0xLjQ=".to_owned() }),
        words().prop_map(Source::PlainText),
        Just(Source::Url("http://example.com/a.pdf".to_owned())),
    ]
}

/// What a user may say beside tool results.
fn said() -> impl Strategy<Value = Block> {
    prop_oneof![
        4 => text(),
        1 => (source(), mark()).prop_map(|(source, cache)| Block::Image { source, detail: None, cache }),
        1 => (document(), option::of(words()), mark()).prop_map(|(source, name, cache)| Block::Document { source, name, cache }),
        1 => Just(Block::Opaque { dialect: "anthropic", raw: Raw::new(r#"{"type":"search_result","x":1}"#) }),
    ]
}

fn thought() -> impl Strategy<Value = Block> {
    prop_oneof![
        ("[a-z ]{0,9}", "[a-zA-Z0-9+/]{1,9}={0,2}")
            .prop_map(|(text, signature)| Block::Thinking { text, signature: Some(signature) }),
        "[a-z]{1,9}".prop_map(|data| Block::RedactedThinking { data }),
    ]
}

/// A turn of the model and the turn of the user that answers it.
fn exchange() -> impl Strategy<Value = (Vec<Block>, Vec<Block>)> {
    let calls = prop::collection::vec(
        ("[a-zA-Z0-9_-]{1,20}", "[a-zA-Z0-9_-]{1,64}", raw_object(), any::<bool>(), mark()),
        0..3,
    );
    let thoughts = prop::collection::vec(thought(), 0..2);
    let results = prop::collection::vec(
        prop_oneof![3 => text(), 1 => source().prop_map(|source| Block::Image { source, detail: None, cache: None })],
        0..3,
    );
    (thoughts, prop::collection::vec(text(), 1..3), calls, results, prop::collection::vec(said(), 1..3)).prop_map(
        |(mut model, texts, calls, result, said)| {
            // Without a thought, a call makes Anthropic refuse a thinking budget.
            if model.is_empty() && !calls.is_empty() {
                model.push(Block::RedactedThinking { data: "x".to_owned() });
            }
            model.extend(texts);
            let mut user = Vec::new();
            for (index, (id, name, arguments, is_error, cache)) in calls.into_iter().enumerate() {
                let id = format!("{id}{index}");
                let arguments = arguments.get().to_owned();
                model.push(Block::ToolCall(ToolCall { id: id.clone(), name, arguments, signature: None }));
                user.push(Block::ToolResult(ToolResult {
                    call_id: id,
                    name: None,
                    blocks: result.clone(),
                    is_error,
                    cache,
                }));
            }
            user.extend(said);
            (model, user)
        },
    )
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let system = option::of(prop::collection::vec(text(), 1..3));
    let exchanges = prop::collection::vec((exchange(), option::weighted(0.3, text())), 0..4);
    (system, prop::collection::vec(said(), 1..3), exchanges).prop_map(|(system, first, exchanges)| {
        let message = Message::new;
        let mut messages: Vec<_> = system.map(|blocks| message(Role::System, blocks)).into_iter().collect();
        messages.push(message(Role::User, first));
        for ((model, user), note) in exchanges {
            messages.push(message(Role::Assistant, model));
            messages.push(message(Role::User, user));
            messages.extend(note.map(|note| message(Role::System, vec![note])));
        }
        messages
    })
}

fn tools() -> impl Strategy<Value = (Vec<Tool>, Option<ToolChoice>, bool)> {
    let function = (words(), raw_object(), mark()).prop_map(|(description, _, cache)| FunctionTool {
        name: "f".to_owned(),
        description: Some(description),
        parameters: Some(Raw::new(r#"{"type":"object","properties":{"minimum":{"minimum":1}}}"#)),
        strict: None,
        cache,
        extras: vec![("defer_loading".to_owned(), Raw::new("false"))],
    });
    let search = Tool::Opaque {
        dialect: "anthropic",
        kind: "web_search_20260318".to_owned(),
        raw: Raw::new(r#"{"type":"web_search_20260318","name":"web_search"}"#),
    };
    let choice = prop_oneof![
        Just((Some(ToolChoice::Auto), true)),
        Just((Some(ToolChoice::Required), false)),
        Just((Some(ToolChoice::Tool("f".to_owned())), true)),
        Just((Some(ToolChoice::None), false)),
        Just((None, false)),
    ];
    (function, choice)
        .prop_map(move |(function, (choice, single))| (vec![Tool::Function(function), search.clone()], choice, single))
}

fn chats() -> impl Strategy<Value = Chat> {
    let reasoning = option::of(prop_oneof![
        Just(Reasoning { budget_tokens: Some(2048), summary: Some(true), ..Reasoning::default() }),
        Just(Reasoning { budget_tokens: Some(1024), ..Reasoning::default() }),
    ]);
    let settings =
        (option::of(0.0..1.0f64), option::of(0..500u64), prop::collection::vec(words(), 0..3), any::<bool>());
    let format = option::of(Just(Format::Schema {
        name: None,
        description: None,
        schema: Raw::new(r#"{"type":"object","properties":{},"additionalProperties":false}"#),
        strict: None,
    }));
    (messages(), tools(), reasoning, settings, format, option::of("[a-z]{1,9}"), 3000..9000u64).prop_map(
        |(messages, (tools, choice, single), reasoning, (temperature, top_k, stop, stream), format, user, max)| {
            let thinks = reasoning.is_some();
            let forced = matches!(choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
            Chat {
                model: "claude-x".to_owned(),
                messages,
                tools,
                tool_choice: choice.filter(|_| !(forced && thinks)),
                parallel_tool_calls: (single && !(forced && thinks)).then_some(false),
                reasoning,
                max_tokens: Some(max),
                temperature: temperature.filter(|_| !thinks),
                top_k: top_k.filter(|_| !thinks),
                stop,
                format,
                user,
                stream,
                stream_usage: true,
                extras: vec![("speed".to_owned(), Raw::new("\"fast\""))],
                dialect: "anthropic",
                ..Chat::default()
            }
        },
    )
}

/// Marks beyond the fourth are left out on purpose.
fn marks(chat: &Chat) -> usize {
    format!("{chat:?}").matches("cache: Some").count()
}

fn answers() -> impl Strategy<Value = Response> {
    let call = ("[a-zA-Z0-9_]{1,9}", raw_object()).prop_map(|(id, input)| {
        Block::ToolCall(ToolCall { id, name: "f".to_owned(), arguments: input.get().to_owned(), signature: None })
    });
    let block = prop_oneof![
        words().prop_map(Block::text),
        thought(),
        call,
        Just(Block::Opaque { dialect: "anthropic", raw: Raw::new(r#"{"type":"server_tool_use","id":"s"}"#) }),
    ];
    let usage =
        (0..1000u64, 0..1000u64, option::of(0..1000u64), option::of(0..1000u64), option::of(0..9u64), 0..1000u64)
            .prop_map(|(fresh, read, write, long, searches, output)| Usage {
                input: Some(fresh + read + write.unwrap_or(0) + write.and(long).unwrap_or(0)),
                cache_read: Some(read),
                cache_write: write,
                cache_write_long: write.and(long),
                output: Some(output),
                web_searches: searches,
                ..Usage::default()
            });
    let finish = prop_oneof![Just(Finish::Stop), Just(Finish::Length), Just(Finish::ContentFilter)];
    (prop::collection::vec(block, 0..6), usage, finish, option::of(words())).prop_map(
        |(blocks, usage, finish, stop)| {
            let calls = blocks.iter().any(|block| matches!(block, Block::ToolCall(_)));
            let finish = if calls && finish == Finish::Stop { Finish::ToolCalls } else { finish };
            let choice =
                Choice { blocks, finish, stop_sequence: stop.filter(|_| finish == Finish::Stop), logprobs: None };
            Response {
                id: "msg_1".to_owned(),
                model: "claude-x".to_owned(),
                choices: vec![choice],
                usage: Usage { tier: Some(Tier::Priority), ..usage },
                ..Response::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn a_request_that_is_written_reads_the_same(chat in chats()) {
        prop_assume!(marks(&chat) <= 4);
        let abilities = Abilities { system_anywhere: true, ..budgeted() };
        let out = send(&Request::Chat(Box::new(chat.clone())), &facts(abilities), false).unwrap();
        prop_assert_eq!(&out.dropped, &Vec::<String>::new());
        let back = Anthropic.read_request(Operation::Chat, &out.body).unwrap();
        prop_assert_eq!(back, Request::Chat(Box::new(chat)));
    }

    #[test]
    fn an_answer_that_is_written_reads_the_same(response in answers()) {
        let answer = Answer::Chat(Box::new(response));
        let body = Anthropic.write_answer(Operation::Chat, &answer, &crate::Stamp::default());
        prop_assert_eq!(Anthropic.read_answer(Operation::Chat, &body).unwrap(), answer);
    }
}
