//! Turns of a conversation and their parts, as they are written to Gemini.

use std::borrow::Cow;

use types::ToolCall;

use super::family::Family;
use super::media::Media;
use crate::json::{Doc, Kind, Writer};

/// Stands in for the signature of a call that has none, since Gemini 3 refuses calls without: documented for
/// histories of other models. Base64 of `skip_thought_signature_validator`.
pub(super) const NO_SIGNATURE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// The role of the caller, and of what tools answered.
pub(super) const USER: &str = "user";
/// The role of the model.
pub(super) const MODEL: &str = "model";

/// What one side said before the other spoke again.
pub(super) struct Turn<'a> {
    pub role: &'static str,
    pub parts: Vec<Part<'a>>,
}

/// A piece of a turn.
pub(super) enum Part<'a> {
    Text {
        text: Cow<'a, str>,
        signature: Option<&'a str>,
    },
    Media(Media<'a>),
    Call {
        call: &'a ToolCall,
        args: Cow<'a, str>,
        signature: Option<&'a str>,
    },
    Result {
        id: &'a str,
        name: &'a str,
        /// Position of the call, to bring the results of one step into the order of its calls.
        position: usize,
        response: String,
        media: Vec<Media<'a>>,
    },
    Raw(&'a str),
}

impl Turn<'_> {
    /// Results come first and in the order of their calls; the first call of a Gemini 3 step must be signed.
    ///
    /// The stand-in goes to every unsigned step, not only to those of the current turn that Gemini checks: a part
    /// must look the same in every request, or the provider's prompt cache ends there.
    pub(super) fn arrange(&mut self, family: &Family) {
        self.parts.sort_by_key(|part| match part {
            Part::Result { position, .. } => (false, *position),
            _ => (true, 0),
        });
        let first_call = self.parts.iter_mut().find_map(|part| match part {
            Part::Call { signature, .. } => Some(signature),
            _ => None,
        });
        if let Some(signature @ None) = first_call
            && family.is_third()
        {
            *signature = Some(NO_SIGNATURE);
        }
    }
}

impl<'a> Part<'a> {
    /// The call that it is.
    pub(super) fn call(&self) -> Option<&'a ToolCall> {
        match self {
            Part::Call { call, .. } => Some(call),
            _ => None,
        }
    }

    /// Id and name of the call that it answers.
    pub(super) fn answers(&self) -> Option<(&'a str, &'a str)> {
        match self {
            Part::Result { id, name, .. } => Some((id, name)),
            _ => None,
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Part::Text { text, signature } => w.object(|w| {
                w.str_field("text", text);
                w.opt_str("thoughtSignature", *signature);
            }),
            Part::Media(media) => w.object(|w| media.write(w)),
            Part::Call { call, args, signature } => w.object(|w| {
                w.key("functionCall").object(|w| {
                    w.opt_str("id", some_text(&call.id));
                    w.str_field("name", &call.name);
                    w.key("args").json(args);
                });
                w.opt_str("thoughtSignature", *signature);
            }),
            Part::Result { id, name, response, media, .. } => w.object(|w| {
                w.key("functionResponse").object(|w| {
                    w.opt_str("id", some_text(id));
                    w.str_field("name", name);
                    w.key("response").json(response);
                    if !media.is_empty() {
                        w.key("parts").array(|w| media.iter().for_each(|one| w.object(|w| one.write(w))));
                    }
                });
            }),
            Part::Raw(raw) => w.json(raw),
        }
    }
}

fn some_text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What a tool answered, as the object that Gemini wants: a JSON object as it is, other text under `output`,
/// failures under `error`.
pub(super) fn response(text: &str, is_error: bool) -> String {
    let object = Doc::parse(text.as_bytes())
        .ok()
        .filter(|doc| doc.root().kind() == Kind::Object)
        .map(|doc| doc.root().raw().to_owned());
    let key = if is_error { "error" } else { "output" };
    let wrapped = |fill: &dyn Fn(&mut Writer)| {
        let bytes = Writer::document(|w| fill(w.key(key)));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    match object {
        Some(object) if is_error => wrapped(&|w| w.json(&object)),
        Some(object) => object,
        None => wrapped(&|w| w.string(text)),
    }
}
