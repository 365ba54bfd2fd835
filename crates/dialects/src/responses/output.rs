//! Answers: the items that a model's blocks become, and the object around them, which a stream shows at its beginning
//! and at its end.

use bytes::BytesMut;
use types::{Answer, Block, Fault, Finish, Operation, Raw, Response, Source, Tier, Usage};

use super::input::{REDACTED, custom_input};
use super::tools::{BuiltIn, Form, Offered};
use super::{custom, fault, kept};
use crate::Stamp;
use crate::json::{Doc, Json, Writer};
use crate::openai::{call_id, proofs};

/// An item of an answer.
pub(super) struct Item {
    pub id: String,
    pub kind: Kind,
}

pub(super) enum Kind {
    Message(Vec<Part>),
    Reasoning { text: String, seal: Option<String> },
    Call { call_id: String, name: String, arguments: String },
    Picture { data: String },
}

/// A part of a message.
pub(super) enum Part {
    Text { text: String, annotations: Vec<Raw>, logprobs: Vec<Raw> },
    Refusal(String),
}

/// How far an answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Queued,
    InProgress,
    Over(Finish),
    Failed,
    /// Its caller left before its end.
    Cancelled,
}

/// How far an item is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is announced, and shows nothing of what is to come.
    Begun,
    /// It shows what there is of it, and no more will come.
    Cut,
    /// It is whole.
    Over,
}

impl Progress {
    fn word(self) -> &'static str {
        match self {
            Progress::Begun => "in_progress",
            Progress::Cut => "incomplete",
            Progress::Over => "completed",
        }
    }
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::InProgress => "in_progress",
            Status::Over(finish) if reason(finish).is_some() => "incomplete",
            Status::Over(_) => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// The event that ends a stream.
    pub fn event(self) -> &'static str {
        match self.word() {
            "incomplete" => "response.incomplete",
            "failed" => "response.failed",
            _ => "response.completed",
        }
    }
}

/// Why an answer is not whole.
fn reason(finish: Finish) -> Option<&'static str> {
    match finish {
        Finish::Stop | Finish::ToolCalls => None,
        Finish::Length => Some("max_output_tokens"),
        Finish::ContentFilter => Some("content_filter"),
    }
}

/// An answer as far as it is there.
pub(super) struct Body<'a> {
    pub stamp: &'a Stamp,
    pub offered: &'a Offered,
    pub model: &'a str,
    pub status: Status,
    pub items: &'a [Item],
    /// Indexes of items that were never finished.
    pub cut: &'a [usize],
    pub usage: &'a Usage,
    pub fault: Option<&'a Fault>,
}

impl Body<'_> {
    /// Writes the fields of the object.
    pub fn write(&self, w: &mut Writer) {
        let stamp = self.stamp;
        w.str_field("id", &kept::own_id(stamp));
        w.str_field("object", "response");
        w.num_field("created_at", stamp.created);
        w.str_field("status", self.status.word());
        if let Status::Over(_) = self.status {
            w.num_field("completed_at", (stamp.clock.now_ms() / 1000).max(stamp.created as i64));
        }
        match self.fault {
            Some(fault) => w.key("error").object(|w| fault::fields(w, fault)),
            None => w.key("error").null(),
        }
        match self.status {
            Status::Over(finish) if let Some(reason) = reason(finish) => {
                w.key("incomplete_details").object(|w| w.str_field("reason", reason));
            }
            _ => w.key("incomplete_details").null(),
        }
        w.str_field("model", if self.model.is_empty() { &stamp.model } else { self.model });
        w.key("output").array(|w| {
            for (index, item) in self.items.iter().enumerate() {
                let progress = if self.cut.contains(&index) { Progress::Cut } else { Progress::Over };
                w.object(|w| item.write(w, progress, self.offered));
            }
        });
        match self.usage.total() {
            Some(total) => w.key("usage").object(|w| counts(w, self.usage, total)),
            None => w.key("usage").null(),
        }
        w.opt_str("service_tier", self.usage.tier.map(Tier::as_str));
        if let Some(echo) = stamp.echo.as_deref().and_then(|echo| echo.strip_prefix('{')?.strip_suffix('}')) {
            w.json(echo);
        }
    }
}

/// Clients demand all of these; parts that nobody stated are none.
fn counts(w: &mut Writer, usage: &Usage, total: u64) {
    let written = [usage.cache_write, usage.cache_write_long].into_iter().flatten().reduce(u64::saturating_add);
    w.num_field("input_tokens", usage.input.unwrap_or(0));
    w.key("input_tokens_details").object(|w| {
        w.num_field("cached_tokens", usage.cache_read.unwrap_or(0));
        w.opt_num("cache_write_tokens", written);
    });
    w.num_field("output_tokens", usage.output.unwrap_or(0));
    w.key("output_tokens_details").object(|w| w.num_field("reasoning_tokens", usage.reasoning.unwrap_or(0)));
    w.num_field("total_tokens", total);
}

