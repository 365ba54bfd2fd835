//! The requests that are not chats: legacy completions, embeddings, token counts.

use crate::{Chat, Extras, Listening, Operation, Picturing, Raw, Rerank, Speaking, Usage};

/// A decoded request.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A chat.
    Chat(Box<Chat>),
    /// A legacy text completion.
    Completion(Box<Completion>),
    /// Embedding vectors.
    Embedding(Box<Embedding>),
    /// Token count of a chat.
    CountTokens(Box<Chat>),
    /// Documents to be ranked.
    Rerank(Box<Rerank>),
    /// Pictures made from a text, or from pictures and a text.
    Image(Box<Picturing>),
    /// A text to be read aloud.
    Speech(Box<Speaking>),
    /// A recording to be written down.
    Transcription(Box<Listening>),
}

impl Request {
    /// What is asked for.
    pub fn operation(&self) -> Operation {
        match self {
            Request::Chat(_) => Operation::Chat,
            Request::Completion(_) => Operation::Completion,
            Request::Embedding(_) => Operation::Embedding,
            Request::CountTokens(_) => Operation::CountTokens,
            Request::Rerank(_) => Operation::Rerank,
            Request::Image(picturing) if picturing.images.is_empty() => Operation::Image,
            Request::Image(_) => Operation::ImageEdit,
            Request::Speech(_) => Operation::Speech,
            Request::Transcription(listening) if listening.into_english => Operation::Translation,
            Request::Transcription(_) => Operation::Transcription,
        }
    }

    /// Name of the dialect it was written in; empty if unknown.
    pub fn dialect(&self) -> &'static str {
        match self {
            Request::Chat(chat) | Request::CountTokens(chat) => chat.dialect,
            Request::Completion(completion) => completion.settings.dialect,
            Request::Embedding(embedding) => embedding.dialect,
            Request::Rerank(_) | Request::Image(_) | Request::Speech(_) | Request::Transcription(_) => "",
        }
    }
}

/// A legacy text completion (`POST /completions`).
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Text before the gap.
    pub prompt: String,
    /// Text after the gap (fill in the middle).
    pub suffix: Option<String>,
    /// Whether the prompt is repeated in the answer.
    pub echo: bool,
    /// Everything the two kinds of requests have in common; its `messages` are empty.
    pub settings: Chat,
}

/// A request for embedding vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedding {
    /// The model as the caller named it.
    pub model: String,
    /// Texts, or token ids of OpenAI's embedding models.
    pub input: EmbeddingInput,
    /// Wanted length of the vectors.
    pub dimensions: Option<u64>,
    /// Whether the caller wants base64 of little-endian f32 instead of numbers (official SDKs do).
    pub base64: bool,
    /// The end user.
    pub user: Option<String>,
    /// What the vectors are for (`search_query` and so on), where the dialect says it.
    pub input_type: Option<String>,
    /// Unknown fields.
    pub extras: Extras,
    /// Name of the dialect that `extras` belong to; empty if unknown.
    pub dialect: &'static str,
}

/// What is to be embedded.
#[derive(Clone, Debug, PartialEq)]
pub enum EmbeddingInput {
    /// Texts.
    Texts(Vec<String>),
    /// Token ids (an array, or an array of arrays), unread.
    Tokens(Raw),
}

impl Default for EmbeddingInput {
    fn default() -> Self {
        EmbeddingInput::Texts(Vec::new())
    }
}

/// Embedding vectors, in the order of the input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// The upstream model.
    pub model: String,
    /// One vector per input.
    pub vectors: Vec<Vec<f32>>,
    /// What it consumed.
    pub usage: Usage,
}
