//! In which form a sink is told: one file for each form, and what they have in common.

mod clickhouse;
mod langfuse;
pub mod otlp;
mod s3;

use std::rc::Rc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::post::Post;
use super::told::Told;
use crate::books::unix_ms;
use crate::config::{Address, Shape, Sink, Way};

/// Requests that go out together to a sink that wants each call by itself.
const TOGETHER: usize = 16;

/// Whether a sink wants to know of this: spans are of attempts too, all others are told of calls alone.
pub fn wants(sink: &Sink, told: &Told) -> bool {
    match &sink.way {
        Way::Otlp(_) => otlp::wants(told),
        _ => told.entry.is_call(),
    }
}

/// The requests that tell a sink of these: those in a group go out together, one group after the other.
pub fn posts(sink: &Sink, batch: &[Rc<Told>]) -> Vec<Vec<Post>> {
    let payloads = || batch.iter().map(|told| told.payload(sink.contents));
    let one = match &sink.way {
        Way::ClickHouse(address, table) => return clickhouse::posts(address, table, batch, sink.contents).into(),
        Way::Http(address, Shape::Single) => {
            let single = |told: &Rc<Told>| post(address, told.payload(sink.contents).to_string(), 1);
            return batch.chunks(TOGETHER).map(|some| some.iter().map(single).collect()).collect();
        }
        Way::Otlp(otlp) => otlp::post(otlp, batch, sink.contents),
        Way::S3(s3) => s3::post(s3, lines(payloads()), batch.len(), unix_ms()),
        Way::Langfuse(address) => post(address, langfuse::body(batch, sink.contents), batch.len()),
        Way::Http(address, Shape::Array) => post(address, Value::Array(payloads().collect()).to_string(), batch.len()),
        Way::Http(address, Shape::Lines) => {
            let mut post = post(address, lines(payloads()), batch.len());
            post.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
            post
        }
    };
    vec![vec![one]]
}

/// One JSON text on each line.
fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

fn post(address: &Address, body: impl Into<Bytes>, calls: usize) -> Post {
    let Address { endpoint, path, headers } = address.clone();
    Post { endpoint, method: "POST", path, headers, body: body.into(), calls }
}
