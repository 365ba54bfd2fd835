//! Reading what callers ask, and what of it the answer repeats.

use bytes::BytesMut;
use types::{Chat, Effort, Format, Message, Raw, Reasoning, Role};

use super::{BOUND, ISSUED, NAME, input, kept, tools};
use crate::fields::Fields;
use crate::json::{self, Json};
use crate::openai::{Newer, choice, setting};
use crate::typed::{Place, Wrong, count, each, field, flag, object, required, text};

/// Wish for log probabilities, in `include`.
const LOGPROBS: &str = "message.output_text.logprobs";

/// Fields that refer to what is kept of earlier calls, or ask to keep this one, and why they cannot be honoured.
const KEPT: [(&str, &str); 4] = [
    ("background", "cannot be true here: this answer is made while its caller waits"),
    ("conversation", "cannot be used here: no conversations are kept, so go on from the id of the last answer"),
    (ISSUED, "is of no answer that is kept here: send the whole conversation as input"),
    ("prompt", "cannot be used here: no prompts are kept, so send the text of the prompt"),
];

/// Reads a request.
pub(super) fn read(root: Json) -> Result<Chat, Wrong> {
    let newer = Newer::of(root);
    let mut chat = Chat { dialect: NAME, stream_usage: true, ..Chat::default() };
    for (key, value) in root.fields().filter(|(_, value)| !value.is_null()) {
        let key = key.as_str().unwrap_or_default();
        let known = own_field(&mut chat, &key, value)
            .and_then(|known| Ok(known || setting(&mut chat, newer, &key, value)?))
            .within(&key)?;
        if !known {
            chat.extras.push((key.into_owned(), value.to_raw()));
        }
    }
    if chat.messages.is_empty() {
        return Err(Wrong::new("must be a text or a list of at least one item")).within("input");
    }
    let instructions = field(root, "instructions", input::instructions)?.unwrap_or_default();
    if !instructions.is_empty() {
        chat.messages.insert(0, Message::new(Role::System, instructions));
    }
    Ok(chat)
}

/// Takes over a field that chats do not have, or have in another form; `false` if it is none.
fn own_field(chat: &mut Chat, key: &str, value: Json) -> Result<bool, Wrong> {
    match key {
        "input" => chat.messages = input::read(value)?,
        "instructions" => {}
        BOUND => chat.max_tokens = Some(count(value)?),
        "tools" => chat.tools = tools::read(value)?,
        "tool_choice" => chat.tool_choice = Some(choice(value)?),
        "parallel_tool_calls" => chat.parallel_tool_calls = Some(flag(value)?),
        "reasoning" => reasoning(chat.reasoning.get_or_insert_default(), value)?,
        // A deployment's own parameter, in the words of chats.
        "reasoning_effort" => chat.reasoning.get_or_insert_default().effort = Some(effort(value)?),
        "text" => {
            chat.format = field(object(value)?, "format", format)?.flatten();
            chat.extras.extend(value.get_some("verbosity").map(|word| ("verbosity".to_owned(), word.to_raw())));
        }
        "top_logprobs" => chat.top_logprobs = Some(count(value)?),
        "include" => {
            let wanted = each(value, text)?;
            chat.logprobs = wanted.iter().any(|name| name == LOGPROBS).then_some(true);
        }
        "background" if !flag(value)? => {}
        // What it stands for is in front of the input.
        ISSUED if kept::is_own(&text(value)?) => {}
        _ if let Some((_, why)) = KEPT.iter().find(|(name, _)| *name == key) => return Err(Wrong::new(*why)),
        "stream_options" => drop(object(value)?),
        "top_k" => chat.top_k = Some(count(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn reasoning(reasoning: &mut Reasoning, value: Json) -> Result<(), Wrong> {
    reasoning.effort = field(object(value)?, "effort", effort)?.or(reasoning.effort);
    let summary = value.get_some("summary").or(value.get_some("generate_summary"));
    reasoning.summary = summary.map(|_| true).or(reasoning.summary);
    Ok(())
}

fn effort(value: Json) -> Result<Effort, Wrong> {
    Effort::parse(&text(value)?)
        .ok_or_else(|| Wrong::new("must be one of none, minimal, low, medium, high, xhigh, max"))
}

/// `text.format`: as in chats, but the schema stands beside its name.
fn format(value: Json) -> Result<Option<Format>, Wrong> {
    match &*required(object(value)?, "type", text)? {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => Ok(Some(Format::Schema {
            name: field(value, "name", text)?,
            description: field(value, "description", text)?,
            schema: field(value, "schema", |schema| Ok(object(schema)?.to_raw()))?.unwrap_or_else(|| Raw::new("{}")),
            strict: field(value, "strict", flag)?,
        })),
        _ => Err(Wrong::new("must be 'text', 'json_object' or 'json_schema'")).within("type"),
    }
}

/// What an answer repeats of its request, with what it says where the caller said nothing.
const REPEATED: [(&str, &str); 17] = [
    ("background", "false"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "null"),
    ("truncation", r#""disabled""#),
];

/// Those fields, as they stand in an object.
pub(super) fn echo(root: Json, keeps: bool) -> String {
    let mut fields = Fields::default();
    for (name, usual) in REPEATED {
        let said = root.get_some(name).map_or(usual, |value| value.raw());
        fields.set(name, |w| w.json(said));
    }
    let wanted = root.get_some("store").and_then(|store| store.as_bool()).unwrap_or(true);
    fields.set("store", |w| w.display(keeps && wanted));
    let mut out = BytesMut::new();
    json::Writer::new(&mut out).object(|w| fields.write_into(w));
    String::from_utf8_lossy(&out).into_owned()
}
