//! The paths that the engine serves. Everything else is the control plane's.

use dialects::{FRONTS, Front};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use types::{Fault, Operation};

/// What a path means.
pub struct Route {
    /// The dialect the caller speaks.
    pub front: &'static dyn Front,
    /// What is asked for.
    pub operation: Operation,
    /// A model named in the path.
    pub path_model: Option<String>,
    /// Whether the answer is to be streamed, if the path says so.
    pub path_stream: Option<bool>,
}

impl Route {
    fn new(front: &str, operation: Operation) -> Self {
        Route { front: front_named(front), operation, path_model: None, path_stream: None }
    }
}

/// Paths by their fixed part; each is a `POST`.
pub const PATHS: &[(&str, &str, Operation)] = &[
    ("/v1/chat/completions", "openai", Operation::Chat),
    ("/chat/completions", "openai", Operation::Chat),
    ("/v1/completions", "openai", Operation::Completion),
    ("/completions", "openai", Operation::Completion),
    ("/v1/embeddings", "openai", Operation::Embedding),
    ("/embeddings", "openai", Operation::Embedding),
    ("/v1/moderations", "openai", Operation::Moderation),
    ("/moderations", "openai", Operation::Moderation),
    ("/v1/images/generations", "openai", Operation::Image),
    ("/images/generations", "openai", Operation::Image),
    ("/v1/images/edits", "openai", Operation::ImageEdit),
    ("/images/edits", "openai", Operation::ImageEdit),
    ("/v1/images/variations", "openai", Operation::ImageVariation),
    ("/images/variations", "openai", Operation::ImageVariation),
    ("/v1/audio/speech", "openai", Operation::Speech),
    ("/audio/speech", "openai", Operation::Speech),
    ("/v1/audio/transcriptions", "openai", Operation::Transcription),
    ("/audio/transcriptions", "openai", Operation::Transcription),
    ("/v1/audio/translations", "openai", Operation::Translation),
    ("/audio/translations", "openai", Operation::Translation),
    ("/v1/rerank", "rerank", Operation::Rerank),
    ("/v2/rerank", "rerank", Operation::Rerank),
    ("/rerank", "rerank", Operation::Rerank),
    ("/v1/responses", "responses", Operation::Chat),
    ("/responses", "responses", Operation::Chat),
    ("/openai/v1/responses", "responses", Operation::Chat),
    ("/v1/responses/compact", "responses", Operation::Compact),
    ("/responses/compact", "responses", Operation::Compact),
    ("/openai/v1/responses/compact", "responses", Operation::Compact),
    ("/v1/responses/input_tokens", "responses", Operation::CountTokens),
    ("/responses/input_tokens", "responses", Operation::CountTokens),
    ("/openai/v1/responses/input_tokens", "responses", Operation::CountTokens),
    ("/v1/messages", "anthropic", Operation::Chat),
    ("/v1/messages/count_tokens", "anthropic", Operation::CountTokens),
    ("/api/chat", "ollama", Operation::Chat),
    ("/api/generate", "ollama", Operation::Completion),
    ("/api/embed", "ollama", Operation::Embedding),
    ("/api/embeddings", "ollama_embeddings", Operation::Embedding),
];

/// Prefixes behind which a model follows in the path, and one of the paths without `/v1`.
pub const MODEL_PREFIXES: &[&str] = &["/engines/", "/openai/deployments/"];

/// Prefixes of Gemini's paths: a model follows, and behind a colon what is asked of it.
pub const GEMINI_PREFIXES: &[&str] = &["/v1beta/models/", "/v1/models/", "/v1alpha/models/", "/models/"];

/// What may be asked of a model there.
pub const GEMINI_METHODS: &[(&str, &str, Operation, bool)] = &[
    ("generateContent", "gemini", Operation::Chat, false),
    ("streamGenerateContent", "gemini_array", Operation::Chat, true),
    ("countTokens", "gemini", Operation::CountTokens, false),
    ("embedContent", "gemini_vector", Operation::Embedding, false),
    ("batchEmbedContents", "gemini", Operation::Embedding, false),
];

/// What a call of this path means, if the engine serves it.
pub fn find(path: &str, query: Option<&str>) -> Option<Route> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if let Some((_, front, operation)) = PATHS.iter().find(|(known, ..)| *known == path) {
        return Some(Route::new(front, *operation));
    }
    if let Some(behind) = GEMINI_PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix)) {
        return of_gemini(behind, query);
    }
    let behind = MODEL_PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let (model, front, operation) = short()
        .filter_map(|(known, front, operation)| Some((behind.strip_suffix(known)?, front, operation)))
        // The longest known ending: `/completions` is also the end of `/chat/completions`.
        .min_by_key(|(model, ..)| model.len())?;
    Some(Route { path_model: Some(decoded(model)?), ..Route::new(front, *operation) })
}

/// Paths that may follow a model in the path.
pub fn short() -> impl Iterator<Item = &'static (&'static str, &'static str, Operation)> {
    PATHS.iter().filter(|(known, front, _)| *front == "openai" && !known.starts_with("/v1"))
}

/// Whether a path is one of Gemini's: its models, and what is asked of them.
pub fn is_geminis(path: &str) -> bool {
    path.starts_with("/v1beta/") || find(path, None).is_some_and(|route| route.front.name().starts_with("gemini"))
}

fn of_gemini(behind: &str, query: Option<&str>) -> Option<Route> {
    let (model, method) = behind.rsplit_once(':')?;
    let (_, front, operation, stream) = GEMINI_METHODS.iter().find(|(known, ..)| *known == method)?;
    let wants_events = *stream && parameter(query, "alt").as_deref() == Some("sse");
    let front = if wants_events { "gemini" } else { front };
    let (path_model, path_stream) = (decoded(model), Some(*stream));
    Some(Route { path_model, path_stream, ..Route::new(front, *operation) })
}

fn decoded(model: &str) -> Option<String> {
    let model = percent_decode_str(model).decode_utf8().ok()?.into_owned();
    (!model.is_empty()).then_some(model)
}

/// A parameter of a query.
pub fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()?;
    Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
}

/// The dialect in which a caller expects answers of the control plane: Ollama's and Gemini's have paths of their own,
/// Google's clients always name themselves, and Anthropic's their API version.
pub fn front_of(path: &str, headers: &HeaderMap) -> &'static dyn Front {
    let name = match headers.contains_key("anthropic-version") {
        _ if path.starts_with("/api/") => "ollama",
        _ if path.starts_with("/v1beta/") || headers.contains_key("x-goog-api-client") => "gemini",
        true => "anthropic",
        false => "openai",
    };
    front_named(name)
}

/// The path is right, the method is not.
pub fn wrong_method(method: &Method, path: &str) -> Fault {
    Fault::invalid(format!("{path} does not take the method {method}"))
}

/// The dialect with this name.
pub fn front_named(name: &str) -> &'static dyn Front {
    FRONTS.iter().copied().find(|front| front.name() == name).unwrap_or(FRONTS[0])
}

#[cfg(test)]
mod tests;
