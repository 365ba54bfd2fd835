//! Writing chat requests for OpenAI and the servers like it: decides what the target gets, refuses or drops what
//! it cannot honour ([`Fit`]), and only then writes.

use std::borrow::Cow;

use bytes::BytesMut;
use types::{Chat, Effort, Fault, Format, Raw};

use super::{NAME, extras, lines, write_messages, write_tools};
use crate::json::Writer;
use crate::names::Rule;
use crate::{Fit, Target, turns};

/// Most stop sequences that OpenAI takes.
const MAX_STOP: usize = 4;

/// Encodes a chat for the target of `fit`.
pub(super) fn write(chat: &Chat, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let target = fit.target;
    let mut lines = lines::plan(chat, fit)?;
    let format = format(chat, fit)?;
    if format == Some(&Format::Json) {
        lines::mention_json(&mut lines, target.quirks);
    }
    let tools = write_tools::Plan::of(chat, fit)?;
    let settings = Settings::of(chat, fit)?;
    let effort = effort(chat, fit);
    let sampling = Sampling::of(chat, effort, fit)?;
    Ok(Writer::document(|w| {
        w.str_field("model", target.model);
        write_messages::write(w, &lines, target.quirks);
        tools.write(w, target.quirks);
        if let Some(format) = format {
            write_tools::format(w, format);
        }
        w.opt_str("reasoning_effort", effort.map(Effort::as_str));
        w.opt_raw("thinking", own_thinking(chat));
        sampling.write(w);
        settings.write(w, target, max_tokens_name(target));
    }))
}

/// The name of the output bound: OpenAI's newer one, unless the server knows only the older.
fn max_tokens_name(target: &Target) -> &'static str {
    if target.quirks.max_tokens { "max_tokens" } else { "max_completion_tokens" }
}

/// Settings that chats and completions have in common and that every model takes.
pub(super) struct Settings<'a> {
    chat: &'a Chat,
    extras: Vec<(&'a str, &'a Raw)>,
}

impl<'a> Settings<'a> {
    pub(super) fn of(chat: &'a Chat, fit: &mut Fit) -> Result<Self, Fault> {
        if chat.stop.len() > MAX_STOP {
            let message = format!("{} takes at most {MAX_STOP} stop sequences", fit.target.name);
            return Err(Fault::invalid_param("stop", message));
        }
        let mut extras = extras::passing(&chat.extras, chat.dialect, fit)?;
        if fit.target.quirks.store_false {
            extras.retain(|(name, _)| *name != "store");
        }
        Ok(Settings { chat, extras })
    }

    pub(super) fn write(&self, w: &mut Writer, target: &Target, max_tokens: &str) {
        let chat = self.chat;
        w.opt_num(max_tokens, chat.max_tokens);
        if !chat.stop.is_empty() {
            w.key("stop").array(|w| chat.stop.iter().for_each(|text| w.string(text)));
        }
        w.opt_num("seed", chat.seed);
        w.opt_num("n", chat.n);
        w.opt_str("user", user(chat).as_deref());
        w.opt_str("service_tier", chat.service_tier.as_deref());
        if target.quirks.store_false {
            w.num_field("store", false);
        }
        for (name, value) in &self.extras {
            w.key(name).raw(value);
        }
        if chat.stream {
            w.num_field("stream", true);
            if !target.quirks.no_stream_options {
                // Always asked for: what the caller sees of it is the front's business.
                w.key("stream_options").object(|w| w.num_field("include_usage", true));
            }
        }
    }
}

/// The end user. Names that callers of other dialects give may be longer than OpenAI takes.
fn user(chat: &Chat) -> Option<Cow<'_, str>> {
    const RULE: Rule = Rule { most: 64, marks: "_-.:@ ", letter_first: false, reserved: "" };
    let user = chat.user.as_deref()?;
    Some(if chat.dialect == NAME || user.len() <= RULE.most { Cow::Borrowed(user) } else { RULE.fit(user) })
}

/// What reasoning models refuse.
pub(super) struct Sampling<'a> {
    numbers: Vec<(&'static str, f64)>,
    top_k: Option<u64>,
    logit_bias: Option<&'a Raw>,
    logprobs: Option<bool>,
    top_logprobs: Option<u64>,
}

