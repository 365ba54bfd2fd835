//! Callers of two kinds: how each asks, and what it makes of an answer. Reads as strictly as the official clients, and
//! knows nothing of the gateway's own code.

use serde_json::{Value, json};

use crate::client::{Answer, Call};

/// What a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// OpenAI's `/v1/chat/completions`.
    Chat,
    /// Anthropic's `/v1/messages`.
    Messages,
}

/// What a caller understood of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// The text of the answer, as far as it came.
    pub text: String,
    /// Why the model stopped, if that was said.
    pub finish: Option<String>,
    /// Whether the answer was said to be over: `[DONE]`, `message_stop`, or the end of JSON.
    pub over: bool,
    /// The error, if there was one.
    pub trouble: Option<Trouble>,
    /// Token counts, if there were any.
    pub usage: Option<Value>,
}

/// An error in the words of a dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// `type`.
    pub kind: String,
    /// `code`, where the dialect has one.
    pub code: String,
    /// What people read.
    pub message: String,
    /// `param`, where the dialect has one.
    pub param: Option<String>,
}

impl Heard {
    /// Whether a whole answer came, and nothing else.
    pub fn is_success(&self) -> bool {
        self.trouble.is_none() && self.over && self.finish.is_some()
    }
}

impl Front {
    /// Both.
    pub const ALL: [Front; 2] = [Front::Chat, Front::Messages];

    /// Where it asks.
    pub fn path(self) -> &'static str {
        match self {
            Front::Chat => "/v1/chat/completions",
            Front::Messages => "/v1/messages",
        }
    }

    /// A request that says `text` to `model`.
    pub fn body(self, model: &str, text: &str, stream: bool) -> Value {
        let messages = json!([{ "role": "user", "content": text }]);
        match self {
            Front::Chat => json!({ "model": model, "messages": messages, "stream": stream }),
            Front::Messages => json!({ "model": model, "max_tokens": 1000, "messages": messages, "stream": stream }),
        }
    }

    /// A call that says `text` to `model`.
    pub fn call(self, model: &str, text: &str, stream: bool) -> Call {
        self.call_with(self.body(model, text, stream))
    }

    /// A call with this body.
    pub fn call_with(self, body: Value) -> Call {
        let call = Call::post(self.path(), &body);
        match self {
            Front::Chat => call,
            Front::Messages => call.header("anthropic-version", "2023-06-01"),
        }
    }

    /// What an answer means to this caller. Panics at anything its clients could not read.
    pub fn hear(self, answer: &Answer) -> Heard {
        let kind = answer.header("content-type").unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            assert_eq!(answer.status(), 200, "a stream begins with success");
            return self.hear_stream(&answer.text());
        }
        assert_eq!(kind, "application/json", "{}", answer.text());
        assert!(answer.complete, "cut off: {}", answer.text());
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.text()));
        let heard = match self {
            Front::Chat => whole_chat(&body),
            Front::Messages => whole_message(&body),
        };
        assert_eq!(heard.trouble.is_some(), answer.status() >= 400, "status {} and {body}", answer.status());
        heard
    }

    /// What a streamed body means to this caller.
    pub fn hear_stream(self, body: &str) -> Heard {
        let mut heard = Heard::default();
        for event in events(body) {
            assert!(!heard.over && heard.trouble.is_none(), "something comes behind the end: {event:?} in {body}");
            match self {
                Front::Chat => hear_chunk(&event, &mut heard),
                Front::Messages => hear_event(&event, &mut heard),
            }
        }
        heard
    }
}

/// One server-sent event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerEvent {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its data.
    pub data: String,
}

/// The events of a stream that have data, comments left out.
pub fn events(body: &str) -> Vec<ServerEvent> {
    let mut all = Vec::new();
    let mut event = ServerEvent::default();
    for line in body.replace("\r\n", "\n").lines() {
        match line.split_once(':').map(|(field, value)| (field, value.strip_prefix(' ').unwrap_or(value))) {
            Some(("data", data)) => event.data.push_str(data),
            Some(("event", name)) => event.name = name.to_owned(),
            _ if line.is_empty() && !event.data.is_empty() => all.push(std::mem::take(&mut event)),
            _ => {}
        }
    }
    assert_eq!(event.data, "", "the stream ends in the middle of an event");
    all
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn trouble(error: &Value) -> Trouble {
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "an error says what is wrong: {error}");
    assert!(error["type"].is_string(), "an error has a type: {error}");
    Trouble {
        kind: text(&error["type"]),
        code: text(&error["code"]),
        message: text(&error["message"]),
        param: error["param"].as_str().map(str::to_owned),
    }
}

fn whole_chat(body: &Value) -> Heard {
    if let Some(error) = body.get("error") {
        assert!(error.get("param").is_some() && error["code"].is_string(), "OpenAI's four fields: {error}");
        return Heard { trouble: Some(trouble(error)), ..Heard::default() };
    }
    assert_eq!(body["object"], "chat.completion", "{body}");
    let choice = &body["choices"][0];
    Heard {
        text: text(&choice["message"]["content"]),
        finish: choice["finish_reason"].as_str().map(str::to_owned),
        over: true,
        trouble: None,
        usage: body.get("usage").cloned(),
    }
}

fn whole_message(body: &Value) -> Heard {
    if body["type"] == "error" {
        return Heard { trouble: Some(trouble(&body["error"])), ..Heard::default() };
    }
    assert_eq!(body["type"], "message", "{body}");
    let blocks = body["content"].as_array().expect("a message has a list of blocks");
    Heard {
        text: blocks.iter().map(|block| text(&block["text"])).collect(),
        finish: body["stop_reason"].as_str().map(str::to_owned),
        over: true,
        trouble: None,
        usage: body.get("usage").cloned(),
    }
}

fn hear_chunk(event: &ServerEvent, heard: &mut Heard) {
    if event.data == "[DONE]" {
        heard.over = true;
        return;
    }
    let chunk: Value = serde_json::from_str(&event.data).unwrap_or_else(|_| panic!("no JSON: {:?}", event.data));
    if let Some(error) = chunk.get("error") {
        heard.trouble = Some(trouble(error));
        return;
    }
    assert_eq!(chunk["object"], "chat.completion.chunk", "{chunk}");
    let choice = &chunk["choices"][0];
    heard.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
    heard.finish = choice["finish_reason"].as_str().map(str::to_owned).or(heard.finish.take());
    heard.usage = chunk.get("usage").filter(|usage| !usage.is_null()).cloned().or(heard.usage.take());
}

fn hear_event(event: &ServerEvent, heard: &mut Heard) {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_else(|_| panic!("no JSON: {:?}", event.data));
    assert_eq!(data["type"], event.name, "an event is called what its type is");
    match event.name.as_str() {
        "error" => heard.trouble = Some(trouble(&data["error"])),
        "content_block_delta" => heard.text.push_str(data["delta"]["text"].as_str().unwrap_or_default()),
        "message_delta" => {
            heard.finish = data["delta"]["stop_reason"].as_str().map(str::to_owned);
            heard.usage = Some(data["usage"].clone());
        }
        "message_stop" => heard.over = true,
        _ => {}
    }
}
