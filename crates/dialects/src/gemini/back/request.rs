//! The body of `generateContent`, and of `countTokens`, which wraps one.

use bytes::BytesMut;
use types::{Chat, Extras, Fault};

use super::config;
use super::contents::Contents;
use super::family::{Family, bare_name};
use super::tools::Tools;
use crate::fields::Fields;
use crate::json::{Doc, Kind, Writer};
use crate::{Fit, turns};

/// Extras that are fields of the request itself: the API's name and its other spelling.
const TOP: [(&str, &str); 3] =
    [("safetySettings", "safety_settings"), ("cachedContent", "cached_content"), ("labels", "labels")];

/// Extras that belong into `generationConfig`.
const CONFIG: [(&str, &str); 7] = [
    ("responseModalities", "response_modalities"),
    ("speechConfig", "speech_config"),
    ("imageConfig", "image_config"),
    ("mediaResolution", "media_resolution"),
    ("thinkingConfig", "thinking_config"),
    ("audioTranscriptionConfig", "audio_transcription_config"),
    ("enableEnhancedCivicAnswers", "enable_enhanced_civic_answers"),
];

/// Encodes a chat.
pub(super) fn chat(chat: &Chat, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let family = Family::of(fit.target.model);
    let contents = Contents::of(&chat.messages, &family, fit)?;
    contents.check_calls()?;
    let mut tools = Tools::of(chat, fit)?;
    let mut config = config::generation(chat, &family, tools.has_functions(), fit)?;
    let mut top = Fields::default();
    extras(&chat.extras, &mut tools, &mut config, &mut top, fit)?;
    service_tier(chat.service_tier.as_deref(), &mut top, fit);
    fit.worse_without_some("logit_bias", &chat.logit_bias)?;
    fit.one_call(chat);
    fit.hint("user", &chat.user);
    Ok(Writer::document(|w| {
        contents.write(w);
        tools.write(w);
        config.write_as("generationConfig", w);
        top.write_into(w);
    }))
}

/// Encodes a chat whose tokens are to be counted. Only what costs tokens matters.
pub(super) fn count(chat: &Chat, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let family = Family::of(fit.target.model);
    let contents = Contents::of(&chat.messages, &family, fit)?;
    let tools = Tools::of(chat, fit)?;
    Ok(Writer::document(|w| {
        w.key("generateContentRequest").object(|w| {
            w.str_field("model", &resource_name(fit.target.model));
            contents.write(w);
            tools.write(w);
        });
    }))
}

/// The name of a model inside a body.
pub(super) fn resource_name(model: &str) -> String {
    format!("models/{}", bare_name(model))
}

/// Puts the caller's extra fields where they belong.
fn extras(
    extras: &Extras,
    tools: &mut Tools,
    config: &mut Fields,
    top: &mut Fields,
    fit: &mut Fit,
) -> Result<(), Fault> {
    for (name, raw) in extras {
        let known = |list: &[(&'static str, &'static str)]| {
            let found = list.iter().find(|(camel, snake)| name == camel || name == snake);
            found.map(|(camel, _)| *camel)
        };
        if let Some(camel) = known(&TOP) {
            top.raw(camel, raw);
        } else if let Some(camel) = known(&CONFIG) {
            config.raw(camel, raw);
        } else {
            let doc = Doc::parse(raw.get().as_bytes())?;
            match name.as_str() {
                "generationConfig" | "generation_config" => config.merge(doc.root()),
                "modalities" => modalities(&doc, config),
                "audio" => voice(&doc, config),
                "web_search_options" => tools.search(),
                hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
                other => fit.worse_without(other)?,
            }
        }
    }
    Ok(())
}

/// OpenAI's `modalities: ["text", "audio"]`.
fn modalities(doc: &Doc, config: &mut Fields) {
    config.set("responseModalities", |w| {
        w.array(|w| {
            let words = doc.root().items().filter_map(|item| item.as_str());
            words.for_each(|word| w.string(&word.to_ascii_uppercase()));
        });
    });
}

/// OpenAI's `audio: {voice}`, the voice by name or as `{id}`.
fn voice(doc: &Doc, config: &mut Fields) {
    let Some(voice) = doc.root().get_some("voice") else {
        return;
    };
    let voice = if voice.kind() == Kind::Object { voice.get("id") } else { Some(voice) };
    let Some(name) = voice.and_then(|voice| voice.as_string()) else {
        return;
    };
    config.set("speechConfig", |w| {
        w.object(|w| {
            w.key("voiceConfig").object(|w| {
                w.key("prebuiltVoiceConfig").object(|w| w.str_field("voiceName", &name));
            });
        });
    });
}

/// OpenAI's words for tiers. `auto` is what Gemini does anyway, and tiers it does not sell are only hints.
fn service_tier(tier: Option<&str>, top: &mut Fields, fit: &mut Fit) {
    match tier {
        None | Some("auto") => {}
        Some("default") => top.str("serviceTier", "standard"),
        Some(tier @ ("flex" | "priority")) => top.str("serviceTier", tier),
        Some(_) => fit.hint("service_tier", &tier),
    }
}
