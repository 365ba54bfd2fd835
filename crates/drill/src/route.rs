//! Which vendor's endpoint a path is. Base paths differ between clients, so OpenAI's paths are known with and
//! without `/v1`, and Gemini's under every version and under Vertex's longer paths.

#[cfg(test)]
mod tests;

use crate::dialect::{Dialect, anthropic, bedrock, clouds, cohere, gemini, ollama, openai, responses, voices};
use crate::knobs::percent_decode;
use crate::server::Head;

/// What an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Generates text in the dialect's main shape.
    Chat,
    /// Generates text from a prompt: OpenAI `/completions`, Ollama `/api/generate`.
    Text,
    /// Gemini's and Bedrock's streaming methods.
    ChatStream,
    Embed,
    /// Several embeddings (Gemini), or the older shape of one (Ollama).
    EmbedOther,
    Count,
    /// Whether texts are harmful.
    Moderate,
    Rerank,
    Image,
    ImageEdit,
    ImageVariation,
    /// Reads a text aloud.
    Speak,
    /// Writes a recording down, in its own language or in English.
    WriteDown,
    /// Writes a recording down that is all of the body.
    Listen,
    Models,
    /// Models in memory (Ollama).
    Running,
    /// One model's description (Ollama).
    Show,
    Version,
    /// An answer that is kept: shown, deleted or given up.
    Kept,
    /// A conversation made short.
    Compact,
    /// Ollama's greeting, which is not JSON.
    Hello,
}

/// An endpoint found.
pub(crate) struct Target {
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) op: Op,
    /// The model, for vendors that have it in the path.
    pub(crate) model: Option<String>,
}

