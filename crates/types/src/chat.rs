//! What a caller asks of a chat model: a superset of what the wire formats can say.
//!
//! A request whose front and back speak the same dialect never becomes one of these: its bytes are spliced.

use crate::{Extras, Raw};

/// A chat request, independent of the wire format it arrived in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    /// The model as the caller named it; the engine replaces it by the deployment's upstream model.
    pub model: String,
    /// The conversation in order. System messages stay where the caller put them (moving them costs prompt caches).
    pub messages: Vec<Message>,
    /// Tools the model may call.
    pub tools: Vec<Tool>,
    /// Which of the tools may or must be called; `None` leaves it to the provider's default.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called in one turn.
    pub parallel_tool_calls: Option<bool>,
    /// The form the answer must have.
    pub format: Option<Format>,
    /// How much the model should think.
    pub reasoning: Option<Reasoning>,
    /// Upper bound of output tokens, reasoning included.
    pub max_tokens: Option<u64>,
    /// Sampling temperature, 0 to 2 (Anthropic: to 1).
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Top-k sampling; OpenAI has no such parameter.
    pub top_k: Option<u64>,
    /// Sequences at which the answer ends.
    pub stop: Vec<String>,
    /// Seed for repeatable sampling.
    pub seed: Option<i64>,
    /// Presence penalty, -2 to 2.
    pub presence_penalty: Option<f64>,
    /// Frequency penalty, -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// Token id to bias map, unread.
    pub logit_bias: Option<Raw>,
    /// Number of answers wanted.
    pub n: Option<u64>,
    /// Whether token log probabilities are wanted.
    pub logprobs: Option<bool>,
    /// How many alternatives per token.
    pub top_logprobs: Option<u64>,
    /// The end user, as the caller names them.
    pub user: Option<String>,
    /// Requested service tier, in OpenAI's words.
    pub service_tier: Option<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the caller asked for the usage event of a stream (always asked upstream, shown only on request).
    pub stream_usage: bool,
    /// Fields of the caller's dialect without a word here, kept for targets that know them.
    pub extras: Extras,
    /// Name of the dialect that `extras` belong to: a target that speaks it gets them all. Empty if unknown.
    pub dialect: &'static str,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub blocks: Vec<Block>,
    /// Name of the speaker (OpenAI), a hint.
    pub name: Option<String>,
    /// Fields without a word here, for targets that speak the request's own dialect.
    pub extras: Extras,
}

impl Message {
    /// What `role` says.
    pub fn new(role: Role, blocks: Vec<Block>) -> Self {
        Message { role, blocks, name: None, extras: Extras::new() }
    }
}

/// Who speaks. Tool results are blocks of a `User` message, as in Anthropic's and Gemini's formats;
/// writers that want a role of their own for them (OpenAI, Ollama) split the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions of the operator (`system`, `developer`).
    System,
    /// The caller, tool results included.
    User,
    /// The model.
    Assistant,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Text.
    Text(Text),
    /// A picture.
    Image {
        /// Where the bytes are.
        source: Source,
        /// OpenAI's `detail` hint: `auto`, `low`, `high`, `original`.
        detail: Option<String>,
        /// Marks the end of a cacheable prefix.
        cache: Option<CacheMark>,
    },
    /// Sound.
    Audio {
        /// Base64 data.
        data: String,
        /// `wav`, `mp3` and so on.
        format: String,
    },
    /// A document (PDF, plain text).
    Document {
        /// Where the bytes are.
        source: Source,
        /// File name or title.
        name: Option<String>,
        /// Marks the end of a cacheable prefix.
        cache: Option<CacheMark>,
    },
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// The model's visible reasoning.
    Thinking {
        /// The reasoning text; may be empty where only a signature is disclosed.
        text: String,
        /// The provider's proof, to be sent back unchanged to the same provider, and to nobody else.
        signature: Option<String>,
    },
    /// Reasoning that only its provider can read.
    RedactedThinking {
        /// The provider's blob.
        data: String,
    },
    /// The model's refusal in words.
    Refusal(String),
    /// A block that only `dialect` understands, unread.
    Opaque {
        /// Name of the dialect it belongs to.
        dialect: &'static str,
        /// The block.
        raw: Raw,
    },
}

