//! Speech and transcriptions, for callers whose provider speaks another dialect.

use bytes::{BufMut, BytesMut};
use types::{Delta, Event, Heard, Listening, Operation, Recording, Said, Sound, Speaking, Usage};

use super::wire::data;
use super::write_fault;
use crate::StreamWriter;
use crate::json::{Json, Kind, Writer};
use crate::typed::{Wrong, field, flag, number, required, text};

/// Fields of speech that are understood here.
const OF_SPEECH: [&str; 8] =
    ["model", "input", "voice", "response_format", "instructions", "speed", "stream_format", "stream"];
/// Those of a form with a recording.
const OF_RECORDING: [&str; 9] = [
    "model",
    "file",
    "language",
    "prompt",
    "response_format",
    "temperature",
    "stream",
    "timestamp_granularities",
    "timestamp_granularities[]",
];

/// Reads a request for speech.
pub(super) fn read_speech(root: Json) -> Result<Speaking, Wrong> {
    let voice = |voice: Json| match voice.kind() {
        Kind::Object => required(voice, "id", text),
        _ => text(voice),
    };
    Ok(Speaking {
        model: field(root, "model", text)?.unwrap_or_default(),
        input: required(root, "input", text)?,
        voice: required(root, "voice", voice)?,
        format: field(root, "response_format", text)?,
        instructions: field(root, "instructions", text)?,
        speed: field(root, "speed", number)?,
        stream: field(root, "stream_format", text)?.is_some_and(|format| format == "sse"),
        extras: root.beside(&OF_SPEECH),
    })
}

/// Reads a request to write a recording down. The file is in no object: whoever has the form adds it.
pub(super) fn read_recording(root: Json, into_english: bool) -> Result<Listening, Wrong> {
    let mut granularities = root.fields().filter(|(key, _)| key.is(OF_RECORDING[7]) || key.is(OF_RECORDING[8]));
    Ok(Listening {
        model: field(root, "model", text)?.unwrap_or_default(),
        recording: Recording::default(),
        into_english,
        language: field(root, "language", text)?,
        prompt: field(root, "prompt", text)?,
        format: field(root, "response_format", text)?,
        temperature: field(root, "temperature", number)?,
        words: granularities.any(|(_, value)| value.one_or_many().any(|one| one.is("word"))),
        stream: field(root, "stream", flag)?.unwrap_or(false),
        extras: root.beside(&OF_RECORDING),
    })
}

/// Content type of an answer in the `form` that the caller wants.
pub(super) fn answer_type(operation: Operation, form: Option<&str>) -> &'static str {
    match (operation, form) {
        (Operation::Speech, Some("pcm")) => "audio/pcm",
        (Operation::Speech, _) => "audio/wav",
        (Operation::Transcription | Operation::Translation, Some("text" | "srt" | "vtt")) => {
            "text/plain; charset=utf-8"
        }
        _ => "application/json",
    }
}

/// Encodes speech: the samples alone where those are wanted, a WAV file otherwise.
pub(super) fn write_speech(sound: &Sound, form: Option<&str>) -> BytesMut {
    const HEAD: usize = 44;
    let length = u32::try_from(sound.samples.len()).unwrap_or(u32::MAX - HEAD as u32);
    let mut out = BytesMut::with_capacity(HEAD + sound.samples.len());
    if form != Some("pcm") {
        out.put_slice(b"RIFF");
        out.put_u32_le(length + HEAD as u32 - 8);
        out.put_slice(b"WAVEfmt ");
        out.put_u32_le(16);
        // Samples as they are, of one channel, two bytes each.
        out.put_u16_le(1);
        out.put_u16_le(1);
        out.put_u32_le(sound.rate);
        out.put_u32_le(sound.rate.saturating_mul(2));
        out.put_u16_le(2);
        out.put_u16_le(16);
        out.put_slice(b"data");
        out.put_u32_le(length);
    }
    out.put_slice(&sound.samples);
    out
}

