//! Vendors that only speak or write down: Deepgram, whose query says what is wanted of the body, and ElevenLabs. Speech is
//! no sound but the words themselves, and of a recording they hear how long it is.

use super::openai::OpenAi;
use super::{Dialect, Failure, Incoming, Work, Writer, field, unknown};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::Turn;
use crate::server::Head;
use serde_json::{Value, json};

/// Chunks of speech unless a knob says otherwise.
const CHUNKS: u64 = 4;
/// Bytes of a file that are a second.
const PER_SECOND: u64 = 1000;

/// Deepgram.
pub(crate) struct Deepgram;

/// ElevenLabs.
pub(crate) struct ElevenLabs;

impl Dialect for Deepgram {
    fn id_header(&self) -> &'static str {
        "dg-request-id"
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        head.header("authorization")?.strip_prefix("Token ")
    }

    fn wrong_key(&self, _: Option<&str>) -> Problem {
        Problem { message: Some("Invalid credentials.".to_owned()), ..Problem::new(Trouble::InvalidKey) }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("Bad Request: no model")
    }

    /// The body is a file of any kind.
    fn check_head(&self, _: &Head) -> Result<(), Problem> {
        Ok(())
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        if incoming.op == Op::Models {
            return Ok(Work::Json(json!({ "stt": [], "tts": [] })));
        }
        let bytes = incoming.body["bytes"].as_u64().filter(|bytes| *bytes > 0);
        let bytes = bytes
            .ok_or_else(|| Problem::refuse("Bad Request: failed to process audio: corrupt or unsupported data"))?;
        let query = |name: &str| incoming.head.query(name);
        let known = [None, Some("en"), Some("de"), Some("multi")];
        if !known.contains(&query("language")) {
            return Err(Problem::refuse("Bad Request: No such model/language/tier combination found."));
        }
        let seconds = bytes as f64 / PER_SECOND as f64;
        let text = format!("It lasts {seconds} seconds.");
        let word = json!({ "word": "it", "start": 0.08, "end": 0.32, "confidence": 0.99, "punctuated_word": "It" });
        let best = json!({ "transcript": text, "confidence": 0.99, "words": [word] });
        let mut channel = json!({ "alternatives": [best] });
        if query("detect_language") == Some("true") {
            channel["detected_language"] = json!("en");
        }
        let mut results = json!({ "channels": [channel] });
        if query("utterances") == Some("true") {
            results["utterances"] = json!([{ "start": 0.08, "end": seconds, "transcript": text, "id": "u" }]);
        }
        let metadata = json!({ "request_id": "r", "duration": seconds, "channels": 1 });
        Ok(Work::Json(json!({ "metadata": metadata, "results": results })))
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        let failure = OpenAi.failure(problem, model);
        let code = if problem.kind == Trouble::InvalidKey { "INVALID_AUTH" } else { "Bad Request" };
        let body = json!({ "err_code": code, "err_msg": failure.body["error"]["message"], "request_id": "r" });
        Failure { body, ..failure }
    }

    fn whole(&self, turn: &Turn) -> Value {
        OpenAi.whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        OpenAi.writer(turn)
    }

    fn stream_type(&self, turn: &Turn) -> &'static str {
        OpenAi.stream_type(turn)
    }
}

impl Dialect for ElevenLabs {
    fn id_header(&self) -> &'static str {
        "request-id"
    }

    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        head.header("xi-api-key")
    }

    fn wrong_key(&self, _: Option<&str>) -> Problem {
        Problem { message: Some("Invalid API key".to_owned()), ..Problem::new(Trouble::InvalidKey) }
    }

    fn no_model(&self) -> Problem {
        Problem { status: Some(422), ..Problem::refuse("Field required: model_id") }
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        match incoming.op {
            Op::Speak => speak(incoming),
            _ => write_down(incoming),
        }
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        let failure = OpenAi.failure(problem, model);
        let status = if problem.kind == Trouble::InvalidKey { "invalid_api_key" } else { "invalid_request" };
        let body = json!({ "detail": { "status": status, "message": failure.body["error"]["message"] } });
        Failure { body, ..failure }
    }

    fn whole(&self, turn: &Turn) -> Value {
        OpenAi.whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        OpenAi.writer(turn)
    }

    fn stream_type(&self, turn: &Turn) -> &'static str {
        OpenAi.stream_type(turn)
    }
}

fn known_fields(incoming: &Incoming<'_>, known: &[&str]) -> Result<(), Problem> {
    let name = incoming.body.as_object().and_then(|fields| unknown(fields, known));
    name.map_or(Ok(()), |name| Err(Problem::refuse(format!("Extra inputs are not permitted: {name}"))))
}

fn speak(incoming: &Incoming<'_>) -> Result<Work, Problem> {
    known_fields(incoming, &["text", "model_id", "voice_settings", "seed", "language_code"])?;
    let text = field(incoming.body, "text").and_then(Value::as_str);
    let text = text.ok_or_else(|| Problem::refuse("Field required: text"))?;
    let kind = match incoming.head.query("output_format") {
        None | Some("mp3_44100_128") => "audio/mpeg",
        Some("pcm_24000") => "audio/pcm",
        Some("opus_48000_128") => "audio/opus",
        Some(other) => return Err(Problem::refuse(format!("Output format {other} is not valid."))),
    };
    let count = incoming.knobs.chunks.unwrap_or(CHUNKS);
    let sound = |at: u64| [&[0xff, 0xfb, 0x00][..], format!("{at} {text}").as_bytes()].concat();
    Ok(Work::Pieces(kind, (0..count).map(sound).collect()))
}

fn write_down(incoming: &Incoming<'_>) -> Result<Work, Problem> {
    let known = ["model_id", "file", "language_code", "temperature", "tag_audio_events", "diarize", "seed"];
    known_fields(incoming, &known)?;
    let bytes = incoming.body["file"]["bytes"].as_u64().ok_or_else(|| Problem::refuse("Field required: file"))?;
    let seconds = bytes as f64 / PER_SECOND as f64;
    let text = format!("It lasts {seconds} seconds.");
    let word = |text: &str, start, end, kind| json!({ "text": text, "start": start, "end": end, "type": kind });
    let words = [word("It", 0.0, 0.5, "word"), word(" ", 0.5, seconds, "spacing")];
    Ok(Work::Json(json!({ "language_code": "eng", "language_probability": 0.98, "text": text, "words": words })))
}
