//! Decoding the fields beside the conversation. Reasoning is said in two of them (`thinking` and
//! `output_config.effort`) and meets in one word of the vocabulary.

use types::{Chat, Effort, Fault, Format, Raw, Reasoning};

use super::{At, tools};
use crate::anthropic::words;
use crate::json::{Doc, Json, Kind};

/// Decodes one field of a request into `chat`; a field without a word there becomes an extra.
pub(super) fn field(chat: &mut Chat, name: &str, value: Json, at: &At) -> Result<(), Fault> {
    match name {
        "model" => chat.model = at.string(value)?,
        "max_tokens" => chat.max_tokens = Some(at.count(value)?),
        "stream" => chat.stream = at.bool(value)?,
        "temperature" => chat.temperature = Some(at.fraction(value)?),
        "top_p" => chat.top_p = Some(at.fraction(value)?),
        "top_k" => chat.top_k = Some(at.count(value)?),
        "stop_sequences" => chat.stop = at.list(value, |item, at| at.string(item))?,
        "tools" => chat.tools = at.list(value, tools::tool)?,
        "tool_choice" => tools::choice(chat, value, at)?,
        "metadata" => metadata(chat, value, at)?,
        "service_tier" => {
            chat.service_tier = words::tier_to_openai(&at.string(value)?).map(str::to_owned);
        }
        "thinking" => thinking(chat, value, at)?,
        "output_config" => output_config(chat, value, at)?,
        // The name of `output_config.format` while it was in beta.
        "output_format" => chat.format = Some(format(value, at)?),
        _ => chat.extras.push((name.to_owned(), value.to_raw())),
    }
    Ok(())
}

fn metadata(chat: &mut Chat, value: Json, at: &At) -> Result<(), Fault> {
    at.expect(value, Kind::Object)?;
    chat.user = at.optional_string(value, "user_id")?;
    Ok(())
}

/// Decodes `thinking`. A type that we do not know stays an extra.
fn thinking(chat: &mut Chat, value: Json, at: &At) -> Result<(), Fault> {
    let kind = at.required_string(value, "type")?;
    let budget = match kind.as_str() {
        "enabled" => Some(At::Field(at, "budget_tokens").count(at.required(value, "budget_tokens")?)?),
        "adaptive" | "disabled" => None,
        _ => {
            chat.extras.push(("thinking".to_owned(), value.to_raw()));
            return Ok(());
        }
    };
    let summary = match at.optional_string(value, "display")?.as_deref() {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        Some(_) => return Err(At::Field(at, "display").fault("must be 'summarized' or 'omitted'")),
        None => None,
    };
    let reasoning = chat.reasoning.get_or_insert_default();
    reasoning.budget_tokens = budget;
    reasoning.adaptive = kind == "adaptive";
    reasoning.summary = summary;
    if kind == "disabled" {
        reasoning.effort = Some(Effort::None);
    }
    Ok(())
}

/// Decodes `output_config`. Fields of it that we do not know stay together as an extra.
fn output_config(chat: &mut Chat, value: Json, at: &At) -> Result<(), Fault> {
    at.expect(value, Kind::Object)?;
    if let Some(effort) = at.optional_string(value, "effort")? {
        let Some(effort) = Effort::parse(&effort) else {
            return Err(At::Field(at, "effort").fault("must be 'low', 'medium', 'high', 'xhigh' or 'max'"));
        };
        let reasoning = chat.reasoning.get_or_insert_default();
        // Thinking that was switched off stays off, whichever field comes first.
        if reasoning.effort != Some(Effort::None) {
            reasoning.effort = Some(effort);
        }
    }
    if let Some(value) = value.get_some("format") {
        chat.format = Some(format(value, &At::Field(at, "format"))?);
    }
    if value.fields().any(|(key, _)| !key.is("effort") && !key.is("format")) {
        chat.extras.push(("output_config".to_owned(), value.to_raw()));
    }
    Ok(())
}

fn format(value: Json, at: &At) -> Result<Format, Fault> {
    if at.required_string(value, "type")? != "json_schema" {
        return Err(At::Field(at, "type").fault("must be 'json_schema'"));
    }
    let schema = at.required(value, "schema")?;
    At::Field(at, "schema").expect(schema, Kind::Object)?;
    // Anthropic always enforces, but allows optional fields, which OpenAI's strict mode does not.
    Ok(Format::Schema { name: None, description: None, schema: schema.to_raw(), strict: None })
}

/// Decodes a `thinking` object that a caller of another dialect passed on as an extra. `None` if it is of a
/// type that we do not know.
pub(in crate::anthropic) fn thinking_of_extra(raw: &Raw) -> Result<Option<Reasoning>, Fault> {
    let doc = Doc::parse(raw.get().as_bytes())?;
    let mut chat = Chat::default();
    thinking(&mut chat, doc.root(), &At::Top("thinking"))?;
    Ok(chat.reasoning)
}
