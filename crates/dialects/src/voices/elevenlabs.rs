//! ElevenLabs: speech of a voice that the path names (elevenlabs.io/docs/api-reference/text-to-speech/stream), and forms
//! with recordings (elevenlabs.io/docs/api-reference/speech-to-text/convert).

use bytes::Bytes;
use types::{Answer, Fault, FaultKind, Heard, Listening, Operation, Request, Said, Side, Speaking, Usage};

use super::{Silent, eventful, milliseconds, texts};
use crate::bedrock::segment;
use crate::form;
use crate::json::{Doc, Json, Kind, Object, Writer};
use crate::upstream::{fault_of_status, malformed, parse};
use crate::{Back, Fit, Glance, Outgoing, Splice, StreamReader, Target, lacking};

/// Kinds of files in OpenAI's words and its own. The first one is what callers get who want none of these.
const FORMATS: [(&str, &str); 3] = [("mp3", "mp3_44100_128"), ("opus", "opus_48000_128"), ("pcm", "pcm_24000")];

/// Fields of its own that callers may set: of speech, and of forms.
const OF_SPEECH: [&str; 8] = [
    "apply_language_text_normalization",
    "apply_text_normalization",
    "language_code",
    "next_text",
    "previous_text",
    "pronunciation_dictionary_locators",
    "seed",
    "voice_settings",
];
const OF_FORMS: [&str; 6] =
    ["diarize", "diarization_threshold", "file_format", "num_speakers", "seed", "tag_audio_events"];

/// What its errors mean whose status says less: it has a 401 for an empty account.
const CODES: [(&str, FaultKind); 4] = [
    ("quota_exceeded", FaultKind::Payment),
    ("missing_permissions", FaultKind::Permission),
    ("too_many_concurrent_requests", FaultKind::RateLimit),
    ("system_busy", FaultKind::Overloaded),
];

/// ElevenLabs' dialect.
pub struct ElevenLabs;

impl Back for ElevenLabs {
    fn name(&self) -> &'static str {
        "elevenlabs"
    }

    fn listing(&self) -> &'static str {
        "/models"
    }

    fn path(&self, operation: Operation, _: &str, _: bool) -> Option<String> {
        match operation {
            Operation::Speech => Some("/text-to-speech".to_owned()),
            Operation::Transcription => Some("/speech-to-text".to_owned()),
            _ => None,
        }
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let mut fit = Fit::new(target);
        match request {
            Request::Speech(speaking) => {
                let (behind, body) = speech(speaking, &mut fit)?;
                Ok(Outgoing { behind, ..fit.outgoing(body) })
            }
            Request::Transcription(listening) if !listening.into_english => {
                let (kind, body) = recording(listening, &mut fit)?;
                Ok(Outgoing { headers: vec![("content-type", kind)], ..fit.outgoing(body) })
            }
            other => Err(lacking(other.operation())),
        }
    }

    fn read_answer(&self, operation: Operation, body: &[u8]) -> Result<Answer, Fault> {
        match operation {
            Operation::Transcription => heard(parse(body)?.root()).map(|heard| Answer::Heard(Box::new(heard))),
            other => Err(lacking(other)),
        }
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        self.read_answer(operation, body).map(|answer| answer.usage())
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        Box::new(Silent)
    }

    /// `{"detail": {"status": ..., "message": ...}}`, a list of what is wrong, or a text.
    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        let doc = Doc::parse_answer(body).ok();
        let detail = doc.as_ref().and_then(|doc| doc.root().get_some("detail"));
        let within = |name: &str| detail?.one_or_many().next()?.get_some(name)?.as_string();
        let message = match detail {
            Some(text) if text.kind() == Kind::String => text.as_string(),
            _ => within("message").or_else(|| within("msg")),
        };
        let mut fault = fault_of_status(status, &message.unwrap_or_default());
        let code = within("code").into_iter().chain(within("status"));
        if let Some((_, kind)) = code.flat_map(|code| CODES.iter().find(|(name, _)| *name == code)).next() {
            (fault.kind, fault.side) = (*kind, Side::Provider);
        }
        fault
    }

    fn glance(&self, _: &[u8], _: &Usage) -> Glance {
        Glance::failed(eventful())
    }
}

