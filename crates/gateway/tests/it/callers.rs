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
    /// Ollama's `/api/chat`.
    Ollama,
    /// Gemini's `generateContent`, streamed as events.
    Gemini,
    /// OpenAI's `/v1/responses`.
    Responses,
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
    /// All.
    pub const ALL: [Front; 5] = [Front::Chat, Front::Messages, Front::Ollama, Front::Gemini, Front::Responses];
    /// Those whose conversation is a list of messages.
    pub const CONVERSING: [Front; 3] = [Front::Chat, Front::Messages, Front::Ollama];
    /// Those whose streams have a sign of life.
    pub const LIVELY: [Front; 4] = [Front::Chat, Front::Messages, Front::Gemini, Front::Responses];

    /// Where it asks.
    pub fn path(self) -> &'static str {
        match self {
            Front::Chat => "/v1/chat/completions",
            Front::Messages => "/v1/messages",
            Front::Ollama => "/api/chat",
            Front::Gemini => "/v1beta/models/demo:generateContent",
            Front::Responses => "/v1/responses",
        }
    }

    /// The type of an error as this caller is told it: Ollama's errors are sentences, Google has words of its own.
    pub fn kind(self, kind: &'static str) -> &'static str {
        match (self, kind) {
            (Front::Chat | Front::Messages | Front::Responses, kind) => kind,
            (Front::Ollama, _) => "",
            (Front::Gemini, "invalid_request_error") => "INVALID_ARGUMENT",
            (Front::Gemini, "rate_limit_error") => "RESOURCE_EXHAUSTED",
            (Front::Gemini, "timeout_error") => "DEADLINE_EXCEEDED",
            (Front::Gemini, "auth_error" | "authentication_error" | "token_not_found_in_db") => "UNAUTHENTICATED",
            (Front::Gemini, other) => panic!("Google has no word for {other}"),
        }
    }

    /// A request that says `text` to `model`.
    pub fn body(self, model: &str, text: &str, stream: bool) -> Value {
        let messages = json!([{ "role": "user", "content": text }]);
        match self {
            Front::Chat | Front::Ollama => json!({ "model": model, "messages": messages, "stream": stream }),
            Front::Messages => json!({ "model": model, "max_tokens": 1000, "messages": messages, "stream": stream }),
            Front::Responses => json!({ "model": model, "input": text, "stream": stream }),
            // Model and stream go into the path.
            Front::Gemini => {
                json!({ "model": model, "stream": stream, "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
            }
        }
    }

    /// A call that says `text` to `model`.
    pub fn call(self, model: &str, text: &str, stream: bool) -> Call {
        self.call_with(self.body(model, text, stream))
    }

    /// A call with this body.
    pub fn call_with(self, mut body: Value) -> Call {
        let path = match (self, body.as_object_mut()) {
            (Front::Gemini, Some(fields)) => {
                let model = fields.remove("model").and_then(|model| model.as_str().map(str::to_owned));
                let stream = fields.remove("stream") == Some(Value::Bool(true));
                let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                let model: String = model.unwrap_or_default().bytes().map(|byte| format!("%{byte:02X}")).collect();
                format!("/v1beta/models/{model}:{method}")
            }
            _ => self.path().to_owned(),
        };
        let call = Call::post(&path, &body);
        match self {
            Front::Chat | Front::Ollama | Front::Gemini | Front::Responses => call,
            Front::Messages => call.header("anthropic-version", "2023-06-01"),
        }
    }

    /// What an answer means to this caller. Panics at anything that its clients could not read.
    pub fn hear(self, answer: &Answer) -> Heard {
        self.try_hear(answer).unwrap_or_else(|wrong| panic!("{wrong}: {}", answer.text()))
    }

    /// What an answer means to this caller, or why its clients could not read it.
    pub fn try_hear(self, answer: &Answer) -> Result<Heard, String> {
        let kind = answer.header("content-type").unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            ensure(answer.status() == 200, || format!("a stream with status {}", answer.status()))?;
            return self.hear_stream(&answer.text());
        }
        if kind.starts_with("application/x-ndjson") {
            ensure(answer.status() == 200, || format!("a stream with status {}", answer.status()))?;
            return hear_lines(&answer.text());
        }
        ensure(kind == "application/json", || format!("neither JSON nor a stream but {kind:?}"))?;
        ensure(answer.complete, || "the body is cut off".to_owned())?;
        let body = json(&answer.text())?;
        let heard = match self {
            Front::Chat => whole_chat(&body),
            Front::Messages => whole_message(&body),
            Front::Ollama => spoken(&body),
            Front::Gemini => candidates(&body),
            Front::Responses => whole_response(&body),
        }?;
        let failed = answer.status() >= 400;
        ensure(heard.trouble.is_some() == failed, || format!("status {} does not fit the body", answer.status()))?;
        Ok(heard)
    }

    fn hear_stream(self, body: &str) -> Result<Heard, String> {
        let mut heard = Heard::default();
        // Signs of life mean nothing, wherever they come.
        for event in events(body)?.iter().filter(|event| event.name != "ping") {
            let ended = heard.over || heard.trouble.is_some();
            ensure(!ended, || format!("something comes behind the end: {event:?}"))?;
            match self {
                Front::Chat => hear_chunk(event, &mut heard),
                Front::Messages => hear_event(event, &mut heard),
                Front::Responses => hear_item(event, &mut heard),
                Front::Ollama => Err("Ollama knows no events".to_owned()),
                Front::Gemini => candidates(&json(&event.data)?).map(|next| {
                    let finish = next.finish.or(heard.finish.take());
                    let usage = next.usage.or(heard.usage.take());
                    let text = std::mem::take(&mut heard.text) + &next.text;
                    heard = Heard { text, finish, usage, ..next };
                }),
            }?;
        }
        Ok(heard)
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
pub fn events(body: &str) -> Result<Vec<ServerEvent>, String> {
    let mut all = Vec::new();
    let mut event = ServerEvent::default();
    for line in body.replace("\r\n", "\n").lines() {
        match line.split_once(':').map(|(field, value)| (field, value.strip_prefix(' ').unwrap_or(value))) {
            Some(("data", data)) => event.data.push_str(data),
            Some(("event", name)) => event.name = name.to_owned(),
            _ if line.is_empty() && !event.data.is_empty() => all.push(std::mem::take(&mut event)),
            _ if line.is_empty() => event = ServerEvent::default(),
            _ => {}
        }
    }
    ensure(event.data.is_empty(), || "the stream ends in the middle of an event".to_owned())?;
    Ok(all)
}

/// An error that says what is wrong, unless all is fine.
pub fn ensure(fine: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if fine { Ok(()) } else { Err(wrong()) }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|_| format!("no JSON: {text:?}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn trouble(error: &Value) -> Result<Heard, String> {
    let told = error["message"].as_str().is_some_and(|text| !text.is_empty());
    ensure(told && error["type"].is_string(), || format!("an error without type or message: {error}"))?;
    let trouble = Trouble {
        kind: text(&error["type"]),
        code: text(&error["code"]),
        message: text(&error["message"]),
        param: error["param"].as_str().map(str::to_owned),
    };
    Ok(Heard { trouble: Some(trouble), ..Heard::default() })
}

fn whole_chat(body: &Value) -> Result<Heard, String> {
    if let Some(error) = body.get("error") {
        let four = error.get("param").is_some() && error["code"].is_string();
        ensure(four, || format!("an error of OpenAI's has four fields: {error}"))?;
        return trouble(error);
    }
    ensure(body["object"] == "chat.completion", || format!("no completion: {body}"))?;
    let choice = &body["choices"][0];
    Ok(Heard {
        text: text(&choice["message"]["content"]),
        finish: choice["finish_reason"].as_str().map(str::to_owned),
        over: true,
        trouble: None,
        usage: body.get("usage").cloned(),
    })
}

/// A response of OpenAI's newer API.
fn whole_response(body: &Value) -> Result<Heard, String> {
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        return trouble(error);
    }
    ensure(body["object"] == "response", || format!("no response: {body}"))?;
    let items = body["output"].as_array().ok_or_else(|| format!("no items: {body}"))?;
    let parts = items.iter().filter_map(|item| item["content"].as_array()).flatten();
    Ok(Heard {
        text: parts.map(|part| text(&part["text"])).collect(),
        finish: body["status"].as_str().map(str::to_owned),
        over: true,
        trouble: None,
        usage: body.get("usage").filter(|usage| !usage.is_null()).cloned(),
    })
}

fn hear_item(event: &ServerEvent, heard: &mut Heard) -> Result<(), String> {
    let data = json(&event.data)?;
    ensure(data["type"] == event.name.as_str(), || format!("an event that is not called what it is: {event:?}"))?;
    ensure(data["sequence_number"].is_u64(), || format!("an event without a number: {event:?}"))?;
    let failed = |error: &Value| {
        // Errors within streams have a code alone.
        let code = text(&error["code"]);
        let kind = match code.as_str() {
            "rate_limit_exceeded" => "rate_limit_error",
            "server_error" => "internal_server_error",
            other => other,
        };
        let told = error["message"].as_str().is_some_and(|text| !text.is_empty());
        ensure(told && !code.is_empty(), || format!("an error without code or message: {error}"))?;
        Ok::<_, String>(Trouble { kind: kind.to_owned(), code, message: text(&error["message"]), param: None })
    };
    match event.name.as_str() {
        "error" => heard.trouble = Some(failed(&data)?),
        "response.failed" => heard.trouble = Some(failed(&data["response"]["error"])?),
        "response.output_text.delta" => heard.text.push_str(data["delta"].as_str().unwrap_or_default()),
        "response.completed" | "response.incomplete" => {
            let whole = whole_response(&data["response"])?;
            ensure(whole.text == heard.text, || format!("the end says {:?}, not {:?}", whole.text, heard.text))?;
            *heard = whole;
        }
        _ => {}
    }
    Ok(())
}

fn whole_message(body: &Value) -> Result<Heard, String> {
    if body["type"] == "error" {
        return trouble(&body["error"]);
    }
    let blocks = body["content"].as_array().filter(|_| body["type"] == "message");
    let blocks = blocks.ok_or_else(|| format!("no message: {body}"))?;
    Ok(Heard {
        text: blocks.iter().map(|block| text(&block["text"])).collect(),
        finish: body["stop_reason"].as_str().map(str::to_owned),
        over: true,
        trouble: None,
        usage: body.get("usage").cloned(),
    })
}

/// An answer of Gemini's, or a piece of one.
fn candidates(body: &Value) -> Result<Heard, String> {
    if let Some(error) = body.get("error") {
        let whole = error["code"].is_u64() && error["status"].is_string() && error["message"].is_string();
        ensure(whole, || format!("an error of Google's has code, status and message: {error}"))?;
        let (kind, message) = (text(&error["status"]), text(&error["message"]));
        let trouble = Trouble { kind, code: String::new(), message, param: None };
        return Ok(Heard { trouble: Some(trouble), ..Heard::default() });
    }
    let first = &body["candidates"][0];
    let parts = first["content"]["parts"].as_array().filter(|_| body["responseId"].is_string());
    let parts = parts.ok_or_else(|| format!("no answer of Gemini's: {body}"))?;
    ensure(first["content"]["role"] == "model", || format!("nobody said this: {body}"))?;
    let finish = first["finishReason"].as_str().map(str::to_owned);
    Ok(Heard {
        text: parts.iter().map(|part| text(&part["text"])).collect(),
        over: finish.is_some(),
        finish,
        trouble: None,
        usage: body.get("usageMetadata").cloned(),
    })
}

/// An object of Ollama's: a whole answer, or a line of a stream.
fn spoken(line: &Value) -> Result<Heard, String> {
    if let Some(error) = line.get("error") {
        ensure(error.as_str().is_some_and(|text| !text.is_empty()), || format!("an error is a sentence: {line}"))?;
        let message = text(error);
        let trouble = Trouble { kind: String::new(), code: String::new(), message, param: None };
        return Ok(Heard { trouble: Some(trouble), ..Heard::default() });
    }
    let whole = line["message"]["content"].is_string() && line["created_at"].is_string() && line["done"].is_boolean();
    ensure(whole, || format!("no line of Ollama's: {line}"))?;
    let over = line["done"] == true;
    ensure(over == line["done_reason"].is_string(), || format!("only an end has a reason: {line}"))?;
    Ok(Heard {
        text: text(&line["message"]["content"]),
        finish: line["done_reason"].as_str().map(str::to_owned),
        over,
        trouble: None,
        usage: line.get("eval_count").map(|_| line.clone()),
    })
}

fn hear_lines(body: &str) -> Result<Heard, String> {
    let mut heard = Heard::default();
    for line in body.lines() {
        let ended = heard.over || heard.trouble.is_some();
        ensure(!ended, || format!("something comes behind the end: {line}"))?;
        let next = spoken(&json(line)?)?;
        heard = Heard { text: heard.text + &next.text, ..next };
    }
    Ok(heard)
}

fn hear_chunk(event: &ServerEvent, heard: &mut Heard) -> Result<(), String> {
    if event.data == "[DONE]" {
        heard.over = true;
        return Ok(());
    }
    let chunk = json(&event.data)?;
    if let Some(error) = chunk.get("error") {
        heard.trouble = trouble(error)?.trouble;
        return Ok(());
    }
    let choice = &chunk["choices"][0];
    // Azure's first chunk has no choices and no name.
    let named = chunk["object"] == "chat.completion.chunk" || choice.is_null();
    ensure(named, || format!("no chunk: {chunk}"))?;
    heard.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
    heard.finish = choice["finish_reason"].as_str().map(str::to_owned).or(heard.finish.take());
    heard.usage = chunk.get("usage").filter(|usage| !usage.is_null()).cloned().or(heard.usage.take());
    Ok(())
}

fn hear_event(event: &ServerEvent, heard: &mut Heard) -> Result<(), String> {
    let data = json(&event.data)?;
    ensure(data["type"] == event.name.as_str(), || format!("an event that is not called what it is: {event:?}"))?;
    match event.name.as_str() {
        "error" => heard.trouble = trouble(&data["error"])?.trouble,
        "content_block_delta" => heard.text.push_str(data["delta"]["text"].as_str().unwrap_or_default()),
        "message_delta" => {
            heard.finish = data["delta"]["stop_reason"].as_str().map(str::to_owned);
            heard.usage = Some(data["usage"].clone());
        }
        "message_stop" => heard.over = true,
        _ => {}
    }
    Ok(())
}
