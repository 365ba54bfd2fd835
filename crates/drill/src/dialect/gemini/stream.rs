//! Streamed generateContent: every chunk is a whole response with new parts and the usage so far. Calls come
//! whole; the last chunk of a candidate has its finish reason, and the stream has no other end.

use super::reply::{blocked, call_part, finish, probabilities, response, signs};
use super::signature;
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{Failure, Writer, put, quoted};
use crate::script::{Finish, Shape, Step, ToolCall, Turn};
use serde_json::{Value, json};

/// Writes one response as chunks.
pub(super) struct Stream<'a> {
    turn: &'a Turn,
    frame: Frame,
    visible: u64,
    reasoning: u64,
    /// Everything of a chunk after its candidates and before the output tokens, and after those.
    usage_head: String,
    tail: String,
}

impl<'a> Stream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        let kind = if turn.ask.shape == Shape::Array { Kind::Array } else { Kind::Sse };
        let base = response(turn, Some(Vec::new()), 0, 0);
        let usage = base.get("usageMetadata").cloned();
        let usage_head = usage.map_or(String::new(), |_| {
            let input = turn.answer.usage.input();
            format!(r#","usageMetadata":{{"promptTokenCount":{input},"promptTokensDetails":[{{"modality":"TEXT","tokenCount":{input}}}]"#)
        });
        let tail = format!(
            r#","modelVersion":{},"createTime":{},"responseId":{}}}"#,
            base["modelVersion"], base["createTime"], base["responseId"]
        );
        Self { turn, frame: Frame::new(kind, &turn.knobs), visible: 0, reasoning: 0, usage_head, tail }
    }

    /// A text part on the hot path, written without building JSON values.
    fn text(&mut self, reply: usize, text: &str, thought: bool, out: &mut Vec<u8>) {
        self.frame.begin(None, out);
        out.extend_from_slice(br#"{"candidates":[{"content":{"parts":[{"text":"#);
        quoted(text, out);
        out.extend_from_slice(if thought { br#","thought":true}],"role":"model"}"# } else { br#"}],"role":"model"}"# });
        if let Some(top) = self.turn.ask.logprobs.filter(|_| !thought) {
            out.extend_from_slice(br#","logprobsResult":"#);
            put(&probabilities(&[text], top), out);
        }
        out.extend_from_slice(format!(r#","index":{reply}}}]"#).as_bytes());
        self.end(out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if !self.usage_head.is_empty() {
            let total = self.turn.answer.usage.input() + self.visible + self.reasoning;
            let thoughts = match self.reasoning {
                0 => String::new(),
                n => format!(r#","thoughtsTokenCount":{n}"#),
            };
            let cached = match self.turn.answer.usage.cached {
                0 => String::new(),
                n => format!(r#","cachedContentTokenCount":{n}"#),
            };
            out.extend_from_slice(self.usage_head.as_bytes());
            let rest =
                format!(r#","candidatesTokenCount":{}{thoughts}{cached},"totalTokenCount":{total}}}"#, self.visible);
            out.extend_from_slice(rest.as_bytes());
        }
        out.extend_from_slice(self.tail.as_bytes());
        self.frame.end(out);
    }

    fn candidate(&mut self, candidate: &Value, out: &mut Vec<u8>) {
        self.frame.begin(None, out);
        out.extend_from_slice(br#"{"candidates":["#);
        put(candidate, out);
        out.extend_from_slice(b"]");
        self.end(out);
    }

    fn call(&mut self, reply: usize, index: usize, call: &ToolCall, out: &mut Vec<u8>) {
        self.visible += 1 + self.turn.answer.cut.count(&call.arguments);
        let parts = [call_part(self.turn, index, call)];
        self.candidate(&json!({ "content": { "parts": parts, "role": "model" }, "index": reply }), out);
    }

    fn finish(&mut self, index: usize, out: &mut Vec<u8>) {
        let reply = &self.turn.answer.replies[index];
        let reason = finish(self.turn, reply);
        let mut part = json!({ "text": "" });
        if reply.calls.is_empty() && signs(self.turn, reply) {
            part["thoughtSignature"] = json!(signature("text"));
        }
        self.visible = self.turn.answer.usage.visible;
        self.reasoning = self.turn.answer.usage.reasoning;
        let content = json!({ "parts": [part], "role": "model" });
        let candidate = match reply.finish {
            Finish::Refusal => json!({ "finishReason": reason, "finishMessage": reply.text, "index": index }),
            _ => json!({ "content": content, "finishReason": reason, "index": index }),
        };
        self.candidate(&candidate, out);
    }
}

impl Writer for Stream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        if self.turn.knobs.on(self.turn.knobs.blocked) {
            match step {
                Step::Open => self.frame.event(None, &blocked(self.turn), out),
                Step::Close => self.frame.close(out),
                _ => {}
            }
            return;
        }
        match *step {
            Step::Open | Step::Arguments { .. } => {}
            Step::Thinking { reply, text } => {
                self.reasoning += 1;
                self.text(reply, text, true, out);
            }
            Step::Text { reply, .. } if self.turn.answer.replies[reply].finish == Finish::Refusal => {}
            Step::Text { reply, text } => {
                self.visible += 1;
                self.text(reply, text, false, out);
            }
            Step::Call { reply, index, call } => self.call(reply, index, call, out),
            Step::Finish { reply } => self.finish(reply, out),
            Step::Close => self.frame.close(out),
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        self.frame.event(None, &failure.body, out);
        self.frame.close(out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.frame.raw(None, garbage, out);
    }
}