fn speech(speaking: &Speaking, fit: &mut Fit) -> Result<(String, Bytes), Fault> {
    let wanted = speaking.format.as_deref().unwrap_or(FORMATS[0].0);
    let format = FORMATS.iter().find(|(name, _)| *name == wanted);
    if format.is_none() {
        fit.worse_without("response_format")?;
    }
    let (_, format) = format.unwrap_or(&FORMATS[0]);
    fit.worse_without_some("instructions", &speaking.instructions)?;
    if speaking.stream {
        fit.worse_without("stream_format")?;
    }
    if !speaking.voice.contains(|letter: char| letter.is_ascii_alphanumeric()) {
        // It is a segment of the path, and two dots would be another one.
        return Err(Fault::invalid_param("voice", "the voice must be the id of one"));
    }
    let has_settings = speaking.extras.iter().any(|(name, _)| name == "voice_settings");
    let speed = speaking.speed.filter(|speed| *speed != 1.0);
    if has_settings {
        fit.worse_without_some("speed", &speed)?;
    }
    for (name, _) in speaking.extras.iter().filter(|(name, _)| !OF_SPEECH.contains(&name.as_str())) {
        fit.worse_without(name)?;
    }
    let body = Writer::document(|w| {
        w.str_field("text", &speaking.input);
        w.str_field("model_id", fit.target.model);
        for (name, raw) in speaking.extras.iter().filter(|(name, _)| OF_SPEECH.contains(&name.as_str())) {
            w.key(name).raw(raw);
        }
        if let Some(speed) = speed.filter(|_| !has_settings) {
            w.key("voice_settings").object(|w| w.num_field("speed", speed));
        }
    });
    let behind = format!("/{}/stream?output_format={format}", segment(&speaking.voice));
    Ok((behind, body.freeze()))
}

fn recording(listening: &Listening, fit: &mut Fit) -> Result<(String, Bytes), Fault> {
    // It says when words were spoken, but not where sentences end.
    if matches!(listening.format.as_deref(), Some("srt" | "vtt")) {
        fit.worse_without("response_format")?;
    }
    if listening.stream {
        fit.worse_without("stream")?;
    }
    fit.hint("prompt", &listening.prompt);
    let mut fields = vec![("model_id", fit.target.model.to_owned())];
    fields.extend(listening.language.clone().map(|language| ("language_code", language)));
    fields.extend(listening.temperature.map(|temperature| ("temperature", temperature.to_string())));
    for (name, raw) in &listening.extras {
        match OF_FORMS.iter().find(|known| *known == name) {
            Some(name) => fields.extend(texts(raw).into_iter().map(|text| (*name, text))),
            None => fit.worse_without(name)?,
        }
    }
    if !fields.iter().any(|(name, _)| *name == "tag_audio_events") {
        // What is no word is no part of a transcript elsewhere.
        fields.push(("tag_audio_events", "false".to_owned()));
    }
    form::written(&fields, "file", &listening.recording)
}

fn heard(root: Json) -> Result<Heard, Fault> {
    let text = root.get_some("text").and_then(|text| text.as_string());
    let text = text.ok_or_else(|| malformed("the provider's answer has no text"))?;
    let all = || root.get_some("words").into_iter().flat_map(|list| list.items());
    let end = all().filter_map(|one| milliseconds(one.get("end"))).max();
    let word = |one: Json| {
        let text = one.get_some("text").filter(|_| one.get("type").is_none_or(|kind| kind.is("word")))?.as_string()?;
        Some(Said { text, start_ms: milliseconds(one.get("start"))?, end_ms: milliseconds(one.get("end"))? })
    };
    // Silence behind the last word is heard too, but only some answers say how long all of it is.
    let duration_ms = milliseconds(root.get("audio_duration_secs")).or(end);
    Ok(Heard {
        text: text.trim().to_owned(),
        language: root.get_some("language_code").and_then(|code| code.as_string()),
        duration_ms,
        words: all().filter_map(word).collect(),
        segments: Vec::new(),
        usage: Usage { audio_ms: duration_ms, ..Usage::default() },
    })
}