/// Encodes what was said. What nobody knows the times of is told without them.
pub(super) fn write_heard(operation: Operation, heard: &Heard, form: Option<&str>) -> BytesMut {
    let lines = |head: &str, sign: char, numbered: bool| {
        let mut out = head.to_owned();
        for (at, one) in heard.segments.iter().enumerate() {
            if numbered {
                out.push_str(&format!("{}\n", at + 1));
            }
            let (from, to) = (clock(one.start_ms, sign), clock(one.end_ms, sign));
            out.push_str(&format!("{from} --> {to}\n{}\n\n", one.text));
        }
        BytesMut::from(out.as_bytes())
    };
    match form {
        Some("text") => BytesMut::from(format!("{}\n", heard.text).as_bytes()),
        Some("srt") => lines("", ',', true),
        Some("vtt") => lines("WEBVTT\n\n", '.', false),
        Some("verbose_json") => Writer::document(|w| {
            w.str_field("task", if operation == Operation::Translation { "translate" } else { "transcribe" });
            w.opt_str("language", heard.language.as_deref());
            w.opt_num("duration", heard.duration_ms.map(seconds));
            w.str_field("text", &heard.text);
            if !heard.words.is_empty() {
                w.key("words").array(|w| heard.words.iter().for_each(|one| said(w, "word", one, None)));
            }
            w.key("segments").array(|w| {
                heard.segments.iter().enumerate().for_each(|(at, one)| said(w, "text", one, Some(at)));
            });
            consumed(w, &heard.usage);
        }),
        _ => Writer::document(|w| {
            w.str_field("text", &heard.text);
            consumed(w, &heard.usage);
        }),
    }
}

fn said(w: &mut Writer, name: &str, one: &Said, id: Option<usize>) {
    w.object(|w| {
        w.opt_num("id", id);
        w.num_field("start", seconds(one.start_ms));
        w.num_field("end", seconds(one.end_ms));
        w.str_field(name, &one.text);
    });
}

/// Tokens, or else how long it was.
fn consumed(w: &mut Writer, usage: &Usage) {
    match (usage.total(), usage.audio_ms) {
        (Some(total), _) => {
            w.key("usage").object(|w| {
                w.str_field("type", "tokens");
                w.num_field("input_tokens", usage.input.unwrap_or(0));
                if let Some(audio) = usage.audio_input {
                    w.key("input_token_details").object(|w| {
                        w.num_field("text_tokens", usage.input.unwrap_or(0).saturating_sub(audio));
                        w.num_field("audio_tokens", audio);
                    });
                }
                w.num_field("output_tokens", usage.output.unwrap_or(0));
                w.num_field("total_tokens", total);
            });
        }
        (None, Some(ms)) => {
            w.key("usage").object(|w| {
                w.str_field("type", "duration");
                w.num_field("seconds", ms.div_ceil(1000));
            });
        }
        (None, None) => {}
    }
}

/// Encodes what is said while more is heard.
#[derive(Default)]
pub(super) struct HeardWriter {
    text: String,
    usage: Usage,
    closed: bool,
}

impl StreamWriter for HeardWriter {
    fn write(&mut self, event: Event, out: &mut BytesMut) {
        if self.closed {
            return;
        }
        match event {
            Event::Delta { choice: 0, delta: Delta::Text(text) } => {
                data(out, |w| {
                    w.str_field("type", "transcript.text.delta");
                    w.str_field("delta", &text);
                });
                self.text.push_str(&text);
            }
            Event::Usage(usage) => self.usage.update(&usage),
            Event::End => {
                self.closed = true;
                data(out, |w| {
                    w.str_field("type", "transcript.text.done");
                    w.str_field("text", &self.text);
                    consumed(w, &self.usage);
                });
            }
            Event::Error(fault) => {
                self.closed = true;
                write_fault::write_stream(&fault, out);
            }
            _ => {}
        }
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// `00:01:02,500`, with a sign of its own before the milliseconds.
fn clock(ms: u64, sign: char) -> String {
    let seconds = ms / 1000;
    format!("{:02}:{:02}:{:02}{sign}{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, ms % 1000)
}

#[cfg(test)]
mod tests;
