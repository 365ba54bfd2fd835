//! The knobs that steer one mocked call, written `name=value,name=value` after an `@` in the model name or in
//! the `x-mock` header. The table below is the only list: parsing, refusals and the documentation come from it.

mod value;

#[cfg(test)]
mod tests;

pub(crate) use value::{CallStyle, Fault, Trouble};

use value::Value;

/// One row of the knob table, for documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnobDoc {
    /// Name as written before the `=`.
    pub name: &'static str,
    /// What a value looks like, for example `milliseconds` or `0|1`.
    pub kind: &'static str,
    /// What the knob does, in one line.
    pub doc: &'static str,
}

/// Longest knob text accepted, in bytes.
const MAX_TEXT: usize = 64 * 1024;

macro_rules! table {
    ($($name:ident: $type:ty = $doc:literal,)*) => {
        /// Every knob's value for one call; `None` or `false` means untouched.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Knobs { $(pub(crate) $name: Setting<$type>,)* }

        /// Every knob there is, in the order of the documentation.
        pub fn knobs() -> &'static [KnobDoc] {
            &[$(KnobDoc { name: stringify!($name), kind: <$type as Value>::KIND, doc: $doc },)*]
        }

        impl Knobs {
            fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => self.$name = Some(<$type as Value>::parse(text)
                        .map_err(|wrong| format!("knob `{name}`: {wrong}"))?),)*
                    _ => return Err(format!("unknown knob `{name}`; known: {}", names())),
                }
                Ok(())
            }
        }
    };
}

type Setting<T> = Option<T>;

table! {
    // What goes wrong.
    status: u16 = "answer with the vendor's error for this HTTP status",
    error: Trouble = "answer with the vendor's own error of this name (with fault=error_mid: inside the stream)",
    message: String = "text of the error",
    retry_after: f64 = "seconds for the retry-after header of an error",
    fault: Fault = "misbehave in this way",
    after: u64 = "content chunks sent before a mid-stream fault (default 1)",
    fail_first: u64 = "fault, status and error apply only to the first N requests with this model name and path",
    quota: u64 = "requests that the answer's headers say are left, and as many thousands of tokens",
    // When.
    delay_ms: u64 = "wait before the response headers",
    first_ms: u64 = "wait between the headers and the first content",
    chunk_ms: u64 = "wait between content chunks (fault=slow_headers: between bytes of the head)",
    // Being an Ollama on a machine of one's own.
    load_ms: u64 = "models have to be loaded, which takes so long (Ollama)",
    slots: u64 = "calls at a time of each loaded model (default 1)",
    memory: u64 = "models that are loaded at a time (default 1)",
    context: u64 = "largest context of each model, as Ollama shows it (default 131072)",
    // How much.
    chunks: u64 = "number of text chunks of the answer",
    chunk_bytes: u64 = "bytes of one text chunk",
    answer_bytes: u64 = "bytes of the answer's text",
    text: String = "the answer's text, percent-encoded",
    by_words: bool = "embeddings are the nearer to each other the more words of their texts are the same",
    // How the bytes are cut.
    split: u64 = "cut the body into pieces of N bytes, each its own write and its own HTTP chunk",
    flush: bool = "one write per event even when there is no delay between them",
    crlf: bool = "end the lines of a stream with CRLF",
    comments: bool = "put comments and blank events between events (Anthropic: also pings; not in NDJSON)",
    // What the answer looks like.
    no_usage: bool = "leave usage out",
    bill: String = "fields to add to an OpenAI usage, as JSON without the braces, percent-encoded",
    usage_each: bool = "usage, so far, on every chunk of an OpenAI stream",
    billed: u64 = "input tokens that Cohere bills, however many it reads",
    cached: u64 = "input tokens read from the vendor's cache, on top of the words of the request",
    cache_write: u64 = "input tokens written to the vendor's cache, on top of the words of the request",
    reasoning: u64 = "number of reasoning tokens, whether or not reasoning is shown",
    finish: String = "finish reason to report, verbatim",
    refusal: bool = "the model declines",
    blocked: bool = "the prompt is blocked: Gemini's 200 without candidates, elsewhere the content policy error",
    empty_choices_first: bool = "an OpenAI stream starts with a chunk without choices, as Azure's do",
    think_tags: bool = "reasoning comes inside the text as <think>...</think> (OpenAI, Ollama)",
    thinks: bool = "the model reasons although the request does not ask for it",
    reasoning_field: String = "name of OpenAI's reasoning field: reasoning_content (default) or reasoning",
    tool: String = "name of the tool to call; without it among those offered the answer is text",
    parallel: u64 = "number of tool calls in one answer (default 1)",
    interleave: bool = "argument fragments of parallel calls take turns in an OpenAI stream",
    call_style: CallStyle = "shape of tool calls in an OpenAI stream",
    args: String = "arguments of every tool call, verbatim and percent-encoded, whether JSON or not",
    preface: bool = "some text before the tool calls",
    no_call: bool = "answer with text although tools are offered",
    late_signature: bool = "Gemini's signature comes on an empty text part at the very end",
    // What the model refuses.
    key: String = "require exactly this key in the vendor's own header",
    extras: bool = "accept request fields the vendor does not know",
    no_sampling: bool = "refuse temperature, top_p and their like",
    no_max_tokens: bool = "refuse OpenAI's max_tokens, as reasoning models do",
    no_stream_options: bool = "refuse OpenAI's stream_options, as old servers do",
    no_developer: bool = "refuse OpenAI's developer role",
    text_only: bool = "refuse OpenAI messages whose content is not a string",
    no_prefill: bool = "refuse a last message of the assistant (Anthropic)",
    no_system_role: bool = "refuse system messages among Anthropic's messages, as older models do",
    no_forced_tool: bool = "refuse a forced tool choice (Anthropic)",
    no_think: bool = "refuse to think (Anthropic, Ollama)",
    no_tools: bool = "refuse tools (Ollama)",
    gemini3: bool = "require thought signatures back, as Gemini 3 does",
}

impl Knobs {
    /// Reads `name=value,...` on top of what is already set. A name alone switches it on.
    pub(crate) fn apply(&mut self, text: &str) -> Result<(), String> {
        if text.len() > MAX_TEXT {
            return Err(format!("knobs longer than {MAX_TEXT} bytes"));
        }
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "1"));
            self.set(name.trim(), &percent_decode(value.trim()))?;
        }
        Ok(())
    }

    /// Whether a switch is on.
    pub(crate) fn on(&self, switch: Setting<bool>) -> bool {
        switch.unwrap_or(false)
    }

    /// Takes everything away that makes the call fail, for the calls after `fail_first`.
    pub(crate) fn heal(&mut self) {
        (self.status, self.error, self.fault) = (None, None, None);
    }
}

fn names() -> String {
    knobs().iter().map(|knob| knob.name).collect::<Vec<_>>().join(", ")
}

/// The knobs behind the first `@` of a model name, if any.
pub(crate) fn in_model(model: &str) -> Option<&str> {
    model.split_once('@').map(|(_, knobs)| knobs)
}

/// Undoes `%41`; what is not a valid escape stays as it is, and so does text that would not be UTF-8.
pub(crate) fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while at < bytes.len() {
        let hex = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
