//! Fields of the caller's dialect without a word in the vocabulary: which of them Anthropic knows, which are
//! mere hints, and which it would be wrong to lose silently.

use types::{Chat, Fault, Raw};

use crate::json::{Doc, Writer};
use crate::{Fit, turns};

/// Anthropic's own fields: they pass as they are.
const OURS: [&str; 14] = [
    "cache_control",
    "compaction",
    "container",
    "context_management",
    "diagnostics",
    "fallback_credit_token",
    "fallbacks",
    "billing_policy",
    "inference_geo",
    "mcp_servers",
    "speed",
    "thread",
    "user_profile_id",
    "workspace_id",
];

/// Of these, the ones that a token count takes.
const COUNTED: [&str; 4] = ["cache_control", "speed", "mcp_servers", "context_management"];

/// The extras of a request, sorted by what becomes of them.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    /// Fields to pass as they are.
    pass: Vec<(&'a str, &'a Raw)>,
    /// `thinking`, as callers of other dialects write it beside their own words.
    pub(crate) thinking: Option<&'a Raw>,
    /// `output_config` with fields that we do not know.
    pub(crate) output_config: Option<&'a Raw>,
    /// The end user for `metadata.user_id`.
    pub(crate) user: Option<String>,
}

impl<'a> Extras<'a> {
    /// Sorts the extras of `chat`; for a token count only what is counted matters.
    pub(crate) fn of(chat: &'a Chat, counting: bool, fit: &mut Fit) -> Result<Self, Fault> {
        let mut extras = Extras { user: chat.user.clone(), ..Extras::default() };
        for (name, raw) in &chat.extras {
            match name.as_str() {
                "thinking" => extras.thinking = Some(raw),
                "output_config" => extras.output_config = Some(raw),
                "metadata" => extras.name_user(user_id(raw)),
                "safety_identifier" => extras.name_user(string(raw)),
                name if counting && !COUNTED.contains(&name) => {}
                name if OURS.contains(&name) => extras.pass.push((name, raw)),
                name if turns::is_hint(name, raw) => fit.hint(name, &Some(())),
                name => fit.worse_without(name)?,
            }
        }
        // Anthropic asks for an opaque id; an address would hand a person's identity to a third party.
        extras.user = extras.user.filter(|user| !user.is_empty() && !user.contains('@'));
        Ok(extras)
    }

    fn name_user(&mut self, user: Option<String>) {
        self.user = self.user.take().or(user);
    }

    /// Writes the fields that pass as they are.
    pub(crate) fn write(&self, w: &mut Writer) {
        for (name, raw) in &self.pass {
            w.key(name).raw(raw);
        }
    }

    /// Writes what the caller's `output_config` says beside effort and format.
    pub(crate) fn write_output_config(&self, w: &mut Writer) {
        let Some(doc) = self.output_config.and_then(|raw| Doc::parse(raw.get().as_bytes()).ok()) else {
            return;
        };
        for (key, value) in doc.root().fields() {
            let key = key.as_str().unwrap_or_default();
            if !matches!(key.as_ref(), "effort" | "format") {
                w.key(&key).json(value.raw());
            }
        }
    }
}

fn user_id(metadata: &Raw) -> Option<String> {
    Doc::parse(metadata.get().as_bytes()).ok()?.root().get("user_id")?.as_string()
}

fn string(raw: &Raw) -> Option<String> {
    Doc::parse(raw.get().as_bytes()).ok()?.root().as_string()
}
