//! Streams: many at once, cut anywhere, in every framing the format allows, and always the same answer.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::backs::{Back, Config, asked, mock};
use crate::callers::{Front, events};
use crate::gateway::Gateway;

/// Streams at once.
const MANY: usize = 2000;
/// The most the process may hold with that many streams. What is promised is 60 MB for a release, to which
/// `bench/promise.py` holds it; a debug build moves larger frames of code about.
const MEMORY_KIB: u64 = if cfg!(debug_assertions) { 140 << 10 } else { 60 << 10 };
/// An answer with letters of one to four bytes, so that cuts fall inside of them.
const TEXT: &str = "naïve – 日本語 🦀 \"quoted\" \\ back\u{2028}slash\ttab";

/// The same, as a knob.
fn text_knob() -> String {
    let bytes: String = TEXT.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("text={bytes},chunk_bytes=3")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_streams_at_once_are_all_whole_and_take_little_memory() {
    let slow = mock("chunks=5,chunk_bytes=10,chunk_ms=500,first_ms=6000").await;
    let gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    let (addr, expected) = (gateway.addr, "lorem ipsum dolor sit amet consectetur adipiscing el");
    let mut callers = JoinSet::new();
    for index in 0..MANY {
        let front = Front::ALL[index % 2];
        callers.spawn(async move {
            let answer = front.call("demo", &format!("caller {index}"), true).send(addr).await;
            let heard = front.hear(&answer);
            assert!(heard.is_success(), "{}", answer.text());
            heard.text
        });
    }
    slow.wait_for_all(MANY, |one| one.status.is_some()).await.expect("all streams have begun");
    assert!(slow.stats().in_flight >= MANY, "not all at once");
    let mut most = 0;
    while let Some(text) = callers.join_next().await {
        let text = text.expect("a caller gets its answer");
        assert_eq!(text, &expected[..50]);
        most = most.max(gateway.memory_kib("VmHWM"));
    }
    assert!(most < MEMORY_KIB, "{} MiB for {MANY} streams", most >> 10);
}

#[tokio::test]
async fn one_connection_carries_streams_and_whole_answers_in_turn() {
    let provider = mock("chunks=3,chunk_bytes=8,chunk_ms=20").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let request = |stream: bool, connection: &str| {
        let body = json!({"model": "demo", "stream": stream, "messages": [{"role": "user", "content": "hello"}]});
        let body = body.to_string();
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: {connection}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (stream, whole) = (request(true, "keep-alive"), request(false, "keep-alive"));
    // Those behind a stream are there before it has begun, and are read in pieces.
    let all = [&*stream, &whole, &stream, &stream, &whole, &request(true, "close")].concat();
    let mut line = TcpStream::connect(gateway.addr).await.expect("the gateway listens");
    line.write_all(all.as_bytes()).await.expect("it is read");
    let mut answers = String::new();
    line.read_to_string(&mut answers).await.expect("the connection ends behind the last answer");
    let answers: Vec<&str> = answers.split("HTTP/1.1 200 OK\r\n").skip(1).collect();
    let streamed: Vec<bool> = answers.iter().map(|answer| answer.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n")).collect();
    assert_eq!(streamed, [true, false, true, true, false, true], "{answers:?}");
    assert!(answers.iter().all(|answer| answer.contains("date: ")), "{answers:?}");
    let closing: Vec<bool> = answers.iter().map(|answer| answer.contains("connection: close\r\n")).collect();
    assert_eq!(closing, [false, false, false, false, false, true]);
}

#[tokio::test]
async fn cuts_line_ends_and_comments_change_nothing() {
    let base = format!("{},thinks=0", text_knob());
    let forms = [
        "",
        "flush",
        "crlf",
        "comments",
        "split=1",
        "split=2",
        "split=3",
        "split=5",
        "split=7",
        "split=64",
        "split=1000",
        "crlf,split=1",
        "crlf,comments,split=2",
        "comments,split=11",
        "empty_choices_first",
        "usage_each",
    ];
    let mut mocks = Vec::new();
    let mut config = Config::default();
    for form in forms {
        let provider = mock(&format!("{base},{form}")).await;
        for back in Back::ALL {
            config = config.deployment(&format!("{form}-{back:?}"), back, &provider.url(), "");
        }
        mocks.push(provider);
    }
    let gateway = Gateway::start(&config.yaml()).await;
    for form in forms {
        for back in Back::ALL {
            for front in Front::ALL {
                let answer = gateway.call(&front.call(&format!("{form}-{back:?}"), "hello", true)).await;
                let heard = front.hear(&answer);
                assert!(heard.is_success() && heard.text == TEXT, "{form} {back:?} {front:?}: {}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn tokens_reach_the_caller_one_by_one() {
    let slow = mock("text=one%20two%20six%20ten,chunk_ms=150").await;
    let config = Config::of(&slow).deployment("claude", Back::Anthropic, &slow.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    for front in Front::ALL {
        for group in ["demo", "claude"] {
            let answer = gateway.call(&front.call(group, "hello", true)).await;
            let times: Vec<Duration> = ["one", " two", " six", " ten"]
                .iter()
                .map(|word| {
                    let word = format!("\"{word}\"");
                    let piece = answer.pieces.iter().find(|(_, piece)| String::from_utf8_lossy(piece).contains(&word));
                    piece.unwrap_or_else(|| panic!("no {word} in {}", answer.text())).0
                })
                .collect();
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(75)), "{front:?} {times:?}");
        }
    }
}

#[tokio::test]
async fn the_end_of_one_answer_holds_up_no_other() {
    // A provider whose second answer comes behind the end of the first one, when it is told to go on.
    let provider = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let base = format!("http://{}/v1", provider.local_addr().expect("it has an address"));
    let (go_on, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut line, _) = provider.accept().await?;
        let mut request = [0; 4096];
        assert_ne!(line.read(&mut request).await?, 0, "there is a request");
        let event = |index: u8, delta: &str, finish: &str| {
            format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n")
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let first = event(0, r#"{"content":"one"}"#, "null") + &event(0, "{}", r#""stop""#);
        line.write_all(format!("{head}{first}").as_bytes()).await?;
        // Without a word it goes on, too.
        let _ = told.await;
        let second = event(1, r#"{"content":"two"}"#, "null") + &event(1, "{}", r#""stop""#);
        line.write_all(format!("{second}data: [DONE]\n\n").as_bytes()).await
    });
    let gateway = Gateway::start(&Config::default().model("demo", "openai/demo", &base, "").yaml()).await;
    let mut body = Front::Chat.body("demo", "hello", true);
    body["n"] = json!(2);
    let mut answer = Front::Chat.call_with(body).open(gateway.addr).await;
    let begun = Instant::now();
    answer.until(r#""finish_reason":"stop""#).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "the end of the first answer was held back");
    go_on.send(()).expect("the provider waits");
    let rest = answer.finish().await.text();
    assert!(rest.contains("two") && rest.contains("[DONE]"), "{rest}");
}

#[tokio::test]
async fn usage_is_always_asked_for_and_shown_only_to_those_who_ask() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    for group in ["demo", "claude"] {
        for (options, shown) in [
            (json!(null), false),
            (json!({}), false),
            (json!({ "include_usage": false }), false),
            (json!({ "include_usage": true }), true),
        ] {
            let mut body = Front::Chat.body(group, "hello", true);
            body["stream_options"] = options.clone();
            let answer = gateway.call(&Front::Chat.call_with(body)).await;
            let heard = Front::Chat.hear(&answer);
            assert!(heard.is_success(), "{}", answer.text());
            assert_eq!(heard.usage.is_some(), shown, "{group} {options}: {}", answer.text());
            let all = events(&answer.text()).expect("it is a stream");
            let bare = all.iter().filter(|event| event.data.contains("\"choices\":[]")).count();
            assert_eq!(bare, usize::from(shown), "{group} {options}: {}", answer.text());
            if let Some(usage) = heard.usage {
                let total = usage["prompt_tokens"].as_u64().zip(usage["completion_tokens"].as_u64());
                assert_eq!(usage["total_tokens"].as_u64(), total.map(|(one, other)| one + other), "{usage}");
            }
        }
    }
    let asked = |one: &drill::mock::Recorded| one.json()["stream_options"]["include_usage"] == true;
    let chats: Vec<_> = provider.requests().into_iter().filter(|one| one.target.ends_with("completions")).collect();
    assert!(chats.iter().all(asked) && chats.len() == 4, "usage is asked for whether or not the caller wants it");
}

#[tokio::test]
async fn the_operator_can_have_usage_shown_to_those_who_do_not_say() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.and("general_settings: {always_include_stream_usage: true}").yaml()).await;
    for group in ["demo", "claude"] {
        for (options, shown) in [(json!(null), true), (json!({}), true), (json!({ "include_usage": false }), false)] {
            let mut body = Front::Chat.body(group, "hello", true);
            body["stream_options"] = options.clone();
            let answer = gateway.call(&Front::Chat.call_with(body)).await;
            assert_eq!(Front::Chat.hear(&answer).usage.is_some(), shown, "{group} {options}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn reasoning_is_in_the_text_of_chats_where_the_operator_wants_that() {
    let provider = mock("thinks").await;
    let backs = [Back::OpenAi, Back::Anthropic, Back::Gemini, Back::Ollama];
    let group = |back: Back, merges: bool| format!("{back:?}-{merges}");
    let of_both = |config: Config, (back, merges): (Back, bool)| {
        let more = format!("merge_reasoning_content_in_choices: {merges}");
        config.deployment(&group(back, merges), back, &provider.url(), &more)
    };
    let all = backs.into_iter().flat_map(|back| [(back, false), (back, true)]);
    let gateway = Gateway::start(&all.fold(Config::default(), of_both).yaml()).await;
    for (back, stream) in backs.into_iter().flat_map(|back| [(back, false), (back, true)]) {
        let hear = async |front: Front, merges| {
            let answer = gateway.call(&front.call(&group(back, merges), "hello", stream)).await;
            let heard = front.hear(&answer);
            assert!(heard.is_success(), "{back:?}: {}", answer.text());
            (heard.text, answer.text().contains("reasoning_content"))
        };
        let (text, has_reasoning) = hear(Front::Chat, false).await;
        assert!(has_reasoning && !text.contains("think>"), "{back:?}: {text}");
        let (merged, has_reasoning) = hear(Front::Chat, true).await;
        assert!(!has_reasoning, "{back:?}: it stands in the text alone");
        let (thought, answer) = merged.strip_prefix("<think>").and_then(|rest| rest.split_once("</think>")).unwrap();
        assert!(!thought.is_empty() && answer == text, "{back:?}: {merged}");
        assert!(
            !hear(Front::Messages, true).await.0.contains("think>"),
            "{back:?}: Anthropic's callers know a place for it"
        );
    }
}

#[tokio::test]
async fn messages_always_carry_usage() {
    let provider = mock("").await;
    let config = Config::of(&provider).deployment("claude", Back::Anthropic, &provider.url(), "");
    let gateway = Gateway::start(&config.yaml()).await;
    for group in ["demo", "claude"] {
        let answer = gateway.call(&Front::Messages.call(group, "hello", true)).await;
        let usage = Front::Messages.hear(&answer).usage.expect("usage is part of the end");
        assert_eq!(usage["output_tokens"], 5, "{group}: {usage}");
    }
}

#[tokio::test]
async fn a_slow_reader_holds_up_its_provider_instead_of_filling_memory() {
    let large = mock("answer_bytes=24000000,chunk_bytes=24000").await;
    let gateway = Gateway::start(&Config::of(&large).yaml()).await;
    // The newer API of OpenAI's repeats an answer at its end, and has no such long ones.
    for front in Front::ALL.into_iter().filter(|front| *front != Front::Responses) {
        let lazy = front.call("demo", "lazy", true).open(gateway.addr).await;
        let before = gateway.memory_kib("VmRSS");
        // By the time a quick reader has all of the same answer, the other one's would be here as well.
        let quick = gateway.call(&front.call("demo", "quick", true)).await;
        assert!(front.hear(&quick).is_success());
        assert!(asked(&large, "lazy").iter().all(|one| !one.is_over()), "all of it was read for nobody");
        let grown = gateway.memory_kib("VmHWM").saturating_sub(before);
        assert!(grown < 16 << 10, "{front:?}: grew by {} MiB for one slow reader", grown >> 10);
        assert_eq!(front.hear(&lazy.finish().await).text.len(), 24_000_000);
        large.clear();
    }
}
