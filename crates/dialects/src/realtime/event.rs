//! What events say, as far as money depends on it.

use bytes::Bytes;
use types::{Fault, Usage};

use crate::json::{Doc, Edit, Json, JsonError, Object, string};
use crate::upstream::count;

/// Bytes of a second of sound: 16 bits of 24,000 samples, and of the two that telephones have, 8 bits of 8,000.
const PCM: u64 = 48_000;
const TELEPHONE: u64 = 8_000;
/// Tokens of a second that is heard, and of one that is spoken.
const HEARD_PER_SECOND: u64 = 10;
const SPOKEN_PER_SECOND: u64 = 20;
/// Bytes of JSON per token of text, on the careful side.
const BYTES_PER_TOKEN: u64 = 3;

/// How a side's sound is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    bytes_per_second: u64,
}

impl Default for Sound {
    fn default() -> Self {
        Sound { bytes_per_second: PCM }
    }
}

impl Sound {
    fn named(name: &str) -> Self {
        let is_telephones = ["g711", "pcmu", "pcma"].iter().any(|word| name.contains(word));
        Sound { bytes_per_second: if is_telephones { TELEPHONE } else { PCM } }
    }

    /// Tokens of so much sound in base64.
    fn tokens(self, base64: usize, per_second: u64) -> u64 {
        (base64 as u64 / 4 * 3).saturating_mul(per_second).div_ceil(self.bytes_per_second)
    }
}

/// What a session has agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How the caller's sound is written.
    pub heard: Sound,
    /// How the model's sound is written.
    pub spoken: Sound,
    /// The model that writes down what the caller says, if one does.
    pub transcribes: Option<String>,
}

impl Terms {
    fn read(session: Json) -> Self {
        let audio = |side: &str, name: &str| session.get_some("audio")?.get_some(side)?.get_some(name);
        let format = |side: &str, old: &str| {
            let own = audio(side, "format").and_then(|format| format.get_some("type").unwrap_or(format).as_string());
            own.or_else(|| session.get_some(old)?.as_string()).map(|name| Sound::named(&name)).unwrap_or_default()
        };
        Terms {
            heard: format("input", "input_audio_format"),
            spoken: format("output", "output_audio_format"),
            transcribes: transcription_model(session),
        }
    }
}

/// The model that writes down what is said in a session.
pub(super) fn transcription_model(session: Json) -> Option<String> {
    transcription(session)?.as_string()
}

/// Where a session names it.
fn transcription(session: Json) -> Option<Json> {
    let new = session.get_some("audio").and_then(|audio| audio.get_some("input")?.get_some("transcription"));
    let settings = new.or_else(|| session.get_some("input_audio_transcription"))?;
    settings.get_some("model")
}

/// What a provider's event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// What the session has agreed on.
    Terms(Terms),
    /// A response has begun.
    Begun(String),
    /// A response goes on: about how many tokens were written, and whether they are sound.
    Written {
        /// Which one.
        response: String,
        /// About how many tokens.
        tokens: u64,
        /// Whether they are sound.
        sound: bool,
    },
    /// A response is over.
    Done {
        /// Which one.
        response: String,
        /// What it consumed, if the provider says so.
        usage: Option<Usage>,
        /// Whether the provider failed.
        failed: bool,
    },
    /// What the caller said was written down.
    Transcribed(Option<Usage>),
    /// Nothing that money depends on.
    Other,
}

impl News {
    /// Reads an event; `spoken` is how the model's sound is written.
    pub fn read(event: &[u8], spoken: Sound) -> Result<Self, JsonError> {
        let doc = Doc::parse_answer_head(event)?;
        let root = doc.root();
        let kind = root.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
        let response = || root.get_some("response_id").and_then(|id| id.as_string()).unwrap_or_default();
        Ok(match &*kind {
            "session.created"
            | "session.updated"
            | "transcription_session.created"
            | "transcription_session.updated" => {
                let terms = root.get_some("session").and_then(|session| session.inside(Terms::read));
                News::Terms(terms.unwrap_or_default())
            }
            "response.created" => News::Begun(inside(root, "response", id).unwrap_or_default()),
            "response.done" => {
                let (response, usage, failed) = inside(root, "response", done).unwrap_or_default();
                News::Done { response, usage, failed }
            }
            "conversation.item.input_audio_transcription.completed" => {
                News::Transcribed(inside(root, "usage", usage_of))
            }
            delta if delta.starts_with("response.") && delta.ends_with(".delta") => {
                let length = root.get_some("delta").map_or(0, |delta| delta.raw().len());
                let sound = delta.ends_with("audio.delta");
                let tokens = match sound {
                    true => spoken.tokens(length, SPOKEN_PER_SECOND),
                    // What is said comes in words too, which cost nothing beside the sound.
                    false if delta.contains("audio_transcript") => 0,
                    false => (length as u64).div_ceil(BYTES_PER_TOKEN),
                };
                News::Written { response: response(), tokens, sound }
            }
            _ => News::Other,
        })
    }
}

fn inside<T>(root: Json, name: &str, look: impl FnOnce(Json) -> T) -> Option<T> {
    let value = root.get_some(name)?;
    Doc::parse_answer(value.raw().as_bytes()).ok().map(|doc| look(doc.root()))
}

