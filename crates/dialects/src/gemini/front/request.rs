//! Reading what callers ask.

use types::{Chat, Effort, Embedding, EmbeddingInput, Format, FunctionTool, Raw, Reasoning, Tool, ToolChoice};

use super::super::NAME;
use super::CONFIG;
use super::object::{Either, camel};
use super::{parts, schema};
use crate::json::{self, Json};
use crate::openai::{Newer, setting};
use crate::typed::{Place, Wrong, count, each, field, flag, number, object, text, whole};

/// Fields of a chat that are understood.
const KNOWN: [&str; 6] = ["contents", "systemInstruction", "tools", "toolConfig", CONFIG, "serviceTier"];

/// Further fields of Gemini's: other dialects know them by this spelling.
const OWN: [&str; 3] = ["safetySettings", "cachedContent", "labels"];

/// Reads `generateContent`. A deployment's own parameters, in OpenAI's words, may stand beside its fields: the settings
/// count more.
pub(super) fn chat(root: Json) -> Result<Chat, Wrong> {
    let mut chat = Chat { stream_usage: true, dialect: NAME, ..Chat::default() };
    let newer = Newer::of(root);
    for (key, value) in root.fields().filter(|(_, value)| !value.is_null()) {
        let name = key.as_str().unwrap_or_default();
        let known = KNOWN.contains(&camel(&name).as_str());
        if !known && !setting(&mut chat, newer, &name, value).within(&name)? {
            let own = OWN.into_iter().find(|own| camel(&name) == *own).map(str::to_owned);
            chat.extras.push((own.unwrap_or(name.into_owned()), value.to_raw()));
        }
    }
    chat.messages.extend(root.read("systemInstruction", parts::system)?.filter(|system| !system.blocks.is_empty()));
    let contents = root.read("contents", parts::messages)?.unwrap_or_default();
    if contents.is_empty() {
        return Err(Wrong::new("must be a list of at least one turn")).within("contents");
    }
    chat.messages.extend(contents);
    chat.tools = root.read("tools", tools)?.unwrap_or_default();
    if let Some(config) = root.read("toolConfig", |config| object(config)?.read("functionCallingConfig", choice))? {
        chat.tool_choice = config.flatten();
    }
    root.read("serviceTier", |tier| {
        chat.service_tier = Some(text(tier)?).map(|tier| if tier == "standard" { "default".to_owned() } else { tier });
        Ok(())
    })?;
    root.read(CONFIG, |config| settings(&mut chat, object(config)?))?;
    Ok(chat)
}

/// Reads `countTokens`: a conversation, or a whole request.
pub(super) fn counted(root: Json) -> Result<Chat, Wrong> {
    match root.either("generateContentRequest") {
        Some(request) => chat(request).within("generateContentRequest"),
        None => chat(root),
    }
}

/// Reads `embedContent`.
pub(super) fn embedding(root: Json) -> Result<Embedding, Wrong> {
    let content = root.read("content", parts::joined)?.unwrap_or_default();
    let input_type = root.read("taskType", text)?;
    Ok(Embedding {
        input: EmbeddingInput::Texts(vec![content]),
        dimensions: root.read("outputDimensionality", count)?,
        input_type,
        extras: root.get_some("title").map(|title| ("title".to_owned(), title.to_raw())).into_iter().collect(),
        dialect: NAME,
        ..Embedding::default()
    })
}

/// Reads `batchEmbedContents`: requests that want the same of each text.
pub(super) fn embeddings(root: Json) -> Result<Embedding, Wrong> {
    let all = field(root, "requests", |requests| each(requests, |one| embedding(object(one)?)))?.unwrap_or_default();
    let mut all = all.into_iter();
    let Some(mut batch) = all.next() else {
        return Err(Wrong::new("must be a list of at least one request")).within("requests");
    };
    for (index, one) in all.enumerate() {
        let Embedding { input: EmbeddingInput::Texts(more), .. } = one else { continue };
        if (&one.dimensions, &one.input_type, &one.extras) != (&batch.dimensions, &batch.input_type, &batch.extras) {
            return Err(Wrong::new("must want the same as the first request")).at(index + 1).within("requests");
        }
        if let EmbeddingInput::Texts(texts) = &mut batch.input {
            texts.extend(more);
        }
    }
    Ok(batch)
}

/// `tools`: functions, and what only Google's models can do.
fn tools(list: Json) -> Result<Vec<Tool>, Wrong> {
    let mut tools = Vec::new();
    for (index, item) in list.one_or_many().enumerate() {
        for (key, value) in object(item).at(index)?.fields().filter(|(_, value)| !value.is_null()) {
            let kind = camel(&key.as_str().unwrap_or_default());
            if kind == "functionDeclarations" {
                let functions = each(value, function).within(&kind).at(index)?;
                tools.extend(functions.into_iter().map(Tool::Function));
            } else {
                let raw = format!("{{{}:{}}}", json::string(&kind), value.raw());
                tools.push(Tool::Opaque { dialect: NAME, kind, raw: Raw::new(raw) });
            }
        }
    }
    Ok(tools)
}

