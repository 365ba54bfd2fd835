//! What a mocked model answers, in no vendor's words: an `Ask` goes in, an `Answer` comes out, and its
//! `steps` are the order in which a stream tells it. Everything is a function of the request and the knobs.
//!
//! Tokens: a request has as many as its texts have words; text, thinking and tool arguments have as many as
//! they have pieces, and a call has one more for its name. Images and tool definitions count nothing.

mod compose;
mod pieces;
mod steps;

#[cfg(test)]
mod tests;

pub(crate) use compose::compose;
pub(crate) use pieces::Cut;
pub(crate) use steps::{Step, steps};

use crate::knobs::Knobs;
use serde_json::Value;

/// A tool the model may call.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// JSON Schema of the arguments; null for tools that take free text.
    pub(crate) schema: Value,
}

/// How far the request decides about tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The model may call; the mock then does.
    #[default]
    Free,
    /// No calls.
    Never,
    /// This tool.
    Named(String),
}

/// The form asked of the answer's text.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    /// Any JSON.
    Json,
    /// JSON that fits this schema.
    Schema(Value),
}

/// A request for text, as far as it matters to the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    /// Model name as the caller wrote it, knobs included.
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// Text of the last user message.
    pub(crate) last_user: String,
    /// Text of the tool results the conversation ends with, if it ends with some.
    pub(crate) tool_result: Option<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// At most one call per answer.
    pub(crate) one_call: bool,
    pub(crate) format: Option<Format>,
    /// Reasoning is asked for, and shown.
    pub(crate) thinking: bool,
    /// Reasoning happens, but its text is left out (Anthropic's `display: omitted`).
    pub(crate) thinking_hidden: bool,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stops: Vec<String>,
    /// Number of answers wanted, at least 1.
    pub(crate) n: usize,
    /// Log probabilities wanted, with so many alternatives per token.
    pub(crate) logprobs: Option<usize>,
    /// Usage wanted in a stream, for dialects where that is a question.
    pub(crate) stream_usage: bool,
    /// The prompt is repeated before the answer (OpenAI's old completions).
    pub(crate) echo: Option<String>,
    /// Which of a dialect's response shapes is wanted.
    pub(crate) shape: Shape,
    /// Words in the request's texts.
    pub(crate) words: u64,
}

/// Response shapes that differ within a dialect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The dialect's main one.
    #[default]
    Chat,
    /// The older prompt-and-text one: OpenAI `/completions`, Ollama `/api/generate`.
    Text,
    /// OpenAI chat with the deprecated `functions`.
    Functions,
    /// Gemini's stream without `alt=sse`.
    Array,
    /// Ollama's answer to a request that only loads or unloads a model.
    Load { unload: bool },
}

/// One tool call of an answer.
#[derive(Debug, Clone)]
pub(crate) struct ToolCall {
    /// Unique over the life of the mock; dialects put their own prefix in front.
    pub(crate) id: String,
    pub(crate) name: String,
    /// JSON text, or free text for tools without a schema, or whatever the knobs say.
    pub(crate) arguments: String,
    /// The tool takes free text.
    pub(crate) custom: bool,
}

impl ToolCall {
    /// The arguments as JSON, for dialects that carry them parsed; what is not JSON becomes a string.
    pub(crate) fn parsed(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_else(|_| Value::String(self.arguments.clone()))
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    /// This stop sequence was reached.
    Sequence(String),
    Length,
    Calls,
    Refusal,
}

/// One of the answers to a request (`n` or `candidateCount` ask for several).
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) thinking: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Finish,
}

/// Token counts; the parts of `input` do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) fresh: u64,
    pub(crate) cached: u64,
    pub(crate) cache_write: u64,
    /// Text and tool calls, without reasoning.
    pub(crate) visible: u64,
    pub(crate) reasoning: u64,
}

impl Usage {
    /// All input tokens.
    pub(crate) fn input(&self) -> u64 {
        self.fresh + self.cached + self.cache_write
    }

    /// All output tokens.
    pub(crate) fn output(&self) -> u64 {
        self.visible + self.reasoning
    }
}

/// Everything the model says to one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) replies: Vec<Reply>,
    pub(crate) usage: Usage,
    pub(crate) cut: Cut,
}

/// One exchange: what a dialect needs to write its response.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) ask: Ask,
    pub(crate) answer: Answer,
    pub(crate) knobs: Knobs,
    /// Running number of the request, for ids.
    pub(crate) seq: u64,
}

/// Words of a text, which the mock takes for its tokens.
pub(crate) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}
