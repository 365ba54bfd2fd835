//! Everything of a request but its items and tools.

use types::{Chat, Effort, Fault, Format, Raw};

use super::super::super::{BOUND, NAME};
use crate::json::Writer;
use crate::{Fit, turns};

/// Fields that this API has under the name that chats have for them.
const SAME: [&str; 6] = [
    "metadata",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
];
/// Fields of chats that this API has other ways for, or that change nothing of what is asked.
const OTHERWISE: [&str; 3] = ["verbosity", "store", "include"];
/// Encrypted reasoning, so that it can come back though nothing is kept.
const REASONING: &str = "reasoning.encrypted_content";
const LOGPROBS: &str = "message.output_text.logprobs";

pub(super) struct Settings<'a> {
    chat: &'a Chat,
    effort: Option<Effort>,
    summary: bool,
    numbers: Vec<(&'static str, f64)>,
    format: Option<&'a Format>,
    verbosity: Option<&'a Raw>,
    logprobs: bool,
    reasons: bool,
    extras: Vec<(&'a str, &'a Raw)>,
}

impl<'a> Settings<'a> {
    pub(super) fn of(chat: &'a Chat, fit: &mut Fit) -> Result<Self, Fault> {
        if chat.n.is_some_and(|n| n > 1) {
            return fit.refuse("n", "more than one answer");
        }
        let effort = effort(chat, fit);
        let numbers = numbers(chat, effort, fit)?;
        let stop = Some(&chat.stop).filter(|stop| !stop.is_empty());
        fit.worse_without_some("stop", &stop)?;
        fit.worse_without_some("logit_bias", &chat.logit_bias)?;
        fit.worse_without_some("top_k", &chat.top_k)?;
        fit.hint("seed", &chat.seed);
        let extras = extras(chat, fit)?;
        let verbosity = chat.extras.iter().find(|(name, _)| name == "verbosity").map(|(_, word)| word);
        let reasons = fit.target.abilities().reasoning;
        let summary = reasons && chat.reasoning.as_ref().is_some_and(|reasoning| reasoning.summary == Some(true));
        let logprobs = chat.logprobs == Some(true);
        let format = chat.format.as_ref();
        Ok(Settings { chat, effort, summary, numbers, format, verbosity, logprobs, reasons, extras })
    }

    pub(super) fn write(&self, w: &mut Writer) {
        let chat = self.chat;
        w.opt_num(BOUND, chat.max_tokens);
        self.numbers.iter().for_each(|(name, value)| w.num_field(name, value));
        w.opt_num("top_logprobs", chat.top_logprobs.filter(|_| self.logprobs));
        if self.effort.is_some() || self.summary {
            w.key("reasoning").object(|w| {
                w.opt_str("effort", self.effort.map(Effort::as_str));
                w.opt_str("summary", self.summary.then_some("auto"));
            });
        }
        if self.format.is_some() || self.verbosity.is_some() {
            w.key("text").object(|w| {
                self.format.iter().for_each(|format| w.key("format").object(|w| form(w, format)));
                w.opt_raw("verbosity", self.verbosity);
            });
        }
        let wanted = [self.reasons.then_some(REASONING), self.logprobs.then_some(LOGPROBS)];
        if wanted.iter().any(Option::is_some) {
            w.key("include").array(|w| wanted.iter().flatten().for_each(|name| w.string(name)));
        }
        w.opt_str("user", chat.user.as_deref());
        w.opt_str("service_tier", chat.service_tier.as_deref());
        self.extras.iter().for_each(|(name, value)| w.key(name).raw(value));
        // A chat is over when it is answered.
        w.num_field("store", false);
        if chat.stream {
            w.num_field("stream", true);
        }
    }
}

/// The effort to ask for, within what the model knows.
fn effort(chat: &Chat, fit: &mut Fit) -> Option<Effort> {
    let reasoning = chat.reasoning.as_ref()?;
    let wanted = reasoning.effort.or(reasoning.budget_tokens.map(turns::effort_of_budget))?;
    let abilities = fit.target.abilities();
    if !abilities.reasoning {
        fit.hint("reasoning_effort", &Some(wanted).filter(|effort| *effort != Effort::None));
        return None;
    }
    Some(abilities.fit_effort(wanted))
}

/// Numbers that steer the choice of words: those that there are here, and that the model takes.
fn numbers(chat: &Chat, effort: Option<Effort>, fit: &mut Fit) -> Result<Vec<(&'static str, f64)>, Fault> {
    let mut numbers = Vec::new();
    let takes = fit.target.abilities().takes_sampling(effort);
    // With their neutral values: leaving such a number out changes nothing.
    let wanted = [
        ("temperature", chat.temperature, 1.0, takes),
        ("top_p", chat.top_p, 1.0, takes),
        ("presence_penalty", chat.presence_penalty, 0.0, false),
        ("frequency_penalty", chat.frequency_penalty, 0.0, false),
    ];
    for (name, value, neutral, takes) in wanted {
        match value {
            Some(value) if takes => numbers.push((name, value)),
            Some(value) if value != neutral => fit.worse_without(name)?,
            _ => {}
        }
    }
    Ok(numbers)
}

fn extras<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Vec<(&'a str, &'a Raw)>, Fault> {
    let mut passing = Vec::new();
    for (name, value) in &chat.extras {
        if SAME.contains(&&**name) || chat.dialect == NAME && !OTHERWISE.contains(&&**name) {
            passing.push((&**name, value));
        } else if OTHERWISE.contains(&&**name) {
            // Said in another place.
        } else if turns::is_hint(name, value) {
            fit.dropped.push(name.clone());
        } else {
            fit.worse_without(name)?;
        }
    }
    Ok(passing)
}

fn form(w: &mut Writer, format: &Format) {
    match format {
        Format::Json => w.str_field("type", "json_object"),
        Format::Schema { name, description, schema, strict } => {
            w.str_field("type", "json_schema");
            w.str_field("name", name.as_deref().unwrap_or("response"));
            w.opt_str("description", description.as_deref());
            w.key("schema").raw(schema);
            w.opt_num("strict", *strict);
        }
    }
}
