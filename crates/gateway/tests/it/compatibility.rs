//! What comes through from each dialect to each provider: the table of `docs/compatibility.md` is what these calls came
//! to, and a test compares it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::backs::{Back, Config, asked, mock};
use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/compatibility.md");
const HOW: &str = "LOCKGATE_WRITE_DOCS=1 cargo test -p gateway --test it compatibility";
/// A picture of one pixel, and a document without pages.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const DOCUMENT: &str = "JVBERi0xLjQKJSVFT0YK";
/// Tokens that the provider says came from its cache.
const CACHED: u64 = 7;

/// What is tried: its name, and the knobs with which providers show it.
const FEATURES: [(Feature, &str, &str); 10] = [
    (Feature::Text, "text", ""),
    (Feature::Stream, "stream", ""),
    (Feature::Tools, "tools", ""),
    (Feature::ParallelTools, "parallel tools", "parallel=2"),
    (Feature::Images, "images", ""),
    (Feature::Documents, "documents", ""),
    (Feature::Structure, "structured output", ""),
    (Feature::Thinking, "thinking", ""),
    (Feature::Cached, "cached usage", "cached=7"),
    (Feature::Errors, "errors", "status=429"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    Text,
    Stream,
    Tools,
    ParallelTools,
    Images,
    Documents,
    Structure,
    Thinking,
    Cached,
    Errors,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// In the provider's own dialect.
    Pass,
    /// Translated.
    Bridged,
    /// Refused with a 400.
    Refused,
    /// The caller's dialect has no words for it, or the provider has no such thing.
    None,
}

#[tokio::test]
async fn the_table_says_what_comes_through() {
    let provider = mock("").await;
    let mut config = Config::default();
    for back in Back::ALL {
        for (index, (_, _, knobs)) in FEATURES.iter().enumerate() {
            let model = format!("{}/{}", back.provider(), model_of(back));
            let more = format!("extra_headers: {{x-mock: \"{knobs}\"}}");
            config = config.model(&group(back, index), &model, &back.base(&provider.url()), &more);
        }
    }
    let config = config.and("litellm_settings: {num_retries: 0}\nrouter_settings: {disable_cooldowns: true}");
    let gateway = Gateway::start(&config.yaml()).await;
    let mut table = String::new();
    for front in Front::ALL {
        let heads = Back::ALL.map(|back| format!(" {} |", name_of(back))).concat();
        let _ = writeln!(table, "\n## {}\n\n| |{heads}\n|---|{}", title(front), "---|".repeat(Back::ALL.len()));
        for (index, (feature, name, _)) in FEATURES.into_iter().enumerate() {
            let mut row = format!("| {name} |");
            for back in Back::ALL {
                let cell = match body(front, feature, &group(back, index)) {
                    None => Cell::None,
                    Some(body) => {
                        provider.clear();
                        let answer = gateway.call(&front.call_with(body)).await;
                        let arrived = !asked(&provider, carried(feature)).is_empty();
                        judge(front, back, feature, &answer, arrived)
                    }
                };
                let _ = write!(row, " {} |", word(cell));
            }
            let _ = writeln!(table, "{row}");
        }
    }
    let written = format!("{INTRODUCTION}{table}");
    if std::env::var_os("LOCKGATE_WRITE_DOCS").is_some() {
        std::fs::write(FILE, &written).expect("the file is written");
    }
    let there = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(there == written, "docs/compatibility.md is out of date: {HOW}\n{written}");
}

const INTRODUCTION: &str = "# What comes through

What each dialect of callers gets of what models can do, by the dialect of the provider. The tables are written by the test
`compatibility` of `crates/gateway/tests/it`, which makes all of these calls against mock providers that check requests as their
vendors do.

- **yes**: in the provider's own dialect, as it was written
- **bridged**: translated, and back
- **400**: refused, with the field that cannot be honoured
- **–**: the caller's dialect has no words for it, or the provider has no such thing
";

fn group(back: Back, feature: usize) -> String {
    format!("{}-{feature}", back.provider())
}

/// A model that can all of it, as far as any of the provider's can.
fn model_of(back: Back) -> &'static str {
    match back {
        Back::OpenAi | Back::Responses => "gpt-5",
        Back::Anthropic => "claude-sonnet-4-5",
        Back::Gemini => "gemini-2.5-flash",
        Back::Ollama => "qwen3",
        Back::Bedrock => "anthropic.claude-sonnet-4-5-20250929-v1:0",
        Back::Cohere => "command-a-reasoning-08-2025",
    }
}

fn name_of(back: Back) -> &'static str {
    match back {
        Back::OpenAi => "OpenAI",
        Back::Anthropic => "Anthropic",
        Back::Gemini => "Gemini",
        Back::Ollama => "Ollama",
        Back::Bedrock => "Bedrock",
        Back::Responses => "Responses",
        Back::Cohere => "Cohere",
    }
}

fn title(front: Front) -> &'static str {
    match front {
        Front::Chat => "OpenAI's chat (`/v1/chat/completions`)",
        Front::Messages => "Anthropic's messages (`/v1/messages`)",
        Front::Ollama => "Ollama's chat (`/api/chat`)",
        Front::Gemini => "Gemini's `generateContent`",
        Front::Responses => "OpenAI's responses (`/v1/responses`)",
    }
}

fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Pass => "yes",
        Cell::Bridged => "bridged",
        Cell::Refused => "400",
        Cell::None => "–",
    }
}

/// Whether the provider speaks what the caller speaks.
fn is_same(front: Front, back: Back) -> bool {
    matches!(
        (front, back),
        (Front::Chat, Back::OpenAi)
            | (Front::Responses, Back::OpenAi | Back::Responses)
            | (Front::Messages, Back::Anthropic)
            | (Front::Ollama, Back::Ollama)
            | (Front::Gemini, Back::Gemini)
    )
}

/// What of the request has to reach the provider as it is.
fn carried(feature: Feature) -> &'static str {
    match feature {
        Feature::Images => PICTURE,
        Feature::Documents => DOCUMENT,
        _ => "",
    }
}

/// A request that wants a feature; `None` if the dialect has no words for it.
fn body(front: Front, feature: Feature, model: &str) -> Option<Value> {
    let mut body = front.body(model, "What is the weather in Paris?", feature == Feature::Stream);
    let fields = body.as_object_mut().expect("an object");
    let mut add = |more: Value| fields.extend(more.as_object().expect("an object").clone());
    let schema = json!({
        "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"], "additionalProperties": false
    });
    let plain = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let (function, about) = ("weather", "Says what the weather is");
    match (front, feature) {
        (_, Feature::Text | Feature::Stream | Feature::Errors) => {}
        (Front::Ollama, Feature::Cached | Feature::Documents) => return None,
        (_, Feature::Cached) => {}
        (Front::Chat | Front::Ollama, Feature::Tools | Feature::ParallelTools) => add(json!({ "tools": [
            { "type": "function", "function": { "name": function, "description": about, "parameters": plain } }
        ] })),
        (Front::Responses, Feature::Tools | Feature::ParallelTools) => add(json!({ "tools": [
            { "type": "function", "name": function, "description": about, "parameters": plain }
        ] })),
        (Front::Messages, Feature::Tools | Feature::ParallelTools) => {
            add(json!({ "tools": [{ "name": function, "description": about, "input_schema": plain }] }));
        }
        (Front::Gemini, Feature::Tools | Feature::ParallelTools) => add(json!({ "tools": [
            { "functionDeclarations": [{ "name": function, "description": about, "parameters": plain }] }
        ] })),
        (Front::Chat, Feature::Images) => add(json!({ "messages": [{ "role": "user", "content": [
            { "type": "text", "text": "What is this?" },
            { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{PICTURE}") } },
        ] }] })),
        (Front::Chat, Feature::Documents) => {
            let file = json!({ "filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{DOCUMENT}") });
            add(json!({ "messages": [{ "role": "user", "content": [
                { "type": "text", "text": "What is this?" }, { "type": "file", "file": file },
            ] }] }));
        }
        (Front::Responses, Feature::Images) => add(json!({ "input": [{ "role": "user", "content": [
            { "type": "input_text", "text": "What is this?" },
            { "type": "input_image", "image_url": format!("data:image/png;base64,{PICTURE}") },
        ] }] })),
        (Front::Responses, Feature::Documents) => {
            let data = format!("data:application/pdf;base64,{DOCUMENT}");
            add(json!({ "input": [{ "role": "user", "content": [
                { "type": "input_text", "text": "What is this?" },
                { "type": "input_file", "filename": "a.pdf", "file_data": data },
            ] }] }));
        }
        (Front::Messages, Feature::Images | Feature::Documents) => {
            let (kind, media, data) = match feature {
                Feature::Images => ("image", "image/png", PICTURE),
                _ => ("document", "application/pdf", DOCUMENT),
            };
            let source = json!({ "type": "base64", "media_type": media, "data": data });
            add(json!({ "messages": [{ "role": "user", "content": [
                { "type": kind, "source": source }, { "type": "text", "text": "What is this?" },
            ] }] }));
        }
        (Front::Gemini, Feature::Images | Feature::Documents) => {
            let (media, data) = match feature {
                Feature::Images => ("image/png", PICTURE),
                _ => ("application/pdf", DOCUMENT),
            };
            add(json!({ "contents": [{ "role": "user", "parts": [
                { "text": "What is this?" }, { "inlineData": { "mimeType": media, "data": data } },
            ] }] }));
        }
        (Front::Ollama, Feature::Images) => {
            add(json!({ "messages": [{ "role": "user", "content": "What is this?", "images": [PICTURE] }] }));
        }
        (Front::Chat, Feature::Structure) => {
            let format = json!({ "name": "answer", "strict": true, "schema": schema });
            add(json!({ "response_format": { "type": "json_schema", "json_schema": format } }));
        }
        (Front::Responses, Feature::Structure) => {
            let format = json!({ "type": "json_schema", "name": "answer", "strict": true, "schema": schema });
            add(json!({ "text": { "format": format } }));
        }
        (Front::Messages, Feature::Structure) => {
            add(json!({ "output_config": { "format": { "type": "json_schema", "schema": schema } } }));
        }
        (Front::Gemini, Feature::Structure) => {
            add(
                json!({ "generationConfig": { "responseMimeType": "application/json", "responseJsonSchema": schema } }),
            );
        }
        (Front::Ollama, Feature::Structure) => add(json!({ "format": schema })),
        (Front::Chat, Feature::Thinking) => add(json!({ "reasoning_effort": "low" })),
        (Front::Responses, Feature::Thinking) => add(json!({ "reasoning": { "effort": "low", "summary": "auto" } })),
        (Front::Messages, Feature::Thinking) => {
            add(json!({ "max_tokens": 4000, "thinking": { "type": "enabled", "budget_tokens": 2000 } }));
        }
        (Front::Gemini, Feature::Thinking) => {
            add(
                json!({ "generationConfig": { "thinkingConfig": { "includeThoughts": true, "thinkingBudget": 2000 } } }),
            );
        }
        (Front::Ollama, Feature::Thinking) => add(json!({ "think": true })),
    }
    Some(body)
}