fn function(value: Json) -> Result<FunctionTool, Wrong> {
    let json_schema = object(value)?.read("parametersJsonSchema", |schema| Ok(object(schema)?.to_raw()))?;
    let parameters = field(value, "parameters", |schema| Ok(schema::json_schema(object(schema)?)))?;
    Ok(FunctionTool {
        name: field(value, "name", text)?.unwrap_or_default(),
        description: field(value, "description", text)?,
        parameters: json_schema.or(parameters),
        ..FunctionTool::default()
    })
}

/// `functionCallingConfig`.
fn choice(config: Json) -> Result<Option<ToolChoice>, Wrong> {
    let mode = field(object(config)?, "mode", text)?.unwrap_or_default().to_ascii_uppercase();
    let mut names = config.read("allowedFunctionNames", |names| each(names, text))?.unwrap_or_default();
    Ok(match mode.as_str() {
        "NONE" => Some(ToolChoice::None),
        "ANY" if names.len() == 1 => Some(ToolChoice::Tool(names.remove(0))),
        "ANY" if names.is_empty() => Some(ToolChoice::Required),
        "ANY" => Some(ToolChoice::Allowed { names, required: true }),
        "VALIDATED" if !names.is_empty() => Some(ToolChoice::Allowed { names, required: false }),
        "AUTO" | "VALIDATED" => Some(ToolChoice::Auto),
        "" | "MODE_UNSPECIFIED" => None,
        _ => return Err(Wrong::new("must be AUTO, ANY, NONE or VALIDATED")).within("mode"),
    })
}

/// `generationConfig`.
fn settings(chat: &mut Chat, config: Json) -> Result<(), Wrong> {
    let mut json = false;
    let mut schema = None;
    for (key, value) in config.fields().filter(|(_, value)| !value.is_null()) {
        let name = camel(&key.as_str().unwrap_or_default());
        let taken = match name.as_str() {
            "temperature" => number(value).map(|number| chat.temperature = Some(number)),
            "topP" => number(value).map(|number| chat.top_p = Some(number)),
            "topK" => count(value).map(|number| chat.top_k = Some(number)),
            "candidateCount" => count(value).map(|number| chat.n = Some(number)),
            "maxOutputTokens" => count(value).map(|number| chat.max_tokens = Some(number)),
            "stopSequences" => each(value, text).map(|stop| chat.stop = stop),
            "seed" => whole(value).map(|seed| chat.seed = Some(seed)),
            "presencePenalty" => number(value).map(|number| chat.presence_penalty = Some(number)),
            "frequencyPenalty" => number(value).map(|number| chat.frequency_penalty = Some(number)),
            "responseLogprobs" => flag(value).map(|wanted| chat.logprobs = Some(wanted)),
            "logprobs" => count(value).map(|number| chat.top_logprobs = Some(number)),
            "responseMimeType" => text(value).map(|kind| json = kind == "application/json"),
            "responseSchema" => object(value).map(|own| schema = Some(schema::json_schema(own))),
            "responseJsonSchema" => object(value).map(|own| schema = Some(own.to_raw())),
            "thinkingConfig" => thinking(value).map(|wanted| chat.reasoning = Some(wanted)),
            // What only Google's models know.
            _ => {
                chat.extras.push((name.clone(), value.to_raw()));
                Ok(())
            }
        };
        taken.within(&name)?;
    }
    chat.format = match schema {
        Some(schema) => Some(Format::Schema { name: None, description: None, schema, strict: None }),
        None => json.then_some(Format::Json),
    };
    Ok(())
}

/// `thinkingConfig`: a budget in tokens (-1: as the model likes, 0: not at all), or a level.
fn thinking(config: Json) -> Result<Reasoning, Wrong> {
    let budget = object(config)?.read("thinkingBudget", whole)?;
    let level = config.read("thinkingLevel", text)?.map(|level| level.to_ascii_lowercase());
    let effort = match level.as_deref() {
        None | Some("thinking_level_unspecified") => None,
        Some(level) => match Effort::parse(level) {
            Some(effort) => Some(effort),
            None => return Err(Wrong::new("must be MINIMAL, LOW, MEDIUM or HIGH")).within("thinkingLevel"),
        },
    };
    Ok(Reasoning {
        effort: effort.or((budget == Some(0)).then_some(Effort::None)),
        budget_tokens: budget.and_then(|budget| u64::try_from(budget).ok()).filter(|budget| *budget > 0),
        adaptive: budget.is_some_and(|budget| budget < 0),
        summary: config.read("includeThoughts", flag)?,
        own: None,
    })
}