impl Item {
    /// Writes the fields of an item.
    pub fn write(&self, w: &mut Writer, progress: Progress, offered: &Offered) {
        let (status, shows, over) = (progress.word(), progress != Progress::Begun, progress == Progress::Over);
        w.str_field("id", &self.id);
        match &self.kind {
            Kind::Message(parts) => {
                w.str_field("type", "message");
                w.str_field("status", status);
                w.str_field("role", "assistant");
                w.key("content").array(|w| {
                    parts.iter().filter(|_| shows).for_each(|part| w.object(|w| part.write(w, true)));
                });
            }
            Kind::Reasoning { text, seal } => {
                w.str_field("type", "reasoning");
                w.key("summary").array(|w| {
                    if shows && !text.is_empty() {
                        w.object(|w| summary(w, text));
                    }
                });
                w.opt_str("encrypted_content", seal.as_deref().filter(|_| shows));
                w.str_field("status", status);
            }
            Kind::Call { call_id, name, arguments } => {
                let offer = offered.of_call(name);
                let form = offered.form_of(name);
                w.str_field(
                    "type",
                    match form {
                        Form::Function => "function_call",
                        Form::Custom => "custom_tool_call",
                        Form::BuiltIn(BuiltIn::LocalShell) => "local_shell_call",
                        Form::BuiltIn(BuiltIn::ApplyPatch) => "apply_patch_call",
                    },
                );
                w.str_field("status", status);
                w.str_field("call_id", call_id);
                if let Form::BuiltIn(built_in) = form {
                    let (field, nothing) = built_in.wanted();
                    w.key(field).json(&if over { built_in.action(arguments) } else { nothing.to_owned() });
                    return;
                }
                w.str_field("name", offer.map_or(name, |offer| &offer.name));
                w.opt_str("namespace", offer.and_then(|offer| offer.namespace.as_deref()));
                match (form == Form::Custom, progress) {
                    (true, Progress::Over) => w.str_field("input", &custom_input(arguments)),
                    // What stands for the text cannot be read before it is whole.
                    (true, _) => w.str_field("input", ""),
                    (false, Progress::Over) => w.str_field("arguments", whole(arguments)),
                    (false, Progress::Cut) => w.str_field("arguments", arguments),
                    (false, Progress::Begun) => w.str_field("arguments", ""),
                }
            }
            Kind::Picture { data } => {
                w.str_field("type", "image_generation_call");
                w.str_field("status", status);
                w.str_field("result", data);
            }
        }
    }
}

/// Writes the fields of a piece of what can be read of a model's reasoning.
pub(super) fn summary(w: &mut Writer, text: &str) {
    w.str_field("type", "summary_text");
    w.str_field("text", text);
}

/// Clients parse arguments, and expect an object: no text at all does not parse.
pub(super) fn whole(arguments: &str) -> &str {
    if matches!(arguments, "" | "null") { "{}" } else { arguments }
}

impl Part {
    /// A text without anything in it.
    pub fn text() -> Self {
        Part::Text { text: String::new(), annotations: Vec::new(), logprobs: Vec::new() }
    }

    /// Writes the fields of a part; of one that is not over, without what is still to come.
    pub fn write(&self, w: &mut Writer, over: bool) {
        match self {
            Part::Text { text, annotations, logprobs } => {
                w.str_field("type", "output_text");
                w.str_field("text", if over { text } else { "" });
                w.key("annotations").array(|w| annotations.iter().filter(|_| over).for_each(|raw| w.raw(raw)));
                w.key("logprobs").array(|w| logprobs.iter().filter(|_| over).for_each(|raw| w.raw(raw)));
            }
            Part::Refusal(text) => {
                w.str_field("type", "refusal");
                w.str_field("refusal", if over { text } else { "" });
            }
        }
    }
}

/// Encodes an answer.
pub(super) fn write(_: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
    match answer {
        Answer::Chat(response) => chat(response, stamp),
        Answer::TokenCount(count) => Writer::document(|w| {
            w.str_field("object", "response.input_tokens");
            w.num_field("input_tokens", *count);
        }),
        // Nobody asks for anything else in this dialect.
        _ => Writer::document(|_| {}),
    }
}

