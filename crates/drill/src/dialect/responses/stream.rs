//! Streamed answers: each event says what it is and has a number.

use super::reply::{call, items, message, object, part, reasoning};
use crate::dialect::frame::{Frame, Kind};
use crate::dialect::{Failure, Writer};
use crate::script::{Finish, Step, ToolCall, Turn};
use serde_json::{Value, json};

/// What is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Thinking,
    Text,
}

/// Writes one answer as events.
pub(super) struct Stream<'a> {
    turn: &'a Turn,
    frame: Frame,
    number: u64,
    open: Open,
    /// Items that were announced.
    items: usize,
    /// Where calls stand among them.
    calls: Vec<usize>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(turn: &'a Turn) -> Self {
        let (number, items, calls) = Default::default();
        Self { turn, frame: Frame::new(Kind::Sse, &turn.knobs), number, open: Open::Nothing, items, calls }
    }

    fn event(&mut self, kind: &str, mut data: Value, out: &mut Vec<u8>) {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.number);
        self.number += 1;
        self.frame.event(Some(kind), &data, out);
    }

    fn added(&mut self, item: Value, out: &mut Vec<u8>) -> usize {
        let at = self.items;
        self.items += 1;
        self.event("response.output_item.added", json!({ "output_index": at, "item": item }), out);
        at
    }

    fn done(&mut self, at: usize, item: &Value, out: &mut Vec<u8>) {
        self.event("response.output_item.done", json!({ "output_index": at, "item": item }), out);
    }

    /// Where something of the item that is being written belongs.
    fn place(&self, mut data: Value) -> Value {
        let prefix = if self.open == Open::Thinking { "rs" } else { "msg" };
        data["item_id"] = json!(format!("{prefix}_drill{:08}", self.turn.seq));
        data["output_index"] = json!(self.items - 1);
        data
    }

    fn refused(&self) -> bool {
        self.turn.answer.replies[0].finish == Finish::Refusal
    }

    fn thinking(&mut self, text: &str, out: &mut Vec<u8>) {
        if self.open != Open::Thinking {
            let mut item = reasoning(self.turn, "");
            item["summary"] = json!([]);
            self.added(item, out);
            self.open = Open::Thinking;
            let part = json!({ "type": "summary_text", "text": "" });
            let data = self.place(json!({ "summary_index": 0, "part": part }));
            self.event("response.reasoning_summary_part.added", data, out);
        }
        let data = self.place(json!({ "summary_index": 0, "delta": text }));
        self.event("response.reasoning_summary_text.delta", data, out);
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        let refused = self.refused();
        if self.open != Open::Text {
            self.close(out);
            let mut item = message(self.turn, "", refused);
            (item["content"], item["status"]) = (json!([]), json!("in_progress"));
            self.added(item, out);
            self.open = Open::Text;
            let data = self.place(json!({ "content_index": 0, "part": part("", refused) }));
            self.event("response.content_part.added", data, out);
        }
        let kind = if refused { "response.refusal.delta" } else { "response.output_text.delta" };
        let data = self.place(json!({ "content_index": 0, "delta": text, "logprobs": [] }));
        self.event(kind, data, out);
    }

    /// Ends what is being written.
    fn close(&mut self, out: &mut Vec<u8>) {
        let reply = &self.turn.answer.replies[0];
        let item = match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => return,
            Open::Thinking => reasoning(self.turn, &reply.thinking),
            Open::Text => {
                let data = self.place(json!({ "content_index": 0, "text": reply.text, "logprobs": [] }));
                self.event("response.output_text.done", data, out);
                message(self.turn, &reply.text, self.refused())
            }
        };
        self.done(self.items - 1, &item, out);
    }

    fn call(&mut self, made: &ToolCall, out: &mut Vec<u8>) {
        self.close(out);
        let at = self.added(call(made, "", "in_progress"), out);
        self.calls.push(at);
    }

    fn arguments(&mut self, index: usize, made: &ToolCall, text: &str, out: &mut Vec<u8>) {
        let word = if made.custom { "custom_tool_call_input" } else { "function_call_arguments" };
        let data = json!({ "output_index": self.calls[index], "item_id": format!("fc_{}", made.id), "delta": text });
        self.event(&format!("response.{word}.delta"), data, out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        let calls = self.turn.answer.replies[0].calls.iter().zip(self.calls.clone());
        for (made, at) in calls {
            let (word, field) = match made.custom {
                true => ("custom_tool_call_input", "input"),
                false => ("function_call_arguments", "arguments"),
            };
            let mut data = json!({ "output_index": at, "item_id": format!("fc_{}", made.id) });
            data[field] = json!(made.arguments);
            self.event(&format!("response.{word}.done"), data, out);
            self.done(at, &call(made, &made.arguments, "completed"), out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let reply = self.turn.answer.replies.first();
        let status = match reply.map(|reply| &reply.finish) {
            Some(Finish::Length) => "incomplete",
            _ => "completed",
        };
        let output = reply.map(|reply| items(self.turn, reply)).unwrap_or_default();
        let whole = object(self.turn, status, &output, true);
        self.event(&format!("response.{status}"), json!({ "response": whole }), out);
    }
}

impl Writer for Stream<'_> {
    fn step(&mut self, step: &Step<'_>, out: &mut Vec<u8>) {
        match *step {
            Step::Open => {
                for kind in ["response.created", "response.in_progress"] {
                    let begun = object(self.turn, "in_progress", &[], false);
                    self.event(kind, json!({ "response": begun }), out);
                }
            }
            // This API knows one answer.
            Step::Thinking { reply: 0, text } => self.thinking(text, out),
            Step::Text { reply: 0, text } => self.text(text, out),
            Step::Call { reply: 0, call, .. } => self.call(call, out),
            Step::Arguments { reply: 0, index, call, text } => self.arguments(index, call, text, out),
            Step::Finish { reply: 0 } => self.finish(out),
            Step::Close => self.end(out),
            _ => {}
        }
    }

    fn failure(&mut self, failure: Failure, out: &mut Vec<u8>) {
        let error = &failure.body["error"];
        let code = error["code"].as_str().unwrap_or("server_error").to_owned();
        let data = json!({ "code": code, "message": error["message"], "param": null });
        self.event("error", data, out);
    }

    fn garbage(&mut self, garbage: &str, out: &mut Vec<u8>) {
        self.frame.raw(Some("response.output_text.delta"), garbage, out);
    }
}
