//! Pictures and sound: what answers and events say that pass through untouched. Little of it is read: whether it is
//! what it should be, and what it consumed.

use types::{Block, Delta, Event, Fault, Finish, Operation, Usage};

use super::answer::malformed;
use super::{faults, usage};
use crate::json::{Doc, Json, Kind};
use crate::upstream::count;
use crate::{Glance, StreamReader};

/// Looks at a whole answer.
pub(super) fn glance_answer(operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
    let is_text = matches!(operation, Operation::Transcription | Operation::Translation);
    if is_text && !body.trim_ascii_start().starts_with(b"{") {
        let text = std::str::from_utf8(body).map_err(|_| malformed("is no text"))?;
        return Ok(Usage { audio_ms: last_moment(text), ..Usage::default() });
    }
    let doc = Doc::parse_answer_head(body).map_err(|_| malformed("is not JSON"))?;
    let root = doc.root();
    if let Some(fault) = fault_in(body) {
        return Err(fault);
    }
    let consumed = consumed(root);
    if is_text {
        return root.get("text").map(|_| consumed).ok_or_else(|| malformed("has no text"));
    }
    let pictures = root.get("data").filter(|list| list.raw().len() > "[]".len());
    let pictures = pictures.ok_or_else(|| malformed("has no pictures"))?;
    // Who is paid by tokens need not count them.
    let images_made = match consumed.output {
        Some(tokens) if tokens > 0 => None,
        _ => pictures.inside(|list| list.items().count() as u64),
    };
    let size = root.get_some("size").and_then(|size| size_of(&size.as_str()?));
    let pixels = size.zip(images_made).and_then(|((wide, high), made)| wide.checked_mul(high)?.checked_mul(made));
    Ok(Usage { images_made, pixels, ..painted(consumed) })
}

/// Width and height as they are written: `1024x1536`.
pub(super) fn size_of(text: &str) -> Option<(u64, u64)> {
    let (wide, high) = text.split_once('x')?;
    Some((wide.trim().parse().ok()?, high.trim().parse().ok()?))
}

/// What an answer or its last event says it consumed. Only the head of `root` is noted.
fn consumed(root: Json) -> Usage {
    let said = root.get_some("usage").and_then(|said| {
        said.inside(|said| {
            let own = usage::read(said);
            // Transcriptions have a word of their own for the details.
            let heard = || count(said.get("input_token_details")?.get("audio_tokens"));
            let is_clock = said.get("type").is_some_and(|kind| kind.is("duration"));
            let audio_ms = said.get("seconds").filter(|_| is_clock).and_then(milliseconds);
            Usage { audio_input: own.audio_input.or_else(heard), audio_ms, ..own }
        })
    });
    let said = said.unwrap_or_default();
    let lasted = || root.get_some("duration").and_then(milliseconds);
    Usage { audio_ms: said.audio_ms.or_else(lasted), ..said }
}

/// Seconds, which some servers write as a text.
fn milliseconds(seconds: Json) -> Option<u64> {
    let seconds = match seconds.kind() {
        Kind::String => seconds.as_str()?.parse().ok()?,
        _ => seconds.as_f64()?,
    };
    (0.0..1e9).contains(&seconds).then(|| (seconds * 1000.0).ceil() as u64)
}

/// When the last subtitle ends: `00:00:01,500 --> 00:01:02.250`, with or without hours.
fn last_moment(text: &str) -> Option<u64> {
    let line = text.lines().rev().find_map(|line| Some(line.split_once("-->")?.1))?;
    let moment = line.split_ascii_whitespace().next()?.replace(',', ".");
    let seconds = moment.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))?;
    (0.0..1e9).contains(&seconds).then(|| (seconds * 1000.0).ceil() as u64)
}

/// The failure that is reported, if one is: most answers need no second look.
fn fault_in(data: &[u8]) -> Option<Fault> {
    memchr::memmem::find(data, b"\"error\"")?;
    faults::within(Doc::parse_answer(data).ok()?.root())
}

/// What an event is.
enum Said {
    /// Something of the answer, or whatever comes beside it. vLLM's chunks, which have no type, may say what was consumed.
    Piece(Option<Usage>),
    /// One of the answers ended; what is known of its consumption.
    End(Usage),
    Failure(Box<Fault>),
}

fn look(data: &[u8]) -> Result<Said, Fault> {
    let doc = Doc::parse_answer_head(data).map_err(|_| malformed("contains an event that is not JSON"))?;
    let root = doc.root();
    if let Some(fault) = fault_in(data) {
        return Ok(Said::Failure(Box::new(fault)));
    }
    let kind = root.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
    let ends = kind.ends_with(".done") || kind.ends_with(".completed");
    Ok(match ends {
        true => Said::End(painted_or_spoken(&kind, consumed(root))),
        false => Said::Piece(root.get_some("usage").map(|_| consumed(root))),
    })
}

/// All that a model writes that makes pictures or sound is that, unless its details say otherwise.
fn painted_or_spoken(kind: &str, usage: Usage) -> Usage {
    match kind.split_once('.').map_or(kind, |(first, _)| first) {
        "speech" => Usage { audio_output: usage.audio_output.or(usage.output), ..usage },
        kind if kind.starts_with("image") => painted(usage),
        _ => usage,
    }
}

fn painted(usage: Usage) -> Usage {
    Usage { image_output: usage.image_output.or(usage.output), ..usage }
}

/// Looks at one event.
pub(super) fn glance(data: &[u8], known: &Usage) -> Glance {
    if data.trim_ascii() == b"[DONE]" {
        return Glance { end: true, over: true, ..Glance::default() };
    }
    match look(data) {
        Ok(Said::Piece(usage)) => Glance { usage: usage.map(|usage| known.updated(&usage)), ..Glance::default() },
        Ok(Said::End(usage)) => Glance { usage: Some(known.updated(&usage)), end: true, ..Glance::default() },
        Ok(Said::Failure(fault)) => Glance { fault: Some(fault), ..Glance::default() },
        Err(fault) => Glance::failed(fault),
    }
}

/// Waits for the first event that shows something.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    ended: bool,
    over: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, data: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let data = data.trim_ascii();
        if self.over || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.finish(out);
            return Ok(());
        }
        let said = look(data)?;
        if !self.started {
            self.started = true;
            out.push(Event::Start { id: String::new(), model: String::new() });
        }
        match said {
            // What it holds passes untouched.
            Said::Piece(usage) => {
                out.push(Event::Delta { choice: 0, delta: Delta::Block(Block::text(String::new())) });
                out.extend(usage.map(Event::Usage));
            }
            Said::End(usage) => {
                out.push(Event::Usage(usage));
                if !std::mem::replace(&mut self.ended, true) {
                    out.push(Event::Finish { choice: 0, finish: Finish::Stop, stop_sequence: None });
                }
            }
            Said::Failure(fault) => {
                self.over = true;
                out.push(Event::Error(fault));
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        if self.ended && !std::mem::replace(&mut self.over, true) {
            out.push(Event::End);
        }
    }
}

#[cfg(test)]
mod tests;
