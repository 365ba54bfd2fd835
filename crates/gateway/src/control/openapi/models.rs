//! Paths that models are called by, from the tables that the door knows them by.

use dialects::realtime::Errand;
use types::Operation;

use super::super::manage::{Field, Reads, Takes, optional, required};
use super::Endpoint;
use crate::door::{realtime, routes};

const MODEL: &[Field] = &[required("model", Takes::Text)];
const STREAM: &[Field] = &[optional("stream", Takes::Flag)];
const MESSAGES: &[Field] = &[required("messages", Takes::ListOf(&Takes::Map))];
const TOOLS: &[Field] = &[optional("tools", Takes::ListOf(&Takes::Map))];
const SAMPLING: &[Field] = &[optional("temperature", Takes::Any), optional("top_p", Takes::Any)];
const INPUT: &[Field] = &[required("input", Takes::Any)];
const CONTENTS: &[Field] = &[required("contents", Takes::ListOf(&Takes::Map))];

/// The fields that callers of a dialect use most; the others of the dialect are understood, too.
fn reads(front: &str, operation: Operation) -> Reads {
    use Operation::{Chat, Completion, CountTokens, Embedding};
    const LENGTH: &[Field] = &[optional("max_tokens", Takes::Positive)];
    const NEEDED_LENGTH: &[Field] = &[required("max_tokens", Takes::Positive)];
    const RESPONSE_LENGTH: &[Field] = &[optional("max_output_tokens", Takes::Positive)];
    const SYSTEM: &[Field] = &[optional("system", Takes::Any)];
    const INSTRUCTIONS: &[Field] = &[optional("instructions", Takes::Text)];
    const CONFIG: &[Field] = &[optional("systemInstruction", Takes::Map), optional("generationConfig", Takes::Map)];
    const OPTIONS: &[Field] = &[optional("options", Takes::Map), optional("keep_alive", Takes::Any)];
    const CONTENT: &[Field] = &[required("content", Takes::Map)];
    const REQUESTS: &[Field] = &[required("requests", Takes::ListOf(&Takes::Map))];
    const RANKED: &[Field] = &[required("query", Takes::Text), required("documents", Takes::ListOf(&Takes::Any))];
    const RANKS: &[Field] = &[optional("top_n", Takes::Positive), optional("return_documents", Takes::Flag)];
    Reads::Body(match (front, operation) {
        ("rerank", _) => &[MODEL, RANKED, RANKS],
        ("openai", Chat) => &[MODEL, MESSAGES, STREAM, TOOLS, SAMPLING, LENGTH],
        ("openai", Completion) => &[MODEL, PROMPT, STREAM, SAMPLING, LENGTH],
        ("openai", operation) => return with_model(operation),
        ("responses", Chat) => &[MODEL, INPUT, STREAM, INSTRUCTIONS, TOOLS, SAMPLING, RESPONSE_LENGTH],
        ("responses", _) => &[MODEL, INPUT, INSTRUCTIONS, TOOLS],
        ("anthropic", CountTokens) => &[MODEL, MESSAGES, SYSTEM, TOOLS],
        ("anthropic", _) => &[MODEL, MESSAGES, NEEDED_LENGTH, SYSTEM, STREAM, TOOLS, SAMPLING],
        ("ollama", Chat) => &[MODEL, MESSAGES, STREAM, TOOLS, OPTIONS],
        ("ollama", Completion) => &[MODEL, PROMPT, STREAM, SYSTEM, OPTIONS],
        ("ollama", _) => &[MODEL, INPUT, OPTIONS],
        ("ollama_embeddings", _) => &[MODEL, PROMPT, OPTIONS],
        ("gemini_vector", Embedding) => &[CONTENT],
        (_, Embedding) => &[REQUESTS],
        (_, CountTokens) => &[CONTENTS],
        _ => &[CONTENTS, CONFIG, TOOLS],
    })
}

const SESSION: &[Field] = &[required("model", Takes::Text), optional("intent", Takes::Text)];
const SECRET: &[Field] = &[required("session", Takes::Map), optional("expires_after", Takes::Map)];
const PREPARED: &[Field] = &[optional("model", Takes::Text), optional("input_audio_transcription", Takes::Map)];
const PROMPT: &[Field] = &[required("prompt", Takes::Any)];
const PICTURES: &[Field] =
    &[optional("n", Takes::Positive), optional("size", Takes::Text), optional("quality", Takes::Text)];
const PICTURE: &[Field] = &[required("image", Takes::File)];
const SPEECH: &[Field] =
    &[required("input", Takes::Text), required("voice", Takes::Any), optional("response_format", Takes::Text)];
const RECORDING: &[Field] = &[required("file", Takes::File), optional("response_format", Takes::Text)];

/// What callers of OpenAI's dialect send that is no chat.
fn with_model(operation: Operation) -> Reads {
    Reads::Body(match operation {
        Operation::Image => &[MODEL, PROMPT, PICTURES, STREAM],
        Operation::ImageEdit => &[MODEL, PICTURE, PROMPT, PICTURES, STREAM],
        Operation::ImageVariation => &[MODEL, PICTURE, PICTURES],
        Operation::Speech => &[MODEL, SPEECH],
        Operation::Transcription => &[MODEL, RECORDING, STREAM],
        Operation::Translation => &[MODEL, RECORDING],
        _ => &[MODEL, INPUT],
    })
}

/// The same where the model is in the path.
fn reads_without_model(operation: Operation) -> Reads {
    Reads::Body(match operation {
        Operation::Completion => &[PROMPT, STREAM, SAMPLING],
        Operation::Embedding | Operation::Moderation => &[INPUT],
        Operation::Image => &[PROMPT, PICTURES, STREAM],
        Operation::ImageEdit => &[PICTURE, PROMPT, PICTURES, STREAM],
        Operation::ImageVariation => &[PICTURE, PICTURES],
        Operation::Speech => &[SPEECH],
        Operation::Transcription => &[RECORDING, STREAM],
        Operation::Translation => &[RECORDING],
        _ => &[MESSAGES, STREAM, TOOLS, SAMPLING],
    })
}

