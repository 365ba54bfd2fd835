//! Deepgram: a recording is the body of a request whose query says all else
//! (developers.deepgram.com/reference/speech-to-text/listen-pre-recorded).

use bytes::Bytes;
use types::{Answer, Fault, FaultKind, Heard, Listening, Operation, Request, Said, Side, Usage};

use super::{Silent, eventful, milliseconds, texts};
use crate::bedrock::segment;
use crate::json::{Doc, Json, Object};
use crate::upstream::{fault_of_status, malformed, parse};
use crate::{Back, Fit, Glance, Outgoing, Splice, StreamReader, Target, lacking};

/// Parameters of its own that callers may set. One that sends the answer elsewhere is not among them.
const OPTIONS: [&str; 17] = [
    "detect_language",
    "diarize",
    "dictation",
    "filler_words",
    "keyterm",
    "keywords",
    "measurements",
    "mip_opt_out",
    "multichannel",
    "numerals",
    "paragraphs",
    "profanity_filter",
    "punctuate",
    "redact",
    "smart_format",
    "utt_split",
    "version",
];

/// Deepgram's dialect.
pub struct Deepgram;

impl Back for Deepgram {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn listing(&self) -> &'static str {
        "/models"
    }

    fn path(&self, operation: Operation, _: &str, _: bool) -> Option<String> {
        (operation == Operation::Transcription).then(|| "/listen".to_owned())
    }

    /// Callers do not speak it.
    fn splice(&self, _: Operation, _: &Object, _: &Target) -> Option<Splice> {
        None
    }

    fn write_request(&self, request: &Request, target: &Target) -> Result<Outgoing, Fault> {
        let mut fit = Fit::new(target);
        let Request::Transcription(listening) = request else { return Err(lacking(request.operation())) };
        if listening.into_english {
            return Err(lacking(Operation::Translation));
        }
        let behind = query(listening, &mut fit)?;
        let recording = &listening.recording;
        let headers = vec![("content-type", recording.media_type.to_owned())];
        let body = Bytes::from_owner(recording.bytes.clone());
        Ok(Outgoing { behind, headers, ..fit.outgoing(body) })
    }

    fn read_answer(&self, _: Operation, body: &[u8]) -> Result<Answer, Fault> {
        heard(parse(body)?.root()).map(|heard| Answer::Heard(Box::new(heard)))
    }

    fn glance_answer(&self, operation: Operation, body: &[u8]) -> Result<Usage, Fault> {
        self.read_answer(operation, body).map(|answer| answer.usage())
    }

    fn stream_reader(&self, _: Operation) -> Box<dyn StreamReader> {
        Box::new(Silent)
    }

    /// `{"err_code": ..., "err_msg": ...}`, or `category` and `message` in newer ones.
    fn read_fault(&self, status: u16, body: &[u8]) -> Fault {
        let doc = Doc::parse_answer(body).ok();
        let text = |names: [&str; 2]| {
            let root = doc.as_ref()?.root();
            names.into_iter().find_map(|name| root.get_some(name)?.as_string())
        };
        let mut fault = fault_of_status(status, &text(["err_msg", "message"]).unwrap_or_default());
        let code = text(["err_code", "category"]);
        if code.as_deref() == Some("INSUFFICIENT_PERMISSIONS") {
            (fault.kind, fault.side) = (FaultKind::Permission, Side::Provider);
        }
        fault
    }

    fn glance(&self, _: &[u8], _: &Usage) -> Glance {
        Glance::failed(eventful())
    }
}

fn query(listening: &Listening, fit: &mut Fit) -> Result<String, Fault> {
    if listening.stream {
        fit.worse_without("stream")?;
    }
    fit.hint("prompt", &listening.prompt);
    fit.hint("temperature", &listening.temperature);
    let mut query = format!("?model={}", segment(fit.target.model));
    let mut add = |name: &str, value: &str| query.push_str(&format!("&{name}={}", segment(value)));
    let is_given = |name: &str| listening.extras.iter().any(|(given, _)| given == name);
    match &listening.language {
        Some(language) => add("language", language),
        // Whoever names none has it found out, as OpenAI does.
        None if !is_given("detect_language") => add("detect_language", "true"),
        None => {}
    }
    if !is_given("smart_format") {
        add("smart_format", "true");
    }
    // Sentences are told by their times only where somebody wants to see these.
    if matches!(listening.format.as_deref(), Some("verbose_json" | "srt" | "vtt")) {
        add("utterances", "true");
    }
    for (name, raw) in &listening.extras {
        match OPTIONS.contains(&name.as_str()) {
            true => texts(raw).iter().for_each(|value| add(name, value)),
            false => fit.worse_without(name)?,
        }
    }
    Ok(query)
}

fn heard(root: Json) -> Result<Heard, Fault> {
    let results = root.get_some("results").ok_or_else(|| malformed("the provider's answer has no results"))?;
    let channels = || results.get_some("channels").into_iter().flat_map(|list| list.items());
    let text = |channel: Json| best(channel)?.get_some("transcript")?.as_string();
    // A file with nothing to be heard has a channel with an empty text.
    let spoken: Option<Vec<String>> = channels().map(text).collect();
    let spoken = spoken.filter(|spoken| !spoken.is_empty());
    let spoken = spoken.ok_or_else(|| malformed("the provider's answer has no transcript"))?;
    let words = channels().filter_map(|channel| best(channel)?.get_some("words"));
    let words = words.flat_map(|list| list.items()).filter_map(|word| said(word, &["punctuated_word", "word"]));
    let utterances = results.get_some("utterances").into_iter().flat_map(|list| list.items());
    let duration_ms = milliseconds(root.get_some("metadata").and_then(|metadata| metadata.get("duration")));
    Ok(Heard {
        text: spoken.join("\n"),
        language: channels().find_map(|channel| channel.get_some("detected_language")?.as_string()),
        duration_ms,
        words: words.collect(),
        segments: utterances.filter_map(|one| said(one, &["transcript"])).collect(),
        usage: Usage { audio_ms: duration_ms, ..Usage::default() },
    })
}

/// What a channel has most likely said.
fn best(channel: Json<'_>) -> Option<Json<'_>> {
    channel.get_some("alternatives")?.items().next()
}

fn said(one: Json, names: &[&str]) -> Option<Said> {
    let text = names.iter().find_map(|name| one.get_some(name)?.as_string())?;
    Some(Said { text, start_ms: milliseconds(one.get("start"))?, end_ms: milliseconds(one.get("end"))? })
}