/// The outcome of looking a path up.
pub(crate) enum Route {
    Model(Target),
    /// The mock's own pages, with the rest of the path.
    Mock(String),
    /// The path exists, but not with this method.
    WrongMethod(&'static dyn Dialect),
    Unknown,
}

/// Finds the endpoint of a request.
pub(crate) fn route(head: &Head) -> Route {
    let path = head.path();
    if let Some(rest) = path.strip_prefix("/mock/") {
        return Route::Mock(rest.to_owned());
    }
    let Some((verbs, target)) = find(head, path) else {
        return Route::Unknown;
    };
    if verbs.contains(&head.method.as_str()) { Route::Model(target) } else { Route::WrongMethod(target.dialect) }
}

const POST: &[&str] = &["POST"];
const GET: &[&str] = &["GET", "HEAD"];

fn find(head: &Head, path: &str) -> Option<(&'static [&'static str], Target)> {
    if let Some((rest, model)) = azure(head, path).or_else(|| vertex(path)) {
        let (verbs, target) = find(head, rest)?;
        return Some((verbs, Target { model: model.or(target.model), ..target }));
    }
    // Cohere has a copy of OpenAI's paths, too.
    let path = path.strip_prefix("/compatibility").unwrap_or(path);
    let bare = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    if bare == "/responses/compact" {
        return Some((POST, Target { dialect: &responses::Responses, op: Op::Compact, model: None }));
    }
    if let Some(kept) = bare.strip_prefix("/responses/") {
        let verbs = if kept.ends_with("/cancel") { POST } else { &["GET", "DELETE"] };
        return Some((verbs, Target { dialect: &responses::Responses, op: Op::Kept, model: Some(kept.to_owned()) }));
    }
    if let Some(voice) = bare.strip_prefix("/text-to-speech/") {
        let voice = voice.strip_suffix("/stream").unwrap_or(voice);
        let target = Target { dialect: &voices::ElevenLabs, op: Op::Speak, model: None };
        return (!voice.contains('/')).then_some((POST, target));
    }
    let at = |dialect: &'static dyn Dialect, op| Target { dialect, op, model: None };
    Some(match (path, bare) {
        (_, "/chat/completions") => (POST, at(&openai::OpenAi, Op::Chat)),
        (_, "/completions") => (POST, at(&openai::OpenAi, Op::Text)),
        (_, "/responses") => (POST, at(&responses::Responses, Op::Chat)),
        (_, "/embeddings") => (POST, at(&openai::OpenAi, Op::Embed)),
        (_, "/images/generations") => (POST, at(&openai::OpenAi, Op::Image)),
        (_, "/images/edits") => (POST, at(&openai::OpenAi, Op::ImageEdit)),
        (_, "/images/variations") => (POST, at(&openai::OpenAi, Op::ImageVariation)),
        (_, "/audio/speech") => (POST, at(&openai::OpenAi, Op::Speak)),
        (_, "/audio/transcriptions" | "/audio/translations") => (POST, at(&openai::OpenAi, Op::WriteDown)),
        (_, "/speech-to-text") => (POST, at(&voices::ElevenLabs, Op::WriteDown)),
        (_, "/listen") => {
            let model = head.query("model").map(percent_decode);
            (POST, Target { model, ..at(&voices::Deepgram, Op::Listen) })
        }
        (_, "/moderations") => (POST, at(&openai::OpenAi, Op::Moderate)),
        ("/v2/chat", _) => (POST, at(&cohere::Cohere, Op::Chat)),
        ("/v2/embed", _) => (POST, at(&cohere::Cohere, Op::Embed)),
        ("/v2/rerank", _) => (POST, at(&cohere::Cohere, Op::Rerank)),
        (_, "/rerank") | ("/providers/cohere/v2/rerank", _) => (POST, at(&openai::OpenAi, Op::Rerank)),
        ("/v1beta/models", _) => (GET, at(&gemini::Gemini, Op::Models)),
        (_, "/models") => (GET, at(lister(head), Op::Models)),
        ("/v1/messages", _) => (POST, at(&anthropic::Anthropic, Op::Chat)),
        ("/v1/messages/count_tokens", _) => (POST, at(&anthropic::Anthropic, Op::Count)),
        ("/", _) => (GET, at(&ollama::Ollama, Op::Hello)),
        ("/api/chat", _) => (POST, at(&ollama::Ollama, Op::Chat)),
        ("/api/generate", _) => (POST, at(&ollama::Ollama, Op::Text)),
        ("/api/embed", _) => (POST, at(&ollama::Ollama, Op::Embed)),
        ("/api/embeddings", _) => (POST, at(&ollama::Ollama, Op::EmbedOther)),
        ("/api/show", _) => (POST, at(&ollama::Ollama, Op::Show)),
        ("/api/tags", _) => (GET, at(&ollama::Ollama, Op::Models)),
        ("/api/ps", _) => (GET, at(&ollama::Ollama, Op::Running)),
        ("/api/version", _) => (GET, at(&ollama::Ollama, Op::Version)),
        _ => (POST, gemini_method(path).or_else(|| bedrock_verb(path)).or_else(|| cloud(path))?),
    })
}

/// Models of others on Vertex: Claude's answers as Anthropic does, and open ones as OpenAI does.
fn vertex(path: &str) -> Option<(&str, Option<String>)> {
    let (_, rest) = path.strip_prefix("/v1/projects/")?.split_once("/locations/")?;
    let (_, rest) = rest.split_once('/')?;
    if let Some(rest) = rest.strip_prefix("endpoints/openapi") {
        return Some((rest, None));
    }
    const MAKERS: [(&str, &str); 3] = [
        ("publishers/anthropic/models/", "/v1/messages"),
        ("publishers/mistralai/models/", "/chat/completions"),
        ("publishers/ai21/models/", "/chat/completions"),
    ];
    let (rest, path) = MAKERS.iter().find_map(|(maker, path)| Some((rest.strip_prefix(maker)?, *path)))?;
    let (model, verb) = rest.rsplit_once(':')?;
    let known = ["rawPredict", "streamRawPredict"].contains(&verb);
    known.then(|| match model {
        "count-tokens" => ("/v1/messages/count_tokens", None),
        _ => (path, Some(percent_decode(model))),
    })
}

