//! OpenTelemetry: a call is a span of a server, each attempt one of a client under it, by the conventions for generative
//! models. What they say is put together once; how it is written, as protobuf or as JSON, is the business of `wire`.

mod contents;
pub mod numbers;
mod wire;

use std::rc::Rc;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use store::{Aside, Entry, Status, Trace};
use types::Operation;

use super::super::post::Post;
use super::super::told::{Told, bare, operation};
use super::post as to;
use crate::config::{Address, Otlp};
use wire::{Attribute, Item, Kind, Span, Value};

/// Whether there are spans of this, which somebody wants recorded.
pub fn wants(told: &Told) -> bool {
    told.entry.aside.as_ref().and_then(|aside| aside.trace.as_ref()).is_some_and(|trace| trace.sampled)
}

/// The request that tells of these.
pub fn post(otlp: &Otlp, batch: &[Rc<Told>], contents: bool) -> Post {
    let spans: Vec<Span> = batch.iter().flat_map(|told| spans(told, contents)).collect();
    post_of(&otlp.address, otlp.json, &otlp.resource, &spans, batch.len())
}

/// The request that tells an address of these, which are of so many calls.
fn post_of(address: &Address, json: bool, resource: &[(String, String)], items: &[impl Item], calls: usize) -> Post {
    let (body, kind) = match json {
        true => (wire::json(resource, items).into_bytes(), "application/json"),
        false => (wire::protobuf(resource, items), "application/x-protobuf"),
    };
    let mut post = to(address, body, calls);
    post.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    post
}

/// The spans of an entry: that of an attempt, that of a call, or both.
fn spans(told: &Told, contents: bool) -> Vec<Span> {
    let entry = &told.entry;
    let Some((aside, trace)) = entry.aside.as_deref().and_then(|aside| Some((aside, aside.trace.as_deref()?))) else {
        return Vec::new();
    };
    let attempt = entry.is_attempt().then(|| attempt(told, aside, trace));
    let call = entry.is_call().then(|| call(told, trace));
    let mut spans: Vec<Span> = attempt.into_iter().chain(call).collect();
    if let (Some(said), Some(first), true) = (&told.said, spans.first_mut(), contents) {
        // What was said belongs to the attempt that answered, if there is one.
        let operation = match operation(entry) {
            // Most of them are chats; what cannot be read as one is told as it is.
            Operation::PassThrough => Operation::Chat,
            operation => operation,
        };
        contents::add(said, operation, &mut first.attributes);
    }
    spans
}

fn call(told: &Told, trace: &Trace) -> Span {
    let entry = &told.entry;
    let story = entry.story.clone().unwrap_or_default();
    let mut said = Attributes::default();
    said.text("lockgate.call.id", &entry.call_id);
    said.text("lockgate.model_group", &entry.model_group);
    said.text("lockgate.call_type", &entry.call_type);
    said.text("lockgate.outcome", entry.status.name());
    said.int("http.response.status_code", u64::from(entry.code()));
    said.text("client.address", entry.ip.as_deref().unwrap_or_default());
    said.text("lockgate.key.hash", &entry.key);
    said.text("lockgate.key.alias", entry.key_alias.as_deref().unwrap_or_default());
    said.text("user.id", entry.user_id.as_deref().unwrap_or_default());
    said.text("lockgate.team.id", entry.team_id.as_deref().unwrap_or_default());
    said.text("lockgate.team.alias", told.team_alias.as_deref().unwrap_or_default());
    said.text("lockgate.organization.id", entry.organization_id.as_deref().unwrap_or_default());
    said.text("lockgate.customer.id", entry.customer_id.as_deref().unwrap_or_default());
    said.text("session.id", entry.session_id.as_deref().unwrap_or_default());
    if !entry.tags.is_empty() {
        said.0.push(("lockgate.tags", Value::Texts(entry.tags.clone())));
    }
    said.int("lockgate.attempts", u64::from(story.attempts));
    said.int("lockgate.fallbacks", u64::from(story.fallbacks));
    said.int("lockgate.queue_ms", story.queue_ms);
    said.double("lockgate.overhead_ms", story.overhead_us as f64 / 1000.0);
    said.text("lockgate.route", story.route.as_deref().unwrap_or_default());
    said.fault(entry);
    Span {
        trace: trace.id,
        id: trace.span,
        parent: trace.parent,
        state: trace.state.clone(),
        name: format!("{} {}", name(operation(entry)), entry.model_group),
        kind: Kind::Server,
        started_at_ms: entry.received_at(),
        ended_at_ms: entry.ended_at.unwrap_or(entry.started_at),
        attributes: said.0,
        failed: failed(entry),
    }
}

