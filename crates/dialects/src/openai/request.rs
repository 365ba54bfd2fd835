//! Reading chat requests: the fields around the messages. Strict about types, so that a slip of the caller is a
//! 400 here and not a riddle from the provider; unknown fields become extras.

use types::{Chat, Effort, Reasoning};

use super::{NAME, messages, tools};
use crate::json::{Json, Kind};
use crate::typed::{Place, Wrong, count, each, field, flag, items, number, object, text, whole};

/// Most answers that may be asked for at once (OpenAI's own bound).
const MAX_N: u64 = 128;

/// Reads a chat request. The model may be missing: some routes name it in the path.
pub(super) fn read(root: Json) -> Result<Chat, Wrong> {
    let newer = Newer::of(root);
    let mut chat = Chat { dialect: NAME, ..Chat::default() };
    for (key, value) in root.fields().filter(|(_, value)| !value.is_null()) {
        let key = key.as_str().unwrap_or_default();
        let known = chat_field(&mut chat, newer, &key, value)
            .and_then(|known| Ok(known || setting(&mut chat, newer, &key, value)?))
            .within(&key)?;
        if !known {
            chat.extras.push((key.into_owned(), value.to_raw()));
        }
    }
    if chat.messages.is_empty() {
        return Err(Wrong::new("must be a list of at least one message")).within("messages");
    }
    Ok(chat)
}

/// Which of the fields that replace a deprecated one are there: they win.
#[derive(Clone, Copy)]
pub struct Newer {
    max_tokens: bool,
    tools: bool,
    tool_choice: bool,
}

impl Newer {
    pub fn of(root: Json) -> Self {
        Newer {
            max_tokens: root.get_some("max_completion_tokens").is_some(),
            tools: root.get_some("tools").is_some(),
            tool_choice: root.get_some("tool_choice").is_some(),
        }
    }
}

/// Takes over a field that only chats have; `false` if it is none.
fn chat_field(chat: &mut Chat, newer: Newer, key: &str, value: Json) -> Result<bool, Wrong> {
    match key {
        "messages" => chat.messages = messages::read(value)?,
        "tools" => chat.tools = each(value, tools::definition)?,
        "functions" if newer.tools => {}
        "functions" => chat.tools = each(value, tools::function)?,
        "tool_choice" => chat.tool_choice = Some(tools::choice(value)?),
        "function_call" if newer.tool_choice => {}
        "function_call" => chat.tool_choice = Some(tools::choice(value)?),
        "parallel_tool_calls" => chat.parallel_tool_calls = Some(flag(value)?),
        "response_format" => chat.format = tools::format(value)?,
        "reasoning_effort" => effort(chat.reasoning.get_or_insert_default(), value)?,
        "thinking" => thinking(chat.reasoning.get_or_insert_default(), value)?,
        "top_k" => chat.top_k = Some(count(value)?),
        "logprobs" => chat.logprobs = Some(flag(value)?),
        "top_logprobs" => chat.top_logprobs = Some(count(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Takes over a field that chats and completions have in common; `false` if it is none.
pub fn setting(chat: &mut Chat, newer: Newer, key: &str, value: Json) -> Result<bool, Wrong> {
    match key {
        "model" => chat.model = text(value)?,
        "max_completion_tokens" => chat.max_tokens = Some(count(value)?),
        "max_tokens" if newer.max_tokens => {}
        "max_tokens" => chat.max_tokens = Some(count(value)?),
        "temperature" => chat.temperature = Some(number(value)?),
        "top_p" => chat.top_p = Some(number(value)?),
        "n" => chat.n = Some(answers(value)?),
        "stop" => chat.stop = stop(value)?,
        "seed" => chat.seed = Some(whole(value)?),
        "presence_penalty" => chat.presence_penalty = Some(number(value)?),
        "frequency_penalty" => chat.frequency_penalty = Some(number(value)?),
        "logit_bias" => chat.logit_bias = Some(object(value)?.to_raw()),
        "user" => chat.user = Some(text(value)?),
        "service_tier" => chat.service_tier = Some(text(value)?),
        "stream" => chat.stream = flag(value)?,
        "stream_options" => chat.stream_usage = field(object(value)?, "include_usage", flag)?.unwrap_or(false),
        _ => return Ok(false),
    }
    Ok(true)
}

fn answers(value: Json) -> Result<u64, Wrong> {
    match count(value)? {
        n @ 1..=MAX_N => Ok(n),
        _ => Err(Wrong::new(format!("must be from 1 to {MAX_N}"))),
    }
}

fn stop(value: Json) -> Result<Vec<String>, Wrong> {
    match value.kind() {
        Kind::String => Ok(vec![text(value)?]),
        Kind::Array => items(value)?.enumerate().map(|(index, item)| text(item).at(index)).collect(),
        _ => Err(Wrong::new("must be a string or a list of strings")),
    }
}

/// `reasoning_effort`: one of OpenAI's words, or an object with `effort` and `summary` as some clients send it.
fn effort(reasoning: &mut Reasoning, value: Json) -> Result<(), Wrong> {
    let word = |value: Json| {
        Effort::parse(&text(value)?)
            .ok_or_else(|| Wrong::new("must be one of none, minimal, low, medium, high, xhigh, max"))
    };
    if value.kind() == Kind::Object {
        reasoning.effort = field(value, "effort", word)?.or(reasoning.effort);
        reasoning.summary = value.get_some("summary").map(|_| true).or(reasoning.summary);
    } else {
        reasoning.effort = Some(word(value)?);
    }
    Ok(())
}

/// `thinking`: Anthropic's object, which many clients send to OpenAI-like gateways too.
fn thinking(reasoning: &mut Reasoning, value: Json) -> Result<(), Wrong> {
    let object = object(value)?;
    let kind = field(object, "type", text)?;
    match kind.as_deref() {
        Some("enabled") | None => reasoning.budget_tokens = field(object, "budget_tokens", count)?,
        Some("adaptive") => reasoning.adaptive = true,
        Some("disabled") => reasoning.effort = Some(Effort::None),
        Some(_) => return Err(Wrong::new("must be 'enabled', 'adaptive' or 'disabled'")).within("type"),
    }
    if let Some(display) = field(object, "display", text)? {
        reasoning.summary = Some(display != "omitted");
    }
    reasoning.own = Some(value.to_raw());
    Ok(())
}
