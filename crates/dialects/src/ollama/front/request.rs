//! Reading what callers ask: options under `options`, pictures as bare base64 beside the text, results of tools as
//! messages of their own, which may name their call or only its tool.

use types::{
    Block, Chat, Completion, Effort, Embedding, EmbeddingInput, Format, Message, Raw, Reasoning, Request, Role, Source,
    ToolCall, ToolResult,
};

use super::super::OPTIONS;
use super::{BOUND, Front, Ollama};
use crate::json::{Json, Kind, compact};
use crate::media;
use crate::openai::{Newer, definition, setting};
use crate::turns::Unanswered;
use crate::typed::{Place, Wrong, count, each, field, flag, items, number, object, text, whole};

/// Fields of `/api/generate` that only a model behind the same API understands: its answer does not come by way of a
/// conversation.
const RAW: [&str; 3] = ["raw", "template", "context"];
/// What pictures are taken for whose first bytes say nothing.
const PICTURE: &str = "image/jpeg";

/// Reads `/api/chat`.
pub(super) fn chat(root: Json) -> Result<Chat, Wrong> {
    let mut chat = settings(root, &["messages", "tools"])?;
    chat.messages = field(root, "messages", messages)?.unwrap_or_default();
    chat.tools = field(root, "tools", |tools| each(tools, definition))?.unwrap_or_default();
    Ok(chat)
}

/// Reads `/api/generate`: a conversation of one message, or a text to be continued as it is.
pub(super) fn generate(root: Json) -> Result<Request, Wrong> {
    let prompt = field(root, "prompt", text)?.unwrap_or_default();
    let suffix = field(root, "suffix", text)?.filter(|suffix| !suffix.is_empty());
    let raw = field(root, "raw", flag)?.unwrap_or(false);
    let native = RAW[1..].iter().any(|name| root.get_some(name).is_some_and(|value| !value.is("")));
    if raw || native || suffix.is_some() {
        let mut settings = settings(root, &["prompt", "suffix", "raw"])?;
        if !raw && suffix.is_none() {
            settings.extras.push(("raw".to_owned(), Raw::new("false")));
        }
        return Ok(Request::Completion(Box::new(Completion { prompt, suffix, echo: false, settings })));
    }
    let mut chat = settings(root, &["prompt", "suffix", "raw", "system", "images", "template", "context"])?;
    let system = field(root, "system", text)?.filter(|system| !system.is_empty());
    chat.messages.extend(system.map(|system| Message::new(Role::System, vec![Block::text(system)])));
    let mut said = field(root, "images", images)?.unwrap_or_default();
    if !prompt.is_empty() {
        said.insert(0, Block::text(prompt));
    }
    if !said.is_empty() {
        chat.messages.push(Message::new(Role::User, said));
    }
    Ok(Request::Chat(Box::new(chat)))
}

/// Reads `/api/embed`, or `/api/embeddings`, whose text has another `name`.
pub(super) fn embed(root: Json, name: &'static str) -> Result<Embedding, Wrong> {
    let texts = |input: Json| match input.kind() {
        Kind::String => Ok(vec![text(input)?]),
        Kind::Array => each(input, text),
        _ => Err(Wrong::new("must be a string or a list of strings")),
    };
    Ok(Embedding {
        model: field(root, "model", text)?.unwrap_or_default(),
        input: EmbeddingInput::Texts(field(root, name, texts)?.unwrap_or_default()),
        dimensions: field(root, "dimensions", count)?.filter(|dimensions| *dimensions > 0),
        extras: root.beside(&["model", name, "dimensions", "stream"]),
        dialect: Ollama.name(),
        ..Embedding::default()
    })
}

/// Everything but the fields called `own`. What the options say counts more than a field of OpenAI's beside them, which
/// is how a deployment's defaults are told.
fn settings(root: Json, own: &[&str]) -> Result<Chat, Wrong> {
    let mut chat = Chat { stream: true, stream_usage: true, dialect: Ollama.name(), ..Chat::default() };
    let mut options = Vec::new();
    let newer = Newer::of(root);
    for (key, value) in root.fields().filter(|(_, value)| !value.is_null()) {
        let key = key.as_str().unwrap_or_default();
        match &*key {
            name if own.contains(&name) => {}
            "options" => options = object(value).within(&key)?.fields().collect(),
            "format" => chat.format = format(value).within(&key)?,
            "think" => chat.reasoning = think(value).within(&key)?,
            "logprobs" => chat.logprobs = Some(flag(value).within(&key)?),
            "top_logprobs" => chat.top_logprobs = Some(count(value).within(&key)?),
            _ if setting(&mut chat, newer, &key, value).within(&key)? => {}
            _ => chat.extras.push((key.into_owned(), value.to_raw())),
        }
    }
    for (key, value) in options.into_iter().filter(|(_, value)| !value.is_null()) {
        let key = key.as_str().unwrap_or_default();
        option(&mut chat, &key, value).within(&key).within("options")?;
    }
    Ok(chat)
}

