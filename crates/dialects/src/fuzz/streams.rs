//! Streams: cut anywhere, read by every back, written by every front.

use bytes::{Bytes, BytesMut};
use types::{Event, Fault, Operation, Usage};

use super::bodies::stamp;
use super::{in_proportion, must_be_json};
use crate::sse::{self, Splitter};
use crate::{BACKS, Back, FRONTS, Framing, Front, frames};

/// Kinds of streams.
const OPERATIONS: [Operation; 3] = [Operation::Chat, Operation::Completion, Operation::Image];
/// What frames may say they are.
const FRAMES: [&str; 8] = [
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "chunk",
    "throttlingException",
];

/// What became of a stream.
#[derive(Debug, PartialEq)]
struct Told {
    events: Vec<Event>,
    fault: Option<Fault>,
}

pub(super) fn run(data: &[u8]) {
    for back in BACKS {
        for operation in OPERATIONS {
            check(*back, operation, data);
            if back.framing() == Framing::Frames {
                check(*back, operation, &framed(data));
            }
        }
    }
}

/// The lines of the input, each as a frame whose checksums are right.
fn framed(data: &[u8]) -> Vec<u8> {
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(200);
    lines.enumerate().flat_map(|(at, line)| frame(at, line)).collect()
}

/// `NAME {...}` is the event of that name; other lines are given one.
fn frame(at: usize, line: &[u8]) -> Vec<u8> {
    let line = line.strip_prefix(b"data: ").unwrap_or(line);
    let said = line.iter().position(|byte| *byte == b' ').map(|end| line.split_at(end));
    let named =
        said.and_then(|(name, rest)| FRAMES.iter().find(|own| own.as_bytes() == name).map(|own| (*own, &rest[1..])));
    let (name, payload) = named.unwrap_or((FRAMES[at % FRAMES.len()], line));
    let (kind, word) = match name.ends_with("Exception") {
        true => ("exception", ":exception-type"),
        false => ("event", ":event-type"),
    };
    frames::frame(&[(":message-type", kind), (word, name)], payload)
}

fn check(back: &dyn Back, operation: Operation, data: &[u8]) {
    let whole = read(back, operation, [data].into_iter());
    // Cut by a rule that the bytes themselves make up.
    let mut state = data.iter().fold(0x9e37_79b9_u32, |state, byte| state.rotate_left(5) ^ u32::from(*byte)) | 1;
    let mut rest = data;
    let pieces = std::iter::from_fn(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let (piece, after) = rest.split_at((state as usize % 40 + 1).min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    });
    let cut = read(back, operation, pieces);
    assert_eq!(cut, whole, "{}: it matters where the network cuts", back.name());
    order(back.name(), &whole.events);
    for front in FRONTS {
        write(*front, operation, &whole, data);
    }
}

fn read<'d>(back: &dyn Back, operation: Operation, pieces: impl Iterator<Item = &'d [u8]>) -> Told {
    let (mut splitter, mut reader) = (Splitter::new(back.framing()), back.stream_reader(operation));
    let mut told = Told { events: Vec::new(), fault: None };
    let mut event = |bytes: &[u8], told: &mut Told| {
        let data = sse::data(back.framing(), bytes);
        if data.is_empty() || told.fault.is_some() {
            return;
        }
        let _ = (back.glance(&data, &Usage::default()), back.glance_media(&data, &Usage::default()));
        told.fault = reader.read(&data, &mut told.events).err();
    };
    for piece in pieces {
        splitter.feed(Bytes::copy_from_slice(piece));
        match splitter.next_batch() {
            Ok(Some(batch)) => sse::events(back.framing(), &batch).for_each(|bytes| event(bytes, &mut told)),
            Ok(None) => {}
            Err(fault) => told.fault = told.fault.or(Some(fault)),
        }
    }
    // As the engine does with what lacks its line end.
    let leftover = splitter.leftover();
    if !leftover.is_empty() && told.fault.is_none() {
        let ended = [&leftover[..], b"\n\n"].concat();
        sse::events(back.framing(), &ended).for_each(|bytes| event(bytes, &mut told));
    }
    if told.fault.is_none() {
        reader.finish(&mut told.events);
    }
    told
}

/// `Start` first and once, at most one of `End` and `Error`, and nothing after it.
fn order(name: &str, events: &[Event]) {
    let last = |event: &Event| matches!(event, Event::End | Event::Error(_));
    let starts = events.iter().filter(|event| matches!(event, Event::Start { .. })).count();
    let first = events.iter().find(|event| matches!(event, Event::Start { .. }) || event.is_content());
    assert!(starts <= 1 && first.is_none_or(|event| !event.is_content()), "{name}: {events:?}");
    let lasts = events.iter().filter(|event| last(event)).count();
    assert!(lasts == 0 || lasts == 1 && events.last().is_some_and(last), "{name}: {events:?}");
}

fn write(front: &dyn Front, operation: Operation, told: &Told, data: &[u8]) {
    let mut writer = front.stream_writer(operation, stamp());
    let mut out = BytesMut::new();
    told.events.iter().for_each(|event| writer.write(event.clone(), &mut out));
    let is_over = matches!(told.events.last(), Some(Event::End | Event::Error(_)));
    if let Some(fault) = told.fault.as_ref().filter(|_| !is_over) {
        front.write_stream_fault(fault, &mut out);
    }
    in_proportion(front.name(), data, out.len());
    let kind = front.stream_type();
    if kind.starts_with("text/event-stream") {
        for event in sse::events(Framing::Sse, &out) {
            let data = sse::data(Framing::Sse, event);
            if !data.is_empty() && &*data != b"[DONE]" {
                must_be_json(front.name(), &data);
            }
        }
    } else if kind.starts_with("application/x-ndjson") {
        let lines = out[..].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.for_each(|line| must_be_json(front.name(), line));
    } else if is_over {
        must_be_json(front.name(), &out);
    }
}
