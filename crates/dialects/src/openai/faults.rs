//! Reading what providers say when they fail, in OpenAI's form or any of its relatives, and judging what kind of
//! failure it is and whose.

use std::borrow::Cow;

use types::{Fault, FaultKind, Side};

use crate::json::{Doc, Json, Kind};
use crate::{phrases, upstream};

/// Longest message that is passed on, in bytes.
const MAX_MESSAGE: usize = 2000;
/// Longest code or parameter name that is taken for one, in bytes.
const MAX_WORD: usize = 200;

/// Codes and types that say more than the status (wire.md 2.1, 2.10).
const WORDS: [(&str, FaultKind); 29] = [
    ("context_length_exceeded", FaultKind::ContextWindow),
    ("exceed_context_size_error", FaultKind::ContextWindow),
    ("content_filter", FaultKind::ContentPolicy),
    ("content_policy_violation", FaultKind::ContentPolicy),
    ("responsibleaipolicyviolation", FaultKind::ContentPolicy),
    ("data_inspection_failed", FaultKind::ContentPolicy),
    ("unsupported_parameter", FaultKind::Unsupported),
    ("unsupported_value", FaultKind::Unsupported),
    ("request_too_large", FaultKind::TooLarge),
    ("invalid_api_key", FaultKind::Authentication),
    ("invalid_authentication_error", FaultKind::Authentication),
    ("authentication_error", FaultKind::Authentication),
    ("permission_error", FaultKind::Permission),
    ("permission_denied", FaultKind::Permission),
    ("model_not_found", FaultKind::NotFound),
    ("deploymentnotfound", FaultKind::NotFound),
    ("not_found_error", FaultKind::NotFound),
    ("billing_error", FaultKind::Payment),
    // Waiting does not help here, but another deployment does; the code stays for those who look.
    ("insufficient_quota", FaultKind::RateLimit),
    ("rate_limit_exceeded", FaultKind::RateLimit),
    ("rate_limit_error", FaultKind::RateLimit),
    ("too_many_requests", FaultKind::RateLimit),
    ("resource_exhausted", FaultKind::RateLimit),
    ("overloaded_error", FaultKind::Overloaded),
    ("engine_overloaded", FaultKind::Overloaded),
    ("engine_overloaded_error", FaultKind::Overloaded),
    ("service_unavailable", FaultKind::Overloaded),
    ("timeout", FaultKind::Timeout),
    ("timeout_error", FaultKind::Timeout),
];

/// Decodes an error answer.
pub(super) fn read(status: u16, body: &[u8]) -> Fault {
    let doc = Doc::parse(body).ok();
    let said = doc.as_ref().and_then(|doc| Said::of(doc.root()));
    said.unwrap_or_else(|| Said::nothing(body)).judge(Some(status))
}

/// The failure that an answer or event with HTTP 200 reports, if it does.
pub(crate) fn within(root: Json) -> Option<Fault> {
    let is_error = |value: Json| match value.kind() {
        Kind::Object => value.fields().next().is_some(),
        Kind::String => !value.is(""),
        _ => value.as_bool() == Some(true),
    };
    let has_error = root.get("error").is_some_and(is_error);
    // vLLM's older form has no `error` around it.
    let is_bare = || root.get("object").is_some_and(|object| object.is("error"));
    (has_error || is_bare()).then(|| Said::of(root).unwrap_or_default().judge(None))
}

/// The failure that an event is about which says so at its top.
pub(crate) fn said(root: Json) -> Fault {
    Said::of(root).unwrap_or_default().judge(None)
}

/// What a provider said about a failure.
#[derive(Default)]
struct Said<'d> {
    message: Option<Cow<'d, str>>,
    code: Option<Cow<'d, str>>,
    /// The code again, and whatever else the provider calls it, in the order in which they are believed.
    words: Vec<Cow<'d, str>>,
    param: Option<String>,
    /// The status within the body, where it has one.
    status: Option<u16>,
    /// More text to look for phrases in.
    hint: Cow<'d, str>,
}

impl<'d> Said<'d> {
    /// From JSON, if it is any form of error that we know.
    fn of(root: Json<'d>) -> Option<Self> {
        // Google's OpenAI-like endpoint wraps the object in a list.
        let root = root.one_or_many().next()?;
        let Some(error) = root.get_some("error") else {
            return Said::of_object(root);
        };
        match error.kind() {
            Kind::Object => Said::of_object(error),
            _ => Some(Said { message: error.as_str(), ..Said::of_object(root).unwrap_or_default() }),
        }
    }

