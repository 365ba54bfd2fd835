//! OpenAI's speech, which is no sound but the words themselves, and its transcriptions, which say how long the file was.

use super::fields::{decimal, known_fields, missing, one_of, switch};
use crate::dialect::{Incoming, Work, field};
use crate::problem::Problem;
use crate::script::words;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Chunks of speech unless a knob says otherwise.
const CHUNKS: u64 = 4;
/// Bytes of a file that are a second.
const PER_SECOND: u64 = 1000;

const FORMATS: [(&str, &str); 6] = [
    ("mp3", "audio/mpeg"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("pcm", "audio/pcm"),
];

const SPEECH: &[&str] = &["model", "input", "voice", "instructions", "response_format", "speed", "stream_format"];

const TRANSCRIPTION: &[&str] = &[
    "model",
    "file",
    "language",
    "prompt",
    "response_format",
    "temperature",
    "stream",
    "include[]",
    "timestamp_granularities[]",
    "chunking_strategy",
];

pub(super) fn speak(incoming: &Incoming<'_>) -> Result<Work, Problem> {
    let body = incoming.body;
    known_fields(body, SPEECH, incoming)?;
    let input = field(body, "input").and_then(Value::as_str).ok_or_else(|| missing("input"))?;
    field(body, "voice").ok_or_else(|| missing("voice"))?;
    decimal(body, "speed", 0.25, 4.0)?;
    let known = FORMATS.map(|(name, _)| name);
    let format = one_of(body, "response_format", &known)?.unwrap_or("mp3");
    let kind = FORMATS.iter().find(|(name, _)| *name == format).map_or("audio/mpeg", |(_, kind)| *kind);
    let count = incoming.knobs.chunks.unwrap_or(CHUNKS);
    // Bytes that are no text.
    let sound = |at: u64| [&[0xff, 0xfb, 0x00][..], format!("{at} {input}").as_bytes()].concat();
    // The old models know no events.
    let events_wanted = one_of(body, "stream_format", &["sse", "audio"])? == Some("sse");
    if !events_wanted || incoming.model.starts_with("tts-1") {
        return Ok(Work::Pieces(kind, (0..count).map(sound).collect()));
    }
    let delta = |at| json!({ "type": "speech.audio.delta", "audio": STANDARD.encode(sound(at)) });
    let (heard, spoken) = (words(input), words(input) * 10);
    let usage = json!({ "input_tokens": heard, "output_tokens": spoken, "total_tokens": heard + spoken });
    let done = json!({ "type": "speech.audio.done", "usage": usage });
    Ok(events((0..count).map(delta).chain([done])))
}

fn events(events: impl Iterator<Item = Value>) -> Work {
    let events = events.map(|event| format!("data: {event}\n\n").into_bytes());
    Work::Pieces("text/event-stream; charset=utf-8", events.collect())
}

pub(super) fn write_down(incoming: &Incoming<'_>) -> Result<Work, Problem> {
    let body = incoming.body;
    known_fields(body, TRANSCRIPTION, incoming)?;
    let file = field(body, "file").ok_or_else(|| missing("file"))?;
    let bytes = file["bytes"].as_u64().ok_or_else(|| Problem::refuse("'file' must be a file.").at("file"))?;
    let seconds = bytes.div_ceil(PER_SECOND);
    let text = format!("{} lasts {seconds} seconds", file["filename"].as_str().unwrap_or_default());
    // Whisper counts seconds, the others tokens.
    let counts_tokens = incoming.model.contains("gpt");
    let heard = seconds * 10;
    let usage = match counts_tokens {
        true => json!({ "type": "tokens", "input_tokens": heard, "output_tokens": words(&text),
            "total_tokens": heard + words(&text), "input_token_details": { "text_tokens": 0, "audio_tokens": heard } }),
        false => json!({ "type": "duration", "seconds": seconds }),
    };
    // Whisper takes no notice of it.
    if switch(body, "stream")?.unwrap_or(false) && counts_tokens {
        let deltas = text.split_inclusive(' ').map(|word| json!({ "type": "transcript.text.delta", "delta": word }));
        let done = json!({ "type": "transcript.text.done", "text": text, "usage": usage });
        return Ok(events(deltas.chain([done])));
    }
    let plain = |kind, text: String| Ok(Work::Pieces(kind, vec![text.into_bytes()]));
    let clock = |sign: char| format!("{:02}:{:02}:{:02}{sign}000", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let formats = ["json", "text", "srt", "vtt", "verbose_json"];
    match one_of(body, "response_format", &formats)?.unwrap_or("json") {
        "text" => plain("text/plain; charset=utf-8", format!("{text}\n")),
        "srt" => plain("text/plain; charset=utf-8", format!("1\n00:00:00,000 --> {}\n{text}\n", clock(','))),
        "vtt" => plain("text/plain; charset=utf-8", format!("WEBVTT\n\n00:00:00.000 --> {}\n{text}\n", clock('.'))),
        "verbose_json" => Ok(Work::Json(json!({
            "task": "transcribe", "language": "english", "duration": seconds, "text": text, "segments": [] }))),
        _ if incoming.knobs.on(incoming.knobs.no_usage) => Ok(Work::Json(json!({ "text": text }))),
        _ => Ok(Work::Json(json!({ "text": text, "usage": usage }))),
    }
}
