//! Reads and checks a generateContent request.

use super::fields::{get, integer, list, number, object, switch, text, word};
use super::{contents, tools};
use crate::dialect::Incoming;
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::{Ask, Format, Shape};
use serde_json::{Value, json};

const FIELDS: &[&str] = &[
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "labels",
    "serviceTier",
    "store",
    "continuationToken",
];

const CONFIG: &[&str] = &[
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "seed",
    "presencePenalty",
    "frequencyPenalty",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseLogprobs",
    "logprobs",
    "responseModalities",
    "speechConfig",
    "mediaResolution",
    "thinkingConfig",
    "imageConfig",
    "enableEnhancedCivicAnswers",
    "audioTranscriptionConfig",
];

const LEVELS: &[&str] = &["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"];

/// Where generation settings are, in the server's words.
const AT: &str = "generation_config";

pub(super) fn read(incoming: &Incoming<'_>) -> Result<Ask, Problem> {
    let (body, knobs) = (incoming.body, incoming.knobs);
    known_fields(incoming)?;
    let empty = json!({});
    let config = get(body, "generationConfig").unwrap_or(&empty);
    sampling(config, incoming)?;
    let talk = contents::read(body, knobs)?;
    let (tools, choice) = tools::read(body)?;
    let format = format(config)?;
    if format.is_some() && !tools.is_empty() && !knobs.on(knobs.gemini3) {
        let text = "Function calling with a response mime type: 'application/json' is unsupported";
        return Err(Problem::refuse(text));
    }
    safety(body)?;
    let stream = incoming.op == Op::ChatStream;
    let sse = incoming.head.query("alt") == Some("sse");
    Ok(Ask {
        model: incoming.model.to_owned(),
        stream,
        last_user: talk.last_user,
        tool_result: talk.tool_result,
        tools,
        choice,
        format,
        thinking: thinking(config, knobs)?,
        max_tokens: integer(config, "maxOutputTokens", AT, 1, i32::MAX.into())?.map(|most| most as u64),
        stops: stops(config)?,
        n: integer(config, "candidateCount", AT, 1, 8)?.unwrap_or(1) as usize,
        logprobs: logprobs(config)?,
        shape: if stream && !sse { Shape::Array } else { Shape::Chat },
        words: talk.words + contents::system(body)?,
        ..Ask::default()
    })
}

fn known_fields(incoming: &Incoming<'_>) -> Result<(), Problem> {
    if incoming.knobs.on(incoming.knobs.extras) {
        return Ok(());
    }
    object(incoming.body, "", FIELDS)?;
    match get(incoming.body, "generationConfig") {
        Some(config) => object(config, AT, CONFIG).map(|_| ()),
        None => Ok(()),
    }
}

/// Checks a countTokens request; its answer.
pub(super) fn count(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    object(
        body,
        "",
        &["contents", "generateContentRequest", "systemInstruction", "tools", "generationConfig", "model"],
    )?;
    let inner = get(body, "generateContentRequest").unwrap_or(body);
    let total = contents::read(inner, incoming.knobs)?.words + contents::system(inner)?;
    tools::read(inner)?;
    Ok(json!({ "totalTokens": total, "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": total }] }))
}

fn sampling(config: &Value, incoming: &Incoming<'_>) -> Result<(), Problem> {
    number(config, "temperature", AT, 0.0, 2.0)?;
    number(config, "topP", AT, 0.0, 1.0)?;
    number(config, "topK", AT, 0.0, 1000.0)?;
    number(config, "presencePenalty", AT, -2.0, 2.0)?;
    number(config, "frequencyPenalty", AT, -2.0, 2.0)?;
    integer(config, "seed", AT, i32::MIN.into(), i32::MAX.into())?;
    let names = ["temperature", "topP", "topK"];
    let refused = names.into_iter().find(|name| get(config, name).is_some());
    match refused.filter(|_| incoming.knobs.on(incoming.knobs.no_sampling)) {
        Some(name) => Err(Problem::refuse(format!("{name} is not supported for this model."))),
        None => Ok(()),
    }
}

fn stops(config: &Value) -> Result<Vec<String>, Problem> {
    let list = list(config, "stopSequences", "generation_config.stop_sequences")?;
    if list.len() > 5 {
        return Err(Problem::refuse("The number of stop sequences must be at most 5."));
    }
    let wrong = || Problem::refuse("Invalid value at 'generation_config.stop_sequences' (TYPE_STRING)");
    list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

/// Whether thoughts are asked for.
fn thinking(config: &Value, knobs: &Knobs) -> Result<bool, Problem> {
    let Some(thinking) = get(config, "thinkingConfig") else {
        return Ok(knobs.on(knobs.thinks));
    };
    let path = "generation_config.thinking_config";
    object(thinking, path, &["includeThoughts", "thinkingBudget", "thinkingLevel"])?;
    let budget = integer(thinking, "thinkingBudget", path, -1, 65_536)?;
    let level = word(thinking, "thinkingLevel", path, LEVELS)?;
    if budget.is_some() && level.is_some() {
        return Err(Problem::refuse("You can only set only one of thinking budget and thinking level."));
    }
    Ok(switch(thinking, "includeThoughts", path)? && budget != Some(0))
}

fn logprobs(config: &Value) -> Result<Option<usize>, Problem> {
    let wanted = switch(config, "responseLogprobs", AT)?;
    let top = integer(config, "logprobs", AT, 0, 20)?;
    if top.is_some() && !wanted {
        return Err(Problem::refuse("logprobs can only be set when response_logprobs is true."));
    }
    Ok(wanted.then_some(top.unwrap_or(0) as usize))
}

fn format(config: &Value) -> Result<Option<Format>, Problem> {
    let kind = text(config, "responseMimeType", AT)?;
    let known = [None, Some("text/plain"), Some("application/json"), Some("text/x.enum")];
    if !known.contains(&kind) {
        let text = "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.";
        return Err(Problem::refuse(text));
    }
    let own = get(config, "responseSchema");
    let json = get(config, "responseJsonSchema");
    if own.is_some() && json.is_some() {
        return Err(Problem::refuse("Only one of response_schema and response_json_schema can be set."));
    }
    if let Some(schema) = own {
        tools::check_schema(schema, "generation_config.response_schema", 0)?;
    }
    match (own.or(json), kind) {
        (Some(schema), Some("application/json" | "text/x.enum")) => Ok(Some(Format::Schema(schema.clone()))),
        (Some(_), _) => {
            let text = "* GenerateContentRequest.generation_config.response_schema: only allowed when response_mime_type is `application/json`.";
            Err(Problem::refuse(text))
        }
        (None, Some("application/json")) => Ok(Some(Format::Json)),
        (None, _) => Ok(None),
    }
}

fn safety(body: &Value) -> Result<(), Problem> {
    for (at, setting) in list(body, "safetySettings", "safety_settings")?.iter().enumerate() {
        let path = format!("safety_settings[{at}]");
        object(setting, &path, &["category", "threshold", "method"])?;
        let category = text(setting, "category", &path)?.unwrap_or_default();
        if !category.starts_with("HARM_CATEGORY_") {
            return Err(Problem::refuse(format!("Invalid value at '{path}.category' (TYPE_ENUM), \"{category}\"")));
        }
    }
    Ok(())
}