    fn of_object(error: Json<'d>) -> Option<Self> {
        let text = |name: &str| error.get(name).and_then(|value| value.as_str());
        let word = |name: &str| text(name).filter(|word| (1..MAX_WORD).contains(&word.len()));
        let inner = |outer: &str, name: &str| error.get(outer)?.get(name)?.as_str();
        let message = text("message").or_else(|| error.get_some("detail").map(detail));
        let words = [word("code"), inner("innererror", "code"), word("type"), word("status")];
        let words: Vec<_> = words.into_iter().flatten().collect();
        let number = |value: Json| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let status = |name: &str| error.get(name).and_then(number);
        let said = Said {
            status: status("code").or(status("status")).and_then(|status| u16::try_from(status).ok()),
            param: word("param").map(Cow::into_owned),
            hint: inner("metadata", "raw").unwrap_or_default(),
            code: word("code"),
            message,
            words,
        };
        (said.message.is_some() || !said.words.is_empty() || said.status.is_some()).then_some(said)
    }

    /// From a body that is no error we know. Its text is looked at, but never passed on: it is as a rule a page
    /// of some proxy on the way.
    fn nothing(body: &'d [u8]) -> Self {
        Said { hint: String::from_utf8_lossy(&body[..body.len().min(MAX_MESSAGE)]), ..Said::default() }
    }

    fn judge(self, status: Option<u16>) -> Fault {
        let is_error = |status: &u16| (400..600).contains(status);
        let status = status.or(self.status).filter(is_error);
        let kind = self.kind(status);
        let message = match self.message.as_deref().map(str::trim) {
            // Providers like to repeat (parts of) the key in such messages.
            _ if kind == FaultKind::Authentication => "the provider refused the gateway's credential".to_owned(),
            Some(text) if !text.is_empty() && !text.starts_with('<') => shortened(text),
            _ => unexplained(status),
        };
        Fault {
            upstream_status: status,
            code: self.code(),
            param: self.param.clone(),
            ..Fault::new(kind, self.side(kind), message)
        }
    }

    fn kind(&self, status: Option<u16>) -> FaultKind {
        if let Some((_, kind)) = self.words.iter().find_map(|word| known(word)) {
            return kind;
        }
        let by_text = || self.message.as_deref().and_then(phrases::kind_of).or_else(|| phrases::kind_of(&self.hint));
        let sniffed = match status {
            None | Some(400 | 413 | 422) => by_text(),
            _ => None,
        };
        sniffed.unwrap_or_else(|| status.map_or(FaultKind::Upstream, upstream::kind_of_status))
    }

    /// The finest code: a word that we know and that says more than a kind does, or the provider's own word.
    fn code(&self) -> Option<String> {
        let is_fine = |word: &&str| !word.ends_with("_error");
        let ours = self.words.iter().find_map(|word| known(word)).map(|(name, _)| name).filter(is_fine);
        let theirs = self.code.as_deref().filter(|code| code.parse::<u64>().is_err());
        ours.or(theirs).map(str::to_owned)
    }

    /// Whose fault. A 404 is ours (the configuration names a model or path that is not there), unless it is about
    /// something else that the request names.
    fn side(&self, kind: FaultKind) -> Side {
        match kind {
            FaultKind::NotFound if self.param.as_deref().is_some_and(|param| param != "model") => Side::Caller,
            kind => upstream::side(kind),
        }
    }
}

fn known(word: &str) -> Option<(&'static str, FaultKind)> {
    WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).copied()
}

/// FastAPI's `detail`: a text, or a list of complaints with places.
fn detail(value: Json<'_>) -> Cow<'_, str> {
    if let Some(text) = value.as_str() {
        return text;
    }
    let complaint = |item: Json| {
        let place = item.get("loc")?.items().map(|step| step.as_string().unwrap_or(step.raw().to_owned()));
        Some(format!("{}: {}", place.collect::<Vec<_>>().join("."), item.get("msg")?.as_str()?))
    };
    let complaints: Vec<_> = value.one_or_many().filter_map(complaint).take(5).collect();
    Cow::Owned(complaints.join("; "))
}

fn shortened(text: &str) -> String {
    match text.len() <= MAX_MESSAGE {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(MAX_MESSAGE)]),
    }
}

fn unexplained(status: Option<u16>) -> String {
    match status {
        Some(status) => format!("the provider answered status {status} without an explanation"),
        None => "the provider reported an error without an explanation".to_owned(),
    }
}
