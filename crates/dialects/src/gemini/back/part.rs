//! One part of Gemini's answer as a block.

use types::{Block, Source, Text, ToolCall};

use super::super::NAME;
use crate::json::{Json, compact};

/// Longest piece of a provider's response id that goes into the ids of calls: OpenAI allows ids of 64 characters.
const MAX_ID_PREFIX: usize = 40;

/// Fields of a part that say something about its payload; everything else is one.
const MARKERS: [&str; 9] = [
    "thought",
    "thoughtSignature",
    "thought_signature",
    "videoMetadata",
    "mediaResolution",
    "mediaProcessing",
    "partMetadata",
    "text",
    "inlineData",
];

/// Makes ids for calls that have none: the same answer gives the same ids, different answers different ones.
#[derive(Default)]
pub(super) struct CallIds {
    /// `call_` and what of the response id may stand in an id; empty if the response has none.
    prefix: String,
    made: u32,
}

impl CallIds {
    pub(super) fn new(response_id: &str) -> Self {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let own: String = response_id.chars().filter(allowed).take(MAX_ID_PREFIX).collect();
        let prefix = if own.is_empty() { own } else { format!("call_{own}_") };
        CallIds { prefix, made: 0 }
    }

    /// An id of our own, or nothing where it would not be unique: then the writer to the caller makes one.
    fn make(&mut self) -> String {
        let at = self.made;
        self.made += 1;
        if self.prefix.is_empty() { String::new() } else { format!("{}{at}", self.prefix) }
    }
}

/// Decodes a part; `None` if it says nothing to the caller. A part with only a signature is an empty text with it.
pub(super) fn read(part: Json, ids: &mut CallIds) -> Option<Block> {
    let thought = part.get("thought").and_then(|flag| flag.as_bool()) == Some(true);
    let signature = part.get_some("thoughtSignature").or_else(|| part.get_some("thought_signature"));
    let signature = signature.and_then(|signature| signature.as_string());
    if let Some(call) = part.get_some("functionCall") {
        return Some(Block::ToolCall(tool_call(call, signature, ids)));
    }
    if let Some(blob) = part.get_some("inlineData") {
        // Pictures among the thoughts are drafts of the one that follows.
        return inline(blob).filter(|_| !thought);
    }
    let other = part.fields().find(|(key, value)| !value.is_null() && !MARKERS.iter().any(|marker| key.is(marker)));
    if other.is_some() {
        return Some(Block::Opaque { dialect: NAME, raw: part.to_raw() });
    }
    let text = part.get("text").and_then(|text| text.as_string()).unwrap_or_default();
    match (text.is_empty(), thought, &signature) {
        (true, true, _) | (true, _, None) => None,
        // Thoughts do not return, so nobody else must take their signature for one of their own.
        (_, true, _) => Some(Block::Thinking { text, signature: None }),
        _ => Some(Block::Text(Text { text, signature, ..Text::default() })),
    }
}

fn tool_call(call: Json, signature: Option<String>, ids: &mut CallIds) -> ToolCall {
    let text = |name| call.get(name).and_then(|value| value.as_string()).unwrap_or_default();
    let given = text("id");
    ToolCall {
        id: if given.is_empty() { ids.make() } else { given },
        name: text("name"),
        arguments: call.get_some("args").map_or_else(|| "{}".to_owned(), |args| compact(args.raw())),
        signature,
    }
}

fn inline(blob: Json) -> Option<Block> {
    let data = blob.get("data")?.as_string()?;
    let media_type = blob.get("mimeType")?.as_string()?;
    let source = |media_type, data| Source::Base64 { media_type, data };
    Some(match media_type.split_once('/') {
        Some(("image", _)) => Block::Image { source: source(media_type, data), detail: None, cache: None },
        Some(("audio", kind)) => Block::Audio { data, format: audio_format(kind).to_owned() },
        _ => Block::Document { source: source(media_type, data), name: None, cache: None },
    })
}

/// OpenAI's word for a kind of sound. Gemini's own speech is raw samples, `L16;codec=pcm;rate=24000`.
fn audio_format(kind: &str) -> &str {
    match kind.split(';').next() {
        Some("L16" | "l16" | "pcm") => "pcm16",
        Some("mpeg") => "mp3",
        Some("x-wav" | "wave") => "wav",
        Some(kind) => kind,
        None => "wav",
    }
}