fn id(response: Json) -> String {
    response.get_some("id").and_then(|id| id.as_string()).unwrap_or_default()
}

fn done(response: Json) -> (String, Option<Usage>, bool) {
    let failed = response.get_some("status").is_some_and(|status| status.is("failed"));
    (id(response), response.get_some("usage").map(usage_of), failed)
}

/// Reads a `usage` object. Parts that were read from the cache are no parts of sound and pictures any more: they have
/// prices of their own.
fn usage_of(usage: Json) -> Usage {
    let number = |name: &str| count(usage.get(name));
    let part = |group: &str, name: &str| count(usage.get(group)?.get(name));
    let cached = |name: &str| count(usage.get("input_token_details")?.get("cached_tokens_details")?.get(name));
    let fresh = |name: &str| {
        let all = part("input_token_details", name)?;
        Some(all.saturating_sub(cached(name).unwrap_or(0)))
    };
    let seconds = usage.get_some("seconds").and_then(|seconds| seconds.as_f64());
    let audio_ms =
        seconds.filter(|seconds| (0.0..1e7).contains(seconds)).map(|seconds| (seconds * 1000.0).ceil() as u64);
    Usage {
        input: number("input_tokens"),
        output: number("output_tokens"),
        cache_read: part("input_token_details", "cached_tokens"),
        audio_cache_read: cached("audio_tokens"),
        audio_input: fresh("audio_tokens"),
        image_input: fresh("image_tokens"),
        audio_output: part("output_token_details", "audio_tokens"),
        reasoning: part("output_token_details", "reasoning_tokens"),
        audio_ms,
        ..Usage::default()
    }
}

/// What a caller's event wants, as far as the gateway must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The event, as it goes on.
    pub event: Bytes,
    /// About how many tokens it adds to what the model reads.
    pub tokens: u64,
    /// Whether it wants a response now.
    pub responds: bool,
}

/// What a provider calls a model that callers know by another name; `None` if nobody here knows that name.
pub type Naming<'n> = &'n dyn Fn(&str) -> Option<String>;

/// Reads a caller's event. A session's model is what was asked for when it was opened: another name of it becomes the
/// provider's `model`, and what `naming` says becomes the one of the model that writes down.
pub fn wish(event: Bytes, heard: Sound, model: &str, naming: Naming) -> Result<Wish, Fault> {
    let object = Object::parse(event)?;
    let (kind, sound) = object.with(|root| {
        let kind = root.get_some("type").and_then(|kind| kind.as_string());
        let sound = root.get_some("audio").map(|audio| audio.raw().len());
        (kind.unwrap_or_default(), sound)
    });
    let length = object.bytes().len() as u64;
    let tokens = match (&*kind, sound) {
        ("input_audio_buffer.append", Some(sound)) => heard.tokens(sound, HEARD_PER_SECOND),
        _ => length.div_ceil(BYTES_PER_TOKEN),
    };
    let updates = kind.ends_with("session.update");
    let edit = updates.then(|| object.with(|root| rename(root, model, naming))).flatten();
    let event = match edit {
        Some(edit) => object.splice(&[edit]).concat().into(),
        None => object.bytes().clone(),
    };
    Ok(Wish { event, tokens, responds: kind == "response.create" })
}

/// The change that makes the model of a `session` the provider's, if one is named, and the one that writes down.
pub fn rename(root: Json, model: &str, naming: Naming) -> Option<Edit> {
    let session = root.get_some("session")?;
    let written = session.inside(|session| with_transcription(session, naming))?;
    let text = written.as_deref().unwrap_or(session.raw());
    let doc = Doc::parse(text.as_bytes()).ok()?;
    let named = doc.root().get("model").map(|_| {
        let fields = doc.root().fields().filter(|(name, _)| !name.is("model"));
        let fields = fields.map(|(name, value)| format!("{}:{}", name.raw(), value.raw()));
        let fields: Vec<String> = fields.chain([format!("\"model\":{}", string(model))]).collect();
        format!("{{{}}}", fields.join(","))
    });
    Some(Edit::Set("session".to_owned(), named.or(written)?))
}

/// The change that does so where the settings stand at the top, as in the older forms of the API.
pub fn rename_at_top(root: Json, naming: Naming) -> Option<Edit> {
    const SETTINGS: &str = "input_audio_transcription";
    let settings = root.get_some(SETTINGS)?;
    let text = settings.inside(|settings| replaced(settings.raw(), settings.get_some("model")?, naming))??;
    Some(Edit::Set(SETTINGS.to_owned(), text))
}

/// A session in which the model that writes down has its provider's name, if that is another one.
fn with_transcription(session: Json, naming: Naming) -> Option<String> {
    replaced(session.raw(), transcription(session)?, naming)
}

/// What stands in `text` with another name in the place of `model`.
fn replaced(text: &str, model: Json, naming: Naming) -> Option<String> {
    let name = model.as_string()?;
    let own = naming(&name).filter(|own| *own != name)?;
    let (start, end) = model.span();
    Some(format!("{}{}{}", text.get(..start)?, string(&own), text.get(end..)?))
}
