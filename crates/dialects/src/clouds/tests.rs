use serde_json::{Value, json};
use types::{Answer, Chat, Event, FaultKind, Operation, Request, ToolChoice};

use super::*;
use crate::frames::frame;
use crate::trial::{Upstream, chat, events_of, function, told, user};
use crate::{Back, Front, OpenAi};

fn body_of(back: &dyn Back, model: &str, chat: Chat) -> Value {
    let outgoing = Upstream::new(model).write(back, &Request::Chat(Box::new(chat))).unwrap();
    serde_json::from_slice(&outgoing.body).unwrap()
}

#[test]
fn watsonx_gets_its_own_words() {
    let asked = |model| {
        let mut asked = chat(vec![user("hi")]);
        asked.stream = true;
        asked.tools = vec![function("f", None)];
        asked.tool_choice = Some(ToolChoice::Required);
        asked.dialect = "openai";
        body_of(&Watsonx, model, asked)
    };
    let body = asked("ibm/granite-4");
    assert_eq!(body["model_id"], "ibm/granite-4", "{body}");
    assert_eq!(body["tool_choice_option"], "required", "{body}");
    for gone in ["model", "stream", "stream_options", "tool_choice"] {
        assert!(body.get(gone).is_none(), "{gone}: {body}");
    }
    let body = asked("deployment/mine");
    assert!(body.get("model_id").is_none() && body.get("model").is_none(), "{body}");
    let path = |model, stream| Watsonx.path(Operation::Chat, model, stream).unwrap();
    assert_eq!(path("m", true), "/ml/v1/text/chat_stream");
    assert_eq!(path("deployment/a/b", false), "/ml/v1/deployments/a%2Fb/text/chat");
    assert_eq!(Watsonx.path(Operation::Embedding, "m", false), None);
}

#[test]
fn errors_of_watsonx_are_read_from_their_list() {
    let body = br#"{"errors":[{"code":"authentication_token_expired","message":"Failed: expired"}],"status_code":401}"#;
    let fault = Watsonx.read_fault(401, body);
    assert_eq!(fault.kind, FaultKind::Authentication);
    assert!(Watsonx.read_fault(400, br#"{"errors":[{"message":"no such model"}]}"#).message.contains("no such model"));
    assert_eq!(Watsonx.read_fault(503, b"<html>").upstream_status, Some(503));
}

fn part(bytes: &[u8]) -> Vec<u8> {
    let headers =
        [(":event-type", "PayloadPart"), (":content-type", "application/octet-stream"), (":message-type", "event")];
    frame(&headers, bytes)
}

#[test]
fn a_stream_of_sagemakers_is_the_containers_wherever_its_frames_cut_it() {
    let stream = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Grüße\"}}]}\n\n\
                  data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
        .as_bytes();
    let whole = events_of(&SageMaker, Operation::Chat, &[&part(stream)]);
    assert_eq!(told(&whole), told(&events_of(&OpenAi, Operation::Chat, &[stream])));
    for at in 1..stream.len() {
        let (left, right) = stream.split_at(at);
        let frames = [part(left), part(right)].concat();
        assert_eq!(events_of(&SageMaker, Operation::Chat, &[&frames]), whole, "cut at {at}");
    }
    let headers = [(":exception-type", "ModelStreamError"), (":message-type", "exception")];
    let broken = [part(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"), frame(&headers, b"{}")].concat();
    let events = events_of(&SageMaker, Operation::Chat, &[&broken]);
    assert!(matches!(events.last(), Some(Event::Error(_))), "{events:?}");
}

#[test]
fn a_gap_is_filled_as_a_completion_though_the_answer_is_a_chat() {
    let body = br#"{"model":"m","prompt":"def f(","suffix":"return a"}"#;
    let request = OpenAi.read_request(Operation::Completion, body).unwrap();
    let outgoing = Upstream::new("codestral").write(&Fim, &request).unwrap();
    let sent: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!((&sent["prompt"], &sent["suffix"]), (&json!("def f("), &json!("return a")), "{sent}");
    assert_eq!(Fim.path(Operation::Chat, "m", false), None);
    let answer = br#"{"choices":[{"message":{"content":"a):"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2}}"#;
    let Answer::Chat(answer) = Fim.read_answer(Operation::Completion, answer).unwrap() else { panic!() };
    assert_eq!(answer.usage.input, Some(2));
}