/// A text block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Marks the end of a cacheable prefix.
    pub cache: Option<CacheMark>,
    /// Sources of the text (`annotations` in OpenAI's words), unread.
    pub citations: Option<Raw>,
    /// Gemini may sign text parts; the signature must return on the same part.
    pub signature: Option<String>,
}

impl Block {
    /// A plain text block.
    pub fn text(text: impl Into<String>) -> Self {
        Block::Text(Text { text: text.into(), ..Text::default() })
    }
}

/// Where the bytes of a picture or document are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Inline, base64.
    Base64 {
        /// MIME type as declared by the caller.
        media_type: String,
        /// Base64 text without a `data:` prefix.
        data: String,
    },
    /// Inline plain text.
    PlainText(String),
    /// An address that the provider fetches.
    Url(String),
    /// An id in a provider's file store.
    File(String),
}

/// Prompt cache marker with its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheMark {
    /// The provider's default (5 minutes at Anthropic, 30 at OpenAI).
    Short,
    /// The long lifetime (1 hour at Anthropic, 12 at OpenAI).
    Long,
}

/// A call of a tool by the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Id that the result refers to. Empty if the provider gave none: writers must then make one.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments as JSON text. OpenAI allows any text here, so it may be invalid or empty.
    pub arguments: String,
    /// Gemini's `thoughtSignature`, which must return on the same call.
    pub signature: Option<String>,
}

/// The answer of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The call that is answered.
    pub call_id: String,
    /// Name of the tool, where the dialect says it (Gemini, Ollama); otherwise found by `call_id`.
    pub name: Option<String>,
    /// Text, images and documents.
    pub blocks: Vec<Block>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// Marks the end of a cacheable prefix.
    pub cache: Option<CacheMark>,
}

/// A tool the model may call.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// A function with a JSON schema.
    Function(FunctionTool),
    /// A tool that only `dialect` understands (server-side search and the like), unread.
    Opaque {
        /// Name of the dialect it belongs to.
        dialect: &'static str,
        /// Type or name of the tool, for messages to the caller.
        kind: String,
        /// The definition.
        raw: Raw,
    },
}

/// A function the caller offers to the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionTool {
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// JSON schema of the arguments, unread.
    pub parameters: Option<Raw>,
    /// Whether the provider must enforce the schema.
    pub strict: Option<bool>,
    /// Marks the end of a cacheable prefix.
    pub cache: Option<CacheMark>,
    /// Fields without a word here, for targets that speak the request's own dialect.
    pub extras: Extras,
}

/// Which tools may or must be called.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// No tool.
    None,
    /// At least one tool.
    Required,
    /// This tool.
    Tool(String),
    /// Only these tools; `required` says whether one of them must be called.
    Allowed {
        /// Names of the tools.
        names: Vec<String>,
        /// Whether a call is mandatory.
        required: bool,
    },
}

/// The form an answer must have.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON that fits a schema.
    Schema {
        /// Name of the schema (OpenAI demands one; writers make one up where it is missing).
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The schema, unread.
        schema: Raw,
        /// Whether the provider must enforce it.
        strict: Option<bool>,
    },
}

/// How much the model should think (wire.md 8.10 maps the scales).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// The effort.
    pub effort: Option<Effort>,
    /// A bound in tokens, where the dialect says it that way.
    pub budget_tokens: Option<u64>,
    /// Whether the caller asked for adaptive thinking in Anthropic's words.
    pub adaptive: bool,
    /// Whether a readable summary is wanted; `None` is the provider's default.
    pub summary: Option<bool>,
    /// The object in which callers of OpenAI-like servers say all this (`thinking`), unread, for targets that speak the
    /// request's own dialect: each server has fields of its own there.
    pub own: Option<Raw>,
}

/// Effort words, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Do not think.
    None,
    /// As little as possible.
    Minimal,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Higher than high.
    XHigh,
    /// All the model has.
    Max,
}

impl Effort {
    /// All efforts with their OpenAI words, lowest first.
    pub const ALL: [(Effort, &'static str); 7] = [
        (Effort::None, "none"),
        (Effort::Minimal, "minimal"),
        (Effort::Low, "low"),
        (Effort::Medium, "medium"),
        (Effort::High, "high"),
        (Effort::XHigh, "xhigh"),
        (Effort::Max, "max"),
    ];

    /// The OpenAI word.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The effort with this OpenAI word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(e, _)| *e)
    }
}