/// What an answer shows of a feature. Panics where it is neither there nor refused.
fn judge(front: Front, back: Back, feature: Feature, answer: &Answer, arrived: bool) -> Cell {
    let heard = front.hear(answer);
    let come_through = if is_same(front, back) { Cell::Pass } else { Cell::Bridged };
    let fine = |fine: bool| {
        assert!(fine, "{front:?} to {back:?}, {feature:?}: {} {}", answer.status(), answer.text());
        come_through
    };
    if feature == Feature::Errors {
        return fine(answer.status() == 429 && heard.trouble.is_some());
    }
    if answer.status() == 400 {
        return Cell::Refused;
    }
    let shown = answer.json();
    match feature {
        Feature::Text | Feature::Stream => fine(heard.is_success() && !heard.text.is_empty()),
        Feature::Tools => fine(calls(front, &shown) == 1),
        Feature::ParallelTools => fine(calls(front, &shown) == 2),
        Feature::Images | Feature::Documents => fine(heard.is_success() && arrived),
        Feature::Structure => {
            let said: Value = serde_json::from_str(&heard.text).unwrap_or_default();
            fine(said["city"].is_string())
        }
        Feature::Thinking => fine(thinks(front, &shown)),
        Feature::Cached => match cached(front, &heard.usage.unwrap_or_default()) {
            // Not every provider has a cache.
            0 => Cell::None,
            count => fine(count == CACHED),
        },
        Feature::Errors => unreachable!("judged before"),
    }
}

/// How many calls of tools there are.
fn calls(front: Front, answer: &Value) -> usize {
    let of_kind =
        |list: &Value, kind: &str| list.as_array().into_iter().flatten().filter(|one| one["type"] == kind).count();
    match front {
        Front::Chat => answer["choices"][0]["message"]["tool_calls"].as_array().map_or(0, Vec::len),
        Front::Messages => of_kind(&answer["content"], "tool_use"),
        Front::Ollama => answer["message"]["tool_calls"].as_array().map_or(0, Vec::len),
        Front::Gemini => {
            let parts = answer["candidates"][0]["content"]["parts"].as_array().into_iter().flatten();
            parts.filter(|part| part["functionCall"]["name"].is_string()).count()
        }
        Front::Responses => of_kind(&answer["output"], "function_call"),
    }
}

/// Whether it is shown, or at least counted, what the model thought.
fn thinks(front: Front, answer: &Value) -> bool {
    let says = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let counts = |value: &Value| value.as_u64().is_some_and(|count| count > 0);
    match front {
        Front::Chat => {
            says(&answer["choices"][0]["message"]["reasoning_content"])
                || counts(&answer["usage"]["completion_tokens_details"]["reasoning_tokens"])
        }
        Front::Messages => {
            let blocks = answer["content"].as_array().into_iter().flatten();
            blocks.into_iter().any(|block| block["type"] == "thinking" && says(&block["thinking"]))
                || counts(&answer["usage"]["output_tokens_details"]["thinking_tokens"])
        }
        Front::Ollama => says(&answer["message"]["thinking"]),
        Front::Gemini => {
            let parts = answer["candidates"][0]["content"]["parts"].as_array().into_iter().flatten();
            parts.into_iter().any(|part| part["thought"] == true && says(&part["text"]))
                || counts(&answer["usageMetadata"]["thoughtsTokenCount"])
        }
        Front::Responses => {
            let items = answer["output"].as_array().into_iter().flatten();
            items.into_iter().any(|item| item["type"] == "reasoning")
                || counts(&answer["usage"]["output_tokens_details"]["reasoning_tokens"])
        }
    }
}

/// Tokens that came from the provider's cache.
fn cached(front: Front, usage: &Value) -> u64 {
    let count = match front {
        Front::Chat => &usage["prompt_tokens_details"]["cached_tokens"],
        Front::Messages => &usage["cache_read_input_tokens"],
        Front::Gemini => &usage["cachedContentTokenCount"],
        Front::Responses => &usage["input_tokens_details"]["cached_tokens"],
        Front::Ollama => &Value::Null,
    };
    count.as_u64().unwrap_or_default()
}