impl<'a> Sampling<'a> {
    pub(super) fn of(chat: &'a Chat, effort: Option<Effort>, fit: &mut Fit) -> Result<Self, Fault> {
        let mut wanted = Sampling {
            numbers: Vec::new(),
            top_k: chat.top_k,
            logit_bias: chat.logit_bias.as_ref(),
            logprobs: chat.logprobs,
            top_logprobs: chat.top_logprobs,
        };
        // With their neutral values: leaving such a number out changes nothing.
        let numbers = [
            ("temperature", chat.temperature, 1.0),
            ("top_p", chat.top_p, 1.0),
            ("presence_penalty", chat.presence_penalty, 0.0),
            ("frequency_penalty", chat.frequency_penalty, 0.0),
        ];
        let takes_sampling = fit.target.abilities().takes_sampling(effort);
        for (name, value, neutral) in numbers {
            match value {
                Some(value) if takes_sampling => wanted.numbers.push((name, value)),
                Some(value) if value != neutral => fit.worse_without(name)?,
                _ => {}
            }
        }
        if !takes_sampling {
            wanted.without_probabilities(fit)?;
        }
        if !(fit.target.quirks.top_k || chat.dialect == NAME) {
            fit.worse_without_some("top_k", &wanted.top_k.take())?;
        }
        Ok(wanted)
    }

    fn without_probabilities(&mut self, fit: &mut Fit) -> Result<(), Fault> {
        fit.worse_without_some("top_k", &self.top_k.take())?;
        fit.worse_without_some("logit_bias", &self.logit_bias.take())?;
        fit.worse_without_some("logprobs", &self.logprobs.take().filter(|wanted| *wanted))?;
        fit.worse_without_some("top_logprobs", &self.top_logprobs.take())
    }

    /// Takes the probabilities out, for completions: there they are one number, how many alternatives per token.
    pub(super) fn take_logprobs(&mut self) -> Option<u64> {
        let wanted = self.logprobs.take().unwrap_or(false);
        let top = self.top_logprobs.take().unwrap_or(0);
        wanted.then_some(top)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        for (name, value) in &self.numbers {
            w.num_field(name, value);
        }
        w.opt_num("top_k", self.top_k);
        w.opt_raw("logit_bias", self.logit_bias);
        w.opt_num("logprobs", self.logprobs);
        w.opt_num("top_logprobs", self.top_logprobs);
    }
}

/// The caller's `thinking` as it is, for a server that speaks the same dialect.
fn own_thinking(chat: &Chat) -> Option<&Raw> {
    chat.reasoning.as_ref().filter(|_| chat.dialect == NAME)?.own.as_ref()
}

/// The effort to ask for: the caller's, or one that fits the caller's budget, within what the model knows.
fn effort(chat: &Chat, fit: &mut Fit) -> Option<Effort> {
    let reasoning = chat.reasoning.as_ref()?;
    let wanted = match own_thinking(chat) {
        None => reasoning.effort.or(reasoning.budget_tokens.map(turns::effort_of_budget))?,
        // It says whether, and how much if that is counted in tokens.
        Some(_) => reasoning.effort.filter(|effort| *effort != Effort::None)?,
    };
    let abilities = fit.target.abilities();
    if !abilities.reasoning {
        // Coding agents always ask for thought, whatever stands behind the name; a model that cannot think does what
        // "none" asks for anyway.
        let name = if reasoning.effort.is_some() { "reasoning_effort" } else { "thinking" };
        fit.hint(name, &Some(wanted).filter(|effort| *effort != Effort::None));
        return None;
    }
    Some(abilities.fit_effort(wanted))
}

/// The wanted form, or plain JSON for models that take no schema.
fn format<'a>(chat: &'a Chat, fit: &mut Fit) -> Result<Option<&'a Format>, Fault> {
    match &chat.format {
        Some(Format::Schema { .. }) if !fit.target.abilities().structured_output => {
            fit.worse_without("response_format")?;
            Ok(Some(&Format::Json))
        }
        other => Ok(other.as_ref()),
    }
}
