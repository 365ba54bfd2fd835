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
}

/// Paths by their fixed part; each is a `POST`.
const PATHS: &[(&str, &str, Operation)] = &[
    ("/v1/chat/completions", "openai", Operation::Chat),
    ("/chat/completions", "openai", Operation::Chat),
    ("/v1/completions", "openai", Operation::Completion),
    ("/completions", "openai", Operation::Completion),
    ("/v1/embeddings", "openai", Operation::Embedding),
    ("/embeddings", "openai", Operation::Embedding),
    ("/v1/messages", "anthropic", Operation::Chat),
    ("/v1/messages/count_tokens", "anthropic", Operation::CountTokens),
    ("/api/chat", "ollama", Operation::Chat),
    ("/api/generate", "ollama", Operation::Completion),
    ("/api/embed", "ollama", Operation::Embedding),
    ("/api/embeddings", "ollama_embeddings", Operation::Embedding),
];

/// Prefixes behind which a model follows in the path, and one of the paths without `/v1`.
const MODEL_PREFIXES: &[&str] = &["/engines/", "/openai/deployments/"];

/// What a call of this path means, if the engine serves it.
pub fn find(path: &str) -> Option<Route> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if let Some((_, front, operation)) = PATHS.iter().find(|(known, ..)| *known == path) {
        return Some(Route { front: front_named(front), operation: *operation, path_model: None });
    }
    let behind = MODEL_PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let short = PATHS.iter().filter(|(known, front, _)| *front == "openai" && !known.starts_with("/v1"));
    let (model, front, operation) = short
        .filter_map(|(known, front, operation)| Some((behind.strip_suffix(known)?, front, operation)))
        // The longest known ending: `/completions` is also the end of `/chat/completions`.
        .min_by_key(|(model, ..)| model.len())?;
    let model = percent_decode_str(model).decode_utf8().ok()?.into_owned();
    (!model.is_empty()).then_some(Route { front: front_named(front), operation: *operation, path_model: Some(model) })
}

/// The dialect in which a caller expects errors of the control plane: Ollama's has paths of its own, Anthropic's clients
/// always name their API version.
pub fn front_of(path: &str, headers: &HeaderMap) -> &'static dyn Front {
    let name = match headers.contains_key("anthropic-version") {
        _ if path.starts_with("/api/") => "ollama",
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
