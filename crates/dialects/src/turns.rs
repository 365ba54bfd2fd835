//! Small answers that several backs need when they put a conversation into a stricter format than it came in:
//! which call a tool result belongs to, arguments as an object, documents as text, what is a mere hint.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::{Block, Chat, Completion, Effort, Fault, FaultKind, Message, Raw, Role, Source, ToolCall, ToolResult};

use crate::Fit;
use crate::json::{Doc, Json, Kind};

/// Extras that change nothing about an answer's meaning: left out silently where the target has no word for them
/// (wire.md 8.0).
const HINTS: [&str; 13] = [
    "client_metadata",
    "metadata",
    "moderation",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "stream_options",
    "truncation",
    "user",
    "verbosity",
];

/// Whether the extra field `name` is a pure hint.
pub fn is_hint(name: &str, value: &Raw) -> bool {
    HINTS.contains(&name) || name == "context_management" && only_clears(value)
}

/// Whether Anthropic's `context_management` asks for nothing but that what is old in a conversation is cleared: a
/// model that is shown all of it answers the same question.
pub fn only_clears(management: &Raw) -> bool {
    let Ok(doc) = Doc::parse(management.get().as_bytes()) else { return false };
    let clears =
        |edit: Json| edit.get("type").and_then(|kind| kind.as_str()).is_some_and(|kind| kind.starts_with("clear_"));
    doc.root().get("edits").is_some_and(|edits| edits.items().all(clears))
}

/// Text of a system message for formats that know such messages only at the beginning: it stays where it was said,
/// in the mouth of the user, so the model is told whose word it is.
pub fn operator_note(text: &str) -> String {
    format!("[Instruction of the operator, not of the user]\n{text}")
}

/// The tool calls of a conversation so far. Ids may repeat in badly made histories: the latest call counts.
#[derive(Default)]
pub struct Calls<'a> {
    by_id: HashMap<&'a str, (usize, &'a str)>,
    count: usize,
}

impl<'a> Calls<'a> {
    /// Remembers a call.
    pub fn note(&mut self, call: &'a ToolCall) {
        self.by_id.insert(&call.id, (self.count, &call.name));
        self.count += 1;
    }

    /// Name of the tool that gave this result, as the result says itself or as it was called.
    pub fn name_of(&self, result: &'a ToolResult) -> Option<&'a str> {
        let called = || self.by_id.get(result.call_id.as_str()).map(|(_, name)| *name);
        result.name.as_deref().or_else(called)
    }

    /// Position of the call among all calls; unknown ones come last.
    pub fn position(&self, call_id: &str) -> usize {
        self.by_id.get(call_id).map_or(usize::MAX, |(position, _)| *position)
    }
}

/// Calls of a conversation that have no result yet, in the order they were made, for dialects in which neither calls nor
/// results need an id.
#[derive(Default)]
pub struct Unanswered {
    calls: VecDeque<(String, String)>,
    made: u32,
}

impl Unanswered {
    /// Remembers a call, and gives it an id if it has none.
    pub fn note(&mut self, call: &mut ToolCall) {
        self.made += 1;
        if call.id.is_empty() {
            call.id = format!("call_{}", self.made);
        }
        self.calls.push_back((call.id.clone(), call.name.clone()));
    }

    /// Id and tool of the call that a result belongs to: the one it names, the first one of its tool, the first of all.
    pub fn answered(&mut self, id: Option<String>, name: Option<String>) -> (String, Option<String>) {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (id, name) = (given(id), given(name));
        let at = match (&id, &name) {
            (Some(id), _) => self.calls.iter().position(|(own, _)| own == id),
            (None, Some(name)) => self.calls.iter().position(|(_, own)| own == name),
            (None, None) => (!self.calls.is_empty()).then_some(0),
        };
        let (called, tool) = at.and_then(|at| self.calls.remove(at)).unzip();
        (id.or(called).unwrap_or_else(|| format!("call_{}", self.made)), name.or(tool))
    }
}

/// The arguments of a call as the text of a JSON object; what cannot be made one is the caller's mistake.
pub fn arguments_object(call: &ToolCall) -> Result<Cow<'_, str>, Fault> {
    object_text(&call.arguments).ok_or_else(|| {
        let message = format!("the arguments of tool call '{}' ({}) are not a JSON object", call.id, call.name);
        Fault::invalid_param("messages", message)
    })
}

/// Arguments as the text of a JSON object, `None` if they are none. Models write them in several ways
/// (wire.md 10, trap 13): nothing at all is an empty object, an object that was encoded twice is decoded, and a comma
/// behind the last item is no error.
pub fn object_text(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return Some(Cow::Borrowed("{}"));
    }
    let Ok(doc) = Doc::parse(text.as_bytes()) else {
        let mended = without_trailing_commas(text);
        return (mended.len() < text.len() && is_object(&mended)).then_some(Cow::Owned(mended));
    };
    match doc.root().kind() {
        Kind::Object => {
            let (start, end) = doc.root().span();
            Some(Cow::Borrowed(&text[start..end]))
        }
        Kind::String => doc.root().as_string().filter(|inner| is_object(inner)).map(Cow::Owned),
        _ => None,
    }
}

fn is_object(text: &str) -> bool {
    Doc::parse_head(text.as_bytes()).is_ok_and(|doc| doc.root().kind() == Kind::Object)
}

/// The text without the commas that stand right before the end of an object or array.
fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            ',' if !inside && text[at + 1..].trim_start().starts_with(['}', ']']) => continue,
            _ => {}
        }
        out.push(character);
    }
    out
}

/// The text of a document that is plain text, whichever way it was sent; `None` for anything else.
pub fn document_text(source: &Source) -> Option<Cow<'_, str>> {
    match source {
        Source::PlainText(text) => Some(Cow::Borrowed(text)),
        Source::Base64 { media_type, data } if media_type.starts_with("text/") => {
            let bytes = STANDARD.decode(data).ok()?;
            String::from_utf8(bytes).ok().map(Cow::Owned)
        }
        _ => None,
    }
}

/// The effort that a bound of reasoning tokens stands for (wire.md 8.2).
pub fn effort_of_budget(tokens: u64) -> Effort {
    match tokens {
        0 => Effort::None,
        1..2_048 => Effort::Low,
        2_048..8_192 => Effort::Medium,
        _ => Effort::High,
    }
}

/// The refusal of a picture or document that is given by its address.
pub fn address_refused(what: &str, target: &str) -> Fault {
    let message = format!(
        "{what} is given by its address, which neither {target} nor the gateway fetches: send it as base64 data"
    );
    Fault { kind: FaultKind::Unsupported, ..Fault::invalid_param("messages", message) }
}

/// A text completion, asked of a model that only chats: the prompt becomes the user's message.
pub fn completion_as_chat(completion: &Completion, fit: &mut Fit) -> Result<Chat, Fault> {
    if completion.suffix.is_some() {
        return fit.refuse("suffix", "text after the gap");
    }
    if completion.echo {
        fit.worse_without("echo")?;
    }
    let prompt = Message::new(Role::User, vec![Block::text(&completion.prompt)]);
    Ok(Chat { messages: vec![prompt], ..completion.settings.clone() })
}

/// What tells a model of OpenAI's that JSON is wanted, where nobody has said so.
pub const JSON_HINT: &str = "Answer with a JSON object.";

/// Whether a text has the word that OpenAI wants to see before it answers in JSON mode (wire.md 10, trap 55).
pub fn mentions_json(text: &str) -> bool {
    text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json"))
}

#[cfg(test)]
mod tests;
