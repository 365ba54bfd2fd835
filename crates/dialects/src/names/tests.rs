use types::{Answer, Delta, Event, Message, Operation, Role, ToolChoice};

use super::*;
use crate::trial::{Upstream, call, chat, function, message, result, user};
use crate::{Anthropic, Back, Gemini, Ollama, OpenAi};

const RULE: Rule = Rule { most: 24, marks: "_-", letter_first: false, reserved: "taken" };

#[test]
fn what_is_taken_stays_and_what_is_not_is_made_fit_and_kept_distinct() {
    for name in ["f", "get_weather", "a-B_9", &"x".repeat(24), ""] {
        assert_eq!(RULE.fit(name), name);
    }
    let strict = Rule { letter_first: true, ..RULE };
    for (rule, name, start) in [
        (RULE, "a.b", "a_b_"),
        (RULE, "a b", "a_b_"),
        (RULE, "taken", "taken_"),
        (RULE, "städte/größe", "st_dte__"),
        (RULE, &"x".repeat(25), "xxxxxxx_"),
        (RULE, &"x".repeat(26), "xxxxxxx_"),
        (strict, "9lives", "_9lives_"),
        (strict, "-x", "_-x_"),
        (strict, "é", "___"),
    ] {
        let fit = rule.fit(name);
        assert!(fit.starts_with(start) && rule.takes(&fit), "{name}: {fit}");
        assert_eq!(rule.fit(name), fit, "always the same");
    }
    let names = ["a.b", "a b", "a/b", "a_b", &"x".repeat(25), &"x".repeat(26)];
    let fit: std::collections::HashSet<_> = names.iter().map(|name| RULE.fit(name)).collect();
    assert_eq!(fit.len(), names.len());
}

/// A conversation that uses the tool `name` in every way there is.
fn conversation(name: &str) -> Request {
    let mut answered = result("c1", vec![Block::text("{}")]);
    if let Block::ToolResult(result) = &mut answered {
        result.name = Some(name.to_owned());
    }
    let messages: Vec<Message> =
        vec![user("go"), message(Role::Assistant, vec![call("c1", name, "{}")]), message(Role::User, vec![answered])];
    let tools = vec![function(name, Some(r#"{"type":"object"}"#)), function("plain", None)];
    Request::Chat(Box::new(Chat { tools, tool_choice: Some(ToolChoice::Tool(name.to_owned())), ..chat(messages) }))
}

/// Answers that call the tool `name`, whole and streamed, as each back's providers send them.
fn answers(back: &dyn Back, name: &str) -> (String, Vec<String>) {
    let body = |text: &str| text.replace("NAME", name);
    let (whole, stream): (&str, &[&str]) = match back.name() {
        "openai" => (
            r#"{"choices":[{"message":{"tool_calls":[{"id":"x","function":{"name":"NAME","arguments":"{}"}}]}}]}"#,
            &[
                r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"NAME","arguments":"{}"}}]}}]}"#,
                r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
                "[DONE]",
            ],
        ),
        "anthropic" => (
            r#"{"content":[{"type":"tool_use","id":"x","name":"NAME","input":{}}],"stop_reason":"tool_use"}"#,
            &[
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"x","name":"NAME","input":{}}}"#,
                r#"{"type":"message_stop"}"#,
            ],
        ),
        "gemini" => {
            const ANSWER: &str =
                r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"NAME"}}]},"finishReason":"STOP"}]}"#;
            (ANSWER, &[ANSWER])
        }
        _ => {
            const LINE: &str = r#"{"message":{"tool_calls":[{"function":{"name":"NAME","arguments":{}}}]},"done":true,"done_reason":"stop"}"#;
            (LINE, &[LINE])
        }
    };
    (body(whole), stream.iter().map(|event| body(event)).collect())
}

fn upstream() -> Upstream {
    Upstream { model: "gemini-3-x".to_owned(), drop_params: true, ..Upstream::default() }
}

#[test]
fn a_tool_is_renamed_everywhere_and_comes_back_under_its_own_name() {
    let long = format!("mcp__{}__search", "server".repeat(30));
    for (back, most) in [(&OpenAi as &dyn Back, 64), (&Anthropic, 128), (&Gemini, 128), (&Ollama, usize::MAX)] {
        for name in [long.as_str(), "files/read file", "json_tool_call", "suche_über", "plain2"] {
            let sent = upstream().write(back, &conversation(name)).unwrap();
            let body = String::from_utf8(sent.body.to_vec()).unwrap();
            let names = names_in(&serde_json::from_str(&body).unwrap());
            let mut others = names.iter().filter(|name| *name != "plain");
            let sent_name = others.next().unwrap().clone();
            assert!(others.next().is_none(), "{} {names:?}", back.name());
            assert!(sent_name.len() <= most && (most == usize::MAX || sent_name.is_ascii()), "{body}");
            let (whole, stream) = answers(back, &sent_name);
            let mut answer = back.read_answer(Operation::Chat, whole.as_bytes()).unwrap();
            sent.amends.amend(&mut answer);
            assert_eq!(called(&answer), name, "{}", back.name());
            let mut reader = sent.amends.amending(back.stream_reader(Operation::Chat));
            let mut events = Vec::new();
            stream.iter().for_each(|event| reader.read(event.as_bytes(), &mut events).unwrap());
            reader.finish(&mut events);
            let started = events.iter().find_map(|event| match event {
                Event::Delta { delta: Delta::ToolStart { name, .. }, .. } => Some(name.as_str()),
                _ => None,
            });
            assert_eq!(started, Some(name), "{}", back.name());
        }
    }
}

/// Every tool that a body names.
fn names_in(body: &serde_json::Value) -> std::collections::BTreeSet<String> {
    use serde_json::Value;
    let mut found = std::collections::BTreeSet::new();
    let mut todo = vec![body];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("name" | "tool_name", Value::String(name)) => drop(found.insert(name.clone())),
                        ("allowedFunctionNames", Value::Array(names)) => {
                            found.extend(names.iter().map(|name| name.as_str().unwrap().to_owned()));
                        }
                        _ => todo.push(value),
                    }
                }
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    found
}

fn called(answer: &Answer) -> &str {
    match answer {
        Answer::Chat(response) => match &response.choices[0].blocks[..] {
            [Block::ToolCall(call)] => &call.name,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_whose_names_all_fit_is_not_copied() {
    let request = conversation("get_weather");
    let mut amends = Amends::default();
    assert!(matches!(fit(&request, RULE, &mut amends), Cow::Borrowed(_)));
    assert_eq!(amends, Amends::default());
}

#[test]
fn callers_of_the_targets_own_dialect_name_their_tools_as_they_like() {
    let Request::Chat(chat) = conversation("a.tool") else { unreachable!() };
    let own = Request::Chat(Box::new(Chat { dialect: "openai", ..*chat }));
    let sent = upstream().write(&OpenAi, &own).unwrap();
    assert!(sent.amends == Amends::default() && String::from_utf8_lossy(&sent.body).contains(r#""name":"a.tool""#));
}
