//! Sound: Gemini's models speak where the answer of a chat is to be sound (ai.google.dev/gemini-api/docs/speech-generation),
//! and write down what they are sent (ai.google.dev/gemini-api/docs/audio).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use types::{Block, Fault, FaultKind, Finish, Heard, Listening, Response, Sound, Speaking, Usage};

use super::answer;
use super::media::Media;
use crate::Fit;
use crate::json::{Json, Writer};
use crate::upstream::malformed;

/// Samples of a second, unless the answer says otherwise.
const RATE: u32 = 24_000;
/// Kinds of sound that its names have of others in their files.
const OTHER_NAMES: [(&str, &str); 2] = [("audio/mpeg", "audio/mp3"), ("application/octet-stream", "audio/mp3")];

/// Encodes a request for speech.
pub(super) fn write_speech(speaking: &Speaking, fit: &mut Fit) -> Result<BytesMut, Fault> {
    if speaking.format.as_deref().is_some_and(|format| format != "wav" && format != "pcm") {
        fit.worse_without("response_format")?;
    }
    if speaking.speed.is_some_and(|speed| speed != 1.0) {
        fit.worse_without("speed")?;
    }
    if speaking.stream {
        fit.worse_without("stream_format")?;
    }
    for (name, _) in &speaking.extras {
        fit.worse_without(name)?;
    }
    // How it is said stands before what is said.
    let how = speaking
        .instructions
        .as_deref()
        .map(|how| how.trim().trim_end_matches([':', '.']))
        .filter(|how| !how.is_empty());
    let text = how.map_or_else(|| speaking.input.clone(), |how| format!("{how}: {}", speaking.input));
    Ok(Writer::document(|w| {
        turn(w, |w| w.object(|w| w.str_field("text", &text)));
        w.key("generationConfig").object(|w| {
            w.key("responseModalities").array(|w| w.string("AUDIO"));
            w.key("speechConfig").object(|w| {
                w.key("voiceConfig").object(|w| {
                    w.key("prebuiltVoiceConfig").object(|w| w.str_field("voiceName", &speaking.voice));
                });
            });
        });
    }))
}

/// Encodes a request to write a recording down.
pub(super) fn write_recording(listening: &Listening, fit: &mut Fit) -> Result<BytesMut, Fault> {
    if listening.format.as_deref().is_some_and(|format| format != "json" && format != "text") {
        fit.worse_without("response_format")?;
    }
    if listening.words {
        fit.worse_without("timestamp_granularities")?;
    }
    for (name, _) in &listening.extras {
        fit.worse_without(name)?;
    }
    let recording = &listening.recording;
    let kind =
        OTHER_NAMES.iter().find(|(name, _)| *name == recording.media_type).map_or(recording.media_type, |(_, own)| own);
    let data = STANDARD.encode(&recording.bytes);
    Ok(Writer::document(|w| {
        turn(w, |w| {
            w.object(|w| w.str_field("text", &wanted(listening)));
            w.object(|w| Media::Inline { mime: kind.into(), data: &data }.write(w));
        });
        if let Some(temperature) = listening.temperature {
            w.key("generationConfig").object(|w| w.num_field("temperature", temperature));
        }
    }))
}

fn turn(w: &mut Writer, parts: impl FnOnce(&mut Writer)) {
    w.key("contents").array(|w| {
        w.object(|w| {
            w.str_field("role", "user");
            w.key("parts").array(parts);
        });
    });
}

/// What is to be done with a recording, in words.
fn wanted(listening: &Listening) -> String {
    let mut text = match listening.into_english {
        true => "Write down in English what is said in this recording.",
        false => "Write down word for word what is said in this recording, in the language in which it is said.",
    }
    .to_owned();
    text.push_str(" Answer with these words alone, without a heading, remarks, times or formatting.");
    if let Some(language) = &listening.language {
        text.push_str(&format!(" The language that is spoken: {language}."));
    }
    if let Some(prompt) = &listening.prompt {
        text.push_str(&format!(" What comes before it, or words that may come up: {prompt}"));
    }
    text
}

/// Decodes speech.
pub(super) fn read_speech(root: Json) -> Result<Sound, Fault> {
    let rate = rate(root).unwrap_or(RATE);
    let (usage, blocks) = first(answer::read(root)?, "speech")?;
    let mut samples = Vec::new();
    for block in blocks {
        let Block::Audio { data, format } = block else { continue };
        if format != "pcm16" {
            return Err(malformed("the provider's answer has sound that is no samples"));
        }
        STANDARD
            .decode_vec(data, &mut samples)
            .map_err(|_| malformed("the provider's answer has sound that is no base64"))?;
    }
    match samples.is_empty() {
        true => Err(malformed("the provider's answer has no sound")),
        false => {
            Ok(Sound { samples, rate, usage: Usage { audio_output: usage.audio_output.or(usage.output), ..usage } })
        }
    }
}

/// How many samples a second has: `audio/L16;codec=pcm;rate=24000`.
fn rate(root: Json) -> Option<u32> {
    let candidate = root.get_some("candidates")?.items().next()?;
    let mut parts = candidate.get_some("content")?.get_some("parts")?.items();
    let kind = parts.find_map(|part| part.get_some("inlineData")?.get_some("mimeType")?.as_string())?;
    let rate = kind.split(';').find_map(|param| param.trim().strip_prefix("rate="))?;
    rate.trim().parse().ok().filter(|rate| (1_000..=384_000).contains(rate))
}

/// Decodes what was said.
pub(super) fn read_words(root: Json) -> Result<Heard, Fault> {
    let (usage, blocks) = first(answer::read(root)?, "transcription")?;
    let mut text = String::new();
    for block in blocks {
        if let Block::Text(part) = block {
            text.push_str(&part.text);
        }
    }
    Ok(Heard { text: text.trim().to_owned(), usage, ..Heard::default() })
}

/// What was consumed, and the first answer unless it is withheld.
fn first(response: Response, what: &str) -> Result<(Usage, Vec<Block>), Fault> {
    let choice = response.choices.into_iter().next();
    let withheld = || Fault::provider(FaultKind::ContentPolicy, format!("the provider withholds the {what}"));
    let choice = choice.filter(|choice| choice.finish != Finish::ContentFilter).ok_or_else(withheld)?;
    Ok((response.usage, choice.blocks))
}

#[cfg(test)]
mod tests;
