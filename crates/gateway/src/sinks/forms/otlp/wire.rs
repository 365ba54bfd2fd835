//! OpenTelemetry's protocol (OTLP 1.x) as far as it is needed here: as protobuf, whose numbers of fields are those of
//! `opentelemetry/proto`, and as the JSON that goes with it. Spans are here, numbers in `metric`.

pub mod metric;

use serde_json::{Value as Json, json};

/// What a request can tell of many.
pub trait Item {
    /// What such items are called in JSON: those of all resources, of a resource, of a scope.
    const NAMES: [&str; 3];
    /// As protobuf.
    fn message(&self) -> Message;
    /// As JSON.
    fn json(&self) -> Json;
}

/// A span.
pub struct Span {
    /// The trace.
    pub trace: u128,
    /// Its id.
    pub id: u64,
    /// The span that it is a part of.
    pub parent: Option<u64>,
    /// `tracestate`.
    pub state: Option<Box<str>>,
    /// Its name.
    pub name: String,
    /// What it is of.
    pub kind: Kind,
    /// When it began, milliseconds since 1970.
    pub started_at_ms: i64,
    /// When it ended.
    pub ended_at_ms: i64,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
    /// Why it is an error, if it is one.
    pub failed: Option<String>,
}

/// What a span is of, by its number.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A request that was served.
    Server = 2,
    /// A request that was made.
    Client = 3,
}

/// What is said of a span.
pub type Attribute = (&'static str, Value);

/// How it is said.
pub enum Value {
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Several texts.
    Texts(Vec<String>),
}

/// The name of who tells all this.
const SCOPE: &str = "lockgate";
/// The number of an error among the states of spans.
const ERROR: u64 = 2;
const NANOS_PER_MS: u64 = 1_000_000;
/// The bit of the flags that says that a trace is recorded: others are not told.
const SAMPLED: u32 = 1;

fn nanos(ms: i64) -> u64 {
    (ms.max(0) as u64).saturating_mul(NANOS_PER_MS)
}

/// A request that tells of these, as protobuf: the fields around the items have the same numbers for all kinds of them.
pub fn protobuf(resource: &[(String, String)], items: &[impl Item]) -> Vec<u8> {
    let mut of_resource = Message::default();
    for (name, value) in resource {
        of_resource.message(1, attribute(name, &Value::Text(value.clone())));
    }
    let mut scope = Message::default();
    scope.text(1, SCOPE);
    scope.text(2, env!("CARGO_PKG_VERSION"));
    let mut of_scope = Message::default();
    of_scope.message(1, scope);
    for item in items {
        of_scope.message(2, item.message());
    }
    let (mut of_resources, mut all) = (Message::default(), Message::default());
    of_resources.message(1, of_resource);
    of_resources.message(2, of_scope);
    all.message(1, of_resources);
    all.0
}

impl Item for Span {
    const NAMES: [&str; 3] = ["resourceSpans", "scopeSpans", "spans"];

    fn message(&self) -> Message {
        let mut out = Message::default();
        out.bytes(1, &self.trace.to_be_bytes());
        out.bytes(2, &self.id.to_be_bytes());
        if let Some(state) = &self.state {
            out.text(3, state);
        }
        if let Some(parent) = self.parent {
            out.bytes(4, &parent.to_be_bytes());
        }
        out.text(5, &self.name);
        out.int(6, self.kind as u64);
        out.fixed64(7, nanos(self.started_at_ms));
        out.fixed64(8, nanos(self.ended_at_ms));
        for (name, value) in &self.attributes {
            out.message(9, attribute(name, value));
        }
        if let Some(why) = &self.failed {
            let mut status = Message::default();
            status.text(2, why);
            status.int(3, ERROR);
            out.message(15, status);
        }
        out.fixed32(16, SAMPLED);
        out
    }

    fn json(&self) -> Json {
        let attributes: Vec<Json> = self.attributes.iter().map(|(name, value)| json_attribute(name, value)).collect();
        let mut out = json!({
            "traceId": format!("{:032x}", self.trace),
            "spanId": format!("{:016x}", self.id),
            "name": self.name,
            "kind": self.kind as u64,
            "startTimeUnixNano": nanos(self.started_at_ms).to_string(),
            "endTimeUnixNano": nanos(self.ended_at_ms).to_string(),
            "attributes": attributes,
            "flags": SAMPLED,
        });
        if let Some(parent) = self.parent {
            out["parentSpanId"] = format!("{parent:016x}").into();
        }
        if let Some(state) = &self.state {
            out["traceState"] = (**state).into();
        }
        if let Some(why) = &self.failed {
            out["status"] = json!({ "code": ERROR, "message": why });
        }
        out
    }
}

fn attribute(name: &str, value: &Value) -> Message {
    let mut out = Message::default();
    out.text(1, name);
    out.message(2, any(value));
    out
}

fn any(value: &Value) -> Message {
    let mut out = Message::default();
    match value {
        // One of several: it is there even if it is empty.
        Value::Text(text) => out.bytes(1, text.as_bytes()),
        Value::Bool(flag) => out.int(2, u64::from(*flag)),
        Value::Int(number) => out.int(3, *number as u64),
        Value::Double(number) => out.fixed64(4, number.to_bits()),
        Value::Texts(texts) => {
            let mut list = Message::default();
            texts.iter().for_each(|text| list.message(1, any(&Value::Text(text.clone()))));
            out.message(5, list);
        }
    }
    out
}

/// A message of protobuf that is being written.
#[derive(Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    fn int(&mut self, field: u64, number: u64) {
        self.key(field, 0);
        self.varint(number);
    }

    fn fixed64(&mut self, field: u64, number: u64) {
        self.key(field, 1);
        self.0.extend(number.to_le_bytes());
    }

    fn fixed32(&mut self, field: u64, number: u32) {
        self.key(field, 5);
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// Numbers of 64 bits, one after the other.
    fn packed(&mut self, field: u64, numbers: impl Iterator<Item = u64>) {
        self.bytes(field, &numbers.flat_map(u64::to_le_bytes).collect::<Vec<u8>>());
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: Message) {
        self.bytes(field, &message.0);
    }
}

/// The same as JSON: ids in hexadecimal, numbers of 64 bits as texts.
pub fn json<T: Item>(resource: &[(String, String)], items: &[T]) -> String {
    let resource: Vec<Json> =
        resource.iter().map(|(name, value)| json_attribute(name, &Value::Text(value.clone()))).collect();
    let items: Vec<Json> = items.iter().map(T::json).collect();
    let [of_resources, of_scopes, all] = T::NAMES;
    let scope = json!({ "name": SCOPE, "version": env!("CARGO_PKG_VERSION") });
    json!({ of_resources: [{ "resource": { "attributes": resource }, of_scopes: [{ "scope": scope, all: items }] }] })
        .to_string()
}

fn json_attribute(name: &str, value: &Value) -> Json {
    json!({ "key": name, "value": json_any(value) })
}

fn json_any(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Int(number) => json!({ "intValue": number.to_string() }),
        Value::Double(number) => json!({ "doubleValue": number }),
        Value::Texts(texts) => {
            let values: Vec<Json> = texts.iter().map(|text| json!({ "stringValue": text })).collect();
            json!({ "arrayValue": { "values": values } })
        }
    }
}