fn attempt(told: &Told, aside: &Aside, trace: &Trace) -> Span {
    let entry = &told.entry;
    let usage = &entry.usage;
    let mut said = Attributes::default();
    said.text("gen_ai.operation.name", name(operation(entry)));
    said.text("gen_ai.provider.name", provider_name(&entry.provider));
    said.text("gen_ai.request.model", bare(entry));
    said.0.push(("gen_ai.request.stream", Value::Bool(entry.stream)));
    said.text("gen_ai.conversation.id", entry.session_id.as_deref().unwrap_or_default());
    if let Some(first) = entry.first_token_at {
        let seconds = (first - entry.started_at).max(0) as f64 / 1000.0;
        said.double("gen_ai.response.time_to_first_chunk", seconds);
    }
    let written = usage.cache_write.into_iter().chain(usage.cache_write_long).reduce(u64::saturating_add);
    for (name, count) in [
        ("gen_ai.usage.input_tokens", usage.input),
        ("gen_ai.usage.output_tokens", usage.output),
        ("gen_ai.usage.cache_read.input_tokens", usage.cache_read),
        ("gen_ai.usage.cache_write.input_tokens", written),
        ("gen_ai.usage.reasoning.output_tokens", usage.reasoning),
    ] {
        if let Some(count) = count {
            said.int(name, count);
        }
    }
    if let Ok(endpoint) = providers::http::Endpoint::parse(&entry.api_base) {
        said.text("server.address", &endpoint.host);
        said.int("server.port", u64::from(endpoint.port));
    }
    said.text("lockgate.attempt.id", &entry.attempt_id);
    said.text("lockgate.deployment.id", &entry.deployment_id);
    if let Some(cost) = entry.cost {
        said.double("lockgate.cost_usd", cost.dollars());
    }
    said.fault(entry);
    Span {
        trace: trace.id,
        id: aside.span,
        parent: Some(trace.span),
        state: trace.state.clone(),
        name: format!("{} {}", name(operation(entry)), bare(entry)),
        kind: Kind::Client,
        started_at_ms: entry.started_at,
        ended_at_ms: entry.ended_at.unwrap_or(entry.started_at),
        attributes: said.0,
        failed: failed(entry),
    }
}

/// What is asked for, in the words of the conventions.
fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Chat => "chat",
        Operation::Completion => "text_completion",
        Operation::Embedding => "embeddings",
        Operation::CountTokens => "count_tokens",
        Operation::Compact => "compact",
        Operation::Moderation => "moderation",
        Operation::Rerank => "rerank",
        Operation::Image | Operation::ImageEdit | Operation::ImageVariation => "generate_image",
        Operation::Speech => "speech",
        Operation::Transcription | Operation::Translation => "transcription",
        Operation::PassThrough => "pass_through",
    }
}

/// A provider in the words of the conventions.
fn provider_name(provider: &str) -> &str {
    providers::find(provider).map_or(provider, |row| row.traced_as.unwrap_or(row.id))
}

/// Why it is an error, if it is one: who leaves is none.
fn failed(entry: &Entry) -> Option<String> {
    let fault = entry.fault.as_ref().map(|fault| fault.message.clone());
    match entry.status {
        Status::Success | Status::Aborted if fault.is_none() => None,
        status => Some(fault.unwrap_or_else(|| status.name().to_owned())),
    }
}

/// What is said of a span: nothing that is empty.
#[derive(Default)]
struct Attributes(Vec<Attribute>);

impl Attributes {
    fn text(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.0.push((name, Value::Text(value.to_owned())));
        }
    }

    fn int(&mut self, name: &'static str, value: u64) {
        self.0.push((name, Value::Int(i64::try_from(value).unwrap_or(i64::MAX))));
    }

    fn double(&mut self, name: &'static str, value: f64) {
        self.0.push((name, Value::Double(value)));
    }

    fn fault(&mut self, entry: &Entry) {
        if let Some(fault) = &entry.fault {
            self.text("error.type", &fault.kind);
        }
    }
}
