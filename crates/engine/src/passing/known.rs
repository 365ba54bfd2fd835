//! What is known of a call by its path: whose dialect it speaks, what it asks for, and which model it names.

use bytes::Bytes;
use dialects::json::{Doc, Kind};
use dialects::{BACKS, Passed, passed};
use percent_encoding::percent_decode_str;
use types::Operation;

use super::meter::Reader;
use crate::guards::Spread;

/// A call whose answers say what they consumed.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub front: &'static Passed,
    pub reader: Reader,
    pub operation: Operation,
    /// Whether the answer is streamed, where the path says so.
    pub stream: Option<bool>,
    /// Whether a stream of it is one JSON array, unless its query says otherwise.
    pub is_array: bool,
    /// Where in its bodies something is said.
    pub spread: Spread,
    /// Whose models are called like this, if nobody says whose they are.
    pub maker: &'static str,
}

/// What a path says.
#[derive(Default)]
pub(super) struct Meaning {
    pub known: Option<Known>,
    pub model: Option<String>,
}

/// Ends of paths of OpenAI's and Anthropic's shape, and of those that others took over.
const ENDS: &[(&str, &str, &str, Operation)] = &[
    ("/chat/completions", "openai", "openai", Operation::Chat),
    ("/completions", "openai", "openai", Operation::Completion),
    ("/embeddings", "openai", "openai", Operation::Embedding),
    ("/moderations", "openai", "openai", Operation::Moderation),
    ("/images/generations", "openai", "openai", Operation::Image),
    ("/images/edits", "openai", "openai", Operation::ImageEdit),
    ("/audio/speech", "openai", "openai", Operation::Speech),
    ("/audio/transcriptions", "openai", "openai", Operation::Transcription),
    ("/audio/translations", "openai", "openai", Operation::Translation),
    ("/responses", "responses", "responses", Operation::Chat),
    ("/messages", "anthropic", "anthropic", Operation::Chat),
    ("/messages/count_tokens", "anthropic", "anthropic", Operation::CountTokens),
    ("/rerank", "rerank", "openai", Operation::Rerank),
];

/// The same of Cohere's own shape.
const COHERE: &[(&str, Operation)] = &[
    ("/v1/chat", Operation::Chat),
    ("/v2/chat", Operation::Chat),
    ("/v1/embed", Operation::Embedding),
    ("/v2/embed", Operation::Embedding),
];

/// What is asked of a model behind a colon (Gemini, Vertex AI): whether the answer is streamed, and whether it is known of
/// Claude alone.
const VERBS: &[(&str, &str, Operation, bool, bool)] = &[
    ("generateContent", "gemini", Operation::Chat, false, false),
    ("streamGenerateContent", "gemini", Operation::Chat, true, false),
    ("countTokens", "gemini", Operation::CountTokens, false, false),
    ("embedContent", "gemini", Operation::Embedding, false, false),
    ("batchEmbedContents", "gemini", Operation::Embedding, false, false),
    ("rawPredict", "anthropic", Operation::Chat, false, true),
    ("streamRawPredict", "anthropic", Operation::Chat, true, true),
];

/// The same of a model of Bedrock.
const SERVICES: &[(&str, &str, &str, bool, bool)] = &[
    ("converse", "bedrock", "bedrock", false, false),
    ("converse-stream", "bedrock", "bedrock", true, false),
    ("invoke", "anthropic", "bedrock_anthropic", false, true),
    ("invoke-with-response-stream", "anthropic", "bedrock_anthropic", true, true),
];

/// Dialects that no caller of the gateway's own paths speaks.
const FOREIGN: &[&str] = &["bedrock"];
/// Dialects whose streams are JSON arrays, unless somebody asks for events.
const ARRAYS: &[&str] = &["gemini"];

/// Whose a dialect is, if it is not called like its maker.
const MAKERS: &[(&str, &str)] = &[("responses", "openai"), ("rerank", "cohere")];

/// What a path means behind its prefix.
pub(super) fn meaning(has_coheres: bool, method: &str, rest: &str) -> Meaning {
    let mut meaning = named(rest);
    let rest = rest.trim_end_matches('/');
    if meaning.known.is_none() {
        let end = ENDS.iter().filter(|(end, ..)| rest.ends_with(end)).max_by_key(|(end, ..)| end.len());
        let cohere = || COHERE.iter().find(|(path, _)| has_coheres && rest == *path);
        meaning.known = match (end, cohere()) {
            (_, Some((_, operation))) => Some(Known {
                front: passed("openai"),
                reader: Reader::Cohere,
                operation: *operation,
                stream: None,
                is_array: false,
                spread: Spread::All,
                maker: "cohere",
            }),
            (Some((_, front, back, operation)), None) => known(front, back, *operation, None),
            (None, None) => None,
        };
    }
    if method != "POST" {
        meaning.known = None;
    }
    meaning
}

