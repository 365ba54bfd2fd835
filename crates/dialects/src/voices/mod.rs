//! Vendors that do nothing but speak or write down, each in an API of its own. Callers do not speak these dialects, and no
//! answer comes in events.

mod deepgram;
mod elevenlabs;

pub use deepgram::Deepgram;
pub use elevenlabs::ElevenLabs;

use types::{Event, Fault, Raw};

use crate::StreamReader;
use crate::json::{Doc, Json, Kind};
use crate::upstream::malformed;

/// Reads events where there should be none.
struct Silent;

impl StreamReader for Silent {
    fn read(&mut self, _: &[u8], _: &mut Vec<Event>) -> Result<(), Fault> {
        Err(eventful())
    }

    fn finish(&mut self, _: &mut Vec<Event>) {}
}

fn eventful() -> Fault {
    malformed("the provider answered with events")
}

/// Seconds as milliseconds.
fn milliseconds(seconds: Option<Json>) -> Option<u64> {
    let seconds = seconds?.as_f64()?;
    (0.0..1e9).contains(&seconds).then(|| (seconds * 1000.0).round() as u64)
}

/// A field of the vendor's own as texts: what it is, or each of its items.
fn texts(raw: &Raw) -> Vec<String> {
    let text = |value: Json| match value.kind() {
        Kind::String => value.as_string(),
        Kind::Object | Kind::Array | Kind::Null => None,
        _ => Some(value.raw().to_owned()),
    };
    Doc::parse(raw.get().as_bytes())
        .map_or_else(|_| Vec::new(), |doc| doc.root().one_or_many().filter_map(text).collect())
}

#[cfg(test)]
mod tests;