/// Takes an option over. Ollama only warns of one that it does not know.
fn option(chat: &mut Chat, key: &str, value: Json) -> Result<(), Wrong> {
    match key {
        // Less than nothing is no bound.
        BOUND => chat.max_tokens = u64::try_from(whole(value)?).ok().filter(|bound| *bound > 0),
        "temperature" => chat.temperature = Some(number(value)?),
        "top_p" => chat.top_p = Some(number(value)?),
        "top_k" => chat.top_k = Some(count(value)?),
        "seed" => chat.seed = Some(whole(value)?),
        "presence_penalty" => chat.presence_penalty = Some(number(value)?),
        "frequency_penalty" => chat.frequency_penalty = Some(number(value)?),
        "stop" => {
            chat.stop = match value.kind() {
                Kind::String => vec![text(value)?],
                _ => each(value, text)?,
            }
        }
        known if OPTIONS.contains(&known) => {
            chat.extras.retain(|(name, _)| name != known);
            chat.extras.push((known.to_owned(), value.to_raw()));
        }
        _ => {}
    }
    Ok(())
}

/// `format`: the word `json`, or a schema.
fn format(value: Json) -> Result<Option<Format>, Wrong> {
    match value.kind() {
        Kind::Object => {
            Ok(Some(Format::Schema { name: None, description: None, schema: value.to_raw(), strict: None }))
        }
        Kind::String if value.is("json") => Ok(Some(Format::Json)),
        Kind::String if value.is("") => Ok(None),
        _ => Err(Wrong::new("must be \"json\" or a JSON schema")),
    }
}

/// `think`: yes, no, or how much.
fn think(value: Json) -> Result<Option<Reasoning>, Wrong> {
    let of = |effort| Some(Reasoning { effort: Some(effort), ..Reasoning::default() });
    match value.as_bool() {
        // As much as the model sees fit, or what most would call enough.
        Some(true) => Ok(Some(Reasoning { effort: Some(Effort::Medium), adaptive: true, ..Reasoning::default() })),
        Some(false) => Ok(of(Effort::None)),
        None => match value.as_str().as_deref().map(Effort::parse) {
            Some(Some(effort)) => Ok(of(effort)),
            _ => Err(Wrong::new("must be true, false, \"low\", \"medium\", \"high\" or \"max\"")),
        },
    }
}

/// A call of a tool.
fn call(value: Json) -> Result<ToolCall, Wrong> {
    let function = value.get_some("function").unwrap_or(value);
    let arguments = match function.get_some("arguments") {
        None => "{}".to_owned(),
        Some(arguments) => arguments.as_string().unwrap_or_else(|| compact(arguments.raw())),
    };
    let id = field(value, "id", text)?.unwrap_or_default();
    let name = field(function, "name", text).within("function")?.unwrap_or_default();
    Ok(ToolCall { id, name, arguments, signature: None })
}

fn messages(list: Json) -> Result<Vec<Message>, Wrong> {
    let mut unanswered = Unanswered::default();
    items(list)?.enumerate().map(|(index, item)| message(item, &mut unanswered).at(index)).collect()
}

fn message(value: Json, unanswered: &mut Unanswered) -> Result<Message, Wrong> {
    let role = field(object(value)?, "role", text)?.unwrap_or_default().to_lowercase();
    let content = field(value, "content", text)?.unwrap_or_default();
    let mut blocks = Vec::new();
    let thinking = field(value, "thinking", text)?.filter(|thinking| !thinking.is_empty());
    blocks.extend(thinking.map(|text| Block::Thinking { text, signature: None }));
    if !content.is_empty() {
        blocks.push(Block::text(content));
    }
    blocks.extend(field(value, "images", images)?.unwrap_or_default());
    let role = match role.as_str() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => {
            let calls = field(value, "tool_calls", |calls| each(calls, call))?.unwrap_or_default();
            blocks.extend(calls.into_iter().map(|mut call| {
                unanswered.note(&mut call);
                Block::ToolCall(call)
            }));
            Role::Assistant
        }
        "tool" => {
            let id = field(value, "tool_call_id", text)?;
            let (call_id, name) =
                unanswered.answered(id, field(value, "tool_name", text)?.or(field(value, "name", text)?));
            let result = ToolResult { call_id, name, blocks, is_error: false, cache: None };
            blocks = vec![Block::ToolResult(result)];
            Role::User
        }
        _ => return Err(Wrong::new("must be 'system', 'user', 'assistant' or 'tool'")).within("role"),
    };
    Ok(Message::new(role, blocks))
}

/// Pictures: base64, which some clients write as a `data:` address all the same.
fn images(list: Json) -> Result<Vec<Block>, Wrong> {
    each(list, |image| {
        let image = text(image)?;
        let source = match media::source_from_url(&image) {
            Source::Url(data) => {
                let media_type = media::sniff(&data).unwrap_or(PICTURE).to_owned();
                Source::Base64 { media_type, data }
            }
            source => source,
        };
        Ok(Block::Image { source, detail: None, cache: None })
    })
}
