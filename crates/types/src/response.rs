//! What a model answers: whole, or as the events of a stream.

use crate::{Block, Embeddings, Fault, Heard, Pictures, Ranking, Raw, Sound, Usage};

/// A decoded answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To a chat or a completion.
    Chat(Box<Response>),
    /// Vectors.
    Embedding(Box<Embeddings>),
    /// Input tokens.
    TokenCount(u64),
    /// Documents in their order.
    Ranking(Box<Ranking>),
    /// Pictures.
    Pictures(Box<Pictures>),
    /// Speech.
    Sound(Box<Sound>),
    /// What was said in a recording.
    Heard(Box<Heard>),
}

impl Answer {
    /// What it consumed.
    pub fn usage(&self) -> Usage {
        match self {
            Answer::Chat(response) => response.usage,
            Answer::Embedding(embeddings) => embeddings.usage,
            Answer::TokenCount(_) => Usage::default(),
            Answer::Ranking(ranking) => ranking.usage,
            Answer::Pictures(pictures) => pictures.usage,
            Answer::Sound(sound) => sound.usage,
            Answer::Heard(heard) => heard.usage,
        }
    }
}

/// A whole chat answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The provider's id; empty if it gave none.
    pub id: String,
    /// The upstream model.
    pub model: String,
    /// Unix seconds; 0 if the provider did not say.
    pub created: u64,
    /// One or more answers.
    pub choices: Vec<Choice>,
    /// What it consumed.
    pub usage: Usage,
    /// OpenAI's `system_fingerprint`.
    pub fingerprint: Option<String>,
}

/// One of the answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Text, thinking, tool calls, refusals, pictures, in order.
    pub blocks: Vec<Block>,
    /// Why it ended.
    pub finish: Finish,
    /// The stop sequence that was met, if the provider says which.
    pub stop_sequence: Option<String>,
    /// Log probabilities in OpenAI's shape, unread.
    pub logprobs: Option<Raw>,
}

/// Why an answer ended (wire.md 8.8 maps each provider's words).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Finish {
    /// The model was done, or met a stop sequence.
    #[default]
    Stop,
    /// The token bound was met.
    Length,
    /// The model wants tools to be called.
    ToolCalls,
    /// The provider withheld the answer.
    ContentFilter,
}

/// One event of a streamed answer. Readers emit them in this order: `Start` once, then content, then for each
/// choice `Finish`, then `End` once. Anything may be followed by `Error`, after which nothing comes.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "counts come once or twice in a stream, and are copied nowhere")]
pub enum Event {
    /// The answer begins.
    Start {
        /// The provider's id; empty if it gave none.
        id: String,
        /// The upstream model.
        model: String,
    },
    /// Something was generated for one of the answers.
    Delta {
        /// Index of the answer.
        choice: u32,
        /// What was generated.
        delta: Delta,
    },
    /// Token counts so far: cumulative, a later one replaces an earlier one.
    Usage(Usage),
    /// One of the answers ended.
    Finish {
        /// Index of the answer.
        choice: u32,
        /// Why.
        finish: Finish,
        /// The stop sequence that was met, if the provider says which.
        stop_sequence: Option<String>,
    },
    /// The provider is alive but has nothing to say.
    Ping,
    /// The stream ended as its format demands. A stream that ends without it was cut.
    End,
    /// The provider reported a failure inside the stream.
    Error(Box<Fault>),
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Text.
    Text(String),
    /// Reasoning text.
    Thinking(String),
    /// The proof for the reasoning text before it.
    Signature(String),
    /// A whole block of unreadable reasoning.
    RedactedThinking(String),
    /// Text of a refusal.
    Refusal(String),
    /// A tool call begins. Indexes count up over the whole answer; calls may interleave.
    ToolStart {
        /// Index of the call within the answer.
        index: u32,
        /// Its id; empty if the provider gave none.
        id: String,
        /// The tool.
        name: String,
        /// Gemini's `thoughtSignature`.
        signature: Option<String>,
    },
    /// A call of a tool begins that takes any text instead of arguments (OpenAI's `custom`). Its index is one of a call
    /// like others, and its text comes in fragments like arguments.
    CustomStart {
        /// Index of the call within the answer.
        index: u32,
        /// Its id; empty if the provider gave none.
        id: String,
        /// The tool.
        name: String,
    },
    /// A fragment of the arguments of call `index`.
    ToolArguments {
        /// Index of the call.
        index: u32,
        /// Fragment of JSON text, or of the text of a custom tool.
        fragment: String,
    },
    /// Log probabilities of the text before it, in OpenAI's shape (`{"content":[...]}`), unread.
    Logprobs(Raw),
    /// Sources of the text before it (OpenAI's `annotations` items), unread.
    Citations(Raw),
    /// A whole picture or other block that arrives at once.
    Block(Block),
}

impl Event {
    /// Whether the caller would see something of the answer: after the first such event, a failing stream
    /// can no longer be replaced by another one.
    pub fn is_content(&self) -> bool {
        match self {
            Event::Delta { delta, .. } => match delta {
                Delta::Text(text) | Delta::Thinking(text) | Delta::Refusal(text) => !text.is_empty(),
                _ => true,
            },
            Event::Finish { .. } => true,
            _ => false,
        }
    }

    /// Bytes of what the model wrote in this event: text, reasoning, names and arguments of calls. Where the
    /// provider's own counts never come, an estimate goes by them.
    pub fn output_bytes(&self) -> usize {
        match self {
            Event::Delta { delta, .. } => match delta {
                Delta::Text(text) | Delta::Thinking(text) | Delta::Refusal(text) => text.len(),
                Delta::ToolStart { name, .. } => name.len(),
                Delta::ToolArguments { fragment, .. } => fragment.len(),
                _ => 0,
            },
            _ => 0,
        }
    }
}
