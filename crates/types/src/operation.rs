//! What callers may ask for.

/// What a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A chat answer.
    Chat,
    /// A legacy text completion.
    Completion,
    /// Embedding vectors.
    Embedding,
    /// The number of tokens a chat request would have.
    CountTokens,
    /// A conversation made short, to go on from (OpenAI's Responses API).
    Compact,
    /// Whether texts or pictures are harmful.
    Moderation,
    /// Documents in the order in which they answer a query.
    Rerank,
    /// Pictures made from a text.
    Image,
    /// Pictures made from pictures and a text.
    ImageEdit,
    /// Pictures like another one.
    ImageVariation,
    /// A text read aloud.
    Speech,
    /// A recording as text.
    Transcription,
    /// A recording as English text.
    Translation,
    /// Something of a provider's own API, which is passed on and known to nobody here.
    PassThrough,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 14] = [
        Operation::Chat,
        Operation::Completion,
        Operation::Embedding,
        Operation::CountTokens,
        Operation::Compact,
        Operation::Moderation,
        Operation::Rerank,
        Operation::Image,
        Operation::ImageEdit,
        Operation::ImageVariation,
        Operation::Speech,
        Operation::Transcription,
        Operation::Translation,
        Operation::PassThrough,
    ];

    /// What it brings, in the plural of a message to the caller.
    pub fn brings(self) -> &'static str {
        match self {
            Operation::Chat => "chats",
            Operation::Completion => "completions",
            Operation::Embedding => "embeddings",
            Operation::CountTokens => "token counts",
            Operation::Compact => "compacted conversations",
            Operation::Moderation => "moderations",
            Operation::Rerank => "rankings of documents",
            Operation::Image => "pictures made from texts",
            Operation::ImageEdit => "edits of pictures",
            Operation::ImageVariation => "variations of pictures",
            Operation::Speech => "texts read aloud",
            Operation::Transcription => "transcriptions",
            Operation::Translation => "translations of recordings",
            Operation::PassThrough => "calls that are passed on",
        }
    }

    /// Whether something else may do where a provider does not offer it: a chat, or an estimate.
    pub fn is_bridged(self) -> bool {
        self.writes() || self == Operation::CountTokens
    }

    /// Whether a model writes words for it: they are bounded in tokens, and guardrails look at them.
    pub fn writes(self) -> bool {
        matches!(self, Operation::Chat | Operation::Completion)
    }

    /// Whether its answer may come in events.
    pub fn streams(self) -> bool {
        self.writes() || self.is_media() && self != Operation::ImageVariation && self != Operation::Translation
    }

    /// Whether pictures or sound go one of the two ways.
    pub fn is_media(self) -> bool {
        use Operation::{Image, ImageEdit, ImageVariation, Speech, Transcription, Translation};
        matches!(self, Image | ImageEdit | ImageVariation | Speech | Transcription | Translation)
    }

    /// Whether it may be asked for by a form with files.
    pub fn takes_forms(self) -> bool {
        self.is_media() && self != Operation::Image && self != Operation::Speech
    }

    /// Whether its answer is bytes rather than text, unless it comes in events.
    pub fn is_raw(self) -> bool {
        self == Operation::Speech
    }

    /// Whether its answer is for readers of a log: vectors, pictures and sound are not.
    pub fn is_readable(self) -> bool {
        !self.is_media() && self != Operation::Embedding
    }
}