/// What a path says that names its model.
fn named(rest: &str) -> Meaning {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    let segments: Vec<&str> = rest.split('/').collect();
    let behind = |word: &str| {
        let at = segments.iter().position(|segment| *segment == word)?;
        segments.get(at + 1).map(|segment| (*segment, segments.get(at + 2).copied()))
    };
    if let Some((model, service)) = behind("model") {
        let named = decoded(model);
        let service = SERVICES.iter().find(|(known, ..)| Some(*known) == service);
        let is_claude = named.as_deref().is_some_and(|model| model.contains("anthropic."));
        let service = service.filter(|(.., of_claude)| is_claude || !of_claude);
        let known = service.and_then(|(_, front, back, stream, _)| known(front, back, Operation::Chat, Some(*stream)));
        return Meaning { known, model: named };
    }
    if let Some((model, _)) = behind("deployments") {
        return Meaning { known: None, model: decoded(model) };
    }
    let Some((model, _)) = behind("models").or_else(|| behind("tunedModels")) else { return Meaning::default() };
    let (model, verb) = model.rsplit_once(':').unwrap_or((model, ""));
    let verb = VERBS.iter().find(|(known, ..)| *known == verb);
    let is_claude = !rest.contains("/publishers/") || rest.contains("/publishers/anthropic/");
    let verb = verb.filter(|(.., of_claude)| is_claude || !of_claude);
    let known = verb.and_then(|(_, front, operation, stream, _)| known(front, front, *operation, Some(*stream)));
    Meaning { known, model: decoded(model).filter(|model| !model.is_empty()) }
}

fn known(front: &'static str, back: &str, operation: Operation, stream: Option<bool>) -> Option<Known> {
    let back = BACKS.iter().copied().find(|known| known.name() == back)?;
    let maker = MAKERS.iter().find(|(dialect, _)| *dialect == front).map_or(front, |(_, maker)| maker);
    let spread = if FOREIGN.contains(&front) { Spread::All } else { Spread::Spoken };
    let is_array = ARRAYS.contains(&front);
    Some(Known { front: passed(front), reader: Reader::Back(back), operation, stream, is_array, spread, maker })
}

/// Whether a body is a JSON object.
pub(super) fn is_object(body: &Bytes) -> bool {
    Doc::parse_head(body).is_ok_and(|doc| doc.root().kind() == Kind::Object)
}

/// The model that a body names.
pub(super) fn model_in(body: &Bytes) -> Option<String> {
    let doc = Doc::parse_head(body).ok()?;
    let model = doc.root().get_some("model")?.as_string()?;
    (!model.trim().is_empty()).then_some(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_they_ask_for() {
        let check = |path: &str, operation: Option<Operation>, model: Option<&str>| {
            let meaning = meaning(true, "POST", path);
            assert_eq!(meaning.known.map(|known| known.operation), operation, "{path}");
            assert_eq!(meaning.model.as_deref(), model, "{path}");
        };
        check("/v1/chat/completions", Some(Operation::Chat), None);
        check("/openai/deployments/my%20gpt/chat/completions", Some(Operation::Chat), Some("my gpt"));
        check("/v1/messages/", Some(Operation::Chat), None);
        check("/v1/messages/count_tokens", Some(Operation::CountTokens), None);
        check("/v1/messages/batches", None, None);
        check("/v1beta/models/gemini-2.5-flash:streamGenerateContent", Some(Operation::Chat), Some("gemini-2.5-flash"));
        check("/v1beta/models/imagen:predict", None, Some("imagen"));
        let vertex = "/v1/projects/p/locations/l/publishers";
        check(&format!("{vertex}/anthropic/models/claude@1:rawPredict"), Some(Operation::Chat), Some("claude@1"));
        check(&format!("{vertex}/mistralai/models/codestral:rawPredict"), None, Some("codestral"));
        check("/model/eu.anthropic.claude%3A0/converse", Some(Operation::Chat), Some("eu.anthropic.claude:0"));
        check("/model/amazon.nova/invoke", None, Some("amazon.nova"));
        check("/v2/chat", Some(Operation::Chat), None);
        check("/v1/files", None, None);
        assert!(meaning(true, "GET", "/v1/chat/completions").known.is_none());
    }
}