/// What is behind Azure's own part of a path, and the deployment that it names. Classic paths need a version, as they do
/// there; the newer ones look like OpenAI's, and Claude's like Anthropic's.
fn azure<'p>(head: &Head, path: &'p str) -> Option<(&'p str, Option<String>)> {
    if let Some(rest) = path.strip_prefix("/openai/v1").or_else(|| path.strip_prefix("/anthropic")) {
        return Some((rest, None));
    }
    head.query("api-version")?;
    if let Some(rest) = path.strip_prefix("/openai/deployments/") {
        let (name, _) = rest.split_once('/')?;
        return Some((&rest[name.len()..], Some(percent_decode(name))));
    }
    let rest = path.strip_prefix("/openai/models").map(|_| "/models");
    rest.or_else(|| path.strip_prefix("/models")).map(|rest| (rest, None))
}

/// Whose list `/v1/models` is: three vendors have one there, and only the caller's headers tell them apart.
fn lister(head: &Head) -> &'static dyn Dialect {
    if head.header("anthropic-version").is_some() {
        &anthropic::Anthropic
    } else if head.header("x-goog-api-key").is_some() || head.query("key").is_some() {
        &gemini::Gemini
    } else {
        &openai::OpenAi
    }
}

/// `/{version}/[projects/.../publishers/google/]models/{model}:{method}`, with the model percent-encoded or not.
fn gemini_method(path: &str) -> Option<Target> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    if !["v1", "v1beta", "v1beta1", "v1alpha"].contains(&version) {
        return None;
    }
    let rest = match rest.strip_prefix("projects/") {
        Some(vertex) => &vertex[vertex.find("/publishers/google/models/")? + "/publishers/google/".len()..],
        None => rest,
    };
    let (model, method) = rest.strip_prefix("models/")?.rsplit_once(':')?;
    let op = match method {
        "generateContent" => Op::Chat,
        "streamGenerateContent" => Op::ChatStream,
        "countTokens" => Op::Count,
        "embedContent" => Op::Embed,
        "batchEmbedContents" => Op::EmbedOther,
        "predict" if model.contains("embedding") => Op::Embed,
        "predict" => Op::Image,
        _ => return None,
    };
    Some(Target { dialect: &gemini::Gemini, op, model: Some(percent_decode(model)) })
}

/// Chats of watsonx.ai, and endpoints of SageMaker's.
fn cloud(path: &str) -> Option<Target> {
    if let Some(rest) = path.strip_prefix("/endpoints/") {
        let (name, verb) = rest.split_once('/')?;
        let op = match verb {
            "invocations" => Op::Chat,
            "invocations-response-stream" => Op::ChatStream,
            _ => return None,
        };
        return Some(Target { dialect: &clouds::SageMaker, op, model: Some(percent_decode(name)) });
    }
    let rest = path.strip_prefix("/ml/v1/")?;
    let (model, verb) = match rest.strip_prefix("deployments/") {
        Some(rest) => rest.split_once("/text/").map(|(id, verb)| (Some(percent_decode(id)), verb))?,
        None => (None, rest.strip_prefix("text/")?),
    };
    let op = match verb {
        "chat" => Op::Chat,
        "chat_stream" => Op::ChatStream,
        _ => return None,
    };
    Some(Target { dialect: &clouds::Watsonx, op, model })
}

/// `/model/{model}/{verb}`, with the model as one segment.
fn bedrock_verb(path: &str) -> Option<Target> {
    let (model, verb) = path.strip_prefix("/model/")?.split_once('/')?;
    let op = match verb {
        "converse" => Op::Chat,
        "converse-stream" => Op::ChatStream,
        "count-tokens" => Op::Count,
        "invoke" if model.contains("anthropic.") => Op::Chat,
        "invoke" if model.contains(".rerank") => Op::Rerank,
        "invoke-with-response-stream" => Op::ChatStream,
        "invoke" => Op::Embed,
        _ => return None,
    };
    let dialect: &'static dyn Dialect = if verb.starts_with("invoke") && !matches!(op, Op::Embed | Op::Rerank) {
        &bedrock::claude::Claude
    } else {
        &bedrock::Bedrock
    };
    Some(Target { dialect, op, model: Some(percent_decode(model)) })
}