fn summary(operation: Operation, streamed: bool) -> &'static str {
    match operation {
        Operation::Chat if streamed => "Chat with a model, streamed",
        Operation::Chat => "Chat with a model",
        Operation::Completion => "Have a text completed",
        Operation::Embedding => "Have texts made into vectors",
        Operation::CountTokens => "Count the tokens of a chat",
        Operation::Compact => "Have a conversation made short, to go on from",
        Operation::Moderation => "Ask whether something is harmful",
        Operation::Rerank => "Have documents ranked by a query",
        Operation::Image => "Have pictures made",
        Operation::ImageEdit => "Have pictures edited",
        Operation::ImageVariation => "Have pictures made that are like another one",
        Operation::Speech => "Have a text read aloud",
        Operation::Transcription => "Have a recording written down",
        Operation::Translation => "Have a recording written down in English",
        Operation::PassThrough => "Pass a call on",
    }
}

/// All of them.
pub fn endpoints() -> impl Iterator<Item = Endpoint> {
    let post = |path: String, summary: &str, reads: Reads| Endpoint {
        method: "POST",
        path,
        summary: summary.to_owned(),
        reads,
        is_open: false,
    };
    let fixed = routes::PATHS.iter().map(move |(path, front, operation)| {
        post((*path).to_owned(), summary(*operation, false), reads(front, *operation))
    });
    let of_model = routes::MODEL_PREFIXES.iter().flat_map(move |prefix| {
        routes::short().map(move |(path, _, operation)| {
            post(format!("{prefix}{{model}}{path}"), summary(*operation, false), reads_without_model(*operation))
        })
    });
    let geminis = routes::GEMINI_PREFIXES.iter().flat_map(move |prefix| {
        routes::GEMINI_METHODS.iter().map(move |(name, front, operation, streamed)| {
            post(format!("{prefix}{{model}}:{name}"), summary(*operation, *streamed), reads(front, *operation))
        })
    });
    let realtime = realtime::PATHS.iter().map(move |(path, front)| {
        let path = (*path).to_owned();
        match front.0 {
            Errand::Session => {
                let summary = "Open a realtime session: a WebSocket".to_owned();
                Endpoint { method: "GET", path, summary, reads: Reads::Query(&[SESSION]), is_open: false }
            }
            Errand::Secret("/realtime/client_secrets") => {
                post(path, "Have a secret for a realtime session", Reads::Body(&[SECRET]))
            }
            Errand::Secret(_) => post(path, "Have a realtime session prepared", Reads::Body(&[PREPARED])),
        }
    });
    fixed.chain(of_model).chain(geminis).chain(realtime).chain(kept()).chain(files())
}

/// Paths of answers of the Responses API that are kept.
fn kept() -> impl Iterator<Item = Endpoint> {
    const SHOWN: &[Field] = &[optional("stream", Takes::Flag), optional("starting_after", Takes::Text)];
    const PAGE: &[Field] =
        &[optional("limit", Takes::Positive), optional("order", Takes::Text), optional("after", Takes::Text)];
    let all = [
        ("GET", "", "Show an answer that is kept", Reads::Query(&[SHOWN])),
        ("DELETE", "", "Delete an answer that is kept", Reads::Nothing),
        ("POST", "/cancel", "Give up an answer that is made in the background", Reads::Nothing),
        ("GET", "/input_items", "List what an answer was asked", Reads::Query(&[PAGE])),
    ];
    crate::responses::PREFIXES.iter().flat_map(move |prefix| {
        all.map(|(method, end, summary, reads)| Endpoint {
            method,
            path: format!("{prefix}{{id}}{end}"),
            summary: summary.to_owned(),
            reads,
            is_open: false,
        })
    })
}

/// Those of files and batches.
fn files() -> impl Iterator<Item = Endpoint> {
    const FILE: &[Field] = &[
        required("file", Takes::File),
        required("purpose", Takes::Text),
        optional("model", Takes::Text),
        optional("target_model_names", Takes::Text),
        optional("custom_llm_provider", Takes::Text),
    ];
    const BATCH: &[Field] = &[
        required("input_file_id", Takes::Text),
        required("endpoint", Takes::Text),
        required("completion_window", Takes::Text),
        optional("metadata", Takes::Map),
    ];
    const LINES: &[(&str, &str, &str, Reads)] = &[
        ("POST", "/files", "Keep a file at a provider", Reads::Body(&[FILE])),
        ("GET", "/files", "List the caller's files", Reads::Nothing),
        ("GET", "/files/{file_id}", "Show a file", Reads::Nothing),
        ("GET", "/files/{file_id}/content", "Read a file", Reads::Nothing),
        ("DELETE", "/files/{file_id}", "Forget a file", Reads::Nothing),
        ("POST", "/batches", "Make a batch of a file", Reads::Body(&[BATCH])),
        ("GET", "/batches", "List the caller's batches", Reads::Nothing),
        ("GET", "/batches/{batch_id}", "Show a batch", Reads::Nothing),
        ("POST", "/batches/{batch_id}/cancel", "Stop a batch", Reads::Nothing),
    ];
    ["", "/v1"].into_iter().flat_map(|prefix| {
        LINES.iter().map(move |(method, path, summary, reads)| Endpoint {
            method,
            path: format!("{prefix}{path}"),
            summary: (*summary).to_owned(),
            reads: *reads,
            is_open: false,
        })
    })
}