fn chat(response: &Response, stamp: &Stamp) -> BytesMut {
    let offered = Offered::of(stamp.echo.as_deref().unwrap_or_default());
    let choice = response.choices.first();
    let mut items = choice.map(|choice| items(&choice.blocks, stamp)).unwrap_or_default();
    if let Some(raw) = choice.and_then(|choice| choice.logprobs.as_ref()) {
        let texts = items.iter_mut().find_map(|item| match &mut item.kind {
            Kind::Message(parts) => parts.iter_mut().find_map(|part| match part {
                Part::Text { logprobs, .. } => Some(logprobs),
                Part::Refusal(_) => None,
            }),
            _ => None,
        });
        texts.into_iter().for_each(|logprobs| logprobs.extend(tokens(raw)));
    }
    let status = Status::Over(choice.map_or(Finish::Stop, |choice| choice.finish));
    let body = Body {
        stamp,
        offered: &offered,
        model: &response.model,
        status,
        items: &items,
        cut: &[],
        usage: &response.usage,
        fault: None,
    };
    Writer::document(|w| body.write(w))
}

fn items(blocks: &[Block], stamp: &Stamp) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut calls = 0;
    for block in blocks {
        let kind = match block {
            Block::Text(text) => {
                let annotations = text.citations.iter().flat_map(annotations).collect();
                let part = Part::Text { text: text.text.clone(), annotations, logprobs: Vec::new() };
                match items.last_mut().map(|item| &mut item.kind) {
                    Some(Kind::Message(parts)) => {
                        parts.push(part);
                        continue;
                    }
                    _ => Kind::Message(vec![part]),
                }
            }
            Block::Refusal(text) => Kind::Message(vec![Part::Refusal(text.clone())]),
            Block::Thinking { text, signature } => {
                Kind::Reasoning { text: text.clone(), seal: signature.as_deref().map(proofs::marked) }
            }
            Block::RedactedThinking { data } => Kind::Reasoning { text: String::new(), seal: Some(redacted(data)) },
            Block::ToolCall(call) => {
                calls += 1;
                let call_id = carried(&call.id, call.signature.as_deref(), stamp, calls - 1);
                Kind::Call { call_id, name: call.name.clone(), arguments: call.arguments.clone() }
            }
            Block::Image { source: Source::Base64 { data, .. }, .. } => Kind::Picture { data: data.clone() },
            block => match custom::call(block) {
                Some(call) => Kind::Call { call_id: call.id, name: call.name, arguments: call.input },
                None => continue,
            },
        };
        items.push(Item { id: item_id(&kind, stamp, items.len()), kind });
    }
    items
}

/// The id of the item at `index`.
pub(super) fn item_id(kind: &Kind, stamp: &Stamp, index: usize) -> String {
    let prefix = match kind {
        Kind::Message(_) => "msg",
        Kind::Reasoning { .. } => "rs",
        Kind::Call { .. } => "fc",
        Kind::Picture { .. } => "ig",
    };
    format!("{prefix}_{}{index}", stamp.id)
}

/// The id of a call, made if the provider gave none. A signature rides on it: clients of this dialect send back no other
/// field.
pub(super) fn carried(id: &str, signature: Option<&str>, stamp: &Stamp, index: usize) -> String {
    let id = if id.is_empty() { call_id(stamp, 0, index) } else { id.to_owned() };
    match signature {
        Some(signature) => format!("{id}{}{}", proofs::RIDER, proofs::marked(signature)),
        None => id,
    }
}

/// The seal of reasoning that nobody can read.
pub(super) fn redacted(data: &str) -> String {
    proofs::marked(&format!("{REDACTED}{data}"))
}

/// Sources, from OpenAI's older form, in which they stand in an object named by their kind.
pub(super) fn annotations(raw: &Raw) -> Vec<Raw> {
    let Ok(doc) = Doc::parse(raw.get().as_bytes()) else { return Vec::new() };
    doc.root().one_or_many().map(annotation).collect()
}

fn annotation(item: Json) -> Raw {
    let kind = item.get("type").and_then(|kind| kind.as_string()).unwrap_or_default();
    let Some(inner) = item.get_some(&kind) else { return item.to_raw() };
    let flat = Writer::document(|w| {
        w.str_field("type", &kind);
        for (name, value) in inner.fields() {
            w.key(&name.as_string().unwrap_or_default()).json(value.raw());
        }
    });
    Raw::new(String::from_utf8_lossy(&flat))
}

/// The tokens of log probabilities in the form of chats.
pub(super) fn tokens(raw: &Raw) -> Vec<Raw> {
    let Ok(doc) = Doc::parse(raw.get().as_bytes()) else { return Vec::new() };
    doc.root().get_some("content").into_iter().flat_map(|list| list.items()).map(|token| token.to_raw()).collect()
}
